/* post_roberta.c - one special token before the text and one behind it, in the way of RoBERTa. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    return hn_ends_make(spec, state, err);
}

static hn_status run(const void *state, const hn_tokenizer *t, hn_encoding *e, unsigned flags, hn_error *err) {
    const hn_ends *ends = state;
    if (ends->trims && (flags & HN_ENCODE_SPANS)) hn_post_trim(t, e, ends->prefixed);
    if (!(flags & HN_ENCODE_SPECIAL)) return HN_OK;
    const int32_t last[] = {ends->last, ends->last}; /* two between two texts */
    return hn_post_frame(e, &ends->first, !(flags & HN_ENCODE_SECOND), last, flags & HN_ENCODE_FIRST ? 2 : 1, flags, err);
}

const hn_post hn_post_roberta = {
    .part = {.type = "RobertaProcessing", .about = "<s> and </s> around the text", .make = make, .drop = hn_free},
    .run = run,
};
