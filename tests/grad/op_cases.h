/* op_cases.h - how to build each op on random inputs, variant by variant.
 *
 * case_<name> is the descriptor that ops.def names. What an op reads until backward stands in static memory and is
 * made anew, equally, by each call with the same variant. */
#ifndef OP_CASES_H
#define OP_CASES_H

#include <math.h>

#include "grad/grad.h"

static uint32_t case_random(uint64_t variant, uint64_t index, uint32_t below) {
    hn_rng_key key = {.seed = variant, .purpose = HN_RNG_TEST, .site = 77};
    uint32_t w[4];
    hn_rng_bits(&key, index, w);
    return w[0] % below;
}

static const hn_act case_act_kind[] = {HN_ACT_GELU, HN_ACT_GELU_TANH, HN_ACT_SILU, HN_ACT_RELU, HN_ACT_TANH, HN_ACT_NONE};

static hn_tensor *make_act(hn_tape *t, hn_tensor **in, uint64_t v) {
    return hn_op_act(t, in[0], case_act_kind[v]);
}
static const hn_op_case case_act = {"act", make_act, 1, {{3, 7}}, 6};

static hn_tensor *make_gated_act(hn_tape *t, hn_tensor **in, uint64_t v) {
    return hn_op_gated_act(t, in[0], v < 6 ? in[1] : in[0], case_act_kind[v % 6]);
}
static const hn_op_case case_gated_act = {"gated_act", make_gated_act, 2, {{3, 7}, {3, 7}}, 12};

static hn_tensor *make_add(hn_tape *t, hn_tensor **in, uint64_t v) {
    if (v == 1) return hn_op_add(t, in[0], in[0]);
    hn_tensor *z = hn_op_add(t, in[0], in[1]);
    return v == 0 ? z : hn_op_add(t, hn_op_add(t, z, in[1]), z); /* forks: gradients meet */
}
static const hn_op_case case_add = {"add", make_add, 2, {{4, 3}, {4, 3}}, 3};

/* A random tree over n rows: lone tokens, empty segments, chains and siblings. */
static void case_tree(uint64_t v, int32_t n, hn_segs *segs) {
    static int32_t start[33], parent[32];
    int32_t s = 0, at = 0, kind = (int32_t)(v % 5);
    while (at < n && s < 31) {
        int32_t len = kind == 1 ? 1 : (int32_t)case_random(v, (uint64_t)(2 * s), kind == 0 ? 99 : 5);
        if (len > n - at || s == 30) len = n - at;
        start[s] = at;
        switch (kind) {
        case 2: parent[s] = s - 1; break;                /* deep */
        case 3: parent[s] = s == 0 ? -1 : 0; break;      /* many siblings */
        default: parent[s] = (int32_t)case_random(v, (uint64_t)(2 * s + 1), (uint32_t)s + 1) - 1; break;
        }
        at += len;
        s++;
    }
    start[s] = at;
    *segs = (hn_segs){.count = s, .start = start, .parent = parent};
}

static hn_tensor *case_attention_run(hn_tape *t, hn_tensor **in, uint64_t v, int32_t h, int32_t g, int32_t dh) {
    static const float slope[4] = {0.5f, 0.25f, -0.125f, 0.0625f};
    static hn_attn a;
    a = (hn_attn){.heads = h, .kv_heads = g, .head_dim = dh, .scale = 1.0 / sqrt((double)dh)};
    a.causal = v / 5 % 3 != 2;
    a.window = v / 15 % 2 ? (int32_t)(1 + v % 4) : 0;
    a.softcap = v / 30 % 2 ? 1.5 : 0.0;
    a.alibi = v / 60 % 2 ? slope : NULL;
    a.dropout = v / 120 % 2 ? 0.4 : 0.0;
    case_tree(v, (int32_t)in[0]->dim[0], &a.segs);
    return hn_op_attention(t, in[0], in[1], in[2], &a);
}
static hn_tensor *make_attention(hn_tape *t, hn_tensor **in, uint64_t v) {
    return case_attention_run(t, in, v, 4, 2, 3);
}
static const hn_op_case case_attention = {"attention", make_attention, 3, {{13, 12}, {13, 6}, {13, 6}}, 240};

