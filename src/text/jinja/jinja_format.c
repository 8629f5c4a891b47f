/* jinja_format.c - format(value, spec) and str.format: Python's mini-language of format specifications. */
#include "text/jinja/jinja_ast_impl.h"

#include <math.h>
#include <stdlib.h>

/* ---- digits of floats */

bool hn_j_double_text(hn_jrun *r, double v, char kind, int precision, bool alternate, hn_buf *out) {
    if (precision > 1 << 16) return hn_j_fail(r, HN_J_LIMIT, "a precision of more than %d digits", 1 << 16);
    char form[16];
    size_t from = out->n;
    snprintf(form, sizeof form, alternate ? "%%#.*%c" : "%%.*%c", kind);
    size_t room = (size_t)precision + 340;
    char *text = hn_alloc(room);
    if (!text) return hn_j_nomem(r);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, room, form, precision, v);
#pragma GCC diagnostic pop
    hn_buf_puts(out, text);
    hn_free(text);
    for (size_t i = from; i < out->n; i++) /* the locale's point */
        if (!strchr("0123456789+-eE", out->p[i])) out->p[i] = '.';
    return hn_j_burn(r, (size_t)precision / 4) && (!out->failed || hn_j_nomem(r));
}

/* ---- the specification */

static bool spec_error(hn_jrun *r, hn_str spec, hn_jval v) {
    return hn_j_fail(r, HN_J_VALUE, "Invalid format specifier '%.*s' for object of type '%s'", HN_J_SHORT(spec), hn_j_type(v));
}

bool hn_j_spec_number(hn_jrun *r, hn_str s, size_t *i, int64_t *out) {
    size_t from = *i;
    int64_t n = hn_str_number(s, i);
    if (*i > from) *out = n;
    return n <= (1 << 24) || hn_j_fail(r, HN_J_LIMIT, "a width or precision too large");
}

static bool flag(hn_str s, size_t *i, char c) {
    bool here = *i < s.n && s.p[*i] == c;
    *i += here;
    return here;
}

static bool parse_spec(hn_jrun *r, hn_str s, hn_jval v, hn_jspec *out) {
    size_t i = 0;
    int len = s.n ? hn_cp_len((unsigned char)s.p[0]) : 0;
    *out = (hn_jspec){.fill = {" ", 1}, .width = -1, .precision = -1};
    if (s.n > (size_t)len && len && strchr("<>=^", s.p[len])) {
        out->fill = (hn_str){s.p, (size_t)len};
        out->align = s.p[len];
        i = (size_t)len + 1;
    } else if (s.n && strchr("<>=^", s.p[0])) {
        out->align = s.p[i++];
    }
    bool filled = i > 1;
    if (i < s.n && strchr("+- ", s.p[i])) out->sign = s.p[i++];
    out->no_negative_zero = flag(s, &i, 'z');
    out->alternate = flag(s, &i, '#');
    out->zero = flag(s, &i, '0');
    if (out->zero && !filled) out->fill = (hn_str){"0", 1};
    if (out->zero && !out->align) out->align = '=';
    if (!hn_j_spec_number(r, s, &i, &out->width)) return false;
    if (i < s.n && (s.p[i] == ',' || s.p[i] == '_')) out->grouping = s.p[i++];
    if (flag(s, &i, '.')) {
        if (!hn_j_spec_number(r, s, &i, &out->precision)) return false;
        if (out->precision < 0) return hn_j_fail(r, HN_J_VALUE, "Format specifier missing precision");
    }
    if (i < s.n) out->type = s.p[i++];
    return i == s.n || spec_error(r, s, v);
}

/* ---- putting a field together */

/* head: sign and prefix, before which '=' does not fill. */
bool hn_j_put_field(hn_jrun *r, const hn_jspec *f, hn_str head, hn_str body, char otherwise) {
    char align = f->align ? f->align : otherwise;
    int64_t have = (int64_t)(hn_cp_count(head) + hn_cp_count(body)), pad = f->width > have ? f->width - have : 0;
    int64_t left = align == '<' ? 0 : align == '^' ? pad / 2 : pad;
    if (align == '=')
        return hn_j_write(r, head.p, head.n) && hn_j_write_times(r, f->fill, pad) && hn_j_write(r, body.p, body.n);
    return hn_j_write_times(r, f->fill, left) && hn_j_write(r, head.p, head.n) && hn_j_write(r, body.p, body.n) &&
           hn_j_write_times(r, f->fill, pad - left);
}

/* Groups the digits in front of the point; zeros that fill the width are grouped as well. */
static void group(const hn_jspec *f, hn_str digits, size_t whole, size_t head, int every, hn_buf *out) {
    size_t zeros = 0;
    size_t tail = digits.n - whole;
    if (f->zero && f->align == '=' && f->width > 0)
        while (zeros < (size_t)f->width && head + tail + whole + zeros + (whole + zeros - 1) / (size_t)every < (size_t)f->width)
            zeros++;
    size_t all = whole + zeros;
    for (size_t i = 0; i < all; i++) {
        if (i && (all - i) % (size_t)every == 0) hn_buf_putc(out, f->grouping);
        hn_buf_putc(out, i < zeros ? '0' : digits.p[i - zeros]);
    }
    hn_buf_add(out, digits.p + whole, tail);
}

