/* hone.h - fine-tune language models from C or C++.
 *
 * Opaque handles, no globals of the caller's concern, no printing, no exit. All text is UTF-8. A handle is used by one
 * thread at a time; different contexts are independent except for the thread pool and the log, which they share.
 * Functions return a status; hone_last_error(ctx) has the text, hone_last_error_fix(ctx) the remedy. Out-parameters are
 * NULL on failure; every *_free accepts NULL, elsewhere a NULL that is not allowed is HONE_BAD_ARGUMENT (or NULL); strings handed
 * out are freed with hone_free unless said otherwise.
 * Options structs begin with struct_size = sizeof(the struct), so that they can grow.
 *
 *     hone_ctx *ctx;
 *     hone_ctx_new(NULL, &ctx);
 *     hone_config *c;
 *     hone_config_new(ctx, "sft", &c);
 *     hone_config_set(c, "model_name_or_path", "./model");
 *     hone_config_set(c, "dataset_name", "train.jsonl");
 *     hone_trainer *t;
 *     hone_trainer_open(c, &t);
 *     hone_metrics m = {.struct_size = sizeof m};
 *     while (hone_trainer_step(t, &m) == HONE_OK) { }
 *     hone_trainer_finish(t, NULL);                                                                              */
#ifndef HONE_H
#define HONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HONE_API __attribute__((visibility("default")))
#else
#define HONE_API
#endif

typedef enum hone_status {
    HONE_OK = 0,
    HONE_NO_MEMORY,
    HONE_IO,            /* reading or writing failed */
    HONE_NOT_FINITE,    /* a loss or a model's output is NaN or infinite */
    HONE_BAD_STATE,     /* not possible now */
    HONE_BAD_ARGUMENT,  /* a setting or argument */
    HONE_NOT_FOUND,     /* an input does not exist */
    HONE_BAD_FORMAT,    /* an input file is malformed */
    HONE_BAD_SHAPE,     /* a tensor or model does not fit */
    HONE_NOT_SUPPORTED, /* an input asks for what hone does not know */
    HONE_GATE,          /* a check failed */
    HONE_CANCELLED,     /* a callback asked to stop */
    HONE_DONE = 100     /* hone_trainer_step: no step is left */
} hone_status;

HONE_API const char *hone_version(void);
HONE_API char *hone_build_info_json(void); /* version, compiler, kernels, libraries */
HONE_API int hone_exit_code(hone_status st); /* what the command line exits with */
HONE_API void hone_free(void *p);
/* n bytes as a JSON string, quoted and escaped, what is no UTF-8 replaced; for JSON that goes in here. NULL: no memory. */
HONE_API char *hone_json_string(const char *text, size_t n);

/* ---- context */
typedef struct hone_ctx hone_ctx;
typedef enum hone_log_level { HONE_LOG_DEBUG, HONE_LOG_INFO, HONE_LOG_WARN, HONE_LOG_ERROR } hone_log_level;
typedef void hone_log_fn(hone_log_level level, const char *text, void *user);
/* How far a long preparation is: bytes read of all (0: unknown), records so far. what: "preparing rows". */
typedef void hone_progress_fn(const char *what, uint64_t done, uint64_t total, int64_t records, void *user);
typedef struct hone_ctx_opts {
    size_t struct_size;
    int threads;         /* 0: what the machine and OMP_NUM_THREADS allow */
    const char *gemm;    /* "own" (default), "onednn" where built, "ref" */
    hone_log_fn *log;    /* NULL: silence */
    void *log_user;
    hone_progress_fn *progress; /* NULL: none; called by the thread that called hone */
    void *progress_user;
} hone_ctx_opts;
/* *out is made on failure too, unless there is no memory, so that the reason can be read from it; free it in any case. */
HONE_API hone_status hone_ctx_new(const hone_ctx_opts *opts /* NULL: defaults */, hone_ctx **out);
HONE_API void hone_ctx_free(hone_ctx *ctx); /* after everything made with it */
HONE_API const char *hone_last_error(const hone_ctx *ctx);        /* "" if none; valid until the next failure */
HONE_API const char *hone_last_error_detail(const hone_ctx *ctx); /* further facts, a line each */
HONE_API const char *hone_last_error_fix(const hone_ctx *ctx);    /* what to do about it */

