/* dec_byte_level.c - characters of the byte alphabet back to bytes, and those, over all tokens, to text: what is no
 * UTF-8 becomes U+FFFD. A character not yet complete is held back. */
#include "text/text_impl.h"

/* Bytes at the end that may be the beginning of a character. */
static size_t incomplete(const char *p, size_t n) {
    size_t most = n < 3 ? n : 3;
    for (size_t k = 1; k <= most; k++) {
        unsigned char c = (unsigned char)p[n - k];
        if ((c & 0xC0) == 0x80) continue;
        return c >= 0xC2 && c <= 0xF4 && (size_t)hn_cp_len(c) > k ? k : 0;
    }
    return 0;
}

static hn_status give(hn_dec_stage *s, size_t n, hn_error *err) {
    hn_buf_clear(&s->work);
    hn_utf8_repair(&s->work, s->held.p, n);
    if (s->work.failed) return hn_nomem(err, n);
    memmove(s->held.p, s->held.p + n, s->held.n - n);
    s->held.n -= n;
    return hn_dec_pass(s, s->work.p, s->work.n, true, err);
}

static hn_status token(hn_dec_stage *s, hn_str t, hn_error *err) {
    size_t before = s->held.n;
    if (!hn_alphabet_bytes(t, &s->held)) { /* a character outside the alphabet: the token is text */
        s->held.n = before;
        hn_buf_add(&s->held, t.p, t.n);
    }
    if (s->held.failed) return hn_nomem(err, t.n);
    size_t n = s->held.n - incomplete(s->held.p, s->held.n);
    return n ? give(s, n, err) : HN_OK;
}

static hn_status put(hn_dec_stage *s, const char *p, size_t n, bool more, hn_error *err) {
    if (!more && !s->open) return token(s, (hn_str){p, n}, err);
    hn_buf_add(&s->last, p, n); /* parts of a token that an earlier stage has fused */
    s->open = more;
    if (s->last.failed) return hn_nomem(err, n);
    if (more) return HN_OK;
    hn_status st = token(s, (hn_str){s->last.p, s->last.n}, err);
    hn_buf_clear(&s->last);
    return st;
}

static hn_status end(hn_dec_stage *s, hn_error *err) {
    if (s->open) HN_TRY(token(s, (hn_str){s->last.p, s->last.n}, err));
    s->open = false;
    return s->held.n ? give(s, s->held.n, err) : HN_OK;
}

const hn_dec hn_dec_byte_level = {
    .part = {.type = "ByteLevel", .about = "the byte alphabet back to text"},
    .put = put,
    .end = end,
};
