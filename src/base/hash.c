/* hash.c - XXH3-128 fingerprints in hexadecimal: for caches and checkpoints, not for security. */
#define XXH_STATIC_LINKING_ONLY /* the streaming state's size: it comes from hn_alloc */
#include "base/base.h"

#include <xxhash.h>

struct hn_hash {
    XXH3_state_t state;
};

static void to_hex(XXH128_hash_t h, char out[33]) {
    static const char digit[] = "0123456789abcdef";
    XXH128_canonical_t c;
    XXH128_canonicalFromHash(&c, h);
    for (size_t i = 0; i < 16; i++) {
        out[2 * i] = digit[c.digest[i] >> 4];
        out[2 * i + 1] = digit[c.digest[i] & 15];
    }
    out[32] = '\0';
}

void hn_hash_hex(const void *p, size_t n, char out[33]) {
    to_hex(XXH3_128bits(p, n), out);
}

hn_hash *hn_hash_new(void) {
    hn_hash *h = hn_alloc_aligned(sizeof *h, 64);
    if (h) XXH3_128bits_reset(&h->state);
    return h;
}

void hn_hash_add(hn_hash *h, const void *p, size_t n) {
    if (n) XXH3_128bits_update(&h->state, p, n);
}

void hn_hash_end(hn_hash *h, char out[33]) {
    to_hex(XXH3_128bits_digest(&h->state), out);
    hn_free(h);
}
