/* format_squad.c - extractive question answering: SQuAD rows (context, question, answers), or the official file's articles
 * (paragraphs of a context with its questions), each question an example.
 *
 * answer_start counts code points. A question without an answer is impossible (version 2). */
#include "data/formats_impl.h"

#include <string.h>

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const hn_json *list = hn_json_get(record, "paragraphs");
    if (hn_json_type(list) == HN_JSON_ARRAY && hn_json_has(hn_json_at(list, 0), "qas"))
        return hn_because(reason, "column \"paragraphs\" of \"context\" and \"qas\": SQuAD's own file");
    hn_json_kind kind = hn_json_type(hn_json_get(record, "answers"));
    if (!hn_is_text(record, "context") || !hn_is_text(record, "question") || (kind != HN_JSON_OBJECT && kind != HN_JSON_ARRAY))
        return false;
    return hn_because(reason, "columns \"context\", \"question\" and \"answers\"");
}

/* Does the answer stand in the context at this code point? */
static bool stands(hn_str context, hn_str answer, int64_t start) {
    size_t at = 0;
    for (int64_t i = 0; i < start && at < context.n; i++)
        for (at++; at < context.n && ((unsigned char)context.p[at] & 0xC0) == 0x80;) at++;
    return answer.n <= context.n - at && memcmp(context.p + at, answer.p, answer.n) == 0;
}

static hn_status add_answer(hn_json *text, hn_json *start, hn_json *texts, hn_json *starts, hn_str context, bool *astray,
                            hn_error *err) {
    hn_str s;
    if (!hn_json_text(text, &s)) return hn_bad_row(err, "an answer's \"text\" is %s, a string is expected", hn_json_what(text));
    int64_t at = hn_json_int(start, -1);
    if (at < 0)
        return hn_bad_row(err, "\"answer_start\" is %s, a place in the context is expected",
                          at == -1 ? hn_json_what(start) : "negative");
    *astray = *astray || !stands(context, s, at);
    hn_json_push(texts, hn_json_ref(text));
    hn_json_push(starts, hn_json_ref(start));
    return HN_OK;
}

/* {"text": [...], "answer_start": [...]}, or [{"text", "answer_start"}, ...] */
static hn_status answers_of(const hn_json *answers, hn_str context, hn_json *x, bool *astray, hn_error *err) {
    hn_json *both = hn_json_new_object(), *texts = hn_json_new_array(), *starts = hn_json_new_array();
    HN_TRY(hn_put(x, "answers", both, err));
    HN_TRY(hn_put(both, "text", texts, err));
    HN_TRY(hn_put(both, "answer_start", starts, err));
    if (hn_json_type(answers) == HN_JSON_OBJECT) {
        const hn_json *t = hn_json_get(answers, "text"), *s = hn_json_get(answers, "answer_start");
        if (hn_json_len(t) != hn_json_len(s))
            return hn_bad_row(err, "\"answers\" has %zu texts and %zu starts", hn_json_len(t), hn_json_len(s));
        for (size_t i = 0; i < hn_json_len(t); i++)
            HN_TRY(add_answer(hn_json_at(t, i), hn_json_at(s, i), texts, starts, context, astray, err));
        return HN_OK;
    }
    for (size_t i = 0; i < hn_json_len(answers); i++) {
        const hn_json *a = hn_json_at(answers, i);
        HN_TRY(add_answer(hn_json_get(a, "text"), hn_json_get(a, "answer_start"), texts, starts, context, astray, err));
    }
    return HN_OK;
}

static hn_status question(const hn_json *q, const hn_json *holder, hn_examples *out, hn_error *err) {
    hn_json *x, *impossible = hn_json_get(q, "is_impossible");
    hn_str context;
    bool astray = false;
    HN_TRY(hn_examples_add(out, HN_KIND_QA, &x, err));
    if (hn_json_get(q, "id")) hn_json_set(x, "id", hn_json_ref(hn_json_get(q, "id")));
    HN_TRY(hn_column_text(holder, "context", &context, err));
    HN_TRY(hn_column_move(holder, "context", x, "context", err));
    HN_TRY(hn_column_move(q, "question", x, "question", err));
    hn_json_kind kind = hn_json_type(hn_json_get(q, "answers"));
    if (kind != HN_JSON_OBJECT && kind != HN_JSON_ARRAY && kind != HN_JSON_NULL)
        return hn_bad_row(err, "column \"answers\" is %s, an object or a list is expected",
                          hn_json_what(hn_json_get(q, "answers")));
    HN_TRY(answers_of(hn_json_get(q, "answers"), context, x, &astray, err));
    if (astray) hn_examples_note(out, "answers that do not stand in the context where answer_start says", 1);
    bool none = hn_json_len(hn_json_get(hn_json_get(x, "answers"), "text")) == 0;
    return impossible || none ? hn_put(x, "is_impossible", hn_json_new_bool(hn_json_bool(impossible, none)), err) : HN_OK;
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    const hn_json *list = hn_json_get(record, "paragraphs");
    if (!list) return question(record, record, out, err);
    for (size_t i = 0; i < hn_json_len(list); i++) {
        const hn_json *p = hn_json_at(list, i), *qas = hn_json_get(p, "qas");
        for (size_t k = 0; k < hn_json_len(qas); k++)
            HN_TRY_CTX(question(hn_json_at(qas, k), p, out, err), err, "\"paragraphs\"[%zu].\"qas\"[%zu]", i, k);
    }
    return HN_OK;
}

const hn_format hn_format_squad = {.name = "squad",
                                   .about = "columns \"context\", \"question\" and \"answers\", or SQuAD's own file",
                                   .kinds = HN_KIND_BIT(HN_KIND_QA),
                                   .detect = detect,
                                   .convert = convert};
