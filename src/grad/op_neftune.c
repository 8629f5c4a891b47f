/* op_neftune.c - noisy embeddings (Jain et al. 2023): y = x + u alpha / sqrt(len D), u uniform in [-1, 1).
 *
 *   dx += dy: the noise does not depend on x. */
#include "grad/tape_impl.h"

#include <math.h>
#include <string.h>

enum { PIECE = 2048 };

static void neftune_back(hn_tape *t, const hn_node *n) {
    hn_grad_pass(t, n->out, n->in[0]);
}

static const hn_op neftune_op = {"neftune", neftune_back};

typedef struct noise_job {
    const hn_tape *t;
    hn_rng_key key;
    const int32_t *len;
    int64_t d;
    double alpha;
    char *y;
} noise_job;

/* Rows [begin, end); a row is cut into pieces, each a stretch of one stream. */
static void add_noise(void *ctx, int64_t begin, int64_t end) {
    const noise_job *job = ctx;
    const hn_kernels *k = job->t->k;
    size_t size = hn_dtype_size(k->dtype);
    int64_t pieces = (job->d + PIECE - 1) / PIECE;
    float u[PIECE];
    double wide[PIECE];
    for (int64_t i = begin * pieces; i < end * pieces; i++) {
        int64_t row = i / pieces, first = i % pieces * PIECE;
        int64_t n = job->d - first < PIECE ? job->d - first : PIECE;
        hn_rng_fill_uniform(&job->key, (uint64_t)i * PIECE, u, (size_t)n, -1.0f, 1.0f);
        const void *noise = u;
        if (k->dtype == HN_F64) {
            hn_convert(n, HN_F32, u, HN_F64, wide);
            noise = wide;
        }
        double magnitude = job->alpha / sqrt((double)job->len[row] * (double)job->d);
        k->axpy(n, magnitude, noise, job->y + (size_t)(row * job->d + first) * size);
    }
}

hn_tensor *hn_op_neftune(hn_tape *t, hn_tensor *x, const int32_t *len, double alpha) {
    if (!hn_op_input(t, "neftune", x)) return NULL;
    if (alpha == 0.0) return x;
    int64_t rows = hn_tensor_rows(x);
    for (int64_t i = 0; i < rows; i++) {
        if (len[i] > 0) continue;
        hn_tape_fail(t, HN_EARG, "neftune: row %lld belongs to a sequence of length %d", (long long)i, len[i]);
        return NULL;
    }
    noise_job job = {.t = t, .key = hn_tape_key(t, HN_RNG_NEFTUNE), .len = len, .d = hn_tensor_last(x), .alpha = alpha};
    hn_tensor *y = hn_tensor_like(t, x, job.d);
    if (!y) return NULL;
    memcpy(y->data, x->data, hn_tensor_bytes(x));
    job.y = y->data;
    hn_par_for(rows, 16, add_noise, &job);
    if (!hn_wants_grad(t, x, NULL, NULL)) return y;
    hn_node *n = hn_node_new(t, &neftune_op, y, 0);
    if (!n) return NULL;
    n->in[0] = x;
    return y;
}
