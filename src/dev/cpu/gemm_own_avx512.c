/* gemm_own_avx512.c - gemm_tmpl.h with 16 lanes: a tile of 8 x 48 takes 24 of the 32 registers for sums; a step
 * needs 3 loads and 8 broadcasts, which the multiply-adds take from memory themselves, for 24 multiply-adds.
 * 48 divides the widths of most models. The tests run the same source on two AVX2 halves per vector. */
#include <immintrin.h>

typedef __m512 vec;
#define v_zero() _mm512_setzero_ps()
#define v_load(p) _mm512_loadu_ps(p)
#define v_store(p, x) _mm512_storeu_ps(p, x)
#define v_set1(x) _mm512_set1_ps(x)
#define v_add(x, y) _mm512_add_ps(x, y)
#define v_fma(x, y, z) _mm512_fmadd_ps(x, y, z)

enum { VW = 16, KC = 320, MC = 240, B_ROWS = 256, B_ROWS_SPREAD = 4096 };
#define MR 8
#define NV 3
#define GEMM_NAME hn_gemm_own_avx512_f32
#include "dev/cpu/gemm_tmpl.h"
