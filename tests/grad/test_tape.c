/* rooms: grad dev base */
/* test_tape.c - the life of memory on the tape, on a small decoder: checkpoints equal to the bit and smaller, no
 * allocation after the first step, early release, frozen weights, every n-th allocation failing, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "grad/grad.h"

enum { N = 24, D = 16, H = 4, G = 2, DH = 4, F = 24, V = 19, LAYERS = 3 };
enum { W_NORM1, W_Q, W_K, W_V, W_O, W_NORM2, W_GATE, W_UP, W_DOWN, PER_LAYER };
enum { W_EMBED = LAYERS * PER_LAYER, W_NORM, PARAMS };

typedef struct layer_ctx {
    struct model *m;
    int index;
} layer_ctx;

typedef struct model {
    hn_tape *t;
    hn_tensor p[PARAMS], g[PARAMS];
    float *memory;
    int64_t count;
    layer_ctx layer[LAYERS];
    hn_attn attn;
    int32_t start[3], parent[2], id[N], row[N], target[N];
    double cos[N * DH / 2], sin[N * DH / 2], seed[N];
    hn_rope_table rope;
    bool checkpoint;
    int64_t rows;
    double logp[N];
} model;

static hn_dev *dev;

static void param_dim(int i, int64_t dim[2]) {
    static const int64_t layer[PER_LAYER][2] = {
        {D, 1}, {H * DH, D}, {G * DH, D}, {G * DH, D}, {D, H * DH}, {D, 1}, {F, D}, {F, D}, {D, F}};
    dim[0] = i == W_EMBED ? V : i == W_NORM ? D : layer[i % PER_LAYER][0];
    dim[1] = i == W_EMBED ? D : i == W_NORM ? 1 : layer[i % PER_LAYER][1];
}

static void model_open(model *m) {
    memset(m, 0, sizeof *m);
    int64_t dim[2], at = 0;
    for (int i = 0; i < PARAMS; i++) {
        param_dim(i, dim);
        m->count += dim[0] * dim[1];
    }
    m->memory = hn_calloc((size_t)m->count * 2, sizeof(float));
    assert_non_null(m->memory);
    hn_rng_key key = {.seed = 3, .purpose = HN_RNG_TEST};
    hn_rng_fill_normal(&key, m->memory, (size_t)m->count, 0.0f, 0.3f);
    for (int i = 0; i < PARAMS; i++) {
        param_dim(i, dim);
        hn_tensor_wrap(&m->p[i], dim[1] == 1 ? 1 : 2, dim, HN_F32, m->memory + at);
        hn_tensor_wrap(&m->g[i], dim[1] == 1 ? 1 : 2, dim, HN_F32, m->memory + m->count + at);
        m->p[i].needs_grad = true;
        m->p[i].grad = &m->g[i];
        at += dim[0] * dim[1];
    }
    m->start[1] = 10;
    m->start[2] = N;
    m->parent[0] = -1;
    m->attn = (hn_attn){.heads = H, .kv_heads = G, .head_dim = DH, .scale = 0.5, .causal = true,
                        .segs = {.count = 2, .start = m->start, .parent = m->parent}};
    for (int i = 0; i < N; i++) {
        m->id[i] = i * 7 % V;
        m->row[i] = i;
        m->target[i] = (i * 5 + 2) % V;
        m->seed[i] = 0.1 + 0.01 * i;
        for (int j = 0; j < DH / 2; j++) {
            m->cos[i * DH / 2 + j] = cos(i * pow(0.1, j));
            m->sin[i * DH / 2 + j] = sin(i * pow(0.1, j));
        }
    }
    for (int i = 0; i < LAYERS; i++) m->layer[i] = (layer_ctx){.m = m, .index = i};
    m->rows = N;
}

static void model_close(model *m) {
    hn_tape_free(m->t);
    m->t = NULL;
    hn_free(m->memory);
    m->memory = NULL;
}

static hn_tensor *layer(hn_tape *t, hn_tensor *x, void *ctx) {
    const layer_ctx *l = ctx;
    model *m = l->m;
    hn_tensor *w = &m->p[l->index * PER_LAYER];
    hn_scope scope = hn_scope_begin(t);
    hn_tensor *a = hn_op_rmsnorm(t, x, &w[W_NORM1], 1e-5, false);
    hn_tensor *q = hn_op_linear(t, a, &w[W_Q], NULL, false), *k = hn_op_linear(t, a, &w[W_K], NULL, false);
    q = q ? hn_op_rope(t, q, H, &m->rope) : NULL;
    k = k ? hn_op_rope(t, k, G, &m->rope) : NULL;
    hn_tensor *o = hn_op_attention(t, q, k, hn_op_linear(t, a, &w[W_V], NULL, false), &m->attn);
    hn_tensor *h = hn_op_add(t, x, hn_op_dropout(t, hn_op_linear(t, o, &w[W_O], NULL, false), 0.1));
    hn_tensor *b = hn_op_rmsnorm(t, h, &w[W_NORM2], 1e-5, false);
    hn_tensor *gate = hn_op_linear(t, b, &w[W_GATE], NULL, false), *up = hn_op_linear(t, b, &w[W_UP], NULL, false);
    hn_tensor *f = hn_op_linear(t, hn_op_gated_act(t, gate, up, HN_ACT_SILU), &w[W_DOWN], NULL, false);
    hn_tensor *y = hn_op_add(t, h, f);
    hn_scope_end(t, scope, &y, 1);
    return y;
}

/* Forward, seeds, backward: the status of whatever went wrong first. */
static hn_status step(model *m, bool known, hn_error *err) {
    hn_tape *t = m->t;
    hn_tape_reset(t);
    hn_tape_seed(t, 11, 4);
    for (int i = 0; i < PARAMS; i++) m->p[i].grad_fresh = m->p[i].needs_grad;
    m->start[2] = (int32_t)m->rows;
    HN_TRY(hn_rope_table_new(t, m->rows, DH / 2, false, m->cos, m->sin, &m->rope) != HN_OK ? hn_tape_status(t, err)
                                                                                             : HN_OK);
    hn_tensor *x = hn_op_embed(t, &m->p[W_EMBED], m->id, m->rows);
    for (int i = 0; i < LAYERS; i++) {
        x = m->checkpoint ? hn_op_checkpoint(t, layer, x, &m->layer[i]) : layer(t, x, &m->layer[i]);
    }
    x = hn_op_rmsnorm(t, x, &m->p[W_NORM], 1e-5, false);
    hn_logprob_in in = {.hidden = x, .w = &m->p[W_EMBED], .scale = 1.0, .row = m->row, .target = m->target,
                        .r = m->rows, .asks = HN_ASK_LOGP, .seed_logp = known ? m->seed : NULL};
    hn_logprob *lp = hn_op_logprob(t, &in);
    HN_TRY(hn_tape_status(t, err));
    memcpy(m->logp, lp->logp, (size_t)m->rows * sizeof(double));
    if (!known && hn_tape_recording(t)) HN_TRY(hn_logprob_seed(t, lp, m->seed, NULL, NULL, err));
    return hn_tape_backward(t, err);
}

