/* jinja_impl.h - values of the template language and one rendering of a template.
 *
 * Values are Python's: what prints, compares, raises and how follows Python 3 and Jinja2 3.1 in the environment that transformers
 * makes. JSON handed in is read in place. Everything made while rendering lives in the run's arena. A
 * function that returns bool returns false after setting the run's error; the outcome is in *out. */
#ifndef HN_JINJA_IMPL_H
#define HN_JINJA_IMPL_H

#include <string.h>

#include "text/text_impl.h"

/* ------------------------------------------------------------------ bounds of an untrusted template */

enum {
    HN_J_SOURCE = 8 << 20,      /* bytes of a template */
    HN_J_DEPTH = 200,           /* nesting of an expression, as Python's own compiler has it */
    HN_J_BLOCKS = 98,           /* nesting of statements, likewise */
    HN_J_CALLS = 200,           /* macros and recursive loops inside each other */
    HN_J_RECURSION = 1400,      /* everything inside each other: bounds the C stack */
    HN_J_RANGE = 100000,        /* items of range(): the sandbox's own limit */
    HN_J_BITS = 1 << 16,        /* of an integer */
};
#define HN_J_OUTPUT ((size_t)64 << 20) /* bytes */
#define HN_J_MEMORY ((size_t)512 << 20) /* bytes of values made in one rendering */
#define HN_J_FUEL ((int64_t)64 << 20)  /* steps; a step is a node evaluated, an item visited or 16 bytes handled */

/* ------------------------------------------------------------------ memory with a bound (jinja_run.c) */

typedef struct hn_jmem {
    hn_arena arena;
    size_t used, most;
} hn_jmem;
void *hn_jmem_get(hn_jmem *m, size_t bytes); /* zeroed; NULL: no memory or beyond the bound */

/* ------------------------------------------------------------------ values */

typedef enum hn_jkind {
    HN_J_MISSING, /* no value at all: a slot not set, an argument not given */
    HN_J_UNDEF, HN_J_NONE, HN_J_BOOL, HN_J_INT, HN_J_FLOAT, HN_J_STR, HN_J_BYTES, HN_J_LIST, HN_J_TUPLE, HN_J_DICT,
    HN_J_VIEW,    /* dict.keys() and so on; flag: HN_J_KEYS ... */
    HN_J_RANGE_OBJ, HN_J_ITER, /* iterators and generators */
    HN_J_FUNC,    /* a global function or type */
    HN_J_METHOD,  /* a method with its object */
    HN_J_MACRO, HN_J_SPACE, /* namespace() */
    HN_J_LOOP, HN_J_CYCLER, HN_J_JOINER, HN_J_SELF, HN_J_BLOCKREF,
    HN_J_KINDS
} hn_jkind;

enum {
    HN_J_MARKUP = 1, /* of a string: safe for HTML */
    HN_J_JSON = 2,   /* of a list or dict: backed by JSON */
    HN_J_BIG = 4,    /* of an integer: beyond 64 bits */
    HN_J_GROUP = 8,  /* of a tuple: what groupby gives, with names */
    HN_J_UNSAFE = 16 /* of an undefined: what the sandbox refuses */
};
enum { HN_J_KEYS, HN_J_VALUES, HN_J_ITEMS }; /* a view's flag */

typedef struct hn_jval {
    uint8_t kind, flag;
    uint32_t n; /* bytes of a string */
    union {
        bool b;
        int64_t i;
        double f;
        const char *s;
        const void *p;
        const hn_json *json;
        const struct hn_jlist *list;
        struct hn_jdict *dict;
        const struct hn_jbig *big;
        const struct hn_jundef *undef;
        struct hn_jiter *iter;
        const struct hn_jrange *range;
        const struct hn_jview *view;
        const struct hn_jfunc *func;
        const struct hn_jbound *bound;
        struct hn_jmacro *macro;
        struct hn_jloop *loop;
        struct hn_jcycler *cycler;
        struct hn_jjoiner *joiner;
        const struct hn_jblockref *block;
        const hn_jkind *any;
    };
} hn_jval;

