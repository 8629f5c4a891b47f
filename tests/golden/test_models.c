/* rooms: model nn grad data text dev io base */
/* test_models.c - model families against transformers: logits, hidden states, loss, every gradient, greedy tokens.
 *
 * Cases are the folders of tests/fixtures/models and of $HONE_GOLDEN/models, whatever is in them. Logits and hidden
 * states: within 2e-5 of the largest; gradients: |g - e| <= 1e-3 max(|e|, 1e-5 |all e|); tokens equal. Each model runs
 * its four rows packed into one batch and one at a time, in float32 and once in float64, where only the rounding of the
 * stored values is left: within 1e-7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/io.h"
#include "model_bench.h"

#include <math.h>
#include <stdio.h>

enum { CASE_ROWS = 4, GREEDY = 24 };

typedef struct tally {
    int compared, off, uncovered, families, heads, others;
} tally;

typedef struct deviation { /* largest so far, and where */
    double worst;
    char where[160];
} deviation;

typedef struct golden {
    const char *name;
    hn_model *m;
    hn_tape *t;
    hn_st *want;
    bench rows[CASE_ROWS], packed;
    deviation logits, hidden, grads, loss, exact;
    bool tokens, bits; /* greedy tokens equal; packed rows equal single ones to the bit */
} golden;

static hn_dev *dev;

static const hn_st_tensor *want(const golden *g, const char *kind, int k) {
    char name[64];
    snprintf(name, sizeof name, "%s.%d", kind, k);
    return hn_st_find(g->want, name);
}

static void note(deviation *d, double value, const char *fmt, ...) {
    if (!(value > d->worst) && !isnan(value)) return;
    d->worst = isnan(value) ? INFINITY : value;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(d->where, sizeof d->where, fmt, ap);
    va_end(ap);
}

static float want_f32(const hn_st_tensor *t, int64_t i) {
    float v;
    memcpy(&v, t->data + 4 * i, 4);
    return v;
}

/* Deviations of [n, width] values as shares of the largest expected one. */
static void compare_rows(deviation *d, const float *got, const hn_st_tensor *e, int k, int64_t width) {
    double largest = 0;
    for (int64_t i = 0; i < e->count; i++) largest = fmax(largest, fabs((double)want_f32(e, i)));
    for (int64_t i = 0; i < e->count; i++)
        note(d, fabs((double)got[i] - (double)want_f32(e, i)) / largest, "row %d token %lld column %lld", k,
             (long long)(i / width), (long long)(i % width));
}

static void read_rows(golden *g) {
    bench_clear(&g->packed);
    for (int k = 0; k < CASE_ROWS; k++) {
        const hn_st_tensor *ids = want(g, "ids", k);
        assert_non_null(ids);
        int32_t id[MOST_TOKENS];
        for (int64_t i = 0; i < ids->count; i++) {
            int64_t v;
            memcpy(&v, ids->data + 8 * i, 8);
            id[i] = (int32_t)v;
        }
        bench_clear(&g->rows[k]);
        bench_row(&g->rows[k], id, ids->count);
        bench_row(&g->packed, id, ids->count);
    }
}

static void check_forward(golden *g) {
    int64_t v = hn_model_get_info(g->m)->vocab;
    float *all = hn_alloc_array(MOST_TOKENS, (size_t)v * sizeof *all),
          *one = hn_alloc_array(MOST_TOKENS, (size_t)v * sizeof *one);
    assert_non_null(all);
    assert_non_null(one);
    hn_error err = {0};
    if (bench_logits(g->m, g->t, &g->packed.b, NULL, all, &err) != HN_OK) fail_msg("%s: %s", g->name, err.msg);
    g->bits = true;
    for (int k = 0; k < CASE_ROWS; k++) {
        const hn_st_tensor *e = want(g, "logits", k);
        const float *packed = all + (int64_t)g->packed.start[k] * v;
        assert_non_null(e);
        if (bench_logits(g->m, g->t, &g->rows[k].b, NULL, one, &err) != HN_OK) fail_msg("%s: %s", g->name, err.msg);
        compare_rows(&g->logits, packed, e, k, v);
        compare_rows(&g->logits, one, e, k, v);
        if (memcmp(packed, one, (size_t)e->count * sizeof *one) != 0) g->bits = false;
    }
    hn_free(all);
    hn_free(one);
}

static void check_hidden(golden *g) {
    const hn_forward_opts o = {0};
    hn_tape_record(g->t, false);
    hn_tensor *h = hn_model_hidden(g->m, g->t, &g->packed.b, &o);
    assert_non_null(h);
    int64_t d = hn_model_get_info(g->m)->dim;
    for (int k = 0; k < CASE_ROWS; k++)
        compare_rows(&g->hidden, (const float *)h->data + (int64_t)g->packed.start[k] * d, want(g, "hidden", k), k, d);
    hn_tape_reset(g->t);
}

