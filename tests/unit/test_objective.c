/* rooms: objective data text base */
/* test_objective.c - every registered objective, every example of its options, on random outputs: the seeds are the
 * derivatives of the loss, and k micro-batches give what one batch gives. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "objective/objective.h"

enum { R = 24, SEQUENCES = 6, SPLITS = 3 };

typedef struct { /* outputs of a head, and room for seeds */
    double logp[R], entropy[R], mean_logp[R], mean_logit[R], p2[R];
    uint8_t top1[R];
    double d_logp[R], d_entropy[R], d_mean_logp[R];
    double weight[R];
    int32_t row[R], target[R], sequence[R];
} columns;

static void fill(columns *c, uint64_t seed) {
    hn_rng_key key = {seed, HN_RNG_TEST, 0, 0};
    memset(c, 0, sizeof *c);
    for (int i = 0; i < R; i++) {
        uint64_t at = (uint64_t)i * 8;
        c->logp[i] = -4 * hn_rng_uniform(&key, at) - 0.01;
        c->entropy[i] = 3 * hn_rng_uniform(&key, at + 1);
        c->mean_logp[i] = c->logp[i] - 2 * hn_rng_uniform(&key, at + 2) - 1;
        c->mean_logit[i] = hn_rng_uniform(&key, at + 3) - 0.5;
        c->p2[i] = hn_rng_uniform(&key, at + 4);
        c->top1[i] = hn_rng_uniform(&key, at + 5) < 0.5;
        c->weight[i] = i % 7 != 3;
        c->row[i] = i;
        c->target[i] = i;
        c->sequence[i] = i / (R / SEQUENCES);
    }
}

static hn_outputs outputs(const columns *c, unsigned asks, int64_t from, int64_t n) {
    return (hn_outputs){.r = n,
                        .logp = asks & HN_WANT_LOGP ? c->logp + from : NULL,
                        .entropy = asks & HN_WANT_ENTROPY ? c->entropy + from : NULL,
                        .mean_logp = asks & HN_WANT_MEAN_LOGP ? c->mean_logp + from : NULL,
                        .mean_logit = asks & HN_WANT_MEAN_LOGIT ? c->mean_logit + from : NULL,
                        .top1 = asks & HN_WANT_TOP1 ? c->top1 + from : NULL,
                        .p2 = asks & HN_WANT_P2 ? c->p2 + from : NULL};
}

static hn_batch batch_of(columns *c, int64_t from, int64_t n) {
    return (hn_batch){.rows = n, .row = c->row + from, .target = c->target + from, .weight = c->weight + from,
                      .sequence = c->sequence + from, .sequences = SEQUENCES * n / R};
}

static double weights(const columns *c, int64_t from, int64_t n) {
    double sum = 0;
    for (int64_t i = from; i < from + n; i++) sum += c->weight[i];
    return sum;
}

/* Loss of rows [from, from + n) of a window of all R; seeds (may be NULL) into the d_ columns. */
static double run(const hn_objective *o, const void *self, unsigned asks, columns *c, const columns *held, int64_t from,
                  int64_t n, bool seeds, hn_metrics *m) {
    hn_outputs out = outputs(c, asks, from, n), fixed = {0};
    if (held) {
        fixed = outputs(held, asks, from, n);
        out.held = &fixed;
    }
    hn_batch b = batch_of(c, from, n);
    hn_norm norm = {weights(c, 0, R), SEQUENCES, (double)(R / n), weights(c, from, n), (double)b.sequences};
    hn_seeds s = {c->d_logp + from, asks & HN_WANT_ENTROPY ? c->d_entropy + from : NULL,
                  asks & HN_WANT_MEAN_LOGP ? c->d_mean_logp + from : NULL};
    hn_metrics none;
    hn_metrics_clear(&none);
    return o->loss(self, &out, &b, &norm, seeds ? &s : NULL, m ? m : &none);
}

