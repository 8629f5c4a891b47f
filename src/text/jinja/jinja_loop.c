/* jinja_loop.c - for loops: plain, filtered, with the loop variable, recursive. */
#include "text/jinja/jinja_ast_impl.h"

/* ---- "for x in items if test": what passes, found one by one while the loop runs */

typedef struct filtered { /* an iterator that knows its loop */
    hn_jiter it;
    hn_jframe *frame;
    const hn_jnode *node;
} filtered;

/* Jinja2 gives on what the target holds: a tuple of names comes out as a tuple. */
static bool target_value(hn_jrun *r, hn_jframe *f, const hn_jnode *target, hn_jval *out) {
    hn_jval *items;
    if (target->op == HN_JN_NAME) return hn_j_set(out, *hn_j_slot(f, target->u.ref));
    if (!hn_j_list_new(r, HN_J_TUPLE, target->u.items.n, out, &items)) return false;
    for (uint32_t i = 0; i < target->u.items.n; i++)
        if (!target_value(r, f, target->u.items.v[i], &items[i])) return false;
    return true;
}

static int next_filtered(hn_jrun *r, hn_jiter *it, hn_jval *out) {
    filtered *x = (filtered *)(void *)it;
    const hn_jnode *n = x->node;
    hn_jval item, test;
    for (int more; (more = hn_j_next(r, it->from, &item)) != 0;) {
        if (more < 0) return -1;
        if (it->i++ == 0) hn_j_scope_in(x->frame, &n->u.loop.test_scope);
        if (!hn_j_assign(r, x->frame, n->u.loop.test_target, item) || !hn_j_eval(r, x->frame, n->u.loop.test, &test)) return -1;
        if (hn_j_truth(test)) return target_value(r, x->frame, n->u.loop.test_target, out) ? 1 : -1;
    }
    return 0;
}

static bool filter_items(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval items, hn_jval *out) {
    filtered *x = hn_j_alloc(r, sizeof *x);
    if (!x) return false;
    x->frame = f;
    x->node = n;
    x->it = (hn_jiter){.next = next_filtered, .type = "generator", .src = items, .from = hn_j_iter(r, items)};
    *out = (hn_jval){.kind = HN_J_ITER, .iter = &x->it};
    return x->it.from != NULL;
}

/* ---- the loop variable */

int hn_j_loop_next(hn_jrun *r, hn_jloop *l, hn_jval *out) {
    hn_jval item = l->after;
    if (hn_j_given(item)) {
        l->after = hn_j_missing();
    } else {
        int more = hn_j_next(r, l->it, &item);
        if (more != 1) return more;
    }
    l->index0++;
    l->before = l->current;
    l->current = item;
    *out = item;
    return 1;
}

static hn_jloop *make_loop(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval items, int64_t depth0) {
    hn_jloop *l = hn_j_alloc(r, sizeof *l);
    if (!l) return NULL;
    *l = (hn_jloop){.iterable = items, .index0 = -1, .length = -1, .depth0 = depth0};
    if (n->u.loop.recursive) {
        l->node = n;
        l->up = f->up;
    }
    l->it = hn_j_iter(r, items);
    return l->it ? l : NULL;
}

/* ---- running */

static hn_jflow run_else(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_j_scope_in(f, &n->u.loop.else_scope);
    hn_jflow flow = hn_j_exec(r, f, &n->otherwise);
    hn_j_scope_out(f, &n->u.loop.else_scope);
    return flow;
}

/* f: the frame that holds the loop's names. */
static hn_jflow run(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval items, int64_t depth0) {
    hn_jloop *l = NULL;
    hn_jiter *it = NULL;
    hn_jval item;
    bool none_done = true; /* Jinja2's own: only a body that ran to its end counts */
    int more;
    if (n->u.loop.test && !filter_items(r, f, n, items, &items)) return HN_FLOW_FAIL;
    if (n->u.loop.extended) {
        l = make_loop(r, f, n, items, depth0);
        if (!l) return HN_FLOW_FAIL;
    } else if (!(it = hn_j_iter(r, items))) {
        return HN_FLOW_FAIL;
    }
    while ((more = l ? hn_j_loop_next(r, l, &item) : hn_j_next(r, it, &item)) == 1) {
        r->line = n->line;
        if (!hn_j_assign(r, f, n->u.loop.target, item)) return HN_FLOW_FAIL;
        if (l) f->slot[n->u.loop.loop_slot] = (hn_jval){.kind = HN_J_LOOP, .loop = l};
        hn_j_scope_in(f, &n->scope);
        hn_jflow flow = hn_j_exec(r, f, &n->body);
        if (flow == HN_FLOW_FAIL) return flow;
        if (flow == HN_FLOW_BREAK) break;
        if (flow == HN_FLOW_ON) none_done = false;
    }
    if (more < 0) return HN_FLOW_FAIL;
    hn_j_scope_out(f, &n->scope);
    return n->otherwise.n && none_done ? run_else(r, f, n) : HN_FLOW_ON;
}

static bool run_recursive(hn_jrun *r, hn_jframe *up, const hn_jnode *n, hn_jval items, int64_t depth0, hn_jcontext *ctx,
                          hn_jval *out) {
    size_t at = r->at;
    hn_jframe *f = hn_j_frame(r, n->u.loop.fn, up, ctx);
    if (!f || !hn_j_capture(r)) return false;
    r->calls++;
    hn_jflow flow = run(r, f, n, items, depth0);
    r->calls--;
    return hn_j_captured(r, at, flow == HN_FLOW_ON, r->autoescape, out);
}

bool hn_j_recurse(hn_jrun *r, hn_jloop *loop, hn_jval items, hn_jval *out) {
    return run_recursive(r, loop->up, loop->node, items, loop->depth0 + 1, loop->up->ctx, out);
}

hn_jflow hn_j_exec_for(hn_jrun *r, hn_jframe *f, const hn_jnode *n) {
    hn_jval items, text;
    if (!hn_j_eval(r, f, n->u.loop.iter, &items)) return HN_FLOW_FAIL;
    if (!n->u.loop.recursive) return run(r, f, n, items, 0);
    return run_recursive(r, f, n, items, 0, f->ctx, &text) && hn_j_write(r, text.s, text.n) ? HN_FLOW_ON : HN_FLOW_FAIL;
}
