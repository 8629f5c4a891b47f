/* parquet_rows.c - records from columns: the assembly of Dremel (Melnik et al., 2010, section 4), as a walk down the tree.
 *
 * The entry at hand of the first leaf below a group says whether the group is there (its definition level) and whether a list
 * goes on (its repetition level); the other leaves below it must agree, which each entry is checked for when it is taken. */
#include "data/parquet_impl.h"

#include <string.h>

typedef struct {
    hn_pq_row *row;
    hn_error *err;
} walk;

static hn_status disagree(const walk *w, const hn_pq_node *n) {
    hn_fail(w->err, HN_EFORMAT, "column \"%s\": it does not hold as many values as its neighbours", n->path);
    hn_error_fix(w->err, "the file is damaged: fetch or make it again");
    return HN_EFORMAT;
}

/* The entry at hand of a leaf, which must begin with this repetition level. */
static hn_status at_hand(const walk *w, const hn_pq_node *n, size_t leaf, int rep, hn_pq_column **out) {
    bool end;
    *out = &w->row->column[leaf];
    HN_TRY(hn_pq_column_peek(*out, &end, w->err));
    return end || (*out)->rep != rep ? disagree(w, n) : HN_OK;
}

static hn_status count(const walk *w, const hn_pq_node *n, size_t bytes) {
    hn_pq_row *r = w->row;
    r->bytes += bytes + HN_PQ_VALUE_BYTES;
    if (r->bytes <= r->limit) return HN_OK;
    hn_fail(w->err, HN_EFORMAT, "column \"%s\": a record longer than %zu bytes", n->path, r->limit);
    hn_error_fix(w->err, "cut the text into smaller records, or raise the limit with --max_record_bytes");
    return HN_EFORMAT;
}

/* A value, or why it has none; the first such reason of a row is kept, and reading goes on. */
static hn_status leaf_value(const walk *w, const hn_pq_node *n, const hn_pq_value *v, hn_json **out) {
    hn_error why = {0};
    HN_TRY(count(w, n, v->bytes.n));
    hn_status st = hn_pq_json(n, v, out, &why);
    if (st == HN_EFORMAT) {
        if (!w->row->is_bad && w->row->bad) {
            *w->row->bad = why;
            hn_error_context(w->row->bad, "column \"%s\"", n->path);
        }
        w->row->is_bad = true;
        return HN_OK;
    }
    if (st != HN_OK && w->err) *w->err = why;
    return st;
}

static hn_status take_leaf(const walk *w, const hn_pq_node *n, int rep, hn_json **out) {
    hn_pq_column *c;
    hn_pq_value v;
    HN_TRY(at_hand(w, n, n->first, rep, &c));
    HN_TRY(hn_pq_column_take(c, &v, w->err));
    return c->def == n->def ? leaf_value(w, n, &v, out) : HN_OK;
}

/* Takes the one entry that every leaf below an absent or empty group has. */
static hn_status take_nothing(const walk *w, const hn_pq_node *n, int rep, int def) {
    for (size_t i = n->first; i < n->first + n->leaves; i++) {
        hn_pq_column *c;
        hn_pq_value v;
        HN_TRY(at_hand(w, n, i, rep, &c));
        if (c->def != def) return disagree(w, n);
        HN_TRY(hn_pq_column_take(c, &v, w->err));
    }
    return count(w, n, 0);
}

static hn_status take(const walk *w, const hn_pq_node *n, int rep, hn_json **out);

static hn_status take_struct(const walk *w, const hn_pq_node *n, int rep, hn_json *into) {
    for (size_t i = 0; i < n->children; i++) {
        hn_json *member = NULL;
        HN_TRY(take(w, &n->child[i], rep, &member));
        hn_json_set(into, n->child[i].name, member);
    }
    return HN_OK;
}

/* One entry of a map: its key, as text, and its value. */
static hn_status take_entry(const walk *w, const hn_pq_node *n, int rep, hn_json *into) {
    hn_json *key = NULL, *member = NULL;
    hn_status st = take(w, &n->child[0], rep, &key);
    if (st == HN_OK) st = take(w, &n->child[1], rep, &member);
    hn_buf written = {0};
    hn_str name = {"", 0};
    if (st == HN_OK && key && !hn_json_text(key, &name)) {
        hn_json_write(&written, key, 0);
        name = (hn_str){written.p, written.n};
    }
    char *copy = st == HN_OK ? hn_strndup(name.p ? name.p : "", name.n) : NULL;
    if (st == HN_OK && !copy) st = hn_nomem(w->err, name.n);
    if (st == HN_OK) hn_json_set(into, copy, hn_json_ref(member));
    hn_free(copy);
    hn_buf_release(&written);
    hn_json_free(key);
    hn_json_free(member);
    return st;
}

static hn_status take_elements(const walk *w, const hn_pq_node *n, int rep, hn_json *into) {
    for (bool more = true; more;) {
        HN_TRY(count(w, n, 0));
        if (n->kind == HN_PQ_MAP) {
            HN_TRY(take_entry(w, n, rep, into));
        } else {
            hn_json *element = NULL;
            HN_TRY(take(w, n->child, rep, &element));
            hn_json_push(into, element);
        }
        bool end;
        hn_pq_column *c = &w->row->column[n->first];
        HN_TRY(hn_pq_column_peek(c, &end, w->err));
        more = !end && c->rep >= n->rep; /* above n->rep: a list further down that did not take it */
        rep = n->rep;
    }
    return HN_OK;
}

/* The value of a node, which begins with entries of repetition level rep; NULL: null. */
static hn_status take(const walk *w, const hn_pq_node *n, int rep, hn_json **out) {
    hn_pq_column *c;
    *out = NULL;
    if (n->kind == HN_PQ_LEAF) return take_leaf(w, n, rep, out);
    HN_TRY(at_hand(w, n, n->first, rep, &c));
    if (c->def < n->def) return take_nothing(w, n, rep, c->def);
    *out = n->kind == HN_PQ_LIST ? hn_json_new_array() : hn_json_new_object();
    if (!*out) return hn_nomem(w->err, 64);
    hn_status st;
    if (n->kind == HN_PQ_STRUCT) st = take_struct(w, n, rep, *out);
    else if (c->def == n->def) st = take_nothing(w, n, rep, c->def);
    else st = take_elements(w, n, rep, *out);
    if (st == HN_OK) return HN_OK;
    hn_json_free(*out);
    *out = NULL;
    return st;
}

hn_status hn_pq_row_next(const hn_pq_node *root, hn_pq_row *row, hn_json **out, hn_error *err) {
    walk w = {row, err};
    row->bytes = 0;
    row->is_bad = false;
    *out = hn_json_new_object();
    hn_status st = *out ? HN_OK : hn_nomem(err, 64);
    for (size_t i = 0; i < root->children && st == HN_OK; i++) {
        hn_json *value = NULL;
        if (!root->child[i].wanted) continue;
        st = take(&w, &root->child[i], 0, &value);
        if (st == HN_OK) hn_json_set(*out, root->child[i].name, value);
    }
    if (st == HN_OK && !row->is_bad) return HN_OK;
    hn_json_free(*out);
    *out = NULL;
    return st;
}
