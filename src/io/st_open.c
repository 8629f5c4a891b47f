/* st_open.c - a model's weights as one table of tensors: a single safetensors file, or the shards of an index.
 *
 * The index is trusted for which file holds which tensor, and then checked: every shard is opened once, and every
 * name must be in the shard it is said to be in. */
#include "io/st_impl.h"

#include <stdlib.h>
#include <string.h>

struct hn_st {
    hn_map *map; /* [files] */
    size_t files;
    hn_st_tensor *tensor; /* sorted by name */
    size_t count;
    hn_arena arena;
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const hn_st_tensor *)a)->name, ((const hn_st_tensor *)b)->name);
}

void hn_st_close(hn_st *s) {
    if (!s) return;
    for (size_t i = 0; i < s->files; i++) hn_map_close(&s->map[i]);
    hn_free(s->map);
    hn_free(s->tensor);
    hn_arena_release(&s->arena);
    hn_free(s);
}

size_t hn_st_count(const hn_st *s) { return s->count; }

const hn_st_tensor *hn_st_at(const hn_st *s, size_t i) { return i < s->count ? &s->tensor[i] : NULL; }

const hn_st_tensor *hn_st_find(const hn_st *s, const char *name) {
    if (s->count == 0) return NULL;
    hn_st_tensor key = {.name = name};
    return bsearch(&key, s->tensor, s->count, sizeof key, by_name);
}

static hn_status new_set(size_t files, hn_st **out, hn_error *err) {
    hn_st *s = hn_calloc(1, sizeof *s);
    if (!s) return hn_nomem(err, sizeof *s);
    hn_arena_init(&s->arena, 0);
    s->map = hn_calloc(files ? files : 1, sizeof *s->map);
    if (!s->map) {
        hn_st_close(s);
        return hn_nomem(err, files * sizeof *s->map);
    }
    *out = s;
    return HN_OK;
}

/* Maps one more file and appends its tensors. */
static hn_status add_file(hn_st *s, const char *path, hn_error *err) {
    char *kept = hn_arena_strndup(&s->arena, path, strlen(path));
    if (!kept) return hn_nomem(err, strlen(path));
    HN_TRY(hn_map_open(path, &s->map[s->files], err));
    s->files++;
    hn_st_tensor *list = NULL;
    size_t n = 0;
    HN_TRY(hn_st_parse(&s->map[s->files - 1], kept, &s->arena, &list, &n, err));
    hn_st_tensor *all = hn_realloc_array(s->tensor, s->count + n ? s->count + n : 1, sizeof *all);
    if (!all) return hn_nomem(err, (s->count + n) * sizeof *all);
    if (n) memcpy(all + s->count, list, n * sizeof *all);
    s->tensor = all;
    s->count += n;
    return HN_OK;
}

hn_status hn_st_open(const char *path, hn_st **out, hn_error *err) {
    *out = NULL;
    hn_st *s = NULL;
    HN_TRY(new_set(1, &s, err));
    hn_status st = add_file(s, path, err);
    if (st != HN_OK) {
        hn_st_close(s);
        return st;
    }
    if (s->count) qsort(s->tensor, s->count, sizeof *s->tensor, by_name);
    *out = s;
    return HN_OK;
}

