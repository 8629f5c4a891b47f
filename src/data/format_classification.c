/* format_classification.c - text, or a pair of texts, with a label: integer, number or string. */
#include "data/formats_impl.h"

#include <errno.h>
#include <stdlib.h>

static const char *const pairs[][2] = {{"sentence1", "sentence2"},   {"premise", "hypothesis"}, {"question1", "question2"},
                                       {"question", "sentence"},     {"text", "text_pair"},     {"text1", "text2"},
                                       {"sentence_A", "sentence_B"}, {"question", "context"}};
static const char *const texts[] = {"sentence", "text", "content", "review", "tweet", "comment", "document", "question", NULL};

/* The columns of the text and of what stands beside it (NULL: one text). */
static bool find(const hn_json *record, const hn_convert_opts *o, const char **text, const char **other) {
    *other = NULL;
    *text = hn_text_asked(record, o) ? o->text_field : NULL;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && !*text; i++) {
        if (!hn_is_text(record, pairs[i][0]) || !hn_is_text(record, pairs[i][1])) continue;
        *text = pairs[i][0];
        *other = pairs[i][1];
    }
    if (!*text) *text = hn_column_of(record, texts);
    return *text && hn_is_text(record, *text);
}

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    const char *text, *other;
    if (!find(record, o, &text, &other) || !hn_json_has(record, "label")) return false;
    if (other) return hn_because(reason, "columns \"%s\", \"%s\" and \"label\"", text, other);
    return hn_because(reason, "columns \"%.80s\" and \"label\"", text);
}

/* Tables know strings only: what reads as a number is one. */
static hn_json *label_of(hn_json *label) {
    hn_str s;
    if (!hn_json_text(label, &s) || s.n == 0 || s.n > 30) return hn_json_ref(label);
    if (s.p[0] != '-' && (s.p[0] < '0' || s.p[0] > '9')) return hn_json_ref(label);
    char *end;
    errno = 0;
    long long whole = strtoll(s.p, &end, 10);
    if (errno == 0 && end == s.p + s.n) return hn_json_new_int(whole);
    double v = hn_strtod(s.p, &end);
    return end == s.p + s.n ? hn_json_new_num(v) : hn_json_ref(label);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const char *text, *other;
    hn_json *x, *label = hn_json_get(record, "label");
    find(record, o, &text, &other);
    HN_TRY(hn_examples_add(out, HN_KIND_CLASSIFY, &x, err));
    HN_TRY(hn_column_move(record, text ? text : o->text_field, x, "text", err));
    if (other) HN_TRY(hn_column_move(record, other, x, "text_pair", err));
    hn_json_kind kind = hn_json_type(label);
    if (kind == HN_JSON_BOOL) return hn_put(x, "label", hn_json_new_int(hn_json_bool(label, false)), err);
    if (kind != HN_JSON_INT && kind != HN_JSON_REAL && kind != HN_JSON_STR) {
        if (hn_json_has(record, "label"))
            return hn_bad_row(err, "column \"label\" is %s, an integer, a number or a string is expected", hn_json_what(label));
        hn_bad_row(err, "column \"label\" is missing");
        hn_columns_detail(record, err);
        return HN_EFORMAT;
    }
    HN_TRY(hn_put(x, "label", label_of(label), err));
    return hn_is_text(record, "label_text") ? hn_column_move(record, "label_text", x, "label_text", err) : HN_OK;
}

const hn_format hn_format_classification = {
    .name = "classification",
    .about = "a column \"label\" beside \"text\" or \"sentence\", or beside a pair (\"sentence1\" and \"sentence2\" ...)",
    .kinds = HN_KIND_BIT(HN_KIND_CLASSIFY),
    .detect = detect,
    .convert = convert};
