/* jinja_scope_impl.h - between the analysis of names (jinja_scope.c) and the walk that uses it (jinja_resolve.c). */
#ifndef HN_JINJA_SCOPE_IMPL_H
#define HN_JINJA_SCOPE_IMPL_H

#include "text/jinja/jinja_ast_impl.h"

typedef struct hn_jfnctx { hn_jfnode *node; struct hn_jfnctx *up; int depth; } hn_jfnctx;
typedef struct hn_jplace { /* a slot of a function: (level, name) */
    struct hn_jplace *next;
    const hn_jfnode *fn;
    int level;
    uint16_t slot;
} hn_jplace;

typedef struct hn_jbinding { /* what a name means in a scope */
    struct hn_jbinding *below;   /* the same name further out */
    struct hn_jbinding *next;    /* another name of the scope */
    struct hn_jbinding *earlier; /* what was stored first before it */
    struct hn_jsyms *syms;
    hn_jload load;
    uint32_t name;
    bool stored;
} hn_jbinding;

typedef struct hn_jscoper {
    hn_jparser *p;
    hn_jfnctx *fn;      /* the function being walked */
    hn_jbinding **top;  /* by name: innermost binding */
    hn_jplace **places; /* by name */
    hn_jbinding *log;   /* the newest of the stored ones */
    hn_jrun *fold;
} hn_jscoper;

typedef struct hn_jsyms { /* a scope */
    hn_jscoper *x;
    struct hn_jsyms *parent;
    hn_jfnctx *fn;
    int level;
    hn_jbinding *bindings;
    uint32_t count;
} hn_jsyms;

void hn_js_open(hn_jscoper *x, hn_jsyms *s, hn_jsyms *parent);
bool hn_js_close(hn_jsyms *s, hn_jscope *out);
bool hn_js_look(void *syms, hn_jnode *n); /* a visitor: what n loads and stores in the scope */
bool hn_js_look_all(hn_jsyms *s, const hn_jnodes *list);
bool hn_js_declare(hn_jsyms *s, const char *word, uint16_t *slot); /* a name of the compiler's own */
bool hn_js_ref(hn_jscoper *x, uint32_t name, int32_t line, hn_jref *ref);

typedef struct hn_jseek { const char *word[3]; int n; bool found[3], hidden[3]; } hn_jseek;
void hn_js_seek(hn_jseek *k, const hn_jnodes *list);

#endif
