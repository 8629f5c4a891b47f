/* jinja_postfix.c - what follows a value in an expression: calls, subscripts, filters, tests. */
#include "text/jinja/jinja_ast_impl.h"

/* ---- calls, subscripts, filters, tests */

static bool call_args(hn_jparser *p, hn_jcallee *c) {
    const hn_jtoken *open = hn_jp_cur(p);
    if (!hn_jp_expect(p, HN_T_LPAREN)) return false;
    for (bool comma = false; !hn_jp_is(p, HN_T_RPAREN); comma = true) {
        bool fine = true;
        if (comma && !hn_jp_expect(p, HN_T_COMMA)) return false;
        if (hn_jp_is(p, HN_T_RPAREN)) break;
        if (hn_jp_skip(p, HN_T_MUL)) {
            fine = !c->dyn_args && !c->dyn_kwargs;
            if (fine && !(c->dyn_args = hn_jp_expression(p, true))) return false;
        } else if (hn_jp_skip(p, HN_T_POW)) {
            fine = !c->dyn_kwargs;
            if (fine && !(c->dyn_kwargs = hn_jp_expression(p, true))) return false;
        } else if (hn_jp_is(p, HN_T_NAME) && hn_jp_look(p)->type == HN_T_ASSIGN) {
            const hn_jtoken *key = hn_jp_cur(p);
            fine = !c->dyn_kwargs;
            hn_jp_next(p);
            hn_jp_next(p);
            hn_jnode *kw = fine ? hn_jp_pair(p, HN_JN_KEYWORD, key->line, hn_jp_expression(p, true), NULL) : NULL;
            if (fine && !hn_jp_push(p, &c->kwargs, kw)) return false;
            if (fine) kw->text = hn_j_text(key->value);
        } else {
            fine = !c->dyn_args && !c->dyn_kwargs && c->kwargs.n == 0;
            if (fine && !hn_jp_push(p, &c->args, hn_jp_expression(p, true))) return false;
        }
        if (!fine) return hn_jp_fail(p, open->line, "invalid syntax for function call expression");
    }
    return hn_jp_expect(p, HN_T_RPAREN);
}

static hn_jnode *parse_call(hn_jparser *p, hn_jnode *of) {
    hn_jnode *n = hn_jp_node(p, HN_JN_CALL, hn_jp_cur(p)->line);
    if (!n || !call_args(p, &n->u.call.call)) return NULL;
    n->u.call.of = of;
    return hn_jp_done(p, n);
}

static bool subscript_ends(const hn_jparser *p) { return hn_jp_is(p, HN_T_RBRACKET) || hn_jp_is(p, HN_T_COMMA); }

static hn_jnode *subscribed(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *start = NULL, *stop = NULL, *step = NULL;
    if (!hn_jp_is(p, HN_T_COLON)) {
        start = hn_jp_expression(p, true);
        if (!start || !hn_jp_is(p, HN_T_COLON)) return start;
    }
    hn_jp_next(p);
    if (!hn_jp_is(p, HN_T_COLON) && !subscript_ends(p) && !(stop = hn_jp_expression(p, true))) return NULL;
    if (hn_jp_skip(p, HN_T_COLON) && !subscript_ends(p) && !(step = hn_jp_expression(p, true))) return NULL;
    hn_jnode *n = hn_jp_node(p, HN_JN_SLICE, line);
    if (!n) return NULL;
    n->u.slice.start = start;
    n->u.slice.stop = stop;
    n->u.slice.step = step;
    return hn_jp_done(p, n);
}

static hn_jnode *parse_brackets(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnodes args = {0};
    bool sliced = false;
    hn_jp_next(p);
    while (!hn_jp_is(p, HN_T_RBRACKET)) {
        if (args.n && !hn_jp_expect(p, HN_T_COMMA)) return NULL;
        if (!hn_jp_push(p, &args, subscribed(p))) return NULL;
        sliced = sliced || args.v[args.n - 1]->op == HN_JN_SLICE;
    }
    hn_jp_next(p);
    if (args.n == 1) return args.v[0];
    if (sliced) return hn_jp_failed(p, "a slice inside a tuple of subscripts");
    hn_jnode *n = hn_jp_node(p, HN_JN_TUPLE, line);
    if (n) n->u.items = args;
    return hn_jp_done(p, n);
}

