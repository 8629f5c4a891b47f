/* jinja_percent.c - "..." % arguments. */
#include "text/jinja_ast_impl.h"

#include <math.h>

typedef struct percent {
    hn_jval args;
    bool tuple, mapping, taken; /* taken: the only argument is used up */
    size_t at;
    bool markup;
} percent;

typedef struct directive {
    bool left, plus, blank, alternate, zero;
    int64_t width, precision; /* -1: none */
    char type;
} directive;

static bool next_arg(hn_jrun *r, percent *p, hn_jval *out) {
    if (p->tuple ? p->at >= hn_j_count(p->args) : p->taken) return hn_j_fail(r, HN_J_TYPE, "not enough arguments for format string");
    *out = p->tuple ? hn_j_at(p->args, p->at++) : p->args;
    p->taken = true;
    return true;
}

static bool star(hn_jrun *r, percent *p, int64_t *out) {
    hn_jval v;
    if (!next_arg(r, p, &v)) return false;
    if (!hn_j_is_int(v)) return hn_j_fail(r, HN_J_TYPE, "* wants int");
    return hn_j_index(r, v, out);
}

static bool digits(hn_jrun *r, hn_str s, size_t *i, int64_t *out) {
    int64_t n = 0;
    for (; *i < s.n && s.p[*i] >= '0' && s.p[*i] <= '9'; (*i)++)
        if (n < INT32_MAX) n = n * 10 + (s.p[*i] - '0');
    *out = n;
    return n <= (1 << 24) || hn_j_fail(r, HN_J_LIMIT, "a width or precision too large");
}

static bool key_value(hn_jrun *r, percent *p, hn_str s, size_t *i, hn_jval *out, bool *found) {
    *found = *i < s.n && s.p[*i] == '(';
    if (!*found) return true;
    if (!p->mapping) return hn_j_fail(r, HN_J_TYPE, "format requires a mapping");
    size_t from = ++*i, level = 1;
    for (; *i < s.n && level; (*i)++) level += s.p[*i] == '(' ? 1 : s.p[*i] == ')' ? (size_t)-1 : 0;
    if (level) return hn_j_fail(r, HN_J_VALUE, "incomplete format key");
    hn_jval key = hn_j_str(s.p + from, *i - 1 - from);
    if (p->args.kind != HN_J_DICT) {
        if (p->args.kind == HN_J_UNDEF) return hn_j_use_undefined(r, p->args);
        return hn_j_fail(r, HN_J_TYPE, "%s indices must be integers or slices, not str", hn_j_type(p->args));
    }
    int had = hn_j_dict_find(r, p->args, key, out);
    if (had == 0) return hn_j_fail(r, HN_J_LOOKUP, "'%.*s'", (int)(key.n < 100 ? key.n : 100), key.s);
    return had == 1;
}

static bool parse(hn_jrun *r, percent *p, hn_str s, size_t *i, directive *d) {
    *d = (directive){.width = -1, .precision = -1};
    for (; *i < s.n; (*i)++) {
        char c = s.p[*i];
        if (c == '-') d->left = true;
        else if (c == '+') d->plus = true;
        else if (c == ' ') d->blank = true;
        else if (c == '#') d->alternate = true;
        else if (c == '0') d->zero = true;
        else break;
    }
    if (*i < s.n && s.p[*i] == '*') {
        ++*i;
        if (!star(r, p, &d->width)) return false;
        if (d->width < 0) {
            d->left = true;
            d->width = d->width == INT64_MIN ? INT64_MAX : -d->width;
        }
        if (d->width > 1 << 24) return hn_j_fail(r, HN_J_LIMIT, "a width or precision too large");
    } else if (*i < s.n && s.p[*i] >= '0' && s.p[*i] <= '9' && !digits(r, s, i, &d->width)) {
        return false;
    }
    if (*i < s.n && s.p[*i] == '.') {
        ++*i;
        d->precision = 0;
        if (*i < s.n && s.p[*i] == '*') {
            ++*i;
            if (!star(r, p, &d->precision)) return false;
            if (d->precision < 0) d->precision = 0;
            if (d->precision > 1 << 24) return hn_j_fail(r, HN_J_LIMIT, "a width or precision too large");
        } else if (!digits(r, s, i, &d->precision)) {
            return false;
        }
    }
    if (*i < s.n && strchr("hlL", s.p[*i])) ++*i;
    if (*i >= s.n) return hn_j_fail(r, HN_J_VALUE, "incomplete format");
    d->type = s.p[(*i)++];
    return true;
}

