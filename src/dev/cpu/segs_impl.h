/* segs_impl.h - walking the segment tree of a packed batch.
 *
 * A node is a segment (>= 0), a cached segment k (-1-k, k from 1) or nothing (-1), as in hn_segs.parent.
 * The path of a segment is its line of ancestors from the root down to itself; places count along it. */
#ifndef HN_SEGS_IMPL_H
#define HN_SEGS_IMPL_H

#include "dev/dev.h"

static inline int32_t node_parent(const hn_segs *s, int32_t node) {
    if (node >= 0) return s->parent[node];
    int32_t up = s->cached[-1 - node].parent;
    return up ? -1 - up : -1;
}

static inline int64_t node_len(const hn_segs *s, int32_t node) {
    return node >= 0 ? s->start[node + 1] - s->start[node] : s->cached[-1 - node].len;
}

/* Nodes on the path of a segment, itself included; *before: places taken by its ancestors. */
static inline int32_t path_depth(const hn_segs *s, int32_t segment, int64_t *before) {
    int32_t depth = 1;
    *before = 0;
    for (int32_t n = s->parent[segment]; n != -1; n = node_parent(s, n)) {
        *before += node_len(s, n);
        depth++;
    }
    return depth;
}

static inline int32_t segment_root(const hn_segs *s, int32_t segment) {
    while (s->parent[segment] >= 0) segment = s->parent[segment];
    return segment;
}

/* Places [*lo, *hi) that the token at `place` sees on a path of `total` places. */
static inline void seen_range(const hn_attn *a, int64_t place, int64_t total, int64_t *lo, int64_t *hi) {
    *lo = a->window > 0 && place >= a->window ? place - a->window + 1 : 0;
    *hi = a->causal ? place + 1 : total;
    if (a->window > 0 && place + a->window < *hi) *hi = place + a->window;
}

#endif
