/* format_comparison.c - two numbered answers and which is better: output_1 and output_2 (or response1, response2 ...) with
 * preference or label 1 or 2 (AlpacaEval, LLMBar, EvalBiasBench; 1.5 is a tie, which is no pair), or response_0 and response_1
 * with better_response_id 0 or 1 (PKU-SafeRLHF). */
#include "data/formats_impl.h"

static const struct {
    const char *answer[2];
    int first; /* number of the first answer */
} names[] = {{{"output_1", "output_2"}, 1},
             {{"response1", "response2"}, 1},
             {{"response_1", "response_2"}, 1},
             {{"response_0", "response_1"}, 0}};
static const char *const verdicts[] = {"preference", "better_response_id", "label", NULL};
static const char *const asks[] = {"instruction", "input", "prompt", "question", NULL};

/* Which names the row has; -1: none. */
static int find(const hn_json *record) {
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (hn_json_get(record, names[i].answer[0]) && hn_json_get(record, names[i].answer[1])) return i;
    return -1;
}

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    int k = find(record);
    const char *v = hn_column_of(record, verdicts), *q = hn_column_of(record, asks);
    return k >= 0 && v && q &&
           hn_because(reason, "columns \"%s\", \"%s\", \"%s\" and \"%s\"", q, names[k].answer[0], names[k].answer[1], v);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const char *v = hn_column_of(record, verdicts), *q = hn_column_of(record, asks);
    int k = find(record) < 0 ? 0 : find(record);
    hn_instruction in = {0};
    hn_str text;
    hn_json *x;
    HN_TRY(hn_column_text(record, q ? q : "instruction", &in.instruction, err));
    if (hn_streq(q, "instruction")) HN_TRY(hn_column_maybe(record, "input", &in.input, err));
    for (int i = 0; i < 2; i++) HN_TRY(hn_column_text(record, names[k].answer[i], &text, err));
    double best = v ? hn_json_num(hn_json_get(record, v), -9) : names[k].first - 1;
    if (v && hn_json_text(hn_json_get(record, v), &text)) best = hn_strtod(text.p, NULL);
    best -= names[k].first;
    bool none = best == 0.5 || (best == -1 && names[k].first == 1); /* a tie; 0 or null: no verdict */
    if (none && (v || hn_json_has(record, "preference") || hn_json_has(record, "label"))) {
        hn_examples_note(out, "comparisons without a winner: left out", 1);
        return HN_OK;
    }
    if (best != 0 && best != 1)
        return hn_bad_row(err, "column \"%s\" is neither %d nor %d", v ? v : verdicts[0], names[k].first, names[k].first + 1);
    return hn_preference_instruction(o, "instruct", &in, hn_json_get(record, names[k].answer[best == 1]),
                                     hn_json_get(record, names[k].answer[best != 1]), out, &x, err);
}

const hn_format hn_format_comparison = {
    .name = "comparison",
    .about = "columns \"instruction\" (or \"input\"), \"output_1\", \"output_2\" and \"preference\" or \"label\": 1 or 2",
    .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
    .detect = detect,
    .convert = convert};
