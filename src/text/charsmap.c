/* charsmap.c - reads SentencePiece's precompiled character map, and looks beginnings of a text up in it. */
#include "text/charsmap.h"

struct hn_charsmap {
    hn_buf bytes;
    uint32_t *unit;
    size_t units;
    hn_str texts;
};

static uint32_t u32_at(const char *p) {
    const unsigned char *s = (const unsigned char *)p;
    return s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;
}

static hn_status load(hn_charsmap *c, hn_str bytes, hn_error *err) {
    hn_buf_add(&c->bytes, bytes.p, bytes.n);
    if (c->bytes.failed) return hn_nomem(err, bytes.n);
    size_t trie = bytes.n >= 4 ? u32_at(c->bytes.p) : SIZE_MAX;
    if (bytes.n < 4 || trie > bytes.n - 4 || trie % 4 != 0 || trie == 0)
        return hn_fail(err, HN_EFORMAT, "\"precompiled_charsmap\" is cut off");
    c->units = trie / 4;
    c->unit = hn_alloc_array(c->units, sizeof *c->unit);
    if (!c->unit) return hn_nomem(err, trie);
    for (size_t i = 0; i < c->units; i++) c->unit[i] = u32_at(c->bytes.p + 4 + 4 * i);
    c->texts = (hn_str){c->bytes.p + 4 + trie, bytes.n - 4 - trie};
    if (!hn_utf8_valid(c->texts.p, c->texts.n, NULL))
        return hn_fail(err, HN_EFORMAT, "\"precompiled_charsmap\": the replacements are no UTF-8");
    return HN_OK;
}

hn_status hn_charsmap_new(hn_str bytes, hn_charsmap **out, hn_error *err) {
    *out = NULL;
    hn_charsmap *c = hn_calloc(1, sizeof *c);
    if (!c) return hn_nomem(err, sizeof *c);
    hn_status st = load(c, bytes, err);
    if (st == HN_OK) *out = c;
    else hn_charsmap_free(c);
    return st;
}

void hn_charsmap_free(hn_charsmap *c) {
    if (!c) return;
    hn_buf_release(&c->bytes);
    hn_free(c->unit);
    hn_free(c);
}

hn_str hn_charsmap_bytes(const hn_charsmap *c) {
    return (hn_str){c->bytes.p, c->bytes.n};
}

static uint32_t offset_of(uint32_t unit) {
    return (unit >> 10) << ((unit & 1u << 9) >> 6);
}

bool hn_charsmap_find(const hn_charsmap *c, const char *p, size_t n, bool longest, hn_str *by, size_t *used) {
    uint32_t at = offset_of(c->unit[0]);
    bool found = false;
    for (size_t i = 0; i < n && p[i]; i++) {
        unsigned char byte = (unsigned char)p[i];
        at ^= byte;
        if (at >= c->units) return found;
        uint32_t unit = c->unit[at];
        if ((unit & (1u << 31 | 0xFF)) != byte) return found;
        at ^= offset_of(unit);
        if (!(unit >> 8 & 1)) continue;
        if (at >= c->units) return found;
        size_t from = c->unit[at] & 0x7FFFFFFF;
        if (from >= c->texts.n) return found;
        const char *end = memchr(c->texts.p + from, 0, c->texts.n - from);
        *by = (hn_str){c->texts.p + from, end ? (size_t)(end - c->texts.p) - from : c->texts.n - from};
        *used = i + 1;
        found = true;
        if (!longest) return true;
    }
    return found;
}

static int digit64(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool hn_base64_decode(hn_str in, hn_buf *out) {
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < in.n && in.p[i] != '='; i++) {
        int d = digit64(in.p[i]);
        if (d < 0) return false;
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have >= 8) {
            have -= 8;
            hn_buf_putc(out, (char)(bits >> have & 0xFF));
        }
    }
    return true;
}

void hn_base64_encode(hn_str in, hn_buf *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < in.n; i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) bits = bits << 8 | (i + k < in.n ? (unsigned char)in.p[i + k] : 0);
        for (size_t k = 0; k < 4; k++) hn_buf_putc(out, i + k > in.n ? '=' : digits[bits >> (18 - 6 * k) & 63]);
    }
}
