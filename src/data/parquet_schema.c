/* parquet_schema.c - the flat list of schema elements becomes a tree of structs, lists, maps and leaves.
 *
 * Lists are written in three ways: LIST group > repeated group > element; the two-level ways of older writers, where the
 * repeated field is the element itself (a leaf, several fields, or the names "array" and "<list>_tuple"); and a repeated field
 * by itself. The rules to tell them apart are those of parquet-format's LogicalTypes.md. */
#include "data/parquet_impl.h"

#include <string.h>

enum { REQUIRED, OPTIONAL, REPEATED };

typedef struct {
    const hn_pq_meta *m;
    size_t at;     /* next element */
    size_t leaves; /* so far */
    hn_error *err;
} builder;

static hn_status damaged(builder *b, const char *path, const char *what) {
    hn_fail(b->err, HN_EFORMAT, "damaged Parquet schema: %s%s%s", path, *path ? ": " : "", what);
    hn_error_fix(b->err, "fetch or make the file again");
    return HN_EFORMAT;
}

static bool is_list(const hn_pq_element *e) { return e->logical == 3 || (e->logical == 0 && e->converted == 3); }
static bool is_map(const hn_pq_element *e) {
    return e->logical == 2 || (e->logical == 0 && (e->converted == 1 || e->converted == 2));
}

static hn_pq_form form_of_int(const hn_pq_element *e, hn_pq_node *n) {
    int logical = e->logical, old = logical ? -1 : e->converted;
    n->unit = logical ? e->unit : old == 7 || old == 9 ? 1 : 2;
    n->utc = logical && e->utc; /* without a logical type nobody knows */
    if (logical == 5 || old == 5) return HN_PQ_AS_DECIMAL;
    if (logical == 6 || old == 6) return HN_PQ_AS_DATE;
    if (logical == 7 || old == 7 || old == 8) return HN_PQ_AS_TIME;
    if (logical == 8 || old == 9 || old == 10) return HN_PQ_AS_TIMESTAMP;
    if (logical == 11) return HN_PQ_AS_NULL;
    if ((logical == 10 && !e->is_signed) || (old >= 11 && old <= 14)) return HN_PQ_AS_UINT;
    return HN_PQ_AS_INT;
}

static hn_pq_form form_of(const hn_pq_element *e, hn_pq_node *n) {
    int logical = e->logical, old = logical ? -1 : e->converted;
    if (logical == 11) return HN_PQ_AS_NULL;
    switch (n->type) {
    case HN_PQ_BOOLEAN: return HN_PQ_AS_BOOL;
    case HN_PQ_INT32:
    case HN_PQ_INT64: return form_of_int(e, n);
    case HN_PQ_INT96: return HN_PQ_AS_INT96;
    case HN_PQ_FLOAT: return HN_PQ_AS_FLOAT;
    case HN_PQ_DOUBLE: return HN_PQ_AS_DOUBLE;
    case HN_PQ_BYTES: return logical == 5 || old == 5 ? HN_PQ_AS_DECIMAL : HN_PQ_AS_TEXT;
    case HN_PQ_FIXED:
        if (logical == 5 || old == 5) return HN_PQ_AS_DECIMAL;
        if (logical == 14 && n->length == 16) return HN_PQ_AS_UUID;
        if (logical == 15 && n->length == 2) return HN_PQ_AS_HALF;
        return old == 21 ? HN_PQ_AS_NOTHING : HN_PQ_AS_TEXT;
    case HN_PQ_TYPES: break;
    }
    return HN_PQ_AS_NOTHING;
}

static hn_status name_node(builder *b, const hn_pq_element *e, const char *parent, hn_pq_node *n) {
    n->name = hn_strndup(e->name.p, e->name.n);
    hn_buf path = {0};
    hn_buf_printf(&path, "%s%s%s", parent, *parent ? "." : "", n->name ? n->name : "");
    n->path = hn_buf_take(&path);
    if (!n->name || !n->path) return hn_nomem(b->err, e->name.n);
    if (memchr(e->name.p, '\0', e->name.n) || !hn_utf8_valid(e->name.p, e->name.n, NULL))
        return damaged(b, parent, "a column's name is no text");
    return HN_OK;
}

static hn_status make_leaf(builder *b, const hn_pq_element *e, hn_pq_node *n) {
    if (e->type < 0 || e->type >= HN_PQ_TYPES) return damaged(b, n->path, "a column without a type");
    n->kind = HN_PQ_LEAF;
    n->type = (hn_pq_type)e->type;
    n->length = e->length;
    n->scale = e->scale;
    n->form = form_of(e, n);
    n->first = b->leaves++;
    n->leaves = 1;
    if (n->type == HN_PQ_FIXED && (n->length < 1 || n->length > 1 << 20))
        return damaged(b, n->path, "values of a senseless length");
    if (n->form == HN_PQ_AS_DECIMAL && (n->scale < 0 || n->scale > 1000))
        return damaged(b, n->path, "a decimal of senseless scale");
    return HN_OK;
}

static hn_status make(builder *b, const char *parent, int def, int rep, int depth, hn_pq_node *n);

