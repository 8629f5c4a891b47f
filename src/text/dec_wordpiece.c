/* dec_wordpiece.c - tokens that begin with the prefix (##) go on the word before, the others begin with a space; then
 * English spacing is mended inside each token. */
#include "text/text_impl.h"

typedef struct wordpiece {
    char *prefix;
    bool cleanup;
} wordpiece;

static void drop(void *state) {
    wordpiece *w = state;
    if (w) hn_free(w->prefix);
    hn_free(w);
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    const char *prefix = hn_json_cstr(hn_json_get(spec, "prefix"));
    wordpiece *w = hn_calloc(1, sizeof *w);
    if (!w) return hn_nomem(err, sizeof *w);
    w->prefix = hn_strdup(prefix ? prefix : "##");
    w->cleanup = hn_json_bool(hn_json_get(spec, "cleanup"), true);
    *state = w;
    if (w->prefix) return HN_OK;
    drop(w);
    *state = NULL;
    return hn_nomem(err, 1);
}

static hn_status token(hn_dec_stage *s, hn_str t, hn_error *err) {
    const wordpiece *w = s->state;
    size_t n = strlen(w->prefix);
    hn_buf_clear(&s->work);
    if (s->count++ > 0) {
        if (t.n >= n && memcmp(t.p, w->prefix, n) == 0) t = (hn_str){t.p + n, t.n - n};
        else hn_buf_putc(&s->work, ' ');
    }
    hn_buf_add(&s->work, t.p, t.n);
    if (w->cleanup) hn_cleanup_english(&s->work, &s->last);
    if (s->work.failed) return hn_nomem(err, t.n);
    return hn_dec_pass(s, s->work.p, s->work.n, false, err);
}

const hn_dec hn_dec_wordpiece = {
    .part = {.type = "WordPiece", .about = "word pieces back to words", .make = make, .drop = drop},
    .put = hn_dec_put_whole,
    .end = hn_dec_end_whole,
    .token = token,
};
