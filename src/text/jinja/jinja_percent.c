/* jinja_percent.c - "..." % arguments. */
#include "text/jinja/jinja_ast_impl.h"

typedef struct percent {
    hn_jval args;
    bool tuple, mapping, taken; /* taken: the only argument is used up */
    size_t at;
    bool markup;
} percent;

static bool next_arg(hn_jrun *r, percent *p, hn_jval *out) {
    if (p->tuple ? p->at >= hn_j_count(p->args) : p->taken)
        return hn_j_fail(r, HN_J_TYPE, "not enough arguments for format string");
    *out = p->tuple ? hn_j_at(p->args, p->at++) : p->args;
    p->taken = true;
    return true;
}

/* A width or precision: a number, or the next argument for a star. */
static bool amount(hn_jrun *r, percent *p, hn_str s, size_t *i, hn_jspec *d, int64_t *out) {
    hn_jval v;
    if (*i == s.n || s.p[*i] != '*') return hn_j_spec_number(r, s, i, out);
    ++*i;
    if (!next_arg(r, p, &v)) return false;
    if (!hn_j_is_int(v)) return hn_j_fail(r, HN_J_TYPE, "* wants int");
    if (!hn_j_index(r, v, out)) return false;
    if (*out < 0 && out == &d->width) {
        d->align = '<';
        *out = *out == INT64_MIN ? INT64_MAX : -*out;
    }
    if (*out < 0) *out = 0;
    return *out <= 1 << 24 || hn_j_fail(r, HN_J_LIMIT, "a width or precision too large");
}

static bool key_value(hn_jrun *r, percent *p, hn_str s, size_t *i, hn_jval *out, bool *found) {
    *found = *i < s.n && s.p[*i] == '(';
    if (!*found) return true;
    if (!p->mapping) return hn_j_fail(r, HN_J_TYPE, "format requires a mapping");
    size_t from = ++*i, level = 1;
    for (; *i < s.n && level; (*i)++) level += s.p[*i] == '(' ? 1 : s.p[*i] == ')' ? (size_t)-1 : 0;
    if (level) return hn_j_fail(r, HN_J_VALUE, "incomplete format key");
    hn_jval key = hn_j_str(s.p + from, *i - 1 - from);
    if (p->args.kind != HN_J_DICT)
        return hn_j_reject(r, p->args, HN_J_TYPE, "%s indices must be integers or slices, not str", hn_j_type(p->args));
    int had = hn_j_dict_find(r, p->args, key, out);
    if (had == 0) return hn_j_fail(r, HN_J_LOOKUP, "'%.*s'", HN_J_SHORT(hn_j_text(key)));
    return had == 1;
}

static bool parse(hn_jrun *r, percent *p, hn_str s, size_t *i, hn_jspec *d) {
    *d = (hn_jspec){.fill = {" ", 1}, .align = '>', .width = -1, .precision = -1};
    for (; *i < s.n; (*i)++) {
        char c = s.p[*i];
        if (c == '-') d->align = '<';
        else if (c == '+') d->sign = c;
        else if (c == ' ') d->sign = d->sign ? d->sign : c;
        else if (c == '#') d->alternate = true;
        else if (c == '0') d->zero = true;
        else break;
    }
    if (!amount(r, p, s, i, d, &d->width)) return false;
    if (*i < s.n && s.p[*i] == '.') {
        ++*i;
        d->precision = 0;
        if (!amount(r, p, s, i, d, &d->precision)) return false;
    }
    if (*i < s.n && strchr("hlL", s.p[*i])) ++*i;
    if (*i >= s.n) return hn_j_fail(r, HN_J_VALUE, "incomplete format");
    d->type = s.p[(*i)++];
    return true;
}

static bool put_text(hn_jrun *r, const hn_jspec *d, hn_str s) {
    if (d->precision >= 0) s.n = hn_cp_offset(s, (size_t)d->precision);
    return hn_j_put_field(r, d, (hn_str){"", 0}, s, '>');
}

