/* format_instruction_preference.c - instruction, input (optional), chosen, rejected: strings, put into Alpaca's prompts. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_is_text(record, "instruction") || !hn_is_text(record, "chosen") || !hn_is_text(record, "rejected")) return false;
    return hn_because(reason, "columns \"instruction\", \"input\", \"chosen\" and \"rejected\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    hn_instruction in = {0};
    hn_str text;
    hn_json *x;
    HN_TRY(hn_column_text(record, "instruction", &in.instruction, err));
    HN_TRY(hn_column_maybe(record, "input", &in.input, err));
    HN_TRY(hn_column_maybe(record, "system", &in.system, err));
    HN_TRY(hn_column_text(record, "chosen", &text, err));
    HN_TRY(hn_column_text(record, "rejected", &text, err));
    HN_TRY(hn_preference_instruction(o, "instruct", &in, hn_json_get(record, "chosen"), hn_json_get(record, "rejected"), out, &x, err));
    hn_scores_take(record, x);
    return HN_OK;
}

const hn_format hn_format_instruction_preference = {.name = "instruction-preference",
                                                    .about = "columns \"instruction\", \"input\" (optional), \"chosen\" and \"rejected\"",
                                                    .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
                                                    .detect = detect,
                                                    .convert = convert};
