/* jinja_repr.c - str() and repr() of values, and HTML escaping. */
#include "text/jinja/jinja_ast_impl.h"

#include <math.h>

bool hn_j_print_escape(hn_jrun *r, uint32_t cp) {
    char b[12];
    return hn_j_write(r, b, (size_t)hn_escape_cp(b, cp));
}

bool hn_j_print_quoted(hn_jrun *r, hn_str s, bool bytes) {
    char quote = s.n && memchr(s.p, '\'', s.n) && !memchr(s.p, '"', s.n) ? '"' : '\'';
    size_t plain = 0;
    if (!hn_j_write(r, &quote, 1)) return false;
    for (size_t i = 0; i < s.n;) {
        int len = 1;
        uint32_t cp = bytes ? (unsigned char)s.p[i] : hn_cp_at(s.p + i, &len);
        bool special =
            cp == (uint32_t)quote || cp == '\\' || cp < 0x20 || cp == 0x7F || (cp >= 0x80 && (bytes || !hn_py_printable(cp)));
        if (special) {
            bool fine = hn_j_write(r, s.p + plain, i - plain);
            char b[2] = {'\\', (char)cp};
            if (cp == '\n' || cp == '\r' || cp == '\t') b[1] = cp == '\n' ? 'n' : cp == '\r' ? 'r' : 't';
            if (cp == (uint32_t)quote || cp == '\\' || b[1] != (char)cp) fine = fine && hn_j_write(r, b, 2);
            else fine = fine && hn_j_print_escape(r, cp);
            if (!fine) return false;
            plain = i + (size_t)len;
        }
        i += (size_t)len;
    }
    return hn_j_write(r, s.p + plain, s.n - plain) && hn_j_write(r, &quote, 1);
}

static bool print_float(hn_jrun *r, double f) {
    if (isnan(f)) return hn_j_puts(r, "nan");
    if (isinf(f)) return hn_j_puts(r, f < 0 ? "-inf" : "inf");
    hn_buf b = {0};
    hn_json_write_num(&b, f);
    bool fine = !b.failed ? hn_j_write(r, b.p, b.n) : hn_j_nomem(r);
    hn_buf_release(&b);
    return fine;
}

static bool print_int(hn_jrun *r, hn_jval v) {
    char b[24];
    hn_str text;
    if (!(v.flag & HN_J_BIG)) return hn_j_write(r, b, (size_t)snprintf(b, sizeof b, "%lld", (long long)v.i));
    if (!hn_j_int_text(&r->mem, v, &text)) return hn_j_nomem(r);
    if (text.n > 4301) return hn_j_fail(r, HN_J_VALUE, "Exceeds the limit (4300 digits) for integer string conversion");
    return hn_j_burn(r, text.n * text.n / 512) && hn_j_write(r, text.p, text.n);
}

static bool print_sequence(hn_jrun *r, hn_jval v) {
    size_t n = hn_j_count(v);
    bool tuple = v.kind == HN_J_TUPLE, fine = hn_j_puts(r, tuple ? "(" : "[");
    for (size_t i = 0; fine && i < n; i++) fine = (i == 0 || hn_j_puts(r, ", ")) && hn_j_print_repr(r, hn_j_at(v, i));
    return fine && hn_j_puts(r, !tuple ? "]" : n == 1 ? ",)" : ")");
}

static bool print_dict(hn_jrun *r, hn_jval v) {
    hn_jwalk w = {0};
    hn_jval key, value;
    bool any = false, fine = hn_j_puts(r, "{");
    while (fine && hn_j_dict_next(r, v, &w, &key, &value)) {
        fine = (!any || hn_j_puts(r, ", ")) && hn_j_print_repr(r, key) && hn_j_puts(r, ": ") && hn_j_print_repr(r, value);
        any = true;
    }
    return fine && hn_j_puts(r, "}");
}

static bool print_view(hn_jrun *r, hn_jval v) {
    hn_jval list;
    return hn_j_to_list(r, v, HN_J_LIST, &list) && hn_j_puts(r, hn_j_type(v)) && hn_j_puts(r, "(") && print_sequence(r, list) &&
           hn_j_puts(r, ")");
}

static bool print_range(hn_jrun *r, const hn_jrange *g) {
    char b[100];
    int n = g->step == 1
                ? snprintf(b, sizeof b, "range(%lld, %lld)", (long long)g->start, (long long)g->stop)
                : snprintf(b, sizeof b, "range(%lld, %lld, %lld)", (long long)g->start, (long long)g->stop, (long long)g->step);
    return hn_j_write(r, b, (size_t)n);
}

static bool print_loop(hn_jrun *r, hn_jval v) {
    char b[64];
    int64_t length;
    if (!hn_j_len(r, v, &length)) return false;
    return hn_j_write(r, b,
                      (size_t)snprintf(b, sizeof b, "<LoopContext %lld/%lld>", (long long)v.loop->index0 + 1, (long long)length));
}

