/* grad.h - tensors, the tape, and the ops: forward now, gradients later.
 *
 * A tensor is contiguous and row-major. Ops are coarse (about twenty), define-by-run: forward and backward of
 * an op stand in one file with the derivative above them; backward always accumulates. An op that fails (shape,
 * memory) records the first error in the tape and returns NULL; an op given NULL returns NULL: one check of
 * hn_tape_status per forward. Kernels are the device's; dtype is float32, or float64 for gradient checks.
 *
 * Life of memory: headers in the tape's arena, bytes in the device pool. After the backward of a node its output's
 * value and gradient go back to the pool. hn_scope_end releases values that no backward will read.
 * Alphabet: N tokens, R chosen rows, D model, K in, M out, H heads, G kv heads, Dh head size, V vocab. */
#ifndef HN_GRAD_H
#define HN_GRAD_H

#include "dev/dev.h"

typedef struct hn_tensor hn_tensor;
struct hn_tensor {
    void *data;         /* first element; NULL once released */
    int64_t dim[4];
    int32_t rank;
    hn_dtype dtype;
    bool needs_grad;    /* gradients flow here */
    bool kept;          /* never released by the tape (parameters, wanted outputs) */
    bool saved;         /* some node's backward reads the value */
    bool grad_fresh;    /* the gradient buffer holds nothing yet: the first writer overwrites */
    bool owned;         /* data belongs to the device pool through the tape */
    hn_tensor *grad;    /* same shape; NULL until needed. A parameter's is set once, lives with the optimiser */
    hn_tensor *base;    /* a view's owner, else NULL */
    const char *name;   /* for error texts; may be NULL */
};

typedef struct hn_tape hn_tape;
typedef struct hn_node hn_node;
typedef struct hn_op { /* a forward function plus this constant, both in one file */
    const char *name;
    void (*back)(hn_tape *t, const hn_node *n);
} hn_op;

hn_status hn_tape_new(hn_dev *dev, hn_dtype dtype, hn_tape **out, hn_error *err) HN_MUST;
void hn_tape_free(hn_tape *t);
void hn_tape_record(hn_tape *t, bool on); /* off: nothing is kept for backward (evaluation, generation) */
bool hn_tape_recording(const hn_tape *t);
void hn_tape_reset(hn_tape *t);           /* forgets nodes and tensors, memory returns to the pool; clears the error */
hn_status hn_tape_status(const hn_tape *t, hn_error *err); /* first error of any op since the reset */
hn_status hn_tape_fail(hn_tape *t, hn_status code, const char *fmt, ...) HN_PRINTF(3, 4);
/* Runs backward from the seeds that stand in the gradients (hn_seed, logprob handles), newest node first. */
hn_status hn_tape_backward(hn_tape *t, hn_error *err) HN_MUST;
/* Keys dropout masks and such; the site counts up with each stochastic op of a forward. */
void hn_tape_seed(hn_tape *t, uint64_t seed, uint64_t step);
/* Zeroed host memory that lives until the reset, for what outlives a call (contexts of checkpoints). NULL: no memory,
 * which is recorded. */
void *hn_tape_alloc(hn_tape *t, size_t bytes) HN_MUST;

/* Values released between begin and end unless saved for backward, kept, or equal to keep[0..n). */
typedef struct hn_scope { size_t mark; } hn_scope;
hn_scope hn_scope_begin(hn_tape *t);
void hn_scope_end(hn_tape *t, hn_scope s, hn_tensor *const *keep, size_t n);

/* Contents undefined / copied from host values of dtype from. Released on reset. */
hn_tensor *hn_tensor_new(hn_tape *t, int32_t rank, const int64_t *dim);
hn_tensor *hn_tensor_from(hn_tape *t, int32_t rank, const int64_t *dim, hn_dtype from, const void *host);
/* A parameter's header: data and gradient memory are the caller's. No tape. */
void hn_tensor_wrap(hn_tensor *x, int32_t rank, const int64_t *dim, hn_dtype dtype, void *data);
int64_t hn_tensor_count(const hn_tensor *x);
size_t hn_tensor_bytes(const hn_tensor *x);
/* Adds seed to d loss / d x before backward; host values in double, hn_tensor_count(x) of them. */
hn_status hn_seed(hn_tape *t, hn_tensor *x, const double *seed, hn_error *err) HN_MUST;
/* Copies a tensor's values out, widened to double. */
void hn_tensor_get(const hn_tensor *x, double *out);

/* ------------------------------------------------------------------ ops, one file each: op_<name>.c
 * Shapes: a rank-2 [N, D] is written as such; any leading shape with last dim D is accepted where rows are meant. */

/* y[i] = table[id[i]]; id [N] is copied. ids out of range: EARG naming the id and the vocabulary. */
hn_tensor *hn_op_embed(hn_tape *t, hn_tensor *table /* [V,D] */, const int32_t *id, int64_t n);
/* y = x w^T + b: w [M,K] as torch.nn.Linear; transposed: w [K,M] as GPT-2's Conv1D. b [M] or NULL. */
hn_tensor *hn_op_linear(hn_tape *t, hn_tensor *x /* [N,K] */, hn_tensor *w, hn_tensor *b, bool transposed);
hn_tensor *hn_op_rmsnorm(hn_tape *t, hn_tensor *x, hn_tensor *w /* [D] or NULL */, double eps, bool add_one);
hn_tensor *hn_op_layernorm(hn_tape *t, hn_tensor *x, hn_tensor *w, hn_tensor *b, double eps);
hn_tensor *hn_op_act(hn_tape *t, hn_tensor *x, hn_act kind);
hn_tensor *hn_op_gated_act(hn_tape *t, hn_tensor *gate, hn_tensor *up, hn_act kind);
/* cos, sin [N, half] host float64 tables of the rows' positions, already scaled; copied in the tape's dtype
 * once per distinct table through hn_rope_table. */