bool hn_j_put_number(hn_jrun *r, const hn_jspec *f, bool negative, const char *prefix, hn_str digits, int every) {
    char head[8];
    size_t n = 0, whole = 0;
    if (negative || f->sign == '+' || f->sign == ' ') head[n++] = negative ? '-' : f->sign;
    for (; *prefix; prefix++) head[n++] = *prefix;
    hn_buf b = {0};
    while (whole < digits.n && strchr("0123456789abcdefABCDEF", digits.p[whole])) whole++;
    if (f->type != 'x' && f->type != 'X')
        for (whole = 0; whole < digits.n && hn_is_digit(digits.p[whole]);) whole++;
    if (f->grouping && whole) group(f, digits, whole, n, every, &b);
    else hn_buf_add(&b, digits.p, digits.n);
    bool fine = b.failed ? hn_j_nomem(r) : hn_j_put_field(r, f, (hn_str){head, n}, (hn_str){b.p ? b.p : "", b.n}, '>');
    hn_buf_release(&b);
    return fine;
}

/* ---- the types */

static bool format_str(hn_jrun *r, hn_jval v, const hn_jspec *f) {
    hn_str s = hn_j_text(v);
    if (f->type && f->type != 's') return hn_j_fail(r, HN_J_VALUE, "Unknown format code '%c' for object of type 'str'", f->type);
    if (f->sign) return hn_j_fail(r, HN_J_VALUE, "Sign not allowed in string format specifier");
    if (f->alternate) return hn_j_fail(r, HN_J_VALUE, "Alternate form (#) not allowed in string format specifier");
    if (f->grouping) return hn_j_fail(r, HN_J_VALUE, "Cannot specify '%c' with 's'.", f->grouping);
    if (f->align == '=' && !f->zero) return hn_j_fail(r, HN_J_VALUE, "'=' alignment not allowed in string format specifier");
    if (f->precision >= 0) s.n = hn_cp_offset(s, (size_t)f->precision);
    hn_jspec g = *f;
    if (g.align == '=') g.align = '<';
    return hn_j_put_field(r, &g, (hn_str){"", 0}, s, '<');
}

static bool based_digits(hn_jrun *r, hn_jval v, int base, bool upper, hn_buf *out) { /* of an integer that is not negative */
    hn_jval rest = v, digit;
    do {
        if (!hn_j_int_op(r, '%', rest, hn_j_int(base), &digit) || !hn_j_int_op(r, '/', rest, hn_j_int(base), &rest)) return false;
        hn_buf_putc(out, (upper ? "0123456789ABCDEF" : "0123456789abcdef")[digit.i]);
    } while (hn_j_truth(rest));
    for (size_t i = 0, k = out->n - 1; !out->failed && i < k; i++, k--) {
        char c = out->p[i];
        out->p[i] = out->p[k];
        out->p[k] = c;
    }
    return !out->failed || hn_j_nomem(r);
}

bool hn_j_put_char(hn_jrun *r, hn_jval v, const hn_jspec *f) {
    char c[4];
    if (f->sign || f->alternate) return hn_j_fail(r, HN_J_VALUE, "Sign not allowed with integer format specifier 'c'");
    if ((v.flag & HN_J_BIG) || v.i < 0 || v.i > 0x10FFFF) return hn_j_fail(r, HN_J_OVERFLOW, "%%c arg not in range(0x110000)");
    bool half = v.i >= 0xD800 && v.i <= 0xDFFF;
    int n = hn_utf8_encode(half ? 0xFFFD : (uint32_t)v.i, c);
    return hn_j_put_field(r, f, (hn_str){"", 0}, (hn_str){c, (size_t)n}, '<');
}

static bool format_int(hn_jrun *r, hn_jval v, const hn_jspec *f) {
    char type = f->type ? f->type : 'd';
    int base = type == 'b' ? 2 : type == 'o' ? 8 : (type | 32) == 'x' ? 16 : 10;
    hn_jval size = v;
    hn_str text;
    if (f->precision >= 0) return hn_j_fail(r, HN_J_VALUE, "Precision not allowed in integer format specifier");
    if (f->no_negative_zero)
        return hn_j_fail(r, HN_J_VALUE, "Negative zero coercion (z) not allowed in format specifier with integer format code");
    if (type == 'c') return hn_j_put_char(r, v, f);
    if (f->grouping == ',' && (base != 10 || type == 'n')) return hn_j_fail(r, HN_J_VALUE, "Cannot specify ',' with '%c'.", type);
    if (f->grouping && type == 'n') return hn_j_fail(r, HN_J_VALUE, "Cannot specify '_' with 'n'.");
    bool negative = hn_j_int_cmp(v, hn_j_int(0)) < 0;
    if (negative && !hn_j_unary(r, HN_JN_NEG, v, &size)) return false;
    if (base == 10) {
        if (!hn_j_int_text(&r->mem, size, &text)) return hn_j_nomem(r);
        return hn_j_put_number(r, f, negative, "", text, 3);
    }
    hn_buf b = {0};
    const char *prefix = !f->alternate ? "" : base == 2 ? "0b" : base == 8 ? "0o" : type == 'x' ? "0x" : "0X";
    bool fine = based_digits(r, size, base, type == 'X', &b) && hn_j_put_number(r, f, negative, prefix, (hn_str){b.p, b.n}, 4);
    hn_buf_release(&b);
    return fine;
}

