/* store.c - the columns of rows while they are encoded: in memory, and from a certain size on in files.
 *
 * Each column has a hash of its bytes from the start, so that the fingerprint is the same wherever they lie and a file that
 * was changed is known. Files are not flushed to the disk: what a crash spoils no longer fits its hash and is made again. */
#include "data/rows_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "data/encode_impl.h"

enum { FILE_BYTES = 256 << 10 }; /* of a column held back before they are written */

hn_status hn_store_begin(hn_store *s, bool documents, hn_rows **counts, hn_error *err) {
    *s = (hn_store){.rows = hn_calloc(1, sizeof *s->rows)};
    for (int c = 0; c < HN_COLS; c++) s->col[c].fd = -1;
    *counts = s->rows;
    if (!s->rows) return hn_nomem(err, sizeof *s->rows);
    s->rows->top_id = -1;
    for (int c = 0; c < HN_COLS; c++) {
        if (c == HN_COL_label || (!documents && (c == HN_COL_document || c == HN_COL_row_document))) continue;
        s->col[c].hash = hn_hash_new();
        if (!s->col[c].hash) return hn_nomem(err, 1024);
    }
    return HN_OK;
}

static hn_status cannot_write(const hn_store *s, int c, hn_error *err) {
    hn_fail_errno(err, HN_EIO, "cannot write '%s/%s'", s->dir, hn_column_name[c]);
    hn_error_fix(err, "make room on that disk, or name another place with --prepared_data_dir FOLDER (off: rows stay in memory)");
    return HN_EIO;
}

static hn_status flush(hn_store *s, int c, hn_error *err) {
    hn_column *col = &s->col[c];
    hn_hash_add(col->hash, col->p, col->held);
    for (size_t at = 0; at < col->held;) {
        ssize_t put = write(col->fd, col->p + at, col->held - at);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return cannot_write(s, c, err);
        at += (size_t)put;
    }
    col->held = 0;
    return HN_OK;
}

/* Room for n more bytes; what is in the way is written. */
static hn_status room(hn_store *s, int c, size_t n, hn_error *err) {
    hn_column *col = &s->col[c];
    if (s->dir && col->held + n > FILE_BYTES) HN_TRY(flush(s, c, err));
    if (col->held + n <= col->cap) return HN_OK;
    size_t cap = s->dir ? (n > FILE_BYTES ? n : FILE_BYTES) : col->held + n + col->cap;
    uint8_t *q = hn_realloc(col->p, cap);
    if (!q) return hn_nomem(err, cap);
    col->p = q;
    col->cap = cap;
    return HN_OK;
}

static hn_status put(hn_store *s, int c, const void *p, size_t n, hn_error *err) {
    hn_column *col = &s->col[c];
    HN_TRY(room(s, c, n, err));
    if (n) memcpy(col->p + col->held, p, n);
    col->held += n;
    col->n += n;
    return HN_OK;
}

/* Labels of the rows so far, which had none of their own: each target is the id itself. */
static hn_status put_labels(hn_store *s, const int32_t *id, const uint8_t *loss, size_t n, hn_error *err) {
    int32_t label[1024];
    for (size_t i = 0, k; i < n; i += k) {
        for (k = 0; k < 1024 && i + k < n; k++) label[k] = loss[i + k] ? id[i + k] : HN_NO_TARGET;
        HN_TRY(put(s, HN_COL_label, label, k * sizeof *label, err));
    }
    return HN_OK;
}

static hn_status open_file(hn_store *s, int c, hn_error *err) {
    char *path = hn_path_join(s->dir, hn_column_name[c]);
    if (!path) return hn_nomem(err, 1);
    s->col[c].fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    hn_free(path);
    return s->col[c].fd >= 0 ? HN_OK : cannot_write(s, c, err);
}

static hn_status read_back(const hn_store *s, int c, void *out, size_t n, size_t at, hn_error *err) {
    for (size_t got = 0; got < n;) {
        ssize_t k = pread(s->col[c].fd, (uint8_t *)out + got, n - got, (off_t)(at + got));
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return hn_fail_errno(err, HN_EIO, "cannot read '%s/%s'", s->dir, hn_column_name[c]);
        got += (size_t)k;
    }
    return HN_OK;
}

