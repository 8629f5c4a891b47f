/* plain_text.c - special tokens that a user typed stay text (--split_special_tokens): a conversation's strings are marked before
 * the template runs, and the marks are taken out of what it wrote. What they held is the user's, the rest the template's.
 *
 * The marks are two characters for private use, as transformers' sanitize_control_tokens has them. A template that takes strings
 * apart can part them; what is between the next two marks that belong together is then the user's all the same. */
#include "data/encode_impl.h"

#include <string.h>

#define OPEN "\xf3\xb0\x80\x80"  /* U+F0000 */
#define CLOSE "\xf3\xb0\x80\x81" /* U+F0001 */
enum { MARK = 4 };

static bool is_mark(const char *p, size_t left, const char *mark) { return left >= MARK && memcmp(p, mark, MARK) == 0; }

static hn_status add_plain(hn_encoder *e, size_t begin, size_t end, hn_error *err) {
    if (e->plains == e->plain_cap) {
        size_t cap = e->plain_cap ? 2 * e->plain_cap : 16;
        hn_byte_span *p = hn_realloc_array(e->plain, cap, sizeof *p);
        if (!p) return hn_nomem(err, cap * sizeof *p);
        e->plain = p;
        e->plain_cap = cap;
    }
    if (begin < end) e->plain[e->plains++] = (hn_byte_span){begin, end};
    return HN_OK;
}

hn_status hn_plain_whole(hn_encoder *e, size_t n, hn_error *err) {
    e->plains = 0;
    return e->o->split_special ? add_plain(e, 0, n, err) : HN_OK;
}

static hn_json *mark_text(const hn_tokenizer *t, hn_str s, bool *failed) {
    hn_buf clean = {0}, out = {0};
    for (size_t i = 0; i < s.n;) { /* marks already there could forge a token */
        if (is_mark(s.p + i, s.n - i, OPEN) || is_mark(s.p + i, s.n - i, CLOSE)) i += MARK;
        else hn_buf_putc(&clean, s.p[i++]);
    }
    hn_str text = {clean.p ? clean.p : "", clean.n};
    hn_byte_span hit;
    size_t at = 0, done = 0;
    while (hn_tokenizer_find_special(t, text, &at, &hit)) {
        hn_buf_add(&out, text.p + done, hit.begin - done);
        hn_buf_puts(&out, OPEN);
        hn_buf_add(&out, text.p + hit.begin, hit.end - hit.begin);
        hn_buf_puts(&out, CLOSE);
        done = hit.end;
    }
    hn_buf_add(&out, text.p + done, text.n - done);
    hn_json *marked = hn_json_new_str(out.p ? out.p : "", out.n);
    *failed |= clean.failed || out.failed || !marked;
    hn_buf_release(&clean);
    hn_buf_release(&out);
    return marked;
}

static hn_json *mark(const hn_tokenizer *t, const hn_json *value, bool *failed) {
    hn_str s;
    if (hn_json_text(value, &s)) return mark_text(t, s, failed);
    if (hn_json_type(value) == HN_JSON_ARRAY) {
        hn_json *list = hn_json_new_array();
        for (size_t i = 0; list && i < hn_json_len(value); i++) hn_json_push(list, mark(t, hn_json_at(value, i), failed));
        *failed |= !list;
        return list;
    }
    if (hn_json_type(value) == HN_JSON_OBJECT) {
        hn_json *object = hn_json_new_object();
        hn_json_iter it;
        for (bool more = object && hn_json_first(value, &it); more; more = hn_json_next(&it))
            hn_json_set(object, it.key, mark(t, it.value, failed));
        *failed |= !object;
        return object;
    }
    return value ? hn_json_ref((hn_json *)(uintptr_t)value) : NULL;
}

hn_status hn_plain_mark(const hn_tokenizer *t, const hn_json *value, hn_json **out, hn_error *err) {
    bool failed = false;
    *out = mark(t, value, &failed);
    if (!failed) return HN_OK;
    hn_json_free(*out);
    *out = NULL;
    return hn_nomem(err, 64);
}

hn_status hn_plain_unmark(hn_encoder *e, hn_error *err) {
    hn_rendered *r = &e->rendered;
    char *p = r->text.p;
    size_t n = r->text.n, to = 0, open = SIZE_MAX, border = 0;
    e->plains = 0;
    for (size_t i = 0; i <= n; i++) {
        for (; border < 2 * r->spans; border++) { /* the ends of spans move with the text */
            size_t *at = border % 2 ? &r->span[border / 2].end : &r->span[border / 2].begin;
            if (*at > i) break;
            *at = to;
        }
        if (i == n) break;
        bool opens = is_mark(p + i, n - i, OPEN), closes = !opens && is_mark(p + i, n - i, CLOSE);
        if (!opens && !closes) {
            p[to++] = p[i];
            continue;
        }
        if (closes && open != SIZE_MAX) HN_TRY(add_plain(e, open, to, err));
        open = opens ? to : SIZE_MAX;
        i += MARK - 1;
    }
    r->text.n = to;
    if (p) p[to] = '\0';
    return HN_OK;
}