/* Without the zeros at the end of a fraction, as %g leaves them out. */
static void trim_fraction(hn_buf *b) {
    char *at = strchr(b->p, 'e'), *end = at;
    if (!strchr(b->p, '.')) return;
    while (end[-1] == '0') end--;
    if (end[-1] == '.') end--;
    memmove(end, at, strlen(at) + 1);
    b->n = strlen(b->p);
}

/* repr-like digits with a precision: what format() does without a type. Like %g, but one digit stays behind the point. */
static bool plain_float(hn_jrun *r, double v, const hn_jspec *f, hn_buf *b) {
    int digits = f->precision ? (int)f->precision : 1;
    char e[64];
    if (f->precision < 0) {
        hn_json_write_num(b, v);
        return !b->failed || hn_j_nomem(r);
    }
    snprintf(e, sizeof e, "%.*e", digits > 40 ? 40 : digits - 1, v);
    int exponent = atoi(strchr(e, 'e') + 1);
    if (!hn_j_double_text(r, v, 'g', digits, f->alternate, b)) return false;
    if (strpbrk(b->p, ".e")) return true;
    if (exponent + 1 < digits) {
        hn_buf_puts(b, ".0");
        return !b->failed || hn_j_nomem(r);
    }
    hn_buf_clear(b); /* no room for it: an exponent instead */
    if (!hn_j_double_text(r, v, 'e', digits - 1, f->alternate, b)) return false;
    if (!f->alternate) trim_fraction(b);
    return true;
}

bool hn_j_put_float(hn_jrun *r, double v, const hn_jspec *f) {
    char type = f->type ? f->type : 'r';
    bool negative = signbit(v) != 0 && !isnan(v), percent = type == '%', upper = type == 'F' || type == 'E' || type == 'G', fine;
    double size = fabs(v);
    hn_buf b = {0};
    if (type == 'n' && f->grouping) return hn_j_fail(r, HN_J_VALUE, "Cannot specify '%c' with 'n'.", f->grouping);
    if (percent) size *= 100;
    if (!isfinite(size)) {
        hn_buf_puts(&b, isnan(size) ? (upper ? "NAN" : "nan") : upper ? "INF" : "inf");
        if (percent) hn_buf_putc(&b, '%');
        fine = !b.failed;
    } else if (type == 'r') {
        fine = plain_float(r, size, f, &b);
    } else {
        char kind = percent || type == 'F' ? 'f' : type == 'n' ? 'g' : type;
        int precision = f->precision < 0 ? 6 : (int)f->precision;
        if ((kind | 32) == 'g' && precision == 0) precision = 1;
        fine = hn_j_double_text(r, size, kind, precision, f->alternate, &b);
        if (percent) hn_buf_putc(&b, '%');
    }
    if (f->no_negative_zero && negative && fine && !strpbrk(b.p, "123456789in")) negative = false;
    hn_jspec g = *f;
    if (!isfinite(size)) g.grouping = '\0';
    fine = fine && hn_j_put_number(r, &g, negative, "", (hn_str){b.p, b.n}, 3);
    hn_buf_release(&b);
    return fine;
}

static bool print_formatted(hn_jrun *r, hn_jval v, hn_str spec) {
    hn_jspec f;
    double d;
    if (v.kind == HN_J_STR || hn_j_is_number(v)) {
        if (spec.n == 0) return hn_j_print(r, v);
        if (!parse_spec(r, spec, v, &f)) return false;
        if (v.kind == HN_J_STR) return format_str(r, v, &f);
        bool real = f.type && strchr("eEfFgG%", f.type);
        if (v.kind != HN_J_FLOAT && !real) {
            if (f.type && !strchr("bcdoxXn", f.type))
                return hn_j_fail(r, HN_J_VALUE, "Unknown format code '%c' for object of type '%s'", f.type, hn_j_type(v));
            return format_int(r, hn_j_as_int(v), &f);
        }
        if (!real && f.type && f.type != 'n')
            return hn_j_fail(r, HN_J_VALUE, "Unknown format code '%c' for object of type 'float'", f.type);
        return hn_j_to_float(r, v, &d) && hn_j_put_float(r, d, &f);
    }
    if (spec.n) return hn_j_fail(r, HN_J_TYPE, "unsupported format string passed to %s.__format__", hn_j_type(v));
    return hn_j_print(r, v);
}

bool hn_j_format(hn_jrun *r, hn_jval v, hn_str spec, hn_jval *out) {
    size_t at = r->at;
    return hn_j_captured(r, at, hn_j_capture(r) && print_formatted(r, v, spec), false, out);
}
