/* linear.c - y = x w^T + b, and whatever is laid over the layer: the one place where adapters act. */
#include "nn/nn.h"

hn_tensor *hn_nn_linear(hn_tape *t, hn_tensor *x, const hn_linear *l) {
    hn_tensor *y = hn_op_linear(t, x, l->w, l->b, l->transposed);
    if (l->adapter && l->adapter->on) return l->adapter->apply(l->adapter, t, l, x, y);
    return y;
}
