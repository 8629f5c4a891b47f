/* encode_text.c - language modelling: every token of the text is a target. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    hn_str text, whole;
    HN_TRY(hn_column_text(x, "text", &text, err));
    HN_TRY(hn_encoder_join(e, (hn_str){"", 0}, text, &whole, err));
    out->n = 1;
    return hn_row_tokenize(e, whole, true, &out->row[0], err);
}

const hn_kind_encoder hn_encode_text = {.kind = HN_KIND_TEXT, .about = "text, all of it trained on", .needs_tokenizer = true, .encode = encode};
