/* rooms: grad dev base */
/* test_grad.c - every op of ops.def: its gradient against central differences in float64, accumulation, memory handed
 * from tensor to tensor, float32 against float64, one thread against three. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "op_cases.h"

static const hn_op_case *const cases[] = {
#define X(name) &case_##name,
#include "ops.def"
#undef X
};
enum { CASES = sizeof cases / sizeof *cases, MAX_IN = 5, MAX_COUNT = 512 };

typedef struct rig { /* one case's inputs as parameters, and what a run gives */
    hn_tape *t;
    const hn_op_case *c;
    uint64_t variant;
    hn_tensor in[MAX_IN], grad[MAX_IN];
    double value[MAX_IN][MAX_COUNT]; /* the inputs in double, as they are varied */
    double got[MAX_IN][MAX_COUNT];   /* gradients */
    double y[MAX_COUNT], seed[MAX_COUNT];
    int64_t count;                   /* of y */
    char memory[MAX_IN][2][MAX_COUNT * sizeof(double)];
} rig;

static hn_dev *dev;

static void rig_open(rig *r, const hn_op_case *c, uint64_t variant, hn_dtype dtype) {
    memset(r, 0, sizeof *r);
    r->c = c;
    r->variant = variant;
    hn_error err = {0};
    if (hn_tape_new(dev, dtype, &r->t, &err) != HN_OK) fail_msg("%s", err.msg);
    float noise[MAX_COUNT];
    for (int32_t i = 0; i < c->inputs; i++) {
        int32_t rank = c->dim[i][1] ? 2 : 1;
        hn_rng_key key = {.seed = variant, .purpose = HN_RNG_TEST, .site = (uint32_t)i};
        hn_tensor_wrap(&r->in[i], rank, c->dim[i], dtype, r->memory[i][0]);
        hn_tensor_wrap(&r->grad[i], rank, c->dim[i], dtype, r->memory[i][1]);
        r->in[i].needs_grad = true;
        r->in[i].grad = &r->grad[i];
        int64_t n = hn_tensor_count(&r->in[i]);
        assert_true(n <= MAX_COUNT);
        hn_rng_fill_normal(&key, noise, (size_t)n, 0.0f, 1.0f);
        for (int64_t j = 0; j < n; j++) r->value[i][j] = (double)noise[j];
    }
    hn_rng_key key = {.seed = variant, .purpose = HN_RNG_TEST, .site = 99};
    hn_rng_fill_normal(&key, noise, MAX_COUNT, 0.0f, 1.0f);
    for (int j = 0; j < MAX_COUNT; j++) r->seed[j] = (double)noise[j];
}

static void rig_close(rig *r) {
    hn_tape_free(r->t);
}

static hn_tensor *forward(rig *r, bool through) {
    hn_tensor *in[MAX_IN];
    hn_tape_reset(r->t);
    hn_tape_seed(r->t, 5, 9);
    for (int32_t i = 0; i < r->c->inputs; i++) {
        hn_convert(hn_tensor_count(&r->in[i]), HN_F64, r->value[i], r->in[i].dtype, r->in[i].data);
        in[i] = through ? hn_op_scale(r->t, &r->in[i], 1.0) : &r->in[i];
    }
    hn_tensor *y = r->c->make(r->t, in, r->variant);
    hn_error err = {0};
    if (hn_tape_status(r->t, &err) != HN_OK || !y) fail_msg("%s: %s", r->c->name, err.msg);
    r->count = hn_tensor_count(y);
    assert_true(r->count <= MAX_COUNT);
    hn_tensor_get(y, r->y);
    return y;
}

static double loss(rig *r) {
    forward(r, false);
    double sum = 0.0;
    for (int64_t i = 0; i < r->count; i++) sum += r->seed[i] * r->y[i];
    return sum;
}

/* through: inputs are tape tensors, whose gradient memory is made late and handed on. preset: what stands in the
 * parameters' gradients before; NAN: they are fresh. */
static void gradients(rig *r, bool through, double preset) {
    hn_error err = {0};
    for (int32_t i = 0; i < r->c->inputs; i++) {
        double fill[MAX_COUNT];
        for (int j = 0; j < MAX_COUNT; j++) fill[j] = preset;
        hn_convert(hn_tensor_count(&r->in[i]), HN_F64, fill, r->grad[i].dtype, r->grad[i].data);
        r->in[i].grad_fresh = isnan(preset);
    }
    hn_tape_record(r->t, true);
    hn_tensor *y = forward(r, through);
    if (hn_seed(r->t, y, r->seed, &err) != HN_OK || hn_tape_backward(r->t, &err) != HN_OK) {
        fail_msg("%s: %s", r->c->name, err.msg);
    }
    for (int32_t i = 0; i < r->c->inputs; i++) {
        hn_tensor_get(&r->grad[i], r->got[i]);
        if (!r->in[i].grad_fresh) continue; /* an input that this variant does not use */
        memset(r->got[i], 0, sizeof r->got[i]);
    }
}

static void expect_near(const rig *r, const char *what, int32_t input, int64_t at, double got, double want, double tol) {
    if (fabs(got - want) <= tol * fmax(1.0, fabs(want))) return;
    fail_msg("%s variant %llu: %s of input %d at %lld is %.12g, wanted %.12g", r->c->name,
             (unsigned long long)r->variant, what, input, (long long)at, got, want);
}

