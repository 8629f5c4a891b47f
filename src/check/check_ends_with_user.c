/* check_ends_with_user.c - conversations that end with a question: their last turn is learnt as if it were an answer, or not at
 * all. */
#include "check/check_impl.h"

/* Of a transcript: does a human have the last word? */
static bool human_last(hn_str s) {
    static const char human[] = "\n\nHuman:", assistant[] = "\n\nAssistant:";
    bool last = false;
    for (size_t i = 0; i < s.n; i++) {
        hn_str rest = {s.p + i, s.n - i};
        if (hn_starts(rest, hn_str_of(human))) last = true;
        else if (hn_starts(rest, hn_str_of(assistant))) last = false;
    }
    return last;
}

typedef struct state {
    hn_tally rows;
    int64_t of;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    hn_kind kind = row->example ? row->example->kind : HN_KIND_PREFERENCE;
    (void)c;
    if (f->left_out && !f->turns) {
        hn_str chosen, rejected;
        if (!hn_json_text(hn_json_get(f->value, "chosen"), &chosen) ||
            !hn_json_text(hn_json_get(f->value, "rejected"), &rejected))
            return;
        s->of++;
        if (human_last(chosen) || human_last(rejected)) hn_tally_add(&s->rows, row);
        return;
    }
    if (!f->turns || kind == HN_KIND_PROMPT) return;
    s->of++;
    hn_str last = f->turn[f->turns - 1].role; /* a name that is none is another check's */
    if (hn_str_eq(last, "user") || hn_str_eq(last, "system") || hn_str_eq(last, "tool")) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    hn_found(c, s->rows.n == s->of ? HN_SEVERITY_ERROR : hn_judge(s->rows.n, s->of, 0.01), &s->rows, s->of,
             "%lld of %lld conversations (%.3g %%) do not end with the assistant", (long long)s->rows.n, (long long)s->of,
             hn_percent(s->rows.n, s->of));
}

const hn_check hn_check_ends_with_user = {
    {.id = "ends-with-user",
     .about = "conversations whose last message is not the assistant's",
     .cost = "the last message is learnt though nothing answers it: the model learns to ask",
     .remedy = "cut these conversations after their last answer"},
    .views = HN_ANSWER_VIEWS,
    .needs = HN_NEEDS_EXAMPLE | HN_WANTS_LEFT_OUT,
    .size = sizeof(state),
    .row = row,
    .end = end};
