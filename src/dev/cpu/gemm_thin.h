/* gemm_thin.h - few rows times a Linear weight (op(B) = B^T): one pass over the weight as it lies in memory.
 *
 * Decoding reads each weight once for a handful of rows, so packing would cost more than the product. Eight rows of
 * B are loaded four steps of k at a time, transposed in registers and used at once; several such groups
 * of 8 columns side by side hide the latency of the multiply-adds. Each lane is the same chain over k as
 * everywhere. So many streams are more than the hardware follows: lines are asked for by hand. */
#ifndef HN_GEMM_THIN_H
#define HN_GEMM_THIN_H

#include "dev/cpu/gemm_pack.h"

#include <string.h>

/* Rows, most columns at a time, floats fetched ahead in each row of B. */
enum { THIN_ROWS = 8, THIN_COLS = 32, THIN_AHEAD = 64 };

typedef struct thin_args {
    int64_t k, ldb, ldc;
    const float *a; /* packed: [k][m] */
    const float *b, *bias; /* at the first column in hand */
    float *c;
    bool load; /* start from C, else from 0 */
} thin_args;

/* Up to 16 steps of one group: whole cache lines of its eight rows. */
INLINE void thin_steps(const thin_args *t, const float *a, const float *b, int64_t steps, int m, __m256 *acc)
{
    for (int64_t p = 0; p < steps; p += 4) {
        __m256 col[4];
        if (steps - p >= 4)
            load_8x4(b + p, t->ldb, col);
        else
            load_edge_8x4(b + p, t->ldb, 8, steps - p, col);
        UNROLL for (int q = 0; q < 4; q++)
            if (p + q < steps)
                UNROLL for (int i = 0; i < m; i++)
                    acc[i] = _mm256_fmadd_ps(_mm256_broadcast_ss(a + (p + q) * m + i), col[q], acc[i]);
    }
}

/* m rows times 8 * groups columns. */
INLINE void thin_run(const thin_args *t, int m, int groups)
{
    __m256 acc[THIN_COLS / 8][THIN_ROWS];
    UNROLL for (int g = 0; g < groups; g++)
        UNROLL for (int i = 0; i < m; i++)
            acc[g][i] = t->load ? _mm256_loadu_ps(t->c + i * t->ldc + g * 8) : _mm256_setzero_ps();
    const int64_t ldb = t->ldb, whole = t->k / 16 * 16;
    for (int64_t p = 0; p < whole; p += 16) {
        const float *ahead = t->b + (p + THIN_AHEAD < t->k ? p + THIN_AHEAD : 8 * groups * ldb + p + THIN_AHEAD - t->k);
        UNROLL for (int g = 0; g < groups; g++) {
            UNROLL for (int j = 0; j < 8; j++)
                _mm_prefetch((const char *)(ahead + (g * 8 + j) * ldb), _MM_HINT_T0);
            UNROLL for (int h = 0; h < 16; h += 4)
                thin_steps(t, t->a + (p + h) * m, t->b + g * 8 * ldb + p + h, 4, m, acc[g]);
        }
    }
    UNROLL for (int g = 0; g < groups; g++) {
        thin_steps(t, t->a + whole * m, t->b + g * 8 * ldb + whole, t->k - whole, m, acc[g]);
        UNROLL for (int i = 0; i < m; i++) {
            if (t->bias) acc[g][i] = _mm256_add_ps(acc[g][i], _mm256_loadu_ps(t->bias + g * 8));
            _mm256_storeu_ps(t->c + i * t->ldc + g * 8, acc[g][i]);
        }
    }
}

typedef void thin_fn(const thin_args *t);
#define THIN(m, groups)                                                                            \
    static void thin_##m##_wide(const thin_args *t) { thin_run(t, m, groups); }                    \
    static void thin_##m##_8(const thin_args *t) { thin_run(t, m, 1); }
THIN(1, 4) THIN(2, 4) THIN(3, 2) THIN(4, 2) THIN(5, 1) THIN(6, 1) THIN(7, 1) THIN(8, 1)
#define THIN_SET(m) {thin_##m##_8, thin_##m##_wide}
static thin_fn *const thin_fns[THIN_ROWS][2] = {THIN_SET(1), THIN_SET(2), THIN_SET(3), THIN_SET(4),
                                                THIN_SET(5), THIN_SET(6), THIN_SET(7), THIN_SET(8)};
static const int thin_cols[THIN_ROWS] = {32, 32, 16, 16, 8, 8, 8, 8};

/* The last columns, fewer than 8, one after the other. */
static void thin_edge(const thin_args *t, int64_t m, int64_t n)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            const float *a = t->a + i, *b = t->b + j * t->ldb;
            float *c = t->c + i * t->ldc + j, sum = t->load ? *c : 0;
            for (int64_t p = 0; p < t->k; p++)
                sum = _mm_cvtss_f32(_mm_fmadd_ss(_mm_load_ss(a + p * m), _mm_load_ss(b + p), _mm_load_ss(&sum)));
            *c = t->bias ? sum + t->bias[j] : sum;
        }
}

/* m <= THIN_ROWS rows times n <= THIN_COLS columns. */
static void thin_columns(thin_args t, int64_t m, int64_t n)
{
    const int64_t wide = thin_cols[m - 1];
    while (n >= 8) {
        const int64_t step = n >= wide ? wide : 8;
        thin_fns[m - 1][step > 8](&t);
        t.b += step * t.ldb;
        t.c += step;
        if (t.bias) t.bias += step;
        n -= step;
    }
    thin_edge(&t, m, n);
}

/* m <= THIN_ROWS rows times n columns, in passes over k that keep 16 KB of A in L1. */
static void thin_block(const thin_args *t, int64_t m, int64_t n)
{
    const int64_t cols = thin_cols[m - 1], steps = 4096 / m / 16 * 16;
    int64_t p = 0;
    do {
        thin_args part = *t;
        part.k = t->k - p < steps ? t->k - p : steps;
        part.a = t->a + p * m;
        part.load = t->load || p > 0;
        for (int64_t j = 0; j < n; j += cols) {
            part.b = t->b + j * t->ldb + p;
            part.c = t->c + j;
            part.bias = t->bias && p + part.k == t->k ? t->bias + j : NULL;
            thin_columns(part, m, n - j < cols ? n - j : cols);
        }
        p += steps;
    } while (p < t->k);
}

#endif
