/* op_act.c - y = f(x), f of hn_act.
 *
 *   dx = dy f'(x). Kept: x. */
#include "grad/tape_impl.h"

typedef struct act_attr {
    hn_act kind;
} act_attr;

static void act_back(hn_tape *t, const hn_node *n) {
    hn_tensor *x = n->in[0];
    void *dx = hn_grad_acc(t, x);
    const act_attr *a = n->attr;
    if (dx) t->k->act_back(a->kind, hn_tensor_count(x), x->data, hn_grad_of(n->out), dx);
}

static const hn_op act_op = {"act", act_back};

hn_tensor *hn_op_act(hn_tape *t, hn_tensor *x, hn_act kind) {
    if (!hn_op_input(t, "act", x)) return NULL;
    if (kind == HN_ACT_NONE) return x;
    hn_tensor *y = hn_tensor_like(t, x, hn_tensor_last(x));
    if (!y) return NULL;
    t->k->act(kind, hn_tensor_count(x), x->data, y->data);
    if (!hn_wants_grad(t, x, NULL, NULL)) return y;
    hn_node *n = hn_node_new(t, &act_op, y, sizeof(act_attr));
    if (!n) return NULL;
    ((act_attr *)n->attr)->kind = kind;
    n->in[0] = x;
    hn_save(x);
    return y;
}
