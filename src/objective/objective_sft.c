/* objective_sft.c - supervised fine-tuning (TRL SFTTrainer.compute_loss). T: targets of the whole accumulation window.
 *
 *   nll: sum of -log p(target) / T; with label_smoothing_factor e:
 *        ((1 - e) sum of -log p(target) + e sum of -(mean of log p over the vocabulary)) / T
 *   dft: sum of -p(target) log p(target) / T, p taken as a constant (arXiv 2508.05629); no smoothing, as in TRL */
#include "objective/objective.h"

#include <math.h>
#include <stddef.h>

typedef struct sft_opts {
    char *loss_type;
    double label_smoothing_factor;
} sft_opts;

static const hn_opt table[] = {{.name = "loss_type",
                                .help = "nll (also called chunked_nll), or dft: each token weighted by its own probability",
                                .type = HN_OPT_STR,
                                .offset = offsetof(sft_opts, loss_type),
                                .def = "nll",
                                .choices = "nll|chunked_nll|dft",
                                .group = "Loss"},
                               {.name = "label_smoothing_factor",
                                .help = "share of the target spread over the whole vocabulary (nll only)",
                                .type = HN_OPT_FLOAT,
                                .offset = offsetof(sft_opts, label_smoothing_factor),
                                .def = "0",
                                .min = 0,
                                .max = 1,
                                .group = "Loss"},
                               {.name = NULL}};

static bool is_dft(const sft_opts *o) { return hn_streq(o->loss_type, "dft"); }
static double smoothing(const sft_opts *o) { return is_dft(o) ? 0.0 : o->label_smoothing_factor; }

static hn_status setup(const void *self, unsigned *asks, hn_error *err) {
    const sft_opts *o = self;
    if (is_dft(o) && o->label_smoothing_factor > 0) {
        hn_fail(err, HN_EARG, "label_smoothing_factor %g has no meaning for loss_type dft", o->label_smoothing_factor);
        hn_error_fix(err, "--label_smoothing_factor 0, or --loss_type nll");
        return HN_EARG;
    }
    *asks = HN_WANT_LOGP | HN_WANT_ENTROPY | HN_WANT_TOP1 | (smoothing(o) > 0 ? HN_WANT_MEAN_LOGP : 0);
    return HN_OK;
}

/* At least 1, so that a window without targets gives 0 and not 0/0. */
static double targets(const hn_norm *norm) { return norm->tokens > 1 ? norm->tokens : 1; }

static bool known_seeds(const void *self, const hn_batch *b, const hn_norm *norm, hn_seeds *seeds) {
    const sft_opts *o = self;
    double e = smoothing(o), t = targets(norm);
    if (is_dft(o)) return false;
    for (int64_t i = 0; i < b->rows; i++) {
        seeds->logp[i] = -(1 - e) * b->weight[i] / t;
        if (e > 0) seeds->mean_logp[i] = -e * b->weight[i] / t;
    }
    return true;
}

static double loss_nll(const sft_opts *o, const hn_outputs *out, const hn_batch *b) {
    double e = smoothing(o), sum = 0, spread = 0;
    for (int64_t i = 0; i < out->r; i++) {
        sum -= b->weight[i] * out->logp[i];
        if (e > 0) spread -= b->weight[i] * out->mean_logp[i];
    }
    return (1 - e) * sum + e * spread;
}

static double loss_dft(const hn_outputs *out, const hn_batch *b, double t, hn_seeds *seeds) {
    const hn_outputs *held = out->held ? out->held : out;
    double sum = 0;
    for (int64_t i = 0; i < out->r; i++) {
        double p = exp(held->logp[i]);
        sum -= b->weight[i] * p * out->logp[i];
        if (seeds) seeds->logp[i] = -b->weight[i] * p / t;
    }
    return sum;
}

/* Means over the targets of this micro-batch; 0 where it has none. */
static void report(const hn_outputs *out, const hn_batch *b, hn_metrics *metrics) {
    double n = 0, entropy = 0, right = 0;
    for (int64_t i = 0; i < out->r; i++) {
        if (b->weight[i] == 0) continue;
        n++;
        entropy += out->entropy[i];
        right += out->top1[i];
    }
    hn_metrics_add(metrics, "entropy", n > 0 ? entropy / n : 0);
    hn_metrics_add(metrics, "mean_token_accuracy", n > 0 ? right / n : 0);
}

static double loss(const void *self, const hn_outputs *out, const hn_batch *b, const hn_norm *norm, hn_seeds *seeds,
                   hn_metrics *metrics) {
    const sft_opts *o = self;
    double t = targets(norm), sum;
    if (is_dft(o)) {
        sum = loss_dft(out, b, t, seeds);
    } else {
        sum = loss_nll(o, out, b);
        if (seeds) known_seeds(self, b, norm, seeds);
    }
    report(out, b, metrics);
    return sum / t;
}

static bool example(void *self, int k) {
    static const struct { const char *loss_type; double smoothing; } cases[] = {
        {"nll", 0}, {"chunked_nll", 0.1}, {"nll", 1}, {"dft", 0}};
    if (k < 0 || k >= (int)(sizeof cases / sizeof *cases)) return false;
    sft_opts *o = self;
    o->loss_type = (char *)(uintptr_t)cases[k].loss_type; /* read only */
    o->label_smoothing_factor = cases[k].smoothing;
    return true;
}

const hn_objective hn_objective_sft = {.name = "sft",
                                       .about = "next-token loss over the targets of the window (nll, dft)",
                                       .size = sizeof(sft_opts),
                                       .opts = table,
                                       .setup = setup,
                                       .known_seeds = known_seeds,
                                       .loss = loss,
                                       .example = example};
