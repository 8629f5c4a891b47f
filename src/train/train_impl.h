/* train_impl.h - private to the room of training: the parts of a trainer.
 *
 * A step is a window of micro-batches. A micro-batch (what the objective sees) runs as one tape, or, above chunk_tokens,
 * as several in sequence. Everything that a later step depends on is in hn_state and the optimiser: both are saved. */
#ifndef HN_TRAIN_IMPL_H
#define HN_TRAIN_IMPL_H

#include "train/train.h"

#define HN_CHUNK_TOKENS "1024"

/* ------------------------------------------------------------------ optimiser (optim.c) */

typedef struct hn_optim { /* AdamW over the trainable parameters of a model; owns their gradients */
    hn_dev *dev;
    const hn_kernels *k;
    hn_param *param; /* the model's, all of them */
    size_t count;
    hn_tensor *grad; /* [count] headers */
    char **m, **v;   /* [count] moments; NULL where not trainable */
    char *block;     /* gradients, first moments, second moments */
    size_t block_bytes;
    int64_t updates; /* steps really taken: t of the bias correction */
} hn_optim;
hn_status hn_optim_new(hn_dev *dev, hn_model *m, hn_optim *out, hn_error *err) HN_MUST;
void hn_optim_free(hn_optim *o);         /* takes the gradients off the parameters */
void hn_optim_begin(hn_optim *o);        /* gradients hold nothing */
double hn_optim_norm(const hn_optim *o); /* global L2 norm */
/* clip: factor on every gradient. */
void hn_optim_step(hn_optim *o, const hn_train_opts *opts, double lr, double clip);
/* Name of the first parameter whose weights or gradient are not finite, *what "weights" or "gradient"; NULL: none. */
const char *hn_optim_bad(const hn_optim *o, const char **what);
hn_status hn_optim_save(const hn_optim *o, const char *path, hn_error *err) HN_MUST;
hn_status hn_optim_load(hn_optim *o, const char *path, hn_error *err) HN_MUST;

/* ------------------------------------------------------------------ batches of an epoch (epoch_source.c) */

typedef struct hn_epochs {
    const hn_rows *rows;
    hn_sampling how;
    uint64_t seed;
    int64_t batch, accumulate;      /* rows of a micro-batch, micro-batches of a window */
    int64_t micro, windows;         /* micro-batches and windows of an epoch */
    int64_t epoch, *order, *length; /* order of that epoch; -1: none yet. length: of the rows, NULL unless the order needs it */
} hn_epochs;
hn_status hn_epochs_open(hn_epochs *s, const hn_rows *rows, const hn_train_opts *o, hn_error *err) HN_MUST;
void hn_epochs_close(hn_epochs *s);
/* Micro-batches of the window: *first in the epoch, returns how many (the last window may be short). */
int64_t hn_epochs_window(const hn_epochs *s, int64_t window, int64_t *first);
/* Row numbers of a micro-batch, borrowed until another epoch is asked for. */
hn_status hn_epochs_rows(hn_epochs *s, int64_t epoch, int64_t micro, const int64_t **row, int64_t *count, hn_error *err) HN_MUST;
/* The micro-batch with most tokens among those of the given steps. */
hn_status hn_epochs_longest(hn_epochs *s, int64_t steps, int64_t *epoch, int64_t *micro, int64_t *tokens, hn_error *err) HN_MUST;

/* ------------------------------------------------------------------ a micro-batch through the model (micro_batch.c) */

typedef struct hn_runner {
    hn_dev *dev;
    hn_model *model;
    hn_tape *tape;
    const hn_objective *objective;
    const void *self; /* its options */
    unsigned asks;
    int64_t chunk_tokens;
    int64_t piece_tokens; /* of the largest piece to come, where it is known; 0: not known */
    bool checkpointing;
    double neftune; /* 0: off */
    uint64_t seed;  /* of dropout and noise */
    double *real;   /* 8 columns of [room]: five outputs, three seeds */
    uint8_t *top1;
    int64_t room;
    int32_t *rebased; /* start, parent, row of a chunk */
    size_t rebased_room;
} hn_runner;
/* objective NULL: asks are taken as they stand (hn_evaluate). */
hn_status hn_runner_open(hn_runner *r, hn_dev *dev, hn_model *m, const hn_objective *objective, const void *self,
                         hn_error *err) HN_MUST;
void hn_runner_close(hn_runner *r);
/* Outputs for all loss rows of b, without a tape; they live in r until the next call. */
hn_status hn_runner_outputs(hn_runner *r, const hn_batch *b, hn_outputs *out, hn_error *err) HN_MUST;
/* Loss, metrics and gradients. key: number of the micro-batch in the run, of dropout and noise. */
hn_status hn_runner_train(hn_runner *r, const hn_batch *b, const hn_norm *norm, uint64_t key, hn_metrics *metrics, double *loss,
                          hn_error *err) HN_MUST;
