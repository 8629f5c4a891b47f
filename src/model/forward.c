/* forward.c - what every decoder does round its layers: embeddings, the run through the layers, their settings.
 *
 * Memory: a layer's temporaries go when the layer is done, and its input when the next layer's output stands, unless
 * a backward reads them. */
#include "model/model_impl.h"

hn_tensor *hn_embed_tokens(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o) {
    hn_tensor *x = hn_op_embed(t, m->state->embed, b->id, b->tokens);
    if (o->train && o->neftune_alpha > 0) x = hn_op_neftune(t, x, b->length, o->neftune_alpha);
    return x;
}

hn_attn hn_layer_attn(const hn_layer_ctx *c, double scale, int32_t window) {
    const hn_model_info *f = &c->m->info;
    return (hn_attn){
        .heads = (int32_t)f->heads,
        .kv_heads = (int32_t)f->kv_heads,
        .head_dim = (int32_t)f->head_dim,
        .scale = scale,
        .causal = true,
        .window = window,
        .dropout = c->train ? c->m->attention_dropout : 0,
        .segs = {.count = (int32_t)c->batch->segments, .start = c->batch->start, .parent = c->batch->parent},
    };
}

hn_tensor *hn_layer_dropout(const hn_layer_ctx *c, hn_tape *t, hn_tensor *x, double p) {
    return c->train && p > 0 ? hn_op_dropout(t, x, p) : x;
}

hn_tensor *hn_run_layers(hn_model *m, hn_tape *t, hn_tensor *x, const hn_batch *b, const hn_forward_opts *o,
                         const hn_rope_table *rope, hn_segment_fn *fn) {
    int64_t layers = m->info.layers;
    hn_layer_ctx *c = hn_tape_alloc(t, (size_t)layers * sizeof *c);
    if (!c) return NULL;
    hn_scope before = hn_scope_begin(t);
    for (int64_t i = 0; i < layers && x; i++) {
        c[i] = (hn_layer_ctx){.m = m, .batch = b, .cache = o->cache, .layer = (int32_t)i, .train = o->train};
        if (rope) c[i].rope = *rope;
        hn_scope now = hn_scope_begin(t);
        x = o->checkpointing ? hn_op_checkpoint(t, fn, x, &c[i]) : fn(t, x, &c[i]);
        hn_scope_end(t, before, &x, 1); /* the layer's temporaries, and the layer's input where nobody needs it */
        before = now;
    }
    return x;
}
