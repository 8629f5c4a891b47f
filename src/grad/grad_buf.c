/* grad_buf.c - gradient memory: made late, overwritten by the first writer, handed on where possible.
 *
 * grad_fresh says that a buffer exists and holds nothing. Kernels that can overwrite (a GEMM) do; for those that
 * only add, the buffer is zeroed first. A parameter's buffer is the optimiser's, which marks it fresh after a step
 * instead of zeroing it. */
#include "grad/tape_impl.h"

#include <string.h>

/* The tensor whose gradient a writer of x writes, with memory behind it; NULL on failure. */
static hn_tensor *with_buffer(hn_tape *t, hn_tensor *x) {
    hn_tensor *root = hn_tensor_root(x);
    if (root->grad) return root;
    if (hn_tensor_is_param(root)) {
        hn_tape_fail(t, HN_ESTATE, "parameter %s wants a gradient but has no memory for it",
                     root->name ? root->name : "without a name");
        return NULL;
    }
    if (t->err.code != HN_OK) return NULL;
    hn_tensor *g = hn_arena_alloc(&t->arena, sizeof *g);
    if (!g) {
        hn_nomem(&t->err, sizeof *g);
        return NULL;
    }
    *g = *root;
    g->needs_grad = g->kept = g->saved = g->owned = false;
    g->grad = g->base = NULL;
    g->data = hn_scratch(t, hn_tensor_bytes(root));
    if (!g->data) return NULL;
    root->grad = g;
    root->grad_fresh = true;
    return root;
}

void *hn_grad_first(hn_tape *t, hn_tensor *x, bool *fresh) {
    hn_tensor *root = with_buffer(t, x);
    *fresh = root && root->grad_fresh;
    if (!root) return NULL;
    root->grad_fresh = false;
    return root->grad->data;
}

void *hn_grad_acc(hn_tape *t, hn_tensor *x) {
    bool fresh;
    void *p = hn_grad_first(t, x, &fresh);
    if (p && fresh) memset(p, 0, hn_tensor_bytes(x));
    return p;
}

const void *hn_grad_of(const hn_tensor *x) {
    const hn_tensor *root = x->base ? x->base : x;
    return root->grad && !root->grad_fresh ? root->grad->data : NULL;
}

bool hn_grad_move(hn_tape *t, hn_tensor *out, hn_tensor *x) {
    hn_tensor *from = hn_tensor_root(out), *to = hn_tensor_root(x);
    if (t->err.code != HN_OK || from->kept || !from->owned || !to->owned || to->grad || !from->grad) return false;
    if (hn_tensor_bytes(from) != hn_tensor_bytes(to)) return false;
    for (const hn_tape_tensor *v = ((hn_tape_tensor *)(void *)from)->views; v; v = v->next_view) {
        if (v->pub.kept) return false;
    }
    to->grad = from->grad;
    to->grad_fresh = false;
    memcpy(to->grad->dim, to->dim, sizeof to->dim);
    to->grad->rank = to->rank;
    from->grad = NULL;
    return true;
}

void hn_grad_copy(hn_tape *t, const hn_tensor *out, hn_tensor *x) {
    const void *dy = hn_grad_of(out);
    bool fresh;
    void *dx = hn_grad_first(t, x, &fresh);
    if (!dx) return;
    if (fresh) memcpy(dx, dy, hn_tensor_bytes(x));
    else t->k->axpy(hn_tensor_count(x), 1.0, dy, dx);
}

void hn_grad_pass(hn_tape *t, hn_tensor *out, hn_tensor *x) {
    if (x->needs_grad && !hn_grad_move(t, out, x)) hn_grad_copy(t, out, x);
}

hn_grad_sink hn_grad_sink_open(hn_tape *t, hn_tensor *x, bool apart) {
    if (x->needs_grad && !apart) return (hn_grad_sink){.p = hn_grad_acc(t, x)};
    size_t bytes = hn_tensor_bytes(x);
    hn_grad_sink s = {.p = hn_scratch(t, bytes), .bytes = bytes};
    if (s.p) memset(s.p, 0, bytes);
    return s;
}

void hn_grad_sink_close(hn_tape *t, hn_tensor *x, hn_grad_sink s) {
    if (!s.p || s.bytes == 0) return;
    if (x->needs_grad) {
        void *dx = hn_grad_acc(t, x);
        if (dx) t->k->axpy(hn_tensor_count(x), 1.0, s.p, dx);
    }
    hn_scratch_done(t, s.p, s.bytes);
}

hn_status hn_seed(hn_tape *t, hn_tensor *x, const double *seed, hn_error *err) {
    HN_TRY(hn_tape_status(t, err));
    if (!x) return hn_fail(err, HN_EARG, "a seed was given for no tensor");
    if (!x->needs_grad) return HN_OK;
    bool fresh;
    int64_t count = hn_tensor_count(x);
    size_t bytes = hn_tensor_bytes(x);
    void *g = hn_grad_first(t, x, &fresh);
    void *to = g && !fresh ? hn_scratch(t, bytes) : g;
    if (!to) return hn_tape_status(t, err);
    hn_convert(count, HN_F64, seed, x->dtype, to);
    if (fresh) return HN_OK;
    t->k->axpy(count, 1.0, to, g);
    hn_scratch_done(t, to, bytes);
    return HN_OK;
}
