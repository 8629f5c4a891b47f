/* encode_completion.c - a prompt and its completion; by default only the completion is trained on. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    hn_row *row = &out->row[0];
    hn_str prompt, completion, whole;
    HN_TRY(hn_column_text(x, "prompt", &prompt, err));
    HN_TRY(hn_column_text(x, "completion", &completion, err));
    out->n = 1;
    HN_TRY(hn_encoder_join(e, prompt, completion, &whole, err));
    HN_TRY(hn_row_tokenize(e, whole, true, row, err));
    if (!e->completion_only && !e->look) return HN_OK;
    HN_TRY(hn_row_prompt(e, prompt, true, row, err));
    if (e->completion_only) hn_row_mask(row, 0, row->prompt);
    return HN_OK;
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
