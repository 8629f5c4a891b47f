/* mix.c - the order of an interleaved mixture, as datasets.interleave_datasets has it.
 *
 * Without weights the parts take turns; with weights each record's part is drawn by them (numpy's choice: the first part
 * whose cumulated share lies above a uniform number). A part that is exhausted ends the mixture (first_exhausted), begins
 * again until every part was exhausted once (all_exhausted), or is passed over from then on (without replacement). */
#include "data/sources_impl.h"

#include <math.h>

void hn_mixer_close(hn_mixer *m) {
    hn_free(m->share);
    hn_free(m->taken);
    hn_free(m->exhausted);
    *m = (hn_mixer){0};
}

static hn_status take_shares(hn_mixer *m, const hn_sources *s, hn_error *err) {
    size_t given = 0;
    for (size_t i = 0; i < s->n; i++) given += isnan(s->part[i].weight) ? 0 : 1;
    if (given == 0) return HN_OK;
    if (given < s->n) {
        hn_fail(err, HN_EARG, "%zu of %zu data sets have a weight", given, s->n);
        hn_error_fix(err, "give all of them one, or none: then they take turns");
        return HN_EARG;
    }
    if (!(m->share = hn_alloc_array(s->n, sizeof *m->share))) return hn_nomem(err, s->n * sizeof *m->share);
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double w = s->part[i].weight;
        if (w < 0 || !isfinite(w)) return hn_fail(err, HN_EARG, "the weight of '%s' is %g", s->part[i].name, w);
        if (w == 0 && m->stopping != HN_STOP_FIRST_EXHAUSTED) {
            hn_fail(err, HN_EARG, "the weight of '%s' is 0, so it is never exhausted", s->part[i].name);
            hn_error_fix(err, "leave it out, or use --stopping_strategy first_exhausted");
            return HN_EARG;
        }
        m->share[i] = sum += w;
    }
    if (!(sum > 0)) return hn_fail(err, HN_EARG, "the weights of all data sets are 0");
    for (size_t i = 0; i < s->n; i++) m->share[i] /= sum;
    return HN_OK;
}

static bool drawable(const hn_mixer *m, size_t i) { return !m->share || m->share[i] > (i ? m->share[i - 1] : 0); }

hn_status hn_mixer_open(hn_mixer *m, const hn_sources *s, const int64_t *size, hn_error *err) {
    *m = (hn_mixer){.n = s->n, .size = size, .stopping = s->stopping};
    m->taken = hn_calloc(s->n, sizeof *m->taken);
    m->exhausted = hn_calloc(s->n, sizeof *m->exhausted);
    hn_status st = m->taken && m->exhausted ? take_shares(m, s, err) : hn_nomem(err, s->n * sizeof *m->taken);
    for (size_t i = 0; i < s->n && st == HN_OK; i++) {
        if (size[i] > 0 || !drawable(m, i)) continue;
        st = hn_fail(err, HN_EFORMAT, "%s: no records: nothing to interleave", s->part[i].name);
        hn_error_fix(err, "leave it out of the mixture");
    }
    hn_numpy_seed(&m->rng, s->seed);
    if (st != HN_OK) hn_mixer_close(m);
    return st;
}

static bool over(const hn_mixer *m) {
    bool any = false, all = true;
    for (size_t i = 0; i < m->n; i++) {
        any = any || m->exhausted[i];
        all = all && m->exhausted[i];
    }
    if (m->stopping != HN_STOP_FIRST_EXHAUSTED)
        return all && (m->at == 0 || m->share || m->stopping == HN_STOP_WITHOUT_REPLACEMENT);
    return any && (m->at == 0 || m->share); /* turns: a round is ended */
}

static size_t draw(hn_mixer *m) {
    if (!m->share) {
        size_t i = m->at;
        m->at = (m->at + 1) % m->n;
        return i;
    }
    double u = hn_numpy_uniform(&m->rng);
    size_t low = 0, high = m->n - 1;
    while (low < high) { /* the first share above u */
        size_t middle = low + (high - low) / 2;
        if (m->share[middle] > u) high = middle;
        else low = middle + 1;
    }
    return low;
}

bool hn_mixer_next(hn_mixer *m, size_t *part) {
    if (m->n == 0 || over(m)) return false;
    do *part = draw(m);
    while (m->stopping == HN_STOP_WITHOUT_REPLACEMENT && m->exhausted[*part]);
    if (++m->taken[*part] < m->size[*part]) return true;
    m->exhausted[*part] = true;
    m->taken[*part] = 0;
    return true;
}
