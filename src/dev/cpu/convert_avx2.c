/* convert_avx2.c - float16 by the conversion instructions, eight at a time. */
#include "dev/cpu/kernels_impl.h"

#include <immintrin.h>

void hn_half_to_float_avx2(int64_t count, const uint16_t *x, float *y) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(x + i))));
    for (; i < count; i++) y[i] = _cvtsh_ss(x[i]);
}

void hn_float_to_half_avx2(int64_t count, const float *x, uint16_t *y) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm_storeu_si128((__m128i *)(void *)(y + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    for (; i < count; i++) y[i] = _cvtss_sh(x[i], _MM_FROUND_TO_NEAREST_INT);
}
