/* rooms: gemmwide dev base */
/* test_attention.c - attention over random trees of segments: against the definition written out in double; and bit
 * by bit: cached = computed at once, shared prefix = each alone, a segment alone = among others, 1 thread = 2. */
#include "kernel_tools.h"

enum { MOST = 40 };

typedef struct tree {
    int32_t count, start[MOST + 1], parent[MOST];
} tree;

typedef struct shape {
    int32_t h, g, dh;
    unsigned features; /* 1: not causal, 2: window, 4: softcap, 8: alibi */
} shape;

static const float slopes[16] = {0.5f, 0.25f, 0.125f, 0.7f, 0.01f, 0.3f, 0.2f, 0.9f, 0.5f, 0.25f, 0.1f, 0.6f, 0.05f, 0.4f, 0.15f, 0.8f};

static hn_attn attn_of(const shape *s, const tree *t) {
    return (hn_attn){.heads = s->h, .kv_heads = s->g, .head_dim = s->dh, .scale = 1 / sqrt(s->dh) * 1.1,
                     .causal = !(s->features & 1), .window = s->features & 2 ? 37 : 0, .softcap = s->features & 4 ? 3 : 0,
                     .alibi = s->features & 8 ? slopes : NULL, .dropout = s->features & 16 ? 0.3 : 0,
                     .drop_key = {.seed = 9, .purpose = HN_RNG_TEST, .site = 5},
                     .segs = {.count = t->count, .start = t->start, .parent = t->parent}};
}

/* Kinds: 0 one long, 1 some of all lengths without parents, 2 a deep chain, 3 siblings, 4 anything. */
static tree tree_new(int kind, uint64_t seed) {
    static const int32_t lengths[] = {1, 0, 70, 3, 64, 90, 17, 1, 5, 33};
    tree t = {.count = kind == 0 ? 1 : kind == 2 ? 30 : 8};
    for (int32_t i = 0; i < t.count; i++) {
        const int32_t len = kind == 0 ? 210 : kind == 2 ? (int32_t)random_int(seed, (uint64_t)i, 12) : lengths[random_int(seed, (uint64_t)i, 10)];
        t.start[i + 1] = t.start[i] + len;
        t.parent[i] = kind < 2 || i == 0 ? -1 : kind == 2 ? i - 1 : kind == 3 ? (i % 5 ? i / 5 * 5 : -1)
                      : (int32_t)random_int(seed + 1, (uint64_t)i, i + 1) - 1;
    }
    return t;
}

typedef struct data { /* q, k, v lie in one array of rows, as a fused projection leaves them */
    hn_dtype t;
    int64_t n, ldq;
    int64_t hd, gd;
    box qkv, dout, o, lse, grad;
} data;

static void *at(const box *b, int64_t i) { return (char *)b->p + (size_t)i * hn_dtype_size(b->dtype); }

static data data_new(hn_dtype t, const shape *s, int64_t n, uint64_t site) {
    data d = {.t = t, .n = n, .hd = (int64_t)s->h * s->dh, .gd = (int64_t)s->g * s->dh};
    d.ldq = d.hd + 2 * d.gd;
    d.qkv = box_random(t, n * d.ldq, site, -1.5, 1.5);
    d.dout = box_random(t, n * d.hd, site + 1, -1, 1);
    d.grad = box_random(t, n * d.ldq, site + 2, -1, 1);
    d.o = box_new(t, n * d.hd);
    d.lse = box_new(t, n * s->h);
    return d;
}

static void data_free(data *d) {
    box_free(&d->qkv);
    box_free(&d->dout);
    box_free(&d->grad);
    box_free(&d->o);
    box_free(&d->lse);
}

static void forward(const hn_kernels *k, const hn_attn *a, data *d) {
    k->attention(a, d->qkv.p, d->ldq, at(&d->qkv, d->hd), d->ldq, at(&d->qkv, d->hd + d->gd), d->ldq, d->o.p, d->lse.p);
    box_check(&d->o, "o");
    box_check(&d->lse, "lse");
}

