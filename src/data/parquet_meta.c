/* parquet_meta.c - the footer of a Parquet file: "PAR1" ... footer, its length (u32le), "PAR1". */
#include "data/parquet_impl.h"

#include <string.h>

static uint32_t u32le(const char *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static hn_status damaged(const char *what, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "damaged Parquet footer: %s", what);
    hn_error_fix(err, "fetch or make the file again");
    return HN_EFORMAT;
}

/* ---- schema elements */

static void read_unit(hn_thrift *t, const hn_thrift_field *in, int32_t *unit) {
    hn_thrift_enter(t, in);
    for (hn_thrift_field f = {0}; hn_thrift_next(t, &f); hn_thrift_skip(t, f.type)) *unit = f.id;
}

static void read_logical(hn_thrift *t, const hn_thrift_field *in, hn_pq_element *e) {
    hn_thrift_enter(t, in);
    for (hn_thrift_field u = {0}; hn_thrift_next(t, &u);) {
        e->logical = u.id;
        hn_thrift_enter(t, &u);
        for (hn_thrift_field f = {0}; hn_thrift_next(t, &f);) {
            bool decimal = u.id == 5, time = u.id == 7 || u.id == 8, whole = u.id == 10;
            if (decimal && f.id == 1) e->scale = hn_thrift_i32(t, &f);
            else if (time && f.id == 1) e->utc = hn_thrift_bool(t, &f);
            else if (time && f.id == 2) read_unit(t, &f, &e->unit);
            else if (whole && f.id == 1) e->bits = hn_thrift_i32(t, &f);
            else if (whole && f.id == 2) e->is_signed = hn_thrift_bool(t, &f);
            else hn_thrift_skip(t, f.type);
        }
    }
}

static void read_element(hn_thrift *t, hn_pq_element *e) {
    *e = (hn_pq_element){.name = {"", 0}, .type = -1, .converted = -1};
    for (hn_thrift_field f = {0}; hn_thrift_next(t, &f);) {
        switch (f.id) {
        case 1: e->type = hn_thrift_i32(t, &f); break;
        case 2: e->length = hn_thrift_i32(t, &f); break;
        case 3: e->repetition = hn_thrift_i32(t, &f); break;
        case 4: e->name = hn_thrift_binary(t, &f); break;
        case 5: e->children = hn_thrift_i32(t, &f); break;
        case 6: e->converted = hn_thrift_i32(t, &f); break;
        case 7: e->scale = hn_thrift_i32(t, &f); break;
        case 10: read_logical(t, &f, e); break;
        default: hn_thrift_skip(t, f.type);
        }
    }
}

static hn_status read_schema(hn_thrift *t, const hn_thrift_field *f, hn_pq_meta *m, hn_error *err) {
    size_t n = hn_thrift_list(t, f, HN_THRIFT_STRUCT);
    if (m->element || n == 0) return damaged("no schema, or two of them", err);
    if (n > 2 * HN_PQ_LEAVES) return hn_fail(err, HN_ENOTSUP, "a Parquet file of %zu columns", n);
    m->element = hn_calloc(n, sizeof *m->element);
    if (!m->element) return hn_nomem(err, n * sizeof *m->element);
    for (size_t i = 0; i < n && !t->bad; i++) {
        read_element(t, &m->element[i]);
        m->elements++;
        m->leaves += m->element[i].children == 0 && i > 0;
    }
    return HN_OK;
}

/* ---- row groups */

static void read_column(hn_thrift *t, const hn_thrift_field *in, hn_pq_chunk *c) {
    int64_t data = -1, dictionary = -1;
    hn_thrift_enter(t, in);
    for (hn_thrift_field f = {0}; hn_thrift_next(t, &f);) {
        switch (f.id) {
        case 1: c->type = hn_thrift_i32(t, &f); break;
        case 4: c->codec = hn_thrift_i32(t, &f); break;
        case 5: c->values = hn_thrift_int(t, &f); break;
        case 7: c->bytes = hn_thrift_int(t, &f); break;
        case 9: data = hn_thrift_int(t, &f); break;
        case 11: dictionary = hn_thrift_int(t, &f); break;
        default: hn_thrift_skip(t, f.type);
        }
    }
    /* some writers put 0 where there is no dictionary */
    c->at = dictionary > 0 && dictionary < data ? dictionary : data;
}

