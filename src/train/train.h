/* train.h - one training loop for every objective: window, forward, loss, backward, optimiser, schedule, state.
 *
 * The trainer is stepped by its caller. It writes checkpoints and its log into the output folder, prints nothing. */
#ifndef HN_TRAIN_H
#define HN_TRAIN_H

#include "data/data.h"
#include "model/model.h"
#include "objective/objective.h"

/* Names, defaults and meaning are those of transformers' TrainingArguments. */
typedef struct hn_train_opts {
    char *output_dir;
    int64_t per_device_train_batch_size, per_device_eval_batch_size, gradient_accumulation_steps, max_steps, seed, data_seed;
    double num_train_epochs, learning_rate, weight_decay, adam_beta1, adam_beta2, adam_epsilon, max_grad_norm;
    double warmup_steps, warmup_ratio;
    char *lr_scheduler_type;
    char *lr_scheduler_kwargs;      /* JSON object */
    char *train_sampling_strategy;
    char *steps_per_epoch;          /* ceil | floor */
    bool gradient_checkpointing, dataloader_drop_last;
    double neftune_noise_alpha;
    double logging_steps, save_steps, eval_steps; /* below 1: share of max_steps */
    char *logging_strategy, *save_strategy, *eval_strategy; /* no | steps | epoch; saving also best */
    bool logging_first_step, eval_on_start;
    int64_t save_total_limit;
    bool save_only_model;
    char *save_dtype;
    bool load_best_model_at_end;
    char *metric_for_best_model;
    char *greater_is_better;        /* true | false | none */
    char *resume_from_checkpoint;   /* none | true | path */
    bool overwrite_output_dir, force;
    char *nan_policy;               /* stop | skip */
    char *optim;
    bool bf16, fp16;                /* true is refused: the computation is in float32 */
    int64_t chunk_tokens;           /* most tokens that go through the model at once; a row is never cut */
} hn_train_opts;
extern const hn_opt hn_train_table[];
/* What the table cannot check: settings that need or exclude each other. EARG; hn_trainer_new checks as well. */
hn_status hn_train_opts_check(const hn_train_opts *o, hn_error *err) HN_MUST;

double hn_schedule(const char *type, const hn_json *kwargs, int64_t step /* from 0 */, int64_t warmup, int64_t max_steps,
                   double lr); /* the rate itself */
hn_status hn_schedule_check(const char *type, const hn_json *kwargs, hn_error *err) HN_MUST;

typedef struct hn_trainer hn_trainer;
typedef struct hn_trainer_in {
    hn_dev *dev;
    hn_model *model;
    const hn_tokenizer *tokenizer;   /* saved with the model; may be NULL */
    const hn_rows *train, *eval;     /* eval may be NULL */
    const hn_objective *objective;
    const void *objective_opts;
    const hn_train_opts *opts;
    const char *chat_template;       /* text saved as the model's chat_template.jinja; NULL: the tokenizer's own, if any */
    hn_json *settings;               /* resolved settings, written as training_args.json */
    const char *card;                /* README.md of the result, or NULL */
    const char *fingerprint;         /* of model and data: resume refuses another unless force */
    bool dry_run;                    /* nothing is written: the output folder is neither checked nor made */
} hn_trainer_in;
/* Checks the output folder (a run in it without resume or overwrite: ESTATE with both ways), plans steps, allocates
 * optimiser states, resumes. Everything in `in` must outlive the trainer. */
hn_status hn_trainer_new(const hn_trainer_in *in, hn_trainer **out, hn_error *err) HN_MUST;
void hn_trainer_free(hn_trainer *t);

typedef struct hn_plan {
    int64_t micro_batches_per_epoch, steps_per_epoch, max_steps, warmup_steps, start_step; /* start: after resume */
    double epochs;
    bool resumed;
    char resumed_from[512];
    uint64_t weight_bytes, gradient_bytes, optimizer_bytes, activation_bytes, total_bytes; /* of the longest window */
    int64_t longest_batch_tokens;
} hn_plan;
void hn_trainer_plan(const hn_trainer *t, hn_plan *out);

typedef struct hn_step_report {
    int64_t step, max_steps;
    double epoch, loss, grad_norm, learning_rate, seconds, tokens_per_second;
    int64_t tokens, total_tokens;    /* of this step; num_tokens so far */
    const hn_json *log;              /* entry added to log_history by this step, or NULL; borrowed until the next step */
    const hn_json *eval;             /* evaluation entry, or NULL */
    const char *saved;               /* checkpoint folder written in this step, or NULL */
    bool done;                       /* no further step */
    bool skipped;                    /* not finite, left out (nan_policy skip) */
} hn_step_report;
/* One optimiser step with logging, evaluation and saving when due. ENUMERIC: loss not finite (names step, rows, tensor). */
hn_status hn_trainer_step(hn_trainer *t, hn_step_report *out, hn_error *err) HN_MUST;
/* Evaluation now; the entry {"eval_loss": ...} is borrowed until the next step. */
hn_status hn_trainer_evaluate(hn_trainer *t, const hn_json **entry, hn_error *err) HN_MUST;
hn_status hn_trainer_checkpoint(hn_trainer *t, const char **dir, hn_error *err) HN_MUST; /* checkpoint-<step>, if not there */
/* Final summary entry, best model, final model and the state files in the root of output_dir. */
hn_status hn_trainer_finish(hn_trainer *t, const hn_json **summary, hn_error *err) HN_MUST;
/* Forward and backward of the longest window without a step: seconds and peak memory, for --dry_run. */
hn_status hn_trainer_probe(hn_trainer *t, double *seconds, uint64_t *peak_bytes, hn_error *err) HN_MUST;
const hn_json *hn_trainer_history(const hn_trainer *t); /* log_history, an array */

/* Loss, perplexity, token accuracy of rows: {"loss" (token-weighted), "perplexity", "mean_token_accuracy", "entropy",
 * "num_tokens", "num_targets", "rows"}; the caller frees it. */
hn_status hn_evaluate(hn_dev *dev, hn_model *m, const hn_rows *rows, int64_t batch, hn_json **out, hn_error *err) HN_MUST;
/* Log-probabilities of every token but the first of each row, in row order, through the callback (logp[n], n = T - 1). */
typedef hn_status hn_score_fn(void *user, int64_t row, const double *logp, int64_t n, hn_error *err);
hn_status hn_score_rows(hn_dev *dev, hn_model *m, const hn_rows *rows, int64_t batch, hn_score_fn *fn, void *user,
                        hn_error *err) HN_MUST;

#endif
