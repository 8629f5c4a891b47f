/* jinja_out.c - where output goes: the final text, or a capture (macro, set block ...) that becomes a string.
 *
 * Generated text, the inside of {% generation %}, keeps its mark on the way: the addresses of marked bytes are kept in a list,
 * and whoever copies bytes (captures, concatenation) copies their marks. Strings are slices of memory that is never used twice,
 * so what was cut out of generated text is still known. */
#include "text/jinja/jinja_ast_impl.h"

static bool add_span(hn_jrun *r, hn_byte_span **v, size_t *n, size_t *cap, size_t begin, size_t end) {
    if (*n == *cap) {
        size_t more = *cap ? 2 * *cap : 16;
        hn_byte_span *grown = hn_realloc_array(*v, more, sizeof *grown);
        if (!grown) return hn_j_nomem(r);
        *v = grown;
        *cap = more;
    }
    (*v)[(*n)++] = (hn_byte_span){begin, end};
    return true;
}

/* The first marked range that ends behind at. */
static size_t first_mark(const hn_jrun *r, size_t at) {
    size_t low = 0, high = r->marked_n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (r->marked[mid].end > at) high = mid;
        else low = mid + 1;
    }
    return low;
}

/* Ranges are apart; memory comes in blocks, so a new one may belong before others. */
static bool mark_memory(hn_jrun *r, const char *p, size_t n) {
    size_t begin = (size_t)(uintptr_t)p, at = first_mark(r, begin);
    if (!add_span(r, &r->marked, &r->marked_n, &r->marked_cap, 0, 0)) return false;
    memmove(&r->marked[at + 1], &r->marked[at], (r->marked_n - 1 - at) * sizeof *r->marked);
    r->marked[at] = (hn_byte_span){begin, begin + n};
    return true;
}

/* Calls put for each part of p[0, n) that is marked, with its place in it. put may mark other memory. */
static bool each_mark(hn_jrun *r, const char *p, size_t n, bool (*put)(hn_jrun *, void *, size_t, size_t), void *to) {
    size_t begin = (size_t)(uintptr_t)p;
    for (size_t at = 0; at < n;) {
        size_t i = first_mark(r, begin + at);
        if (i == r->marked_n || r->marked[i].begin >= begin + n) break;
        size_t from = r->marked[i].begin > begin ? r->marked[i].begin - begin : 0;
        size_t till = r->marked[i].end < begin + n ? r->marked[i].end - begin : n;
        if (!put(r, to, from, till)) return false;
        at = till;
    }
    return true;
}

static bool put_out(hn_jrun *r, void *to, size_t begin, size_t end) {
    hn_jout *o = to;
    return add_span(r, &o->span, &o->spans, &o->cap, o->text.n + begin, o->text.n + end);
}

static bool put_memory(hn_jrun *r, void *to, size_t begin, size_t end) {
    return mark_memory(r, (const char *)to + begin, end - begin);
}

bool hn_j_write(hn_jrun *r, const char *p, size_t n) {
    hn_jout *o = r->outs[r->at];
    if (n == 0) return true;
    if (n > HN_J_OUTPUT || o->text.n > HN_J_OUTPUT - n)
        return hn_j_fail(r, HN_J_LIMIT, "the template writes more than %zu MiB", HN_J_OUTPUT >> 20);
    if (!hn_j_burn(r, n / 16)) return false;
    if (r->marked_n && !each_mark(r, p, n, put_out, o)) return false;
    hn_buf_add(&o->text, p, n);
    return !o->text.failed || hn_j_nomem(r);
}

bool hn_j_write_times(hn_jrun *r, hn_str s, int64_t n) {
    bool fine = true;
    for (; fine && n > 0; n--) fine = hn_j_write(r, s.p, s.n) && hn_j_burn(r, 1);
    return fine;
}

