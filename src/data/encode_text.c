/* encode_text.c - language modelling: every token of the text is a target. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    out->n = 1;
    return hn_encode_whole(e, x, NULL, "text", &out->row[0], err);
}

const hn_kind_encoder hn_encode_text = {
    .kind = HN_KIND_TEXT, .about = "text, all of it trained on", .needs_tokenizer = true, .ends = true, .encode = encode};
