/* api.h - behind include/hone.h, for the command line too: contexts, the option structs of every task, the handles. */
#ifndef HN_API_H
#define HN_API_H

#include "base/base.h"
#include "check/check.h"
#include "data/data.h"
#include "gen/gen.h"
#include "hone.h"
#include "model/model.h"
#include "objective/objective.h"
#include "text/text.h"
#include "train/train.h"

struct hone_ctx {
    hn_dev *dev;
    hn_error err;
    hone_log_fn *log;
    void *log_user;
    hone_progress_fn *progress;
    void *progress_user;
};

/* ---- options that several tasks share; tables in opts_common.c and task_*.c, names are TRL's */
typedef struct hn_model_opts {
    char *model_name_or_path, *model_revision, *config_name, *tokenizer_name, *dtype;
} hn_model_opts;
typedef struct hn_token_opts {
    hn_strlist add_tokens, new_special_tokens;
    char *special_tokens;
} hn_token_opts;
typedef struct hn_data_opts {
    char *dataset_name, *eval_dataset_name, *train_split, *test_split, *format, *text_field, *on_bad_row, *prepared_data_dir;
    char *columns, *prompt_column, *completion_column, *chosen_column, *rejected_column, *messages_column, *label_column;
    char *prompt_style, *text_unit;
    char *dataset_config, *datasets, *mix_strategy, *stopping_strategy;
    hn_strlist interleave_probs;
    int64_t max_train_samples, max_eval_samples, max_record_bytes;
    double val_size, prepared_data_limit;
    bool overwrite_cache;
} hn_data_opts;
typedef struct hn_sft_opts {
    int64_t max_length;
    char *truncation_mode, *eos_token, *completion_only_loss, *packing_strategy, *eval_packing, *chat_template_path,
        *chat_template_kwargs;
    bool packing, assistant_only_loss, shuffle_dataset, split_special_tokens;
} hn_sft_opts;
typedef struct hn_pretrain_opts {
    int64_t block_size;
} hn_pretrain_opts;
typedef struct hn_generate_cli {
    char *prompt, *output_file;
    bool do_sample, stream, ignore_eos, keep_special, add_special_tokens;
    int64_t max_new_tokens, samples, top_k, seed, batch;
    double temperature, top_p, min_p, repetition_penalty;
    hn_strlist stop;
} hn_generate_cli;
typedef struct hn_score_opts {
    bool token_logprobs;
    int64_t batch, max_length;
    char *text;
} hn_score_opts;
typedef struct hn_eval_opts {
    int64_t batch, max_new_tokens;
    bool exact_match;
    double max_loss, min_accuracy;
} hn_eval_opts;

enum { HN_PART_MODEL = 1, HN_PART_CONFIG = 2, HN_PART_DATA = 4, HN_PART_SFT = 8, HN_PART_PRETRAIN = 16, HN_PART_TRAIN = 32,
       HN_PART_GENERATE = 64, HN_PART_SCORE = 128, HN_PART_EVAL = 256, HN_PART_SAMPLING = 512, HN_PART_TOKENS = 1024 };

typedef struct hn_task_default { const char *name, *value; } hn_task_default;
typedef struct hn_task {          /* a row of tasks.def */
    const char *name, *about;
    unsigned parts;
    const char *objective;        /* NULL: no training */
    const hn_task_default *defaults; /* ends with a NULL name; may be NULL */
} hn_task;
const hn_task *hn_task_find(const char *name, hn_error *err); /* NULL: none; EARG lists those there are */

extern const hn_opt hn_model_table[], hn_token_table[], hn_config_name_table[], hn_data_table[], hn_sft_table[],
    hn_pretrain_table[], hn_sampling_table[], hn_generate_table[], hn_score_table[], hn_eval_table[];

struct hone_config {
    hone_ctx *ctx;
    const hn_task *task;
    hn_config *c;
    hn_model_opts model;
    hn_token_opts tokens;
    hn_data_opts data;
    hn_columns columns;      /* of data (hn_column_settings) */
    hn_sft_opts sft;
    hn_pretrain_opts pretrain;
    hn_train_opts train;
    hn_generate_cli gen;
    hn_score_opts score;
    hn_eval_opts eval;
    const hn_objective *objective;
    void *objective_opts;
    bool dry_run;            /* of a trainer made with it */
};

struct hone_tokenizer {
    hone_ctx *ctx;
    hn_tokenizer *t;
    hn_chat *chat;           /* the template used last, and the path it was asked for by; NULL: none yet, the tokenizer's own */
    char *chat_path;
};
struct hone_model { hone_ctx *ctx; hn_model *m; };
struct hone_prefix_cache { hn_prefix_cache *c; };
struct hone_dataset { hone_ctx *ctx; hn_rows *rows; hn_sources sources; bool held_out; char *template_source; };
struct hone_trainer {
    hone_ctx *ctx;
    hone_config *c;
    hn_trainer *t;
    hone_model *model;
    hone_tokenizer *tok;
    hone_dataset *train, *eval;
    bool owns;              /* the parts were loaded by hone_trainer_open */
    hn_report checks;       /* what the checks before the run found */
    hn_chat *chat;          /* --chat_template_path; else NULL */
    hn_json *settings;
    hn_buf card, log_text, eval_text;
    char fingerprint[33];
};

/* A failure that was passed over comes back as a NULL. */
#define HONE_NEED(what)                                                                            \
    do {                                                                                           \
        if (!(what)) return HONE_BAD_ARGUMENT;                                                     \
    } while (0)

hone_status hone_status_of(hn_status st);
/* Keeps the error in the context for hone_last_error. */
hone_status hone_keep(hone_ctx *ctx, hn_status st, const hn_error *err);
/* Copies an options struct of the caller's, whose struct_size may be that of an older header; from NULL: all 0. EARG: struct_size
 * is not set. */
