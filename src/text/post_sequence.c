/* post_sequence.c - several post-processors, one after the other. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    return hn_parts_make(&hn_postprocessors, hn_json_get(spec, "processors"), state, err);
}

static hn_status run(const void *state, const hn_tokenizer *t, hn_encoding *e, unsigned flags, hn_error *err) {
    const hn_parts *parts = state;
    for (size_t i = 0; i < parts->n; i++) HN_TRY(hn_post_run(&parts->v[i], t, e, flags, err));
    return HN_OK;
}

const hn_post hn_post_sequence = {
    .part = {.type = "Sequence", .about = "several post-processors, one after the other", .make = make, .drop = hn_parts_drop},
    .run = run,
};
