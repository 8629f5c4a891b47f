/* jinja_expr.c - the grammar of expressions, level by level as in Jinja2's parser. */
#include "text/jinja_ast_impl.h"

hn_jnode *hn_jp_failed(hn_jparser *p, const char *what) {
    hn_jp_fail(p, hn_jp_cur(p)->line, "%s", what);
    return NULL;
}

/* The depth of an expression bounds how deep the evaluator nests; Python's compiler has the same bound. */
hn_jnode *hn_jp_deepen(hn_jparser *p, hn_jnode *n, const hn_jnode *child) {
    if (!n || !child) return NULL;
    if (child->depth >= HN_J_DEPTH) return hn_jp_failed(p, "an expression is nested too deeply");
    if (n->depth <= child->depth) n->depth = (uint16_t)(child->depth + 1);
    return n;
}

hn_jnode *hn_jp_deepen_all(hn_jparser *p, hn_jnode *n, const hn_jnodes *list) {
    for (uint32_t i = 0; n && i < list->n; i++) n = hn_jp_deepen(p, n, list->v[i]);
    return n;
}

static hn_jnode *binary(hn_jparser *p, hn_jop op, hn_jnode *left, hn_jnode *right, int32_t line) {
    hn_jnode *n = left && right ? hn_jp_node(p, op, line) : NULL;
    if (!n) return NULL;
    n->u.bin.left = left;
    n->u.bin.right = right;
    return hn_jp_deepen(p, hn_jp_deepen(p, n, left), right);
}

hn_jnode *hn_jp_unary_node(hn_jparser *p, hn_jop op, hn_jnode *of, int32_t line) {
    hn_jnode *n = of ? hn_jp_node(p, op, line) : NULL;
    if (!n) return NULL;
    n->u.bin.left = of;
    return hn_jp_deepen(p, n, of);
}

hn_jnode *hn_jp_constant(hn_jparser *p, hn_jval v, int32_t line) {
    hn_jnode *n = hn_jp_node(p, HN_JN_CONST, line);
    if (n) n->u.value = v;
    return n;
}

/* ---- names, literals, brackets */

static hn_jnode *parse_name(hn_jparser *p, bool with_namespace) {
    const hn_jtoken *t = hn_jp_cur(p);
    hn_jp_next(p);
    if (hn_j_is(t->value, "true") || hn_j_is(t->value, "True")) return hn_jp_constant(p, hn_j_bool(true), t->line);
    if (hn_j_is(t->value, "false") || hn_j_is(t->value, "False")) return hn_jp_constant(p, hn_j_bool(false), t->line);
    if (hn_j_is(t->value, "none") || hn_j_is(t->value, "None")) return hn_jp_constant(p, hn_j_none(), t->line);
    hn_jnode *n = hn_jp_node(p, HN_JN_NAME, t->line);
    if (!n || !hn_jp_name(p, hn_j_text(t->value), &n->name)) return NULL;
    n->text = hn_j_text(t->value);
    if (!with_namespace || !hn_jp_is(p, HN_T_DOT)) return n;
    hn_jp_next(p);
    const hn_jtoken *attr = hn_jp_cur(p);
    if (!hn_jp_expect(p, HN_T_NAME)) return NULL;
    n->op = HN_JN_NSREF;
    n->text = hn_j_text(attr->value);
    return n;
}

static hn_jnode *parse_string(hn_jparser *p) {
    const hn_jtoken *t = hn_jp_cur(p);
    size_t n = 0, from = p->at;
    while (hn_jp_is(p, HN_T_STRING)) {
        n += hn_jp_cur(p)->value.n;
        hn_jp_next(p);
    }
    if (p->at == from + 1) return hn_jp_constant(p, t->value, t->line);
    char *text = hn_jp_alloc(p, n + 1);
    if (!text) return NULL;
    n = 0;
    for (size_t i = from; i < p->at; i++) {
        memcpy(text + n, p->tok[i].value.s, p->tok[i].value.n);
        n += p->tok[i].value.n;
    }
    return hn_jp_constant(p, hn_j_str(text, n), t->line);
}

