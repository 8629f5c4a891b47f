/* check_context.c - rows longer than the positions the model was made for. A long --max_length alone harms nobody. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally longer;
    int64_t of, longest;
} state;

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->setup->model && c->setup->model->max_position > 0;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    int64_t n = 0;
    (void)f;
    for (size_t i = 0; i < row->parts; i++)
        if (row->part[i].kept > n) n = row->part[i].kept;
    s->of++;
    if (n > s->longest) s->longest = n;
    if (n > c->setup->model->max_position) hn_tally_add(&s->longer, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    long long positions = (long long)c->setup->model->max_position;
    if (!s->longer.n) return;
    hn_finding *f = hn_found(c, HN_SEVERITY_WARN, &s->longer, s->of,
                             "%lld of %lld rows are longer than the model's %lld positions, the longest %lld tokens",
                             (long long)s->longer.n, (long long)s->of, positions, (long long)s->longest);
    hn_found_remedy(c, f, "--max_length %lld", positions);
}

const hn_check hn_check_context = {
    {.id = "longer-than-context", .about = "rows longer than the model's context",
     .cost = "behind its last position the model has learnt nothing; with learnt positions the run stops there",
     .remedy = "lower --max_length"},
    .views = HN_ANSWER_VIEWS, .needs = HN_NEEDS_PARTS, .size = sizeof(state), .begin = begin, .row = row, .end = end};
