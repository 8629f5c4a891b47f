/* st_write.c - writes safetensors: the bytes depend on the tensors alone.
 *
 * Header: {"__metadata__":{"format":"pt"},"name":{"dtype":..,"shape":[..],"data_offsets":[b,e]},..} without blanks,
 * padded with spaces to a multiple of 8; tensors by dtype descending, then name, as the reference writes them. */
#include "io/io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 20 }; /* elements a fill is asked for at once */

static int64_t elements(const hn_st_item *it) {
    int64_t n = 1;
    for (int32_t i = 0; i < it->rank; i++) n *= it->dim[i];
    return n;
}

static uint64_t item_bytes(const hn_st_item *it) { return (uint64_t)elements(it) * (uint64_t)hn_st_dtype_bits(it->dtype) / 8; }

static int file_order(const void *a, const void *b) {
    const hn_st_item *x = *(const hn_st_item *const *)a, *y = *(const hn_st_item *const *)b;
    if (x->dtype != y->dtype) return x->dtype > y->dtype ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void build_header(hn_buf *h, const hn_st_item *const *items, size_t n) {
    static const char zero[8];
    hn_buf_add(h, zero, 8);
    hn_buf_puts(h, "{\"__metadata__\":{\"format\":\"pt\"}");
    uint64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        hn_buf_putc(h, ',');
        hn_json_write_str(h, items[i]->name, strlen(items[i]->name));
        hn_buf_printf(h, ":{\"dtype\":\"%s\",\"shape\":[", hn_st_dtype_name(items[i]->dtype));
        for (int32_t d = 0; d < items[i]->rank; d++) hn_buf_printf(h, "%s%lld", d ? "," : "", (long long)items[i]->dim[d]);
        hn_buf_printf(h, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)at,
                      (unsigned long long)(at + item_bytes(items[i])));
        at += item_bytes(items[i]);
    }
    hn_buf_putc(h, '}');
    while (h->n % 8 != 0 && !h->failed) hn_buf_putc(h, ' ');
    if (h->failed) return;
    uint64_t size = h->n - 8;
    for (int i = 0; i < 8; i++) h->p[i] = (char)(size >> (8 * i) & 0xff);
}

static hn_status put_item(hn_writer *w, const hn_st_item *it, void *piece, hn_error *err) {
    if (it->data) return hn_writer_put(w, it->data, (size_t)item_bytes(it), err);
    size_t size = (size_t)hn_st_dtype_bits(it->dtype) / 8;
    int64_t count = elements(it);
    for (int64_t at = 0; at < count; at += PIECE) {
        int64_t n = count - at < PIECE ? count - at : PIECE;
        HN_TRY(it->fill(it->ctx, at, n, piece, err));
        HN_TRY(hn_writer_put(w, piece, (size_t)n * size, err));
    }
    return HN_OK;
}

static hn_status write_sorted(const char *path, const hn_st_item *const *items, size_t n, hn_error *err) {
    hn_buf header = {0};
    void *piece = NULL;
    hn_writer w = {0};
    hn_status st = HN_OK;
    build_header(&header, items, n);
    piece = hn_alloc((size_t)PIECE * 8);
    if (header.failed || !piece) {
        st = hn_nomem(err, (size_t)PIECE * 8);
        goto done;
    }
    HN_GO(st, hn_writer_open(&w, path, err));
    st = hn_writer_put(&w, header.p, header.n, err);
    for (size_t i = 0; i < n && st == HN_OK; i++) st = put_item(&w, items[i], piece, err);
    if (st == HN_OK) st = hn_writer_commit(&w, err);
    else hn_writer_abort(&w);
done:
    hn_free(piece);
    hn_buf_release(&header);
    return st;
}

hn_status hn_st_write(const char *path, const hn_st_item *items, size_t n, hn_error *err) {
    const hn_st_item **order = hn_alloc_array(n ? n : 1, sizeof *order);
    if (!order) return hn_nomem(err, n * sizeof *order);
    for (size_t i = 0; i < n; i++) order[i] = &items[i];
    if (n) qsort(order, n, sizeof *order, file_order);
    hn_status st = HN_OK;
    for (size_t i = 1; i < n && st == HN_OK; i++)
        if (file_order(&order[i - 1], &order[i]) == 0)
            st = hn_fail(err, HN_EARG, "%s: tensor '%s' is given twice", path, order[i]->name);
    if (st == HN_OK) st = write_sorted(path, order, n, err);
    hn_free(order);
    return st;
}

