/* jinja_format_str.c - str.format and str.format_map: fields in braces, with attributes, items, conversions, nested
 * specifications. Attributes and items go through the sandbox, as everywhere. */
#include "text/jinja/jinja_ast_impl.h"

typedef struct fields { /* what the braces refer to */
    const hn_jval *v;
    uint32_t n;
    hn_jval mapping;       /* a dict; MISSING: keywords */
    const hn_jargs *args;
    int64_t automatic;     /* next number of {}; -1: numbers are written */
    bool markup;
} fields;

static int64_t number(hn_str s) {
    size_t i = 0;
    return hn_str_number(s, &i);
}

static bool positional(hn_jrun *r, const fields *f, int64_t i, hn_jval *out) {
    if (i >= f->n)
        return hn_j_fail(r, HN_J_LOOKUP, "Replacement index %lld out of range for positional args tuple", (long long)i);
    return hn_j_set(out, f->v[i]);
}

static bool first_value(hn_jrun *r, fields *f, hn_str name, hn_jval *out) {
    if (name.n == 0) {
        if (f->automatic < 0)
            return hn_j_fail(r, HN_J_VALUE, "cannot switch from manual field specification to automatic field numbering");
        return positional(r, f, f->automatic++, out);
    }
    if (hn_str_digits(name)) {
        if (f->automatic > 0)
            return hn_j_fail(r, HN_J_VALUE, "cannot switch from automatic field numbering to manual field specification");
        f->automatic = -1;
        return positional(r, f, number(name), out);
    }
    if (hn_j_given(f->mapping)) {
        hn_jval key = hn_j_of(name);
        if (f->mapping.kind == HN_J_DICT) {
            int found = hn_j_dict_find(r, f->mapping, key, out);
            if (found != 0) return found == 1;
        } else {
            return hn_j_reject(r, f->mapping, HN_J_TYPE, "'%s' object is not subscriptable", hn_j_type(f->mapping));
        }
    } else {
        for (uint32_t i = 0; i < f->args->nkw; i++)
            if (hn_str_same(hn_j_text(f->args->kw[i].key), name)) return hn_j_set(out, f->args->kw[i].value);
    }
    return hn_j_fail(r, HN_J_LOOKUP, "'%.*s'", HN_J_SHORT(name));
}

/* name, then .attribute and [item] as often as one likes */
static bool field_value(hn_jrun *r, fields *f, hn_str name, hn_jval *out) {
    size_t i = 0;
    while (i < name.n && name.p[i] != '.' && name.p[i] != '[') i++;
    if (!first_value(r, f, hn_str_cut(name, 0, i), out)) return false;
    while (i < name.n) {
        size_t from = i + 1;
        if (name.p[i] == '.') {
            for (i = from; i < name.n && name.p[i] != '.' && name.p[i] != '[';) i++;
            if (i == from) return hn_j_fail(r, HN_J_VALUE, "Empty attribute in format string");
            if (!hn_j_getattr(r, *out, hn_str_cut(name, from, i), out)) return false;
        } else if (name.p[i] == '[') {
            for (i = from; i < name.n && name.p[i] != ']';) i++;
            if (i == name.n) return hn_j_fail(r, HN_J_VALUE, "Missing ']' in format string");
            if (i == from) return hn_j_fail(r, HN_J_VALUE, "Empty attribute in format string");
            hn_str key = hn_str_cut(name, from, i++);
            if (!hn_j_getitem(r, *out, hn_str_digits(key) ? hn_j_int(number(key)) : hn_j_of(key), out)) return false;
        } else {
            return hn_j_fail(r, HN_J_VALUE, "Only '.' or '[' may follow ']' in format field specifier");
        }
    }
    return true;
}

/* The quotes of a repr are there already: what is between them is escaped. */
static bool print_ascii(hn_jrun *r, hn_jval s) {
    int len;
    bool fine = true;
    for (uint32_t i = 0; fine && i < s.n; i += (uint32_t)len) {
        uint32_t cp = hn_cp_at(s.s + i, &len);
        fine = cp < 0x80 ? hn_j_write(r, s.s + i, 1) : hn_j_print_escape(r, cp);
    }
    return fine;
}