typedef struct hn_jlist { uint32_t n; hn_jval v[]; } hn_jlist;
typedef struct hn_jpair { hn_jval key, value; uint64_t hash; } hn_jpair;
typedef struct hn_jdict {
    uint32_t n, cap;
    hn_jpair *v;      /* in order of insertion */
    uint32_t *index;  /* open addressing, 1 + position; NULL while small */
    uint32_t slots;
} hn_jdict;
typedef struct hn_jbig { bool negative; uint32_t n; uint32_t d[]; } hn_jbig; /* 32-bit limbs, the least first */
typedef struct hn_jrange { int64_t start, stop, step, n; } hn_jrange;
typedef struct hn_jundef { /* what its message is made of */
    const char *hint;  /* NULL: from what follows */
    hn_str name;
    const char *object; /* type of what lacks the attribute; NULL: a variable */
} hn_jundef;
typedef struct hn_jview { hn_jval dict; } hn_jview;

static inline hn_jval hn_j_none(void) { return (hn_jval){.kind = HN_J_NONE}; }
static inline hn_jval hn_j_missing(void) { return (hn_jval){.kind = HN_J_MISSING}; }
static inline hn_jval hn_j_bool(bool b) { return (hn_jval){.kind = HN_J_BOOL, .i = b}; }
static inline hn_jval hn_j_int(int64_t i) { return (hn_jval){.kind = HN_J_INT, .i = i}; }
static inline hn_jval hn_j_float(double f) { return (hn_jval){.kind = HN_J_FLOAT, .f = f}; }
static inline hn_jval hn_j_str(const char *p, size_t n) { return (hn_jval){.kind = HN_J_STR, .n = (uint32_t)n, .s = p}; }
static inline hn_jval hn_j_of(hn_str s) { return hn_j_str(s.p, s.n); }
static inline hn_jval hn_j_cstr(const char *s) { return hn_j_str(s, strlen(s)); }
static inline hn_jval hn_j_markup(hn_jval s) {
    s.flag |= HN_J_MARKUP;
    return s;
}
static inline hn_jval hn_j_plain(hn_jval s) {
    s.flag &= (uint8_t)~HN_J_MARKUP;
    return s;
}
static inline bool hn_j_is_markup(hn_jval v) { return v.kind == HN_J_STR && (v.flag & HN_J_MARKUP); }
static inline hn_str hn_j_text(hn_jval s) { return (hn_str){s.s, s.n}; }
static inline bool hn_j_set(hn_jval *out, hn_jval v) { /* the end of what has worked */
    *out = v;
    return true;
}
/* A part of a string, markup if that is. */
static inline hn_jval hn_j_part(hn_jval of, hn_str s) {
    return (hn_jval){.kind = HN_J_STR, .flag = of.flag & HN_J_MARKUP, .n = (uint32_t)s.n, .s = s.p};
}
static inline bool hn_j_is(hn_jval v, const char *text) {
    return v.kind == HN_J_STR && hn_str_eq(hn_j_text(v), text);
}

/* ------------------------------------------------------------------ one rendering */

typedef enum hn_jerr { /* Python's classes as far as somebody catches them */
    HN_J_OK, HN_J_TYPE, HN_J_VALUE, HN_J_LOOKUP, HN_J_ATTR, HN_J_OVERFLOW, HN_J_ZERODIV, HN_J_UNDEFINED, HN_J_SECURITY,
    HN_J_RUNTIME, HN_J_RAISED, /* raise_exception */
    HN_J_ASSERT, HN_J_NOT_FOUND, HN_J_LIMIT, HN_J_NO_MEMORY
} hn_jerr;

typedef struct hn_jnode hn_jnode;
typedef struct hn_jtemplate hn_jtemplate;
typedef struct hn_jframe hn_jframe;
typedef struct hn_jcontext { hn_jval *vars, *parent; } hn_jcontext; /* by name id: what the template exports; what it was given */