static void check_column(const hn_objective *o, const void *self, unsigned asks, columns *c, double *x, const double *d,
                         const char *name, int k) {
    static columns held;
    held = *c;
    const double h = 1e-5;
    for (int i = 0; i < R; i++) {
        double was = x[i];
        x[i] = was + h;
        double up = run(o, self, asks, c, &held, 0, R, false, NULL);
        x[i] = was - h;
        double down = run(o, self, asks, c, &held, 0, R, false, NULL);
        x[i] = was;
        double want = (up - down) / (2 * h);
        if (fabs(want - d[i]) > 1e-7 * (1 + fabs(want))) fail_msg("%s case %d: d/d%s[%d] is %g, not %g", o->name, k, name, i, want, d[i]);
    }
}

static void check_known(const hn_objective *o, const void *self, unsigned asks, columns *c, int k) {
    static columns other;
    fill(&other, 99); /* other outputs: known means that they do not matter */
    memcpy(other.weight, c->weight, sizeof c->weight);
    hn_batch b = batch_of(&other, 0, R);
    hn_norm norm = {weights(c, 0, R), SEQUENCES, 1, weights(c, 0, R), SEQUENCES};
    hn_seeds s = {other.d_logp, NULL, asks & HN_WANT_MEAN_LOGP ? other.d_mean_logp : NULL};
    if (!o->known_seeds || !o->known_seeds(self, &b, &norm, &s)) return;
    if (memcmp(other.d_logp, c->d_logp, sizeof c->d_logp) != 0) fail_msg("%s case %d: seeds of logp are not the known ones", o->name, k);
    if (memcmp(other.d_mean_logp, c->d_mean_logp, sizeof c->d_mean_logp) != 0)
        fail_msg("%s case %d: seeds of mean_logp are not the known ones", o->name, k);
}

static void check_micro_batches(const hn_objective *o, const void *self, unsigned asks, columns *c, double whole, int k) {
    static columns cut;
    cut = *c;
    memset(cut.d_logp, 0, sizeof cut.d_logp);
    memset(cut.d_mean_logp, 0, sizeof cut.d_mean_logp);
    double sum = 0;
    for (int64_t i = 0; i < SPLITS; i++) sum += run(o, self, asks, &cut, NULL, i * R / SPLITS, R / SPLITS, true, NULL);
    if (fabs(sum - whole) > 1e-12 * (1 + fabs(whole))) fail_msg("%s case %d: %d micro-batches give %.15g, one %.15g", o->name, k, SPLITS, sum, whole);
    assert_memory_equal(cut.d_logp, c->d_logp, sizeof c->d_logp);
    assert_memory_equal(cut.d_mean_logp, c->d_mean_logp, sizeof c->d_mean_logp);
}

static void test_registry(void **state) {
    (void)state;
    const hn_objective *o;
    int checked = 0;
    for (size_t i = 0; (o = hn_objective_at(i)); i++) {
        assert_ptr_equal(hn_objective_find(o->name), o);
        void *self = calloc(1, o->size);
        assert_non_null(self);
        for (int k = 0; o->example(self, k); k++, checked++) {
            unsigned asks = 0;
            hn_error e = {0};
            static columns c;
            fill(&c, 7 + (uint64_t)k);
            if (o->setup(self, &asks, &e) != HN_OK) fail_msg("%s", e.msg);
            double whole = run(o, self, asks, &c, NULL, 0, R, true, NULL);
            check_column(o, self, asks, &c, c.logp, c.d_logp, "logp", k);
            if (asks & HN_WANT_MEAN_LOGP) check_column(o, self, asks, &c, c.mean_logp, c.d_mean_logp, "mean_logp", k);
            if (asks & HN_WANT_ENTROPY) check_column(o, self, asks, &c, c.entropy, c.d_entropy, "entropy", k);
            check_known(o, self, asks, &c, k);
            check_micro_batches(o, self, asks, &c, whole, k);
        }
        free(self);
    }
    assert_true(checked >= 4);
    assert_null(hn_objective_find("nothing"));
}

/* An objective with options set as a user would. */
static void *configured(hn_config *cfg, const hn_objective *o, const char *name, const char *value) {
    void *self = calloc(1, o->size);
    assert_non_null(self);
    assert_int_equal(hn_config_add(cfg, o->opts, self, NULL), HN_OK);
    if (name) assert_int_equal(hn_config_set(cfg, name, value, HN_FROM_FLAG, NULL), HN_OK);
    return self;
}

