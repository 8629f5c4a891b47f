/* model_facts.c - what the files of a model folder say about themselves, for the checks: nothing is loaded.
 *
 * A folder may hold a tokenizer only; what is absent stays unknown. */
#include <string.h>

#include "api/check_run_impl.h"
#include "io/io.h"

typedef struct facts {
    hn_check_model *m;
    hn_arena *room;
    hn_json *config, *generation;
    hn_error *err;
} facts;

static hn_status load_json(const char *dir, const char *name, hn_json **out, hn_error *err) {
    char *path = hn_path_join(dir, name);
    if (!path) return hn_nomem(err, strlen(dir));
    hn_status st = hn_path_exists(path) ? hn_json_load(path, out, err) : HN_OK;
    hn_free(path);
    return st;
}

static const char *keep(facts *f, const char *s) { return s ? hn_arena_strndup(f->room, s, strlen(s)) : NULL; }

/* The first of several names that is a number. */
static int64_t first_int(const hn_json *j, const char *const *names) {
    for (; *names; names++)
        if (hn_json_get(j, *names)) return hn_json_int(hn_json_get(j, *names), 0);
    return 0;
}

static void end_tokens(hn_check_model *m, const hn_json *j) {
    const hn_json *eos = hn_json_get(j, "eos_token_id");
    int32_t n = 0;
    if (hn_json_type(eos) == HN_JSON_INT) m->eos[n++] = (int32_t)hn_json_int(eos, -1);
    for (size_t i = 0; i < hn_json_len(eos) && n < 8; i++) m->eos[n++] = (int32_t)hn_json_int(hn_json_at(eos, i), -1);
    if (n) m->eos_count = n;
}

static hn_status unknown_keys(facts *f) {
    hn_strlist *l = &f->m->unknown_keys;
    l->v = hn_calloc(hn_json_len(f->config) + 1, sizeof *l->v);
    if (!l->v) return hn_nomem(f->err, hn_json_len(f->config));
    hn_json_iter it;
    for (bool more = hn_json_first(f->config, &it); more; more = hn_json_next(&it)) {
        if (hn_config_key_known(it.key)) continue;
        l->v[l->n] = hn_strdup(it.key);
        if (!l->v[l->n++]) return hn_nomem(f->err, strlen(it.key));
    }
    return HN_OK;
}

