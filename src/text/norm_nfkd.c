/* norm_nfkd.c - Unicode normalization form NFKD. */
#include "text/text_impl.h"
#include "text/unicode_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    return hn_normalize(w, HN_DECOMPOSE | HN_COMPAT, err);
}

const hn_step hn_norm_nfkd = {
    .part = {.type = "NFKD", .about = "Unicode normalization form NFKD"},
    .run = run,
};
