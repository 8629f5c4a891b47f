/* api_model.c - models and tokenizers through the public header. */
#include <string.h>

#include "api/api.h"

hone_status hone_tokenizer_load(hone_ctx *ctx, const char *path, hone_tokenizer **out) {
    *out = NULL;
    HONE_NEED(ctx && path);
    hn_error err = {0};
    hone_tokenizer *t = hn_calloc(1, sizeof *t);
    if (!t) return hone_keep(ctx, hn_nomem(&err, sizeof *t), &err);
    t->ctx = ctx;
    hn_status st = hn_tokenizer_load(path, &t->t, &err);
    if (st != HN_OK) {
        hn_free(t);
        return hone_keep(ctx, st, &err);
    }
    *out = t;
    return HONE_OK;
}

void hone_tokenizer_free(hone_tokenizer *t) {
    if (!t) return;
    hn_chat_free(t->chat);
    hn_free(t->chat_path);
    hn_tokenizer_free(t->t);
    hn_free(t);
}

hone_status hone_tokenizer_save(hone_tokenizer *t, const char *dir) {
    HONE_NEED(t && dir);
    hn_error err = {0};
    return hone_keep(t->ctx, hn_tokenizer_save(t->t, dir, NULL, &err), &err);
}

char *hone_tokenizer_info_json(hone_tokenizer *t) {
    if (!t) return NULL;
    static const char *const names[HN_SPECIAL_COUNT] = {"bos", "eos", "pad", "unk"};
    const int64_t most = hn_tokenizer_max_length(t->t);
    hn_json *j = hn_json_new_object();
    hn_json_set_int(j, "vocab_size", hn_tokenizer_size(t->t));
    for (int i = 0; i < HN_SPECIAL_COUNT; i++) {
        const char *token = hn_tokenizer_special(t->t, (hn_special)i);
        hn_json *one = token ? hn_json_new_object() : NULL;
        if (one) {
            hn_json_set_text(one, "token", token);
            hn_json_set_int(one, "id", hn_tokenizer_special_id(t->t, (hn_special)i));
        }
        hn_json_set(j, names[i], one);
    }
    hn_json_set(j, "max_length", most == INT64_MAX ? NULL : hn_json_new_int(most));
    const hn_chat *chat = NULL;
    hn_json_set_bool(j, "chat_template", hn_chat_of(t, NULL, &chat, NULL) == HN_OK);
    hn_buf b = {0};
    hn_json_write(&b, j, 0);
    hn_json_free(j);
    return hn_buf_take(&b);
}

hone_status hone_tokenize(hone_tokenizer *t, const char *text, size_t len, unsigned flags, int32_t **ids, size_t *n) {
    *ids = NULL;
    *n = 0;
    HONE_NEED(t && (text || len == 0));
    hn_error err = {0};
    hn_encoding e = {0};
    hn_status st = hn_tokenizer_encode(t->t, (hn_str){text ? text : "", len},
                                       flags & HONE_ADD_SPECIAL_TOKENS ? HN_ENCODE_SPECIAL : 0, &e, &err);
    if (st == HN_OK) {
        *ids = hn_alloc_array(e.n ? e.n : 1, sizeof **ids);
        if (*ids) {
            if (e.n) memcpy(*ids, e.id, e.n * sizeof **ids);
            *n = e.n;
        } else {
            st = hn_nomem(&err, e.n * sizeof **ids);
        }
    }
    hn_encoding_release(&e);
    return hone_keep(t->ctx, st, &err);
}

hone_status hone_detokenize(hone_tokenizer *t, const int32_t *ids, size_t n, unsigned flags, char **text) {
    *text = NULL;
    HONE_NEED(t && (ids || n == 0));
    hn_error err = {0};
    hn_buf b = {0};
    hn_status st = hn_tokenizer_decode(t->t, ids, n, flags & HONE_SKIP_SPECIAL_TOKENS, &b, &err);
    if (st == HN_OK && !(*text = hn_buf_take(&b))) st = hn_nomem(&err, n);
    hn_buf_release(&b);
    return hone_keep(t->ctx, st, &err);
}

static hone_status wrap_model(hone_ctx *ctx, hn_status st, hn_model *m, hone_model **out, hn_error *err) {
    if (st != HN_OK) return hone_keep(ctx, st, err);
    hone_model *h = hn_calloc(1, sizeof *h);
    if (!h) {
        hn_model_free(m);
        return hone_keep(ctx, hn_nomem(err, sizeof *h), err);
    }
    h->ctx = ctx;
    h->m = m;
    *out = h;
    return HONE_OK;
}

