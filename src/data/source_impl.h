/* source_impl.h - the bytes of a data file, with gzip and zstd undone and a byte order mark skipped.
 *
 * Readers see a window [at, at + n) that grows on demand, or whole lines. */
#ifndef HN_SOURCE_IMPL_H
#define HN_SOURCE_IMPL_H

#include "base/base.h"

/* Undoes a compression. in: bytes at hand (last: no more will come); both sides report what they used.
 * finished: the compressed data end here in good order (more may follow). */
typedef struct hn_unpacker {
    const char *name;
    unsigned char magic[4];
    size_t magic_bytes;
    hn_status (*open)(void **state, hn_error *err);
    hn_status (*step)(void *state, const char *in, size_t in_n, size_t *used, char *out, size_t cap, size_t *got,
                      bool *finished, hn_error *err);
    void (*close)(void *state);
} hn_unpacker;
extern const hn_unpacker hn_unpack_gzip, hn_unpack_zstd;

typedef struct hn_source {
    char *path;
    int fd;
    const hn_unpacker *unpacker; /* NULL: plain */
    void *state;
    bool finished;               /* the unpacker stands between two members */
    char *raw;                   /* bytes as they are in the file */
    size_t raw_at, raw_n;
    bool raw_end;
    char *buf;                   /* bytes unpacked: buf[at .. at + n) are not consumed yet */
    size_t at, n, cap;
    bool end;                    /* nothing comes after these */
    int64_t line;                /* lines consumed by hn_source_line */
    size_t limit;                /* bytes of the longest line; at first there is none */
    bool skipping;               /* the rest of a line that was too long is still to be passed over */
    uint64_t packed, unpacked;   /* bytes through the unpacker so far */
} hn_source;

hn_status hn_source_open(const char *path, hn_source *out, hn_error *err) HN_MUST;
void hn_source_close(hn_source *s);
/* Appends to the window (the consumed part is given up, so pointers into it move). At the end of the data: sets end. */
hn_status hn_source_more(hn_source *s, hn_error *err) HN_MUST;
/* What hn_source_line found. */
typedef enum hn_line { HN_LINE_END, HN_LINE_WHOLE, HN_LINE_TOO_LONG } hn_line;
/* The next line without its \n (a \r before it stays), valid until the next call. A line longer than s->limit is said to be so
 * without being read whole; the next call begins behind it. */
hn_status hn_source_line(hn_source *s, hn_str *line, hn_line *got, hn_error *err) HN_MUST;

#endif
