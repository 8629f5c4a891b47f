/* rooms: dev base */
/* test_kernels.c - every slot x every filling x odd sizes (after dav1d's checkasm): against the reference in
 * double, canaries round every output, a row alone = the row among others, 1 thread = 2 threads, both bit by bit.
 * With --bench: microseconds a call. gemm and attention have their own files. */
#include "kernel_tools.h"

typedef enum role { NONE, ROW_IN, SHARED_IN, ROW_OUT, SHARED_OUT } role;
typedef enum width { ONE, D, D2, D8, TABLE, STATS } width; /* elements: 1, d, d/2, d/8, VOCAB d, 6 doubles */
enum { ARGS = 8, VOCAB = 37 };

typedef struct arg {
    role role;
    width width;
    double lo, hi; /* of what it holds before the call */
} arg;

typedef struct op {
    const char *name;
    void (*call)(const hn_kernels *k, int64_t n, int64_t d, void **p, const int32_t *id, int variant);
    int variants;
    double tolerance; /* of |got - want| / (|want| + scale) */
    double scale;
    arg arg[ARGS];
    bool pairs; /* only multiples of 8 */
} op;

#define CALL(name) static void name(const hn_kernels *k, int64_t n, int64_t d, void **p, const int32_t *id, int variant)
#define UNUSED (void)n, (void)d, (void)id, (void)variant

CALL(c_embed) { UNUSED; k->embed(n, d, p[0], id, p[1]); }
CALL(c_embed_back) { UNUSED; k->embed_back(n, d, VOCAB, id, p[0], p[1]); }
CALL(c_rows_back) { UNUSED; k->rows_back(n, d, id, p[0], p[1]); }
CALL(c_rows) { UNUSED; k->rows(n, d, p[0], id, p[1]); }
CALL(c_rms) { UNUSED; k->rmsnorm(n, d, p[0], variant == 2 ? NULL : p[1], 1e-5, variant == 1, p[2], p[3]); }
CALL(c_rms_back) {
    UNUSED;
    k->rmsnorm_back(n, d, p[0], variant == 2 ? NULL : p[1], variant == 1, p[2], p[3], p[4], variant == 2 ? NULL : p[5]);
}
CALL(c_ln) { UNUSED; k->layernorm(n, d, p[0], variant ? NULL : p[1], variant ? NULL : p[2], 1e-5, p[3], p[4], p[5]); }
CALL(c_ln_back) {
    UNUSED;
    k->layernorm_back(n, d, p[0], variant ? NULL : p[1], p[2], p[3], p[4], p[5], variant ? NULL : p[6],
                      variant ? NULL : p[7]);
}
CALL(c_act) { UNUSED; k->act((hn_act)variant, n, p[0], p[1]); }
CALL(c_act_back) { UNUSED; k->act_back((hn_act)variant, n, p[0], p[1], p[2]); }
CALL(c_gated) { UNUSED; k->gated_act((hn_act)variant, n, p[0], p[1], p[2]); }
CALL(c_gated_back) { UNUSED; k->gated_act_back((hn_act)variant, n, p[0], p[1], p[2], p[3], p[4]); }
CALL(c_add) { UNUSED; k->add(n, p[0], p[1], p[2]); }
CALL(c_axpy) { UNUSED; k->axpy(n, 0.37, p[0], p[1]); }
CALL(c_scale) { UNUSED; k->scale(n, -1.7, p[0], p[1]); }
CALL(c_mul) { UNUSED; k->mul(n, p[0], p[1], variant == 1, p[2]); }
CALL(c_colsum) { UNUSED; k->colsum(n, d, p[0], p[1]); }
CALL(c_rope) {
    UNUSED;
    k->rope(n, 1, (int32_t)d, (int32_t)(d / 2), variant & 1, p[0], p[1], p[2], variant & 2 ? -1 : 1, variant & 4, p[3]);
}
CALL(c_rope_part) { /* two heads, half of each turned */
    UNUSED;
    k->rope(n, 2, (int32_t)(d / 2), (int32_t)(d / 8), variant & 1, p[0], p[1], p[2], variant & 2 ? -1 : 1,
            variant & 4, p[3]);
}
CALL(c_stats) {
    UNUSED;
    hn_row_stats *s = hn_alloc_array((size_t)n + 1, sizeof *s);
    assert_non_null(s);
    k->row_stats(n, d, p[0], d, id, s);
    double *out = p[1];
    for (int64_t i = 0; i < n; i++, out += 6)
        memcpy(out, (double[]){s[i].lse, id[i] < 0 ? 0 : s[i].target, s[i].sum, s[i].plogit, s[i].p2, s[i].argmax}, 48);
    hn_free(s);
}
CALL(c_logits_back) {
    UNUSED;
    hn_row_stats *s = hn_alloc_array((size_t)n + 1, sizeof *s);
    double *seed = hn_alloc_array((size_t)n * 3 + 1, sizeof *seed);
    assert_true(s && seed);
    k->row_stats(n, d, p[0], d, id, s);
    for (int64_t i = 0; i < n; i++) { /* depends on the row's token alone */
        seed[i] = 0.5 + 0.01 * id[i];
        seed[n + i] = -0.003 * id[i];
        seed[2 * n + i] = 0.2 + 0.001 * id[i];
    }
    k->logits_back(n, d, p[0], d, id, s, variant & 1 ? seed : NULL, variant & 2 ? seed + n : NULL,
                   variant & 4 ? seed + 2 * n : NULL);
    hn_free(s);
    hn_free(seed);
}
CALL(c_adamw) {
    UNUSED;
    const hn_adamw o = {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.1, .clip = 0.7, .step = variant ? 1 : 3};
    k->adamw(&o, n, p[0], p[1], p[2], p[3]);
}
CALL(c_sumsq) { UNUSED; *(double *)p[1] = k->sumsq(n, p[0]); }