/* ---- settings: the names of the command line ("learning_rate", "2e-5") */
typedef struct hone_config hone_config;
HONE_API hone_status hone_config_new(hone_ctx *ctx, const char *task /* "sft", "pretrain" ... */, hone_config **out);
HONE_API void hone_config_free(hone_config *c);
HONE_API hone_status hone_config_set(hone_config *c, const char *name, const char *value);
HONE_API hone_status hone_config_load_yaml(hone_config *c, const char *path);
HONE_API hone_status hone_config_get(const hone_config *c, const char *name, char **value); /* as it would be typed */
HONE_API char *hone_config_yaml(const hone_config *c); /* all values with their origins; NULL: no memory */

/* ---- tokenizer */
typedef struct hone_tokenizer hone_tokenizer;
enum { HONE_ADD_SPECIAL_TOKENS = 1, HONE_SKIP_SPECIAL_TOKENS = 1 };
/* path: a folder, or one vocabulary file (tokenizer.json, tokenizer.model, vocab.txt, a GGUF file ...). */
HONE_API hone_status hone_tokenizer_load(hone_ctx *ctx, const char *path, hone_tokenizer **out);
HONE_API void hone_tokenizer_free(hone_tokenizer *t);
/* Files that hone and transformers load to equal ids, beside a saved model; the folder must exist. */
HONE_API hone_status hone_tokenizer_save(hone_tokenizer *t, const char *dir);
/* vocab_size; bos, eos, pad and unk as {"token", "id"} or null; max_length or null; chat_template: is there one? NULL: no
 * memory. */
HONE_API char *hone_tokenizer_info_json(hone_tokenizer *t);
/* text: valid UTF-8. *ids: the caller's (hone_free). */
HONE_API hone_status hone_tokenize(hone_tokenizer *t, const char *text, size_t len, unsigned flags, int32_t **ids, size_t *n);
HONE_API hone_status hone_detokenize(hone_tokenizer *t, const int32_t *ids, size_t n, unsigned flags, char **text);

/* ---- chat: a conversation as text, by the tokenizer's chat template */
typedef struct hone_span { size_t begin, end; } hone_span; /* bytes */
typedef struct hone_chat_opts {
    size_t struct_size;
    bool add_generation_prompt; /* end with what opens the assistant's answer: to generate from it */
    const char *tools_json;     /* array of function definitions; NULL: none */
    const char *documents_json; /* array; NULL: none */
    const char *kwargs_json;    /* object of further variables of the template, {"enable_thinking": false}; NULL: none */
    const char *template_path;  /* a .jinja file, or a folder that has one, read once; NULL: the tokenizer's own */
} hone_chat_opts;
/* messages_json: [{"role": "user", "content": "Hi"}, ...]. The text has its special tokens already: tokenize it with flags 0, or
 * generate from it with raw_prompt. *text and, where asked for, *spans (the parts the assistant wrote, in order) are the caller's
 * (hone_free); len, spans and span_count may be NULL. opts NULL: all as 0.
 * HONE_BAD_ARGUMENT: JSON that is none or of another shape; HONE_NOT_FOUND: there is no template; HONE_BAD_FORMAT: the template
 * does not parse, or refuses this conversation, in its own words. */
HONE_API hone_status hone_chat_render(hone_tokenizer *t, const char *messages_json, const hone_chat_opts *opts, char **text,
                                      size_t *len, hone_span **spans, size_t *span_count);

/* ---- model */
typedef struct hone_model hone_model;
typedef struct hone_load_opts {
    size_t struct_size;
    const char *revision; /* of a name in the local hub cache; NULL: main */
    bool read_only;       /* not to be trained: float32 files are mapped, not copied */
    int64_t vocab_size;   /* at least so many rows of the embeddings; new ones are the mean of the others. 0: as the files */
} hone_load_opts;
/* path: a folder, or org/name in the local hub cache. HONE_NOT_FOUND, HONE_BAD_FORMAT, HONE_BAD_SHAPE, HONE_NOT_SUPPORTED: a
 * family that is not known. */
