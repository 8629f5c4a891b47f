/* normalize.c - Unicode normalization forms over utf8proc, one starter with its marks at a time so that spans are kept:
 * what a character decomposes into takes its span, a composed character that of its starter.
 *
 * A few characters newer than the reference's tables stay as they are (class_tables.c). */
#include <utf8proc.h>

#include "text/class_tables.h"
#include "text/unicode_impl.h"

typedef struct mark {
    int32_t cp;
    int32_t ccc;
    hn_token_span src;
} mark;

typedef struct segment { /* a starter and what belongs to it, decomposed */
    mark *v;
    int32_t *composed;
    size_t n, cap;
    bool failed;
} segment;

static void add(segment *s, int32_t cp, hn_token_span src) {
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 32;
        mark *v = hn_realloc_array(s->v, cap, sizeof *v);
        if (v) s->v = v;
        int32_t *composed = v ? hn_realloc_array(s->composed, cap, sizeof *composed) : NULL;
        if (composed) s->composed = composed;
        s->failed |= !v || !composed;
        if (s->failed) return;
        s->cap = cap;
    }
    int32_t ccc = utf8proc_get_property(cp)->combining_class;
    size_t at = s->n++;
    for (; ccc > 0 && at > 0 && s->v[at - 1].ccc > ccc; at--) s->v[at] = s->v[at - 1]; /* canonical order, stable */
    s->v[at] = (mark){cp, ccc, src};
}

enum { MOST = 32 }; /* no character decomposes into more than 18 */

static size_t decompose(uint32_t cp, unsigned form, int32_t out[MOST]) {
    const hn_range *stays = form & HN_COMPAT ? hn_undecomposed_ranges : hn_uncomposed_ranges;
    size_t n = form & HN_COMPAT ? hn_undecomposed_ranges_count : hn_uncomposed_ranges_count;
    out[0] = (int32_t)cp;
    if (hn_range_find(stays, n, cp)) return 1;
    int boundary = 0;
    utf8proc_option_t how = UTF8PROC_DECOMPOSE | (form & HN_COMPAT ? UTF8PROC_COMPAT : 0);
    utf8proc_ssize_t got = utf8proc_decompose_char((utf8proc_int32_t)cp, out, MOST, how, &boundary);
    return got > 0 && got <= MOST ? (size_t)got : 1;
}

/* May cp, decomposed, join what stands before it? */
static bool joins(int32_t cp) {
    const utf8proc_property_t *p = utf8proc_get_property(cp);
    if (p->combining_class) return true;
    if (cp >= 0x1161 && cp <= 0x11C2) return true; /* Hangul vowels and trailing consonants */
    return p->comb_index != UINT16_MAX && (p->comb_index & 0x8000);
}

static void put_composed(hn_view *to, segment *s) {
    for (size_t i = 0; i < s->n; i++) s->composed[i] = s->v[i].cp;
    utf8proc_ssize_t n = utf8proc_normalize_utf32(s->composed, (utf8proc_ssize_t)s->n, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    size_t next = 0;
    for (size_t i = 0; (utf8proc_ssize_t)i < n; i++) { /* a mark that is left finds its own span again */
        size_t at = i == 0 ? 0 : next;
        while (i > 0 && at < s->n && s->v[at].cp != s->composed[i]) at++;
        hn_view_put(to, (uint32_t)s->composed[i], s->v[at < s->n ? at : 0].src);
        next = at < s->n ? at + 1 : next;
    }
}

static void put_segment(hn_view *to, segment *s, unsigned form) {
    if (s->n == 0 || s->failed) return;
    if (form & HN_COMPOSE) {
        put_composed(to, s);
    } else {
        for (size_t i = 0; i < s->n; i++) hn_view_put(to, (uint32_t)s->v[i].cp, s->v[i].src);
    }
    s->n = 0;
}

/* Bytes at the front in which nothing can change: below the first code point with a decomposition or a mark, less the
 * last character there, which a mark may join. */
static size_t unchanged(const hn_view *v, unsigned form) {
    unsigned char below = form & HN_COMPAT ? 0xC2 : form & HN_COMPOSE ? 0xCC : 0xC3; /* first bytes of U+0080, 0300, 00C0 */
    size_t i = 0;
    while (i < v->n) {
        unsigned char c = (unsigned char)v->p[i];
        if (c >= below && c >= 0xC0) break;
        i++;
    }
    if (i == v->n) return i;
    if (i > 0) i--;
    while (i > 0 && ((unsigned char)v->p[i] & 0xC0) == 0x80) i--;
    return i;
}

hn_status hn_normalize(hn_work *w, unsigned form, hn_error *err) {
    const hn_view *from = &w->text;
    hn_view *to = &w->spare;
    size_t i = unchanged(from, form);
    if (i == from->n) return HN_OK;
    hn_view_clear(to);
    hn_view_copy(to, from, 0, i);
    segment s = {0};
    while (i < from->n) {
        int len;
        uint32_t cp = hn_cp_at(from->p + i, &len);
        if (cp < 0x80) { /* a starter that nothing joins to the left */
            put_segment(to, &s, form);
            add(&s, (int32_t)cp, hn_view_span(from, i));
            i++;
            continue;
        }
        int32_t parts[MOST];
        size_t n = decompose(cp, form, parts);
        if (!joins(parts[0])) put_segment(to, &s, form);
        for (size_t k = 0; k < n; k++) add(&s, parts[k], hn_view_span(from, i));
        i += (size_t)len;
    }
    put_segment(to, &s, form);
    bool failed = s.failed;
    hn_free(s.v);
    hn_free(s.composed);
    if (failed) return hn_nomem(err, from->n);
    hn_work_swap(w);
    return hn_work_check(w, err);
}
