/* pretok_punctuation.c - cuts at punctuation. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    hn_split *how = hn_alloc(sizeof *how);
    if (!how) return hn_nomem(err, sizeof *how);
    hn_status st = hn_split_load(hn_json_get(spec, "behavior"), HN_SPLIT_ISOLATED, how, err);
    if (st == HN_OK) *state = how;
    else hn_free(how);
    return st;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    return hn_split_at_chars(w, hn_is_punct, *(const hn_split *)state, err);
}

const hn_step hn_pretok_punctuation = {
    .part = {.type = "Punctuation", .about = "punctuation apart from the rest", .make = make, .drop = hn_free},
    .run = run,
};
