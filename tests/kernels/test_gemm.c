/* rooms: gemmwide dev base */
/* test_gemm.c - every filling of the gemm slot against the reference: equal bits at odd sizes, all transposes,
 * strides beyond the row, unaligned operands, canaries around C; a row alone = the row among many; 1 thread =
 * many; out of memory; oneDNN within rounding. The shape of AVX-512 runs on AVX2 halves as well. */
#include "dev/cpu/gemm_impl.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef void gemm_fn(HN_GEMM_PARAMS);
void hn_gemm_wide_avx2_f32(HN_GEMM_PARAMS);

typedef struct filling {
    const char *name;
    gemm_fn *fn;
} filling;

static filling fillings[4];
static int filling_count;

typedef struct problem {
    unsigned flags;
    int64_t m, n, k, lda, ldb, ldc, a_floats, b_floats, c_floats;
    float *a, *b, *c0, *want, *got, *bias; /* bias NULL: none */
    void *blocks[6];
} problem;

static const float CANARY = 12345.678f;
enum { MARGIN = 24 };

static uint32_t next_random(void)
{
    static uint32_t x = 2463534242u;
    x ^= x << 13;
    x ^= x >> 17;
    return x ^= x << 5;
}

static int64_t pick(const int *list, size_t count)
{
    return list[next_random() % count];
}
#define PICK(list) pick(list, sizeof(list) / sizeof(list[0]))

/* A block of its exact size (a sanitizer sees one float too far), one float off its alignment if odd. */
static float *make(problem *p, int at, int64_t count, bool odd)
{
    float *block = malloc(((size_t)count + odd) * sizeof(float) + 1);
    assert_non_null(block);
    p->blocks[at] = block;
    for (int64_t i = 0; i < count + odd; i++)
        block[i] = (float)((int32_t)next_random() * 0x1p-31);
    return block + odd;
}

static problem problem_new(unsigned flags, int64_t m, int64_t n, int64_t k, int64_t extra, bool with_bias)
{
    problem p = {.flags = flags, .m = m, .n = n, .k = k};
    const bool ta = flags & HN_GEMM_TA, tb = flags & HN_GEMM_TB;
    p.lda = (ta ? m : k) + extra;
    p.ldb = (tb ? k : n) + (extra ? extra + 1 : 0);
    p.ldc = n + (extra ? 3 : 0);
    int64_t a_rows = ta ? k : m, b_rows = tb ? n : k;
    p.a_floats = a_rows ? (a_rows - 1) * p.lda + (ta ? m : k) : 0;
    p.b_floats = b_rows ? (b_rows - 1) * p.ldb + (tb ? k : n) : 0;
    p.c_floats = m * p.ldc + 2 * MARGIN;
    bool odd = next_random() & 1;
    p.a = make(&p, 0, p.a_floats, odd);
    p.b = make(&p, 1, p.b_floats, odd);
    p.c0 = make(&p, 2, p.c_floats, false);
    p.want = make(&p, 3, p.c_floats, false);
    p.got = make(&p, 4, p.c_floats, odd);
    p.bias = with_bias ? make(&p, 5, n, odd) : NULL;
    for (int64_t i = 0; i < p.c_floats; i++) {
        int64_t at = i - MARGIN;
        if (at < 0 || at >= m * p.ldc || at % p.ldc >= n) p.c0[i] = CANARY;
    }
    return p;
}

static void problem_free(problem *p)
{
    for (int i = 0; i < 6; i++)
        free(p->blocks[i]);
}

static void solve(const problem *p, gemm_fn *fn, float *c)
{
    memcpy(c, p->c0, (size_t)p->c_floats * sizeof(float));
    fn(p->flags, p->m, p->n, p->k, p->a, p->lda, p->b, p->ldb, c + MARGIN, p->ldc, p->bias);
}

/* Equal bits, any NaN equal to any NaN. */
static bool same(const float *x, const float *y, int64_t count)
{
    if (!memcmp(x, y, (size_t)count * sizeof(float))) return true;
    for (int64_t i = 0; i < count; i++)
        if (memcmp(x + i, y + i, sizeof(float)) && !(isnan(x[i]) && isnan(y[i]))) return false;
    return true;
}

