/* trainer.c - a trainer's life: parts in, plan, resume, and everything handed back. */
#include <math.h>
#include <string.h>

#include "train/train_impl.h"

static hn_status open_parts(hn_trainer *t, hn_error *err) {
    const hn_train_opts *o = t->o;
    HN_TRY(hn_runner_open(&t->runner, t->in.dev, t->in.model, t->in.objective, t->in.objective_opts, err));
    t->runner.chunk_tokens = o->chunk_tokens;
    t->runner.piece_tokens = hn_plan_piece(t);
    t->runner.checkpointing = o->gradient_checkpointing;
    t->runner.neftune = isnan(o->neftune_noise_alpha) ? 0 : o->neftune_noise_alpha;
    t->runner.seed = (uint64_t)o->seed;
    t->window = hn_calloc((size_t)o->gradient_accumulation_steps, sizeof *t->window);
    t->history = hn_json_new_array();
    if (!t->window || !t->history) return hn_nomem(err, (size_t)o->gradient_accumulation_steps * sizeof *t->window);
    for (int64_t i = 0; i < o->gradient_accumulation_steps; i++) hn_batch_init(&t->window[i]);
    hn_batch_init(&t->eval_batch);
    if (o->lr_scheduler_kwargs)
        HN_TRY(hn_json_parse(o->lr_scheduler_kwargs, strlen(o->lr_scheduler_kwargs), "lr_scheduler_kwargs", 1, &t->kwargs, err));
    return hn_optim_new(t->in.dev, t->in.model, &t->optim, err);
}

static hn_status build(hn_trainer *t, hn_error *err) {
    HN_TRY(hn_train_opts_check(t->o, err));
    if (!t->in.dry_run) HN_TRY(hn_output_check(t, err));
    HN_TRY(hn_epochs_open(&t->source, t->in.train, t->o, err));
    HN_TRY(hn_plan_make(t, err));
    HN_TRY(open_parts(t, err));
    HN_TRY(hn_resume(t, err));
    t->plan.start_step = t->run_first_step = t->state.step;
    if (t->in.dry_run) return HN_OK;
    HN_TRY(hn_dir_make(t->o->output_dir, err));
    HN_TRY(hn_output_clear(t, err));
    return hn_jsonl_open(t, err);
}

hn_status hn_trainer_new(const hn_trainer_in *in, hn_trainer **out, hn_error *err) {
    *out = NULL;
    hn_trainer *t = hn_calloc(1, sizeof *t);
    if (!t) return hn_nomem(err, sizeof *t);
    t->in = *in;
    t->o = in->opts;
    t->run_start = t->run_end = t->state.best = (double)NAN;
    t->state.best_step = -1;
    t->source.epoch = -1;
    hn_status st = build(t, err);
    if (st != HN_OK) {
        hn_trainer_free(t);
        return st;
    }
    *out = t;
    return HN_OK;
}

void hn_trainer_free(hn_trainer *t) {
    if (!t) return;
    if (t->jsonl) fclose(t->jsonl);
    for (int64_t i = 0; t->window && i < t->o->gradient_accumulation_steps; i++) hn_batch_release(&t->window[i]);
    hn_batch_release(&t->eval_batch);
    hn_free(t->window);
    hn_runner_close(&t->runner);
    hn_optim_free(&t->optim);
    hn_epochs_close(&t->source);
    hn_json_free(t->kwargs);
    hn_json_free(t->history);
    hn_free(t->saved);
    hn_free(t);
}

void hn_trainer_plan(const hn_trainer *t, hn_plan *out) { *out = t->plan; }

const hn_json *hn_trainer_history(const hn_trainer *t) { return t->history; }
