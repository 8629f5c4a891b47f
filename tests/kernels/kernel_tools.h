/* kernel_tools.h - arrays of either dtype with canaries round them, for the kernel tests. */
#ifndef KERNEL_TOOLS_H
#define KERNEL_TOOLS_H

#include "dev/dev.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CANARY = 64 }; /* bytes before and after */

typedef struct box {
    hn_dtype dtype;
    int64_t n;
    unsigned char *raw;
    void *p; /* the elements; deliberately only element-aligned */
} box;

static inline box box_new(hn_dtype t, int64_t n) {
    const size_t size = hn_dtype_size(t), bytes = (size_t)n * size;
    box b = {.dtype = t, .n = n, .raw = hn_alloc_aligned(bytes + 2 * CANARY + size, 64)};
    assert_non_null(b.raw);
    memset(b.raw, 0x88, bytes + 2 * CANARY + size);
    b.p = b.raw + CANARY + size;
    return b;
}

static inline void box_check(const box *b, const char *what) {
    const size_t size = hn_dtype_size(b->dtype), bytes = (size_t)b->n * size;
    const unsigned char *end = (const unsigned char *)b->p + bytes;
    for (size_t i = 0; i < CANARY + size; i++)
        if (b->raw[i] != 0x88) fail_msg("%s: written before its start", what);
    for (size_t i = 0; i < CANARY; i++)
        if (end[i] != 0x88) fail_msg("%s: written past its end", what);
}

static inline void box_free(box *b) {
    hn_free(b->raw);
    b->raw = NULL;
}

static inline double box_get(const box *b, int64_t i) {
    return b->dtype == HN_F64 ? ((double *)b->p)[i] : (double)((float *)b->p)[i];
}

static inline void box_set(box *b, int64_t i, double v) {
    if (b->dtype == HN_F64) ((double *)b->p)[i] = v;
    else ((float *)b->p)[i] = (float)v;
}

/* splitmix64 (Steele, Lea, Flood 2014) of a place: [0, 1) */
static inline double random_unit(uint64_t site, uint64_t i) {
    uint64_t x = (site * 0x100000001b3 + i + 1) * 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (double)((x ^ x >> 31) >> 11) * 0x1p-53;
}

/* Random values in [lo, hi) that a float holds exactly, the same for every dtype. */
static inline double random_value(uint64_t site, uint64_t i, double lo, double hi) {
    return (double)(float)(lo + (hi - lo) * random_unit(site, i));
}

static inline int64_t random_int(uint64_t site, uint64_t i, int64_t n) {
    return (int64_t)(random_unit(site + 1000, i) * (double)n);
}

static inline box box_random(hn_dtype t, int64_t n, uint64_t site, double lo, double hi) {
    box b = box_new(t, n);
    for (int64_t i = 0; i < n; i++) box_set(&b, i, random_value(site, (uint64_t)i, lo, hi));
    return b;
}

static inline box box_copy(const box *from, int64_t at, int64_t n) {
    box b = box_new(from->dtype, n);
    const size_t size = hn_dtype_size(from->dtype);
    memcpy(b.p, (const char *)from->p + (size_t)at * size, (size_t)n * size);
    return b;
}

#endif
