/* jinja_macro.c - macros, call blocks, {% generation %} and blocks: bodies that run in a frame of their own. */
#include "text/jinja/jinja_ast_impl.h"

static hn_jmacro *make_macro(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jmacro *m = hn_j_alloc(r, sizeof *m);
    if (m) *m = (hn_jmacro){.node = n, .name = n->op == HN_JN_MACRO ? n->text : (hn_str){0}, .up = f, .ctx = f->ctx};
    return m;
}

/* ---- arguments, in Jinja2's order: by place, by name, caller, kwargs, varargs */

typedef struct taking { const hn_jargs *args; bool *used; } taking; /* which keywords are spoken for */

static bool take_kw(taking *t, hn_str name, hn_jval *out) {
    for (uint32_t i = 0; i < t->args->nkw; i++) {
        if (t->used[i] || !hn_str_same(hn_j_text(t->args->kw[i].key), name)) continue;
        t->used[i] = true;
        return hn_j_set(out, t->args->kw[i].value);
    }
    return false;
}

static bool rest_kwargs(hn_jrun *r, const taking *t, hn_jval *out) {
    if (!hn_j_dict_new(r, 0, out)) return false;
    for (uint32_t i = 0; i < t->args->nkw; i++)
        if (!t->used[i] && !hn_j_dict_put(r, *out, t->args->kw[i].key, t->args->kw[i].value)) return false;
    return true;
}

static bool rest_varargs(hn_jrun *r, const hn_jargs *args, uint32_t from, hn_jval *out) {
    uint32_t n = args->n > from ? args->n - from : 0;
    hn_jval *items;
    if (!hn_j_list_new(r, HN_J_TUPLE, n, out, &items)) return false;
    for (uint32_t i = 0; i < n; i++) items[i] = args->v[from + i];
    return true;
}

static const char *macro_name(const hn_jmacro *m, char room[80]) {
    snprintf(room, 80, "%.*s", m->name.p ? (int)(m->name.n < 70 ? m->name.n : 70) : 4, m->name.p ? m->name.p : "None");
    return room;
}

static bool bind(hn_jrun *r, const hn_jmacro *m, hn_jframe *f, const hn_jargs *args) {
    const hn_jsignature *s = &m->node->u.macro.sig;
    char room[80];
    taking t = {args, NULL};
    bool found_caller = args->n < s->args.n ? false : s->explicit_caller;
    if (args->nkw && !(t.used = hn_j_alloc(r, args->nkw))) return false;
    for (uint32_t i = 0; i < s->args.n; i++) {
        hn_jval v = hn_j_missing();
        if (i < args->n) v = args->v[i];
        else take_kw(&t, s->args.v[i]->text, &v);
        if (i >= args->n && hn_str_eq(s->args.v[i]->text, "caller")) found_caller = true;
        f->slot[s->slot[i]] = v;
    }
    if (s->caller && !found_caller) {
        hn_jval v = hn_j_none();
        take_kw(&t, hn_str_of("caller"), &v);
        if (v.kind == HN_J_NONE && !hn_j_undefined(r, "No caller defined", &v)) return false;
        f->slot[s->caller_slot] = v;
    }
    if (s->kwargs) {
        if (!rest_kwargs(r, &t, &f->slot[s->kwargs_slot])) return false;
    } else {
        for (uint32_t i = 0; i < args->nkw; i++)
            if (!t.used[i])
                return hn_j_fail(r, HN_J_TYPE, "macro '%s' takes no keyword argument '%.*s'", macro_name(m, room),
                                 (int)args->kw[i].key.n, args->kw[i].key.s);
    }
    if (s->varargs) return rest_varargs(r, args, s->args.n, &f->slot[s->varargs_slot]);
    return args->n <= s->args.n ||
           hn_j_fail(r, HN_J_TYPE, "macro '%s' takes not more than %u argument(s)", macro_name(m, room), s->args.n);
}

static bool set_defaults(hn_jrun *r, hn_jframe *f, const hn_jsignature *s) {
    for (uint32_t i = 0; i < s->args.n; i++) {
        hn_jval *slot = &f->slot[s->slot[i]], v;
        if (hn_j_given(*slot)) continue;
        uint32_t first = s->args.n - s->defaults.n;
        if (i < first ? !hn_j_undefined_name(r, s->args.v[i]->text, &v) : !hn_j_eval(r, f, s->defaults.v[i - first], &v))
            return false;
        *slot = v;
    }
    return true;
}

