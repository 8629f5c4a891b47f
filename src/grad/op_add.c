/* op_add.c - z = x + y, equal shapes.
 *
 *   dx += dz,  dy += dz. One of the two takes over dz's memory where it has no gradient yet. */
#include "grad/tape_impl.h"

static void add_back(hn_tape *t, const hn_node *n) {
    hn_tensor *x = n->in[0], *y = n->in[1];
    if (x->needs_grad && y->needs_grad) hn_grad_copy(t, n->out, y); /* x may then have the memory */
    else hn_grad_pass(t, n->out, y);
    hn_grad_pass(t, n->out, x);
}

static const hn_op add_op = {"add", add_back};

hn_tensor *hn_op_add(hn_tape *t, hn_tensor *x, hn_tensor *y) {
    if (!hn_op_input(t, "add", x) || !hn_op_input(t, "add", y)) return NULL;
    if (hn_tensor_count(x) != hn_tensor_count(y)) {
        char xs[HN_SHAPE_TEXT], ys[HN_SHAPE_TEXT];
        hn_tape_fail(t, HN_ESHAPE, "add: %s and %s differ", hn_shape_text(x, xs), hn_shape_text(y, ys));
        return NULL;
    }
    hn_tensor *z = hn_tensor_like(t, x, hn_tensor_last(x));
    if (!z) return NULL;
    t->k->add(hn_tensor_count(x), x->data, y->data, z->data);
    if (!hn_wants_grad(t, x, y, NULL)) return z;
    hn_node *n = hn_node_new(t, &add_op, z, 0);
    if (!n) return NULL;
    n->in[0] = x;
    n->in[1] = y;
    return z;
}
