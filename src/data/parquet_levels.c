/* parquet_levels.c - small numbers packed tightly: definition and repetition levels, dictionary indices, booleans.
 *
 * The hybrid encoding is a chain of runs: a varint h, then for even h a run of h/2 equal values (one value in whole bytes),
 * for odd h groups of 8 values, (h - 1)/2 of them, each value in `width` bits from the lowest bit up. Values are decoded one at
 * a time, so that a run of any length costs no memory. */
#include "data/parquet_impl.h"

#include <string.h>

int hn_pq_width(uint64_t most) {
    int width = 0;
    for (; most; most >>= 1) width++;
    return width;
}

void hn_pq_levels_open(hn_pq_levels *l, const uint8_t *p, const uint8_t *end, int width) {
    *l = (hn_pq_levels){.p = p, .end = end, .width = width};
}

void hn_pq_levels_open_old(hn_pq_levels *l, const uint8_t *p, const uint8_t *end, int width) {
    *l = (hn_pq_levels){.p = p, .end = end, .width = width, .packed = true, .old = true, .left = UINT64_MAX};
}

static bool next_run(hn_pq_levels *l) {
    bool bad = false;
    uint64_t head = hn_varint(&l->p, l->end, &bad);
    if (bad || head >> 1 == 0 || head >> 1 > UINT64_MAX / 8) return false;
    l->packed = head & 1;
    l->bit = 0;
    if (l->packed) {
        l->left = (head >> 1) * 8;
        return true;
    }
    l->left = head >> 1;
    size_t bytes = (size_t)(l->width + 7) / 8;
    if (bytes > (size_t)(l->end - l->p)) return false;
    l->value = 0;
    for (size_t i = 0; i < bytes; i++) l->value |= (uint32_t)l->p[i] << (8 * i);
    l->p += bytes;
    return l->width == 32 || l->value >> l->width == 0;
}

/* The next value from the highest bit down, as the levels of the oldest files. */
static bool next_old(hn_pq_levels *l, uint32_t *out) {
    *out = 0;
    for (int i = 0; i < l->width; i++) {
        if (l->p >= l->end) return false;
        *out = *out << 1 | (*l->p >> (7 - l->bit) & 1);
        l->bit = (l->bit + 1) % 8;
        l->p += l->bit == 0;
    }
    return true;
}

static bool next_packed(hn_pq_levels *l, uint32_t *out) {
    uint64_t word = 0;
    size_t have = (size_t)(l->end - l->p);
    if ((l->bit + (unsigned)l->width + 7) / 8 > have) return false;
    if (have >= 8) memcpy(&word, l->p, 8); /* little-endian, as every machine this is built for */
    else
        for (size_t i = 0; i < have; i++) word |= (uint64_t)l->p[i] << (8 * i);
    *out = (uint32_t)(word >> l->bit & (((uint64_t)1 << l->width) - 1));
    l->bit += (unsigned)l->width;
    l->p += l->bit / 8;
    l->bit %= 8;
    return true;
}

bool hn_pq_levels_next(hn_pq_levels *l, uint32_t *out) {
    *out = 0;
    if (l->width == 0) return true;
    if (l->old) return next_old(l, out);
    if (l->left == 0 && !next_run(l)) return false;
    l->left--;
    if (l->packed) return next_packed(l, out);
    *out = l->value;
    return true;
}