static hn_status begin_labels_in_file(hn_store *s, hn_error *err) {
    int32_t id[1024];
    uint8_t loss[1024];
    HN_TRY(open_file(s, HN_COL_label, err));
    HN_TRY(flush(s, HN_COL_ids, err));
    HN_TRY(flush(s, HN_COL_loss, err));
    for (size_t i = 0, n = (size_t)s->rows->tokens, k; i < n; i += k) {
        k = n - i < 1024 ? n - i : 1024;
        HN_TRY(read_back(s, HN_COL_ids, id, k * sizeof *id, i * sizeof *id, err));
        HN_TRY(read_back(s, HN_COL_loss, loss, k, i, err));
        HN_TRY(put_labels(s, id, loss, k, err));
    }
    return HN_OK;
}

static hn_status begin_labels(hn_store *s, hn_error *err) {
    hn_column *col = &s->col[HN_COL_label];
    col->hash = hn_hash_new();
    if (!col->hash) return hn_nomem(err, 1024);
    if (s->dir) return begin_labels_in_file(s, err);
    return put_labels(s, (const int32_t *)(const void *)s->col[HN_COL_ids].p, s->col[HN_COL_loss].p, (size_t)s->rows->tokens,
                      err);
}

static bool has_own_labels(const hn_packed *row) {
    int own = 0;
    if (row->label == row->id) return false;
    for (int64_t i = 0; i < row->n; i++) own |= (row->label[i] != HN_NO_TARGET) & (row->label[i] != row->id[i]);
    return own;
}

static int32_t largest(const int32_t *v, int64_t n, int32_t top) {
    for (int64_t i = 0; i < n; i++) top = v[i] > top ? v[i] : top;
    return top;
}

/* Which tokens are targets; the first token of a document never is. Plain loops, which compilers turn into vectors. */
static hn_status put_loss(hn_store *s, const hn_packed *row, hn_error *err) {
    hn_column *col = &s->col[HN_COL_loss];
    hn_rows *r = s->rows;
    size_t n = (size_t)row->n;
    HN_TRY(room(s, HN_COL_loss, n, err));
    uint8_t *loss = col->p + col->held;
    if (row->label == row->id) memset(loss, 1, n);
    else
        for (size_t i = 0; i < n; i++) loss[i] = row->label[i] != HN_NO_TARGET;
    for (int64_t d = 0; d < row->documents && n; d++) loss[row->start[d]] = 0;
    for (size_t i = 0; i < n; i++) r->targets += loss[i];
    r->top_id = largest(row->id, row->n, r->top_id);
    if (row->label != row->id) r->top_id = largest(row->label, row->n, r->top_id);
    col->held += n;
    col->n += n;
    return HN_OK;
}

static hn_status put_documents(hn_store *s, const hn_packed *row, hn_error *err) {
    hn_rows *r = s->rows;
    HN_TRY(put(s, HN_COL_row_document, &r->documents, sizeof r->documents, err));
    for (int64_t d = 0; d < row->documents; d++) {
        int64_t at = r->tokens + row->start[d];
        HN_TRY(put(s, HN_COL_document, &at, sizeof at, err));
    }
    r->documents += row->documents;
    return HN_OK;
}

hn_status hn_store_add(hn_store *s, const hn_packed *row, hn_error *err) {
    hn_rows *r = s->rows;
    if (!s->col[HN_COL_label].hash && has_own_labels(row)) HN_TRY(begin_labels(s, err));
    HN_TRY(put(s, HN_COL_at, &r->tokens, sizeof r->tokens, err));
    HN_TRY(put(s, HN_COL_record, &row->record, sizeof row->record, err));
    HN_TRY(put(s, HN_COL_ids, row->id, (size_t)row->n * sizeof *row->id, err));
    HN_TRY(put_loss(s, row, err));
    if (s->col[HN_COL_label].hash) HN_TRY(put(s, HN_COL_label, row->label, (size_t)row->n * sizeof *row->label, err));
    if (s->col[HN_COL_document].hash) HN_TRY(put_documents(s, row, err));
    if (row->n > r->longest) r->longest = row->n;
    r->tokens += row->n;
    r->rows++;
    return HN_OK;
}