static void backward(const hn_kernels *k, const hn_attn *a, data *d) {
    k->attention_back(a, d->qkv.p, d->ldq, at(&d->qkv, d->hd), d->ldq, at(&d->qkv, d->hd + d->gd), d->ldq, d->o.p,
                      d->lse.p, d->dout.p, d->grad.p, at(&d->grad, d->hd), at(&d->grad, d->hd + d->gd));
    box_check(&d->grad, "gradients");
}

/* ---- the definition: path written out, scores, softmax, derivatives */

static int64_t path_rows(const tree *t, int32_t segment, int32_t *rows, int64_t *before) {
    int32_t chain[MOST], depth = 0;
    int64_t n = 0;
    for (int32_t s = segment; s >= 0; s = t->parent[s]) chain[depth++] = s;
    for (int32_t i = depth - 1; i >= 0; i--) {
        *before = n;
        for (int32_t r = t->start[chain[i]]; r < t->start[chain[i] + 1]; r++) rows[n++] = r;
    }
    return n;
}

/* Value (row heads + head) 2^32 + j of the key's stream decides. */
static double drop_factor(const hn_attn *a, int64_t row, int32_t head, int64_t j) {
    const uint64_t index = (uint64_t)(row * a->heads + head) << 32 | (uint64_t)j;
    uint32_t w[4];
    if (!(a->dropout > 0)) return 1;
    hn_rng_bits(&a->drop_key, index / 4, w);
    return (double)(w[index % 4] >> 8) * 0x1p-24 < (double)(float)a->dropout ? 0 : 1 / (1 - a->dropout);
}

static void naive_row(const hn_attn *a, const tree *t, data *d, int32_t segment, int32_t row, int32_t head) {
    static double p[4096], slope[4096];
    static int32_t path[4096];
    int64_t before = 0;
    const int64_t total = path_rows(t, segment, path, &before), i = before + row - t->start[segment];
    const int64_t dh = a->head_dim, group = head / (a->heads / a->kv_heads);
    const double *qkv = d->qkv.p, *q = qkv + row * d->ldq + head * dh;
    double *o = (double *)d->o.p + row * d->hd + head * dh, *g = d->grad.p;
    const double *dout = (const double *)d->dout.p + row * d->hd + head * dh;
    double sum = 0, mean = 0;
    for (int64_t j = 0; j < total; j++) {
        const double *k = qkv + path[j] * d->ldq + d->hd + group * dh;
        double s = 0;
        for (int64_t c = 0; c < dh; c++) s += q[c] * k[c] * a->scale;
        const double th = a->softcap > 0 ? tanh(s / a->softcap) : 0;
        slope[j] = 1 - th * th;
        if (a->softcap > 0) s = a->softcap * th;
        if (a->alibi) s += (double)a->alibi[head] * (double)(j - i);
        const bool seen = (!a->causal || j <= i) && (!a->window || (i - a->window < j && j < i + a->window));
        sum += p[j] = seen ? exp(s) : 0;
    }
    for (int64_t c = 0; c < dh; c++) o[c] = 0;
    for (int64_t j = 0; j < total; j++) {
        p[j] /= sum;
        const double *v = qkv + path[j] * d->ldq + d->hd + d->gd + group * dh;
        const double m = drop_factor(a, row, head, j);
        for (int64_t c = 0; c < dh; c++) o[c] += p[j] * m * v[c];
    }
    ((double *)d->lse.p)[(int64_t)row * a->heads + head] = log(sum);
    for (int64_t c = 0; c < dh; c++) mean += dout[c] * o[c];
    for (int64_t j = 0; j < total; j++) {
        const int64_t kat = path[j] * d->ldq + d->hd + group * dh, vat = kat + d->gd;
        const double m = drop_factor(a, row, head, j);
        double dp = 0;
        for (int64_t c = 0; c < dh; c++) dp += dout[c] * qkv[vat + c];
        const double ds = p[j] * (m * dp - mean) * slope[j] * a->scale;
        for (int64_t c = 0; c < dh; c++) {
            g[row * d->ldq + head * dh + c] += ds * qkv[kat + c];
            g[kat + c] += ds * q[c];
            g[vat + c] += p[j] * m * dout[c];
        }
    }
}

static void naive(const hn_attn *a, const tree *t, data *d) {
    for (int32_t s = 0; s < t->count; s++)
        for (int32_t r = t->start[s]; r < t->start[s + 1]; r++)
            for (int32_t h = 0; h < a->heads; h++) naive_row(a, t, d, s, r, h);
}

