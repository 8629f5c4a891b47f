/* jinja_resolve.c - walks a parsed template as Jinja2's code generator does: opens scopes, gives names their slots, refuses what
 * the generator or Python's compiler would refuse. */
#include "text/jinja/jinja_scope_impl.h"

typedef struct frame { /* where the walk is */
    hn_jscoper *x;
    hn_jsyms *syms;
    bool soft;     /* directly inside a condition: unknown filters are an error only if they are reached */
    bool toplevel; /* assignments are exported to the context */
    bool in_loop;  /* break and continue have a loop in this function */
    uint8_t escape;
} frame;

static bool walk(void *with, hn_jnode *n); /* a visitor; with: a frame */

static bool walk_all(frame *f, const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++)
        if (!walk(f, list->v[i])) return false;
    return true;
}
static bool walk_maybe(frame *f, hn_jnode *n) { return !n || walk(f, n); }

/* A scope inside that of f. */
static frame open_scope(const frame *f, hn_jsyms *s) {
    hn_js_open(f->x, s, f->syms);
    return (frame){.x = f->x, .syms = s, .in_loop = f->in_loop, .escape = f->escape};
}

/* All that stands in a scope is looked at before any of it is walked. */
static bool walk_scope(frame *f, const hn_jnodes *front, const hn_jnodes *rest, hn_jscope *out) {
    return hn_js_look_all(f->syms, front) && hn_js_look_all(f->syms, rest) && walk_all(f, front) && walk_all(f, rest) &&
           hn_js_close(f->syms, out);
}
static const hn_jnodes nothing;

/* ---- expressions */

static bool walk_call(frame *f, hn_jnode *n) {
    hn_jcallee *c = &n->u.call.call;
    if (n->op != HN_JN_CALL && !n->u.call.func && !f->soft)
        return hn_jp_fail(f->x->p, n->line, "No %s named '%.*s'.", n->op == HN_JN_FILTER ? "filter" : "test", (int)n->text.n,
                          n->text.p);
    for (uint32_t i = 0; i < c->kwargs.n; i++)
        for (uint32_t k = 0; k < i; k++) {
            hn_str name = c->kwargs.v[i]->text;
            if (hn_str_same(name, c->kwargs.v[k]->text))
                return hn_jp_fail(f->x->p, n->line, "keyword argument repeated: %.*s", (int)name.n, name.p);
        }
    return walk_all(f, &c->kwargs) && walk_maybe(f, n->u.call.of) && walk_all(f, &c->args) && walk_maybe(f, c->dyn_args) &&
           walk_maybe(f, c->dyn_kwargs);
}

static bool walk_cond(const frame *f, hn_jnode *n) {
    frame soft = *f;
    soft.soft = true;
    return walk(&soft, n->u.cond.yes) && walk(&soft, n->u.cond.test) && walk_maybe(&soft, n->u.cond.no);
}

/* ---- functions of their own: macros, the bodies of call blocks, blocks */

