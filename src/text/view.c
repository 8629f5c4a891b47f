/* view.c - the text under work: bytes with the original span of each, and the pieces they are cut into. */
#include "text/text_impl.h"

void hn_view_clear(hn_view *v) {
    v->n = 0;
    v->failed = false;
}

void hn_view_release(hn_view *v) {
    hn_free(v->p);
    hn_free(v->src);
    *v = (hn_view){0};
}

bool hn_view_room(hn_view *v, size_t extra) {
    if (v->failed) return false;
    size_t need = v->n + extra;
    if (need <= v->cap && (!v->track || v->src)) return true;
    size_t cap = need > v->cap ? need + need / 2 + 64 : v->cap;
    char *p = hn_realloc(v->p, cap);
    if (p) v->p = p;
    hn_token_span *src = p && v->track ? hn_realloc_array(v->src, cap, sizeof *src) : NULL;
    if (src) v->src = src;
    v->failed = !p || (v->track && !src);
    if (v->failed) return false;
    if (!v->track) { /* would be too short for the new size */
        hn_free(v->src);
        v->src = NULL;
    }
    v->cap = cap;
    return true;
}

void hn_view_add(hn_view *v, const char *p, size_t n, hn_token_span src) {
    if (n > v->cap - v->n || v->failed || (v->track && !v->src)) {
        if (!hn_view_room(v, n)) return;
    }
    memcpy(v->p + v->n, p, n);
    if (v->track) {
        for (size_t i = 0; i < n; i++) v->src[v->n + i] = src;
    }
    v->n += n;
}

void hn_view_copy(hn_view *v, const hn_view *from, size_t begin, size_t end) {
    size_t n = end - begin;
    if (n == 0 || !hn_view_room(v, n)) return;
    memcpy(v->p + v->n, from->p + begin, n);
    if (v->track) memcpy(v->src + v->n, from->src + begin, n * sizeof *v->src);
    v->n += n;
}

void hn_view_original(hn_view *v, const char *text, size_t begin, size_t end) {
    size_t n = end - begin;
    if (n == 0 || !hn_view_room(v, n)) return;
    memcpy(v->p + v->n, text + begin, n);
    for (size_t i = begin; v->track && i < end;) {
        size_t len = (size_t)hn_cp_len((unsigned char)text[i]);
        for (size_t k = 0; k < len; k++)
            v->src[v->n + (i - begin) + k] = (hn_token_span){(uint32_t)i, (uint32_t)(i + len)};
        i += len;
    }
    v->n += n;
}

bool hn_pieces_grow(hn_pieces *p) {
    if (p->failed) return false;
    size_t cap = p->cap ? p->cap * 2 : 64;
    hn_token_span *v = hn_realloc_array(p->v, cap, sizeof *v);
    p->failed = !v;
    if (!v) return false;
    p->v = v;
    p->cap = cap;
    return true;
}

void hn_matches_add(hn_match_list *m, size_t begin, size_t end, bool is_match) {
    if (m->failed) return;
    if (m->n == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 64;
        hn_token_span *at = hn_realloc_array(m->at, cap, sizeof *at);
        if (at) m->at = at;
        uint8_t *is = at ? hn_realloc(m->is_match, cap) : NULL;
        if (is) m->is_match = is;
        m->failed = !at || !is;
        if (m->failed) return;
        m->cap = cap;
    }
    m->at[m->n] = (hn_token_span){(uint32_t)begin, (uint32_t)end};
    m->is_match[m->n++] = is_match;
}
