/* encode_prompt.c - a prompt alone, to generate from: nothing of it is a target, no end token is added. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    out->n = 1;
    HN_TRY(hn_encode_alone(e, x, "prompt", &out->row[0], err));
    hn_row_mask(&out->row[0], 0, out->row[0].n);
    return HN_OK;
}

const hn_kind_encoder hn_encode_prompt = {
    .kind = HN_KIND_PROMPT, .about = "a prompt, nothing of it trained on", .needs_tokenizer = true, .encode = encode};
