/* op_cols.c - columns cut out of every row: for g < groups the columns [g stride + offset, + width), side by side.
 * One projection for q, k and v is taken apart this way, whether they lie in blocks or head by head.
 *
 *   dx[:, g stride + offset + j] += dy[:, g width + j]. */
#include "grad/tape_impl.h"

#include <string.h>

typedef struct cols_attr {
    int64_t groups, stride, offset, width;
} cols_attr;

typedef struct cols_job {
    const hn_kernels *k;
    const cols_attr *a;
    int64_t c;      /* columns of x */
    char *x, *y;    /* values, or gradients in backward */
    bool back;
} cols_job;

static void cut_rows(void *ctx, int64_t begin, int64_t end) {
    const cols_job *job = ctx;
    const cols_attr *a = job->a;
    size_t size = hn_dtype_size(job->k->dtype);
    for (int64_t i = begin; i < end; i++) {
        for (int64_t g = 0; g < a->groups; g++) {
            char *x = job->x + (size_t)(i * job->c + g * a->stride + a->offset) * size;
            char *y = job->y + (size_t)((i * a->groups + g) * a->width) * size;
            if (job->back) job->k->axpy(a->width, 1.0, y, x);
            else memcpy(y, x, (size_t)a->width * size);
        }
    }
}

static void cols_back(hn_tape *t, const hn_node *n) {
    hn_tensor *x = n->in[0];
    void *dx = hn_grad_acc(t, x);
    if (!dx) return;
    cols_job job = {.k = t->k, .a = n->attr, .c = hn_tensor_last(x), .x = dx, .y = n->out->grad->data, .back = true};
    hn_par_for(hn_tensor_rows(x), 16, cut_rows, &job);
}

static const hn_op cols_op = {"cols", cols_back};

hn_tensor *hn_op_cols(hn_tape *t, hn_tensor *x, int64_t groups, int64_t stride, int64_t offset, int64_t width) {
    if (!hn_op_input(t, "cols", x)) return NULL;
    int64_t c = hn_tensor_last(x);
    if (groups < 1 || offset < 0 || width < 0 || stride < 0 || (groups - 1) * stride + offset + width > c) {
        char s[HN_SHAPE_TEXT];
        hn_tape_fail(t, HN_ESHAPE, "cols: %lld groups of columns %lld to %lld, %lld apart, are not in %s",
                     (long long)groups, (long long)offset, (long long)(offset + width), (long long)stride,
                     hn_shape_text(x, s));
        return NULL;
    }
    hn_tensor *y = hn_tensor_like(t, x, groups * width);
    if (!y) return NULL;
    cols_attr a = {.groups = groups, .stride = stride, .offset = offset, .width = width};
    cols_job job = {.k = t->k, .a = &a, .c = c, .x = x->data, .y = y->data};
    hn_par_for(hn_tensor_rows(x), 16, cut_rows, &job);
    if (!hn_wants_grad(t, x, NULL, NULL)) return y;
    hn_node *n = hn_node_new(t, &cols_op, y, sizeof a);
    if (!n) return NULL;
    *(cols_attr *)n->attr = a;
    n->in[0] = x;
    return y;
}
