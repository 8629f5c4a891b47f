/* format_prompt_completion.c - columns prompt and completion (or answer, response, or a label in words): both strings, or
 * message lists. */
#include "data/formats_impl.h"

static const char *const answers[] = {"completion", "answer", "response", "label", NULL};

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const char *answer = hn_column_of(record, answers);
    if (hn_json_has(record, "completion")) answer = "completion";
    if (hn_streq(answer, "label") && !hn_is_text(record, "label")) return false;
    if (!hn_json_has(record, "prompt") || !answer || hn_label_says(hn_json_get(record, "label"))) return false;
    return hn_because(reason, "columns \"prompt\" and \"%s\"", answer);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x;
    const char *answer = hn_json_has(record, "completion") ? NULL : hn_column_of(record, answers);
    HN_TRY(hn_examples_add(out, HN_KIND_COMPLETION, &x, err));
    return hn_sides_take(record, answer ? answer : "completion", x, err);
}

const hn_format hn_format_prompt_completion = {.name = "prompt-completion",
                                               .about = "columns \"prompt\" and \"completion\" (or \"answer\", \"response\")",
                                               .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
                                               .detect = detect,
                                               .convert = convert};
