/* model.c - a model's life: its folder and config, what is known about it, the forward's frame, its head. */
#include "model/model_impl.h"

#include <string.h>

void hn_model_free(hn_model *m) {
    if (!m) return;
    if (m->block) hn_dev_release(m->dev, m->block, m->block_bytes);
    hn_st_close(m->file);
    hn_json_free(m->config);
    hn_buf_release(&m->config_text);
    hn_buf_release(&m->generation_text);
    hn_free(m->dir);
    hn_arena_release(&m->arena);
    hn_free(m);
}

void hn_model_alloc_layers(hn_model *m, hn_cfg *c) {
    enum { MOST_LAYERS = 65536 };
    if (m->info.layers > MOST_LAYERS)
        hn_cfg_bad(c, HN_EFORMAT, "%lld layers (at most %d)", (long long)m->info.layers, MOST_LAYERS);
    if (c->st != HN_OK) return;
    size_t bytes = (size_t)m->info.layers * m->family->layer_size;
    m->layer = hn_arena_alloc(&m->arena, bytes);
    if (!m->layer) c->st = hn_nomem(c->err, bytes);
}

static hn_status unknown_family(const char *type, hn_error *err) {
    hn_fail(err, HN_ENOTSUP, "config.json: model family '%.100s' is not known", type);
    char known[512] = "";
    size_t n = 0;
    for (size_t i = 0; hn_family_at(i) && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", hn_family_at(i)->model_type);
    hn_error_detail(err, "known: %s", known);
    return HN_ENOTSUP;
}

static hn_status choose_family(hn_model *m, hn_error *err) {
    if (hn_json_type(m->config) != HN_JSON_OBJECT) return hn_fail(err, HN_EFORMAT, "config.json: no JSON object");
    if (hn_json_get(m->config, "auto_map")) {
        hn_fail(err, HN_ENOTSUP, "config.json: \"auto_map\" asks for Python code of the model's own");
        hn_error_fix(err, "use a model of a known family; code from model folders is never run");
        return HN_ENOTSUP;
    }
    if (hn_json_get(m->config, "quantization_config"))
        return hn_fail(err, HN_ENOTSUP, "config.json: \"quantization_config\": quantized weights are not known");
    const char *type = hn_json_cstr(hn_json_get(m->config, "model_type"));
    if (!type) return hn_fail(err, HN_EFORMAT, "config.json: \"model_type\" is missing or no string");
    m->family = hn_family_find(type);
    return m->family ? HN_OK : unknown_family(type, err);
}

/* The head the config asks for must be the language model's (or none). */
static hn_status check_architecture(hn_model *m, hn_error *err) {
    const hn_family *f = m->family;
    const char *name = hn_json_cstr(hn_json_at(hn_json_get(m->config, "architectures"), 0));
    if (!name || hn_streq(name, f->architecture) || hn_streq(name, f->base_architecture)) return HN_OK;
    hn_fail(err, HN_ENOTSUP, "config.json: architecture '%.100s' of family %s is not known", name, f->row.model_type);
    hn_error_detail(err, "known: %s", f->architecture);
    return HN_ENOTSUP;
}

static hn_status configure(hn_model *m, hn_error *err) {
    const hn_family *f = m->family;
    hn_cfg c = hn_cfg_of(m, err);
    m->info.family = f->row.model_type;
    m->info.architecture = f->architecture;
    m->info.causal = true;
    m->state = hn_arena_alloc(&m->arena, f->state_size);
    if (!m->state) return hn_nomem(err, f->state_size);
    m->init_std = hn_cfg_within(&c, "initializer_range", 0.02, 1e3);
    HN_TRY(c.st);
    HN_TRY(f->configure(m, err));
    m->size[HN_DIM_V] = m->info.vocab;
    m->size[HN_DIM_D] = m->info.dim;
    m->size[HN_DIM_F] = m->info.ffn;
    m->size[HN_DIM_Q] = m->info.heads * m->info.head_dim;
    m->size[HN_DIM_KV] = m->info.kv_heads * m->info.head_dim;
    m->size[HN_DIM_QKV] = m->size[HN_DIM_Q] + 2 * m->size[HN_DIM_KV];
    m->size[HN_DIM_HEAD] = m->info.head_dim;
    if (!m->info.tied) m->features |= HN_HAS_HEAD;
    return HN_OK;
}

static hn_status read_texts(hn_model *m, const char *config_path, hn_error *err) {
    HN_TRY(hn_file_read(config_path, &m->config_text, err));
    HN_TRY(hn_json_parse(m->config_text.p, m->config_text.n, config_path, 1, &m->config, err));
    char *path = hn_path_join(m->dir, "generation_config.json");
    if (!path) return hn_nomem(err, strlen(m->dir));
    hn_status st = hn_path_exists(path) ? hn_file_read(path, &m->generation_text, err) : HN_OK;
    hn_free(path);
    return st;
}

static hn_status open_texts(hn_model *m, const char *path, bool is_file, hn_error *err) {
    const char *base = hn_path_base(path);
    size_t n = base > path ? (size_t)(base - path) : 0;
    m->dir = is_file ? (n ? hn_strndup(path, n > 1 ? n - 1 : n) : hn_strdup(".")) : hn_strdup(path);
    if (!m->dir) return hn_nomem(err, strlen(path));
    char *config = is_file ? hn_strdup(path) : hn_path_join(path, "config.json");
    if (!config) return hn_nomem(err, strlen(path));
    hn_status st = read_texts(m, config, err);
    hn_free(config);
    return st;
}

static hn_status generation_tokens(hn_model *m, hn_error *err) {
    if (!m->generation_text.n) return HN_OK;
    hn_json *j = NULL;
    HN_TRY_CTX(hn_json_parse(m->generation_text.p, m->generation_text.n, "generation_config.json", 1, &j, err), err, "%s",
               m->dir);
    hn_generation_tokens(j, &m->info);
    hn_json_free(j);
    return HN_OK;
}

hn_status hn_model_open(hn_dev *dev, const char *path, bool is_file, hn_dtype dtype, hn_model **out, hn_error *err) {
    *out = NULL;
    hn_model *m = hn_calloc(1, sizeof *m);
    if (!m) return hn_nomem(err, sizeof *m);
    m->dev = dev;
    m->dtype = dtype;
    hn_arena_init(&m->arena, 0);
    hn_status st = dtype == HN_F32 || dtype == HN_F64
                       ? HN_OK
                       : hn_fail(err, HN_ENOTSUP, "weights are held in float32 or float64, not in %s", hn_dtype_name(dtype));
    if (st == HN_OK) HN_GO(st, open_texts(m, path, is_file, err));
    if (st == HN_OK) st = choose_family(m, err);
    if (st == HN_OK) st = check_architecture(m, err);
    if (st == HN_OK) st = configure(m, err);
    if (st == HN_OK) st = generation_tokens(m, err);
    if (st != HN_OK && m->dir) hn_error_context(err, "%s", m->dir);
done:
    if (st == HN_OK) *out = m;
    else hn_model_free(m);
    return st;
}

const hn_model_info *hn_model_get_info(const hn_model *m) { return &m->info; }

hn_param *hn_model_params(hn_model *m, size_t *count) {
    *count = m->count;
    return m->param;
}

const char *hn_model_dir(const hn_model *m) { return m->dir; }

hn_status hn_model_check_vocab(const hn_model *m, int64_t tokenizer_size, hn_error *err) {
    if (tokenizer_size <= m->info.vocab) return HN_OK;
    hn_fail(err, HN_ESHAPE, "the tokenizer has %lld ids, the model's embedding %lld rows", (long long)tokenizer_size,
            (long long)m->info.vocab);
    hn_error_fix(err, "use the tokenizer that belongs to '%s'", m->dir);
    return HN_ESHAPE;
}

/* ------------------------------------------------------------------ forward */

hn_tensor *hn_model_hidden(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o) {
    static const hn_forward_opts plain;
    hn_error err;
    if (!o) o = &plain;
    if (!o->cache) return m->family->hidden(m, t, b, o);
    if (hn_tape_recording(t)) {
        hn_tape_fail(t, HN_ESTATE, "a forward with a cache cannot be recorded");
        return NULL;
    }
    const hn_segs segs = {.count = (int32_t)b->segments, .start = b->start, .parent = b->parent};
    hn_status st = hn_kv_cache_begin(o->cache, &segs, &err);
    if (st != HN_OK) {
        hn_tape_fail(t, st, "%s", err.msg);
        return NULL;
    }
    hn_tensor *h = m->family->hidden(m, t, b, o);
    if (h) hn_kv_cache_commit(o->cache);
    return h;
}

void hn_model_head(hn_model *m, hn_logprob_in *in) {
    const hn_linear *head = &m->state->head;
    in->w = head->w;
    in->b = head->b;
    in->transposed = head->transposed;
    in->scale = 1;
    in->softcap = 0;
}

hn_tensor *hn_model_logits(hn_model *m, hn_tape *t, hn_tensor *hidden, const int32_t *row, int64_t r) {
    return hn_nn_linear(t, hn_op_rows(t, hidden, row, r), &m->state->head);
}

uint64_t hn_model_activation_bytes(const hn_model *m, int64_t tokens, int64_t loss_rows, bool checkpointing) {
    const hn_model_info *f = &m->info;
    uint64_t size = hn_dtype_size(m->dtype), n = (uint64_t)tokens;
    uint64_t layer = (uint64_t)m->family->kept(m) * n * size;
    uint64_t stream = (uint64_t)f->dim * n * size;
    uint64_t layers = (uint64_t)f->layers;
    /* backward works on a few buffers as wide as the widest row; the head on a chunk of rows of logits */
    uint64_t widest = (uint64_t)(f->ffn > f->heads * f->head_dim ? f->ffn : f->heads * f->head_dim);
    uint64_t rows = loss_rows < 256 ? (uint64_t)loss_rows : 256;
    uint64_t work = 4 * widest * n * size + rows * (uint64_t)f->vocab * size;
    return (checkpointing ? layers * stream + layer : layers * layer) + 3 * stream + work;
}