static hn_jnode *parse_list(hn_jparser *p) {
    hn_jnode *n = hn_jp_node(p, HN_JN_LIST, hn_jp_cur(p)->line);
    hn_jp_next(p);
    while (n && !hn_jp_is(p, HN_T_RBRACKET)) {
        if (n->u.items.n && !hn_jp_expect(p, HN_T_COMMA)) return NULL;
        if (hn_jp_is(p, HN_T_RBRACKET)) break;
        if (!hn_jp_push(p, &n->u.items, hn_jp_expression(p, true))) return NULL;
    }
    return n && hn_jp_expect(p, HN_T_RBRACKET) ? hn_jp_deepen_all(p, n, &n->u.items) : NULL;
}

static hn_jnode *parse_dict(hn_jparser *p) {
    hn_jnode *n = hn_jp_node(p, HN_JN_DICT, hn_jp_cur(p)->line);
    hn_jp_next(p);
    while (n && !hn_jp_is(p, HN_T_RBRACE)) {
        if (n->u.items.n && !hn_jp_expect(p, HN_T_COMMA)) return NULL;
        if (hn_jp_is(p, HN_T_RBRACE)) break;
        if (!hn_jp_push(p, &n->u.items, hn_jp_expression(p, true)) || !hn_jp_expect(p, HN_T_COLON)) return NULL;
        if (!hn_jp_push(p, &n->u.items, hn_jp_expression(p, true))) return NULL;
    }
    return n && hn_jp_expect(p, HN_T_RBRACE) ? hn_jp_deepen_all(p, n, &n->u.items) : NULL;
}

hn_jnode *hn_jp_primary(hn_jparser *p, bool with_namespace) {
    const hn_jtoken *t = hn_jp_cur(p);
    char room[128];
    hn_jnode *n;
    switch ((hn_jtok)t->type) {
    case HN_T_NAME: return parse_name(p, with_namespace);
    case HN_T_STRING: return parse_string(p);
    case HN_T_INT:
    case HN_T_FLOAT: hn_jp_next(p); return hn_jp_constant(p, t->value, t->line);
    case HN_T_LPAREN:
        hn_jp_next(p);
        n = hn_jp_tuple(p, HN_TUPLE_PARENS, NULL);
        return n && hn_jp_expect(p, HN_T_RPAREN) ? n : NULL;
    case HN_T_LBRACKET: return parse_list(p);
    case HN_T_LBRACE: return parse_dict(p);
    default: hn_jp_fail(p, t->line, "unexpected '%s'", hn_jp_describe(t, room, sizeof room)); return NULL;
    }
}

static bool tuple_ends(hn_jparser *p, const char *end_name) {
    return hn_jp_is(p, HN_T_VAR_END) || hn_jp_is(p, HN_T_BLOCK_END) || hn_jp_is(p, HN_T_RPAREN) ||
           (end_name && hn_jp_is_name(p, end_name));
}

hn_jnode *hn_jp_tuple(hn_jparser *p, unsigned flags, const char *end_name) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnodes items = {0};
    bool is_tuple = false;
    for (;;) {
        if (items.n && !hn_jp_expect(p, HN_T_COMMA)) return NULL;
        if (tuple_ends(p, end_name)) break;
        hn_jnode *item = flags & HN_TUPLE_SIMPLE ? hn_jp_primary(p, flags & HN_TUPLE_NAMESPACE)
                                                 : hn_jp_expression(p, !(flags & HN_TUPLE_NO_COND));
        if (!hn_jp_push(p, &items, item)) return NULL;
        if (!hn_jp_is(p, HN_T_COMMA)) break;
        is_tuple = true;
        line = hn_jp_cur(p)->line;
    }
    if (!is_tuple && items.n) return items.v[0];
    if (!is_tuple && !(flags & HN_TUPLE_PARENS)) {
        char room[128];
        const hn_jtoken *t = hn_jp_cur(p);
        hn_jp_fail(p, t->line, "Expected an expression, got '%s'", hn_jp_describe(t, room, sizeof room));
        return NULL;
    }
    hn_jnode *n = hn_jp_node(p, HN_JN_TUPLE, line);
    if (!n) return NULL;
    n->u.items = items;
    return hn_jp_deepen_all(p, n, &items);
}