static bool put_int(hn_jrun *r, const hn_jspec *d, hn_jval v) {
    char type = d->type == 'i' || d->type == 'u' ? 'd' : d->type;
    hn_jval text;
    if (type == 'd' && v.kind == HN_J_FLOAT) {
        if (!hn_j_int_of_double(r, v.f, &v)) return false;
    } else if (!hn_j_is_int(v)) {
        if (v.kind == HN_J_UNDEF && type == 'd') return hn_j_use_undefined(r, v);
        const char *wanted = type == 'd' ? "a real number" : "an integer";
        return hn_j_fail(r, HN_J_TYPE, "%%%c format: %s is required, not %s", d->type, wanted, hn_j_type(v));
    }
    v = hn_j_as_int(v);
    bool negative = hn_j_int_cmp(v, hn_j_int(0)) < 0;
    if (negative && !hn_j_unary(r, HN_JN_NEG, v, &v)) return false;
    if (!hn_j_format(r, v, (hn_str){&type, 1}, &text)) return false;
    const char *prefix = !d->alternate || type == 'd' ? "" : type == 'o' ? "0o" : type == 'x' ? "0x" : "0X";
    hn_buf b = {0};
    for (int64_t i = (int64_t)text.n; i < d->precision; i++) hn_buf_putc(&b, '0');
    hn_buf_add(&b, text.s, text.n);
    bool fine = b.failed ? hn_j_nomem(r) : hn_j_put_number(r, d, negative, prefix, (hn_str){b.p, b.n}, 3);
    hn_buf_release(&b);
    return fine;
}

static bool put_float(hn_jrun *r, const hn_jspec *d, hn_jval v) {
    double f;
    if (!hn_j_is_number(v)) return hn_j_reject(r, v, HN_J_TYPE, "must be real number, not %s", hn_j_type(v));
    return hn_j_to_float(r, v, &f) && hn_j_put_float(r, f, d);
}

static bool put_char(hn_jrun *r, hn_jspec d, hn_jval v) {
    d.precision = -1;
    d.sign = '\0';
    d.alternate = false;
    if (v.kind == HN_J_STR && hn_cp_count(hn_j_text(v)) == 1) return put_text(r, &d, hn_j_text(v));
    return hn_j_is_int(v) ? hn_j_put_char(r, hn_j_as_int(v), &d) : hn_j_fail(r, HN_J_TYPE, "%%c requires int or char");
}

static bool put_string(hn_jrun *r, const percent *p, const hn_jspec *d, hn_jval v) {
    hn_jval s;
    if (!(d->type == 's' ? hn_j_soft_str(r, v, &s) : hn_j_repr(r, v, &s))) return false;
    if (p->markup && !hn_j_escape(r, s, &s)) return false;
    return put_text(r, d, hn_j_text(s));
}

static bool put_one(hn_jrun *r, percent *p, hn_str s, size_t *i) {
    hn_jspec d;
    hn_jval v;
    bool keyed;
    if (!key_value(r, p, s, i, &v, &keyed) || !parse(r, p, s, i, &d)) return false;
    if (d.type == '%') return hn_j_write(r, "%", 1);
    if (!keyed && !next_arg(r, p, &v)) return false;
    hn_jspec number = d;
    if (d.zero && d.align != '<') {
        number.fill = (hn_str){"0", 1};
        number.align = '=';
    }
    switch (d.type) {
    case 's': case 'r': case 'a': return put_string(r, p, &d, v);
    case 'c': return put_char(r, d, v);
    case 'd': case 'i': case 'u': case 'o': case 'x': case 'X': return put_int(r, &number, v);
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': return put_float(r, &number, v);
    default: return hn_j_fail(r, HN_J_VALUE, "unsupported format character '%c' (0x%x)", d.type, (unsigned char)d.type);
    }
}

static bool subscriptable(hn_jval v) {
    return v.kind == HN_J_DICT || v.kind == HN_J_LIST || v.kind == HN_J_UNDEF || v.kind == HN_J_RANGE_OBJ ||
           v.kind == HN_J_BYTES || v.kind == HN_J_SELF;
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
