/* jinja_pprint.c - the filter pprint: Python's pprint.pformat, 80 columns wide. */
#include "text/jinja/jinja_filter_impl.h"

enum { WIDTH = 80 };

static int type_order(hn_jval a, hn_jval b) {
    int cmp = strcmp(hn_j_type(a), hn_j_type(b));
    return cmp ? cmp : a.p < b.p ? -1 : a.p > b.p;
}

/* Keys that do not compare are ordered by their types. */
static bool sorted_keys(hn_jrun *r, hn_jval dict, hn_jval **keys, hn_jval **values) {
    size_t n = 0, count = hn_j_count(dict);
    hn_jwalk w = {0};
    hn_jval *k = hn_j_alloc(r, (count + 1) * sizeof *k), *v = hn_j_alloc(r, (count + 1) * sizeof *v);
    if (!k || !v) return false;
    hn_jval key, value;
    while (hn_j_dict_next(r, dict, &w, &key, &value)) {
        size_t at = n++;
        for (; at > 0; at--) {
            bool less;
            if (!hn_j_less(r, key, k[at - 1], &less)) {
                if (r->err != HN_J_TYPE) return false;
                hn_j_forgive(r);
                less = type_order(key, k[at - 1]) < 0;
            }
            if (!less) break;
            k[at] = k[at - 1];
            v[at] = v[at - 1];
        }
        k[at] = key;
        v[at] = value;
        if (!hn_j_burn(r, n)) return false;
    }
    *keys = k;
    *values = v;
    return true;
}

static bool put_repr(hn_jrun *r, hn_jval v);

static bool put_repr_inner(hn_jrun *r, hn_jval v) {
    hn_jval *keys, *values;
    size_t n = v.kind == HN_J_DICT || v.kind == HN_J_LIST || v.kind == HN_J_TUPLE ? hn_j_count(v) : 0;
    bool fine = true;
    if (n == 0) return hn_j_print_repr(r, v);
    if (v.kind != HN_J_DICT) {
        fine = hn_j_puts(r, v.kind == HN_J_LIST ? "[" : "(");
        for (size_t i = 0; fine && i < n; i++) fine = (i == 0 || hn_j_puts(r, ", ")) && put_repr(r, hn_j_at(v, i));
        return fine && hn_j_puts(r, v.kind == HN_J_LIST ? "]" : n == 1 ? ",)" : ")");
    }
    fine = sorted_keys(r, v, &keys, &values) && hn_j_puts(r, "{");
    for (size_t i = 0; fine && i < n; i++)
        fine = (i == 0 || hn_j_puts(r, ", ")) && put_repr(r, keys[i]) && hn_j_puts(r, ": ") && put_repr(r, values[i]);
    return fine && hn_j_puts(r, "}");
}

static bool put_repr(hn_jrun *r, hn_jval v) { /* as repr, but dicts are sorted */
    if (!hn_j_enter(r)) return false;
    bool fine = put_repr_inner(r, v);
    hn_j_leave(r);
    return fine;
}

static bool new_line(hn_jrun *r, int64_t indent) {
    return hn_j_write(r, "\n", 1) && hn_j_write_times(r, (hn_str){" ", 1}, indent);
}

static bool put(hn_jrun *r, hn_jval v, int64_t indent, int64_t allowance, int level);

static bool put_items(hn_jrun *r, hn_jval v, int64_t indent, int64_t allowance, int level) {
    size_t n = hn_j_count(v);
    bool tuple = v.kind == HN_J_TUPLE, fine = hn_j_puts(r, tuple ? "(" : "[");
    const char *end = !tuple ? "]" : n == 1 ? ",)" : ")";
    allowance += (int64_t)strlen(end);
    indent++;
    for (size_t i = 0; fine && i < n; i++) {
        if (i) fine = hn_j_write(r, ",", 1) && new_line(r, indent);
        fine = fine && put(r, hn_j_at(v, i), indent, i + 1 == n ? allowance : 1, level);
    }
    return fine && hn_j_puts(r, end);
}

