/* format_comparison.c - two numbered answers and which is better (AlpacaEval, LLMBar, EvalBiasBench): instruction or input,
 * output_1 and output_2 (or response1, response2), label or preference 1 or 2; 1.5 is a tie, which is no pair. */
#include "data/formats_impl.h"

static const char *const first[] = {"output_1", "response1", "response_1", NULL}, *const second[] = {"output_2", "response2", "response_2", NULL};
static const char *const verdicts[] = {"preference", "label", NULL}, *const asks[] = {"instruction", "input", "prompt", "question", NULL};

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const char *a = hn_column_of(record, first), *b = hn_column_of(record, second), *v = hn_column_of(record, verdicts), *q = hn_column_of(record, asks);
    return a && b && v && q && hn_because(reason, "columns \"%s\", \"%s\", \"%s\" and \"%s\"", q, a, b, v);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const char *a = hn_column_of(record, first), *b = hn_column_of(record, second), *v = hn_column_of(record, verdicts), *q = hn_column_of(record, asks);
    hn_instruction in = {0};
    hn_str text;
    hn_json *x;
    HN_TRY(hn_column_text(record, q ? q : "instruction", &in.instruction, err));
    if (hn_streq(q, "instruction")) HN_TRY(hn_column_maybe(record, "input", &in.input, err));
    HN_TRY(hn_column_text(record, a ? a : "output_1", &text, err));
    HN_TRY(hn_column_text(record, b ? b : "output_2", &text, err));
    double best = v ? hn_json_num(hn_json_get(record, v), 0) : 0;
    if (hn_json_text(hn_json_get(record, v ? v : ""), &text)) best = hn_strtod(text.p, NULL);
    if (best == 1.5 || best == 0) {
        hn_examples_note(out, "comparisons without a winner: left out", 1);
        return HN_OK;
    }
    if (best != 1 && best != 2) return hn_bad_row(err, "column \"%s\" is neither 1 nor 2", v);
    return hn_preference_instruction(o, "instruct", &in, hn_json_get(record, best == 1 ? a : b), hn_json_get(record, best == 1 ? b : a), out, &x, err);
}

const hn_format hn_format_comparison = {.name = "comparison",
                                        .about = "columns \"instruction\" (or \"input\"), \"output_1\", \"output_2\" and \"preference\" or \"label\": 1 or 2",
                                        .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
                                        .detect = detect,
                                        .convert = convert};
