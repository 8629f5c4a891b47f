/* dec_byte_fallback.c - tokens <0xHH> are bytes. A run of them that is UTF-8 as a whole is its text; if not, each byte
 * becomes U+FFFD. So a run can only go out when it has ended. */
#include "text/text_impl.h"

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

static int byte_of(hn_str t) {
    if (t.n != 6 || memcmp(t.p, "<0x", 3) != 0 || t.p[5] != '>') return -1;
    int high = t.p[3] == '+' ? 0 : hex(t.p[3]), low = hex(t.p[4]); /* a sign is part of a number there */
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static hn_status flush(hn_dec_stage *s, hn_error *err) {
    size_t n = s->work.n;
    if (n == 0) return HN_OK;
    s->work.n = 0;
    if (hn_utf8_valid(s->work.p, n, NULL)) return hn_dec_pass(s, s->work.p, n, false, err);
    for (size_t i = 0; i < n; i++) HN_TRY(hn_dec_pass(s, "\xEF\xBF\xBD", 3, false, err));
    return HN_OK;
}

static hn_status token(hn_dec_stage *s, hn_str t, hn_error *err) {
    int byte = byte_of(t);
    if (byte >= 0) {
        hn_buf_putc(&s->work, (char)byte);
        return s->work.failed ? hn_nomem(err, 1) : HN_OK;
    }
    HN_TRY(flush(s, err));
    return hn_dec_pass(s, t.p, t.n, false, err);
}

const hn_dec hn_dec_byte_fallback = {
    .part = {.type = "ByteFallback", .about = "<0xHH> back to bytes"},
    .put = hn_dec_put_whole,
    .end = hn_dec_end_whole,
    .token = token,
    .finish = flush,
};
