/* train_tools.h - for tests that train: a run from settings as a user would give them, and what it leaves behind. */
#ifndef TRAIN_TOOLS_H
#define TRAIN_TOOLS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train/train.h"

typedef struct run {
    hn_dev *dev;
    hn_model *model;
    hn_tokenizer *tok;
    hn_rows *train, *eval;
    hn_config *config;
    hn_train_opts opts;
    int64_t max_length;
    bool packing, assistant_only;
    char *packing_strategy;
    const hn_objective *objective;
    void *objective_opts;
    hn_json *settings;
    hn_trainer *t;
    hn_error err;
} run;

static const hn_opt run_table[] = {
    {"max_length", "", HN_OPT_INT, offsetof(run, max_length), "1024", 1, 9e18, NULL, "Rows", NULL, HN_OPT_NULLABLE},
    {"packing", "", HN_OPT_BOOL, offsetof(run, packing), "false", 0, 0, NULL, "Rows", NULL, 0},
    {"assistant_only_loss", "", HN_OPT_BOOL, offsetof(run, assistant_only), "false", 0, 0, NULL, "Rows", NULL, 0},
    {"packing_strategy", "", HN_OPT_STR, offsetof(run, packing_strategy), "bfd", 0, 0, "bfd|bfd_split|wrapped", "Rows", NULL, 0},
    {0}};

static inline void run_must(run *r, hn_status st, const char *what) {
    if (st != HN_OK) fail_msg("%s: %s; %s", what, r->err.msg, r->err.detail);
}

/* Settings of the objective "sft"; flags are name, value pairs that end with NULL. */
static inline void run_config(run *r, const char *const *flags) {
    *r = (run){0};
    r->objective = hn_objective_find("sft");
    r->objective_opts = hn_calloc(1, r->objective->size);
    run_must(r, hn_config_new(&r->config, &r->err), "config");
    run_must(r, hn_config_add(r->config, hn_train_table, &r->opts, &r->err), "train table");
    run_must(r, hn_config_add(r->config, r->objective->opts, r->objective_opts, &r->err), "objective table");
    run_must(r, hn_config_add(r->config, run_table, r, &r->err), "row table");
    run_must(r, hn_config_default(r->config, "learning_rate", "2e-5", &r->err), "default");
    run_must(r, hn_config_default(r->config, "logging_steps", "10", &r->err), "default");
    for (int i = 0; flags && flags[i]; i += 2)
        run_must(r, hn_config_set(r->config, flags[i], flags[i + 1], HN_FROM_FLAG, &r->err), flags[i]);
}

static inline hn_rows *run_rows(run *r, const char *path) {
    hn_encode_opts o;
    hn_rows *rows = NULL;
    char *copy = hn_strdup(path);
    hn_strlist files = {&copy, 1};
    hn_encode_defaults(&o);
    o.max_length = r->max_length;
    if (r->packing)
        o.packing = hn_streq(r->packing_strategy, "wrapped") ? HN_PACK_WRAPPED : hn_streq(r->packing_strategy, "bfd") ? HN_PACK_BFD : HN_PACK_BFD_SPLIT;
    o.assistant_only = r->assistant_only;
    hn_chat *chat = NULL; /* without a template rows of messages are refused */
    if (r->tok && hn_chat_open(r->tok, &(hn_chat_opts){0}, &chat, &r->err) != HN_OK && r->err.code != HN_ENOENT) fail_msg("%s", r->err.msg);
    o.chat = chat;
    run_must(r, hn_rows_encode(&files, r->tok, &o, &rows, &r->err), path);
    hn_chat_free(chat);
    hn_free(copy);
    return rows;
}

/* Model, tokenizer (NULL: none) and rows; eval NULL: none. */
static inline void run_parts(run *r, const char *base, const char *tokenizer, const char *train, const char *eval) {
    run_must(r, hn_dev_cpu_new(NULL, &r->dev, &r->err), "device");
    run_must(r, hn_model_load(r->dev, base, NULL, &r->model, &r->err), base);
    if (tokenizer) run_must(r, hn_tokenizer_load(tokenizer, &r->tok, &r->err), tokenizer);
    r->train = run_rows(r, train);
    if (eval) r->eval = run_rows(r, eval);
    r->settings = hn_config_json(r->config);
}

static inline hn_status run_start(run *r) {
    hn_trainer_in in = {.dev = r->dev,
                        .model = r->model,
                        .tokenizer = r->tok,
                        .train = r->train,
                        .eval = r->eval,
                        .objective = r->objective,
                        .objective_opts = r->objective_opts,
                        .opts = &r->opts,
                        .settings = r->settings,
                        .card = "# card\n",
                        .fingerprint = r->train->fingerprint};
    return hn_trainer_new(&in, &r->t, &r->err);
}

/* Steps until step (or the end); true: done. */
static inline bool run_until(run *r, int64_t step) {
    hn_step_report s = {0};
    do run_must(r, hn_trainer_step(r->t, &s, &r->err), "step");
    while (!s.done && s.step < step);
    return s.done;
}

static inline void run_finish(run *r) {
    const hn_json *summary = NULL;
    run_until(r, INT64_MAX);
    run_must(r, hn_trainer_finish(r->t, &summary, &r->err), "finish");
}

static inline void run_close(run *r) {
    hn_trainer_free(r->t);
    hn_rows_free(r->train);
    hn_rows_free(r->eval);
    hn_tokenizer_free(r->tok);
    hn_model_free(r->model);
    hn_dev_free(r->dev);
    hn_json_free(r->settings);
    hn_config_free(r->config);
    hn_free(r->objective_opts);
    *r = (run){0};
}

/* All weights one after the other, in double; the caller frees them. */
static inline double *run_weights(run *r, int64_t *count) {
    size_t n = 0;
    hn_param *p = hn_model_params(r->model, &n);
    *count = 0;
    for (size_t i = 0; i < n; i++) *count += hn_tensor_count(p[i].t);
    double *out = hn_alloc_array((size_t)*count, sizeof *out), *at = out;
    for (size_t i = 0; i < n; i++) {
        hn_tensor_get(p[i].t, at);
        at += hn_tensor_count(p[i].t);
    }
    return out;
}

/* Writes n rows of random ids, 2 to 49 of them each, some not trained on. */
static inline void run_token_file(const char *path, int n, uint64_t seed) {
    hn_rng_key key = {.seed = seed, .purpose = HN_RNG_TEST};
    hn_buf b = {0};
    uint64_t at = 0;
    for (int i = 0; i < n; i++) {
        int length = 2 + (int)(hn_rng_uniform(&key, at++) * 48), free = (int)(hn_rng_uniform(&key, at++) * length);
        hn_buf_puts(&b, "{\"input_ids\": [1");
        for (int k = 1; k < length; k++) hn_buf_printf(&b, ", %d", 3 + (int)(hn_rng_uniform(&key, at++) * 500));
        hn_buf_puts(&b, "], \"completion_mask\": [0");
        for (int k = 1; k < length; k++) hn_buf_puts(&b, k < free ? ", 0" : ", 1");
        hn_buf_puts(&b, "]}\n");
    }
    assert_int_equal(hn_file_write(path, b.p, b.n, NULL), HN_OK);
    hn_buf_release(&b);
}

/* Names that tell of the clock, not of the training. */
static inline bool is_clock(const char *key) {
    static const char *const ends[] = {"_runtime", "_per_second", "_time", "total_flos", "eps"};
    size_t n = strlen(key);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t m = strlen(ends[i]);
        if (n >= m && strcmp(key + n - m, ends[i]) == 0) return true;
    }
    return false;
}

#endif
