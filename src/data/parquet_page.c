/* parquet_page.c - a column chunk, page by page: headers, levels, dictionary.
 *
 * A page is a Thrift header and its bytes. v1: repetition levels, definition levels and values packed together; v2: the levels
 * stand before the packed values. An entry is a repetition level, a definition level and, where the latter is the leaf's, a
 * value. One page of a column is in memory at a time, beside its dictionary. */
#include "data/parquet_impl.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum { DATA_PAGE, INDEX_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2 };
enum { BOMB_BYTES = 1 << 30, BOMB_RATIO = 1000 };
enum { FORGET_BYTES = 1 << 20 };
enum { SLACK = 128 }; /* old writers did not count the header of the dictionary's page among the bytes of the column */

typedef struct {
    int32_t type, unpacked, packed, crc;
    int32_t values, encoding, def_encoding, rep_encoding, def_bytes, rep_bytes;
    bool has_crc, has_body, compressed;
} header;

static hn_status damaged(const hn_pq_column *c, const char *what, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "column \"%s\": %s", c->leaf->path, what);
    hn_error_fix(err, "fetch or make the file again");
    return HN_EFORMAT;
}

static void read_body(hn_thrift *t, const hn_thrift_field *in, bool v2, header *h) {
    hn_thrift_enter(t, in);
    h->has_body = true;
    for (hn_thrift_field f = {0}; hn_thrift_next(t, &f);) {
        int id = f.id;
        if (id == 1) h->values = hn_thrift_i32(t, &f);
        else if (id == (v2 ? 4 : 2)) h->encoding = hn_thrift_i32(t, &f);
        else if (!v2 && id == 3 && f.type == HN_THRIFT_I32) h->def_encoding = hn_thrift_i32(t, &f);
        else if (!v2 && id == 4 && f.type == HN_THRIFT_I32) h->rep_encoding = hn_thrift_i32(t, &f);
        else if (v2 && id == 5) h->def_bytes = hn_thrift_i32(t, &f);
        else if (v2 && id == 6) h->rep_bytes = hn_thrift_i32(t, &f);
        else if (v2 && id == 7) h->compressed = hn_thrift_bool(t, &f);
        else hn_thrift_skip(t, f.type);
    }
}

static hn_status read_header(hn_pq_column *c, header *h, hn_error *err) {
    hn_thrift t = {.p = (const uint8_t *)c->file.p + c->at, .end = (const uint8_t *)c->file.p + c->end};
    *h = (header){.type = -1, .unpacked = -1, .packed = -1, .compressed = true, .values = -1};
    for (hn_thrift_field f = {0}; hn_thrift_next(&t, &f);) {
        bool body = (f.id == 5 && h->type == DATA_PAGE) || (f.id == 7 && h->type == DICTIONARY_PAGE) ||
                    (f.id == 8 && h->type == DATA_PAGE_V2);
        if (f.id == 1) h->type = hn_thrift_i32(&t, &f);
        else if (f.id == 2) h->unpacked = hn_thrift_i32(&t, &f);
        else if (f.id == 3) h->packed = hn_thrift_i32(&t, &f);
        else if (f.id == 4) h->crc = hn_thrift_i32(&t, &f);
        else if (body) read_body(&t, &f, f.id == 8, h);
        else hn_thrift_skip(&t, f.type);
        h->has_crc = h->has_crc || f.id == 4;
    }
    c->at = (size_t)(t.p - (const uint8_t *)c->file.p);
    if (t.bad) return damaged(c, "a page header makes no sense", err);
    bool other = h->type != DATA_PAGE && h->type != DATA_PAGE_V2 && h->type != DICTIONARY_PAGE;
    if (h->packed < 0 || h->unpacked < 0 || (size_t)h->packed > c->end - c->at)
        return damaged(c, "a page is longer than its column", err);
    if (!other && (!h->has_body || h->values < 0)) return damaged(c, "a page without a count of values", err);
    if (h->unpacked <= HN_PQ_PAGE_BYTES) return HN_OK;
    hn_fail(err, HN_EFORMAT, "column \"%s\": a page of %d bytes, at most %d are read", c->leaf->path, h->unpacked,
            HN_PQ_PAGE_BYTES);
    hn_error_fix(err, "write the file again with smaller pages");
    return HN_EFORMAT;
}

/* Room for a page in *buf. */
static hn_status reserve(hn_pq_column *c, uint8_t **buf, size_t *cap, size_t n, hn_error *err) {
    if (n <= *cap) return HN_OK;
    if (*c->live - *cap + n > HN_PQ_LIVE_BYTES) {
        hn_fail(err, HN_EFORMAT, "column \"%s\": the pages at hand take more than %d bytes of memory", c->leaf->path,
                HN_PQ_LIVE_BYTES);
        hn_error_fix(err, "write the file again with smaller pages, or name the columns that are needed");
        return HN_EFORMAT;
    }
    *c->live -= *cap;
    *cap = 0;
    hn_free(*buf);
    *buf = hn_alloc(n);
    if (!*buf) return hn_nomem(err, n);
    *cap = n;
    *c->live += n;
    return HN_OK;
}