static bool print_macro(hn_jrun *r, const hn_jmacro *m) {
    if (!m->name.p) return hn_j_puts(r, "<Macro anonymous>");
    return hn_j_puts(r, "<Macro ") && hn_j_print_quoted(r, m->name, false) && hn_j_puts(r, ">");
}

/* Things whose text holds an address in Python: the address alone differs. */
static bool print_object(hn_jrun *r, hn_jval v) {
    char b[160];
    const char *what = hn_j_type(v);
    int n =
        snprintf(b, sizeof b, v.kind == HN_J_FUNC ? "<function %s>" : "<%s object>", v.kind == HN_J_FUNC ? v.func->name : what);
    if (v.kind == HN_J_METHOD)
        n = snprintf(b, sizeof b, "<built-in method %s of %s object>", v.bound->func->name, hn_j_type(v.bound->self));
    return hn_j_write(r, b, (size_t)n);
}

static bool print_inner(hn_jrun *r, hn_jval v) {
    switch ((hn_jkind)v.kind) {
    case HN_J_MISSING: return hn_j_puts(r, "missing");
    case HN_J_UNDEF: return hn_j_puts(r, "Undefined");
    case HN_J_NONE: return hn_j_puts(r, "None");
    case HN_J_BOOL: return hn_j_puts(r, v.i ? "True" : "False");
    case HN_J_INT: return print_int(r, v);
    case HN_J_FLOAT: return print_float(r, v.f);
    case HN_J_STR:
        if (!(v.flag & HN_J_MARKUP)) return hn_j_print_quoted(r, hn_j_text(v), false);
        return hn_j_puts(r, "Markup(") && hn_j_print_quoted(r, hn_j_text(v), false) && hn_j_puts(r, ")");
    case HN_J_BYTES: return hn_j_puts(r, "b") && hn_j_print_quoted(r, hn_j_text(v), true);
    case HN_J_LIST: case HN_J_TUPLE: return print_sequence(r, v);
    case HN_J_DICT: return print_dict(r, v);
    case HN_J_VIEW: return print_view(r, v);
    case HN_J_RANGE_OBJ: return print_range(r, v.range);
    case HN_J_MACRO: return print_macro(r, v.macro);
    case HN_J_SPACE:
        return hn_j_puts(r, "<Namespace ") && print_dict(r, (hn_jval){.kind = HN_J_DICT, .dict = v.dict}) && hn_j_puts(r, ">");
    case HN_J_LOOP: return print_loop(r, v);
    case HN_J_SELF: return hn_j_puts(r, "<TemplateReference None>");
    default: return print_object(r, v);
    }
}

bool hn_j_print_repr(hn_jrun *r, hn_jval v) {
    if (!hn_j_enter(r) || !hn_j_burn(r, 1)) return false;
    bool fine = print_inner(r, v);
    hn_j_leave(r);
    return fine;
}

bool hn_j_print(hn_jrun *r, hn_jval v) {
    if (v.kind == HN_J_STR) return hn_j_write(r, v.s, v.n);
    return v.kind == HN_J_UNDEF || hn_j_print_repr(r, v);
}

bool hn_j_str_of(hn_jrun *r, hn_jval v, hn_jval *out) {
    if (v.kind == HN_J_STR) return hn_j_set(out, hn_j_plain(v));
    if (v.kind == HN_J_UNDEF) return hn_j_set(out, hn_j_str("", 0));
    return hn_j_collect(r, hn_j_print_repr, v, out);
}

bool hn_j_soft_str(hn_jrun *r, hn_jval v, hn_jval *out) {
    if (v.kind != HN_J_STR) return hn_j_str_of(r, v, out);
    return hn_j_set(out, v);
}

bool hn_j_repr(hn_jrun *r, hn_jval v, hn_jval *out) { return hn_j_collect(r, hn_j_print_repr, v, out); }

bool hn_j_print_escaped(hn_jrun *r, hn_jval v) {
    hn_jval s;
    if (!hn_j_soft_str(r, v, &s)) return false;
    if (s.flag & HN_J_MARKUP) return hn_j_write(r, s.s, s.n);
    size_t plain = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *by = s.s[i] == '&' ? "&amp;" : s.s[i] == '<' ? "&lt;" : s.s[i] == '>' ? "&gt;" : s.s[i] == '\'' ? "&#39;"
                       : s.s[i] == '"' ? "&#34;" : NULL;
        if (!by) continue;
        if (!hn_j_write(r, s.s + plain, i - plain) || !hn_j_puts(r, by)) return false;
        plain = i + 1;
    }
    return hn_j_write(r, s.s + plain, s.n - plain);
}

static bool needs_escape(hn_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '&' || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == '\'' || s.p[i] == '"') return true;
    return false;
}

bool hn_j_escape(hn_jrun *r, hn_jval v, hn_jval *out) {
    if (v.kind == HN_J_STR && ((v.flag & HN_J_MARKUP) || !needs_escape(hn_j_text(v)))) *out = v;
    else if (!hn_j_collect(r, hn_j_print_escaped, v, out)) return false;
    return hn_j_set(out, hn_j_markup(*out));
}
