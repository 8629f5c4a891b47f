/* model_bench.h - what the tests of models share: batches made by hand, gradients' memory, a run of one step. */
#ifndef MODEL_BENCH_H
#define MODEL_BENCH_H

#include "model/model.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 16, MOST_TOKENS = 1024 };

/* A batch whose columns live in the struct. */
typedef struct bench {
    hn_batch b;
    int32_t id[MOST_TOKENS], pos[MOST_TOKENS], length[MOST_TOKENS], start[MOST_ROWS + 1], parent[MOST_ROWS];
    int32_t row[MOST_TOKENS], target[MOST_TOKENS];
} bench;

static inline void bench_clear(bench *x) {
    memset(x, 0, sizeof *x);
    x->b.id = x->id;
    x->b.pos = x->pos;
    x->b.length = x->length;
    x->b.start = x->start;
    x->b.parent = x->parent;
    x->b.row = x->row;
    x->b.target = x->target;
}

/* Appends a segment of n tokens at positions from first on; returns its number. */
static inline int32_t bench_segment(bench *x, const int32_t *id, int64_t n, int32_t first, int32_t parent) {
    for (int64_t i = 0; i < n; i++) {
        int64_t at = x->b.tokens + i;
        x->id[at] = id[i];
        x->pos[at] = first + (int32_t)i;
        x->length[at] = first + (int32_t)n;
    }
    x->b.tokens += n;
    x->parent[x->b.segments] = parent;
    x->start[++x->b.segments] = (int32_t)x->b.tokens;
    return (int32_t)x->b.segments - 1;
}

/* A row of its own: every token but the first is a target. */
static inline void bench_row(bench *x, const int32_t *id, int64_t n) {
    int32_t at = (int32_t)x->b.tokens;
    bench_segment(x, id, n, 0, -1);
    for (int32_t i = 0; i + 1 < n; i++) {
        x->row[x->b.rows] = at + i;
        x->target[x->b.rows++] = id[i + 1];
    }
}

/* Gradient memory for every parameter of a model. */
typedef struct bench_grads {
    hn_tensor *g;
    size_t n;
} bench_grads;

static inline void bench_grads_open(bench_grads *x, hn_model *m) {
    hn_param *p = hn_model_params(m, &x->n);
    x->g = hn_calloc(x->n, sizeof *x->g);
    if (!x->g) abort();
    for (size_t i = 0; i < x->n; i++) {
        void *data = hn_calloc((size_t)hn_tensor_count(p[i].t), hn_dtype_size(p[i].t->dtype));
        if (!data) abort();
        hn_tensor_wrap(&x->g[i], p[i].t->rank, p[i].t->dim, p[i].t->dtype, data);
        p[i].t->needs_grad = true;
        p[i].t->grad = &x->g[i];
        p[i].t->grad_fresh = false;
    }
}

static inline void bench_grads_zero(bench_grads *x) {
    for (size_t i = 0; i < x->n; i++) memset(x->g[i].data, 0, hn_tensor_bytes(&x->g[i]));
}

static inline void bench_grads_close(bench_grads *x) {
    for (size_t i = 0; i < x->n; i++) hn_free(x->g[i].data);
    hn_free(x->g);
}

/* Forward of a batch; the logits of all its rows as float32 into out [N, V] (may be NULL). */
static inline hn_status bench_logits(hn_model *m, hn_tape *t, const hn_batch *b, hn_kv_cache *cache, float *out, hn_error *err) {
    const hn_forward_opts o = {.cache = cache};
    int32_t row[MOST_TOKENS];
    for (int32_t i = 0; i < b->tokens; i++) row[i] = i;
    hn_tape_record(t, false);
    hn_tensor *y = hn_model_logits(m, t, hn_model_hidden(m, t, b, &o), row, b->tokens);
    if (y && out) memcpy(out, y->data, hn_tensor_bytes(y));
    hn_status st = hn_tape_status(t, err);
    hn_tape_reset(t);
    return st;
}

/* Forward and backward of sum over the batch's rows of -weight * logp(target); adds to *loss and to the gradients. */
static inline hn_status bench_step(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o, double weight,
                                   double *loss, hn_error *err) {
    double *seed = hn_alloc_array((size_t)b->rows + 1, sizeof *seed);
    if (!seed) return hn_nomem(err, 0);
    hn_tape_record(t, true);
    hn_logprob_in in = {
        .hidden = hn_model_hidden(m, t, b, o), .row = b->row, .target = b->target, .r = b->rows, .asks = HN_ASK_LOGP};
    hn_model_head(m, &in);
    hn_logprob *lp = in.hidden && b->rows ? hn_op_logprob(t, &in) : NULL;
    hn_status st = hn_tape_status(t, err);
    if (st == HN_OK && lp) {
        for (int64_t i = 0; i < b->rows; i++) {
            *loss -= weight * lp->logp[i];
            seed[i] = -weight;
        }
        st = hn_logprob_seed(t, lp, seed, NULL, NULL, err);
        if (st == HN_OK) st = hn_tape_backward(t, err);
    }
    hn_tape_reset(t);
    hn_free(seed);
    return st;
}

#endif
