/* format_alpaca.c - instruction, input (may be empty or absent), output; also system and history. The instruction is put
 * into one of the prompts of prompts.c, Stanford's unless another style is asked for; the output is the completion. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    if (!hn_json_has(record, "instruction") || !hn_json_has(record, "output") || hn_text_asked(record, o)) return false;
    if (hn_label_says(hn_json_get(record, "label")) || hn_label_says(hn_json_get(record, "kto_tag"))) return false;
    return hn_because(reason, "columns \"instruction\", \"input\" and \"output\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    hn_instruction in = {.history = hn_json_get(record, "history")};
    hn_str output;
    HN_TRY(hn_column_text(record, "instruction", &in.instruction, err));
    HN_TRY(hn_column_text(record, "output", &output, err));
    HN_TRY(hn_column_maybe(record, hn_json_get(record, "input") ? "input" : "context", &in.input, err));
    HN_TRY(hn_column_maybe(record, "system", &in.system, err));
    return hn_instruction_add(o, "instruct", &in, hn_json_get(record, "output"), out, err);
}

const hn_format hn_format_alpaca = {.name = "alpaca",
                                    .about = "columns \"instruction\", \"input\" (optional) and \"output\"",
                                    .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
                                    .detect = detect,
                                    .convert = convert};
