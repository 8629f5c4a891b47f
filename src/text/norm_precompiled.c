/* norm_precompiled.c - SentencePiece's precompiled character map (base64 of its bytes), as the reference applies it.
 *
 * Per extended grapheme cluster below 6 bytes: if any beginning of it is in the trie, the shortest one's text stands for
 * the whole cluster; else code point by code point. */
#include <utf8proc.h>

#include "text/charsmap.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    hn_str text;
    hn_buf bytes = {0};
    hn_charsmap *c = NULL;
    hn_status st = HN_OK;
    if (!hn_json_text(hn_json_get(spec, "precompiled_charsmap"), &text) || !hn_base64_decode(text, &bytes))
        st = hn_fail(err, HN_EFORMAT, "\"precompiled_charsmap\" is no base64 text");
    if (st == HN_OK && bytes.failed) st = hn_nomem(err, text.n);
    if (st == HN_OK) st = hn_charsmap_new((hn_str){bytes.p, bytes.n}, &c, err);
    hn_buf_release(&bytes);
    *state = c;
    return st;
}

static void drop(void *state) {
    hn_charsmap_free(state);
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
    const hn_charsmap *c = state;
    const char *p = w->text.p;
    writer to = {.w = w};
    hn_view_clear(&w->spare);
    for (size_t i = 0; i < w->text.n;) {
        size_t end = cluster_end(p, i, w->text.n);
        hn_str by;
        size_t used;
        if (end - i < 6 && hn_charsmap_find(c, p + i, end - i, false, &by, &used)) {
            put_text(&to, by, chars_in(p + i, end - i));
            i = end;
        }
        while (i < end) {
            int len;
            uint32_t cp = hn_cp_at(p + i, &len);
            if (hn_charsmap_find(c, p + i, (size_t)len, false, &by, &used)) put_text(&to, by, 1);
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
