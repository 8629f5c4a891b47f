/* jinja_num.c - numbers together: comparison of integers with floats, arithmetic, conversion, rounding; as Python does them. */
#include "text/jinja/jinja_ast_impl.h"

#include <math.h>
#include <stdlib.h>

hn_jval hn_j_as_int(hn_jval v) { return v.kind == HN_J_BOOL ? hn_j_int(v.i) : v; }

int hn_j_num_cmp(hn_jval a, hn_jval b, bool *unordered) {
    *unordered = false;
    if (a.kind != HN_J_FLOAT && b.kind != HN_J_FLOAT) return hn_j_int_cmp(hn_j_as_int(a), hn_j_as_int(b));
    if (a.kind != HN_J_FLOAT) return -hn_j_num_cmp(b, a, unordered);
    if (isnan(a.f) || (b.kind == HN_J_FLOAT && isnan(b.f))) {
        *unordered = true;
        return 1;
    }
    if (b.kind == HN_J_FLOAT) return a.f < b.f ? -1 : a.f > b.f;
    double g;
    b = hn_j_as_int(b);
    if (b.flag & HN_J_BIG) { /* exact enough: an integer beyond 64 bits differs from every float it is not */
        if (!hn_j_int_double(b, &g)) return b.big->negative ? 1 : -1;
        return a.f < g ? -1 : a.f > g;
    }
    if (a.f >= 0x1p63) return 1;
    if (a.f < -0x1p63) return -1;
    int64_t whole = (int64_t)a.f;
    if (whole != b.i) return whole < b.i ? -1 : 1;
    double rest = a.f - (double)whole;
    return rest < 0 ? -1 : rest > 0;
}

static bool as_double(hn_jrun *r, hn_jval v, double *out) {
    if (v.kind == HN_J_FLOAT) {
        *out = v.f;
        return true;
    }
    return hn_j_int_double(hn_j_as_int(v), out) || hn_j_fail(r, HN_J_OVERFLOW, "int too large to convert to float");
}

static bool floor_div(hn_jrun *r, double a, double b, bool quotient, double *out) {
    if (b == 0) return hn_j_fail(r, HN_J_ZERODIV, quotient ? "float floor division by zero" : "float modulo");
    double mod = fmod(a, b), div = (a - mod) / b;
    if (mod != 0) {
        if ((b < 0) != (mod < 0)) {
            mod += b;
            div -= 1;
        }
    } else {
        mod = copysign(0, b);
    }
    if (!quotient) {
        *out = mod;
        return true;
    }
    double whole = div != 0 ? floor(div) : copysign(0, a / b);
    if (div != 0 && div - whole > 0.5) whole += 1;
    *out = whole;
    return true;
}

static bool float_power(hn_jrun *r, double a, double b, double *out) {
    if (a == 0 && b < 0) return hn_j_fail(r, HN_J_ZERODIV, "0.0 cannot be raised to a negative power");
    if (a < 0 && isfinite(a) && isfinite(b) && b != floor(b))
        return hn_j_fail(r, HN_J_VALUE, "a negative number to a fractional power is complex");
    *out = pow(a, b);
    if (isinf(*out) && isfinite(a) && isfinite(b)) return hn_j_fail(r, HN_J_OVERFLOW, "Numerical result out of range");
    return true;
}

static bool true_division(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *out) {
    double x, y;
    if (!hn_j_truth(b))
        return hn_j_fail(r, HN_J_ZERODIV,
                         a.kind == HN_J_FLOAT || b.kind == HN_J_FLOAT ? "float division by zero" : "division by zero");
    if (a.kind != HN_J_FLOAT && b.kind != HN_J_FLOAT && !((a.flag | b.flag) & HN_J_BIG)) { /* 64 bits fit a long double exactly */
        return hn_j_set(out, hn_j_float((double)((long double)a.i / (long double)b.i)));
    }
    if (!as_double(r, a, &x) || !as_double(r, b, &y)) return false;
    return hn_j_set(out, hn_j_float(x / y));
}

