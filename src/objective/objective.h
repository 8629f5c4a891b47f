/* objective.h - losses as plain C on small host arrays: nothing of the tape, no tensors.
 *
 * A loss receives log-probabilities (and what else it asked for) as doubles, returns a scalar and writes the
 * seeds d loss / d output. Counts of the whole accumulation window are known before the step. */
#ifndef HN_OBJECTIVE_H
#define HN_OBJECTIVE_H

#include "base/base.h"
#include "data/data.h"

typedef struct hn_norm { /* of the accumulation window, and of this micro-batch */
    double tokens, rows, micro_batches; /* targets that count, logical rows, micro-batches in the window */
    double micro_tokens, micro_rows;
} hn_norm;

typedef struct hn_outputs { /* [R] each; NULL where not asked for */
    int64_t r;
    const double *logp, *entropy, *mean_logp, *mean_logit, *p2;
    const uint8_t *top1;
    /* Where a loss takes a value as a constant (no gradient), it reads it here; NULL: from these outputs themselves.
     * Gradient checks hold such values fixed with it; the trainer leaves it NULL. */
    const struct hn_outputs *held;
} hn_outputs;
typedef struct hn_seeds { /* [R]; NULL where the objective did not ask; zeroed before the call */
    double *logp, *entropy, *mean_logp;
} hn_seeds;

/* Means over micro-batches, each weighing the same, as TRL logs them. */
typedef struct hn_metrics {
    struct { char name[48]; double sum; int64_t n; } v[32];
    int32_t count;
} hn_metrics;
void hn_metrics_clear(hn_metrics *m);
void hn_metrics_add(hn_metrics *m, const char *name, double value);
double hn_metrics_mean(const hn_metrics *m, int32_t i);

typedef enum hn_what { HN_WANT_LOGP = 1, HN_WANT_ENTROPY = 2, HN_WANT_MEAN_LOGP = 4, HN_WANT_MEAN_LOGIT = 8, HN_WANT_TOP1 = 16,
                       HN_WANT_P2 = 32 } hn_what; /* same bits as the logprob op's asks */

typedef struct hn_objective {
    const char *name, *about;
    size_t size;             /* bytes of its options struct */
    const hn_opt *opts;      /* its options, TRL names */
    /* Checks the options; *asks: HN_WANT_ bits. EARG. */
    hn_status (*setup)(const void *self, unsigned *asks, hn_error *err);
    /* The loss is linear in logp and mean_logp with coefficients known before forward (SFT nll): fills seeds and
     * returns true, so that forward and backward of the head are one visit. NULL: never. */
    bool (*known_seeds)(const void *self, const hn_batch *b, const hn_norm *norm, hn_seeds *seeds);
    /* Returns the micro-batch's contribution to the step's loss; seeds: [R] zeroed arrays, filled; NULL: only
     * the value is wanted (evaluation, seeds known before). */
    double (*loss)(const void *self, const hn_outputs *out, const hn_batch *b, const hn_norm *norm, hn_seeds *seeds,
                   hn_metrics *metrics);
    /* Random instance for the finite-difference check: fills options with case number k; false: no such case. */
    bool (*example)(void *self, int k);
} hn_objective;

const hn_objective *hn_objective_find(const char *name); /* NULL: none */
const hn_objective *hn_objective_at(size_t i);           /* NULL past the end */

#endif
