/* jinja_resolve.c - walks a parsed template as Jinja2's code generator does: opens scopes, gives names their slots, refuses what
 * the generator or Python's compiler would refuse. */
#include "text/jinja_scope_impl.h"

typedef struct frame { /* where the walk is */
    hn_jsyms *syms;
    bool soft;     /* directly inside a condition: unknown filters are an error only if they are reached */
    bool toplevel; /* assignments are exported to the context */
    bool in_loop;  /* break and continue have a loop in this function */
    uint8_t escape;
} frame;

static bool walk(hn_jscoper *x, const frame *f, hn_jnode *n);

static bool walk_all(hn_jscoper *x, const frame *f, const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++)
        if (!walk(x, f, list->v[i])) return false;
    return true;
}
static bool walk_maybe(hn_jscoper *x, const frame *f, hn_jnode *n) { return !n || walk(x, f, n); }

static frame inner(const frame *f, hn_jsyms *s) {
    return (frame){.syms = s, .in_loop = f->in_loop, .escape = f->escape};
}

/* ---- expressions */

static bool walk_call(hn_jscoper *x, const frame *f, hn_jnode *n) {
    hn_jcallee *c = &n->u.call.call;
    if (n->op != HN_JN_CALL && !n->u.call.func && !f->soft)
        return hn_jp_fail(x->p, n->line, "No %s named '%.*s'.", n->op == HN_JN_FILTER ? "filter" : "test", (int)n->text.n, n->text.p);
    for (uint32_t i = 0; i < c->kwargs.n; i++)
        for (uint32_t k = 0; k < i; k++) {
            hn_str a = c->kwargs.v[i]->text, b = c->kwargs.v[k]->text;
            if (a.n == b.n && memcmp(a.p, b.p, a.n) == 0)
                return hn_jp_fail(x->p, n->line, "keyword argument repeated: %.*s", (int)a.n, a.p);
        }
    for (uint32_t i = 0; i < c->kwargs.n; i++)
        if (!walk(x, f, c->kwargs.v[i]->u.bin.left)) return false;
    return walk_maybe(x, f, n->u.call.of) && walk_all(x, f, &c->args) && walk_maybe(x, f, c->dyn_args) &&
           walk_maybe(x, f, c->dyn_kwargs);
}

static bool walk_cond(hn_jscoper *x, const frame *f, hn_jnode *n) {
    frame soft = *f;
    soft.soft = true;
    return walk(x, &soft, n->u.cond.yes) && walk(x, &soft, n->u.cond.test) && walk_maybe(x, &soft, n->u.cond.no);
}

/* ---- functions of their own: macros, the bodies of call blocks, blocks */