/* in[0 .. in_n) unpacked to exactly n bytes. */
static hn_status unpack(hn_pq_column *c, const uint8_t *in, size_t in_n, size_t n, uint8_t *out, hn_error *err) {
    *c->packed += in_n;
    *c->unpacked += n;
    if (*c->unpacked > BOMB_BYTES && *c->unpacked / BOMB_RATIO > *c->packed) {
        hn_fail(err, HN_EFORMAT, "the pages unpack to more than %d times their size: it looks like a decompression bomb",
                BOMB_RATIO);
        hn_error_fix(err, "if it is meant to be so, write the file again without compression");
        return HN_EFORMAT;
    }
    HN_TRY_CTX(hn_pq_unpack(c->chunk.codec, in, in_n, out, n, err), err, "column \"%s\"", c->leaf->path);
    return HN_OK;
}

static hn_status read_dictionary(hn_pq_column *c, const header *h, const uint8_t *in, hn_error *err) {
    hn_pq_dictionary *d = &c->dictionary;
    size_t n = (size_t)h->unpacked, count = (size_t)h->values;
    hn_free(d->bytes);
    *d = (hn_pq_dictionary){.type = c->leaf->type, .width = hn_pq_type_width(c->leaf->type, c->leaf->length)};
    if (h->encoding != HN_PQ_PLAIN && h->encoding != HN_PQ_PLAIN_DICTIONARY)
        return damaged(c, "a dictionary that is not PLAIN", err);
    HN_TRY(reserve(c, &c->dictionary_page, &c->dictionary_cap, n, err));
    HN_TRY(unpack(c, in, (size_t)h->packed, n, c->dictionary_page, err));
    if (count > n / (d->width ? d->width : 4)) return damaged(c, "a dictionary shorter than its count of values", err);
    d->p = n ? c->dictionary_page : in; /* of nothing, but there */
    if (c->leaf->type != HN_PQ_BYTES) {
        d->n = count;
        return HN_OK;
    }
    hn_pq_values v = {0};
    if (!(d->bytes = hn_alloc_array(count ? count : 1, sizeof *d->bytes))) return hn_nomem(err, count * sizeof *d->bytes);
    if (!hn_pq_values_open(&v, HN_PQ_PLAIN, c->leaf, NULL, d->p, d->p + n, count)) return damaged(c, "a damaged dictionary", err);
    for (; d->n < count; d->n++) {
        hn_pq_value x;
        if (!hn_pq_values_next(&v, &x)) return damaged(c, "a damaged dictionary", err);
        d->bytes[d->n] = x.bytes;
    }
    return HN_OK;
}

/* Levels of a v1 page: length (u32le) and the hybrid encoding, or the old one, which has no length. */
static bool open_levels(hn_pq_levels *l, int32_t encoding, int most, int32_t values, const uint8_t **p, const uint8_t *end) {
    int width = hn_pq_width((uint64_t)most);
    hn_pq_levels_open(l, *p, *p, width);
    if (width == 0) return true;
    size_t left = (size_t)(end - *p), n;
    if (encoding == HN_PQ_BIT_PACKED) {
        n = ((uint64_t)values * (uint64_t)width + 7) / 8;
        if (n > left) return false;
        hn_pq_levels_open_old(l, *p, *p + n, width);
        *p += n;
        return true;
    }
    if (encoding != HN_PQ_RLE || left < 4) return false;
    n = (size_t)(*p)[0] | (size_t)(*p)[1] << 8 | (size_t)(*p)[2] << 16 | (size_t)(*p)[3] << 24;
    if (n > left - 4) return false;
    hn_pq_levels_open(l, *p + 4, *p + 4 + n, width);
    *p += 4 + n;
    return true;
}

static hn_status open_values(hn_pq_column *c, const header *h, const uint8_t *p, const uint8_t *end, hn_error *err) {
    const hn_pq_dictionary *d = c->dictionary.p ? &c->dictionary : NULL;
    if (hn_pq_values_open(&c->values, h->encoding, c->leaf, d, p, end, (uint64_t)h->values)) return HN_OK;
    const char *name = hn_pq_encoding_name(h->encoding);
    if (!name) return hn_fail(err, HN_ENOTSUP, "column \"%s\": an unknown encoding (%d)", c->leaf->path, h->encoding);
    hn_fail(err, HN_EFORMAT, "column \"%s\": a page of %s values that make no sense", c->leaf->path, name);
    hn_error_fix(err, "fetch or make the file again");
    return HN_EFORMAT;
}

static hn_status read_v1(hn_pq_column *c, const header *h, const uint8_t *in, hn_error *err) {
    size_t n = (size_t)h->unpacked;
    const uint8_t *p = in;
    if (c->chunk.codec != 0) {
        HN_TRY(reserve(c, &c->page, &c->page_cap, n, err));
        HN_TRY(unpack(c, in, (size_t)h->packed, n, c->page, err));
        if (n) p = c->page;
    } else if (h->packed != h->unpacked) {
        return damaged(c, "an unpacked page of two sizes", err);
    }
    const uint8_t *end = p + n;
    if (!open_levels(&c->reps, h->rep_encoding, c->leaf->rep, h->values, &p, end) ||
        !open_levels(&c->defs, h->def_encoding, c->leaf->def, h->values, &p, end))
        return damaged(c, "the levels of a page make no sense", err);
    return open_values(c, h, p, end, err);
}

