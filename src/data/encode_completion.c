/* encode_completion.c - a prompt and its completion, strings or messages; by default only the completion is trained on. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    hn_row *row = &out->row[0];
    out->n = 1;
    HN_TRY(hn_encode_whole(e, x, "prompt", "completion", row, err));
    if (!e->completion_only && !e->look) return HN_OK;
    HN_TRY(hn_encode_head(e, x, "prompt", err));
    hn_row_split(e, row);
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
                                              .ends = true,
                                              .completion_only = always,
                                              .encode = encode};