static bool distinct_args(hn_jscoper *x, const hn_jsignature *s, int32_t line) {
    for (uint32_t i = 0; i < s->args.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (s->args.v[i]->name == s->args.v[k]->name)
                return hn_jp_fail(x->p, line, "duplicate argument '%.*s' in function definition", (int)s->args.v[i]->text.n, s->args.v[i]->text.p);
    return true;
}

static bool special_args(hn_jscoper *x, hn_jsyms *s, hn_jsignature *g, int32_t line) {
    hn_jseek k = {.word = {"caller", "kwargs", "varargs"}, .n = 3};
    bool own_kwargs = false, own_varargs = false;
    uint32_t caller_at = UINT32_MAX;
    for (uint32_t i = 0; i < g->args.n; i++) {
        hn_str name = g->args.v[i]->text;
        if (hn_str_eq(name, "caller")) caller_at = i;
        own_kwargs |= hn_str_eq(name, "kwargs");
        own_varargs |= hn_str_eq(name, "varargs");
    }
    g->explicit_caller = caller_at != UINT32_MAX;
    hn_js_seek(&k, &g->body);
    if (k.found[0] && g->explicit_caller && caller_at + g->defaults.n < g->args.n)
        return hn_jp_fail(x->p, line, "the special \"caller\" argument must be omitted or be given a default");
    g->caller = k.found[0];
    g->kwargs = k.found[1] && !own_kwargs;
    g->varargs = k.found[2] && !own_varargs;
    if (g->caller && !g->explicit_caller && !hn_js_declare_word(x, s, "caller", &g->caller_slot)) return false;
    if (g->kwargs && !hn_js_declare_word(x, s, "kwargs", &g->kwargs_slot)) return false;
    return !g->varargs || hn_js_declare_word(x, s, "varargs", &g->varargs_slot);
}

static bool look_signature(hn_jscoper *x, hn_jsyms *s, const hn_jsignature *g) {
    return hn_js_look_all(x, s, &g->args) && hn_js_look_all(x, s, &g->defaults) && hn_js_look_all(x, s, &g->body);
}

static bool walk_macro_body(hn_jscoper *x, const frame *f, hn_jsignature *g, int32_t line) {
    g->fn = hn_jp_alloc(x->p, sizeof *g->fn);
    g->slot = hn_jp_alloc(x->p, (g->args.n ? g->args.n : 1) * sizeof *g->slot);
    if (!g->fn || !g->slot || !distinct_args(x, g, line)) return false;
    hn_jfnctx fn = {.node = g->fn, .up = x->fn, .depth = x->fn->depth + 1};
    hn_jsyms s;
    hn_js_open(&s, f->syms, &fn);
    x->fn = &fn;
    frame body = inner(f, &s);
    body.in_loop = false;
    bool fine = look_signature(x, &s, g) && special_args(x, &s, g, line) && look_signature(x, &s, g);
    for (uint32_t i = 0; fine && i < g->args.n; i++) {
        hn_jref ref;
        fine = hn_js_ref(x, g->args.v[i]->name, line, &ref);
        g->slot[i] = ref.slot;
        if (fine && g->explicit_caller && hn_str_eq(g->args.v[i]->text, "caller")) g->caller_slot = ref.slot;
    }
    fine = fine && walk_all(x, &body, &g->defaults) && walk_all(x, &body, &g->body) && hn_js_close(x, &s, &g->scope);
    x->fn = fn.up;
    return fine;
}

static bool walk_macro(hn_jscoper *x, const frame *f, hn_jnode *n) {
    n->u.macro.exported = f->toplevel;
    return walk_macro_body(x, f, &n->u.macro.sig, n->line) && hn_js_ref(x, n->name, n->line, &n->u.macro.target);
}

static bool walk_callblock(hn_jscoper *x, const frame *f, hn_jnode *n) {
    if (!walk_macro_body(x, f, &n->u.macro.sig, n->line)) return false;
    if (!n->u.macro.call) return true;
    const hn_jnodes *kw = &n->u.macro.call->u.call.call.kwargs;
    for (uint32_t i = 0; i < kw->n; i++)
        if (hn_str_eq(kw->v[i]->text, "caller")) return hn_jp_fail(x->p, n->line, "keyword argument repeated: caller");
    return walk(x, f, n->u.macro.call);
}

/* ---- scopes */

static bool has_scoped_block(const hn_jscoper *x, const hn_jnode *n);

static bool any_scoped(const hn_jscoper *x, const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++)
        if (has_scoped_block(x, list->v[i])) return true;
    return false;
}

static bool has_scoped_block(const hn_jscoper *x, const hn_jnode *n) {
    switch ((hn_jop)n->op) {
    case HN_JN_BLOCK: return n->u.block.scoped || any_scoped(x, &n->u.block.body);
    case HN_JN_FOR: return any_scoped(x, &n->u.loop.body) || any_scoped(x, &n->u.loop.otherwise);
    case HN_JN_IF:
        for (uint32_t i = 0; i < n->u.branch.n; i++)
            if (any_scoped(x, &n->u.branch.body[i])) return true;
        return any_scoped(x, &n->u.branch.otherwise);
    case HN_JN_MACRO: case HN_JN_CALLBLOCK: return any_scoped(x, &n->u.macro.sig.body);
    case HN_JN_FILTERBLOCK: case HN_JN_SETBLOCK: return any_scoped(x, &n->u.set.body);
    case HN_JN_WITH: return any_scoped(x, &n->u.with.body);
    case HN_JN_AUTOESCAPE: return any_scoped(x, &n->u.escaping.body);
    default: return false;
    }
}