/* The same maths in float64. */
static void check_exact(golden *g, const char *path) {
    const hn_load_opts o = {.dtype = HN_F64};
    hn_model *m = NULL;
    hn_tape *t = NULL;
    hn_error err = {0};
    if (hn_model_load(dev, path, &o, &m, &err) != HN_OK) fail_msg("%s: %s", g->name, err.msg);
    assert_int_equal(hn_tape_new(dev, HN_F64, &t, &err), HN_OK);
    hn_tape_record(t, false);
    hn_tensor *h = hn_model_hidden(m, t, &g->packed.b, NULL);
    assert_non_null(h);
    int64_t d = hn_model_get_info(m)->dim;
    double *all = hn_alloc_array((size_t)hn_tensor_count(h), sizeof *all);
    float *row = hn_alloc_array((size_t)hn_tensor_count(h), sizeof *row);
    assert_non_null(all);
    assert_non_null(row);
    hn_tensor_get(h, all);
    for (int64_t i = 0; i < hn_tensor_count(h); i++) row[i] = (float)all[i];
    for (int k = 0; k < CASE_ROWS; k++)
        compare_rows(&g->exact, row + (int64_t)g->packed.start[k] * d, want(g, "hidden", k), k, d);
    hn_free(all);
    hn_free(row);
    hn_tape_free(t);
    hn_model_free(m);
}

static double norm_of(const hn_st_tensor *e) {
    double sum = 0;
    for (int64_t i = 0; i < e->count; i++) sum += (double)want_f32(e, i) * (double)want_f32(e, i);
    return sqrt(sum);
}

static void compare_grads(golden *g, const char *how) {
    size_t n;
    hn_param *p = hn_model_params(g->m, &n);
    double global = 0;
    char name[300];
    for (size_t i = 0; i < hn_st_count(g->want); i++)
        if (strncmp(hn_st_at(g->want, i)->name, "grad.", 5) == 0) global += pow(norm_of(hn_st_at(g->want, i)), 2);
    global = sqrt(global);
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "grad.%s", p[i].name);
        const hn_st_tensor *e = hn_st_find(g->want, name);
        if (!e) fail_msg("%s: expected.safetensors has no '%s'", g->name, name);
        double off = 0;
        const float *got = p[i].t->grad->data;
        for (int64_t j = 0; j < e->count; j++) off += pow((double)got[j] - (double)want_f32(e, j), 2);
        note(&g->grads, sqrt(off) / fmax(norm_of(e), 1e-5 * global), "%s (%s)", p[i].name, how);
    }
}

static void check_gradients(golden *g) {
    const hn_forward_opts o = {.train = true}, saving = {.train = true, .checkpointing = true};
    hn_error err = {0};
    bench_grads grads;
    double loss = 0, targets = (double)g->packed.b.rows, expected = (double)want_f32(hn_st_find(g->want, "loss"), 0);
    bench_grads_open(&grads, g->m);
    if (bench_step(g->m, g->t, &g->packed.b, &o, 1 / targets, &loss, &err) != HN_OK) fail_msg("%s: %s", g->name, err.msg);
    note(&g->loss, fabs(loss - expected) / expected, "packed");
    compare_grads(g, "packed");
    bench_grads_zero(&grads);
    loss = 0;
    for (int k = 0; k < CASE_ROWS; k++)
        if (bench_step(g->m, g->t, &g->rows[k].b, k % 2 ? &o : &saving, 1 / targets, &loss, &err) != HN_OK)
            fail_msg("%s: %s", g->name, err.msg);
    note(&g->loss, fabs(loss - expected) / expected, "one at a time");
    compare_grads(g, "one at a time");
    bench_grads_close(&grads);
}

static int32_t largest(const float *row, int64_t v) {
    int32_t best = 0;
    for (int32_t i = 1; i < v; i++)
        if (row[i] > row[best]) best = i;
    return best;
}

