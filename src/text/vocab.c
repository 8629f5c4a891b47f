/* vocab.c - token text to id and back: an open hash table over entries that stay where they are. */
#include "text/text_impl.h"

__extension__ typedef unsigned __int128 wide;

typedef struct entry {
    const char *p;
    uint32_t n;
    int32_t id;
} entry;

struct hn_vocab {
    hn_arena bytes;
    entry *v;
    size_t n, cap;
    uint32_t *slot; /* entry + 1; 0: free */
    size_t mask;
    uint32_t *by_id; /* entry + 1 */
    int32_t end, id_cap;
};

enum { HIGHEST_ID = 1 << 26 };

static uint64_t mix(uint64_t a, uint64_t b) {
    wide r = (wide)a * b;
    return (uint64_t)r ^ (uint64_t)(r >> 64);
}

uint64_t hn_text_hash(const char *p, size_t n) {
    const uint64_t k0 = 0x9E3779B97F4A7C15u, k1 = 0xD6E8FEB86659FD93u;
    uint64_t h = k0 ^ n, a = 0, b = 0;
    for (; n > 16; p += 16, n -= 16) {
        memcpy(&a, p, 8);
        memcpy(&b, p + 8, 8);
        h = mix(a ^ h, b ^ k1);
    }
    a = b = 0;
    if (n >= 8) {
        memcpy(&a, p, 8);
        memcpy(&b, p + n - 8, 8);
    } else if (n >= 4) {
        uint32_t lo, hi;
        memcpy(&lo, p, 4);
        memcpy(&hi, p + n - 4, 4);
        a = lo;
        b = hi;
    } else if (n > 0) {
        a = (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[n / 2] << 8 | (unsigned char)p[n - 1];
    }
    return mix(a ^ h ^ k1, b ^ k0);
}

static bool rehash(hn_vocab *v, size_t slots) {
    uint32_t *slot = hn_calloc(slots, sizeof *slot);
    if (!slot) return false;
    hn_free(v->slot);
    v->slot = slot;
    v->mask = slots - 1;
    for (size_t i = 0; i < v->n; i++) {
        size_t at = hn_text_hash(v->v[i].p, v->v[i].n) & v->mask;
        while (slot[at]) at = (at + 1) & v->mask;
        slot[at] = (uint32_t)i + 1;
    }
    return true;
}

hn_vocab *hn_vocab_new(size_t expected) {
    hn_vocab *v = hn_calloc(1, sizeof *v);
    if (!v) return NULL;
    hn_arena_init(&v->bytes, 0);
    size_t slots = 16;
    while (slots < 2 * expected) slots *= 2;
    if (!rehash(v, slots)) {
        hn_free(v);
        return NULL;
    }
    return v;
}

void hn_vocab_free(hn_vocab *v) {
    if (!v) return;
    hn_arena_release(&v->bytes);
    hn_free(v->v);
    hn_free(v->slot);
    hn_free(v->by_id);
    hn_free(v);
}

/* The entry of p[0, n), or NULL; *at: its slot or the free one. */
static entry *find(const hn_vocab *v, const char *p, size_t n, size_t *at) {
    for (*at = hn_text_hash(p, n) & v->mask; v->slot[*at]; *at = (*at + 1) & v->mask) {
        entry *e = &v->v[v->slot[*at] - 1];
        if (e->n == n && memcmp(e->p, p, n) == 0) return e;
    }
    return NULL;
}

static bool room_for_id(hn_vocab *v, int32_t id) {
    if (id < v->id_cap) return true;
    int32_t cap = id + id / 2 + 64;
    uint32_t *by_id = hn_realloc_array(v->by_id, (size_t)cap, sizeof *by_id);
    if (!by_id) return false;
    memset(by_id + v->id_cap, 0, (size_t)(cap - v->id_cap) * sizeof *by_id);
    v->by_id = by_id;
    v->id_cap = cap;
    return true;
}

hn_status hn_vocab_add(hn_vocab *v, hn_str text, int64_t id, hn_error *err) {
    if (id < 0 || id > HIGHEST_ID || text.n > UINT32_MAX)
        return hn_fail(err, HN_EFORMAT, "the token \"%.*s\" has the id %lld", text.n > 80 ? 80 : (int)text.n,
                       text.n ? text.p : "", (long long)id);
    const char *p = text.n ? text.p : "";
    size_t at;
    if (!room_for_id(v, (int32_t)id)) return hn_nomem(err, (size_t)id * sizeof *v->by_id);
    entry *e = find(v, p, text.n, &at);
    if (!e) {
        if (v->n == v->cap) {
            size_t cap = v->cap ? v->cap * 2 : 64;
            entry *grown = hn_realloc_array(v->v, cap, sizeof *grown);
            if (!grown) return hn_nomem(err, cap * sizeof *grown);
            v->v = grown;
            v->cap = cap;
        }
        char *copy = hn_arena_strndup(&v->bytes, p, text.n);
        if (!copy) return hn_nomem(err, text.n);
        e = &v->v[v->n++];
        *e = (entry){.p = copy, .n = (uint32_t)text.n};
        v->slot[at] = (uint32_t)v->n;
        if (2 * v->n > v->mask + 1 && !rehash(v, 2 * (v->mask + 1)))
            return hn_nomem(err, 2 * (v->mask + 1) * sizeof *v->slot);
    }
    e->id = (int32_t)id;
    v->by_id[id] = (uint32_t)(e - v->v) + 1;
    if (id >= v->end) v->end = (int32_t)id + 1;
    return HN_OK;
}

int32_t hn_vocab_id(const hn_vocab *v, const char *p, size_t n) {
    size_t at;
    const entry *e = find(v, p, n, &at);
    return e ? e->id : -1;
}

hn_str hn_vocab_text(const hn_vocab *v, int32_t id) {
    if (id < 0 || id >= v->end || !v->by_id[id]) return (hn_str){0};
    const entry *e = &v->v[v->by_id[id] - 1];
    return (hn_str){e->p, e->n};
}

size_t hn_vocab_count(const hn_vocab *v) {
    return v->n;
}

int32_t hn_vocab_end(const hn_vocab *v) {
    return v->end;
}
