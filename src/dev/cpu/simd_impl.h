/* simd_impl.h - a vector of 16 floats: one AVX-512 register, or a pair of AVX2 registers.
 *
 * Every level works on the same 16 lanes in the same order, and every operation here is exact or rounded
 * once as IEEE 754 says, so kernels written with it give the same bits at each level: what is tested under
 * AVX2 holds under AVX-512. Where a lane is NaN, v_max(a, b) and v_min(a, b) return b. */
#ifndef HN_SIMD_IMPL_H
#define HN_SIMD_IMPL_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif
enum { LANES = 16 };

#ifdef __AVX512F__

typedef __m512 vf;
typedef __mmask16 vmask;
#define V_OP2(name, op) INLINE vf v_##name(vf x, vf y) { return _mm512_##op##_ps(x, y); }
#define V_LOGIC(name, op)                                                                                  \
    INLINE vf v_##name(vf x, vf y) {                                                                       \
        return _mm512_castsi512_ps(_mm512_##op##_epi32(_mm512_castps_si512(x), _mm512_castps_si512(y)));   \
    }
INLINE vf v_set1(float x) { return _mm512_set1_ps(x); }
INLINE vf v_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void v_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
INLINE vmask v_below(int n) { return (vmask)(n >= LANES ? 0xffffu : n <= 0 ? 0u : (1u << n) - 1); }
INLINE vf v_load_n(const float *p, int n) { return _mm512_maskz_loadu_ps(v_below(n), p); }
INLINE void v_store_n(float *p, int n, vf x) { _mm512_mask_storeu_ps(p, v_below(n), x); }
INLINE vf v_fma(vf x, vf y, vf z) { return _mm512_fmadd_ps(x, y, z); }
INLINE vf v_fnma(vf x, vf y, vf z) { return _mm512_fnmadd_ps(x, y, z); }
INLINE vf v_sqrt(vf x) { return _mm512_sqrt_ps(x); }
INLINE vf v_round(vf x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vmask v_less(vf x, vf y) { return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ); }
INLINE vmask v_both(vmask x, vmask y) { return (vmask)(x & y); }
INLINE unsigned v_bits(vmask m) { return m; }
INLINE vf v_select(vmask m, vf yes, vf no) { return _mm512_mask_blend_ps(m, no, yes); }
/* x 2^k for whole k, where neither x nor the result is 0, subnormal or infinite */
INLINE vf v_scale2(vf x, vf k) {
    __m512i shift = _mm512_slli_epi32(_mm512_cvtps_epi32(k), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), shift));
}
INLINE __m256 v_low(vf x) { return _mm512_castps512_ps256(x); }
INLINE __m256 v_high(vf x) { return _mm512_extractf32x8_ps(x, 1); }

#else

typedef struct vf {
    __m256 a, b;
} vf;
typedef struct vmask {
    __m256 a, b;
} vmask;
#define V_OP2(name, op)                                                                                    \
    INLINE vf v_##name(vf x, vf y) { return (vf){_mm256_##op##_ps(x.a, y.a), _mm256_##op##_ps(x.b, y.b)}; }
