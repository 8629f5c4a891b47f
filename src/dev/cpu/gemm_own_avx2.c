/* gemm_own_avx2.c - gemm_tmpl.h with 8 lanes: a tile of 6 x 16 takes 12 of the 16 registers for sums, which
 * covers 2 fused multiply-adds a cycle at a latency of 4 to 5 cycles. */
#include <immintrin.h>

typedef __m256 vec;
#define v_zero() _mm256_setzero_ps()
#define v_load(p) _mm256_loadu_ps(p)
#define v_store(p, x) _mm256_storeu_ps(p, x)
#define v_set1(x) _mm256_set1_ps(x)
#define v_add(x, y) _mm256_add_ps(x, y)
#define v_fma(x, y, z) _mm256_fmadd_ps(x, y, z)

enum { VW = 8, KC = 320, MC = 240, B_ROWS = 24, B_ROWS_SPREAD = 24 };
#define MR 6
#define NV 2
#define GEMM_NAME hn_gemm_own_avx2_f32
#include "dev/cpu/gemm_tmpl.h"
