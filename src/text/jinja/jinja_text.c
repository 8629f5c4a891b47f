/* jinja_text.c - strings as Python sees them: code points over UTF-8, white space, lines, string literals, identifiers. */
#include "text/jinja/jinja_text_impl.h"

#include <utf8proc.h>

bool hn_py_space(uint32_t cp) { return hn_is_space(cp) || (cp >= 0x1C && cp <= 0x1F); }

const char *hn_cp_back(const char *begin, const char *at) {
    do at--;
    while (at > begin && ((unsigned char)*at & 0xC0) == 0x80);
    return at;
}

static bool among(const char *at, const hn_str *chars, int *len) {
    uint32_t cp = hn_cp_at(at, len);
    int n;
    if (!chars) return hn_py_space(cp);
    for (size_t i = 0; i < chars->n; i += (size_t)n)
        if (hn_cp_at(chars->p + i, &n) == cp) return true;
    return false;
}

hn_str hn_py_strip(hn_str s, const hn_str *chars, bool left, bool right) {
    const char *p = s.p, *end = s.p + s.n;
    int len;
    while (left && p < end && among(p, chars, &len)) p += len;
    for (const char *last; right && end > p && among(last = hn_cp_back(p, end), chars, &len);) end = last;
    return (hn_str){p, (size_t)(end - p)};
}

size_t hn_cp_count(hn_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

size_t hn_cp_offset(hn_str s, size_t cp) {
    size_t at = 0;
    for (; cp && at < s.n; cp--) at += (size_t)hn_cp_len((unsigned char)s.p[at]);
    return at;
}

size_t hn_str_find(hn_str s, hn_str what, size_t from) {
    if (from > s.n) return SIZE_MAX;
    if (what.n == 0) return from;
    /* one byte apart: the sanitizers' memmem looks at all of the text in every call, and a template may call it for every byte */
    const char *at = what.n == 1 ? memchr(s.p + from, what.p[0], s.n - from) : memmem(s.p + from, s.n - from, what.p, what.n);
    return at ? (size_t)(at - s.p) : SIZE_MAX;
}

static char *reversed(hn_str s) {
    char *r = hn_alloc(s.n + 1);
    for (size_t i = 0; r && i < s.n; i++) r[i] = s.p[s.n - 1 - i];
    return r;
}

/* In time linear in both texts, whatever they are: the C library searches forwards only. */
static bool rfind_long(hn_str s, hn_str what, size_t *at) {
    char *a = reversed(s), *b = reversed(what);
    const char *hit = a && b ? memmem(a, s.n, b, what.n) : NULL;
    bool done = a && b;
    *at = hit ? s.n - what.n - (size_t)(hit - a) : SIZE_MAX;
    hn_free(a);
    hn_free(b);
    return done;
}

size_t hn_str_rfind(hn_str s, hn_str what) {
    enum { SHORT = 32 };
    size_t found;
    if (what.n > s.n) return SIZE_MAX;
    if (what.n > SHORT && rfind_long(s, what, &found)) return found;
    for (size_t at = s.n - what.n + 1; at-- > 0;)
        if (what.n == 0 || (s.p[at] == what.p[0] && memcmp(s.p + at, what.p, what.n) == 0)) return at;
    return SIZE_MAX;
}

static bool ends_line(uint32_t cp) {
    return (cp >= 0x0A && cp <= 0x0D) || (cp >= 0x1C && cp <= 0x1E) || cp == 0x85 || cp == 0x2028 || cp == 0x2029;
}

bool hn_py_line(hn_str s, size_t *at, hn_str *line, hn_str *with_end) {
    size_t from = *at, i = from;
    int len = 0;
    if (from >= s.n) return false;
    while (i < s.n && !ends_line(hn_cp_at(s.p + i, &len))) i += (size_t)len;
    *line = hn_str_cut(s, from, i);
    if (i < s.n) i += s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n' ? 2 : (size_t)len;
    *with_end = hn_str_cut(s, from, i);
    *at = i;
    return true;
}

/* ---- digits */

int hn_prefix_base(hn_str s) {
    if (s.n < 2 || s.p[0] != '0') return 0;
    char c = (char)(s.p[1] | 32);
    return c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
}

int64_t hn_str_number(hn_str s, size_t *i) {
    int64_t n = 0;
    for (; *i < s.n && hn_is_digit(s.p[*i]); (*i)++)
        if (n < INT32_MAX) n = n * 10 + (s.p[*i] - '0');
    return n;
}

bool hn_str_digits(hn_str s) {
    size_t i = 0;
    hn_str_number(s, &i);
    return i == s.n && i > 0;
}

int hn_escape_cp(char out[12], uint32_t cp) {
    return snprintf(out, 12, cp < 0x100 ? "\\x%02x" : cp < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)cp);
}