#define XROW {ROW_IN, D, -3, 3}
#define YROW {ROW_OUT, D, -1, 1}
#define XELEM {ROW_IN, ONE, -6, 6}
#define YELEM {ROW_OUT, ONE, -1, 1}
static const op ops[] = {
    {"embed", c_embed, 1, 0, 1, {{SHARED_IN, TABLE, -1, 1}, YROW}, false},
    {"embed_back", c_embed_back, 1, 1e-6, 1, {XROW, {SHARED_OUT, TABLE, -1, 1}}, false},
    {"rows", c_rows, 1, 0, 1, {{SHARED_IN, TABLE, -1, 1}, YROW}, false},
    {"rows_back", c_rows_back, 1, 1e-6, 1, {XROW, {SHARED_OUT, TABLE, -1, 1}}, false},
    {"rmsnorm", c_rms, 3, 1e-6, 0.1, {XROW, {SHARED_IN, D, -1, 1}, YROW, {ROW_OUT, ONE, 0, 1}}, false},
    {"rmsnorm_back", c_rms_back, 3, 2e-6, 1,
     {XROW, {SHARED_IN, D, -1, 1}, {ROW_IN, ONE, 0.5, 1}, XROW, YROW, {SHARED_OUT, D, -1, 1}}, false},
    {"layernorm", c_ln, 2, 2e-6, 0.5,
     {{ROW_IN, D, 1, 4}, {SHARED_IN, D, -1, 1}, {SHARED_IN, D, -1, 1}, YROW, {ROW_OUT, ONE, 0, 1}, {ROW_OUT, ONE, 0, 1}}, false},
    {"layernorm_back", c_ln_back, 2, 2e-6, 1,
     {XROW, {SHARED_IN, D, -1, 1}, {ROW_IN, ONE, -1, 1}, {ROW_IN, ONE, 0.5, 1}, XROW, YROW, {SHARED_OUT, D, -1, 1},
      {SHARED_OUT, D, -1, 1}}, false},
    {"act", c_act, 6, 4e-7, 0.5, {XELEM, YELEM}, false},
    {"act_back", c_act_back, 6, 6e-7, 1, {XELEM, XELEM, YELEM}, false},
    {"gated_act", c_gated, 6, 6e-7, 1, {XELEM, XELEM, YELEM}, false},
    {"gated_act_back", c_gated_back, 6, 1e-6, 2, {XELEM, XELEM, XELEM, YELEM, YELEM}, false},
    {"add", c_add, 1, 1e-7, 0.1, {XELEM, XELEM, YELEM}, false},
    {"axpy", c_axpy, 1, 1e-7, 1, {XELEM, YELEM}, false},
    {"scale", c_scale, 1, 2e-7, 0.1, {XELEM, YELEM}, false},
    {"mul", c_mul, 2, 2e-7, 1, {XELEM, XELEM, YELEM}, false},
    {"colsum", c_colsum, 1, 1e-6, 3, {XROW, {SHARED_OUT, D, -1, 1}}, false},
    {"rope", c_rope, 8, 3e-7, 1, {XROW, {ROW_IN, D2, -1, 1}, {ROW_IN, D2, -1, 1}, YROW}, true},
    {"rope part", c_rope_part, 8, 3e-7, 1, {XROW, {ROW_IN, D8, -1, 1}, {ROW_IN, D8, -1, 1}, YROW}, true},
    {"row_stats", c_stats, 1, 5e-7, 9, {{ROW_IN, D, -9, 9}, {ROW_OUT, STATS, 0, 0}}, false},
    {"logits_back", c_logits_back, 8, 2e-6, 0.1, {{ROW_OUT, D, -9, 9}}, false},
    {"adamw", c_adamw, 2, 2e-7, 1, {{ROW_OUT, ONE, -1, 1}, {ROW_IN, ONE, -1, 1}, {ROW_OUT, ONE, -1, 1}, {ROW_OUT, ONE, 0, 1}}, false},
    {"sumsq", c_sumsq, 1, 1e-12, 0, {XELEM, {SHARED_OUT, STATS, 0, 0}}, false},
};
enum { OPS = sizeof ops / sizeof *ops };

