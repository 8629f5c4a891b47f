/* jinja_value.c - what Python says about values: types, truth, length, equality, order, membership, hashes. */
#include "text/jinja/jinja_ast_impl.h"

#include <math.h>

const char *hn_j_type(hn_jval v) {
    static const char *const names[HN_J_KINDS] = {
        [HN_J_MISSING] = "missing", [HN_J_UNDEF] = "Undefined", [HN_J_NONE] = "NoneType", [HN_J_BOOL] = "bool",
        [HN_J_INT] = "int", [HN_J_FLOAT] = "float", [HN_J_BYTES] = "bytes", [HN_J_LIST] = "list", [HN_J_TUPLE] = "tuple",
        [HN_J_DICT] = "dict", [HN_J_RANGE_OBJ] = "range", [HN_J_FUNC] = "function", [HN_J_METHOD] = "builtin_function_or_method",
        [HN_J_MACRO] = "Macro", [HN_J_SPACE] = "TemplateNamespace", [HN_J_LOOP] = "LoopContext", [HN_J_CYCLER] = "Cycler",
        [HN_J_JOINER] = "Joiner", [HN_J_SELF] = "TemplateReference", [HN_J_BLOCKREF] = "BlockReference"};
    if (v.kind == HN_J_STR) return v.flag & HN_J_MARKUP ? "Markup" : "str";
    if (v.kind == HN_J_ITER) return v.iter->type;
    if (v.kind == HN_J_VIEW) return v.flag == HN_J_KEYS ? "dict_keys" : v.flag == HN_J_VALUES ? "dict_values" : "dict_items";
    return names[v.kind];
}

bool hn_j_truth(hn_jval v) {
    int64_t n;
    switch ((hn_jkind)v.kind) {
    case HN_J_MISSING: case HN_J_UNDEF: case HN_J_NONE: return false;
    case HN_J_BOOL: return v.i != 0;
    case HN_J_INT: return (v.flag & HN_J_BIG) || v.i != 0;
    case HN_J_FLOAT: return v.f != 0;
    default: return !hn_j_sized(v, &n) || n != 0;
    }
}

bool hn_j_sized(hn_jval v, int64_t *n) {
    switch ((hn_jkind)v.kind) {
    case HN_J_UNDEF: *n = 0; return true;
    case HN_J_STR: *n = (int64_t)hn_cp_count(hn_j_text(v)); return true;
    case HN_J_BYTES: *n = v.n; return true;
    case HN_J_LIST: case HN_J_TUPLE: case HN_J_DICT: *n = (int64_t)hn_j_count(v); return true;
    case HN_J_VIEW: *n = (int64_t)hn_j_count(v.view->dict); return true;
    case HN_J_RANGE_OBJ: *n = v.range->n; return true;
    default: return false;
    }
}

bool hn_j_len(hn_jrun *r, hn_jval v, int64_t *n) {
    if (v.kind == HN_J_LOOP) {
        hn_jval length;
        if (hn_j_attr(r, v, hn_str_of("length"), &length) != 1) return false;
        *n = length.i;
        return true;
    }
    return hn_j_sized(v, n) || hn_j_fail(r, HN_J_TYPE, "object of type '%s' has no len()", hn_j_type(v));
}

bool hn_j_same(hn_jval a, hn_jval b) {
    if (a.kind != b.kind) return false;
    switch ((hn_jkind)a.kind) {
    case HN_J_MISSING: case HN_J_NONE: return true;
    case HN_J_BOOL: return a.i == b.i;
    case HN_J_INT:
        return hn_j_int_cmp(a, b) == 0 &&
               (a.flag & HN_J_BIG ? a.big == b.big : a.i >= -5 && a.i <= 256); /* small ones are kept */
    case HN_J_FLOAT: return false;
    case HN_J_STR: return a.flag == b.flag && a.s == b.s && a.n == b.n;
    default: return a.p == b.p && a.flag == b.flag;
    }
}

/* ---- equality */

bool hn_j_same_or_equal(hn_jrun *r, hn_jval a, hn_jval b, bool *yes) {
    *yes = hn_j_same(a, b);
    return *yes || hn_j_equal(r, a, b, yes);
}

static bool equal_dicts(hn_jrun *r, hn_jval a, hn_jval b, bool *same) {
    hn_jwalk w = {0};
    hn_jval key, value, other;
    *same = hn_j_count(a) == hn_j_count(b);
    while (*same && hn_j_dict_next(r, a, &w, &key, &value)) {
        int found = hn_j_dict_find(r, b, key, &other);
        if (found < 0) return false;
        *same = found == 1;
        if (*same && !hn_j_same_or_equal(r, value, other, same)) return false;
    }
    return true;
}

static bool equal_lists(hn_jrun *r, hn_jval a, hn_jval b, bool *same) {
    size_t n = hn_j_count(a);
    *same = n == hn_j_count(b);
    for (size_t i = 0; *same && i < n; i++)
        if (!hn_j_same_or_equal(r, hn_j_at(a, i), hn_j_at(b, i), same)) return false;
    return true;
}

