/* dec_strip.c - at most start times a character off the front of a token and stop times off its end. What could still
 * be the end of a fused token is held back. */
#include "text/text_impl.h"

typedef struct strip {
    char c[8];
    size_t n; /* bytes of c */
    uint64_t start, stop;
} strip;

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    const char *c = hn_json_cstr(hn_json_get(spec, "content"));
    if (!c || !*c || strlen(c) != (size_t)hn_cp_len((unsigned char)*c))
        return hn_fail(err, HN_EFORMAT, "\"content\" is not one character");
    strip *s = hn_calloc(1, sizeof *s);
    if (!s) return hn_nomem(err, sizeof *s);
    s->n = strlen(c);
    memcpy(s->c, c, s->n);
    int64_t start = hn_json_int(hn_json_get(spec, "start"), 0), stop = hn_json_int(hn_json_get(spec, "stop"), 0);
    s->start = start > 0 ? (uint64_t)start : 0;
    s->stop = stop > 0 ? (uint64_t)stop : 0;
    *state = s;
    return HN_OK;
}

/* The front of the token has been passed: no more stripping there. */
enum { PAST = 1 << 30 };

/* held are the characters that may yet be cut off the end: all are s->c, at most stop of them. */
static hn_status put(hn_dec_stage *d, const char *p, size_t n, bool more, hn_error *err) {
    const strip *s = d->state;
    if (!d->open) {
        d->count = 0;
        hn_buf_clear(&d->held);
    }
    d->open = more;
    size_t i = 0;
    while (d->count < s->start && n - i >= s->n && memcmp(p + i, s->c, s->n) == 0) {
        i += s->n;
        d->count++;
    }
    if (i < n) d->count = PAST;
    size_t keep = n; /* from here on: what may be the end */
    for (uint64_t k = 0; k < s->stop && keep - i >= s->n && memcmp(p + keep - s->n, s->c, s->n) == 0; k++) keep -= s->n;
    hn_buf_clear(&d->work);
    if (keep > i) { /* something else came behind what was held */
        hn_buf_add(&d->work, d->held.p, d->held.n);
        hn_buf_clear(&d->held);
        hn_buf_add(&d->work, p + i, keep - i);
    }
    hn_buf_add(&d->held, p + keep, n - keep);
    if (d->held.n > s->stop * s->n) { /* more than can be cut off */
        size_t over = d->held.n - (size_t)s->stop * s->n;
        hn_buf_add(&d->work, d->held.p, over);
        d->held.n -= over; /* all of it is the same character */
    }
    if (d->work.failed || d->held.failed) return hn_nomem(err, n);
    return hn_dec_pass(d, d->work.n ? d->work.p : "", d->work.n, more, err);
}

const hn_dec hn_dec_strip = {
    .part = {.type = "Strip", .about = "a character off the ends", .make = make, .drop = hn_free},
    .put = put,
};