static bool distinct_args(hn_jparser *p, const hn_jsignature *s, int32_t line) {
    for (uint32_t i = 0; i < s->args.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (s->args.v[i]->name == s->args.v[k]->name)
                return hn_jp_fail(p, line, "duplicate argument '%.*s' in function definition", (int)s->args.v[i]->text.n,
                                  s->args.v[i]->text.p);
    return true;
}

static bool special_args(hn_jsyms *s, hn_jnode *n) {
    hn_jsignature *g = &n->u.macro.sig;
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
    hn_js_seek(&k, &n->body);
    if (k.found[0] && g->explicit_caller && caller_at + g->defaults.n < g->args.n)
        return hn_jp_fail(s->x->p, n->line, "the special \"caller\" argument must be omitted or be given a default");
    g->caller = k.found[0];
    g->kwargs = k.found[1] && !own_kwargs;
    g->varargs = k.found[2] && !own_varargs;
    return (!g->caller || g->explicit_caller || hn_js_declare(s, "caller", &g->caller_slot)) &&
           (!g->kwargs || hn_js_declare(s, "kwargs", &g->kwargs_slot)) &&
           (!g->varargs || hn_js_declare(s, "varargs", &g->varargs_slot));
}

static bool look_macro(hn_jsyms *s, const hn_jnode *n) {
    return hn_js_look_all(s, &n->u.macro.sig.args) && hn_js_look_all(s, &n->u.macro.sig.defaults) && hn_js_look_all(s, &n->body);
}

static bool walk_macro_body(const frame *f, hn_jnode *n) {
    hn_jscoper *x = f->x;
    hn_jsignature *g = &n->u.macro.sig;
    g->fn = hn_jp_alloc(x->p, sizeof *g->fn);
    g->slot = hn_jp_alloc(x->p, (g->args.n ? g->args.n : 1) * sizeof *g->slot);
    if (!g->fn || !g->slot || !distinct_args(x->p, g, n->line)) return false;
    hn_jfnctx fn = {.node = g->fn, .up = x->fn, .depth = x->fn->depth + 1};
    hn_jsyms s;
    x->fn = &fn;
    frame inner = open_scope(f, &s);
    inner.in_loop = false;
    bool fine = look_macro(&s, n) && special_args(&s, n) && look_macro(&s, n);
    for (uint32_t i = 0; fine && i < g->args.n; i++) {
        hn_jref ref;
        fine = hn_js_ref(x, g->args.v[i]->name, n->line, &ref);
        g->slot[i] = ref.slot;
        if (fine && g->explicit_caller && hn_str_eq(g->args.v[i]->text, "caller")) g->caller_slot = ref.slot;
    }
    fine = fine && walk_all(&inner, &g->defaults) && walk_all(&inner, &n->body) && hn_js_close(&s, &n->scope);
    x->fn = fn.up;
    return fine;
}

static bool walk_macro(const frame *f, hn_jnode *n) {
    n->u.macro.exported = f->toplevel;
    return walk_macro_body(f, n) && hn_js_ref(f->x, n->name, n->line, &n->u.macro.target);
}

static bool walk_callblock(frame *f, hn_jnode *n) {
    if (!walk_macro_body(f, n)) return false;
    if (!n->u.macro.call) return true;
    const hn_jnodes *kw = &n->u.macro.call->u.call.call.kwargs;
    for (uint32_t i = 0; i < kw->n; i++)
        if (hn_str_eq(kw->v[i]->text, "caller")) return hn_jp_fail(f->x->p, n->line, "keyword argument repeated: caller");
    return walk(f, n->u.macro.call);
}

/* ---- scopes */

static bool any_scoped(const hn_jnodes *list) { /* blocks that see what is set around them */
    for (uint32_t i = 0; i < list->n; i++) {
        const hn_jnode *n = list->v[i];
        if ((n->op == HN_JN_BLOCK && n->u.block.scoped) || any_scoped(&n->body) || any_scoped(&n->otherwise)) return true;
    }
    return false;
}

static hn_jnode *clone_target(hn_jparser *p, const hn_jnode *n) {
    hn_jnode *c = hn_jp_node(p, (hn_jop)n->op, n->line);
    if (!c) return NULL;
    *c = *n;
    if (n->op != HN_JN_TUPLE) return c;
    c->u.items = (hn_jnodes){0};
    for (uint32_t i = 0; i < n->u.items.n; i++)
        if (!hn_jp_push(p, &c->u.items, clone_target(p, n->u.items.v[i]))) return NULL;
    return c;
}

static bool names_loop(const hn_jnode *target) {
    if (target->op == HN_JN_NAME) return hn_str_eq(target->text, "loop");
    for (uint32_t i = 0; target->op == HN_JN_TUPLE && i < target->u.items.n; i++)
        if (names_loop(target->u.items.v[i])) return true;
    return false;
}

/* Assigning to the name loop anywhere inside a loop is refused. */
static bool assigns_loop(const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++) {
        const hn_jnode *n = list->v[i];
        if (n->op == HN_JN_FOR && names_loop(n->u.loop.target)) return true;
        if ((n->op == HN_JN_SET || n->op == HN_JN_SETBLOCK) && names_loop(n->u.set.target)) return true;
        if (assigns_loop(&n->body) || assigns_loop(&n->otherwise)) return true;
    }
    return false;
}

