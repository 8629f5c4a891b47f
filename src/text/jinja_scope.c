/* jinja_scope.c - gives every name of a template its slot, by the rules of Jinja2's compiler.
 *
 * The compiler turns a template into Python functions whose local variables are named by (nesting level, name); what a scope does
 * with a name when it is entered (look it up in the context, take the outer scope's value, start unset) is decided from all of its
 * body beforehand. An assignment is therefore seen, or not, independent of what has run. This file finds the same: functions have
 * frames of slots, scopes have lists of loads. What only the compiler refuses (unknown filters, break outside loops) is refused here. */
#include "text/jinja_ast_impl.h"
#include "text/jinja_scope_impl.h"

/* ---- bindings */

static bool slot_of(hn_jscoper *x, hn_jsyms *s, uint32_t name, uint16_t *slot) {
    for (hn_jplace *at = x->places[name]; at; at = at->next)
        if (at->fn == s->fn->node && at->level == s->level) {
            *slot = at->slot;
            return true;
        }
    hn_jplace *made = hn_jp_alloc(x->p, sizeof *made);
    if (!made) return false;
    if (s->fn->node->slots == UINT16_MAX) return hn_jp_fail(x->p, 1, "too many names");
    *made = (hn_jplace){.next = x->places[name], .fn = s->fn->node, .level = s->level, .slot = s->fn->node->slots++};
    x->places[name] = made;
    *slot = made->slot;
    return true;
}

static hn_jref ref_to(const hn_jscoper *x, const hn_jbinding *b) {
    return (hn_jref){(uint16_t)(x->fn->depth - b->syms->fn->depth), b->load->slot};
}

static bool define(hn_jscoper *x, hn_jsyms *s, uint32_t name, uint8_t how, hn_jref from) {
    hn_jbinding *b = x->top[name];
    if (!b || b->syms != s) {
        b = hn_jp_alloc(x->p, sizeof *b + sizeof *b->load);
        if (!b) return false;
        b->syms = s;
        b->name = name;
        b->load = (hn_jload *)(void *)(b + 1);
        b->below = x->top[name];
        b->next = s->bindings;
        x->top[name] = b;
        s->bindings = b;
        s->count++;
        if (!slot_of(x, s, name, &b->load->slot)) return false;
    }
    b->load->how = how;
    b->load->name = name;
    b->load->from = from;
    return true;
}

static bool mark_stored(hn_jscoper *x, hn_jsyms *s, hn_jbinding *b) {
    if (b->stored) return true;
    b->stored = true;
    if (x->log_n == x->log_cap) {
        size_t cap = x->log_cap ? 2 * x->log_cap : 64;
        hn_jbinding **grown = hn_jp_alloc(x->p, cap * sizeof *grown);
        if (!grown) return false;
        if (x->log_n) memcpy(grown, x->log, x->log_n * sizeof *grown);
        x->log = grown;
        x->log_cap = cap;
    }
    (void)s;
    x->log[x->log_n++] = b;
    return true;
}

static bool load_name(hn_jscoper *x, hn_jsyms *s, uint32_t name) {
    return x->top[name] || define(x, s, name, HN_LOAD_RESOLVE, (hn_jref){0});
}

static bool store_name(hn_jscoper *x, hn_jsyms *s, uint32_t name) {
    hn_jbinding *b = x->top[name];
    if (!b || b->syms != s) {
        hn_jref from = b ? ref_to(x, b) : (hn_jref){0};
        if (!define(x, s, name, b ? HN_LOAD_ALIAS : HN_LOAD_UNDEFINED, from)) return false;
    }
    return mark_stored(x, s, x->top[name]);
}

bool hn_js_declare(hn_jscoper *x, hn_jsyms *s, uint32_t name, uint16_t *slot) {
    if (!define(x, s, name, HN_LOAD_PARAM, (hn_jref){0})) return false;
    if (slot) *slot = x->top[name]->load->slot;
    return mark_stored(x, s, x->top[name]);
}

bool hn_js_declare_word(hn_jscoper *x, hn_jsyms *s, const char *word, uint16_t *slot) {
    uint32_t name = 0;
    return hn_js_word(x, word, &name) && hn_js_declare(x, s, name, slot);
}