bool hn_j_num_op(hn_jrun *r, int op, hn_jval a, hn_jval b, hn_jval *out) {
    double x, y, f = 0;
    bool whole = a.kind != HN_J_FLOAT && b.kind != HN_J_FLOAT;
    a = hn_j_as_int(a);
    b = hn_j_as_int(b);
    if (op == HN_JN_DIV) return true_division(r, a, b, out);
    bool negative_power = op == HN_JN_POW && whole && hn_j_int_cmp(b, hn_j_int(0)) < 0;
    if (whole && !negative_power) {
        static const char sign[] = {[HN_JN_ADD] = '+',      [HN_JN_SUB] = '-', [HN_JN_MUL] = '*',
                                    [HN_JN_FLOORDIV] = '/', [HN_JN_MOD] = '%', [HN_JN_POW] = '^'};
        return hn_j_int_op(r, sign[op], a, b, out);
    }
    if (!as_double(r, a, &x) || !as_double(r, b, &y)) return false;
    bool fine = true;
    switch (op) {
    case HN_JN_ADD: f = x + y; break;
    case HN_JN_SUB: f = x - y; break;
    case HN_JN_MUL: f = x * y; break;
    case HN_JN_FLOORDIV: fine = floor_div(r, x, y, true, &f); break;
    case HN_JN_MOD: fine = floor_div(r, x, y, false, &f); break;
    default: fine = float_power(r, x, y, &f);
    }
    *out = hn_j_float(f);
    return fine;
}

/* ---- conversion */

/* The text without white space around it, its decimal digits of all scripts as ASCII; '?': a character that no number has. */
static bool ascii_number(hn_jrun *r, hn_str s, hn_str *out) {
    *out = hn_py_strip(s, NULL, true, true);
    size_t plain = 0, n = 0;
    while (plain < out->n && (unsigned char)out->p[plain] < 0x80) plain++;
    if (plain == out->n) return true;
    char *p = hn_j_alloc(r, out->n);
    if (!p) return false;
    for (size_t i = 0; i < out->n;) {
        int len;
        uint32_t cp = hn_cp_at(out->p + i, &len);
        int digit = hn_py_decimal_value(cp);
        p[n++] = digit >= 0 ? (char)('0' + digit) : cp < 0x80 ? (char)cp : '?';
        i += (size_t)len;
    }
    *out = (hn_str){p, n};
    return true;
}

/* Digits with single underscores between them, as Python reads numbers; text receives them without. */
static bool plain_digits(hn_str s, char *text, size_t cap) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '_') {
            if (i == 0 || i + 1 == s.n || !hn_is_digit(s.p[i - 1]) || !hn_is_digit(s.p[i + 1])) return false;
            continue;
        }
        if (n + 1 >= cap) return false;
        text[n++] = s.p[i];
    }
    text[n] = '\0';
    return n > 0;
}

static bool float_grammar(const char *p) {
    if (*p == '+' || *p == '-') p++;
    static const char *const words[] = {"inf", "infinity", "nan"};
    for (int i = 0; i < 3; i++)
        if (strcasecmp(p, words[i]) == 0) return true;
    bool digits = false;
    for (; hn_is_digit(*p); p++) digits = true;
    if (*p == '.')
        for (p++; hn_is_digit(*p); p++) digits = true;
    if (!digits) return false;
    if (*p != 'e' && *p != 'E') return *p == '\0';
    p++;
    if (*p == '+' || *p == '-') p++;
    if (!hn_is_digit(*p)) return false;
    while (hn_is_digit(*p)) p++;
    return *p == '\0';
}

static bool str_to_float(hn_jrun *r, hn_str s, double *out) {
    char room[512];
    hn_str body;
    if (!ascii_number(r, s, &body)) return false;
    if (memchr(body.p, '\0', body.n) || !plain_digits(body, room, sizeof room) || !float_grammar(room))
        return hn_j_fail(r, HN_J_VALUE, "could not convert string to float: '%.*s'", HN_J_SHORT(s));
    *out = hn_strtod(room, NULL);
    return true;
}

bool hn_j_to_float(hn_jrun *r, hn_jval v, double *out) {
    if (hn_j_is_number(v)) return as_double(r, v, out);
    if (v.kind == HN_J_STR) return str_to_float(r, hn_j_text(v), out);
    return hn_j_reject(r, v, HN_J_TYPE, "float() argument must be a string or a real number, not '%s'", hn_j_type(v));
}

