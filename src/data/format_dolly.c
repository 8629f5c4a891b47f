/* format_dolly.c - databricks-dolly: instruction, context (or input; often empty), response, in Alpaca's prompts. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    if (!hn_json_has(record, "instruction") || !hn_json_has(record, "response") || hn_text_asked(record, o)) return false;
    return hn_because(reason, "columns \"instruction\", \"context\" and \"response\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    hn_instruction in = {0};
    hn_str response;
    HN_TRY(hn_column_text(record, "instruction", &in.instruction, err));
    HN_TRY(hn_column_maybe(record, hn_json_get(record, "context") ? "context" : "input", &in.input, err));
    HN_TRY(hn_column_maybe(record, "system", &in.system, err));
    HN_TRY(hn_column_text(record, "response", &response, err));
    return hn_instruction_add(o, "instruct", &in, hn_json_get(record, "response"), out, err);
}

const hn_format hn_format_dolly = {.name = "dolly",
                                   .about = "columns \"instruction\", \"context\" (optional) and \"response\"",
                                   .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
                                   .detect = detect,
                                   .convert = convert};
