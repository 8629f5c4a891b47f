/* dec_metaspace.c - U+2581 (or another character) back to spaces; the first token loses its own, unless none was put. */
#include "text/text_impl.h"

typedef struct metaspace {
    char mark[8];
    size_t n;
    bool keeps_first;
} metaspace;

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    const char *mark = hn_json_cstr(hn_json_get(spec, "replacement"));
    if (!mark || !*mark || strlen(mark) != (size_t)hn_cp_len((unsigned char)*mark))
        return hn_fail(err, HN_EFORMAT, "\"replacement\" is not one character");
    metaspace *m = hn_calloc(1, sizeof *m);
    if (!m) return hn_nomem(err, sizeof *m);
    m->n = strlen(mark);
    memcpy(m->mark, mark, m->n);
    m->keeps_first = hn_streq(hn_json_cstr(hn_json_get(spec, "prepend_scheme")), "never") ||
                     !hn_json_bool(hn_json_get(spec, "add_prefix_space"), true);
    *state = m;
    return HN_OK;
}

static hn_status token(hn_dec_stage *s, hn_str t, hn_error *err) {
    const metaspace *m = s->state;
    bool drops = s->count++ == 0 && !m->keeps_first;
    hn_buf_clear(&s->work);
    for (size_t i = 0; i < t.n;) {
        size_t len = (size_t)hn_cp_len((unsigned char)t.p[i]);
        if (len == m->n && memcmp(t.p + i, m->mark, len) == 0) {
            if (!drops) hn_buf_putc(&s->work, ' ');
        } else {
            hn_buf_add(&s->work, t.p + i, len);
        }
        i += len;
    }
    if (s->work.failed) return hn_nomem(err, t.n);
    return hn_dec_pass(s, s->work.n ? s->work.p : "", s->work.n, false, err);
}

const hn_dec hn_dec_metaspace = {
    .part = {.type = "Metaspace", .about = "a visible character back to spaces", .make = make, .drop = hn_free},
    .put = hn_dec_put_whole,
    .end = hn_dec_end_whole,
    .token = token,
};
