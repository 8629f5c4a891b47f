/* io.h - model files: safetensors (one file or shards) and the folder a model name stands for.
 *
 * Nothing is ever executed, nothing is trusted: every offset, size and name of a header is checked before a
 * byte of the buffer is used. Layout: u64le n, n bytes of JSON, the buffer (little-endian, C order). */
#ifndef HN_IO_H
#define HN_IO_H

#include "base/base.h"

/* X(name in the file, bits), in the order the reference implementation sorts by. */
#define HN_ST_DTYPE_MAP(X)                                                                                                       \
    X(BOOL, 8)                                                                                                                   \
    X(F4, 4) X(F6_E2M3, 6) X(F6_E3M2, 6) X(U8, 8) X(I8, 8) X(F8_E5M2, 8) X(F8_E4M3, 8) X(F8_E8M0, 8) X(F8_E4M3FNUZ, 8)           \
        X(F8_E5M2FNUZ, 8) X(I16, 16) X(U16, 16) X(F16, 16) X(BF16, 16) X(I32, 32) X(U32, 32) X(F32, 32) X(C64, 64) X(F64, 64)    \
            X(I64, 64) X(U64, 64)

typedef enum hn_st_dtype {
#define HN_X(name, bits) HN_ST_##name,
    HN_ST_DTYPE_MAP(HN_X)
#undef HN_X
        HN_ST_DTYPE_COUNT
} hn_st_dtype;
const char *hn_st_dtype_name(hn_st_dtype t); /* "BF16" */
int hn_st_dtype_bits(hn_st_dtype t);

typedef struct hn_st_tensor { /* lives as long as its hn_st */
    const char *name;
    hn_st_dtype dtype;
    int32_t rank;
    const int64_t *dim;  /* [rank] */
    int64_t count;       /* elements */
    const uint8_t *data; /* inside the mapping; no alignment is promised */
    uint64_t bytes;
    const char *file; /* path of the file it is in */
} hn_st_tensor;

typedef struct hn_st hn_st; /* one file, or the shards of one index, mapped read-only */
/* ENOENT, EIO; EFORMAT: whatever the format forbids (size of the header, UTF-8, types, shapes, overlap, gaps, truncation,
 * a name that occurs twice), with file, tensor and place. */
hn_status hn_st_open(const char *path, hn_st **out, hn_error *err) HN_MUST;
/* dir/<stem>.safetensors, else the shards named by dir/<stem>.safetensors.index.json. A missing shard is ENOENT and
 * named; a tensor that is not in the shard the index names is EFORMAT. */
hn_status hn_st_open_dir(const char *dir, const char *stem, hn_st **out, hn_error *err) HN_MUST;
void hn_st_close(hn_st *s);
size_t hn_st_count(const hn_st *s);
const hn_st_tensor *hn_st_at(const hn_st *s, size_t i);           /* ordered by name */
const hn_st_tensor *hn_st_find(const hn_st *s, const char *name); /* NULL: not there */

/* Writes elements [first, first + count) in the file's dtype to out. */
typedef hn_status hn_st_fill(void *ctx, int64_t first, int64_t count, void *out, hn_error *err);
typedef struct hn_st_item { /* a tensor to be written: its bytes, or a function that makes them piece by piece */
    const char *name;
    hn_st_dtype dtype;
    int32_t rank;
    const int64_t *dim;
    const void *data;
    hn_st_fill *fill; /* used where data is NULL */
    void *ctx;
} hn_st_item;
/* Bytes depend on the items alone: header padded to 8, metadata {"format":"pt"}, tensors by dtype descending, then name.
 * Written to a temporary name, fsynced, renamed. */
hn_status hn_st_write(const char *path, const hn_st_item *items, size_t n, hn_error *err) HN_MUST;
/* dir/<stem>.safetensors, or, above shard_bytes (0: 50 GB), shards filled greedily in the order of items and
 * dir/<stem>.safetensors.index.json. A layout of the other kind left over in dir is removed. */
hn_status hn_st_write_dir(const char *dir, const char *stem, const hn_st_item *items, size_t n, uint64_t shard_bytes,
                          hn_error *err) HN_MUST;

/* The folder of a model: name itself if it is a folder, else org/name in the local hub cache ($HF_HUB_CACHE,
 * $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub). revision: branch, tag or commit; NULL: main.
 * *dir is the caller's (hn_free). ENOENT tells where it looked and the download command. */
hn_status hn_model_dir_find(const char *name, const char *revision, char **dir, hn_error *err) HN_MUST;
/* The same for a data set (datasets--org--name) in the cache; the name itself is not looked at as a path. */
hn_status hn_dataset_dir_find(const char *name, const char *revision, char **dir, hn_error *err) HN_MUST;
bool hn_hub_name(const char *name); /* "org/name" or "name", of the letters the hub allows */

#endif
