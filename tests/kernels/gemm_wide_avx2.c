/* gemm_wide_avx2.c - gemm_tmpl.h in the shape of the AVX-512 filling, each vector made of two AVX2 halves: proves
 * its index logic on machines without AVX-512. Part of the tests only. */
#include <immintrin.h>

typedef struct vec {
    __m256 lo, hi;
} vec;

static inline vec v_zero(void)
{
    return (vec){_mm256_setzero_ps(), _mm256_setzero_ps()};
}

static inline vec v_load(const float *p)
{
    return (vec){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

static inline void v_store(float *p, vec x)
{
    _mm256_storeu_ps(p, x.lo);
    _mm256_storeu_ps(p + 8, x.hi);
}

static inline vec v_set1(float x)
{
    return (vec){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

static inline vec v_add(vec x, vec y)
{
    return (vec){_mm256_add_ps(x.lo, y.lo), _mm256_add_ps(x.hi, y.hi)};
}

static inline vec v_fma(vec x, vec y, vec z)
{
    return (vec){_mm256_fmadd_ps(x.lo, y.lo, z.lo), _mm256_fmadd_ps(x.hi, y.hi, z.hi)};
}

enum { VW = 16, KC = 320, MC = 240, B_ROWS = 256, B_ROWS_SPREAD = 4096 };
#define MR 8
#define NV 3
#define GEMM_NAME hn_gemm_wide_avx2_f32
#include "dev/cpu/gemm_impl.h"
void GEMM_NAME(HN_GEMM_PARAMS);
#include "dev/cpu/gemm_tmpl.h"
