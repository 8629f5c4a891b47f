/* norm_nfkc.c - Unicode normalization form NFKC. */
#include "text/text_impl.h"
#include "text/unicode_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    return hn_normalize(w, HN_COMPOSE | HN_COMPAT, err);
}

const hn_step hn_norm_nfkc = {
    .part = {.type = "NFKC", .about = "Unicode normalization form NFKC"},
    .run = run,
};
