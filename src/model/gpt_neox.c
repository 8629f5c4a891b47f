/* gpt_neox.c - the family gpt_neox (Pythia).
 *
 *   parallel:    x += dense(attention(ln_1 x)) + mlp(ln_2 x)
 *   sequential:  x += dense(attention(ln_1 x));  x += mlp(ln_2 x)
 * query_key_value gives q, k, v head by head; the first dims of a head turn with the position. */
#include "model/model_impl.h"

#include <math.h>
#include <stddef.h>

typedef struct layer {
    hn_tensor *ln1_w, *ln1_b, *ln2_w, *ln2_b;
    hn_linear qkv, o, up, down;
} layer;

typedef struct neox {
    hn_base base;
    hn_tensor *ln_w, *ln_b;
    double eps, drop;
    hn_act act;
    hn_rope rope;
    bool parallel;
} neox;

enum { ATTENTION_BIAS = HN_FAMILY_BITS };

static const char *const buffers[] = {".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq", NULL};

#define L(field) offsetof(layer, field)
#define P "gpt_neox.layers.%d."
static const hn_pspec table[] = {
    {"gpt_neox.embed_in.weight", offsetof(neox, base.embed), {HN_DIM_V, HN_DIM_D}, 0, 0},
    {P "input_layernorm.weight", L(ln1_w), {HN_DIM_D}, HN_P_ONES | HN_P_LAYERNORM, 0},
    {P "input_layernorm.bias", L(ln1_b), {HN_DIM_D}, HN_P_ZEROS | HN_P_LAYERNORM, 0},
    {P "post_attention_layernorm.weight", L(ln2_w), {HN_DIM_D}, HN_P_ONES | HN_P_LAYERNORM, 0},
    {P "post_attention_layernorm.bias", L(ln2_b), {HN_DIM_D}, HN_P_ZEROS | HN_P_LAYERNORM, 0},
    {P "attention.query_key_value.weight", L(qkv.w), {HN_DIM_QKV, HN_DIM_D}, 0, 0},
    {P "attention.query_key_value.bias", L(qkv.b), {HN_DIM_QKV}, HN_P_ZEROS, ATTENTION_BIAS},
    {P "attention.dense.weight", L(o.w), {HN_DIM_D, HN_DIM_D}, 0, 0},
    {P "attention.dense.bias", L(o.b), {HN_DIM_D}, HN_P_ZEROS, ATTENTION_BIAS},
    {P "mlp.dense_h_to_4h.weight", L(up.w), {HN_DIM_F, HN_DIM_D}, 0, 0},
    {P "mlp.dense_h_to_4h.bias", L(up.b), {HN_DIM_F}, HN_P_ZEROS, 0},
    {P "mlp.dense_4h_to_h.weight", L(down.w), {HN_DIM_D, HN_DIM_F}, 0, 0},
    {P "mlp.dense_4h_to_h.bias", L(down.b), {HN_DIM_D}, HN_P_ZEROS, 0},
    {"gpt_neox.final_layer_norm.weight", offsetof(neox, ln_w), {HN_DIM_D}, HN_P_ONES | HN_P_LAYERNORM, 0},
    {"gpt_neox.final_layer_norm.bias", offsetof(neox, ln_b), {HN_DIM_D}, HN_P_ZEROS | HN_P_LAYERNORM, 0},
    {"embed_out.weight", offsetof(neox, base.head.w), {HN_DIM_V, HN_DIM_D}, 0, HN_HAS_HEAD},
    {0},
};
#undef L
#undef P

