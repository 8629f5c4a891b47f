/* train_opts.c - the settings of every training run: transformers' TrainingArguments by name, default and meaning.
 *
 * Settings of the reference that have nothing to act on here (processes, devices, trackers) are accepted and without
 * effect, so that a command line or file written for it runs; what would change the result is never ignored. */
#include <math.h>
#include <string.h>

#include "train/train_impl.h"

#define AT(field) offsetof(hn_train_opts, field)
#define NOOP(name, why)                                                                                                          \
    { name, why, HN_OPT_NOOP, 0, NULL, 0, 0, NULL, "Without effect", NULL, HN_OPT_HIDDEN }
#define BIG 9e18

const hn_opt hn_train_table[] = {
    {"output_dir", "folder for the model, checkpoints and logs", HN_OPT_STR, AT(output_dir), "trainer_output", 0, 0, NULL, "Run",
     NULL, HN_OPT_COMMON},
    {"overwrite_output_dir", "start anew in a folder that holds a run: its checkpoints are removed", HN_OPT_BOOL,
     AT(overwrite_output_dir), "false", 0, 0, NULL, "Run", NULL, 0},
    {"resume_from_checkpoint", "true: go on from the newest complete checkpoint of output_dir; or a checkpoint folder",
     HN_OPT_STR, AT(resume_from_checkpoint), NULL, 0, 0, NULL, "Run", NULL, HN_OPT_COMMON | HN_OPT_NULLABLE | HN_OPT_BARE},
    {"force", "go on where a check of memory, of the data or of a checkpoint's origin says no", HN_OPT_BOOL, AT(force), "false",
     0, 0, NULL, "Run", NULL, 0},
    {"seed", "seed of dropout, noise and initial weights, and of the row order unless data_seed is given", HN_OPT_INT, AT(seed),
     "42", 0, BIG, NULL, "Run", NULL, HN_OPT_COMMON},
    {"data_seed", "seed of the row order", HN_OPT_INT, AT(data_seed), NULL, 0, BIG, NULL, "Run", NULL, HN_OPT_NULLABLE},
    {"nan_policy", "what to do when a loss or gradient is not finite: end the run, or leave the step out", HN_OPT_STR,
     AT(nan_policy), "stop", 0, 0, "stop|skip", "Run", NULL, 0},

    {"num_train_epochs", "passes over the data", HN_OPT_FLOAT, AT(num_train_epochs), "3", 0, 1e9, NULL, "Steps",
     "num_epochs|epochs", HN_OPT_COMMON},
    {"max_steps", "optimiser steps in all; -1: as num_train_epochs says", HN_OPT_INT, AT(max_steps), "-1", -1, BIG, NULL, "Steps",
     "iters", HN_OPT_COMMON},
    {"per_device_train_batch_size", "rows of a micro-batch", HN_OPT_INT, AT(per_device_train_batch_size), "8", 1, 1e9, NULL,
     "Steps", "micro_batch_size|batch_size", HN_OPT_COMMON},
    {"per_device_eval_batch_size", "rows of an evaluation batch", HN_OPT_INT, AT(per_device_eval_batch_size), "8", 1, 1e9, NULL,
     "Steps", NULL, 0},
    {"gradient_accumulation_steps", "micro-batches of a step", HN_OPT_INT, AT(gradient_accumulation_steps), "1", 1, 1e9, NULL,
     "Steps", NULL, HN_OPT_COMMON},
    {"steps_per_epoch", "how a rest of micro-batches counts: ceil, or floor as transformers 4 did", HN_OPT_STR,
     AT(steps_per_epoch), "ceil", 0, 0, "ceil|floor", "Steps", NULL, 0},
    {"train_sampling_strategy", "order of the rows of an epoch", HN_OPT_STR, AT(train_sampling_strategy), "random", 0, 0,
     "random|sequential|group_by_length", "Steps", NULL, 0},
    {"dataloader_drop_last", "leave out the last micro-batch of an epoch, and of an evaluation, where it is short", HN_OPT_BOOL,
     AT(dataloader_drop_last), "false", 0, 0, NULL, "Steps", NULL, 0},

    {"learning_rate", "highest learning rate", HN_OPT_FLOAT, AT(learning_rate), "5e-5", 0, 1e9, NULL, "Optimiser", "lr",
     HN_OPT_COMMON},
    {"lr_scheduler_type", "course of the learning rate", HN_OPT_STR, AT(lr_scheduler_type), "linear", 0, 0,
     "linear|cosine|cosine_with_restarts|polynomial|constant|constant_with_warmup|inverse_sqrt|warmup_stable_decay|"
     "cosine_with_min_lr",
     "Optimiser", "lr_scheduler", HN_OPT_COMMON},
    {"lr_scheduler_kwargs", "further settings of the course as a JSON object, for example {\"num_cycles\": 2}", HN_OPT_STR,
     AT(lr_scheduler_kwargs), NULL, 0, 0, NULL, "Optimiser", NULL, HN_OPT_NULLABLE},
    {"warmup_steps", "steps of linear warm-up; below 1: a share of all steps", HN_OPT_FLOAT, AT(warmup_steps), "0", 0, 1e15, NULL,
     "Optimiser", NULL, HN_OPT_COMMON},
    {"warmup_ratio", "warm-up as a share of all steps, where warmup_steps is 0", HN_OPT_FLOAT, AT(warmup_ratio), NULL, 0, 1, NULL,
     "Optimiser", NULL, HN_OPT_NULLABLE},
    {"weight_decay", "decoupled weight decay; not on biases and norms", HN_OPT_FLOAT, AT(weight_decay), "0", 0, 1e9, NULL,
     "Optimiser", NULL, 0},
    {"adam_beta1", "decay of the first moment", HN_OPT_FLOAT, AT(adam_beta1), "0.9", 0, 1, NULL, "Optimiser", NULL, 0},
    {"adam_beta2", "decay of the second moment", HN_OPT_FLOAT, AT(adam_beta2), "0.999", 0, 1, NULL, "Optimiser", NULL, 0},
    {"adam_epsilon", "added to the root of the second moment", HN_OPT_FLOAT, AT(adam_epsilon), "1e-8", 0, 1e9, NULL, "Optimiser",
     NULL, 0},
    {"max_grad_norm", "gradients with a larger global norm are scaled down to it; 0: never", HN_OPT_FLOAT, AT(max_grad_norm), "1",
     0, 1e30, NULL, "Optimiser", NULL, 0},
    {"optim", "optimiser; the names of torch's AdamW all mean the one here", HN_OPT_STR, AT(optim), "adamw_torch", 0, 0,
     "adamw_torch|adamw_torch_fused|adamw_hf|adamw", "Optimiser", NULL, 0},
    {"neftune_noise_alpha", "strength of NEFTune's noise on the embeddings", HN_OPT_FLOAT, AT(neftune_noise_alpha), NULL, 0, 1e9,
     NULL, "Optimiser", NULL, HN_OPT_NULLABLE},

    {"gradient_checkpointing", "keep only the layers' inputs and compute the rest again: less memory, more time", HN_OPT_BOOL,
     AT(gradient_checkpointing), "false", 0, 0, NULL, "Memory and speed", "activation_checkpointing|grad_checkpoint",
     HN_OPT_COMMON},
    {"chunk_tokens", "a micro-batch of more tokens runs in pieces of whole rows, with the same result", HN_OPT_INT,
     AT(chunk_tokens), HN_CHUNK_TOKENS, 1, 1e9, NULL, "Memory and speed", NULL, 0},
    {"bf16", "mixed precision is not there yet: only false", HN_OPT_BOOL, AT(bf16), "false", 0, 0, NULL, "Memory and speed", NULL,
     HN_OPT_HIDDEN},
    {"fp16", "mixed precision is not there yet: only false", HN_OPT_BOOL, AT(fp16), "false", 0, 0, NULL, "Memory and speed", NULL,
     HN_OPT_HIDDEN},

    {"logging_strategy", "when to write a log entry", HN_OPT_STR, AT(logging_strategy), "steps", 0, 0, "no|steps|epoch",
     "Log, evaluate, save", NULL, 0},
    {"logging_steps", "steps between log entries; below 1: a share of all steps", HN_OPT_FLOAT, AT(logging_steps), "500", 0, 1e15,
     NULL, "Log, evaluate, save", NULL, HN_OPT_COMMON},
    {"logging_first_step", "also log step 1", HN_OPT_BOOL, AT(logging_first_step), "false", 0, 0, NULL, "Log, evaluate, save",
     NULL, 0},
    {"eval_strategy", "when to evaluate", HN_OPT_STR, AT(eval_strategy), "no", 0, 0, "no|steps|epoch", "Log, evaluate, save",
     "evaluation_strategy", HN_OPT_COMMON},
    {"eval_steps", "steps between evaluations; below 1: a share; unset: logging_steps", HN_OPT_FLOAT, AT(eval_steps), NULL, 0,
     1e15, NULL, "Log, evaluate, save", NULL, HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"eval_on_start", "evaluate before the first step", HN_OPT_BOOL, AT(eval_on_start), "false", 0, 0, NULL,
     "Log, evaluate, save", NULL, 0},
    {"save_strategy", "when to write a checkpoint; the result is always written", HN_OPT_STR, AT(save_strategy), "steps", 0, 0,
     "no|steps|epoch|best", "Log, evaluate, save", NULL, HN_OPT_COMMON},
    {"save_steps", "steps between checkpoints; below 1: a share of all steps", HN_OPT_FLOAT, AT(save_steps), "500", 0, 1e15, NULL,
     "Log, evaluate, save", NULL, HN_OPT_COMMON},
    {"save_total_limit", "checkpoints to keep; the newest and the best always stay (1: in the end the best alone)", HN_OPT_INT,
     AT(save_total_limit), NULL, 1, 1e9, NULL, "Log, evaluate, save", NULL, HN_OPT_NULLABLE},
    {"save_only_model", "checkpoints without optimiser states: smaller, and not to be resumed from", HN_OPT_BOOL,
     AT(save_only_model), "false", 0, 0, NULL, "Log, evaluate, save", NULL, 0},
    {"save_dtype", "number format of the resulting weights", HN_OPT_STR, AT(save_dtype), "float32", 0, 0,
     "float32|bfloat16|float16", "Log, evaluate, save", NULL, 0},
    {"load_best_model_at_end", "the result is the checkpoint with the best metric, not the last step", HN_OPT_BOOL,
     AT(load_best_model_at_end), "false", 0, 0, NULL, "Log, evaluate, save", NULL, 0},
    {"metric_for_best_model", "evaluation metric that decides, with or without eval_", HN_OPT_STR, AT(metric_for_best_model),
     NULL, 0, 0, NULL, "Log, evaluate, save", NULL, HN_OPT_NULLABLE},
    {"greater_is_better", "whether a larger metric is better; unset: unless its name ends in loss", HN_OPT_STR,
     AT(greater_is_better), NULL, 0, 0, "true|false|none", "Log, evaluate, save", NULL, HN_OPT_NULLABLE | HN_OPT_BARE},

    NOOP("use_cpu", "the computation is on the processor"),
    NOOP("no_cuda", "the computation is on the processor"),
    NOOP("report_to", "logs are trainer_state.json and metrics.jsonl"),
    NOOP("run_name", "no tracker is told about the run"),
    NOOP("logging_dir", "logs are in output_dir"),
    NOOP("log_level_replica", "there is one process"),
    NOOP("log_on_each_node", "there is one process"),
    NOOP("save_on_each_node", "there is one process"),
    NOOP("disable_tqdm", "a progress bar appears on a terminal only"),
    NOOP("dataloader_num_workers", "rows are prepared before training"),
    NOOP("dataloader_pin_memory", "there is one memory"),
    NOOP("dataloader_persistent_workers", "rows are prepared before training"),
    NOOP("dataloader_prefetch_factor", "rows are prepared before training"),
    NOOP("remove_unused_columns", "rows hold what training reads"),
    NOOP("average_tokens_across_devices", "there is one device"),
    NOOP("full_determinism", "every run is deterministic"),
    NOOP("logging_nan_inf_filter", "see --nan_policy"),
    NOOP("gradient_checkpointing_kwargs", "there is one kind of it"),
    NOOP("activation_checkpointing_kwargs", "there is one kind of it"),
    NOOP("torch_compile", "the program is compiled already"),
    NOOP("use_liger_kernel", "kernels are built in"),
    NOOP("tf32", "there is no such format on a processor"),
    NOOP("bf16_full_eval", "evaluation is in float32"),
    NOOP("fp16_full_eval", "evaluation is in float32"),
    NOOP("eval_accumulation_steps", "evaluation keeps sums only"),
    NOOP("prediction_loss_only", "evaluation keeps sums only"),
    NOOP("skip_memory_metrics", "peak memory is always measured"),
    NOOP("ddp_find_unused_parameters", "there is one process"),
    NOOP("ddp_timeout", "there is one process"),
    NOOP("local_rank", "there is one process"),
    NOOP("do_train", "the command says what is done"),
    {0}};