typedef struct hn_jout { /* text being put together, and what of it is marked as generated */
    hn_buf text;
    hn_byte_span *span;
    size_t spans, cap;
} hn_jout;

typedef struct hn_jrun {
    hn_jmem mem;
    const hn_jtemplate *t;
    hn_jcontext *ctx;
    hn_jout **outs;      /* capture buffers, by depth; outs[at] is written to */
    size_t out_cap, at;
    size_t out_bytes;
    char *tail, *tail_end; /* the newest string and the room behind it: concatenation in a loop stays linear */
    int64_t fuel;
    int depth, calls;
    bool autoescape, want_spans;
    bool folding;         /* only constants are known (jinja_fold.c) ... */
    bool volatile_escape; /* ... and whether output is escaped is not */
    hn_byte_span *marked; /* addresses of generated text in the arena, ascending by begin */
    size_t marked_n, marked_cap;
    uint32_t dice;
    int32_t line;
    hn_jerr err;
    char msg[1024];
} hn_jrun;

/* Sets the error; returns false. The first error stays. HN_J_SHORT: the arguments of %.*s for the beginning of a long text. */
#define HN_J_SHORT(s) (int)((s).n < 100 ? (s).n : 100), (s).p
bool hn_j_fail(hn_jrun *r, hn_jerr err, const char *fmt, ...) HN_PRINTF(3, 4);
/* The same for a value that does not fit, but what is undefined fails as that. */
#define hn_j_reject(r, v, ...) ((v).kind == HN_J_UNDEF ? hn_j_use_undefined(r, v) : hn_j_fail(r, __VA_ARGS__))
void hn_j_forgive(hn_jrun *r); /* the error is caught */
bool hn_j_nomem(hn_jrun *r);
void *hn_j_alloc(hn_jrun *r, size_t bytes); /* NULL after setting the error */
bool hn_j_box(hn_jrun *r, hn_jkind kind, const void *what, size_t bytes,
              hn_jval *out); /* a value that points to a copy of what */
bool hn_j_burn_out(hn_jrun *r);
static inline bool hn_j_burn(hn_jrun *r, size_t steps) { /* false: the template runs too long */
    r->fuel -= (int64_t)steps;
    return r->fuel >= 0 || hn_j_burn_out(r);
}
bool hn_j_enter(hn_jrun *r); /* one level deeper; false: too deep */
static inline void hn_j_leave(hn_jrun *r) { r->depth--; }

/* ---- output (jinja_out.c) */
bool hn_j_write(hn_jrun *r, const char *p, size_t n);
bool hn_j_write_times(hn_jrun *r, hn_str s, int64_t n);
static inline bool hn_j_puts(hn_jrun *r, const char *s) { return hn_j_write(r, s, strlen(s)); }
bool hn_j_capture(hn_jrun *r); /* from here on output is collected ... */
/* ... and becomes a string. at: r->at before; not fine: something has failed, what was collected is lost and the answer is false.
 */
bool hn_j_captured(hn_jrun *r, size_t at, bool fine, bool markup, hn_jval *out);
bool hn_j_collect(hn_jrun *r, bool (*print)(hn_jrun *, hn_jval), hn_jval v, hn_jval *out); /* what print writes, as a string */
void hn_j_drop(hn_jrun *r, size_t at); /* gives captures above at up, after an error or a break */
void hn_j_mark(hn_jrun *r, size_t from);      /* what was written since from is generated */
bool hn_j_join2(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *out); /* two strings one behind the other, no escaping */
bool hn_j_copy(hn_jrun *r, const char *p, size_t n, hn_jval *out); /* a string of new bytes */
static inline size_t hn_j_written(const hn_jrun *r) { return r->outs[r->at]->text.n; }