static void step_or_fail(model *m, bool known) {
    hn_error err = {0};
    if (step(m, known, &err) != HN_OK) fail_msg("%s", err.msg);
}

static void tape_open(model *m) {
    hn_error err = {0};
    if (hn_tape_new(dev, HN_F32, &m->t, &err) != HN_OK) fail_msg("%s", err.msg);
}

static void test_checkpoint_equals(void **state) {
    (void)state;
    static model plain, checked;
    model_open(&plain);
    model_open(&checked);
    tape_open(&plain);
    tape_open(&checked);
    checked.checkpoint = true;
    for (int known = 0; known < 2; known++) {
        step_or_fail(&plain, known);
        step_or_fail(&checked, known);
        assert_memory_equal(plain.logp, checked.logp, sizeof plain.logp);
        assert_memory_equal(plain.memory + plain.count, checked.memory + plain.count, (size_t)plain.count * sizeof(float));
        double sum = 0.0;
        for (int64_t i = 0; i < plain.count; i++) sum += fabs((double)plain.memory[plain.count + i]);
        assert_true(sum > 1.0);
    }
    model_close(&plain);
    model_close(&checked);
}

/* Forward goes on after a backward that ran segments again: the next mask is the same one. */
static void test_sites_after_checkpoint(void **state) {
    (void)state;
    static model m;
    hn_error err = {0};
    double y[2][N * D];
    model_open(&m);
    tape_open(&m);
    for (int i = 0; i < 2; i++) {
        m.checkpoint = i == 1;
        step_or_fail(&m, false);
        hn_tensor *x = hn_op_dropout(m.t, &m.p[W_EMBED], 0.5);
        if (hn_tape_status(m.t, &err) != HN_OK) fail_msg("%s", err.msg);
        hn_tensor_get(x, y[i]);
    }
    assert_memory_equal(y[0], y[1], V * D * sizeof(double));
    model_close(&m);
}

