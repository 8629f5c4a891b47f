/* jinja_filters_lazy.c - filters that give generators: map, select, reject, unique, items, batch, slice. Nothing happens, and
 * nothing fails, before somebody walks over them, once. */
#include "text/jinja/jinja_filter_impl.h"

typedef struct hn_jlazy { /* what a generator was made with, and where it is */
    hn_jval value;
    hn_jval v[2];           /* its own arguments */
    const hn_jargs *args;   /* map, select ...: what came behind the value */
    const hn_jfunc *func;
    hn_jargs call;          /* of func, the item first */
    hn_jval *call_v;
    hn_jpath path;
    bool ready, by_attr, negate, plain;
    hn_jval seen;           /* unique */
    int64_t at, count, per, extra; /* slice */
    hn_jgrow held;          /* batch */
} hn_jlazy;

static bool make(hn_jrun *r, hn_jnext *next, const hn_jlazy *setup, hn_jval *out) {
    hn_jlazy *z = hn_j_alloc(r, sizeof *z);
    if (!z || !hn_j_iter_value(r, next, "generator", setup->value, out)) return false;
    *z = *setup;
    out->iter->lazy = z;
    return true;
}
static hn_jlazy *lazy_of(const hn_jiter *it) { return (hn_jlazy *)(uintptr_t)it->lazy; }

/* The arguments behind the value outlive the call that brought them. */
static bool keep_args(hn_jrun *r, const hn_jargs *args, hn_jlazy *z) {
    if (args->n == 0) return hn_j_fail(r, HN_J_TYPE, "a filter without a value");
    hn_jargs *kept = hn_j_alloc(r, sizeof *kept);
    hn_jval *v = hn_j_alloc(r, args->n * sizeof *v);
    hn_jkw *kw = hn_j_alloc(r, (args->nkw + 1) * sizeof *kw);
    if (!kept || !v || !kw) return false;
    memcpy(v, args->v + 1, (args->n - 1) * sizeof *v);
    if (args->nkw) memcpy(kw, args->kw, args->nkw * sizeof *kw);
    *kept = (hn_jargs){v, args->n - 1, args->nkw, kw};
    z->value = args->v[0];
    z->args = kept;
    return true;
}

/* func(item, what is left of the arguments from on) */
static bool prepare_call(hn_jrun *r, hn_jlazy *z, const char *kind, hn_jval name, uint32_t from) {
    uint64_t hash;
    if (!hn_j_hash(r, name, &hash)) return false;
    hn_str text = name.kind == HN_J_STR ? hn_j_text(name) : (hn_str){"?", 1};
    z->func = kind[0] == 'f' ? hn_j_filter(text) : hn_j_test(text);
    if (!z->func) return hn_j_fail(r, HN_J_RUNTIME, "No %s named '%.*s'.", kind, (int)text.n, text.p);
    uint32_t n = z->args->n - from;
    z->call_v = hn_j_alloc(r, (n + 1) * sizeof *z->call_v);
    if (!z->call_v) return false;
    memcpy(z->call_v + 1, z->args->v + from, n * sizeof *z->call_v);
    z->call = (hn_jargs){z->call_v, n + 1, z->args->nkw, z->args->kw};
    return true;
}

static bool call_item(hn_jrun *r, hn_jlazy *z, hn_jval item, hn_jval *out) {
    z->call_v[0] = item;
    return hn_j_call_func(r, z->func, &z->call, out);
}

/* 1: go on; 0: there is nothing to walk over */
static int start(hn_jrun *r, hn_jiter *it, bool (*prepare)(hn_jrun *, hn_jlazy *)) {
    hn_jlazy *z = lazy_of(it);
    if (z->ready) return 1;
    z->ready = true;
    if (!hn_j_truth(z->value)) return 0;
    if (!prepare(r, z)) return -1;
    it->from = hn_j_iter(r, z->value);
    return it->from ? 1 : -1;
}

/* ---- map */