static bool put_dict(hn_jrun *r, hn_jval v, int64_t indent, int64_t allowance, int level) {
    hn_jval *keys, *values, rep;
    size_t n = hn_j_count(v);
    bool fine = sorted_keys(r, v, &keys, &values) && hn_j_puts(r, "{");
    indent++;
    for (size_t i = 0; fine && i < n; i++) {
        if (i) fine = hn_j_write(r, ",", 1) && new_line(r, indent);
        fine = fine && hn_j_collect(r, put_repr, keys[i], &rep) && hn_j_write(r, rep.s, rep.n) && hn_j_puts(r, ": ") &&
               put(r, values[i], indent + (int64_t)hn_cp_count(hn_j_text(rep)) + 2, i + 1 == n ? allowance + 1 : 1, level);
    }
    return fine && hn_j_puts(r, "}");
}

static int64_t repr_width(hn_jrun *r, hn_str s, hn_jval *rep) {
    return hn_j_repr(r, hn_j_of(s), rep) ? (int64_t)hn_cp_count(hn_j_text(*rep)) : -1;
}

/* A line too long, cut behind blanks. */
static bool cut_line(hn_jrun *r, hn_str line, int64_t width, int64_t last_width, hn_jgrow *chunks) {
    hn_jval rep;
    size_t from = 0, have = 0;
    int len;
    for (size_t i = 0; i < line.n;) {
        while (i < line.n && !hn_py_space(hn_cp_at(line.p + i, &len))) i += (size_t)len;
        while (i < line.n && hn_py_space(hn_cp_at(line.p + i, &len))) i += (size_t)len;
        int64_t wide = repr_width(r, hn_str_cut(line, from, i), &rep);
        if (wide < 0 || !hn_j_burn(r, (i - from) / 4)) return false;
        if (wide > (i == line.n ? last_width : width) && have > from) {
            if (repr_width(r, hn_str_cut(line, from, have), &rep) < 0 || !hn_j_grow(r, chunks, rep)) return false;
            from = have;
        }
        have = i;
    }
    return have <= from || (repr_width(r, hn_str_cut(line, from, have), &rep) >= 0 && hn_j_grow(r, chunks, rep));
}

static bool put_str(hn_jrun *r, hn_jval v, int64_t indent, int64_t allowance, int level) {
    hn_jgrow chunks = {0};
    hn_str line, whole;
    hn_jval rep = hn_j_str("", 0);
    size_t at = 0;
    if (v.n == 0) return hn_j_print_repr(r, v);
    if (level == 1) {
        indent++;
        allowance++;
    }
    while (hn_py_line(hn_j_text(v), &at, &line, &whole)) {
        bool last = at == v.n;
        int64_t width = WIDTH - indent, wide = repr_width(r, whole, &rep);
        if (wide < 0) return false;
        if (wide <= width - (last ? allowance : 0) ? !hn_j_grow(r, &chunks, rep)
                                                   : !cut_line(r, whole, width, width - (last ? allowance : 0), &chunks))
            return false;
    }
    if (chunks.n == 1) return hn_j_write(r, rep.s, rep.n);
    bool fine = level != 1 || hn_j_puts(r, "(");
    for (size_t i = 0; fine && i < chunks.n; i++)
        fine = (i == 0 || new_line(r, indent)) && hn_j_write(r, chunks.v[i].s, chunks.v[i].n);
    return fine && (level != 1 || hn_j_puts(r, ")"));
}

static bool put(hn_jrun *r, hn_jval v, int64_t indent, int64_t allowance, int level) {
    hn_jval rep;
    bool fine;
    if (!hn_j_enter(r) || !hn_j_collect(r, put_repr, v, &rep)) return false;
    if ((int64_t)hn_cp_count(hn_j_text(rep)) <= WIDTH - indent - allowance) fine = hn_j_write(r, rep.s, rep.n);
    else if (v.kind == HN_J_DICT) fine = put_dict(r, v, indent, allowance, level + 1);
    else if (hn_j_is_list(v)) fine = put_items(r, v, indent, allowance, level + 1);
    else if (v.kind == HN_J_STR && !(v.flag & HN_J_MARKUP)) fine = put_str(r, v, indent, allowance, level + 1);
    else fine = hn_j_write(r, rep.s, rep.n);
    hn_j_leave(r);
    return fine;
}

HN_FILTER(pprint) {
    size_t at = r->at;
    return hn_j_captured(r, at, hn_j_capture(r) && put(r, a[0], 0, 0, 0), false, out);
}
