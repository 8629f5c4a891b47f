/* gemm_pack.h - 8-lane building blocks of the packed GEMM: transposes and packing, for AVX2 and AVX-512.
 *
 * A panel is op(X) seen as [kc][w], w <= width, written as [kc][width] with zeros in lanes w .. width. Stores of
 * 8 lanes may spill over a width that is no multiple of 8, into the next step, which is written later, or
 * into the margin between panels. */
#ifndef HN_GEMM_PACK_H
#define HN_GEMM_PACK_H

#include "dev/cpu/gemm_impl.h"

#include <immintrin.h>

#ifdef HONE_SANITIZED /* one copy of each loop: checks at every access of unrolled code take minutes to compile */
#define INLINE static __attribute__((noinline, unused))
#define UNROLL
#else
#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif
#endif

/* Distance of two panels. */
INLINE int64_t panel_floats(int64_t kc, int width)
{
    return kc * width + (width % 8 ? 8 : 0);
}

INLINE __m256i lanes_below(int64_t w)
{
    int count = w < 0 ? 0 : w > 8 ? 8 : (int)w;
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* r[i]: row i in the low half, row i + 4 in the high; becomes column i of the eight rows. */
INLINE void transpose_halves(__m256 r[4])
{
    const __m256 a = _mm256_unpacklo_ps(r[0], r[1]), b = _mm256_unpackhi_ps(r[0], r[1]);
    const __m256 c = _mm256_unpacklo_ps(r[2], r[3]), d = _mm256_unpackhi_ps(r[2], r[3]);
    r[0] = _mm256_shuffle_ps(a, c, 0x44);
    r[1] = _mm256_shuffle_ps(a, c, 0xee);
    r[2] = _mm256_shuffle_ps(b, d, 0x44);
    r[3] = _mm256_shuffle_ps(b, d, 0xee);
}

/* Columns 0 .. 4 of eight rows. */
INLINE void load_8x4(const float *x, int64_t ld, __m256 r[4])
{
    UNROLL for (int i = 0; i < 4; i++)
        r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(x + i * ld)), _mm_loadu_ps(x + (i + 4) * ld), 1);
    transpose_halves(r);
}

/* The same of `rows` rows and the first `cols` columns, zeros elsewhere. */
INLINE void load_edge_8x4(const float *x, int64_t ld, int64_t rows, int64_t cols, __m256 r[4])
{
    const __m128i mask = _mm256_castsi256_si128(lanes_below(cols));
    UNROLL for (int i = 0; i < 4; i++) {
        __m128 lo = i < rows ? _mm_maskload_ps(x + i * ld, mask) : _mm_setzero_ps();
        __m128 hi = i + 4 < rows ? _mm_maskload_ps(x + (i + 4) * ld, mask) : _mm_setzero_ps();
        r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(lo), hi, 1);
    }
    transpose_halves(r);
}

/* From w rows of kc neighbours; the rows after these are fetched ahead. */
INLINE void pack_across(const float *x, int64_t ld, int64_t kc, int64_t w, float *out, int width)
{
    for (int64_t g = 0; g < width; g += 8) {
        const float *row = x + g * ld;
        float *to = out + g;
        const bool whole = w - g >= 8;
        for (int64_t p = 0; p < kc; p += 4, to += 4 * width) {
            __m256 r[4];
            if (p % 16 == 0)
                UNROLL for (int i = 0; i < 8; i++) _mm_prefetch((const char *)(row + (8 + i) * ld + p), _MM_HINT_T1);
            if (whole && kc - p >= 4)
                load_8x4(row + p, ld, r);
            else
                load_edge_8x4(row + p, ld, w - g, kc - p, r);
            UNROLL for (int i = 0; i < 4; i++)
                if (i < kc - p) _mm256_storeu_ps(to + i * width, r[i]);
        }
    }
}

/* From kc rows of w neighbours, as many panels as they fill; strips of several panels keep what is read in one
 * go on neighbouring cache lines. */
INLINE void pack_along(const float *x, int64_t ld, int64_t kc, int64_t w, float *out, int width, int strip)
{
    const int64_t panel = panel_floats(kc, width);
    const __m256i part = lanes_below(width % 8);
    for (; w >= strip * width; w -= strip * width, x += strip * width, out += strip * panel) {
        for (int64_t p = 0; p < kc; p++) {
            UNROLL for (int s = 0; s < strip; s++) {
                const float *from = x + p * ld + s * width;
                float *to = out + p * width + s * panel;
                UNROLL for (int g = 0; g < width; g += 8)
                    _mm256_storeu_ps(to + g, width - g < 8 ? _mm256_maskload_ps(from + g, part)
                                                           : _mm256_loadu_ps(from + g));
            }
        }
    }
    for (; w > 0; w -= width, x += width, out += panel) {
        const int64_t lanes = w < width ? w : width;
        for (int64_t p = 0; p < kc; p++)
            UNROLL for (int g = 0; g < width; g += 8)
                _mm256_storeu_ps(out + p * width + g, _mm256_maskload_ps(x + p * ld + g, lanes_below(lanes - g)));
    }
}

#endif
