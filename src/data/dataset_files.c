/* dataset_files.c - which files of a folder are a split, and of which configuration: the layouts of data sets on the hub and of
 * folders that people make.
 *
 * A file's split is written in its name or in a folder above it, as the datasets library reads it: train-00000-of-00002.parquet,
 * my_train.jsonl, validation/part1.csv. What stands above that is the configuration (main/train-*, data/en/test.jsonl); the
 * folder itself and data/ in it are the default one. A folder without any such name is one split, train. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "data/records_impl.h"
#include "data/sources_impl.h"

static const struct { const char *split, *words; } standard[] = {
    {"train", "train training"}, {"validation", "validation valid dev val"}, {"test", "test testing eval evaluation"}};
enum { STANDARD = sizeof standard / sizeof *standard };

/* One file: its path below the folder, its split and configuration. */
typedef struct {
    char *path;
    char split[64]; /* "": none is written anywhere */
    char config[128];
} entry;

typedef struct {
    const char *root;
    entry *v;
    size_t n;
    bool any_split, arrow;
} listing;

static bool word_in(const char *words, const char *p, size_t n) {
    for (const char *w = words; *w; w += strspn(w, " ")) {
        size_t k = strcspn(w, " ");
        if (k == n && memcmp(w, p, n) == 0) return true;
        w += k;
    }
    return false;
}

/* The standard split that a name, or one of its words ("my_train-2.jsonl"), stands for; NULL: none. */
static const char *standard_split(const char *name, size_t n) {
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k < n && isalpha((unsigned char)name[k])) k++;
        for (size_t s = 0; s < STANDARD && k > i; s++)
            if (word_in(standard[s].words, name + i, k - i)) return standard[s].split;
        i = k + 1;
    }
    return NULL;
}

/* The length of NAME in NAME-00000-of-00003...; 0: not such a name. */
static size_t sharded(const char *base) {
    const char *of = strstr(base, "-of-");
    if (!of || of - base < 7 || of[-6] != '-') return 0;
    for (int i = 1; i <= 5; i++)
        if (!isdigit((unsigned char)of[-i]) || !isdigit((unsigned char)of[3 + i])) return 0;
    return (size_t)(of - base) - 6;
}

static void copy(char *out, size_t cap, const char *p, size_t n) { snprintf(out, cap, "%.*s", (int)n, p); }

/* The stem of a file's name: what stands before the first dot. */
static size_t stem(const char *base) { return strcspn(base, "."); }

/* Split and configuration from the path: folders first, from the top, then the name. */
static void label(entry *e) {
    const char *base = hn_path_base(e->path), *end = base;
    for (const char *p = e->path; p < base; p += strcspn(p, "/") + 1) {
        const char *split = standard_split(p, strcspn(p, "/"));
        if (!split) continue;
        copy(e->split, sizeof e->split, split, strlen(split));
        end = p;
        break;
    }
    size_t n = sharded(base);
    const char *word = !e->split[0] ? standard_split(base, stem(base)) : NULL;
    if (!e->split[0] && n) { /* train_sft-00000-of-00003 is the split train_sft, but valid-... is validation */
        const char *whole = NULL;
        for (size_t s = 0; s < STANDARD; s++)
            if (word_in(standard[s].words, base, n)) whole = standard[s].split;
        copy(e->split, sizeof e->split, whole ? whole : base, whole ? strlen(whole) : n);
    } else if (word) {
        copy(e->split, sizeof e->split, word, strlen(word));
    }
    size_t folders = (size_t)(end - e->path);
    while (folders && e->path[folders - 1] == '/') folders--;
    const char *from = e->path;
    if (folders >= 4 && memcmp(from, "data", 4) == 0 &&
        (folders == 4 || from[4] == '/')) { /* where hub repositories keep theirs */
        size_t skip = folders == 4 ? 4 : 5;
        from += skip;
        folders -= skip;
    }
    copy(e->config, sizeof e->config, from, folders);
}

