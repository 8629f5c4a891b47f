/* tape_impl.h - what the ops of this folder know of the tape.
 *
 * Nodes form a chain from the newest to the oldest, tensors likewise; both live in the arena. A view has no
 * gradient of its own: every gradient belongs to the root (the tensor that owns the memory), so a view needs
 * no node. A gradient buffer is made when the first writer asks for it, and that writer overwrites it. */
#ifndef HN_TAPE_IMPL_H
#define HN_TAPE_IMPL_H

#include "grad/grad.h"

enum { HN_NODE_IN = 4, HN_NODE_AUX = 3 };

struct hn_node {
    const hn_op *op;
    hn_node *prev;              /* the node recorded before */
    hn_tensor *in[HN_NODE_IN];
    hn_tensor *out;
    hn_tensor *aux[HN_NODE_AUX]; /* what forward keeps for backward besides in and out; released after it */
    void *attr;                 /* the op's own settings, in the arena */
    bool armed;                 /* runs although no gradient stands in out: the seeds are in attr */
};

/* Tensors of the tape carry this behind the public part; parameters (hn_tensor_wrap) do not. */
typedef struct hn_tape_tensor hn_tape_tensor;
struct hn_tape_tensor {
    hn_tensor pub; /* first: the two pointers are one */
    hn_tape_tensor *prev;
    hn_tape_tensor *views, *next_view;
    size_t seq;    /* place in the order of making, for scopes */
    bool held;     /* wanted beyond the scope that ends now */
};

struct hn_tape {
    hn_dev *dev;
    hn_dtype dtype;
    const hn_kernels *k;
    hn_arena arena;
    hn_node *last;
    hn_tape_tensor *newest;
    size_t made;      /* tensors ever made since the reset */
    bool record;
    bool touched;     /* an op met an input that wants gradients (asked by checkpoint while not recording) */
    uint64_t seed, step;
    uint32_t site;    /* stochastic ops so far */
    int64_t chunk_bytes; /* logits formed at a time (op_logprob.c) */
    hn_error err;     /* the first */
};

/* ---- tensor.c */
hn_tensor *hn_tensor_make(hn_tape *t, int32_t rank, const int64_t *dim, hn_dtype dtype);
/* The shape of x with another last dimension. */
hn_tensor *hn_tensor_like(hn_tape *t, const hn_tensor *x, int64_t last);
/* n values of dtype copied into a tensor of the tape (rank 1). */
hn_tensor *hn_tensor_copy_of(hn_tape *t, int64_t n, hn_dtype dtype, const void *values);
hn_tensor *hn_tensor_root(hn_tensor *x);
bool hn_tensor_is_param(const hn_tensor *x); /* memory of the caller */
int64_t hn_tensor_last(const hn_tensor *x);  /* last dimension */
int64_t hn_tensor_rows(const hn_tensor *x);  /* count / last */
/* Give memory back to the pool at once; the header stays. Parameters are left alone. */
void hn_tensor_drop_value(hn_tape *t, hn_tensor *x);
void hn_tensor_drop_grad(hn_tape *t, hn_tensor *x);
/* "[3, 4]" in buf, which is returned */
enum { HN_SHAPE_TEXT = 96 };
const char *hn_shape_text(const hn_tensor *x, char buf[HN_SHAPE_TEXT]);
/* Bytes of the pool for one call; failure is recorded. Return them with hn_scratch_done. */
void *hn_scratch(hn_tape *t, size_t bytes);
void hn_scratch_done(hn_tape *t, void *p, size_t bytes);

/* ---- tape.c */
/* True if x may be read by op: no earlier failure, there, not released, of the tape's dtype. */
bool hn_op_input(hn_tape *t, const char *op, const hn_tensor *x);
/* Does an op over these inputs (any may be NULL) need a node? */
bool hn_wants_grad(hn_tape *t, const hn_tensor *a, const hn_tensor *b, const hn_tensor *c);
/* A node for out, which from now on wants a gradient. attr: zeroed bytes behind n->attr. NULL: no memory. */
hn_node *hn_node_new(hn_tape *t, const hn_op *op, hn_tensor *out, size_t attr);
void hn_save(hn_tensor *x); /* backward reads the value; NULL is fine */
/* Runs the backward of all nodes newer than stop and forgets them. */
void hn_tape_run_back(hn_tape *t, hn_node *stop);
/* The key of the next stochastic op. Sites are counted, so the same forward, repeated or run again by a checkpoint,
 * meets the same keys, and nothing random has to be kept for backward. */
hn_rng_key hn_tape_key(hn_tape *t, uint32_t purpose);
/* Everything made since mark is released and forgotten (checkpoint.c). */
void hn_tape_forget(hn_tape *t, size_t mark);

/* ---- grad_buf.c: gradients of x (or of its root). NULL: no memory, which is recorded. */
void *hn_grad_first(hn_tape *t, hn_tensor *x, bool *fresh); /* fresh: the caller must overwrite all of it */
void *hn_grad_acc(hn_tape *t, hn_tensor *x);                /* the caller adds */
const void *hn_grad_of(const hn_tensor *x);                 /* what stands there; NULL: nothing */
/* Hands the gradient memory of out over to x where x has none yet and nobody reads it any more. */
bool hn_grad_move(hn_tape *t, hn_tensor *out, hn_tensor *x);
/* dx += d out, by copying or adding; out's gradient stays. */
void hn_grad_copy(hn_tape *t, const hn_tensor *out, hn_tensor *x);
/* dx += d out, by handing over, copying or adding. Equal counts. */
void hn_grad_pass(hn_tape *t, hn_tensor *out, hn_tensor *x);
/* For kernels that add to a gradient nobody may want: the gradient of x, or zeroed scratch. */
typedef struct hn_grad_sink {
    void *p;       /* NULL: no memory */
    size_t bytes;  /* of scratch; 0: p is the gradient itself */
} hn_grad_sink;
hn_grad_sink hn_grad_sink_open(hn_tape *t, hn_tensor *x, bool apart); /* apart: scratch in any case */
void hn_grad_sink_close(hn_tape *t, hn_tensor *x, hn_grad_sink s);    /* adds scratch where x wants it */

#endif
