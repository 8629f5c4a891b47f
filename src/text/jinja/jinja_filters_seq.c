/* jinja_filters_seq.c - filters on sequences that answer at once: first, last, length, sort, min, max, sum, join ... */
#include "text/jinja/jinja_filter_impl.h"

/* ---- paths of attributes */

static bool path_part(hn_jrun *r, hn_str text, hn_jval *out) {
    if (hn_str_digits(text)) return hn_j_str_to_int(r, text, 10, out);
    return hn_j_set(out, hn_j_of(text));
}

/* The next part of a text, parts being apart by sep. False: there are no more. */
static bool next_part(hn_str text, char sep, size_t *at, hn_str *part) {
    if (*at > text.n) return false;
    const char *end = memchr(text.p + *at, sep, text.n - *at);
    *part = hn_str_cut(text, *at, end ? (size_t)(end - text.p) : text.n);
    *at += part->n + 1;
    return true;
}

static bool split_path(hn_jrun *r, hn_str text, hn_jpath *p) {
    hn_jgrow g = {0};
    hn_jval part;
    hn_str one;
    for (size_t at = 0; next_part(text, '.', &at, &one);)
        if (!path_part(r, one, &part) || !hn_j_grow(r, &g, part)) return false;
    p->part = g.v;
    p->n = g.n;
    return true;
}

bool hn_j_path(hn_jrun *r, hn_jval attribute, bool fold, hn_jpath *out) {
    *out = (hn_jpath){.fold = fold, .otherwise = hn_j_missing()};
    if (hn_j_none_or_missing(attribute)) return true;
    if (attribute.kind == HN_J_STR) return split_path(r, hn_j_text(attribute), out);
    out->part = hn_j_alloc(r, sizeof *out->part);
    if (!out->part) return false;
    out->part[out->n++] = attribute;
    return true;
}

bool hn_j_path_get(hn_jrun *r, const hn_jpath *p, hn_jval item, hn_jval *out) {
    for (size_t i = 0; i < p->n; i++) {
        if (!hn_j_getitem(r, item, p->part[i], &item)) return false;
        if (hn_j_given(p->otherwise) && item.kind == HN_J_UNDEF) item = p->otherwise;
    }
    if (p->fold && item.kind == HN_J_STR) return hn_py_case(r, hn_j_text(item), HN_CASE_LOWER, out);
    return hn_j_set(out, item);
}

/* ---- one item, how many, a list */

HN_FILTER(first) {
    hn_jiter *it = hn_j_iter(r, a[0]);
    int more = hn_j_next(r, it, out);
    if (more == 0) return hn_j_undefined(r, "No first item, sequence was empty.", out);
    return more == 1;
}

HN_FILTER(last) {
    hn_jval back;
    if (!hn_j_reversed(r, a[0], &back)) return false;
    int more = hn_j_next(r, back.iter, out);
    if (more == 0) return hn_j_undefined(r, "No last item, sequence was empty.", out);
    return more == 1;
}

HN_FILTER(random) {
    int64_t n;
    if (!hn_j_len(r, a[0], &n)) return false;
    if (n == 0) return hn_j_undefined(r, "No random item, sequence was empty.", out);
    r->dice = r->dice * 1664525u + 1013904223u;
    int64_t at = (int64_t)(((uint64_t)r->dice * (uint64_t)n) >> 32);
    if (a[0].kind != HN_J_STR && a[0].kind != HN_J_LIST && a[0].kind != HN_J_TUPLE && a[0].kind != HN_J_RANGE_OBJ)
        return hn_j_fail(r, HN_J_LOOKUP, "cannot choose from a %s", hn_j_type(a[0]));
    return hn_j_getitem(r, a[0], hn_j_int(at), out);
}

HN_FILTER(length) {
    int64_t n;
    if (!hn_j_len(r, a[0], &n)) return false;
    return hn_j_set(out, hn_j_int(n));
}

HN_FILTER(list) { return hn_j_to_list(r, a[0], HN_J_LIST, out); }

HN_FILTER(reverse) {
    if (a[0].kind == HN_J_STR) return hn_j_slice(r, a[0], hn_j_missing(), hn_j_missing(), hn_j_int(-1), out);
    if (hn_j_reversed(r, a[0], out)) return true;
    if (r->err != HN_J_TYPE) return false;
    hn_j_forgive(r);
    if (!hn_j_iterable(a[0])) return hn_j_fail(r, HN_J_RUNTIME, "argument must be iterable");
    hn_jval list, back, *items;
    if (!hn_j_to_list(r, a[0], HN_J_LIST, &list)) return false;
    size_t n = hn_j_count(list);
    if (!hn_j_list_new(r, HN_J_LIST, n, &back, &items)) return false;
    for (size_t i = 0; i < n; i++) items[i] = hn_j_at(list, n - 1 - i);
    return hn_j_set(out, back);
}