/* Files that lie beside data and are none. */
static bool beside(const char *path) {
    static const char *const names[] = {"config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json",
                                        "state.json"};
    static const char *const stems[] = {"readme", "license", "licence", "notice", "changelog", "citation", "requirements"};
    const char *base = hn_path_base(path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (hn_streq(base, names[i])) return true;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
        if (strncasecmp(base, stems[i], strlen(stems[i])) == 0 && strchr(".-_", base[strlen(stems[i])])) return true;
    return false;
}

static bool same_kind(const char *a, const char *b) {
    hn_str x = hn_records_extension(a), y = hn_records_extension(b);
    return x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
}

/* Where no name says anything, the files of the kind that occurs most are the data. */
static void keep_commonest(listing *l) {
    const char *best = NULL;
    size_t most = 0, kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        size_t n = 0;
        bool counted = false;
        for (size_t k = 0; k < i && !counted; k++) counted = same_kind(l->v[k].path, l->v[i].path);
        for (size_t k = i; k < l->n && !counted; k++) n += same_kind(l->v[k].path, l->v[i].path);
        if (n <= most) continue;
        most = n;
        best = l->v[i].path;
    }
    for (size_t i = 0; i < l->n; i++) { /* in two steps, as best is among them */
        if (same_kind(l->v[i].path, best)) continue;
        hn_free(l->v[i].path);
        l->v[i].path = NULL;
    }
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].path) l->v[kept++] = l->v[i];
    l->n = kept;
}

static hn_status read_listing(const char *root, listing *l, hn_error *err) {
    hn_strlist files;
    HN_TRY(hn_files_below(root, &files, err));
    hn_status st = HN_OK;
    l->root = root;
    l->v = hn_calloc(files.n ? files.n : 1, sizeof *l->v);
    if (!l->v) st = hn_nomem(err, files.n * sizeof *l->v);
    for (size_t i = 0; i < files.n && st == HN_OK; i++) {
        const char *dot = strrchr(files.v[i], '.');
        l->arrow = l->arrow || hn_streq(dot, ".arrow");
        if (!hn_records_known(files.v[i]) || beside(files.v[i])) continue;
        entry *e = &l->v[l->n++];
        e->path = files.v[i];
        files.v[i] = NULL;
        label(e);
        l->any_split = l->any_split || e->split[0];
    }
    hn_strlist_free(&files);
    if (st == HN_OK && !l->any_split) keep_commonest(l);
    return st;
}

static void release_listing(listing *l) {
    for (size_t i = 0; l->v && i < l->n; i++) hn_free(l->v[i].path);
    hn_free(l->v);
}

/* Does the entry belong to the configuration: its folder, or the beginning of its name ("main-train.jsonl")? */
static bool of_config(const entry *e, const char *config) {
    if (hn_streq(e->config, config)) return true;
    const char *base = hn_path_base(e->path);
    size_t n = strlen(config);
    return strncmp(base, config, n) == 0 && base[n] && strchr("-_.", base[n]);
}

/* Does the entry belong to a split that is named so? A name of no standard split may also be the stem, or a folder. */
static bool of_split(const listing *l, const entry *e, const char *split) {
    const char *known = standard_split(split, strlen(split)), *base = hn_path_base(e->path);
    bool is_standard = false;
    for (size_t s = 0; s < STANDARD; s++) is_standard = is_standard || word_in(standard[s].words, split, strlen(split));
    if (!l->any_split) return hn_streq(split, "train");
    if (is_standard) return hn_streq(e->split, known);
    if (hn_streq(e->split, split)) return true;
    size_t n = strlen(split);
    if (strncmp(base, split, n) == 0 && !isalnum((unsigned char)base[n])) return true;
    const char *at = strstr(e->path, split);
    return at && at < base && at[n] == '/' && (at == e->path || at[-1] == '/');
}