static hn_tensor *make_attention_plain(hn_tape *t, hn_tensor **in, uint64_t v) {
    hn_tensor *same[3] = {in[0], v % 2 ? in[0] : in[1], v % 3 == 2 ? in[0] : in[2]}; /* one tensor in several roles */
    return case_attention_run(t, same, v, 1, 1, 4);
}
static const hn_op_case case_attention_plain = {"attention_plain", make_attention_plain, 3, {{9, 4}, {9, 4}, {9, 4}}, 30};

static hn_tensor *case_segment(hn_tape *t, hn_tensor *x, void *ctx) {
    hn_tensor **w = ctx;
    hn_scope s = hn_scope_begin(t);
    hn_tensor *h = hn_op_dropout(t, hn_op_act(t, hn_op_linear(t, x, w[0], NULL, false), HN_ACT_SILU), 0.25);
    hn_tensor *y = hn_op_add(t, x, hn_op_linear(t, h, w[1], NULL, false));
    hn_scope_end(t, s, &y, 1);
    return y;
}
static hn_tensor *case_nested(hn_tape *t, hn_tensor *x, void *ctx) {
    return hn_op_checkpoint(t, case_segment, hn_op_checkpoint(t, case_segment, x, ctx), ctx);
}
static hn_tensor *case_identity(hn_tape *t, hn_tensor *x, void *ctx) {
    (void)ctx;
    return hn_op_view(t, x, 1, (const int64_t[]){hn_tensor_count(x)});
}
static hn_tensor *make_checkpoint(hn_tape *t, hn_tensor **in, uint64_t v) {
    static hn_tensor *w[2];
    w[0] = in[1];
    w[1] = in[2];
    static hn_segment_fn *const fn[] = {case_segment, case_nested, case_identity};
    return hn_op_checkpoint(t, fn[v], in[0], w);
}
static const hn_op_case case_checkpoint = {"checkpoint", make_checkpoint, 3, {{4, 3}, {5, 3}, {3, 5}}, 3};

static hn_tensor *make_cols(hn_tape *t, hn_tensor **in, uint64_t v) {
    if (v == 0) return hn_op_cols(t, in[0], 1, 12, 4, 5);
    hn_tensor *a = hn_op_cols(t, in[0], 3, 4, 1, 2), *b = hn_op_cols(t, in[0], 2, 5, 0, 3);
    return hn_op_add(t, a, b);
}
static const hn_op_case case_cols = {"cols", make_cols, 1, {{3, 12}}, 2};

static hn_tensor *make_dropout(hn_tape *t, hn_tensor **in, uint64_t v) {
    static const double p[] = {0.0, 0.1, 0.5};
    hn_tensor *y = hn_op_dropout(t, in[0], p[v]);
    return hn_op_add(t, y, hn_op_dropout(t, in[0], p[v])); /* another site: another mask */
}
static const hn_op_case case_dropout = {"dropout", make_dropout, 1, {{5, 9}}, 3};

static hn_tensor *make_embed(hn_tape *t, hn_tensor **in, uint64_t v) {
    (void)v;
    const int32_t id[] = {6, 0, 3, 3, 1, 6, 3};
    return hn_op_embed(t, in[0], id, 7);
}
static const hn_op_case case_embed = {"embed", make_embed, 1, {{7, 3}}, 1};

static hn_tensor *make_layernorm(hn_tape *t, hn_tensor **in, uint64_t v) {
    return hn_op_layernorm(t, in[0], v < 2 ? in[1] : NULL, v < 1 ? in[2] : NULL, 1e-5);
}
static const hn_op_case case_layernorm = {"layernorm", make_layernorm, 3, {{4, 6}, {6}, {6}}, 3};

