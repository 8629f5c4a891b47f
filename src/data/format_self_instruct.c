/* format_self_instruct.c - Self-Instruct tasks: an instruction with several instances of {"input", "output"}, an example
 * each, in Alpaca's prompts. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "instruction") || hn_json_type(hn_json_get(record, "instances")) != HN_JSON_ARRAY) return false;
    return hn_because(reason, "columns \"instruction\" and \"instances\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    hn_instruction in = {0};
    const hn_json *instances = hn_json_get(record, "instances");
    HN_TRY(hn_column_text(record, "instruction", &in.instruction, err));
    if (hn_json_type(instances) != HN_JSON_ARRAY)
        return hn_bad_row(err, "column \"instances\" is %s, an array is expected", hn_json_what(instances));
    for (size_t i = 0; i < hn_json_len(instances); i++) {
        hn_str output;
        const hn_json *one = hn_json_at(instances, i);
        HN_TRY_CTX(hn_column_maybe(one, "input", &in.input, err), err, "\"instances\"[%zu]", i);
        HN_TRY_CTX(hn_column_text(one, "output", &output, err), err, "\"instances\"[%zu]", i);
        HN_TRY(hn_instruction_add(o, "instruct", &in, hn_json_get(one, "output"), out, err));
    }
    if (out->n == 0) hn_examples_note(out, "tasks without instances: left out", 1);
    return HN_OK;
}

const hn_format hn_format_self_instruct = {.name = "self-instruct",
                                           .about =
                                               "columns \"instruction\" and \"instances\": a list of {\"input\", \"output\"}",
                                           .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
                                           .detect = detect,
                                           .convert = convert};
