/* checkpoint.c - keep a segment's input and output, run the segment again when its gradient is due.
 *
 * Memory: the inside of one segment at a time instead of all. Time: one more forward. The second run meets the
 * same input, the same parameters and the same site counter of random masks, and its nodes add to the same
 * gradients in the same order, so results are equal to the bit. */
#include "grad/tape_impl.h"

typedef struct checkpoint_attr {
    hn_segment_fn *fn;
    void *ctx;
    uint32_t site; /* the site counter when the segment began */
} checkpoint_attr;

static void checkpoint_back(hn_tape *t, const hn_node *n) {
    const checkpoint_attr *a = n->attr;
    uint32_t site = t->site;
    bool record = t->record;
    size_t mark = t->made;
    hn_node *stop = t->last;
    t->site = a->site;
    t->record = true;
    hn_tensor *y = a->fn(t, n->in[0], a->ctx);
    t->record = record;
    t->site = site;
    if (y) hn_grad_pass(t, n->out, y);
    hn_tape_run_back(t, stop);
    hn_tape_forget(t, mark);
}

static const hn_op checkpoint_op = {"checkpoint", checkpoint_back};

/* The segment run without recording; *touched: something in it wants gradients. */
static hn_tensor *run_plain(hn_tape *t, hn_segment_fn *fn, hn_tensor *x, void *ctx, bool *touched) {
    bool before = t->touched;
    hn_scope scope = hn_scope_begin(t);
    t->touched = false;
    t->record = false;
    hn_tensor *y = fn(t, x, ctx);
    t->record = true;
    *touched = t->touched;
    t->touched = *touched || before;
    hn_scope_end(t, scope, &y, 1);
    return y;
}

hn_tensor *hn_op_checkpoint(hn_tape *t, hn_segment_fn *fn, hn_tensor *x, void *ctx) {
    if (!hn_op_input(t, "checkpoint", x)) return NULL;
    if (!t->record) return fn(t, x, ctx);
    uint32_t site = t->site;
    size_t mark = t->made;
    bool touched;
    hn_tensor *y = run_plain(t, fn, x, ctx, &touched);
    if (!y) return NULL;
    hn_tensor *root = hn_tensor_root(y);
    bool inside = !hn_tensor_is_param(root) && ((hn_tape_tensor *)(void *)root)->seq >= mark;
    if (!inside) { /* x itself or a view: gradients find their way without a node */
        y->needs_grad = root->needs_grad;
        return y;
    }
    if (!touched) return y;
    hn_node *n = hn_node_new(t, &checkpoint_op, root, sizeof(checkpoint_attr));
    if (!n) return NULL;
    *(checkpoint_attr *)n->attr = (checkpoint_attr){.fn = fn, .ctx = ctx, .site = site};
    n->in[0] = x;
    y->needs_grad = true;
    hn_save(x);
    return y;
}