/* Backward gives memory back as it goes: after it only what stands outside nodes is held. */
static void test_backward_frees(void **state) {
    (void)state;
    hn_tape *t;
    hn_error err = {0};
    const int64_t dim[2] = {64, 64};
    static double ones[64 * 64];
    hn_mem_stats before, after;
    assert_int_equal(hn_tape_new(dev, HN_F64, &t, &err), HN_OK);
    for (int i = 0; i < 64 * 64; i++) ones[i] = 1.0 + i % 7;
    hn_tensor *leaf = hn_tensor_from(t, 2, dim, HN_F64, ones);
    leaf->needs_grad = true;
    hn_tensor *x = leaf;
    for (int i = 0; i < 6; i++) x = hn_op_layernorm(t, x, NULL, NULL, 1e-5);
    assert_int_equal(hn_seed(t, x, ones, &err), HN_OK);
    assert_int_equal(hn_tape_backward(t, &err), HN_OK);
    hn_dev_trim(dev);
    hn_mem_get(&before);
    hn_tape_reset(t);
    hn_dev_trim(dev);
    hn_mem_get(&after);
    assert_int_equal(before.blocks - after.blocks, 2); /* the leaf and its gradient; no mean, no rstd */
    hn_tape_free(t);
}

/* A residual block on wide rows, where values outweigh headers. */
static hn_tensor *block(hn_tape *t, hn_tensor *x, void *ctx) {
    hn_scope scope = hn_scope_begin(t);
    hn_tensor *h = hn_op_act(t, hn_op_linear(t, x, ctx, NULL, false), HN_ACT_GELU);
    hn_tensor *y = hn_op_add(t, x, hn_op_linear(t, h, ctx, NULL, false));
    hn_scope_end(t, scope, &y, 1);
    return y;
}

enum { WIDE = 64, LONG = 256, BLOCKS = 8 };

static uint64_t peak_of_blocks(bool checkpoint) {
    static float w[WIDE * WIDE], g[WIDE * WIDE];
    static double ones[LONG * WIDE];
    const int64_t dim[2] = {WIDE, WIDE}, rows[2] = {LONG, WIDE};
    hn_mem_stats before, after;
    hn_error err = {0};
    hn_tape *t;
    hn_tensor p, grad;
    hn_tensor_wrap(&p, 2, dim, HN_F32, w);
    hn_tensor_wrap(&grad, 2, dim, HN_F32, g);
    p.needs_grad = p.grad_fresh = true;
    p.grad = &grad;
    for (int i = 0; i < LONG * WIDE; i++) ones[i] = 1.0;
    hn_dev_trim(dev);
    hn_mem_get(&before);
    hn_mem_reset_peak();
    assert_int_equal(hn_tape_new(dev, HN_F32, &t, &err), HN_OK);
    hn_tensor *x = hn_tensor_from(t, 2, rows, HN_F64, ones);
    for (int i = 0; i < BLOCKS; i++) x = checkpoint ? hn_op_checkpoint(t, block, x, &p) : block(t, x, &p);
    assert_int_equal(hn_seed(t, x, ones, &err), HN_OK);
    assert_int_equal(hn_tape_backward(t, &err), HN_OK);
    hn_mem_get(&after);
    hn_tape_free(t);
    hn_dev_trim(dev);
    return after.peak - before.live;
}

static void test_checkpoint_saves_memory(void **state) {
    (void)state;
    hn_par_set_threads(1);       /* else a thread may have its first work, and packing space, in the midst */
    (void)peak_of_blocks(false); /* the GEMM's packing space stays with the thread: not the tape's memory */
    uint64_t tensor = LONG * WIDE * sizeof(float), plain = peak_of_blocks(false), checked = peak_of_blocks(true);
    hn_par_set_threads(0);
    /* kept of a block: its input, the activation's input and output; checkpointed: its input */
    assert_true(plain < (3 * BLOCKS + 8) * tensor);
    assert_true(checked < (BLOCKS + 10) * tensor);
}