static void check(const problem *p)
{
    solve(p, hn_gemm_ref_f32, p->want);
    for (int f = 0; f < filling_count; f++) {
        solve(p, fillings[f].fn, p->got);
        if (!same(p->got, p->want, p->c_floats))
            fail_msg("%s differs from the reference: flags %u m %lld n %lld k %lld lda %lld ldb %lld bias %d",
                     fillings[f].name, p->flags, (long long)p->m, (long long)p->n, (long long)p->k,
                     (long long)p->lda, (long long)p->ldb, p->bias != NULL);
    }
}

static void check_sizes(unsigned flags, int64_t m, int64_t n, int64_t k, int64_t extra, bool with_bias)
{
    problem p = problem_new(flags, m, n, k, extra, with_bias && !(flags & HN_GEMM_ACC));
    check(&p);
    problem_free(&p);
}

/* The reference itself against sums in double (float) and long double (double). */
static void test_reference(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++) {
        problem p = problem_new(flags, 7, 5, 43, 2, !(flags & HN_GEMM_ACC));
        solve(&p, hn_gemm_ref_f32, p.got);
        double *a = malloc((size_t)p.a_floats * sizeof(double)), *b = malloc((size_t)p.b_floats * sizeof(double));
        double *c = malloc((size_t)p.c_floats * sizeof(double)), bias[5] = {0};
        assert_true(a && b && c);
        for (int64_t i = 0; i < p.a_floats; i++) a[i] = (double)p.a[i];
        for (int64_t i = 0; i < p.b_floats; i++) b[i] = (double)p.b[i];
        for (int64_t i = 0; i < p.c_floats; i++) c[i] = (double)p.c0[i];
        for (int j = 0; j < 5 && p.bias; j++) bias[j] = (double)p.bias[j];
        hn_gemm_ref_f64(flags, 7, 5, 43, a, p.lda, b, p.ldb, c + MARGIN, p.ldc, p.bias ? bias : NULL);
        for (int64_t i = 0; i < 7; i++)
            for (int64_t j = 0; j < 5; j++) {
                int64_t at = MARGIN + i * p.ldc + j;
                long double sum = flags & HN_GEMM_ACC ? (long double)p.c0[at] : 0, size = fabsl(sum);
                for (int64_t q = 0; q < 43; q++) {
                    long double x = a[flags & HN_GEMM_TA ? q * p.lda + i : i * p.lda + q];
                    long double y = b[flags & HN_GEMM_TB ? j * p.ldb + q : q * p.ldb + j];
                    sum += x * y;
                    size += fabsl(x * y);
                }
                sum += (long double)bias[j];
                size += fabsl((long double)bias[j]);
                assert_true(fabsl((long double)p.got[at] - sum) <= 45 * 0x1p-24L * size);
                assert_true(fabsl((long double)c[at] - sum) <= 45 * 0x1p-53L * size);
            }
        free(a);
        free(b);
        free(c);
        problem_free(&p);
    }
}

static void test_small_sizes(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++)
        for (int64_t m = 1; m <= 17; m++)
            for (int64_t n = 1; n <= 17; n++) {
                check_sizes(flags, m, n, (m * 5 + n * 3) % 19, 0, m & 1);
                check_sizes(flags, m, n, (m * 7 + n) % 41, 1 + (n & 3), n & 1);
            }
}

static void test_odd_sizes(void **state)
{
    (void)state;
    static const int outer[] = {1, 2, 3, 5, 6, 7, 8, 11, 12, 13, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 95, 97, 100, 130};
    static const int inner[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 100, 257, 319, 320, 321, 641, 700};
    static const int extra[] = {0, 0, 1, 2, 3, 5, 8, 40};
    for (int i = 0; i < 1200; i++)
        check_sizes((unsigned)i % 8, PICK(outer), PICK(outer), PICK(inner), PICK(extra), next_random() & 1);
}

