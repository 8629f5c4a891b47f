/* check_empty_answer.c - nothing but white space where something should be learnt.
 *
 * Blank lines of a plain text file part its paragraphs and are no answers. Large collected sets hold a few such rows in a
 * thousand; from one in a hundred on the model learns to say nothing. */
#include <string.h>

#include "check/check_impl.h"

static bool lines_of_text(const hn_look *row) {
    const char *end = row->file ? strstr(row->file, ".txt") : NULL;
    return row->example && row->example->kind == HN_KIND_TEXT && end != NULL;
}

/* A record that cannot be used because its answer is null. */
static bool null_answer(const hn_json *record) {
    static const char *const names[] = {"completion", "output", "response", "answer", "targets", "chosen", "rejected"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (hn_json_has(record, names[i]) && hn_json_type(hn_json_get(record, names[i])) == HN_JSON_NULL) return true;
    return false;
}

typedef struct state {
    hn_tally rows;
    int64_t of;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    bool empty = false;
    (void)c;
    if (row->st != HN_OK && row->record && null_answer(row->record)) {
        s->of++;
        hn_tally_add(&s->rows, row);
    }
    if (!f->answers || lines_of_text(row)) return;
    for (int i = 0; i < f->answers; i++) empty |= hn_blank(f->answer[i]);
    if (f->turns) { /* a message that calls a tool needs no text; pairs show their chosen side here */
        empty = f->answers == 2 && hn_blank(f->answer[1]);
        for (size_t i = 0; i < f->turns; i++)
            empty |= hn_str_eq(f->turn[i].role, "assistant") && !f->turn[i].calls && hn_blank(f->turn[i].text);
    }
    s->of++;
    if (empty) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    bool all = s->rows.n == s->of;
    hn_found(c, all ? HN_SEVERITY_ERROR : hn_judge_rare(s->rows.n, s->of, 0.01), &s->rows, s->of,
             "%lld of %lld rows (%.3g %%) have an empty answer", (long long)s->rows.n, (long long)s->of,
             hn_percent(s->rows.n, s->of));
}

const hn_check hn_check_empty_answer = {{.id = "empty-answer",
                                         .about = "answers, completions or texts without any text",
                                         .cost = "the model learns to answer with nothing",
                                         .remedy = "leave these rows out"},
                                        .views = HN_ANSWER_VIEWS | HN_VIEW_BIT(TEXT),
                                        .needs = HN_WANTS_LEFT_OUT,
                                        .size = sizeof(state),
                                        .row = row,
                                        .end = end};
