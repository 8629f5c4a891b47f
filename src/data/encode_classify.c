/* encode_classify.c - a text, or two side by side, with the tokenizer's special tokens; no token of it is a target. */
#include "data/encode_impl.h"

static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    hn_str text, pair;
    size_t border;
    out->n = 1;
    HN_TRY(hn_column_text(x, "text", &text, err));
    if (!hn_json_has(x, "text_pair")) return hn_row_piece(e, text, true, true, &out->row[0], err);
    HN_TRY(hn_column_text(x, "text_pair", &pair, err));
    return hn_row_pair(e, text, pair, &out->row[0], &border, err);
}

const hn_kind_encoder hn_encode_classify = {.kind = HN_KIND_CLASSIFY,
                                            .about = "a text or two, with a label",
                                            .needs_tokenizer = true,
                                            .encode = encode};
