/* format_instruction_preference.c - two answers to an instruction (with its input), or to a question, as strings; a system prompt
 * may stand in front. */
#include "data/formats_impl.h"

static const char *const asks[] = {"instruction", "question", "query", "input", NULL}, *const systems[] = {"system",
                                                                                                           "system_prompt", NULL};

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const char *ask = hn_column_of(record, asks);
    if (!ask || !hn_is_text(record, ask) || !hn_is_text(record, "chosen") || !hn_is_text(record, "rejected") ||
        hn_json_get(record, "prompt"))
        return false;
    return hn_because(reason, "columns \"%s\"%s, \"chosen\" and \"rejected\"", ask,
                      hn_streq(ask, "instruction") ? ", \"input\"" : "");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const char *ask = hn_column_of(record, asks), *system = hn_column_of(record, systems);
    hn_instruction in = {0};
    hn_str text;
    hn_json *x;
    if (!ask) ask = "instruction";
    bool instruction = hn_streq(ask, "instruction");
    HN_TRY(hn_column_text(record, ask, &in.instruction, err));
    if (instruction) HN_TRY(hn_column_maybe(record, "input", &in.input, err));
    if (system) HN_TRY(hn_column_text(record, system, &in.system, err));
    HN_TRY(hn_column_text(record, "chosen", &text, err));
    HN_TRY(hn_column_text(record, "rejected", &text, err));
    HN_TRY(hn_preference_instruction(o, instruction ? "instruct" : "question", &in, hn_json_get(record, "chosen"),
                                     hn_json_get(record, "rejected"), out, &x, err));
    hn_scores_take(record, x);
    return HN_OK;
}

const hn_format hn_format_instruction_preference = {
    .name = "instruction-preference",
    .about = "columns \"instruction\" (or \"question\"), \"input\" (optional), \"chosen\" and \"rejected\"",
    .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
    .detect = detect,
    .convert = convert};
