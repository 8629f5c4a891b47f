/* gen.h - generation: sampling rules and the engine that runs many samples over one KV cache.
 *
 * A prompt is computed once for its n samples (a shared ancestor segment); samples that end leave the batch at once and
 * waiting prompts take their place. Random numbers are Philox keyed by (seed, prompt, sample, place): a sample does not
 * depend on what runs beside it. */
#ifndef HN_GEN_H
#define HN_GEN_H

#include "model/model.h"
#include "text/text.h"

/* Order of transformers' logits processors: repetition penalty, then, if sampling, temperature, top-k, top-p, min-p. */
typedef struct hn_sampler {
    bool sample;               /* false: greedy */
    double temperature;        /* > 0 */
    int64_t top_k;             /* 0: off */
    double top_p, min_p;       /* 1 and 0: off */
    double repetition_penalty; /* 1: off */
} hn_sampler;
hn_status hn_sampler_check(const hn_sampler *s, hn_error *err) HN_MUST;
/* logits [v] are changed; none may be NaN or +inf. seen [v]: 1 where the token stands in the prompt or the answer so far (NULL
 * without penalty). u in [0, 1) picks the token when sampling. work: v entries of scratch. */
typedef struct hn_pick { double p; int32_t id; } hn_pick;
int32_t hn_sampler_pick(const hn_sampler *s, double *logits, int64_t v, const uint8_t *seen, double u, hn_pick *work);

/* ---- prefix cache (prefix_cache.c): keys and values of a prompt and of its answer, kept for the next prompt. Of a prompt that
 * begins with the same tokens only the rest is computed; what is generated is the same with and without it, bit for bit. It
 * serves one model, whose weights stay as they are, and one call at a time. */
typedef struct hn_prefix_cache hn_prefix_cache;
hn_status hn_prefix_cache_new(hn_dev *dev, const hn_model *m, hn_prefix_cache **out, hn_error *err) HN_MUST;
void hn_prefix_cache_free(hn_prefix_cache *c);
int64_t hn_prefix_cache_tokens(const hn_prefix_cache *c); /* held now */
int64_t hn_prefix_cache_reused(const hn_prefix_cache *c); /* of the last prompt: tokens that were not computed again */

typedef struct hn_gen_opts {
    hn_sampler sampler;
    int64_t max_new_tokens, samples; /* samples of each prompt */
    uint64_t seed;
    const char *const *stop;         /* strings that end a sample, left out of its text */
    size_t stop_count;
    bool ignore_eos, keep_special;   /* keep_special: special tokens appear in the text */
    int64_t batch;                   /* samples that run at once; 0: 64 */
    hn_prefix_cache *prefix;         /* NULL, or: of one prompt; then it holds the prompt and, of a single sample, its tokens */
} hn_gen_opts;

typedef struct hn_gen_piece {
    int64_t prompt, sample;
    hn_str text;               /* what has become certain; whole UTF-8 characters */
    int32_t token;             /* -1 in the last call of a sample */
    const char *finish_reason; /* NULL, or "stop" (end token or stop string), "length" */
} hn_gen_piece;
typedef bool hn_gen_fn(const hn_gen_piece *piece, void *user); /* false: ECANCEL */

typedef struct hn_gen_prompt { const int32_t *id; int64_t n; } hn_gen_prompt;
/* tok NULL: no text, tokens only. Errors: EARG (a prompt that is empty or fills the model's positions; several prompts, or
 * another model, with a prefix cache; the sampler's), ESHAPE (an id outside the vocabulary), ENUMERIC (a logit is NaN or +inf),
 * ECANCEL. */
hn_status hn_generate(hn_dev *dev, hn_model *m, const hn_tokenizer *tok, const hn_gen_prompt *prompts, int64_t n,
                      const hn_gen_opts *o, hn_gen_fn *fn, void *user, hn_error *err) HN_MUST;

/* generation_config.json beside the model (or the old keys in config.json): what it sets, as a JSON object; NULL: none. */
hn_status hn_gen_defaults(const hn_model *m, hn_json **out, hn_error *err) HN_MUST;

#endif
