/* jinja_access.c - attributes, items and slices. x.y asks for the attribute, then the item; x["y"] the other way round; what the
 * sandbox refuses (names with an underscore, methods that change their object) is an undefined that cannot be used. */
#include "text/jinja/jinja_ast_impl.h"

#include <math.h>

/* ---- undefined values */

static bool make_undefined(hn_jrun *r, const char *hint, hn_str name, const char *object, uint8_t flag, hn_jval *out) {
    if (!hn_j_box(r, HN_J_UNDEF, &(hn_jundef){hint, name, object}, sizeof(hn_jundef), out)) return false;
    out->flag = flag;
    return true;
}

bool hn_j_undefined(hn_jrun *r, const char *hint, hn_jval *out) { return make_undefined(r, hint, (hn_str){0}, NULL, 0, out); }
bool hn_j_undefined_name(hn_jrun *r, hn_str name, hn_jval *out) { return make_undefined(r, NULL, name, NULL, 0, out); }

bool hn_j_use_undefined(hn_jrun *r, hn_jval v) {
    const hn_jundef *u = v.undef;
    hn_jerr err = v.flag & HN_J_UNSAFE ? HN_J_SECURITY : HN_J_UNDEFINED;
    if (!u) return hn_j_fail(r, err, "a value is undefined");
    int n = (int)(u->name.n < 200 ? u->name.n : 200);
    if (u->hint) return hn_j_fail(r, err, "%s", u->hint);
    if (v.flag & HN_J_UNSAFE)
        return hn_j_fail(r, err, "access to attribute '%.*s' of '%s' object is unsafe.", n, u->name.p, u->object);
    if (!u->object) return hn_j_fail(r, err, "'%.*s' is undefined", n, u->name.p);
    return hn_j_fail(r, err, "'%s object' has no attribute '%.*s'", u->object, n, u->name.p);
}

/* ---- attributes */

static int loop_attr(hn_jrun *r, hn_jval obj, hn_str name, hn_jval *out) {
    hn_jloop *l = obj.loop;
    hn_jval next;
    if (hn_str_eq(name, "index0")) *out = hn_j_int(l->index0);
    else if (hn_str_eq(name, "index")) *out = hn_j_int(l->index0 + 1);
    else if (hn_str_eq(name, "first")) *out = hn_j_bool(l->index0 == 0);
    else if (hn_str_eq(name, "depth")) *out = hn_j_int(l->depth0 + 1);
    else if (hn_str_eq(name, "depth0")) *out = hn_j_int(l->depth0);
    else if (hn_str_eq(name, "last") || hn_str_eq(name, "nextitem")) {
        bool last = name.n == 4;
        if (!hn_j_given(l->after)) {
            int more = hn_j_next(r, l->it, &next);
            if (more < 0) return -1;
            if (more == 1) l->after = next;
        }
        if (last) *out = hn_j_bool(!hn_j_given(l->after));
        else if (hn_j_given(l->after)) *out = l->after;
        else return hn_j_undefined(r, "there is no next item", out) ? 1 : -1;
    } else if (hn_str_eq(name, "previtem")) {
        if (l->index0 == 0) return hn_j_undefined(r, "there is no previous item", out) ? 1 : -1;
        *out = l->before;
    } else if (hn_str_eq(name, "length") || hn_str_eq(name, "revindex") || hn_str_eq(name, "revindex0")) {
        if (l->length < 0 && !hn_j_sized(l->iterable, &l->length)) {
            hn_jval rest;
            if (!hn_j_to_list(r, (hn_jval){.kind = HN_J_ITER, .iter = l->it}, HN_J_LIST, &rest)) return -1;
            l->it = hn_j_iter(r, rest);
            if (!l->it) return -1;
            l->length = (int64_t)hn_j_count(rest) + l->index0 + 1 + hn_j_given(l->after);
        }
        *out = hn_j_int(name.n == 6 ? l->length : l->length - l->index0 - (name.n == 9));
    } else {
        return 0;
    }
    return 1;
}

