/* norm_lowercase.c - lower case, one character at a time: no rule looks at the neighbours (no final sigma). */
#include "text/text_impl.h"
#include "text/unicode_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    return hn_lowercase(w, err);
}

const hn_step hn_norm_lowercase = {
    .part = {.type = "Lowercase", .about = "lower case"},
    .run = run,
};
