/* find_files.c - files below a folder, and those a pattern stands for.
 *
 * In a pattern * ? and [...] stand for part of a name, ** for any number of folders; names that begin with a dot are found only
 * by a pattern that does as well. Sorted, so that the order never depends on the file system. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "data/sources_impl.h"

enum { DEEPEST = 12, MOST_FILES = 200000 };

static hn_status too_many(const char *root, hn_error *err) {
    hn_fail(err, HN_EARG, "%s: more than %d files, or folders in folders without end", root, MOST_FILES);
    hn_error_fix(err, "name a folder further down, or the files by a pattern");
    return HN_EARG;
}

static hn_status walk(const char *dir, const char *below, int depth, hn_strlist *out, hn_error *err) {
    hn_strlist names;
    HN_TRY(hn_dir_list(dir, &names, err));
    hn_status st = HN_OK;
    for (size_t i = 0; i < names.n && st == HN_OK; i++) {
        bool hidden = names.v[i][0] == '.' || strncmp(names.v[i], "__", 2) == 0;
        if (hidden) continue;
        char *path = hn_path_join(dir, names.v[i]), *rest = *below ? hn_path_join(below, names.v[i]) : hn_strdup(names.v[i]);
        if (!path || !rest) st = hn_nomem(err, strlen(dir));
        else if (hn_path_is_dir(path)) st = depth < DEEPEST ? walk(path, rest, depth + 1, out, err) : too_many(dir, err);
        else if (out->n >= MOST_FILES) st = too_many(dir, err);
        else {
            st = hn_strlist_add(out, rest, err);
            rest = NULL;
        }
        hn_free(path);
        hn_free(rest);
    }
    hn_strlist_free(&names);
    return st;
}

hn_status hn_files_below(const char *dir, hn_strlist *out, hn_error *err) {
    *out = (hn_strlist){0};
    hn_status st = walk(dir, "", 0, out, err);
    if (st != HN_OK) hn_strlist_free(out);
    return st;
}

bool hn_is_pattern(const char *name) { return strpbrk(name, "*?[") != NULL; }

static bool component(const char *pattern, size_t n, const char *name) {
    char one[256];
    if (n >= sizeof one) return false;
    memcpy(one, pattern, n);
    one[n] = '\0';
    return fnmatch(one, name, FNM_PERIOD) == 0;
}

/* The entries of dir that the rest of the pattern, which begins with no slash, stands for. */
static hn_status match(const char *dir, const char *pattern, int depth, hn_strlist *out, hn_error *err) {
    size_t n = strcspn(pattern, "/");
    const char *rest = pattern[n] ? pattern + n + strspn(pattern + n, "/") : NULL;
    bool any = n == 2 && pattern[0] == '*' && pattern[1] == '*';
    if (depth > DEEPEST) return too_many(dir, err);
    if (any && rest) HN_TRY(match(dir, rest, depth + 1, out, err)); /* ** may stand for no folder at all */
    hn_strlist names;
    if (hn_dir_list(*dir ? dir : ".", &names, NULL) != HN_OK)
        return HN_OK; /* no folder, or not ours to read: it has no such files */
    hn_status st = HN_OK;
    for (size_t i = 0; i < names.n && st == HN_OK; i++) {
        char *path = *dir ? hn_path_join(dir, names.v[i]) : hn_strdup(names.v[i]);
        bool folder = path && hn_path_is_dir(path);
        if (!path) st = hn_nomem(err, strlen(dir));
        else if (any && folder && names.v[i][0] != '.') st = match(path, pattern, depth + 1, out, err);
        else if (!component(any ? "*" : pattern, any ? 1 : n, names.v[i])) st = HN_OK;
        else if (rest && folder && !any) st = match(path, rest, depth + 1, out, err);
        else if (!rest && !folder && out->n < MOST_FILES) {
            st = hn_strlist_add(out, path, err);
            path = NULL;
        }
        hn_free(path);
    }
    hn_strlist_free(&names);
    return st;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

hn_status hn_files_matching(const char *pattern, hn_strlist *out, hn_error *err) {
    *out = (hn_strlist){0};
    const char *wild = strpbrk(pattern, "*?["), *slash = wild;
    while (slash && slash > pattern && slash[-1] != '/') slash--;
    size_t n = slash ? (size_t)(slash - pattern) : 0;
    char *dir = n > 1 ? hn_strndup(pattern, n - 1) : hn_strdup(n ? "/" : "");
    hn_status st = dir ? match(dir, pattern + n, 0, out, err) : hn_nomem(err, n);
    hn_free(dir);
    if (st != HN_OK) {
        hn_strlist_free(out);
        return st;
    }
    if (out->n > 1) qsort(out->v, out->n, sizeof *out->v, by_name);
    for (size_t i = 1, kept = 1; i <= out->n && out->n > 1; i++) { /* ** finds a file once however many folders it skips */
        if (i == out->n) out->n = kept;
        else if (hn_streq(out->v[i], out->v[kept - 1])) hn_free(out->v[i]);
        else out->v[kept++] = out->v[i];
    }
    if (out->n) return HN_OK;
    hn_fail(err, HN_ENOENT, "no file matches '%s'", pattern);
    hn_error_fix(err, "check the pattern with: ls %s", pattern);
    return HN_ENOENT;
}
