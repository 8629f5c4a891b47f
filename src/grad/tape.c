/* tape.c - recording nodes, and running them backwards.
 *
 * Backward visits nodes from the newest to the oldest. When a node's turn comes, all consumers of its output
 * have higher numbers and have run, so afterwards the output's value and gradient can go back to the pool
 * without counting references. */
#include "grad/tape_impl.h"

hn_status hn_tape_new(hn_dev *dev, hn_dtype dtype, hn_tape **out, hn_error *err) {
    *out = NULL;
    if (dtype != HN_F32 && dtype != HN_F64) {
        return hn_fail(err, HN_EARG, "a tape computes in float32 or float64, not in %s", hn_dtype_name(dtype));
    }
    hn_tape *t = hn_calloc(1, sizeof *t);
    if (!t) return hn_nomem(err, sizeof *t);
    t->dev = dev;
    t->dtype = dtype;
    t->k = hn_dev_kernels(dev, dtype);
    t->record = true;
    t->chunk_bytes = 64 << 20;
    hn_arena_init(&t->arena, 0);
    *out = t;
    return HN_OK;
}

void hn_tape_free(hn_tape *t) {
    if (!t) return;
    hn_tape_reset(t);
    hn_arena_release(&t->arena);
    hn_free(t);
}

void hn_tape_record(hn_tape *t, bool on) {
    t->record = on;
}

bool hn_tape_recording(const hn_tape *t) {
    return t->record;
}

void hn_tape_reset(hn_tape *t) {
    t->last = NULL;
    hn_tape_forget(t, 0);
    t->made = 0;
    t->site = 0;
    t->touched = false;
    t->err = (hn_error){.code = HN_OK};
    hn_arena_reset(&t->arena);
}

hn_status hn_tape_status(const hn_tape *t, hn_error *err) {
    if (t->err.code != HN_OK && err) *err = t->err;
    return t->err.code;
}

hn_status hn_tape_fail(hn_tape *t, hn_status code, const char *fmt, ...) {
    if (t->err.code != HN_OK) return code;
    char text[sizeof t->err.msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return hn_fail(&t->err, code, "%s", text);
}

void hn_tape_seed(hn_tape *t, uint64_t seed, uint64_t step) {
    t->seed = seed;
    t->step = step;
    t->site = 0;
}

void *hn_tape_alloc(hn_tape *t, size_t bytes) {
    void *p = hn_arena_alloc(&t->arena, bytes);
    if (!p && t->err.code == HN_OK) hn_nomem(&t->err, bytes);
    return p;
}

hn_rng_key hn_tape_key(hn_tape *t, uint32_t purpose) {
    return (hn_rng_key){.seed = t->seed, .purpose = purpose, .site = t->site++, .step = t->step};
}

bool hn_op_input(hn_tape *t, const char *op, const hn_tensor *x) {
    if (!x || t->err.code != HN_OK) return false;
    const char *name = x->name ? x->name : "an input";
    if (!x->data) {
        hn_tape_fail(t, HN_ESTATE, "%s: %s was already released", op, name);
        hn_error_fix(&t->err, "pass it in keep to hn_scope_end, or mark it kept");
        return false;
    }
    if (x->dtype != t->dtype) {
        hn_tape_fail(t, HN_ESHAPE, "%s: %s is %s, the tape computes in %s", op, name, hn_dtype_name(x->dtype),
                     hn_dtype_name(t->dtype));
        return false;
    }
    return true;
}

bool hn_wants_grad(hn_tape *t, const hn_tensor *a, const hn_tensor *b, const hn_tensor *c) {
    bool any = (a && a->needs_grad) || (b && b->needs_grad) || (c && c->needs_grad);
    t->touched |= any;
    return any && t->record;
}

hn_node *hn_node_new(hn_tape *t, const hn_op *op, hn_tensor *out, size_t attr) {
    hn_node *n = hn_arena_alloc(&t->arena, sizeof *n);
    void *a = n && attr > 0 ? hn_arena_alloc(&t->arena, attr) : NULL;
    if (!n || (attr > 0 && !a)) {
        if (t->err.code == HN_OK) hn_nomem(&t->err, sizeof *n + attr);
        return NULL;
    }
    n->op = op;
    n->out = out;
    n->attr = a;
    n->prev = t->last;
    t->last = n;
    out->needs_grad = true;
    return n;
}

void hn_save(hn_tensor *x) {
    if (!x) return;
    x->saved = true;
    if (x->base) x->base->saved = true;
}

/* A tensor somebody outside wants to read after backward: itself or one of its views is kept. */
static bool wanted(const hn_tensor *x) {
    if (x->kept) return true;
    for (const hn_tape_tensor *v = ((const hn_tape_tensor *)(const void *)x)->views; v; v = v->next_view) {
        if (v->pub.kept) return true;
    }
    return false;
}

static void retire(hn_tape *t, hn_node *n) {
    for (int i = 0; i < HN_NODE_AUX; i++) {
        if (n->aux[i]) hn_tensor_drop_value(t, n->aux[i]);
    }
    if (!wanted(n->out)) {
        hn_tensor_drop_value(t, n->out);
        hn_tensor_drop_grad(t, n->out);
    }
}

void hn_tape_run_back(hn_tape *t, hn_node *stop) {
    while (t->last != stop && t->err.code == HN_OK) {
        hn_node *n = t->last;
        t->last = n->prev; /* before back: a checkpoint records and runs its own nodes behind it */
        if (n->armed || hn_grad_of(n->out)) n->op->back(t, n);
        retire(t, n);
    }
    t->last = stop;
}

hn_status hn_tape_backward(hn_tape *t, hn_error *err) {
    hn_tape_run_back(t, NULL);
    return hn_tape_status(t, err);
}

void hn_tape_forget(hn_tape *t, size_t mark) {
    hn_tape_tensor *x = t->newest;
    for (; x && x->seq >= mark; x = x->prev) {
        hn_tensor_drop_value(t, &x->pub);
        hn_tensor_drop_grad(t, &x->pub);
    }
    t->newest = x;
}
