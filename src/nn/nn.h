/* nn.h - what models are written in: tables of weights, linear layers, rotary tables, the KV cache, blocks.
 *
 * Verbs work on packed rows: a rank-2 tensor [N, D] of N tokens, cut into segments that form a tree. Like the ops
 * below them they return NULL once something failed (hn_tape_status). */
#ifndef HN_NN_H
#define HN_NN_H

#include "grad/grad.h"

/* ------------------------------------------------------------------ tables of weights (param.c) */

/* Sizes a model has; a row of a table names its shape by them. */
typedef enum hn_dim {
    HN_DIM_NONE,
    HN_DIM_V,    /* vocabulary */
    HN_DIM_D,    /* model */
    HN_DIM_F,    /* inner size of the feed-forward */
    HN_DIM_Q,    /* heads * head size */
    HN_DIM_KV,   /* kv heads * head size */
    HN_DIM_QKV,  /* Q + 2 KV */
    HN_DIM_HEAD, /* head size */
    HN_DIM_POS,  /* learned positions */
    HN_DIM_COUNT
} hn_dim;

enum {                     /* how a weight starts, and what it is */
       HN_P_LAYERNORM = 1, /* belongs to a LayerNorm: no weight decay */
       HN_P_ONES = 2,      /* starts as 1 */
       HN_P_ZEROS = 4,     /* starts as 0 */
       HN_P_RESIDUAL = 8,  /* GPT-2: normal(0, std / sqrt(2 layers)) */
       HN_P_EMBED = 16     /* row pad_token_id starts as 0 */
};

/* One row = one weight (of every layer, where the name holds %d). Tables end with a row whose name is NULL; rows with
 * %d stand together. Order: transformers' module order. */
typedef struct hn_pspec {
    const char *name; /* "model.layers.%d.self_attn.q_proj.weight" */
    size_t offset;    /* of the hn_tensor * in the family's state, or in its layer's state where the name holds %d */
    hn_dim dim[2];    /* HN_DIM_NONE ends the shape */
    unsigned flags;   /* HN_P_* */
    unsigned when;    /* the weight exists iff the model has all of these features (bits of the family) */
} hn_pspec;

/* transformers' rule on names: no decay for what matches bias, layernorm, rmsnorm, (^|\.)norm($|\.), _norm($|\.). */
bool hn_name_decays(const char *name);

/* ------------------------------------------------------------------ linear (linear.c) */

typedef struct hn_linear hn_linear;
/* What may be laid over a frozen linear layer: returns y with the adapter's part added. */
typedef struct hn_adapter {
    hn_tensor *(*apply)(const struct hn_adapter *a, hn_tape *t, const hn_linear *l, hn_tensor *x, hn_tensor *y);
    bool on;
} hn_adapter;
struct hn_linear {
    hn_tensor *w, *b; /* w [M,K] (transposed: [K,M]); b [M] or NULL */
    bool transposed;
    hn_adapter *adapter; /* NULL: none */
};
/* y = x w^T + b, and the adapter's part: the one place where adapters act. x [N,K] -> [N,M]. */
hn_tensor *hn_nn_linear(hn_tape *t, hn_tensor *x, const hn_linear *l);

/* ------------------------------------------------------------------ rotary positions (rope.c) */

typedef enum hn_rope_type { HN_ROPE_DEFAULT, HN_ROPE_LINEAR, HN_ROPE_LLAMA3, HN_ROPE_YARN } hn_rope_type;
typedef struct hn_rope_spec {
    hn_rope_type type;
    double theta;
    int32_t dims;               /* rotated dims of a head, even */
    double factor;              /* linear, llama3, yarn */
    double low_freq, high_freq; /* llama3 */
    double original_positions;  /* llama3, yarn */
    double beta_fast, beta_slow, attention_factor /* NaN: from factor */, mscale, mscale_all /* 0: unset */; /* yarn */
    bool truncate;    /* yarn: ramp bounds rounded outwards */
    bool interleaved; /* pairs (2j, 2j+1) instead of (j, j + half) */
} hn_rope_spec;