static hn_jnode *clone_target(hn_jscoper *x, const hn_jnode *n) {
    hn_jnode *c = hn_jp_node(x->p, (hn_jop)n->op, n->line);
    if (!c) return NULL;
    *c = *n;
    if (n->op != HN_JN_TUPLE) return c;
    c->u.items = (hn_jnodes){0};
    for (uint32_t i = 0; i < n->u.items.n; i++)
        if (!hn_jp_push(x->p, &c->u.items, clone_target(x, n->u.items.v[i]))) return NULL;
    return c;
}

static bool stores_loop(const hn_jnode *n) {
    if (n->op == HN_JN_NAME) return n->ctx == HN_CTX_STORE && hn_str_eq(n->text, "loop");
    for (uint32_t i = 0; n->op == HN_JN_TUPLE && i < n->u.items.n; i++)
        if (stores_loop(n->u.items.v[i])) return true;
    return false;
}

/* Assigning to the name loop anywhere inside a loop is refused. */
static bool assigns_loop(const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++) {
        const hn_jnode *n = list->v[i];
        bool yes = false;
        switch ((hn_jop)n->op) {
        case HN_JN_FOR:
            yes = stores_loop(n->u.loop.target) || assigns_loop(&n->u.loop.body) || assigns_loop(&n->u.loop.otherwise);
            break;
        case HN_JN_IF:
            for (uint32_t k = 0; !yes && k < n->u.branch.n; k++) yes = assigns_loop(&n->u.branch.body[k]);
            yes = yes || assigns_loop(&n->u.branch.otherwise);
            break;
        case HN_JN_MACRO: case HN_JN_CALLBLOCK: yes = assigns_loop(&n->u.macro.sig.body); break;
        case HN_JN_SET: case HN_JN_SETBLOCK: yes = stores_loop(n->u.set.target) || assigns_loop(&n->u.set.body); break;
        case HN_JN_FILTERBLOCK: yes = assigns_loop(&n->u.set.body); break;
        case HN_JN_WITH: yes = assigns_loop(&n->u.with.body); break;
        case HN_JN_BLOCK: yes = assigns_loop(&n->u.block.body); break;
        case HN_JN_AUTOESCAPE: yes = assigns_loop(&n->u.escaping.body); break;
        default: break;
        }
        if (yes) return true;
    }
    return false;
}

static bool walk_loop_parts(hn_jscoper *x, const frame *f, hn_jnode *n) {
    hn_jsyms s;
    if (n->u.loop.test) {
        n->u.loop.test_target = clone_target(x, n->u.loop.target);
        hn_js_open(&s, f->syms, x->fn);
        frame test = inner(f, &s);
        if (!n->u.loop.test_target || !hn_js_look_target(x, &s, n->u.loop.test_target) || !hn_js_look(x, &s, n->u.loop.test) ||
            !walk(x, &test, n->u.loop.test_target) || !walk(x, &test, n->u.loop.test) || !hn_js_close(x, &s, &n->u.loop.test_scope))
            return false;
    }
    hn_js_open(&s, f->syms, x->fn);
    frame body = inner(f, &s);
    body.in_loop = true;
    if (n->u.loop.extended && !hn_js_declare_word(x, &s, "loop", &n->u.loop.loop_slot)) return false;
    if (!hn_js_look_target(x, &s, n->u.loop.target) || !hn_js_look_all(x, &s, &n->u.loop.body) ||
        !walk(x, &body, n->u.loop.target) || !walk_all(x, &body, &n->u.loop.body) || !hn_js_close(x, &s, &n->u.loop.scope))
        return false;
    if (n->u.loop.otherwise.n == 0) return true;
    hn_js_open(&s, f->syms, x->fn);
    frame rest = inner(f, &s);
    rest.in_loop = f->in_loop && !n->u.loop.recursive;
    return hn_js_look_all(x, &s, &n->u.loop.otherwise) && walk_all(x, &rest, &n->u.loop.otherwise) &&
           hn_js_close(x, &s, &n->u.loop.else_scope);
}