bool hn_j_str_to_int(hn_jrun *r, hn_str s, int64_t base, hn_jval *out) {
    hn_str d;
    if (!ascii_number(r, s, &d)) return false;
    bool negative = false, fine = true, prefixed = false;
    if (base != 0 && (base < 2 || base > 36)) return hn_j_fail(r, HN_J_VALUE, "int() base must be >= 2 and <= 36, or 0");
    if (d.n && (*d.p == '+' || *d.p == '-')) {
        negative = *d.p == '-';
        d = hn_str_cut(d, 1, d.n);
    }
    int64_t told = hn_prefix_base(d);
    if (told && (base == told || base == 0)) {
        base = told;
        d = hn_str_cut(d, 2, d.n);
        prefixed = true;
    } else if (base == 0 && d.n > 1 && d.p[0] == '0') {
        for (size_t i = 0; i < d.n; i++) fine = fine && (d.p[i] == '0' || d.p[i] == '_');
    }
    if (base == 0) base = 10;
    bool last = prefixed; /* an underscore may follow a prefix */
    for (size_t i = 0; fine && i < d.n; i++) {
        if (d.p[i] == '_') fine = last || (i > 0 && d.p[i - 1] != '_');
        else fine = hn_digit_value(d.p[i]) < base;
        last = false;
        if (d.p[i] == '_' && (i + 1 == d.n || d.p[i + 1] == '_')) fine = false;
    }
    if (!fine || d.n == 0)
        return hn_j_fail(r, HN_J_VALUE, "invalid literal for int() with base %d: '%.*s'", (int)base, HN_J_SHORT(s));
    if (d.n > 4300 && (base & (base - 1)))
        return hn_j_fail(r, HN_J_VALUE, "Exceeds the limit (4300 digits) for integer string conversion");
    if (!hn_j_burn(r, d.n * d.n / 64)) return false;
    return hn_j_int_parse(&r->mem, d, (int)base, negative, out) ||
           hn_j_fail(r, HN_J_LIMIT, "an integer of more than %d bits", HN_J_BITS);
}

bool hn_j_to_int(hn_jrun *r, hn_jval v, hn_jval *out) {
    *out = hn_j_as_int(v);
    if (hn_j_is_int(v)) return true;
    if (v.kind == HN_J_FLOAT) return hn_j_int_of_double(r, v.f, out);
    if (v.kind == HN_J_STR) return hn_j_str_to_int(r, hn_j_text(v), 10, out);
    return hn_j_reject(r, v, HN_J_TYPE, "int() argument must be a string, a bytes-like object or a real number, not '%s'",
                       hn_j_type(v));
}

/* ---- rounding: half to even, on the exact value */

static bool round_int(hn_jrun *r, hn_jval v, int64_t digits, hn_jval *out) {
    hn_jval unit, half, rest, twice, down;
    if (digits >= 0) return hn_j_set(out, v);
    if (digits < -4000) return hn_j_set(out, hn_j_int(0));
    if (!hn_j_int_op(r, '^', hn_j_int(10), hn_j_int(-digits), &unit) || !hn_j_int_op(r, '%', v, unit, &rest)) return false;
    if (!hn_j_int_op(r, '-', v, rest, &down) || !hn_j_int_op(r, '+', rest, rest, &twice)) return false;
    int cmp = hn_j_int_cmp(twice, unit);
    if (cmp == 0) { /* the even one of both */
        if (!hn_j_int_op(r, '/', down, unit, &half) || !hn_j_int_op(r, '%', half, hn_j_int(2), &half)) return false;
        cmp = half.i != 0 ? 1 : -1;
    }
    *out = down;
    return cmp < 0 || hn_j_int_op(r, '+', down, unit, out);
}

static bool round_float(hn_jrun *r, double f, int64_t digits, double *out) {
    char text[400];
    *out = f;
    if (!isfinite(f) || digits > 323) return true;
    if (digits < -308) {
        *out = copysign(0, f);
        return true;
    }
    if (digits >= 0) {
        if (fabs(f) >= 0x1p53) return true;
        hn_buf b = {0};
        bool fine = hn_j_double_text(r, f, 'f', (int)digits, false, &b) && !b.failed;
        if (fine) *out = hn_strtod(b.p, NULL);
        hn_buf_release(&b);
        return fine || hn_j_nomem(r);
    }
    double unit = pow(10, (double)-digits), scaled = f / unit, near = rint(scaled);
    snprintf(text, sizeof text, "%.0fe%d", near, (int)-digits);
    *out = hn_strtod(text, NULL);
    return isfinite(*out) || hn_j_fail(r, HN_J_OVERFLOW, "rounded value too large to represent");
}

bool hn_j_round(hn_jrun *r, hn_jval v, hn_jval digits, hn_jval *out) {
    int64_t n = 0;
    bool given = hn_j_given(digits) && digits.kind != HN_J_NONE;
    if (given && !hn_j_index(r, digits, &n)) return false;
    if (hn_j_is_int(v)) return round_int(r, hn_j_as_int(v), n, out);
    if (v.kind == HN_J_FLOAT) {
        double f;
        if (!given) return hn_j_int_of_double(r, rint(v.f), out);
        if (!round_float(r, v.f, n, &f)) return false;
        return hn_j_set(out, hn_j_float(f));
    }
    return hn_j_fail(r, HN_J_TYPE, "type %s doesn't define __round__ method", hn_j_type(v));
}
