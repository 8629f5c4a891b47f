/* jinja_text_impl.h - text as Python's str has it: code points, white space, classes of characters, case. */
#ifndef HN_JINJA_TEXT_IMPL_H
#define HN_JINJA_TEXT_IMPL_H

#include "text/jinja/jinja_impl.h"

/* ---- jinja_text.c. Strings are valid UTF-8; positions and lengths named cp count code points. */
bool hn_py_space(uint32_t cp);
hn_str hn_py_strip(hn_str s, const hn_str *chars, bool left, bool right); /* chars NULL: white space */
static inline hn_str hn_py_rstrip(hn_str s) { return hn_py_strip(s, NULL, false, true); }
size_t hn_cp_count(hn_str s);
size_t hn_cp_offset(hn_str s, size_t cp);   /* the byte where code point cp begins; beyond the end: s.n */
const char *hn_cp_back(const char *begin, const char *at); /* where the code point that ends at at begins */
size_t hn_str_find(hn_str s, hn_str what, size_t from);  /* bytes; SIZE_MAX: not there */
size_t hn_str_rfind(hn_str s, hn_str what);
static inline hn_str hn_str_cut(hn_str s, size_t from, size_t to) { return (hn_str){s.p + from, to - from}; }
static inline bool hn_str_same(hn_str a, hn_str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }
static inline bool hn_is_digit(char c) { return c >= '0' && c <= '9'; }
static inline int hn_digit_value(char c) { /* in bases up to 36; 99: none */
    return hn_is_digit(c) ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'z' ? (c | 32) - 'a' + 10 : 99;
}
int hn_prefix_base(hn_str s);                   /* 16, 8 or 2 if s begins as 0x, 0o, 0b do; else 0 */
bool hn_str_digits(hn_str s);                   /* digits and nothing else */
int64_t hn_str_number(hn_str s,
                      size_t *i); /* of the digits from *i on, which goes behind them; far beyond 32 bits: some large number */
int hn_escape_cp(char out[12], uint32_t cp);    /* \xE9, \u20AC, \U0001F600 in lower case; the length */
/* A line of s from *at on, without its end; *next: where the next one begins. As str.splitlines. False: no more. */
bool hn_py_line(hn_str s, size_t *at, hn_str *line, hn_str *with_end);
/* Python's unicode_escape on a string literal; out has room for twice as many bytes. */
bool hn_py_unescape(hn_str s, char *out, size_t *n, const char **wrong);
bool hn_py_identifier_start(uint32_t cp);
bool hn_py_identifier_part(uint32_t cp);

/* ---- jinja_chars.c */
bool hn_py_alpha(uint32_t cp);
bool hn_py_decimal(uint32_t cp);
int hn_py_decimal_value(uint32_t cp); /* -1: none */
bool hn_py_digit(uint32_t cp);
bool hn_py_numeric(uint32_t cp);
bool hn_py_printable(uint32_t cp);
bool hn_py_cased(uint32_t cp);
bool hn_py_upper(uint32_t cp);
bool hn_py_lower(uint32_t cp);
bool hn_py_title(uint32_t cp);
static inline bool hn_py_alnum(uint32_t cp) {
    return hn_py_alpha(cp) || hn_py_decimal(cp) || hn_py_digit(cp) || hn_py_numeric(cp);
}
enum { HN_CASE_UPPER, HN_CASE_LOWER, HN_CASE_FOLD, HN_CASE_SWAP, HN_CASE_CAPITALIZE, HN_CASE_EACH_WORD };
bool hn_py_case(hn_jrun *r, hn_str s, int how, hn_jval *out);

/* ---- jinja_format.c, jinja_percent.c */
typedef struct hn_jspec { /* [[fill]align][sign][z][#][0][width][grouping][.precision][type] */
    hn_str fill;
    char align, sign, type, grouping;
    bool alternate, zero, no_negative_zero;
    int64_t width, precision; /* -1: none */
} hn_jspec;
/* Fields as a specification has them; head: sign and prefix; align where the specification has none. every: digits of a group. */
bool hn_j_put_field(hn_jrun *r, const hn_jspec *f, hn_str head, hn_str body, char align);
bool hn_j_put_number(hn_jrun *r, const hn_jspec *f, bool negative, const char *prefix, hn_str digits, int every);
bool hn_j_put_float(hn_jrun *r, double v, const hn_jspec *f);
bool hn_j_put_char(hn_jrun *r, hn_jval code, const hn_jspec *f);
bool hn_j_spec_number(hn_jrun *r, hn_str s, size_t *i, int64_t *out); /* a width or precision; none there: *out stays */
bool hn_j_format(hn_jrun *r, hn_jval v, hn_str spec, hn_jval *out);        /* format(v, spec) */
bool hn_j_format_map(hn_jrun *r, hn_jval s, const hn_jargs *args, hn_jval mapping, hn_jval *out); /* str.format, .format_map */
bool hn_j_percent(hn_jrun *r, hn_jval s, hn_jval args, hn_jval *out);      /* s % args */
/* A finite number's digits as printf would write them, whatever the locale. kind: e f g r (repr). */
bool hn_j_double_text(hn_jrun *r, double v, char kind, int precision, bool alternate, hn_buf *out);

#endif