static void list_splits(const listing *l, hn_error *err) {
    hn_buf b = {0};
    for (size_t i = 0; i < l->n && b.n < 600; i++) {
        bool said = !l->v[i].split[0];
        for (size_t k = 0; k < i && !said; k++) said = hn_streq(l->v[k].split, l->v[i].split);
        if (!said) hn_buf_printf(&b, "%s%s", b.n ? ", " : "", l->v[i].split);
    }
    if (b.n) hn_error_detail(err, "its splits: %s", b.p);
    hn_buf_release(&b);
}

static void list_files(const char *root, hn_error *err) {
    hn_strlist names;
    hn_buf b = {0};
    if (hn_dir_list(root, &names, NULL) != HN_OK) return;
    for (size_t i = 0; i < names.n && b.n < 600; i++) hn_buf_printf(&b, "%s%s", b.n ? ", " : "", names.v[i]);
    hn_error_detail(err, "it holds: %s", b.n ? b.p : "nothing");
    hn_strlist_free(&names);
    hn_buf_release(&b);
}

static hn_status absent(const listing *l, const char *name, const char *split, hn_error *err) {
    hn_fail(err, HN_ENOENT, "%s: no file of the split \"%s\" in the folder", name, split);
    list_splits(l, err);
    list_files(l->root, err);
    if (l->arrow) {
        hn_error_fix(
            err,
            "Arrow files are not read: python -c \"import sys, datasets; datasets.load_from_disk(sys.argv[1]).to_parquet("
            "sys.argv[2])\" %s train.parquet",
            l->root);
    } else if (l->any_split) {
        hn_error_fix(err, "name one of its splits with --dataset_train_split, or a file with --dataset_name");
    } else {
        hn_error_fix(err, "name a folder with .jsonl, .json, .csv, .tsv, .txt or .parquet files (also .gz, .zst)");
    }
    return HN_ENOENT;
}

/* The folders that hold the split, where no configuration is named: that of the data set itself or one called default, else
 * all of them, as the datasets library has it; they are named in the log then. NULL: all. */
static const char *choose_config(const listing *l, const char *name, const char *split) {
    hn_buf b = {0};
    size_t n = 0;
    const char *usual = NULL;
    for (size_t i = 0; i < l->n && !usual; i++) {
        const entry *e = &l->v[i];
        bool said = !of_split(l, e, split);
        for (size_t k = 0; k < i && !said; k++) said = of_split(l, &l->v[k], split) && hn_streq(l->v[k].config, e->config);
        if (said) continue;
        if (!e->config[0] || hn_streq(e->config, "default")) usual = e->config;
        if (b.n < 600) hn_buf_printf(&b, "%s%s", b.n ? ", " : "", e->config);
        n++;
    }
    if (!usual && n > 1) hn_info("%s: the split \"%s\" is read from all of %s; --dataset_config takes one", name, split, b.p);
    hn_buf_release(&b);
    return usual;
}

static bool has_config(const listing *l, const char *config) {
    for (size_t i = 0; i < l->n; i++)
        if (of_config(&l->v[i], config)) return true;
    return false;
}

static hn_status no_config(const listing *l, const char *name, const char *config, hn_error *err) {
    hn_fail(err, HN_ENOENT, "%s: no configuration \"%s\": neither a folder nor the beginning of a file's name", name, config);
    list_files(l->root, err);
    hn_error_fix(err, "--dataset_config takes the name of a folder with train*, validation*, test* files in it");
    return HN_ENOENT;
}

