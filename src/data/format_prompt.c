/* format_prompt.c - a column prompt alone: something to generate from. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    return hn_json_has(record, "prompt") && hn_because(reason, "column \"prompt\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x;
    HN_TRY(hn_examples_add(out, HN_KIND_PROMPT, &x, err));
    return hn_column_move(record, "prompt", x, "prompt", err);
}

const hn_format hn_format_prompt = {.name = "prompt",
                                    .about = "a column \"prompt\" alone, to generate from",
                                    .kinds = HN_KIND_BIT(HN_KIND_PROMPT),
                                    .detect = detect,
                                    .convert = convert};
