/* dec_bpe.c - the suffix that marks the end of a word becomes a space, in the last token nothing: every token waits for
 * the next one. */
#include "text/text_impl.h"

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    const char *suffix = hn_json_cstr(hn_json_get(spec, "suffix"));
    *state = hn_strdup(suffix ? suffix : "</w>");
    return *state ? HN_OK : hn_nomem(err, 1);
}

/* Sends the token that waits (s->last). */
static hn_status send(hn_dec_stage *s, const char *by, hn_error *err) {
    const char *suffix = s->state;
    hn_buf_clear(&s->work);
    hn_buf_add(&s->work, s->last.p, s->last.n);
    hn_replace_all(&s->work, &s->last, suffix, strlen(suffix), by);
    if (s->work.failed) return hn_nomem(err, s->last.n);
    return hn_dec_pass(s, s->work.p, s->work.n, false, err);
}

static hn_status token(hn_dec_stage *s, hn_str t, hn_error *err) {
    if (s->count++ > 0) HN_TRY(send(s, " ", err));
    hn_buf_clear(&s->last);
    hn_buf_add(&s->last, t.p, t.n);
    return s->last.failed ? hn_nomem(err, t.n) : HN_OK;
}

static hn_status finish(hn_dec_stage *s, hn_error *err) {
    return s->count > 0 ? send(s, "", err) : HN_OK;
}

const hn_dec hn_dec_bpe = {
    .part = {.type = "BPEDecoder", .about = "suffixes of words back to spaces", .make = make, .drop = hn_free},
    .put = hn_dec_put_whole,
    .end = hn_dec_end_whole,
    .token = token,
    .finish = finish,
};