HN_FILTER(default) {
    *out = a[0];
    if (a[0].kind == HN_J_UNDEF || (hn_j_arg_flag(a[2], false) && !hn_j_truth(a[0]))) *out = hn_j_or(a[1], hn_j_str("", 0));
    return true;
}

HN_FILTER(attr) {
    if (a[1].kind != HN_J_STR) return hn_j_fail(r, HN_J_TYPE, "attribute name must be string, not '%s'", hn_j_type(a[1]));
    int found = hn_j_attr(r, a[0], hn_j_text(a[1]), out);
    if (found != 0) return found == 1;
    return hn_j_undefined_name(r, hn_j_text(a[1]), out);
}

/* ---- order */

static bool sorted(hn_jrun *r, hn_jval value, const hn_jpath *paths, size_t k, bool lists, bool descending, hn_jval *out,
                   hn_jval **keys, uint32_t **order) {
    hn_jval list, *items;
    if (!hn_j_to_list(r, value, HN_J_LIST, &list)) return false;
    size_t n = hn_j_count(list);
    hn_jval *key = hn_j_alloc(r, (n * k + 1) * sizeof *key);
    uint32_t *at = hn_j_alloc(r, (n + 1) * sizeof *at);
    if (!key || !at) return false;
    for (size_t i = 0; i < n; i++) {
        at[i] = (uint32_t)i;
        for (size_t p = 0; p < k; p++)
            if (!hn_j_path_get(r, &paths[p], hn_j_at(list, i), &key[i * k + p])) return false;
    }
    if (!hn_j_sort(r, at, n, key, k, lists, descending) || !hn_j_list_new(r, HN_J_LIST, n, out, &items)) return false;
    for (size_t i = 0; i < n; i++) items[i] = hn_j_at(list, at[i]);
    if (keys) *keys = key;
    if (order) *order = at;
    return true;
}

HN_FILTER(sort) { /* value reverse case_sensitive attribute: "a,b.c" sorts by several */
    bool fold = !hn_j_arg_flag(a[2], false);
    hn_str text = a[3].kind == HN_J_STR ? hn_j_text(a[3]) : (hn_str){"", 0}, one;
    size_t k = 1, at = 0;
    for (size_t i = 0; i < text.n; i++) k += text.p[i] == ',';
    hn_jpath *paths = hn_j_alloc(r, k * sizeof *paths);
    if (!paths) return false;
    for (size_t i = 0; i < k && next_part(text, ',', &at, &one); i++)
        if (!hn_j_path(r, a[3].kind == HN_J_STR ? hn_j_of(one) : a[3], fold, &paths[i])) return false;
    return sorted(r, a[0], paths, k, true, hn_j_arg_flag(a[1], false), out, NULL, NULL);
}

HN_FILTER(dictsort) { /* value case_sensitive by reverse */
    hn_jval pairs, at = hn_j_int(0);
    hn_jpath path;
    if (hn_j_given(a[2]) && !hn_j_is(a[2], "key")) {
        if (!hn_j_is(a[2], "value")) return hn_j_fail(r, HN_J_RUNTIME, "You can only sort by either \"key\" or \"value\"");
        at = hn_j_int(1);
    }
    if (a[0].kind != HN_J_DICT) return hn_j_no_attribute(r, a[0], "items");
    return hn_j_view(r, a[0], HN_J_ITEMS, &pairs) && hn_j_path(r, at, !hn_j_arg_flag(a[1], false), &path) &&
           sorted(r, pairs, &path, 1, false, hn_j_arg_flag(a[3], false), out, NULL, NULL);
}

