/* op_linear.c - y = x w^T + b, rows of x [N, K]; w [M, K] as torch.nn.Linear, or [K, M] as GPT-2's Conv1D.
 *
 *   dx [N, K] = dy w            (transposed: dy w^T)
 *   dw [M, K] = dy^T x          (transposed: x^T dy)
 *   db [M]    = sum of dy over the rows
 * A frozen weight costs no dw, an input without gradient no dx. */
#include "grad/tape_impl.h"

typedef struct linear_attr {
    int64_t n, k, m;
    bool transposed;
} linear_attr;

static void back_input(hn_tape *t, const hn_node *n, const linear_attr *a, const void *dy) {
    bool fresh;
    void *dx = hn_grad_first(t, n->in[0], &fresh);
    if (!dx) return;
    unsigned flags = (a->transposed ? HN_GEMM_TB : 0u) | (fresh ? 0u : HN_GEMM_ACC);
    int64_t ldw = a->transposed ? a->m : a->k;
    t->k->gemm(flags, a->n, a->k, a->m, dy, a->m, n->in[1]->data, ldw, dx, a->k, NULL);
}

static void back_weight(hn_tape *t, const hn_node *n, const linear_attr *a, const void *dy) {
    bool fresh;
    void *dw = hn_grad_first(t, n->in[1], &fresh);
    if (!dw) return;
    const void *x = n->in[0]->data;
    unsigned flags = HN_GEMM_TA | (fresh ? 0u : HN_GEMM_ACC);
    if (a->transposed) t->k->gemm(flags, a->k, a->m, a->n, x, a->k, dy, a->m, dw, a->m, NULL);
    else t->k->gemm(flags, a->m, a->k, a->n, dy, a->m, x, a->k, dw, a->k, NULL);
}

static void linear_back(hn_tape *t, const hn_node *n) {
    const linear_attr *a = n->attr;
    const void *dy = hn_grad_of(n->out);
    if (n->in[0]->needs_grad) back_input(t, n, a, dy);
    if (n->in[1]->needs_grad) back_weight(t, n, a, dy);
    if (n->in[2] && n->in[2]->needs_grad) {
        void *db = hn_grad_acc(t, n->in[2]);
        if (db) t->k->colsum(a->n, a->m, dy, db);
    }
}

static const hn_op linear_op = {"linear", linear_back};

static bool shapes_fit(hn_tape *t, const hn_tensor *x, const hn_tensor *w, const hn_tensor *b, const linear_attr *a) {
    char xs[HN_SHAPE_TEXT], ws[HN_SHAPE_TEXT], bs[HN_SHAPE_TEXT];
    int64_t inner = a->transposed ? w->dim[0] : w->dim[1];
    if (x->rank < 1 || w->rank != 2 || inner != a->k) {
        hn_tape_fail(t, HN_ESHAPE, "linear: x %s does not fit weight %s %s%s", hn_shape_text(x, xs),
                     w->name ? w->name : "", hn_shape_text(w, ws), a->transposed ? " (transposed)" : "");
        return false;
    }
    if (b && hn_tensor_count(b) != a->m) {
        hn_tape_fail(t, HN_ESHAPE, "linear: bias %s %s does not fit weight %s", b->name ? b->name : "",
                     hn_shape_text(b, bs), hn_shape_text(w, ws));
        return false;
    }
    return true;
}

hn_tensor *hn_op_linear(hn_tape *t, hn_tensor *x, hn_tensor *w, hn_tensor *b, bool transposed) {
    if (!hn_op_input(t, "linear", x) || !hn_op_input(t, "linear", w)) return NULL;
    if (b && !hn_op_input(t, "linear", b)) return NULL;
    linear_attr a = {.n = hn_tensor_rows(x), .k = hn_tensor_last(x), .transposed = transposed};
    a.m = transposed ? w->dim[1] : w->dim[0];
    if (!shapes_fit(t, x, w, b, &a)) return NULL;
    hn_tensor *y = hn_tensor_like(t, x, a.m);
    if (!y) return NULL;
    t->k->gemm(transposed ? 0u : HN_GEMM_TB, a.n, a.m, a.k, x->data, a.k, w->data, transposed ? a.m : a.k, y->data,
               a.m, b ? b->data : NULL);
    if (!hn_wants_grad(t, x, w, b)) return y;
    hn_node *n = hn_node_new(t, &linear_op, y, sizeof a);
    if (!n) return NULL;
    *(linear_attr *)n->attr = a;
    n->in[0] = x;
    n->in[1] = w;
    n->in[2] = b;
    if (w->needs_grad) hn_save(x);
    if (x->needs_grad) hn_save(w);
    return y;
}
