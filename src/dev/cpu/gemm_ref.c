/* gemm_ref.c - C (+)= op(A) op(B) as the contract says it, one element after the other.
 *
 *   c = ACC ? C[i,j] : 0;   for p = 0 .. k-1: c = fma(a[i,p], b[p,j], c);   C[i,j] = c (+ bias[j])
 *
 * fma() of the C library rounds once on every machine, with or without the instruction, so these bits
 * are the yardstick for every other filling but oneDNN. */
#include "dev/cpu/gemm_impl.h"

#include <math.h>

typedef struct operands {
    unsigned flags;
    int64_t n, k, lda, ldb, ldc;
    const void *a, *b, *bias;
    void *c;
} operands;

#define DEFINE_ROWS(real, suffix, fma_one)                                                         \
    static void rows_##suffix(void *ctx, int64_t begin, int64_t end)                               \
    {                                                                                              \
        const operands *o = ctx;                                                                   \
        const bool ta = (o->flags & HN_GEMM_TA) != 0, tb = (o->flags & HN_GEMM_TB) != 0;           \
        const int64_t a_row = ta ? 1 : o->lda, a_step = ta ? o->lda : 1;                           \
        const int64_t b_col = tb ? o->ldb : 1, b_step = tb ? 1 : o->ldb;                           \
        const real *a = o->a, *b = o->b, *bias = o->bias;                                          \
        for (int64_t i = begin; i < end; i++) {                                                    \
            real *c = (real *)o->c + i * o->ldc;                                                   \
            for (int64_t j = 0; j < o->n; j++) {                                                   \
                real sum = (o->flags & HN_GEMM_ACC) ? c[j] : 0;                                    \
                for (int64_t p = 0; p < o->k; p++)                                                 \
                    sum = fma_one(a[i * a_row + p * a_step], b[p * b_step + j * b_col], sum);      \
                c[j] = bias ? sum + bias[j] : sum;                                                 \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    void hn_gemm_ref_##suffix(unsigned flags, int64_t m, int64_t n, int64_t k, const void *a,      \
                              int64_t lda, const void *b, int64_t ldb, void *c, int64_t ldc,       \
                              const void *bias)                                                    \
    {                                                                                              \
        operands o = {flags, n, k, lda, ldb, ldc, a, b, bias, c};                                  \
        int64_t per_row = n * (k + 1);                                                             \
        hn_par_for(m, per_row > 0 && per_row < 20000 ? 20000 / per_row : 1, rows_##suffix, &o);    \
    }

DEFINE_ROWS(float, f32, fmaf)
DEFINE_ROWS(double, f64, fma)
