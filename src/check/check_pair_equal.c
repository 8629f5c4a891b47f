/* check_pair_equal.c - pairs whose sides are the same, as they stand or after truncation: nothing can be preferred.
 *
 * Collected preferences hold up to seven such pairs in a thousand; one in a hundred counts. */
#include <string.h>

#include "check/check_impl.h"

typedef struct state {
    hn_tally same, cut;
    int64_t of;
} state;

static bool same_tokens(const hn_look_part *a, const hn_look_part *b) {
    return a->kept == b->kept && memcmp(a->id + a->from, b->id + b->from, (size_t)a->kept * sizeof *a->id) == 0;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    (void)c;
    if (f->answers != 2) return;
    s->of++;
    if (f->said[0] == f->said[1])
        hn_tally_add(&s->same, row);
    else if (row->parts == 2 && same_tokens(&row->part[0], &row->part[1]))
        hn_tally_add(&s->cut, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (s->same.n) {
        hn_found(c, s->same.n == s->of ? HN_SEVERITY_ERROR : hn_judge_rare(s->same.n, s->of, 0.01), &s->same, s->of,
                 "in %lld of %lld pairs (%.3g %%) chosen and rejected say the same", (long long)s->same.n, (long long)s->of,
                 hn_percent(s->same.n, s->of));
    }
    if (s->cut.n) {
        hn_finding *f = hn_found(c, s->cut.n == s->of ? HN_SEVERITY_ERROR : hn_judge_rare(s->cut.n, s->of, 0.05), &s->cut, s->of,
                                 "%lld of %lld pairs (%.3g %%) become the same when they are cut to --max_length",
                                 (long long)s->cut.n, (long long)s->of, hn_percent(s->cut.n, s->of));
        hn_found_remedy(c, f, "raise --max_length");
    }
}

const hn_check hn_check_pair_equal = {{.id = "chosen-is-rejected",
                                       .about = "pairs whose two sides say the same",
                                       .cost = "such a pair has no gradient, and holds a reward model at chance",
                                       .remedy = "leave these pairs out"},
                                      .views = HN_VIEW_BIT(PREFERENCE),
                                      .needs = HN_NEEDS_EXAMPLE | HN_WANTS_LEFT_OUT,
                                      .size = sizeof(state),
                                      .row = row,
                                      .end = end};
