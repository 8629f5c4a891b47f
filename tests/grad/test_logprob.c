/* rooms: grad dev base */
/* test_logprob.c - the waist against the formulas written out in double, its gradients against central differences,
 * seeds known before against seeds given after (to the bit), any cut into chunks (to the bit in forward). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "grad/tape_impl.h" /* for chunk_bytes: small heads would never be cut */

enum { N = 9, D = 5, V = 11, R = 8 };
enum { BIAS = 1, TRANSPOSED = 2, SOFTCAP = 4, SCALE = 8, ADJOINING = 16, CUT = 32, VARIANTS = 64 };
enum { ALL = HN_ASK_LOGP | HN_ASK_ENTROPY | HN_ASK_MEAN_LOGP | HN_ASK_MEAN_LOGIT | HN_ASK_TOP1 | HN_ASK_P2 | HN_ASK_ARGMAX };

static const int64_t dim_h[2] = {N, D}, dim_w[2] = {V, D}, dim_wt[2] = {D, V}, dim_b[1] = {V};
static const int32_t scattered[R] = {7, 2, 2, 0, 8, 4, 2, 7}, adjoining[R] = {1, 2, 3, 4, 5, 6, 7, 8};
static const int32_t target[R] = {3, 10, -1, 0, 5, 5, 7, -1};

typedef struct rig {
    hn_tape *t;
    unsigned variant;
    hn_tensor p[3], g[3]; /* hidden, w, b */
    double value[3][V * D];
    char memory[3][2][V * D * sizeof(double)];
    double logp[R], entropy[R], mean[R]; /* seeds */
} rig;

static hn_dev *dev;

static void rig_open(rig *r, unsigned variant, hn_dtype dtype) {
    memset(r, 0, sizeof *r);
    r->variant = variant;
    hn_error err = {0};
    if (hn_tape_new(dev, dtype, &r->t, &err) != HN_OK) fail_msg("%s", err.msg);
    if (variant & CUT) r->t->chunk_bytes = 3 * V * (int64_t)hn_dtype_size(dtype) / 2; /* three rows */
    for (int i = 0; i < 3; i++) {
        const int64_t *dim = i == 0 ? dim_h : i == 2 ? dim_b : variant & TRANSPOSED ? dim_wt : dim_w;
        float x[V * D];
        hn_rng_key key = {.seed = variant, .purpose = HN_RNG_TEST, .site = (uint32_t)i};
        hn_tensor_wrap(&r->p[i], i == 2 ? 1 : 2, dim, dtype, r->memory[i][0]);
        hn_tensor_wrap(&r->g[i], i == 2 ? 1 : 2, dim, dtype, r->memory[i][1]);
        r->p[i].needs_grad = true;
        r->p[i].grad = &r->g[i];
        hn_rng_fill_normal(&key, x, V * D, 0.0f, 1.0f);
        for (int j = 0; j < V * D; j++) r->value[i][j] = (double)x[j];
    }
    for (int i = 0; i < R; i++) {
        r->logp[i] = sin(1.0 + i);
        r->entropy[i] = cos(2.0 * i);
        r->mean[i] = sin(0.5 - 3.0 * i);
    }
}

static void rig_close(rig *r) {
    hn_tape_free(r->t);
}

static hn_logprob *forward(rig *r, bool seeded) {
    hn_tape_reset(r->t);
    for (int i = 0; i < 3; i++) {
        hn_convert(hn_tensor_count(&r->p[i]), HN_F64, r->value[i], r->p[i].dtype, r->p[i].data);
    }
    hn_logprob_in in = {.hidden = &r->p[0], .w = &r->p[1], .b = r->variant & BIAS ? &r->p[2] : NULL,
                        .transposed = (r->variant & TRANSPOSED) != 0, .scale = r->variant & SCALE ? 0.7 : 1.0,
                        .softcap = r->variant & SOFTCAP ? 1.3 : 0.0,
                        .row = r->variant & ADJOINING ? adjoining : scattered, .target = target, .r = R, .asks = ALL,
                        .seed_logp = seeded ? r->logp : NULL, .seed_mean_logp = seeded ? r->mean : NULL};
    hn_logprob *lp = hn_op_logprob(r->t, &in);
    hn_error err = {0};
    if (hn_tape_status(r->t, &err) != HN_OK || !lp) fail_msg("%s", err.msg);
    return lp;
}

static double logit(const rig *r, int i, int j) {
    int row = (r->variant & ADJOINING ? adjoining : scattered)[i];
    double u = r->variant & BIAS ? r->value[2][j] : 0.0;
    for (int k = 0; k < D; k++) {
        u += r->value[0][row * D + k] * (r->variant & TRANSPOSED ? r->value[1][k * V + j] : r->value[1][j * D + k]);
    }
    if (r->variant & SCALE) u *= 0.7;
    return r->variant & SOFTCAP ? 1.3 * tanh(u / 1.3) : u;
}