static bool prepare_map(hn_jrun *r, hn_jlazy *z) {
    const hn_jval *attribute = hn_j_kw(z->args, "attribute"), *otherwise = hn_j_kw(z->args, "default");
    if (z->args->n || !attribute) {
        if (z->args->n == 0) return hn_j_fail(r, HN_J_RUNTIME, "map requires a filter argument");
        return prepare_call(r, z, "filter", z->args->v[0], 1);
    }
    for (uint32_t i = 0; i < z->args->nkw; i++)
        if (!hn_j_is(z->args->kw[i].key, "attribute") && !hn_j_is(z->args->kw[i].key, "default"))
            return hn_j_fail(r, HN_J_RUNTIME, "Unexpected keyword argument '%.*s'", (int)z->args->kw[i].key.n,
                             z->args->kw[i].key.s);
    if (!hn_j_path(r, *attribute, false, &z->path)) return false;
    if (otherwise && otherwise->kind != HN_J_NONE) z->path.otherwise = *otherwise;
    return true;
}

static int next_map(hn_jrun *r, hn_jiter *it, hn_jval *out) {
    hn_jlazy *z = lazy_of(it);
    hn_jval item;
    int more = start(r, it, prepare_map);
    if (more != 1 || (more = hn_j_next(r, it->from, &item)) != 1) return more;
    return (z->func ? call_item(r, z, item, out) : hn_j_path_get(r, &z->path, item, out)) ? 1 : -1;
}

HN_FILTER(map) {
    hn_jlazy z = {.at = 0};
    return keep_args(r, args, &z) && make(r, next_map, &z, out);
}

/* ---- select and its kin */

static bool prepare_select(hn_jrun *r, hn_jlazy *z) {
    uint32_t off = z->by_attr ? 1 : 0;
    if (z->by_attr && z->args->n == 0) return hn_j_fail(r, HN_J_RUNTIME, "Missing parameter for attribute name");
    if (z->by_attr && !hn_j_path(r, z->args->v[0], false, &z->path)) return false;
    if (z->args->n > off) return prepare_call(r, z, "test", z->args->v[off], off + 1);
    z->plain = true;
    return true;
}

static int next_select(hn_jrun *r, hn_jiter *it, hn_jval *out) {
    hn_jlazy *z = lazy_of(it);
    hn_jval what, verdict;
    int more = start(r, it, prepare_select);
    while (more == 1 && (more = hn_j_next(r, it->from, out)) == 1) {
        what = *out;
        if (z->by_attr && !hn_j_path_get(r, &z->path, *out, &what)) return -1;
        verdict = what;
        if (!z->plain && !call_item(r, z, what, &verdict)) return -1;
        if (hn_j_truth(verdict) != z->negate) return 1;
    }
    return more;
}

static bool select_filter(hn_jrun *r, const hn_jargs *args, bool by_attr, bool negate, hn_jval *out) {
    hn_jlazy z = {.by_attr = by_attr, .negate = negate};
    return keep_args(r, args, &z) && make(r, next_select, &z, out);
}
HN_FILTER(select) { return select_filter(r, args, false, false, out); }
HN_FILTER(reject) { return select_filter(r, args, false, true, out); }
HN_FILTER(selectattr) { return select_filter(r, args, true, false, out); }
HN_FILTER(rejectattr) { return select_filter(r, args, true, true, out); }

/* ---- unique, items */

static int next_unique(hn_jrun *r, hn_jiter *it, hn_jval *out) {
    hn_jlazy *z = lazy_of(it);
    hn_jval key, known;
    int more = 1;
    if (!z->ready) {
        z->ready = true;
        if (!hn_j_path(r, z->v[1], !hn_j_arg_flag(z->v[0], false), &z->path) || !hn_j_dict_new(r, 0, &z->seen)) return -1;
        it->from = hn_j_iter(r, z->value);
        if (!it->from) return -1;
    }
    while ((more = hn_j_next(r, it->from, out)) == 1) {
        if (!hn_j_path_get(r, &z->path, *out, &key)) return -1;
        int found = hn_j_dict_find(r, z->seen, key, &known);
        if (found < 0) return -1;
        if (found == 0) return hn_j_dict_put(r, z->seen, key, hn_j_none()) ? 1 : -1;
    }
    return more;
}

