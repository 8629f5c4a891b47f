/* jinja_ast_impl.h - a parsed template: tokens, the tree, and where its names live.
 *
 * The parser (jinja_lex.c, jinja_parse.c, jinja_expr.c) makes the tree as Jinja2's does. jinja_scope.c then gives every name a
 * slot by the rules of Jinja2's compiler, which decide what an assignment is seen by, and finds what only the compiler finds. */
#ifndef HN_JINJA_AST_IMPL_H
#define HN_JINJA_AST_IMPL_H

#include "text/jinja/jinja_text_impl.h"

typedef enum hn_jtok {
    HN_T_EOF, HN_T_DATA, HN_T_VAR_BEGIN, HN_T_VAR_END, HN_T_BLOCK_BEGIN, HN_T_BLOCK_END, HN_T_NAME, HN_T_STRING, HN_T_INT,
    HN_T_FLOAT, HN_T_ADD, HN_T_SUB, HN_T_MUL, HN_T_DIV, HN_T_FLOORDIV, HN_T_MOD, HN_T_POW, HN_T_TILDE, HN_T_LBRACKET,
    HN_T_RBRACKET, HN_T_LPAREN, HN_T_RPAREN, HN_T_LBRACE, HN_T_RBRACE, HN_T_EQ, HN_T_NE, HN_T_GT, HN_T_GE, HN_T_LT, HN_T_LE,
    HN_T_ASSIGN, HN_T_DOT, HN_T_COLON, HN_T_PIPE, HN_T_COMMA, HN_T_SEMICOLON
} hn_jtok;

typedef struct hn_jtoken {
    uint8_t type;
    int32_t line;
    hn_jval value; /* the name, the text, the number */
} hn_jtoken;

typedef enum hn_jop {
    HN_JN_CONST,
    HN_JN_NAME,
    HN_JN_NSREF,
    HN_JN_TUPLE,
    HN_JN_LIST,
    HN_JN_DICT,
    HN_JN_COND,
    HN_JN_OR,
    HN_JN_AND,
    HN_JN_NOT,
    HN_JN_NEG,
    HN_JN_POS,
    HN_JN_ADD,
    HN_JN_SUB,
    HN_JN_MUL,
    HN_JN_DIV,
    HN_JN_FLOORDIV,
    HN_JN_MOD,
    HN_JN_POW,
    HN_JN_CONCAT,
    HN_JN_COMPARE,
    HN_JN_GETATTR,
    HN_JN_GETITEM,
    HN_JN_SLICE,
    HN_JN_CALL,
    HN_JN_FILTER,
    HN_JN_TEST,
    HN_JN_KEYWORD,
    HN_JN_NAMELESS,    /* a constant that Jinja2 fails to write down */
    HN_JN_EXPRESSIONS, /* above: expressions; below: statements */
    HN_JN_OUTPUT,
    HN_JN_FOR,
    HN_JN_IF,
    HN_JN_BRANCH,
    HN_JN_MACRO,
    HN_JN_CALLBLOCK,
    HN_JN_FILTERBLOCK,
    HN_JN_WITH,
    HN_JN_SET,
    HN_JN_SETBLOCK,
    HN_JN_BLOCK,
    HN_JN_INCLUDE,
    HN_JN_EXTENDS,
    HN_JN_IMPORT,
    HN_JN_FROMIMPORT,
    HN_JN_BREAK,
    HN_JN_CONTINUE,
    HN_JN_AUTOESCAPE
} hn_jop;

enum { HN_CMP_EQ, HN_CMP_NE, HN_CMP_GT, HN_CMP_GE, HN_CMP_LT, HN_CMP_LE, HN_CMP_IN, HN_CMP_NOTIN }; /* as the tokens */
enum { HN_CTX_LOAD, HN_CTX_STORE, HN_CTX_PARAM };
enum { HN_ESCAPE_OFF, HN_ESCAPE_ON, HN_ESCAPE_ASK }; /* of output: known, or as the run has it */

