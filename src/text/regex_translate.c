/* regex_translate.c - a pattern of the reference (Oniguruma, Ruby syntax) as a PCRE2 pattern with the same matches.
 *
 * Rewritten: \s and \S to the 25 White_Space code points, \p{..} \d \w to what Unicode 16 has in them, nested classes
 * and && to look-aheads, {,n}, \h and \v. Whatever else means something different there is refused by name. */
#include <ctype.h>

#include "text/regex_impl.h"

typedef struct translator {
    hn_str in;
    size_t at;
    hn_buf *out;
    hn_error *err;
    int depth;
} translator;

static const hn_range spaces[] = {{0x9, 0xD}, {0x20, 0x20}, {0x85, 0x85}, {0xA0, 0xA0}, {0x1680, 0x1680},
                                  {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
enum { SPACES = sizeof spaces / sizeof *spaces, DEEPEST = 50 };

static hn_status refuse(const translator *t, const char *what) {
    int n = t->in.n > 200 ? 200 : (int)t->in.n;
    return hn_fail(t->err, HN_ENOTSUP, "the pattern \"%.*s\": at byte %zu: %s", n, t->in.p, t->at, what);
}

static char peek(const translator *t, size_t ahead) {
    return t->at + ahead < t->in.n ? t->in.p[t->at + ahead] : '\0';
}

static bool left(const translator *t) {
    return t->at < t->in.n;
}

static void put_ranges(hn_buf *out, const hn_range *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        hn_buf_printf(out, "\\x{%X}", v[i].first);
        if (v[i].last > v[i].first) hn_buf_printf(out, "-\\x{%X}", v[i].last);
    }
}

/* What lies between the ranges, up to the end of Unicode. */
static void put_others(hn_buf *out, const hn_range *v, size_t n) {
    uint32_t from = 0;
    for (size_t i = 0; i < n; from = v[i++].last + 1) {
        if (v[i].first > from) put_ranges(out, &(hn_range){from, v[i].first - 1}, 1);
    }
    if (from <= 0x10FFFF) put_ranges(out, &(hn_range){from, 0x10FFFF}, 1);
}

static const hn_class *class_named(hn_str name) {
    for (size_t i = 0; i < hn_class_count; i++)
        if (hn_str_eq(name, hn_classes[i].name)) return &hn_classes[i];
    return NULL;
}

/* A class as the inside of brackets. negated: its complement, which must be exact. */
static hn_status put_class(translator *t, hn_str name, bool negated, bool in_brackets) {
    const hn_class *c = class_named(name);
    if (!c) return refuse(t, "a property that is not known here");
    if (!in_brackets) hn_buf_puts(t->out, negated ? "[^" : "[");
    bool complement = negated && in_brackets;
    if (c->whole) {
        if (complement) put_others(t->out, c->v, c->n);
        else put_ranges(t->out, c->v, c->n);
    } else {
        if (complement && c->n > 0) return refuse(t, "a negated property inside brackets");
        hn_buf_printf(t->out, "\\%c{%s%s}", complement ? 'P' : 'p', c->script ? "sc:" : "", c->name);
        put_ranges(t->out, c->v, c->n);
    }
    if (!in_brackets) hn_buf_putc(t->out, ']');
    return HN_OK;
}

/* \w and \W inside brackets: there Oniguruma has its Latin-1 digits that are no decimals (such as U+00BD) outside the words. */
static void put_word_inside(translator *t, bool negated) {
    static const hn_range numbers[] = {{0xB2, 0xB3}, {0xB9, 0xB9}, {0xBC, 0xBE}};
    const hn_class *c = class_named(hn_str_of("w"));
    if (negated) {
        put_others(t->out, c->v, c->n);
        put_ranges(t->out, numbers, sizeof numbers / sizeof *numbers);
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        hn_range r = c->v[i];
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
            if (numbers[k].first > r.last || numbers[k].last < r.first) continue;
            if (r.first < numbers[k].first) put_ranges(t->out, &(hn_range){r.first, numbers[k].first - 1}, 1);
            r.first = numbers[k].last + 1;
        }
        if (r.first <= r.last) put_ranges(t->out, &r, 1);
    }
}

static hn_status property(translator *t, bool in_brackets) { /* at \p or \P */
    bool negated = peek(t, 1) == 'P';
    if (peek(t, 2) != '{') return refuse(t, "\\p without {");
    size_t from = t->at + 3;
    if (from < t->in.n && t->in.p[from] == '^') {
        negated = !negated;
        from++;
    }
    const char *close = from < t->in.n ? memchr(t->in.p + from, '}', t->in.n - from) : NULL;
    if (!close) return refuse(t, "\\p{ without }");
    hn_str name = {t->in.p + from, (size_t)(close - t->in.p) - from};
    if (name.n > 3 && memcmp(name.p, "Is", 2) == 0) name = (hn_str){name.p + 2, name.n - 2};
    HN_TRY(put_class(t, name, negated, in_brackets));
    t->at = (size_t)(close - t->in.p) + 1;
    return HN_OK;
}