/* ---- questions about values (jinja_value.c) */
const char *hn_j_type(hn_jval v);  /* Python's name of the type */
bool hn_j_truth(hn_jval v);
bool hn_j_len(hn_jrun *r, hn_jval v, int64_t *n); /* TYPE: has none */
bool hn_j_sized(hn_jval v, int64_t *n);           /* the same without an error */
bool hn_j_equal(hn_jrun *r, hn_jval a, hn_jval b, bool *same);
bool hn_j_order(hn_jrun *r, hn_jval a, hn_jval b, const char *op, bool *yes); /* "<", "<=", ">", ">=" */
bool hn_j_less(hn_jrun *r, hn_jval a, hn_jval b, bool *yes);
bool hn_j_same(hn_jval a, hn_jval b);             /* Python's "is" */
bool hn_j_same_or_equal(hn_jrun *r, hn_jval a, hn_jval b, bool *yes); /* as containers compare their items */
bool hn_j_contains(hn_jrun *r, hn_jval item, hn_jval in, bool *yes);
bool hn_j_hash(hn_jrun *r, hn_jval v, uint64_t *hash); /* TYPE: unhashable */
bool hn_j_callable(hn_jval v);
static inline bool hn_j_is_int(hn_jval v) { return v.kind == HN_J_INT || v.kind == HN_J_BOOL; }
static inline bool hn_j_is_list(hn_jval v) { return v.kind == HN_J_LIST || v.kind == HN_J_TUPLE; }
static inline bool hn_j_is_text(hn_jval v) { return v.kind == HN_J_STR || v.kind == HN_J_BYTES; }
static inline bool hn_j_is_number(hn_jval v) { return hn_j_is_int(v) || v.kind == HN_J_FLOAT; }
bool hn_j_index(hn_jrun *r, hn_jval v, int64_t *i); /* an integer for indexing; beyond 64 bits: the nearest */

/* ---- containers (jinja_container.c) */
hn_jval hn_j_from_json(const hn_json *j);
bool hn_j_json_key(hn_jrun *r, const char *name, hn_jval *out); /* of an iterator over JSON */
bool hn_j_list_new(hn_jrun *r, hn_jkind kind, size_t n, hn_jval *out, hn_jval **items);
bool hn_j_pair(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *out); /* a tuple of two */
size_t hn_j_count(hn_jval v);            /* of a list, tuple or dict */
hn_jval hn_j_at(hn_jval v, size_t i);    /* of a list, tuple, range or bytes */
bool hn_j_dict_new(hn_jrun *r, size_t cap, hn_jval *out);
bool hn_j_dict_put(hn_jrun *r, hn_jval dict, hn_jval key, hn_jval value);
bool hn_j_view(hn_jrun *r, hn_jval dict, uint8_t what, hn_jval *out); /* dict.keys() and so on */
int hn_j_dict_find(hn_jrun *r, hn_jval dict, hn_jval key, hn_jval *out); /* 1, 0, or -1 after an error */
typedef struct hn_jwalk { size_t i; hn_json_iter it; bool on; } hn_jwalk;
bool hn_j_dict_next(hn_jrun *r, hn_jval dict, hn_jwalk *w, hn_jval *key, hn_jval *value);
bool hn_j_dict_update(hn_jrun *r, hn_jval dict, hn_jval from); /* a mapping or pairs, as dict(x) takes them */
typedef struct hn_jgrow { hn_jval *v; size_t n, cap; } hn_jgrow; /* a list of unknown length, in the arena */
bool hn_j_grow(hn_jrun *r, hn_jgrow *g, hn_jval v);
bool hn_j_grown(hn_jrun *r, const hn_jgrow *g, hn_jkind kind, hn_jval *out);

/* ---- iteration (jinja_iter.c, jinja_filters_lazy.c) */
typedef struct hn_jiter hn_jiter;
typedef int hn_jnext(hn_jrun *r, hn_jiter *it, hn_jval *out); /* 1: an item, 0: the end, -1: an error */
struct hn_jiter {
    hn_jnext *next;
    const char *type; /* "list_iterator", "generator" */
    hn_jval src;
    size_t i, n;
    hn_jwalk walk;
    hn_jiter *from;   /* a generator's source, once it runs */
    const struct hn_jlazy *lazy;
    bool done;
};
hn_jiter *hn_j_iter(hn_jrun *r, hn_jval v); /* NULL after an error (TYPE: not iterable) */
int hn_j_next(hn_jrun *r, hn_jiter *it, hn_jval *out); /* it NULL: -1, as making it has failed */
bool hn_j_iterable(hn_jval v);
bool hn_j_to_list(hn_jrun *r, hn_jval v, hn_jkind kind, hn_jval *out); /* list(v) or tuple(v) */
bool hn_j_reversed(hn_jrun *r, hn_jval v, hn_jval *out);               /* TYPE: not reversible */
bool hn_j_iter_value(hn_jrun *r, hn_jnext *next, const char *type, hn_jval src, hn_jval *out);