static void check_differences(rig *r, bool through) {
    const double h = 1e-5;
    gradients(r, through, NAN);
    hn_tape_record(r->t, false);
    for (int32_t i = 0; i < r->c->inputs; i++) {
        for (int64_t j = 0; j < hn_tensor_count(&r->in[i]); j++) {
            double keep = r->value[i][j];
            r->value[i][j] = keep + h;
            double up = loss(r);
            r->value[i][j] = keep - h;
            double down = loss(r);
            r->value[i][j] = keep;
            expect_near(r, "the gradient", i, j, r->got[i][j], (up - down) / (2.0 * h), 1e-6);
        }
    }
}

static void test_differences(void **state) {
    (void)state;
    static rig r;
    for (int c = 0; c < CASES; c++) {
        for (uint64_t v = 0; v < (uint64_t)cases[c]->variants; v++) {
            rig_open(&r, cases[c], v, HN_F64);
            check_differences(&r, false);
            rig_close(&r);
        }
    }
}

/* Fresh, preset and handed-over gradients are the same gradients. */
static void test_accumulation(void **state) {
    (void)state;
    static rig r;
    static double want[MAX_IN][MAX_COUNT];
    for (int c = 0; c < CASES; c++) {
        for (uint64_t v = 0; v < (uint64_t)cases[c]->variants; v++) {
            rig_open(&r, cases[c], v, HN_F64);
            gradients(&r, false, NAN);
            memcpy(want, r.got, sizeof want);
            for (int mode = 0; mode < 3; mode++) {
                double preset = mode == 1 ? 0.0 : 0.75;
                gradients(&r, mode > 0, preset);
                for (int32_t i = 0; i < r.c->inputs; i++) {
                    for (int64_t j = 0; j < hn_tensor_count(&r.in[i]); j++) {
                        expect_near(&r, "the sum", i, j, r.got[i][j], want[i][j] + preset, 1e-12);
                    }
                }
            }
            rig_close(&r);
        }
    }
}

/* float32 follows float64 within rounding; 3e-5 of the largest value, as sums of some tens of terms allow. */
static void test_single_precision(void **state) {
    (void)state;
    static rig wide, narrow;
    for (int c = 0; c < CASES; c++) {
        for (uint64_t v = 0; v < (uint64_t)cases[c]->variants; v++) {
            rig_open(&wide, cases[c], v, HN_F64);
            rig_open(&narrow, cases[c], v, HN_F32);
            gradients(&wide, true, NAN);
            gradients(&narrow, true, NAN);
            double top = 1.0;
            for (int64_t j = 0; j < wide.count; j++) top = fmax(top, fabs(wide.y[j]));
            for (int64_t j = 0; j < wide.count; j++) expect_near(&wide, "a value", -1, j, narrow.y[j], wide.y[j], 3e-5 * top);
            for (int32_t i = 0; i < wide.c->inputs; i++) {
                int64_t n = hn_tensor_count(&wide.in[i]);
                top = 1.0;
                for (int64_t j = 0; j < n; j++) top = fmax(top, fabs(wide.got[i][j]));
                for (int64_t j = 0; j < n; j++) {
                    expect_near(&wide, "the float32 gradient", i, j, narrow.got[i][j], wide.got[i][j], 3e-5 * top);
                }
            }
            rig_close(&wide);
            rig_close(&narrow);
        }
    }
}

static void test_threads(void **state) {
    (void)state;
    static rig one, many;
    for (int c = 0; c < CASES; c++) {
        rig_open(&one, cases[c], 1 % (uint64_t)cases[c]->variants, HN_F32);
        rig_open(&many, cases[c], 1 % (uint64_t)cases[c]->variants, HN_F32);
        hn_par_set_threads(1);
        gradients(&one, true, NAN);
        hn_par_set_threads(3);
        gradients(&many, true, NAN);
        assert_memory_equal(one.y, many.y, sizeof one.y);
        assert_memory_equal(one.got, many.got, sizeof one.got);
        rig_close(&one);
        rig_close(&many);
    }
    hn_par_set_threads(0);
}

/* A file op_x.c without a line in ops.def would go unchecked. */
static void test_registry(void **state) {
    (void)state;
    const char *rooms = FIXTURES "/../../src/grad";
    hn_strlist files = {0};
    hn_error err = {0};
    if (!hn_path_is_dir(rooms)) {
        print_message("the sources are not here: not every op can be looked up\n");
        skip();
    }
    if (hn_dir_list(rooms, &files, &err) != HN_OK) fail_msg("%s", err.msg);
    int seen = 0;
    for (size_t i = 0; i < files.n; i++) {
        size_t n = strlen(files.v[i]);
        if (strncmp(files.v[i], "op_", 3) != 0 || n < 6 || !hn_streq(files.v[i] + n - 2, ".c")) continue;
        bool found = hn_streq(files.v[i], "op_logprob.c");
        for (int c = 0; c < CASES; c++) {
            found |= strlen(cases[c]->name) >= n - 5 && strncmp(cases[c]->name, files.v[i] + 3, n - 5) == 0;
        }
        if (!found) fail_msg("%s has no line in ops.def", files.v[i]);
        seen++;
    }
    assert_true(seen > 10);
    hn_strlist_free(&files);
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
        cmocka_unit_test(test_differences), cmocka_unit_test(test_accumulation),
        cmocka_unit_test(test_single_precision), cmocka_unit_test(test_threads), cmocka_unit_test(test_registry),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}