static hn_status from_listing(const char *name, const char *root, const char *config, const char *split, bool optional,
                              hn_strlist *out, hn_error *err) {
    listing l = {0};
    hn_status st = read_listing(root, &l, err);
    bool given = st == HN_OK && config && !(hn_streq(config, "default") && !has_config(&l, config));
    if (given && !has_config(&l, config)) st = no_config(&l, name, config, err);
    if (!given) config = l.any_split ? choose_config(&l, name, split) : NULL;
    bool in_root = false; /* files of the folder itself hide those of data/ in it */
    for (size_t i = 0; i < l.n && st == HN_OK && !given && config && !config[0]; i++)
        in_root = in_root || (of_split(&l, &l.v[i], split) && !l.v[i].config[0] && strncmp(l.v[i].path, "data/", 5) != 0);
    for (size_t i = 0; i < l.n && st == HN_OK; i++) {
        const entry *e = &l.v[i];
        bool mine = !config || (given ? of_config(e, config)
                                      : hn_streq(e->config, config) && !(in_root && strncmp(e->path, "data/", 5) == 0));
        if (mine && of_split(&l, e, split)) st = hn_strlist_add(out, hn_path_join(root, e->path), err);
    }
    if (st == HN_OK && out->n == 0 && !optional) st = absent(&l, name, split, err);
    release_listing(&l);
    return st;
}

static hn_status no_card_config(const hn_json *configs, const char *name, const char *config, hn_error *err) {
    hn_buf b = {0};
    for (size_t i = 0; i < hn_json_len(configs) && b.n < 600; i++)
        hn_buf_printf(&b, "%s%.100s", i ? ", " : "", hn_card_name(hn_json_at(configs, i)));
    if (config) hn_fail(err, HN_ENOENT, "%s: no configuration \"%s\"", name, config);
    else hn_fail(err, HN_EARG, "%s: the data set has several configurations", name);
    hn_error_detail(err, "its card lists: %s", b.p);
    hn_error_fix(err, "choose one with --dataset_config NAME");
    hn_buf_release(&b);
    return config ? HN_ENOENT : HN_EARG;
}

/* The files that the card's patterns for the split stand for. */
static hn_status from_card(const char *name, const char *root, const hn_json *config, const char *split, bool optional,
                           hn_strlist *out, hn_error *err) {
    hn_strlist patterns;
    hn_buf splits = {0};
    hn_status st = hn_card_patterns(config, split, &patterns, &splits, err);
    for (size_t i = 0; i < patterns.n && st == HN_OK; i++) {
        hn_strlist found = {0};
        char *path = hn_path_join(root, patterns.v[i]);
        if (!path) st = hn_nomem(err, strlen(root));
        else if (!hn_is_pattern(path)) st = hn_strlist_add(&found, hn_strdup(path), err);
        else st = hn_files_matching(path, &found, err);
        for (size_t k = 0; k < found.n && st == HN_OK; k++) st = hn_strlist_add(out, hn_strdup(found.v[k]), err);
        hn_strlist_free(&found);
        hn_free(path);
    }
    if (st == HN_OK && out->n == 0 && !optional) {
        st = hn_fail(err, HN_ENOENT, "%s: the configuration \"%s\" has no split \"%s\"", name, hn_card_name(config), split);
        hn_error_detail(err, "its splits: %s", splits.n ? splits.p : "none");
        hn_error_fix(err, "name one of them with --dataset_train_split");
    }
    hn_strlist_free(&patterns);
    hn_buf_release(&splits);
    return st;
}

hn_status hn_folder_files(const char *name, const char *root, const char *config, const char *split, bool optional,
                          hn_strlist *out, hn_error *err) {
    *out = (hn_strlist){0};
    if (config && !config[0]) config = NULL;
    hn_json *configs;
    HN_TRY(hn_card_configs(root, &configs, err));
    const hn_json *one = hn_card_config(configs, config);
    const char *dir = hn_json_cstr(hn_json_get(one, "data_dir"));
    char *inside = dir ? hn_path_join(root, dir) : NULL;
    hn_status st;
    if (dir && !inside) st = hn_nomem(err, strlen(root));
    else if (configs && !one) st = no_card_config(configs, name, config, err);
    else if (hn_json_get(one, "data_files")) st = from_card(name, inside ? inside : root, one, split, optional, out, err);
    else st = from_listing(name, inside ? inside : root, one ? NULL : config, split, optional, out, err);
    if (st != HN_OK) hn_strlist_free(out);
    hn_free(inside);
    hn_json_free(configs);
    return st;
}