/* An escape that stands for one character, written so that it means the same anywhere. */
static hn_status escaped_char(translator *t) {
    char c = peek(t, 1);
    const char *code = strchr("tnrfae", c);
    if (c == '\0') return refuse(t, "a backslash at the end");
    if (code) {
        hn_buf_printf(t->out, "\\%c", c);
    } else if (c == 'v') {
        hn_buf_puts(t->out, "\\x{B}");
    } else if (c == 'x' || c == 'u') {
        size_t from = t->at + 2, n = 0, most = c == 'x' ? 2 : 4;
        bool braces = c == 'x' && from < t->in.n && t->in.p[from] == '{';
        if (braces) from++, most = 6;
        while (n < most && from + n < t->in.n && isxdigit((unsigned char)t->in.p[from + n])) n++;
        if (n == 0 || (c == 'u' && n < 4) || (braces && (from + n >= t->in.n || t->in.p[from + n] != '}')))
            return refuse(t, "a malformed hexadecimal escape");
        hn_buf_printf(t->out, "\\x{%.*s}", (int)n, t->in.p + from);
        t->at = from + n + braces;
        return HN_OK;
    } else if (isalnum((unsigned char)c)) {
        return refuse(t, "an escape that is not known here");
    } else {
        int len = hn_cp_len((unsigned char)c);
        if ((unsigned char)c < 0x80) hn_buf_putc(t->out, '\\');
        hn_buf_add(t->out, t->in.p + t->at + 1, (size_t)len);
        t->at += 1 + (size_t)len;
        return HN_OK;
    }
    t->at += 2;
    return HN_OK;
}

static hn_status shorthand(translator *t, bool in_brackets, bool *done) { /* \s \S \d \D \w \W \h \p \P \A \z */
    char c = peek(t, 1);
    *done = true;
    switch (c) {
    case 'p':
    case 'P': return property(t, in_brackets);
    case 's':
    case 'S':
        if (!in_brackets) hn_buf_puts(t->out, c == 's' ? "[" : "[^");
        if (in_brackets && c == 'S') put_others(t->out, spaces, SPACES);
        else put_ranges(t->out, spaces, SPACES);
        if (!in_brackets) hn_buf_putc(t->out, ']');
        break;
    case 'd':
    case 'D': HN_TRY(put_class(t, hn_str_of("Nd"), c == 'D', in_brackets)); break;
    case 'w':
    case 'W':
        if (in_brackets) put_word_inside(t, c == 'W');
        else HN_TRY(put_class(t, hn_str_of("w"), c == 'W', false));
        break;
    case 'h': hn_buf_puts(t->out, in_brackets ? "0-9A-Fa-f" : "[0-9A-Fa-f]"); break;
    case 'A':
    case 'z': /* the very ends, in both languages */
        if (in_brackets) return refuse(t, "an escape that is not known here");
        hn_buf_puts(t->out, c == 'A' ? "\\A" : "\\z");
        break;
    default: *done = false; return HN_OK;
    }
    t->at += 2;
    return HN_OK;
}

static hn_status brackets(translator *t);

/* The members of one operand of a bracket class, up to ] or &&. */
static hn_status members(translator *t) {
    bool single = false; /* the member before is one character: a - may begin a range */
    while (left(t) && peek(t, 0) != ']') {
        char c = peek(t, 0);
        if (c == '&' && peek(t, 1) == '&') return HN_OK;
        if (c == '[') {
            if (peek(t, 1) == ':') return refuse(t, "a POSIX class");
            if (peek(t, 1) == '^') return refuse(t, "a negated class inside a class");
            t->at++; /* a class inside a class is its members */
            if (++t->depth > DEEPEST) return refuse(t, "brackets too deep");
            HN_TRY(members(t));
            t->depth--;
            if (peek(t, 0) != ']') return refuse(t, "&& inside an inner class");
            t->at++;
            single = false;
        } else if (c == '\\') {
            bool done;
            HN_TRY(shorthand(t, true, &done));
            if (!done) HN_TRY(escaped_char(t));
            single = !done;
        } else {
            int len = hn_cp_len((unsigned char)c);
            bool range = c == '-' && single && peek(t, 1) != ']';
            if (!range && (unsigned char)c < 0x80 && !isalnum((unsigned char)c) && c > ' ') hn_buf_putc(t->out, '\\');
            hn_buf_add(t->out, t->in.p + t->at, (size_t)len);
            t->at += (size_t)len;
            single = !range;
        }
    }
    return left(t) ? HN_OK : refuse(t, "[ without ]");
}

