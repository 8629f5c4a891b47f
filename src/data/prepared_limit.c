/* prepared_limit.c - how much room sets of prepared rows may take: those used longest ago go first, those in use never. */
#include "data/prepared_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int open_meta(const char *dir) {
    char *path = hn_path_join(dir, HN_PREPARED_META);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    hn_free(path);
    return fd;
}

/* A file system without locks, or a folder that may only be read, is no reason not to use what stands there. */
hn_status hn_prepared_use(const char *dir, hn_rows *r, hn_error *err) {
    int fd = open_meta(dir);
    if (fd < 0) return hn_fail(err, HN_EFORMAT, "'%s/" HN_PREPARED_META "' is gone", dir);
    if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(fd);
        return hn_fail(err, HN_EFORMAT, "'%s' is being removed by another run", dir);
    }
    (void)futimens(fd, NULL);
    r->files->lock = fd;
    return HN_OK;
}

typedef struct {
    char *dir; /* owned */
    uint64_t bytes;
    struct timespec used;
} set;

static int by_last_use(const void *a, const void *b) {
    const struct timespec *x = &((const set *)a)->used, *y = &((const set *)b)->used;
    if (x->tv_sec != y->tv_sec) return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static bool is_key(const char *name) { return strlen(name) == 32 && strspn(name, "0123456789abcdef") == 32; }

/* Size and last use of a set. What a removal that was cut short left of one counts as never used. */
static void measure(set *s) {
    hn_strlist files = {0};
    if (hn_dir_list(s->dir, &files, NULL) != HN_OK) return;
    for (size_t i = 0; i < files.n; i++) {
        struct stat st;
        char *path = hn_path_join(s->dir, files.v[i]);
        if (path && stat(path, &st) == 0) {
            s->bytes += (uint64_t)st.st_size;
            if (hn_streq(files.v[i], HN_PREPARED_META)) s->used = st.st_mtim;
        }
        hn_free(path);
    }
    hn_strlist_free(&files);
}

/* False: it is in use, or cannot be removed. */
static bool remove_set(const set *s, const char *root, uint64_t limit) {
    char day[32] = "never";
    struct tm tm;
    int fd = open_meta(s->dir);
    if (fd < 0 && s->used.tv_sec) return false;
    bool free_to_go = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;
    hn_error why = {0};
    if (free_to_go && hn_dir_remove(s->dir, &why) != HN_OK) {
        hn_warn("%s", why.msg);
        free_to_go = false;
    }
    if (fd >= 0) close(fd);
    if (!free_to_go) return false;
    if (s->used.tv_sec && localtime_r(&s->used.tv_sec, &tm)) strftime(day, sizeof day, "%Y-%m-%d", &tm);
    hn_info("removed prepared rows of %.2f GB, last used %s: '%s' keeps at most %.2f GB (--prepared_data_limit)",
            (double)s->bytes * 1e-9, day, root, (double)limit * 1e-9);
    return true;
}

void hn_prepared_trim(const char *root, uint64_t limit) {
    hn_strlist names = {0};
    if (limit == 0 || hn_dir_list(root, &names, NULL) != HN_OK) return;
    set *all = hn_calloc(names.n ? names.n : 1, sizeof *all);
    size_t n = 0;
    uint64_t total = 0;
    for (size_t i = 0; all && i < names.n; i++) {
        if (!is_key(names.v[i]) || !(all[n].dir = hn_path_join(root, names.v[i]))) continue;
        measure(&all[n]);
        total += all[n++].bytes;
    }
    if (n) qsort(all, n, sizeof *all, by_last_use);
    for (size_t i = 0; i < n && total > limit; i++)
        if (remove_set(&all[i], root, limit)) total -= all[i].bytes;
    for (size_t i = 0; i < n; i++) hn_free(all[i].dir);
    hn_free(all);
    hn_strlist_free(&names);
}