/* ---- string literals */

static bool hex_digits(hn_str s, size_t at, int count, uint32_t *cp) {
    *cp = 0;
    for (int i = 0; i < count; i++) {
        int v = at + (size_t)i < s.n ? hn_digit_value(s.p[at + (size_t)i]) : 99;
        if (v >= 16) return false;
        *cp = *cp << 4 | (uint32_t)v;
    }
    return true;
}

/* \uD83D\uDE00 is one character; half of one is none. */
static uint32_t join_surrogates(hn_str s, size_t *at, uint32_t cp) {
    uint32_t low;
    if (cp < 0xD800 || cp > 0xDFFF) return cp;
    if (cp < 0xDC00 && *at + 6 <= s.n && s.p[*at] == '\\' && s.p[*at + 1] == 'u' && hex_digits(s, *at + 2, 4, &low) &&
        low >= 0xDC00 && low <= 0xDFFF) {
        *at += 6;
        return 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
    }
    return 0xFFFD;
}

static bool escape_cp(hn_str s, size_t *at, uint32_t *cp, const char **wrong) {
    char c = s.p[*at - 1];
    int count = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (c == 'N') {
        *wrong = "\\N{...} names are not known here: write \\u or \\U";
        return false;
    }
    if (count) {
        if (!hex_digits(s, *at, count, cp) || *cp > 0x10FFFF) {
            *wrong = c == 'x' ? "truncated \\xXX escape" : c == 'u' ? "truncated \\uXXXX escape" : "illegal \\UXXXXXXXX escape";
            return false;
        }
        *at += (size_t)count;
        *cp = join_surrogates(s, at, *cp);
        return true;
    }
    *cp = (uint32_t)(c - '0'); /* octal */
    for (int i = 0; i < 2 && *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '7'; i++) *cp = *cp * 8 + (uint32_t)(s.p[(*at)++] - '0');
    return true;
}

bool hn_py_unescape(hn_str s, char *out, size_t *n, const char **wrong) {
    static const char plain[] = "\\\\''\"\"a\ab\bf\fn\nr\rt\tv\v";
    *n = 0;
    for (size_t i = 0; i < s.n;) {
        if (s.p[i] != '\\' || i + 1 == s.n) {
            out[(*n)++] = s.p[i++];
            continue;
        }
        char c = s.p[i + 1];
        const char *known = NULL;
        for (const char *k = plain; *k && !known; k += 2)
            if (*k == c) known = k + 1;
        uint32_t cp;
        int len;
        if (known) {
            out[(*n)++] = *known;
            i += 2;
        } else if (c == '\n') {
            i += 2;
        } else if (c == 'x' || c == 'u' || c == 'U' || c == 'N' || (c >= '0' && c <= '7')) {
            i += 2;
            if (!escape_cp(s, &i, &cp, wrong)) return false;
            *n += (size_t)hn_utf8_encode(cp, out + *n);
        } else if ((unsigned char)c >= 0x80) { /* Python escapes the character first, and the backslash escapes that */
            cp = hn_cp_at(s.p + i + 1, &len);
            *n += (size_t)hn_escape_cp(out + *n, cp);
            i += 1 + (size_t)len;
        } else {
            out[(*n)++] = '\\';
            i++;
        }
    }
    return true;
}

/* ---- identifiers */

bool hn_py_identifier_start(uint32_t cp) {
    if (cp < 0x80) return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') || cp == '_';
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
    return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO) || c == UTF8PROC_CATEGORY_NL;
}

bool hn_py_identifier_part(uint32_t cp) {
    if (cp < 0x80) return hn_py_identifier_start(cp) || (cp >= '0' && cp <= '9');
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
    return hn_py_identifier_start(cp) || c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_MC || c == UTF8PROC_CATEGORY_ND ||
           c == UTF8PROC_CATEGORY_PC || cp == 0xB7;
}
