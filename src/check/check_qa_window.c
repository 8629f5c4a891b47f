/* check_qa_window.c - contexts longer than one window: they are cut into several, most of which then hold no answer. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally longer;
    int64_t of, longest;
} state;

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->setup->max_length != HN_UNSET_INT;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    (void)f;
    s->of++;
    if (row->part->n > s->longest) s->longest = row->part->n;
    if (row->part->n > c->setup->max_length) hn_tally_add(&s->longer, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->longer.n) return;
    hn_found(c, hn_judge(s->longer.n, s->of, 0.5), &s->longer, s->of,
             "%lld of %lld rows (%.3g %%) are longer than a window of %lld tokens, the longest %lld", (long long)s->longer.n,
             (long long)s->of, hn_percent(s->longer.n, s->of), (long long)c->setup->max_length, (long long)s->longest);
}

const hn_check hn_check_qa_window = {{.id = "context-window",
                                      .about = "contexts longer than one window",
                                      .cost = "they become several windows, most of them without the answer",
                                      .remedy = "raise --max_length, if the model has the positions"},
                                     .views = HN_VIEW_BIT(QA),
                                     .needs = HN_NEEDS_PARTS,
                                     .size = sizeof(state),
                                     .begin = begin,
                                     .row = row,
                                     .end = end};
