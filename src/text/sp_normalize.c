/* sp_normalize.c - SentencePiece's normalizer: the longest rule of the character map at each place, spaces squeezed and
 * spelled U+2581, and one put in front (or behind). User-defined pieces are left alone.
 *
 * Spans as SentencePiece counts them: what is dropped in the middle belongs to the character before it. */
#include "text/sp_impl.h"

static const char meta[] = "\xE2\x96\x81"; /* U+2581 */

typedef struct part { /* a beginning of the text, and what it becomes */
    hn_str to;
    size_t taken;
} part;

static part next_part(const hn_sp *sp, const char *p, size_t n) {
    part r;
    int32_t id;
    size_t user = hn_matcher_empty(sp->user) ? 0 : hn_matcher_here(sp->user, p, n, &id);
    if (user) return (part){{p, user}, user};
    if (sp->map && hn_charsmap_find(sp->map, p, n, true, &r.to, &r.taken)) return r;
    size_t len = (size_t)hn_cp_len((unsigned char)p[0]);
    return (part){{p, len}, len};
}

static hn_token_span source(const hn_view *v, size_t begin, size_t end) {
    if (!v->track) return (hn_token_span){0, 0};
    if (begin < end) return (hn_token_span){v->src[begin].begin, v->src[end - 1].end};
    uint32_t at = begin < v->n ? v->src[begin].begin : v->n ? v->src[v->n - 1].end : 0;
    return (hn_token_span){at, at};
}

static void put_space(const hn_sp *sp, hn_view *to, hn_token_span src) {
    if (sp->escapes) hn_view_add(to, meta, 3, src);
    else hn_view_add(to, " ", 1, src);
}

static void put_text(const hn_sp *sp, hn_view *to, hn_str text, hn_token_span src) {
    size_t from = 0;
    for (size_t i = 0; sp->escapes && i < text.n; i++) {
        if (text.p[i] != ' ') continue;
        if (i > from) hn_view_add(to, text.p + from, i - from, src);
        hn_view_add(to, meta, 3, src);
        from = i + 1;
    }
    if (text.n > from) hn_view_add(to, text.p + from, text.n - from, src);
}

/* The characters from group on, made from one part, go on to where the next one begins. */
static void stretch(hn_view *to, size_t group, uint32_t end) {
    if (!to->track || to->failed) return;
    for (size_t i = group; i < to->n; i++) to->src[i].end = end;
}

static void drop_trailing(const hn_sp *sp, hn_view *to) {
    const char *space = sp->escapes ? meta : " ";
    size_t len = strlen(space);
    while (to->n >= len && memcmp(to->p + to->n - len, space, len) == 0) to->n -= len;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const hn_sp *sp = state;
    const hn_view *from = &w->text;
    hn_view *to = &w->spare;
    size_t at = 0, group = 0;
    hn_view_clear(to);
    while (sp->strips_extra && at < from->n) {
        part r = next_part(sp, from->p + at, from->n - at);
        if (!hn_str_eq(r.to, " ")) break;
        at += r.taken;
    }
    bool any = at < from->n, after_space = sp->strips_extra, dropped = false;
    if (any && sp->dummy_prefix && !sp->suffix) put_space(sp, to, source(from, at, at));
    while (at < from->n) {
        part r = next_part(sp, from->p + at, from->n - at);
        hn_token_span src = source(from, at, at + r.taken);
        while (after_space && r.to.n > 0 && r.to.p[0] == ' ') r.to = (hn_str){r.to.p + 1, r.to.n - 1};
        if (r.to.n > 0) {
            if (dropped) stretch(to, group, src.begin);
            group = to->n;
            put_text(sp, to, r.to, src);
            after_space = sp->strips_extra && r.to.p[r.to.n - 1] == ' ';
        }
        dropped = r.to.n == 0;
        at += r.taken;
    }
    if (any && sp->strips_extra) drop_trailing(sp, to);
    if (any && sp->dummy_prefix && sp->suffix) {
        uint32_t last = to->track && to->n ? to->src[to->n - 1].end : 0;
        put_space(sp, to, (hn_token_span){last, last});
    }
    hn_work_swap(w);
    return hn_work_check(w, err);
}

const hn_step hn_sp_normalizer = {
    .part = {.type = "SentencePiece", .about = "SentencePiece's own normalizer"},
    .run = run,
};