static void near(const box *got, const box *want, double tol, const char *what) {
    double top = 0;
    for (int64_t i = 0; i < got->n; i++) top = fmax(top, fabs(box_get(want, i)));
    for (int64_t i = 0; i < got->n; i++)
        if (!(fabs(box_get(got, i) - box_get(want, i)) <= tol * (fabs(box_get(want, i)) + 0.1 * top + 0.1)))
            fail_msg("%s: element %d is %.9g, should be %.9g", what, (int)i, box_get(got, i), box_get(want, i));
}

static bool same(const box *x, int64_t xat, const box *y, int64_t yat, int64_t n) {
    return memcmp(at(x, xat), at(y, yat), (size_t)n * hn_dtype_size(x->dtype)) == 0;
}

static void check_filling(const hn_kernels *k, const shape *s, int kind, uint64_t seed, const data *want) {
    const tree t = tree_new(kind, seed);
    const hn_attn a = attn_of(s, &t);
    data one = data_new(k->dtype, s, want->n, seed), two = data_new(k->dtype, s, want->n, seed);
    for (int threads = 1; threads <= 2; threads++) {
        data *d = threads == 1 ? &one : &two;
        hn_par_set_threads(threads);
        forward(k, &a, d);
        backward(k, &a, d);
    }
    char what[160];
    snprintf(what, sizeof what, "%s %s kind %d seed %d h %d g %d dh %d features %u", k->isa, hn_dtype_name(k->dtype), kind,
             (int)seed, s->h, s->g, s->dh, s->features);
    /* an absolute error of a score or of lse is a relative error of each weight, and both round by their size */
    double lse = 0;
    for (int64_t i = 0; i < want->lse.n; i++) lse = fmax(lse, fabs(box_get(&want->lse, i)));
    const double tol = (k->dtype == HN_F64 ? 0x1p-53 : 0x1p-24) * (32 + 4 * lse);
    near(&one.o, &want->o, tol, what);
    near(&one.lse, &want->lse, tol, what);
    near(&one.grad, &want->grad, tol * 3, what);
    if (!same(&one.o, 0, &two.o, 0, one.o.n) || !same(&one.lse, 0, &two.lse, 0, one.lse.n) ||
        !same(&one.grad, 0, &two.grad, 0, one.grad.n))
        fail_msg("%s: two threads give other bits than one", what);
    data_free(&one);
    data_free(&two);
}

static void check_definition(const shape *s, int kind, uint64_t seed) {
    const tree t = tree_new(kind, seed);
    const hn_attn a = attn_of(s, &t);
    data want = data_new(HN_F64, s, t.start[t.count], seed);
    naive(&a, &t, &want);
    const hn_kernels *k;
    for (size_t f = 0; (k = hn_kernels_at(f)); f++) check_filling(k, s, kind, seed, &want);
    data_free(&want);
}

static const shape shapes[] = {{3, 1, 8, 0}, {4, 4, 5, 0}, {9, 3, 64, 0}, {2, 1, 128, 0}, {6, 2, 33, 0}, {16, 1, 16, 0}, {1, 1, 1, 0}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void equals_definition(void **state) {
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        shape s = shapes[i];
        for (int kind = 0; kind < 5; kind++) {
            s.features = (unsigned)((i * 5 + kind) * 7 % 32);
            check_definition(&s, kind, (uint64_t)(10 + i));
            s.features = 0;
            if (s.h * s.dh < 300) check_definition(&s, kind, (uint64_t)(50 + i));
        }
    }
    shape s = shapes[0];
    for (s.features = 0; s.features < 32; s.features++)
        for (int kind = 0; kind < 5; kind++) check_definition(&s, kind, 100 + s.features);
}

