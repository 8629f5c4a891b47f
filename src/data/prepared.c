/* prepared.c - sets of prepared rows on disk: found, checked, mapped; written beside and renamed into place. */
#include "data/prepared_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

hn_status hn_prepared_place(hn_prepared *p, const hn_sources *s, bool held_out, const hn_tokenizer *tok, const hn_encode_opts *o,
                            hn_error *err) {
    *p = (hn_prepared){.lock = -1};
    if (!o->prepared_dir) return HN_OK;
    bool fixed;
    HN_TRY(hn_prepared_key(s, held_out, tok, o, p->key, &fixed, err));
    if (!fixed) return HN_OK;
    p->root = hn_strdup(o->prepared_dir);
    p->dir = hn_path_join(o->prepared_dir, p->key);
    return p->root && p->dir ? HN_OK : hn_nomem(err, strlen(o->prepared_dir));
}

static hn_status check_column(const char *dir, int c, const char *digest, hn_error *err) {
    char found[33];
    char *path = hn_path_join(dir, hn_column_name[c]);
    hn_status st = path ? hn_file_digest(path, found, err) : hn_nomem(err, 1);
    if (st == HN_OK && !hn_streq(found, digest)) st = hn_fail(err, HN_EFORMAT, "'%s' is not what was written", path);
    hn_free(path);
    return st;
}

static hn_status open_set(const char *dir, hn_rows **out, hn_json **said, hn_error *err) {
    uint64_t bytes[HN_COLS];
    char digest[HN_COLS][33];
    hn_rows *r = hn_calloc(1, sizeof *r);
    if (!r) return hn_nomem(err, sizeof *r);
    hn_status st = hn_prepared_read_meta(dir, r, bytes, digest, said, err);
    if (st == HN_OK) st = hn_rows_map(r, dir, bytes, err);
    if (st == HN_OK) st = hn_prepared_use(dir, r, err);
    for (int c = 0; c < HN_COLS && st == HN_OK; c++)
        if (digest[c][0]) st = check_column(dir, c, digest[c], err);
    if (st == HN_OK && !(r->prepared = hn_strdup(dir))) st = hn_nomem(err, strlen(dir));
    r->reused = true;
    if (st != HN_OK) {
        hn_rows_free(r);
        hn_json_free(*said);
        *said = NULL;
        return st;
    }
    *out = r;
    return HN_OK;
}

hn_status hn_prepared_open(const hn_prepared *p, hn_rows **out, hn_json **said, hn_error *err) {
    *out = NULL;
    *said = NULL;
    if (!p->dir || !hn_path_is_dir(p->dir)) return HN_OK;
    hn_error why = {0};
    hn_status st = open_set(p->dir, out, said, &why);
    if (st == HN_ENOMEM) {
        if (err) *err = why;
        return st;
    }
    if (st != HN_OK) hn_warn("prepared rows are made again: %s", why.msg);
    return HN_OK;
}

/* Is the lock one of a run that was killed? A minute's grace: a run takes the lock a moment after it made the file. */
static bool abandoned(int fd) {
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && st.st_mtime < time(NULL) - 60 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* Folders that no process holds the lock of. */
static void clean_up(const char *root) {
    hn_strlist names = {0};
    if (hn_dir_list(root, &names, NULL) != HN_OK) return;
    for (size_t i = 0; i < names.n; i++) {
        if (!strstr(names.v[i], ".tmp-")) continue;
        char *dir = hn_path_join(root, names.v[i]), *lock = dir ? hn_path_join(dir, "lock") : NULL;
        int fd = lock ? open(lock, O_RDWR | O_CLOEXEC) : -1;
        if (abandoned(fd) && hn_dir_remove(dir, NULL) != HN_OK)
            hn_info("cannot remove '%s', which a stopped run left behind", dir);
        if (fd >= 0) close(fd);
        hn_free(lock);
        hn_free(dir);
    }
    hn_strlist_free(&names);
}

hn_status hn_prepared_begin(hn_prepared *p, hn_error *err) {
    static _Atomic unsigned count;
    HN_TRY(hn_dir_make(p->root, err));
    clean_up(p->root);
    size_t cap = strlen(p->dir) + 64;
    p->temp = hn_alloc(cap);
    char *lock = NULL;
    if (!p->temp) return hn_nomem(err, cap);
    snprintf(p->temp, cap, "%s.tmp-%ld-%u", p->dir, (long)getpid(), atomic_fetch_add(&count, 1));
    hn_status st = hn_dir_make(p->temp, err);
    if (st == HN_OK && !(lock = hn_path_join(p->temp, "lock"))) st = hn_nomem(err, cap);
    if (st == HN_OK) {
        p->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (p->lock < 0 || flock(p->lock, LOCK_EX | LOCK_NB) != 0) st = hn_fail_errno(err, HN_EIO, "cannot write '%s'", lock);
    }
    hn_free(lock);
    return st;
}

static void unlock(hn_prepared *p) {
    char *lock = hn_path_join(p->temp, "lock");
    if (lock) unlink(lock);
    hn_free(lock);
    close(p->lock);
    p->lock = -1;
}

/* Another run may have put the same rows into place meanwhile: then those are as good as ours, unless they are damaged. */
static hn_status put_into_place(hn_prepared *p, hn_error *err) {
    hn_rows *theirs = NULL;
    hn_json *said = NULL;
    if (rename(p->temp, p->dir) == 0) {
        hn_free(p->temp);
        p->temp = NULL;
        return HN_OK;
    }
    if (errno != ENOTEMPTY && errno != EEXIST) return hn_fail_errno(err, HN_EIO, "cannot write '%s'", p->dir);
    if (open_set(p->dir, &theirs, &said, NULL) != HN_OK) {
        HN_TRY(hn_dir_remove(p->dir, err));
        if (rename(p->temp, p->dir) != 0) return hn_fail_errno(err, HN_EIO, "cannot write '%s'", p->dir);
        hn_free(p->temp);
        p->temp = NULL;
    }
    hn_rows_free(theirs);
    hn_json_free(said);
    return HN_OK;
}

hn_status hn_prepared_commit(hn_prepared *p, hn_store *s, const hn_json *said, hn_rows **out, hn_error *err) {
    hn_rows *r;
    HN_TRY(hn_prepared_write_meta(p->temp, s, said, err));
    HN_TRY(hn_store_take(s, p->temp, &r, err)); /* mapped before the move: whatever happens to the place, these stay */
    unlock(p);
    hn_status st = put_into_place(p, err);
    if (st == HN_OK && hn_prepared_use(p->dir, r, NULL) != HN_OK)
        hn_info("'%s' was removed by another run: the next one prepares these rows again", p->dir);
    if (st == HN_OK && !(r->prepared = hn_strdup(p->dir))) st = hn_nomem(err, strlen(p->dir));
    if (st != HN_OK) {
        hn_rows_free(r);
        return st;
    }
    *out = r;
    return HN_OK;
}

void hn_prepared_release(hn_prepared *p) {
    if (p->temp && hn_dir_remove(p->temp, NULL) != HN_OK) hn_info("cannot remove '%s'", p->temp);
    if (p->lock >= 0) close(p->lock);
    hn_free(p->temp);
    hn_free(p->root);
    hn_free(p->dir);
    *p = (hn_prepared){.lock = -1};
}