static bool walk_for(hn_jscoper *x, const frame *f, hn_jnode *n) {
    hn_jseek k = {.word = {"loop"}, .n = 1};
    hn_jnodes self = {&n, 1};
    hn_js_seek(&k, &n->u.loop.body);
    n->u.loop.extended = n->u.loop.recursive || k.found[0] || any_scoped(x, &n->u.loop.body) || any_scoped(x, &n->u.loop.otherwise);
    if (assigns_loop(&self)) return hn_jp_fail(x->p, n->line, "Can't assign to special loop variable in for-loop target");
    if (!walk(x, f, n->u.loop.iter)) return false;
    if (!n->u.loop.recursive) return walk_loop_parts(x, f, n);
    n->u.loop.fn = hn_jp_alloc(x->p, sizeof *n->u.loop.fn);
    if (!n->u.loop.fn) return false;
    hn_jfnctx fn = {.node = n->u.loop.fn, .up = x->fn, .depth = x->fn->depth + 1};
    x->fn = &fn;
    bool fine = walk_loop_parts(x, f, n);
    x->fn = fn.up;
    return fine;
}

static bool walk_if(hn_jscoper *x, const frame *f, hn_jnode *n) {
    frame soft = *f;
    soft.soft = true;
    for (uint32_t i = 0; i < n->u.branch.n; i++)
        if (!walk(x, &soft, n->u.branch.test[i]) || !walk_all(x, &soft, &n->u.branch.body[i])) return false;
    return walk_all(x, &soft, &n->u.branch.otherwise);
}

static bool walk_with(hn_jscoper *x, const frame *f, hn_jnode *n) {
    hn_jsyms s;
    if (!walk_all(x, f, &n->u.with.values)) return false; /* they see the scope outside */
    hn_js_open(&s, f->syms, x->fn);
    frame body = inner(f, &s);
    return hn_js_look_all(x, &s, &n->u.with.targets) && hn_js_look_all(x, &s, &n->u.with.body) &&
           walk_all(x, &body, &n->u.with.targets) && walk_all(x, &body, &n->u.with.body) && hn_js_close(x, &s, &n->u.with.scope);
}

static bool walk_capture(hn_jscoper *x, const frame *f, hn_jnode *n) { /* filter and set blocks */
    hn_jsyms s;
    n->escape = f->escape;
    n->ctx = f->toplevel;
    if (n->op == HN_JN_SETBLOCK && !walk(x, f, n->u.set.target)) return false;
    hn_js_open(&s, f->syms, x->fn);
    frame body = inner(f, &s);
    if (!hn_js_look_all(x, &s, &n->u.set.body)) return false;
    if (n->op == HN_JN_FILTERBLOCK && !hn_js_look(x, &s, n->u.set.filter)) return false;
    return walk_all(x, &body, &n->u.set.body) && walk_maybe(x, &body, n->u.set.filter) && hn_js_close(x, &s, &n->u.set.scope);
}

static bool walk_autoescape(hn_jscoper *x, const frame *f, hn_jnode *n) {
    hn_jsyms s;
    hn_js_open(&s, f->syms, x->fn);
    frame body = inner(f, &s);
    if (!hn_js_look(x, &s, n->u.escaping.value) || !hn_js_look_all(x, &s, &n->u.escaping.body)) return false;
    if (!walk(x, &body, n->u.escaping.value)) return false;
    n->u.escaping.constant = n->u.escaping.value->op == HN_JN_CONST;
    body.escape = !n->u.escaping.constant ? HN_ESCAPE_ASK : hn_j_truth(n->u.escaping.value->u.value) ? HN_ESCAPE_ON : HN_ESCAPE_OFF;
    return walk_all(x, &body, &n->u.escaping.body) && hn_js_close(x, &s, &n->u.escaping.scope);
}

