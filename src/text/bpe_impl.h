/* bpe_impl.h - byte pair encoding: the model, its merges and the memory of a call. */
#ifndef HN_TEXT_BPE_IMPL_H
#define HN_TEXT_BPE_IMPL_H

#include "text/text_impl.h"

typedef struct hn_merge { /* a slot of the hash table of merges */
    uint32_t left, right; /* left UINT32_MAX: free */
    uint32_t rank;
    int32_t id; /* of the merged token */
} hn_merge;

typedef struct hn_bpe {
    hn_vocab *vocab;
    hn_vocab *bytes_vocab; /* tokens by the bytes they spell, where the model takes raw bytes */
    hn_merge *merge;
    size_t mask, merges;
    int32_t unk; /* -1: none */
    bool unk_missing; /* there is one, but the vocabulary lacks it: an error once it is needed */
    bool fuse_unk, byte_fallback, ignore_merges, raw_bytes;
    bool cuts_at_meta; /* no merge joins anything but U+2581 with a following U+2581: words are independent */
    char *prefix, *suffix; /* "" if none */
    int32_t byte_id[256];  /* <0xHH> with byte_fallback; of the byte's character with raw_bytes */
    int32_t *low_id; /* ids of the characters below U+3000 spelled alone */
    double dropout;  /* asked for: merges are left out with this probability; 0: none */
    uint64_t seed;   /* of dropout */
    const struct hn_sp *sp; /* pieces of a SentencePiece model (sp_bpe.c); NULL: none */
} hn_bpe;

enum { HN_BPE_LOW = 0x3000 };

/* Adds a merge; one more of the same pair replaces it. The table must have been grown once before. */
hn_status hn_bpe_put_merge(hn_bpe *m, int32_t left, int32_t right, uint32_t rank, int32_t id, hn_error *err);
hn_status hn_bpe_grow_merges(hn_bpe *m, hn_error *err);
hn_status hn_bpe_load_chars(hn_bpe *m, hn_error *err); /* low_id and byte_id, from vocab */
hn_status hn_bpe_make(const struct hn_model_source *src, void **state, hn_error *err);
void hn_bpe_drop(void *state);
/* Makes the model read raw bytes of the byte alphabet; *folded false: its settings do not allow it. */
hn_status hn_bpe_fold_bytes(hn_bpe *m, bool *folded, hn_error *err);

static inline size_t hn_merge_home(const hn_bpe *m, int32_t left, int32_t right) {
    uint64_t key = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9E3779B97F4A7C15u;
    return (size_t)(key >> 32 ^ key >> 15) & m->mask;
}
static inline const hn_merge *hn_merge_find(const hn_bpe *m, int32_t left, int32_t right) {
    for (size_t at = hn_merge_home(m, left, right);; at = (at + 1) & m->mask) {
        const hn_merge *e = &m->merge[at];
        if (e->left == (uint32_t)left && e->right == (uint32_t)right) return e;
        if (e->left == UINT32_MAX) return NULL;
    }
}

/* One token of a word: its id and the bytes it covers. */
typedef struct hn_symbol {
    int32_t id;
    uint32_t len;
    int32_t prev, next; /* -1: none */
} hn_symbol;

typedef struct hn_candidate { /* a possible merge: lowest rank first, leftmost among equals */
    uint64_t key;             /* rank << 32 | symbol */
    int32_t left, right, id;
} hn_candidate;

struct hn_bpe_room {
    hn_symbol *v;
    size_t n, cap;
    hn_candidate *heap;
    size_t heap_n, heap_cap;
    hn_buf spell; /* a character with prefix and suffix */
    bool dropped; /* characters of the word were left out */
    hn_rng_key key; /* of dropout in this word */
    hn_merge *by_id; /* what merged last into an id, where that is asked for (sp_bpe.c); NULL: not */
};
/* Room for n more symbols, n at most 4 GiB. */
hn_status hn_bpe_room_grow(hn_bpe_room *r, size_t n, hn_error *err);
void hn_bpe_room_free(hn_bpe_room *r);

/* The run of the model part: state is a hn_bpe. */
hn_status hn_bpe_run(const void *state, hn_work *w, size_t begin, size_t end, hn_error *err);
/* Merges the symbols r->v[0, r->n) until no merge is left; they end packed at the front. */
hn_status hn_bpe_merge(const hn_bpe *m, hn_bpe_room *r, hn_error *err);

/* Words already split, one cache line each: what does not fit is computed again. */
enum { HN_WORD_BYTES = 23, HN_WORD_IDS = 8 };
typedef struct hn_word {
    uint8_t n, ids;           /* bytes and ids; n 0: free */
    uint8_t len[HN_WORD_IDS]; /* bytes each id covers */
    char p[HN_WORD_BYTES - 1];
    int32_t id[HN_WORD_IDS];
} hn_word;
_Static_assert(sizeof(hn_word) == 64, "a word fills a cache line");
struct hn_word_cache {
    hn_word *v;
    size_t mask;
};
hn_word_cache *hn_word_cache_new(void);
void hn_word_cache_clear(hn_word_cache *c);
void hn_word_cache_free(hn_word_cache *c);

#endif
