/* parquet_codec.c - undoes the compression of a page, whose unpacked size is known beforehand. */
#include "data/parquet_impl.h"

#include <limits.h>
#include <snappy-c.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { UNCOMPRESSED, SNAPPY, GZIP, LZO, BROTLI, LZ4, ZSTD, LZ4_RAW };

const char *hn_pq_codec_name(int32_t codec) {
    static const char *const names[] = {"UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW"};
    return codec >= 0 && codec < (int)(sizeof names / sizeof *names) ? names[codec] : NULL;
}

static hn_status damaged(const char *codec, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "damaged %s data in a page", codec);
    hn_error_fix(err, "fetch or make the file again");
    return HN_EFORMAT;
}

static hn_status unpack_snappy(const uint8_t *in, size_t in_n, uint8_t *out, size_t n, hn_error *err) {
    size_t got = 0;
    if (snappy_uncompressed_length((const char *)in, in_n, &got) != SNAPPY_OK || got != n) return damaged("SNAPPY", err);
    return snappy_uncompress((const char *)in, in_n, (char *)out, &got) == SNAPPY_OK && got == n ? HN_OK : damaged("SNAPPY", err);
}

static voidpf take(voidpf user, uInt count, uInt size) {
    (void)user;
    return hn_calloc(count, size);
}

static void give(voidpf user, voidpf p) {
    (void)user;
    hn_free(p);
}

static hn_status unpack_gzip(const uint8_t *in, size_t in_n, uint8_t *out, size_t n, hn_error *err) {
    z_stream z = {.zalloc = take, .zfree = give, .next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)in_n, .next_out = out,
                  .avail_out = (uInt)n};
    if (in_n > UINT_MAX || n > UINT_MAX) return damaged("GZIP", err);
    if (inflateInit2(&z, 15 + 32) != Z_OK) return hn_nomem(err, 1 << 15); /* gzip or zlib, both occur */
    int code = inflate(&z, Z_FINISH);
    while (code == Z_STREAM_END && z.avail_in > 0 && z.avail_out > 0) { /* several members */
        if (inflateReset(&z) != Z_OK) break;
        code = inflate(&z, Z_FINISH);
    }
    bool ok = code == Z_STREAM_END && z.avail_out == 0, memory = code == Z_MEM_ERROR;
    inflateEnd(&z);
    if (memory) return hn_nomem(err, 1 << 15);
    return ok ? HN_OK : damaged("GZIP", err);
}

static hn_status unknown(int32_t codec, hn_error *err) {
    const char *name = hn_pq_codec_name(codec);
    if (name) hn_fail(err, HN_ENOTSUP, "compressed with %s; SNAPPY, ZSTD, GZIP and UNCOMPRESSED are read", name);
    else hn_fail(err, HN_ENOTSUP, "compressed with an unknown codec (%d)", codec);
    hn_error_fix(err, "python -c \"import sys, pyarrow.parquet as p; p.write_table(p.read_table(sys.argv[1]), sys.argv[2], "
                      "compression='zstd')\" old.parquet new.parquet");
    return HN_ENOTSUP;
}

hn_status hn_pq_unpack(int32_t codec, const uint8_t *in, size_t in_n, uint8_t *out, size_t n, hn_error *err) {
    bool known = codec == UNCOMPRESSED || codec == SNAPPY || codec == GZIP || codec == ZSTD;
    if (n == 0 && known) return HN_OK; /* packers do not agree on what nothing looks like */
    switch (codec) {
    case UNCOMPRESSED:
        if (in_n != n) return damaged("UNCOMPRESSED", err);
        memcpy(out, in, n);
        return HN_OK;
    case SNAPPY: return unpack_snappy(in, in_n, out, n, err);
    case GZIP: return unpack_gzip(in, in_n, out, n, err);
    case ZSTD: return ZSTD_decompress(out, n, in, in_n) == n ? HN_OK : damaged("ZSTD", err);
    default: return unknown(codec, err);
    }
}