/* A scoped block sees what is set around it. */
static bool show_scope(hn_jscoper *x, const frame *f, hn_jnode *n) {
    uint32_t most = 0;
    for (const hn_jsyms *s = f->syms; s; s = s->parent) most += s->count;
    n->u.block.shown = hn_jp_alloc(x->p, (most + 1) * sizeof *n->u.block.shown);
    n->u.block.shown_name = hn_jp_alloc(x->p, (most + 1) * sizeof *n->u.block.shown_name);
    if (!n->u.block.shown || !n->u.block.shown_name) return false;
    for (const hn_jsyms *s = f->syms; s; s = s->parent)
        for (const hn_jbinding *b = s->bindings; b; b = b->next) {
            if (!b->stored) continue;
            n->u.block.shown_name[n->u.block.shown_n] = b->name;
            if (!hn_js_ref(x, b->name, n->line, &n->u.block.shown[n->u.block.shown_n++])) return false;
        }
    return true;
}

static bool walk_names(hn_jscoper *x, const frame *f, hn_jnode *n) { /* import */
    n->ctx = f->toplevel;
    return walk(x, f, n->u.include.source) && walk_all(x, f, &n->u.include.names);
}

static bool walk_statement(hn_jscoper *x, const frame *f, hn_jnode *n) {
    switch ((hn_jop)n->op) {
    case HN_JN_OUTPUT:
        n->escape = f->escape;
        for (uint32_t i = 0; i < n->u.items.n; i++) hn_jf_fold(x->p, x->fold, n->u.items.v[i], true, f->escape);
        return walk_all(x, f, &n->u.items);
    case HN_JN_FOR: return walk_for(x, f, n);
    case HN_JN_IF: return walk_if(x, f, n);
    case HN_JN_MACRO: return walk_macro(x, f, n);
    case HN_JN_CALLBLOCK: return walk_callblock(x, f, n);
    case HN_JN_FILTERBLOCK: case HN_JN_SETBLOCK: return walk_capture(x, f, n);
    case HN_JN_WITH: return walk_with(x, f, n);
    case HN_JN_SET: n->ctx = f->toplevel; return walk(x, f, n->u.set.target) && walk(x, f, n->u.set.value);
    case HN_JN_BLOCK: return !n->u.block.scoped || show_scope(x, f, n);
    case HN_JN_INCLUDE: return walk(x, f, n->u.include.source);
    case HN_JN_EXTENDS:
        if (!f->toplevel) return hn_jp_fail(x->p, n->line, "cannot use extend from a non top-level scope");
        return walk(x, f, n->u.include.source);
    case HN_JN_IMPORT: case HN_JN_FROMIMPORT: return walk_names(x, f, n);
    case HN_JN_BREAK: case HN_JN_CONTINUE:
        return f->in_loop || hn_jp_fail(x->p, n->line, "'%s' outside loop", n->op == HN_JN_BREAK ? "break" : "continue");
    case HN_JN_AUTOESCAPE: return walk_autoescape(x, f, n);
    default: return true;
    }
}

