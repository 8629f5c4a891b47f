/* norm_byte_level.c - every byte becomes its character of the byte alphabet, as a normalizer. */
#include "text/text_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    hn_view_clear(&w->spare);
    for (size_t i = 0; i < w->text.n; i++)
        hn_view_put(&w->spare, hn_byte_char((unsigned char)w->text.p[i]), hn_view_span(&w->text, i));
    hn_work_swap(w);
    return hn_work_check(w, err);
}

const hn_step hn_norm_byte_level = {
    .part = {.type = "ByteLevel", .about = "bytes as characters of the byte alphabet"},
    .run = run,
};
