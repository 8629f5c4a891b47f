/* op_scale.c - y = alpha x.
 *
 *   dx += alpha dy. */
#include "grad/tape_impl.h"

typedef struct scale_attr {
    double alpha;
} scale_attr;

static void scale_back(hn_tape *t, const hn_node *n) {
    const scale_attr *a = n->attr;
    bool fresh;
    void *dx = hn_grad_first(t, n->in[0], &fresh);
    if (!dx) return;
    int64_t count = hn_tensor_count(n->in[0]);
    if (fresh) t->k->scale(count, a->alpha, hn_grad_of(n->out), dx);
    else t->k->axpy(count, a->alpha, hn_grad_of(n->out), dx);
}

static const hn_op scale_op = {"scale", scale_back};

hn_tensor *hn_op_scale(hn_tape *t, hn_tensor *x, double alpha) {
    if (!hn_op_input(t, "scale", x)) return NULL;
    hn_tensor *y = hn_tensor_like(t, x, hn_tensor_last(x));
    if (!y) return NULL;
    t->k->scale(hn_tensor_count(x), alpha, x->data, y->data);
    if (!hn_wants_grad(t, x, NULL, NULL)) return y;
    hn_node *n = hn_node_new(t, &scale_op, y, sizeof(scale_attr));
    if (!n) return NULL;
    ((scale_attr *)n->attr)->alpha = alpha;
    n->in[0] = x;
    return y;
}
