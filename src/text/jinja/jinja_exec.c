/* jinja_exec.c - statements. */
#include "text/jinja/jinja_ast_impl.h"

hn_jframe *hn_j_frame(hn_jrun *r, const hn_jfnode *fn, hn_jframe *up, hn_jcontext *ctx) {
    if (r->calls >= HN_J_CALLS) {
        hn_j_fail(r, HN_J_LIMIT, "maximum recursion depth exceeded");
        return NULL;
    }
    hn_jframe *f = hn_j_alloc(r, sizeof *f + fn->slots * sizeof *f->slot);
    if (!f) return NULL;
    f->up = up;
    f->ctx = ctx;
    return f;
}

void hn_j_scope_in(hn_jframe *f, const hn_jscope *s) {
    for (uint32_t i = 0; i < s->n; i++) {
        const hn_jload *l = &s->v[i];
        switch (l->how) {
        case HN_LOAD_RESOLVE: {
            const hn_jval *v = f->ctx->vars ? &f->ctx->vars[l->name] : NULL;
            f->slot[l->slot] = v && hn_j_given(*v) ? *v : f->ctx->parent[l->name];
            break;
        }
        case HN_LOAD_ALIAS: f->slot[l->slot] = *hn_j_slot(f, l->from); break;
        case HN_LOAD_UNDEFINED: f->slot[l->slot] = hn_j_missing(); break;
        default: break; /* a parameter: already there */
        }
    }
}

void hn_j_scope_out(hn_jframe *f, const hn_jscope *s) {
    for (uint32_t i = 0; i < s->n; i++) f->slot[s->v[i].slot] = hn_j_missing();
}

/* ---- assignment */

static void export(hn_jframe *f, const hn_jnode *target, hn_jval v) {
    if (f->ctx->vars) f->ctx->vars[target->name] = v;
}

bool hn_j_space_name(hn_jrun *r, hn_str name) {
    return name.n == 0 || name.p[0] != '_' ||
           hn_j_fail(r, HN_J_SECURITY,
                     "Chat templates cannot store underscore-prefixed attributes on a namespace, but got '%.*s'. "
                     "Please rename the attribute.",
                     (int)name.n, name.p);
}

static bool set_attr(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval v) {
    hn_jval space = *hn_j_slot(f, n->u.ref);
    if (space.kind != HN_J_SPACE) return hn_j_fail(r, HN_J_RUNTIME, "cannot assign attribute on non-namespace object");
    return hn_j_space_name(r, n->text) && hn_j_dict_put(r, (hn_jval){.kind = HN_J_DICT, .dict = space.dict}, hn_j_of(n->text), v);
}

static bool unpack(hn_jrun *r, hn_jframe *f, const hn_jnode *target, hn_jval v) {
    uint32_t n = target->u.items.n;
    hn_jval list;
    if (!hn_j_iterable(v)) return hn_j_fail(r, HN_J_TYPE, "cannot unpack non-iterable %s object", hn_j_type(v));
    if (v.kind != HN_J_LIST && v.kind != HN_J_TUPLE) {
        if (!hn_j_to_list(r, v, HN_J_TUPLE, &list)) return false;
        v = list;
    }
    size_t have = hn_j_count(v);
    if (have < n) return hn_j_fail(r, HN_J_VALUE, "not enough values to unpack (expected %u, got %zu)", n, have);
    if (have > n) return hn_j_fail(r, HN_J_VALUE, "too many values to unpack (expected %u)", n);
    for (uint32_t i = 0; i < n; i++)
        if (!hn_j_assign(r, f, target->u.items.v[i], hn_j_at(v, i))) return false;
    return true;
}

bool hn_j_assign(hn_jrun *r, hn_jframe *f, const hn_jnode *target, hn_jval v) {
    if (target->op == HN_JN_NAME) {
        *hn_j_slot(f, target->u.ref) = v;
        return true;
    }
    return target->op == HN_JN_NSREF ? set_attr(r, f, target, v) : unpack(r, f, target, v);
}

