/* jinja_expr.c - the grammar of expressions, level by level as in Jinja2's parser. */
#include "text/jinja/jinja_ast_impl.h"

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
    if (!with_namespace || !hn_jp_skip(p, HN_T_DOT)) return n;
    const hn_jtoken *attr = hn_jp_expect(p, HN_T_NAME);
    if (!attr) return NULL;
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

static hn_jnode *parse_items(hn_jparser *p, hn_jop op, hn_jtok end) { /* of a list, or of a dict: keys and values */
    hn_jnode *n = hn_jp_node(p, op, hn_jp_cur(p)->line);
    hn_jp_next(p);
    while (n && !hn_jp_is(p, end)) {
        if (n->u.items.n && !hn_jp_expect(p, HN_T_COMMA)) return NULL;
        if (hn_jp_is(p, end)) break;
        if (!hn_jp_push(p, &n->u.items, hn_jp_expression(p, true))) return NULL;
        if (op == HN_JN_DICT && (!hn_jp_expect(p, HN_T_COLON) || !hn_jp_push(p, &n->u.items, hn_jp_expression(p, true))))
            return NULL;
    }
    return n && hn_jp_expect(p, end) ? hn_jp_done(p, n) : NULL;
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
    case HN_T_LBRACKET: return parse_items(p, HN_JN_LIST, HN_T_RBRACKET);
    case HN_T_LBRACE: return parse_items(p, HN_JN_DICT, HN_T_RBRACE);
    default: return hn_jp_failed(p, "unexpected '%s'", hn_jp_describe(t, room, sizeof room));
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
        return hn_jp_failed(p, "Expected an expression, got '%s'", hn_jp_describe(hn_jp_cur(p), room, sizeof room));
    }
    hn_jnode *n = hn_jp_node(p, HN_JN_TUPLE, line);
    if (!n) return NULL;
    n->u.items = items;
    return hn_jp_done(p, n);
}

/* ---- targets */

static bool assignable(hn_jnode *n) {
    if (n->op == HN_JN_NSREF) return true;
    if (n->op != HN_JN_NAME && n->op != HN_JN_TUPLE) return false;
    n->ctx = HN_CTX_STORE;
    for (uint32_t i = 0; n->op == HN_JN_TUPLE && i < n->u.items.n; i++)
        if (!assignable(n->u.items.v[i])) return false;
    return true;
}

static hn_jnode *assigned(hn_jparser *p, hn_jnode *n, int32_t line) {
    if (!n || assignable(n)) return n;
    hn_jp_fail(p, line, "can't assign to this expression");
    return NULL;
}

hn_jnode *hn_jp_target(hn_jparser *p, bool with_namespace, const char *end_name) {
    int32_t line = hn_jp_cur(p)->line;
    return assigned(p, hn_jp_tuple(p, HN_TUPLE_SIMPLE | (with_namespace ? HN_TUPLE_NAMESPACE : 0), end_name), line);
}

hn_jnode *hn_jp_target_name(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    if (hn_jp_is(p, HN_T_NAME)) return assigned(p, parse_name(p, false), line);
    hn_jp_expect(p, HN_T_NAME);
    return NULL;
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
        n = hn_jp_pair(p, op, line, unary(p, false), NULL);
        p->depth--;
    } else {
        n = hn_jp_primary(p, false);
    }
    n = hn_jp_postfix(p, n);
    return with_filter ? hn_jp_filters(p, n) : n;
}

typedef struct infix { hn_jop op; hn_jtok token; const char *word; } infix; /* a token, or a word */

/* Operands with operators of one level between them, which bind from the left. */
static hn_jnode *from_left(hn_jparser *p, hn_jnode *(*operand)(hn_jparser *), const infix *ops) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *left = operand(p);
    for (const infix *o = ops; left && o->op;) {
        if (o->word ? hn_jp_skip_name(p, o->word) : hn_jp_skip(p, o->token)) {
            hn_jnode *right = operand(p);
            left = right ? hn_jp_pair(p, o->op, line, left, right) : NULL;
            o = ops;
        } else {
            o++;
        }
    }
    return left;
}

static hn_jnode *factor(hn_jparser *p) { return unary(p, true); }
static hn_jnode *power(hn_jparser *p) {
    static const infix ops[] = {{HN_JN_POW, HN_T_POW, NULL}, {0}};
    return from_left(p, factor, ops);
}
static hn_jnode *product(hn_jparser *p) {
    static const infix ops[] = {{HN_JN_MUL, HN_T_MUL, NULL}, {HN_JN_DIV, HN_T_DIV, NULL}, {HN_JN_FLOORDIV, HN_T_FLOORDIV, NULL},
                                {HN_JN_MOD, HN_T_MOD, NULL}, {0}};
    return from_left(p, power, ops);
}

static hn_jnode *concat(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *first = product(p);
    if (!first || !hn_jp_is(p, HN_T_TILDE)) return first;
    hn_jnode *n = hn_jp_node(p, HN_JN_CONCAT, line);
    if (!n || !hn_jp_push(p, &n->u.items, first)) return NULL;
    while (hn_jp_skip(p, HN_T_TILDE))
        if (!hn_jp_push(p, &n->u.items, product(p))) return NULL;
    return hn_jp_done(p, n);
}

static hn_jnode *sum(hn_jparser *p) {
    static const infix ops[] = {{HN_JN_ADD, HN_T_ADD, NULL}, {HN_JN_SUB, HN_T_SUB, NULL}, {0}};
    return from_left(p, concat, ops);
}

/* -1: no comparison stands here; else it is taken */
static int comparison(hn_jparser *p) {
    int type = hn_jp_cur(p)->type, how = -1;
    if (type >= HN_T_EQ && type <= HN_T_LE) how = type - HN_T_EQ + HN_CMP_EQ;
    if (hn_jp_is_name(p, "in")) how = HN_CMP_IN;
    if (hn_jp_is_name(p, "not") && hn_jp_look_is(p, "in")) {
        hn_jp_next(p);
        how = HN_CMP_NOTIN;
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
    return hn_jp_done(p, n);
}

static hn_jnode *negation(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    if (!hn_jp_is_name(p, "not")) return compare(p);
    if (p->depth >= HN_J_DEPTH) return hn_jp_failed(p, "an expression is nested too deeply");
    hn_jp_next(p);
    p->depth++;
    hn_jnode *n = hn_jp_pair(p, HN_JN_NOT, line, negation(p), NULL);
    p->depth--;
    return n;
}

static hn_jnode *conjunction(hn_jparser *p) {
    static const infix ops[] = {{HN_JN_AND, HN_T_NAME, "and"}, {0}};
    return from_left(p, negation, ops);
}
static hn_jnode *disjunction(hn_jparser *p) {
    static const infix ops[] = {{HN_JN_OR, HN_T_NAME, "or"}, {0}};
    return from_left(p, conjunction, ops);
}

static hn_jnode *conditional(hn_jparser *p) {
    int32_t line = hn_jp_cur(p)->line;
    hn_jnode *value = disjunction(p);
    while (value && hn_jp_skip_name(p, "if")) {
        hn_jnode *n = hn_jp_node(p, HN_JN_COND, line);
        if (!n || !(n->u.cond.test = disjunction(p))) return NULL;
        n->u.cond.yes = value;
        if (hn_jp_skip_name(p, "else") && !(n->u.cond.no = hn_jp_expression(p, true))) return NULL;
        value = hn_jp_done(p, n);
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
