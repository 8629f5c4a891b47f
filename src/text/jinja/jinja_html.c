/* jinja_html.c - filters about HTML and URLs: urlencode, xmlattr, striptags. */
#include "text/jinja/jinja_entities.h"
#include "text/jinja/jinja_filter_impl.h"

#include <stdlib.h>

/* ---- urlencode */

static bool put_quoted(hn_jrun *r, hn_jval v, bool query) {
    hn_jval s;
    if (!hn_j_str_of(r, v, &s)) return false;
    bool fine = true;
    for (uint32_t i = 0; fine && i < s.n; i++) {
        unsigned char c = (unsigned char)s.s[i];
        char b[4];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_.-~", c)) ||
                     (c == '/' && !query);
        if (plain) fine = hn_j_write(r, s.s + i, 1);
        else if (c == ' ' && query) fine = hn_j_write(r, "+", 1);
        else fine = hn_j_write(r, b, (size_t)snprintf(b, sizeof b, "%%%02X", c));
    }
    return fine;
}

static bool put_pairs(hn_jrun *r, hn_jval value) {
    hn_jval pair;
    bool fine = value.kind != HN_J_DICT || hn_j_view(r, value, HN_J_ITEMS, &value);
    hn_jiter *it = fine ? hn_j_iter(r, value) : NULL;
    int more = 1;
    for (bool first = true; fine && (more = hn_j_next(r, it, &pair)) == 1; first = false) {
        if (!hn_j_to_list(r, pair, HN_J_TUPLE, &pair)) return false;
        if (hn_j_count(pair) != 2) return hn_j_fail(r, HN_J_VALUE, "a pair has two values");
        fine = (first || hn_j_puts(r, "&")) && put_quoted(r, hn_j_at(pair, 0), true) && hn_j_puts(r, "=") &&
               put_quoted(r, hn_j_at(pair, 1), true);
    }
    return fine && more == 0;
}

HN_FILTER(urlencode) {
    size_t at = r->at;
    bool fine =
        hn_j_capture(r) && (a[0].kind == HN_J_STR || !hn_j_iterable(a[0]) ? put_quoted(r, a[0], false) : put_pairs(r, a[0]));
    return hn_j_captured(r, at, fine, false, out);
}

/* ---- xmlattr */

static bool put_attributes(hn_jrun *r, hn_jval d, bool space) {
    hn_jwalk w = {0};
    hn_jval key, value;
    bool any = false;
    while (hn_j_dict_next(r, d, &w, &key, &value)) {
        if (value.kind == HN_J_NONE || value.kind == HN_J_UNDEF) continue;
        if (key.kind != HN_J_STR)
            return hn_j_fail(r, HN_J_TYPE, "expected string or bytes-like object, got '%s'", hn_j_type(key));
        for (uint32_t i = 0; i < key.n; i++)
            if (key.s[i] && strchr(" \t\n\r\f\v/>=", key.s[i]))
                return hn_j_fail(r, HN_J_VALUE, "Invalid character in attribute name: '%.*s'", HN_J_SHORT(hn_j_text(key)));
        if (((any || space) && !hn_j_puts(r, " ")) || !hn_j_print_escaped(r, key) || !hn_j_puts(r, "=\"") ||
            !hn_j_print_escaped(r, value) || !hn_j_puts(r, "\""))
            return false;
        any = true;
    }
    return true;
}

HN_FILTER(xmlattr) { /* d autospace */
    size_t at = r->at;
    if (a[0].kind != HN_J_DICT) return hn_j_no_attribute(r, a[0], "items");
    bool fine = hn_j_capture(r) && put_attributes(r, a[0], hn_j_arg_flag(a[1], true));
    return hn_j_captured(r, at, fine, r->autoescape, out);
}

/* ---- striptags */

static int name_order(const char *entry, hn_str name) {
    size_t n = strcspn(entry, ";?");
    int cmp = memcmp(entry, name.p, n < name.n ? n : name.n);
    return cmp ? cmp : n < name.n ? -1 : n > name.n;
}

/* What the reference "name" or "name;" stands for: one or two code points, or none. */
static int entity(hn_str name, uint32_t cp[2]) {
    const bool closed = name.p[name.n - 1] == ';';
    size_t low = 0, high = hn_entity_lines;
    name.n -= closed;
    while (high - low > 1) { /* the last line that does not begin behind it */
        size_t mid = (low + high) / 2;
        if (name_order(hn_entities[mid], name) <= 0) low = mid;
        else high = mid;
    }
    for (const char *e = hn_entities[low]; e; e = strchr(e, ' ')) {
        e += *e == ' ';
        if (name_order(e, name) != 0) continue;
        char *end;
        if (e[name.n] == ';' && !closed) return 0;
        cp[0] = (uint32_t)strtoul(e + name.n + 1, &end, 16);
        if (*end == ',') cp[1] = (uint32_t)strtoul(end + 1, NULL, 16);
        return *end == ',' ? 2 : 1;
    }
    return 0;
}