typedef struct hn_jref { uint16_t hops; uint16_t slot; } hn_jref; /* functions outwards; the place there */
enum { HN_LOAD_PARAM, HN_LOAD_RESOLVE, HN_LOAD_ALIAS, HN_LOAD_UNDEFINED };
typedef struct hn_jload { uint8_t how; uint16_t slot; uint32_t name; hn_jref from; } hn_jload;
typedef struct hn_jscope { hn_jload *v; uint32_t n; } hn_jscope; /* what happens to its names when a scope is entered */
typedef struct hn_jfnode { uint16_t slots; } hn_jfnode; /* a function of the compiled template: what has slots of its own */

typedef struct hn_jnodes { hn_jnode **v; uint32_t n; } hn_jnodes;
typedef struct hn_jcallee { hn_jnodes args, kwargs; hn_jnode *dyn_args, *dyn_kwargs; } hn_jcallee; /* kwargs: KEYWORD nodes */
typedef struct hn_jsignature { /* of macros and call blocks */
    hn_jnodes args, defaults;
    hn_jfnode *fn;
    uint16_t *slot;   /* of the arguments, in order */
    uint16_t caller_slot, kwargs_slot, varargs_slot;
    bool caller, kwargs, varargs, explicit_caller;
} hn_jsignature;

struct hn_jnode {
    uint8_t op, escape; /* escape: HN_ESCAPE_... of output, concatenation and captures */
    uint8_t ctx;        /* of names and tuples; 1 of a constant: text of the template itself */
    bool folded;
    uint16_t depth;
    int32_t line;
    uint32_t name;      /* id, where a node has a name */
    hn_str text;        /* the same as text; an attribute */
    hn_jnodes body, otherwise; /* of statements; IF holds BRANCH nodes */
    hn_jscope scope;           /* of the body */
    union {
        hn_jval value;
        hn_jref ref;
        hn_jnodes items;                                       /* tuple, list, concat, output; dict: key, value, ... */
        struct { hn_jnode *test, *yes, *no; } cond;            /* no may be NULL */
        struct { hn_jnode *left, *right; } bin;                /* unary, keyword, branch: left */
        struct { hn_jnode *first; hn_jnodes rest; uint8_t *how; } cmp;
        struct { hn_jnode *of, *arg; } get;                    /* arg NULL for attributes */
        struct { hn_jnode *start, *stop, *step; } slice;
        struct { hn_jnode *of; const hn_jfunc *func; hn_jcallee call; } call; /* of NULL: the text captured */
        struct {
            hn_jnode *target, *iter, *test, *test_target;
            hn_jfnode *fn; /* recursive */
            hn_jscope test_scope, else_scope;
            uint16_t loop_slot;
            bool recursive, extended;
        } loop;
        struct { hn_jnode *call; hn_jsignature sig; hn_jref target; bool exported, generation; } macro;
        struct { hn_jnode *target, *value, *filter; } set;     /* also filter blocks */
        struct { hn_jnodes targets, values; } with;
        struct {
            hn_jfnode *fn;
            uint16_t self_slot, super_slot;
            bool scoped, required, uses_self, uses_super;
            uint32_t *shown_name; /* of a scoped block: what it sees of the place it stands in */
            hn_jref *shown;
            uint32_t shown_n;
        } block;
        struct { hn_jnode *source; bool ignore_missing; hn_jnodes names; } include; /* names: NAME nodes; text is the alias */
        struct { hn_jnode *value; } escaping;
        hn_jnode *part[3]; /* cond, bin, get, slice: all of them, in order */
    } u;
};

struct hn_jtemplate {
    hn_jmem mem;
    hn_jnodes body;
    hn_jfnode fn;
    hn_jscope scope;
    hn_str *names;     /* by id */
    uint32_t name_n, name_cap;
    uint32_t *name_slot; /* open addressing over names, 1 + id */
    uint32_t name_slots;
    const hn_jfunc **global; /* by name id; NULL: none of that name */
    hn_jnodes blocks;
    uint16_t self_slot;
    bool uses_self, marks; /* marks: it has {% generation %} */
};

/* source: UTF-8. name stands in error places. Errors: EFORMAT "name:line: ...". */
hn_status hn_jtemplate_new(hn_str source, const char *name, hn_jtemplate **out, hn_error *err) HN_MUST;
void hn_jtemplate_free(hn_jtemplate *t);
int32_t hn_jtemplate_name(const hn_jtemplate *t, hn_str name); /* id; -1: the template does not have it */