typedef struct hn_rope_table { hn_tensor *cos, *sin; int32_t half; bool interleaved; } hn_rope_table;
hn_status hn_rope_table_new(hn_tape *t, int64_t n, int32_t half, bool interleaved, const double *cos, const double *sin,
                            hn_rope_table *out);
hn_tensor *hn_op_rope(hn_tape *t, hn_tensor *x /* [N, heads*Dh] */, int32_t heads, const hn_rope_table *table);
/* q [N, H*Dh], k, v [N, G*Dh] -> [N, H*Dh]. a->segs is read until backward: it must outlive the step. */
hn_tensor *hn_op_attention(hn_tape *t, hn_tensor *q, hn_tensor *k, hn_tensor *v, const hn_attn *a);
hn_tensor *hn_op_add(hn_tape *t, hn_tensor *x, hn_tensor *y);
hn_tensor *hn_op_scale(hn_tape *t, hn_tensor *x, double alpha);
/* Inverted dropout, Philox keyed by the tape's seed, step and site: nothing is saved. p = 0: returns x. */
hn_tensor *hn_op_dropout(hn_tape *t, hn_tensor *x, double p);
/* NEFTune: x + u * alpha / sqrt(len * D), u uniform in [-1, 1); len [N]: tokens of the whole sequence that a row belongs to. */
hn_tensor *hn_op_neftune(hn_tape *t, hn_tensor *x, const int32_t *len, double alpha);
/* y[i] = x[row[i]]; row is copied; rows may repeat. */
hn_tensor *hn_op_rows(hn_tape *t, hn_tensor *x, const int32_t *row, int64_t r);
/* Columns cut out of x [N, C]: for g < groups: x[:, g*stride + offset : + width], side by side: [N, groups*width]. */
hn_tensor *hn_op_cols(hn_tape *t, hn_tensor *x, int64_t groups, int64_t stride, int64_t offset, int64_t width);
/* Mean over the rows of each segment: [S, D]. */
hn_tensor *hn_op_mean_pool(hn_tape *t, hn_tensor *x, const int32_t *start /* [S+1], copied */, int64_t s);
/* The same memory with another shape (equal count). */
hn_tensor *hn_op_view(hn_tape *t, hn_tensor *x, int32_t rank, const int64_t *dim);

/* Runs fn without keeping its inside, runs it again in backward. ctx must outlive the step. */
typedef hn_tensor *hn_segment_fn(hn_tape *t, hn_tensor *x, void *ctx);
hn_tensor *hn_op_checkpoint(hn_tape *t, hn_segment_fn *fn, hn_tensor *x, void *ctx);

/* The narrow waist: what is asked for at R chosen rows, chunked over rows, never an [R, V] matrix.
 * logits = scale * (hidden[row] w^T + b), soft-capped if softcap > 0. */
enum { HN_ASK_LOGP = 1, HN_ASK_ENTROPY = 2, HN_ASK_MEAN_LOGP = 4, /* these three carry gradients */
       HN_ASK_MEAN_LOGIT = 8, HN_ASK_TOP1 = 16, HN_ASK_P2 = 32, HN_ASK_ARGMAX = 64 };
typedef struct hn_logprob_in {
    hn_tensor *hidden;      /* [N, D] */
    hn_tensor *w, *b;       /* [V, D]; [V] or NULL */
    bool transposed;        /* w [D, V] */
    double scale;           /* 1: plain; 1/temperature, logit_scale */
    double softcap;         /* 0: none */
    const int32_t *row;     /* [R] rows of hidden */
    const int32_t *target;  /* [R]; -1: no target */
    int64_t r;
    unsigned asks;
    /* Known beforehand d loss / d logp and d loss / d mean_logp (either NULL): forward then also forms the
     * gradients while it holds the logits, and backward does no second pass. Then hn_logprob_seed must not be called. */
    const double *seed_logp, *seed_mean_logp;
} hn_logprob_in;
typedef struct hn_logprob { /* [R] each, in the tape's arena; NULL where not asked for */
    double *logp, *entropy, *mean_logp, *mean_logit, *p2;
    uint8_t *top1;          /* the target is the first maximum */
    int32_t *argmax;
    int64_t r;
    hn_tensor *node;        /* carries the gradient */
} hn_logprob;
hn_logprob *hn_op_logprob(hn_tape *t, const hn_logprob_in *in);
/* d loss / d each output ([R], NULL: zero), before hn_tape_backward. */
hn_status hn_logprob_seed(hn_tape *t, hn_logprob *lp, const double *logp, const double *entropy, const double *mean_logp,
                          hn_error *err) HN_MUST;

/* Every op with its random test case, from ops.def: the gradient checks walk this. */
typedef struct hn_op_case {
    const char *name;
    hn_tensor *(*make)(hn_tape *t, hn_tensor **in, uint64_t variant); /* builds the op on in[0..inputs) */
    int32_t inputs;
    int64_t dim[5][2];
    int32_t variants;
} hn_op_case;

#endif
