/* decoder_impl.h - llama and what is llama plus flags: the state, the table and the verbs their families share. */
#ifndef HN_DECODER_IMPL_H
#define HN_DECODER_IMPL_H

#include "model/model_impl.h"

enum { HN_DECODER_QKV_BIAS = 2, HN_DECODER_O_BIAS = 4, HN_DECODER_MLP_BIAS = 8, HN_DECODER_QK_NORM = 16 };

typedef struct hn_decoder_layer {
    hn_tensor *norm1, *norm2, *q_norm, *k_norm;
    hn_linear q, k, v, o, gate, up, down;
    int32_t window; /* keys a query sees; 0: all */
} hn_decoder_layer;

typedef struct hn_decoder {
    hn_base base;
    hn_tensor *norm;
    double eps;
    hn_act act;
    hn_rope rope;
} hn_decoder;

typedef struct hn_decoder_defaults { /* of the config class, where keys may be absent */
    int64_t kv_heads;                /* 0: as many as heads */
    int64_t head_dim;                /* 0: hidden_size / heads */
    int64_t max_position;
    int32_t bos, eos;
} hn_decoder_defaults;

extern const hn_pspec hn_decoder_table[];
extern const char *const hn_decoder_buffers[];
/* Reads what all of them have. */
void hn_decoder_configure(hn_cfg *c, hn_model *m, const hn_decoder_defaults *d);
/* Layers that slide see window keys (0: all): those "layer_types" names, else those from first on. */
void hn_decoder_windows(hn_cfg *c, hn_model *m, int64_t window, int64_t first);
/* use_sliding_window, sliding_window, max_window_layers as the Qwen configs have them. */
void hn_decoder_qwen_windows(hn_cfg *c, hn_model *m);
hn_tensor *hn_decoder_hidden(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o);
int64_t hn_decoder_kept(const hn_model *m);

/* The fields of a descriptor that are the same for all of them. */
#define HN_DECODER_COMMON                                                                                                        \
    .prefix = "model.", .buffers = hn_decoder_buffers, .table = hn_decoder_table, .state_size = sizeof(hn_decoder),              \
    .layer_size = sizeof(hn_decoder_layer), .hidden = hn_decoder_hidden, .kept = hn_decoder_kept

#endif