static bool enter_body(hn_jrun *r, const hn_jmacro *m, const hn_jargs *args, hn_jframe **out) {
    const hn_jsignature *s = &m->node->u.macro.sig;
    hn_jframe *f = hn_j_frame(r, s->fn, m->up, m->ctx);
    if (!f || !bind(r, m, f, args)) return false;
    hn_j_scope_in(f, &m->node->scope);
    *out = f;
    return set_defaults(r, f, s);
}

static bool exec_body(hn_jrun *r, hn_jframe *f, const hn_jnodes *body) {
    r->calls++;
    hn_jflow flow = hn_j_exec(r, f, body);
    r->calls--;
    return flow == HN_FLOW_ON;
}

bool hn_j_call_macro(hn_jrun *r, hn_jmacro *m, const hn_jargs *args, hn_jval *out) {
    hn_jframe *f;
    size_t at = r->at;
    bool markup = r->autoescape;
    bool fine = enter_body(r, m, args, &f) && hn_j_capture(r) && exec_body(r, f, &m->node->body);
    return hn_j_captured(r, at, fine, markup, out);
}

bool hn_j_exec_macro(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jmacro *m = make_macro(r, f, n);
    if (!m) return false;
    hn_jval v = {.kind = HN_J_MACRO, .macro = m};
    *hn_j_slot(f, n->u.macro.target) = v;
    if (n->u.macro.exported && f->ctx->vars) f->ctx->vars[n->name] = v;
    return true;
}

/* {% generation %}: a call block whose caller writes its body; what it writes is marked. */
static bool exec_generation(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jmacro m = {.node = n, .up = f, .ctx = f->ctx};
    hn_jframe *body;
    size_t from = hn_j_written(r);
    if (!enter_body(r, &m, &(hn_jargs){0}, &body) || !exec_body(r, body, &n->body)) return false;
    hn_j_mark(r, from);
    return r->err == HN_J_OK;
}

bool hn_j_exec_callblock(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jval v;
    if (n->u.macro.generation) return exec_generation(r, f, n);
    hn_jmacro *m = make_macro(r, f, n);
    return m && hn_j_eval_call(r, f, n->u.macro.call, (hn_jval){.kind = HN_J_MACRO, .macro = m}, &v) && hn_j_write_str(r, v);
}

/* ---- blocks: there is no inheritance without a loader, so a block is a part with a name */

static bool run_block(hn_jrun *r, const hn_jnode *n, hn_jcontext *ctx) {
    if (n->u.block.required) return hn_j_fail(r, HN_J_RUNTIME, "Required block '%.*s' not found", (int)n->text.n, n->text.p);
    hn_jframe *f = hn_j_frame(r, n->u.block.fn, NULL, ctx);
    if (!f) return false;
    if (n->u.block.uses_self) f->slot[n->u.block.self_slot] = (hn_jval){.kind = HN_J_SELF, .p = ctx};
    if (n->u.block.uses_super && !hn_j_undefined(r, "there is no parent block called that.", &f->slot[n->u.block.super_slot]))
        return false;
    hn_j_scope_in(f, &n->scope);
    return exec_body(r, f, &n->body);
}

/* What a scoped block sees: the context and, over it, the names set around the block. */
static hn_jcontext *scoped_context(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jcontext *c = hn_j_alloc(r, sizeof *c);
    if (!c || !(c->parent = hn_j_alloc(r, (r->t->name_n + 1) * sizeof *c->parent)) ||
        !(c->vars = hn_j_alloc(r, (r->t->name_n + 1) * sizeof *c->vars)))
        return NULL;
    for (uint32_t i = 0; i < r->t->name_n; i++)
        c->parent[i] = f->ctx->vars && hn_j_given(f->ctx->vars[i]) ? f->ctx->vars[i] : f->ctx->parent[i];
    for (uint32_t i = n->u.block.shown_n; i-- > 0;) { /* the innermost comes first in the list and wins */
        hn_jval v = *hn_j_slot(f, n->u.block.shown[i]);
        if (hn_j_given(v)) c->parent[n->u.block.shown_name[i]] = v;
    }
    return c;
}

bool hn_j_exec_block(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jcontext *ctx = n->u.block.scoped ? scoped_context(r, f, n) : f->ctx;
    return ctx && run_block(r, n, ctx);
}

bool hn_j_call_block(hn_jrun *r, const hn_jblockref *b, hn_jval *out) {
    size_t at = r->at;
    return hn_j_captured(r, at, hn_j_capture(r) && run_block(r, b->block, b->ctx), r->autoescape, out);
}