static hn_status read_v2(hn_pq_column *c, const header *h, const uint8_t *in, hn_error *err) {
    if (h->rep_bytes < 0 || h->def_bytes < 0 || h->rep_bytes > h->packed || h->def_bytes > h->packed - h->rep_bytes)
        return damaged(c, "the levels of a page are longer than the page", err);
    size_t levels = (size_t)h->rep_bytes + (size_t)h->def_bytes;
    if ((size_t)h->unpacked < levels) return damaged(c, "the levels of a page are longer than the page", err);
    size_t n = (size_t)h->unpacked - levels;
    const uint8_t *defs = in + h->rep_bytes, *p = in + levels;
    if (c->chunk.codec != 0 && h->compressed && n > 0) {
        HN_TRY(reserve(c, &c->page, &c->page_cap, n, err));
        HN_TRY(unpack(c, p, (size_t)h->packed - levels, n, c->page, err));
        p = c->page;
    } else if ((size_t)h->packed - levels < n) {
        return damaged(c, "an unpacked page of two sizes", err);
    }
    hn_pq_levels_open(&c->reps, in, defs, hn_pq_width((uint64_t)c->leaf->rep));
    hn_pq_levels_open(&c->defs, defs, in + levels, hn_pq_width((uint64_t)c->leaf->def));
    return open_values(c, h, p, p + n, err);
}

/* Gives back the memory that maps pages read before: a file larger than memory leaves no trace of what is over. */
static void forget(hn_pq_column *c, size_t end) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)(c->file.p + c->kept), to = (uintptr_t)(c->file.p + end);
    from = (from + page - 1) / page * page;
    to = to / page * page;
    if (to <= from || to - from < FORGET_BYTES) return;
    madvise((void *)from, to - from, MADV_DONTNEED);
    c->kept = end;
}

static hn_status next_page(hn_pq_column *c, hn_error *err) {
    header h;
    forget(c, c->at);
    HN_TRY(read_header(c, &h, err));
    const uint8_t *in = (const uint8_t *)c->file.p + c->at;
    c->at += (size_t)h.packed;
    if (h.has_crc && (uint32_t)crc32(crc32(0, NULL, 0), in, (uInt)h.packed) != (uint32_t)h.crc)
        return damaged(c, "the checksum of a page is wrong", err);
    if (h.type == DICTIONARY_PAGE) return read_dictionary(c, &h, in, err);
    if (h.type != DATA_PAGE && h.type != DATA_PAGE_V2) return HN_OK;
    if (h.values > c->chunk_left) return damaged(c, "its pages hold more values than the footer says", err);
    c->chunk_left -= h.values;
    c->page_left = h.values;
    return h.type == DATA_PAGE ? read_v1(c, &h, in, err) : read_v2(c, &h, in, err);
}

void hn_pq_column_start(hn_pq_column *c, const hn_pq_chunk *chunk) {
    if (c->at > c->kept) forget(c, c->at);
    c->kept = (size_t)chunk->at;
    c->chunk = *chunk;
    c->at = (size_t)chunk->at;
    c->end = c->at + (size_t)chunk->bytes;
    c->end = c->file.n - c->end > SLACK ? c->end + SLACK : c->file.n;
    c->chunk_left = chunk->values;
    c->page_left = 0;
    c->have = false;
    c->dictionary.p = NULL;
}

hn_status hn_pq_column_peek(hn_pq_column *c, bool *end, hn_error *err) {
    uint32_t rep, def;
    *end = false;
    if (c->have) return HN_OK;
    while (c->page_left == 0 && c->chunk_left > 0) {
        if (c->at >= (size_t)(c->chunk.at + c->chunk.bytes))
            return damaged(c, "its pages hold fewer values than the footer says", err);
        HN_TRY(next_page(c, err));
    }
    *end = c->page_left == 0;
    if (*end) return HN_OK;
    c->page_left--;
    if (!hn_pq_levels_next(&c->reps, &rep) || !hn_pq_levels_next(&c->defs, &def) || rep > (uint32_t)c->leaf->rep ||
        def > (uint32_t)c->leaf->def)
        return damaged(c, "the levels of a page make no sense", err);
    c->rep = (int)rep;
    c->def = (int)def;
    c->have = true;
    return HN_OK;
}

hn_status hn_pq_column_take(hn_pq_column *c, hn_pq_value *value, hn_error *err) {
    c->have = false;
    if (c->def < c->leaf->def || hn_pq_values_next(&c->values, value)) return HN_OK;
    if (c->values.last.failed) return hn_nomem(err, c->values.last.n);
    return damaged(c, "the values of a page end too early, or make no sense", err);
}

void hn_pq_column_release(hn_pq_column *c) {
    hn_free(c->page);
    hn_free(c->dictionary_page);
    hn_free(c->dictionary.bytes);
    hn_buf_release(&c->values.last);
    *c = (hn_pq_column){0};
}
