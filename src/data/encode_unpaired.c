/* encode_unpaired.c - a prompt, an answer and whether it is a good one, by the rules of TRL's KTOTrainer. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    hn_row *row = &out->row[0];
    out->n = 1;
    row->name = "completion";
    HN_TRY(hn_encode_whole(e, x, "prompt", "completion", row, err));
    HN_TRY(hn_encode_head(e, x, "prompt", err));
    hn_row_split(e, row);
    hn_row_mask(row, 0, row->prompt);
    return HN_OK;
}

const hn_kind_encoder hn_encode_unpaired = {.kind = HN_KIND_UNPAIRED,
                                            .about = "a prompt and an answer that is good or not",
                                            .needs_tokenizer = true,
                                            .ends = true,
                                            .encode = encode};
