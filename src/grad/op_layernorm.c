/* op_layernorm.c - y = (x - mu) r w + b, mu = mean(x), r = 1 / sqrt(var(x) + eps) of each row (Ba et al. 2016).
 *
 * With h = (x - mu) r and g = dy w:
 *   dx = r (g - mean(g) - h mean(g h))
 *   dw = sum over rows of dy h,  db = sum over rows of dy
 * Kept: x, mu and r. */
#include "grad/tape_impl.h"

static void layernorm_back(hn_tape *t, const hn_node *n) {
    hn_tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
    hn_grad_sink dx = hn_grad_sink_open(t, x, false);
    void *dw = w && w->needs_grad ? hn_grad_acc(t, w) : NULL;
    void *db = b && b->needs_grad ? hn_grad_acc(t, b) : NULL;
    if (t->err.code == HN_OK) {
        t->k->layernorm_back(hn_tensor_rows(x), hn_tensor_last(x), x->data, w ? w->data : NULL, n->aux[0]->data,
                             n->aux[1]->data, hn_grad_of(n->out), dx.p, dw, db);
    }
    hn_grad_sink_close(t, x, dx);
}

static const hn_op layernorm_op = {"layernorm", layernorm_back};

static bool fits(hn_tape *t, const hn_tensor *x, const hn_tensor *w, const char *what) {
    if (!w) return true;
    if (!hn_op_input(t, "layernorm", w)) return false;
    if (hn_tensor_count(w) == hn_tensor_last(x)) return true;
    char xs[HN_SHAPE_TEXT], ws[HN_SHAPE_TEXT];
    hn_tape_fail(t, HN_ESHAPE, "layernorm: x %s does not fit %s %s %s", hn_shape_text(x, xs), what,
                 w->name ? w->name : "", hn_shape_text(w, ws));
    return false;
}

hn_tensor *hn_op_layernorm(hn_tape *t, hn_tensor *x, hn_tensor *w, hn_tensor *b, double eps) {
    if (!hn_op_input(t, "layernorm", x) || !fits(t, x, w, "weight") || !fits(t, x, b, "bias")) return NULL;
    int64_t n = hn_tensor_rows(x), d = hn_tensor_last(x);
    hn_tensor *y = hn_tensor_like(t, x, d), *mean = hn_tensor_new(t, 1, &n), *rstd = hn_tensor_new(t, 1, &n);
    if (!y || !mean || !rstd) return NULL;
    t->k->layernorm(n, d, x->data, w ? w->data : NULL, b ? b->data : NULL, eps, y->data, mean->data, rstd->data);
    if (!hn_wants_grad(t, x, w, b)) {
        hn_tensor_drop_value(t, mean);
        hn_tensor_drop_value(t, rstd);
        return y;
    }
    hn_node *node = hn_node_new(t, &layernorm_op, y, 0);
    if (!node) return NULL;
    node->in[0] = x;
    node->in[1] = w;
    node->in[2] = b;
    node->aux[0] = mean;
    node->aux[1] = rstd;
    hn_save(x);
    hn_save(w);
    hn_save(mean);
    hn_save(rstd);
    return y;
}