static hn_status read_chunk(hn_thrift *t, hn_pq_chunk *c, hn_error *err) {
    bool elsewhere = false;
    *c = (hn_pq_chunk){.at = -1, .codec = -1, .type = -1};
    for (hn_thrift_field f = {0}; hn_thrift_next(t, &f);) {
        if (f.id == 1) elsewhere = hn_thrift_binary(t, &f).n > 0 || elsewhere;
        else if (f.id == 3) read_column(t, &f, c);
        else hn_thrift_skip(t, f.type);
    }
    return elsewhere ? hn_fail(err, HN_ENOTSUP, "a Parquet file whose columns lie in other files") : HN_OK;
}

static hn_status read_group(hn_thrift *t, hn_pq_meta *m, size_t g, hn_error *err) {
    size_t columns = 0;
    m->rows[g] = -1;
    for (hn_thrift_field f = {0}; hn_thrift_next(t, &f);) {
        if (f.id == 3) {
            m->rows[g] = hn_thrift_int(t, &f);
        } else if (f.id == 1) {
            columns = hn_thrift_list(t, &f, HN_THRIFT_STRUCT);
            if (columns != m->leaves) return damaged("a row group has not the columns of the schema", err);
            for (size_t i = 0; i < columns && !t->bad; i++) HN_TRY(read_chunk(t, &m->chunk[g * m->leaves + i], err));
        } else {
            hn_thrift_skip(t, f.type);
        }
    }
    if (t->bad) return HN_OK; /* said by the caller */
    if (columns != m->leaves || m->rows[g] < 0) return damaged("a row group without columns or rows", err);
    return HN_OK;
}

static hn_status read_groups(hn_thrift *t, const hn_thrift_field *f, hn_pq_meta *m, hn_error *err) {
    size_t n = hn_thrift_list(t, f, HN_THRIFT_STRUCT), left = (size_t)(t->end - t->p);
    if (m->rows || m->leaves == 0) return damaged("row groups without a schema, or twice", err);
    if (n && n > left / m->leaves) return damaged("more row groups than it has bytes for", err);
    m->rows = hn_calloc(n ? n : 1, sizeof *m->rows);
    m->chunk = hn_calloc(n ? n * m->leaves : 1, sizeof *m->chunk);
    if (!m->rows || !m->chunk) return hn_nomem(err, n * m->leaves * sizeof *m->chunk);
    for (; m->groups < n && !t->bad; m->groups++) HN_TRY(read_group(t, m, m->groups, err));
    return HN_OK;
}

/* Counts that the bytes of the file cannot stand for are lies, or so little data that nothing is lost by refusing. */
static hn_status check_rows(const hn_pq_meta *m, int64_t rows, size_t file, hn_error *err) {
    int64_t sum = 0;
    for (size_t g = 0; g < m->groups; g++) {
        if (m->rows[g] > INT64_MAX - sum) return damaged("more rows than can be counted", err);
        sum += m->rows[g];
    }
    if (sum != rows) {
        hn_fail(err, HN_EFORMAT, "damaged Parquet footer: %lld rows, but the row groups have %lld", (long long)rows,
                (long long)sum);
        hn_error_fix(err, "fetch or make the file again");
        return HN_EFORMAT;
    }
    if (rows > 1 << 24 && (uint64_t)rows / 64 > file) {
        hn_fail(err, HN_EFORMAT, "the Parquet footer claims %lld rows in a file of %zu bytes", (long long)rows, file);
        hn_error_fix(err, "fetch or make the file again");
        return HN_EFORMAT;
    }
    return HN_OK;
}

