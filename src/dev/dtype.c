/* dtype.c - element types and conversion between the real ones, rounding to nearest, ties to even.
 *
 * bfloat16 is the upper half of a float; float16 has 5 exponent and 10 fraction bits. A NaN stays a NaN. The common
 * pairs run directly; every other goes through double, which holds each of the four exactly, in pieces. */
#include "dev/cpu/kernels_impl.h"

#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

size_t hn_dtype_size(hn_dtype t) {
    static const uint8_t size[HN_DTYPE_COUNT] = {
        [HN_F32] = 4, [HN_F64] = 8, [HN_BF16] = 2, [HN_F16] = 2, [HN_I64] = 8, [HN_I32] = 4, [HN_U8] = 1};
    return size[t];
}

const char *hn_dtype_name(hn_dtype t) {
    static const char *const name[HN_DTYPE_COUNT] = {
        [HN_F32] = "float32", [HN_F64] = "float64", [HN_BF16] = "bfloat16", [HN_F16] = "float16",
        [HN_I64] = "int64",   [HN_I32] = "int32",   [HN_U8] = "uint8"};
    return name[t];
}

static uint64_t double_bits(double x) {
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static double bits_double(uint64_t b) {
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

static float bf16_to_float(uint16_t h) {
    const uint32_t b = (uint32_t)h << 16;
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

static uint16_t float_to_bf16(float x) {
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    const uint32_t rounded = (b + 0x7fff + (b >> 16 & 1)) >> 16;
    const uint32_t nan = b >> 16 | 0x40;
    return (uint16_t)((b & 0x7fffffff) > 0x7f800000 ? nan : rounded);
}

/* A double to a small format of `fraction` bits and exponent range [least, most]; the sign bit comes on top. */
static uint16_t narrow(double x, int fraction, int least, int most) {
    const uint64_t b = double_bits(x), mag = b & INT64_MAX;
    const uint16_t sign = (uint16_t)(b >> 63 << 15), inf = (uint16_t)((most - least + 2) << fraction);
    const uint64_t one = 1;
    if (mag > 0x7ff0000000000000) { /* the NaN's upper bits, made quiet */
        const uint64_t kept = b >> (52 - fraction) & ((one << fraction) - 1);
        return (uint16_t)(sign | inf | one << (fraction - 1) | kept);
    }
    int e = (int)(mag >> 52) - 1023;
    if (e > most) return (uint16_t)(sign | inf);
    uint64_t m = (mag & 0xfffffffffffff) | 0x10000000000000;
    int drop = 52 - fraction;
    if (e < least) { /* subnormal: a fixed exponent, more bits dropped */
        drop += least - e;
        if (drop > 54) return sign;
        e = least - 1;
    } else {
        m &= 0xfffffffffffff;
    }
    uint64_t q = m >> drop;
    const uint64_t rest = m & ((one << drop) - 1), half = one << (drop - 1);
    if (rest > half || (rest == half && (q & 1))) q++;
    return (uint16_t)(sign | (((uint64_t)(e - least + 1) << fraction) + q)); /* a carry moves into the exponent */
}

static double half_to_double(uint16_t h) {
    const int e = h >> 10 & 31;
    const uint64_t f = h & 1023;
    double x;
    if (e == 31) x = bits_double(0x7ff0000000000000 | f << 42);
    else if (e == 0) x = (double)f * 0x1p-24;
    else x = bits_double((uint64_t)(e - 15 + 1023) << 52 | f << 42);
    return h >> 15 ? -x : x;
}

static double load(hn_dtype t, const void *x, int64_t i) {
    switch (t) {
    case HN_F64: return ((const double *)x)[i];
    case HN_F32: return (double)((const float *)x)[i];
    case HN_BF16: return (double)bf16_to_float(((const uint16_t *)x)[i]);
    default: return half_to_double(((const uint16_t *)x)[i]);
    }
}

static void store(hn_dtype t, void *y, int64_t i, double x) {
    switch (t) {
    case HN_F64: ((double *)y)[i] = x; break;
    case HN_F32: ((float *)y)[i] = (float)x; break;
    case HN_BF16: ((uint16_t *)y)[i] = narrow(x, 7, -126, 127); break;
    default: ((uint16_t *)y)[i] = narrow(x, 10, -14, 15); break;
    }
}

/* The half conversions of F16C are usable. */
static bool has_f16c(void) {
#if defined(__x86_64__) || defined(__i386__)
    unsigned a, b, c, d;
    return __builtin_cpu_supports("avx2") && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
#else
    return false;
#endif
}

typedef struct convert_job {
    hn_dtype from, to;
    const char *x;
    char *y;
    bool f16c;
} convert_job;

static void convert_chunk(void *ctx, int64_t begin, int64_t end) {
    const convert_job *w = ctx;
    const int64_t n = end - begin;
    const void *x = w->x + begin * (int64_t)hn_dtype_size(w->from);
    void *y = w->y + begin * (int64_t)hn_dtype_size(w->to);
    if (w->from == w->to) {
        memcpy(y, x, (size_t)n * hn_dtype_size(w->to));
    } else if (w->from == HN_BF16 && w->to == HN_F32) {
        for (int64_t i = 0; i < n; i++) ((float *)y)[i] = bf16_to_float(((const uint16_t *)x)[i]);
    } else if (w->from == HN_F32 && w->to == HN_BF16) {
        for (int64_t i = 0; i < n; i++) ((uint16_t *)y)[i] = float_to_bf16(((const float *)x)[i]);
    } else if (w->from == HN_F16 && w->to == HN_F32 && w->f16c) {
        hn_half_to_float_avx2(n, x, y);
    } else if (w->from == HN_F32 && w->to == HN_F16 && w->f16c) {
        hn_float_to_half_avx2(n, x, y);
    } else {
        for (int64_t i = 0; i < n; i++) store(w->to, y, i, load(w->from, x, i));
    }
}

void hn_convert(int64_t count, hn_dtype from, const void *x, hn_dtype to, void *y) {
    convert_job w = {.from = from, .to = to, .x = x, .y = y, .f16c = has_f16c()};
    hn_par_for(count, 65536, convert_chunk, &w);
}
