/* gpt2.c - the family gpt2.
 *
 *   x = wte[id] + wpe[position];  x += c_proj(attention(c_attn(ln_1 x)));  x += c_proj(gelu(c_fc(ln_2 x)));  ln_f x
 * Linear weights are stored [in, out] (Conv1D); c_attn gives all q | all k | all v. */
#include "model/model_impl.h"

#include <math.h>
#include <stddef.h>

typedef struct layer {
    hn_tensor *ln1_w, *ln1_b, *ln2_w, *ln2_b;
    hn_linear qkv, o, up, down;
} layer;

typedef struct gpt2 {
    hn_base base;
    hn_tensor *positions, *ln_w, *ln_b;
    double eps, embd_drop, resid_drop;
    hn_act act;
    bool scale_attn, scale_by_layer;
} gpt2;

static const char *const buffers[] = {".attn.bias", ".attn.masked_bias", NULL};

#define L(field) offsetof(layer, field)
#define H "transformer.h.%d."
static const hn_pspec table[] = {
    {"transformer.wte.weight", offsetof(gpt2, base.embed), {HN_DIM_V, HN_DIM_D}, 0, 0},
    {"transformer.wpe.weight", offsetof(gpt2, positions), {HN_DIM_POS, HN_DIM_D}, 0, 0},
    {H "ln_1.weight", L(ln1_w), {HN_DIM_D}, HN_P_ONES | HN_P_LAYERNORM, 0},
    {H "ln_1.bias", L(ln1_b), {HN_DIM_D}, HN_P_ZEROS | HN_P_LAYERNORM, 0},
    {H "attn.c_attn.weight", L(qkv.w), {HN_DIM_D, HN_DIM_QKV}, 0, 0},
    {H "attn.c_attn.bias", L(qkv.b), {HN_DIM_QKV}, HN_P_ZEROS, 0},
    {H "attn.c_proj.weight", L(o.w), {HN_DIM_D, HN_DIM_D}, HN_P_RESIDUAL, 0},
    {H "attn.c_proj.bias", L(o.b), {HN_DIM_D}, HN_P_ZEROS, 0},
    {H "ln_2.weight", L(ln2_w), {HN_DIM_D}, HN_P_ONES | HN_P_LAYERNORM, 0},
    {H "ln_2.bias", L(ln2_b), {HN_DIM_D}, HN_P_ZEROS | HN_P_LAYERNORM, 0},
    {H "mlp.c_fc.weight", L(up.w), {HN_DIM_D, HN_DIM_F}, 0, 0},
    {H "mlp.c_fc.bias", L(up.b), {HN_DIM_F}, HN_P_ZEROS, 0},
    {H "mlp.c_proj.weight", L(down.w), {HN_DIM_F, HN_DIM_D}, HN_P_RESIDUAL, 0},
    {H "mlp.c_proj.bias", L(down.b), {HN_DIM_D}, HN_P_ZEROS, 0},
    {"transformer.ln_f.weight", offsetof(gpt2, ln_w), {HN_DIM_D}, HN_P_ONES | HN_P_LAYERNORM, 0},
    {"transformer.ln_f.bias", offsetof(gpt2, ln_b), {HN_DIM_D}, HN_P_ZEROS | HN_P_LAYERNORM, 0},
    {"lm_head.weight", offsetof(gpt2, base.head.w), {HN_DIM_V, HN_DIM_D}, 0, HN_HAS_HEAD},
    {0},
};
#undef L
#undef H

