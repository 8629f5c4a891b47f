/* rooms: model nn grad data text dev io base */
/* test_model_grow.c - more rows of embedding and head: the mean of those there are; old rows, old logits and the config as
 * before; saved and loaded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model_bench.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { OLD = 96, NEW = 101 };
static hn_dev *dev;
static char dir[64];

static int open_all(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/hone_grow_XXXXXX");
    return mkdtemp(dir) && hn_dev_cpu_new(NULL, &dev, NULL) == HN_OK ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    hn_dev_free(dev);
    return hn_dir_remove(dir, NULL) == HN_OK ? 0 : -1;
}

static hn_model *load(const char *path, int64_t vocab, hn_dtype dtype) {
    hn_error err = {0};
    hn_model *m = NULL;
    if (hn_model_load(dev, path, &(hn_load_opts){.dtype = dtype, .vocab = vocab}, &m, &err) != HN_OK) fail_msg("%s", err.msg);
    return m;
}

static double value(const hn_tensor *t, int64_t i) {
    return t->dtype == HN_F64 ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

/* Every weight of grown is small's, with new rows that are the mean of the old ones; returns how many weights grew. */
static int compare(hn_model *small, hn_model *grown) {
    size_t n = 0, k = 0;
    int more = 0;
    hn_param *a = hn_model_params(small, &n), *b = hn_model_params(grown, &k);
    assert_int_equal(n, k);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(a[i].name, b[i].name);
        int64_t count = hn_tensor_count(a[i].t), width = a[i].t->rank > 1 ? a[i].t->dim[1] : 1;
        for (int64_t j = 0; j < count; j++)
            if (value(a[i].t, j) != value(b[i].t, j)) fail_msg("%s[%lld]", a[i].name, (long long)j);
        if (hn_tensor_count(b[i].t) == count) continue;
        more++;
        assert_int_equal(b[i].t->dim[0], NEW);
        for (int64_t j = 0; j < width; j++) {
            double sum = 0;
            for (int64_t r = 0; r < OLD; r++) sum += value(a[i].t, r * width + j);
            for (int64_t r = OLD; r < NEW; r++)
                if (fabs(value(b[i].t, r * width + j) - sum / OLD) > 1e-7) fail_msg("%s: row %lld", a[i].name, (long long)r);
        }
    }
    return more;
}

static void logits_of(hn_model *m, int64_t vocab, double *out) {
    static const int32_t ids[] = {5, 17, 80, 3};
    const int32_t last = 3;
    bench x;
    hn_error err = {0};
    hn_tape *t = NULL;
    bench_clear(&x);
    bench_row(&x, ids, 4);
    assert_int_equal(hn_tape_new(dev, HN_F32, &t, &err), HN_OK);
    hn_tensor *h = hn_model_hidden(m, t, &x.b, NULL);
    hn_tensor *l = hn_model_logits(m, t, h, &last, 1);
    assert_non_null(l);
    for (int64_t i = 0; i < vocab; i++) out[i] = value(l, i);
    hn_tape_free(t);
}

