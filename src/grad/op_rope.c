/* op_rope.c - rotary position embedding (Su et al. 2021): pairs (a, b) of every head turn by the row's angle,
 *   a' = a cos - b sin,  b' = a sin + b cos.
 *
 * A rotation's transpose is the rotation back: dx = rope(dy, -angle). Nothing of x is kept. */
#include "grad/tape_impl.h"

typedef struct rope_attr {
    int32_t heads;
    hn_rope_table table;
} rope_attr;

hn_status hn_rope_table_new(hn_tape *t, int64_t n, int32_t half, bool interleaved, const double *cos, const double *sin,
                            hn_rope_table *out) {
    *out = (hn_rope_table){.half = half, .interleaved = interleaved};
    const int64_t dim[2] = {n, half};
    hn_tensor *c = hn_tensor_from(t, 2, dim, HN_F64, cos), *s = hn_tensor_from(t, 2, dim, HN_F64, sin);
    if (!c || !s) return hn_tape_status(t, NULL);
    out->cos = c;
    out->sin = s;
    return HN_OK;
}

static void rope_back(hn_tape *t, const hn_node *n) {
    const rope_attr *a = n->attr;
    hn_tensor *x = n->in[0];
    int64_t rows = hn_tensor_rows(x);
    int32_t dh = (int32_t)(hn_tensor_last(x) / a->heads);
    const void *dy = hn_grad_of(n->out);
    bool fresh = true; /* a gradient that was handed over is turned in place */
    void *dx = hn_grad_move(t, n->out, x) ? hn_tensor_root(x)->grad->data : hn_grad_first(t, x, &fresh);
    if (!dx) return;
    t->k->rope(rows, a->heads, dh, a->table.half, a->table.interleaved, dy, a->table.cos->data, a->table.sin->data, -1,
               !fresh, dx);
}

static const hn_op rope_op = {"rope", rope_back};

hn_tensor *hn_op_rope(hn_tape *t, hn_tensor *x, int32_t heads, const hn_rope_table *table) {
    if (!hn_op_input(t, "rope", x) || !hn_op_input(t, "rope", table->cos) || !hn_op_input(t, "rope", table->sin)) {
        return NULL;
    }
    int64_t rows = hn_tensor_rows(x), d = hn_tensor_last(x);
    if (heads < 1 || d % heads != 0 || d / heads < 2 * table->half || table->cos->dim[0] != rows) {
        char xs[HN_SHAPE_TEXT], ts[HN_SHAPE_TEXT];
        hn_tape_fail(t, HN_ESHAPE, "rope: x %s with %d heads does not fit the table %s", hn_shape_text(x, xs), heads,
                     hn_shape_text(table->cos, ts));
        return NULL;
    }
    hn_tensor *y = hn_tensor_like(t, x, d);
    if (!y) return NULL;
    t->k->rope(rows, heads, (int32_t)(d / heads), table->half, table->interleaved, x->data, table->cos->data,
               table->sin->data, +1, false, y->data);
    if (!hn_wants_grad(t, x, NULL, NULL)) return y;
    hn_node *n = hn_node_new(t, &rope_op, y, sizeof(rope_attr));
    if (!n) return NULL;
    *(rope_attr *)n->attr = (rope_attr){.heads = heads, .table = *table};
    n->in[0] = x;
    hn_save(table->cos);
    hn_save(table->sin);
    return y;
}