static hn_status configure(hn_model *m, hn_error *err) {
    hn_cfg c = hn_cfg_of(m, err);
    neox *s = (neox *)(void *)m->state;
    hn_model_info *f = &m->info;
    f->vocab = hn_cfg_need(&c, "vocab_size");
    f->dim = hn_cfg_need(&c, "hidden_size");
    f->layers = hn_cfg_need(&c, "num_hidden_layers");
    f->heads = f->kv_heads = hn_cfg_need(&c, "num_attention_heads");
    f->head_dim = f->dim / f->heads;
    f->ffn = hn_cfg_need(&c, "intermediate_size");
    f->max_position = hn_cfg_size(&c, "max_position_embeddings", 2048);
    f->tied = hn_cfg_bool(&c, "tie_word_embeddings", false);
    hn_cfg_tokens(&c, f, 0, 2);
    s->eps = hn_cfg_within(&c, "layer_norm_eps", 1e-5, 1);
    s->act = hn_cfg_act(&c, "hidden_act", "gelu");
    s->drop = hn_cfg_within(&c, "hidden_dropout", 0, 1);
    s->parallel = hn_cfg_bool(&c, "use_parallel_residual", true);
    m->attention_dropout = hn_cfg_within(&c, "attention_dropout", 0, 1);
    if (hn_cfg_bool(&c, "attention_bias", true)) m->features |= ATTENTION_BIAS;
    if (f->dim % f->heads != 0)
        hn_cfg_bad(&c, HN_ESHAPE, "hidden_size %lld is no multiple of num_attention_heads %lld", (long long)f->dim,
                   (long long)f->heads);
    hn_cfg_rope(&c, f->head_dim, f->max_position, hn_json_get(c.json, "rope_theta") ? "rope_theta" : "rotary_emb_base",
                hn_json_get(c.json, "rotary_pct") ? "rotary_pct" : "partial_rotary_factor", 0.25, &s->rope);
    hn_model_alloc_layers(m, &c);
    return c.st;
}

static hn_tensor *attention(hn_tape *t, hn_tensor *h, const hn_layer_ctx *c, const layer *l) {
    const hn_model_info *f = &c->m->info;
    int64_t n = f->heads, dh = f->head_dim;
    hn_attn a = hn_layer_attn(c, 1 / sqrt((double)dh), 0);
    hn_tensor *qkv = hn_nn_linear(t, h, &l->qkv);
    hn_tensor *q = hn_op_cols(t, qkv, n, 3 * dh, 0, dh), *k = hn_op_cols(t, qkv, n, 3 * dh, dh, dh);
    hn_tensor *v = hn_op_cols(t, qkv, n, 3 * dh, 2 * dh, dh);
    return hn_nn_linear(t, hn_nn_attend(t, q, k, v, &c->rope, &a, c->cache, c->layer), &l->o);
}

static hn_tensor *layer_forward(hn_tape *t, hn_tensor *x, void *ctx) {
    const hn_layer_ctx *c = ctx;
    const neox *s = (const neox *)(const void *)c->m->state;
    const layer *l = hn_model_layer(c->m, c->layer);
    hn_scope scope = hn_scope_begin(t);
    hn_tensor *a = attention(t, hn_op_layernorm(t, x, l->ln1_w, l->ln1_b, s->eps), c, l);
    a = hn_op_add(t, x, hn_layer_dropout(c, t, a, s->drop));
    hn_tensor *h = hn_op_layernorm(t, s->parallel ? x : a, l->ln2_w, l->ln2_b, s->eps);
    hn_tensor *y = hn_nn_mlp(t, h, &l->up, &l->down, s->act);
    y = hn_op_add(t, a, hn_layer_dropout(c, t, y, s->drop));
    hn_scope_end(t, scope, &y, 1);
    return y;
}

static hn_tensor *hidden(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o) {
    const neox *s = (const neox *)(const void *)m->state;
    hn_rope_table rope;
    if (hn_rope_rows(&s->rope, t, b->pos, b->tokens, &rope) != HN_OK) return NULL;
    hn_tensor *x = hn_embed_tokens(m, t, b, o);
    if (o->train && s->drop > 0) x = hn_op_dropout(t, x, s->drop);
    x = hn_run_layers(m, t, x, b, o, &rope, layer_forward);
    return hn_op_layernorm(t, x, s->ln_w, s->ln_b, s->eps);
}

static int64_t kept(const hn_model *m) {
    return 8 * m->info.dim + 2 * m->info.ffn + m->info.heads + 4; /* x, its norm (twice); q, k, v, o; up, its activation */
}

const hn_family hn_family_gpt_neox = {
    .row = {.model_type = "gpt_neox", .about = "Pythia, GPT-NeoX"},
    .architecture = "GPTNeoXForCausalLM",
    .base_architecture = "GPTNeoXModel",
    .prefix = "gpt_neox.",
    .head_alias = "lm_head.weight",
    .buffers = buffers,
    .table = table,
    .state_size = sizeof(neox),
    .layer_size = sizeof(layer),
    .configure = configure,
    .hidden = hidden,
    .kept = kept,
};