static void export_all(hn_jframe *f, const hn_jnode *target) {
    if (target->op == HN_JN_NAME) export(f, target, *hn_j_slot(f, target->u.ref));
    for (uint32_t i = 0; target->op == HN_JN_TUPLE && i < target->u.items.n; i++) export_all(f, target->u.items.v[i]);
}

/* Attributes are assigned to namespaces only, which is checked before anything is evaluated. */
static bool check_spaces(hn_jrun *r, hn_jframe *f, const hn_jnode *target) {
    if (target->op == HN_JN_NSREF && hn_j_slot(f, target->u.ref)->kind != HN_J_SPACE)
        return hn_j_fail(r, HN_J_RUNTIME, "cannot assign attribute on non-namespace object");
    for (uint32_t i = 0; target->op == HN_JN_TUPLE && i < target->u.items.n; i++)
        if (!check_spaces(r, f, target->u.items.v[i])) return false;
    return true;
}

static bool exec_set(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jval v;
    if (!check_spaces(r, f, n->u.set.target) || !hn_j_eval(r, f, n->u.set.value, &v)) return false;
    r->line = n->line;
    if (!hn_j_assign(r, f, n->u.set.target, v)) return false;
    if (n->ctx && f->ctx->vars) export_all(f, n->u.set.target);
    return true;
}

/* ---- output and captures */

bool hn_j_write_str(hn_jrun *r, hn_jval v) {
    if (v.kind == HN_J_STR) return hn_j_write(r, v.s, v.n);
    return hn_j_fail(r, HN_J_TYPE, "sequence item 0: expected str instance, %s found", hn_j_type(v));
}

static bool exec_output(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    bool escape = hn_j_escapes(r, n);
    hn_jval v;
    for (uint32_t i = 0; i < n->u.items.n; i++) {
        const hn_jnode *item = n->u.items.v[i];
        bool text = item->op == HN_JN_CONST && item->ctx == 1;
        if (!(text ? hn_j_write(r, item->u.value.s, item->u.value.n)
                   : hn_j_eval(r, f, item, &v) && (escape ? hn_j_print_escaped(r, v) : hn_j_print(r, v))))
            return false;
    }
    return true;
}

/* The body's text; a break or continue inside leaves it, and the text is lost. */
static hn_jflow capture(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *text) {
    size_t at = r->at;
    hn_j_scope_in(f, &n->scope);
    hn_jflow flow = hn_j_capture(r) ? hn_j_exec(r, f, &n->body) : HN_FLOW_FAIL;
    if (!hn_j_captured(r, at, flow == HN_FLOW_ON, hn_j_escapes(r, n), text) && flow == HN_FLOW_ON) return HN_FLOW_FAIL;
    return flow;
}

static hn_jflow exec_capture(hn_jrun *r, hn_jframe *f, const hn_jnode *n) { /* filter and set blocks */
    hn_jval v;
    hn_jflow flow = capture(r, f, n, &v);
    if (flow != HN_FLOW_ON) return flow;
    bool fine = true;
    if (n->u.set.filter) fine = hn_j_apply_filter(r, f, n->u.set.filter, v, &v);
    if (fine && n->op == HN_JN_FILTERBLOCK) {
        fine = hn_j_write_str(r, v);
    } else if (fine) {
        if (r->autoescape) fine = hn_j_soft_str(r, v, &v);
        if (r->autoescape) v = hn_j_markup(v);
        fine = fine && hn_j_assign(r, f, n->u.set.target, v);
        if (fine && n->ctx && f->ctx->vars) export_all(f, n->u.set.target);
    }
    hn_j_scope_out(f, &n->scope);
    return fine ? HN_FLOW_ON : HN_FLOW_FAIL;
}

/* ---- the rest */

