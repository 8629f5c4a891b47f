/* check_length_bias.c - does the length of an answer give away which side is chosen?
 *
 * "The longer one is better" (or the shorter) then is right in that share of pairs, as right as many a reward model: from three
 * pairs in four on training finds this rule first, if the gap is one that shows (a fifth of the mean length). Human preferences
 * lie between 0.45 and 0.66. At least twenty pairs. For answers with single labels the same share is taken over all pairs of a
 * liked and a disliked one, of a sample. */
#include <stdlib.h>
#include <string.h>

#include "check/check_impl.h"

enum { LEAST = 20, SAMPLE = 2048 };
static const double biased = 0.75, gap = 1.2;

typedef struct state {
    int64_t pairs, longer, shorter;
    double chosen, rejected;     /* bytes, sums */
    int64_t n[2];                /* answers with a label: disliked, liked */
    double sum[2];
    int64_t length[2][SAMPLE];   /* the first ones */
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    (void)c;
    if (row->example->kind == HN_KIND_UNPAIRED) {
        int liked = hn_json_bool(hn_json_get(f->value, "label"), false);
        if (s->n[liked] < SAMPLE) s->length[liked][s->n[liked]] = (int64_t)f->answer[0].n;
        s->n[liked]++;
        s->sum[liked] += (double)f->answer[0].n;
        return;
    }
    if (f->answers != 2) return;
    s->pairs++;
    s->longer += f->answer[0].n > f->answer[1].n;
    s->shorter += f->answer[0].n < f->answer[1].n;
    s->chosen += (double)f->answer[0].n;
    s->rejected += (double)f->answer[1].n;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Share of pairs (liked, disliked) in which the liked one is longer, ties half. */
static double longer_share(state *s, int64_t nl, int64_t nd) {
    qsort(s->length[0], (size_t)nd, sizeof **s->length, ascending);
    double won = 0;
    for (int64_t i = 0; i < nl; i++)
        for (int64_t k = 0; k < nd && s->length[0][k] <= s->length[1][i]; k++) won += s->length[0][k] < s->length[1][i] ? 1 : 0.5;
    return won / ((double)nl * (double)nd);
}

static void report(hn_check_ctx *c, double share, int64_t n, double liked, double disliked, const char *names) {
    bool bias = (share >= biased && liked >= gap * disliked) || (share <= 1 - biased && disliked >= gap * liked);
    if (!bias && share > 0.4 && share < 0.6) return;
    hn_found(c, bias ? HN_SEVERITY_WARN : HN_SEVERITY_INFO, NULL, 0,
             "the better answer is the longer one in %.3g %% of %lld %s (mean %.0f bytes against %.0f)", 100 * share,
             (long long)n, names, liked, disliked);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    int64_t differ = s->longer + s->shorter;
    if (differ >= LEAST)
        report(c, (double)s->longer / (double)differ, differ, s->chosen / (double)s->pairs, s->rejected / (double)s->pairs,
               "pairs of different length");
    if (s->n[0] >= LEAST && s->n[1] >= LEAST) {
        int64_t nd = s->n[0] < SAMPLE ? s->n[0] : SAMPLE, nl = s->n[1] < SAMPLE ? s->n[1] : SAMPLE;
        report(c, longer_share(s, nl, nd), s->n[0] + s->n[1], s->sum[1] / (double)s->n[1], s->sum[0] / (double)s->n[0],
               "answers compared");
    }
}

const hn_check hn_check_length_bias = {
    {.id = "length-bias",
     .about = "the length of an answer gives away which side is preferred",
     .cost = "training finds this rule before any other: answers grow (or shrink) without getting better",
     .remedy = "balance the lengths, or train with length-normalised losses and look at rewards at equal length"},
    .views = HN_VIEW_BIT(PREFERENCE) | HN_VIEW_BIT(KTO),
    .needs = HN_NEEDS_EXAMPLE,
    .size = sizeof(state),
    .row = row,
    .end = end};
