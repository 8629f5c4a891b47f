/* utf8.c - strict UTF-8 (no surrogates, no overlong forms, nothing above U+10FFFF) and its repair.
 *
 * The table of well-formed sequences is table 3-7 of the Unicode standard. Repair replaces each
 * maximal part of an ill-formed sequence that begins a well-formed one, or else one byte, by
 * U+FFFD: the practice of chapter 3.9, which CPython's decoder follows as well. */
#include "base/base.h"

#include <string.h>

/* The length that the first byte at p promises, 0: none; *have: how much of it is valid. */
static int sequence(const unsigned char *p, const unsigned char *end, int *have) {
    unsigned char c = p[0], lo = 0x80, hi = 0xBF;
    int len;
    *have = 1;
    if (c < 0x80) return 1;
    if (c < 0xC2 || c > 0xF4) return 0;
    if (c < 0xE0) len = 2;
    else if (c < 0xF0) len = 3;
    else len = 4;
    if (c == 0xE0) lo = 0xA0;
    else if (c == 0xED) hi = 0x9F;
    else if (c == 0xF0) lo = 0x90;
    else if (c == 0xF4) hi = 0x8F;
    while (*have < len && p + *have < end && p[*have] >= lo && p[*have] <= hi) {
        (*have)++;
        lo = 0x80;
        hi = 0xBF;
    }
    return len;
}

/* First byte at or after p that is not ASCII; eight at a time. */
static const unsigned char *skip_ascii(const unsigned char *p, const unsigned char *end) {
    while (end - p >= 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        if (w & 0x8080808080808080u) break;
        p += 8;
    }
    while (p < end && *p < 0x80) p++;
    return p;
}

bool hn_utf8_valid(const char *p, size_t n, size_t *bad_at) {
    if (n == 0) return true;
    const unsigned char *s = (const unsigned char *)p, *end = s + n;
    for (const unsigned char *q = s; (q = skip_ascii(q, end)) < end;) {
        int have, len = sequence(q, end, &have);
        if (len == 0 || have < len) {
            if (bad_at) *bad_at = (size_t)(q - s);
            return false;
        }
        q += len;
    }
    return true;
}

int hn_utf8_decode(const char *p, const char *end, uint32_t *cp) {
    const unsigned char *s = (const unsigned char *)p;
    int have, len = sequence(s, (const unsigned char *)end, &have);
    if (len == 0 || have < len) return 0;
    static const unsigned char mask[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t v = s[0] & mask[len];
    for (int i = 1; i < len; i++) v = v << 6 | (s[i] & 0x3Fu);
    *cp = v;
    return len;
}

int hn_utf8_encode(uint32_t cp, char out[4]) {
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) cp = 0xFFFD;
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    int len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (int i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (cp & 0x3F));
        cp >>= 6;
    }
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(lead[len] | cp);
    return len;
}

void hn_utf8_repair(hn_buf *out, const char *p, size_t n) {
    if (n == 0) {
        hn_buf_add(out, "", 0);
        return;
    }
    const unsigned char *q = (const unsigned char *)p, *end = q + n, *good = q;
    while ((q = skip_ascii(q, end)) < end) {
        int have, len = sequence(q, end, &have);
        if (len != 0 && have == len) {
            q += len;
            continue;
        }
        hn_buf_add(out, good, (size_t)(q - good));
        hn_buf_add(out, "\xEF\xBF\xBD", 3);
        q += have;
        good = q;
    }
    hn_buf_add(out, good, (size_t)(end - good));
}
