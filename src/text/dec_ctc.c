/* dec_ctc.c - drops a token equal to the one before and the pad token's text; word delimiters become spaces. */
#include "text/text_impl.h"

typedef struct ctc {
    char *pad, *delimiter;
    bool cleanup;
} ctc;

static void drop(void *state) {
    ctc *c = state;
    if (!c) return;
    hn_free(c->pad);
    hn_free(c->delimiter);
    hn_free(c);
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    const char *pad = hn_json_cstr(hn_json_get(spec, "pad_token"));
    const char *delimiter = hn_json_cstr(hn_json_get(spec, "word_delimiter_token"));
    ctc *c = hn_calloc(1, sizeof *c);
    if (!c) return hn_nomem(err, sizeof *c);
    c->pad = hn_strdup(pad ? pad : "<pad>");
    c->delimiter = hn_strdup(delimiter ? delimiter : "|");
    c->cleanup = hn_json_bool(hn_json_get(spec, "cleanup"), true);
    if (c->pad && c->delimiter) {
        *state = c;
        return HN_OK;
    }
    drop(c);
    return hn_nomem(err, 1);
}

static hn_status token(hn_dec_stage *s, hn_str t, hn_error *err) {
    const ctc *c = s->state;
    if (s->count++ > 0 && s->last.n == t.n && memcmp(s->last.p, t.p, t.n) == 0) return HN_OK;
    hn_buf_clear(&s->last);
    hn_buf_add(&s->last, t.p, t.n);
    hn_buf_clear(&s->work);
    hn_buf_add(&s->work, t.p, t.n);
    hn_buf spare = {0};
    hn_replace_all(&s->work, &spare, c->pad, strlen(c->pad), "");
    if (c->cleanup) {
        hn_cleanup_english(&s->work, &spare);
        hn_replace_all(&s->work, &spare, c->delimiter, strlen(c->delimiter), " ");
    }
    bool failed = s->work.failed || s->last.failed;
    hn_buf_release(&spare);
    if (failed) return hn_nomem(err, t.n);
    return s->work.n ? hn_dec_pass(s, s->work.p, s->work.n, false, err) : HN_OK;
}

const hn_dec hn_dec_ctc = {
    .part = {.type = "CTC", .about = "repeated tokens and pads dropped", .make = make, .drop = drop},
    .put = hn_dec_put_whole,
    .end = hn_dec_end_whole,
    .token = token,
};
