/* check_swapped_pairs.c - pairs that contradict what all the others say, where no scores tell.
 *
 * A small model of words learns which side is chosen, each pair judged by a model that has not seen it. Where people judge, it is
 * unsure and its errors are many but faint; where sides were swapped, it is sure and wrong at a rate that does not fall with its
 * confidence. So: only if it ranks seven pairs in ten right, and then only if among the fifth it is surest of clearly more than
 * one in twenty contradict it. Sets without a rule that words can tell (most human preferences) say nothing here: a swap in them
 * is seen by scores or by another row alone. */
#include <math.h>
#include <stdlib.h>

#include "check/pair_rank.h"

enum { LEAST = 60, MOST = 2048 };
static const double learnt = 0.7, natural = 0.05, clear = 0.08;

typedef struct state {
    hn_seen pairs; /* of the answers in either order: repeated rows would let the model look at its own test */
    hn_pair_rank rank;
    hn_place place[MOST];
} state;

typedef struct judged {
    float margin;
    int64_t pair;
} judged;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    (void)c;
    if (f->answers != 2 || f->said[0] == f->said[1] || s->rank.pairs == MOST) return;
    uint64_t lo = f->said[0] < f->said[1] ? f->said[0] : f->said[1], hi = f->said[0] ^ f->said[1] ^ lo;
    hn_seen_entry *e = hn_seen_at(&s->pairs, hn_hash_mix(f->asked, hn_hash_mix(lo, hi)));
    if (!e || e->count++) return;
    s->place[s->rank.pairs] = (hn_place){row->file, row->line};
    hn_pair_rank_add(&s->rank, f->prompt, f->answer[0], f->answer[1]);
}

static int surest_first(const void *a, const void *b) {
    const judged *x = a, *y = b;
    float dx = fabsf(x->margin), dy = fabsf(y->margin);
    return dx != dy ? (dx < dy) - (dx > dy) : (x->pair > y->pair) - (x->pair < y->pair);
}

static void report(const state *s, hn_check_ctx *c, judged *v, int64_t n) {
    int64_t right = 0, sure = n / 5;
    hn_tally against = {0};
    for (int64_t i = 0; i < n; i++) right += v[i].margin > 0;
    for (int64_t i = 0; i < sure; i++) {
        if (v[i].margin > 0) continue;
        if (against.places < HN_PLACES) against.place[against.places++] = s->place[v[i].pair];
        against.n++;
    }
    double expected = natural * (double)sure, most = expected + 2 * sqrt(expected * (1 - natural));
    bool many = (double)against.n >= clear * (double)sure && (double)against.n > most;
    if ((double)right < learnt * (double)n || !many) return;
    hn_found(c, HN_SEVERITY_WARN, &against, sure,
             "the sides of about %.2g %% of pairs look swapped: %.3g %% of pairs follow a rule that their words show, and of the "
             "%lld pairs that show it best "
             "%lld go against it",
             hn_percent(against.n, sure), hn_percent(right, n), (long long)sure, (long long)against.n);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    int64_t n = s->rank.pairs;
    if (n < LEAST || s->rank.failed) {
        c->failed |= s->rank.failed || s->pairs.failed;
        return;
    }
    float *margin = hn_alloc_array((size_t)n, sizeof *margin);
    judged *v = hn_alloc_array((size_t)n, sizeof *v);
    if (margin && v) {
        hn_pair_rank_margins(&s->rank, margin);
        for (int64_t i = 0; i < n; i++) v[i] = (judged){margin[i], i};
        qsort(v, (size_t)n, sizeof *v, surest_first);
        report(s, c, v, n);
    }
    c->failed |= !margin || !v || s->rank.failed;
    hn_free(margin);
    hn_free(v);
}

static void release(void *self) {
    state *s = self;
    hn_pair_rank_release(&s->rank);
    hn_seen_release(&s->pairs);
}

const hn_check hn_check_swapped_pairs = {
    {.id = "swapped-pairs",
     .about = "pairs that go against the rule that all the others follow",
     .cost = "swapped pairs teach the worse answer and hold accuracy below one minus their share",
     .remedy = "look at the pairs named; where they are wrong, swap their sides"},
    .views = HN_VIEW_BIT(PREFERENCE),
    .needs = HN_NEEDS_EXAMPLE | HN_SLOW,
    .size = sizeof(state),
    .row = row,
    .end = end,
    .release = release};
