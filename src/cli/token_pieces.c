/* token_pieces.c - the text that each token adds: a character of several tokens belongs to the one that completes it. */
#include "cli/inspect.h"

hn_status token_pieces(const hn_tokenizer *tok, const int32_t *id, int64_t n, hn_buf *text, size_t **at, hn_error *err) {
    hn_status st = HN_OK;
    hn_buf_clear(text);
    hn_buf_add(text, "", 0);
    *at = hn_alloc_array((size_t)n + 1, sizeof **at);
    if (!*at) return hn_nomem(err, (size_t)n);
    hn_decode_stream *s = tok ? hn_decode_stream_new(tok, false) : NULL;
    if (tok && !s) st = hn_nomem(err, 1);
    for (int64_t i = 0; i < n && st == HN_OK; i++) {
        (*at)[i] = text->n;
        if (s) st = hn_decode_stream_put(s, id[i], text, err);
        else hn_buf_printf(text, "%d ", id[i]);
    }
    if (s && st == HN_OK) st = hn_decode_stream_end(s, text, err);
    (*at)[n] = text->n;
    hn_decode_stream_free(s);
    if (st == HN_OK && text->failed) st = hn_nomem(err, text->n);
    if (st == HN_OK) return st;
    hn_free(*at);
    *at = NULL;
    return st;
}
