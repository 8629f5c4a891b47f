/* model_impl.h - what the files of this room share: the model's inside, a family's descriptor, reading config.json. */
#ifndef HN_MODEL_IMPL_H
#define HN_MODEL_IMPL_H

#include "io/io.h"
#include "model/model.h"

/* ------------------------------------------------------------------ families */

enum { HN_HAS_HEAD = 1, HN_FAMILY_BITS = 2 }; /* feature bits: an untied head; families count on from 2 */

/* First member of every family's state. */
typedef struct hn_base {
    hn_tensor *embed; /* [V, D] */
    hn_linear head;   /* w [V, D]; tied: the embedding */
} hn_base;

typedef struct hn_family {
    hn_family_row row;             /* what the user sees; first member */
    const char *architecture;      /* of the language model: "LlamaForCausalLM" */
    const char *base_architecture; /* without head: "LlamaModel" */
    const char *prefix;            /* names in a file may lack it: "model." */
    const char *head_alias;        /* a second name of the head's weight, or NULL */
    const char *const *buffers;    /* suffixes of tensors in old files that are no weights; ends with NULL */
    const hn_pspec *table;
    size_t state_size, layer_size; /* bytes of the state and of one layer's */
    /* Reads the config: sizes, features, info, and the state's settings. */
    hn_status (*configure)(hn_model *m, hn_error *err);
    hn_tensor *(*hidden)(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o);
    /* Numbers a token keeps in one layer for backward. */
    int64_t (*kept)(const hn_model *m);
} hn_family;

#define HN_FAMILY(name) extern const hn_family hn_family_##name;
#include "model/families.def"
#undef HN_FAMILY
const hn_family *hn_family_find(const char *model_type);

struct hn_model {
    const hn_family *family;
    hn_dev *dev;
    hn_dtype dtype;
    hn_model_info info;
    char *dir;
    hn_json *config;
    hn_buf config_text, generation_text; /* generation_text.n == 0: there is none */
    int64_t size[HN_DIM_COUNT];
    unsigned features;
    int64_t file_vocab; /* rows of the embedding in the file or by the config, where the model has more; 0: it has not (grow.c) */
    bool untied_by_file; /* the config says tied, the file holds a head of its own */
    double init_std, attention_dropout;
    hn_base *state;        /* the family's state */
    char *layer;           /* [layers] of layer_size */
    hn_tensor *tensor;     /* [count] */
    hn_param *param;       /* [count] */
    const hn_pspec **spec; /* [count] */
    size_t count;
    void *block; /* weights of our own, one piece of the device pool; NULL: none */
    size_t block_bytes;
    hn_st *file;    /* kept open while weights are mapped from it */
    hn_arena arena; /* state, layers, names, parameters */
};

/* ------------------------------------------------------------------ config.c: reads config.json; the first error stays */

typedef struct hn_cfg {
    const hn_json *json;
    hn_error *err;
    hn_status st;
} hn_cfg;
hn_cfg hn_cfg_of(const hn_model *m, hn_error *err);
/* A size that must be there: 1 <= value <= 2^31 - 1. */
int64_t hn_cfg_need(hn_cfg *c, const char *key);
/* A size that may be absent or null. */
int64_t hn_cfg_size(hn_cfg *c, const char *key, int64_t otherwise);
double hn_cfg_num(hn_cfg *c, const char *key, double otherwise);
double hn_cfg_within(hn_cfg *c, const char *key, double otherwise, double most); /* 0 to most: dropout, epsilon */
bool hn_cfg_bool(hn_cfg *c, const char *key, bool otherwise);
hn_act hn_cfg_act(hn_cfg *c, const char *key, const char *otherwise);
hn_status hn_cfg_bad(hn_cfg *c, hn_status code, const char *fmt, ...) HN_PRINTF(3, 4);
/* Token ids of config.json; -1: the class has none. */
void hn_cfg_tokens(hn_cfg *c, hn_model_info *info, int32_t bos, int32_t eos);
/* eos, bos, pad of generation_config.json replace those of config.json. */
void hn_generation_tokens(const hn_json *generation, hn_model_info *info);

/* rope_config.c: old and new keys. theta_key, partial_key: names at top level; partial_key NULL: all dims turn. */
void hn_cfg_rope(hn_cfg *c, int64_t head_dim, int64_t max_position, const char *theta_key, const char *partial_key,
                 double partial, hn_rope *out);

/* ------------------------------------------------------------------ model.c, params.c */

/* A model with its config read and its family set, no weights yet. path: folder or config file. */
hn_status hn_model_open(hn_dev *dev, const char *path, bool is_file, hn_dtype dtype, hn_model **out, hn_error *err) HN_MUST;
/* Lists the parameters the table and the features ask for: names, shapes, groups; no memory for values yet. */
hn_status hn_model_build_params(hn_model *m, hn_error *err) HN_MUST;
/* One block for the values of all parameters that have none; sets their data. */
hn_status hn_model_alloc_params(hn_model *m, hn_error *err) HN_MUST;
/* Memory for info.layers layers of the family; a failure stands in the reader. */
void hn_model_alloc_layers(hn_model *m, hn_cfg *c);
static inline void *hn_model_layer(const hn_model *m, int64_t i) { return m->layer + (size_t)i * m->family->layer_size; }

/* ------------------------------------------------------------------ grow.c */

/* Between config and parameters: the vocabulary is to have at least so many rows. */
void hn_model_grow(hn_model *m, int64_t vocab);
bool hn_model_grows(const hn_model *m, const hn_pspec *s); /* are there fewer rows of this weight in the file? */
void hn_model_fill_new_rows(hn_model *m);                  /* after the rows of the file */

/* ------------------------------------------------------------------ forward.c: what all decoders do round their layers */

typedef struct hn_layer_ctx { /* of one layer in one forward; lives as long as the tape's step */
    const hn_model *m;
    const hn_batch *batch;
    hn_kv_cache *cache;
    hn_rope_table rope;
    int32_t layer;
    bool train;
} hn_layer_ctx;
/* Runs fn over the layers of x, each one a checkpoint where o asks for it. rope may be NULL. */
hn_tensor *hn_run_layers(hn_model *m, hn_tape *t, hn_tensor *x, const hn_batch *b, const hn_forward_opts *o,
                         const hn_rope_table *rope, hn_segment_fn *fn);
/* Token embeddings, with NEFTune in training. */
hn_tensor *hn_embed_tokens(hn_model *m, hn_tape *t, const hn_batch *b, const hn_forward_opts *o);
hn_attn hn_layer_attn(const hn_layer_ctx *c, double scale, int32_t window);
/* Dropout where the forward trains. */
hn_tensor *hn_layer_dropout(const hn_layer_ctx *c, hn_tape *t, hn_tensor *x, double p);

/* config_patch.c: text of a JSON object with the value of a top-level key replaced, or the member put first. */
/* generation_config.json of a model that has none: the token ids of its config, as transformers writes them. Appends. */
hn_status hn_generation_text(const hn_model *m, hn_buf *out, hn_error *err) HN_MUST;
hn_status hn_config_patch(hn_buf *text, const char *key, const char *value, bool add, hn_error *err) HN_MUST;

#endif
