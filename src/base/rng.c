/* rng.c - counter-based random numbers: Philox4x32-10 through Random123.
 *
 * A value is a pure function of (seed, purpose, site, step, index). Seed, purpose, site and step
 * are first put through Philox once (key: seed); its four words become the key and the upper half
 * of the counter of the stream, whose lower half is the index. So there is no state to save, and
 * no value depends on thread, order or batch. */
#include "base/base.h"
#include "base/rng_impl.h"

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
#endif
#include <Random123/philox.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <math.h>

typedef struct stream {
    uint32_t key[2], upper[2];
} stream;

void hn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    philox4x32_ctr_t c = {{counter[0], counter[1], counter[2], counter[3]}};
    philox4x32_key_t k = {{key[0], key[1]}};
    philox4x32_ctr_t r = philox4x32(c, k);
    for (int i = 0; i < 4; i++) out[i] = r.v[i];
}

static stream stream_of(const hn_rng_key *key) {
    uint32_t counter[4] = {key->purpose, key->site, (uint32_t)key->step,
                           (uint32_t)(key->step >> 32)};
    uint32_t seed[2] = {(uint32_t)key->seed, (uint32_t)(key->seed >> 32)}, word[4];
    hn_philox(counter, seed, word);
    return (stream){.key = {word[0], word[1]}, .upper = {word[2], word[3]}};
}

static void stream_at(const stream *s, uint64_t index, uint32_t out[4]) {
    uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), s->upper[0], s->upper[1]};
    hn_philox(counter, s->key, out);
}

void hn_rng_bits(const hn_rng_key *key, uint64_t index, uint32_t out[4]) {
    stream s = stream_of(key);
    stream_at(&s, index, out);
}

double hn_rng_uniform(const hn_rng_key *key, uint64_t index) {
    uint32_t w[4];
    hn_rng_bits(key, index, w);
    uint64_t bits = (uint64_t)(w[0] >> 5) << 26 | (uint64_t)(w[1] >> 6);
    return (double)bits * 0x1p-53;
}

void hn_rng_fill_uniform(const hn_rng_key *key, uint64_t first, float *out, size_t n, float lo, float hi) {
    stream s = stream_of(key);
    uint32_t w[4];
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0) stream_at(&s, (first + i) / 4, w);
        float u = (float)(w[i % 4] >> 8) * 0x1p-24f;
        float v = lo + (hi - lo) * u;
        out[i] = v < hi || lo >= hi ? v : lo; /* rounding may reach hi: [lo, hi) is promised */
    }
}

/* Box-Muller: sqrt(-2 ln u) (cos 2 pi v, sin 2 pi v), u in (0, 1], v in [0, 1). */
void hn_rng_fill_normal(const hn_rng_key *key, float *out, size_t n, float mean, float std) {
    const double two_pi = 6.283185307179586476925286766559;
    stream s = stream_of(key);
    for (size_t i = 0; i < n; i += 4) {
        uint32_t w[4];
        double z[4];
        stream_at(&s, i / 4, w);
        for (int k = 0; k < 4; k += 2) {
            double r = sqrt(-2.0 * log(((double)w[k] + 1.0) * 0x1p-32));
            double angle = two_pi * ((double)w[k + 1] * 0x1p-32);
            z[k] = r * cos(angle);
            z[k + 1] = r * sin(angle);
        }
        for (size_t k = 0; k < 4 && i + k < n; k++)
            out[i + k] = (float)((double)mean + (double)std * z[k]);
    }
}
