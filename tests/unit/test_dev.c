/* rooms: dev base */
/* test_dev.c - the device: levels, buffers, conversion of element types. */
#include "dev/dev.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void levels(void **state) {
    (void)state;
    size_t count;
    const hn_isa *isa = hn_dev_isas(&count);
    assert_true(count == 3 && isa[0].usable);
    hn_error err = {0};
    for (size_t i = 0; i < count; i++) {
        hn_dev *d;
        setenv("HONE_ISA", isa[i].name, 1);
        const hn_status st = hn_dev_cpu_new(NULL, &d, &err);
        assert_int_equal(st, isa[i].usable ? HN_OK : HN_EARG);
        assert_true((d != NULL) == isa[i].usable);
        if (d) {
            assert_string_equal(hn_dev_kernels(d, HN_F32)->isa, isa[i].name);
            assert_string_equal(hn_dev_kernels(d, HN_F32)->gemm_name, i ? "own" : "ref");
            assert_true(hn_dev_kernels(d, HN_F64)->dtype == HN_F64);
            assert_null(hn_dev_kernels(d, HN_BF16));
        }
        hn_dev_free(d);
    }
    hn_dev *d;
    setenv("HONE_ISA", "mmx", 1);
    assert_int_equal(hn_dev_cpu_new(NULL, &d, &err), HN_EARG);
    assert_null(d);
    assert_true(strstr(err.msg, "mmx") && err.fix[0]);
    unsetenv("HONE_ISA");
    assert_int_equal(hn_dev_cpu_new("blas", &d, &err), HN_EARG);
    assert_true(strstr(err.msg, "blas") && err.fix[0]);
    assert_int_equal(hn_dev_cpu_new("ref", &d, &err), HN_OK);
    assert_string_equal(hn_dev_kernels(d, HN_F32)->gemm_name, "ref");
    hn_dev_free(d);
    hn_mem_fail_after(1);
    assert_int_equal(hn_dev_cpu_new(NULL, &d, &err), HN_ENOMEM);
    hn_mem_fail_after(-1);
    assert_null(d);
}

static void buffers(void **state) {
    (void)state;
    hn_dev *d;
    assert_int_equal(hn_dev_cpu_new(NULL, &d, NULL), HN_OK);
    hn_mem_stats before, after;
    enum { SIZES = 2000 };
    static void *p[SIZES];
    static size_t size[SIZES];
    for (int round = 0; round < 3; round++) {
        hn_mem_get(&before);
        for (int i = 0; i < SIZES; i++) { /* every size up to 1 KiB, then ever larger steps */
            size[i] = i < 1024 ? (size_t)i : (size_t)i + ((size_t)(i - 1000) * (size_t)(i % 97) * 37);
            p[i] = hn_dev_alloc(d, size[i]);
            assert_non_null(p[i]);
            assert_true((uintptr_t)p[i] % 64 == 0);
            memset(p[i], i & 255, size[i]);
        }
        for (int i = 0; i < SIZES; i++)
            for (size_t j = 0; j < size[i]; j += 61) assert_true(((unsigned char *)p[i])[j] == (i & 255));
        hn_mem_get(&after);
        if (round > 0) assert_true(after.calls == before.calls); /* the steady state takes nothing */
        for (int i = 0; i < SIZES; i++) hn_dev_release(d, p[i], size[i]);
    }
    hn_dev_trim(d);
    hn_mem_get(&after);
    void *big = hn_dev_alloc(d, (size_t)33 << 20);
    assert_non_null(big);
    hn_dev_release(d, big, (size_t)33 << 20);
    assert_null(hn_dev_alloc(d, SIZE_MAX));
    hn_dev_trim(d);
    hn_mem_fail_after(1);
    assert_null(hn_dev_alloc(d, 7000));
    hn_mem_fail_after(-1);
    hn_dev_free(d);
    hn_mem_get(&after);
    assert_true(after.live == 0);
}

static uint64_t calls_now(void) {
    hn_mem_stats s;
    hn_mem_get(&s);
    return s.calls;
}

static uint64_t live_now(void) {
    hn_mem_stats s;
    hn_mem_get(&s);
    return s.live;
}