/* Large enough for several blocks, passes over k and slabs. */
static void test_large_sizes(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++) {
        check_sizes(flags, 1030, 35, 130, 0, true);
        check_sizes(flags, 20, 900, 330, 1, true);
        check_sizes(flags, 333, 421, 90, 0, true);
        check_sizes(flags, 7, 17, 5000, 3, true);
        check_sizes(flags, 1, 1100, 700, 0, true);
        check_sizes(flags, 3, 520, 700, 4, true);
        check_sizes(flags, 260, 60, 345, flags & HN_GEMM_TA ? 1024 - 260 : 1024 - 345, false); /* rows 4 KiB apart */
        check_sizes(flags, 20, 60, 64, flags & HN_GEMM_TA ? 512 - 20 : 512 - 64, false);
    }
}

/* Not a number and infinity stay in their row or column; zeros keep their sign as the chain gives it. */
static void test_special_values(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++)
        for (int64_t size = 5; size <= 53; size += 12) {
            problem p = problem_new(flags, size, size + 2, 21, 0, size & 1 && !(flags & HN_GEMM_ACC));
            for (int64_t i = 0; i < p.a_floats; i += 3) p.a[i] = next_random() & 1 ? -0.0f : 0.0f;
            for (int64_t i = 0; i < p.b_floats; i += 5) p.b[i] = -0.0f;
            p.a[p.a_floats / 2] = NAN;
            p.b[p.b_floats / 3] = INFINITY;
            check(&p);
            int64_t clean = 0;
            for (int64_t i = 0; i < size; i++)
                for (int64_t j = 0; j < size + 2; j++)
                    clean += isfinite(p.got[MARGIN + i * p.ldc + j]) != 0;
            assert_int_equal(clean, (size - 1) * (size + 1));
            problem_free(&p);
        }
}

/* A chain of -0 stays -0: no step is added to fill a vector. */
static void test_no_added_steps(void **state)
{
    (void)state;
    for (unsigned flags = HN_GEMM_ACC; flags < 8; flags++)
        for (int64_t m = 1; m <= 9; m++)
            for (int64_t k = 0; k <= 20; k++) {
                problem p = problem_new(flags, m, 35, k, 0, false);
                for (int64_t i = 0; i < p.a_floats; i++) p.a[i] = -0.0f;
                for (int64_t i = 0; i < p.b_floats; i++) p.b[i] = 1.0f;
                for (int64_t i = 0; i < m * 35; i++) p.c0[MARGIN + i] = -0.0f;
                check(&p);
                assert_true(p.got[MARGIN] == 0.0f && signbit(p.got[MARGIN]));
                problem_free(&p);
            }
}

/* Rows i .. i+m of a product are the same bits whatever m, at every m. */
static void test_rows_alone(void **state)
{
    (void)state;
    for (int f = 0; f < filling_count; f++)
        for (unsigned flags = 0; flags < 4; flags++) {
            problem p = problem_new(flags, 70, 83, 407, 0, true);
            solve(&p, fillings[f].fn, p.want);
            for (int64_t m = 1; m <= 70; m++) {
                int64_t at = next_random() % (70 - m + 1);
                memcpy(p.got, p.c0, (size_t)p.c_floats * sizeof(float));
                float *got = p.got + MARGIN + at * p.ldc;
                fillings[f].fn(flags, m, 83, 407, p.a + (flags & HN_GEMM_TA ? at : at * p.lda), p.lda, p.b, p.ldb,
                               got, p.ldc, p.bias);
                if (memcmp(got, p.want + MARGIN + at * p.ldc, (size_t)(m * p.ldc) * sizeof(float)))
                    fail_msg("%s: rows %d.. of %d differ alone, flags %u", fillings[f].name, (int)at, (int)m, flags);
            }
            problem_free(&p);
        }
}

static void test_threads(void **state)
{
    (void)state;
    const int before = hn_par_threads();
    for (unsigned flags = 0; flags < 8; flags++) {
        problem p = problem_new(flags, 290, 390, 333, 0, !(flags & HN_GEMM_ACC));
        for (int f = 0; f < filling_count; f++) {
            hn_par_set_threads(1);
            solve(&p, fillings[f].fn, p.want);
            for (int threads = 2; threads <= 5; threads++) {
                hn_par_set_threads(threads);
                solve(&p, fillings[f].fn, p.got);
                assert_memory_equal(p.got, p.want, (size_t)p.c_floats * sizeof(float));
            }
        }
        problem_free(&p);
    }
    hn_par_set_threads(before);
}