static bool walk(hn_jscoper *x, const frame *f, hn_jnode *n) {
    if (n->op < HN_JN_EXPRESSIONS && n->ctx != HN_CTX_STORE && n->ctx != HN_CTX_PARAM) hn_jf_fold(x->p, x->fold, n, false, f->escape);
    switch ((hn_jop)n->op) {
    case HN_JN_CONST: case HN_JN_NAMELESS: return true;
    case HN_JN_NAME: case HN_JN_NSREF: return hn_js_ref(x, n->name, n->line, &n->u.ref);
    case HN_JN_CONCAT: n->escape = f->escape; return walk_all(x, f, &n->u.items);
    case HN_JN_TUPLE: case HN_JN_LIST: case HN_JN_DICT: return walk_all(x, f, &n->u.items);
    case HN_JN_COND: return walk_cond(x, f, n);
    case HN_JN_OR: case HN_JN_AND: case HN_JN_ADD: case HN_JN_SUB: case HN_JN_MUL: case HN_JN_DIV: case HN_JN_FLOORDIV:
    case HN_JN_MOD: case HN_JN_POW: return walk(x, f, n->u.bin.left) && walk(x, f, n->u.bin.right);
    case HN_JN_NOT: case HN_JN_NEG: case HN_JN_POS: return walk(x, f, n->u.bin.left);
    case HN_JN_COMPARE: return walk(x, f, n->u.cmp.first) && walk_all(x, f, &n->u.cmp.rest);
    case HN_JN_GETATTR: case HN_JN_GETITEM: return walk(x, f, n->u.get.of) && walk_maybe(x, f, n->u.get.arg);
    case HN_JN_SLICE:
        return walk_maybe(x, f, n->u.slice.start) && walk_maybe(x, f, n->u.slice.stop) && walk_maybe(x, f, n->u.slice.step);
    case HN_JN_CALL: case HN_JN_FILTER: case HN_JN_TEST:
        n->escape = f->escape;
        return walk_call(x, f, n);
    default: return walk_statement(x, f, n);
    }
}

static bool walk_block(hn_jscoper *x, hn_jnode *n) {
    hn_jseek k = {.word = {"self", "super"}, .n = 2};
    n->u.block.fn = hn_jp_alloc(x->p, sizeof *n->u.block.fn);
    if (!n->u.block.fn) return false;
    hn_jfnctx fn = {.node = n->u.block.fn};
    hn_jsyms s;
    x->fn = &fn;
    hn_js_open(&s, NULL, &fn);
    frame f = {.syms = &s};
    hn_js_seek(&k, &n->u.block.body);
    n->u.block.uses_self = k.found[0];
    n->u.block.uses_super = k.found[1];
    if (k.found[0] && !hn_js_declare_word(x, &s, "self", &n->u.block.self_slot)) return false;
    if (k.found[1] && !hn_js_declare_word(x, &s, "super", &n->u.block.super_slot)) return false;
    return hn_js_look_all(x, &s, &n->u.block.body) && walk_all(x, &f, &n->u.block.body) && hn_js_close(x, &s, &n->u.block.scope);
}

static bool walk_root(hn_jscoper *x) {
    hn_jtemplate *t = x->p->t;
    hn_jseek k = {.word = {"self"}, .n = 1};
    hn_jfnctx fn = {.node = &t->fn};
    hn_jsyms s;
    x->fn = &fn;
    hn_js_open(&s, NULL, &fn);
    frame f = {.syms = &s, .toplevel = true};
    hn_js_seek(&k, &t->body);
    t->uses_self = k.found[0];
    if (k.found[0] && !hn_js_declare_word(x, &s, "self", &t->self_slot)) return false;
    return hn_js_look_all(x, &s, &t->body) && walk_all(x, &f, &t->body) && hn_js_close(x, &s, &t->scope);
}

bool hn_jp_scopes(hn_jparser *p) {
    static const char *const words[] = {"loop", "self", "super", "caller", "kwargs", "varargs"};
    hn_jtemplate *t = p->t;
    uint32_t id;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!hn_jp_name(p, hn_str_of(words[i]), &id)) return false;
    hn_jscoper x = {.p = p};
    x.top = hn_jp_alloc(p, t->name_n * sizeof *x.top);
    x.places = hn_jp_alloc(p, t->name_n * sizeof *x.places);
    t->global = hn_jp_alloc(p, t->name_n * sizeof *t->global);
    if (!x.top || !x.places || !t->global) return false;
    for (uint32_t i = 0; i < t->name_n; i++) t->global[i] = hn_j_global(t->names[i]);
    hn_jrun fold;
    if (!hn_jf_open(p, &fold)) return false;
    x.fold = &fold;
    bool fine = walk_root(&x);
    for (uint32_t i = 0; fine && i < t->blocks.n; i++) fine = walk_block(&x, t->blocks.v[i]);
    hn_jf_close(p, &fold);
    return fine;
}
