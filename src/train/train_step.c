/* train_step.c - the loop, one step at a time: window, counts, forward, loss, backward, optimiser, then what is due.
 *
 *   for micro-batch in window: loss += objective(micro-batch, counts of the whole window); backward
 *   norm = |gradient|;  clip = min(1, max_grad_norm / (norm + 1e-6));  AdamW with the schedule's rate
 * The order of what follows a step is the reference's: log and evaluate, first what goes by steps, then by epochs. The
 * checkpoint comes last of all, so that a run resumed from it has every entry of its step. */
#include <math.h>
#include <string.h>

#include "train/train_impl.h"

bool hn_due(const char *strategy, int64_t step, int64_t every, int64_t windows, int64_t max_steps) {
    if (hn_streq(strategy, "steps")) return step % every == 0;
    if (hn_streq(strategy, "epoch")) return step % windows == 0 || step == max_steps;
    return false;
}

double hn_epoch_of(const hn_trainer *t, int64_t step) {
    const hn_epochs *s = &t->source;
    if (step == 0) return 0;
    int64_t epoch = (step - 1) / s->windows, first;
    int64_t count = hn_epochs_window(s, (step - 1) % s->windows, &first);
    return (double)epoch + (double)(first + count) / (double)s->micro;
}

static double counted(const hn_batch *b) {
    double n = 0;
    for (int64_t i = 0; i < b->rows; i++) n += b->weight[i];
    return n;
}

typedef struct window { /* the micro-batches of this step */
    int64_t epoch, first, count, tokens;
    hn_norm norm;
} window;

static hn_status fill_window(hn_trainer *t, window *w, hn_error *err) {
    *w = (window){.epoch = t->state.step / t->source.windows};
    w->count = hn_epochs_window(&t->source, t->state.step % t->source.windows, &w->first);
    w->norm.micro_batches = (double)w->count;
    for (int64_t i = 0; i < w->count; i++) {
        const int64_t *row;
        int64_t n;
        hn_batch *b = &t->window[i];
        HN_TRY(hn_epochs_rows(&t->source, w->epoch, w->first + i, &row, &n, err));
        HN_TRY(hn_batch_rows(b, t->in.train, row, n, err));
        w->norm.tokens += counted(b);
        w->norm.rows += (double)b->sequences;
        w->tokens += b->seen_tokens;
    }
    return HN_OK;
}

/* Lines of the records of a micro-batch, for messages. */
static void name_rows(hn_trainer *t, const window *w, int64_t i, char *out, size_t cap) {
    const int64_t *row;
    int64_t n;
    size_t at = 0;
    out[0] = '\0';
    if (hn_epochs_rows(&t->source, w->epoch, w->first + i, &row, &n, NULL) != HN_OK) return;
    for (int64_t k = 0; k < n && k < 16 && at < cap; k++)
        at += (size_t)snprintf(out + at, cap - at, "%s%lld", k ? ", " : "", (long long)t->in.train->record[row[k]]);
    if (n > 16 && at < cap) snprintf(out + at, cap - at, " ...");
}

/* Loss or gradient is not finite: an error, or with nan_policy skip a step that is left out. */
static hn_status not_finite(hn_trainer *t, const window *w, int64_t micro, const char *name, double value, hn_error *err) {
    char rows[256];
    const char *what, *tensor = hn_optim_bad(&t->optim, &what);
    int64_t step = t->state.step + 1;
    if (isnan(value)) value = fabs(value); /* its sign means nothing */
    name_rows(t, w, micro < 0 ? 0 : micro, rows, sizeof rows);
    if (hn_streq(t->o->nan_policy, "skip")) {
        hn_warn("step %lld: the %s is %g and the step is left out (records %s)", (long long)step, name, value, rows);
        return HN_OK;
    }
    hn_fail(err, HN_ENUMERIC, "step %lld: the %s is %g (micro-batch with the records %s)", (long long)step, name, value, rows);
    if (tensor) hn_error_detail(err, "first tensor that is not finite: %s of %s", what, tensor);
    else hn_error_detail(err, "weights and gradients are finite");
    hn_error_fix(err, "try a lower --learning_rate, or leave such steps out with --nan_policy skip");
    return HN_ENUMERIC;
}

/* Forward, loss and backward of the window. *finite false: left out. */
static hn_status run_window(hn_trainer *t, window *w, hn_step_report *r, bool *finite, hn_error *err) {
    *finite = true;
    hn_metrics_clear(&t->step_metrics);
    hn_optim_begin(&t->optim);
    for (int64_t i = 0; i < w->count; i++) {
        const hn_batch *b = &t->window[i];
        hn_norm norm = w->norm;
        norm.micro_tokens = counted(b);
        norm.micro_rows = (double)b->sequences;
        uint64_t key = (uint64_t)(w->epoch * t->source.micro + w->first + i);
        double loss = 0;
        HN_TRY(hn_runner_train(&t->runner, b, &norm, key, &t->step_metrics, &loss, err));
        r->loss += loss;
        if (isfinite(loss)) continue;
        *finite = false;
        return not_finite(t, w, i, "loss", loss, err);
    }
    r->grad_norm = hn_optim_norm(&t->optim);
    if (isfinite(r->grad_norm)) return HN_OK;
    *finite = false;
    return not_finite(t, w, -1, "norm of the gradient", r->grad_norm, err);
}

