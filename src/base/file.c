/* file.c - reading whole files and writing them so that nobody ever sees half of one.
 *
 * A new file is written under a temporary name beside its place, flushed to the disk, renamed over
 * the old one, and the folder flushed; until the rename the old file stands untouched. Devices and
 * pipes cannot be replaced and are written directly. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static hn_status cannot_open(const char *path, hn_error *err) {
    int why = errno;
    hn_fail_errno(err, why == ENOENT || why == ENOTDIR ? HN_ENOENT : HN_EIO, "cannot open '%s'",
                  path);
    if (why == ENOENT || why == ENOTDIR) hn_error_fix(err, "check the path");
    return why == ENOENT || why == ENOTDIR ? HN_ENOENT : HN_EIO;
}

static hn_status open_input(const char *path, int *fd, struct stat *st, hn_error *err) {
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) return cannot_open(path, err);
    hn_status code = HN_OK;
    if (fstat(*fd, st) != 0) code = hn_fail_errno(err, HN_EIO, "cannot read '%s'", path);
    else if (S_ISDIR(st->st_mode))
        code = hn_fail(err, HN_EIO, "cannot read '%s': it is a folder", path);
    if (code != HN_OK) {
        close(*fd);
        *fd = -1;
    }
    return code;
}

hn_status hn_map_open(const char *path, hn_map *out, hn_error *err) {
    static const uint8_t nothing[1] = {0};
    *out = (hn_map){.fd = -1};
    struct stat st;
    int fd;
    HN_TRY(open_input(path, &fd, &st, err));
    size_t n = (size_t)st.st_size;
    const uint8_t *p = nothing;
    if (n > 0) {
        void *at = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at == MAP_FAILED) {
            hn_fail_errno(err, HN_EIO, "cannot map '%s'", path);
            close(fd);
            return HN_EIO;
        }
        p = at;
    }
    *out = (hn_map){.p = p, .n = n, .fd = fd};
    return HN_OK;
}

void hn_map_close(hn_map *m) {
    if (!m->p) return;
    if (m->n > 0) munmap((void *)(uintptr_t)m->p, m->n);
    if (m->fd >= 0) close(m->fd);
    *m = (hn_map){.fd = -1};
}

hn_status hn_file_read(const char *path, hn_buf *out, hn_error *err) {
    struct stat st;
    int fd;
    HN_TRY(open_input(path, &fd, &st, err));
    hn_status code = HN_OK;
    size_t piece = 1 << 16;
    if (st.st_size > 0 && (uint64_t)st.st_size < SIZE_MAX / 4) piece = (size_t)st.st_size + 1;
    char *room = hn_alloc(piece);
    if (!room) code = hn_nomem(err, piece);
    while (code == HN_OK) {
        ssize_t got = read(fd, room, piece);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) code = hn_fail_errno(err, HN_EIO, "cannot read '%s'", path);
        if (got <= 0) break;
        hn_buf_add(out, room, (size_t)got);
        if (out->failed) code = hn_nomem(err, (size_t)got);
    }
    hn_free(room);
    close(fd);
    if (code == HN_OK) hn_buf_add(out, "", 0); /* an empty file gives an empty string, not NULL */
    return code == HN_OK && out->failed ? hn_nomem(err, 1) : code;
}

static hn_status cannot_write(const char *path, hn_error *err) {
    int why = errno;
    hn_fail_errno(err, HN_EIO, "cannot write '%s'", path);
    if (why == ENOSPC || why == EDQUOT)
        hn_error_fix(err, "make room on the disk, or write elsewhere");
    else if (why == EACCES || why == EPERM || why == EROFS)
        hn_error_fix(err, "write to a folder you own");
    else if (why == ENOENT) hn_error_fix(err, "make the folder first");
    return HN_EIO;
}

/* Create "<path>.tmp-<process>-<count>". */
static int open_sibling(const char *path, char **temp) {
    static _Atomic unsigned count;
    size_t cap = strlen(path) + 48;
    char *name = hn_alloc(cap);
    *temp = NULL;
    if (!name) {
        errno = ENOMEM;
        return -1;
    }
    int fd;
    do {
        snprintf(name, cap, "%s.tmp-%ld-%u", path, (long)getpid(), atomic_fetch_add(&count, 1));
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EEXIST);
    if (fd < 0) hn_free(name);
    else *temp = name;
    return fd;
}

hn_status hn_writer_open(hn_writer *w, const char *path, hn_error *err) {
    *w = (hn_writer){0};
    struct stat st;
    bool direct = stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    if (!direct && hn_path_is_dir(path))
        return hn_fail(err, HN_EIO, "cannot write '%s': it is a folder", path);
    w->path = hn_strdup(path);
    if (!w->path) return hn_nomem(err, strlen(path) + 1);
    int fd = direct ? open(path, O_WRONLY | O_CLOEXEC) : open_sibling(path, &w->temp);
    if (fd >= 0) w->f = fdopen(fd, "w");
    if (w->f) return HN_OK;
    hn_status code = errno == ENOMEM ? hn_nomem(err, strlen(path)) : cannot_write(path, err);
    if (fd >= 0) close(fd);
    hn_writer_abort(w);
    return code;
}

hn_status hn_writer_put(hn_writer *w, const void *p, size_t n, hn_error *err) {
    if (!w->f) return hn_fail(err, HN_ESTATE, "the writer is not open");
    if (n > 0 && fwrite(p, 1, n, w->f) != n) return cannot_write(w->path, err);
    return HN_OK;
}

static hn_status sync_parent(const char *path, hn_error *err) {
    size_t n = (size_t)(hn_path_base(path) - path);
    char *folder = n ? hn_strndup(path, n) : hn_strdup(".");
    if (!folder) return hn_nomem(err, n + 1);
    hn_status code = hn_dir_sync(folder, err);
    hn_free(folder);
    return code;
}

hn_status hn_writer_commit(hn_writer *w, hn_error *err) {
    if (!w->f) return hn_fail(err, HN_ESTATE, "the writer is not open");
    bool good = !ferror(w->f) && fflush(w->f) == 0;
    if (good && w->temp) good = fsync(fileno(w->f)) == 0;
    if (good) {
        FILE *f = w->f;
        w->f = NULL;
        good = fclose(f) == 0;
    }
    if (good && w->temp) good = rename(w->temp, w->path) == 0;
    if (!good) {
        cannot_write(w->path, err);
        hn_writer_abort(w);
        return HN_EIO;
    }
    hn_status code = HN_OK;
    if (w->temp) code = sync_parent(w->path, err);
    hn_free(w->temp);
    w->temp = NULL;
    hn_writer_abort(w);
    return code;
}

void hn_writer_abort(hn_writer *w) {
    if (w->f) fclose(w->f);
    if (w->temp) unlink(w->temp);
    hn_free(w->temp);
    hn_free(w->path);
    *w = (hn_writer){0};
}

hn_status hn_file_write(const char *path, const void *p, size_t n, hn_error *err) {
    hn_writer w;
    HN_TRY(hn_writer_open(&w, path, err));
    hn_status code = hn_writer_put(&w, p, n, err);
    if (code != HN_OK) {
        hn_writer_abort(&w);
        return code;
    }
    return hn_writer_commit(&w, err);
}
