/* st_header.c - the header of a safetensors file: read, then checked against every rule of the format.
 *
 * Rules: 8 bytes at least; header at most 100,000,000 bytes and inside the file; UTF-8 JSON that starts with '{'; known
 * dtypes; product(shape) * bits divisible by 8 and equal to the length of the offsets; offsets that cover the buffer
 * from 0 to the end of the file without gap or overlap; metadata of strings. */
#include "io/st_impl.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 100000000 };

static const struct {
    const char *name;
    int bits;
} DTYPES[] = {
#define HN_X(name, bits) {#name, bits},
    HN_ST_DTYPE_MAP(HN_X)
#undef HN_X
};

const char *hn_st_dtype_name(hn_st_dtype t) { return t < HN_ST_DTYPE_COUNT ? DTYPES[t].name : "?"; }

int hn_st_dtype_bits(hn_st_dtype t) { return t < HN_ST_DTYPE_COUNT ? DTYPES[t].bits : 0; }

typedef struct parser {
    const char *path;
    const uint8_t *buffer;
    uint64_t bytes; /* of the buffer */
    hn_arena *arena;
    hn_error *err;
} parser;

static hn_status bad(const parser *p, const char *name, const char *what) {
    return hn_fail(p->err, HN_EFORMAT, "%s: tensor '%.200s': %s", p->path, name, what);
}

static bool is_size(const hn_json *j) { return hn_json_type(j) == HN_JSON_INT && hn_json_int(j, -1) >= 0; }

static hn_status read_shape(const parser *p, const hn_json *shape, hn_st_tensor *t) {
    if (hn_json_type(shape) != HN_JSON_ARRAY) return bad(p, t->name, "\"shape\" is no list");
    size_t rank = hn_json_len(shape);
    if (rank > INT32_MAX) return bad(p, t->name, "too many dimensions");
    int64_t *dim = hn_arena_alloc(p->arena, (rank ? rank : 1) * sizeof *dim);
    if (!dim) return hn_nomem(p->err, rank * sizeof *dim);
    int64_t count = 1;
    bool empty = false;
    for (size_t i = 0; i < rank; i++) {
        if (!is_size(hn_json_at(shape, i))) return bad(p, t->name, "a dimension is no whole number from 0");
        dim[i] = hn_json_int(hn_json_at(shape, i), 0);
        empty = empty || dim[i] == 0;
        if (!empty && __builtin_mul_overflow(count, dim[i], &count)) return bad(p, t->name, "the shape overflows 64 bits");
    }
    t->rank = (int32_t)rank;
    t->dim = dim;
    t->count = empty ? 0 : count;
    return HN_OK;
}

static hn_status read_dtype(const parser *p, const hn_json *dtype, hn_st_tensor *t) {
    const char *name = hn_json_cstr(dtype);
    for (int i = 0; name && i < HN_ST_DTYPE_COUNT; i++) {
        if (hn_streq(name, DTYPES[i].name)) {
            t->dtype = (hn_st_dtype)i;
            return HN_OK;
        }
    }
    return hn_fail(p->err, HN_EFORMAT, "%s: tensor '%.200s': unknown dtype '%.40s'", p->path, t->name, name ? name : "");
}

static hn_status read_offsets(const parser *p, const hn_json *offsets, hn_st_tensor *t) {
    if (hn_json_type(offsets) != HN_JSON_ARRAY || hn_json_len(offsets) != 2 || !is_size(hn_json_at(offsets, 0)) ||
        !is_size(hn_json_at(offsets, 1)))
        return bad(p, t->name, "\"data_offsets\" is no pair of whole numbers from 0");
    uint64_t begin = (uint64_t)hn_json_int(hn_json_at(offsets, 0), 0);
    uint64_t end = (uint64_t)hn_json_int(hn_json_at(offsets, 1), 0);
    if (begin > end) return bad(p, t->name, "\"data_offsets\" end before they begin");
    uint64_t bits = 0;
    if (__builtin_mul_overflow((uint64_t)t->count, (uint64_t)hn_st_dtype_bits(t->dtype), &bits))
        return bad(p, t->name, "the shape overflows 64 bits");
    if (bits % 8 != 0) return bad(p, t->name, "does not fill whole bytes");
    if (bits / 8 != end - begin)
        return hn_fail(p->err, HN_EFORMAT, "%s: tensor '%.200s': shape and dtype need %llu bytes, \"data_offsets\" give %llu",
                       p->path, t->name, (unsigned long long)(bits / 8), (unsigned long long)(end - begin));
    if (end > p->bytes) {
        hn_fail(p->err, HN_EFORMAT, "%s: tensor '%.200s' ends at byte %llu of the data, the file holds %llu", p->path, t->name,
                (unsigned long long)end, (unsigned long long)p->bytes);
        hn_error_fix(p->err, "the file is truncated: download or copy it again");
        return HN_EFORMAT;
    }
    t->data = p->buffer + begin;
    t->bytes = end - begin;
    return HN_OK;
}