static bool convert(hn_jrun *r, char how, hn_jval v, hn_jval *out) {
    switch (how) {
    case '\0': *out = v; return true;
    case 's': return hn_j_str_of(r, v, out);
    case 'r': return hn_j_repr(r, v, out);
    case 'a': return hn_j_repr(r, v, out) && hn_j_collect(r, print_ascii, *out, out);
    default: return hn_j_fail(r, HN_J_VALUE, "Unknown conversion specifier %c", how);
    }
}

static bool format_into(hn_jrun *r, fields *f, hn_str s, int depth);

static bool put_value(hn_jrun *r, const fields *f, hn_jval v, hn_str spec) {
    hn_jval text;
    if (!f->markup) return hn_j_format(r, v, spec, &text) && hn_j_write(r, text.s, text.n);
    if (hn_j_is_markup(v)) {
        if (spec.n) return hn_j_fail(r, HN_J_VALUE, "Unsupported format specification for Markup.");
        return hn_j_write(r, v.s, v.n);
    }
    return hn_j_format(r, v, spec, &text) && hn_j_print_escaped(r, text);
}

/* One field, the text between its braces. */
static bool put_field(hn_jrun *r, fields *f, hn_str body, int depth) {
    size_t name_end = 0, at;
    char how = '\0';
    hn_jval v, spec = hn_j_str("", 0);
    bool inside = false;
    for (; name_end < body.n; name_end++) {
        char c = body.p[name_end];
        if (c == '{') return hn_j_fail(r, HN_J_VALUE, "unexpected '{' in field name");
        if (c == '[') inside = true;
        if (c == ']') inside = false;
        if (!inside && (c == '!' || c == ':')) break;
    }
    at = name_end;
    if (!field_value(r, f, hn_str_cut(body, 0, name_end), &v)) return false;
    if (at < body.n && body.p[at] == '!') {
        if (at + 1 >= body.n) return hn_j_fail(r, HN_J_VALUE, "end of string while looking for conversion specifier");
        how = body.p[at + 1];
        at += 2;
        if (at < body.n && body.p[at] != ':') return hn_j_fail(r, HN_J_VALUE, "expected ':' after conversion specifier");
    }
    if (!convert(r, how, v, &v)) return false;
    if (at < body.n) {
        size_t before = r->at;
        if (depth == 0) return hn_j_fail(r, HN_J_VALUE, "Max string recursion exceeded");
        bool fine = hn_j_capture(r) && format_into(r, f, hn_str_cut(body, at + 1, body.n), depth - 1);
        if (!hn_j_captured(r, before, fine, false, &spec)) return false;
    }
    return put_value(r, f, v, hn_j_text(spec));
}

static bool format_into(hn_jrun *r, fields *f, hn_str s, int depth) {
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        while (i < s.n && s.p[i] != '{' && s.p[i] != '}') i++;
        if (!hn_j_write(r, s.p + from, i - from)) return false;
        if (i == s.n) break;
        if (i + 1 < s.n && s.p[i + 1] == s.p[i]) { /* doubled: itself */
            if (!hn_j_write(r, s.p + i, 1)) return false;
            i += 2;
            continue;
        }
        if (s.p[i] == '}') return hn_j_fail(r, HN_J_VALUE, "Single '}' encountered in format string");
        size_t open = ++i, level = 1;
        for (; i < s.n && level; i++) level += s.p[i] == '{' ? 1 : s.p[i] == '}' ? (size_t)-1 : 0;
        if (level)
            return hn_j_fail(r, HN_J_VALUE,
                             open == s.n ? "Single '{' encountered in format string" : "expected '}' before end of string");
        if (!put_field(r, f, hn_str_cut(s, open, i - 1), depth)) return false;
    }
    return true;
}

bool hn_j_format_map(hn_jrun *r, hn_jval s, const hn_jargs *args, hn_jval mapping, hn_jval *out) {
    fields f = {.args = args, .mapping = mapping, .markup = s.flag & HN_J_MARKUP};
    size_t at = r->at;
    if (!hn_j_given(mapping)) {
        f.v = args->v + 1; /* behind the string itself */
        f.n = args->n - 1;
    }
    return hn_j_captured(r, at, hn_j_capture(r) && format_into(r, &f, hn_j_text(s), 2), f.markup, out);
}
