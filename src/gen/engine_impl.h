/* engine_impl.h - what the engine and a single sample share. */
#ifndef HN_ENGINE_IMPL_H
#define HN_ENGINE_IMPL_H

#include "gen/gen.h"

typedef struct sample {
    int64_t prompt, number; /* which prompt, which of its samples */
    int64_t made;           /* tokens so far */
    int32_t segment, last;  /* cached segment; token not yet computed */
    bool ended, kept;       /* kept: the segment is the prefix cache's, prompt and all, and stays */
    hn_decode_stream *stream;
    hn_buf pending;         /* decoded text that might be the start of a stop string */
    uint8_t *seen;          /* [V], under a repetition penalty */
} sample;

struct hn_prefix_cache {
    const hn_model *model;
    hn_kv_cache *kv;
    int32_t segment;        /* of kv, where everything is */
    int32_t *id;            /* [n] tokens whose rows are held */
    int64_t n, cap, reused;
};
/* Cuts c back to what the prompt begins with, and returns how many tokens that are: all but one of the prompt's at most, since
 * the logits after the last one are wanted. */
int64_t hn_prefix_begin(hn_prefix_cache *c, const hn_gen_prompt *p);
/* Notes n tokens that a forward has appended to the segment. */
hn_status hn_prefix_took(hn_prefix_cache *c, const int32_t *id, int64_t n, hn_error *err) HN_MUST;

typedef struct engine {
    hn_model *model;
    const hn_tokenizer *tok;
    const hn_model_info *info;
    const hn_gen_prompt *prompts;
    const hn_gen_opts *o;
    hn_gen_fn *fn;
    void *user;
    hn_tape *tape;
    hn_kv_cache *cache;     /* of its own, or of the prefix cache */
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
hn_status hn_sample_take(engine *e, sample *s, int64_t row, hn_error *err) HN_MUST;
void hn_sample_release(engine *e, sample *s);

#endif
