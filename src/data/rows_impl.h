/* rows_impl.h - building encoded rows, in memory or in files; for the files of this room. */
#ifndef HN_ROWS_IMPL_H
#define HN_ROWS_IMPL_H

#include "data/data.h"
#include "data/pack_impl.h"

/* The columns of hn_rows: X(name, type) */
#define HN_COLUMNS(X)                                                                                                            \
    X(ids, int32_t)                                                                                                              \
    X(loss, uint8_t) X(at, int64_t) X(record, int64_t) X(label, int32_t) X(document, int64_t) X(row_document, int64_t)
enum {
#define HN_X(name, type) HN_COL_##name,
    HN_COLUMNS(HN_X)
#undef HN_X
        HN_COLS
};
extern const char *const hn_column_name[HN_COLS];

typedef struct hn_column { /* grows in memory, or in a file */
    uint8_t *p;        /* the whole column, or what is still to be written */
    size_t held, cap;  /* bytes in p */
    size_t n;          /* bytes of the column */
    int fd;            /* -1: memory */
    hn_hash *hash;     /* of what was written; NULL: the rows have no such column */
    char digest[33];   /* of all its bytes, once the rows are finished */
} hn_column;

typedef struct hn_store { /* rows under construction */
    hn_rows *rows;     /* counts; its columns are set at the end */
    hn_column col[HN_COLS];
    char *dir;         /* folder of the files; NULL: in memory */
} hn_store;
/* documents: rows consist of documents that are kept apart. counts: the rows of the store, NULL where there is no memory for
 * them. */
hn_status hn_store_begin(hn_store *s, bool documents, hn_rows **counts, hn_error *err) HN_MUST;
/* Appends a row; label: HN_NO_TARGET or the token to predict there. Counts targets, longest and top_id. */
hn_status hn_store_add(hn_store *s, const hn_packed *row, hn_error *err) HN_MUST;
/* Bytes of all columns so far. */
uint64_t hn_store_bytes(const hn_store *s);
/* From now on the columns grow in files of a folder, which exists. */
hn_status hn_store_spill(hn_store *s, const char *dir, hn_error *err) HN_MUST;
/* Fills the fingerprint and closes files; rows in memory get their columns. The store's rows stay its own. */
hn_status hn_store_finish(hn_store *s, hn_error *err) HN_MUST;
/* The finished rows, mapped from dir where they are in files; the caller's. */
hn_status hn_store_take(hn_store *s, const char *dir, hn_rows **out, hn_error *err) HN_MUST;
void hn_store_release(hn_store *s);
/* Hands every row on, in a shuffled order. */
hn_status hn_rows_shuffled(const hn_rows *in, uint64_t seed, hn_pack_emit *emit, void *user, hn_error *err) HN_MUST;

/* Columns of files in a folder, as hn_store left them; owned by hn_rows.files. bytes [HN_COLS]: what each must have. */
typedef struct hn_row_files {
    hn_map map[HN_COLS];
    int lock; /* shared, on a set of prepared rows that is in use; -1: none */
} hn_row_files;
hn_status hn_rows_map(hn_rows *r, const char *dir, const uint64_t *bytes, hn_error *err) HN_MUST;

#endif