/* Requests of ever longer steps: held is never more than once was in use; stretched ones all fit the first step's blocks. */
static void growing_steps(void **state) {
    (void)state;
    enum { BUFFERS = 20, WIDTH = 4096 };
    for (int stretched = 0; stretched < 2; stretched++) {
        hn_dev *d;
        void *p[BUFFERS];
        assert_int_equal(hn_dev_cpu_new(NULL, &d, NULL), HN_OK);
        const uint64_t before = live_now();
        uint64_t calls = 0, most = 0;
        for (int64_t tokens = 40; tokens <= 1000; tokens += 60) {
            if (stretched) hn_dev_stretch(d, 1000, tokens);
            for (int i = 0; i < BUFFERS; i++) {
                assert_non_null(p[i] = hn_dev_alloc(d, (size_t)(tokens * WIDTH * (1 + i % 4))));
                memset(p[i], i, (size_t)(tokens * WIDTH * (1 + i % 4)));
            }
            if (live_now() - before > most) most = live_now() - before;
            for (int i = 0; i < BUFFERS; i++) hn_dev_release(d, p[i], 0);
            if (stretched && tokens > 40) assert_true(calls_now() == calls);
            calls = calls_now();
        }
        assert_true(most < (uint64_t)BUFFERS * 1000 * WIDTH * 5 / 2 * 5 / 4); /* a mean width of 2.5, 1/8 slack and some */
        hn_dev_stretch(d, 1, 1);
        hn_dev_free(d);
    }
}

/* Nearest float16 or bfloat16 by search among all of them: the truth for rounding. */
static double widen(hn_dtype t, uint16_t h) {
    const int fraction = t == HN_F16 ? 10 : 7, bias = t == HN_F16 ? 15 : 127;
    const int e = (h & 0x7fff) >> fraction, f = h & ((1 << fraction) - 1), most = t == HN_F16 ? 31 : 255;
    double x = e == most ? (f ? NAN : INFINITY) : e ? ldexp(1 + ldexp(f, -fraction), e - bias) : ldexp(f, 1 - bias - fraction);
    return h >> 15 ? -x : x;
}

static void narrow_types(void **state) {
    (void)state;
    static uint16_t all[65536], back[65536];
    static float single[65536];
    static double wide[65536];
    for (int i = 0; i < 65536; i++) all[i] = (uint16_t)i;
    for (int k = 0; k < 2; k++) {
        const hn_dtype t = k ? HN_F16 : HN_BF16;
        hn_convert(65536, t, all, HN_F32, single);
        hn_convert(65536, t, all, HN_F64, wide);
        for (int i = 0; i < 65536; i++) {
            const double want = widen(t, all[i]);
            assert_true(isnan(want) ? isnan(single[i]) && isnan(wide[i]) : (double)single[i] == want && wide[i] == want);
        }
        for (int from = 0; from < 2; from++) {
            hn_convert(65536, from ? HN_F64 : HN_F32, from ? (void *)wide : (void *)single, t, back);
            for (int i = 0; i < 65536; i++)
                assert_true(back[i] == all[i] || (isnan(wide[i]) && isnan(widen(t, back[i]))));
        }
        /* halfway to the next, and a little to either side */
        const int inf = k ? 31 << 10 : 255 << 7;
        for (int i = 0; i < inf; i++) {
            const double x = wide[i], step = i + 1 < inf ? wide[i + 1] - x : x - wide[i - 1], half = x + step / 2;
            const double d[3] = {nextafter(half, 0), half, nextafter(half, INFINITY)};
            uint16_t got[3];
            hn_convert(3, HN_F64, d, t, got);
            assert_true(got[0] == i && got[1] == (i & 1 ? i + 1 : i) && got[2] == i + 1);
            const float s[9] = {nextafterf((float)half, 0), (float)half, nextafterf((float)half, INFINITY), 1, 1, 1, 1, 1, (float)half};
            uint16_t from[9]; /* nine: the vector and what is left over */
            if ((double)s[1] != half) continue; /* among float's own subnormals */
            hn_convert(9, HN_F32, s, t, from);
            assert_true(from[0] == i && from[1] == got[1] && from[2] == i + 1 && from[8] == got[1]);
        }
    }
    const double d[2] = {1e300, -0.0};
    float f[2];
    hn_convert(2, HN_F64, d, HN_F32, f);
    assert_true(isinf(f[0]) && f[1] == 0 && signbit(f[1]));
    assert_true(hn_dtype_size(HN_BF16) == 2 && hn_dtype_size(HN_I64) == 8 && hn_dtype_size(HN_U8) == 1);
    assert_string_equal(hn_dtype_name(HN_BF16), "bfloat16");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(levels), cmocka_unit_test(buffers), cmocka_unit_test(growing_steps), cmocka_unit_test(narrow_types)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hn_par_shutdown();
    return failed;
}
