/* op_mean_pool.c - y[s] = mean of the rows start[s] .. start[s+1] - 1 of x.
 *
 *   dx[i] += dy[s] / len_s for every row i of segment s. */
#include "grad/tape_impl.h"

#include <string.h>

typedef struct pool_job {
    const hn_kernels *k;
    const int32_t *start;
    int64_t d;
    char *x, *y; /* values, or gradients in backward */
    bool back;
} pool_job;

static void pool_segments(void *ctx, int64_t begin, int64_t end) {
    const pool_job *job = ctx;
    size_t row = (size_t)job->d * hn_dtype_size(job->k->dtype);
    for (int64_t s = begin; s < end; s++) {
        int64_t first = job->start[s], len = job->start[s + 1] - first;
        char *y = job->y + (size_t)s * row;
        if (!job->back) {
            memset(y, 0, row);
            job->k->colsum(len, job->d, job->x + (size_t)first * row, y);
            job->k->scale(job->d, 1.0 / (double)len, y, y);
        }
        for (int64_t i = first; job->back && i < first + len; i++) {
            job->k->axpy(job->d, 1.0 / (double)len, y, job->x + (size_t)i * row);
        }
    }
}

static void mean_pool_back(hn_tape *t, const hn_node *n) {
    hn_tensor *x = n->in[0];
    void *dx = hn_grad_acc(t, x);
    if (!dx) return;
    pool_job job = {.k = t->k, .start = n->aux[0]->data, .d = hn_tensor_last(x), .x = dx, .y = n->out->grad->data,
                    .back = true};
    hn_par_for(n->out->dim[0], 1, pool_segments, &job);
}

static const hn_op mean_pool_op = {"mean_pool", mean_pool_back};

hn_tensor *hn_op_mean_pool(hn_tape *t, hn_tensor *x, const int32_t *start, int64_t s) {
    if (!hn_op_input(t, "mean_pool", x)) return NULL;
    int64_t d = hn_tensor_last(x), rows = hn_tensor_rows(x);
    for (int64_t i = 0; i < s; i++) {
        if (start[i] >= 0 && start[i] < start[i + 1] && start[i + 1] <= rows) continue;
        hn_tape_fail(t, HN_EARG, "mean_pool: segment %lld has rows %d to %d of %lld", (long long)i, start[i],
                     start[i + 1], (long long)rows);
        return NULL;
    }
    hn_tensor *y = hn_tensor_new(t, 2, (const int64_t[]){s, d});
    if (!y) return NULL;
    pool_job job = {.k = t->k, .start = start, .d = d, .x = x->data, .y = y->data};
    hn_par_for(s, 1, pool_segments, &job);
    if (!hn_wants_grad(t, x, NULL, NULL)) return y;
    hn_tensor *copy = hn_tensor_copy_of(t, s + 1, HN_I32, start);
    hn_node *n = copy ? hn_node_new(t, &mean_pool_op, y, 0) : NULL;
    if (!n) return NULL;
    n->in[0] = x;
    n->aux[0] = copy;
    hn_save(copy);
    return y;
}
