/* op_dropout.c - y = x m, m_i = 0 with probability p, else 1 / (1 - p) (Srivastava et al. 2014, inverted).
 *
 *   dx += dy m. The mask is formed again from its Philox key, piece by piece: nothing is kept. */
#include "grad/tape_impl.h"

enum { PIECE = 2048 };

typedef struct dropout_attr {
    hn_rng_key key;
    double p;
} dropout_attr;

typedef struct mask_job { /* y (+)= x m */
    const hn_tape *t;
    const dropout_attr *a;
    int64_t count;
    const char *x;
    char *y;
    bool acc;
} mask_job;

/* Pieces [begin, end): each is a stretch of one stream, so the mask does not depend on the cut. */
static void mask_pieces(void *ctx, int64_t begin, int64_t end) {
    const mask_job *job = ctx;
    const hn_kernels *k = job->t->k;
    size_t size = hn_dtype_size(k->dtype);
    float u[PIECE];
    double wide[PIECE];
    float keep = (float)(1.0 / (1.0 - job->a->p)), p = (float)job->a->p;
    for (int64_t i = begin; i < end; i++) {
        int64_t first = i * PIECE, n = job->count - first < PIECE ? job->count - first : PIECE;
        hn_rng_fill_uniform(&job->a->key, (uint64_t)first, u, (size_t)n, 0.0f, 1.0f);
        for (int64_t j = 0; j < n; j++) u[j] = u[j] < p ? 0.0f : keep;
        const void *mask = u;
        if (k->dtype == HN_F64) {
            hn_convert(n, HN_F32, u, HN_F64, wide);
            mask = wide;
        }
        k->mul(n, job->x + (size_t)first * size, mask, job->acc, job->y + (size_t)first * size);
    }
}

static void apply_mask(const hn_tape *t, const dropout_attr *a, int64_t count, const void *x, bool acc, void *y) {
    mask_job job = {.t = t, .a = a, .count = count, .x = x, .y = y, .acc = acc};
    hn_par_for((count + PIECE - 1) / PIECE, 8, mask_pieces, &job);
}

static void dropout_back(hn_tape *t, const hn_node *n) {
    bool fresh;
    void *dx = hn_grad_first(t, n->in[0], &fresh);
    if (dx) apply_mask(t, n->attr, hn_tensor_count(n->in[0]), hn_grad_of(n->out), !fresh, dx);
}

static const hn_op dropout_op = {"dropout", dropout_back};

hn_tensor *hn_op_dropout(hn_tape *t, hn_tensor *x, double p) {
    if (!hn_op_input(t, "dropout", x)) return NULL;
    if (p == 0.0) return x;
    if (!(p > 0.0 && p < 1.0)) {
        hn_tape_fail(t, HN_EARG, "dropout: the probability %g is not in [0, 1)", p);
        return NULL;
    }
    dropout_attr a = {.key = hn_tape_key(t, HN_RNG_DROPOUT), .p = p};
    hn_tensor *y = hn_tensor_like(t, x, hn_tensor_last(x));
    if (!y) return NULL;
    apply_mask(t, &a, hn_tensor_count(x), x->data, false, y->data);
    if (!hn_wants_grad(t, x, NULL, NULL)) return y;
    hn_node *n = hn_node_new(t, &dropout_op, y, sizeof a);
    if (!n) return NULL;
    *(dropout_attr *)n->attr = a;
    n->in[0] = x;
    return y;
}
