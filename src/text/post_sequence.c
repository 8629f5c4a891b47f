/* post_sequence.c - several post-processors, one after the other. */
#include "text/text_impl.h"

/* What stands behind a template sees its pieces one by one and puts tokens round each. No tokenizer means that. */
static bool frames_pieces(const hn_parts *parts, bool *cut) {
    for (size_t i = 0; i < parts->n; i++) {
        const char *type = parts->v[i].desc ? parts->v[i].desc->type : "";
        if (hn_streq(type, "Sequence")) {
            if (frames_pieces(parts->v[i].state, cut)) return true;
        } else if (!hn_streq(type, "ByteLevel")) {
            if (*cut) return true;
            *cut = hn_streq(type, "TemplateProcessing");
        }
    }
    return false;
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    HN_TRY(hn_parts_make(&hn_postprocessors, hn_json_get(spec, "processors"), state, err));
    bool cut = false;
    if (!frames_pieces(*state, &cut)) return HN_OK;
    hn_parts_drop(*state);
    *state = NULL;
    return hn_fail(err, HN_ENOTSUP, "behind a TemplateProcessing nothing else adds tokens");
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
