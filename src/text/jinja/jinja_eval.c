/* jinja_eval.c - expressions. */
#include "text/jinja/jinja_ast_impl.h"

/* Filters that look into the context are not for constants. */
static bool folds(const hn_jrun *r, const hn_jnode *n) {
    static const char *const not_these[] = {"map", "select", "reject", "selectattr", "rejectattr", "random"};
    for (size_t i = 0; n->op == HN_JN_FILTER && i < sizeof not_these / sizeof *not_these; i++)
        if (hn_str_eq(n->text, not_these[i])) return false;
    return n->u.call.func && n->u.call.of && !r->volatile_escape;
}
static bool impossible(hn_jrun *r) { return hn_j_fail(r, HN_J_RUNTIME, "not constant"); }

static bool eval_name(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    if (r->folding) return impossible(r);
    *out = *hn_j_slot(f, n->u.ref);
    return out->kind != HN_J_MISSING || hn_j_undefined_name(r, n->text, out);
}

static bool eval_list(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    hn_jval *items;
    if (!hn_j_list_new(r, n->op == HN_JN_TUPLE ? HN_J_TUPLE : HN_J_LIST, n->u.items.n, out, &items)) return false;
    for (uint32_t i = 0; i < n->u.items.n; i++)
        if (!hn_j_eval(r, f, n->u.items.v[i], &items[i])) return false;
    return true;
}

static bool eval_dict(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    hn_jval key, value;
    if (!hn_j_dict_new(r, n->u.items.n / 2, out)) return false;
    for (uint32_t i = 0; i < n->u.items.n; i += 2)
        if (!hn_j_eval(r, f, n->u.items.v[i], &key) || !hn_j_eval(r, f, n->u.items.v[i + 1], &value) ||
            !hn_j_dict_put(r, *out, key, value))
            return false;
    return true;
}

static bool eval_cond(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    hn_jval test;
    if (!hn_j_eval(r, f, n->u.cond.test, &test)) return false;
    if (hn_j_truth(test)) return hn_j_eval(r, f, n->u.cond.yes, out);
    if (n->u.cond.no) return hn_j_eval(r, f, n->u.cond.no, out);
    if (r->folding) return impossible(r);
    return hn_j_undefined(r, "the inline if-expression evaluated to false and no else section was defined.", out);
}

static bool eval_concat(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    bool escaping = !r->folding && hn_j_escapes(r, n), markup = false;
    hn_jval part;
    *out = hn_j_str("", 0);
    for (uint32_t i = 0; i < n->u.items.n; i++) {
        if (!hn_j_eval(r, f, n->u.items.v[i], &part)) return false;
        if (!escaping) {
            if (!hn_j_str_of(r, part, &part)) return false;
        } else { /* from the first markup on everything is escaped, and what came before as well */
            if (!hn_j_soft_str(r, part, &part)) return false;
            if ((part.flag & HN_J_MARKUP) && !markup) {
                markup = true;
                if (!hn_j_escape(r, hn_j_plain(*out), out)) return false;
            }
            if (markup && !hn_j_escape(r, part, &part)) return false;
        }
        if (!hn_j_join2(r, *out, part, out)) return false;
    }
    if (markup) *out = hn_j_markup(*out);
    return true;
}

static bool compare(hn_jrun *r, int how, hn_jval a, hn_jval b, bool *yes) {
    static const char *const op[] = {[HN_CMP_LT] = "<", [HN_CMP_LE] = "<=", [HN_CMP_GT] = ">", [HN_CMP_GE] = ">="};
    switch (how) {
    case HN_CMP_EQ: case HN_CMP_NE:
        if (!hn_j_equal(r, a, b, yes)) return false;
        if (how == HN_CMP_NE) *yes = !*yes;
        return true;
    case HN_CMP_IN: case HN_CMP_NOTIN:
        if (!hn_j_contains(r, a, b, yes)) return false;
        if (how == HN_CMP_NOTIN) *yes = !*yes;
        return true;
    default: return hn_j_order(r, a, b, op[how], yes);
    }
}

static bool eval_compare(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    hn_jval a, b;
    bool yes = true;
    if (!hn_j_eval(r, f, n->u.cmp.first, &a)) return false;
    for (uint32_t i = 0; yes && i < n->u.cmp.rest.n; i++) {
        if (!hn_j_eval(r, f, n->u.cmp.rest.v[i], &b) || !compare(r, n->u.cmp.how[i], a, b, &yes)) return false;
        a = b;
    }
    return hn_j_set(out, hn_j_bool(yes));
}

/* While folding a slice is an item like any other: what has none is undefined. */
static bool take_slice(hn_jrun *r, hn_jval obj, hn_jval start, hn_jval stop, hn_jval step, hn_jval *out) {
    if (hn_j_slice(r, obj, start, stop, step, out)) return true;
    if (!r->folding || r->err != HN_J_TYPE || obj.kind == HN_J_UNDEF) return false;
    hn_j_forgive(r);
    return hn_j_undefined(r, "there is no such slice", out);
}