static int macro_attr(hn_jrun *r, hn_jval obj, hn_str name, hn_jval *out) {
    const hn_jmacro *m = obj.macro;
    const hn_jsignature *s = &m->node->u.macro.sig;
    if (hn_str_eq(name, "name")) *out = m->name.p ? hn_j_of(m->name) : hn_j_none();
    else if (hn_str_eq(name, "catch_kwargs")) *out = hn_j_bool(s->kwargs);
    else if (hn_str_eq(name, "catch_varargs")) *out = hn_j_bool(s->varargs);
    else if (hn_str_eq(name, "caller")) *out = hn_j_bool(s->caller);
    else if (hn_str_eq(name, "explicit_caller")) *out = hn_j_bool(s->explicit_caller);
    else if (hn_str_eq(name, "arguments")) {
        hn_jval *items;
        if (!hn_j_list_new(r, HN_J_TUPLE, s->args.n, out, &items)) return -1;
        for (uint32_t i = 0; i < s->args.n; i++) items[i] = hn_j_of(s->args.v[i]->text);
    } else return 0;
    return 1;
}

static int number_attr(hn_jval obj, hn_str name, hn_jval *out) {
    bool real = hn_str_eq(name, "real"), imag = hn_str_eq(name, "imag");
    if (!real && !imag && (obj.kind == HN_J_FLOAT || (!hn_str_eq(name, "numerator") && !hn_str_eq(name, "denominator"))))
        return 0;
    if (obj.kind == HN_J_FLOAT) *out = real ? obj : hn_j_float(0);
    else *out = imag ? hn_j_int(0) : hn_str_eq(name, "denominator") ? hn_j_int(1) : hn_j_as_int(obj);
    return 1;
}

static int cycler_attr(hn_jval obj, hn_str name, hn_jval *out) {
    if (hn_str_eq(name, "current")) *out = hn_j_at(obj.cycler->items, obj.cycler->at);
    else if (hn_str_eq(name, "items")) *out = obj.cycler->items;
    else if (hn_str_eq(name, "pos")) *out = hn_j_int((int64_t)obj.cycler->at);
    else return 0;
    return 1;
}

static int special_attr(hn_jrun *r, hn_jval obj, hn_str name, hn_jval *out) {
    switch ((hn_jkind)obj.kind) {
    case HN_J_BOOL: case HN_J_INT: case HN_J_FLOAT: return number_attr(obj, name, out);
    case HN_J_TUPLE:
        if (!(obj.flag & HN_J_GROUP) || (!hn_str_eq(name, "grouper") && !hn_str_eq(name, "list"))) return 0;
        *out = hn_j_at(obj, name.n == 4);
        return 1;
    case HN_J_RANGE_OBJ:
        if (hn_str_eq(name, "start")) *out = hn_j_int(obj.range->start);
        else if (hn_str_eq(name, "stop")) *out = hn_j_int(obj.range->stop);
        else if (hn_str_eq(name, "step")) *out = hn_j_int(obj.range->step);
        else return 0;
        return 1;
    case HN_J_SPACE: return hn_j_dict_find(r, (hn_jval){.kind = HN_J_DICT, .dict = obj.dict}, hn_j_of(name), out);
    case HN_J_LOOP: return loop_attr(r, obj, name, out);
    case HN_J_MACRO: return macro_attr(r, obj, name, out);
    case HN_J_CYCLER: return cycler_attr(obj, name, out);
    case HN_J_JOINER:
        if (hn_str_eq(name, "sep")) *out = obj.joiner->sep;
        else if (hn_str_eq(name, "used")) *out = hn_j_bool(obj.joiner->used);
        else return 0;
        return 1;
    case HN_J_BLOCKREF:
        if (hn_str_eq(name, "name")) *out = hn_j_of(obj.block->block->text);
        else if (hn_str_eq(name, "super")) return hn_j_undefined(r, "there is no parent block", out) ? 1 : -1;
        else return 0;
        return 1;
    default: return 0;
    }
}

/* What every Python object has; the sandbox refuses them all. */
static bool is_dunder(hn_str name) {
    static const char *const all[] = {"__class__",
                                      "__doc__",
                                      "__init__",
                                      "__eq__",
                                      "__ne__",
                                      "__hash__",
                                      "__repr__",
                                      "__str__",
                                      "__dir__",
                                      "__format__",
                                      "__getattribute__",
                                      "__setattr__",
                                      "__delattr__",
                                      "__new__",
                                      "__reduce__",
                                      "__reduce_ex__",
                                      "__sizeof__",
                                      "__subclasshook__",
                                      "__init_subclass__",
                                      "__lt__",
                                      "__le__",
                                      "__gt__",
                                      "__ge__"};
    if (name.n < 5 || name.p[0] != '_' || name.p[1] != '_') return false;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (hn_str_eq(name, all[i])) return true;
    return false;
}

