/* norm_strip_accents.c - drops combining marks as they stand: what is composed stays composed. */
#include "text/text_impl.h"
#include "text/unicode_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    return hn_drop_chars(w, hn_is_mark, err);
}

const hn_step hn_norm_strip_accents = {
    .part = {.type = "StripAccents", .about = "drops combining marks"},
    .run = run,
};
