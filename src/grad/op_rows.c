/* op_rows.c - chosen rows: y[i] = x[row[i]].
 *
 *   dx[row[i]] += dy[i], in ascending i (rows may repeat). */
#include "grad/tape_impl.h"

static void rows_back(hn_tape *t, const hn_node *n) {
    const hn_tensor *row = n->aux[0];
    void *dx = hn_grad_acc(t, n->in[0]);
    if (dx) t->k->rows_back(row->dim[0], hn_tensor_last(n->in[0]), row->data, hn_grad_of(n->out), dx);
}

static const hn_op rows_op = {"rows", rows_back};

hn_tensor *hn_op_rows(hn_tape *t, hn_tensor *x, const int32_t *row, int64_t r) {
    if (!hn_op_input(t, "rows", x)) return NULL;
    int64_t d = hn_tensor_last(x), n = hn_tensor_rows(x);
    for (int64_t i = 0; i < r; i++) {
        if (row[i] >= 0 && row[i] < n) continue;
        hn_tape_fail(t, HN_EARG, "rows: row %d is not among %lld", row[i], (long long)n);
        return NULL;
    }
    hn_tensor *y = hn_tensor_new(t, 2, (const int64_t[]){r, d});
    if (!y) return NULL;
    t->k->rows(r, d, x->data, row, y->data);
    if (!hn_wants_grad(t, x, NULL, NULL)) return y;
    hn_tensor *copy = hn_tensor_copy_of(t, r, HN_I32, row);
    hn_node *node = copy ? hn_node_new(t, &rows_op, y, 0) : NULL;
    if (!node) return NULL;
    node->in[0] = x;
    node->aux[0] = copy;
    hn_save(copy);
    return y;
}