/* A name of the compiler's own: it has an id only if the template has it, so that ids and places stay as many as were counted. */
bool hn_js_word(hn_jscoper *x, const char *word, uint32_t *name) {
    int32_t id = hn_jtemplate_name(x->p->t, hn_str_of(word));
    if (id < 0) return hn_jp_fail(x->p, 1, "no name '%s'", word);
    *name = (uint32_t)id;
    return true;
}

bool hn_js_ref(hn_jscoper *x, uint32_t name, int32_t line, hn_jref *ref) {
    hn_jbinding *b = x->top[name];
    if (!b) { /* only where Jinja2's own analysis does not look: the filters of a set block */
        hn_str text = x->p->t->names[name];
        return hn_jp_fail(x->p, line, "Tried to resolve a name to a reference that was unknown to the frame ('%.*s')", (int)text.n, text.p);
    }
    *ref = ref_to(x, b);
    return true;
}

void hn_js_open(hn_jsyms *s, hn_jsyms *parent, hn_jfnctx *fn) {
    *s = (hn_jsyms){.parent = parent, .fn = fn, .level = parent ? parent->level + 1 : 0};
}

bool hn_js_close(hn_jscoper *x, hn_jsyms *s, hn_jscope *out) {
    out->v = hn_jp_alloc(x->p, (s->count ? s->count : 1) * sizeof *out->v);
    if (!out->v) return false;
    out->n = s->count;
    uint32_t at = s->count;
    for (hn_jbinding *b = s->bindings; b; b = b->next) {
        out->v[--at] = *b->load;
        x->top[b->name] = b->below;
    }
    return true;
}

/* ---- the look ahead: what a body loads and stores, in order. Scopes inside are looked into when they are reached. */

static bool look(hn_jscoper *x, hn_jsyms *s, const hn_jnode *n);

bool hn_js_look_all(hn_jscoper *x, hn_jsyms *s, const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++)
        if (!look(x, s, list->v[i])) return false;
    return true;
}

static bool look_if(hn_jscoper *x, hn_jsyms *s, const hn_jnode *n) {
    size_t mark = x->log_n;
    for (uint32_t i = 0; i < n->u.branch.n; i++) {
        if (!look(x, s, n->u.branch.test[i])) return false;
        if (i == 0) mark = x->log_n;
        if (!hn_js_look_all(x, s, &n->u.branch.body[i])) return false;
    }
    if (!hn_js_look_all(x, s, &n->u.branch.otherwise)) return false;
    for (size_t i = mark; i < x->log_n; i++) { /* stored in a branch only: it begins with what it was outside */
        hn_jbinding *b = x->log[i];
        if (b->syms != s) continue;
        b->load->how = b->below ? HN_LOAD_ALIAS : HN_LOAD_RESOLVE;
        if (b->below) b->load->from = ref_to(x, b->below);
    }
    return true;
}

static bool look_call(hn_jscoper *x, hn_jsyms *s, const hn_jnode *n) {
    const hn_jcallee *c = &n->u.call.call;
    return (!n->u.call.of || look(x, s, n->u.call.of)) && hn_js_look_all(x, s, &c->args) && hn_js_look_all(x, s, &c->kwargs) &&
           (!c->dyn_args || look(x, s, c->dyn_args)) && (!c->dyn_kwargs || look(x, s, c->dyn_kwargs));
}

bool hn_js_look(hn_jscoper *x, hn_jsyms *s, const hn_jnode *n) { return look(x, s, n); }