static bool eval_getitem(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    hn_jval obj, key, start = hn_j_missing(), stop = start, step = start;
    const hn_jnode *arg = n->u.get.arg;
    if (!hn_j_eval(r, f, n->u.get.of, &obj)) return false;
    if (arg->op != HN_JN_SLICE) return hn_j_eval(r, f, arg, &key) && hn_j_getitem(r, obj, key, out);
    return (!arg->u.slice.start || hn_j_eval(r, f, arg->u.slice.start, &start)) &&
           (!arg->u.slice.stop || hn_j_eval(r, f, arg->u.slice.stop, &stop)) &&
           (!arg->u.slice.step || hn_j_eval(r, f, arg->u.slice.step, &step)) && take_slice(r, obj, start, stop, step, out);
}

/* ---- calls */

typedef struct room { hn_jval v[HN_J_PARAMS]; hn_jkw kw[4]; } room; /* for the usual few arguments */

static bool add_dynamic(hn_jrun *r, hn_jframe *f, const hn_jcallee *c, hn_jargs *args) {
    hn_jval more, key, value;
    if (c->dyn_args) {
        if (!hn_j_eval(r, f, c->dyn_args, &more) || !hn_j_to_list(r, more, HN_J_LIST, &more)) return false;
        size_t n = hn_j_count(more);
        hn_jval *v = hn_j_alloc(r, (args->n + n + 1) * sizeof *v);
        if (!v) return false;
        memcpy(v, args->v, args->n * sizeof *v);
        for (size_t i = 0; i < n; i++) v[args->n + i] = hn_j_at(more, i);
        args->v = v;
        args->n += (uint32_t)n;
    }
    if (!c->dyn_kwargs) return true;
    if (!hn_j_eval(r, f, c->dyn_kwargs, &more)) return false;
    if (more.kind != HN_J_DICT)
        return hn_j_reject(r, more, HN_J_TYPE, "argument after ** must be a mapping, not %s", hn_j_type(more));
    hn_jkw *kw = hn_j_alloc(r, (args->nkw + hn_j_count(more) + 1) * sizeof *kw);
    if (!kw) return false;
    memcpy(kw, args->kw, args->nkw * sizeof *kw);
    args->kw = kw;
    hn_jwalk w = {0};
    while (hn_j_dict_next(r, more, &w, &key, &value)) {
        if (key.kind != HN_J_STR) return hn_j_fail(r, HN_J_TYPE, "keywords must be strings");
        for (uint32_t i = 0; i < args->nkw; i++)
            if (hn_str_same(hn_j_text(kw[i].key), hn_j_text(key)))
                return hn_j_fail(r, HN_J_TYPE, "got multiple values for keyword argument '%.*s'", (int)key.n, key.s);
        kw[args->nkw++] = (hn_jkw){key, value};
    }
    return true;
}

/* first: a value in front (of filters and tests), or MISSING. caller: a keyword more, or MISSING. */
static bool eval_args(hn_jrun *r, hn_jframe *f, const hn_jcallee *c, hn_jval first, hn_jval caller, room *m, hn_jargs *args) {
    hn_jval *v = m->v;
    hn_jkw *kw = m->kw;
    uint32_t n = 0, nkw = c->kwargs.n;
    if (c->args.n + 1 > HN_J_PARAMS && !(v = hn_j_alloc(r, (c->args.n + 1) * sizeof *v))) return false;
    if (nkw + 1 > 4 && !(kw = hn_j_alloc(r, (nkw + 1) * sizeof *kw))) return false;
    if (hn_j_given(first)) v[n++] = first;
    for (uint32_t i = 0; i < c->args.n; i++)
        if (!hn_j_eval(r, f, c->args.v[i], &v[n++])) return false;
    for (uint32_t i = 0; i < nkw; i++) {
        kw[i].key = hn_j_of(c->kwargs.v[i]->text);
        if (!hn_j_eval(r, f, c->kwargs.v[i]->u.bin.left, &kw[i].value)) return false;
    }
    *args = (hn_jargs){v, n, nkw, kw};
    if (!c->dyn_args && !c->dyn_kwargs && !hn_j_given(caller)) return true;
    if (!add_dynamic(r, f, c, args)) return false;
    if (!hn_j_given(caller)) return true;
    if (hn_j_kw(args, "caller")) return hn_j_fail(r, HN_J_TYPE, "got multiple values for keyword argument 'caller'");
    hn_jkw *all = hn_j_alloc(r, (args->nkw + 1) * sizeof *all);
    if (!all) return false;
    memcpy(all, args->kw, args->nkw * sizeof *all);
    all[args->nkw++] = (hn_jkw){hn_j_cstr("caller"), caller};
    args->kw = all;
    return true;
}

