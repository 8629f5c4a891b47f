/* json_reader.c - a reader of JSON text for large, simple values: strings, numbers, skipping. */
#include "text/json_reader.h"

#include <math.h>

void hn_reader_open(hn_json_reader *r, hn_str json) {
    *r = (hn_json_reader){.begin = json.p, .p = json.p, .end = json.p + json.n};
}

void hn_reader_close(hn_json_reader *r) {
    hn_buf_release(&r->text);
}

hn_status hn_reader_fail(const hn_json_reader *r, const char *where, const char *what, hn_error *err) {
    if (r->text.failed) return hn_nomem(err, r->text.n);
    return hn_fail(err, HN_EFORMAT, "%s: byte %zu: %s", where, (size_t)(r->p - r->begin), what);
}

static void blanks(hn_json_reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t')) r->p++;
}

bool hn_reader_pass(hn_json_reader *r, char c) {
    blanks(r);
    if (r->p == r->end || *r->p != c) return false;
    r->p++;
    return true;
}

static bool hex4(hn_json_reader *r, uint32_t *out) {
    *out = 0;
    if (r->end - r->p < 4) return false;
    for (int i = 0; i < 4; i++) {
        char c = *r->p++;
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (d < 0) return false;
        *out = *out << 4 | (uint32_t)d;
    }
    return true;
}

static bool escape(hn_json_reader *r) { /* behind the backslash */
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (r->p == r->end) return false;
    char c = *r->p++;
    if (c != 'u') {
        const char *at = c ? strchr(from, c) : NULL;
        if (at) hn_buf_putc(&r->text, to[at - from]);
        return at != NULL;
    }
    uint32_t cp, low;
    if (!hex4(r, &cp)) return false;
    if (cp >= 0xD800 && cp < 0xDC00) {
        if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u') return false;
        r->p += 2;
        if (!hex4(r, &low) || low < 0xDC00 || low > 0xDFFF) return false;
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
    } else if (cp >= 0xDC00 && cp < 0xE000) {
        return false;
    }
    char b[4];
    hn_buf_add(&r->text, b, (size_t)hn_utf8_encode(cp, b));
    return true;
}

bool hn_reader_string(hn_json_reader *r, hn_str *out) {
    if (!hn_reader_pass(r, '"')) return false;
    const char *from = r->p;
    bool escaped = false;
    hn_buf_clear(&r->text);
    for (; r->p < r->end; r->p++) {
        unsigned char c = (unsigned char)*r->p;
        if (c == '"') {
            if (escaped) hn_buf_add(&r->text, from, (size_t)(r->p - from));
            *out = escaped ? (hn_str){r->text.p, r->text.n} : (hn_str){from, (size_t)(r->p - from)};
            r->p++;
            return !r->text.failed;
        }
        if (c < 0x20) return false;
        if (c != '\\') continue;
        escaped = true;
        hn_buf_add(&r->text, from, (size_t)(r->p - from));
        r->p++;
        if (!escape(r)) return false;
        from = r->p--;
    }
    return false;
}

static bool is_digit(const hn_json_reader *r) {
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

bool hn_reader_id(hn_json_reader *r, int64_t *out) {
    blanks(r);
    *out = 0;
    const char *from = r->p;
    for (; is_digit(r) && r->p - from < 11; r->p++) *out = *out * 10 + (*r->p - '0');
    return r->p > from && (*from != '0' || r->p == from + 1);
}

typedef struct decimal {
    uint64_t digits;
    int exponent;
    bool full; /* further digits do not fit and are left out */
} decimal;

static void take_digits(hn_json_reader *r, decimal *d, int behind_point) {
    for (; is_digit(r); r->p++) {
        unsigned digit = (unsigned)(*r->p - '0');
        d->full |= d->digits > UINT64_MAX / 10 || (d->digits == UINT64_MAX / 10 && digit > UINT64_MAX % 10);
        if (d->full) {
            d->exponent += !behind_point;
        } else {
            d->digits = d->digits * 10 + digit;
            d->exponent -= behind_point;
        }
    }
}

static double power_of_ten(int n) { /* 0 <= n <= 308, correctly rounded */
    static const double exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if ((size_t)n < sizeof exact / sizeof *exact) return exact[n];
    char text[16];
    snprintf(text, sizeof text, "1e%d", n);
    return hn_strtod(text, NULL);
}

bool hn_reader_score(hn_json_reader *r, double *out) {
    blanks(r);
    bool negative = r->p < r->end && *r->p == '-';
    r->p += negative;
    decimal d = {0};
    if (!is_digit(r)) return false;
    take_digits(r, &d, 0);
    if (r->p < r->end && *r->p == '.') {
        r->p++;
        if (!is_digit(r)) return false;
        take_digits(r, &d, 1);
    }
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        r->p++;
        int sign = 1, e = 0;
        if (r->p < r->end && (*r->p == '+' || *r->p == '-')) sign = *r->p++ == '-' ? -1 : 1;
        if (!is_digit(r)) return false;
        for (; is_digit(r); r->p++) e = e < 100000 ? e * 10 + (*r->p - '0') : e;
        d.exponent += sign * e;
    }
    double f = (double)d.digits;
    while (d.exponent < -308 && f != 0) {
        f /= 1e308;
        d.exponent += 308;
    }
    if (d.exponent > 308 && f != 0) return false;
    if (f != 0) f = d.exponent >= 0 ? f * power_of_ten(d.exponent) : f / power_of_ten(-d.exponent);
    *out = negative ? -f : f;
    return isfinite(f);
}

static bool skip_string(hn_json_reader *r) { /* behind the opening quote */
    for (; r->p < r->end; r->p++) {
        if (*r->p == '"') {
            r->p++;
            return true;
        }
        if (*r->p == '\\' && r->p + 1 < r->end) r->p++;
    }
    return false;
}

bool hn_reader_skip(hn_json_reader *r) {
    int depth = 0;
    blanks(r);
    while (r->p < r->end) {
        char c = *r->p;
        if (c == '"') {
            r->p++;
            if (!skip_string(r)) return false;
            if (depth == 0) return true;
        } else if (c == '{' || c == '[') {
            depth++;
            r->p++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return true; /* the end of a number or word before it */
            r->p++;
            if (--depth == 0) return true;
        } else if (c == ',' && depth == 0) {
            return true;
        } else {
            r->p++;
        }
    }
    return depth == 0;
}
