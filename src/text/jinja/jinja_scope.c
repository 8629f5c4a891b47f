/* jinja_scope.c - gives every name of a template its slot, by the rules of Jinja2's compiler.
 *
 * The compiler turns a template into Python functions whose local variables are named by (nesting level, name); what a scope does
 * with a name when it is entered (look it up in the context, take the outer scope's value, start unset) is decided from all of
 * its body beforehand. An assignment is therefore seen, or not, independent of what has run. This file finds the same: functions
 * have frames of slots, scopes have lists of loads. What only the compiler refuses (unknown filters, break outside loops) is
 * refused here. */
#include "text/jinja/jinja_scope_impl.h"

/* ---- bindings */

static bool slot_of(const hn_jsyms *s, uint32_t name, uint16_t *slot) {
    hn_jplace **places = &s->x->places[name];
    for (hn_jplace *at = *places; at; at = at->next)
        if (at->fn == s->fn->node && at->level == s->level) {
            *slot = at->slot;
            return true;
        }
    hn_jplace *made = hn_jp_alloc(s->x->p, sizeof *made);
    if (!made) return false;
    if (s->fn->node->slots == UINT16_MAX) return hn_jp_fail(s->x->p, 1, "too many names");
    *made = (hn_jplace){.next = *places, .fn = s->fn->node, .level = s->level, .slot = s->fn->node->slots++};
    *places = made;
    *slot = made->slot;
    return true;
}

static hn_jref ref_to(const hn_jscoper *x, const hn_jbinding *b) {
    return (hn_jref){(uint16_t)(x->fn->depth - b->syms->fn->depth), b->load.slot};
}

/* The name's binding in s, made if need be; NULL after failing. */
static hn_jbinding *define(hn_jsyms *s, uint32_t name, uint8_t how, hn_jref from) {
    hn_jbinding **top = &s->x->top[name], *b = *top;
    if (!b || b->syms != s) {
        b = hn_jp_alloc(s->x->p, sizeof *b);
        if (!b || !slot_of(s, name, &b->load.slot)) return NULL;
        b->syms = s;
        b->name = name;
        b->below = *top;
        b->next = s->bindings;
        *top = s->bindings = b;
        s->count++;
    }
    b->load.how = how;
    b->load.name = name;
    b->load.from = from;
    return b;
}

static bool mark_stored(hn_jscoper *x, hn_jbinding *b) { /* false: there is none */
    if (!b || b->stored) return b != NULL;
    b->stored = true;
    b->earlier = x->log;
    x->log = b;
    return true;
}

static bool load_name(hn_jsyms *s, uint32_t name) { return s->x->top[name] || define(s, name, HN_LOAD_RESOLVE, (hn_jref){0}); }

static bool store_name(hn_jsyms *s, uint32_t name) {
    hn_jbinding *b = s->x->top[name];
    if (!b || b->syms != s) b = define(s, name, b ? HN_LOAD_ALIAS : HN_LOAD_UNDEFINED, b ? ref_to(s->x, b) : (hn_jref){0});
    return mark_stored(s->x, b);
}

static bool declare_name(hn_jsyms *s, uint32_t name) { return mark_stored(s->x, define(s, name, HN_LOAD_PARAM, (hn_jref){0})); }

bool hn_js_declare(hn_jsyms *s, const char *word, uint16_t *slot) {
    int32_t name = hn_jtemplate_name(s->x->p->t, hn_str_of(word));
    if (name < 0) return hn_jp_fail(s->x->p, 1, "no name '%s'", word);
    if (!declare_name(s, (uint32_t)name)) return false;
    *slot = s->x->top[name]->load.slot;
    return true;
}

bool hn_js_ref(hn_jscoper *x, uint32_t name, int32_t line, hn_jref *ref) {
    hn_jbinding *b = x->top[name];
    if (!b) { /* only where Jinja2's own analysis does not look: the filters of a set block */
        hn_str text = x->p->t->names[name];
        return hn_jp_fail(x->p, line, "Tried to resolve a name to a reference that was unknown to the frame ('%.*s')",
                          (int)text.n, text.p);
    }
    *ref = ref_to(x, b);
    return true;
}