static bool pad(hn_jrun *r, int64_t n, char with) {
    bool fine = true;
    for (; fine && n > 0; n--) fine = hn_j_write(r, &with, 1);
    return fine;
}

static bool put_text(hn_jrun *r, const directive *d, hn_str s) {
    if (d->precision >= 0) s.n = hn_cp_offset(s, (size_t)d->precision);
    int64_t have = d->width > 0 ? (int64_t)hn_cp_count(s) : 0, room = d->width > have ? d->width - have : 0;
    return (d->left || pad(r, room, ' ')) && hn_j_write(r, s.p, s.n) && (!d->left || pad(r, room, ' '));
}

/* sign and prefix, then zeros, then digits */
static bool put_number(hn_jrun *r, const directive *d, bool negative, const char *prefix, hn_str s) {
    char head[8];
    size_t n = 0;
    if (negative || d->plus || d->blank) head[n++] = negative ? '-' : d->plus ? '+' : ' ';
    for (; *prefix; prefix++) head[n++] = *prefix;
    int64_t have = (int64_t)(n + s.n), room = d->width > have ? d->width - have : 0;
    bool zeros = d->zero && !d->left;
    return (d->left || zeros || pad(r, room, ' ')) && hn_j_write(r, head, n) && (!zeros || pad(r, room, '0')) &&
           hn_j_write(r, s.p, s.n) && (!d->left || pad(r, room, ' '));
}

static bool put_int(hn_jrun *r, const directive *d, hn_jval v) {
    char type = d->type == 'i' || d->type == 'u' ? 'd' : d->type;
    hn_jval text;
    char spec[4] = {type, 0};
    if (type == 'd' && v.kind == HN_J_FLOAT) {
        if (!hn_j_int_of_double(r, v.f, &v)) return false;
    } else if (!hn_j_is_int(v)) {
        if (v.kind == HN_J_UNDEF && type == 'd') return hn_j_use_undefined(r, v);
        return hn_j_fail(r, HN_J_TYPE, type == 'd' ? "%%%c format: a real number is required, not %s" : "%%%c format: an integer is required, not %s", d->type, hn_j_type(v));
    }
    v = hn_j_as_int(v);
    bool negative = hn_j_int_cmp(v, hn_j_int(0)) < 0;
    if (negative && !hn_j_unary(r, HN_JN_NEG, v, &v)) return false;
    if (!hn_j_format(r, v, (hn_str){spec, 1}, &text)) return false;
    const char *prefix = !d->alternate || type == 'd' ? "" : type == 'o' ? "0o" : type == 'x' ? "0x" : "0X";
    if (d->precision <= (int64_t)text.n) return put_number(r, d, negative, prefix, hn_j_text(text));
    size_t at = r->at;
    bool fine = hn_j_capture(r) && pad(r, d->precision - (int64_t)text.n, '0') && hn_j_write(r, text.s, text.n);
    return hn_j_captured(r, at, fine, false, &text) && put_number(r, d, negative, prefix, hn_j_text(text));
}

static bool put_float(hn_jrun *r, const directive *d, hn_jval v) {
    double f;
    if (!hn_j_is_number(v)) {
        if (v.kind == HN_J_UNDEF) return hn_j_use_undefined(r, v);
        return hn_j_fail(r, HN_J_TYPE, "must be real number, not %s", hn_j_type(v));
    }
    if (!hn_j_to_float(r, v, &f)) return false;
    bool negative = signbit(f) != 0 && !isnan(f), fine, upper = d->type < 'a';
    int precision = d->precision < 0 ? 6 : (int)d->precision;
    hn_buf b = {0};
    if (!isfinite(f)) {
        hn_buf_puts(&b, isnan(f) ? (upper ? "NAN" : "nan") : upper ? "INF" : "inf");
        fine = !b.failed;
    } else {
        if ((d->type | 32) == 'g' && precision == 0) precision = 1;
        fine = hn_j_double_text(r, fabs(f), d->type == 'F' ? 'f' : d->type, precision, d->alternate, &b);
    }
    fine = fine && put_number(r, d, negative, "", (hn_str){b.p, b.n});
    hn_buf_release(&b);
    return fine;
}

