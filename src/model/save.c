/* save.c - a model folder any Hugging Face program can load: config.json, generation_config.json, weights.
 *
 * The bytes of the weights depend on the weights alone. config.json keeps the text it was loaded with; only the dtype
 * follows the file, tie_word_embeddings where the weights said otherwise, and vocab_size where tokens were added. */
#include "model/model_impl.h"

#include <math.h>
#include <string.h>

static hn_st_dtype file_dtype(hn_dtype t) { return t == HN_BF16 ? HN_ST_BF16 : t == HN_F16 ? HN_ST_F16 : HN_ST_F32; }

typedef struct narrow_ctx {
    const hn_tensor *t;
    hn_dtype to;
    int64_t first;
    char *out;
    int64_t *lost; /* finite values that the format makes infinite */
} narrow_ctx;

static void narrow_part(void *ctx, int64_t begin, int64_t end) {
    const narrow_ctx *c = ctx;
    const char *from = (const char *)c->t->data + (size_t)(c->first + begin) * hn_dtype_size(c->t->dtype);
    hn_convert(end - begin, c->t->dtype, from, c->to, c->out + (size_t)begin * hn_dtype_size(c->to));
}

static hn_status narrow(void *ctx, int64_t first, int64_t count, void *out, hn_error *err) {
    (void)err;
    narrow_ctx c = *(const narrow_ctx *)ctx;
    c.first = first;
    c.out = out;
    hn_par_for(count, 1 << 16, narrow_part, &c);
    if (c.to != HN_F16 || c.t->dtype != HN_F32) return HN_OK;
    const float *x = (const float *)c.t->data + first;
    for (int64_t i = 0; i < count; i++) *c.lost += isfinite(x[i]) && fabsf(x[i]) >= 65520.0f;
    return HN_OK;
}

static hn_status save_weights(hn_model *m, const char *dir, const hn_save_opts *o, hn_error *err) {
    hn_st_item *items = hn_calloc(m->count, sizeof *items);
    narrow_ctx *ctx = hn_calloc(m->count, sizeof *ctx);
    hn_status st = HN_OK;
    int64_t lost = 0;
    if (!items || !ctx) {
        st = hn_nomem(err, m->count * sizeof *items);
        goto done;
    }
    for (size_t i = 0; i < m->count; i++) {
        const hn_tensor *t = &m->tensor[i];
        ctx[i] = (narrow_ctx){.t = t, .to = o->dtype, .lost = &lost};
        items[i] = (hn_st_item){.name = m->param[i].name,
                                .dtype = file_dtype(o->dtype),
                                .rank = t->rank,
                                .dim = t->dim,
                                .data = t->dtype == o->dtype ? t->data : NULL,
                                .fill = narrow,
                                .ctx = &ctx[i]};
    }
    st = hn_st_write_dir(dir, "model", items, m->count, o->shard_bytes, err);
    if (st == HN_OK && lost)
        hn_warn("%s: %lld weights are too large for float16 and were written as infinity; bfloat16 holds them", dir, (long long)lost);
done:
    hn_free(items);
    hn_free(ctx);
    return st;
}

static hn_status write_text(const char *dir, const char *name, const hn_buf *text, hn_error *err) {
    char *path = hn_path_join(dir, name);
    if (!path) return hn_nomem(err, strlen(dir));
    hn_status st = hn_file_write(path, text->p, text->n, err);
    hn_free(path);
    return st;
}

static hn_status save_config(hn_model *m, const char *dir, const hn_save_opts *o, hn_error *err) {
    char dtype[32];
    snprintf(dtype, sizeof dtype, "\"%s\"", hn_dtype_name(o->dtype));
    bool old = hn_json_has(m->config, "torch_dtype");
    hn_buf text = {0};
    hn_buf_add(&text, m->config_text.p, m->config_text.n);
    if (text.failed) return hn_nomem(err, m->config_text.n);
    hn_status st = hn_config_patch(&text, "torch_dtype", dtype, false, err);
    if (st == HN_OK) st = hn_config_patch(&text, "dtype", dtype, !old, err);
    if (st == HN_OK && m->file_vocab) {
        char vocab[32];
        snprintf(vocab, sizeof vocab, "%lld", (long long)m->info.vocab);
        st = hn_config_patch(&text, "vocab_size", vocab, true, err);
    }
    if (st == HN_OK && m->untied_by_file) st = hn_config_patch(&text, "tie_word_embeddings", "false", true, err);
    if (st == HN_OK) st = write_text(dir, "config.json", &text, err);
    hn_buf_release(&text);
    return st;
}

hn_status hn_generation_text(const hn_model *m, hn_buf *out, hn_error *err) {
    static const char *const keys[] = {"bos_token_id", "eos_token_id", "pad_token_id"};
    hn_json *j = hn_json_new_object();
    if (!j) return hn_nomem(err, 64);
    hn_json_set_bool(j, "_from_model_config", true);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        hn_json *id = hn_json_get(m->config, keys[i]);
        if (id) hn_json_set(j, keys[i], hn_json_ref(id));
    }
    hn_json_write(out, j, 2);
    hn_buf_putc(out, '\n');
    hn_json_free(j);
    return out->failed ? hn_nomem(err, out->n) : HN_OK;
}

/* As it was loaded, where it was. */
static hn_status save_generation(hn_model *m, const char *dir, hn_error *err) {
    if (m->generation_text.n) return write_text(dir, "generation_config.json", &m->generation_text, err);
    hn_buf text = {0};
    hn_status st = hn_generation_text(m, &text, err);
    if (st == HN_OK) st = write_text(dir, "generation_config.json", &text, err);
    hn_buf_release(&text);
    return st;
}

hn_status hn_model_save(hn_model *m, const char *dir, const hn_save_opts *o, hn_error *err) {
    static const hn_save_opts plain = {.dtype = HN_F32};
    if (!o) o = &plain;
    if (o->dtype != HN_F32 && o->dtype != HN_BF16 && o->dtype != HN_F16)
        return hn_fail(err, HN_EARG, "weights are saved as float32, bfloat16 or float16, not as %s", hn_dtype_name(o->dtype));
    if (!hn_path_is_dir(dir)) return hn_fail(err, HN_ENOENT, "folder '%s' does not exist", dir);
    HN_TRY(save_config(m, dir, o, err));
    HN_TRY(save_generation(m, dir, err));
    return save_weights(m, dir, o, err);
}