/* ---- text of values (jinja_repr.c) */
bool hn_j_str_of(hn_jrun *r, hn_jval v, hn_jval *out); /* str(v): never marked as markup */
bool hn_j_soft_str(hn_jrun *r, hn_jval v, hn_jval *out); /* strings stay as they are */
bool hn_j_print(hn_jrun *r, hn_jval v);   /* str(v) to the output */
bool hn_j_print_repr(hn_jrun *r, hn_jval v);
bool hn_j_repr(hn_jrun *r, hn_jval v, hn_jval *out);
bool hn_j_print_escape(hn_jrun *r, uint32_t cp); /* \xE9, \u20AC, \U0001F600 */
bool hn_j_print_quoted(hn_jrun *r, hn_str s, bool bytes); /* in quotes, what does not print escaped */
bool hn_j_escape(hn_jrun *r, hn_jval v, hn_jval *out); /* markup */
bool hn_j_print_escaped(hn_jrun *r, hn_jval v);

/* ---- numbers (jinja_int.c, jinja_num.c) */
bool hn_j_int_parse(hn_jmem *m, hn_str digits, int base, bool negative, hn_jval *out); /* false: no memory or too long */
bool hn_j_int_text(hn_jmem *m, hn_jval v, hn_str *out);
int hn_j_int_cmp(hn_jval a, hn_jval b);
bool hn_j_int_double(hn_jval v, double *out); /* false: too large */
bool hn_j_int_of_double(hn_jrun *r, double f, hn_jval *out);
bool hn_j_int_op(hn_jrun *r, char op, hn_jval a, hn_jval b, hn_jval *out); /* + - * / (floor) % ^ */
int hn_j_num_cmp(hn_jval a, hn_jval b, bool *unordered);
bool hn_j_num_op(hn_jrun *r, int op, hn_jval a, hn_jval b, hn_jval *out);
bool hn_j_to_float(hn_jrun *r, hn_jval v, double *out); /* float(v) */
bool hn_j_to_int(hn_jrun *r, hn_jval v, hn_jval *out);  /* int(v) */
bool hn_j_str_to_int(hn_jrun *r, hn_str s, int64_t base, hn_jval *out);
bool hn_j_round(hn_jrun *r, hn_jval v, hn_jval digits, hn_jval *out);
hn_jval hn_j_as_int(hn_jval v); /* True is 1 */

/* ---- operators and access (jinja_ops.c, jinja_access.c) */
bool hn_j_binary(hn_jrun *r, int op, hn_jval a, hn_jval b, hn_jval *out);
bool hn_j_unary(hn_jrun *r, int op, hn_jval a, hn_jval *out);
bool hn_j_getattr(hn_jrun *r, hn_jval obj, hn_str name, hn_jval *out);
bool hn_j_getitem(hn_jrun *r, hn_jval obj, hn_jval key, hn_jval *out);
bool hn_j_slice(hn_jrun *r, hn_jval obj, hn_jval start, hn_jval stop, hn_jval step, hn_jval *out);
int hn_j_attr(hn_jrun *r, hn_jval obj, hn_str name,
              hn_jval *out); /* getattr alone: 1, 0 (none), -1; refused ones come undefined */
bool hn_j_undefined(hn_jrun *r, const char *hint, hn_jval *out);
bool hn_j_undefined_name(hn_jrun *r, hn_str name, hn_jval *out);
bool hn_j_use_undefined(hn_jrun *r, hn_jval v); /* fails as using it does */

