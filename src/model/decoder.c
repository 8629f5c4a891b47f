/* decoder.c - llama, and what is llama plus flags: one decoder for several families.
 *
 *   x += o(attention(rope(norm_q(q(norm1 x))), rope(norm_k(k(norm1 x))), v(norm1 x)))
 *   x += down(act(gate(norm2 x)) * up(norm2 x))
 * with RMSNorm throughout, heads grouped over kv heads, biases, head norms and windows where the family has them. */
#include "model/decoder_impl.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const char *const hn_decoder_buffers[] = {".rotary_emb.inv_freq", NULL};

#define L(field) offsetof(hn_decoder_layer, field)
#define A "model.layers.%d.self_attn."
#define M "model.layers.%d.mlp."
const hn_pspec hn_decoder_table[] = {
    {"model.embed_tokens.weight", offsetof(hn_decoder, base.embed), {HN_DIM_V, HN_DIM_D}, HN_P_EMBED, 0},
    {A "q_proj.weight", L(q.w), {HN_DIM_Q, HN_DIM_D}, 0, 0},
    {A "q_proj.bias", L(q.b), {HN_DIM_Q}, HN_P_ZEROS, HN_DECODER_QKV_BIAS},
    {A "k_proj.weight", L(k.w), {HN_DIM_KV, HN_DIM_D}, 0, 0},
    {A "k_proj.bias", L(k.b), {HN_DIM_KV}, HN_P_ZEROS, HN_DECODER_QKV_BIAS},
    {A "v_proj.weight", L(v.w), {HN_DIM_KV, HN_DIM_D}, 0, 0},
    {A "v_proj.bias", L(v.b), {HN_DIM_KV}, HN_P_ZEROS, HN_DECODER_QKV_BIAS},
    {A "o_proj.weight", L(o.w), {HN_DIM_D, HN_DIM_Q}, 0, 0},
    {A "o_proj.bias", L(o.b), {HN_DIM_D}, HN_P_ZEROS, HN_DECODER_O_BIAS},
    {A "q_norm.weight", L(q_norm), {HN_DIM_HEAD}, HN_P_ONES, HN_DECODER_QK_NORM},
    {A "k_norm.weight", L(k_norm), {HN_DIM_HEAD}, HN_P_ONES, HN_DECODER_QK_NORM},
    {M "gate_proj.weight", L(gate.w), {HN_DIM_F, HN_DIM_D}, 0, 0},
    {M "gate_proj.bias", L(gate.b), {HN_DIM_F}, HN_P_ZEROS, HN_DECODER_MLP_BIAS},
    {M "up_proj.weight", L(up.w), {HN_DIM_F, HN_DIM_D}, 0, 0},
    {M "up_proj.bias", L(up.b), {HN_DIM_F}, HN_P_ZEROS, HN_DECODER_MLP_BIAS},
    {M "down_proj.weight", L(down.w), {HN_DIM_D, HN_DIM_F}, 0, 0},
    {M "down_proj.bias", L(down.b), {HN_DIM_D}, HN_P_ZEROS, HN_DECODER_MLP_BIAS},
    {"model.layers.%d.input_layernorm.weight", L(norm1), {HN_DIM_D}, HN_P_ONES, 0},
    {"model.layers.%d.post_attention_layernorm.weight", L(norm2), {HN_DIM_D}, HN_P_ONES, 0},
    {"model.norm.weight", offsetof(hn_decoder, norm), {HN_DIM_D}, HN_P_ONES, 0},
    {"lm_head.weight", offsetof(hn_decoder, base.head.w), {HN_DIM_V, HN_DIM_D}, 0, HN_HAS_HEAD},
    {0},
};
#undef L
#undef A
#undef M

void hn_decoder_configure(hn_cfg *c, hn_model *m, const hn_decoder_defaults *d) {
    hn_decoder *s = (hn_decoder *)(void *)m->state;
    hn_model_info *f = &m->info;
    f->vocab = hn_cfg_need(c, "vocab_size");
    f->dim = hn_cfg_need(c, "hidden_size");
    f->layers = hn_cfg_need(c, "num_hidden_layers");
    f->heads = hn_cfg_need(c, "num_attention_heads");
    f->ffn = hn_cfg_need(c, "intermediate_size");
    bool null_kv = hn_json_has(c->json, "num_key_value_heads"); /* null: as many as heads */
    f->kv_heads = hn_cfg_size(c, "num_key_value_heads", null_kv || !d->kv_heads ? f->heads : d->kv_heads);
    f->head_dim = hn_cfg_size(c, "head_dim", d->head_dim ? d->head_dim : f->dim / f->heads);
    f->max_position = hn_cfg_size(c, "max_position_embeddings", d->max_position);
    f->tied = hn_cfg_bool(c, "tie_word_embeddings", false);
    hn_cfg_tokens(c, f, d->bos, d->eos);
    s->eps = hn_cfg_within(c, "rms_norm_eps", 1e-6, 1);
    s->act = hn_cfg_act(c, "hidden_act", "silu");
    m->attention_dropout = hn_cfg_within(c, "attention_dropout", 0, 1);
    if (f->heads % f->kv_heads != 0)
        hn_cfg_bad(c, HN_ESHAPE, "num_attention_heads %lld is no multiple of num_key_value_heads %lld", (long long)f->heads,
                   (long long)f->kv_heads);
    hn_cfg_rope(c, f->head_dim, f->max_position, "rope_theta", NULL, 1, &s->rope);
    hn_model_alloc_layers(m, c);
}