HONE_API hone_status hone_model_load(hone_ctx *ctx, const char *path, const hone_load_opts *opts, hone_model **out);
/* Random weights; config: a config.json, or a folder that has one. */
HONE_API hone_status hone_model_init(hone_ctx *ctx, const char *config, uint64_t seed, hone_model **out);
HONE_API void hone_model_free(hone_model *m);
/* config.json and weights, into a folder that is made; a tokenizer is saved by itself. dtype: "float32" (NULL), "bfloat16",
 * "float16". */
HONE_API hone_status hone_model_save(hone_model *m, const char *dir, const char *dtype);
HONE_API char *hone_model_info_json(hone_model *m); /* family, sizes, tensors, memory to train */

/* ---- data: encoded rows, from files named in a config or from memory */
typedef struct hone_dataset hone_dataset;
HONE_API hone_status hone_dataset_load(hone_config *c, hone_tokenizer *tok /* may be NULL for token rows */,
                                       const char *split /* "train", "eval" */, hone_dataset **out);
/* Rows in memory: JSON objects with the columns of a file's rows. */
HONE_API hone_status hone_dataset_from_rows(hone_config *c, hone_tokenizer *tok, const char *const *json_rows, size_t n,
                                            hone_dataset **out);
HONE_API void hone_dataset_free(hone_dataset *d);
HONE_API int64_t hone_dataset_rows(const hone_dataset *d);
HONE_API char *hone_dataset_info_json(const hone_dataset *d); /* format, rows, dropped, truncated, token counts */
/* Checks the rows that a config names (task "data" or "sft"; view: "sft", "preference" ..., NULL: as the records are), loading no
 * weights. *json: findings with id, severity, rows, places, cost, remedy. HONE_GATE: there are errors among them; json is made
 * all the same. */
HONE_API hone_status hone_data_check(hone_config *c, const char *view, char **json);
/* Row i: borrowed ids[n] and loss[n] (1: the token is a target). */
HONE_API hone_status hone_dataset_row(const hone_dataset *d, int64_t i, const int32_t **ids, const uint8_t **loss, int64_t *n);

/* ---- training, stepped by the caller */
typedef struct hone_trainer hone_trainer;
typedef struct hone_metrics {
    size_t struct_size;
    int64_t step, max_steps, step_tokens, total_tokens;
    double epoch, loss, grad_norm, learning_rate, seconds;
    const char *log_json;   /* entry added to log_history by this step, or NULL; valid until the next step */
    const char *eval_json;  /* evaluation made in this step, or NULL */
    const char *saved;      /* checkpoint written in this step, or NULL */
    bool skipped;           /* not finite and left out (nan_policy skip) */
} hone_metrics;
/* Loads model, tokenizer and data that the config names. The config must outlive the trainer and stay as it is meanwhile. */
HONE_API hone_status hone_trainer_open(hone_config *c, hone_trainer **out);
/* The same from parts in memory, which must outlive the trainer; eval may be NULL. */
HONE_API hone_status hone_trainer_new(hone_config *c, hone_model *m, hone_tokenizer *tok, hone_dataset *train,
                                      hone_dataset *eval, hone_trainer **out);
HONE_API void hone_trainer_free(hone_trainer *t);
HONE_API char *hone_trainer_plan_json(hone_trainer *t);  /* model, data, steps, memory: the block before step 1 */
/* One optimiser step, with what is due after it (log, evaluation, checkpoint). HONE_OK, or HONE_DONE: that was the last step.
 * out may be NULL. HONE_NOT_FINITE: loss or gradient, unless nan_policy is skip. */
HONE_API hone_status hone_trainer_step(hone_trainer *t, hone_metrics *out);
HONE_API hone_status hone_trainer_evaluate(hone_trainer *t, char **json);
HONE_API hone_status hone_trainer_checkpoint(hone_trainer *t, char **dir); /* dir may be NULL */
HONE_API hone_status hone_trainer_probe(hone_trainer *t, double *seconds, uint64_t *peak_bytes); /* longest batch, no step */
HONE_API hone_status hone_trainer_finish(hone_trainer *t, char **summary_json); /* final model and records; summary may be NULL */
HONE_API hone_model *hone_trainer_model(hone_trainer *t);          /* borrowed */
HONE_API hone_tokenizer *hone_trainer_tokenizer(hone_trainer *t);  /* borrowed; may be NULL */
HONE_API const hone_dataset *hone_trainer_dataset(hone_trainer *t);

