/* norm_precompiled.c - SentencePiece's precompiled character map, as the reference applies it.
 *
 * The map is base64 of: u32 bytes of the trie, the trie (a double array of u32 units), replacement texts, each ended by
 * a NUL. Per extended grapheme cluster below 6 bytes: if any beginning of it is in the trie, the shortest one's text
 * stands for the whole cluster; else code point by code point. */
#include <utf8proc.h>

#include "text/text_impl.h"

typedef struct charsmap {
    hn_buf bytes;
    uint32_t *unit;
    size_t units;
    hn_str texts;
} charsmap;

static void drop(void *state) {
    charsmap *c = state;
    if (!c) return;
    hn_buf_release(&c->bytes);
    hn_free(c->unit);
    hn_free(c);
}

static int digit64(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool decode64(hn_str in, hn_buf *out) {
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < in.n && in.p[i] != '='; i++) {
        int d = digit64(in.p[i]);
        if (d < 0) return false;
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have >= 8) {
            have -= 8;
            hn_buf_putc(out, (char)(bits >> have & 0xFF));
        }
    }
    return true;
}

static uint32_t u32_at(const char *p) {
    const unsigned char *s = (const unsigned char *)p;
    return s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;
}

static hn_status load(charsmap *c, const hn_json *spec, hn_error *err) {
    hn_str text;
    if (!hn_json_text(hn_json_get(spec, "precompiled_charsmap"), &text) || !decode64(text, &c->bytes))
        return hn_fail(err, HN_EFORMAT, "\"precompiled_charsmap\" is no base64 text");
    if (c->bytes.failed) return hn_nomem(err, text.n);
    size_t trie = c->bytes.n >= 4 ? u32_at(c->bytes.p) : SIZE_MAX;
    if (c->bytes.n < 4 || trie > c->bytes.n - 4 || trie % 4 != 0 || trie == 0)
        return hn_fail(err, HN_EFORMAT, "\"precompiled_charsmap\" is cut off");
    c->units = trie / 4;
    c->unit = hn_alloc_array(c->units, sizeof *c->unit);
    if (!c->unit) return hn_nomem(err, trie);
    for (size_t i = 0; i < c->units; i++) c->unit[i] = u32_at(c->bytes.p + 4 + 4 * i);
    c->texts = (hn_str){c->bytes.p + 4 + trie, c->bytes.n - 4 - trie};
    if (!hn_utf8_valid(c->texts.p, c->texts.n, NULL))
        return hn_fail(err, HN_EFORMAT, "\"precompiled_charsmap\": the replacements are no UTF-8");
    return HN_OK;
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    charsmap *c = hn_calloc(1, sizeof *c);
    if (!c) return hn_nomem(err, sizeof *c);
    hn_status st = load(c, spec, err);
    if (st == HN_OK) *state = c;
    else drop(c);
    return st;
}

static uint32_t offset_of(uint32_t unit) {
    return (unit >> 10) << ((unit & 1u << 9) >> 6);
}

/* The replacement of the shortest beginning of p[0, n) in the trie. */
static bool lookup(const charsmap *c, const char *p, size_t n, hn_str *by) {
    uint32_t at = offset_of(c->unit[0]);
    for (size_t i = 0; i < n && p[i]; i++) {
        unsigned char byte = (unsigned char)p[i];
        at ^= byte;
        if (at >= c->units) return false;
        uint32_t unit = c->unit[at];
        if ((unit & (1u << 31 | 0xFF)) != byte) return false;
        at ^= offset_of(unit);
        if (!(unit >> 8 & 1)) continue;
        if (at >= c->units) return false;
        size_t from = c->unit[at] & 0x7FFFFFFF;
        if (from >= c->texts.n) return false;
        const char *end = memchr(c->texts.p + from, 0, c->texts.n - from);
        *by = (hn_str){c->texts.p + from, end ? (size_t)(end - c->texts.p) - from : c->texts.n - from};
        return true;
    }
    return false;
}

/* Spans as the reference counts them: a character of the result takes the next one of the source (change 0), shares the
 * one before (1), or takes one and passes over -change more. What vanishes is passed over by the character before it;
 * at the very start there is none, and all that follows is that much too early. */
typedef struct writer {
    hn_work *w;
    size_t next, last; /* places in the source: of the next character and of the one taken last */
    uint32_t cp;
    int change;
    bool pending;
} writer;

static void skip(writer *to) {
    to->last = to->next;
    if (to->next < to->w->text.n) to->next += (size_t)hn_cp_len((unsigned char)to->w->text.p[to->next]);
}

static void flush(writer *to) {
    if (!to->pending) return;
    to->pending = false;
    hn_token_span src = hn_view_span(&to->w->text, to->change > 0 ? to->last : to->next);
    if (to->change > 0 && to->next == 0) src = (hn_token_span){0, 0};
    hn_view_put(&to->w->spare, to->cp, src);
    for (int i = to->change; i <= 0; i++) skip(to);
}

static void put(writer *to, uint32_t cp, int change) {
    flush(to);
    to->cp = cp;
    to->change = change;
    to->pending = true;
}

/* by for old characters. */
static void put_text(writer *to, hn_str by, int old) {
    int done = 0;
    for (size_t i = 0; i < by.n; done++) {
        int len;
        uint32_t cp = hn_cp_at(by.p + i, &len);
        put(to, cp, done >= old);
        i += (size_t)len;
    }
    if (done < old && to->pending) to->change -= old - done;
}

static int chars_in(const char *p, size_t n) {
    int chars = 0;
    for (size_t i = 0; i < n; i++) chars += ((unsigned char)p[i] & 0xC0) != 0x80;
    return chars;
}

static size_t cluster_end(const char *p, size_t begin, size_t end) {
    int len;
    utf8proc_int32_t state = 0, before = (utf8proc_int32_t)hn_cp_at(p + begin, &len);
    size_t at = begin + (size_t)len;
    while (at < end) {
        utf8proc_int32_t cp = (utf8proc_int32_t)hn_cp_at(p + at, &len);
        if (utf8proc_grapheme_break_stateful(before, cp, &state)) break;
        before = cp;
        at += (size_t)len;
    }
    return at;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const charsmap *c = state;
    const char *p = w->text.p;
    writer to = {.w = w};
    hn_view_clear(&w->spare);
    for (size_t i = 0; i < w->text.n;) {
        size_t end = cluster_end(p, i, w->text.n);
        hn_str by;
        if (end - i < 6 && lookup(c, p + i, end - i, &by)) {
            put_text(&to, by, chars_in(p + i, end - i));
            i = end;
        }
        while (i < end) {
            int len;
            uint32_t cp = hn_cp_at(p + i, &len);
            if (lookup(c, p + i, (size_t)len, &by)) put_text(&to, by, 1);
            else put(&to, cp, 0);
            i += (size_t)len;
        }
    }
    flush(&to);
    hn_work_swap(w);
    return hn_work_check(w, err);
}

const hn_step hn_norm_precompiled = {
    .part = {.type = "Precompiled", .about = "SentencePiece's character map", .make = make, .drop = drop},
    .run = run,
};
