/* unpack_gzip.c - gzip (RFC 1952) through zlib; files of several members, as pigz and cat make, read as one. */
#include "data/source_impl.h"

#include <limits.h>
#include <zlib.h>

static voidpf take(voidpf user, uInt count, uInt size) {
    (void)user;
    return hn_calloc(count, size);
}

static void give(voidpf user, voidpf p) {
    (void)user;
    hn_free(p);
}

static hn_status gzip_open(void **state, hn_error *err) {
    z_stream *z = hn_calloc(1, sizeof *z);
    if (!z) return hn_nomem(err, sizeof *z);
    z->zalloc = take;
    z->zfree = give;
    if (inflateInit2(z, 15 + 16) != Z_OK) { /* the largest window, gzip headers only */
        hn_free(z);
        return hn_nomem(err, 1 << 15);
    }
    *state = z;
    return HN_OK;
}

static hn_status gzip_step(void *state, const char *in, size_t in_n, size_t *used, char *out, size_t cap, size_t *got,
                           bool *finished, hn_error *err) {
    z_stream *z = state;
    uInt in_now = in_n > UINT_MAX ? UINT_MAX : (uInt)in_n, out_now = cap > UINT_MAX ? UINT_MAX : (uInt)cap;
    if (*finished && inflateReset(z) != Z_OK) return hn_fail(err, HN_ESTATE, "gzip cannot be started");
    z->next_in = (Bytef *)(uintptr_t)in;
    z->avail_in = in_now;
    z->next_out = (Bytef *)out;
    z->avail_out = out_now;
    int code = inflate(z, Z_NO_FLUSH);
    *used = in_now - z->avail_in;
    *got = out_now - z->avail_out;
    *finished = code == Z_STREAM_END;
    if (code == Z_MEM_ERROR) return hn_nomem(err, 1 << 15);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        hn_fail(err, HN_EFORMAT, "damaged gzip data: %s", z->msg ? z->msg : "inflate failed");
        hn_error_fix(err, "fetch or make the file again");
        return HN_EFORMAT;
    }
    return HN_OK;
}

static void gzip_close(void *state) {
    inflateEnd(state);
    hn_free(state);
}

const hn_unpacker hn_unpack_gzip = {
    .name = "gzip", .magic = {0x1F, 0x8B}, .magic_bytes = 2, .open = gzip_open, .step = gzip_step, .close = gzip_close};