int hn_j_attr(hn_jrun *r, hn_jval obj, hn_str name, hn_jval *out) {
    if (obj.kind == HN_J_UNDEF) { /* what every object has is refused, the rest is asked for in vain */
        if (name.n > 4 && memcmp(name.p, "__", 2) == 0 && memcmp(name.p + name.n - 2, "__", 2) == 0)
            return make_undefined(r, NULL, name, hn_j_type(obj), HN_J_UNSAFE, out) ? 1 : -1;
        hn_j_use_undefined(r, obj);
        return -1;
    }
    int found = special_attr(r, obj, name, out);
    if (found != 0) return found;
    const hn_jfunc *f = hn_j_method(obj, name);
    if (f) return hn_j_box(r, HN_J_METHOD, &(hn_jbound){f, obj}, sizeof(hn_jbound), out) ? 1 : -1;
    if ((obj.kind != HN_J_SPACE && is_dunder(name)) || hn_j_is_refused(obj, name))
        return make_undefined(r, NULL, name, hn_j_type(obj), HN_J_UNSAFE, out) ? 1 : -1;
    return 0;
}

/* obj[key]: 1, 0 (TypeError, LookupError), -1 */
static int item(hn_jrun *r, hn_jval obj, hn_jval key, hn_jval *out) {
    int64_t i = 0, n = 0;
    switch ((hn_jkind)obj.kind) {
    case HN_J_DICT: {
        int found = hn_j_dict_find(r, obj, key, out);
        if (found >= 0 || r->err != HN_J_TYPE) return found;
        hn_j_forgive(r);
        return 0;
    }
    case HN_J_STR: case HN_J_BYTES: case HN_J_LIST: case HN_J_TUPLE: case HN_J_RANGE_OBJ:
        if (!hn_j_is_int(key) || (key.flag & HN_J_BIG)) return 0;
        i = key.i;
        hn_j_sized(obj, &n);
        if (i < 0) i += n;
        if (i < 0 || i >= n) return 0;
        break;
    case HN_J_SELF:
        for (uint32_t b = 0; key.kind == HN_J_STR && b < r->t->blocks.n; b++) {
            const hn_jnode *block = r->t->blocks.v[b];
            if (!hn_str_same(block->text, hn_j_text(key))) continue;
            hn_jblockref ref = {block, (hn_jcontext *)(uintptr_t)obj.p};
            return hn_j_box(r, HN_J_BLOCKREF, &ref, sizeof ref, out) ? 1 : -1;
        }
        return 0;
    default: return 0;
    }
    if (obj.kind == HN_J_STR) {
        size_t at = hn_cp_offset(hn_j_text(obj), (size_t)i);
        *out = hn_j_part(obj, (hn_str){obj.s + at, (size_t)hn_cp_len((unsigned char)obj.s[at])});
        return hn_j_burn(r, at / 8) ? 1 : -1;
    }
    return hn_j_set(out, hn_j_at(obj, (size_t)i));
}

bool hn_j_getattr(hn_jrun *r, hn_jval obj, hn_str name, hn_jval *out) {
    int found = hn_j_attr(r, obj, name, out);
    if (found == 0) found = item(r, obj, hn_j_of(name), out);
    if (found != 0) return found == 1;
    return make_undefined(r, NULL, name, hn_j_type(obj), 0, out);
}

bool hn_j_getitem(hn_jrun *r, hn_jval obj, hn_jval key, hn_jval *out) {
    if (obj.kind == HN_J_UNDEF) return hn_j_use_undefined(r, obj);
    int found = item(r, obj, key, out);
    if (found == 0 && key.kind == HN_J_STR) found = hn_j_attr(r, obj, hn_j_text(key), out);
    if (found != 0) return found == 1;
    if (key.kind == HN_J_STR) return make_undefined(r, NULL, hn_j_text(key), hn_j_type(obj), 0, out);
    return hn_j_undefined(r, "an object has no such element", out);
}

/* ---- slices */