/* The definitions, row by row. */
static void check_values(const rig *r, const hn_logprob *lp, double tol) {
    for (int i = 0; i < R; i++) {
        double z[V], sum = 0.0, total = 0.0, entropy = 0.0, p2 = 0.0;
        int best = 0;
        for (int j = 0; j < V; j++) {
            z[j] = logit(r, i, j);
            sum += exp(z[j]);
            total += z[j];
            if (z[j] > z[best]) best = j;
        }
        double lse = log(sum);
        for (int j = 0; j < V; j++) {
            double p = exp(z[j] - lse);
            entropy -= p * (z[j] - lse);
            p2 += p * p;
        }
        assert_true(fabs(lp->logp[i] - (target[i] < 0 ? 0.0 : z[target[i]] - lse)) < tol);
        assert_true(fabs(lp->entropy[i] - entropy) < tol);
        assert_true(fabs(lp->mean_logp[i] - (total / V - lse)) < tol);
        assert_true(fabs(lp->mean_logit[i] - total / V) < tol);
        assert_true(fabs(lp->p2[i] - p2) < tol);
        assert_int_equal(lp->argmax[i], best);
        assert_int_equal(lp->top1[i], best == target[i]);
    }
}

static void test_values(void **state) {
    (void)state;
    static rig r;
    for (unsigned v = 0; v < VARIANTS; v++) {
        for (int narrow = 0; narrow < 2; narrow++) {
            rig_open(&r, v, narrow ? HN_F32 : HN_F64);
            check_values(&r, forward(&r, false), narrow ? 2e-5 : 1e-12);
            rig_close(&r);
        }
    }
}

static double loss(rig *r) {
    const hn_logprob *lp = forward(r, false);
    double sum = 0.0;
    for (int i = 0; i < R; i++) {
        if (target[i] >= 0) sum += r->logp[i] * lp->logp[i];
        sum += r->entropy[i] * lp->entropy[i] + r->mean[i] * lp->mean_logp[i];
    }
    return sum;
}

static void gradients(rig *r, bool before, bool entropy, double got[3][V * D]) {
    hn_error err = {0};
    memset(got, 0, 3 * sizeof *got);
    for (int i = 0; i < 3; i++) r->p[i].grad_fresh = true;
    hn_tape_record(r->t, true);
    hn_logprob *lp = forward(r, before);
    if (!before && hn_logprob_seed(r->t, lp, r->logp, entropy ? r->entropy : NULL, r->mean, &err) != HN_OK) {
        fail_msg("%s", err.msg);
    }
    if (hn_tape_backward(r->t, &err) != HN_OK) fail_msg("%s", err.msg);
    for (int i = 0; i < 3; i++) {
        if (!r->p[i].grad_fresh) hn_tensor_get(&r->g[i], got[i]);
    }
}

static void test_differences(void **state) {
    (void)state;
    static rig r;
    static double got[3][V * D];
    for (unsigned v = 0; v < VARIANTS; v++) {
        rig_open(&r, v, HN_F64);
        gradients(&r, false, true, got);
        hn_tape_record(r.t, false);
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < hn_tensor_count(&r.p[i]); j++) {
                double keep = r.value[i][j];
                r.value[i][j] = keep + 1e-5;
                double up = loss(&r);
                r.value[i][j] = keep - 1e-5;
                double want = (up - loss(&r)) / 2e-5;
                r.value[i][j] = keep;
                if (fabs(got[i][j] - want) > 1e-6 * fmax(1.0, fabs(want))) {
                    fail_msg("variant %u input %d at %d: %.12g, wanted %.12g", v, i, j, got[i][j], want);
                }
            }
        }
        rig_close(&r);
    }
}

static void test_seeds_before_and_after(void **state) {
    (void)state;
    static rig r;
    static double before[3][V * D], after[3][V * D];
    for (unsigned v = 0; v < VARIANTS; v++) {
        for (int narrow = 0; narrow < 2; narrow++) {
            rig_open(&r, v, narrow ? HN_F32 : HN_F64);
            gradients(&r, true, false, before);
            gradients(&r, false, false, after);
            assert_memory_equal(before, after, sizeof before);
            rig_close(&r);
        }
    }
}

