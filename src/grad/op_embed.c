/* op_embed.c - y[i] = table[id[i]].
 *
 *   dtable[id[i]] += dy[i], in ascending i: ids may repeat, and the sum keeps one order. */
#include "grad/tape_impl.h"

static void embed_back(hn_tape *t, const hn_node *n) {
    hn_tensor *table = n->in[0];
    const hn_tensor *id = n->aux[0];
    void *dtable = hn_grad_acc(t, table);
    if (dtable) {
        t->k->embed_back(id->dim[0], table->dim[1], table->dim[0], id->data, hn_grad_of(n->out), dtable);
    }
}

static const hn_op embed_op = {"embed", embed_back};

hn_tensor *hn_op_embed(hn_tape *t, hn_tensor *table, const int32_t *id, int64_t n) {
    if (!hn_op_input(t, "embed", table)) return NULL;
    if (table->rank != 2) {
        char s[HN_SHAPE_TEXT];
        hn_tape_fail(t, HN_ESHAPE, "embed: the table %s is not [vocabulary, width]", hn_shape_text(table, s));
        return NULL;
    }
    int64_t vocab = table->dim[0], d = table->dim[1];
    for (int64_t i = 0; i < n; i++) {
        if (id[i] >= 0 && id[i] < vocab) continue;
        hn_tape_fail(t, HN_EARG, "embed: id %d at place %lld is outside the table %s of %lld rows", id[i],
                     (long long)i, table->name ? table->name : "", (long long)vocab);
        hn_error_fix(&t->err, "use the tokenizer that belongs to the model");
        return NULL;
    }
    hn_tensor *y = hn_tensor_new(t, 2, (const int64_t[]){n, d});
    if (!y) return NULL;
    t->k->embed(n, d, table->data, id, y->data);
    if (!hn_wants_grad(t, table, NULL, NULL)) return y;
    hn_tensor *copy = hn_tensor_copy_of(t, n, HN_I32, id);
    hn_node *node = copy ? hn_node_new(t, &embed_op, y, 0) : NULL;
    if (!node) return NULL;
    node->in[0] = table;
    node->aux[0] = copy;
    hn_save(copy);
    return y;
}
