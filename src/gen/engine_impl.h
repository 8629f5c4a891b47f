/* engine_impl.h - what the engine and a single sample share. */
#ifndef HN_ENGINE_IMPL_H
#define HN_ENGINE_IMPL_H

#include "gen/gen.h"

typedef struct sample {
    int64_t prompt, number; /* which prompt, which of its samples */
    int64_t made;           /* tokens so far */
    int32_t segment, last;  /* cached segment; token not yet computed */
    bool ended;
    hn_decode_stream *stream;
    hn_buf pending;         /* decoded text that might be the start of a stop string */
    uint8_t *seen;          /* [V], under a repetition penalty */
} sample;

typedef struct engine {
    hn_model *model;
    const hn_tokenizer *tok;
    const hn_model_info *info;
    const hn_gen_prompt *prompts;
    const hn_gen_opts *o;
    hn_gen_fn *fn;
    void *user;
    hn_tape *tape;
    hn_kv_cache *cache;
    hn_batch batch;
    int32_t *append, *row;  /* of the batch, in its arena */
    hn_tensor *logits;
    double *values;         /* [V] */
    hn_pick *work;          /* [V] */
    int64_t vocab, positions, next;
    sample *run;
    int64_t running, capacity;
} engine;

/* Draws the sample's next token from row `row` of e->logits, tells the caller, notes whether it ended. */
hn_status sample_take(engine *e, sample *s, int64_t row, hn_error *err) HN_MUST;
void sample_release(engine *e, sample *s);

#endif
