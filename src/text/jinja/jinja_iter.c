/* jinja_iter.c - iteration: what can be walked over, and lists, tuples and reversals made from it. */
#include "text/jinja/jinja_ast_impl.h"

bool hn_j_iterable(hn_jval v) {
    switch ((hn_jkind)v.kind) {
    case HN_J_UNDEF: case HN_J_STR: case HN_J_BYTES: case HN_J_LIST: case HN_J_TUPLE: case HN_J_DICT: case HN_J_VIEW:
    case HN_J_RANGE_OBJ: case HN_J_ITER: case HN_J_LOOP: return true;
    default: return false;
    }
}

/* ---- one step of each */

#define NEXT(name) static int name(HN_J_MAYBE hn_jrun *r, HN_J_MAYBE hn_jiter *it, HN_J_MAYBE hn_jval *out)

NEXT(next_none) { return 0; }
NEXT(next_item) { return it->i < it->n && hn_j_set(out, hn_j_at(it->src, it->i++)); }
NEXT(next_item_back) { return it->i < it->n && hn_j_set(out, hn_j_at(it->src, it->n - 1 - it->i++)); }

NEXT(next_char) {
    if (it->i >= it->n) return 0;
    int len;
    hn_cp_at(it->src.s + it->i, &len);
    *out = hn_j_str(it->src.s + it->i, (size_t)len);
    it->i += (size_t)len;
    return 1;
}

NEXT(next_char_back) {
    if (it->n == 0) return 0;
    size_t end = it->n;
    it->n = (size_t)(hn_cp_back(it->src.s, it->src.s + end) - it->src.s);
    return hn_j_set(out, hn_j_str(it->src.s + it->n, end - it->n));
}

NEXT(next_key) {
    hn_jval value;
    return hn_j_dict_next(r, it->src, &it->walk, out, &value);
}

NEXT(next_value) {
    hn_jval key;
    return hn_j_dict_next(r, it->src, &it->walk, &key, out);
}

NEXT(next_pair) {
    hn_jval key, value;
    if (!hn_j_dict_next(r, it->src, &it->walk, &key, &value)) return 0;
    return hn_j_pair(r, key, value, out) ? 1 : -1;
}

NEXT(next_loop) { /* a loop gives (item, loop) and goes on itself */
    hn_jval item;
    int more = hn_j_loop_next(r, it->src.loop, &item);
    if (more != 1) return more;
    return hn_j_pair(r, item, it->src, out) ? 1 : -1;
}

int hn_j_next(hn_jrun *r, hn_jiter *it, hn_jval *out) {
    if (!it) return -1;
    if (it->done) return 0;
    bool nests = it->from || it->lazy; /* generators over generators */
    if (!hn_j_burn(r, 1) || (nests && !hn_j_enter(r))) return -1;
    int more = it->next(r, it, out);
    if (nests) hn_j_leave(r);
    it->done = more != 1;
    return more;
}

/* ---- making iterators */

static hn_jiter *make(hn_jrun *r, hn_jnext *next, const char *type, hn_jval src, size_t n) {
    hn_jiter *it = hn_j_alloc(r, sizeof *it);
    if (it) *it = (hn_jiter){.next = next, .type = type, .src = src, .n = n};
    return it;
}

static hn_jiter *iter_view(hn_jrun *r, hn_jval v) {
    hn_jval dict = v.view->dict;
    if (v.flag == HN_J_KEYS) return make(r, next_key, "dict_keyiterator", dict, 0);
    return v.flag == HN_J_VALUES ? make(r, next_value, "dict_valueiterator", dict, 0)
                                 : make(r, next_pair, "dict_itemiterator", dict, 0);
}

hn_jiter *hn_j_iter(hn_jrun *r, hn_jval v) {
    switch ((hn_jkind)v.kind) {
    case HN_J_UNDEF: return make(r, next_none, "generator", v, 0);
    case HN_J_STR: return make(r, next_char, "str_iterator", v, v.n);
    case HN_J_BYTES: return make(r, next_item, "bytes_iterator", v, v.n);
    case HN_J_LIST: return make(r, next_item, "list_iterator", v, hn_j_count(v));
    case HN_J_TUPLE: return make(r, next_item, "tuple_iterator", v, hn_j_count(v));
    case HN_J_DICT: return make(r, next_key, "dict_keyiterator", v, 0);
    case HN_J_VIEW: return iter_view(r, v);
    case HN_J_RANGE_OBJ: return make(r, next_item, "range_iterator", v, (size_t)v.range->n);
    case HN_J_LOOP: return make(r, next_loop, "LoopContext", v, 0);
    case HN_J_ITER: return v.iter;
    default: hn_j_fail(r, HN_J_TYPE, "'%s' object is not iterable", hn_j_type(v)); return NULL;
    }
}

bool hn_j_iter_value(hn_jrun *r, hn_jnext *next, const char *type, hn_jval src, hn_jval *out) {
    hn_jiter *it = make(r, next, type, src, 0);
    return it && hn_j_set(out, (hn_jval){.kind = HN_J_ITER, .iter = it});
}

bool hn_j_to_list(hn_jrun *r, hn_jval v, hn_jkind kind, hn_jval *out) {
    hn_jgrow g = {0};
    hn_jval x;
    if (hn_j_is_list(v) && !(v.flag & HN_J_JSON)) { /* nobody changes the items: they can be shared */
        size_t n = hn_j_count(v);
        hn_jval *items;
        if (!hn_j_list_new(r, kind, n, out, &items)) return false;
        if (n) memcpy(items, v.list->v, n * sizeof *items);
        return true;
    }
    hn_jiter *it = hn_j_iter(r, v);
    int more;
    while ((more = hn_j_next(r, it, &x)) == 1)
        if (!hn_j_grow(r, &g, x)) return false;
    return more == 0 && hn_j_grown(r, &g, kind, out);
}

bool hn_j_reversed(hn_jrun *r, hn_jval v, hn_jval *out) {
    hn_jiter *it = NULL;
    hn_jval list;
    switch ((hn_jkind)v.kind) {
    case HN_J_UNDEF: it = make(r, next_none, "reversed", v, 0); break;
    case HN_J_STR: it = make(r, next_char_back, "reversed", v, v.n); break;
    case HN_J_LIST: it = make(r, next_item_back, "list_reverseiterator", v, hn_j_count(v)); break;
    case HN_J_TUPLE: it = make(r, next_item_back, "reversed", v, hn_j_count(v)); break;
    case HN_J_RANGE_OBJ: it = make(r, next_item_back, "range_iterator", v, (size_t)v.range->n); break;
    case HN_J_DICT: case HN_J_VIEW:
        if (!hn_j_to_list(r, v, HN_J_LIST, &list)) return false;
        it = make(r, next_item_back, "dict_reversekeyiterator", list, hn_j_count(list));
        break;
    default: return hn_j_fail(r, HN_J_TYPE, "'%s' object is not reversible", hn_j_type(v));
    }
    return it && hn_j_set(out, (hn_jval){.kind = HN_J_ITER, .iter = it});
}
