/* op_rmsnorm.c - y = x r (w + add_one), r = 1 / sqrt(mean(x^2) + eps) of each row (Zhang and Sennrich 2019).
 *
 * With g = dy (w + add_one):
 *   dx = r (g - x r^2 mean(g x))
 *   dw = sum over rows of dy x r
 * Kept: x and one r a row. add_one: Gemma's weights are stored around zero. */
#include "grad/tape_impl.h"

typedef struct rmsnorm_attr {
    bool add_one;
} rmsnorm_attr;

static void rmsnorm_back(hn_tape *t, const hn_node *n) {
    const rmsnorm_attr *a = n->attr;
    hn_tensor *x = n->in[0], *w = n->in[1];
    hn_grad_sink dx = hn_grad_sink_open(t, x, false);
    void *dw = w && w->needs_grad ? hn_grad_acc(t, w) : NULL;
    if (t->err.code == HN_OK) {
        t->k->rmsnorm_back(hn_tensor_rows(x), hn_tensor_last(x), x->data, w ? w->data : NULL, a->add_one,
                           n->aux[0]->data, hn_grad_of(n->out), dx.p, dw);
    }
    hn_grad_sink_close(t, x, dx);
}

static const hn_op rmsnorm_op = {"rmsnorm", rmsnorm_back};

hn_tensor *hn_op_rmsnorm(hn_tape *t, hn_tensor *x, hn_tensor *w, double eps, bool add_one) {
    if (!hn_op_input(t, "rmsnorm", x) || (w && !hn_op_input(t, "rmsnorm", w))) return NULL;
    int64_t n = hn_tensor_rows(x), d = hn_tensor_last(x);
    if (w && hn_tensor_count(w) != d) {
        char xs[HN_SHAPE_TEXT], ws[HN_SHAPE_TEXT];
        hn_tape_fail(t, HN_ESHAPE, "rmsnorm: x %s does not fit weight %s %s", hn_shape_text(x, xs),
                     w->name ? w->name : "", hn_shape_text(w, ws));
        return NULL;
    }
    hn_tensor *y = hn_tensor_like(t, x, d), *rstd = hn_tensor_new(t, 1, &n);
    if (!y || !rstd) return NULL;
    t->k->rmsnorm(n, d, x->data, w ? w->data : NULL, eps, add_one, y->data, rstd->data);
    if (!hn_wants_grad(t, x, w, NULL)) {
        hn_tensor_drop_value(t, rstd);
        return y;
    }
    hn_node *node = hn_node_new(t, &rmsnorm_op, y, sizeof(rmsnorm_attr));
    if (!node) return NULL;
    ((rmsnorm_attr *)node->attr)->add_one = add_one;
    node->in[0] = x;
    node->in[1] = w;
    node->aux[0] = rstd;
    hn_save(x);
    hn_save(w);
    hn_save(rstd);
    return y;
}
