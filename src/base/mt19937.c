/* mt19937.c - the Mersenne twister, for one purpose: the order in which PyTorch's sampler shows
 * the training rows.
 *
 * State: x[k + 624] = x[k + 397] ^ (upper bit of x[k], lower 31 bits of x[k + 1]) A; seeding
 * x[k] = 1812433253 (x[k-1] ^ x[k-1] >> 30) + k. torch.randperm on the CPU swaps element i with
 * i + z mod (n - i), z the next 32-bit word, for i = 0 .. n-2. */
#include "base/base.h"
#include "base/rng_impl.h"

enum { MT_N = 624, MT_M = 397 };

void hn_mt19937_seed(hn_mt19937 *mt, uint32_t seed) {
    mt->state[0] = seed;
    for (uint32_t k = 1; k < MT_N; k++) {
        uint32_t before = mt->state[k - 1];
        mt->state[k] = 1812433253u * (before ^ (before >> 30)) + k;
    }
    mt->next = MT_N;
}

static void refill(hn_mt19937 *mt) {
    uint32_t *x = mt->state;
    for (int k = 0; k < MT_N; k++) {
        uint32_t y = (x[k] & 0x80000000u) | (x[(k + 1) % MT_N] & 0x7fffffffu);
        x[k] = x[(k + MT_M) % MT_N] ^ (y >> 1) ^ ((y & 1u) ? 0x9908b0dfu : 0u);
    }
    mt->next = 0;
}

uint32_t hn_mt19937_next(hn_mt19937 *mt) {
    if (mt->next == MT_N) refill(mt);
    uint32_t y = mt->state[mt->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

void hn_randperm_torch(uint64_t seed, int64_t n, int64_t *out) {
    hn_mt19937 mt;
    hn_mt19937_seed(&mt, (uint32_t)seed);
    for (int64_t i = 0; i < n; i++) out[i] = i;
    for (int64_t i = 0; i < n - 1; i++) {
        int64_t k = i + (int64_t)(hn_mt19937_next(&mt) % (uint64_t)(n - i));
        int64_t kept = out[i];
        out[i] = out[k];
        out[k] = kept;
    }
}
