/* word_cache.c - the words a caller has had split before: direct-mapped, the newest wins its place.
 *
 * It belongs to one hn_encoding, so no lock is needed and results never depend on it. */
#include "text/bpe_impl.h"

enum { WORDS = 1 << 14 };

hn_word_cache *hn_word_cache_new(void) {
    hn_word_cache *c = hn_alloc(sizeof *c);
    hn_word *v = c ? hn_alloc_aligned(WORDS * sizeof *v, 64) : NULL;
    if (!v) {
        hn_free(c);
        return NULL;
    }
    *c = (hn_word_cache){.v = v, .mask = WORDS - 1};
    hn_word_cache_clear(c);
    return c;
}

void hn_word_cache_clear(hn_word_cache *c) {
    memset(c->v, 0, (c->mask + 1) * sizeof *c->v);
}

void hn_word_cache_free(hn_word_cache *c) {
    if (!c) return;
    hn_free(c->v);
    hn_free(c);
}