static bool walk_loop_parts(const frame *f, hn_jnode *n) {
    hn_jsyms s;
    if (n->u.loop.test) {
        n->u.loop.test_target = clone_target(f->x->p, n->u.loop.target);
        frame test = open_scope(f, &s);
        s.level = -s.level; /* Jinja2 makes a function of the test: its names are not the body's, which runs in between */
        if (!n->u.loop.test_target ||
            !walk_scope(&test, &(hn_jnodes){&n->u.loop.test_target, 1}, &(hn_jnodes){&n->u.loop.test, 1}, &n->u.loop.test_scope))
            return false;
    }
    frame inner = open_scope(f, &s);
    inner.in_loop = true;
    if (n->u.loop.extended && !hn_js_declare(&s, "loop", &n->u.loop.loop_slot)) return false;
    if (!walk_scope(&inner, &(hn_jnodes){&n->u.loop.target, 1}, &n->body, &n->scope)) return false;
    if (n->otherwise.n == 0) return true;
    inner = open_scope(f, &s);
    inner.in_loop = f->in_loop && !n->u.loop.recursive;
    return walk_scope(&inner, &nothing, &n->otherwise, &n->u.loop.else_scope);
}

static bool walk_for(frame *f, hn_jnode *n) {
    hn_jscoper *x = f->x;
    hn_jseek k = {.word = {"loop"}, .n = 1};
    hn_js_seek(&k, &n->body);
    n->u.loop.extended = n->u.loop.recursive || k.found[0] || any_scoped(&n->body) || any_scoped(&n->otherwise);
    if (assigns_loop(&(hn_jnodes){&n, 1}))
        return hn_jp_fail(x->p, n->line, "Can't assign to special loop variable in for-loop target");
    if (!walk(f, n->u.loop.iter)) return false;
    if (!n->u.loop.recursive) return walk_loop_parts(f, n);
    n->u.loop.fn = hn_jp_alloc(x->p, sizeof *n->u.loop.fn);
    if (!n->u.loop.fn) return false;
    hn_jfnctx fn = {.node = n->u.loop.fn, .up = x->fn, .depth = x->fn->depth + 1};
    x->fn = &fn;
    bool fine = walk_loop_parts(f, n);
    x->fn = fn.up;
    return fine;
}

static bool walk_if(const frame *f, hn_jnode *n) {
    frame soft = *f;
    soft.soft = true;
    for (uint32_t i = 0; i < n->body.n; i++)
        if (!walk(&soft, n->body.v[i]->u.bin.left) || !walk_all(&soft, &n->body.v[i]->body)) return false;
    return walk_all(&soft, &n->otherwise);
}

static bool walk_with(frame *f, hn_jnode *n) {
    hn_jsyms s;
    if (!walk_all(f, &n->u.with.values)) return false; /* they see the scope outside */
    frame inner = open_scope(f, &s);
    return walk_scope(&inner, &n->u.with.targets, &n->body, &n->scope);
}

static bool walk_capture(frame *f, hn_jnode *n) { /* filter and set blocks */
    hn_jsyms s;
    n->escape = f->escape;
    n->ctx = f->toplevel;
    if (n->op == HN_JN_SETBLOCK && !walk(f, n->u.set.target)) return false;
    frame inner = open_scope(f, &s);
    if (n->op == HN_JN_FILTERBLOCK) return walk_scope(&inner, &n->body, &(hn_jnodes){&n->u.set.filter, 1}, &n->scope);
    return hn_js_look_all(&s, &n->body) && walk_all(&inner, &n->body) && walk_maybe(&inner, n->u.set.filter) &&
           hn_js_close(&s, &n->scope);
}

static bool walk_autoescape(const frame *f, hn_jnode *n) {
    hn_jsyms s;
    hn_jnode *value = n->u.escaping.value;
    frame inner = open_scope(f, &s);
    if (!hn_js_look(&s, value) || !hn_js_look_all(&s, &n->body) || !walk(&inner, value)) return false;
    inner.escape = value->op != HN_JN_CONST ? HN_ESCAPE_ASK : hn_j_truth(value->u.value) ? HN_ESCAPE_ON : HN_ESCAPE_OFF;
    return walk_all(&inner, &n->body) && hn_js_close(&s, &n->scope);
}

