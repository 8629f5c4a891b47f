/* path.c - folders and names: what lies where, made, listed and removed. */
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool hn_path_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
}

bool hn_path_is_dir(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int64_t hn_file_size(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

hn_status hn_dir_make(const char *path, hn_error *err) {
    char *part = hn_strdup(path);
    if (!part) return hn_nomem(err, strlen(path) + 1);
    hn_status code = HN_OK;
    for (char *p = part; code == HN_OK && *p;) {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        char kept = *p;
        *p = '\0';
        if (*part && mkdir(part, 0777) != 0) {
            int why = errno; /* an unwritable parent answers EACCES or EROFS also for what exists */
            if (!hn_path_is_dir(part)) {
                errno = why == EEXIST ? ENOTDIR : why;
                code = hn_fail_errno(err, HN_EIO, "cannot make folder '%s'", part);
            }
        }
        *p = kept;
    }
    hn_free(part);
    return code;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool push_name(hn_strlist *l, size_t *cap, const char *name) {
    if (l->n == *cap) {
        size_t more = *cap ? *cap * 2 : 16;
        char **v = hn_realloc_array(l->v, more, sizeof *v);
        if (!v) return false;
        l->v = v;
        *cap = more;
    }
    l->v[l->n] = hn_strdup(name);
    if (!l->v[l->n]) return false;
    l->n++;
    return true;
}

hn_status hn_dir_list(const char *path, hn_strlist *out, hn_error *err) {
    *out = (hn_strlist){0};
    DIR *d = opendir(path);
    if (!d) {
        hn_status code = errno == ENOENT || errno == ENOTDIR ? HN_ENOENT : HN_EIO;
        return hn_fail_errno(err, code, "cannot list folder '%s'", path);
    }
    hn_status code = HN_OK;
    size_t cap = 0;
    while (code == HN_OK) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e) {
            if (errno) code = hn_fail_errno(err, HN_EIO, "cannot list folder '%s'", path);
            break;
        }
        if (hn_streq(e->d_name, ".") || hn_streq(e->d_name, "..")) continue;
        if (!push_name(out, &cap, e->d_name)) code = hn_nomem(err, strlen(e->d_name) + 1);
    }
    closedir(d);
    if (code != HN_OK) hn_strlist_free(out);
    else if (out->n > 1) qsort(out->v, out->n, sizeof *out->v, by_name);
    return code;
}

void hn_strlist_free(hn_strlist *l) {
    for (size_t i = 0; i < l->n; i++) hn_free(l->v[i]);
    hn_free(l->v);
    *l = (hn_strlist){0};
}

/* Links are removed, never followed. */
hn_status hn_dir_remove(const char *path, hn_error *err) {
    struct stat st;
    if (lstat(path, &st) != 0) {
        return errno == ENOENT ? HN_OK : hn_fail_errno(err, HN_EIO, "cannot remove '%s'", path);
    }
    if (!S_ISDIR(st.st_mode)) {
        return unlink(path) == 0 ? HN_OK : hn_fail_errno(err, HN_EIO, "cannot remove '%s'", path);
    }
    hn_strlist names;
    HN_TRY(hn_dir_list(path, &names, err));
    hn_status code = HN_OK;
    for (size_t i = 0; i < names.n && code == HN_OK; i++) {
        char *child = hn_path_join(path, names.v[i]);
        code = child ? hn_dir_remove(child, err) : hn_nomem(err, strlen(path));
        hn_free(child);
    }
    hn_strlist_free(&names);
    if (code == HN_OK && rmdir(path) != 0)
        code = hn_fail_errno(err, HN_EIO, "cannot remove '%s'", path);
    return code;
}

hn_status hn_dir_sync(const char *path, hn_error *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return hn_fail_errno(err, HN_EIO, "cannot open folder '%s'", path);
    hn_status code = HN_OK;
    /* some file systems know no fsync of a folder and say so with EINVAL */
    if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP) {
        code = hn_fail_errno(err, HN_EIO, "cannot flush folder '%s'", path);
    }
    close(fd);
    return code;
}

hn_status hn_rename(const char *from, const char *to, hn_error *err) {
    if (rename(from, to) == 0) return HN_OK;
    return hn_fail_errno(err, HN_EIO, "cannot rename '%s' to '%s'", from, to);
}

char *hn_path_join(const char *a, const char *b) {
    size_t na = strlen(a), nb = strlen(b);
    bool slash = na > 0 && a[na - 1] != '/';
    char *p = hn_alloc(na + nb + 2);
    if (!p) return NULL;
    memcpy(p, a, na);
    if (slash) p[na++] = '/';
    memcpy(p + na, b, nb + 1);
    return p;
}

const char *hn_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