static int by_string(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The distinct files of a weight_map, sorted; names stay the JSON's. */
static hn_status shard_names(const hn_json *map, const char *index, const char ***out, size_t *count, hn_error *err) {
    const char **v = hn_alloc_array(hn_json_len(map), sizeof *v);
    if (!v) return hn_nomem(err, hn_json_len(map) * sizeof *v);
    size_t n = 0;
    hn_json_iter it;
    for (bool more = hn_json_first(map, &it); more; more = hn_json_next(&it)) {
        const char *file = hn_json_cstr(it.value);
        if (!file || !*file || strchr(file, '/')) {
            hn_free(v);
            return hn_fail(err, HN_EFORMAT, "%s: tensor '%.200s' has no plain file name", index, it.key);
        }
        v[n++] = file;
    }
    qsort(v, n, sizeof *v, by_string);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (k == 0 || !hn_streq(v[k - 1], v[i])) v[k++] = v[i];
    *out = v;
    *count = k;
    return HN_OK;
}

/* Drops what the index does not place in the shard it was found in; each name of the index must remain once. */
static hn_status match_index(hn_st *s, const hn_json *map, const char *index, hn_error *err) {
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        const char *file = hn_json_cstr(hn_json_get(map, s->tensor[i].name));
        if (file && hn_streq(file, hn_path_base(s->tensor[i].file))) s->tensor[kept++] = s->tensor[i];
    }
    s->count = kept;
    if (kept) qsort(s->tensor, kept, sizeof *s->tensor, by_name);
    hn_json_iter it;
    for (bool more = hn_json_first(map, &it); more; more = hn_json_next(&it))
        if (!hn_st_find(s, it.key))
            return hn_fail(err, HN_EFORMAT, "%s: tensor '%.200s' is not in '%.200s'", index, it.key, hn_json_cstr(it.value));
    return HN_OK;
}

static hn_status open_shards(const char *dir, const char *index, const hn_json *map, hn_st **out, hn_error *err) {
    const char **file = NULL;
    size_t files = 0;
    hn_st *s = NULL;
    hn_status st = HN_OK;
    HN_GO(st, shard_names(map, index, &file, &files, err));
    HN_GO(st, new_set(files, &s, err));
    for (size_t i = 0; i < files; i++) {
        char *path = hn_path_join(dir, file[i]);
        if (!path) {
            st = hn_nomem(err, strlen(dir));
            goto done;
        }
        st = hn_path_exists(path) ? add_file(s, path, err) : HN_ENOENT;
        if (st == HN_ENOENT) {
            hn_fail(err, HN_ENOENT, "%s: shard %zu of %zu is missing: '%s'", index, i + 1, files, file[i]);
            hn_error_fix(err, "the download or copy is incomplete: fetch '%s' again", file[i]);
        }
        hn_free(path);
        if (st != HN_OK) goto done;
    }
    HN_GO(st, match_index(s, map, index, err));
    *out = s;
    s = NULL;
done:
    hn_st_close(s);
    hn_free(file);
    return st;
}

static hn_status open_index(const char *dir, const char *index, hn_st **out, hn_error *err) {
    hn_json *json = NULL;
    HN_TRY(hn_json_load(index, &json, err));
    const hn_json *map = hn_json_get(json, "weight_map");
    hn_status st = HN_OK;
    if (hn_json_type(map) != HN_JSON_OBJECT || hn_json_len(map) == 0)
        st = hn_fail(err, HN_EFORMAT, "%s: \"weight_map\" is missing, empty or no object", index);
    else st = open_shards(dir, index, map, out, err);
    hn_json_free(json);
    return st;
}

hn_status hn_st_open_dir(const char *dir, const char *stem, hn_st **out, hn_error *err) {
    *out = NULL;
    hn_buf single = {0}, index = {0};
    hn_buf_printf(&single, "%s/%s.safetensors", dir, stem);
    hn_buf_printf(&index, "%s/%s.safetensors.index.json", dir, stem);
    hn_status st = HN_OK;
    if (single.failed || index.failed) {
        st = hn_nomem(err, strlen(dir));
    } else if (hn_path_exists(single.p)) {
        st = hn_st_open(single.p, out, err);
    } else if (hn_path_exists(index.p)) {
        st = open_index(dir, index.p, out, err);
    } else {
        st = hn_fail(err, HN_ENOENT, "%s: no %s.safetensors and no %s.safetensors.index.json", dir, stem, stem);
        hn_buf pickle = {0};
        hn_buf_printf(&pickle, "%s/pytorch_model.bin", dir);
        if (pickle.p && hn_path_exists(pickle.p)) {
            hn_error_detail(err, "pytorch_model.bin is a pickle, a program that would be run: it is never opened");
            hn_error_fix(err, "convert it once with transformers: model.save_pretrained(folder)");
        }
        hn_buf_release(&pickle);
    }
    hn_buf_release(&single);
    hn_buf_release(&index);
    return st;
}
