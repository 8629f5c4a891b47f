/* attn_drop_impl.h - which attention weights dropout leaves out: a function of (query row, head, key place) alone.
 *
 * The values of a row and head are a stretch of the key's stream, so forward and backward, every filling and any cut of the
 * path meet the same mask, and nothing is kept. */
#ifndef HN_ATTN_DROP_IMPL_H
#define HN_ATTN_DROP_IMPL_H

#include "dev/dev.h"

enum { ATTN_DROP_BLOCK = 64 }; /* places asked for at a time; place0 is a multiple of it */

/* factor[i]: of the weight of key place0 + i, 0 or keep, which is 1 / (1 - p) or what the caller multiplies by it. */
static inline void attn_drop_factors(const hn_attn *a, int64_t row, int32_t head, int64_t place0, float keep,
                                     float factor[ATTN_DROP_BLOCK]) {
    const float p = (float)a->dropout;
    const uint64_t first = ((uint64_t)row * (uint64_t)a->heads + (uint64_t)head) << 32 | (uint64_t)place0;
    hn_rng_fill_uniform(&a->drop_key, first, factor, ATTN_DROP_BLOCK, 0.0f, 1.0f);
    for (int i = 0; i < ATTN_DROP_BLOCK; i++) factor[i] = factor[i] < p ? 0.0f : keep;
}

#endif
