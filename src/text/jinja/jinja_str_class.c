/* jinja_str_class.c - str methods about case and classes of characters, formatting and bytes. */
#include "text/jinja/jinja_method_impl.h"

static bool change(hn_jrun *r, const hn_jval *a, int how, hn_jval *out) {
    if (!hn_py_case(r, hn_j_text(a[0]), how, out)) return false;
    out->flag = a[0].flag;
    return true;
}
HN_METHOD(upper) { return change(r, a, HN_CASE_UPPER, out); }
HN_METHOD(lower) { return change(r, a, HN_CASE_LOWER, out); }
HN_METHOD(casefold) { return change(r, a, HN_CASE_FOLD, out); }
HN_METHOD(swapcase) { return change(r, a, HN_CASE_SWAP, out); }
HN_METHOD(capitalize) { return change(r, a, HN_CASE_CAPITALIZE, out); }
HN_METHOD(title) { return change(r, a, HN_CASE_EACH_WORD, out); }

/* All characters of a class, and at least one unless empty is fine. */
static bool every(hn_jval s, bool (*is)(uint32_t), bool empty) {
    int len;
    for (uint32_t i = 0; i < s.n; i += (uint32_t)len)
        if (!is(hn_cp_at(s.s + i, &len))) return false;
    return s.n > 0 || empty;
}
static bool is_alnum(uint32_t cp) { return hn_py_alnum(cp); }
static bool is_ascii(uint32_t cp) { return cp < 0x80; }
#define EVERY(name, test, empty) HN_METHOD(name) { return hn_j_set(out, hn_j_bool(every(a[0], test, empty))); }
EVERY(isalnum, is_alnum, false)
EVERY(isalpha, hn_py_alpha, false)
EVERY(isascii, is_ascii, true)
EVERY(isdecimal, hn_py_decimal, false)
EVERY(isdigit, hn_py_digit, false)
EVERY(isnumeric, hn_py_numeric, false)
EVERY(isprintable, hn_py_printable, true)
EVERY(isspace, hn_py_space, false)

HN_METHOD(isidentifier) {
    int len = 0;
    bool yes = a[0].n && hn_py_identifier_start(hn_cp_at(a[0].s, &len));
    for (uint32_t i = (uint32_t)len; yes && i < a[0].n; i += (uint32_t)len)
        yes = hn_py_identifier_part(hn_cp_at(a[0].s + i, &len));
    return hn_j_set(out, hn_j_bool(yes));
}

/* Cased characters, all of one case. */
static bool one_case(hn_jval s, bool (*good)(uint32_t), bool (*bad)(uint32_t)) {
    int len;
    bool any = false;
    for (uint32_t i = 0; i < s.n; i += (uint32_t)len) {
        uint32_t cp = hn_cp_at(s.s + i, &len);
        if (bad(cp) || hn_py_title(cp)) return false;
        any = any || good(cp);
    }
    return any;
}
HN_METHOD(islower) { return hn_j_set(out, hn_j_bool(one_case(a[0], hn_py_lower, hn_py_upper))); }
HN_METHOD(isupper) { return hn_j_set(out, hn_j_bool(one_case(a[0], hn_py_upper, hn_py_lower))); }

HN_METHOD(istitle) {
    int len;
    bool any = false, inside = false, yes = true;
    for (uint32_t i = 0; yes && i < a[0].n; i += (uint32_t)len) {
        uint32_t cp = hn_cp_at(a[0].s + i, &len);
        bool up = hn_py_upper(cp) || hn_py_title(cp), low = hn_py_lower(cp);
        if ((up && inside) || (low && !inside)) yes = false;
        any = any || up || low;
        inside = up || low;
    }
    return hn_j_set(out, hn_j_bool(yes && any));
}

/* ---- format */

HN_METHOD(format) { return hn_j_format_map(r, args->v[0], args, hn_j_missing(), out); }