static int64_t width_of(width w, int64_t d) {
    return w == ONE ? 1 : w == D ? d : w == D2 ? d / 2 : w == D8 ? d / 8 : w == STATS ? 6 : VOCAB * d;
}

static bool is_row(const arg *a) { return a->role == ROW_IN || a->role == ROW_OUT; }

typedef struct frame { /* the arguments of one call */
    box b[ARGS];
    void *p[ARGS];
    int32_t *id;
} frame;

static frame frame_new(const op *o, hn_dtype t, int64_t n, int64_t d) {
    frame f = {.id = hn_alloc_array((size_t)n + 1, sizeof *f.id)};
    assert_non_null(f.id);
    const int64_t below = o->arg[0].lo == -9 ? d : VOCAB; /* logits: targets below d */
    for (int64_t i = 0; i < n; i++) f.id[i] = (int32_t)random_int(99, (uint64_t)i, below);
    for (int i = 0; i < ARGS && o->arg[i].role; i++) {
        const arg *a = &o->arg[i];
        f.b[i] = box_random(a->width == STATS ? HN_F64 : t, (is_row(a) ? n : 1) * width_of(a->width, d), (uint64_t)i, a->lo, a->hi);
        f.p[i] = f.b[i].p;
    }
    return f;
}

/* The frame of row r alone. */
static frame frame_row(const op *o, const frame *from, int64_t r, int64_t d) {
    frame f = {.id = hn_alloc(sizeof *f.id)};
    assert_non_null(f.id);
    f.id[0] = from->id[r];
    for (int i = 0; i < ARGS && o->arg[i].role; i++) {
        const int64_t w = width_of(o->arg[i].width, d);
        f.b[i] = box_copy(&from->b[i], is_row(&o->arg[i]) ? r * w : 0, w);
        f.p[i] = f.b[i].p;
    }
    return f;
}

static void frame_free(frame *f) {
    for (int i = 0; i < ARGS; i++) box_free(&f->b[i]);
    hn_free(f->id);
}

static bool is_out(const arg *a) { return a->role == ROW_OUT || a->role == SHARED_OUT; }

static void compare(const op *o, const hn_kernels *k, const frame *got, const frame *want, int64_t n, int64_t d, int variant) {
    for (int i = 0; i < ARGS && o->arg[i].role; i++) {
        char what[128];
        snprintf(what, sizeof what, "%s %s variant %d n %d d %d argument %d", k->isa, o->name, variant, (int)n, (int)d, i);
        box_check(&got->b[i], what);
        if (!is_out(&o->arg[i])) {
            for (int64_t j = 0; j < got->b[i].n; j++) assert_true(box_get(&got->b[i], j) == box_get(&want->b[i], j));
            continue;
        }
        const double tol = k->dtype == HN_F64 ? 0 : o->tolerance * (o->arg[i].role == SHARED_OUT && n > 64 ? 8 : 1);
        for (int64_t j = 0; j < got->b[i].n; j++) {
            const double g = box_get(&got->b[i], j), w = box_get(&want->b[i], j);
            if (!(fabs(g - w) <= tol * (fabs(w) + o->scale)) && g != w)
                fail_msg("%s: element %d is %.9g, should be %.9g", what, (int)j, g, w);
        }
    }
}