/* Whichever allocation of packing space fails, the result is the same, and the next call packs again. */
static void test_no_memory(void **state)
{
    (void)state;
    static const int64_t rows[] = {3, 20}, steps[] = {700, 2500};
    const int before = hn_par_threads();
    hn_par_set_threads(1);
    for (unsigned flags = 0; flags < 8; flags++)
        for (int i = 0; i < 2; i++) {
            problem p = problem_new(flags, rows[i], 60, steps[i], 0, !(flags & HN_GEMM_ACC));
            solve(&p, hn_gemm_ref_f32, p.want);
            for (int f = 0; f < filling_count; f++)
                for (int nth = 1; nth <= 3; nth++) {
                    hn_gemm_scratch_release();
                    hn_mem_fail_after(nth);
                    solve(&p, fillings[f].fn, p.got);
                    hn_mem_fail_after(-1);
                    assert_memory_equal(p.got, p.want, (size_t)p.c_floats * sizeof(float));
                    solve(&p, fillings[f].fn, p.got);
                    assert_memory_equal(p.got, p.want, (size_t)p.c_floats * sizeof(float));
                }
            problem_free(&p);
        }
    hn_par_set_threads(before);
}

static void test_empty(void **state)
{
    (void)state;
    float c[4] = {1, 2, 3, 4}, bias[2] = {5, 6};
    for (int f = 0; f < filling_count; f++) {
        fillings[f].fn(0, 0, 2, 3, bias, 3, bias, 2, c, 2, NULL);
        fillings[f].fn(0, 2, 0, 3, bias, 3, bias, 2, c, 2, NULL);
        fillings[f].fn(HN_GEMM_ACC, 2, 2, 0, bias, 1, bias, 2, c, 2, NULL);
        assert_true(c[0] == 1 && c[1] == 2 && c[2] == 3 && c[3] == 4);
    }
}

#ifdef HONE_HAVE_ONEDNN
static void test_onednn(void **state)
{
    (void)state;
    static const int sizes[] = {1, 2, 5, 8, 17, 33, 64, 100};
    for (int i = 0; i < 200; i++) {
        problem p = problem_new((unsigned)i % 8, PICK(sizes), PICK(sizes), i < 190 ? PICK(sizes) : 0, i % 3, i % 8 < 4);
        solve(&p, hn_gemm_ref_f32, p.want);
        solve(&p, hn_gemm_onednn_f32, p.got);
        for (int64_t at = 0; at < p.c_floats; at++) {
            float far = fabsf(p.got[at] - p.want[at]), scale = sqrtf((float)p.k + 1);
            if (far > 1e-5f * scale) fail_msg("case %d: %g off", i, (double)far);
        }
        problem_free(&p);
    }
}
#endif

static int release(void **state)
{
    (void)state;
    hn_gemm_scratch_release();
    hn_par_shutdown();
    hn_mem_stats stats;
    hn_mem_get(&stats);
    return stats.live != 0; /* threads free their packing space when they end */
}

int main(void)
{
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        fillings[filling_count++] = (filling){"own-avx2", hn_gemm_own_avx2_f32};
        fillings[filling_count++] = (filling){"wide-avx2", hn_gemm_wide_avx2_f32};
    }
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        fillings[filling_count++] = (filling){"own-avx512", hn_gemm_own_avx512_f32};
    else
        printf("no AVX-512 here: own-avx512 is not run, its source is (wide-avx2)\n");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),      cmocka_unit_test(test_small_sizes),
        cmocka_unit_test(test_odd_sizes),      cmocka_unit_test(test_large_sizes),
        cmocka_unit_test(test_special_values), cmocka_unit_test(test_no_added_steps),
        cmocka_unit_test(test_rows_alone),     cmocka_unit_test(test_threads),
        cmocka_unit_test(test_no_memory),      cmocka_unit_test(test_empty),
#ifdef HONE_HAVE_ONEDNN
        cmocka_unit_test(test_onednn),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