static hn_status read_tensor(const parser *p, const char *name, const hn_json *entry, hn_st_tensor *t) {
    t->name = hn_arena_strndup(p->arena, name, strlen(name));
    t->file = p->path;
    if (!t->name) return hn_nomem(p->err, strlen(name));
    if (hn_json_type(entry) != HN_JSON_OBJECT) return bad(p, name, "is no JSON object");
    static const char *const keys[] = {"dtype", "shape", "data_offsets"};
    for (size_t i = 0; i < 3; i++)
        if (!hn_json_has(entry, keys[i]))
            return hn_fail(p->err, HN_EFORMAT, "%s: tensor '%.200s': \"%s\" is missing", p->path, name, keys[i]);
    HN_TRY(read_dtype(p, hn_json_get(entry, "dtype"), t));
    HN_TRY(read_shape(p, hn_json_get(entry, "shape"), t));
    return read_offsets(p, hn_json_get(entry, "data_offsets"), t);
}

static hn_status check_metadata(const parser *p, const hn_json *meta) {
    if (hn_json_type(meta) == HN_JSON_NULL) return HN_OK;
    if (hn_json_type(meta) != HN_JSON_OBJECT)
        return hn_fail(p->err, HN_EFORMAT, "%s: header: __metadata__ is no JSON object", p->path);
    hn_json_iter it;
    for (bool more = hn_json_first(meta, &it); more; more = hn_json_next(&it))
        if (hn_json_type(it.value) != HN_JSON_STR)
            return hn_fail(p->err, HN_EFORMAT, "%s: header: __metadata__ value '%.200s' is no string", p->path, it.key);
    return HN_OK;
}

static int by_place(const void *a, const void *b) {
    const hn_st_tensor *x = a, *y = b;
    if (x->data != y->data) return x->data < y->data ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* The tensors, sorted by place, must lie end to end from 0 to the end of the file. */
static hn_status check_cover(const parser *p, const hn_st_tensor *t, size_t count) {
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t begin = (uint64_t)(t[i].data - p->buffer);
        if (begin != at)
            return hn_fail(p->err, HN_EFORMAT, "%s: tensor '%.200s' begins at byte %llu of the data, %s (expected %llu)", p->path,
                           t[i].name, (unsigned long long)begin, begin < at ? "inside the one before it" : "after a gap",
                           (unsigned long long)at);
        at = begin + t[i].bytes;
    }
    if (at == p->bytes) return HN_OK;
    return hn_fail(p->err, HN_EFORMAT, "%s: %llu bytes after the last tensor", p->path, (unsigned long long)(p->bytes - at));
}

static hn_status read_entries(const parser *p, const hn_json *header, hn_st_tensor **out, size_t *count) {
    size_t n = hn_json_len(header), k = 0;
    hn_st_tensor *list = hn_arena_alloc(p->arena, (n ? n : 1) * sizeof *list);
    if (!list) return hn_nomem(p->err, n * sizeof *list);
    hn_json_iter it;
    for (bool more = hn_json_first(header, &it); more; more = hn_json_next(&it)) {
        if (hn_streq(it.key, "__metadata__")) HN_TRY(check_metadata(p, it.value));
        else HN_TRY(read_tensor(p, it.key, it.value, &list[k++]));
    }
    if (k) qsort(list, k, sizeof *list, by_place);
    HN_TRY(check_cover(p, list, k));
    *out = list;
    *count = k;
    return HN_OK;
}

static hn_status header_size(const hn_map *map, const char *path, size_t *out, hn_error *err) {
    if (map->n < 8) {
        hn_fail(err, HN_EFORMAT, "%s: %zu bytes are too few for a safetensors file", path, map->n);
        hn_error_fix(err, "the file is truncated: download or copy it again");
        return HN_EFORMAT;
    }
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--) n = n << 8 | map->p[i];
    if (n > MAX_HEADER)
        return hn_fail(err, HN_EFORMAT, "%s: a header of %llu bytes (at most %d are allowed): not a safetensors file", path,
                       (unsigned long long)n, MAX_HEADER);
    if (n > map->n - 8) {
        hn_fail(err, HN_EFORMAT, "%s: the header should have %llu bytes, the file ends after %zu", path, (unsigned long long)n,
                map->n - 8);
        hn_error_fix(err, "the file is truncated: download or copy it again");
        return HN_EFORMAT;
    }
    if (n == 0 || map->p[8] != '{')
        return hn_fail(err, HN_EFORMAT, "%s: the header does not begin with '{': not a safetensors file", path);
    *out = (size_t)n;
    return HN_OK;
}

hn_status hn_st_parse(const hn_map *map, const char *path, hn_arena *arena, hn_st_tensor **out, size_t *count, hn_error *err) {
    size_t n = 0;
    HN_TRY(header_size(map, path, &n, err));
    const char *text = (const char *)map->p + 8;
    hn_json *header = NULL;
    HN_TRY_CTX(hn_json_parse(text, n, "header", 1, &header, err), err, "%s", path);
    parser p = {path, map->p + 8 + n, map->n - 8 - n, arena, err};
    hn_status st = hn_st_check_keys(text, n, path, err);
    if (st == HN_OK) st = read_entries(&p, header, out, count);
    hn_json_free(header);
    return st;
}