void hn_decoder_windows(hn_cfg *c, hn_model *m, int64_t window, int64_t first) {
    const hn_json *types = hn_json_get(c->json, "layer_types");
    for (int64_t i = 0; i < m->info.layers && c->st == HN_OK; i++) {
        hn_decoder_layer *l = hn_model_layer(m, i);
        const char *type = hn_json_cstr(hn_json_at(types, (size_t)i));
        bool slides = types ? hn_streq(type, "sliding_attention") : i >= first;
        if (types && !slides && !hn_streq(type, "full_attention"))
            hn_cfg_bad(c, HN_ENOTSUP, "\"layer_types\": layer %lld is '%.60s' (known: full_attention, sliding_attention)",
                       (long long)i, type ? type : "");
        l->window = slides && window > 0 ? (int32_t)window : 0;
    }
}

void hn_decoder_qwen_windows(hn_cfg *c, hn_model *m) {
    int64_t window = hn_json_has(c->json, "sliding_window") ? hn_cfg_size(c, "sliding_window", 0) : 4096;
    if (!hn_cfg_bool(c, "use_sliding_window", false)) window = 0;
    const hn_json *first = hn_json_get(c->json, "max_window_layers"); /* 0 is legal: all slide */
    hn_decoder_windows(c, m, window, hn_json_int(first, 28));
}

static hn_tensor *attention(hn_tape *t, hn_tensor *h, const hn_layer_ctx *c, const hn_decoder_layer *l) {
    const hn_model_info *f = &c->m->info;
    const hn_decoder *s = (const hn_decoder *)(const void *)c->m->state;
    hn_attn a = hn_layer_attn(c, 1 / sqrt((double)f->head_dim), l->window);
    hn_tensor *q = hn_nn_linear(t, h, &l->q), *k = hn_nn_linear(t, h, &l->k), *v = hn_nn_linear(t, h, &l->v);
    if (l->q_norm) {
        q = hn_nn_head_rmsnorm(t, q, f->head_dim, l->q_norm, s->eps);
        k = hn_nn_head_rmsnorm(t, k, f->head_dim, l->k_norm, s->eps);
    }
    return hn_nn_linear(t, hn_nn_attend(t, q, k, v, &c->rope, &a, c->cache, c->layer), &l->o);
}

static hn_tensor *layer_forward(hn_tape *t, hn_tensor *x, void *ctx) {
    const hn_layer_ctx *c = ctx;
    const hn_decoder_layer *l = hn_model_layer(c->m, c->layer);
    const hn_decoder *s = (const hn_decoder *)(const void *)c->m->state;
    hn_scope scope = hn_scope_begin(t);
    x = hn_op_add(t, x, attention(t, hn_op_rmsnorm(t, x, l->norm1, s->eps, false), c, l));
    hn_tensor *h = hn_op_rmsnorm(t, x, l->norm2, s->eps, false);
    x = hn_op_add(t, x, hn_nn_gated_mlp(t, h, &l->gate, &l->up, &l->down, s->act));
    hn_scope_end(t, scope, &x, 1);
    return x;
}

hn_tensor *hn_decoder_hidden(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o) {
    const hn_decoder *s = (const hn_decoder *)(const void *)m->state;
    hn_rope_table rope;
    if (hn_rope_rows(&s->rope, t, b->pos, b->tokens, &rope) != HN_OK) return NULL;
    hn_tensor *x = hn_run_layers(m, t, hn_embed_tokens(m, t, b, o), b, o, &rope, layer_forward);
    return hn_op_rmsnorm(t, x, s->norm, s->eps, false);
}

int64_t hn_decoder_kept(const hn_model *m) {
    const hn_model_info *f = &m->info;
    int64_t q = f->heads * f->head_dim, kv = f->kv_heads * f->head_dim;
    int64_t norms = m->features & HN_DECODER_QK_NORM ? q + kv : 0;
    return 4 * f->dim + 2 * q + 2 * kv + norms + 3 * f->ffn + f->heads +
           2; /* x, its norm (twice); q, o; k, v; gate, up, product */
}