static hn_status read_config(facts *f, const char *dir) {
    static const char *const positions[] = {
        "max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "seq_length", NULL};
    hn_check_model *m = f->m;
    HN_TRY(load_json(dir, "config.json", &f->config, f->err));
    HN_TRY(load_json(dir, "generation_config.json", &f->generation, f->err));
    m->config_pad = (int32_t)hn_json_int(hn_json_get(f->config, "pad_token_id"), -1);
    m->pad = (int32_t)hn_json_int(hn_json_get(f->generation, "pad_token_id"), m->config_pad);
    if (!f->config) return HN_OK;
    const char *dtype = hn_json_cstr(hn_json_get(f->config, "dtype"));
    m->model_type = keep(f, hn_json_cstr(hn_json_get(f->config, "model_type")));
    m->vocab = hn_json_int(hn_json_get(f->config, "vocab_size"), 0);
    m->max_position = first_int(f->config, positions);
    m->config_dtype = keep(f, dtype ? dtype : hn_json_cstr(hn_json_get(f->config, "torch_dtype")));
    end_tokens(m, f->config);
    end_tokens(m, f->generation);
    m->config_eos_known = hn_json_get(f->generation, "eos_token_id") != NULL;
    return unknown_keys(f);
}

static hn_status missing_shards(facts *f, const char *dir) {
    hn_json *index = NULL;
    HN_TRY(load_json(dir, "model.safetensors.index.json", &index, f->err));
    const hn_json *map = hn_json_get(index, "weight_map");
    hn_strlist *l = &f->m->missing_shards;
    hn_json_iter it;
    hn_status st = HN_OK;
    l->v = index ? hn_calloc(hn_json_len(map) + 1, sizeof *l->v) : NULL;
    if (index && !l->v) st = hn_nomem(f->err, hn_json_len(map));
    for (bool more = l->v && hn_json_first(map, &it); more && st == HN_OK; more = hn_json_next(&it)) {
        const char *name = hn_json_cstr(it.value);
        char *path = name ? hn_path_join(dir, name) : NULL;
        bool listed = !path || hn_path_exists(path);
        for (size_t i = 0; i < l->n && !listed; i++) listed = hn_streq(l->v[i], name);
        if (!listed && !(l->v[l->n++] = hn_strdup(name))) st = hn_nomem(f->err, strlen(name));
        hn_free(path);
    }
    hn_json_free(index);
    return st;
}

static const hn_st_tensor *find_end(const hn_st *s, const char *const *ends) {
    for (size_t i = 0; i < hn_st_count(s); i++)
        for (const char *const *e = ends; *e; e++)
            if (hn_str_ends(hn_str_of(hn_st_at(s, i)->name), hn_str_of(*e))) return hn_st_at(s, i);
    return NULL;
}

/* The type that most bytes of the file have. */
static const char *main_dtype(const hn_st *s) {
    static const char *const names[HN_ST_DTYPE_COUNT] = {
        [HN_ST_F32] = "float32", [HN_ST_F16] = "float16", [HN_ST_BF16] = "bfloat16", [HN_ST_F64] = "float64"};
    uint64_t bytes[HN_ST_DTYPE_COUNT] = {0};
    size_t top = 0;
    for (size_t i = 0; i < hn_st_count(s); i++) bytes[hn_st_at(s, i)->dtype] += hn_st_at(s, i)->bytes;
    for (size_t i = 1; i < HN_ST_DTYPE_COUNT; i++)
        if (bytes[i] > bytes[top]) top = i;
    return names[top];
}

static void read_weights(facts *f, const hn_st *s, hn_view view) {
    static const char *const embeddings[] = {"embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight",
                                             NULL};
    static const char *const outputs[] = {"lm_head.weight", "embed_out.weight", NULL};
    static const char *const heads[] = {"classifier.weight", "score.weight", "qa_outputs.weight", "classifier.out_proj.weight",
                                        NULL};
    hn_check_model *m = f->m;
    const hn_st_tensor *embed = find_end(s, embeddings), *head = find_end(s, outputs);
    const hn_json *tie = hn_json_get(f->config, "tie_word_embeddings");
    const char *architecture = hn_json_cstr(hn_json_at(hn_json_get(f->config, "architectures"), 0));
    m->weights = true;
    m->file_dtype = main_dtype(s);
    if (embed && embed->rank == 2) m->vocab = embed->dim[0];
    if (embed && head && hn_json_bool(tie, false))
        m->tied_but_differs = embed->bytes != head->bytes || embed->dtype != head->dtype ||
                              memcmp(embed->data, head->data, (size_t)embed->bytes) != 0;
    if (embed && !head && tie && !hn_json_bool(tie, true))
        m->untied_but_missing = architecture && strstr(architecture, "ForCausalLM") != NULL;
    bool needs_head = view == HN_VIEW_CLASSIFY || view == HN_VIEW_TAG || view == HN_VIEW_QA;
    m->head_missing = needs_head && !find_end(s, heads);
}

static hn_status read_adapter(facts *f, const char *dir) {
    hn_json *adapter = NULL;
    HN_TRY(load_json(dir, "adapter_config.json", &adapter, f->err));
    const char *base = hn_json_cstr(hn_json_get(adapter, "base_model_name_or_path"));
    const char *own = hn_json_cstr(hn_json_get(f->config, "_name_or_path"));
    f->m->adapter_base = keep(f, base);
    f->m->adapter_base_differs = base && own && *own && !hn_streq(hn_path_base(base), hn_path_base(own));
    hn_json_free(adapter);
    return HN_OK;
}

hn_status hn_model_facts(const char *dir, hn_view view, hn_check_model *out, hn_arena *room, hn_error *err) {
    *out = (hn_check_model){.pad = -1, .config_pad = -1};
    if (!dir) return HN_OK;
    facts f = {.m = out, .room = room, .err = err};
    hn_st *s = NULL;
    hn_status st;
    out->dir = keep(&f, dir);
    HN_GO(st, out->dir ? HN_OK : hn_nomem(err, strlen(dir)));
    HN_GO(st, read_config(&f, dir));
    HN_GO(st, read_adapter(&f, dir));
    HN_GO(st, missing_shards(&f, dir));
    if (out->missing_shards.n == 0) {
        st = hn_st_open_dir(dir, "model", &s, err);
        if (st == HN_OK) read_weights(&f, s, view);
        if (st == HN_ENOENT) st = HN_OK;
    }
done:
    hn_st_close(s);
    hn_json_free(f.config);
    hn_json_free(f.generation);
    return st;
}

void hn_model_facts_release(hn_check_model *m) {
    hn_strlist_free(&m->missing_shards);
    hn_strlist_free(&m->unknown_keys);
    *m = (hn_check_model){0};
}