static hn_status make_children(builder *b, size_t count, int def, int rep, int depth, hn_pq_node *n) {
    if (count == 0 || count > b->m->elements - b->at) return damaged(b, n->path, "a group without members");
    n->child = hn_calloc(count, sizeof *n->child);
    if (!n->child) return hn_nomem(b->err, count * sizeof *n->child);
    n->first = b->leaves;
    for (; n->children < count; n->children++) {
        hn_status st = make(b, n->path, def, rep, depth + 1, &n->child[n->children]);
        if (st == HN_OK) continue;
        n->children++; /* so that what it has is released */
        return st;
    }
    n->leaves = b->leaves - n->first;
    return HN_OK;
}

/* The element of a list, from its repeated field e, which has been taken; def and rep are those of an element that is there. */
static hn_status make_repeated(builder *b, const hn_pq_element *e, bool list, int def, int rep, int depth, hn_pq_node *n) {
    bool tuple = (e->name.n == 5 && memcmp(e->name.p, "array", 5) == 0) ||
                 (e->name.n > 6 && memcmp(e->name.p + e->name.n - 6, "_tuple", 6) == 0);
    const hn_pq_element *only = e->children == 1 && b->at < b->m->elements ? &b->m->element[b->at] : NULL;
    n->child = hn_calloc(1, sizeof *n->child);
    if (!n->child) return hn_nomem(b->err, sizeof *n->child);
    n->children = 1;
    n->first = b->leaves;
    hn_pq_node *x = n->child;
    hn_status st;
    if (list && only && !tuple && only->repetition != REPEATED) {
        st = make(b, n->path, def, rep, depth + 1, x);
    } else {
        HN_TRY(name_node(b, e, n->path, x));
        x->def = def;
        x->rep = rep;
        x->kind = HN_PQ_STRUCT;
        st = e->children == 0 ? make_leaf(b, e, x) : make_children(b, (size_t)e->children, def, rep, depth + 1, x);
    }
    n->leaves = b->leaves - n->first;
    return st;
}

static hn_status make_map(builder *b, int def, int rep, int depth, hn_pq_node *n) {
    const hn_pq_element *entry = &b->m->element[b->at++];
    n->kind = HN_PQ_MAP;
    n->rep = rep + 1;
    if (entry->children != 2) return damaged(b, n->path, "a map without keys and values");
    HN_TRY(make_children(b, 2, def + 1, rep + 1, depth + 1, n));
    if (n->child[0].kind != HN_PQ_LEAF) return damaged(b, n->path, "a map whose keys are no plain values");
    return HN_OK;
}

static hn_status make(builder *b, const char *parent, int def, int rep, int depth, hn_pq_node *n) {
    if (depth > HN_PQ_DEPTH) return damaged(b, "", "nested too deeply, at most 64 groups");
    if (b->at >= b->m->elements) return damaged(b, parent, "it ends too early");
    const hn_pq_element *e = &b->m->element[b->at++];
    if (e->children < 0 || e->repetition < REQUIRED || e->repetition > REPEATED) return damaged(b, parent, "a senseless column");
    HN_TRY(name_node(b, e, parent, n));
    n->def = def + (e->repetition == OPTIONAL);
    n->rep = rep;
    if (e->repetition == REPEATED) {
        n->kind = HN_PQ_LIST;
        n->rep = rep + 1;
        return make_repeated(b, e, false, def + 1, rep + 1, depth, n);
    }
    if (e->children == 0) return make_leaf(b, e, n);
    const hn_pq_element *inner = b->at < b->m->elements ? &b->m->element[b->at] : NULL;
    bool wraps = e->children == 1 && inner && inner->repetition == REPEATED && inner->children >= 0;
    if (wraps && is_map(e) && inner->children > 0) return make_map(b, n->def, rep, depth, n);
    if (wraps && is_list(e)) {
        b->at++;
        n->kind = HN_PQ_LIST;
        n->rep = rep + 1;
        return make_repeated(b, inner, true, n->def + 1, rep + 1, depth, n);
    }
    n->kind = HN_PQ_STRUCT;
    return make_children(b, (size_t)e->children, n->def, rep, depth, n);
}

hn_status hn_pq_schema(const hn_pq_meta *m, hn_pq_node *root, hn_error *err) {
    builder b = {.m = m, .at = 1, .err = err};
    *root = (hn_pq_node){.kind = HN_PQ_STRUCT, .name = hn_strdup(""), .path = hn_strdup("")};
    if (!root->name || !root->path) return hn_nomem(err, 1);
    if (m->element[0].children < 0) return damaged(&b, "", "a senseless root");
    HN_TRY(make_children(&b, (size_t)m->element[0].children, 0, 0, 0, root));
    if (b.at != m->elements || b.leaves != m->leaves) return damaged(&b, "", "columns are left over");
    for (size_t i = 0; i < root->children; i++) root->child[i].wanted = true;
    return HN_OK;
}

void hn_pq_node_release(hn_pq_node *n) {
    for (size_t i = 0; i < n->children; i++) hn_pq_node_release(&n->child[i]);
    hn_free(n->child);
    hn_free(n->name);
    hn_free(n->path);
    *n = (hn_pq_node){0};
}
