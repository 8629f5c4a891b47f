/* format_shp.c - Stanford Human Preferences: a post (history) and two comments; labels 1: A is preferred. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "history") || !hn_json_has(record, "human_ref_A") || !hn_json_has(record, "human_ref_B"))
        return false;
    return hn_because(reason, "columns \"history\", \"human_ref_A\", \"human_ref_B\" and \"labels\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    static const char *const refs[] = {"human_ref_B", "human_ref_A"}, *const scores[] = {"score_B", "score_A"};
    hn_instruction in = {0};
    hn_str text;
    hn_json *x;
    bool a;
    if (hn_label_take(record, "labels", &a, NULL) != HN_OK)
        return hn_bad_row(err, "column \"labels\" is %s, 1 (A is preferred) or 0 is expected",
                          hn_json_what(hn_json_get(record, "labels")));
    HN_TRY(hn_column_text(record, "history", &in.instruction, err));
    for (int i = 0; i < 2; i++) HN_TRY(hn_column_text(record, refs[i], &text, err));
    HN_TRY(
        hn_preference_instruction(o, "question", &in, hn_json_get(record, refs[a]), hn_json_get(record, refs[!a]), out, &x, err));
    for (int i = 0; i < 2; i++) {
        hn_json *score = hn_number_take(record, scores[i == 0 ? a : !a]);
        if (score) hn_json_set(x, i == 0 ? "score_chosen" : "score_rejected", score);
    }
    return HN_OK;
}

const hn_format hn_format_shp = {.name = "shp",
                                 .about =
                                     "columns \"history\", \"human_ref_A\", \"human_ref_B\" and \"labels\" (1: A is preferred)",
                                 .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
                                 .detect = detect,
                                 .convert = convert};