static hn_jflow exec_if(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jval test;
    for (uint32_t i = 0; i < n->body.n; i++) {
        if (!hn_j_eval(r, f, n->body.v[i]->u.bin.left, &test)) return HN_FLOW_FAIL;
        if (hn_j_truth(test)) return hn_j_exec(r, f, &n->body.v[i]->body);
    }
    return hn_j_exec(r, f, &n->otherwise);
}

static hn_jflow exec_with(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jval v;
    hn_j_scope_in(f, &n->scope);
    for (uint32_t i = 0; i < n->u.with.targets.n; i++)
        if (!hn_j_eval(r, f, n->u.with.values.v[i], &v) || !hn_j_assign(r, f, n->u.with.targets.v[i], v)) return HN_FLOW_FAIL;
    hn_jflow flow = hn_j_exec(r, f, &n->body);
    hn_j_scope_out(f, &n->scope);
    return flow;
}

static hn_jflow exec_autoescape(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jval v;
    bool before = r->autoescape;
    hn_j_scope_in(f, &n->scope);
    if (!hn_j_eval(r, f, n->u.escaping.value, &v)) return HN_FLOW_FAIL;
    r->autoescape = hn_j_truth(v);
    hn_jflow flow = hn_j_exec(r, f, &n->body);
    r->autoescape = before;
    hn_j_scope_out(f, &n->scope);
    return flow;
}

/* There is no loader: every template that would be loaded is an error, except an empty choice that may be missing. */
static bool exec_load(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jval source;
    if (!hn_j_eval(r, f, n->u.include.source, &source)) return false;
    if (n->op == HN_JN_INCLUDE && n->u.include.ignore_missing && source.kind != HN_J_STR && source.kind != HN_J_UNDEF &&
        !hn_j_truth(source))
        return true;
    return hn_j_fail(r, HN_J_TYPE, "no loader for this environment specified");
}

static hn_jflow exec_one(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    bool fine;
    switch ((hn_jop)n->op) {
    case HN_JN_OUTPUT: fine = exec_output(r, f, n); break;
    case HN_JN_FOR: return hn_j_exec_for(r, f, n);
    case HN_JN_IF: return exec_if(r, f, n);
    case HN_JN_MACRO: fine = hn_j_exec_macro(r, f, n); break;
    case HN_JN_CALLBLOCK: fine = hn_j_exec_callblock(r, f, n); break;
    case HN_JN_FILTERBLOCK: case HN_JN_SETBLOCK: return exec_capture(r, f, n);
    case HN_JN_WITH: return exec_with(r, f, n);
    case HN_JN_SET: fine = exec_set(r, f, n); break;
    case HN_JN_BLOCK: fine = hn_j_exec_block(r, f, n); break;
    case HN_JN_INCLUDE: case HN_JN_EXTENDS: case HN_JN_IMPORT: case HN_JN_FROMIMPORT: fine = exec_load(r, f, n); break;
    case HN_JN_BREAK: return HN_FLOW_BREAK;
    case HN_JN_CONTINUE: return HN_FLOW_CONTINUE;
    case HN_JN_AUTOESCAPE: return exec_autoescape(r, f, n);
    default: fine = hn_j_fail(r, HN_J_RUNTIME, "not a statement");
    }
    return fine ? HN_FLOW_ON : HN_FLOW_FAIL;
}

hn_jflow hn_j_exec(hn_jrun *r, hn_jframe *f, const hn_jnodes *body) {
    hn_jflow flow = HN_FLOW_ON;
    if (!hn_j_enter(r)) return HN_FLOW_FAIL;
    for (uint32_t i = 0; flow == HN_FLOW_ON && i < body->n; i++) {
        r->line = body->v[i]->line;
        flow = hn_j_burn(r, 1) ? exec_one(r, f, body->v[i]) : HN_FLOW_FAIL;
    }
    hn_j_leave(r);
    return flow;
}