static void check_no_allocation(int64_t shorter) {
    static model m;
    hn_mem_stats before, after;
    for (int checkpoint = 0; checkpoint < 2; checkpoint++) {
        model_open(&m);
        tape_open(&m);
        m.checkpoint = checkpoint;
        for (int i = 0; i < 3; i++) step_or_fail(&m, false); /* the arena's blocks turn around once */
        hn_mem_get(&before);
        for (int i = 0; i < 20; i++) {
            m.rows = N - i % shorter;
            step_or_fail(&m, false);
        }
        hn_mem_get(&after);
        assert_int_equal(after.calls, before.calls);
        model_close(&m);
    }
}

static void test_no_allocation_after_the_first_step(void **state) {
    (void)state;
    check_no_allocation(1);
}

/* Batches differ in length; shorter ones live on the memory of the longest. */
static void test_no_allocation_after_the_longest(void **state) {
    (void)state;
    check_no_allocation(12);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    static model m;
    hn_mem_stats start, end;
    for (int checkpoint = 0; checkpoint < 2; checkpoint++) {
        model_open(&m);
        m.checkpoint = checkpoint;
        hn_dev_trim(dev);
        hn_mem_get(&start);
        bool failed = true;
        int64_t n = 1;
        for (; failed && n < 5000; n++) {
            hn_error err = {0};
            hn_mem_fail_after(n);
            hn_status st = hn_tape_new(dev, HN_F32, &m.t, &err);
            if (st == HN_OK) st = step(&m, false, &err);
            failed = st != HN_OK;
            hn_mem_fail_after(-1);
            if (failed) assert_int_equal(st, HN_ENOMEM);
            if (failed && m.t) step_or_fail(&m, false); /* a reset, and the tape works again */
            hn_tape_free(m.t);
            m.t = NULL;
            hn_dev_trim(dev);
            hn_mem_get(&end);
            assert_int_equal(end.blocks, start.blocks);
        }
        assert_true(!failed && n > 20);
        model_close(&m);
    }
}

static void test_frozen_costs_nothing(void **state) {
    (void)state;
    static model m;
    model_open(&m);
    tape_open(&m);
    for (int i = 0; i < PARAMS; i++) m.p[i].needs_grad = i == PER_LAYER + W_Q || i == PER_LAYER + W_NORM2;
    for (int64_t i = 0; i < m.count; i++) m.memory[m.count + i] = 7.0f;
    for (m.checkpoint = false;; m.checkpoint = true) {
        step_or_fail(&m, false);
        for (int i = 0; i < PARAMS; i++) {
            const float *g = m.g[i].data;
            bool touched = false;
            for (int64_t j = 0; j < hn_tensor_count(&m.g[i]); j++) touched |= g[j] != 7.0f;
            assert_int_equal(touched, m.p[i].needs_grad);
        }
        if (m.checkpoint) break;
    }
    for (int i = 0; i < PARAMS; i++) m.p[i].needs_grad = false;
    hn_tape_reset(m.t);
    hn_tensor *x = hn_op_embed(m.t, &m.p[W_EMBED], m.id, 4), *y = hn_op_scale(m.t, x, 2.0);
    assert_false(x->needs_grad || y->needs_grad || x->saved);
    model_close(&m);
}

