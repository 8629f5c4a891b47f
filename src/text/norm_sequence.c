/* norm_sequence.c - several normalizers, one after the other. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    return hn_parts_make(&hn_normalizers, hn_json_get(spec, "normalizers"), state, err);
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const hn_parts *parts = state;
    for (size_t i = 0; i < parts->n; i++) HN_TRY(hn_step_run(&parts->v[i], w, err));
    return HN_OK;
}

const hn_step hn_norm_sequence = {
    .part = {.type = "Sequence", .about = "several normalizers, one after the other", .make = make, .drop = hn_parts_drop},
    .run = run,
};
