/* kv_cache.c - keys and values of earlier tokens, as a tree of segments.
 *
 * A segment is one block of the device pool: for each layer cap rows of keys, then cap rows of values, dim numbers a
 * row. It grows geometrically. A segment lives while its owner or a child holds it, so a prompt may be released
 * before the samples that continue it. Lengths change only in commit: within a forward all layers see the same. */
#include "nn/nn.h"

#include <string.h>

typedef struct kv_segment {
    char *data;       /* NULL while nothing is stored */
    int64_t len, cap; /* rows */
    int32_t parent;
    int32_t holds; /* the owner and the children; 0: free slot */
    bool marked;   /* already a target, while targets are checked */
} kv_segment;

struct hn_kv_cache {
    hn_dev *dev;
    size_t row; /* bytes of one row */
    int64_t dim;
    int32_t layers;
    kv_segment *seg; /* [slots]; 0 is unused */
    int32_t slots;
    hn_kv_span *span; /* [slots], of the layer asked for last */
    int32_t *target;  /* [targets] where the next batch's rows go */
    int32_t targets;
    int32_t *start; /* [targets + 1] rows of the batch in flight */
    bool flying;
};

static size_t block_bytes(const hn_kv_cache *c, int64_t cap) { return (size_t)c->layers * 2 * (size_t)cap * c->row; }

static char *rows_of(const hn_kv_cache *c, const kv_segment *s, int32_t layer, int value) {
    return s->data + (size_t)(2 * layer + value) * (size_t)s->cap * c->row;
}

hn_status hn_kv_cache_new(hn_dev *dev, hn_dtype dtype, int32_t layers, int64_t dim, hn_kv_cache **out, hn_error *err) {
    *out = NULL;
    hn_kv_cache *c = hn_calloc(1, sizeof *c);
    if (!c) return hn_nomem(err, sizeof *c);
    c->dev = dev;
    c->row = (size_t)dim * hn_dtype_size(dtype);
    c->dim = dim;
    c->layers = layers;
    *out = c;
    return HN_OK;
}

void hn_kv_cache_free(hn_kv_cache *c) {
    if (!c) return;
    for (int32_t i = 1; i < c->slots; i++)
        if (c->seg[i].data) hn_dev_release(c->dev, c->seg[i].data, block_bytes(c, c->seg[i].cap));
    hn_free(c->seg);
    hn_free(c->span);
    hn_free(c->target);
    hn_free(c->start);
    hn_free(c);
}

/* Room for cap rows at least; what is stored moves along. */
static hn_status reserve(hn_kv_cache *c, kv_segment *s, int64_t cap, hn_error *err) {
    if (cap <= s->cap) return HN_OK;
    kv_segment bigger = *s;
    bigger.cap = cap < 2 * s->cap ? 2 * s->cap : cap;
    if (bigger.cap < 16) bigger.cap = 16;
    bigger.data = hn_dev_alloc(c->dev, block_bytes(c, bigger.cap));
    if (!bigger.data) return hn_nomem(err, block_bytes(c, bigger.cap));
    for (int32_t layer = 0; s->data && layer < c->layers; layer++)
        for (int value = 0; value < 2; value++)
            memcpy(rows_of(c, &bigger, layer, value), rows_of(c, s, layer, value), (size_t)s->len * c->row);
    if (s->data) hn_dev_release(c->dev, s->data, block_bytes(c, s->cap));
    *s = bigger;
    return HN_OK;
}

static bool alive(const hn_kv_cache *c, int32_t id) { return id > 0 && id < c->slots && c->seg[id].holds > 0; }

static hn_status free_slot(hn_kv_cache *c, int32_t *out, hn_error *err) {
    for (int32_t i = 1; i < c->slots; i++) {
        if (c->seg[i].holds == 0) {
            *out = i;
            return HN_OK;
        }
    }
    int32_t slots = c->slots ? 2 * c->slots : 8;
    kv_segment *seg = hn_realloc_array(c->seg, (size_t)slots, sizeof *seg);
    if (seg) c->seg = seg;
    hn_kv_span *span = hn_realloc_array(c->span, (size_t)slots, sizeof *span);
    if (span) c->span = span;
    if (!seg || !span) return hn_nomem(err, (size_t)slots * sizeof *seg);
    memset(seg + c->slots, 0, (size_t)(slots - c->slots) * sizeof *seg);
    *out = c->slots ? c->slots : 1;
    c->slots = slots;
    return HN_OK;
}

hn_status hn_kv_cache_add(hn_kv_cache *c, int32_t parent, int64_t room, int32_t *out, hn_error *err) {
    *out = 0;
    if (parent != 0 && !alive(c, parent)) return hn_fail(err, HN_EARG, "cached segment %d does not exist", parent);
    int32_t at = 0;
    HN_TRY(free_slot(c, &at, err));
    kv_segment s = {.parent = parent, .holds = 1};
    HN_TRY(reserve(c, &s, room, err));
    c->seg[at] = s;
    if (parent) c->seg[parent].holds++;
    *out = at;
    return HN_OK;
}

int64_t hn_kv_cache_len(const hn_kv_cache *c, int32_t id) { return alive(c, id) ? c->seg[id].len : 0; }

