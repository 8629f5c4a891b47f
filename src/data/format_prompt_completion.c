/* format_prompt_completion.c - columns prompt and completion. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "prompt") || !hn_json_has(record, "completion")) return false;
    return hn_because(reason, "columns \"prompt\" and \"completion\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x;
    HN_TRY(hn_examples_add(out, HN_KIND_COMPLETION, &x, err));
    HN_TRY(hn_column_move(record, "prompt", x, "prompt", err));
    return hn_column_move(record, "completion", x, "completion", err);
}

const hn_format hn_format_prompt_completion = {.name = "prompt-completion",
                                               .about = "columns \"prompt\" and \"completion\"",
                                               .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
                                               .detect = detect,
                                               .convert = convert};
