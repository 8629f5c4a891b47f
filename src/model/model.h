/* model.h - where words and numbers meet: families, loading, saving, the forward of a packed batch.
 *
 * A family is a table: rows map Hugging Face tensor names to fields with dimension codes; one row serves
 * allocation, loading, saving, counting and optimiser groups. Model facts come from config.json. */
#ifndef HN_MODEL_H
#define HN_MODEL_H

#include "data/data.h"
#include "grad/grad.h"
#include "nn/nn.h"

typedef struct hn_model hn_model;

typedef struct hn_param { /* one weight as the file names it */
    const char *name;     /* "model.layers.0.self_attn.q_proj.weight" */
    hn_tensor *t;         /* float32 (or float64) master; shape as in the file */
    bool decay;           /* takes weight decay by transformers' rule */
    bool trainable;
} hn_param;

typedef struct hn_model_info {
    const char *family;       /* "llama" */
    const char *architecture; /* "LlamaForCausalLM" */
    int64_t vocab, dim, layers, heads, kv_heads, head_dim, ffn, max_position;
    bool tied, causal;
    int64_t parameters;                  /* a tied head counts once */
    int32_t eos[8], eos_count, bos, pad; /* generation_config.json over config.json; -1 none */
    hn_dtype file_dtype;                 /* of the weights on disk */
} hn_model_info;

typedef struct hn_load_opts {
    hn_dtype dtype;       /* HN_F32; HN_F64 in tests */
    const char *revision; /* of a hub name; NULL: main */
    bool read_only;       /* generate, eval, score: map float32 weights instead of copying them */
    int64_t vocab;        /* at least so many rows of embedding and head: new ones are the mean of the others; 0: as the file */
} hn_load_opts;

/* path: a folder, or org/name in the local hub cache. Errors: ENOENT (with the download command), EFORMAT, ESHAPE,
 * ENOTSUP (unknown family: lists the known ones). */
hn_status hn_model_load(hn_dev *dev, const char *path, const hn_load_opts *o, hn_model **out, hn_error *err) HN_MUST;
/* Random weights from a config.json (a file or a folder), normal(0, initializer_range) as transformers. vocab: at least so many
 * rows of embedding and head; 0: as the config says. */
hn_status hn_model_init(hn_dev *dev, const char *config_path, uint64_t seed, hn_dtype dtype, int64_t vocab, hn_model **out,
                        hn_error *err) HN_MUST;
void hn_model_free(hn_model *m);
const hn_model_info *hn_model_get_info(const hn_model *m);
hn_param *hn_model_params(hn_model *m, size_t *count); /* file order of the family table */
const char *hn_model_dir(const hn_model *m);           /* the folder it was loaded from */
/* Every vocabulary id must have an embedding row. ESHAPE says both sizes. */
hn_status hn_model_check_vocab(const hn_model *m, int64_t tokenizer_size, hn_error *err) HN_MUST;
/* The model ends what it writes with this token: it is saved so, and generation stops at it, and where it stopped before. */
hn_status hn_model_set_eos(hn_model *m, int32_t id, hn_error *err) HN_MUST;

typedef struct hn_forward_opts {
    bool checkpointing;   /* recompute each layer in backward */
    double neftune_alpha; /* 0: off */
    bool train;           /* dropout and NEFTune active */
    hn_kv_cache *cache;   /* NULL, or: parents -1-k are its segments; recording must be off */
} hn_forward_opts;
/* Hidden states [N, D] after the final norm, or NULL (see hn_tape_status). The batch must outlive the step. */
hn_tensor *hn_model_hidden(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o);
/* Fills in the head's part of a logprob request (w, b, transposed, scale, softcap). */
void hn_model_head(hn_model *m, hn_logprob_in *in);
/* Logits [R, V] of chosen rows, for generation and tests. */
hn_tensor *hn_model_logits(hn_model *m, hn_tape *t, hn_tensor *hidden, const int32_t *row, int64_t r);
/* Bytes a training step on a batch of n tokens (longest row, loss rows) needs beside weights: activations. */
uint64_t hn_model_activation_bytes(const hn_model *m, int64_t tokens, int64_t loss_rows, bool checkpointing);

typedef struct hn_save_opts {
    hn_dtype dtype;       /* of the file: HN_F32, HN_BF16, HN_F16 */
    uint64_t shard_bytes; /* 0: 50 GB */
} hn_save_opts;
/* config.json (text kept, dtype patched), generation_config.json, model.safetensors or shards + index. Bytes depend on
 * the weights alone. The folder must exist. */
hn_status hn_model_save(hn_model *m, const char *dir, const hn_save_opts *o, hn_error *err) HN_MUST;

typedef struct hn_family_row {
    const char *model_type, *about;
} hn_family_row;
const hn_family_row *hn_family_at(size_t i); /* NULL past the end */

#endif