void hn_js_open(hn_jscoper *x, hn_jsyms *s, hn_jsyms *parent) {
    *s = (hn_jsyms){.x = x, .parent = parent, .fn = x->fn, .level = parent ? parent->level + 1 : 0};
}

bool hn_js_close(hn_jsyms *s, hn_jscope *out) {
    out->v = hn_jp_alloc(s->x->p, (s->count ? s->count : 1) * sizeof *out->v);
    if (!out->v) return false;
    out->n = s->count;
    uint32_t at = s->count;
    for (hn_jbinding *b = s->bindings; b; b = b->next) {
        out->v[--at] = b->load;
        s->x->top[b->name] = b->below;
    }
    return true;
}

/* ---- the look ahead: what a body loads and stores, in order. Scopes inside are looked into when they are reached. */

bool hn_js_look_all(hn_jsyms *s, const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++)
        if (!hn_js_look(s, list->v[i])) return false;
    return true;
}

static bool look_if(hn_jsyms *s, const hn_jnode *n) {
    const hn_jbinding *mark = NULL;
    for (uint32_t i = 0; i < n->body.n; i++) {
        if (!hn_js_look(s, n->body.v[i]->u.bin.left)) return false;
        if (i == 0) mark = s->x->log;
        if (!hn_js_look_all(s, &n->body.v[i]->body)) return false;
    }
    if (!hn_js_look_all(s, &n->otherwise)) return false;
    for (hn_jbinding *b = s->x->log; b != mark;
         b = b->earlier) { /* stored in a branch only: it begins with what it was outside */
        if (b->syms != s) continue;
        b->load.how = b->below ? HN_LOAD_ALIAS : HN_LOAD_RESOLVE;
        if (b->below) b->load.from = ref_to(s->x, b->below);
    }
    return true;
}

bool hn_js_look(void *syms, hn_jnode *n) {
    hn_jsyms *s = syms;
    switch ((hn_jop)n->op) {
    case HN_JN_NAME:
        return n->ctx == HN_CTX_PARAM   ? declare_name(s, n->name)
               : n->ctx == HN_CTX_STORE ? store_name(s, n->name)
                                        : load_name(s, n->name);
    case HN_JN_NSREF: return load_name(s, n->name);
    case HN_JN_FOR: return hn_js_look(s, n->u.loop.iter);
    case HN_JN_IF: return look_if(s, n);
    case HN_JN_MACRO: return store_name(s, n->name);
    case HN_JN_CALLBLOCK: return !n->u.macro.call || hn_js_look(s, n->u.macro.call);
    case HN_JN_FILTERBLOCK: return hn_js_look(s, n->u.set.filter);
    case HN_JN_WITH: return hn_js_look_all(s, &n->u.with.values);
    case HN_JN_SET: return hn_js_look(s, n->u.set.value) && hn_js_look(s, n->u.set.target);
    case HN_JN_SETBLOCK: return hn_js_look(s, n->u.set.target);
    case HN_JN_IMPORT: case HN_JN_FROMIMPORT: return hn_js_look(s, n->u.include.source) && hn_js_look_all(s, &n->u.include.names);
    case HN_JN_BLOCK: case HN_JN_AUTOESCAPE: return true;
    default: return hn_jn_each(n, hn_js_look, s);
    }
}

/* ---- is one of some names read before it is set? Blocks are not looked into. */

static bool seek(void *with, hn_jnode *n) {
    hn_jseek *k = with;
    for (int i = 0; n->op == HN_JN_NAME && i < k->n; i++) {
        if (!hn_str_eq(n->text, k->word[i]) || k->hidden[i]) continue;
        if (n->ctx == HN_CTX_LOAD) k->found[i] = true;
        else if (!k->found[i]) k->hidden[i] = true;
    }
    return n->op == HN_JN_BLOCK || hn_jn_each(n, seek, k);
}

void hn_js_seek(hn_jseek *k, const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++) seek(k, list->v[i]);
}
