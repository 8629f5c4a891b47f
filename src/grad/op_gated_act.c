/* op_gated_act.c - y = f(gate) up, f of hn_act: SwiGLU and its kin (Shazeer 2020).
 *
 *   dgate = dy up f'(gate),  dup = dy f(gate). Kept: gate and up. */
#include "grad/tape_impl.h"

typedef struct gated_attr {
    hn_act kind;
} gated_attr;

static void gated_act_back(hn_tape *t, const hn_node *n) {
    const gated_attr *a = n->attr;
    hn_tensor *gate = n->in[0], *up = n->in[1];
    bool same = hn_tensor_root(gate) == hn_tensor_root(up);
    hn_grad_sink dgate = hn_grad_sink_open(t, gate, false), dup = hn_grad_sink_open(t, up, same);
    if (t->err.code == HN_OK) {
        t->k->gated_act_back(a->kind, hn_tensor_count(gate), gate->data, up->data, hn_grad_of(n->out), dgate.p, dup.p);
    }
    hn_grad_sink_close(t, gate, dgate);
    hn_grad_sink_close(t, up, dup);
}

static const hn_op gated_act_op = {"gated_act", gated_act_back};

hn_tensor *hn_op_gated_act(hn_tape *t, hn_tensor *gate, hn_tensor *up, hn_act kind) {
    if (!hn_op_input(t, "gated_act", gate) || !hn_op_input(t, "gated_act", up)) return NULL;
    if (hn_tensor_count(gate) != hn_tensor_count(up)) {
        char g[HN_SHAPE_TEXT], u[HN_SHAPE_TEXT];
        hn_tape_fail(t, HN_ESHAPE, "gated_act: gate %s and up %s differ", hn_shape_text(gate, g), hn_shape_text(up, u));
        return NULL;
    }
    hn_tensor *y = hn_tensor_like(t, gate, hn_tensor_last(gate));
    if (!y) return NULL;
    t->k->gated_act(kind, hn_tensor_count(gate), gate->data, up->data, y->data);
    if (!hn_wants_grad(t, gate, up, NULL)) return y;
    hn_node *n = hn_node_new(t, &gated_act_op, y, sizeof(gated_attr));
    if (!n) return NULL;
    ((gated_attr *)n->attr)->kind = kind;
    n->in[0] = gate;
    n->in[1] = up;
    hn_save(gate);
    hn_save(up);
    return y;
}
