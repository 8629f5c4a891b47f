/* prepared_meta.c - rows.json beside prepared columns: what is known of the rows, and what the columns must be. */
#include <string.h>

#include "data/prepared_impl.h"

/* Counts of hn_rows that are kept: X(field) */
#define COUNTS(X) X(rows) X(tokens) X(documents) X(examples) X(read) X(dropped) X(truncated) X(targets) X(longest) X(bad)
/* Texts: X(field) */
#define TEXTS(X) X(format) X(reason) X(fingerprint) X(first_text)

static hn_json *describe(const hn_store *s, const hn_json *said) {
    const hn_rows *r = s->rows;
    hn_json *j = hn_json_new_object(), *columns = hn_json_new_object();
    hn_json_set_text(j, "hone", HONE_VERSION);
#define X(field) hn_json_set_int(j, #field, r->field);
    COUNTS(X)
#undef X
    hn_json_set_int(j, "top_id", r->top_id);
    hn_json_set_int(j, "packing", r->packing);
    hn_json_set_bool(j, "conversational", r->conversational);
#define X(field) hn_json_set_text(j, #field, r->field);
    TEXTS(X)
#undef X
    hn_json_set(j, "sources", hn_json_ref(r->sources));
    hn_json_set(j, "said", hn_json_ref((hn_json *)(uintptr_t)said));
    for (int c = 0; c < HN_COLS; c++) {
        if (!s->col[c].digest[0]) continue;
        hn_json *one = hn_json_new_object();
        hn_json_set_int(one, "bytes", (int64_t)s->col[c].n);
        hn_json_set_text(one, "xxh128", s->col[c].digest);
        hn_json_set(columns, hn_column_name[c], one);
    }
    hn_json_set(j, "columns", columns);
    return j;
}

hn_status hn_prepared_write_meta(const char *dir, const hn_store *s, const hn_json *said, hn_error *err) {
    hn_buf text = {0};
    char digest[33];
    hn_json *j = describe(s, said);
    hn_json_write(&text, j, 0);
    hn_json_free(j);
    hn_hash_hex(text.p ? text.p : "", text.n, digest);
    hn_buf_printf(&text, "\n%s\n", digest);
    char *path = hn_path_join(dir, HN_PREPARED_META);
    hn_status st = text.failed || !path ? hn_nomem(err, text.n) : hn_file_write(path, text.p, text.n, err);
    hn_free(path);
    hn_buf_release(&text);
    return st;
}

static bool take_text(const hn_json *j, const char *key, char *out, size_t cap) {
    const char *s = hn_json_cstr(hn_json_get(j, key));
    if (!s || strlen(s) >= cap) return false;
    memcpy(out, s, strlen(s) + 1);
    return true;
}

static bool take(const hn_json *j, hn_rows *r, uint64_t bytes[HN_COLS], char digest[HN_COLS][33]) {
    bool good = true;
#define X(field) good = good && (r->field = hn_json_int(hn_json_get(j, #field), -1)) >= 0;
    COUNTS(X)
#undef X
    r->top_id = (int32_t)hn_json_int(hn_json_get(j, "top_id"), -1);
    r->conversational = hn_json_bool(hn_json_get(j, "conversational"), false);
    r->packing = (hn_packing)hn_json_int(hn_json_get(j, "packing"), HN_PACK_NONE);
#define X(field) good = good && take_text(j, #field, r->field, sizeof r->field);
    TEXTS(X)
#undef X
    for (int c = 0; c < HN_COLS; c++) {
        const hn_json *one = hn_json_get(hn_json_get(j, "columns"), hn_column_name[c]);
        bytes[c] = (uint64_t)hn_json_int(hn_json_get(one, "bytes"), 0);
        digest[c][0] = '\0';
        if (one) good = good && take_text(one, "xxh128", digest[c], 33);
    }
    return good && bytes[HN_COL_ids] == (uint64_t)r->tokens * 4 && bytes[HN_COL_loss] == (uint64_t)r->tokens &&
           bytes[HN_COL_at] == (uint64_t)(r->rows + 1) * 8 && bytes[HN_COL_record] == (uint64_t)r->rows * 8;
}

hn_status hn_prepared_read_meta(const char *dir, hn_rows *r, uint64_t bytes[HN_COLS], char digest[HN_COLS][33], hn_json **said,
                                hn_error *err) {
    *said = NULL;
    hn_buf text = {0};
    char *path = hn_path_join(dir, HN_PREPARED_META), own[33];
    hn_json *j = NULL;
    hn_status st = path ? hn_file_read(path, &text, err) : hn_nomem(err, 1);
    const char *end = st == HN_OK ? memchr(text.p, '\n', text.n) : NULL;
    if (end) hn_hash_hex(text.p, (size_t)(end - text.p), own);
    if (st == HN_OK && (!end || text.n < (size_t)(end - text.p) + 33 || memcmp(end + 1, own, 32) != 0))
        st = hn_fail(err, HN_EFORMAT, "'%s' is damaged", path);
    if (st == HN_OK) st = hn_json_parse(text.p, (size_t)(end - text.p), path, 1, &j, err);
    if (st == HN_OK && !take(j, r, bytes, digest)) st = hn_fail(err, HN_EFORMAT, "'%s' is of another version", path);
    if (st == HN_OK) *said = hn_json_ref(hn_json_get(j, "said"));
    if (st == HN_OK) r->sources = hn_json_ref(hn_json_get(j, "sources"));
    hn_json_free(j);
    hn_buf_release(&text);
    hn_free(path);
    return st;
}
