/* store.c - the columns of rows while they are encoded: in memory, and from a certain size on in files.
 *
 * Each column has a hash of its bytes from the start, so that the fingerprint is the same wherever they lie and a file that
 * was changed is known. Files are not flushed to the disk: what a crash spoils no longer fits its hash and is made again. */
#include "data/rows_impl.h"

#include <string.h>

#include "data/encode_impl.h"

hn_status hn_store_begin(hn_store *s, bool documents, hn_error *err) {
    *s = (hn_store){.rows = hn_calloc(1, sizeof *s->rows)};
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

static hn_status put(hn_store *s, int c, const void *p, size_t n, hn_error *err) {
    hn_column *col = &s->col[c];
    hn_hash_add(col->hash, p, n);
    if (s->dir) {
        if (n && fwrite(p, 1, n, col->f) != n) return cannot_write(s, c, err);
    } else {
        if (col->n + n > col->cap) {
            size_t cap = col->n + n + col->cap;
            uint8_t *q = hn_realloc(col->p, cap);
            if (!q) return hn_nomem(err, cap);
            col->p = q;
            col->cap = cap;
        }
        if (n) memcpy(col->p + col->n, p, n);
    }
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
    s->col[c].f = fopen(path, "w+e");
    hn_free(path);
    return s->col[c].f ? HN_OK : cannot_write(s, c, err);
}

static hn_status begin_labels_in_file(hn_store *s, hn_error *err) {
    int32_t id[1024];
    uint8_t loss[1024];
    FILE *ids = s->col[HN_COL_ids].f, *losses = s->col[HN_COL_loss].f;
    HN_TRY(open_file(s, HN_COL_label, err));
    rewind(ids);
    rewind(losses);
    for (int64_t i = 0; i < s->rows->tokens; i += 1024) {
        size_t n = s->rows->tokens - i < 1024 ? (size_t)(s->rows->tokens - i) : 1024;
        if (fread(id, sizeof *id, n, ids) != n || fread(loss, 1, n, losses) != n)
            return hn_fail_errno(err, HN_EIO, "cannot read in '%s'", s->dir);
        HN_TRY(put_labels(s, id, loss, n, err));
    }
    if (fseek(ids, 0, SEEK_END) != 0 || fseek(losses, 0, SEEK_END) != 0)
        return hn_fail_errno(err, HN_EIO, "cannot read in '%s'", s->dir);
    return HN_OK;
}

static hn_status begin_labels(hn_store *s, hn_error *err) {
    hn_column *col = &s->col[HN_COL_label];
    col->hash = hn_hash_new();
    if (!col->hash) return hn_nomem(err, 1024);
    if (s->dir) return begin_labels_in_file(s, err);
    return put_labels(s, (const int32_t *)(const void *)s->col[HN_COL_ids].p, s->col[HN_COL_loss].p, (size_t)s->rows->tokens, err);
}

static bool has_own_labels(const hn_packed *row) {
    for (int64_t i = 0; i < row->n; i++)
        if (row->label[i] != HN_NO_TARGET && row->label[i] != row->id[i]) return true;
    return false;
}

/* Which tokens are targets, piece by piece; the first token of a document never is. */
static hn_status put_loss(hn_store *s, const hn_packed *row, hn_error *err) {
    uint8_t loss[1024];
    int64_t d = 0;
    for (int64_t i = 0; i < row->n;) {
        size_t k = 0;
        for (; k < sizeof loss && i < row->n; k++, i++) {
            bool first = d < row->documents && row->start[d] == i;
            d += first;
            loss[k] = !first && row->label[i] != HN_NO_TARGET;
            s->rows->targets += loss[k];
            if (row->id[i] > s->rows->top_id) s->rows->top_id = row->id[i];
            if (row->label[i] > s->rows->top_id) s->rows->top_id = row->label[i];
        }
        HN_TRY(put(s, HN_COL_loss, loss, k, err));
    }
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
        if (col->n && fwrite(col->p, 1, col->n, col->f) != col->n) return cannot_write(s, c, err);
        hn_free(col->p);
        col->p = NULL;
        col->cap = 0;
    }
    return HN_OK;
}

static hn_status close_column(hn_store *s, int c, hn_error *err) {
    hn_column *col = &s->col[c];
    hn_hash_end(col->hash, col->digest);
    col->hash = NULL;
    if (s->dir) {
        FILE *f = col->f;
        col->f = NULL;
        bool good = !ferror(f) && fflush(f) == 0;
        return fclose(f) == 0 && good ? HN_OK : cannot_write(s, c, err);
    }
    uint8_t *p = hn_realloc(col->p, col->n ? col->n : 1); /* unused memory is given back */
    if (!p) return hn_nomem(err, col->n);
    col->p = p;
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

void hn_store_release(hn_store *s) {
    for (int c = 0; c < HN_COLS; c++) {
        char unused[33];
        if (s->col[c].hash) hn_hash_end(s->col[c].hash, unused);
        if (s->col[c].f) fclose(s->col[c].f);
        hn_free(s->col[c].p);
    }
    hn_rows_free(s->rows);
    hn_free(s->dir);
    *s = (hn_store){0};
}
