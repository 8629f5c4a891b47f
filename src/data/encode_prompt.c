/* encode_prompt.c - a prompt alone, to generate from: nothing of it is a target, no end token is added. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_row *row, hn_error *err) {
    hn_str prompt;
    HN_TRY(hn_column_text(x, "prompt", &prompt, err));
    HN_TRY(hn_tokenizer_encode(e->tok, prompt, HN_ENCODE_SPECIAL, &e->prompt, err));
    HN_TRY(hn_row_add(row, e->prompt.id, NULL, e->prompt.n, err));
    for (size_t i = 0; i < row->n; i++) row->label[i] = HN_NO_TARGET;
    return HN_OK;
}

const hn_kind_encoder hn_encode_prompt = {.kind = HN_KIND_PROMPT, .about = "a prompt, nothing of it trained on", .needs_tokenizer = true, .encode = encode};