HN_FILTER(unique) { return make(r, next_unique, &(hn_jlazy){.value = a[0], .v = {a[1], a[2]}}, out); }

static int next_items(hn_jrun *r, hn_jiter *it, hn_jval *out) {
    hn_jlazy *z = lazy_of(it);
    hn_jval key, value;
    if (z->value.kind == HN_J_UNDEF) return 0;
    if (z->value.kind != HN_J_DICT) {
        hn_j_fail(r, HN_J_TYPE, "Can only get item pairs from a mapping.");
        return -1;
    }
    if (!hn_j_dict_next(r, z->value, &it->walk, &key, &value)) return 0;
    return hn_j_pair(r, key, value, out) ? 1 : -1;
}

HN_FILTER(items) { return make(r, next_items, &(hn_jlazy){.value = a[0]}, out); }

/* ---- batch, slice */

static int next_batch(hn_jrun *r, hn_jiter *it, hn_jval *out) {
    hn_jlazy *z = lazy_of(it);
    hn_jval item, limit = z->v[0], fill = z->v[1];
    int more;
    bool full;
    if (!it->from && !(it->from = hn_j_iter(r, z->value))) return -1;
    while ((more = hn_j_next(r, it->from, &item)) == 1) {
        if (!hn_j_equal(r, hn_j_int((int64_t)z->held.n), limit, &full)) return -1;
        if (full && !hn_j_grown(r, &z->held, HN_J_LIST, out)) return -1;
        if (full) z->held.n = 0;
        if (!hn_j_grow(r, &z->held, item)) return -1;
        if (full) return 1;
    }
    if (more < 0 || z->held.n == 0) return more;
    for (bool less = !hn_j_none_or_missing(fill); less;)
        if (!hn_j_less(r, hn_j_int((int64_t)z->held.n), limit, &less) || (less && !hn_j_grow(r, &z->held, fill))) return -1;
    if (!hn_j_grown(r, &z->held, HN_J_LIST, out)) return -1;
    z->held.n = 0;
    return 1;
}

HN_FILTER(batch) { return make(r, next_batch, &(hn_jlazy){.value = a[0], .v = {a[1], a[2]}}, out); }

static int next_slice(hn_jrun *r, hn_jiter *it, hn_jval *out) {
    hn_jlazy *z = lazy_of(it);
    hn_jval *items;
    if (!z->ready) {
        z->ready = true;
        if (!hn_j_to_list(r, z->value, HN_J_LIST, &z->seen) || !hn_j_index(r, z->v[0], &z->count)) return -1;
        if (z->count == 0) {
            hn_j_fail(r, HN_J_ZERODIV, "integer division or modulo by zero");
            return -1;
        }
        z->per = (int64_t)hn_j_count(z->seen) / z->count;
        z->extra = (int64_t)hn_j_count(z->seen) % z->count;
    }
    if (z->at >= z->count) return 0;
    int64_t shift = z->at < z->extra ? z->at : z->extra, from = shift + z->at * z->per, n = z->per + (z->at < z->extra);
    bool fill = !hn_j_none_or_missing(z->v[1]) && z->at >= z->extra;
    if (!hn_j_list_new(r, HN_J_LIST, (size_t)(n + fill), out, &items)) return -1;
    for (int64_t i = 0; i < n; i++) items[i] = hn_j_at(z->seen, (size_t)(from + i));
    if (fill) items[n] = z->v[1];
    z->at++;
    return 1;
}

HN_FILTER(slice) { return make(r, next_slice, &(hn_jlazy){.value = a[0], .v = {a[1], a[2]}}, out); }
