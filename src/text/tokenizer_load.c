/* tokenizer_load.c - finds the file a tokenizer is to be read from, reads what stands beside it, and settles the special
 * tokens and the fingerprint. */
#include "text/readers_impl.h"

#define HN_READER(name) extern const hn_tokenizer_reader hn_reader_##name;
#include "text/tokenizer_readers.def"
#undef HN_READER

#define HN_READER(name) &hn_reader_##name,
static const hn_tokenizer_reader *const readers[] = {
#include "text/tokenizer_readers.def"
};
#undef HN_READER
enum { READERS = sizeof readers / sizeof *readers };

bool hn_ends_with(const char *s, const char *end) {
    size_t n = strlen(s), k = strlen(end);
    return n >= k && strcmp(s + n - k, end) == 0;
}

/* The file in dir that a name or an ending ("*.gguf") of a reader's list stands for; NULL: none. */
static hn_status find_file(const char *dir, const char *name, char **out, hn_error *err) {
    hn_strlist list = {0};
    *out = NULL;
    if (name[0] != '*') {
        char *path = hn_path_join(dir, name);
        if (!path) return hn_nomem(err, strlen(dir));
        if (hn_path_exists(path)) *out = path;
        else hn_free(path);
        return HN_OK;
    }
    HN_TRY(hn_dir_list(dir, &list, err));
    hn_status st = HN_OK;
    for (size_t i = 0; i < list.n && st == HN_OK; i++) {
        if (!hn_ends_with(list.v[i], name + 1)) continue;
        if (*out) {
            st = hn_fail(err, HN_EARG, "'%s' has several files %s", dir, name);
            hn_error_fix(err, "name the one whose vocabulary is meant");
        } else if (!(*out = hn_path_join(dir, list.v[i]))) {
            st = hn_nomem(err, strlen(dir));
        }
    }
    hn_strlist_free(&list);
    if (st != HN_OK) {
        hn_free(*out);
        *out = NULL;
    }
    return st;
}

static hn_status not_found(const char *dir, hn_error *err) {
    hn_fail(err, HN_ENOENT, "there is no tokenizer.json in '%s', nor another file with a vocabulary", dir);
    for (size_t i = 1; i < READERS; i++)
        for (const char *const *name = readers[i]->files; *name; name++) hn_error_detail(err, "looked for %s", *name);
    hn_error_fix(err, "name a model folder that has one, or the file itself");
    return HN_ENOENT;
}

/* The reader that knows a file by its name and beginning. */
static const hn_tokenizer_reader *reader_of(const char *path, hn_str bytes) {
    for (size_t i = 0; i < READERS; i++)
        if (readers[i]->is(hn_path_base(path), bytes)) return readers[i];
    return NULL;
}

static hn_status read_bytes(hn_tokenizer *t, const char *path, hn_str bytes, hn_error *err) {
    const hn_tokenizer_reader *r = reader_of(path, bytes);
    if (r) return r->read(t, path, bytes, err);
    hn_fail(err, HN_EFORMAT, "%s: no kind of vocabulary known", path);
    for (size_t i = 0; i < READERS; i++) hn_error_detail(err, "known: %s, %s", readers[i]->name, readers[i]->about);
    return HN_EFORMAT;
}

static hn_status read_file(hn_tokenizer *t, const char *path, hn_error *err) {
    hn_map map;
    HN_TRY(hn_map_open(path, &map, err));
    hn_status st = read_bytes(t, path, (hn_str){(const char *)map.p, map.n}, err);
    hn_map_close(&map);
    return st;
}

static hn_status find(const char *dir, char **path, hn_error *err) {
    *path = NULL;
    for (size_t i = 0; i < READERS && !*path; i++)
        for (const char *const *name = readers[i]->files; *name && !*path; name++) HN_TRY(find_file(dir, *name, path, err));
    return HN_OK;
}

bool hn_tokenizer_found(const char *dir) {
    char *path;
    bool found = find(dir, &path, NULL) != HN_OK || path; /* several are one too many, not none */
    hn_free(path);
    return found;
}

static hn_status read_folder(hn_tokenizer *t, const char *dir, hn_error *err) {
    char *path;
    HN_TRY(find(dir, &path, err));
    if (!path) return not_found(dir, err);
    t->folder = hn_strdup(dir);
    hn_status st = t->folder ? hn_config_open(t, dir, err) : hn_nomem(err, strlen(dir));
    if (st == HN_OK) st = read_file(t, path, err);
    if (st == HN_OK) st = hn_config_apply(t, err);
    hn_free(path);
    return st;
}

/* What decides ids: tokenizer.json and the added tokens as they are after all files were read. */
hn_status hn_tokenizer_seal(hn_tokenizer *t, hn_error *err) {
    HN_TRY(hn_added_build(t, err));
    hn_hash *h = hn_hash_new();
    if (!h) return hn_nomem(err, 1);
    hn_hash_add(h, t->kept[0].p, t->kept[0].n);
    hn_hash_add(h, t->source_hash, strlen(t->source_hash));
    for (size_t i = 0; i < t->added.n; i++) {
        const hn_added_token *a = &t->added.v[i];
        const unsigned char flags[] = {a->single_word, a->lstrip, a->rstrip, a->normalized, a->special};
        hn_hash_add(h, a->text.p, a->text.n + 1);
        hn_hash_add(h, &a->id, sizeof a->id);
        hn_hash_add(h, flags, sizeof flags);
    }
    hn_hash_end(h, t->fingerprint);
    t->serial = hn_text_hash(t->fingerprint, 32) | 1; /* never the 0 of memory not used yet */
    return HN_OK;
}

static hn_tokenizer *empty(void) {
    hn_tokenizer *t = hn_calloc(1, sizeof *t);
    if (!t) return NULL;
    for (int i = 0; i < HN_SPECIAL_COUNT; i++) t->special_id[i] = t->default_id[i] = -1;
    t->max_length = INT64_MAX;
    return t;
}

/* The end of loading: what only the vocabulary names, tries, fingerprint. */
static hn_status finish(hn_status st, hn_tokenizer *t, hn_tokenizer **out, hn_error *err) {
    if (st == HN_OK) st = hn_config_defaults(t, err);
    if (st == HN_OK) st = hn_tokenizer_seal(t, err);
    if (st == HN_OK) *out = t;
    else hn_tokenizer_free(t);
    return st;
}

hn_status hn_tokenizer_parse(const char *name, hn_str bytes, hn_tokenizer **out, hn_error *err) {
    *out = NULL;
    hn_tokenizer *t = empty();
    return t ? finish(read_bytes(t, name, bytes, err), t, out, err) : hn_nomem(err, sizeof *t);
}

hn_status hn_tokenizer_load(const char *path, hn_tokenizer **out, hn_error *err) {
    *out = NULL;
    hn_tokenizer *t = empty();
    if (!t) return hn_nomem(err, sizeof *t);
    return finish(hn_path_is_dir(path) ? read_folder(t, path, err) : read_file(t, path, err), t, out, err);
}
