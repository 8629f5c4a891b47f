/* pretok_split.c - cuts at the matches of a pattern: Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous. */
#include "text/text_impl.h"

typedef struct split {
    hn_pattern pattern;
    hn_split how;
    bool invert;
} split;

static void drop(void *state) {
    split *s = state;
    if (!s) return;
    hn_pattern_release(&s->pattern);
    hn_free(s);
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    split *s = hn_calloc(1, sizeof *s);
    if (!s) return hn_nomem(err, sizeof *s);
    s->invert = hn_json_bool(hn_json_get(spec, "invert"), false);
    hn_status st = hn_split_load(hn_json_get(spec, "behavior"), HN_SPLIT_ISOLATED, &s->how, err);
    if (st == HN_OK) st = hn_pattern_load(hn_json_get(spec, "pattern"), &s->pattern, err);
    if (st == HN_OK) *state = s;
    else drop(s);
    return st;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const split *s = state;
    return hn_split_at_pattern(w, &s->pattern, s->how, s->invert, err);
}

const hn_step hn_pretok_split = {
    .part = {.type = "Split", .about = "cuts at a text or a pattern", .make = make, .drop = drop},
    .run = run,
};