uint64_t hn_store_bytes(const hn_store *s) {
    uint64_t n = 0;
    for (int c = 0; c < HN_COLS; c++) n += s->col[c].n;
    return n;
}

hn_status hn_store_spill(hn_store *s, const char *dir, hn_error *err) {
    s->dir = hn_strdup(dir);
    if (!s->dir) return hn_nomem(err, strlen(dir));
    for (int c = 0; c < HN_COLS; c++) {
        hn_column *col = &s->col[c];
        if (!col->hash) continue;
        HN_TRY(open_file(s, c, err));
        HN_TRY(flush(s, c, err));
        hn_free(col->p);
        col->p = NULL;
        col->cap = 0;
    }
    return HN_OK;
}

static hn_status close_column(hn_store *s, int c, hn_error *err) {
    hn_column *col = &s->col[c];
    if (s->dir) {
        HN_TRY(flush(s, c, err));
        int fd = col->fd;
        col->fd = -1;
        if (close(fd) != 0) return cannot_write(s, c, err);
    } else {
        hn_hash_add(col->hash, col->p, col->n);
        uint8_t *p = hn_realloc(col->p, col->n ? col->n : 1); /* unused memory is given back */
        if (!p) return hn_nomem(err, col->n);
        col->p = p;
    }
    hn_hash_end(col->hash, col->digest);
    col->hash = NULL;
    return HN_OK;
}

hn_status hn_store_finish(hn_store *s, hn_error *err) {
    hn_rows *r = s->rows;
    HN_TRY(put(s, HN_COL_at, &r->tokens, sizeof r->tokens, err));
    if (s->col[HN_COL_document].hash) {
        HN_TRY(put(s, HN_COL_row_document, &r->documents, sizeof r->documents, err));
        HN_TRY(put(s, HN_COL_document, &r->tokens, sizeof r->tokens, err));
    }
    hn_hash *all = hn_hash_new();
    if (!all) return hn_nomem(err, 1024);
    hn_status st = HN_OK;
    for (int c = 0; c < HN_COLS && st == HN_OK; c++) {
        if (!s->col[c].hash) continue;
        st = close_column(s, c, err);
        if (c == HN_COL_record) continue; /* where a row comes from does not change what is trained */
        hn_hash_add(all, hn_column_name[c], strlen(hn_column_name[c]));
        hn_hash_add(all, s->col[c].digest, 32);
    }
    hn_hash_end(all, r->fingerprint);
    HN_TRY(st);
    if (s->dir) return HN_OK;
#define HN_X(name, type) r->name = (const type *)(void *)s->col[HN_COL_##name].p, s->col[HN_COL_##name].p = NULL;
    HN_COLUMNS(HN_X)
#undef HN_X
    return HN_OK;
}

hn_status hn_store_take(hn_store *s, const char *dir, hn_rows **out, hn_error *err) {
    uint64_t bytes[HN_COLS];
    hn_rows *r = s->rows;
    *out = NULL;
    for (int c = 0; c < HN_COLS; c++) bytes[c] = s->col[c].n;
    if (s->dir) HN_TRY(hn_rows_map(r, dir, bytes, err));
    s->rows = NULL;
    *out = r;
    return HN_OK;
}

void hn_store_release(hn_store *s) {
    for (int c = 0; c < HN_COLS; c++) {
        char unused[33];
        if (s->col[c].hash) hn_hash_end(s->col[c].hash, unused);
        if (s->col[c].fd >= 0) close(s->col[c].fd);
        hn_free(s->col[c].p);
    }
    hn_rows_free(s->rows);
    hn_free(s->dir);
    *s = (hn_store){0};
    for (int c = 0; c < HN_COLS; c++) s->col[c].fd = -1;
}
