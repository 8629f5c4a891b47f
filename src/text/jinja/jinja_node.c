/* jinja_node.c - nodes of the tree: made, measured, visited. */
#include "text/jinja/jinja_ast_impl.h"

hn_jnode *hn_jp_node(hn_jparser *p, hn_jop op, int32_t line) {
    hn_jnode *n = hn_jp_alloc(p, sizeof *n);
    if (!n) return NULL;
    n->op = (uint8_t)op;
    n->line = line;
    return n;
}

bool hn_jp_push(hn_jparser *p, hn_jnodes *list, hn_jnode *node) {
    if (!node) return false;
    if ((list->n & (list->n - 1)) == 0) { /* full at every power of two */
        hn_jnode **grown = hn_jp_alloc(p, (list->n ? 2 * (size_t)list->n : 1) * sizeof *grown);
        if (!grown) return false;
        if (list->n) memcpy(grown, list->v, list->n * sizeof *grown);
        list->v = grown;
    }
    list->v[list->n++] = node;
    return true;
}

hn_jnode *hn_jp_constant(hn_jparser *p, hn_jval v, int32_t line) {
    hn_jnode *n = hn_jp_node(p, HN_JN_CONST, line);
    if (n) n->u.value = v;
    return n;
}

hn_jnode *hn_jp_pair(hn_jparser *p, hn_jop op, int32_t line, hn_jnode *left, hn_jnode *right) {
    hn_jnode *n = left ? hn_jp_node(p, op, line) : NULL;
    if (!n) return NULL;
    n->u.bin.left = left;
    n->u.bin.right = right;
    return hn_jp_done(p, n);
}

static bool deepen(void *with, hn_jnode *child) {
    uint16_t *depth = with;
    if (*depth <= child->depth) *depth = (uint16_t)(child->depth + 1);
    return *depth <= HN_J_DEPTH;
}

/* The depth of an expression bounds how deep the evaluator nests; Python's compiler has the same bound. */
hn_jnode *hn_jp_done(hn_jparser *p, hn_jnode *n) {
    if (n && !hn_jn_each(n, deepen, &n->depth)) return hn_jp_failed(p, "an expression is nested too deeply");
    return n;
}

static bool each_of(const hn_jnodes *list, hn_jvisit *visit, void *with) {
    for (uint32_t i = 0; i < list->n; i++)
        if (!visit(with, list->v[i])) return false;
    return true;
}

static bool maybe(hn_jnode *n, hn_jvisit *visit, void *with) { return !n || visit(with, n); }

static bool each_of_call(const hn_jnode *n, hn_jvisit *visit, void *with) {
    const hn_jcallee *c = &n->u.call.call;
    return maybe(n->u.call.of, visit, with) && each_of(&c->args, visit, with) && each_of(&c->kwargs, visit, with) &&
           maybe(c->dyn_args, visit, with) && maybe(c->dyn_kwargs, visit, with);
}

/* What stands in front of a statement's body. */
static bool each_of_head(const hn_jnode *n, hn_jvisit *visit, void *with) {
    switch ((hn_jop)n->op) {
    case HN_JN_FOR: return visit(with, n->u.loop.target) && visit(with, n->u.loop.iter);
    case HN_JN_BRANCH: return visit(with, n->u.bin.left);
    case HN_JN_MACRO: case HN_JN_CALLBLOCK:
        return maybe(n->u.macro.call, visit, with) && each_of(&n->u.macro.sig.args, visit, with) &&
               each_of(&n->u.macro.sig.defaults, visit, with);
    case HN_JN_WITH: return each_of(&n->u.with.targets, visit, with) && each_of(&n->u.with.values, visit, with);
    case HN_JN_SET: case HN_JN_SETBLOCK:
        return visit(with, n->u.set.target) && maybe(n->u.set.value, visit, with) && maybe(n->u.set.filter, visit, with);
    case HN_JN_INCLUDE: case HN_JN_EXTENDS: case HN_JN_IMPORT: case HN_JN_FROMIMPORT: return visit(with, n->u.include.source);
    case HN_JN_AUTOESCAPE: return visit(with, n->u.escaping.value);
    default: return true;
    }
}

bool hn_jn_each(const hn_jnode *n, hn_jvisit *visit, void *with) {
    switch ((hn_jop)n->op) {
    case HN_JN_CONST: case HN_JN_NAMELESS: case HN_JN_NAME: case HN_JN_NSREF: return true;
    case HN_JN_TUPLE:
    case HN_JN_LIST:
    case HN_JN_DICT:
    case HN_JN_CONCAT:
    case HN_JN_OUTPUT: return each_of(&n->u.items, visit, with);
    case HN_JN_COMPARE: return visit(with, n->u.cmp.first) && each_of(&n->u.cmp.rest, visit, with);
    case HN_JN_CALL: case HN_JN_FILTER: case HN_JN_TEST: return each_of_call(n, visit, with);
    default: break;
    }
    if (n->op < HN_JN_EXPRESSIONS)
        return maybe(n->u.part[0], visit, with) && maybe(n->u.part[1], visit, with) && maybe(n->u.part[2], visit, with);
    return each_of_head(n, visit, with) && each_of(&n->body, visit, with) && each_of(&n->otherwise, visit, with) &&
           (n->op != HN_JN_FOR || maybe(n->u.loop.test, visit, with)) &&
           (n->op != HN_JN_FILTERBLOCK || visit(with, n->u.set.filter));
}
