/* sample.c - from one row of logits to a token, by the rules and in the order of transformers' generate:
 *   repetition penalty  z < 0 ? z * r : z / r for every token seen so far
 *   temperature         z / T
 *   top-k               keep z >= the k-th largest (ties stay)
 *   top-p               keep the smallest set, largest first, whose mass reaches p
 *   min-p               keep p_i >= min_p * max p
 * then one draw from softmax of what is left. */
#include <math.h>
#include <stdlib.h>

#include "gen/gen.h"

hn_status hn_sampler_check(const hn_sampler *s, hn_error *err) {
    if (s->sample && !(s->temperature > 0)) {
        hn_fail(err, HN_EARG, "temperature must be above 0, not %g", s->temperature);
        hn_error_fix(err, "for the most probable token each time use --do_sample false");
        return HN_EARG;
    }
    if (!(s->top_p > 0) || s->top_p > 1)
        return hn_fail(err, HN_EARG, "top_p must be above 0 and at most 1, not %g", s->top_p);
    if (s->min_p < 0 || s->min_p > 1)
        return hn_fail(err, HN_EARG, "min_p must be from 0 to 1, not %g", s->min_p);
    if (!(s->repetition_penalty > 0))
        return hn_fail(err, HN_EARG, "repetition_penalty must be above 0, not %g", s->repetition_penalty);
    if (s->top_k < 0)
        return hn_fail(err, HN_EARG, "top_k must be 0 (off) or more, not %lld", (long long)s->top_k);
    return HN_OK;
}

static int32_t first_max(const double *z, int64_t v) {
    int64_t best = 0;
    for (int64_t i = 1; i < v; i++)
        if (z[i] > z[best]) best = i;
    return (int32_t)best;
}

/* Larger probability first; equal ones by id, so that the order is the same everywhere. */
static int by_mass(const void *a, const void *b) {
    const hn_pick *x = a, *y = b;
    if (x->p != y->p) return x->p < y->p ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* The k-th largest of z, through a heap of the k largest so far whose root is the smallest of them. */
static double kth_largest(const double *z, int64_t v, int64_t k, hn_pick *heap) {
    for (int64_t i = 0; i < v; i++) {
        int64_t at = i;
        if (i < k) { /* grow: sift up */
            for (; at > 0 && heap[(at - 1) / 2].p > z[i]; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
            heap[at].p = z[i];
        } else if (z[i] > heap[0].p) { /* replace the root: sift down */
            for (at = 0; 2 * at + 1 < k;) {
                int64_t child = 2 * at + 1;
                if (child + 1 < k && heap[child + 1].p < heap[child].p) child++;
                if (heap[child].p >= z[i]) break;
                heap[at] = heap[child];
                at = child;
            }
            heap[at].p = z[i];
        }
    }
    return heap[0].p;
}

/* Fills work with (logit, id) of the tokens that pass top-k, in the order of ids. */
static int64_t candidates(const hn_sampler *s, const double *z, int64_t v, hn_pick *work) {
    double least = s->top_k > 0 && s->top_k < v ? kth_largest(z, v, s->top_k, work) : -(double)INFINITY;
    int64_t n = 0;
    for (int64_t i = 0; i < v; i++)
        if (z[i] >= least) work[n++] = (hn_pick){z[i], (int32_t)i};
    return n;
}

/* Keeps the smallest set, largest first, whose mass reaches p. All tokens below (1 - p) / n together weigh less than
 * 1 - p, so they are never needed and need not be sorted. */
static int64_t nucleus(double p, hn_pick *work, int64_t n) {
    double least = (1 - p) / (double)n, mass = 0;
    int64_t kept = 0, take = 0;
    for (int64_t i = 0; i < n; i++)
        if (work[i].p >= least) work[kept++] = work[i];
    qsort(work, (size_t)kept, sizeof *work, by_mass);
    while (take < kept && mass < p) mass += work[take++].p;
    return take;
}

/* Turns logits in work[0..n) into probabilities; returns their largest. */
static double normalise(hn_pick *work, int64_t n) {
    double top = work[0].p, sum = 0, best = 0;
    for (int64_t i = 1; i < n; i++) top = fmax(top, work[i].p);
    for (int64_t i = 0; i < n; i++) sum += work[i].p = exp(work[i].p - top);
    for (int64_t i = 0; i < n; i++) best = fmax(best, work[i].p /= sum);
    return best;
}

int32_t hn_sampler_pick(const hn_sampler *s, double *logits, int64_t v, const uint8_t *seen, double u, hn_pick *work) {
    if (seen && s->repetition_penalty != 1)
        for (int64_t i = 0; i < v; i++)
            if (seen[i])
                logits[i] = logits[i] < 0 ? logits[i] * s->repetition_penalty : logits[i] / s->repetition_penalty;
    if (!s->sample) return first_max(logits, v);
    for (int64_t i = 0; i < v; i++) logits[i] /= s->temperature;
    int64_t n = candidates(s, logits, v, work);
    double best = normalise(work, n);
    if (s->top_p < 1) n = nucleus(s->top_p, work, n);
    if (s->min_p > 0) {
        int64_t keep = 0;
        for (int64_t i = 0; i < n; i++)
            if (work[i].p >= s->min_p * best) work[keep++] = work[i];
        n = keep;
    }
    double total = 0, at = 0;
    for (int64_t i = 0; i < n; i++) total += work[i].p;
    for (int64_t i = 0; i < n; i++) {
        at += work[i].p;
        if (u * total < at) return work[i].id;
    }
    return work[n - 1].id;
}