/* What a numeric reference stands for, by the rules for broken pages. False: nothing. */
static bool numeric_cp(uint32_t cp, uint32_t *out) {
    static const uint16_t windows[32] = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
                                         0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                         0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};
    *out = cp;
    if (cp == 0 || (cp >= 0xD800 && cp <= 0xDFFF) || cp > 0x10FFFF) *out = 0xFFFD;
    else if (cp >= 0x80 && cp < 0xA0) *out = windows[cp - 0x80];
    else if (cp == 0x0D) *out = cp;
    else if ((cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\f') || cp == 0x7F || (cp >= 0xFDD0 && cp <= 0xFDEF) ||
             (cp & 0xFFFE) == 0xFFFE)
        return false;
    return true;
}

static bool put_numeric(hn_jrun *r, hn_str s, size_t *i) {
    size_t at = *i + 2;
    bool hex = at < s.n && (s.p[at] | 32) == 'x';
    uint32_t cp = 0, base = hex ? 16 : 10;
    if (hex) at++;
    size_t from = at;
    for (; at < s.n; at++) {
        uint32_t v = (uint32_t)hn_digit_value(s.p[at]);
        if (v >= base) break;
        cp = cp > 0x110000 ? cp : cp * base + v;
    }
    if (at == from) return hn_j_write(r, s.p + (*i)++, 1);
    if (at < s.n && s.p[at] == ';') at++;
    *i = at;
    char c[4];
    return !numeric_cp(cp, &cp) || hn_j_write(r, c, (size_t)hn_utf8_encode(cp, c));
}

static bool put_unescaped(hn_jrun *r, hn_jval text) {
    hn_str s = hn_j_text(text);
    for (size_t i = 0; i < s.n;) {
        const char *amp = memchr(s.p + i, '&', s.n - i);
        size_t at = amp ? (size_t)(amp - s.p) : s.n;
        if (!hn_j_write(r, s.p + i, at - i)) return false;
        i = at;
        if (i == s.n) break;
        if (i + 1 < s.n && s.p[i + 1] == '#') {
            if (!put_numeric(r, s, &i)) return false;
            continue;
        }
        size_t n = 0; /* at most 32 characters, then maybe a semicolon; the longest name that is one */
        while (n < 32 && i + 1 + n < s.n && !strchr("\t\n\f <&#;", s.p[i + 1 + n])) n++;
        if (i + 1 + n < s.n && s.p[i + 1 + n] == ';') n++;
        uint32_t cp[2];
        int found = 0;
        while (n > 1 && !(found = entity(hn_str_cut(s, i + 1, i + 1 + n), cp))) n--;
        char c[4] = "&";
        if (!hn_j_write(r, c, found ? (size_t)hn_utf8_encode(cp[0], c) : 1)) return false;
        if (found == 2 && !hn_j_write(r, c, (size_t)hn_utf8_encode(cp[1], c))) return false;
        i += found ? 1 + n : 1;
    }
    return true;
}

/* Without tags and comments; a tag that is not closed ends the search. */
static bool put_untagged(hn_jrun *r, hn_jval text) {
    hn_str s = hn_j_text(text);
    size_t at = 0, start;
    while ((start = hn_str_find(s, (hn_str){"<", 1}, at)) != SIZE_MAX) {
        hn_str rest = hn_str_cut(s, start, s.n);
        bool comment = rest.n >= 4 && memcmp(rest.p, "<!--", 4) == 0;
        size_t end = comment ? hn_str_find(s, (hn_str){"-->", 3}, start + 4) : hn_str_find(s, (hn_str){">", 1}, start);
        if (end == SIZE_MAX) break;
        if (!hn_j_write(r, s.p + at, start - at)) return false;
        at = end + (comment ? 3 : 1);
    }
    return hn_j_write(r, s.p + at, s.n - at);
}

HN_FILTER(striptags) {
    hn_jval text, words;
    return hn_j_str_of(r, a[0], &text) && hn_j_collect(r, put_untagged, text, &text) &&
           hn_j_call_method(r, "split", text, NULL, &words) && hn_j_call_method(r, "join", hn_j_str(" ", 1), &words, &text) &&
           hn_j_collect(r, put_unescaped, text, out);
}
