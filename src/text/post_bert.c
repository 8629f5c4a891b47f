/* post_bert.c - one special token before the text and one behind it, in the way of BERT. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    return hn_ends_make(spec, state, err);
}

static hn_status run(const void *state, const hn_tokenizer *t, hn_encoding *e, unsigned flags, hn_error *err) {
    const hn_ends *ends = state;
    (void)t;
    if (!(flags & HN_ENCODE_SPECIAL)) return HN_OK;
    return hn_post_frame(e, &ends->first, !(flags & HN_ENCODE_SECOND), &ends->last, 1, flags, err);
}

const hn_post hn_post_bert = {
    .part = {.type = "BertProcessing", .about = "[CLS] and [SEP] around the text", .make = make, .drop = hn_free},
    .run = run,
};
