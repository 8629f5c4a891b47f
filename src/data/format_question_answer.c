/* format_question_answer.c - question and answer as plain columns (GSM8K); a context or input goes behind the question. */
#include "data/formats_impl.h"

static const char *const answers[] = {"answer", "response", "output", NULL}, *const inputs[] = {"input", "context", NULL};

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    const char *answer = hn_column_of(record, answers);
    if (!hn_is_text(record, "question") || !answer || !hn_is_text(record, answer) || hn_text_asked(record, o)) return false;
    return hn_because(reason, "columns \"question\" and \"%s\"", answer);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const char *answer = hn_column_of(record, answers), *input = hn_column_of(record, inputs);
    hn_instruction in = {0};
    hn_str text;
    HN_TRY(hn_column_text(record, "question", &in.instruction, err));
    if (input && hn_is_text(record, input)) HN_TRY(hn_column_text(record, input, &in.input, err));
    HN_TRY(hn_column_text(record, answer ? answer : "answer", &text, err));
    return hn_instruction_add(o, "question", &in, hn_json_get(record, answer), out, err);
}

const hn_format hn_format_question_answer = {.name = "question-answer",
                                             .about = "columns \"question\" and \"answer\"",
                                             .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
                                             .detect = detect,
                                             .convert = convert};
