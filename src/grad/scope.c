/* scope.c - temporaries of a layer go back to the pool when the layer is done.
 *
 * While recording, what some backward reads (saved) stays; the rest, such as the output of a linear layer that was
 * only added to the residual stream, goes at once: its gradient needs its shape, not its value. */
#include "grad/tape_impl.h"

hn_scope hn_scope_begin(hn_tape *t) {
    return (hn_scope){.mark = t->made};
}

static void hold(hn_tensor *x) {
    hn_tensor *root = hn_tensor_root(x);
    if (!hn_tensor_is_param(root)) ((hn_tape_tensor *)(void *)root)->held = true;
}

void hn_scope_end(hn_tape *t, hn_scope s, hn_tensor *const *keep, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (keep[i]) hold(keep[i]);
    }
    /* views are younger than what they look into: their wishes are known before the owner's turn comes */
    for (hn_tape_tensor *x = t->newest; x && x->seq >= s.mark; x = x->prev) {
        if (x->pub.base) {
            if (x->pub.kept || x->pub.saved) hold(&x->pub);
            continue;
        }
        if (!x->held && !x->pub.kept && !x->pub.saved) hn_tensor_drop_value(t, &x->pub);
        x->held = false;
    }
    for (size_t i = 0; i < n; i++) {
        hn_tensor *root = keep[i] ? hn_tensor_root(keep[i]) : NULL;
        if (root && !hn_tensor_is_param(root)) ((hn_tape_tensor *)(void *)root)->held = false;
    }
}
