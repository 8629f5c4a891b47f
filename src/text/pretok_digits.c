/* pretok_digits.c - numbers on their own: every digit, or runs of them. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    hn_split *how = hn_alloc(sizeof *how);
    if (!how) return hn_nomem(err, sizeof *how);
    *how = hn_json_bool(hn_json_get(spec, "individual_digits"), false) ? HN_SPLIT_ISOLATED : HN_SPLIT_CONTIGUOUS;
    *state = how;
    return HN_OK;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    return hn_split_at_chars(w, hn_is_numeric, *(const hn_split *)state, err);
}

const hn_step hn_pretok_digits = {
    .part = {.type = "Digits", .about = "numbers apart from the rest", .make = make, .drop = hn_free},
    .run = run,
};
