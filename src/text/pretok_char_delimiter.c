/* pretok_char_delimiter.c - pieces are what stands between one given character. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    const char *c = hn_json_cstr(hn_json_get(spec, "delimiter"));
    if (!c || !*c || strlen(c) != (size_t)hn_cp_len((unsigned char)*c))
        return hn_fail(err, HN_EFORMAT, "\"delimiter\" is not one character");
    *state = hn_strdup(c);
    return *state ? HN_OK : hn_nomem(err, 5);
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const hn_pattern pat = {.text = hn_str_of(state)};
    return hn_split_at_pattern(w, &pat, HN_SPLIT_REMOVED, false, err);
}

const hn_step hn_pretok_char_delimiter = {
    .part = {.type = "CharDelimiterSplit", .about = "cuts at one character", .make = make, .drop = hn_free},
    .run = run,
};
