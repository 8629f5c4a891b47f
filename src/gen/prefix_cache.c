/* prefix_cache.c - the keys and values of one call, kept for the next: which tokens are held, and how many of them a new
 * prompt begins with.
 *
 * The tokens and the cached rows are counted apart: a call that ends in the middle leaves rows nobody noted, and the next
 * one cuts both back to what they agree on. */
#include <string.h>

#include "gen/engine_impl.h"

hn_status hn_prefix_cache_new(hn_dev *dev, const hn_model *m, hn_prefix_cache **out, hn_error *err) {
    *out = NULL;
    const hn_model_info *info = hn_model_get_info(m);
    hn_prefix_cache *c = hn_calloc(1, sizeof *c);
    if (!c) return hn_nomem(err, sizeof *c);
    c->model = m;
    hn_status st = hn_kv_cache_new(dev, HN_F32, (int32_t)info->layers, info->kv_heads * info->head_dim, &c->kv, err);
    if (st == HN_OK) st = hn_kv_cache_add(c->kv, 0, 0, &c->segment, err);
    if (st != HN_OK) {
        hn_prefix_cache_free(c);
        return st;
    }
    *out = c;
    return HN_OK;
}

void hn_prefix_cache_free(hn_prefix_cache *c) {
    if (!c) return;
    hn_kv_cache_free(c->kv);
    hn_free(c->id);
    hn_free(c);
}

int64_t hn_prefix_cache_tokens(const hn_prefix_cache *c) { return c->n; }
int64_t hn_prefix_cache_reused(const hn_prefix_cache *c) { return c->reused; }

int64_t hn_prefix_begin(hn_prefix_cache *c, const hn_gen_prompt *p) {
    int64_t same = 0;
    while (same < c->n && same < p->n - 1 && c->id[same] == p->id[same]) same++;
    c->n = c->reused = same;
    hn_kv_cache_truncate(c->kv, c->segment, same);
    return same;
}

hn_status hn_prefix_took(hn_prefix_cache *c, const int32_t *id, int64_t n, hn_error *err) {
    if (c->n + n > c->cap) {
        int64_t cap = c->n + n < 2 * c->cap ? 2 * c->cap : c->n + n;
        int32_t *grown = hn_realloc_array(c->id, (size_t)cap, sizeof *grown);
        if (!grown) return hn_nomem(err, (size_t)cap * sizeof *grown);
        c->id = grown;
        c->cap = cap;
    }
    memcpy(c->id + c->n, id, (size_t)n * sizeof *id);
    c->n += n;
    return HN_OK;
}
