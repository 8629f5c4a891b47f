/* block.c - the verbs that decoders share: attention over the tree with an optional cache, feed-forward blocks. */
#include "nn/nn.h"

#include <string.h>

static const struct {
    const char *name;
    hn_act act;
} ACTS[] = {
    {"silu", HN_ACT_SILU},
    {"swish", HN_ACT_SILU},
    {"gelu", HN_ACT_GELU},
    {"gelu_new", HN_ACT_GELU_TANH},
    {"gelu_pytorch_tanh", HN_ACT_GELU_TANH},
    {"gelu_fast", HN_ACT_GELU_TANH},
    {"relu", HN_ACT_RELU},
    {"tanh", HN_ACT_TANH},
};

bool hn_act_find(const char *name, hn_act *out) {
    for (size_t i = 0; name && i < sizeof ACTS / sizeof *ACTS; i++) {
        if (hn_streq(name, ACTS[i].name)) {
            *out = ACTS[i].act;
            return true;
        }
    }
    return false;
}

const char *hn_act_names(void) { return "silu, swish, gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, tanh"; }

hn_tensor *hn_nn_attend(hn_tape *t, hn_tensor *q, hn_tensor *k, hn_tensor *v, const hn_rope_table *rope, const hn_attn *a,
                        hn_kv_cache *cache, int32_t layer) {
    if (rope) {
        q = hn_op_rope(t, q, a->heads, rope);
        k = hn_op_rope(t, k, a->kv_heads, rope);
    }
    if (!cache || !q || !k || !v) return hn_op_attention(t, q, k, v, a);
    hn_attn with = *a;
    with.segs.cached = hn_kv_cache_spans(cache, layer, &with.segs.cached_count);
    hn_tensor *o = hn_op_attention(t, q, k, v, &with);
    if (o) hn_kv_cache_put(cache, layer, k->data, v->data);
    return o;
}

hn_tensor *hn_nn_head_rmsnorm(hn_tape *t, hn_tensor *x, int64_t head_dim, hn_tensor *w, double eps) {
    if (!x) return NULL;
    int64_t flat[2] = {x->dim[0], x->dim[1]};
    int64_t heads[2] = {flat[0] * flat[1] / head_dim, head_dim};
    return hn_op_view(t, hn_op_rmsnorm(t, hn_op_view(t, x, 2, heads), w, eps, false), 2, flat);
}

hn_tensor *hn_nn_mlp(hn_tape *t, hn_tensor *x, const hn_linear *up, const hn_linear *down, hn_act act) {
    return hn_nn_linear(t, hn_op_act(t, hn_nn_linear(t, x, up), act), down);
}

hn_tensor *hn_nn_gated_mlp(hn_tape *t, hn_tensor *x, const hn_linear *gate, const hn_linear *up, const hn_linear *down,
                           hn_act act) {
    hn_tensor *g = hn_nn_linear(t, x, gate), *u = hn_nn_linear(t, x, up);
    return hn_nn_linear(t, hn_op_gated_act(t, g, u, act), down);
}
