/* source.c - reads a data file in pieces, so that its size never matters: file -> unpacker -> window.
 *
 * The first bytes decide whether a file is compressed; a name that promises compression the bytes do
 * not keep is an error, since such a file was most likely damaged on its way. */
#include "data/source_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RAW_BYTES = 256 * 1024, WINDOW_BYTES = 1024 * 1024, BOMB_BYTES = 1 << 30, BOMB_RATIO = 1000 };

static hn_status open_file(hn_source *s, hn_error *err) {
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0) {
        hn_status code = errno == ENOENT || errno == ENOTDIR ? HN_ENOENT : HN_EIO;
        hn_fail_errno(err, code, "cannot open '%s'", s->path);
        if (code == HN_ENOENT) hn_error_fix(err, "check the path");
        return code;
    }
    struct stat st;
    if (fstat(s->fd, &st) != 0) return hn_fail_errno(err, HN_EIO, "cannot read '%s'", s->path);
    if (S_ISDIR(st.st_mode)) return hn_fail(err, HN_EIO, "cannot read '%s': it is a folder", s->path);
    return HN_OK;
}

/* Fill up raw, unless it is full or the file has ended. */
static hn_status read_raw(hn_source *s, hn_error *err) {
    if (s->raw_at > 0) {
        memmove(s->raw, s->raw + s->raw_at, s->raw_n);
        s->raw_at = 0;
    }
    while (!s->raw_end && s->raw_n < RAW_BYTES) {
        ssize_t got = read(s->fd, s->raw + s->raw_n, RAW_BYTES - s->raw_n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hn_fail_errno(err, HN_EIO, "cannot read '%s'", s->path);
        if (got == 0) s->raw_end = true;
        s->raw_n += (size_t)got;
    }
    return HN_OK;
}

static bool has_magic(const hn_source *s, const hn_unpacker *u) {
    return s->raw_n >= u->magic_bytes && memcmp(s->raw + s->raw_at, u->magic, u->magic_bytes) == 0;
}

static hn_status choose_unpacker(hn_source *s, hn_error *err) {
    static const struct { const hn_unpacker *unpacker; const char *tail; } all[] = {
        {&hn_unpack_gzip, ".gz"}, {&hn_unpack_zstd, ".zst"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (has_magic(s, all[i].unpacker)) {
            s->unpacker = all[i].unpacker;
            return s->unpacker->open(&s->state, err);
        }
        if (hn_str_ends(hn_str_of(s->path), hn_str_of(all[i].tail)) && s->raw_n > 0) {
            hn_fail(err, HN_EFORMAT, "%s: not %s data, whatever its name says", s->path, all[i].unpacker->name);
            hn_error_fix(err, "rename it without %s if it is plain, else fetch it again", all[i].tail);
            return HN_EFORMAT;
        }
    }
    return HN_OK;
}

hn_status hn_source_open(const char *path, hn_source *s, hn_error *err) {
    *s = (hn_source){.path = hn_strdup(path), .fd = -1, .raw = hn_alloc(RAW_BYTES), .finished = true, .limit = SIZE_MAX};
    hn_status st = s->path && s->raw ? HN_OK : hn_nomem(err, RAW_BYTES);
    if (st == HN_OK) st = open_file(s, err);
    if (st == HN_OK) st = read_raw(s, err);
    if (st == HN_OK) st = choose_unpacker(s, err);
    while (st == HN_OK && s->n < 3 && !s->end) st = hn_source_more(s, err);
    if (st == HN_OK && s->n >= 3 && memcmp(s->buf + s->at, "\xEF\xBB\xBF", 3) == 0) {
        s->at += 3;
        s->n -= 3;
    }
    if (st != HN_OK) hn_source_close(s);
    return st;
}

void hn_source_close(hn_source *s) {
    if (s->state) s->unpacker->close(s->state);
    if (s->fd >= 0) close(s->fd);
    hn_free(s->path);
    hn_free(s->raw);
    hn_free(s->buf);
    *s = (hn_source){.fd = -1};
}

static hn_status truncated(const hn_source *s, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "%s: the %s data end too early", s->path, s->unpacker->name);
    hn_error_fix(err, "the file is truncated: fetch or make it again");
    return HN_EFORMAT;
}

/* Text of people never packs so well: a file made to fill the memory or the time of whoever opens it. */
static hn_status bomb(const hn_source *s, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "%s: unpacks to more than %d times its size: it looks like a decompression bomb", s->path,
            BOMB_RATIO);
    hn_error_detail(err, "%llu bytes of %s gave %llu bytes so far", (unsigned long long)s->packed, s->unpacker->name,
                    (unsigned long long)s->unpacked);
    hn_error_fix(err, "if it is meant to be so, unpack it (%s -d) and name the unpacked file", s->unpacker->name);
    return HN_EFORMAT;
}

