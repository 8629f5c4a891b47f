/* jinja_call.c - calling functions and methods: arguments bound to parameters as Python does. */
#include "text/jinja/jinja_ast_impl.h"

const hn_jval *hn_j_kw(const hn_jargs *args, const char *name) {
    for (uint32_t i = args->nkw; i-- > 0;)
        if (hn_j_is(args->kw[i].key, name)) return &args->kw[i].value;
    return NULL;
}

typedef struct params { hn_str name[HN_J_PARAMS]; bool optional[HN_J_PARAMS]; uint32_t n; bool by_place; } params;

static void read_signature(const char *sig, params *p) {
    *p = (params){.by_place = *sig == '/'};
    for (sig += p->by_place; *sig; sig++) {
        size_t n;
        while (*sig == ' ') sig++;
        p->optional[p->n] = *sig == '?';
        if (*sig == '?') sig++;
        n = strcspn(sig, " ");
        p->name[p->n++] = (hn_str){sig, n};
        sig += n;
        if (!*sig) break;
    }
}

static bool bind(hn_jrun *r, const hn_jfunc *f, const hn_jargs *args, hn_jval *a) {
    params p;
    read_signature(f->sig, &p);
    for (uint32_t i = 0; i < HN_J_PARAMS; i++) a[i] = i < args->n && i < p.n ? args->v[i] : hn_j_missing();
    if (args->n > p.n) return hn_j_fail(r, HN_J_TYPE, "%s() takes at most %u arguments (%u given)", f->name, p.n, args->n);
    for (uint32_t k = 0; k < args->nkw; k++) {
        uint32_t i = 0;
        hn_str key = hn_j_text(args->kw[k].key);
        while (i < p.n && !hn_str_same(p.name[i], key)) i++;
        if (i == p.n || p.by_place)
            return hn_j_fail(r, HN_J_TYPE, "%s() got an unexpected keyword argument '%.*s'", f->name, (int)key.n, key.p);
        if (hn_j_given(a[i]))
            return hn_j_fail(r, HN_J_TYPE, "%s() got multiple values for argument '%.*s'", f->name, (int)key.n, key.p);
        a[i] = args->kw[k].value;
    }
    for (uint32_t i = 0; i < p.n; i++)
        if (!p.optional[i] && !hn_j_given(a[i]))
            return hn_j_fail(r, HN_J_TYPE, "%s() missing required argument '%.*s'", f->name, (int)p.name[i].n, p.name[i].p);
    return true;
}

bool hn_j_call_func(hn_jrun *r, const hn_jfunc *f, const hn_jargs *args, hn_jval *out) {
    hn_jval a[HN_J_PARAMS];
    if (!hn_j_burn(r, 1)) return false;
    if (f->sig[0] == '*') return f->fn(r, args->v, args, out);
    return bind(r, f, args, a) && f->fn(r, a, args, out);
}

bool hn_j_call_method(hn_jrun *r, const char *name, hn_jval self, const hn_jval *argument, hn_jval *out) {
    hn_jval v[2] = {self, argument ? *argument : hn_j_missing()};
    return hn_j_call_func(r, hn_j_method(self, hn_str_of(name)), &(hn_jargs){v, argument ? 2 : 1, 0, NULL}, out);
}

/* The arguments with one more in front. */
static bool call_with(hn_jrun *r, const hn_jfunc *f, hn_jval first, const hn_jargs *args, hn_jval *out) {
    hn_jval room[HN_J_PARAMS], *v = room;
    if (args->n + 1 > HN_J_PARAMS && !(v = hn_j_alloc(r, (args->n + 1) * sizeof *v))) return false;
    v[0] = first;
    if (args->n) memcpy(v + 1, args->v, args->n * sizeof *v);
    return hn_j_call_func(r, f, &(hn_jargs){v, args->n + 1, args->nkw, args->kw}, out);
}

static bool call_joiner(hn_jrun *r, hn_jjoiner *j, const hn_jargs *args, hn_jval *out) {
    if (args->n || args->nkw) return hn_j_fail(r, HN_J_TYPE, "Joiner.__call__() takes 1 positional argument");
    *out = j->used ? j->sep : hn_j_str("", 0);
    j->used = true;
    return true;
}

static bool call_loop(hn_jrun *r, hn_jloop *l, const hn_jargs *args, hn_jval *out) {
    const hn_jval *kw = hn_j_kw(args, "iterable");
    if (args->n + args->nkw != 1 || (args->nkw && !kw))
        return hn_j_fail(r, HN_J_TYPE, "LoopContext.__call__() takes one iterable");
    if (!l->node) return hn_j_fail(r, HN_J_TYPE, "The loop must have the 'recursive' marker to be called recursively.");
    return hn_j_recurse(r, l, kw ? *kw : args->v[0], out);
}

bool hn_j_call(hn_jrun *r, hn_jval callee, const hn_jargs *args, hn_jval *out) {
    bool fine;
    if (!hn_j_enter(r)) return false;
    switch ((hn_jkind)callee.kind) {
    case HN_J_FUNC: fine = hn_j_call_func(r, callee.func, args, out); break;
    case HN_J_METHOD: fine = call_with(r, callee.bound->func, callee.bound->self, args, out); break;
    case HN_J_MACRO: fine = hn_j_call_macro(r, callee.macro, args, out); break;
    case HN_J_LOOP: fine = call_loop(r, callee.loop, args, out); break;
    case HN_J_JOINER: fine = call_joiner(r, callee.joiner, args, out); break;
    case HN_J_BLOCKREF:
        fine = args->n + args->nkw == 0 ? hn_j_call_block(r, callee.block, out)
                                        : hn_j_fail(r, HN_J_TYPE, "BlockReference.__call__() takes 1 positional argument");
        break;
    default: fine = hn_j_reject(r, callee, HN_J_TYPE, "'%s' object is not callable", hn_j_type(callee));
    }
    hn_j_leave(r);
    return fine;
}

bool hn_j_arg_flag(hn_jval v, bool otherwise) { return hn_j_given(v) ? hn_j_truth(v) : otherwise; }

bool hn_j_no_attribute(hn_jrun *r, hn_jval v, const char *name) {
    return hn_j_reject(r, v, HN_J_ATTR, "'%s' object has no attribute '%s'", hn_j_type(v), name);
}

bool hn_j_arg_str(hn_jrun *r, const char *what, hn_jval v, hn_str *out) {
    if (v.kind != HN_J_STR) return hn_j_fail(r, HN_J_TYPE, "%s must be str, not %s", what, hn_j_type(v));
    *out = hn_j_text(v);
    return true;
}