/* obj.method(...) without making a value of the method */
static bool eval_method_call(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    const hn_jnode *get = n->u.call.of;
    hn_jval obj, callee;
    room m;
    hn_jargs args;
    if (!hn_j_eval(r, f, get->u.get.of, &obj)) return false;
    const hn_jfunc *method = obj.kind == HN_J_SPACE || obj.kind == HN_J_UNDEF ? NULL : hn_j_method(obj, get->text);
    r->line = n->line;
    if (method) return eval_args(r, f, &n->u.call.call, obj, hn_j_missing(), &m, &args) && hn_j_call_func(r, method, &args, out);
    if (!hn_j_getattr(r, obj, get->text, &callee)) return false;
    return eval_args(r, f, &n->u.call.call, hn_j_missing(), hn_j_missing(), &m, &args) && hn_j_call(r, callee, &args, out);
}

bool hn_j_eval_call(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval caller, hn_jval *out) {
    hn_jval callee;
    room m;
    hn_jargs args;
    if (n->u.call.of->op == HN_JN_GETATTR && !hn_j_given(caller)) return eval_method_call(r, f, n, out);
    if (!hn_j_eval(r, f, n->u.call.of, &callee) || !eval_args(r, f, &n->u.call.call, hn_j_missing(), caller, &m, &args))
        return false;
    r->line = n->line;
    return hn_j_call(r, callee, &args, out);
}

/* The filter or test n of a value. */
static bool call_named(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval value, hn_jval *out) {
    room m;
    hn_jargs args;
    if (!eval_args(r, f, &n->u.call.call, value, hn_j_missing(), &m, &args)) return false;
    r->line = n->line;
    if (n->u.call.func) return hn_j_call_func(r, n->u.call.func, &args, out);
    return hn_j_fail(r, HN_J_RUNTIME, "No %s named '%.*s' found.", n->op == HN_JN_FILTER ? "filter" : "test", (int)n->text.n,
                     n->text.p);
}

bool hn_j_apply_filter(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval captured, hn_jval *out) {
    const hn_jnode *of = n->u.call.of;
    hn_jval value = captured;
    bool nested = of && of->op == HN_JN_FILTER && hn_j_given(captured);
    if (of && !(nested ? hn_j_apply_filter(r, f, of, captured, &value) : hn_j_eval(r, f, of, &value))) return false;
    return call_named(r, f, n, value, out);
}

static bool eval_test(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    hn_jval value;
    return hn_j_eval(r, f, n->u.call.of, &value) && call_named(r, f, n, value, out);
}

static bool eval_inner(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    hn_jval a, b;
    switch ((hn_jop)n->op) {
    case HN_JN_TUPLE: case HN_JN_LIST: return eval_list(r, f, n, out);
    case HN_JN_DICT: return eval_dict(r, f, n, out);
    case HN_JN_COND: return eval_cond(r, f, n, out);
    case HN_JN_OR: case HN_JN_AND:
        if (!hn_j_eval(r, f, n->u.bin.left, out)) return false;
        return hn_j_truth(*out) == (n->op == HN_JN_OR) || hn_j_eval(r, f, n->u.bin.right, out);
    case HN_JN_NOT:
        if (!hn_j_eval(r, f, n->u.bin.left, &a)) return false;
        return hn_j_set(out, hn_j_bool(!hn_j_truth(a)));
    case HN_JN_NEG: case HN_JN_POS: return hn_j_eval(r, f, n->u.bin.left, &a) && hn_j_unary(r, n->op, a, out);
    case HN_JN_ADD: case HN_JN_SUB: case HN_JN_MUL: case HN_JN_DIV: case HN_JN_FLOORDIV: case HN_JN_MOD: case HN_JN_POW:
        if (!hn_j_eval(r, f, n->u.bin.left, &a) || !hn_j_eval(r, f, n->u.bin.right, &b)) return false;
        r->line = n->line;
        return hn_j_binary(r, n->op, a, b, out);
    case HN_JN_CONCAT: return eval_concat(r, f, n, out);
    case HN_JN_COMPARE: return eval_compare(r, f, n, out);
    case HN_JN_GETATTR: return hn_j_eval(r, f, n->u.get.of, &a) && (r->line = n->line, hn_j_getattr(r, a, n->text, out));
    case HN_JN_GETITEM: return eval_getitem(r, f, n, out);
    case HN_JN_CALL: return r->folding ? impossible(r) : hn_j_eval_call(r, f, n, hn_j_missing(), out);
    case HN_JN_FILTER: return r->folding && !folds(r, n) ? impossible(r) : hn_j_apply_filter(r, f, n, hn_j_missing(), out);
    case HN_JN_TEST: return r->folding && !folds(r, n) ? impossible(r) : eval_test(r, f, n, out);
    case HN_JN_NAMELESS:
        *out = n->u.value;
        return r->folding || hn_j_fail(r, HN_J_RUNTIME, "name 'inf' is not defined");
    default: return hn_j_fail(r, HN_J_RUNTIME, "not an expression");
    }
}

bool hn_j_eval(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out) {
    if (n->op == HN_JN_CONST) return hn_j_set(out, n->u.value);
    if (n->op == HN_JN_NAME) return eval_name(r, f, n, out);
    if (!hn_j_burn(r, 1) || !hn_j_enter(r)) return false;
    bool fine = eval_inner(r, f, n, out);
    hn_j_leave(r);
    return fine;
}