/* Each segment's path laid out as one segment without parents gives the bits it has in the tree. */
static void shared_equals_alone(void **state) {
    (void)state;
    const hn_kernels *k;
    for (size_t f = 0; (k = hn_kernels_at(f)); f++) {
        for (int i = 0; i < SHAPES * 2; i++) {
            shape s = shapes[i % SHAPES];
            s.features = (unsigned)(i * 2) & 14;
            const tree t = tree_new(2 + i % 3, (uint64_t)(200 + i));
            const hn_attn a = attn_of(&s, &t);
            data d = data_new(k->dtype, &s, t.start[t.count], (uint64_t)(300 + i));
            forward(k, &a, &d);
            for (int32_t seg = 0; seg < t.count; seg++) {
                int32_t path[4096];
                int64_t before = 0;
                const int64_t total = path_rows(&t, seg, path, &before);
                const tree line = {.count = 1, .start = {0, (int32_t)total}, .parent = {-1}};
                const hn_attn b = attn_of(&s, &line);
                data e = data_new(k->dtype, &s, total, 1);
                const size_t bytes = (size_t)d.ldq * hn_dtype_size(k->dtype);
                for (int64_t r = 0; r < total; r++) memcpy(at(&e.qkv, r * d.ldq), at(&d.qkv, path[r] * d.ldq), bytes);
                forward(k, &b, &e);
                for (int64_t r = 0; r < total; r++)
                    assert_true(same(&e.o, r * d.hd, &d.o, path[r] * d.hd, d.hd) && same(&e.lse, r * s.h, &d.lse, path[r] * s.h, s.h));
                data_free(&e);
            }
            data_free(&d);
        }
    }
}

/* One sequence in a single call = its last part on top of two cached spans, one row at a time too. */
static void cached_equals_full(void **state) {
    (void)state;
    const hn_kernels *k;
    for (size_t f = 0; (k = hn_kernels_at(f)); f++) {
        for (int i = 0; i < SHAPES * 3; i++) {
            shape s = shapes[i % SHAPES];
            s.features = (unsigned)(i * 2) & 14;
            const int32_t n = 150, cut = (int32_t)random_int(5, (uint64_t)i, 100), from = cut + (int32_t)random_int(6, (uint64_t)i, 49);
            const tree line = {.count = 1, .start = {0, n}, .parent = {-1}};
            const hn_attn a = attn_of(&s, &line);
            data d = data_new(k->dtype, &s, n, (uint64_t)(400 + i)), e = data_new(k->dtype, &s, n, (uint64_t)(400 + i));
            forward(k, &a, &d);
            for (int32_t step = n - from, r = from; r < n; r += step, step = 1) {
                if (step == n - from && i % 2) step = 1;
                const hn_kv_span cached[3] = {{0},
                    {.k = at(&d.qkv, d.hd), .v = at(&d.qkv, d.hd + d.gd), .len = cut, .stride = d.ldq, .parent = 0},
                    {.k = at(&d.qkv, cut * d.ldq + d.hd), .v = at(&d.qkv, cut * d.ldq + d.hd + d.gd), .len = r - cut,
                     .stride = d.ldq, .parent = 1}};
                const tree part = {.count = 1, .start = {0, step}, .parent = {-3}};
                hn_attn b = attn_of(&s, &part);
                b.segs.cached = cached;
                b.segs.cached_count = 2;
                k->attention(&b, at(&d.qkv, r * d.ldq), d.ldq, at(&d.qkv, r * d.ldq + d.hd), d.ldq,
                             at(&d.qkv, r * d.ldq + d.hd + d.gd), d.ldq, e.o.p, e.lse.p);
                assert_true(same(&e.o, 0, &d.o, r * d.hd, step * d.hd) && same(&e.lse, 0, &d.lse, r * s.h, step * s.h));
            }
            data_free(&d);
            data_free(&e);
        }
    }
}

extern const hn_kernels hn_kernels_wide_avx2;