static void test_scopes_and_release(void **state) {
    (void)state;
    hn_tape *t;
    hn_error err = {0};
    const int64_t dim[2] = {3, 4};
    const double ones[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_int_equal(hn_tape_new(dev, HN_F64, &t, &err), HN_OK);
    hn_tensor *leaf = hn_tensor_from(t, 2, dim, HN_F64, ones);
    leaf->needs_grad = true;
    hn_scope s = hn_scope_begin(t);
    hn_tensor *a = hn_op_scale(t, leaf, 2.0);       /* read by tanh's backward: saved */
    hn_tensor *b = hn_op_act(t, a, HN_ACT_TANH);    /* read by nobody's: goes */
    hn_tensor *c = hn_op_scale(t, b, 3.0), *d = hn_op_scale(t, c, 1.0);
    hn_tensor *v = hn_op_view(t, d, 1, (const int64_t[]){12}), *e = hn_op_scale(t, b, 1.0);
    hn_tensor *ev = hn_op_view(t, e, 1, (const int64_t[]){12});
    hn_tensor *f = hn_op_scale(t, b, 4.0), *fv = hn_op_view(t, f, 1, (const int64_t[]){12});
    c->kept = fv->kept = true;
    hn_scope_end(t, s, &v, 1);
    assert_non_null(f->data); /* its view is kept */
    assert_non_null(fv->data);
    assert_non_null(a->data);
    assert_null(b->data);
    assert_non_null(c->data);
    assert_non_null(d->data);
    assert_non_null(v->data);
    assert_null(e->data);
    assert_null(ev->data);
    assert_null(hn_op_scale(t, NULL, 1.0));
    assert_int_equal(hn_tape_status(t, &err), HN_OK);
    assert_int_equal(hn_seed(t, v, ones, &err), HN_OK);
    assert_int_equal(hn_tape_backward(t, &err), HN_OK);
    assert_null(a->data);
    assert_null(d->data);
    assert_null(a->grad);
    assert_non_null(c->data);
    assert_non_null(c->grad);
    double g[12];
    hn_tensor_get(leaf->grad, g);
    for (int i = 0; i < 12; i++) assert_true(fabs(g[i] - 6.0 / pow(cosh(2.0), 2.0)) < 1e-12);
    hn_tensor_get(a, g);
    assert_true(isnan(g[0]));
    assert_null(hn_op_scale(t, b, 1.0));
    assert_int_equal(hn_tape_status(t, &err), HN_ESTATE);
    hn_tape_free(t);
}

static void test_refusals(void **state) {
    (void)state;
    static model m;
    hn_error err = {0};
    hn_tape *bad;
    assert_int_equal(hn_tape_new(dev, HN_BF16, &bad, &err), HN_EARG);
    assert_null(bad);
    model_open(&m);
    tape_open(&m);
    const int32_t outside[2] = {0, V};
    assert_null(hn_op_embed(m.t, &m.p[W_EMBED], outside, 2));
    assert_int_equal(hn_tape_fail(m.t, HN_EIO, "later"), HN_EIO);
    assert_int_equal(hn_tape_status(m.t, &err), HN_EARG); /* the first stands */
    assert_non_null(strstr(err.msg, "19"));
    assert_int_equal(hn_tape_backward(m.t, &err), HN_EARG);
    hn_tape_reset(m.t);
    assert_int_equal(hn_tape_status(m.t, &err), HN_OK);
    hn_tensor *x = hn_op_embed(m.t, &m.p[W_EMBED], m.id, N);
    assert_null(hn_op_linear(m.t, x, &m.p[W_DOWN], NULL, false));
    assert_int_equal(hn_tape_status(m.t, &err), HN_ESHAPE);
    hn_tape_reset(m.t);
    x = hn_op_embed(m.t, &m.p[W_EMBED], m.id, N); /* V D rows: q, k, v with a cache */
    hn_kv_span cache[2] = {{0}, {.k = m.memory, .v = m.memory, .len = 1, .stride = D}};
    hn_attn a = {.heads = 4, .kv_heads = 4, .head_dim = 4, .scale = 1.0, .causal = true, .segs = m.attn.segs};
    a.segs.cached = cache;
    a.segs.cached_count = 1;
    assert_null(hn_op_attention(m.t, x, x, x, &a));
    assert_int_equal(hn_tape_status(m.t, &err), HN_ESTATE);
    hn_tape_reset(m.t);
    m.p[W_EMBED].grad = NULL;
    x = hn_op_embed(m.t, &m.p[W_EMBED], m.id, 1);
    const double seed[D] = {1.0};
    assert_int_equal(hn_seed(m.t, x, seed, &err), HN_OK);
    assert_int_equal(hn_tape_backward(m.t, &err), HN_ESTATE);
    model_close(&m);
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
        cmocka_unit_test(test_sites_after_checkpoint), cmocka_unit_test(test_backward_frees),
        cmocka_unit_test(test_checkpoint_equals), cmocka_unit_test(test_checkpoint_saves_memory),
        cmocka_unit_test(test_no_allocation_after_the_first_step),
        cmocka_unit_test(test_no_allocation_after_the_longest), cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_frozen_costs_nothing), cmocka_unit_test(test_scopes_and_release),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}
