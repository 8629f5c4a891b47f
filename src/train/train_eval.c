/* train_eval.c - evaluation within a run: the reference's numbers, and the token-weighted loss beside them.
 *
 *   eval_loss = sum over batches (mean of the batch * its rows) / rows; other eval_* = plain means over batches;
 *   eval_token_loss = sum over batches (mean of the batch * its targets) / targets
 * Batches whose loss is not finite are left out of both, as in the reference. Only an evaluation that a step made due
 * counts for the best checkpoint: the one before the first step has none to name. */
#include <math.h>
#include <string.h>

#include "train/train_impl.h"

typedef struct sums {
    double loss, rows, token_loss, tokens;
    int64_t batches, all_rows;
    hn_metrics metrics;
} sums;

static hn_status eval_batch(hn_trainer *t, const int64_t *order, int64_t count, sums *s, hn_error *err) {
    hn_batch *b = &t->eval_batch;
    HN_TRY(hn_batch_rows(b, t->in.eval, order, count, err));
    double targets = 0, loss = 0;
    for (int64_t i = 0; i < b->rows; i++) targets += b->weight[i];
    hn_norm norm = {
        .tokens = targets, .rows = (double)count, .micro_batches = 1, .micro_tokens = targets, .micro_rows = (double)count};
    HN_TRY(hn_runner_eval(&t->runner, b, &norm, &s->metrics, &loss, err));
    s->batches++;
    s->all_rows += count;
    if (!isfinite(loss)) return HN_OK;
    s->loss += loss * (double)count;
    s->rows += (double)count;
    s->token_loss += loss * targets;
    s->tokens += targets;
    return HN_OK;
}

static hn_json *entry_of(const hn_trainer *t, const sums *s, double seconds) {
    hn_json *j = hn_json_new_object();
    if (!j) return NULL;
    hn_json_set_num(j, "eval_loss", s->rows > 0 ? s->loss / s->rows : (double)NAN);
    hn_json_set_num(j, "eval_runtime", hn_round(seconds, 4));
    if (seconds > 0) {
        hn_json_set_num(j, "eval_samples_per_second", hn_round((double)s->all_rows / seconds, 3));
        hn_json_set_num(j, "eval_steps_per_second", hn_round((double)s->batches / seconds, 3));
    }
    for (int32_t i = 0; i < s->metrics.count; i++) {
        char name[64];
        snprintf(name, sizeof name, "eval_%s", s->metrics.v[i].name);
        hn_json_set_num(j, name, hn_metrics_mean(&s->metrics, i));
    }
    hn_json_set_num(j, "eval_num_tokens", (double)t->state.total_tokens);
    hn_json_set_num(j, "eval_token_loss", s->tokens > 0 ? s->token_loss / s->tokens : (double)NAN);
    hn_json_set_num(j, "epoch", hn_epoch_of(t, t->state.step));
    hn_json_set_int(j, "step", t->state.step);
    return j;
}

hn_status hn_eval_judge(hn_trainer *t, const hn_json *entry, bool *better, hn_error *err) {
    const hn_train_opts *o = t->o;
    *better = false;
    const char *metric = o->metric_for_best_model;
    if (!metric && (o->load_best_model_at_end || hn_streq(o->save_strategy, "best"))) metric = "loss";
    if (!metric) return HN_OK;
    char name[128];
    snprintf(name, sizeof name, "%s%s", strncmp(metric, "eval_", 5) == 0 ? "" : "eval_", metric);
    if (!hn_json_has(entry, name)) {
        hn_fail(err, HN_EARG, "--metric_for_best_model %s is no metric of the evaluation", metric);
        hn_json_iter it;
        for (bool more = hn_json_first(entry, &it); more; more = hn_json_next(&it)) hn_error_detail(err, "%s", it.key);
        return HN_EARG;
    }
    size_t n = strlen(metric);
    bool greater = !(n >= 4 && hn_streq(metric + n - 4, "loss"));
    if (o->greater_is_better && !hn_streq(o->greater_is_better, "none")) greater = hn_streq(o->greater_is_better, "true");
    double value = hn_json_num(hn_json_get(entry, name), (double)NAN), best = t->state.best;
    if (isnan(value) || !(isnan(best) || (greater ? value > best : value < best))) return HN_OK;
    t->state.best = value;
    if (!hn_streq(o->save_strategy, "no")) t->state.best_step = t->state.step;
    *better = true;
    return HN_OK;
}

/* The rows in order; with group_by_length they are grouped as well, by the batch of evaluation and always the same way. */
static hn_status eval_order(const hn_trainer *t, int64_t *order, int64_t *length, hn_error *err) {
    const hn_rows *rows = t->in.eval;
    for (int64_t i = 0; i < rows->rows; i++) length[i] = rows->at[i + 1] - rows->at[i];
    hn_sampling how = t->source.how == HN_SAMPLE_GROUP_BY_LENGTH ? t->source.how : HN_SAMPLE_SEQUENTIAL;
    return hn_order(how, t->source.seed, 0, rows->rows, length, t->o->per_device_eval_batch_size, order, err);
}

hn_status hn_eval_run(hn_trainer *t, hn_json **entry, hn_error *err) {
    *entry = NULL;
    int64_t n = t->in.eval->rows, batch = t->o->per_device_eval_batch_size;
    sums s = {0};
    double begin = hn_now();
    int64_t *order = hn_alloc_array(2 * (size_t)n + 1, sizeof *order);
    if (!order) return hn_nomem(err, 2 * (size_t)n * sizeof *order);
    hn_status st = eval_order(t, order, order + n, err);
    if (t->o->dataloader_drop_last && n > batch) n -= n % batch; /* of evaluation as well, as the reference does */
    hn_metrics_clear(&s.metrics);
    for (int64_t first = 0; first < n && st == HN_OK; first += batch)
        st = eval_batch(t, order + first, n - first < batch ? n - first : batch, &s, err);
    hn_free(order);
    if (st != HN_OK) return st;
    hn_json *j = entry_of(t, &s, hn_now() - begin);
    if (!j) return hn_nomem(err, 1024);
    hn_json_push(t->history, j);
    t->last_eval = *entry = j;
    return HN_OK;
}

hn_status hn_trainer_evaluate(hn_trainer *t, const hn_json **entry, hn_error *err) {
    *entry = NULL;
    if (!t->in.eval) return hn_fail(err, HN_ESTATE, "there is no evaluation set");
    hn_json *j;
    HN_TRY(hn_eval_run(t, &j, err));
    *entry = j;
    return HN_OK;
}