static double sft_loss(const char *name, const char *value, hn_metrics *m) {
    static columns c;
    fill(&c, 3);
    for (int i = 0; i < R; i++) c.weight[i] = i < 2;
    c.logp[0] = -1, c.logp[1] = -3, c.mean_logp[0] = -5, c.mean_logp[1] = -7;
    c.entropy[0] = 0.5, c.entropy[1] = 1.5, c.top1[0] = 1, c.top1[1] = 0;
    const hn_objective *o = hn_objective_find("sft");
    hn_config *cfg;
    assert_int_equal(hn_config_new(&cfg, NULL), HN_OK);
    void *self = configured(cfg, o, name, value);
    unsigned asks;
    assert_int_equal(o->setup(self, &asks, NULL), HN_OK);
    double loss = run(o, self, asks, &c, NULL, 0, R, true, m);
    hn_config_free(cfg);
    free(self);
    return loss;
}

static void near(double got, double want) {
    if (fabs(got - want) > 1e-12) fail_msg("%.15g, not %.15g", got, want);
}

static void test_sft_values(void **state) {
    (void)state;
    hn_metrics m;
    hn_metrics_clear(&m);
    near(sft_loss(NULL, NULL, &m), 2.0);
    near(sft_loss("loss_type", "chunked_nll", &m), 2.0);
    near(sft_loss("label_smoothing_factor", "0.25", &m), 0.75 * 2 + 0.25 * 6);
    near(sft_loss("loss_type", "dft", &m), (exp(-1) + 3 * exp(-3)) / 2);
    assert_int_equal(m.count, 2);
    assert_string_equal(m.v[0].name, "entropy");
    assert_int_equal(m.v[0].n, 4);
    near(hn_metrics_mean(&m, 0), 1.0);
    assert_string_equal(m.v[1].name, "mean_token_accuracy");
    near(hn_metrics_mean(&m, 1), 0.5);
}

static void test_sft_no_targets(void **state) {
    (void)state;
    const hn_objective *o = hn_objective_find("sft");
    void *self = calloc(1, o->size);
    assert_non_null(self);
    assert_true(o->example(self, 0));
    hn_outputs out = {0};
    hn_batch b = {0};
    hn_norm norm = {0};
    hn_seeds s = {0};
    hn_metrics m;
    hn_metrics_clear(&m);
    near(o->loss(self, &out, &b, &norm, &s, &m), 0);
    near(hn_metrics_mean(&m, 0), 0);
    free(self);
}

static void test_sft_refuses(void **state) {
    (void)state;
    const hn_objective *o = hn_objective_find("sft");
    hn_config *cfg;
    hn_error e = {0};
    unsigned asks;
    assert_int_equal(hn_config_new(&cfg, NULL), HN_OK);
    void *self = configured(cfg, o, "loss_type", "dft");
    assert_int_equal(hn_config_set(cfg, "loss_type", "mse", HN_FROM_FLAG, &e), HN_EARG);
    assert_int_equal(hn_config_set(cfg, "label_smoothing_factor", "1.5", HN_FROM_FLAG, &e), HN_EARG);
    assert_int_equal(hn_config_set(cfg, "label_smoothing_factor", "0.1", HN_FROM_FLAG, &e), HN_OK);
    assert_int_equal(o->setup(self, &asks, &e), HN_EARG);
    assert_string_not_equal(e.fix, "");
    hn_config_free(cfg);
    free(self);
}

static void test_metrics_full(void **state) {
    (void)state;
    hn_metrics m;
    hn_metrics_clear(&m);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        hn_metrics_add(&m, name, i);
    }
    assert_int_equal(m.count, 32); /* what has no room is left out, the rest stands */
    near(hn_metrics_mean(&m, 31), 31);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry), cmocka_unit_test(test_sft_values), cmocka_unit_test(test_sft_no_targets),
        cmocka_unit_test(test_sft_refuses), cmocka_unit_test(test_metrics_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
