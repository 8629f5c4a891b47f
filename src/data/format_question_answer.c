/* format_question_answer.c - a question and its answer as plain columns, by the names in use: question (GSM8K, Orca), query
 * (MetaMath), problem (MATH). A context or input goes behind the question, a system prompt in front. */
#include "data/formats_impl.h"

static const char *const names[][5] = {{"question", "answer", "response", "output", NULL},
                                       {"query", "response", "answer", "output", NULL},
                                       {"problem", "solution", "generated_solution", "answer", NULL}};
static const char *const inputs[] = {"input", "context", NULL}, *const systems[] = {"system", "system_prompt", NULL};

/* The first names of which the row has both. */
static bool find(const hn_json *record, const char **ask, const char **answer) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *ask = names[i][0];
        *answer = hn_column_of(record, names[i] + 1);
        if (hn_is_text(record, *ask) && *answer && hn_is_text(record, *answer)) return true;
    }
    *ask = names[0][0];
    *answer = names[0][1];
    return false;
}

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    const char *ask, *answer;
    return !hn_text_asked(record, o) && find(record, &ask, &answer) &&
           hn_because(reason, "columns \"%s\" and \"%s\"", ask, answer);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    const char *ask, *answer, *input = hn_column_of(record, inputs), *system = hn_column_of(record, systems);
    hn_instruction in = {0};
    hn_str text;
    find(record, &ask, &answer);
    HN_TRY(hn_column_text(record, ask, &in.instruction, err));
    if (input && hn_is_text(record, input)) HN_TRY(hn_column_text(record, input, &in.input, err));
    if (system) HN_TRY(hn_column_text(record, system, &in.system, err));
    HN_TRY(hn_column_text(record, answer, &text, err));
    return hn_instruction_add(o, "question", &in, hn_json_get(record, answer), out, err);
}

const hn_format hn_format_question_answer = {
    .name = "question-answer",
    .about = "columns \"question\" and \"answer\", or \"query\" and \"response\", or \"problem\" and \"solution\"",
    .kinds = HN_KIND_BIT(HN_KIND_COMPLETION),
    .detect = detect,
    .convert = convert};
