/* prefix.c - a prefix on every piece that does not begin with it yet (or only on the one at the text's start). The
 * prefix takes the span of the piece's first character. */
#include "text/text_impl.h"

static bool wants(const hn_work *w, hn_token_span piece, const char *prefix, size_t n, hn_prefix when) {
    if (piece.end - piece.begin >= n && memcmp(w->text.p + piece.begin, prefix, n) == 0) return false;
    return when == HN_PREFIX_ALWAYS || (when == HN_PREFIX_FIRST && hn_view_span(&w->text, piece.begin).begin == 0);
}

hn_status hn_prefix_pieces(hn_work *w, const char *prefix, hn_prefix when, hn_error *err) {
    size_t n = strlen(prefix), first = 0;
    while (first < w->pieces.n && !wants(w, w->pieces.v[first], prefix, n, when)) first++;
    if (first == w->pieces.n) return HN_OK;
    hn_view_clear(&w->spare);
    w->spare_pieces.n = 0;
    for (size_t i = 0; i < w->pieces.n; i++) {
        hn_token_span piece = w->pieces.v[i];
        size_t begin = w->spare.n;
        if (wants(w, piece, prefix, n, when)) hn_view_add(&w->spare, prefix, n, hn_view_span(&w->text, piece.begin));
        hn_view_copy(&w->spare, &w->text, piece.begin, piece.end);
        hn_pieces_add(&w->spare_pieces, begin, w->spare.n);
    }
    hn_work_swap(w);
    hn_work_swap_pieces(w);
    return hn_work_check(w, err);
}