static bool fraction_of_step(double steps) { return steps > 1.0 && floor(steps) != steps; }

static hn_status check_intervals(const hn_train_opts *o, hn_error *err) {
    const struct {
        const char *name;
        double steps;
        bool used;
    } rows[] = {{"logging_steps", o->logging_steps, hn_streq(o->logging_strategy, "steps")},
                {"eval_steps", isnan(o->eval_steps) ? 1 : o->eval_steps, hn_streq(o->eval_strategy, "steps")},
                {"save_steps", o->save_steps, hn_streq(o->save_strategy, "steps")}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].used) continue;
        if (rows[i].steps > 0 && !fraction_of_step(rows[i].steps)) continue;
        hn_fail(err, HN_EARG, "--%s %g is no number of steps", rows[i].name, rows[i].steps);
        hn_error_fix(err, "give a whole number, or a share of all steps between 0 and 1");
        return HN_EARG;
    }
    return HN_OK;
}

/* The best model must be on disk when its evaluation is known. */
static hn_status check_best(const hn_train_opts *o, hn_error *err) {
    bool by_best = hn_streq(o->save_strategy, "best");
    if (!o->load_best_model_at_end && !by_best) return HN_OK;
    const char *who = by_best ? "--save_strategy best" : "--load_best_model_at_end";
    if (hn_streq(o->eval_strategy, "no")) {
        hn_fail(err, HN_EARG, "%s needs evaluations", who);
        hn_error_fix(err, "add --eval_strategy epoch, or steps");
        return HN_EARG;
    }
    if (by_best) return HN_OK;
    if (!hn_streq(o->save_strategy, o->eval_strategy)) {
        hn_fail(err, HN_EARG,
                "--load_best_model_at_end needs checkpoints where evaluations are: --save_strategy is %s, "
                "--eval_strategy %s",
                o->save_strategy, o->eval_strategy);
        hn_error_fix(err, "add --save_strategy %s", o->eval_strategy);
        return HN_EARG;
    }
    double each = isnan(o->eval_steps) ? o->logging_steps : o->eval_steps, rest = fmod(o->save_steps, each);
    if (!hn_streq(o->save_strategy, "steps") || rest < 1e-9 * each || each - rest < 1e-9 * each) return HN_OK;
    hn_fail(err, HN_EARG, "--load_best_model_at_end needs --save_steps (%g) to be a multiple of --eval_steps (%g)", o->save_steps,
            each);
    hn_error_fix(err, "add --save_steps %g", each);
    return HN_EARG;
}