/* One step of the unpacker into the free part of the window. */
static hn_status unpack(hn_source *s, hn_error *err) {
    if (s->raw_n == 0) HN_TRY(read_raw(s, err));
    if (s->raw_n == 0 && s->finished) {
        s->end = true;
        return HN_OK;
    }
    if (s->finished && !has_magic(s, s->unpacker)) { /* after a member: another one, or zeros as tar pads */
        for (size_t i = 0; i < s->raw_n; i++) {
            if (s->raw[s->raw_at + i] == '\0') continue;
            return hn_fail(err, HN_EFORMAT, "%s: something else follows the %s data", s->path, s->unpacker->name);
        }
        s->raw_n = 0;
        return HN_OK;
    }
    size_t used = 0, got = 0, room = s->cap - s->at - s->n;
    hn_status st = s->unpacker->step(s->state, s->raw + s->raw_at, s->raw_n, &used, s->buf + s->at + s->n, room, &got,
                                     &s->finished, err);
    HN_TRY_CTX(st, err, "%s", s->path);
    s->raw_at += used;
    s->raw_n -= used;
    s->n += got;
    s->packed += used;
    s->unpacked += got;
    if (s->unpacked > BOMB_BYTES && s->unpacked / BOMB_RATIO > s->packed) return bomb(s, err);
    if (used || got) return HN_OK;
    if (s->raw_end) return truncated(s, err);
    return read_raw(s, err); /* too few bytes at hand to go on */
}

hn_status hn_source_more(hn_source *s, hn_error *err) {
    if (s->end) return HN_OK;
    if (s->at > 0) {
        memmove(s->buf, s->buf + s->at, s->n);
        s->at = 0;
    }
    if (s->cap - s->n < RAW_BYTES) {
        size_t cap = s->cap ? s->cap * 2 : WINDOW_BYTES;
        char *p = hn_realloc(s->buf, cap);
        if (!p) return hn_nomem(err, cap);
        s->buf = p;
        s->cap = cap;
    }
    if (s->unpacker) {
        size_t before = s->n;
        while (s->n == before && !s->end) HN_TRY(unpack(s, err));
        return HN_OK;
    }
    if (s->raw_n == 0) HN_TRY(read_raw(s, err));
    s->end = s->raw_n == 0;
    memcpy(s->buf + s->n, s->raw + s->raw_at, s->raw_n);
    s->n += s->raw_n;
    s->raw_at = s->raw_n = 0;
    return HN_OK;
}

/* Passes over the rest of a line that was too long. */
static hn_status skip_line(hn_source *s, hn_error *err) {
    while (s->skipping) {
        const char *from = s->buf + s->at, *found = s->n ? memchr(from, '\n', s->n) : NULL;
        size_t step = found ? (size_t)(found - from) + 1 : s->n;
        s->at += step;
        s->n -= step;
        s->skipping = !found && !s->end;
        if (s->skipping) HN_TRY(hn_source_more(s, err));
    }
    return HN_OK;
}

hn_status hn_source_line(hn_source *s, hn_str *line, hn_line *got, hn_error *err) {
    HN_TRY(skip_line(s, err));
    size_t seen = 0; /* bytes of the window without a line end */
    const char *found = NULL;
    for (;;) {
        found = s->n > seen ? memchr(s->buf + s->at + seen, '\n', s->n - seen) : NULL;
        if (found || s->end || s->n > s->limit) break;
        seen = s->n;
        HN_TRY(hn_source_more(s, err));
    }
    const char *from = s->buf + s->at;
    size_t n = found ? (size_t)(found - from) : s->n;
    *got = found || n > 0 ? HN_LINE_WHOLE : HN_LINE_END;
    if (*got == HN_LINE_END) return HN_OK;
    s->line++;
    if (n > s->limit) {
        *got = HN_LINE_TOO_LONG;
        s->skipping = true;
        return HN_OK;
    }
    size_t step = found ? n + 1 : n;
    *line = (hn_str){from, n};
    s->at += step;
    s->n -= step;
    return HN_OK;
}