/* ------------------------------------------------------------------ shards */

/* first[k] is the first item of shard k, first[shards] = n. A tensor larger than the limit stands alone. */
static size_t cut(const hn_st_item *items, size_t n, uint64_t limit, size_t *first) {
    size_t shards = 0;
    uint64_t used = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bytes = item_bytes(&items[i]);
        if (i == 0 || used + bytes > limit) {
            first[shards++] = i;
            used = 0;
        }
        used += bytes;
    }
    first[shards] = n;
    return shards;
}

/* {"metadata": {"total_parameters", "total_size"}, "weight_map": {name: file}}: pairs in the order of items. */
static hn_status write_index(const char *path, const char *stem, const hn_st_item *items, size_t n, const size_t *first,
                             size_t shards, hn_error *err) {
    uint64_t bytes = 0;
    int64_t parameters = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += item_bytes(&items[i]);
        parameters += elements(&items[i]);
    }
    hn_buf text = {0};
    hn_buf_printf(&text, "{\n  \"metadata\": {\n    \"total_parameters\": %lld,\n    \"total_size\": %llu\n  },\n",
                  (long long)parameters, (unsigned long long)bytes);
    hn_buf_puts(&text, "  \"weight_map\": {");
    for (size_t i = 0, shard = 0; i < n; i++) {
        if (i >= first[shard + 1]) shard++;
        hn_buf_puts(&text, i ? ",\n    " : "\n    ");
        hn_json_write_str(&text, items[i].name, strlen(items[i].name));
        hn_buf_printf(&text, ": \"%s-%05zu-of-%05zu.safetensors\"", stem, shard + 1, shards);
    }
    hn_buf_puts(&text, "\n  }\n}\n");
    hn_status st = text.failed ? hn_nomem(err, text.n) : hn_file_write(path, text.p, text.n, err);
    hn_buf_release(&text);
    return st;
}

/* Removes dir/<stem>.safetensors (of an earlier save in one file), or the index of an earlier save in shards: readers
 * would prefer or mix them. */
static void drop_stale(const char *dir, const char *stem, const char *suffix) {
    hn_buf path = {0};
    hn_buf_printf(&path, "%s/%s.safetensors%s", dir, stem, suffix);
    if (!path.failed) unlink(path.p);
    hn_buf_release(&path);
}

static hn_status write_shards(const char *dir, const char *stem, const hn_st_item *items, size_t n, const size_t *first,
                              size_t shards, hn_error *err) {
    hn_buf path = {0};
    hn_status st = HN_OK;
    for (size_t k = 0; k < shards && st == HN_OK; k++) {
        hn_buf_clear(&path);
        if (shards == 1) hn_buf_printf(&path, "%s/%s.safetensors", dir, stem);
        else hn_buf_printf(&path, "%s/%s-%05zu-of-%05zu.safetensors", dir, stem, k + 1, shards);
        st = path.failed ? hn_nomem(err, strlen(dir)) : hn_st_write(path.p, items + first[k], first[k + 1] - first[k], err);
    }
    if (st == HN_OK && shards > 1) {
        hn_buf_clear(&path);
        hn_buf_printf(&path, "%s/%s.safetensors.index.json", dir, stem);
        st = path.failed ? hn_nomem(err, strlen(dir)) : write_index(path.p, stem, items, n, first, shards, err);
    }
    hn_buf_release(&path);
    return st;
}

hn_status hn_st_write_dir(const char *dir, const char *stem, const hn_st_item *items, size_t n, uint64_t shard_bytes,
                          hn_error *err) {
    size_t *first = hn_alloc_array(n + 2, sizeof *first);
    if (!first) return hn_nomem(err, (n + 2) * sizeof *first);
    size_t shards = cut(items, n, shard_bytes ? shard_bytes : UINT64_C(50000000000), first);
    if (shards == 0) { /* no tensors: one empty file */
        first[0] = 0;
        first[1] = n;
        shards = 1;
    }
    hn_status st = write_shards(dir, stem, items, n, first, shards, err);
    if (st == HN_OK) drop_stale(dir, stem, shards == 1 ? ".index.json" : "");
    hn_free(first);
    return st;
}
