/* jinja_methods.c - methods of lists, tuples, dicts, ranges, numbers, loops and cyclers. */
#include "text/jinja/jinja_method_impl.h"

#include <math.h>

/* ---- lists, tuples, ranges */

HN_METHOD(copy) {
    return hn_j_set(out, a[0]); /* nobody can change either */
}

HN_METHOD(count_items) {
    int64_t n = 0;
    hn_jval x;
    bool same;
    hn_jiter *it = hn_j_iter(r, a[0]);
    int more;
    while ((more = hn_j_next(r, it, &x)) == 1) {
        if (!hn_j_same_or_equal(r, x, a[1], &same)) return false;
        n += same;
    }
    return more == 0 && hn_j_set(out, hn_j_int(n));
}

HN_METHOD(index_item) {
    int64_t n = 0, start = 0, stop = INT64_MAX;
    bool same;
    hn_j_sized(a[0], &n);
    if (!hn_j_arg_int(r, a[2], false, &start) || !hn_j_arg_int(r, a[3], false, &stop)) return false;
    if (start < 0) start = start + n < 0 ? 0 : start + n;
    if (stop < 0) stop = stop + n < 0 ? 0 : stop + n;
    for (int64_t i = start; i < n && i < stop; i++) {
        if (!hn_j_same_or_equal(r, hn_j_at(a[0], (size_t)i), a[1], &same)) return false;
        if (same) return hn_j_set(out, hn_j_int(i));
    }
    return hn_j_fail(r, HN_J_VALUE, "the value is not in the %s", hn_j_type(a[0]));
}

/* ---- dicts */

bool hn_j_view(hn_jrun *r, hn_jval dict, uint8_t what, hn_jval *out) {
    if (!hn_j_box(r, HN_J_VIEW, &(hn_jview){dict}, sizeof(hn_jview), out)) return false;
    out->flag = what;
    return true;
}
HN_METHOD(keys) { return hn_j_view(r, a[0], HN_J_KEYS, out); }
HN_METHOD(values) { return hn_j_view(r, a[0], HN_J_VALUES, out); }
HN_METHOD(items) { return hn_j_view(r, a[0], HN_J_ITEMS, out); }

HN_METHOD(get) {
    int found = hn_j_dict_find(r, a[0], a[1], out);
    if (found == 0) *out = hn_j_or(a[2], hn_j_none());
    return found >= 0;
}

HN_METHOD(fromkeys) {
    hn_jval key, value = hn_j_or(a[2], hn_j_none());
    hn_jiter *it = hn_j_dict_new(r, 0, out) ? hn_j_iter(r, a[1]) : NULL;
    int more;
    while ((more = hn_j_next(r, it, &key)) == 1)
        if (!hn_j_dict_put(r, *out, key, value)) return false;
    return more == 0;
}

HN_METHOD(isdisjoint) {
    hn_jval x;
    bool yes = false;
    if (a[0].flag == HN_J_VALUES) return hn_j_fail(r, HN_J_ATTR, "'dict_values' object has no attribute 'isdisjoint'");
    hn_jiter *it = hn_j_iter(r, a[1]);
    int more = 1;
    while (!yes && (more = hn_j_next(r, it, &x)) == 1)
        if (!hn_j_contains(r, x, a[0], &yes)) return false;
    return more >= 0 && hn_j_set(out, hn_j_bool(!yes));
}

/* ---- numbers */

HN_METHOD(bit_length) {
    hn_jval v = hn_j_as_int(a[0]);
    if (v.flag & HN_J_BIG) return hn_j_set(out, hn_j_int(32 * (int64_t)v.big->n - __builtin_clz(v.big->d[v.big->n - 1])));
    uint64_t u = v.i < 0 ? 0 - (uint64_t)v.i : (uint64_t)v.i;
    return hn_j_set(out, hn_j_int(u ? 64 - __builtin_clzll(u) : 0));
}

HN_METHOD(bit_count) {
    hn_jval v = hn_j_as_int(a[0]);
    int64_t n = 0;
    if (v.flag & HN_J_BIG)
        for (uint32_t i = 0; i < v.big->n; i++) n += __builtin_popcount(v.big->d[i]);
    else
        n = __builtin_popcountll(v.i < 0 ? 0 - (uint64_t)v.i : (uint64_t)v.i);
    return hn_j_set(out, hn_j_int(n));
}

HN_METHOD(conjugate) { return hn_j_set(out, hn_j_as_int(a[0])); }
HN_METHOD(as_integer_ratio) { return hn_j_pair(r, hn_j_as_int(a[0]), hn_j_int(1), out); }
HN_METHOD(is_integer) { return hn_j_set(out, hn_j_bool(isfinite(a[0].f) && a[0].f == floor(a[0].f))); }

HN_METHOD(hex_float) {
    char text[64];
    int exponent;
    if (!isfinite(a[0].f)) return hn_j_repr(r, a[0], out);
    double m = frexp(fabs(a[0].f), &exponent);
    const char *sign = signbit(a[0].f) ? "-" : "";
    if (a[0].f == 0) return hn_j_copy(r, text, (size_t)snprintf(text, sizeof text, "%s0x0.0p+0", sign), out);
    int down = exponent < -1021 ? -1021 - exponent : 0; /* subnormal: the point moves */
    uint64_t bits = (uint64_t)ldexp(m, 53 - down);
    return hn_j_copy(r, text, (size_t)snprintf(text, sizeof text, "%s0x%d.%013llxp%+d", sign, (int)(bits >> 52),
                                               (unsigned long long)(bits & 0xFFFFFFFFFFFFFull), exponent + down - 1), out);
}

/* ---- loops and cyclers */

HN_METHOD(cycle) {
    hn_jloop *l = args->v[0].loop;
    uint32_t n = args->n - 1;
    if (args->nkw) return hn_j_fail(r, HN_J_TYPE, "LoopContext.cycle() got an unexpected keyword argument");
    if (n == 0) return hn_j_fail(r, HN_J_TYPE, "no items for cycling given");
    return hn_j_set(out, args->v[1 + (uint64_t)(l->index0 < 0 ? 0 : l->index0) % n]);
}

HN_METHOD(changed) {
    hn_jloop *l = args->v[0].loop;
    hn_jval now, *items;
    bool same = false;
    if (args->nkw) return hn_j_fail(r, HN_J_TYPE, "LoopContext.changed() got an unexpected keyword argument");
    if (!hn_j_list_new(r, HN_J_TUPLE, args->n - 1, &now, &items)) return false;
    memcpy(items, args->v + 1, (args->n - 1) * sizeof *items);
    if (hn_j_given(l->changed) && !hn_j_equal(r, l->changed, now, &same)) return false;
    if (!same) l->changed = now;
    return hn_j_set(out, hn_j_bool(!same));
}

HN_METHOD(next) {
    hn_jcycler *c = a[0].cycler;
    *out = hn_j_at(c->items, c->at);
    c->at = (c->at + 1) % hn_j_count(c->items);
    return true;
}

HN_METHOD(reset) {
    a[0].cycler->at = 0;
    return hn_j_set(out, hn_j_none());
}
