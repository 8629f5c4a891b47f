/* rng_impl.h - the raw generators, for their tests against published answers. */
#ifndef HN_RNG_IMPL_H
#define HN_RNG_IMPL_H

#include <stdint.h>

/* Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). */
void hn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* MT19937 (Matsumoto and Nishimura 1998). */
typedef struct hn_mt19937 {
    uint32_t state[624];
    int next;
} hn_mt19937;
void hn_mt19937_seed(hn_mt19937 *mt, uint32_t seed);
uint32_t hn_mt19937_next(hn_mt19937 *mt);

#endif