static hn_status check_chunks(const hn_pq_meta *m, hn_error *err) {
    for (size_t i = 0; i < m->groups * m->leaves; i++) {
        const hn_pq_chunk *c = &m->chunk[i];
        bool inside =
            c->at >= 4 && c->bytes >= 0 && (uint64_t)c->at <= m->data_end && (uint64_t)c->bytes <= m->data_end - (uint64_t)c->at;
        if (inside && c->values >= 0 && c->values >= m->rows[i / m->leaves]) continue;
        if (m->rows[i / m->leaves] == 0 && c->values == 0) continue;
        hn_fail(err, HN_EFORMAT,
                "damaged Parquet footer: column %zu of row group %zu lies outside the file, or has too few values",
                i % m->leaves + 1, i / m->leaves + 1);
        hn_error_fix(err, "fetch or make the file again");
        return HN_EFORMAT;
    }
    return HN_OK;
}

static hn_status find_footer(hn_str file, hn_thrift *t, hn_error *err) {
    if (file.n < 4 || memcmp(file.p, "PAR1", 4) != 0) {
        bool encrypted = file.n >= 4 && memcmp(file.p, "PARE", 4) == 0;
        if (encrypted) return hn_fail(err, HN_ENOTSUP, "the Parquet file is encrypted");
        return hn_fail(err, HN_EFORMAT, "not a Parquet file, whatever its name says: it does not begin with PAR1");
    }
    const char *end = file.p + file.n;
    if (file.n >= 12 && memcmp(end - 4, "PARE", 4) == 0)
        return hn_fail(err, HN_ENOTSUP, "the footer of the Parquet file is encrypted");
    if (file.n < 12 || memcmp(end - 4, "PAR1", 4) != 0) {
        hn_fail(err, HN_EFORMAT, "the Parquet file is cut short: it does not end with PAR1");
        hn_error_fix(err, "fetch or make the file again");
        return HN_EFORMAT;
    }
    uint32_t n = u32le(end - 8);
    if (n > file.n - 12) {
        hn_fail(err, HN_EFORMAT, "damaged Parquet file: a footer of %u bytes in a file of %zu", n, file.n);
        hn_error_fix(err, "fetch or make the file again");
        return HN_EFORMAT;
    }
    *t = (hn_thrift){.p = (const uint8_t *)end - 8 - n, .end = (const uint8_t *)end - 8};
    return HN_OK;
}

hn_status hn_pq_meta_read(hn_str file, hn_pq_meta *m, hn_error *err) {
    *m = (hn_pq_meta){0};
    hn_thrift t;
    HN_TRY(find_footer(file, &t, err));
    hn_status st = HN_OK;
    m->data_end = (size_t)((const char *)t.p - file.p);
    m->total = -1;
    for (hn_thrift_field f = {0}; st == HN_OK && hn_thrift_next(&t, &f);) {
        switch (f.id) {
        case 2: st = read_schema(&t, &f, m, err); break;
        case 3: m->total = hn_thrift_int(&t, &f); break;
        case 4: st = read_groups(&t, &f, m, err); break;
        case 8: st = hn_fail(err, HN_ENOTSUP, "the Parquet file is encrypted"); break;
        default: hn_thrift_skip(&t, f.type);
        }
    }
    if (st == HN_OK && t.bad) st = damaged("it ends too early or makes no sense", err);
    if (st == HN_OK && (!m->element || !m->rows || m->total < 0)) st = damaged("schema, rows or row groups are missing", err);
    if (st == HN_OK) st = check_rows(m, m->total, file.n, err);
    if (st == HN_OK) st = check_chunks(m, err);
    if (st != HN_OK) hn_pq_meta_release(m);
    return st;
}

void hn_pq_meta_release(hn_pq_meta *m) {
    hn_free(m->element);
    hn_free(m->chunk);
    hn_free(m->rows);
    *m = (hn_pq_meta){0};
}
