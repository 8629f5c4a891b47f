/* norm_nfc.c - Unicode normalization form NFC. */
#include "text/text_impl.h"
#include "text/unicode_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    return hn_normalize(w, HN_COMPOSE, err);
}

const hn_step hn_norm_nfc = {
    .part = {.type = "NFC", .about = "Unicode normalization form NFC"},
    .run = run,
};
