/* format_text.c - language modelling: one column of text, every token of it a target. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_encode_opts *o, char *reason) {
    if (!hn_json_has(record, o->text_field)) return false;
    snprintf(reason, 160, "column \"%.100s\"", o->text_field);
    return true;
}

static hn_status encode(const hn_json *record, hn_encoder *e, hn_row *row, hn_error *err) {
    hn_str text;
    HN_TRY(hn_column_text(record, e->o->text_field, &text, err));
    return hn_row_text(e, text, row, err);
}

const hn_format hn_format_text = {.name = "text",
                                  .about = "language modelling: a column of text",
                                  .needs_tokenizer = true,
                                  .detect = detect,
                                  .completion_only = hn_format_never,
                                  .encode = encode};