static bool look(hn_jscoper *x, hn_jsyms *s, const hn_jnode *n) {
    switch ((hn_jop)n->op) {
    case HN_JN_NAME:
        if (n->ctx == HN_CTX_PARAM) return hn_js_declare(x, s, n->name, NULL);
        return n->ctx == HN_CTX_STORE ? store_name(x, s, n->name) : load_name(x, s, n->name);
    case HN_JN_NSREF: return load_name(x, s, n->name);
    case HN_JN_TUPLE: case HN_JN_LIST: case HN_JN_DICT: case HN_JN_CONCAT: case HN_JN_OUTPUT:
        return hn_js_look_all(x, s, &n->u.items);
    case HN_JN_COND:
        return look(x, s, n->u.cond.test) && look(x, s, n->u.cond.yes) && (!n->u.cond.no || look(x, s, n->u.cond.no));
    case HN_JN_OR: case HN_JN_AND: case HN_JN_ADD: case HN_JN_SUB: case HN_JN_MUL: case HN_JN_DIV: case HN_JN_FLOORDIV:
    case HN_JN_MOD: case HN_JN_POW: return look(x, s, n->u.bin.left) && look(x, s, n->u.bin.right);
    case HN_JN_NOT: case HN_JN_NEG: case HN_JN_POS: return look(x, s, n->u.bin.left);
    case HN_JN_COMPARE: return look(x, s, n->u.cmp.first) && hn_js_look_all(x, s, &n->u.cmp.rest);
    case HN_JN_GETATTR: return look(x, s, n->u.get.of);
    case HN_JN_GETITEM: return look(x, s, n->u.get.of) && look(x, s, n->u.get.arg);
    case HN_JN_SLICE:
        return (!n->u.slice.start || look(x, s, n->u.slice.start)) && (!n->u.slice.stop || look(x, s, n->u.slice.stop)) &&
               (!n->u.slice.step || look(x, s, n->u.slice.step));
    case HN_JN_CALL: case HN_JN_FILTER: case HN_JN_TEST: return look_call(x, s, n);
    case HN_JN_FOR: return look(x, s, n->u.loop.iter);
    case HN_JN_IF: return look_if(x, s, n);
    case HN_JN_MACRO: return store_name(x, s, n->name);
    case HN_JN_CALLBLOCK: return !n->u.macro.call || look(x, s, n->u.macro.call);
    case HN_JN_FILTERBLOCK: return look(x, s, n->u.set.filter);
    case HN_JN_WITH: return hn_js_look_all(x, s, &n->u.with.values);
    case HN_JN_SET: return look(x, s, n->u.set.value) && look(x, s, n->u.set.target);
    case HN_JN_SETBLOCK: return look(x, s, n->u.set.target);
    case HN_JN_INCLUDE: case HN_JN_EXTENDS: return look(x, s, n->u.include.source);
    case HN_JN_IMPORT: case HN_JN_FROMIMPORT:
        return look(x, s, n->u.include.source) && hn_js_look_all(x, s, &n->u.include.names);
    case HN_JN_CONST: case HN_JN_NAMELESS: case HN_JN_EXPRESSIONS: case HN_JN_BLOCK: case HN_JN_BREAK: case HN_JN_CONTINUE: case HN_JN_AUTOESCAPE: break;
    }
    return true;
}

/* The target of a loop: every name in it belongs to the loop, whatever is outside. */
bool hn_js_look_target(hn_jscoper *x, hn_jsyms *s, const hn_jnode *n) {
    if (n->op == HN_JN_NAME) return hn_js_declare(x, s, n->name, NULL);
    for (uint32_t i = 0; n->op == HN_JN_TUPLE && i < n->u.items.n; i++)
        if (!hn_js_look_target(x, s, n->u.items.v[i])) return false;
    return true;
}

/* ---- is one of some names read before it is set? Blocks are not looked into. */

static void seek(hn_jseek *k, const hn_jnode *n);

static void seek_all(hn_jseek *k, const hn_jnodes *list) {
    for (uint32_t i = 0; i < list->n; i++) seek(k, list->v[i]);
}
static void seek_maybe(hn_jseek *k, const hn_jnode *n) {
    if (n) seek(k, n);
}
static void seek_name(hn_jseek *k, const hn_jnode *n) {
    for (int i = 0; i < k->n; i++) {
        if (!hn_str_eq(n->text, k->word[i]) || k->hidden[i]) continue;
        if (n->ctx == HN_CTX_LOAD) k->found[i] = true;
        else if (!k->found[i]) k->hidden[i] = true;
    }
}
static void seek_macro(hn_jseek *k, const hn_jsignature *s) {
    seek_all(k, &s->args);
    seek_all(k, &s->defaults);
    seek_all(k, &s->body);
}

