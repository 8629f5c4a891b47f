/* dataset_files.c - which files a data set consists of: one file, or the files of a folder whose names begin with the
 * split's. The folder itself is searched, then data/ in it, where repositories of data sets keep theirs. */
#include "data/records_impl.h"

#include <string.h>

static bool begins(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

/* Does a file belong to the split? Both names of a validation split are one. */
static bool belongs(const char *name, const char *split) {
    if (!hn_records_known(name)) return false;
    if (hn_streq(split, "validation") || hn_streq(split, "valid") || hn_streq(split, "dev"))
        return begins(name, "valid") || begins(name, "dev");
    return begins(name, split);
}

static bool optional(const char *split) {
    static const char *const names[] = {"validation", "valid", "dev", "test"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (hn_streq(split, names[i])) return true;
    return false;
}

static hn_status add(hn_strlist *out, char *path, hn_error *err) {
    char **v = path ? hn_realloc_array(out->v, out->n + 1, sizeof *v) : NULL;
    if (!v) {
        hn_free(path);
        return hn_nomem(err, sizeof *v);
    }
    out->v = v;
    out->v[out->n++] = path;
    return HN_OK;
}

static hn_status search(const char *dir, const char *split, hn_strlist *out, hn_buf *seen, hn_error *err) {
    hn_strlist names = {0};
    HN_TRY(hn_dir_list(dir, &names, err));
    hn_status st = HN_OK;
    for (size_t i = 0; i < names.n && st == HN_OK; i++) {
        if (seen->n < 600) hn_buf_printf(seen, "%s%s", seen->n ? ", " : "", names.v[i]);
        if (belongs(names.v[i], split)) st = add(out, hn_path_join(dir, names.v[i]), err);
    }
    hn_strlist_free(&names);
    return st;
}

static hn_status absent(const char *name, const char *split, const hn_buf *seen, hn_error *err) {
    hn_fail(err, HN_ENOENT, "%s: no file of the split \"%s\" (%s*.jsonl, .json, .csv, .tsv, .txt) in the folder", name, split, split);
    hn_error_detail(err, "it holds: %s", seen->n ? seen->p : "nothing");
    hn_error_fix(err, "name a file with --dataset_name, or another split with --dataset_train_split");
    return HN_ENOENT;
}

hn_status hn_dataset_files(const char *name, const char *split, hn_strlist *out, hn_error *err) {
    *out = (hn_strlist){0};
    if (!hn_path_exists(name)) {
        hn_fail(err, HN_ENOENT, "the data set '%s' does not exist", name);
        hn_error_fix(err, "--dataset_name takes a file or a folder on this machine");
        return HN_ENOENT;
    }
    if (!hn_path_is_dir(name)) return optional(split) ? HN_OK : add(out, hn_strdup(name), err);
    hn_buf seen = {0};
    char *data = hn_path_join(name, "data");
    hn_status st = data ? search(name, split, out, &seen, err) : hn_nomem(err, strlen(name));
    if (st == HN_OK && out->n == 0 && hn_path_is_dir(data)) st = search(data, split, out, &seen, err);
    if (st == HN_OK && out->n == 0 && !optional(split)) st = absent(name, split, &seen, err);
    if (st != HN_OK) {
        hn_strlist_free(out);
        *out = (hn_strlist){0};
    }
    hn_buf_release(&seen);
    hn_free(data);
    return st;
}
