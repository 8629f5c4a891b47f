/* encode_completion.c - a prompt and its completion; by default only the completion is trained on. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_row *row, hn_error *err) {
    hn_str prompt, completion;
    HN_TRY(hn_column_text(x, "prompt", &prompt, err));
    HN_TRY(hn_column_text(x, "completion", &completion, err));
    return hn_row_completion(e, prompt, completion, row, err);
}

static bool always(const hn_json *x) {
    (void)x;
    return true;
}

const hn_kind_encoder hn_encode_completion = {.kind = HN_KIND_COMPLETION,
                                              .about = "a prompt and what follows it",
                                              .needs_tokenizer = true,
                                              .completion_only = always,
                                              .encode = encode};