static void check_rows(const op *o, const hn_kernels *k, const frame *before, const frame *all, int64_t n, int64_t d, int variant) {
    for (int64_t r = 0; r < n; r += n / 3 + 1) {
        frame f = frame_row(o, before, r, d);
        o->call(k, 1, d, f.p, f.id, variant);
        for (int i = 0; i < ARGS && o->arg[i].role; i++) {
            if (o->arg[i].role != ROW_OUT) continue;
            const size_t bytes = (size_t)f.b[i].n * hn_dtype_size(f.b[i].dtype);
            if (memcmp(f.b[i].p, (char *)all->b[i].p + (size_t)r * bytes, bytes) != 0)
                fail_msg("%s %s variant %d n %d d %d: row %d alone has other bits", k->isa, o->name, variant, (int)n, (int)d, (int)r);
        }
        frame_free(&f);
    }
}

static void check_op(const op *o, const hn_kernels *k, int64_t n, int64_t d, int variant) {
    frame want = frame_new(o, HN_F64, n, d), before = frame_new(o, k->dtype, n, d), one = frame_new(o, k->dtype, n, d);
    frame two = frame_new(o, k->dtype, n, d);
    o->call(hn_kernels_at(1), n, d, want.p, want.id, variant);
    hn_par_set_threads(1);
    o->call(k, n, d, one.p, one.id, variant);
    hn_par_set_threads(2);
    o->call(k, n, d, two.p, two.id, variant);
    compare(o, k, &one, &want, n, d, variant);
    for (int i = 0; i < ARGS && o->arg[i].role; i++)
        if (memcmp(one.b[i].p, two.b[i].p, (size_t)one.b[i].n * hn_dtype_size(one.b[i].dtype)) != 0)
            fail_msg("%s %s: two threads give other bits than one", k->isa, o->name);
    check_rows(o, k, &before, &one, n, d, variant);
    frame_free(&want);
    frame_free(&before);
    frame_free(&one);
    frame_free(&two);
}

static void all_slots(void **state) {
    (void)state;
    static const int64_t row_sizes[][2] = {{1, 1}, {3, 2}, {2, 15}, {5, 16}, {7, 33}, {70, 64}, {9, 130}, {150, 100}, {4, 5000}};
    static const int64_t elem_sizes[] = {1, 15, 16, 17, 100, 16384, 40007};
    const hn_kernels *k;
    for (size_t f = 0; (k = hn_kernels_at(f)); f++) {
        for (int o = 0; o < OPS; o++) {
            bool elements = ops[o].arg[0].width == ONE;
            for (int v = 0; v < ops[o].variants; v++) {
                for (size_t s = 0; elements && s < sizeof elem_sizes / sizeof *elem_sizes; s++)
                    check_op(&ops[o], k, elem_sizes[s], 1, v);
                for (size_t s = 0; !elements && s < sizeof row_sizes / sizeof *row_sizes; s++)
                    if (!ops[o].pairs || row_sizes[s][1] % 8 == 0) check_op(&ops[o], k, row_sizes[s][0], row_sizes[s][1], v);
            }
        }
    }
}

/* Worst error in units in the last place of the float result. */
static double worst_ulp(const hn_kernels *k, hn_act kind, double (*truth)(double), double lo, double hi) {
    enum { POINTS = 400000 };
    float *x = hn_alloc_array(POINTS, sizeof *x), *y = hn_alloc_array(POINTS, sizeof *y);
    assert_true(x && y);
    for (int i = 0; i < POINTS; i++) x[i] = (float)(lo + (hi - lo) * i / POINTS);
    k->act(kind, POINTS, x, y);
    double worst = 0;
    for (int i = 0; i < POINTS; i++) {
        const double want = truth((double)x[i]), ulp = ldexp(1, ilogb(want == 0 ? 1e-38 : want) - 23);
        const double e = fabs((double)y[i] - want) / ulp;
        if (e > worst) worst = e;
    }
    hn_free(x);
    hn_free(y);
    return worst;
}