static hn_status configure(hn_model *m, hn_error *err) {
    hn_cfg c = hn_cfg_of(m, err);
    gpt2 *s = (gpt2 *)(void *)m->state;
    hn_model_info *f = &m->info;
    f->vocab = hn_cfg_need(&c, "vocab_size");
    f->dim = hn_cfg_need(&c, "n_embd");
    f->layers = hn_cfg_need(&c, "n_layer");
    f->heads = f->kv_heads = hn_cfg_need(&c, "n_head");
    f->head_dim = f->dim / f->heads;
    f->ffn = hn_cfg_size(&c, "n_inner", 4 * f->dim);
    f->max_position = m->size[HN_DIM_POS] = hn_cfg_size(&c, "n_positions", 1024);
    f->tied = hn_cfg_bool(&c, "tie_word_embeddings", true);
    hn_cfg_tokens(&c, f, 50256, 50256);
    s->eps = hn_cfg_within(&c, "layer_norm_epsilon", 1e-5, 1);
    s->act = hn_cfg_act(&c, "activation_function", "gelu_new");
    s->embd_drop = hn_cfg_within(&c, "embd_pdrop", 0.1, 1);
    s->resid_drop = hn_cfg_within(&c, "resid_pdrop", 0.1, 1);
    m->attention_dropout = hn_cfg_within(&c, "attn_pdrop", 0.1, 1);
    s->scale_attn = hn_cfg_bool(&c, "scale_attn_weights", true);
    s->scale_by_layer = hn_cfg_bool(&c, "scale_attn_by_inverse_layer_idx", false);
    if (hn_cfg_bool(&c, "add_cross_attention", false)) hn_cfg_bad(&c, HN_ENOTSUP, "cross-attention is not known");
    if (f->dim % f->heads != 0)
        hn_cfg_bad(&c, HN_ESHAPE, "n_embd %lld is no multiple of n_head %lld", (long long)f->dim, (long long)f->heads);
    hn_model_alloc_layers(m, &c);
    for (int64_t i = 0; i < f->layers && c.st == HN_OK; i++) {
        layer *l = hn_model_layer(m, i);
        l->qkv.transposed = l->o.transposed = l->up.transposed = l->down.transposed = true;
    }
    return c.st;
}

static hn_tensor *attention(hn_tape *t, hn_tensor *h, const hn_layer_ctx *c, const layer *l) {
    const gpt2 *s = (const gpt2 *)(const void *)c->m->state;
    int64_t d = c->m->info.dim;
    double scale = s->scale_attn ? 1 / sqrt((double)c->m->info.head_dim) : 1;
    if (s->scale_by_layer) scale /= c->layer + 1;
    hn_attn a = hn_layer_attn(c, scale, 0);
    hn_tensor *qkv = hn_nn_linear(t, h, &l->qkv);
    hn_tensor *q = hn_op_cols(t, qkv, 1, 3 * d, 0, d), *k = hn_op_cols(t, qkv, 1, 3 * d, d, d);
    hn_tensor *v = hn_op_cols(t, qkv, 1, 3 * d, 2 * d, d);
    return hn_nn_linear(t, hn_nn_attend(t, q, k, v, NULL, &a, c->cache, c->layer), &l->o);
}

static hn_tensor *layer_forward(hn_tape *t, hn_tensor *x, void *ctx) {
    const hn_layer_ctx *c = ctx;
    const gpt2 *s = (const gpt2 *)(const void *)c->m->state;
    const layer *l = hn_model_layer(c->m, c->layer);
    hn_scope scope = hn_scope_begin(t);
    hn_tensor *a = attention(t, hn_op_layernorm(t, x, l->ln1_w, l->ln1_b, s->eps), c, l);
    x = hn_op_add(t, x, hn_layer_dropout(c, t, a, s->resid_drop));
    hn_tensor *y = hn_nn_mlp(t, hn_op_layernorm(t, x, l->ln2_w, l->ln2_b, s->eps), &l->up, &l->down, s->act);
    x = hn_op_add(t, x, hn_layer_dropout(c, t, y, s->resid_drop));
    hn_scope_end(t, scope, &x, 1);
    return x;
}

static hn_tensor *hidden(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o) {
    const gpt2 *s = (const gpt2 *)(const void *)m->state;
    for (int64_t i = 0; i < b->tokens; i++) {
        if (b->pos[i] < m->info.max_position) continue;
        hn_tape_fail(t, HN_ESHAPE, "a text of more than %lld tokens does not fit the model's positions",
                     (long long)m->info.max_position);
        return NULL;
    }
    hn_tensor *x = hn_embed_tokens(m, t, b, o);
    x = hn_op_add(t, x, hn_op_embed(t, s->positions, b->pos, b->tokens));
    if (o->train && s->embd_drop > 0) x = hn_op_dropout(t, x, s->embd_drop);
    x = hn_run_layers(m, t, x, b, o, NULL, layer_forward);
    return hn_op_layernorm(t, x, s->ln_w, s->ln_b, s->eps);
}

static int64_t kept(const hn_model *m) {
    return 8 * m->info.dim + 2 * m->info.ffn + m->info.heads + 4; /* x, its norm (twice); q, k, v, o; up, its activation */
}

const hn_family hn_family_gpt2 = {
    .row = {.model_type = "gpt2", .about = "GPT-2, DistilGPT-2"},
    .architecture = "GPT2LMHeadModel",
    .base_architecture = "GPT2Model",
    .prefix = "transformer.",
    .buffers = buffers,
    .table = table,
    .state_size = sizeof(gpt2),
    .layer_size = sizeof(layer),
    .configure = configure,
    .hidden = hidden,
    .kept = kept,
};
