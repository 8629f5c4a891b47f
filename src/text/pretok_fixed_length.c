/* pretok_fixed_length.c - pieces of so many characters each. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    int64_t *n = hn_alloc(sizeof *n);
    if (!n) return hn_nomem(err, sizeof *n);
    *n = hn_json_int(hn_json_get(spec, "length"), 5);
    if (*n > 0) {
        *state = n;
        return HN_OK;
    }
    hn_free(n);
    return hn_fail(err, HN_EFORMAT, "\"length\" is not above 0");
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    int64_t most = *(const int64_t *)state;
    w->spare_pieces.n = 0;
    for (size_t i = 0; i < w->pieces.n; i++) {
        size_t begin = w->pieces.v[i].begin, end = w->pieces.v[i].end;
        int64_t chars = 0;
        for (size_t at = begin; at < end; at += (size_t)hn_cp_len((unsigned char)w->text.p[at])) {
            if (chars++ < most) continue;
            hn_pieces_add(&w->spare_pieces, begin, at);
            begin = at;
            chars = 1;
        }
        hn_pieces_add(&w->spare_pieces, begin, end);
    }
    hn_work_swap_pieces(w);
    return hn_work_check(w, err);
}

const hn_step hn_pretok_fixed_length = {
    .part = {.type = "FixedLength", .about = "pieces of equal length", .make = make, .drop = hn_free},
    .run = run,
};
