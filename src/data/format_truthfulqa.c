/* format_truthfulqa.c - TruthfulQA: the table (Question, Best Answer, Best Incorrect Answer), or the multiple-choice file,
 * whose mc1_targets name the one true answer: a pair with each false one. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (hn_json_has(record, "Question") && hn_json_has(record, "Best Answer") && hn_json_has(record, "Best Incorrect Answer"))
        return hn_because(reason, "columns \"Question\", \"Best Answer\" and \"Best Incorrect Answer\"");
    if (!hn_json_has(record, "question") || hn_json_type(hn_json_get(record, "mc1_targets")) != HN_JSON_OBJECT) return false;
    return hn_because(reason, "columns \"question\" and \"mc1_targets\"");
}

static hn_status add(const hn_convert_opts *o, hn_str question, hn_json *chosen, hn_json *rejected, hn_examples *out,
                     hn_error *err) {
    hn_instruction in = {.instruction = question};
    hn_json *x;
    return hn_preference_instruction(o, "question", &in, chosen, rejected, out, &x, err);
}

static hn_status choices(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const hn_json *targets = hn_json_get(record, "mc1_targets");
    hn_str question;
    hn_json_iter it;
    const char *best = NULL;
    HN_TRY(hn_column_text(record, "question", &question, err));
    for (bool more = hn_json_first(targets, &it); more; more = hn_json_next(&it))
        if (hn_json_int(it.value, 0) == 1) best = it.key;
    if (!best) return hn_bad_row(err, "\"mc1_targets\" names no true answer");
    hn_json *chosen = hn_json_new_str(best, hn_str_of(best).n);
    hn_status st = chosen ? HN_OK : hn_nomem(err, 1);
    for (bool more = hn_json_first(targets, &it); more && st == HN_OK; more = hn_json_next(&it)) {
        if (hn_json_int(it.value, 0) == 1) continue;
        hn_json *rejected = hn_json_new_str(it.key, hn_str_of(it.key).n);
        st = rejected ? add(o, question, chosen, rejected, out, err) : hn_nomem(err, 1);
        hn_json_free(rejected);
    }
    hn_json_free(chosen);
    return st;
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    if (hn_json_has(record, "mc1_targets")) return choices(record, o, out, err);
    hn_str question, text;
    HN_TRY(hn_column_text(record, "Question", &question, err));
    HN_TRY(hn_column_text(record, "Best Answer", &text, err));
    HN_TRY(hn_column_text(record, "Best Incorrect Answer", &text, err));
    return add(o, question, hn_json_get(record, "Best Answer"), hn_json_get(record, "Best Incorrect Answer"), out, err);
}

const hn_format hn_format_truthfulqa = {
    .name = "truthfulqa",
    .about = "columns \"Question\", \"Best Answer\" and \"Best Incorrect Answer\", or \"question\" and \"mc1_targets\"",
    .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
    .detect = detect,
    .convert = convert};