hn_status hn_runner_eval(hn_runner *r, const hn_batch *b, const hn_norm *norm, hn_metrics *metrics, double *loss,
                         hn_error *err) HN_MUST;

/* ------------------------------------------------------------------ the trainer */

typedef struct hn_state { /* beside weights and optimiser, all that the next step depends on */
    int64_t step, total_tokens;
    double flos;
    double loss_sum;    /* since the last log entry */
    int64_t loss_steps; /* steps in it */
    int64_t logged_step;
    double loss_total; /* of all finite steps */
    int64_t loss_total_steps;
    hn_metrics metrics;              /* since the last log entry */
    double best;                     /* NaN: none yet */
    int64_t best_step;               /* -1: none */
    double grad_norm, learning_rate; /* of the last step */
} hn_state;

struct hn_trainer {
    hn_trainer_in in;
    const hn_train_opts *o;
    hn_json *kwargs; /* of the schedule */
    hn_runner runner;
    hn_optim optim;
    hn_epochs source;
    hn_plan plan;
    int64_t longest_epoch, longest_micro;
    int64_t logging_steps, eval_steps, save_steps; /* in steps */
    hn_state state;
    hn_metrics step_metrics;
    hn_batch *window, eval_batch; /* [gradient_accumulation_steps] */
    hn_json *history;
    hn_json *last_eval;        /* borrowed from history; NULL */
    FILE *jsonl;               /* metrics.jsonl */
    char *saved;               /* folder of the last checkpoint */
    double run_start, run_end; /* first step's start, last step's end; NaN before */
    int64_t run_first_step;
};

/* train_plan.c */
hn_status hn_plan_make(hn_trainer *t, hn_error *err) HN_MUST;
int64_t hn_plan_piece(const hn_trainer *t); /* tokens of the largest piece that runs as one tape */
void hn_plan_explain(const hn_trainer *t, hn_error *err); /* what the plan needs, as a detail */

/* train_step.c */
bool hn_due(const char *strategy, int64_t step, int64_t every, int64_t windows, int64_t max_steps);
double hn_epoch_of(const hn_trainer *t, int64_t step);

/* train_log.c: entries of log_history as TRL writes them */
hn_json *hn_log_step(hn_trainer *t);
/* The objective's means since the last entry, and num_tokens, into j; nothing if this step was evaluated already. */
void hn_log_metrics(hn_trainer *t, hn_json *j);
/* Sorts the members of objects by name, all the way down; a new reference. */
hn_json *hn_json_sorted(const hn_json *j);
hn_status hn_json_write_file(const char *dir, const char *name, const hn_json *j, int indent, hn_error *err) HN_MUST;
hn_status hn_jsonl_open(hn_trainer *t, hn_error *err) HN_MUST; /* cut to the steps before the resumed one */
hn_status hn_jsonl_put(hn_trainer *t, const hn_step_report *r, hn_error *err) HN_MUST;
double hn_round(double x, int digits); /* as Python's round() */

/* train_eval.c */
hn_status hn_eval_run(hn_trainer *t, hn_json **entry, hn_error *err) HN_MUST;
/* Keeps the best value of metric_for_best_model; *better: entry has it. */
hn_status hn_eval_judge(hn_trainer *t, const hn_json *entry, bool *better, hn_error *err) HN_MUST;

/* save_state.c, load_state.c, train_finish.c */
hn_status hn_state_write(hn_trainer *t, const char *dir, bool in_checkpoint, hn_error *err) HN_MUST;
hn_status hn_checkpoint_write(hn_trainer *t, hn_error *err) HN_MUST;
/* After the run: with save_total_limit 1 the best checkpoint, where there is one, is the only one that stays. */
hn_status hn_checkpoint_last_rotate(const hn_trainer *t, hn_error *err) HN_MUST;
/* Number of a folder name "checkpoint-<n>"; -1: none. */
int64_t hn_checkpoint_number(const char *name);
/* Tokenizer and chat template into a model folder (train_finish.c). */
hn_status hn_words_save(const hn_trainer *t, const char *dir, hn_error *err) HN_MUST;
char *hn_checkpoint_path(const hn_trainer *t, int64_t step) HN_MUST;
/* HN_OK: whole, by the sizes and hashes of its manifest. EFORMAT says what is missing. */
hn_status hn_checkpoint_verify(const char *dir, hn_error *err) HN_MUST;
hn_status hn_output_check(const hn_trainer *t, hn_error *err) HN_MUST;
hn_status hn_output_clear(const hn_trainer *t, hn_error *err) HN_MUST; /* with --overwrite_output_dir */
hn_status hn_resume(hn_trainer *t, hn_error *err) HN_MUST;
hn_status hn_weights_load(hn_model *m, const char *dir, hn_error *err) HN_MUST;

#define HN_MANIFEST "complete.json"
#define HN_RUN_STATE "hone_state.json"
#define HN_OPTIMIZER "optimizer.safetensors"
#define HN_TRAINER_STATE "trainer_state.json"

#endif