/* ---- parsing */
typedef struct hn_jparser {
    hn_jtemplate *t;
    const char *source_name;
    hn_error *err;
    hn_status status;
    hn_jtoken *tok;
    size_t n, cap, at;
    int blocks, depth;  /* statements and expressions inside each other */
} hn_jparser;
bool hn_jp_fail(hn_jparser *p, int32_t line, const char *fmt, ...) HN_PRINTF(3, 4);
void *hn_jp_alloc(hn_jparser *p, size_t bytes); /* NULL after failing */
bool hn_jp_lex(hn_jparser *p, hn_str source);
bool hn_jp_name(hn_jparser *p, hn_str text, uint32_t *id);
bool hn_jp_template(hn_jparser *p);
bool hn_jp_scopes(hn_jparser *p); /* jinja_resolve.c */
/* Constant folding (jinja_fold.c): a run for it, and an expression; printed: its value goes straight to the output. */
bool hn_jf_open(hn_jparser *p, hn_jrun *r);
void hn_jf_close(hn_jparser *p, hn_jrun *r);
void hn_jf_fold(hn_jrun *r, hn_jnode *n, bool printed, uint8_t escape);

/* ---- nodes (jinja_node.c) */
hn_jnode *hn_jp_node(hn_jparser *p, hn_jop op, int32_t line);
bool hn_jp_push(hn_jparser *p, hn_jnodes *list, hn_jnode *node);
hn_jnode *hn_jp_constant(hn_jparser *p, hn_jval v, int32_t line);
hn_jnode *hn_jp_pair(hn_jparser *p, hn_jop op, int32_t line, hn_jnode *left, hn_jnode *right); /* NULL if left is */
/* An expression whose parts are all there; NULL: nested too deeply, or n is NULL. */
hn_jnode *hn_jp_done(hn_jparser *p, hn_jnode *n);
/* Calls visit for the nodes directly inside n, in the order of Jinja2's own fields, until it says false. */
typedef bool hn_jvisit(void *with, hn_jnode *child);
bool hn_jn_each(const hn_jnode *n, hn_jvisit *visit, void *with);

/* ---- tokens and grammar */
static inline const hn_jtoken *hn_jp_cur(const hn_jparser *p) { return &p->tok[p->at]; }
static inline const hn_jtoken *hn_jp_look(const hn_jparser *p) { return &p->tok[p->at + 1 < p->n ? p->at + 1 : p->at]; }
static inline void hn_jp_next(hn_jparser *p) {
    if (p->at + 1 < p->n) p->at++;
}
static inline bool hn_jp_is(const hn_jparser *p, hn_jtok type) { return hn_jp_cur(p)->type == type; }
static inline bool hn_jp_is_name(const hn_jparser *p, const char *name) {
    return hn_jp_cur(p)->type == HN_T_NAME && hn_j_is(hn_jp_cur(p)->value, name);
}
static inline bool hn_jp_look_is(const hn_jparser *p, const char *name) {
    return hn_jp_look(p)->type == HN_T_NAME && hn_j_is(hn_jp_look(p)->value, name);
}
static inline bool hn_jp_skip(hn_jparser *p, hn_jtok type) { /* takes the token if it stands here */
    bool here = hn_jp_is(p, type);
    if (here) hn_jp_next(p);
    return here;
}
bool hn_jp_skip_name(hn_jparser *p, const char *name);
const hn_jtoken *hn_jp_expect(hn_jparser *p, hn_jtok type); /* takes it; NULL after failing */
bool hn_jp_expect_name(hn_jparser *p, const char *name);
const char *hn_jp_describe(const hn_jtoken *t, char *room, size_t n);
hn_jnode *hn_jp_expression(hn_jparser *p, bool cond);
enum { HN_TUPLE_SIMPLE = 1, HN_TUPLE_NO_COND = 2, HN_TUPLE_PARENS = 4, HN_TUPLE_NAMESPACE = 8 };
hn_jnode *hn_jp_tuple(hn_jparser *p, unsigned flags, const char *end_name);
hn_jnode *hn_jp_filter(hn_jparser *p, hn_jnode *node, bool inline_start);
hn_jnode *hn_jp_filters(hn_jparser *p, hn_jnode *n); /* filters, tests and calls behind n */
hn_jnode *hn_jp_postfix(hn_jparser *p, hn_jnode *n); /* subscripts and calls behind n */
hn_jnode *hn_jp_primary(hn_jparser *p, bool with_namespace);
/* NULL, after failing at the current token */
#define hn_jp_failed(p, ...) ((void)hn_jp_fail(p, hn_jp_cur(p)->line, __VA_ARGS__), (hn_jnode *)NULL)
hn_jnode *hn_jp_target(hn_jparser *p, bool with_namespace, const char *end_name);
hn_jnode *hn_jp_target_name(hn_jparser *p);