/* ---- targets */

static bool assignable(hn_jnode *n, bool top) {
    if (n->op == HN_JN_NAME) n->ctx = HN_CTX_STORE;
    if (n->op == HN_JN_NAME || n->op == HN_JN_NSREF) return true;
    if (n->op != HN_JN_TUPLE) return false;
    (void)top;
    n->ctx = HN_CTX_STORE;
    for (uint32_t i = 0; i < n->u.items.n; i++)
        if (!assignable(n->u.items.v[i], false)) return false;
    return true;
}

hn_jnode *hn_jp_target(hn_jparser *p, bool name_only, bool with_namespace, const char *end_name) {
    hn_jnode *n;
    const hn_jtoken *t = hn_jp_cur(p);
    if (name_only) {
        if (!hn_jp_is(p, HN_T_NAME)) {
            hn_jp_expect(p, HN_T_NAME);
            return NULL;
        }
        n = parse_name(p, false);
    } else {
        n = hn_jp_tuple(p, HN_TUPLE_SIMPLE | (with_namespace ? HN_TUPLE_NAMESPACE : 0), end_name);
    }
    if (n && !assignable(n, true)) {
        hn_jp_fail(p, t->line, "can't assign to this expression");
        return NULL;
    }
    return n;
}

/* ---- operators */

static hn_jnode *unary(hn_jparser *p, bool with_filter) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *n;
    if (p->depth >= HN_J_DEPTH) return hn_jp_failed(p, "an expression is nested too deeply");
    if (hn_jp_is(p, HN_T_SUB) || hn_jp_is(p, HN_T_ADD)) {
        hn_jop op = hn_jp_is(p, HN_T_SUB) ? HN_JN_NEG : HN_JN_POS;
        hn_jp_next(p);
        p->depth++;
        n = hn_jp_unary_node(p, op, unary(p, false), line);
        p->depth--;
    } else {
        n = hn_jp_primary(p, false);
    }
    n = hn_jp_postfix(p, n);
    return with_filter ? hn_jp_filters(p, n) : n;
}

static hn_jnode *power(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *left = unary(p, true);
    while (left && hn_jp_is(p, HN_T_POW)) {
        hn_jp_next(p);
        left = binary(p, HN_JN_POW, left, unary(p, true), line);
    }
    return left;
}

static hn_jnode *product(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *left = power(p);
    while (left) {
        hn_jop op = hn_jp_is(p, HN_T_MUL) ? HN_JN_MUL : hn_jp_is(p, HN_T_DIV) ? HN_JN_DIV
                  : hn_jp_is(p, HN_T_FLOORDIV) ? HN_JN_FLOORDIV : hn_jp_is(p, HN_T_MOD) ? HN_JN_MOD : HN_JN_CONST;
        if (op == HN_JN_CONST) break;
        hn_jp_next(p);
        left = binary(p, op, left, power(p), line);
    }
    return left;
}

static hn_jnode *concat(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *first = product(p);
    if (!first || !hn_jp_is(p, HN_T_TILDE)) return first;
    hn_jnode *n = hn_jp_node(p, HN_JN_CONCAT, line);
    if (!n || !hn_jp_push(p, &n->u.items, first)) return NULL;
    while (hn_jp_is(p, HN_T_TILDE)) {
        hn_jp_next(p);
        if (!hn_jp_push(p, &n->u.items, product(p))) return NULL;
    }
    return hn_jp_deepen_all(p, n, &n->u.items);
}

static hn_jnode *sum(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *left = concat(p);
    while (left && (hn_jp_is(p, HN_T_ADD) || hn_jp_is(p, HN_T_SUB))) {
        hn_jop op = hn_jp_is(p, HN_T_ADD) ? HN_JN_ADD : HN_JN_SUB;
        hn_jp_next(p);
        left = binary(p, op, left, concat(p), line);
    }
    return left;
}