static hn_jnode *subscript(hn_jparser *p, hn_jnode *of) {
    hn_jnode *n = hn_jp_node(p, HN_JN_GETITEM, hn_jp_cur(p)->line);
    if (!n) return NULL;
    n->u.get.of = of;
    if (!hn_jp_skip(p, HN_T_DOT)) {
        n->u.get.arg = parse_brackets(p);
        return n->u.get.arg ? hn_jp_done(p, n) : NULL;
    }
    const hn_jtoken *t = hn_jp_cur(p);
    hn_jp_next(p);
    if (t->type == HN_T_NAME) {
        n->op = HN_JN_GETATTR;
        n->text = hn_j_text(t->value);
    } else if (t->type == HN_T_INT) {
        n->u.get.arg = hn_jp_constant(p, t->value, t->line);
        if (!n->u.get.arg) return NULL;
    } else {
        hn_jp_fail(p, t->line, "expected name or number");
        return NULL;
    }
    return hn_jp_done(p, n);
}

hn_jnode *hn_jp_postfix(hn_jparser *p, hn_jnode *n) {
    while (n && (hn_jp_is(p, HN_T_DOT) || hn_jp_is(p, HN_T_LBRACKET) || hn_jp_is(p, HN_T_LPAREN)))
        n = hn_jp_is(p, HN_T_LPAREN) ? parse_call(p, n) : subscript(p, n);
    return n;
}

/* a.b.c as one name, for filters and tests */
static bool dotted(hn_jparser *p, hn_str *name) {
    const hn_jtoken *t = hn_jp_expect(p, HN_T_NAME);
    if (!t) return false;
    *name = hn_j_text(t->value);
    while (hn_jp_skip(p, HN_T_DOT)) {
        if (!(t = hn_jp_expect(p, HN_T_NAME))) return false;
        char *joined = hn_jp_alloc(p, name->n + t->value.n + 2);
        if (!joined) return false;
        memcpy(joined, name->p, name->n);
        joined[name->n] = '.';
        memcpy(joined + name->n + 1, t->value.s, t->value.n);
        *name = (hn_str){joined, name->n + 1 + t->value.n};
    }
    return true;
}

hn_jnode *hn_jp_filter(hn_jparser *p, hn_jnode *node, bool inline_start) {
    for (; inline_start || hn_jp_skip(p, HN_T_PIPE); inline_start = false) {
        hn_jnode *n = hn_jp_node(p, HN_JN_FILTER, hn_jp_cur(p)->line);
        if (!n || !dotted(p, &n->text)) return NULL;
        n->u.call.func = hn_j_filter(n->text);
        if (hn_jp_is(p, HN_T_LPAREN) && !call_args(p, &n->u.call.call)) return NULL;
        n->u.call.of = node;
        node = hn_jp_done(p, n);
        if (!node) return NULL;
    }
    return node;
}

static hn_jnode *parse_test(hn_jparser *p, hn_jnode *of) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jp_next(p);
    bool negated = hn_jp_skip_name(p, "not");
    hn_jnode *n = hn_jp_node(p, HN_JN_TEST, line);
    if (!n || !dotted(p, &n->text)) return NULL;
    n->u.call.func = hn_j_test(n->text);
    n->u.call.of = of;
    hn_jtok type = (hn_jtok)hn_jp_cur(p)->type;
    if (type == HN_T_LPAREN) {
        if (!call_args(p, &n->u.call.call)) return NULL;
    } else if ((type == HN_T_NAME && !hn_jp_is_name(p, "else") && !hn_jp_is_name(p, "or") && !hn_jp_is_name(p, "and")) ||
               type == HN_T_STRING || type == HN_T_INT || type == HN_T_FLOAT || type == HN_T_LBRACKET || type == HN_T_LBRACE) {
        if (hn_jp_is_name(p, "is")) return hn_jp_failed(p, "You cannot chain multiple tests with is");
        if (!hn_jp_push(p, &n->u.call.call.args, hn_jp_postfix(p, hn_jp_primary(p, false)))) return NULL;
    }
    n = hn_jp_done(p, n);
    return negated ? hn_jp_pair(p, HN_JN_NOT, line, n, NULL) : n;
}

hn_jnode *hn_jp_filters(hn_jparser *p, hn_jnode *n) {
    for (;;) {
        if (!n) return NULL;
        if (hn_jp_is(p, HN_T_PIPE)) n = hn_jp_filter(p, n, false);
        else if (hn_jp_is_name(p, "is")) n = parse_test(p, n);
        else if (hn_jp_is(p, HN_T_LPAREN)) n = parse_call(p, n);
        else return n;
    }
}
