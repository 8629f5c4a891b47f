/* source_find.c - from what a user names to sources: a file, a folder, or a pattern, with a split and a slice of it. */
#include <string.h>

#include "data/records_impl.h"
#include "data/sources_impl.h"

static bool one_of(const char *split, const char *const *names) {
    for (; *names; names++)
        if (hn_streq(split, *names)) return true;
    return false;
}

/* A file by itself is the split train, whatever its name; it has no validation or test split. */
static bool not_in_a_file(const char *split) {
    static const char *const names[] = {"validation", "valid", "dev", "val", "test", "testing", "eval", "evaluation", NULL};
    return one_of(split, names);
}

static hn_status missing(const char *name, const char *path, hn_error *err) {
    hn_fail(err, HN_ENOENT, "the data set '%s' does not exist", name);
    if (!hn_streq(name, path)) hn_error_detail(err, "looked for %s", path);
    hn_error_fix(err, "--dataset_name takes a file, a folder or a pattern on this machine, or org/name in the local hub cache");
    return HN_ENOENT;
}

static hn_status no_split(const char *name, const char *split, hn_error *err) {
    hn_fail(err, HN_ENOENT, "%s: a file has no split \"%s\"", name, split);
    hn_error_fix(err, "name the file of that split by itself, or split some rows off with --val_size");
    return HN_ENOENT;
}

static hn_status take_all(hn_strlist *to, hn_strlist *from, hn_error *err) {
    hn_status st = HN_OK;
    for (size_t i = 0; i < from->n; i++) {
        if (st == HN_OK) st = hn_strlist_add(to, from->v[i], err);
        else hn_free(from->v[i]);
    }
    hn_free(from->v);
    *from = (hn_strlist){0};
    return st;
}

/* data_files: paths or patterns, relative to the data set's folder. */
static hn_status named_files(const char *path, const hn_source_query *q, hn_strlist *out, hn_error *err) {
    hn_status st = HN_OK;
    for (size_t i = 0; i < q->data_files->n && st == HN_OK; i++) {
        const char *file = q->data_files->v[i];
        bool below = file[0] != '/' && hn_path_is_dir(path);
        char *full = below ? hn_path_join(path, file) : hn_strdup(file);
        hn_strlist found;
        if (!full) return hn_nomem(err, strlen(file));
        if (hn_path_exists(full)) {
            st = hn_strlist_add(out, full, err);
            continue;
        }
        if (hn_is_pattern(full)) {
            st = hn_files_matching(full, &found, err);
            if (st == HN_OK) st = take_all(out, &found, err);
        } else {
            st = missing(file, full, err);
        }
        hn_free(full);
    }
    return st;
}

static hn_status resolve(const hn_source_query *q, const char *path, const char *split, hn_strlist *out, hn_error *err) {
    *out = (hn_strlist){0};
    if (q->data_files && q->data_files->n) return named_files(path, q, out, err);
    if (hn_path_is_dir(path)) return hn_folder_files(q->name, path, q->config, split, q->optional, out, err);
    bool exists = hn_path_exists(path);
    if (!exists && !hn_is_pattern(path)) return missing(q->name, path, err);
    if (not_in_a_file(split)) return q->optional ? HN_OK : no_split(q->name, split, err);
    return exists ? hn_strlist_add(out, hn_strdup(path), err) : hn_files_matching(path, out, err);
}

static hn_status add_split(hn_sources *s, const hn_source_query *q, const char *path, const hn_split *split, const char *text,
                           size_t n, hn_error *err) {
    hn_strlist files;
    hn_part *part = NULL;
    hn_status found = resolve(q, path, split->name, &files, err);
    if (found != HN_OK) hn_strlist_free(&files);
    if (found != HN_OK || files.n == 0) return found;
    hn_buf name = {0};
    hn_buf_puts(&name, q->name);
    bool sliced = split->slice.from != HN_UNSET_INT || split->slice.to != HN_UNSET_INT;
    bool shown = sliced || !hn_streq(split->name, "train");
    if (q->config && shown) hn_buf_printf(&name, " (%s, %.*s)", q->config, (int)n, text);
    else if (q->config) hn_buf_printf(&name, " (%s)", q->config);
    else if (shown) hn_buf_printf(&name, " (%.*s)", (int)n, text);
    hn_status st = name.failed ? hn_nomem(err, name.n) : hn_sources_add(s, name.p, &part, err);
    if (st == HN_OK) {
        part->files = files;
        part->slice = split->slice;
    } else {
        hn_strlist_free(&files);
    }
    hn_buf_release(&name);
    return st;
}

hn_status hn_sources_find(hn_sources *s, const hn_source_query *q, hn_error *err) {
    const char *spec = q->split ? q->split : "train";
    char *path = q->data_dir ? hn_path_join(q->path ? q->path : q->name, q->data_dir) : hn_strdup(q->path ? q->path : q->name);
    hn_status st = path ? HN_OK : hn_nomem(err, strlen(q->name));
    size_t at = 0;
    do {
        hn_split split;
        size_t from = at;
        if (st == HN_OK) st = hn_split_next(spec, &at, &split, err);
        size_t n = at - from;
        while (n && strchr(" +", spec[from + n - 1])) n--;
        while (n && spec[from] == ' ') from++, n--;
        if (st == HN_OK) st = add_split(s, q, path, &split, spec + from, n, err);
    } while (st == HN_OK && (spec[at] || (at && spec[at - 1] == '+')));
    hn_free(path);
    return st;
}
