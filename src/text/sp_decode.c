/* sp_decode.c - SentencePiece's pieces back to text: U+2581 is a space, the one put in front is taken away, runs of byte
 * pieces are UTF-8 (a byte that is none becomes U+FFFD), and the unknown piece has a text of its own. */
#include "text/sp_impl.h"

static const char meta[] = "\xE2\x96\x81"; /* U+2581 */

/* Passes on the characters that are complete; all: what is left is broken. */
static hn_status put_bytes(hn_dec_stage *s, bool all, hn_error *err) {
    size_t at = 0;
    if (s->held.n == 0) return HN_OK;
    const char *p = s->held.p, *end = p + s->held.n;
    while (at < s->held.n) {
        uint32_t cp;
        int len = hn_utf8_decode(p + at, end, &cp);
        size_t need = (size_t)hn_cp_len((unsigned char)p[at]);
        if (len == 0 && !all && s->held.n - at < need) break; /* may still become one */
        if (len > 0) HN_TRY(hn_dec_pass(s, p + at, (size_t)len, false, err));
        else HN_TRY(hn_dec_pass(s, "\xEF\xBF\xBD", 3, false, err));
        at += len > 0 ? (size_t)len : 1;
    }
    s->held.n -= at;
    if (at) {
        memmove(s->held.p, s->held.p + at, s->held.n);
        s->count |= 1;
    }
    return HN_OK;
}

/* count: bit 0, text has come out; bit 1, the space in front has been taken away. */
static hn_status put(hn_dec_stage *s, const char *p, size_t n, bool more, hn_error *err) {
    const hn_sp *sp = s->state;
    (void)more; /* tokens come whole: this is the only stage */
    int32_t id = hn_vocab_id(sp->vocab, p, n);
    int type = id >= 0 ? sp->type[id] : HN_SP_CONTROL;
    if (type == HN_SP_BYTE) {
        unsigned byte = 0;
        for (size_t i = 3; i < 5; i++) byte = byte << 4 | (unsigned)(p[i] <= '9' ? p[i] - '0' : p[i] - 'A' + 10);
        hn_buf_putc(&s->held, (char)byte);
        if (s->held.failed) return hn_nomem(err, 1);
        return put_bytes(s, false, err);
    }
    HN_TRY(put_bytes(s, true, err));
    hn_buf_clear(&s->work);
    if (type == HN_SP_UNKNOWN) {
        hn_buf_puts(&s->work, sp->unk_surface ? sp->unk_surface : " \xE2\x81\x87 ");
    } else if (type == HN_SP_CONTROL) {
        hn_buf_add(&s->work, p, n); /* only where special tokens are asked for */
    } else {
        size_t i = 0;
        if (s->count == 0 && (sp->dummy_prefix || sp->strips_extra) && n >= 3 && memcmp(p, meta, 3) == 0) {
            i = 3;
            if (!sp->strips_extra) s->count |= 2;
        }
        for (; i < n; i++) {
            bool space = n - i >= 3 && memcmp(p + i, meta, 3) == 0;
            hn_buf_putc(&s->work, space ? ' ' : p[i]);
            i += space ? 2 : 0;
        }
    }
    if (s->work.failed) return hn_nomem(err, n);
    if (s->work.n && type != HN_SP_CONTROL) s->count |= 1;
    return s->work.n ? hn_dec_pass(s, s->work.p, s->work.n, false, err) : HN_OK;
}

static hn_status end(hn_dec_stage *s, hn_error *err) {
    return put_bytes(s, true, err);
}

const hn_dec hn_sp_decoder = {
    .part = {.type = "SentencePiece", .about = "SentencePiece's own decoder"},
    .put = put,
    .end = end,
};
