/* format_text.c - language modelling: one column of text. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    return hn_json_has(record, o->text_field) && hn_because(reason, "column \"%.100s\"", o->text_field);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    hn_json *x;
    HN_TRY(hn_examples_add(out, HN_KIND_TEXT, &x, err));
    return hn_column_move(record, o->text_field, x, "text", err);
}

bool hn_text_asked(const hn_json *record, const hn_convert_opts *o) {
    return !hn_streq(o->text_field, "text") && hn_json_has(record, o->text_field);
}

const hn_format hn_format_text = {.name = "text",
                                  .about = "language modelling: a column of text",
                                  .kinds = HN_KIND_BIT(HN_KIND_TEXT),
                                  .detect = detect,
                                  .convert = convert};