/* Makes one atom of what was put since from. */
static hn_status wrap(translator *t, size_t from) {
    hn_buf inner = {0};
    hn_buf_add(&inner, t->out->p + from, t->out->n - from);
    t->out->n = from;
    hn_buf_puts(t->out, "(?:");
    hn_buf_add(t->out, inner.p, inner.n);
    hn_buf_putc(t->out, ')');
    t->out->failed |= inner.failed;
    hn_buf_release(&inner);
    return HN_OK;
}

/* [A&&B&&C] is (?:(?=[C])(?=[B])[A]): one character that lies in each. */
static hn_status brackets(translator *t) {
    bool negated = peek(t, 1) == '^';
    t->at += negated ? 2 : 1;
    if (peek(t, 0) == ']') return refuse(t, "an empty class");
    size_t from = t->out->n;
    hn_buf_puts(t->out, negated ? "[^" : "[");
    HN_TRY(members(t));
    hn_buf_putc(t->out, ']');
    bool meets = peek(t, 0) == '&';
    while (peek(t, 0) == '&') {
        if (negated) return refuse(t, "&& in a negated class");
        hn_buf first = {0};
        hn_buf_add(&first, t->out->p + from, t->out->n - from);
        t->out->n = from;
        hn_buf_puts(t->out, "(?=");
        t->at += 2;
        hn_status st;
        if (peek(t, 0) == '[' && peek(t, 1) == '^') {
            st = brackets(t);
        } else {
            hn_buf_putc(t->out, '[');
            st = members(t);
            hn_buf_putc(t->out, ']');
        }
        hn_buf_putc(t->out, ')');
        if (first.p) hn_buf_add(t->out, first.p, first.n);
        t->out->failed |= first.failed;
        hn_buf_release(&first);
        HN_TRY(st);
        if (peek(t, 0) != ']' && peek(t, 0) != '&') return refuse(t, "an intersection of this form");
    }
    t->at++;
    return meets ? wrap(t, from) : HN_OK;
}

static hn_status group(translator *t) { /* at ( */
    static const char *const same[] = {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"};
    if (peek(t, 1) != '?') {
        hn_buf_putc(t->out, '(');
        t->at++;
        return HN_OK;
    }
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        size_t n = strlen(same[i]);
        if (t->in.n - t->at < n || memcmp(t->in.p + t->at, same[i], n) != 0) continue;
        hn_buf_puts(t->out, same[i]);
        t->at += n;
        return HN_OK;
    }
    return refuse(t, "a group of this form");
}

/* {n}, {n,}, {n,m}, {,m}; anything else in braces is plain text in both. */
static hn_status braces(translator *t) {
    size_t i = t->at + 1, digits = 0;
    bool comma = false, from = false;
    for (; i < t->in.n && (isdigit((unsigned char)t->in.p[i]) || (t->in.p[i] == ',' && !comma)); i++) {
        if (t->in.p[i] == ',') {
            comma = true;
            from = digits > 0;
        } else {
            digits++;
        }
    }
    if (i >= t->in.n || t->in.p[i] != '}' || digits == 0) {
        hn_buf_puts(t->out, "\\{");
        t->at++;
        return HN_OK;
    }
    char next = i + 1 < t->in.n ? t->in.p[i + 1] : '\0';
    if (next == '+' || (next == '?' && !comma)) return refuse(t, "a quantifier behind a quantifier in braces");
    hn_buf_puts(t->out, comma && !from ? "{0" : "{");
    hn_buf_add(t->out, t->in.p + t->at + 1, i - t->at);
    t->at = i + 1;
    return HN_OK;
}

static hn_status escape(translator *t) {
    bool done;
    HN_TRY(shorthand(t, false, &done));
    if (done) return HN_OK;
    char c = peek(t, 1);
    if (c != 'A' && c != 'z') return escaped_char(t);
    hn_buf_printf(t->out, "\\%c", c);
    t->at += 2;
    return HN_OK;
}

hn_status hn_regex_translate(hn_str pattern, hn_buf *out, hn_error *err) {
    translator t = {.in = pattern, .out = out, .err = err};
    hn_buf_clear(out);
    hn_buf_puts(out, "");
    while (left(&t)) {
        char c = peek(&t, 0);
        if (c == '\\') {
            HN_TRY(escape(&t));
        } else if (c == '[') {
            HN_TRY(brackets(&t));
        } else if (c == '(') {
            HN_TRY(group(&t));
        } else if (c == '{') {
            HN_TRY(braces(&t));
        } else {
            hn_buf_putc(out, c);
            t.at++;
        }
    }
    return out->failed ? hn_nomem(err, pattern.n) : HN_OK;
}