int64_t hn_kv_cache_path(const hn_kv_cache *c, int32_t id) {
    int64_t n = 0;
    for (int32_t s = id; alive(c, s); s = c->seg[s].parent) n += c->seg[s].len;
    return n;
}

void hn_kv_cache_truncate(hn_kv_cache *c, int32_t id, int64_t len) {
    if (alive(c, id) && len >= 0 && len < c->seg[id].len) c->seg[id].len = len;
}

void hn_kv_cache_release(hn_kv_cache *c, int32_t id) {
    while (alive(c, id) && --c->seg[id].holds == 0) {
        kv_segment *s = &c->seg[id];
        if (s->data) hn_dev_release(c->dev, s->data, block_bytes(c, s->cap));
        id = s->parent;
        *s = (kv_segment){0};
    }
}

uint64_t hn_kv_cache_bytes(const hn_kv_cache *c) {
    uint64_t n = 0;
    for (int32_t i = 1; i < c->slots; i++)
        if (c->seg[i].data) n += block_bytes(c, c->seg[i].cap);
    return n;
}

static hn_status check_targets(hn_kv_cache *c, const int32_t *target, int32_t s, hn_error *err) {
    hn_status st = HN_OK;
    for (int32_t i = 0; i < s && st == HN_OK; i++) {
        if (target[i] == 0) continue;
        if (!alive(c, target[i])) st = hn_fail(err, HN_EARG, "cached segment %d does not exist", target[i]);
        else if (c->seg[target[i]].marked)
            st = hn_fail(err, HN_EARG, "two segments of a batch cannot both go to cached segment %d", target[i]);
        else c->seg[target[i]].marked = true;
    }
    for (int32_t i = 1; i < c->slots; i++) c->seg[i].marked = false;
    return st;
}

hn_status hn_kv_cache_append_to(hn_kv_cache *c, const int32_t *target, int32_t s, hn_error *err) {
    HN_TRY(check_targets(c, target, s, err));
    int32_t *copy = hn_realloc_array(c->target, (size_t)(s ? s : 1), sizeof *copy);
    if (copy) c->target = copy;
    int32_t *start = hn_realloc_array(c->start, (size_t)s + 1, sizeof *start);
    if (start) c->start = start;
    if (!copy || !start) return hn_nomem(err, (size_t)s * sizeof *copy);
    if (s) memcpy(copy, target, (size_t)s * sizeof *copy);
    c->targets = s;
    return HN_OK;
}

static hn_status check_parents(const hn_kv_cache *c, const hn_segs *batch, hn_error *err) {
    for (int32_t i = 0; i < batch->count; i++) {
        int32_t p = batch->parent[i];
        if (p < -1 && !alive(c, -1 - p))
            return hn_fail(err, HN_EARG, "batch segment %d continues cached segment %d, which does not exist", i, -1 - p);
    }
    return HN_OK;
}

hn_status hn_kv_cache_begin(hn_kv_cache *c, const hn_segs *batch, hn_error *err) {
    HN_TRY(check_parents(c, batch, err));
    if (c->targets != 0 && c->targets != batch->count)
        return hn_fail(err, HN_ESTATE, "the cache was told targets of %d segments, the batch has %d", c->targets, batch->count);
    for (int32_t i = 0; i < c->targets; i++) {
        kv_segment *s = c->target[i] ? &c->seg[c->target[i]] : NULL;
        if (s) HN_TRY(reserve(c, s, s->len + batch->start[i + 1] - batch->start[i], err));
    }
    if (c->targets) memcpy(c->start, batch->start, (size_t)(c->targets + 1) * sizeof *c->start);
    c->flying = true;
    return HN_OK;
}

const hn_kv_span *hn_kv_cache_spans(hn_kv_cache *c, int32_t layer, int32_t *count) {
    for (int32_t i = 1; i < c->slots; i++) {
        const kv_segment *s = &c->seg[i];
        c->span[i] = (hn_kv_span){.len = s->len, .stride = c->dim, .parent = s->parent};
        if (s->data) {
            c->span[i].k = rows_of(c, s, layer, 0);
            c->span[i].v = rows_of(c, s, layer, 1);
        }
    }
    *count = c->slots ? c->slots - 1 : 0;
    return c->span;
}

void hn_kv_cache_put(hn_kv_cache *c, int32_t layer, const void *k, const void *v) {
    for (int32_t i = 0; c->flying && i < c->targets; i++) {
        const kv_segment *s = c->target[i] ? &c->seg[c->target[i]] : NULL;
        size_t bytes = (size_t)(c->start[i + 1] - c->start[i]) * c->row, from = (size_t)c->start[i] * c->row;
        if (!s || bytes == 0) continue;
        memcpy(rows_of(c, s, layer, 0) + (size_t)s->len * c->row, (const char *)k + from, bytes);
        memcpy(rows_of(c, s, layer, 1) + (size_t)s->len * c->row, (const char *)v + from, bytes);
    }
}

void hn_kv_cache_commit(hn_kv_cache *c) {
    for (int32_t i = 0; c->flying && i < c->targets; i++)
        if (c->target[i]) c->seg[c->target[i]].len += c->start[i + 1] - c->start[i];
    c->targets = 0;
    c->flying = false;
}