#define V_LOGIC(name, op) V_OP2(name, op)
INLINE vf v_set1(float x) { return (vf){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
INLINE vf v_load(const float *p) { return (vf){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
INLINE void v_store(float *p, vf x) {
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}
INLINE vmask v_below(int n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return (vmask){_mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane)),
                   _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n - 8), lane))};
}
INLINE vf v_load_n(const float *p, int n) {
    const vmask m = v_below(n);
    return (vf){_mm256_maskload_ps(p, _mm256_castps_si256(m.a)), _mm256_maskload_ps(p + 8, _mm256_castps_si256(m.b))};
}
INLINE void v_store_n(float *p, int n, vf x) {
    const vmask m = v_below(n);
    _mm256_maskstore_ps(p, _mm256_castps_si256(m.a), x.a);
    _mm256_maskstore_ps(p + 8, _mm256_castps_si256(m.b), x.b);
}
INLINE vf v_fma(vf x, vf y, vf z) { return (vf){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)}; }
INLINE vf v_fnma(vf x, vf y, vf z) { return (vf){_mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b)}; }
INLINE vf v_sqrt(vf x) { return (vf){_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)}; }
INLINE vf v_round(vf x) {
    return (vf){_mm256_round_ps(x.a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                _mm256_round_ps(x.b, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
INLINE vmask v_less(vf x, vf y) {
    return (vmask){_mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ)};
}
INLINE vmask v_both(vmask x, vmask y) { return (vmask){_mm256_and_ps(x.a, y.a), _mm256_and_ps(x.b, y.b)}; }
INLINE unsigned v_bits(vmask m) { return (unsigned)_mm256_movemask_ps(m.a) | (unsigned)_mm256_movemask_ps(m.b) << 8; }
INLINE vf v_select(vmask m, vf yes, vf no) {
    return (vf){_mm256_blendv_ps(no.a, yes.a, m.a), _mm256_blendv_ps(no.b, yes.b, m.b)};
}
INLINE __m256 scale2_half(__m256 x, __m256 k) {
    __m256i shift = _mm256_slli_epi32(_mm256_cvtps_epi32(k), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), shift));
}
INLINE vf v_scale2(vf x, vf k) { return (vf){scale2_half(x.a, k.a), scale2_half(x.b, k.b)}; }
INLINE __m256 v_low(vf x) { return x.a; }
INLINE __m256 v_high(vf x) { return x.b; }

#endif

V_OP2(add, add)
V_OP2(sub, sub)
V_OP2(mul, mul)
V_OP2(div, div)
V_OP2(max, max)
V_OP2(min, min)
V_LOGIC(and, and)
V_LOGIC(or, or)
V_LOGIC(xor, xor)
INLINE vf v_zero(void) { return v_set1(0.0f); }
INLINE vf v_sign(vf x) { return v_and(x, v_set1(-0.0f)); }
INLINE vf v_abs(vf x) { return v_xor(x, v_sign(x)); }
INLINE vmask v_from(int n) {
    return v_less(v_set1((float)n - 0.5f), v_load((const float[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
}

/* n lanes, 1 .. 16; the rest is 0 */
INLINE vf v_get(const float *p, int64_t n) { return n >= LANES ? v_load(p) : v_load_n(p, (int)n); }
INLINE void v_put(float *p, int64_t n, vf x) {
    if (n >= LANES) v_store(p, x);
    else v_store_n(p, (int)n, x);
}

/* lanes i and i + 8, then + 4, + 2, + 1 */
INLINE float v_sum(vf x) {
    const __m256 h = _mm256_add_ps(v_low(x), v_high(x));
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}
INLINE float v_top(vf x) {
    const __m256 h = _mm256_max_ps(v_low(x), v_high(x));
    __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_shuffle_ps(q, q, 1)));
}

/* acc[i] += x and acc[i] += x^2 in double, lanes 4 i .. 4 i + 3 */
INLINE void v_split(vf x, __m256d out[4]) {
    out[0] = _mm256_cvtps_pd(_mm256_castps256_ps128(v_low(x)));
    out[1] = _mm256_cvtps_pd(_mm256_extractf128_ps(v_low(x), 1));
    out[2] = _mm256_cvtps_pd(_mm256_castps256_ps128(v_high(x)));
    out[3] = _mm256_cvtps_pd(_mm256_extractf128_ps(v_high(x), 1));
}
INLINE void v_add_double(vf x, __m256d acc[4]) {
    __m256d d[4];
    v_split(x, d);
    UNROLL for (int i = 0; i < 4; i++) acc[i] = _mm256_add_pd(acc[i], d[i]);
}
INLINE void v_square_double(vf x, __m256d acc[4]) {
    __m256d d[4];
    v_split(x, d);
    UNROLL for (int i = 0; i < 4; i++) acc[i] = _mm256_fmadd_pd(d[i], d[i], acc[i]);
}
INLINE double v_sum_double(const __m256d acc[4]) {
    double s[4];
    _mm256_storeu_pd(s, _mm256_add_pd(_mm256_add_pd(acc[0], acc[1]), _mm256_add_pd(acc[2], acc[3])));
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* r[i] lane j becomes r[j] lane i */
INLINE void transpose8(__m256 r[8]) {
    __m256 t[8];
    UNROLL for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    UNROLL for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        const __m256 lo = r[i], hi = r[i + 4];
        r[i] = _mm256_permute2f128_ps(lo, hi, 0x20);
        r[i + 4] = _mm256_permute2f128_ps(lo, hi, 0x31);
    }
}

#endif