/* A scoped block sees what is set around it. */
static bool show_scope(const frame *f, hn_jnode *n) {
    hn_jscoper *x = f->x;
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

static bool walk_statement(frame *f, hn_jnode *n) {
    switch ((hn_jop)n->op) {
    case HN_JN_OUTPUT:
        n->escape = f->escape;
        for (uint32_t i = 0; i < n->u.items.n; i++) hn_jf_fold(f->x->fold, n->u.items.v[i], true, f->escape);
        return walk_all(f, &n->u.items);
    case HN_JN_FOR: return walk_for(f, n);
    case HN_JN_IF: return walk_if(f, n);
    case HN_JN_MACRO: return walk_macro(f, n);
    case HN_JN_CALLBLOCK: return walk_callblock(f, n);
    case HN_JN_FILTERBLOCK: case HN_JN_SETBLOCK: return walk_capture(f, n);
    case HN_JN_WITH: return walk_with(f, n);
    case HN_JN_SET: n->ctx = f->toplevel; return walk(f, n->u.set.target) && walk(f, n->u.set.value);
    case HN_JN_BLOCK: return !n->u.block.scoped || show_scope(f, n);
    case HN_JN_EXTENDS:
        if (!f->toplevel) return hn_jp_fail(f->x->p, n->line, "cannot use extend from a non top-level scope");
        return walk(f, n->u.include.source);
    case HN_JN_IMPORT:
    case HN_JN_FROMIMPORT: n->ctx = f->toplevel; return walk(f, n->u.include.source) && walk_all(f, &n->u.include.names);
    case HN_JN_BREAK: case HN_JN_CONTINUE:
        return f->in_loop || hn_jp_fail(f->x->p, n->line, "'%s' outside loop", n->op == HN_JN_BREAK ? "break" : "continue");
    case HN_JN_AUTOESCAPE: return walk_autoescape(f, n);
    default: return hn_jn_each(n, walk, f);
    }
}

static bool walk(void *with, hn_jnode *n) {
    frame *f = with;
    if (n->op > HN_JN_EXPRESSIONS) return walk_statement(f, n);
    if (n->ctx != HN_CTX_STORE && n->ctx != HN_CTX_PARAM) hn_jf_fold(f->x->fold, n, false, f->escape);
    switch ((hn_jop)n->op) {
    case HN_JN_NAME: case HN_JN_NSREF: return hn_js_ref(f->x, n->name, n->line, &n->u.ref);
    case HN_JN_COND: return walk_cond(f, n);
    case HN_JN_CALL: case HN_JN_FILTER: case HN_JN_TEST: return walk_call(f, n);
    case HN_JN_CONCAT: n->escape = f->escape; return walk_all(f, &n->u.items);
    default: return hn_jn_each(n, walk, f);
    }
}

/* The template itself, or a block: a function that sees nothing of what is around it. */
static bool walk_root(hn_jscoper *x, hn_jfnode *node, const hn_jnodes *body, hn_jseek *k, bool toplevel, uint16_t *const slot[2],
                      hn_jscope *out) {
    hn_jfnctx fn = {.node = node};
    hn_jsyms s;
    x->fn = &fn;
    hn_js_open(x, &s, NULL);
    frame f = {.x = x, .syms = &s, .toplevel = toplevel};
    hn_js_seek(k, body);
    for (int i = 0; i < k->n; i++)
        if (k->found[i] && !hn_js_declare(&s, k->word[i], slot[i])) return false;
    return walk_scope(&f, &nothing, body, out);
}

static bool walk_block(hn_jscoper *x, hn_jnode *n) {
    hn_jseek k = {.word = {"self", "super"}, .n = 2};
    n->u.block.fn = hn_jp_alloc(x->p, sizeof *n->u.block.fn);
    bool fine = n->u.block.fn && walk_root(x, n->u.block.fn, &n->body, &k, false,
                                           (uint16_t *[2]){&n->u.block.self_slot, &n->u.block.super_slot}, &n->scope);
    n->u.block.uses_self = k.found[0];
    n->u.block.uses_super = k.found[1];
    return fine;
}

static bool walk_template(hn_jscoper *x) {
    hn_jtemplate *t = x->p->t;
    hn_jseek k = {.word = {"self"}, .n = 1};
    bool fine = walk_root(x, &t->fn, &t->body, &k, true, (uint16_t *[2]){&t->self_slot, NULL}, &t->scope);
    t->uses_self = k.found[0];
    return fine;
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
    bool fine = walk_template(&x);
    for (uint32_t i = 0; fine && i < t->blocks.n; i++) fine = walk_block(&x, t->blocks.v[i]);
    hn_jf_close(p, &fold);
    return fine;
}
