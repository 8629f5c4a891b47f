/* numpy_rng.c - the random numbers of numpy's default_rng(seed), for one purpose: the splits and mixtures that the datasets
 * library makes with them come out row by row the same.
 *
 * PCG64 (XSL-RR 128/64: state <- state * m + increment, output rotr64(high ^ low, top 6 bits)), seeded by SeedSequence, a
 * hash that spreads the words of the seed over a pool of four. A permutation swaps element i with one of 0 .. i, from
 * i = n - 1 down to 1; a bounded number is drawn with the smallest mask of ones that covers the bound, and again when it
 * lies above. */
#include "base/base.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;

typedef struct pcg64 {
    u128 state, increment;
    bool has_half; /* the upper half of the last 64 bits is still to be used */
    uint32_t half;
} pcg64;
_Static_assert(sizeof(pcg64) <= sizeof(hn_numpy_rng), "hn_numpy_rng is too small for its state");

enum { POOL = 4 };

static uint32_t hash_in(uint32_t v, uint32_t *constant) {
    v ^= *constant;
    *constant *= 0x931e8875u;
    v *= *constant;
    return v ^ (v >> 16);
}

static uint32_t mix(uint32_t x, uint32_t y) {
    uint32_t v = 0xca01f9ddu * x - 0x4973f715u * y;
    return v ^ (v >> 16);
}

static void seed_words(uint64_t seed, uint64_t out[4]) {
    uint32_t pool[POOL], constant = 0x43b0d7e5u, words[POOL] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (int i = 0; i < POOL; i++) pool[i] = hash_in(words[i], &constant);
    for (int from = 0; from < POOL; from++)
        for (int to = 0; to < POOL; to++)
            if (from != to) pool[to] = mix(pool[to], hash_in(pool[from], &constant));
    constant = 0x8b51f9ddu;
    for (int i = 0; i < 8; i++) {
        uint32_t v = pool[i % POOL] ^ constant;
        constant *= 0x58f38dedu;
        v *= constant;
        v ^= v >> 16;
        if (i % 2 == 0) out[i / 2] = v;
        else out[i / 2] |= (uint64_t)v << 32;
    }
}

static void step(pcg64 *g) {
    const u128 multiplier = ((u128)2549297995355413924u << 64) | 4865540595714422341u;
    g->state = g->state * multiplier + g->increment;
}

static uint64_t next64(pcg64 *g) {
    step(g);
    uint64_t x = (uint64_t)(g->state >> 64) ^ (uint64_t)g->state;
    unsigned turn = (unsigned)(g->state >> 122);
    return (x >> turn) | (x << ((64 - turn) & 63));
}

static uint32_t next32(pcg64 *g) {
    g->has_half = !g->has_half;
    if (!g->has_half) return g->half;
    uint64_t x = next64(g);
    g->half = (uint32_t)(x >> 32);
    return (uint32_t)x;
}

static void start(pcg64 *g, uint64_t seed) {
    uint64_t w[4];
    seed_words(seed, w);
    *g = (pcg64){.increment = ((((u128)w[2] << 64) | w[3]) << 1) | 1};
    step(g);
    g->state += ((u128)w[0] << 64) | w[1];
    step(g);
}

/* One of 0 .. most, all equally likely. */
static uint64_t bounded(pcg64 *g, uint64_t most) {
    uint64_t mask = most, v;
    for (unsigned shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    do v = most <= UINT32_MAX ? next32(g) & mask : next64(g) & mask;
    while (v > most);
    return v;
}

void hn_numpy_seed(hn_numpy_rng *rng, uint64_t seed) {
    pcg64 g;
    start(&g, seed);
    memcpy(rng->state, &g, sizeof g);
}

double hn_numpy_uniform(hn_numpy_rng *rng) {
    pcg64 g;
    memcpy(&g, rng->state, sizeof g);
    uint64_t x = next64(&g);
    memcpy(rng->state, &g, sizeof g);
    return (double)(x >> 11) * 0x1p-53;
}

void hn_numpy_permutation(uint64_t seed, int64_t n, int64_t *out) {
    pcg64 g;
    start(&g, seed);
    for (int64_t i = 0; i < n; i++) out[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t k = (int64_t)bounded(&g, (uint64_t)i), kept = out[i];
        out[i] = out[k];
        out[k] = kept;
    }
}