HN_FILTER(groupby) { /* value attribute default case_sensitive */
    hn_jpath path, plain;
    hn_jval list, *key;
    uint32_t *order;
    hn_jgrow groups = {0};
    bool fold = !hn_j_arg_flag(a[3], false), same;
    if (!hn_j_path(r, a[1], fold, &path)) return false;
    if (!hn_j_none_or_missing(a[2])) path.otherwise = a[2];
    if (!sorted(r, a[0], &path, 1, false, false, &list, &key, &order)) return false;
    plain = path;
    plain.fold = false;
    size_t n = hn_j_count(list);
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        for (; end < n; end++) {
            if (!hn_j_same_or_equal(r, key[order[i]], key[order[end]], &same)) return false;
            if (!same) break;
        }
        hn_jval members, group, *items, name;
        if (!hn_j_list_new(r, HN_J_LIST, end - i, &members, &items)) return false;
        memcpy(items, list.list->v + i, (end - i) * sizeof *items);
        if (!hn_j_path_get(r, fold ? &plain : &path, items[0], &name) || !hn_j_pair(r, name, members, &group)) return false;
        group.flag |= HN_J_GROUP;
        if (!hn_j_grow(r, &groups, group)) return false;
        i = end;
    }
    return hn_j_grown(r, &groups, HN_J_LIST, out);
}

static bool extreme(hn_jrun *r, const hn_jval *a, bool least, hn_jval *out) {
    hn_jpath path;
    hn_jval x, key, best;
    hn_jiter *it = hn_j_iter(r, a[0]);
    int more = hn_j_next(r, it, out);
    if (more == 0) return hn_j_undefined(r, "No aggregated item, sequence was empty.", out);
    if (more < 0 || !hn_j_path(r, a[2], !hn_j_arg_flag(a[1], false), &path) || !hn_j_path_get(r, &path, *out, &best))
        return false;
    while ((more = hn_j_next(r, it, &x)) == 1) {
        bool yes;
        if (!hn_j_path_get(r, &path, x, &key) || !(least ? hn_j_less(r, key, best, &yes) : hn_j_order(r, key, best, ">", &yes)))
            return false;
        if (!yes) continue;
        *out = x;
        best = key;
    }
    return more == 0;
}
HN_FILTER(min) { return extreme(r, a, true, out); }
HN_FILTER(max) { return extreme(r, a, false, out); }

/* ---- together */

HN_FILTER(sum) { /* iterable attribute start */
    hn_jpath path;
    hn_jval x;
    *out = hn_j_or(a[2], hn_j_int(0));
    if (out->kind == HN_J_STR) return hn_j_fail(r, HN_J_TYPE, "sum() can't sum strings [use ''.join(seq) instead]");
    hn_jiter *it = hn_j_path(r, a[1], false, &path) ? hn_j_iter(r, a[0]) : NULL;
    int more;
    while ((more = hn_j_next(r, it, &x)) == 1)
        if (!hn_j_path_get(r, &path, x, &x) || !hn_j_binary(r, HN_JN_ADD, *out, x, out)) return false;
    return more == 0;
}

/* Where escaping is on: markup among the items, or as the separator, makes markup of it all. */
static bool join_escaping(hn_jrun *r, hn_jval list, hn_jval sep, hn_jval *out) {
    size_t n = hn_j_count(list), at = r->at;
    bool markup = hn_j_is_markup(sep);
    for (size_t i = 0; !markup && i < n; i++) markup = hn_j_is_markup(hn_j_at(list, i));
    bool fine = (markup ? hn_j_escape(r, sep, &sep) : hn_j_str_of(r, sep, &sep)) && hn_j_capture(r);
    for (size_t i = 0; fine && i < n; i++)
        fine = (i == 0 || hn_j_write(r, sep.s, sep.n)) && (markup ? hn_j_print_escaped : hn_j_print)(r, hn_j_at(list, i));
    return hn_j_captured(r, at, fine, markup, out);
}

HN_FILTER(join) { /* value d attribute */
    hn_jpath path;
    hn_jval sep = hn_j_or(a[1], hn_j_str("", 0)), x;
    if (r->autoescape) {
        hn_jval list, *items;
        if (!hn_j_path(r, a[2], false, &path) || !hn_j_to_list(r, a[0], HN_J_LIST, &list)) return false;
        items = (hn_jval *)(uintptr_t)list.list->v;
        for (size_t i = 0; i < hn_j_count(list); i++)
            if (!hn_j_path_get(r, &path, items[i], &items[i])) return false;
        return join_escaping(r, list, sep, out);
    }
    size_t at = r->at;
    hn_jiter *it = hn_j_path(r, a[2], false, &path) && hn_j_str_of(r, sep, &sep) ? hn_j_iter(r, a[0]) : NULL;
    int more = 1;
    bool fine = it && hn_j_capture(r);
    for (bool first = true; fine && (more = hn_j_next(r, it, &x)) == 1; first = false)
        fine = hn_j_path_get(r, &path, x, &x) && (first || hn_j_write(r, sep.s, sep.n)) && hn_j_print(r, x);
    return hn_j_captured(r, at, fine && more == 0, false, out);
}