static void test_grow(void **state) {
    static const struct {
        const char *name;
        int weights;
    } models[] = {{"llama", 1}, {"llama_untied_bias", 2}, {"gpt2", 1}, {"gpt_neox", 2}, {"qwen3", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char path[256], config[256];
        hn_error err = {0};
        double old_logits[OLD], new_logits[NEW];
        snprintf(path, sizeof path, FIXTURES "/models/%s", models[i].name);
        hn_model *small = load(path, 0, HN_F32), *grown = load(path, NEW, HN_F32);
        assert_int_equal(hn_model_get_info(small)->vocab, OLD);
        assert_int_equal(hn_model_get_info(grown)->vocab, NEW);
        assert_int_equal(compare(small, grown), models[i].weights);
        assert_int_equal(hn_model_check_vocab(grown, NEW, &err), HN_OK);
        logits_of(small, OLD, old_logits);
        logits_of(grown, NEW, new_logits);
        for (int k = 0; k < OLD; k++) assert_true(old_logits[k] == new_logits[k]);
        for (int k = OLD; k < NEW; k++) assert_true(new_logits[k] == new_logits[OLD] && isfinite(new_logits[k]));
        assert_int_equal(hn_model_save(grown, dir, NULL, &err), HN_OK);
        hn_model *again = load(dir, 0, HN_F32);
        assert_int_equal(hn_model_get_info(again)->vocab, NEW);
        assert_int_equal(compare(small, again), models[i].weights);
        hn_json *j;
        snprintf(config, sizeof config, "%s/config.json", dir);
        assert_int_equal(hn_json_load(config, &j, &err), HN_OK);
        assert_int_equal(hn_json_int(hn_json_get(j, "vocab_size"), 0), NEW);
        hn_json_free(j);
        hn_model_free(again);
        hn_model_free(grown);
        hn_model_free(small);
    }
}

/* Fewer rows than there are: as the file. Rows are never taken away. */
static void test_enough(void **state) {
    (void)state;
    hn_model *a = load(FIXTURES "/models/llama", 0, HN_F64), *b = load(FIXTURES "/models/llama", 50, HN_F64);
    assert_int_equal(hn_model_get_info(b)->vocab, OLD);
    assert_int_equal(compare(a, b), 0);
    hn_model_free(a);
    hn_model_free(b);
}

static char warned[512];
static void keep_log(hn_log_level level, const char *text, void *user) {
    (void)user;
    if (level == HN_LOG_WARN) snprintf(warned, sizeof warned, "%s", text);
}

/* What float16 cannot hold is told; bfloat16 holds it. */
static void test_too_large(void **state) {
    (void)state;
    hn_error err = {0};
    size_t n;
    hn_model *m = load(FIXTURES "/models/llama", 0, HN_F32);
    float *w = hn_model_params(m, &n)[0].t->data;
    w[0] = 65519, w[1] = -65520, w[2] = 1e30f;
    hn_log_set(keep_log, NULL);
    assert_int_equal(hn_model_save(m, dir, &(hn_save_opts){.dtype = HN_BF16}, &err), HN_OK);
    assert_string_equal(warned, "");
    assert_int_equal(hn_model_save(m, dir, &(hn_save_opts){.dtype = HN_F16}, &err), HN_OK);
    hn_log_set(NULL, NULL);
    assert_non_null(strstr(warned, "2 weights are too large for float16"));
    hn_model_free(m);
    m = load(dir, 0, HN_F32);
    w = hn_model_params(m, &n)[0].t->data;
    assert_true(w[0] == 65504 && isinf(w[1]) && isinf(w[2]));
    hn_model_free(m);
}

/* A model from scratch draws its rows for added tokens as all others, which stay as they were. */
static void test_scratch(void **state) {
    (void)state;
    hn_error err = {0};
    hn_model *a = NULL, *b = NULL;
    size_t n;
    assert_int_equal(hn_model_init(dev, FIXTURES "/models/gpt2", 1, HN_F32, 0, &a, &err), HN_OK);
    assert_int_equal(hn_model_init(dev, FIXTURES "/models/gpt2", 1, HN_F32, NEW, &b, &err), HN_OK);
    assert_int_equal(hn_model_get_info(b)->vocab, NEW);
    const hn_tensor *old = hn_model_params(a, &n)[0].t, *new = hn_model_params(b, &n)[0].t;
    int64_t width = old->dim[1];
    assert_int_equal(old->dim[0], OLD);
    assert_int_equal(new->dim[0], NEW);
    assert_memory_equal(new->data, old->data, hn_tensor_bytes(old));
    for (int64_t r = OLD; r < NEW; r++) {
        double sum = 0;
        for (int64_t j = 0; j < width; j++) sum += value(new, r * width + j) * value(new, r * width + j);
        double spread = sqrt(sum / (double)width);
        assert_true(spread > 0.01 && spread < 0.03); /* initializer_range is 0.02 */
    }
    hn_model_free(a);
    hn_model_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_grow), cmocka_unit_test(test_enough), cmocka_unit_test(test_too_large), cmocka_unit_test(test_scratch)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