static hn_tensor *make_linear(hn_tape *t, hn_tensor **in, uint64_t v) {
    return hn_op_linear(t, in[0], in[1], v ? in[2] : NULL, false);
}
static const hn_op_case case_linear = {"linear", make_linear, 3, {{5, 4}, {3, 4}, {3}}, 2};

static hn_tensor *make_linear_conv1d(hn_tape *t, hn_tensor **in, uint64_t v) {
    return hn_op_linear(t, in[0], in[1], v ? in[2] : NULL, true);
}
static const hn_op_case case_linear_conv1d = {"linear_conv1d", make_linear_conv1d, 3, {{5, 4}, {4, 3}, {3}}, 2};

static hn_tensor *make_mean_pool(hn_tape *t, hn_tensor **in, uint64_t v) {
    const int32_t start[2][4] = {{0, 3, 4, 9}, {1, 2, 5, 8}}; /* rows outside every segment get no gradient */
    return hn_op_mean_pool(t, in[0], start[v], 3);
}
static const hn_op_case case_mean_pool = {"mean_pool", make_mean_pool, 1, {{9, 4}}, 2};

static hn_tensor *make_neftune(hn_tape *t, hn_tensor **in, uint64_t v) {
    const int32_t len[] = {2, 2, 3, 3, 3};
    return hn_op_neftune(t, in[0], len, v ? 5.0 : 0.0);
}
static const hn_op_case case_neftune = {"neftune", make_neftune, 1, {{5, 4}}, 2};

static hn_tensor *make_rmsnorm(hn_tape *t, hn_tensor **in, uint64_t v) {
    return hn_op_rmsnorm(t, in[0], v < 2 ? in[1] : NULL, 1e-6, v == 1);
}
static const hn_op_case case_rmsnorm = {"rmsnorm", make_rmsnorm, 2, {{4, 6}, {6}}, 3};

static hn_tensor *make_rope(hn_tape *t, hn_tensor **in, uint64_t v) {
    double c[15], s[15];
    int32_t half = v / 2 % 2 ? 2 : 3;
    for (int i = 0; i < 15; i++) {
        c[i] = cos(0.3 + 0.7 * i);
        s[i] = sin(0.3 + 0.7 * i);
    }
    hn_rope_table table;
    if (hn_rope_table_new(t, 5, half, v % 2 == 1, c, s, &table) != HN_OK) return NULL;
    hn_tensor *y = hn_op_rope(t, in[0], 2, &table);
    return v < 4 ? y : hn_op_add(t, in[0], y);
}
static const hn_op_case case_rope = {"rope", make_rope, 1, {{5, 12}}, 8};

static hn_tensor *make_rows(hn_tape *t, hn_tensor **in, uint64_t v) {
    (void)v;
    const int32_t row[] = {4, 0, 0, 2, 4};
    return hn_op_rows(t, in[0], row, 5);
}
static const hn_op_case case_rows = {"rows", make_rows, 1, {{6, 3}}, 1};

static hn_tensor *make_scale(hn_tape *t, hn_tensor **in, uint64_t v) {
    hn_tensor *y = hn_op_scale(t, in[0], -1.75);
    return v ? hn_op_add(t, y, hn_op_scale(t, y, 0.3)) : y;
}
static const hn_op_case case_scale = {"scale", make_scale, 1, {{3, 5}}, 2};

static hn_tensor *make_view(hn_tape *t, hn_tensor **in, uint64_t v) {
    hn_tensor *a = hn_op_view(t, in[0], 3, (const int64_t[]){2, 2, 6});
    hn_tensor *b = hn_op_scale(t, hn_op_view(t, a, 2, (const int64_t[]){8, 3}), 0.5);
    return v ? hn_op_view(t, hn_op_add(t, in[0], b), 1, (const int64_t[]){24}) : a;
}
static const hn_op_case case_view = {"view", make_view, 1, {{4, 6}}, 2};

#endif
