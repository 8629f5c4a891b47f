/* bpe_merge.c - merging the symbols of a word: the lowest rank first, the leftmost among equals, until none is left.
 *
 * Short words are searched from end to end for the best pair each time; long ones keep a binary heap of candidates,
 * of which those overtaken by other merges are dropped when they come up. */
#include "text/bpe_impl.h"

enum { SHORT = 28 };

hn_status hn_bpe_room_grow(hn_bpe_room *r, size_t n, hn_error *err) {
    if (n <= r->cap - r->n) return HN_OK;
    size_t cap = r->n + n + r->cap / 2 + 64;
    hn_symbol *v = hn_realloc_array(r->v, cap, sizeof *v);
    if (!v) return hn_nomem(err, cap * sizeof *v);
    r->v = v;
    r->cap = cap;
    return HN_OK;
}

void hn_bpe_room_free(hn_bpe_room *r) {
    if (!r) return;
    hn_free(r->v);
    hn_free(r->heap);
    hn_buf_release(&r->spell);
    hn_free(r->by_id);
    hn_free(r);
}

static void merge_short(const hn_bpe *m, hn_bpe_room *r) {
    uint32_t rank[SHORT];
    int32_t into[SHORT];
    hn_symbol *v = r->v;
    size_t n = r->n;
    for (size_t i = 0; i + 1 < n; i++) {
        const hn_merge *e = hn_merge_find(m, v[i].id, v[i + 1].id);
        rank[i] = e ? e->rank : UINT32_MAX;
        into[i] = e ? e->id : -1;
    }
    while (n > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < n; i++)
            if (rank[i] < rank[best]) best = i;
        if (rank[best] == UINT32_MAX) break;
        v[best].id = into[best];
        v[best].len += v[best + 1].len;
        for (size_t i = best + 1; i + 1 < n; i++) {
            v[i] = v[i + 1];
            rank[i] = rank[i + 1];
            into[i] = into[i + 1];
        }
        n--;
        for (size_t i = best > 0 ? best - 1 : 0; i <= best && i + 1 < n; i++) {
            const hn_merge *e = hn_merge_find(m, v[i].id, v[i + 1].id);
            rank[i] = e ? e->rank : UINT32_MAX;
            into[i] = e ? e->id : -1;
        }
    }
    r->n = n;
}

static void sift_up(hn_candidate *h, size_t at) {
    hn_candidate c = h[at];
    while (at > 0 && c.key < h[(at - 1) / 2].key) {
        h[at] = h[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h[at] = c;
}

static void sift_down(hn_candidate *h, size_t n, size_t at) {
    hn_candidate c = h[at];
    for (size_t kid; (kid = 2 * at + 1) < n; at = kid) {
        if (kid + 1 < n && h[kid + 1].key < h[kid].key) kid++;
        if (c.key <= h[kid].key) break;
        h[at] = h[kid];
    }
    h[at] = c;
}

/* The pair that begins at symbol i, if it merges, becomes a candidate. Each merge adds at most two. */
static void offer(const hn_bpe *m, hn_bpe_room *r, int32_t i) {
    if (i < 0 || r->v[i].next < 0) return;
    int32_t left = r->v[i].id, right = r->v[r->v[i].next].id;
    const hn_merge *e = hn_merge_find(m, left, right);
    if (!e) return;
    if (r->by_id) r->by_id[e->id] = *e;
    r->heap[r->heap_n] = (hn_candidate){(uint64_t)e->rank << 32 | (uint32_t)i, left, right, e->id};
    sift_up(r->heap, r->heap_n++);
}

/* Is this merge to wait? As in the reference it comes back after the next one that is done. */
static bool waits(const hn_bpe *m, hn_bpe_room *r, uint64_t *draws, size_t *waiting, hn_candidate c) {
    if (m->dropout <= 0 || hn_rng_uniform(&r->key, (*draws)++) >= m->dropout) return false;
    r->heap[r->heap_cap - 1 - (*waiting)++] = c; /* what was taken from the heap leaves room at its end */
    return true;
}

static void wake(hn_bpe_room *r, size_t *waiting) {
    while (*waiting > 0) {
        r->heap[r->heap_n] = r->heap[r->heap_cap - (*waiting)--];
        sift_up(r->heap, r->heap_n++);
    }
}

static hn_status merge_long(const hn_bpe *m, hn_bpe_room *r, hn_error *err) {
    size_t need = 3 * r->n;
    if (r->heap_cap < need) {
        hn_candidate *heap = hn_realloc_array(r->heap, need, sizeof *heap);
        if (!heap) return hn_nomem(err, need * sizeof *heap);
        r->heap = heap;
        r->heap_cap = need;
    }
    r->heap_n = 0;
    for (size_t i = 0; i < r->n; i++) {
        r->v[i].prev = (int32_t)i - 1;
        r->v[i].next = i + 1 < r->n ? (int32_t)i + 1 : -1;
    }
    for (size_t i = 0; i < r->n; i++) offer(m, r, (int32_t)i);
    uint64_t draws = 0;
    size_t waiting = 0;
    while (r->heap_n > 0) {
        hn_candidate c = r->heap[0];
        r->heap[0] = r->heap[--r->heap_n];
        if (r->heap_n) sift_down(r->heap, r->heap_n, 0);
        if (waits(m, r, &draws, &waiting, c)) continue;
        wake(r, &waiting);
        hn_symbol *left = &r->v[(uint32_t)c.key];
        if (left->id != c.left || left->next < 0 || r->v[left->next].id != c.right) continue;
        hn_symbol *right = &r->v[left->next];
        left->id = c.id;
        left->len += right->len;
        left->next = right->next;
        right->id = -1; /* gone: no candidate begins with -1 */
        if (left->next >= 0) r->v[left->next].prev = (int32_t)(left - r->v);
        offer(m, r, left->prev);
        offer(m, r, (int32_t)(left - r->v));
    }
    size_t n = 0;
    for (int32_t i = r->n ? 0 : -1; i >= 0; i = r->v[i].next) r->v[n++] = r->v[i];
    r->n = n;
    return HN_OK;
}

hn_status hn_bpe_merge(const hn_bpe *m, hn_bpe_room *r, hn_error *err) {
    if (r->n > SHORT || r->by_id || m->dropout > 0) return merge_long(m, r, err);
    merge_short(m, r);
    return HN_OK;
}
