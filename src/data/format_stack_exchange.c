/* format_stack_exchange.c - question, response_j (the better answer), response_k; the prompt is StackLLaMA's. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "question") || !hn_json_has(record, "response_j") || !hn_json_has(record, "response_k"))
        return false;
    return hn_because(reason, "columns \"question\", \"response_j\" and \"response_k\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    hn_instruction in = {0};
    hn_str text;
    hn_json *x;
    HN_TRY(hn_column_text(record, "question", &in.instruction, err));
    HN_TRY(hn_column_text(record, "response_j", &text, err));
    HN_TRY(hn_column_text(record, "response_k", &text, err));
    return hn_preference_instruction(o, "question", &in, hn_json_get(record, "response_j"), hn_json_get(record, "response_k"),
                                     out, &x, err);
}

const hn_format hn_format_stack_exchange = {.name = "stack-exchange",
                                            .about = "columns \"question\", \"response_j\" (the better one) and \"response_k\"",
                                            .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
                                            .detect = detect,
                                            .convert = convert};