/* Greedy continuation of row 1 through the cache: the row first, then token by token. */
static void check_greedy(golden *g) {
    const hn_st_tensor *e = hn_st_find(g->want, "greedy");
    const hn_model_info *f = hn_model_get_info(g->m);
    assert_non_null(e);
    hn_error err = {0};
    hn_kv_cache *cache = NULL;
    int32_t seg = 0;
    float *logits = hn_alloc_array(MOST_TOKENS, (size_t)f->vocab * sizeof *logits);
    assert_int_equal(hn_kv_cache_new(dev, HN_F32, (int32_t)f->layers, f->kv_heads * f->head_dim, &cache, &err), HN_OK);
    assert_int_equal(hn_kv_cache_add(cache, 0, 0, &seg, &err), HN_OK);
    bench step;
    bench_clear(&step);
    bench_segment(&step, g->rows[1].id, g->rows[1].b.tokens, 0, -1 - seg);
    g->tokens = true;
    for (int64_t i = 0; i < GREEDY; i++) {
        assert_int_equal(hn_kv_cache_append_to(cache, &seg, 1, &err), HN_OK);
        if (bench_logits(g->m, g->t, &step.b, cache, logits, &err) != HN_OK) fail_msg("%s: %s", g->name, err.msg);
        int32_t id = largest(logits + (step.b.tokens - 1) * f->vocab, f->vocab);
        int64_t v;
        memcpy(&v, e->data + 8 * i, 8);
        if (id != v) g->tokens = false;
        bench_clear(&step);
        bench_segment(&step, &id, 1, (int32_t)hn_kv_cache_path(cache, seg), -1 - seg);
    }
    hn_free(logits);
    hn_kv_cache_free(cache);
}

static bool report(const golden *g) {
    bool ok = g->logits.worst <= 2e-5 && g->hidden.worst <= 2e-5 && g->grads.worst <= 1e-3 && g->loss.worst <= 1e-5 &&
              g->exact.worst <= 1e-7 && g->tokens && g->bits;
    printf("%-20s %s logits %.1e (%s) hidden %.1e (float64 %.1e) loss %.1e gradients %.1e (%s) greedy %s packed %s\n", g->name,
           ok ? "ok " : "OFF", g->logits.worst, g->logits.where, g->hidden.worst, g->exact.worst, g->loss.worst, g->grads.worst,
           g->grads.where, g->tokens ? "equal" : "DIFFERS", g->bits ? "bit-equal" : "DIFFERS");
    return ok;
}

static void uncovered(tally *n, const char *name, const hn_error *err) {
    n->uncovered++;
    if (strstr(err->msg, "model family")) n->families++;
    else if (strstr(err->msg, "architecture")) n->heads++;
    else n->others++;
    const char *what = strstr(err->msg, "config.json: ");
    printf("%-20s not yet covered: %s\n", name, what ? what + 13 : err->msg);
}

static void run_case(const char *root, const char *name, tally *n) {
    hn_error err = {0};
    char path[1024];
    static golden g;
    memset(&g, 0, sizeof g);
    g.name = name;
    snprintf(path, sizeof path, "%s/%s", root, name);
    hn_status st = hn_model_load(dev, path, NULL, &g.m, &err);
    if (st == HN_ENOTSUP) {
        uncovered(n, name, &err);
        return;
    }
    if (st != HN_OK) fail_msg("%s: %s", name, err.msg);
    assert_int_equal(hn_tape_new(dev, HN_F32, &g.t, &err), HN_OK);
    assert_int_equal(hn_st_open_dir(path, "expected", &g.want, &err), HN_OK);
    read_rows(&g);
    check_forward(&g);
    check_hidden(&g);
    check_exact(&g, path);
    check_gradients(&g);
    check_greedy(&g);
    n->compared++;
    if (!report(&g)) n->off++;
    hn_st_close(g.want);
    hn_tape_free(g.t);
    hn_model_free(g.m);
}

static tally run_folder(const char *root) {
    hn_error err = {0};
    hn_strlist names = {0};
    tally n = {0};
    if (hn_dir_list(root, &names, &err) != HN_OK) fail_msg("%s", err.msg);
    for (size_t i = 0; i < names.n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s/expected.safetensors", root, names.v[i]);
        if (hn_path_exists(path)) run_case(root, names.v[i], &n);
    }
    hn_strlist_free(&names);
    printf("%d compared, %d off, %d not yet covered (%d family, %d head, %d other)\n", n.compared, n.off, n.uncovered, n.families,
           n.heads, n.others);
    return n;
}

static void test_fixtures(void **state) {
    (void)state;
    tally n = run_folder(FIXTURES "/models");
    assert_int_equal(n.off, 0);
    assert_int_equal(n.uncovered, 0);
    assert_true(n.compared >= 10);
}

static void test_golden_folder(void **state) {
    (void)state;
    const char *root = getenv("HONE_GOLDEN");
    if (!root) {
        printf("skipped: HONE_GOLDEN is not set (its models/ holds more cases)\n");
        skip();
    }
    char path[1024];
    snprintf(path, sizeof path, "%s/models", root);
    tally n = run_folder(path);
    assert_int_equal(n.off, 0);
    assert_true(n.compared + n.uncovered > 0);
}

int main(void) {
    if (hn_dev_cpu_new(NULL, &dev, NULL) != HN_OK) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fixtures), cmocka_unit_test(test_golden_folder)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hn_dev_free(dev);
    return failed;
}