/* ---- using a model */
/* Keys and values of a prompt and its answer, kept for the next prompt: where that begins with the same tokens (the next turn of
 * a chat), only the rest is computed. What is generated is the same with and without it, bit for bit. For one model, which must
 * outlive it and must not be trained on meanwhile; it holds 2 x layers x kv heads x head size x 4 bytes a token. */
typedef struct hone_prefix_cache hone_prefix_cache;
HONE_API hone_status hone_prefix_cache_new(hone_model *m, hone_prefix_cache **out);
HONE_API void hone_prefix_cache_free(hone_prefix_cache *c);
HONE_API int64_t hone_prefix_cache_tokens(const hone_prefix_cache *c); /* held now */
HONE_API int64_t hone_prefix_cache_reused(const hone_prefix_cache *c); /* of the last prompt: tokens not computed again */

typedef struct hone_generate_opts {
    size_t struct_size;
    int64_t max_new_tokens;       /* 0: 256 */
    int64_t num_return_sequences; /* 0: 1 */
    bool do_sample;               /* false: greedy, whatever follows; then only one sequence is possible */
    double temperature;           /* 0: 1 */
    int64_t top_k;                /* 0: off */
    double top_p, min_p;          /* 0: off */
    double repetition_penalty;    /* 0: 1 */
    uint64_t seed;
    const char *const *stop;      /* strings that end a sample; not part of its text */
    size_t stop_count;
    bool ignore_eos;
    bool raw_prompt;              /* add no special tokens to the prompt */
    bool keep_special_tokens;     /* special tokens appear in the text */
    hone_prefix_cache *prefix_cache; /* of this model; NULL: none */
} hone_generate_opts;
typedef struct hone_piece {       /* a piece of generated text as it becomes certain */
    int64_t sample;
    const char *text;             /* NUL-terminated, valid UTF-8; "" possible */
    size_t len;
    int32_t token;                /* -1 in the last call of a sample */
    const char *finish_reason;    /* NULL, or in the last call of a sample "stop" or "length" */
} hone_piece;
typedef bool hone_piece_fn(const hone_piece *piece, void *user); /* false: stop everything */
/* Writes after a prompt (UTF-8), piece by piece through on_piece, from the thread that called. HONE_CANCELLED: on_piece gave
 * false; HONE_NOT_FINITE: a logit is NaN or +inf; HONE_BAD_ARGUMENT: the prompt is empty or fills the model's positions, or an
 * option. */
HONE_API hone_status hone_generate(hone_model *m, hone_tokenizer *tok, const char *prompt, const hone_generate_opts *opts,
                                   hone_piece_fn *on_piece, void *user);
/* The same from n tokens. tok NULL: pieces have tokens, but no text, and no stop strings are looked for. */
HONE_API hone_status hone_generate_ids(hone_model *m, hone_tokenizer *tok, const int32_t *ids, size_t n,
                                       const hone_generate_opts *opts, hone_piece_fn *on_piece, void *user);
/* Fills opts, whose struct_size is set, from the settings of a task that generates ("generate", "chat"): what was set, over the
 * model's generation_config.json, over the defaults. prefix_cache stays; the strings of stop are the config's. */
HONE_API hone_status hone_config_generate_opts(const hone_config *c, hone_model *m, hone_generate_opts *opts);
/* Sum of log p(token | before) of a text's tokens but the first, natural logarithms; *n: how many tokens the text has.
 * HONE_NOT_FINITE: a log-probability is no number. */
HONE_API hone_status hone_score(hone_model *m, hone_tokenizer *tok, const char *text, size_t len, double *logprob, int64_t *n);
/* logprob[i] = log p(ids[i + 1] | ids[0 .. i]), natural logarithms, for the n - 1 tokens after the first; n >= 1. */
HONE_API hone_status hone_score_ids(hone_model *m, const int32_t *ids, size_t n, double *logprob);
/* {"loss" (nats a target), "perplexity", "mean_token_accuracy", "entropy" (nats), "num_tokens", "num_targets", "rows"}.
 * HONE_NOT_FINITE: the loss is no number; HONE_BAD_ARGUMENT: there are no targets. */
HONE_API hone_status hone_evaluate(hone_model *m, const hone_dataset *d, int64_t batch_size, char **json);

#ifdef __cplusplus
}
#endif
#endif