static hn_status check_schedule(const hn_train_opts *o, hn_error *err) {
    hn_json *kwargs = NULL;
    const char *text = o->lr_scheduler_kwargs;
    if (text && hn_json_parse(text, strlen(text), "--lr_scheduler_kwargs", 1, &kwargs, err) != HN_OK) {
        if (err) err->code = HN_EARG; /* a setting is wrong, no input file */
        return HN_EARG;
    }
    hn_status st = hn_schedule_check(o->lr_scheduler_type, kwargs, err);
    double end = hn_json_num(hn_json_get(kwargs, "lr_end"), 1e-7);
    if (st == HN_OK && hn_streq(o->lr_scheduler_type, "polynomial") && o->learning_rate > 0 && end >= o->learning_rate)
        st = hn_fail(err, HN_EARG, "lr_end (%g) of the polynomial course is not below --learning_rate (%g)", end,
                     o->learning_rate);
    hn_json_free(kwargs);
    return st;
}

hn_status hn_train_opts_check(const hn_train_opts *o, hn_error *err) {
    if (o->bf16 || o->fp16) {
        hn_fail(err, HN_EARG, "--%s true: mixed precision is not there yet, the computation is in float32",
                o->bf16 ? "bf16" : "fp16");
        hn_error_fix(err, "leave it out, or say --dtype float32; --save_dtype bfloat16 makes the result smaller");
        return HN_EARG;
    }
    if (o->max_steps == 0 || (o->max_steps < 0 && !(o->num_train_epochs > 0)))
        return hn_fail(err, HN_EARG, "nothing to train: --max_steps %lld, --num_train_epochs %g", (long long)o->max_steps,
                       o->num_train_epochs);
    if (o->adam_beta1 >= 1 || o->adam_beta2 >= 1) return hn_fail(err, HN_EARG, "--adam_beta1 and --adam_beta2 must be below 1");
    if (o->warmup_steps > 1 && floor(o->warmup_steps) != o->warmup_steps)
        return hn_fail(err, HN_EARG, "--warmup_steps %g is neither a whole number nor a share below 1", o->warmup_steps);
    HN_TRY(check_intervals(o, err));
    HN_TRY(check_best(o, err));
    return check_schedule(o, err);
}
