/* dev.h - a device is memory plus a row of kernel slots: raw pointers and sizes, no tensors.
 *
 * Each slot is filled by the reference first (cpu/ref_tmpl.h, compiled for float and for double), then
 * overwritten by what the CPU can do faster (AVX2, AVX-512), chosen at run time; HONE_ISA=ref|avx2|avx512
 * forces a level. Float and double share the slot types: pointers are void, the row of slots belongs to a
 * dtype. Contract of every slot: a row's bits depend on that row (in attention: on the rows it attends to)
 * and on the weights only, never on how many rows stand beside it or on the number of threads. Between
 * levels results agree within rounding. Kernels thread themselves with hn_par_for.
 *
 * Alphabet: N rows (tokens), D model, K/M inner and outer size, H heads, G kv heads, Dh head size, V vocab. */
#ifndef HN_DEV_H
#define HN_DEV_H

#include "base/base.h"

typedef enum hn_dtype { HN_F32, HN_F64, HN_BF16, HN_F16, HN_I64, HN_I32, HN_U8, HN_DTYPE_COUNT } hn_dtype;
size_t hn_dtype_size(hn_dtype t);
const char *hn_dtype_name(hn_dtype t); /* "float32", "bfloat16" ... */

/* ---- segments: the tree of a packed batch. A token of segment s at place i attends to all tokens of the
 * ancestors of s and, if causal, to places <= i of s (else to all of s). Parents precede children. */
typedef struct hn_kv_span { /* keys and values computed earlier (one layer of a KV cache) */
    const void *k, *v;      /* [len, G*Dh], row stride in elements */
    int64_t len, stride;
    int32_t parent;         /* 0: none; k: cached segment k (from 1), an ancestor */
} hn_kv_span;
typedef struct hn_segs {
    int32_t count;          /* S */
    const int32_t *start;   /* [S+1], rows; start[0] = 0, start[S] = N */
    const int32_t *parent;  /* [S]: -1 none, p >= 0 segment p, -1-k cached segment k (from 1) */
    const hn_kv_span *cached; /* [cached_count + 1], entry 0 unused; NULL without cache */
    int32_t cached_count;
} hn_segs;

typedef struct hn_attn { /* what one attention computes */
    int32_t heads, kv_heads, head_dim; /* H, G (divides H), Dh */
    double scale;            /* scores = scale * q.k */
    bool causal;
    int32_t window;          /* key at path place j is seen from i only if i - window < j < i + window; 0: all */
    double softcap;          /* cap * tanh(score / cap); 0: none */
    const float *alibi;      /* [H] slopes: score += slope * (j - i), key place minus query place; NULL: none */
    double dropout; /* weights are left out with this probability after the softmax, the rest times 1 / (1 - p); 0: none */
    hn_rng_key drop_key;     /* decides which, with row, head and key place */
    hn_segs segs;
} hn_attn;

typedef enum hn_act { HN_ACT_NONE, HN_ACT_GELU /* erf */, HN_ACT_GELU_TANH, HN_ACT_SILU, HN_ACT_RELU, HN_ACT_TANH } hn_act;

/* What the softmax over a row of logits gives; each pointer may be NULL: not asked for. All in double. */
typedef struct hn_row_stats {
    double lse;        /* log sum exp */
    double target;     /* logit of the target */
    double sum;        /* sum of logits */
    double plogit;     /* sum p * logit; entropy = lse - plogit */
    double p2;         /* sum p^2 */
    int32_t argmax;    /* first maximum */
} hn_row_stats;

enum { HN_GEMM_TA = 1, HN_GEMM_TB = 2, HN_GEMM_ACC = 4 };

typedef struct hn_adamw {
    double lr, beta1, beta2, eps, weight_decay, clip; /* clip: factor on every gradient */
    int64_t step; /* from 1 */
} hn_adamw;

