/* data_files.h - files that tests of the data room write: in a folder of their own, gone at the end. */
#ifndef DATA_FILES_H
#define DATA_FILES_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "data/data.h"

static char data_dir[] = "/tmp/hone-test-XXXXXX";

static int data_dir_make(void **state) {
    (void)state;
    return mkdtemp(data_dir) ? 0 : -1;
}

static int data_dir_drop(void **state) {
    (void)state;
    return hn_dir_remove(data_dir, NULL) == HN_OK ? 0 : -1;
}

/* Path of a file in the folder, with these contents. */
static const char *data_file(const char *name, const void *p, size_t n) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", data_dir, name);
    FILE *f = fopen(path, "wb");
    if (!f || (n && fwrite(p, 1, n, f) != n) || fclose(f) != 0) fail_msg("cannot write %s", path);
    return path;
}

static inline const char *data_text(const char *name, const char *text) { return data_file(name, text, strlen(text)); }

/* Appends one gzip member. */
static inline void data_gzip(hn_buf *out, const void *p, size_t n) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t cap = deflateBound(&z, n) + 64;
    unsigned char *b = malloc(cap);
    assert_non_null(b);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = b;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    hn_buf_add(out, b, cap - z.avail_out);
    deflateEnd(&z);
    free(b);
}

/* Appends one zstd frame. */
static inline void data_zstd(hn_buf *out, const void *p, size_t n) {
    size_t cap = ZSTD_compressBound(n);
    char *b = malloc(cap);
    assert_non_null(b);
    size_t got = ZSTD_compress(b, cap, p, n, 3);
    assert_false(ZSTD_isError(got));
    hn_buf_add(out, b, got);
    free(b);
}

#endif
