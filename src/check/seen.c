/* seen.c - a bounded table from 64-bit hashes to what was seen: duplicates and overlaps of data of any size.
 *
 * Open addressing, linear probing. When it is full, one more low bit of the hash must be zero, and keys that break this leave
 * the table: what stays is a sample of the keys in which every occurrence of a kept key was counted. */
#include <string.h>

#include "check/check_impl.h"

static size_t slot_of(const hn_seen *s, uint64_t key) {
    size_t i = (size_t)(key >> 20) & (s->cap - 1);
    while (s->v[i].key && s->v[i].key != key) i = (i + 1) & (s->cap - 1);
    return i;
}

/* A table of cap slots with the keys that the mask lets in. */
static bool rebuild(hn_seen *s, size_t cap) {
    hn_seen old = *s;
    s->v = hn_calloc(cap, sizeof *s->v);
    if (!s->v) {
        s->v = old.v;
        return false;
    }
    s->cap = cap;
    s->n = 0;
    for (size_t i = 0; i < old.cap; i++) {
        if (!old.v[i].key || (old.v[i].key & s->mask)) continue;
        s->v[slot_of(s, old.v[i].key)] = old.v[i];
        s->n++;
    }
    hn_free(old.v);
    return true;
}

static uint64_t nonzero(uint64_t key) { return key ? key : 1ULL << 63; }

bool hn_seen_sampled(const hn_seen *s, uint64_t key) { return (nonzero(key) & s->mask) == 0; }

hn_seen_entry *hn_seen_find(const hn_seen *s, uint64_t key) {
    key = nonzero(key);
    if (!s->cap || (key & s->mask)) return NULL;
    hn_seen_entry *e = &s->v[slot_of(s, key)];
    return e->key ? e : NULL;
}

hn_seen_entry *hn_seen_at(hn_seen *s, uint64_t key) {
    key = nonzero(key);
    if (s->failed) return NULL;
    size_t most = s->most ? s->most : HN_SEEN_MOST;
    if (2 * (s->n + 1) > s->cap) {
        bool grow = s->cap < 2 * most;
        if (!grow) s->mask = 2 * s->mask + 1;
        s->failed = !rebuild(s, grow ? (s->cap ? 2 * s->cap : 256) : s->cap);
    }
    if (s->failed || (key & s->mask)) return NULL;
    hn_seen_entry *e = &s->v[slot_of(s, key)];
    if (!e->key) {
        *e = (hn_seen_entry){.key = key};
        s->n++;
    }
    return e;
}

void hn_seen_release(hn_seen *s) {
    hn_free(s->v);
    *s = (hn_seen){0};
}
