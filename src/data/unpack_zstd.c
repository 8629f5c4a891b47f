/* unpack_zstd.c - Zstandard (RFC 8878) as a stream; several frames read as one file. */
#include "data/source_impl.h"

#include <zstd.h>

static hn_status zstd_open(void **state, hn_error *err) {
    *state = ZSTD_createDStream();
    return *state ? HN_OK : hn_nomem(err, ZSTD_DStreamOutSize());
}

static hn_status zstd_step(void *state, const char *in, size_t in_n, size_t *used, char *out, size_t cap, size_t *got,
                           bool *finished, hn_error *err) {
    ZSTD_inBuffer from = {in, in_n, 0};
    ZSTD_outBuffer to = {out, cap, 0};
    size_t code = ZSTD_decompressStream(state, &to, &from);
    *used = from.pos;
    *got = to.pos;
    if (ZSTD_isError(code)) {
        hn_fail(err, HN_EFORMAT, "damaged zstd data: %s", ZSTD_getErrorName(code));
        hn_error_fix(err, "fetch or make the file again (windows above 128 MiB are not read)");
        return HN_EFORMAT;
    }
    *finished = code == 0;
    return HN_OK;
}

static void zstd_close(void *state) { ZSTD_freeDStream(state); }

const hn_unpacker hn_unpack_zstd = {.name = "zstd", .magic = {0x28, 0xB5, 0x2F, 0xFD}, .magic_bytes = 4,
                                    .open = zstd_open, .step = zstd_step, .close = zstd_close};
