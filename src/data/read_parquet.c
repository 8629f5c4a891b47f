/* read_parquet.c - Parquet files, as Hugging Face's data sets are stored: mapped, one row group at a time, one page a column.
 *
 * Flat columns, lists, structs and maps in any nesting become the same records as from JSON lines; parquet_impl.h shows the way
 * through the files. */
#include "data/parquet_impl.h"
#include "data/records_impl.h"

#include <string.h>

typedef struct {
    hn_map map;
    bool open;
    hn_pq_meta meta;
    hn_pq_node root;
    hn_pq_column *column; /* [leaves] */
    size_t live;
    uint64_t packed, unpacked;
    size_t group;         /* the next one */
    size_t passed;        /* the group before it was passed over: it need not have ended */
    int64_t left;         /* rows of the group at hand that are still to come */
    int64_t index;        /* records so far */
} parquet;

/* Behind the mark stands a page or the footer, whose first byte no text has in such a place. */
static bool fits(const char *head, size_t n) { return n >= 5 && memcmp(head, "PAR1", 4) == 0 && (unsigned char)head[4] == 0x15; }

static void link_leaves(parquet *q, const hn_pq_node *n) {
    for (size_t i = 0; i < n->children; i++) link_leaves(q, &n->child[i]);
    if (n->kind == HN_PQ_LEAF)
        q->column[n->first] = (hn_pq_column){.leaf = n,
                                             .file = {(const char *)q->map.p, q->meta.data_end},
                                             .live = &q->live,
                                             .packed = &q->packed,
                                             .unpacked = &q->unpacked};
}

static bool is_named(const hn_columns *c, const char *name) {
    for (size_t i = 0; i < c->n; i++)
        if (hn_streq(c->from[i], name)) return true;
    return false;
}

static hn_status open_file(hn_records *r, parquet *q, hn_error *err) {
    q->open = true;
    if (r->src.unpacker) {
        hn_fail(err, HN_ENOTSUP, "a Parquet file packed with %s: it is read from its end", r->src.unpacker->name);
        hn_error_fix(err, "unpack it first (%s -d); Parquet compresses by itself", r->src.unpacker->name);
        return HN_ENOTSUP;
    }
    HN_TRY(hn_map_open(r->src.path, &q->map, err));
    HN_TRY(hn_pq_meta_read((hn_str){(const char *)q->map.p, q->map.n}, &q->meta, err));
    HN_TRY(hn_pq_schema(&q->meta, &q->root, err));
    for (size_t i = 0; r->columns && !r->columns->others && i < q->root.children; i++)
        q->root.child[i].wanted = is_named(r->columns, q->root.child[i].name);
    q->column = hn_calloc(q->meta.leaves, sizeof *q->column);
    if (!q->column) return hn_nomem(err, q->meta.leaves * sizeof *q->column);
    link_leaves(q, &q->root);
    return HN_OK;
}

static hn_status start_group(parquet *q, hn_error *err) {
    for (size_t i = 0; i < q->meta.leaves; i++) {
        const hn_pq_chunk *c = &q->meta.chunk[q->group * q->meta.leaves + i];
        if (c->type != (int32_t)q->column[i].leaf->type)
            return hn_fail(err, HN_EFORMAT, "column \"%s\": row group %zu has it in another type", q->column[i].leaf->path,
                           q->group + 1);
        hn_pq_column_start(&q->column[i], c);
    }
    q->left = q->meta.rows[q->group++];
    return HN_OK;
}

/* A row group is over: no column may hold more than its records took. */
static hn_status end_group(parquet *q, hn_error *err) {
    for (size_t i = 0; i < q->root.children && q->group > q->passed; i++) {
        const hn_pq_node *n = &q->root.child[i];
        for (size_t k = n->first; n->wanted && k < n->first + n->leaves; k++) {
            bool end;
            HN_TRY(hn_pq_column_peek(&q->column[k], &end, err));
            if (!end)
                return hn_fail(err, HN_EFORMAT, "column \"%s\": row group %zu holds more records of it than it says", n->path,
                               q->group);
        }
    }
    return HN_OK;
}

static hn_status next_record(hn_records *r, parquet *q, hn_json **record, int64_t *line, hn_error *err) {
    if (!q->open) HN_TRY(open_file(r, q, err));
    while (q->left == 0) {
        HN_TRY(end_group(q, err));
        if (q->group == q->meta.groups) return HN_OK;
        HN_TRY(start_group(q, err));
    }
    hn_error bad = {0};
    hn_pq_row row = {.column = q->column, .limit = r->src.limit, .bad = &bad};
    *line = ++q->index;
    q->left--;
    r->broken = true; /* unless the whole row was read */
    hn_status st = hn_pq_row_next(&q->root, &row, record, err);
    r->broken = st != HN_OK;
    if (st != HN_OK || !row.is_bad) return st;
    if (err) *err = bad;
    return HN_EFORMAT;
}

static hn_status next(hn_records *r, void *state, hn_json **record, int64_t *line, hn_error *err) {
    parquet *q = state;
    hn_status st = next_record(r, q, record, line, err);
    if (st == HN_OK) return HN_OK;
    if (*line == 0) {
        r->broken = true;
        hn_error_context(err, "%s", r->src.path);
    } else {
        char place[600];
        hn_records_place(r, *line, place, sizeof place);
        hn_error_context(err, "%s", place);
    }
    return st;
}

static hn_status count(hn_records *r, void *state, int64_t *out, hn_error *err) {
    parquet *q = state;
    if (!q->open) HN_TRY_CTX(open_file(r, q, err), err, "%s", r->src.path);
    *out = q->meta.total;
    return HN_OK;
}

/* Whole row groups, without a look at them. */
static hn_status skip(hn_records *r, void *state, int64_t n, int64_t *skipped, hn_error *err) {
    parquet *q = state;
    if (!q->open) {
        hn_status st = open_file(r, q, err);
        if (st != HN_OK) r->broken = true;
        HN_TRY_CTX(st, err, "%s", r->src.path);
    }
    bool fresh = q->left == 0;
    for (*skipped = 0; fresh && q->group < q->meta.groups && q->meta.rows[q->group] <= n - *skipped; q->group++) {
        *skipped += q->meta.rows[q->group];
        q->passed = q->group + 1;
    }
    q->index += *skipped;
    return HN_OK;
}

static uint64_t position(const void *state) {
    const parquet *q = state;
    return q->meta.total > 0 ? (uint64_t)((double)q->map.n * ((double)q->index / (double)q->meta.total)) : 0;
}

static void close_parquet(void *state) {
    parquet *q = state;
    for (size_t i = 0; q->column && i < q->meta.leaves; i++) hn_pq_column_release(&q->column[i]);
    hn_free(q->column);
    hn_pq_node_release(&q->root);
    hn_pq_meta_release(&q->meta);
    if (q->map.p) hn_map_close(&q->map);
}

const hn_reader hn_read_parquet = {.name = "parquet",
                                   .about = "Parquet, nested columns too (SNAPPY, ZSTD, GZIP)",
                                   .extensions = "parquet",
                                   .unit = "record",
                                   .size = sizeof(parquet),
                                   .fits = fits,
                                   .next = next,
                                   .count = count,
                                   .skip = skip,
                                   .position = position,
                                   .close = close_parquet};