hone_status hone_model_load(hone_ctx *ctx, const char *path, const hone_load_opts *opts, hone_model **out) {
    *out = NULL;
    HONE_NEED(ctx && path);
    hone_load_opts o;
    hn_error err = {0};
    hn_model *m = NULL;
    hn_status st = HN_OPTS_TAKE(o, opts, hone_load_opts, &err);
    hn_load_opts load = {.dtype = HN_F32, .revision = o.revision, .read_only = o.read_only, .vocab = o.vocab_size};
    if (st == HN_OK && (o.vocab_size < 0 || o.vocab_size > INT32_MAX))
        st = hn_fail(&err, HN_EARG, "vocab_size %lld: token ids have 31 bits", (long long)o.vocab_size);
    if (st == HN_OK) st = hn_model_load(ctx->dev, path, &load, &m, &err);
    return wrap_model(ctx, st, m, out, &err);
}

hone_status hone_model_init(hone_ctx *ctx, const char *config, uint64_t seed, hone_model **out) {
    return hone_init_model(ctx, config, seed, 0, out);
}

hone_status hone_init_model(hone_ctx *ctx, const char *config, uint64_t seed, int64_t vocab, hone_model **out) {
    *out = NULL;
    HONE_NEED(ctx && config);
    hn_error err = {0};
    hn_model *m = NULL;
    hn_status st = hn_model_init(ctx->dev, config, seed, HN_F32, vocab, &m, &err);
    return wrap_model(ctx, st, m, out, &err);
}

void hone_model_free(hone_model *m) {
    if (!m) return;
    hn_model_free(m->m);
    hn_free(m);
}

static hn_status dtype_named(const char *name, hn_dtype *out, hn_error *err) {
    static const hn_dtype known[] = {HN_F32, HN_BF16, HN_F16};
    *out = HN_F32;
    if (!name) return HN_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (hn_streq(hn_dtype_name(known[i]), name)) {
            *out = known[i];
            return HN_OK;
        }
    return hn_fail(err, HN_EARG, "no file dtype is called '%s' (float32, bfloat16, float16)", name);
}

hone_status hone_model_save(hone_model *m, const char *dir, const char *dtype) {
    HONE_NEED(m && dir);
    hn_error err = {0};
    hn_save_opts o = {0};
    hn_status st = dtype_named(dtype, &o.dtype, &err);
    if (st == HN_OK) st = hn_dir_make(dir, &err);
    if (st == HN_OK) st = hn_model_save(m->m, dir, &o, &err);
    return hone_keep(m->ctx, st, &err);
}

static hn_json *tensors_json(hn_model *m) {
    hn_json *list = hn_json_new_array();
    size_t n = 0;
    hn_param *p = hn_model_params(m, &n);
    for (size_t i = 0; i < n; i++) {
        hn_json *row = hn_json_new_object(), *shape = hn_json_new_array();
        for (int32_t d = 0; d < p[i].t->rank; d++) hn_json_push(shape, hn_json_new_int(p[i].t->dim[d]));
        hn_json_set_text(row, "name", p[i].name);
        hn_json_set(row, "shape", shape);
        hn_json_set_bool(row, "weight_decay", p[i].decay);
        hn_json_push(list, row);
    }
    return list;
}

char *hone_model_info_json(hone_model *m) {
    if (!m) return NULL;
    const hn_model_info *i = hn_model_get_info(m->m);
    hn_json *j = hn_json_new_object();
    hn_json_set_text(j, "family", i->family);
    hn_json_set_text(j, "architecture", i->architecture);
    hn_json_set_text(j, "folder", hn_model_dir(m->m));
    hn_json_set_text(j, "file_dtype", hn_dtype_name(i->file_dtype));
    const struct { const char *key; int64_t v; } sizes[] = {
        {"parameters", i->parameters}, {"vocab_size", i->vocab}, {"hidden_size", i->dim}, {"num_hidden_layers", i->layers},
        {"num_attention_heads", i->heads}, {"num_key_value_heads", i->kv_heads}, {"head_dim", i->head_dim},
        {"intermediate_size", i->ffn}, {"max_position_embeddings", i->max_position}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) hn_json_set_int(j, sizes[k].key, sizes[k].v);
    hn_json_set_bool(j, "tied_head", i->tied);
    hn_json *memory = hn_json_new_object();
    hn_json_set_int(memory, "weights", i->parameters * 4);
    hn_json_set_int(memory, "gradients", i->parameters * 4);
    hn_json_set_int(memory, "adamw_states", i->parameters * 8);
    hn_json_set_int(memory, "activations_per_1024_tokens", (int64_t)hn_model_activation_bytes(m->m, 1024, 1024, false));
    hn_json_set_int(memory, "activations_per_1024_tokens_checkpointed",
                    (int64_t)hn_model_activation_bytes(m->m, 1024, 1024, true));
    hn_json_set(j, "bytes_to_train", memory);
    hn_json_set(j, "tensors", tensors_json(m->m));
    hn_buf b = {0};
    hn_json_write(&b, j, 0);
    hn_json_free(j);
    return hn_buf_take(&b);
}