enum { HN_ROPE_MAX_HALF = 512 };
typedef struct hn_rope {
    int32_t half;
    bool interleaved;
    double scale;                     /* of cos and sin */
    float inv_freq[HN_ROPE_MAX_HALF]; /* float32, as transformers keeps them */
} hn_rope;
/* EFORMAT: dims odd or too many, factor or theta not positive. */
hn_status hn_rope_init(hn_rope *r, const hn_rope_spec *spec, hn_error *err) HN_MUST;
/* scale * cos and scale * sin of pos[i] * inv_freq[j] in float64 for n rows, as the tape's table. A failure also stands
 * in the tape. */
hn_status hn_rope_rows(const hn_rope *r, hn_tape *t, const int32_t *pos, int64_t n, hn_rope_table *out);

/* ------------------------------------------------------------------ KV cache (kv_cache.c)
 * Keys and values of earlier tokens, as segments 1..n that form a tree as a batch does. A forward with a cache reads
 * the segments that parents -1-k of the batch name, and appends the new rows of batch segment s to cached segment
 * append_to[s]. n samples of one prompt: one segment for the prompt, n children. Recording must be off. */
typedef struct hn_kv_cache hn_kv_cache;
/* dim: kv heads * head size. */
hn_status hn_kv_cache_new(hn_dev *dev, hn_dtype dtype, int32_t layers, int64_t dim, hn_kv_cache **out, hn_error *err) HN_MUST;
void hn_kv_cache_free(hn_kv_cache *c);
/* A new empty segment; parent 0: none. reserve: tokens to make room for at once (it grows by itself). *out from 1. */
hn_status hn_kv_cache_add(hn_kv_cache *c, int32_t parent, int64_t reserve, int32_t *out, hn_error *err) HN_MUST;
int64_t hn_kv_cache_len(const hn_kv_cache *c, int32_t segment);  /* its own tokens */
int64_t hn_kv_cache_path(const hn_kv_cache *c, int32_t segment); /* with its ancestors': the next position */
void hn_kv_cache_truncate(hn_kv_cache *c, int32_t segment, int64_t len);
/* The caller's hold on a segment ends; memory goes back once no child is left. The number may be handed out again. */
void hn_kv_cache_release(hn_kv_cache *c, int32_t segment);
uint64_t hn_kv_cache_bytes(const hn_kv_cache *c);
/* Before a forward of s batch segments: where each one's rows go (0: nowhere); copied. Two segments may not share one
 * target. The setting holds for one forward. */
hn_status hn_kv_cache_append_to(hn_kv_cache *c, const int32_t *target, int32_t s, hn_error *err) HN_MUST;
/* The model calls: begin makes room for the batch's rows; every layer reads its spans and puts its rows (the lengths stay as
 * they are); commit lets the lengths grow. */
hn_status hn_kv_cache_begin(hn_kv_cache *c, const hn_segs *batch, hn_error *err) HN_MUST;
const hn_kv_span *hn_kv_cache_spans(hn_kv_cache *c, int32_t layer, int32_t *count);
void hn_kv_cache_put(hn_kv_cache *c, int32_t layer, const void *k, const void *v);
void hn_kv_cache_commit(hn_kv_cache *c);

/* ------------------------------------------------------------------ blocks (block.c) */

/* "gelu", "gelu_new", "silu" ... false: not known. */
bool hn_act_find(const char *name, hn_act *out);
const char *hn_act_names(void); /* the known ones, for messages */

/* softmax(q k^T) v over the tree. rope NULL: positions are elsewhere. cache NULL, or rows are read from and appended to
 * its layer. q [N, H*Dh], k, v [N, G*Dh] -> [N, H*Dh]. */
hn_tensor *hn_nn_attend(hn_tape *t, hn_tensor *q, hn_tensor *k, hn_tensor *v, const hn_rope_table *rope, const hn_attn *a,
                        hn_kv_cache *cache, int32_t layer);
/* RMSNorm of every head by itself: x [N, heads*Dh], w [Dh]. */
hn_tensor *hn_nn_head_rmsnorm(hn_tape *t, hn_tensor *x, int64_t head_dim, hn_tensor *w, double eps);
/* down(act(up(x))) */
hn_tensor *hn_nn_mlp(hn_tape *t, hn_tensor *x, const hn_linear *up, const hn_linear *down, hn_act act);
/* down(act(gate(x)) * up(x)) */
hn_tensor *hn_nn_gated_mlp(hn_tape *t, hn_tensor *x, const hn_linear *gate, const hn_linear *up, const hn_linear *down,
                           hn_act act);

#endif
