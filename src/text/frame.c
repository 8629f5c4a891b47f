/* frame.c - what post-processors do to an encoding: special ids around it, and white space off the spans. */
#include "text/text_impl.h"

hn_status hn_post_frame(hn_encoding *e, const int32_t *before, size_t n_before, const int32_t *after, size_t n_after,
                        unsigned flags, hn_error *err) {
    bool spans = (flags & HN_ENCODE_SPANS) != 0;
    HN_TRY(hn_encoding_room(e, n_before + n_after, spans, err));
    memmove(e->id + n_before, e->id, e->n * sizeof *e->id);
    if (n_before) memcpy(e->id, before, n_before * sizeof *before);
    if (n_after) memcpy(e->id + n_before + e->n, after, n_after * sizeof *after);
    size_t n = e->n + n_before + n_after;
    if (spans) {
        memmove(e->span + n_before, e->span, e->n * sizeof *e->span);
        memmove(e->special + n_before, e->special, e->n);
        for (size_t i = 0; i < n; i++) {
            if (i >= n_before && i < n_before + e->n) continue;
            e->span[i] = (hn_token_span){0, 0};
            e->special[i] = 1;
        }
    }
    e->n = n;
    return HN_OK;
}

static bool blank(uint32_t cp) {
    return cp == 0x120 || hn_is_space(cp); /* U+0120 is the byte alphabet's space */
}

/* n characters on from at, at most to end. */
static uint32_t forward(hn_str text, uint32_t at, uint32_t end, size_t n) {
    while (n-- > 0 && at < end) at += (uint32_t)hn_cp_len((unsigned char)text.p[at]);
    return at < end ? at : end;
}

/* n characters back from at, or at itself if there are not so many before it. */
static uint32_t back(hn_str text, uint32_t at, size_t n) {
    uint32_t to = at;
    while (n > 0 && to > 0) {
        to--;
        n -= ((unsigned char)text.p[to] & 0xC0) != 0x80;
    }
    return n ? at : to;
}

void hn_blanks_count(hn_str token, hn_blanks *out) {
    bool only_blank = true;
    out->leading = out->trailing = 0;
    for (size_t i = 0; i < token.n;) {
        int len;
        bool is_blank = blank(hn_cp_at(token.p + i, &len));
        only_blank &= is_blank;
        out->leading += only_blank;
        out->trailing = is_blank ? out->trailing + 1 : 0;
        i += (size_t)len;
    }
}

/* As many characters as the token has blanks, whatever they are in the text. */
static void trim(hn_str text, hn_token_span *span, hn_blanks blanks, bool first, bool prefixed) {
    if (blanks.leading > 0) {
        if ((first || span->begin == 0) && prefixed && blanks.leading == 1) blanks.leading = 0; /* the space put in front */
        span->begin = forward(text, span->begin, span->end, blanks.leading);
    }
    uint32_t end = back(text, span->end, blanks.trailing);
    span->end = end > span->begin ? end : span->begin;
}

void hn_post_trim(const hn_tokenizer *t, hn_encoding *e, bool prefixed) {
    const hn_work *w = e->work;
    size_t of_text = 0, next = 0;
    for (size_t i = 0; i < e->n; i++) {
        hn_blanks blanks = {0};
        if (!e->special[i] && next < w->n_blanks && w->blanks[next].token == of_text) {
            blanks = w->blanks[next++];
        } else {
            hn_str token = hn_tokenizer_token(t, e->id[i]);
            if (token.p) hn_blanks_count(token, &blanks);
        }
        of_text += !e->special[i];
        trim(w->original, &e->span[i], blanks, i == 0, prefixed);
    }
}

static bool pair_id(const hn_json *pair, int32_t *id) { /* ["[SEP]", 102] */
    int64_t v = hn_json_int(hn_json_at(pair, 1), -1);
    *id = (int32_t)v;
    return hn_json_len(pair) == 2 && v >= 0 && v <= INT32_MAX;
}

hn_status hn_ends_make(const hn_json *spec, void **state, hn_error *err) {
    hn_ends *e = hn_calloc(1, sizeof *e);
    if (!e) return hn_nomem(err, sizeof *e);
    e->trims = hn_json_bool(hn_json_get(spec, "trim_offsets"), true);
    e->prefixed = hn_json_bool(hn_json_get(spec, "add_prefix_space"), true);
    if (pair_id(hn_json_get(spec, "cls"), &e->first) && pair_id(hn_json_get(spec, "sep"), &e->last)) {
        *state = e;
        return HN_OK;
    }
    hn_free(e);
    return hn_fail(err, HN_EFORMAT, "\"cls\" and \"sep\" are not [text, id]");
}