static bool equal_views(hn_jrun *r, hn_jval a, hn_jval b, bool *same) {
    hn_jval x;
    bool compare = a.flag != HN_J_VALUES && b.flag != HN_J_VALUES;
    *same = compare ? hn_j_count(a.view->dict) == hn_j_count(b.view->dict) : a.p == b.p;
    if (!compare || !*same) return true;
    hn_jiter *it = hn_j_iter(r, a);
    int more = 1;
    while (*same && (more = hn_j_next(r, it, &x)) == 1)
        if (!hn_j_contains(r, x, b, same)) return false;
    return more >= 0;
}

bool hn_j_equal(hn_jrun *r, hn_jval a, hn_jval b, bool *same) {
    bool unordered;
    if (hn_j_is_number(a) && hn_j_is_number(b)) {
        *same = hn_j_num_cmp(a, b, &unordered) == 0 && !unordered;
        return true;
    }
    *same = false;
    if (a.kind != b.kind) return true;
    switch ((hn_jkind)a.kind) {
    case HN_J_UNDEF: case HN_J_NONE: case HN_J_MISSING: *same = true; return true;
    case HN_J_STR: case HN_J_BYTES:
        *same = hn_str_same(hn_j_text(a), hn_j_text(b));
        return hn_j_burn(r, *same ? a.n / 64 : 0);
    case HN_J_LIST: case HN_J_TUPLE: case HN_J_DICT: case HN_J_VIEW: {
        if (!hn_j_enter(r) || !hn_j_burn(r, 1)) return false;
        bool fine = a.kind == HN_J_DICT ? equal_dicts(r, a, b, same) : a.kind == HN_J_VIEW ? equal_views(r, a, b, same)
                                                                                          : equal_lists(r, a, b, same);
        hn_j_leave(r);
        return fine;
    }
    case HN_J_RANGE_OBJ:
        *same = a.range->n == b.range->n &&
                (a.range->n == 0 || (a.range->start == b.range->start && (a.range->n == 1 || a.range->step == b.range->step)));
        return true;
    case HN_J_METHOD: *same = a.bound->func == b.bound->func && hn_j_same(a.bound->self, b.bound->self); return true;
    default: *same = a.p == b.p; return true;
    }
}

/* ---- order */

static bool holds(int cmp, const char *op) { return op[0] == '<' ? (op[1] ? cmp <= 0 : cmp < 0) : (op[1] ? cmp >= 0 : cmp > 0); }

static bool order_lists(hn_jrun *r, hn_jval a, hn_jval b, const char *op, bool *yes) {
    size_t n = hn_j_count(a), m = hn_j_count(b), i = 0;
    bool same;
    for (; i < n && i < m; i++) {
        hn_jval x = hn_j_at(a, i), y = hn_j_at(b, i);
        if (!hn_j_same_or_equal(r, x, y, &same)) return false;
        if (!same) return hn_j_order(r, x, y, op, yes);
    }
    *yes = holds(n < m ? -1 : n > m, op);
    return true;
}

bool hn_j_order(hn_jrun *r, hn_jval a, hn_jval b, const char *op, bool *yes) {
    bool unordered;
    if (hn_j_is_number(a) && hn_j_is_number(b)) {
        int cmp = hn_j_num_cmp(a, b, &unordered);
        *yes = !unordered && holds(cmp, op);
        return true;
    }
    if (a.kind == HN_J_UNDEF) return hn_j_use_undefined(r, a);
    if (a.kind == b.kind && hn_j_is_text(a)) {
        size_t n = a.n < b.n ? a.n : b.n;
        int cmp = n ? memcmp(a.s, b.s, n) : 0;
        *yes = holds(cmp ? cmp : a.n < b.n ? -1 : a.n > b.n, op);
        return hn_j_burn(r, n / 64);
    }
    if (a.kind == b.kind && hn_j_is_list(a)) {
        if (!hn_j_enter(r) || !hn_j_burn(r, 1)) return false;
        bool fine = order_lists(r, a, b, op, yes);
        hn_j_leave(r);
        return fine;
    }
    return hn_j_reject(r, b, HN_J_TYPE, "'%s' not supported between instances of '%s' and '%s'", op, hn_j_type(a), hn_j_type(b));
}

bool hn_j_less(hn_jrun *r, hn_jval a, hn_jval b, bool *yes) { return hn_j_order(r, a, b, "<", yes); }

/* ---- membership */

static bool in_range(hn_jrun *r, hn_jval item, const hn_jrange *range, bool *yes) {
    *yes = false;
    if (hn_j_is_int(item) && !(item.flag & HN_J_BIG)) {
        int64_t d = item.i - range->start; /* ranges are short: no overflow where it counts */
        *yes = range->n > 0 && d % range->step == 0 && d / range->step >= 0 && d / range->step < range->n;
        return true;
    }
    for (int64_t i = 0; item.kind == HN_J_FLOAT && i < range->n && !*yes; i++)
        if (!hn_j_equal(r, item, hn_j_int(range->start + i * range->step), yes)) return false;
    return true;
}