/* The vector levels agree in every bit: AVX2, AVX2 in the shape of AVX-512, AVX-512 where there is one. */
static void levels_agree(void **state) {
    (void)state;
    const hn_kernels *first = hn_kernels_at(2), *others[2] = {&hn_kernels_wide_avx2, first ? hn_kernels_at(3) : NULL};
    if (!first) skip();
    for (int i = 0; i < SHAPES * 10; i++) {
        shape s = shapes[i % SHAPES];
        s.features = (unsigned)i % 16;
        const tree t = tree_new(i % 5, (uint64_t)i);
        const hn_attn a = attn_of(&s, &t);
        data d = data_new(HN_F32, &s, t.start[t.count], (uint64_t)i);
        forward(first, &a, &d);
        backward(first, &a, &d);
        for (int o = 0; o < 2 && others[o]; o++) {
            data e = data_new(HN_F32, &s, t.start[t.count], (uint64_t)i);
            forward(others[o], &a, &e);
            backward(others[o], &a, &e);
            if (!same(&d.o, 0, &e.o, 0, d.o.n) || !same(&d.lse, 0, &e.lse, 0, d.lse.n) || !same(&d.grad, 0, &e.grad, 0, d.grad.n))
                fail_msg("%s and %s differ, h %d dh %d features %u tree %d", first->isa, others[o]->isa, s.h, s.dh, s.features, i % 5);
            data_free(&e);
        }
        data_free(&d);
    }
}

/* Without memory for its scratch the fast filling still answers, as the reference does. */
static void no_memory(void **state) {
    (void)state;
    const shape s = {3, 1, 24, 0};
    const tree t = tree_new(4, 3);
    const hn_attn a = attn_of(&s, &t);
    const hn_kernels *k;
    for (size_t f = 2; (k = hn_kernels_at(f)); f++) {
        hn_dev *dev;
        assert_int_equal(hn_dev_cpu_new(NULL, &dev, NULL), HN_OK);
        hn_dev_free(dev); /* gives this thread's scratch back */
        data d = data_new(HN_F32, &s, t.start[t.count], 1), e = data_new(HN_F32, &s, t.start[t.count], 1);
        hn_mem_fail_after(1);
        forward(k, &a, &d);
        hn_mem_fail_after(1);
        backward(k, &a, &d);
        hn_mem_fail_after(-1);
        forward(hn_kernels_at(0), &a, &e);
        backward(hn_kernels_at(0), &a, &e);
        near(&d.o, &e.o, 1e-5, "o");
        near(&d.grad, &e.grad, 1e-5, "gradients");
        data_free(&d);
        data_free(&e);
    }
}

static void bench(void) {
    static const int32_t lengths[] = {64, 128, 256, 512, 1024, 2048};
    const hn_kernels *k;
    for (size_t f = 0; (k = hn_kernels_at(f)); f++) {
        if (f < 2) continue; /* the reference is no yardstick of speed */
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            const shape s = {9, 3, 64, 0};
            const tree t = {.count = 1, .start = {0, lengths[i]}, .parent = {-1}};
            hn_attn a = attn_of(&s, &t);
            data d = data_new(k->dtype, &s, lengths[i], 1);
            double fwd = 1e9, bwd = 1e9, gemm = 1e9;
            for (int r = 0; r < 30; r++) {
                double x = hn_now();
                forward(k, &a, &d);
                fwd = fmin(fwd, hn_now() - x);
                x = hn_now();
                backward(k, &a, &d);
                bwd = fmin(bwd, hn_now() - x);
            }
            box x = box_random(HN_F32, 1024 * 576, 1, -1, 1), w = box_random(HN_F32, 576 * 576, 2, -1, 1), y = box_new(HN_F32, 1024 * 576);
            for (int r = 0; r < 10; r++) {
                const double z = hn_now();
                k->gemm(HN_GEMM_TB, 1024, 576, 576, x.p, 576, w.p, 576, y.p, 576, NULL);
                gemm = fmin(gemm, hn_now() - z);
            }
            const double pairs = 0.5 * lengths[i] * (lengths[i] + 1.0) * 9, flop = 4 * 64 * pairs;
            printf("%s T %4d: forward %8.0f us %6.1f GFLOP/s, backward %8.0f us %6.1f GFLOP/s; gemm %.1f GFLOP/s\n", k->isa,
                   lengths[i], fwd * 1e6, flop / fwd * 1e-9, bwd * 1e6, 2.5 * flop / bwd * 1e-9, 2 * 1024 * 576. * 576 / gemm * 1e-9);
            box_free(&x);
            box_free(&w);
            box_free(&y);
            data_free(&d);
        }
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        bench();
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_definition), cmocka_unit_test(shared_equals_alone),
                                       cmocka_unit_test(cached_equals_full), cmocka_unit_test(levels_agree),
                                       cmocka_unit_test(no_memory)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hn_par_shutdown();
    return failed;
}
