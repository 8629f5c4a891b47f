/* train_plan.c - what a run will do and need, before it does anything: steps, warm-up, memory of the longest piece. */
#include <math.h>
#include <string.h>

#include "train/train_impl.h"

static int64_t in_steps(double every, int64_t max_steps) {
    double n = every < 1.0 ? ceil((double)max_steps * every) : every;
    return n < 1.0 ? 1 : (int64_t)n;
}

static int64_t warmup(const hn_train_opts *o, int64_t max_steps) {
    if (o->warmup_steps >= 1.0) return (int64_t)o->warmup_steps;
    double share = o->warmup_steps > 0.0 || isnan(o->warmup_ratio) ? o->warmup_steps : o->warmup_ratio;
    return (int64_t)ceil((double)max_steps * share);
}

static void plan_steps(hn_trainer *t) {
    const hn_train_opts *o = t->o;
    const hn_epochs *s = &t->source;
    hn_plan *p = &t->plan;
    int64_t floored = s->micro / s->accumulate;
    p->micro_batches_per_epoch = s->micro;
    p->steps_per_epoch = hn_streq(o->steps_per_epoch, "floor") && floored > 0 ? floored : s->windows;
    if (hn_streq(o->steps_per_epoch, "floor") && floored == 0) p->steps_per_epoch = 1;
    p->max_steps = o->max_steps > 0 ? o->max_steps : (int64_t)ceil(o->num_train_epochs * (double)p->steps_per_epoch);
    p->epochs = o->max_steps > 0 ? hn_epoch_of(t, p->max_steps) : o->num_train_epochs;
    p->warmup_steps = warmup(o, p->max_steps);
    t->logging_steps = in_steps(o->logging_steps, p->max_steps);
    t->eval_steps = in_steps(isnan(o->eval_steps) ? o->logging_steps : o->eval_steps, p->max_steps);
    t->save_steps = in_steps(o->save_steps, p->max_steps);
}

/* A micro-batch, cut to whole documents. */
int64_t hn_plan_piece(const hn_trainer *t) {
    const hn_rows *r = t->source.rows;
    int64_t most = t->plan.longest_batch_tokens, limit = t->o->chunk_tokens, longest = r->document ? 0 : r->longest;
    for (int64_t i = 0; i < r->documents; i++)
        if (r->document[i + 1] - r->document[i] > longest) longest = r->document[i + 1] - r->document[i];
    if (limit < longest) limit = longest;
    return most < limit ? most : limit;
}

static void plan_memory(hn_trainer *t) {
    hn_plan *p = &t->plan;
    size_t n = 0;
    hn_param *param = hn_model_params(t->in.model, &n);
    for (size_t i = 0; i < n; i++) {
        uint64_t bytes = hn_tensor_bytes(param[i].t);
        p->weight_bytes += bytes;
        if (!param[i].trainable) continue;
        p->gradient_bytes += bytes;
        p->optimizer_bytes += 2 * bytes;
    }
    int64_t tokens = hn_plan_piece(t);
    p->activation_bytes = hn_model_activation_bytes(t->in.model, tokens, tokens, t->o->gradient_checkpointing);
    p->total_bytes = p->weight_bytes + p->gradient_bytes + p->optimizer_bytes + p->activation_bytes;
}

static double gb(uint64_t bytes) { return (double)bytes / 1e9; }

void hn_plan_explain(const hn_trainer *t, hn_error *err) {
    const hn_plan *p = &t->plan;
    hn_error_detail(err, "weights %.2f GB, gradients %.2f GB, optimiser %.2f GB, activations %.2f GB (%lld tokens at once)",
                    gb(p->weight_bytes), gb(p->gradient_bytes), gb(p->optimizer_bytes), gb(p->activation_bytes),
                    (long long)hn_plan_piece(t));
}

/* The weights are in memory already; the rest must fit into what is left. */
static hn_status check_memory(const hn_trainer *t, hn_error *err) {
    const hn_plan *p = &t->plan;
    uint64_t available = hn_memory_available();
    if (available == 0 || p->total_bytes - p->weight_bytes <= available) return HN_OK;
    if (t->o->force) {
        hn_warn("the plan needs %.2f GB beside the weights, %.2f GB are available", gb(p->total_bytes - p->weight_bytes),
                gb(available));
        return HN_OK;
    }
    hn_fail(err, HN_ENOMEM, "the plan needs %.2f GB, of which %.2f GB are in use; %.2f GB are available", gb(p->total_bytes),
            gb(p->weight_bytes), gb(available));
    hn_plan_explain(t, err);
    if (p->activation_bytes > available && !t->o->gradient_checkpointing)
        hn_error_fix(err, "add --gradient_checkpointing true, or use a smaller --per_device_train_batch_size, --max_length or "
                          "--chunk_tokens");
    else hn_error_fix(err, "use a smaller --max_length or --chunk_tokens, or a smaller model; --force tries all the same");
    return HN_ENOMEM;
}

hn_status hn_plan_make(hn_trainer *t, hn_error *err) {
    plan_steps(t);
    HN_TRY(hn_epochs_longest(&t->source, t->plan.max_steps, &t->longest_epoch, &t->longest_micro, &t->plan.longest_batch_tokens,
                             err));
    plan_memory(t);
    return check_memory(t, err);
}

hn_status hn_trainer_probe(hn_trainer *t, double *seconds, uint64_t *peak_bytes, hn_error *err) {
    const int64_t *row;
    int64_t count;
    hn_batch *b = &t->window[0];
    HN_TRY(hn_epochs_rows(&t->source, t->longest_epoch, t->longest_micro, &row, &count, err));
    HN_TRY(hn_batch_rows(b, t->in.train, row, count, err));
    hn_norm norm = {.tokens = (double)b->rows,
                    .rows = (double)b->sequences,
                    .micro_batches = 1,
                    .micro_tokens = (double)b->rows,
                    .micro_rows = (double)b->sequences};
    double loss, begin = hn_now();
    hn_metrics_clear(&t->step_metrics);
    hn_optim_begin(&t->optim);
    hn_status st = hn_runner_train(&t->runner, b, &norm, 0, &t->step_metrics, &loss, err);
    *seconds = hn_now() - begin;
    *peak_bytes = hn_peak_rss();
    if (t->state.step == 0) *peak_bytes += t->plan.optimizer_bytes; /* zero pages that nothing has written yet */
    hn_metrics_clear(&t->step_metrics);
    hn_optim_begin(&t->optim);
    return st;
}
