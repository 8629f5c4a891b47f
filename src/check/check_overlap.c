/* check_overlap.c - rows of the evaluation set that the training set holds too.
 *
 * One row in a hundred moves a score by less than its error bar. Prompts alone may recur in honest splits (greetings, fixed
 * questions), so a shared prompt with another answer counts from one in five on. */
#include "check/check_impl.h"

static const double row_share = 0.01, prompt_share = 0.2;

typedef struct state {
    hn_seen whole, asked;
    hn_tally rows, prompts;
    int64_t of;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    bool prompt = f->prompt.p != NULL && !hn_blank(f->prompt) && f->asked != f->whole;
    if (!c->eval) {
        hn_seen_entry *e = hn_seen_at(&s->whole, f->whole);
        if (e) e->count++;
        if (prompt && (e = hn_seen_at(&s->asked, f->asked))) e->count++;
        return;
    }
    if (!hn_seen_sampled(&s->whole, f->whole)) return;
    s->of++;
    if (hn_seen_find(&s->whole, f->whole)) hn_tally_add(&s->rows, row);
    else if (prompt && hn_seen_find(&s->asked, f->asked)) hn_tally_add(&s->prompts, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    c->failed |= s->whole.failed || s->asked.failed;
    if (s->rows.n) {
        hn_found(c, hn_judge(s->rows.n, s->of, row_share), &s->rows, s->of,
                 "%lld of %lld evaluation rows (%.3g %%) stand in the training set", (long long)s->rows.n, (long long)s->of,
                 hn_percent(s->rows.n, s->of));
    }
    if (s->prompts.n) {
        hn_finding *f =
            hn_found(c, hn_judge(s->prompts.n, s->of, prompt_share), &s->prompts, s->of,
                     "the prompts of %lld of %lld evaluation rows (%.3g %%) stand in the training set with another answer",
                     (long long)s->prompts.n, (long long)s->of, hn_percent(s->prompts.n, s->of));
        hn_found_remedy(c, f, "split by prompt, not by row");
    }
}

static void release(void *self) {
    state *s = self;
    hn_seen_release(&s->whole);
    hn_seen_release(&s->asked);
}

const hn_check hn_check_overlap = {{.id = "train-test-overlap",
                                    .about = "evaluation rows that stand in the training set",
                                    .cost = "evaluation measures memory, not learning",
                                    .remedy = "take these rows out of the training set"},
                                   .views = HN_ALL_VIEWS,
                                   .needs = HN_NEEDS_EXAMPLE | HN_WANTS_EVAL,
                                   .size = sizeof(state),
                                   .row = row,
                                   .end = end,
                                   .release = release};