static double silu_truth(double x) { return x / (1 + exp(-x)); }

static void functions_are_accurate(void **state) {
    (void)state;
    const hn_kernels *k;
    for (size_t f = 0; (k = hn_kernels_at(f)); f++) {
        if (k->dtype != HN_F32) continue;
        const double t = worst_ulp(k, HN_ACT_TANH, tanh, -12, 12), t0 = worst_ulp(k, HN_ACT_TANH, tanh, -0.7, 0.7);
        const double s = worst_ulp(k, HN_ACT_SILU, silu_truth, -80, 90), s0 = worst_ulp(k, HN_ACT_SILU, silu_truth, -3, 3);
        print_message("%s: tanh %.2f %.2f ulp, silu %.2f %.2f ulp\n", k->isa, t, t0, s, s0);
        assert_true(t <= 2 && t0 <= 2 && s <= 3.5 && s0 <= 3);
    }
}

static void special_values(void **state) {
    (void)state;
    const hn_kernels *k;
    for (size_t f = 0; (k = hn_kernels_at(f)); f++) {
        if (k->dtype != HN_F32) continue;
        float x[3] = {NAN, -1000, 1000}, y[3];
        for (int kind = HN_ACT_GELU; kind <= HN_ACT_TANH; kind++) {
            k->act((hn_act)kind, 3, x, y);
            assert_true(isnan(y[0]));
            assert_true(fabsf(y[1]) == (kind == HN_ACT_TANH ? 1.0f : 0.0f));
            assert_true(y[2] == (kind == HN_ACT_TANH ? 1.0f : 1000.0f));
        }
        float logits[20], copy[20];
        for (int i = 0; i < 20; i++) logits[i] = i == 7 || i == 9 ? 2.0f : i % 3 ? -INFINITY : -1000.0f;
        hn_row_stats s;
        k->row_stats(1, 20, logits, 20, &(int32_t){7}, &s);
        assert_true(fabs(s.lse - (2 + log(2))) < 1e-6 && s.argmax == 7 && fabs(s.p2 - 0.5) < 1e-6);
        memcpy(copy, logits, sizeof copy);
        k->logits_back(1, 20, copy, 20, &(int32_t){7}, &s, &(double){1}, NULL, NULL);
        for (int i = 0; i < 20; i++) assert_true(fabs((double)copy[i] - (i == 7 ? 0.5 : i == 9 ? -0.5 : 0)) < 1e-6);
        assert_false(k->finite(20, logits));
        assert_true(k->finite(20, copy));
        copy[19] = NAN;
        assert_false(k->finite(20, copy));
        assert_true(k->finite(19, copy));
        assert_true(k->finite(0, NULL));
    }
}

static void bench(void) {
    const int64_t n = 1024, d = 576;
    const hn_kernels *k;
    for (size_t f = 0; (k = hn_kernels_at(f)); f++) {
        for (int o = 0; o < OPS; o++) {
            const bool elements = ops[o].arg[0].width == ONE, logits = ops[o].arg[0].lo == -9;
            const int64_t rows = elements ? n * d : logits ? 64 : n, cols = elements ? 1 : logits ? 49152 : d;
            for (int v = 0; v < ops[o].variants; v++) {
                frame fr = frame_new(&ops[o], k->dtype, rows, cols);
                double best = 1e9, start = hn_now();
                for (int i = 0; i < 20 && hn_now() - start < 1; i++) {
                    const double t = hn_now();
                    ops[o].call(k, rows, cols, fr.p, fr.id, v);
                    if (hn_now() - t < best) best = hn_now() - t;
                }
                printf("%-7s %s %-15s variant %-2d %9.1f us\n", k->isa, hn_dtype_name(k->dtype), ops[o].name, v, best * 1e6);
                frame_free(&fr);
            }
        }
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        bench();
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_slots), cmocka_unit_test(functions_are_accurate),
                                       cmocka_unit_test(special_values)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hn_par_shutdown();
    return failed;
}