/* ---- running (jinja_exec.c and friends) */
struct hn_jframe { hn_jframe *up; hn_jcontext *ctx; hn_jval slot[]; };
hn_jframe *hn_j_frame(hn_jrun *r, const hn_jfnode *fn, hn_jframe *up, hn_jcontext *ctx);
bool hn_j_eval(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval *out);
typedef enum hn_jflow { HN_FLOW_ON, HN_FLOW_BREAK, HN_FLOW_CONTINUE, HN_FLOW_FAIL } hn_jflow;
hn_jflow hn_j_exec(hn_jrun *r, hn_jframe *f, const hn_jnodes *body);
hn_jflow hn_j_exec_for(hn_jrun *r, hn_jframe *f, const hn_jnode *n);
bool hn_j_exec_macro(hn_jrun *r, hn_jframe *f, const hn_jnode *n);
bool hn_j_exec_callblock(hn_jrun *r, hn_jframe *f, const hn_jnode *n);
bool hn_j_exec_block(hn_jrun *r, hn_jframe *f, const hn_jnode *n);
void hn_j_scope_in(hn_jframe *f, const hn_jscope *s);
void hn_j_scope_out(hn_jframe *f, const hn_jscope *s);
bool hn_j_space_name(hn_jrun *r, hn_str name); /* may a namespace have an attribute of this name? */
bool hn_j_write_str(hn_jrun *r, hn_jval v);    /* v must be a string */
bool hn_j_assign(hn_jrun *r, hn_jframe *f, const hn_jnode *target, hn_jval v);
bool hn_j_eval_call(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval caller, hn_jval *out);
bool hn_j_apply_filter(hn_jrun *r, hn_jframe *f, const hn_jnode *n, hn_jval captured, hn_jval *out);
bool hn_j_recurse(hn_jrun *r, struct hn_jloop *loop, hn_jval items, hn_jval *out);
static inline bool hn_j_escapes(const hn_jrun *r, const hn_jnode *n) {
    return n->escape == HN_ESCAPE_ON || (n->escape == HN_ESCAPE_ASK && r->autoescape);
}
static inline hn_jval *hn_j_slot(hn_jframe *f, hn_jref ref) {
    for (uint16_t i = 0; i < ref.hops; i++) f = f->up;
    return &f->slot[ref.slot];
}

typedef struct hn_jmacro { /* also the body of a call block */
    const hn_jnode *node;
    hn_str name; /* p NULL: anonymous */
    hn_jframe *up;
    hn_jcontext *ctx;
} hn_jmacro;
typedef struct hn_jloop {
    hn_jval iterable;
    hn_jiter *it;
    hn_jval before, current, after, changed;
    int64_t index0, length, depth0; /* length -1: not known yet */
    const hn_jnode *node;           /* recursive loops */
    hn_jframe *up;
} hn_jloop;
int hn_j_loop_next(hn_jrun *r, hn_jloop *l, hn_jval *out);
typedef struct hn_jcycler { hn_jval items; size_t at; } hn_jcycler;
typedef struct hn_jjoiner { hn_jval sep; bool used; } hn_jjoiner;
typedef struct hn_jblockref { const hn_jnode *block; hn_jcontext *ctx; } hn_jblockref;
bool hn_j_call_block(hn_jrun *r, const hn_jblockref *b, hn_jval *out);

/* One rendering from outside (jinja_run.c): init, give the variables, render. */
bool hn_jrun_init(hn_jrun *r, const hn_jtemplate *t, bool spans); /* false: no memory */
void hn_jrun_set(hn_jrun *r, const char *name, hn_jval v);
hn_status hn_jrun_render(hn_jrun *r, hn_rendered *out, hn_error *err) HN_MUST;
void hn_jrun_release(hn_jrun *r);

#endif