static void add_metrics(hn_metrics *to, const hn_metrics *from) {
    for (int32_t i = 0; i < from->count; i++) {
        int32_t k = 0;
        while (k < to->count && !hn_streq(to->v[k].name, from->v[i].name)) k++;
        if (k == to->count) {
            to->v[k] = from->v[i];
            to->count++;
            continue;
        }
        to->v[k].sum += from->v[i].sum;
        to->v[k].n += from->v[i].n;
    }
}

/* The optimiser's step and the sums that later entries are made of. */
static void take_step(hn_trainer *t, const hn_step_report *r) {
    hn_state *s = &t->state;
    double most = t->o->max_grad_norm, clip = 1.0;
    if (most > 0) clip = most / (r->grad_norm + 1e-6);
    hn_optim_step(&t->optim, t->o, r->learning_rate, clip < 1.0 ? clip : 1.0);
    add_metrics(&s->metrics, &t->step_metrics);
    s->loss_sum += r->loss;
    s->loss_steps++;
    s->loss_total += r->loss;
    s->loss_total_steps++;
    s->grad_norm = r->grad_norm;
}

static double flos_of(const hn_trainer *t, int64_t tokens) {
    const hn_model_info *i = hn_model_get_info(t->in.model);
    return 6.0 * (double)tokens * (double)(i->parameters - i->vocab * i->dim);
}

static hn_status train_one(hn_trainer *t, hn_step_report *r, hn_error *err) {
    hn_state *s = &t->state;
    window w;
    bool finite;
    double begin = hn_now();
    HN_TRY(fill_window(t, &w, err));
    r->learning_rate =
        hn_schedule(t->o->lr_scheduler_type, t->kwargs, s->step, t->plan.warmup_steps, t->plan.max_steps, t->o->learning_rate);
    HN_TRY(run_window(t, &w, r, &finite, err));
    if (finite) take_step(t, r);
    r->skipped = !finite;
    s->learning_rate = r->learning_rate;
    s->step++;
    s->total_tokens += w.tokens;
    s->flos += flos_of(t, w.tokens);
    r->tokens = w.tokens;
    r->seconds = hn_now() - begin;
    r->tokens_per_second = r->seconds > 0 ? (double)w.tokens / r->seconds : 0;
    return HN_OK;
}

/* What is due after a step (when "steps"), or as its epoch ends (when "epoch"): log, evaluate; *save: a checkpoint too. */
static hn_status do_due(hn_trainer *t, const char *when, hn_step_report *r, bool *save, hn_error *err) {
    const hn_train_opts *o = t->o;
    int64_t step = t->state.step, windows = t->source.windows, last = t->plan.max_steps;
    bool per_step = hn_streq(when, "steps"), better = false;
    bool log = (hn_streq(o->logging_strategy, when) && hn_due(when, step, t->logging_steps, windows, last)) ||
               (per_step && step == 1 && o->logging_first_step);
    bool eval = hn_streq(o->eval_strategy, when) &&
                (hn_due(when, step, t->eval_steps, windows, last) || step == last);
    *save |= hn_streq(o->save_strategy, when) && (hn_due(when, step, t->save_steps, windows, last) || step == last);
    if (log && t->state.logged_step < step) {
        r->log = hn_log_step(t);
        if (!r->log) return hn_nomem(err, 1024);
    }
    if (eval && t->in.eval) {
        hn_json *entry;
        HN_TRY(hn_eval_run(t, &entry, err));
        HN_TRY(hn_eval_judge(t, entry, &better, err));
        r->eval = entry;
    }
    *save |= hn_streq(o->save_strategy, "best") && better;
    return HN_OK;
}

static hn_status after_step(hn_trainer *t, hn_step_report *r, hn_error *err) {
    if (!t->in.dry_run) HN_TRY(hn_jsonl_put(t, r, err));
    bool save = false;
    HN_TRY(do_due(t, "steps", r, &save, err));
    HN_TRY(do_due(t, "epoch", r, &save, err));
    t->run_end = hn_now();
    if (!save || t->in.dry_run) return HN_OK;
    HN_TRY(hn_checkpoint_write(t, err));
    r->saved = t->saved;
    return HN_OK;
}

static hn_status step(hn_trainer *t, hn_step_report *out, hn_error *err) {
    hn_step_report r = {.step = t->state.step, .max_steps = t->plan.max_steps};
    hn_status st = HN_OK;
    if (t->state.step < t->plan.max_steps) {
        if (isnan(t->run_start)) {
            t->run_start = t->run_end = hn_now();
            hn_json *entry = NULL;
            if (t->o->eval_on_start && t->state.step == 0 && t->in.eval) HN_TRY(hn_eval_run(t, &entry, err));
            r.eval = entry;
        }
        HN_TRY(train_one(t, &r, err));
        r.step = t->state.step;
        r.epoch = hn_epoch_of(t, r.step);
        r.total_tokens = t->state.total_tokens;
        st = after_step(t, &r, err);
    }
    r.total_tokens = t->state.total_tokens;
    r.epoch = hn_epoch_of(t, t->state.step);
    r.done = t->state.step >= t->plan.max_steps;
    *out = r;
    return st;
}

hn_status hn_trainer_step(hn_trainer *t, hn_step_report *out, hn_error *err) {
    hn_status st = step(t, out, err);
    if (st == HN_ENOMEM && err) {
        hn_error_detail(err, "the plan needs %.2f GB in all", (double)t->plan.total_bytes / 1e9);
        hn_plan_explain(t, err);
    }
    return st;
}