/* -1: no comparison stands here; else it is taken */
static int comparison(hn_jparser *p) {
    int how = -1;
    switch ((hn_jtok)hn_jp_cur(p)->type) {
    case HN_T_EQ: how = HN_CMP_EQ; break;
    case HN_T_NE: how = HN_CMP_NE; break;
    case HN_T_LT: how = HN_CMP_LT; break;
    case HN_T_LE: how = HN_CMP_LE; break;
    case HN_T_GT: how = HN_CMP_GT; break;
    case HN_T_GE: how = HN_CMP_GE; break;
    case HN_T_NAME:
        if (hn_jp_is_name(p, "in")) how = HN_CMP_IN;
        if (hn_jp_is_name(p, "not") && hn_jp_look(p)->type == HN_T_NAME && hn_j_is(hn_jp_look(p)->value, "in")) {
            hn_jp_next(p);
            how = HN_CMP_NOTIN;
        }
        break;
    default: break;
    }
    if (how >= 0) hn_jp_next(p);
    return how;
}

static hn_jnode *compare(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *first = sum(p), *n = NULL;
    uint8_t hows[HN_J_DEPTH];
    for (int how; first && (how = comparison(p)) >= 0;) {
        if (!n && !(n = hn_jp_node(p, HN_JN_COMPARE, line))) return NULL;
        if (n->u.cmp.rest.n == HN_J_DEPTH) return hn_jp_failed(p, "too many comparisons in a row");
        hows[n->u.cmp.rest.n] = (uint8_t)how;
        if (!hn_jp_push(p, &n->u.cmp.rest, sum(p))) return NULL;
    }
    if (!n) return first;
    n->u.cmp.first = first;
    n->u.cmp.how = hn_jp_alloc(p, n->u.cmp.rest.n);
    if (!n->u.cmp.how) return NULL;
    memcpy(n->u.cmp.how, hows, n->u.cmp.rest.n);
    return hn_jp_deepen_all(p, hn_jp_deepen(p, n, first), &n->u.cmp.rest);
}

static hn_jnode *negation(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    if (!hn_jp_is_name(p, "not")) return compare(p);
    if (p->depth >= HN_J_DEPTH) return hn_jp_failed(p, "an expression is nested too deeply");
    hn_jp_next(p);
    p->depth++;
    hn_jnode *n = hn_jp_unary_node(p, HN_JN_NOT, negation(p), line);
    p->depth--;
    return n;
}

static hn_jnode *conjunction(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *left = negation(p);
    while (left && hn_jp_skip_name(p, "and")) left = binary(p, HN_JN_AND, left, negation(p), line);
    return left;
}

static hn_jnode *disjunction(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *left = conjunction(p);
    while (left && hn_jp_skip_name(p, "or")) left = binary(p, HN_JN_OR, left, conjunction(p), line);
    return left;
}

static hn_jnode *conditional(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *value = disjunction(p);
    while (value && hn_jp_skip_name(p, "if")) {
        hn_jnode *n = hn_jp_node(p, HN_JN_COND, line);
        if (!n || !(n->u.cond.test = disjunction(p))) return NULL;
        n->u.cond.yes = value;
        if (hn_jp_skip_name(p, "else") && !(n->u.cond.no = hn_jp_expression(p, true))) return NULL;
        value = hn_jp_deepen(p, hn_jp_deepen(p, n, n->u.cond.test), n->u.cond.yes);
        if (value && n->u.cond.no) value = hn_jp_deepen(p, value, n->u.cond.no);
    }
    return value;
}

hn_jnode *hn_jp_expression(hn_jparser *p, bool cond) {
    if (p->depth >= HN_J_DEPTH) return hn_jp_failed(p, "an expression is nested too deeply");
    p->depth++;
    hn_jnode *n = cond ? conditional(p) : disjunction(p);
    p->depth--;
    return n;
}