static bool bound(hn_jrun *r, hn_jval v, int64_t otherwise, int64_t *out) {
    *out = otherwise;
    if (hn_j_none_or_missing(v)) return true;
    if (!hn_j_is_int(v)) return hn_j_fail(r, HN_J_TYPE, "slice indices must be integers or None or have an __index__ method");
    return hn_j_index(r, v, out);
}

/* The part [start, stop) by step of n items, all clipped; how many they are. */
static int64_t clip(int64_t n, int64_t *start, int64_t *end, int64_t step) {
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
    *start = *start < -n ? low : *start < 0 ? *start + n : *start > high ? high : *start;
    *end = *end < -n ? low : *end < 0 ? *end + n : *end > high ? high : *end;
    if (step < 0 ? *end >= *start : *end <= *start) return 0;
    uint64_t span = step < 0 ? (uint64_t)(*start - *end) : (uint64_t)(*end - *start);
    uint64_t stride = step < 0 ? 0 - (uint64_t)step : (uint64_t)step;
    return (int64_t)((span - 1) / stride + 1);
}

static bool slice_string(hn_jrun *r, hn_jval s, int64_t n, int64_t start, int64_t step, int64_t count, hn_jval *out) {
    hn_str text = hn_j_text(s);
    bool bytes = (int64_t)s.n == n; /* a code point each */
    if (!hn_j_burn(r, s.n / 8)) return false;
    if (step == 1 || count <= 1) {
        size_t from = count == 0 ? 0 : bytes ? (size_t)start : hn_cp_offset(text, (size_t)start);
        hn_str rest = hn_str_cut(text, from, s.n);
        rest.n = bytes ? (size_t)count : hn_cp_offset(rest, (size_t)count);
        *out = hn_j_part(s, rest);
        out->kind = s.kind;
        return true;
    }
    uint32_t *at = hn_j_alloc(r, ((size_t)n + 1) * sizeof *at); /* where each code point begins */
    char *p = hn_j_alloc(r, s.n + 1);
    if (!at || !p) return false;
    size_t k = 0, len = 0;
    for (uint32_t i = 0; i < s.n; i += (uint32_t)hn_cp_len((unsigned char)s.s[i])) at[k++] = i;
    at[k] = s.n;
    for (int64_t i = 0, c = start; i < count; i++, c += step) {
        memcpy(p + len, s.s + at[c], at[c + 1] - at[c]);
        len += at[c + 1] - at[c];
    }
    *out = hn_j_part(s, (hn_str){p, len});
    out->kind = s.kind;
    return true;
}

bool hn_j_slice(hn_jrun *r, hn_jval obj, hn_jval vstart, hn_jval vstop, hn_jval vstep, hn_jval *out) {
    int64_t n, start, stop, step;
    if (obj.kind == HN_J_DICT) return hn_j_fail(r, HN_J_TYPE, "unhashable type: 'slice'");
    if (!hn_j_is_text(obj) && !hn_j_is_list(obj) && obj.kind != HN_J_RANGE_OBJ)
        return hn_j_reject(r, obj, HN_J_TYPE, "'%s' object is not subscriptable", hn_j_type(obj));
    if (!bound(r, vstep, 1, &step)) return false;
    if (step == 0) return hn_j_fail(r, HN_J_VALUE, "slice step cannot be zero");
    if (!bound(r, vstart, step < 0 ? INT64_MAX : 0, &start) || !bound(r, vstop, step < 0 ? INT64_MIN : INT64_MAX, &stop))
        return false;
    hn_j_sized(obj, &n);
    int64_t count = clip(n, &start, &stop, step);
    if (hn_j_is_text(obj)) return slice_string(r, obj, n, start, step, count, out);
    if (obj.kind == HN_J_RANGE_OBJ) {
        int64_t first = obj.range->start + start * obj.range->step, by; /* one item may be a huge step wide */
        if (__builtin_mul_overflow(step, obj.range->step, &by)) by = step < 0 ? INT64_MIN : INT64_MAX;
        hn_jrange part = {first, obj.range->start + stop * obj.range->step, by, count};
        return hn_j_box(r, HN_J_RANGE_OBJ, &part, sizeof part, out);
    }
    hn_jval *items;
    if (!hn_j_list_new(r, (hn_jkind)obj.kind, (size_t)count, out, &items)) return false;
    for (int64_t i = 0; i < count; i++) items[i] = hn_j_at(obj, (size_t)(start + i * step));
    return hn_j_burn(r, (size_t)count);
}
