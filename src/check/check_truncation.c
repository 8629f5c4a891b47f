/* check_truncation.c - what --max_length takes away: whole answers, or their ends.
 *
 * A row whose answers are all gone teaches none of them, and is mostly dropped: collected sets lose up to seven in a hundred at
 * usual lengths; from one in ten on the run sees another data set than the user thinks. A row cut inside its answer still
 * teaches, but not how answers end: from one in five on that is a habit. Plain text (no prompt) has no answer: its cut rows are
 * counted only. */
#include "check/check_impl.h"

static const double gone_share = 0.1, cut_share = 0.2;

typedef struct state {
    hn_tally gone, cut, text;
    int64_t of, longest;
} state;

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->setup->max_length != HN_UNSET_INT && !c->setup->packed;
}

/* Where answers begin: behind the prompt; where all of a conversation is learnt, at what the assistant says first. In tokens. */
static int64_t answer_begins(const hn_look_part *p, const hn_facets *f) {
    if (p->prompt > 0 || !p->span) return p->prompt;
    size_t turn = 0;
    while (turn < f->turns && !hn_str_eq(f->turn[turn].role, "assistant")) turn++;
    if (turn == f->turns) return 0;
    size_t at = hn_find_in(p->text, hn_trimmed(f->turn[turn].text));
    int64_t i = 0;
    while (at != SIZE_MAX && i < p->n && p->span[i].end <= at) i++;
    return i;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    bool gone = false, cut = false, answer = f->answers > 0 && f->prompt.p != NULL;
    (void)c;
    for (size_t i = 0; i < row->parts; i++) {
        const hn_look_part *p = &row->part[i];
        int64_t all = 0, left = 0, begins = answer_begins(p, f);
        if (p->n > s->longest) s->longest = p->n;
        for (int64_t k = 0; k < p->n; k++) {
            bool target = p->label[k] != HN_IGNORED && k >= begins;
            all += target;
            left += target && k >= p->from && k < p->from + p->kept;
        }
        gone |= all > 0 && left == 0;
        cut |= left < all;
    }
    s->of++;
    if (gone)
        hn_tally_add(&s->gone, row);
    else if (cut)
        hn_tally_add(answer ? &s->cut : &s->text, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    long long max = (long long)c->setup->max_length, of = (long long)s->of;
    if (s->gone.n) {
        hn_found(c, s->gone.n == s->of ? HN_SEVERITY_ERROR : hn_judge_surely(s->gone.n, s->of, gone_share), &s->gone, s->of,
                 "in %lld of %lld rows (%.3g %%) the whole answer lies behind --max_length %lld", (long long)s->gone.n, of,
                 hn_percent(s->gone.n, s->of), max);
    }
    hn_tally *cut = s->cut.n ? &s->cut : &s->text;
    if (!cut->n) return;
    hn_finding *f =
        hn_found(c, cut == &s->cut ? hn_judge_surely(cut->n, s->of, cut_share) : HN_SEVERITY_INFO, cut, s->of,
                 "%lld of %lld rows (%.3g %%) are cut %sat --max_length %lld; the longest has %lld tokens", (long long)cut->n, of,
                 hn_percent(cut->n, s->of), cut == &s->cut ? "inside the answer " : "", max, (long long)s->longest);
    hn_found_cost(c, f, cut == &s->cut ? "these rows do not teach how an answer ends" : "what lies behind the cut is not learnt");
}

const hn_check hn_check_truncation = {{.id = "answer-truncated",
                                       .about = "answers lie behind --max_length, in whole or in part",
                                       .cost = "these rows do not teach their answer; those without any target left are dropped",
                                       .remedy = "raise --max_length, shorten prompts, or --packing with bfd_split"},
                                      .views = HN_ANSWER_VIEWS | HN_VIEW_BIT(TEXT),
                                      .needs = HN_NEEDS_PARTS,
                                      .size = sizeof(state),
                                      .begin = begin,
                                      .row = row,
                                      .end = end};