static void seek_statement(hn_jseek *k, const hn_jnode *n) {
    switch ((hn_jop)n->op) {
    case HN_JN_FOR:
        seek(k, n->u.loop.target);
        seek(k, n->u.loop.iter);
        seek_all(k, &n->u.loop.body);
        seek_all(k, &n->u.loop.otherwise);
        seek_maybe(k, n->u.loop.test);
        break;
    case HN_JN_IF:
        for (uint32_t i = 0; i < n->u.branch.n; i++) {
            seek(k, n->u.branch.test[i]);
            seek_all(k, &n->u.branch.body[i]);
        }
        seek_all(k, &n->u.branch.otherwise);
        break;
    case HN_JN_MACRO: seek_macro(k, &n->u.macro.sig); break;
    case HN_JN_CALLBLOCK:
        seek_maybe(k, n->u.macro.call);
        seek_macro(k, &n->u.macro.sig);
        break;
    case HN_JN_FILTERBLOCK:
        seek_all(k, &n->u.set.body);
        seek(k, n->u.set.filter);
        break;
    case HN_JN_WITH:
        seek_all(k, &n->u.with.targets);
        seek_all(k, &n->u.with.values);
        seek_all(k, &n->u.with.body);
        break;
    case HN_JN_SET: case HN_JN_SETBLOCK:
        seek(k, n->u.set.target);
        seek_maybe(k, n->u.set.value);
        seek_maybe(k, n->u.set.filter);
        seek_all(k, &n->u.set.body);
        break;
    case HN_JN_INCLUDE: case HN_JN_EXTENDS: case HN_JN_IMPORT: case HN_JN_FROMIMPORT: seek(k, n->u.include.source); break;
    case HN_JN_AUTOESCAPE:
        seek(k, n->u.escaping.value);
        seek_all(k, &n->u.escaping.body);
        break;
    default: break;
    }
}

static void seek(hn_jseek *k, const hn_jnode *n) {
    switch ((hn_jop)n->op) {
    case HN_JN_NAME: seek_name(k, n); break;
    case HN_JN_TUPLE: case HN_JN_LIST: case HN_JN_DICT: case HN_JN_CONCAT: case HN_JN_OUTPUT: seek_all(k, &n->u.items); break;
    case HN_JN_COND:
        seek(k, n->u.cond.test);
        seek(k, n->u.cond.yes);
        seek_maybe(k, n->u.cond.no);
        break;
    case HN_JN_OR: case HN_JN_AND: case HN_JN_ADD: case HN_JN_SUB: case HN_JN_MUL: case HN_JN_DIV: case HN_JN_FLOORDIV:
    case HN_JN_MOD: case HN_JN_POW: case HN_JN_NOT: case HN_JN_NEG: case HN_JN_POS:
        seek(k, n->u.bin.left);
        seek_maybe(k, n->u.bin.right);
        break;
    case HN_JN_COMPARE:
        seek(k, n->u.cmp.first);
        seek_all(k, &n->u.cmp.rest);
        break;
    case HN_JN_GETATTR: case HN_JN_GETITEM:
        seek(k, n->u.get.of);
        seek_maybe(k, n->u.get.arg);
        break;
    case HN_JN_SLICE:
        seek_maybe(k, n->u.slice.start);
        seek_maybe(k, n->u.slice.stop);
        seek_maybe(k, n->u.slice.step);
        break;
    case HN_JN_CALL: case HN_JN_FILTER: case HN_JN_TEST:
        seek_maybe(k, n->u.call.of);
        seek_all(k, &n->u.call.call.args);
        seek_all(k, &n->u.call.call.kwargs);
        seek_maybe(k, n->u.call.call.dyn_args);
        seek_maybe(k, n->u.call.call.dyn_kwargs);
        break;
    case HN_JN_CONST: case HN_JN_NAMELESS: break;
    default: seek_statement(k, n);
    }
}

void hn_js_seek(hn_jseek *k, const hn_jnodes *list) { seek_all(k, list); }
