/* check_ends_with_user.c - conversations that end with a question: their last turn is learnt as if it were an answer, or not at all. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally rows;
    int64_t of;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    hn_kind kind = row->example->kind;
    (void)c;
    if (!f->turns || kind == HN_KIND_PROMPT) return;
    s->of++;
    if (!hn_str_eq(f->turn[f->turns - 1].role, "assistant")) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    hn_found(c, s->rows.n == s->of ? HN_SEVERITY_ERROR : hn_judge(s->rows.n, s->of, 0.01), &s->rows, s->of,
             "%lld of %lld conversations (%.3g %%) do not end with the assistant", (long long)s->rows.n, (long long)s->of,
             hn_percent(s->rows.n, s->of));
}

const hn_check hn_check_ends_with_user = {
    {.id = "ends-with-user", .about = "conversations whose last message is not the assistant's",
     .cost = "the last message is learnt though nothing answers it: the model learns to ask", .remedy = "cut these conversations after their last answer"},
    .views = HN_ANSWER_VIEWS, .needs = HN_NEEDS_EXAMPLE, .size = sizeof(state), .row = row, .end = end};
