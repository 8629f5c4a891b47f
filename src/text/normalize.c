/* normalize.c - Unicode normalization forms over utf8proc, one starter with its marks at a time so that spans are kept.
 *
 * Spans follow the reference: each character of the result takes the next one of the source, one that only a
 * decomposition added shares it, and a composed one passes over those it swallowed. A few characters newer than the
 * reference's tables stay as they are (class_tables.c). */
#include <utf8proc.h>

#include "text/class_tables.h"
#include "text/unicode_impl.h"

typedef struct mark {
    int32_t cp;
    int32_t ccc;
    int32_t change; /* 0: stands for the next source character; 1: shares the one before; -k: for k more */
} mark;

typedef struct segment { /* a starter and what belongs to it, decomposed */
    mark *v;
    hn_token_span *src; /* of its source characters */
    size_t n, sources, cap;
    bool failed;
} segment;

static bool grow(segment *s) {
    size_t cap = s->cap ? 2 * s->cap : 32;
    mark *v = hn_realloc_array(s->v, cap, sizeof *v);
    if (v) s->v = v;
    hn_token_span *src = v ? hn_realloc_array(s->src, cap, sizeof *src) : NULL;
    if (src) {
        s->src = src;
        s->cap = cap;
    }
    s->failed |= !src;
    return src != NULL;
}

static int32_t class_of(int32_t cp) {
    int32_t ccc = utf8proc_get_property(cp)->combining_class;
    return ccc && hn_range_find(hn_unordered_ranges, hn_unordered_ranges_count, (uint32_t)cp) ? 0 : ccc;
}

static void add(segment *s, int32_t cp, int32_t change) {
    if (s->failed || (s->n == s->cap && !grow(s))) return;
    int32_t ccc = class_of(cp);
    size_t at = s->n++;
    for (; ccc > 0 && at > 0 && s->v[at - 1].ccc > ccc; at--) s->v[at] = s->v[at - 1]; /* canonical order, stable */
    s->v[at] = (mark){cp, ccc, change};
}

enum { MOST = 32 }; /* no character decomposes into more than 18 */

static bool stays(uint32_t cp, unsigned form) {
    if (form & HN_COMPAT) return hn_range_find(hn_undecomposed_ranges, hn_undecomposed_ranges_count, cp) != NULL;
    return hn_range_find(hn_uncomposed_ranges, hn_uncomposed_ranges_count, cp) != NULL;
}

static size_t take_apart(uint32_t cp, unsigned form, int32_t out[MOST]) {
    int boundary = 0;
    utf8proc_option_t how = UTF8PROC_DECOMPOSE | (form & HN_COMPAT ? UTF8PROC_COMPAT : 0);
    utf8proc_ssize_t got = utf8proc_decompose_char((utf8proc_int32_t)cp, out, MOST, how, &boundary);
    if (got > 0 && got <= MOST) return (size_t)got;
    out[0] = (int32_t)cp;
    return 1;
}

/* May cp, decomposed, join what stands before it? */
static bool joins(int32_t cp) {
    if (class_of(cp)) return true;
    if (cp >= 0x1161 && cp <= 0x11C2) return true; /* Hangul vowels and trailing consonants */
    const utf8proc_property_t *p = utf8proc_get_property(cp);
    return p->comb_index != UINT16_MAX && (p->comb_index & 0x8000) && !p->combining_class;
}

/* The character that a and b compose to, or 0. */
static int32_t composite(int32_t a, int32_t b) {
    int32_t pair[3] = {a, b, 0};
    if (utf8proc_normalize_utf32(pair, 2, UTF8PROC_COMPOSE | UTF8PROC_STABLE) != 1) return 0;
    return stays((uint32_t)pair[0], HN_COMPOSE) ? 0 : pair[0];
}

/* Canonical composition in place: a character joins the last starter unless one of the same or a higher class, or
 * another starter, stands between. */
static void compose(segment *s) {
    size_t n = 0, starter = SIZE_MAX;
    int32_t between = -1;
    for (size_t i = 0; i < s->n; i++) {
        mark c = s->v[i];
        int32_t both = starter != SIZE_MAX && between < c.ccc ? composite(s->v[starter].cp, c.cp) : 0;
        if (both) {
            s->v[starter].cp = both;
            s->v[starter].change += c.change - 1;
            continue;
        }
        if (c.ccc == 0) starter = n;
        between = c.ccc == 0 ? -1 : c.ccc;
        s->v[n++] = c;
    }
    s->n = n;
}

static void put_segment(hn_view *to, segment *s, unsigned form) {
    if (s->n == 0 || s->failed) return;
    if ((form & HN_COMPOSE) && s->n > 1) compose(s);
    size_t next = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t at = s->v[i].change > 0 && next > 0 ? next - 1 : next;
        if (s->v[i].change <= 0) next += (size_t)(1 - s->v[i].change);
        hn_view_put(to, (uint32_t)s->v[i].cp, s->src[at < s->sources ? at : s->sources - 1]);
    }
    s->n = s->sources = 0;
}

/* Bytes at the front in which nothing can change: below the first code point with a decomposition or a mark, less the
 * last character there, which a mark may join. */
static size_t unchanged(const hn_view *v, unsigned form) {
    unsigned char below = form & HN_COMPAT ? 0xC2 : form & HN_COMPOSE ? 0xCC : 0xC3; /* first bytes of U+0080, 0300, 00C0 */
    size_t i = 0;
    while (i < v->n && (unsigned char)v->p[i] < below) i++;
    if (i == v->n || i == 0) return i;
    i--;
    while (i > 0 && ((unsigned char)v->p[i] & 0xC0) == 0x80) i--;
    return i;
}

static void take(hn_view *to, segment *s, unsigned form, uint32_t cp, hn_token_span src) {
    int32_t parts[MOST] = {(int32_t)cp};
    size_t n = cp < 0x80 || stays(cp, form) ? 1 : take_apart(cp, form, parts);
    if (cp < 0x80 || !joins(parts[0])) put_segment(to, s, form);
    for (size_t k = 0; k < n; k++) add(s, parts[k], k > 0);
    if (!s->failed && (s->sources < s->cap || grow(s))) s->src[s->sources++] = src;
}

hn_status hn_normalize(hn_work *w, unsigned form, hn_error *err) {
    const hn_view *from = &w->text;
    size_t i = unchanged(from, form);
    if (i == from->n) return HN_OK;
    hn_view_clear(&w->spare);
    hn_view_copy(&w->spare, from, 0, i);
    segment s = {0};
    while (i < from->n) {
        int len;
        uint32_t cp = hn_cp_at(from->p + i, &len);
        take(&w->spare, &s, form, cp, hn_view_span(from, i));
        i += (size_t)len;
    }
    put_segment(&w->spare, &s, form);
    hn_free(s.v);
    hn_free(s.src);
    if (s.failed) return hn_nomem(err, from->n);
    hn_work_swap(w);
    return hn_work_check(w, err);
}