bool hn_j_capture(hn_jrun *r) {
    if (r->at + 1 == r->out_cap) {
        hn_jout **grown = hn_realloc_array(r->outs, 2 * r->out_cap, sizeof *grown);
        if (!grown) return hn_j_nomem(r);
        memset(grown + r->out_cap, 0, r->out_cap * sizeof *grown);
        r->outs = grown;
        r->out_cap *= 2;
    }
    if (!r->outs[r->at + 1] && !(r->outs[r->at + 1] = hn_calloc(1, sizeof **r->outs))) return hn_j_nomem(r);
    r->at++;
    hn_buf_clear(&r->outs[r->at]->text);
    r->outs[r->at]->spans = 0;
    return true;
}

bool hn_j_captured(hn_jrun *r, size_t at, bool fine, bool markup, hn_jval *out) {
    hn_jout *o = r->outs[r->at];
    hn_j_drop(r, at);
    if (!fine) return false;
    if (o->text.failed) return hn_j_nomem(r);
    char *p = hn_j_alloc(r, o->text.n + 1);
    if (!p) return false;
    if (o->text.n) memcpy(p, o->text.p, o->text.n);
    for (size_t i = 0; i < o->spans; i++)
        if (o->span[i].end > o->span[i].begin && !mark_memory(r, p + o->span[i].begin, o->span[i].end - o->span[i].begin))
            return false;
    *out = hn_j_str(p, o->text.n);
    if (markup) *out = hn_j_markup(*out);
    return true;
}

bool hn_j_collect(hn_jrun *r, bool (*print)(hn_jrun *, hn_jval), hn_jval v, hn_jval *out) {
    size_t at = r->at;
    return hn_j_captured(r, at, hn_j_capture(r) && print(r, v), false, out);
}

void hn_j_drop(hn_jrun *r, size_t at) {
    if (r->at > at) r->at = at;
}

void hn_j_mark(hn_jrun *r, size_t from) {
    hn_jout *o = r->outs[r->at];
    if (!r->want_spans || from >= o->text.n) return;
    while (o->spans && o->span[o->spans - 1].begin >= from) o->spans--; /* inner ones are part of it */
    add_span(r, &o->span, &o->spans, &o->cap, from, o->text.n);
}

bool hn_j_copy(hn_jrun *r, const char *p, size_t n, hn_jval *out) {
    if (n > HN_J_OUTPUT) return hn_j_fail(r, HN_J_LIMIT, "a text of more than %zu MiB", HN_J_OUTPUT >> 20);
    if (!hn_j_burn(r, n / 16)) return false;
    char *q = hn_j_alloc(r, n + 1);
    if (!q) return false;
    if (n) memcpy(q, p, n);
    *out = hn_j_str(q, n);
    return !r->marked_n || each_mark(r, p, n, put_memory, q);
}

bool hn_j_join2(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *out) {
    size_t n = (size_t)a.n + b.n;
    if (b.n == 0 || a.n == 0) return hn_j_set(out, hn_j_plain(b.n == 0 ? a : b));
    if (n > HN_J_OUTPUT) return hn_j_fail(r, HN_J_LIMIT, "a text of more than %zu MiB", HN_J_OUTPUT >> 20);
    if (!hn_j_burn(r, b.n / 16)) return false;
    char *p;
    if (a.s + a.n == r->tail && (size_t)(r->tail_end - r->tail) > b.n) { /* a is the newest string: it grows where it stands */
        p = r->tail - a.n;
    } else {
        size_t room = n + n / 2 + 32;
        if (!hn_j_burn(r, a.n / 16)) return false;
        p = hn_j_alloc(r, room);
        if (!p) return false;
        memcpy(p, a.s, a.n);
        if (r->marked_n && !each_mark(r, a.s, a.n, put_memory, p)) return false;
        r->tail_end = p + room;
    }
    memcpy(p + a.n, b.s, b.n);
    if (r->marked_n && !each_mark(r, b.s, b.n, put_memory, p + a.n)) return false;
    r->tail = p + n;
    return hn_j_set(out, hn_j_str(p, n));
}
