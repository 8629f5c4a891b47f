/* jinja_filters_text.c - filters on text. */
#include "text/jinja/jinja_filter_impl.h"

/* A method of str on what is text already or becomes it. */
static bool by_method(hn_jrun *r, const char *method, hn_jval v, const hn_jval *argument, hn_jval *out) {
    return hn_j_soft_str(r, v, &v) && hn_j_call_method(r, method, v, argument, out);
}

HN_FILTER(upper) { return by_method(r, "upper", a[0], NULL, out); }
HN_FILTER(lower) { return by_method(r, "lower", a[0], NULL, out); }
HN_FILTER(capitalize) { return by_method(r, "capitalize", a[0], NULL, out); }
HN_FILTER(trim) { return by_method(r, "strip", a[0], hn_j_given(a[1]) ? &a[1] : NULL, out); }
HN_FILTER(center) {
    hn_jval width = hn_j_or(a[1], hn_j_int(80));
    return by_method(r, "center", a[0], &width, out);
}

HN_FILTER(string) { return hn_j_soft_str(r, a[0], out); }
HN_FILTER(escape) { return hn_j_escape(r, a[0], out); }
HN_FILTER(forceescape) {
    hn_jval s;
    return hn_j_str_of(r, a[0], &s) && hn_j_escape(r, s, out);
}
HN_FILTER(safe) {
    if (!hn_j_str_of(r, a[0], out)) return false;
    return hn_j_set(out, hn_j_markup(*out));
}

static bool starts_word(uint32_t cp) { return cp == '-' || cp == '(' || cp == '{' || cp == '[' || cp == '<' || hn_py_space(cp); }

HN_FILTER(title) { /* words are apart by blanks, dashes and opening brackets */
    hn_jval s, part;
    size_t at = r->at;
    if (!hn_j_soft_str(r, a[0], &s) || !hn_j_capture(r)) return false;
    hn_str text = hn_j_text(s);
    bool fine = true;
    int len = 0;
    for (size_t i = 0; fine && i < text.n;) {
        size_t from = i;
        bool apart = starts_word(hn_cp_at(text.p + i, &len));
        size_t first = (size_t)len;
        while (i < text.n && starts_word(hn_cp_at(text.p + i, &len)) == apart) i += (size_t)len;
        fine = hn_py_case(r, hn_str_cut(text, from, from + first), HN_CASE_UPPER, &part) && hn_j_write(r, part.s, part.n) &&
               hn_py_case(r, hn_str_cut(text, from + first, i), HN_CASE_LOWER, &part) && hn_j_write(r, part.s, part.n);
    }
    return hn_j_captured(r, at, fine, false, out);
}

HN_FILTER(replace) { /* s old new count */
    hn_jval v[4] = {a[0], a[1], a[2], hn_j_none_or_missing(a[3]) ? hn_j_int(-1) : a[3]};
    bool markup = false;
    if (r->autoescape) {
        bool parts = hn_j_is_markup(a[1]) || hn_j_is_markup(a[2]);
        markup = hn_j_is_markup(a[0]);
        if (parts && !markup) {
            if (!hn_j_escape(r, a[0], &v[0])) return false;
            markup = true;
        }
    }
    for (int i = 0; i < 3; i++)
        if (!(markup ? hn_j_soft_str(r, v[i], &v[i]) : hn_j_str_of(r, v[i], &v[i]))) return false;
    return hn_j_call_func(r, hn_j_method(v[0], hn_str_of("replace")), &(hn_jargs){v, 4, 0, NULL}, out);
}

HN_FILTER(format) { /* value, then either positional or keyword arguments */
    hn_jval s, rest, *items;
    if (args->n == 0) return hn_j_fail(r, HN_J_TYPE, "format needs a value");
    if (args->n > 1 && args->nkw)
        return hn_j_fail(r, HN_J_RUNTIME, "can't handle positional and keyword arguments at the same time");
    if (!hn_j_soft_str(r, args->v[0], &s)) return false;
    if (args->nkw) {
        if (!hn_j_dict_new(r, args->nkw, &rest)) return false;
        for (uint32_t i = 0; i < args->nkw; i++)
            if (!hn_j_dict_put(r, rest, args->kw[i].key, args->kw[i].value)) return false;
    } else {
        if (!hn_j_list_new(r, HN_J_TUPLE, args->n - 1, &rest, &items)) return false;
        memcpy(items, args->v + 1, (args->n - 1) * sizeof *items);
    }
    return hn_j_percent(r, s, rest, out);
}