static bool in_items(hn_jrun *r, hn_jval item, hn_jval view, bool *yes) {
    hn_jval dict = view.view->dict, value;
    *yes = false;
    if (item.kind != HN_J_TUPLE || hn_j_count(item) != 2) return true;
    int found = hn_j_dict_find(r, dict, hn_j_at(item, 0), &value);
    if (found <= 0) return found == 0;
    return hn_j_equal(r, value, hn_j_at(item, 1), yes);
}

bool hn_j_contains(hn_jrun *r, hn_jval item, hn_jval in, bool *yes) {
    hn_jval x;
    if (in.kind == HN_J_STR) {
        if (item.kind != HN_J_STR)
            return hn_j_fail(r, HN_J_TYPE, "'in <string>' requires string as left operand, not %s", hn_j_type(item));
        *yes = hn_str_find(hn_j_text(in), hn_j_text(item), 0) != SIZE_MAX;
        return hn_j_burn(r, in.n / 16);
    }
    if (in.kind == HN_J_DICT || (in.kind == HN_J_VIEW && in.flag == HN_J_KEYS)) {
        int found = hn_j_dict_find(r, in.kind == HN_J_DICT ? in : in.view->dict, item, &x);
        *yes = found == 1;
        return found >= 0;
    }
    if (in.kind == HN_J_VIEW && in.flag == HN_J_ITEMS) return in_items(r, item, in, yes);
    if (in.kind == HN_J_RANGE_OBJ) return in_range(r, item, in.range, yes);
    *yes = false;
    if (hn_j_is_list(in)) {
        size_t n = hn_j_count(in);
        for (size_t i = 0; i < n && !*yes; i++)
            if (!hn_j_same_or_equal(r, item, hn_j_at(in, i), yes)) return false;
        return hn_j_burn(r, n);
    }
    if (!hn_j_iterable(in)) return hn_j_fail(r, HN_J_TYPE, "argument of type '%s' is not iterable", hn_j_type(in));
    hn_jiter *it = hn_j_iter(r, in);
    int more = 1;
    while (!*yes && (more = hn_j_next(r, it, &x)) == 1)
        if (!hn_j_equal(r, item, x, yes)) return false;
    return more >= 0;
}

/* ---- hashes: numbers that are equal hash alike */

static uint64_t mix(uint64_t x) {
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    return x * 0xD6E8FEB86659FD93u;
}

bool hn_j_hash(hn_jrun *r, hn_jval v, uint64_t *hash) {
    switch ((hn_jkind)v.kind) {
    case HN_J_MISSING: case HN_J_UNDEF: case HN_J_NONE: *hash = mix(v.kind); return true;
    case HN_J_BOOL: *hash = mix((uint64_t)v.i); return true;
    case HN_J_INT: *hash = v.flag & HN_J_BIG ? 77 : mix((uint64_t)v.i); return true;
    case HN_J_FLOAT:
        if (v.f == floor(v.f) && v.f >= -0x1p63 && v.f < 0x1p63) *hash = mix((uint64_t)(int64_t)v.f);
        else *hash = 77;
        return true;
    case HN_J_STR: *hash = hn_text_hash(v.s, v.n); return hn_j_burn(r, v.n / 64);
    case HN_J_BYTES: *hash = hn_text_hash(v.s, v.n) + 1; return true;
    case HN_J_TUPLE: {
        if (!hn_j_enter(r)) return false;
        bool fine = true;
        *hash = 0x345678;
        for (size_t i = 0; fine && i < hn_j_count(v); i++) {
            uint64_t h;
            fine = hn_j_hash(r, hn_j_at(v, i), &h);
            *hash = mix(*hash * 31 + h);
        }
        hn_j_leave(r);
        return fine;
    }
    case HN_J_LIST: case HN_J_DICT: return hn_j_fail(r, HN_J_TYPE, "unhashable type: '%s'", hn_j_type(v));
    case HN_J_VIEW:
        if (v.flag != HN_J_VALUES) return hn_j_fail(r, HN_J_TYPE, "unhashable type: '%s'", hn_j_type(v));
        *hash = mix((uint64_t)(uintptr_t)v.p);
        return true;
    case HN_J_RANGE_OBJ: *hash = mix((uint64_t)v.range->n); return true;
    case HN_J_METHOD: *hash = mix((uint64_t)(uintptr_t)v.bound->func); return true;
    default: *hash = mix((uint64_t)(uintptr_t)v.p); return true;
    }
}

bool hn_j_callable(hn_jval v) {
    switch ((hn_jkind)v.kind) {
    case HN_J_UNDEF:
    case HN_J_FUNC:
    case HN_J_METHOD:
    case HN_J_MACRO:
    case HN_J_LOOP:
    case HN_J_JOINER:
    case HN_J_BLOCKREF: return true;
    default: return false;
    }
}

bool hn_j_index(hn_jrun *r, hn_jval v, int64_t *i) {
    if (!hn_j_is_int(v)) return hn_j_fail(r, HN_J_TYPE, "'%s' object cannot be interpreted as an integer", hn_j_type(v));
    *i = v.flag & HN_J_BIG ? (v.big->negative ? INT64_MIN : INT64_MAX) : v.i;
    return true;
}
