/* encode_text.c - language modelling: every token of the text is a target. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_row *row, hn_error *err) {
    hn_str text;
    HN_TRY(hn_column_text(x, "text", &text, err));
    return hn_row_text(e, text, row, err);
}

const hn_kind_encoder hn_encode_text = {.kind = HN_KIND_TEXT, .about = "text, all of it trained on", .needs_tokenizer = true, .encode = encode};
