/* jinja_fold.c - constant expressions are computed when a template is parsed, as Jinja2's optimizer does.
 *
 * It is seen from outside: while folding, a slice of what has none is undefined instead of an error, and a number that is not
 * finite becomes a name that nobody knows, unless it is printed at once. What fails here is left to run, and to fail, in its
 * place. */
#include "text/jinja/jinja_ast_impl.h"

#include <math.h>

enum { FUEL = 1 << 20, BIGGEST = 1 << 16 }; /* of all of a template's; bytes of one value */

bool hn_jf_open(hn_jparser *p, hn_jrun *r) {
    *r = (hn_jrun){.t = p->t, .mem = p->t->mem, .fuel = FUEL, .folding = true, .out_cap = 8};
    r->outs = hn_calloc(r->out_cap, sizeof *r->outs);
    if (r->outs) r->outs[0] = hn_calloc(1, sizeof **r->outs);
    if (r->outs && r->outs[0]) return true;
    if (p->status == HN_OK) p->status = hn_nomem(p->err, sizeof **r->outs);
    hn_free(r->outs);
    r->outs = NULL;
    return false;
}

void hn_jf_close(hn_jparser *p, hn_jrun *r) {
    p->t->mem = r->mem; /* the values are the template's */
    r->mem = (hn_jmem){0};
    hn_jrun_release(r);
}

/* Values that Jinja2 can write into its code. size: how much they hold. */
static bool writable(hn_jval v, int depth, size_t *size, bool *finite) {
    *size += 16;
    if (depth > 100 || *size > BIGGEST) return false;
    switch ((hn_jkind)v.kind) {
    case HN_J_NONE: case HN_J_BOOL: case HN_J_RANGE_OBJ: return true;
    case HN_J_INT: return !(v.flag & HN_J_BIG) || (*size += 4 * v.big->n, true);
    case HN_J_FLOAT: *finite = *finite && isfinite(v.f); return true;
    case HN_J_STR: *size += v.n; return *size <= BIGGEST;
    case HN_J_LIST: case HN_J_TUPLE:
        if (v.flag & HN_J_GROUP) return false;
        for (size_t i = 0; i < hn_j_count(v); i++)
            if (!writable(hn_j_at(v, i), depth + 1, size, finite)) return false;
        return true;
    case HN_J_DICT:
        for (uint32_t i = 0; i < v.dict->n; i++)
            if (!writable(v.dict->v[i].key, depth + 1, size, finite) || !writable(v.dict->v[i].value, depth + 1, size, finite))
                return false;
        return true;
    default: return false;
    }
}

/* What is printed at once becomes the text it prints, whatever it is. */
static bool printed_text(hn_jrun *r, hn_jval v, hn_jval *out) {
    return (r->autoescape ? hn_j_escape(r, v, out) : hn_j_str_of(r, v, out)) && out->n <= BIGGEST;
}

static bool fold_child(void *run, hn_jnode *n);

static void fold(hn_jrun *r, hn_jnode *n, bool top) {
    hn_jval v = hn_j_missing();
    size_t size = 0, at = r->at;
    bool finite = true, constant;
    if (n->folded) return;
    n->folded = true;
    if (!r->volatile_escape) hn_jn_each(n, fold_child, r);
    if (n->op == HN_JN_NAME || n->op == HN_JN_NSREF || n->op == HN_JN_CALL || n->op == HN_JN_KEYWORD || n->op == HN_JN_SLICE)
        return;
    if (n->op == HN_JN_CONST && n->ctx == 1) return; /* text of the template */
    constant = n->op == HN_JN_CONST || (r->fuel > 0 && hn_j_eval(r, NULL, n, &v));
    if (n->op == HN_JN_CONST) v = n->u.value;
    if (constant) constant = top ? printed_text(r, v, &v) : writable(v, 0, &size, &finite);
    hn_j_drop(r, at);
    hn_j_forgive(r);
    r->depth = 0;
    if (!constant) return;
    n->ctx = top;
    n->op = finite ? HN_JN_CONST : HN_JN_NAMELESS;
    n->u.value = v;
}

static bool fold_child(void *run, hn_jnode *n) {
    fold(run, n, false);
    return true;
}

/* Whether output is escaped is not always known before it runs; then only what is printed at once is computed, and not escaped.
 */
void hn_jf_fold(hn_jrun *r, hn_jnode *n, bool printed, uint8_t escape) {
    r->volatile_escape = escape == HN_ESCAPE_ASK;
    if (n->folded || (r->volatile_escape && !printed)) return;
    r->autoescape = escape == HN_ESCAPE_ON;
    fold(r, n, printed);
}
