/* post_byte_level.c - takes white space off the spans of tokens; ids stay as they are. */
#include "text/text_impl.h"

typedef struct trimming {
    bool trims, prefixed;
} trimming;

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    trimming *s = hn_calloc(1, sizeof *s);
    if (!s) return hn_nomem(err, sizeof *s);
    s->trims = hn_json_bool(hn_json_get(spec, "trim_offsets"), true);
    s->prefixed = hn_json_bool(hn_json_get(spec, "add_prefix_space"), true);
    *state = s;
    return HN_OK;
}

static hn_status run(const void *state, const hn_tokenizer *t, hn_encoding *e, unsigned flags, hn_error *err) {
    const trimming *s = state;
    (void)err;
    if (s->trims && (flags & HN_ENCODE_SPANS)) hn_post_trim(t, e, s->prefixed);
    return HN_OK;
}

const hn_post hn_post_byte_level = {
    .part = {.type = "ByteLevel", .about = "spans without white space", .make = make, .drop = hn_free},
    .run = run,
};
