/* rows.c - the columns that encoded rows are kept in. */
#include "data/rows_impl.h"

#include <string.h>

void hn_rows_free(hn_rows *r) {
    if (!r) return;
    hn_free(r->ids);
    hn_free(r->loss);
    hn_free(r->label);
    hn_free(r->at);
    hn_free(r->record);
    hn_free(r);
}

hn_rows *hn_rows_new(void) {
    hn_rows *r = hn_calloc(1, sizeof *r);
    if (!r) return NULL;
    r->at = hn_calloc(1, sizeof *r->at);
    r->top_id = -1;
    if (r->at) return r;
    hn_free(r);
    return NULL;
}

static bool grow(void **p, int64_t count, size_t size) {
    void *q = hn_realloc_array(*p, (size_t)count, size);
    if (q) *p = q;
    return q != NULL;
}

hn_status hn_rows_reserve(hn_rows_cap *c, hn_rows *r, int64_t rows, int64_t tokens, bool labels, hn_error *err) {
    bool fresh = labels && !r->label;
    if (tokens > c->tokens || fresh) {
        int64_t cap = tokens > c->tokens ? tokens + c->tokens : c->tokens;
        bool ok = grow((void **)&r->ids, cap, sizeof *r->ids) && grow((void **)&r->loss, cap, sizeof *r->loss);
        if (ok && (labels || r->label)) ok = grow((void **)&r->label, cap, sizeof *r->label);
        if (!ok) return hn_nomem(err, (size_t)cap * sizeof *r->ids);
        c->tokens = cap;
    }
    if (fresh) /* rows before these had none: each target was the id itself */
        for (int64_t i = 0; i < r->tokens; i++) r->label[i] = r->loss[i] ? r->ids[i] : HN_NO_TARGET;
    if (rows > c->rows) {
        int64_t cap = rows + c->rows;
        if (!grow((void **)&r->at, cap + 1, sizeof *r->at) || !grow((void **)&r->record, cap, sizeof *r->record))
            return hn_nomem(err, (size_t)cap * sizeof *r->at);
        c->rows = cap;
    }
    return HN_OK;
}

hn_status hn_rows_add(hn_rows_cap *c, hn_rows *r, const int32_t *id, const int32_t *label, int64_t n, int64_t record,
                      hn_error *err) {
    bool differs = r->label != NULL;
    for (int64_t i = 0; i < n && !differs; i++) differs = label[i] != HN_NO_TARGET && label[i] != id[i];
    HN_TRY(hn_rows_reserve(c, r, r->rows + 1, r->tokens + n, differs, err));
    if (n) memcpy(r->ids + r->tokens, id, (size_t)n * sizeof *id);
    if (n && r->label) memcpy(r->label + r->tokens, label, (size_t)n * sizeof *label);
    for (int64_t i = 0; i < n; i++) {
        bool target = i > 0 && label[i] != HN_NO_TARGET;
        r->loss[r->tokens + i] = target;
        r->targets += target;
        if (id[i] > r->top_id) r->top_id = id[i];
        if (label[i] > r->top_id) r->top_id = label[i];
    }
    if (n > r->longest) r->longest = n;
    r->tokens += n;
    r->record[r->rows++] = record;
    r->at[r->rows] = r->tokens;
    return HN_OK;
}

hn_status hn_rows_seal(hn_rows *r, hn_error *err) {
    int64_t n = r->tokens ? r->tokens : 1, rows = r->rows ? r->rows : 1;
    bool ok = grow((void **)&r->ids, n, sizeof *r->ids) && grow((void **)&r->loss, n, sizeof *r->loss) &&
              grow((void **)&r->record, rows, sizeof *r->record) && grow((void **)&r->at, r->rows + 1, sizeof *r->at);
    if (ok && r->label) ok = grow((void **)&r->label, n, sizeof *r->label);
    hn_hash *h = ok ? hn_hash_new() : NULL;
    if (!h) return hn_nomem(err, (size_t)n * sizeof *r->ids);
    hn_hash_add(h, r->at, (size_t)(r->rows + 1) * sizeof *r->at);
    hn_hash_add(h, r->ids, (size_t)r->tokens * sizeof *r->ids);
    hn_hash_add(h, r->loss, (size_t)r->tokens * sizeof *r->loss);
    if (r->label) hn_hash_add(h, r->label, (size_t)r->tokens * sizeof *r->label);
    hn_hash_end(h, r->fingerprint);
    return HN_OK;
}