/* ---- calls (jinja_call.c) */
typedef struct hn_jkw { hn_jval key, value; } hn_jkw;
typedef struct hn_jargs { const hn_jval *v; uint32_t n, nkw; const hn_jkw *kw; } hn_jargs;
/* a: the parameters of the signature, what was not given as MISSING; for "*" the arguments as they came. */
typedef bool hn_jfn(hn_jrun *r, const hn_jval *a, const hn_jargs *args, hn_jval *out);
#define HN_J_MAYBE __attribute__((unused)) /* not every function needs all it is given */
#define HN_J_BUILTIN(name) \
    bool name(HN_J_MAYBE hn_jrun *r, HN_J_MAYBE const hn_jval *a, HN_J_MAYBE const hn_jargs *args, HN_J_MAYBE hn_jval *out)
enum { HN_J_PARAMS = 8 };
/* Signature: names apart by blanks; "?" before one: may be left out; "/" first: by position only; "*": takes everything. */
typedef struct hn_jfunc { const char *name, *sig; hn_jfn *fn; } hn_jfunc;
typedef struct hn_jbound { const hn_jfunc *func; hn_jval self; } hn_jbound;
bool hn_j_call(hn_jrun *r, hn_jval callee, const hn_jargs *args, hn_jval *out);
bool hn_j_call_func(hn_jrun *r, const hn_jfunc *f, const hn_jargs *args, hn_jval *out);
/* self.name(argument): one of str's methods; argument NULL: none. */
bool hn_j_call_method(hn_jrun *r, const char *name, hn_jval self, const hn_jval *argument, hn_jval *out);
bool hn_j_call_macro(hn_jrun *r, struct hn_jmacro *m, const hn_jargs *args, hn_jval *out); /* jinja_macro.c */
const hn_jval *hn_j_kw(const hn_jargs *args, const char *name); /* NULL: not given */
static inline bool hn_j_given(hn_jval v) { return v.kind != HN_J_MISSING; }
bool hn_j_arg_str(hn_jrun *r, const char *what, hn_jval v, hn_str *out); /* TYPE unless a string */
bool hn_j_arg_flag(hn_jval v, bool otherwise);
static inline hn_jval hn_j_or(hn_jval v, hn_jval otherwise) { return hn_j_given(v) ? v : otherwise; }
static inline bool hn_j_none_or_missing(hn_jval v) { return v.kind == HN_J_MISSING || v.kind == HN_J_NONE; }
/* An integer, *i as it is if there is no argument; where maybe_none, None is none. */
static inline bool hn_j_arg_int(hn_jrun *r, hn_jval v, bool maybe_none, int64_t *i) {
    return (maybe_none ? hn_j_none_or_missing(v) : !hn_j_given(v)) || hn_j_index(r, v, i);
}
bool hn_j_no_attribute(hn_jrun *r, hn_jval v, const char *name); /* fails as asking v for it does */

/* ---- the lists of built-in things (jinja_lists.c) */
const hn_jfunc *hn_j_filter(hn_str name);
const hn_jfunc *hn_j_test(hn_str name);
const hn_jfunc *hn_j_global(hn_str name);
const hn_jfunc *hn_j_method(hn_jval obj, hn_str name);
bool hn_j_is_refused(hn_jval obj, hn_str name); /* a method that changes its object */
#define HN_J_FILTER(name, sig, fn) hn_jfn hn_jf_##fn;
#include "text/jinja/jinja_filters.def"
#define HN_J_TEST(name, sig, fn) hn_jfn hn_jt_##fn;
#include "text/jinja/jinja_tests.def"
#define HN_J_GLOBAL(name, sig, fn) hn_jfn hn_jg_##fn;
#include "text/jinja/jinja_globals.def"
#define HN_J_METHOD(kind, name, sig, fn) hn_jfn hn_jm_##fn;
#define HN_J_REFUSED(kind, name)
#include "text/jinja/jinja_methods.def"

#endif
