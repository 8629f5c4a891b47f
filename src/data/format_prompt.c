/* format_prompt.c - a column prompt alone, string or message list: something to generate from. Rows of verl bring the
 * answer that a rule checks against (reward_model.ground_truth) along. */
#include "data/formats_impl.h"

static const char *const columns[] = {"prompt", "question", NULL};

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const char *name = hn_json_has(record, "prompt") ? "prompt" : hn_column_of(record, columns);
    return name &&
           hn_because(reason, "column \"%s\"%s", name, hn_json_get(record, "reward_model") ? " and \"reward_model\"" : "");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    const char *name = hn_json_has(record, "prompt") ? NULL : hn_column_of(record, columns);
    hn_json *x, *truth = hn_json_get(hn_json_get(record, "reward_model"), "ground_truth");
    if (!name) name = "prompt";
    if (!truth) truth = hn_json_get(record, "ground_truth");
    HN_TRY(hn_examples_add(out, HN_KIND_PROMPT, &x, err));
    HN_TRY(hn_side_take(record, name, hn_is_list(record, name), "user", x, "prompt", err));
    if (truth) hn_json_set(x, "ground_truth", hn_json_ref(truth));
    return hn_extras_take(record, x, err);
}

const hn_format hn_format_prompt = {.name = "prompt",
                                    .about = "a column \"prompt\" alone, string or messages, to generate from",
                                    .kinds = HN_KIND_BIT(HN_KIND_PROMPT),
                                    .detect = detect,
                                    .convert = convert};