/* ---- indent */

static bool print_line(hn_jrun *r, hn_jval indent, hn_str line, bool indented) {
    return (!indented || hn_j_write(r, indent.s, indent.n)) && hn_j_write(r, line.p, line.n);
}

HN_FILTER(indent) { /* s width first blank */
    hn_jval indent = hn_j_str("    ", 4);
    hn_str line, whole;
    size_t i = 0, at = r->at;
    bool blank = hn_j_arg_flag(a[3], false), first = true, fine = true;
    if (a[1].kind == HN_J_STR) indent = a[1];
    else if (hn_j_given(a[1]) && !hn_j_binary(r, HN_JN_MUL, hn_j_str(" ", 1), a[1], &indent)) return false;
    if (a[0].kind != HN_J_STR)
        return hn_j_reject(r, a[0], HN_J_TYPE, "unsupported operand type(s) for +=: '%s' and 'str'", hn_j_type(a[0]));
    if (!hn_j_capture(r)) return false;
    hn_buf text = {0}; /* one newline more: a last line that is empty counts */
    hn_buf_add(&text, a[0].s, a[0].n);
    hn_buf_putc(&text, '\n');
    if (text.failed) fine = hn_j_nomem(r);
    while (fine && hn_py_line((hn_str){text.p, text.n}, &i, &line, &whole)) {
        if (!first) fine = hn_j_write(r, "\n", 1);
        bool indented = first ? hn_j_arg_flag(a[2], false) : blank || line.n > 0;
        fine = fine && print_line(r, indent, line, indented);
        first = false;
    }
    hn_buf_release(&text);
    return hn_j_captured(r, at, fine, a[0].flag & HN_J_MARKUP, out);
}

/* ---- truncate, wordcount */

HN_FILTER(truncate) { /* s length killwords end leeway */
    int64_t length = 255, leeway = 5, n;
    hn_jval end = hn_j_or(a[3], hn_j_str("...", 3)), cut;
    int64_t end_n;
    if (!hn_j_arg_int(r, a[1], false, &length) || !hn_j_arg_int(r, a[4], true, &leeway) || !hn_j_len(r, end, &end_n))
        return false;
    if (length < end_n)
        return hn_j_fail(r, HN_J_ASSERT, "expected length >= %lld, got %lld", (long long)end_n, (long long)length);
    if (leeway < 0) return hn_j_fail(r, HN_J_ASSERT, "expected leeway >= 0, got %lld", (long long)leeway);
    if (!hn_j_len(r, a[0], &n)) return false;
    if (n - leeway <= length) return hn_j_set(out, a[0]);
    if (!hn_j_slice(r, a[0], hn_j_missing(), hn_j_int(length - end_n), hn_j_missing(), &cut)) return false;
    if (hn_j_arg_flag(a[2], false)) return hn_j_binary(r, HN_JN_ADD, cut, end, out);
    if (cut.kind != HN_J_STR) return hn_j_no_attribute(r, cut, "rsplit");
    size_t blank = hn_str_rfind(hn_j_text(cut), (hn_str){" ", 1});
    if (blank != SIZE_MAX) cut.n = (uint32_t)blank;
    return hn_j_binary(r, HN_JN_ADD, cut, end, out);
}

static bool is_word(uint32_t cp) { return cp == '_' || hn_py_alnum(cp); }

HN_FILTER(wordcount) {
    hn_jval s;
    int64_t words = 0;
    bool inside = false;
    int len;
    if (!hn_j_soft_str(r, a[0], &s)) return false;
    for (uint32_t i = 0; i < s.n; i += (uint32_t)len) {
        bool word = is_word(hn_cp_at(s.s + i, &len));
        words += word && !inside;
        inside = word;
    }
    *out = hn_j_int(words);
    return hn_j_burn(r, s.n / 8);
}