HN_METHOD(format_map) {
    if (args->nkw) return hn_j_fail(r, HN_J_TYPE, "format_map() takes no keyword arguments");
    if (args->n != 2) return hn_j_fail(r, HN_J_TYPE, "format_map() takes exactly one argument (%u given)", args->n - 1);
    return hn_j_format_map(r, args->v[0], args, args->v[1], out);
}

/* ---- bytes */

static bool codec(hn_jrun *r, hn_jval name, hn_jval errors, char *which, bool *strict) {
    hn_str s = {"utf-8", 5}, how = {"strict", 6};
    if (hn_j_given(name) && !hn_j_arg_str(r, "an encoding", name, &s)) return false;
    if (hn_j_given(errors) && !hn_j_arg_str(r, "errors", errors, &how)) return false;
    char low[16] = "";
    for (size_t i = 0, k = 0; i < s.n && k < 15; i++)
        if (s.p[i] != '-' && s.p[i] != '_') low[k++] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
    *which = hn_streq(low, "utf8") ? 'u' : hn_streq(low, "ascii") || hn_streq(low, "usascii") ? 'a'
           : hn_streq(low, "latin1") || hn_streq(low, "iso88591") ? 'l' : '\0';
    *strict = !hn_str_eq(how, "ignore") && !hn_str_eq(how, "replace");
    return *which || hn_j_fail(r, HN_J_LOOKUP, "unknown encoding: %.*s", (int)(s.n < 50 ? s.n : 50), s.p);
}

HN_METHOD(encode) {
    char which;
    bool strict;
    if (!codec(r, a[1], a[2], &which, &strict)) return false;
    *out = hn_j_plain(a[0]);
    if (which != 'u' && !every(a[0], is_ascii, true)) {
        char *p = hn_j_alloc(r, a[0].n + 1);
        size_t n = 0;
        int len;
        if (!p) return false;
        for (uint32_t i = 0; i < a[0].n; i += (uint32_t)len) {
            uint32_t cp = hn_cp_at(a[0].s + i, &len);
            if (cp < (which == 'a' ? 0x80u : 0x100u)) p[n++] = (char)cp;
            else if (strict) return hn_j_fail(r, HN_J_VALUE, "codec can't encode character in position %zu", n);
            else if (!hn_j_is(a[2], "ignore")) p[n++] = '?';
        }
        *out = hn_j_str(p, n);
    }
    out->kind = HN_J_BYTES;
    return true;
}

HN_METHOD(decode) {
    char which, c[4];
    bool strict;
    if (!codec(r, a[1], a[2], &which, &strict)) return false;
    if (which == 'u' && hn_utf8_valid(a[0].s, a[0].n, NULL)) return hn_j_set(out, hn_j_str(a[0].s, a[0].n));
    if (which == 'u' && strict) return hn_j_fail(r, HN_J_VALUE, "'utf-8' codec can't decode bytes");
    hn_buf b = {0};
    bool fine = true;
    if (which == 'u') hn_utf8_repair(&b, a[0].s, a[0].n);
    for (uint32_t i = 0; which != 'u' && fine && i < a[0].n; i++) {
        unsigned char byte = (unsigned char)a[0].s[i];
        if (byte >= 0x80 && which == 'a' && strict)
            fine = hn_j_fail(r, HN_J_VALUE, "'ascii' codec can't decode byte 0x%02x", byte);
        hn_buf_add(&b, c, (size_t)hn_utf8_encode(byte >= 0x80 && which == 'a' ? 0xFFFD : byte, c));
    }
    fine = fine && (b.failed ? hn_j_nomem(r) : hn_j_copy(r, b.p ? b.p : "", b.n, out));
    hn_buf_release(&b);
    return fine;
}

HN_METHOD(hex) {
    char *p = hn_j_alloc(r, 2 * (size_t)a[0].n + 1);
    if (!p) return false;
    for (uint32_t i = 0; i < a[0].n; i++) {
        p[2 * i] = "0123456789abcdef"[(unsigned char)a[0].s[i] >> 4];
        p[2 * i + 1] = "0123456789abcdef"[a[0].s[i] & 15];
    }
    return hn_j_set(out, hn_j_str(p, 2 * (size_t)a[0].n));
}