static void test_chunks_do_not_show(void **state) {
    (void)state;
    static rig whole, cut;
    for (unsigned v = 0; v < CUT; v++) {
        rig_open(&whole, v, HN_F32);
        rig_open(&cut, v | CUT, HN_F32);
        memcpy(cut.value, whole.value, sizeof cut.value);
        const hn_logprob *a = forward(&whole, false), *b = forward(&cut, false);
        assert_memory_equal(a->logp, b->logp, R * sizeof(double));
        assert_memory_equal(a->entropy, b->entropy, R * sizeof(double));
        assert_memory_equal(a->mean_logp, b->mean_logp, R * sizeof(double));
        rig_close(&whole);
        rig_close(&cut);
    }
}

/* A trunk before the head: hidden's gradient memory is the tape's, and other users of hidden add to it. */
static void test_trunk(void **state) {
    (void)state;
    static rig r;
    static double got[2][V * D];
    for (int before = 0; before < 2; before++) {
        hn_error err = {0};
        rig_open(&r, 0, HN_F64);
        forward(&r, false);
        hn_tape_reset(r.t);
        for (int i = 0; i < 3; i++) r.p[i].grad_fresh = true;
        hn_tensor *h = hn_op_scale(r.t, &r.p[0], 2.0);
        hn_logprob_in in = {.hidden = h, .w = &r.p[1], .scale = 1.0, .row = scattered, .target = target, .r = R,
                            .asks = HN_ASK_LOGP, .seed_logp = before ? r.logp : NULL};
        hn_logprob *lp = hn_op_logprob(r.t, &in);
        assert_non_null(lp);
        assert_null(lp->entropy);
        assert_null(lp->top1);
        hn_tensor *side = hn_op_act(r.t, h, HN_ACT_TANH);
        double seed[N * D];
        for (int i = 0; i < N * D; i++) seed[i] = 0.1 * i;
        assert_int_equal(hn_seed(r.t, side, seed, &err), HN_OK);
        if (!before) assert_int_equal(hn_logprob_seed(r.t, lp, r.logp, NULL, NULL, &err), HN_OK);
        assert_int_equal(hn_tape_backward(r.t, &err), HN_OK);
        hn_tensor_get(&r.g[0], got[before]);
        rig_close(&r);
    }
    for (int i = 0; i < N * D; i++) assert_true(fabs(got[0][i] - got[1][i]) < 1e-12);
}

static void test_refusals(void **state) {
    (void)state;
    static rig r;
    hn_error err = {0};
    rig_open(&r, 0, HN_F64);
    hn_logprob *lp = forward(&r, true);
    assert_int_equal(hn_logprob_seed(r.t, lp, r.logp, NULL, NULL, &err), HN_ESTATE);
    lp = forward(&r, false);
    assert_int_equal(hn_logprob_seed(r.t, lp, r.logp, NULL, NULL, &err), HN_OK);
    assert_int_equal(hn_logprob_seed(r.t, lp, r.logp, NULL, NULL, &err), HN_ESTATE);
    hn_tape_record(r.t, false);
    lp = forward(&r, false);
    assert_int_equal(hn_logprob_seed(r.t, lp, r.logp, NULL, NULL, &err), HN_ESTATE);
    assert_int_equal(hn_logprob_seed(r.t, NULL, NULL, NULL, NULL, &err), HN_EARG);
    const int32_t bad_row[1] = {N}, bad_target[1] = {V};
    hn_logprob_in in = {.hidden = &r.p[0], .w = &r.p[1], .scale = 1.0, .row = bad_row, .target = target, .r = 1};
    assert_null(hn_op_logprob(r.t, &in));
    assert_int_equal(hn_tape_status(r.t, &err), HN_EARG);
    hn_tape_reset(r.t);
    in.row = scattered;
    in.target = bad_target;
    assert_null(hn_op_logprob(r.t, &in));
    assert_int_equal(hn_tape_status(r.t, &err), HN_EARG);
    hn_tape_reset(r.t);
    in.transposed = true;
    in.target = target;
    assert_null(hn_op_logprob(r.t, &in));
    assert_int_equal(hn_tape_status(r.t, &err), HN_ESHAPE);
    hn_tape_reset(r.t);
    in = (hn_logprob_in){.hidden = &r.p[0], .w = &r.p[1], .scale = 1.0, .asks = ALL};
    assert_non_null(hn_op_logprob(r.t, &in)); /* no rows are no error */
    rig_close(&r);
}

static int open_device(void **state) {
    (void)state;
    return hn_dev_cpu_new(NULL, &dev, NULL) == HN_OK ? 0 : -1;
}

static int close_device(void **state) {
    (void)state;
    hn_dev_free(dev);
    hn_par_shutdown();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_differences),
        cmocka_unit_test(test_seeds_before_and_after), cmocka_unit_test(test_chunks_do_not_show),
        cmocka_unit_test(test_trunk), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}
