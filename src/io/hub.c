/* hub.c - which folder the name of a model or data set means: a folder itself, or a snapshot in the local hub cache.
 *
 * Layout of the cache: <root>/models--org--name/refs/<revision> holds the commit, snapshots/<commit>/ the files; datasets--
 * likewise. It is only read; nothing is ever downloaded. */
#include "io/io.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *env(const char *name) {
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

static void cache_root(hn_buf *out) {
    const char *v;
    if ((v = env("HF_HUB_CACHE")) != NULL) hn_buf_puts(out, v);
    else if ((v = env("HF_HOME")) != NULL) hn_buf_printf(out, "%s/hub", v);
    else if ((v = env("XDG_CACHE_HOME")) != NULL) hn_buf_printf(out, "%s/huggingface/hub", v);
    else hn_buf_printf(out, "%s/.cache/huggingface/hub", (v = env("HOME")) != NULL ? v : "");
}

/* "org/name" or "name", of the letters the hub allows. */
static bool is_hub_name(const char *name) {
    int slashes = 0;
    for (const char *p = name; *p; p++) {
        if (*p == '/') slashes++;
        else if (!isalnum((unsigned char)*p) && !strchr("._-", *p)) return false;
    }
    return slashes <= 1 && *name && *name != '/' && *name != '.' && name[strlen(name) - 1] != '/';
}

/* A revision becomes part of a path: branch names may hold slashes, but never "..". */
static bool is_revision(const char *r) {
    if (!*r || *r == '/' || strstr(r, "..")) return false;
    for (const char *p = r; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-/", *p)) return false;
    return true;
}

/* The kinds of repository, as the cache and the download command have them. */
typedef struct {
    const char *kind, *option;
} repo_kind;
static const repo_kind model = {"models", ""}, dataset = {"datasets", "--repo-type dataset "};

static void repo_dir(hn_buf *out, const repo_kind *kind, const char *name) {
    cache_root(out);
    hn_buf_printf(out, "/%s--", kind->kind);
    for (const char *p = name; *p; p++) {
        if (*p == '/') hn_buf_puts(out, "--");
        else hn_buf_putc(out, *p);
    }
}

/* The commit behind a branch or tag: the text of refs/<revision>; without that file the revision is the commit. */
static void commit_of(const char *repo, const char *revision, hn_buf *commit) {
    hn_buf ref = {0};
    hn_buf_printf(&ref, "%s/refs/%s", repo, revision);
    if (ref.failed || !hn_path_exists(ref.p) || hn_file_read(ref.p, commit, NULL) != HN_OK) {
        hn_buf_clear(commit);
        hn_buf_puts(commit, revision);
    }
    while (commit->n && isspace((unsigned char)commit->p[commit->n - 1])) commit->p[--commit->n] = '\0';
    hn_buf_release(&ref);
}

static hn_status not_there(const repo_kind *kind, const char *name, const char *revision, const char *repo, bool has_repo,
                           hn_error *err) {
    if (kind == &model) hn_fail(err, HN_ENOENT, "model '%s' is neither a folder nor in the local hub cache", name);
    else hn_fail(err, HN_ENOENT, "the data set '%s' is neither a file or folder nor in the local hub cache", name);
    if (has_repo) hn_error_detail(err, "%s has no snapshot of revision '%s'", repo, revision);
    else hn_error_detail(err, "looked for the folder '%s' and for %s", name, repo);
    if (hn_streq(revision, "main")) hn_error_fix(err, "hf download %s%s", kind->option, name);
    else hn_error_fix(err, "hf download %s%s --revision %s", kind->option, name, revision);
    return HN_ENOENT;
}

static hn_status find_snapshot(const repo_kind *kind, const char *name, const char *revision, char **dir, hn_error *err) {
    hn_buf repo = {0}, commit = {0}, path = {0};
    hn_status st = HN_OK;
    repo_dir(&repo, kind, name);
    if (!repo.failed) commit_of(repo.p, revision, &commit);
    if (!commit.failed && commit.n) hn_buf_printf(&path, "%s/snapshots/%s", repo.p, commit.p);
    if (repo.failed || commit.failed || path.failed) st = hn_nomem(err, strlen(name));
    else if (!path.p || !is_revision(commit.p) || !hn_path_is_dir(path.p))
        st = not_there(kind, name, revision, repo.p, hn_path_is_dir(repo.p), err);
    else if (!(*dir = hn_buf_take(&path))) st = hn_nomem(err, strlen(name));
    hn_buf_release(&repo);
    hn_buf_release(&commit);
    hn_buf_release(&path);
    return st;
}

hn_status hn_model_dir_find(const char *name, const char *revision, char **dir, hn_error *err) {
    *dir = NULL;
    if (hn_path_is_dir(name)) {
        *dir = hn_strdup(name);
        return *dir ? HN_OK : hn_nomem(err, strlen(name));
    }
    if (hn_path_exists(name)) {
        hn_fail(err, HN_EARG, "model '%s' is a file", name);
        hn_error_fix(err, "name the folder that holds config.json");
        return HN_EARG;
    }
    if (!is_hub_name(name)) return hn_fail(err, HN_ENOENT, "model folder '%s' does not exist", name);
    if (!revision) revision = "main";
    if (!is_revision(revision)) return hn_fail(err, HN_EARG, "'%s' cannot be a revision", revision);
    return find_snapshot(&model, name, revision, dir, err);
}

bool hn_hub_name(const char *name) { return is_hub_name(name); }

hn_status hn_dataset_dir_find(const char *name, const char *revision, char **dir, hn_error *err) {
    *dir = NULL;
    if (!revision) revision = "main";
    if (!is_hub_name(name)) return hn_fail(err, HN_ENOENT, "the data set '%s' does not exist", name);
    if (!is_revision(revision)) return hn_fail(err, HN_EARG, "'%s' cannot be a revision", revision);
    return find_snapshot(&dataset, name, revision, dir, err);
}