#define HN_OPTS_TAKE(to, from, type, err) hn_opts_take(&(to), sizeof(type), (from), #type, (err))
hn_status hn_opts_take(void *to, size_t size, const void *from, const char *type, hn_error *err) HN_MUST;
/* Fills columns from the settings. EARG: --columns is no list of pairs, a meaning is given twice. */
hn_status hn_column_settings(hone_config *c, hn_error *err) HN_MUST;
void hn_column_settings_free(hone_config *c);
/* root: room for the folder of prepared rows, the caller's (hn_free), which o borrows. */
hn_status hn_encode_from(const hone_config *c, hn_encode_opts *o, bool eval, char **root, hn_error *err) HN_MUST;
/* The chat template the settings and the tokenizer (may be NULL) name; *out NULL: there is none. */
hn_status hn_chat_from(const hone_config *c, const hn_tokenizer *tok, hn_chat **out, hn_error *err) HN_MUST;
/* The template of a path (NULL: the tokenizer's own), kept with the tokenizer, which owns it. */
hn_status hn_chat_of(hone_tokenizer *t, const char *path, const hn_chat **out, hn_error *err) HN_MUST;
hn_status hn_chat_kwargs(const char *text, hn_json **out, hn_error *err) HN_MUST; /* of --chat_template_kwargs; EARG: no object */
/* Settings that need or exclude each other, before anything is loaded. */
hn_status hn_settings_check(const hone_config *c, hn_error *err) HN_MUST;
/* The part of each row before its first target; all of a row that is targets throughout (plain text). The array is the caller's,
 * the ids stay those of the rows. */
hn_status hn_prompts_of(const hn_rows *rows, hn_gen_prompt **out, hn_error *err) HN_MUST;
/* Flags over the model's generation_config.json over our defaults; says through the log what came from the model. */
hn_status hn_generate_settings(const hone_config *c, const hn_model *m, hn_gen_opts *o, hn_error *err) HN_MUST;
/* Greedy answers to the prompts of rows, compared with the rows' targets as text: *equal of the rows->rows. */
hn_status hn_exact_match(hone_ctx *ctx, hn_model *m, const hn_tokenizer *tok, const hn_rows *rows, int64_t max_new_tokens,
                         int64_t *equal, hn_error *err) HN_MUST;
hn_json *hn_sources_files(const hn_sources *s); /* an array of paths */
const char *hn_sources_name(const hn_sources *s); /* the first file; "": there is none */
/* The data set the settings name, to train or (eval) to evaluate on; s->n == 0: there is no evaluation set. s is the caller's. */
hn_status hn_find_sources(const hone_config *c, bool eval, hn_sources *s, bool *held_out, hn_error *err) HN_MUST;
hone_status hone_dataset_load_for(hone_config *c, hone_model *m, hone_tokenizer *tok, const char *split, hone_dataset **out);
/* The tokenizer that is named, else that of the model (or its folder), with the tokens the settings add (api_tokens.c). NULL
 * where the model folder has none and no other is named. */
hone_status hone_load_tokenizer(hone_config *c, hone_model *m, hone_tokenizer **out);
hone_status hone_init_model(hone_ctx *ctx, const char *config, uint64_t seed, int64_t vocab,
                            hone_model **out); /* vocab: rows at least; 0: as config */
hone_status hone_load_tokenizer_of(hone_config *c, const char *dir, hone_tokenizer **out);
hn_status hn_tokens_apply(const hone_config *c, hn_tokenizer *t, hn_error *err) HN_MUST;
bool hn_tokens_wanted(const hone_config *c); /* does the run add tokens? */

/* ---- api_look.c, api_check.c: a data set opened for looking at it, as training would have it, without loading a weight */
typedef struct hn_look_set {
    hn_view view;            /* what the rows are looked at for */
    char *dir, *root;        /* model folder, or NULL; folder of prepared rows */
    const hn_tokenizer *tok; /* NULL: none was found */
    hn_tokenizer *own_tok;   /* that was loaded for this */
    hn_chat *chat;           /* NULL: there is no template */
    hn_check_model model;
    hn_sources train, eval;  /* eval may be empty */
    bool eval_held_out;      /* eval is what train holds out */
    hn_encode_opts o;
    int64_t eval_limit;
    hn_arena room;
} hn_look_set;
/* task: as --task; NULL: by the first records. Call hn_look_close whatever comes back. */
hn_status hn_look_open(hone_config *c, const char *task, hn_look_set *s, hn_error *err) HN_MUST;
/* The same of the data of a training run, whose model (its folder; may be NULL) and tokenizer are loaded already. */
hn_status hn_look_open_run(hone_config *c, const char *dir, const hn_tokenizer *tok, hn_look_set *s, hn_error *err) HN_MUST;
void hn_look_close(hn_look_set *s);
hn_status hn_look_pass(hn_look_set *s, bool eval, hn_look_fn *fn, void *user, hn_error *err) HN_MUST;
/* quick: what a run checks by itself before step 1. Errors beside those of a pass: a record
 * that is no JSON, unless bad rows are to be skipped. */
hn_status hn_look_check(hn_look_set *s, bool quick, hn_report *out, hn_error *err) HN_MUST;
/* The checks that a run makes by itself, of its first rows. EGATE: an error was found, which --force overrides. */
hn_status hn_check_before_run(hone_config *c, const hone_model *m, const hone_tokenizer *tok, hn_report *out,
                              hn_error *err) HN_MUST;

hn_json *hone_rows_json(const hone_dataset *d);
void hn_card_write(const hone_trainer *t, hn_buf *out);

#endif
