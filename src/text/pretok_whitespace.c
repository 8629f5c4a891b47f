/* pretok_whitespace.c - runs of word characters and runs of the others: \w+|[^\w\s]+. */
#include "text/text_impl.h"

static int sort_of(uint32_t cp) {
    return hn_is_word(cp) ? 1 : hn_is_space(cp) ? 0 : 2;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    w->spare_pieces.n = 0;
    for (size_t i = 0; i < w->pieces.n; i++) {
        int before = 0;
        size_t begin = w->pieces.v[i].begin, end = w->pieces.v[i].end;
        for (size_t at = begin; at < end;) {
            int len, sort = sort_of(hn_cp_at(w->text.p + at, &len));
            if (sort != before) {
                if (before) hn_pieces_add(&w->spare_pieces, begin, at);
                begin = at;
                before = sort;
            }
            at += (size_t)len;
        }
        if (before) hn_pieces_add(&w->spare_pieces, begin, end);
    }
    hn_work_swap_pieces(w);
    return hn_work_check(w, err);
}

const hn_step hn_pretok_whitespace = {
    .part = {.type = "Whitespace", .about = "words, and runs of what is neither word nor white space"},
    .run = run,
};