typedef struct hn_kernels {
    hn_dtype dtype;
    const char *isa;   /* "ref", "avx2", "avx512" */
    const char *gemm_name; /* "own", "onednn", "ref" */

    /* C[m,n] (+)= op(A)[m,k] op(B)[k,n], row-major with row strides lda, ldb, ldc. TA: A is stored [k,m];
     * TB: B is stored [n,k] (a Linear weight [out,in] in forward). ACC: add to C, else overwrite.
     * Each element is one chain over k in ascending order with one rounding a step (fused multiply-add),
     * starting from 0, or from C under ACC. bias [n] or NULL is added at the end (never with ACC). */
    void (*gemm)(unsigned flags, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda, const void *b,
                 int64_t ldb, void *c, int64_t ldc, const void *bias);

    void (*embed)(int64_t n, int64_t d, const void *table, const int32_t *id, void *y);
    /* dtable[id[i]] += dy[i], in ascending i for each row of the table */
    void (*embed_back)(int64_t n, int64_t d, int64_t vocab, const int32_t *id, const void *dy, void *dtable);

    /* y = x * rstd * (w + add_one); rstd[n] = 1/sqrt(mean x^2 + eps) is kept for backward. w may be NULL */
    void (*rmsnorm)(int64_t n, int64_t d, const void *x, const void *w, double eps, bool add_one, void *y, void *rstd);
    void (*rmsnorm_back)(int64_t n, int64_t d, const void *x, const void *w, bool add_one, const void *rstd,
                         const void *dy, void *dx /* += */, void *dw /* += or NULL */);
    /* y = (x - mean) * rstd * w + b; mean[n], rstd[n] kept. w, b may be NULL */
    void (*layernorm)(int64_t n, int64_t d, const void *x, const void *w, const void *b, double eps, void *y,
                      void *mean, void *rstd);
    void (*layernorm_back)(int64_t n, int64_t d, const void *x, const void *w, const void *mean, const void *rstd,
                           const void *dy, void *dx, void *dw, void *db);

    void (*act)(hn_act kind, int64_t count, const void *x, void *y);
    void (*act_back)(hn_act kind, int64_t count, const void *x, const void *dy, void *dx /* += */);
    /* y = act(gate) * up */
    void (*gated_act)(hn_act kind, int64_t count, const void *gate, const void *up, void *y);
    void (*gated_act_back)(hn_act kind, int64_t count, const void *gate, const void *up, const void *dy,
                           void *dgate /* += */, void *dup /* += */);

    /* Rotates the first 2*half dims of every head of x [n, heads, dh]: pairs (j, j+half), or (2j, 2j+1) if
     * interleaved. cos, sin [n, half]. sign +1 forward, -1 backward (the transpose); ACC: y += else y =.
     * Dims beyond 2*half are copied (added). y may be x when not ACC. */
    void (*rope)(int64_t n, int32_t heads, int32_t dh, int32_t half, bool interleaved, const void *x, const void *cos,
                 const void *sin, int sign, bool acc, void *y);

    /* q, o [n, H*Dh], k, v [n, G*Dh] with row strides ldq, ldk, ldv (o: H*Dh); lse [n, H]. Softmax runs over
     * blocks of path places whose borders depend on the place alone, so a row's bits do not depend on how
     * its path is cut into segments, cached or shared. */
    void (*attention)(const hn_attn *a, const void *q, int64_t ldq, const void *k, int64_t ldk, const void *v,
                      int64_t ldv, void *o, void *lse);
    /* dq, dk, dv (strides as q, k, v) are added to. Not with cached segments. The parts of a parent's dk, dv
     * are summed in the order of its children. */
    void (*attention_back)(const hn_attn *a, const void *q, int64_t ldq, const void *k, int64_t ldk, const void *v,
                           int64_t ldv, const void *o, const void *lse, const void *dout, void *dq, void *dk, void *dv);

    void (*add)(int64_t count, const void *x, const void *y, void *z);         /* z = x + y */
    void (*axpy)(int64_t count, double alpha, const void *x, void *y);         /* y += alpha x */
    void (*scale)(int64_t count, double alpha, const void *x, void *y);        /* y = alpha x */
    void (*mul)(int64_t count, const void *x, const void *m, bool acc, void *y); /* y (+)= x * m */
    void (*colsum)(int64_t n, int64_t d, const void *x, void *y);              /* y[d] += sum over rows */
    void (*rows)(int64_t r, int64_t d, const void *x, const int32_t *row, void *y); /* y[i] = x[row[i]] */
    void (*rows_back)(int64_t r, int64_t d, const int32_t *row, const void *dy, void *dx); /* dx[row[i]] += dy[i] */

    /* For each of r rows of logits [r, V]: statistics; target[i] < 0: no target. logits are left as they are. */
    void (*row_stats)(int64_t r, int64_t v, const void *logits, int64_t ld, const int32_t *target, hn_row_stats *out);
    /* logits[i,:] := d loss / d logits from d/dlogp, d/dentropy, d/dmean_logp (mean over the vocabulary of log p):
     * dlogp (1[j = t] - p_j) - dent p_j (logit_j - plogit) + dmean (1/V - p_j). Any of the three may be NULL. */
    void (*logits_back)(int64_t r, int64_t v, void *logits, int64_t ld, const int32_t *target, const hn_row_stats *stats,
                        const double *dlogp, const double *dentropy, const double *dmean);

    double (*sumsq)(int64_t count, const void *x); /* fixed order, in double */
    bool (*finite)(int64_t count, const void *x);
    /* torch's AdamW: p *= 1 - lr wd; m, v; p -= lr/(1-b1^t) m / (sqrt(v)/sqrt(1-b2^t) + eps). At step 1 the moments before
     * are 0 by definition: what stands in m and v is not read. */
    void (*adamw)(const hn_adamw *o, int64_t count, void *p, const void *g, void *m, void *v);
} hn_kernels;

/* ---- the device */
typedef struct hn_dev hn_dev;
/* gemm: NULL or "own" for ours, "onednn" where built, "ref". Error EARG: not known or not built. */
hn_status hn_dev_cpu_new(const char *gemm, hn_dev **out, hn_error *err) HN_MUST;
void hn_dev_free(hn_dev *d);
const hn_kernels *hn_dev_kernels(const hn_dev *d, hn_dtype dtype); /* F32 or F64 */
/* Buffers from size classes (8 steps a doubling), recycled; 64-byte aligned; contents undefined. What the device holds never
 * exceeds what was once in use at a time. */
void *hn_dev_alloc(hn_dev *d, size_t bytes) HN_MUST;
void hn_dev_release(hn_dev *d, void *p, size_t bytes);
/* From now on buffers of 64 KiB and more have room for to / from times what is asked (1 if to <= from). A training step on a
 * short batch then makes the very requests of the longest one to come: the same blocks serve every step, and what is never
 * touched of them takes no memory. */
void hn_dev_stretch(hn_dev *d, int64_t to, int64_t from);
void hn_dev_trim(hn_dev *d); /* gives free buffers back to the system */
/* One line a level the build has and the CPU can run: for `hone env`, tests. */
typedef struct hn_isa { const char *name; bool built, usable; } hn_isa;
const hn_isa *hn_dev_isas(size_t *count);
/* All fillings of the slots (each usable level x dtype), for the kernel tests; i from 0 until NULL. */
const hn_kernels *hn_kernels_at(size_t i);

/* Widening and narrowing, any pair of real dtypes; round to nearest even. */
void hn_convert(int64_t count, hn_dtype from, const void *x, hn_dtype to, void *y);

#endif