static bool put_char(hn_jrun *r, const directive *d, hn_jval v) {
    char c[4];
    directive plain = *d;
    plain.precision = -1;
    if (v.kind == HN_J_STR && hn_cp_count(hn_j_text(v)) == 1) return put_text(r, &plain, hn_j_text(v));
    if (!hn_j_is_int(v)) return hn_j_fail(r, HN_J_TYPE, "%%c requires int or char");
    v = hn_j_as_int(v);
    if ((v.flag & HN_J_BIG) || v.i < 0 || v.i > 0x10FFFF) return hn_j_fail(r, HN_J_OVERFLOW, "%%c arg not in range(0x110000)");
    int n = hn_utf8_encode(v.i >= 0xD800 && v.i <= 0xDFFF ? 0xFFFD : (uint32_t)v.i, c);
    return put_text(r, &plain, (hn_str){c, (size_t)n});
}

static bool put_string(hn_jrun *r, const percent *p, const directive *d, hn_jval v) {
    hn_jval s;
    if (!(d->type == 's' ? hn_j_soft_str(r, v, &s) : hn_j_repr(r, v, &s))) return false;
    if (p->markup && !hn_j_escape(r, s, &s)) return false;
    return put_text(r, d, hn_j_text(s));
}

static bool put_one(hn_jrun *r, percent *p, hn_str s, size_t *i) {
    directive d;
    hn_jval v;
    bool keyed;
    if (!key_value(r, p, s, i, &v, &keyed) || !parse(r, p, s, i, &d)) return false;
    if (d.type == '%') return hn_j_write(r, "%", 1);
    if (!keyed && !next_arg(r, p, &v)) return false;
    switch (d.type) {
    case 's': case 'r': case 'a': return put_string(r, p, &d, v);
    case 'c': return put_char(r, &d, v);
    case 'd': case 'i': case 'u': case 'o': case 'x': case 'X': return put_int(r, &d, v);
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': return put_float(r, &d, v);
    default: return hn_j_fail(r, HN_J_VALUE, "unsupported format character '%c' (0x%x)", d.type, (unsigned char)d.type);
    }
}

static bool subscriptable(hn_jval v) {
    return v.kind == HN_J_DICT || v.kind == HN_J_LIST || v.kind == HN_J_UNDEF || v.kind == HN_J_RANGE_OBJ || v.kind == HN_J_BYTES ||
           v.kind == HN_J_SELF;
}

static bool put_all(hn_jrun *r, percent *p, hn_str s) {
    for (size_t i = 0; i < s.n;) {
        const char *sign = memchr(s.p + i, '%', s.n - i);
        size_t plain = sign ? (size_t)(sign - s.p) : s.n;
        if (!hn_j_write(r, s.p + i, plain - i)) return false;
        i = plain + 1;
        if (sign && i >= s.n) return hn_j_fail(r, HN_J_VALUE, "incomplete format");
        if (sign && !put_one(r, p, s, &i)) return false;
    }
    if (p->mapping || (p->tuple ? p->at >= hn_j_count(p->args) : p->taken)) return true;
    return hn_j_fail(r, HN_J_TYPE, "not all arguments converted during string formatting");
}

bool hn_j_percent(hn_jrun *r, hn_jval s, hn_jval args, hn_jval *out) {
    percent p = {.args = args, .tuple = args.kind == HN_J_TUPLE, .mapping = subscriptable(args), .markup = s.flag & HN_J_MARKUP};
    size_t at = r->at;
    return hn_j_captured(r, at, hn_j_capture(r) && put_all(r, &p, hn_j_text(s)), p.markup, out);
}
