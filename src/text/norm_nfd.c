/* norm_nfd.c - Unicode normalization form NFD. */
#include "text/text_impl.h"
#include "text/unicode_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    return hn_normalize(w, HN_DECOMPOSE, err);
}

const hn_step hn_norm_nfd = {
    .part = {.type = "NFD", .about = "Unicode normalization form NFD"},
    .run = run,
};
