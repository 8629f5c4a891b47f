/* evaluate.c - rows under a model without training: loss and accuracy of a data set, log-probabilities of every token.
 *
 *   loss = - sum of log p over all targets / targets;  perplexity = exp(loss) */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/train_impl.h"

/* Runs fn over the rows, batch of them at a time. */
typedef hn_status batch_fn(void *user, hn_runner *r, const hn_batch *b, int64_t first, hn_error *err);

static hn_status each_batch(hn_dev *dev, hn_model *m, const hn_rows *rows, int64_t batch, unsigned asks, batch_fn *fn, void *user,
                            hn_error *err) {
    hn_runner r;
    hn_batch b;
    hn_status st = hn_runner_open(&r, dev, m, NULL, NULL, err);
    if (st != HN_OK) return st;
    r.asks = asks;
    r.chunk_tokens = strtoll(HN_CHUNK_TOKENS, NULL, 10);
    if (batch < 1) batch = 1;
    hn_batch_init(&b);
    int64_t *order = hn_alloc_array((size_t)batch, sizeof *order);
    if (!order) st = hn_nomem(err, (size_t)batch * sizeof *order);
    for (int64_t first = 0; first < rows->rows && st == HN_OK; first += batch) {
        int64_t count = rows->rows - first < batch ? rows->rows - first : batch;
        for (int64_t i = 0; i < count; i++) order[i] = first + i;
        st = hn_batch_rows(&b, rows, order, count, err);
        if (st == HN_OK) st = fn(user, &r, &b, first, err);
    }
    hn_free(order);
    hn_batch_release(&b);
    hn_runner_close(&r);
    return st;
}

typedef struct totals {
    double nll, entropy, right, targets, tokens;
} totals;

static hn_status add_batch(void *user, hn_runner *r, const hn_batch *b, int64_t first, hn_error *err) {
    (void)first;
    totals *s = user;
    hn_outputs out;
    HN_TRY(hn_runner_outputs(r, b, &out, err));
    for (int64_t i = 0; i < out.r; i++) {
        s->nll -= b->weight[i] * out.logp[i];
        s->entropy += b->weight[i] * out.entropy[i];
        s->right += b->weight[i] * (double)out.top1[i];
        s->targets += b->weight[i];
    }
    s->tokens += (double)b->seen_tokens;
    return HN_OK;
}

hn_status hn_evaluate(hn_dev *dev, hn_model *m, const hn_rows *rows, int64_t batch, hn_json **out, hn_error *err) {
    *out = NULL;
    totals s = {0};
    HN_TRY(each_batch(dev, m, rows, batch, HN_ASK_LOGP | HN_ASK_ENTROPY | HN_ASK_TOP1, add_batch, &s, err));
    if (!isfinite(s.nll)) {
        hn_fail(err, HN_ENUMERIC, "the loss of the rows is %g", fabs(s.nll));
        hn_error_fix(err, "weights that are not finite do this: look at how the model was trained");
        return HN_ENUMERIC;
    }
    if (!(s.targets > 0)) return hn_fail(err, HN_EARG, "the rows have no targets to evaluate");
    hn_json *j = hn_json_new_object();
    if (!j) return hn_nomem(err, 256);
    hn_json_set_num(j, "loss", s.nll / s.targets);
    hn_json_set_num(j, "perplexity", exp(s.nll / s.targets));
    hn_json_set_num(j, "mean_token_accuracy", s.right / s.targets);
    hn_json_set_num(j, "entropy", s.entropy / s.targets);
    hn_json_set_int(j, "num_tokens", (int64_t)s.tokens);
    hn_json_set_int(j, "num_targets", (int64_t)s.targets);
    hn_json_set_int(j, "rows", rows->rows);
    *out = j;
    return HN_OK;
}

typedef struct score_run {
    hn_score_fn *fn;
    void *user;
    int32_t *place; /* rows and targets of a batch */
    int64_t room;
} score_run;

/* Every token but the first of each row is a target, whatever the rows' loss mask says. */
static hn_status all_targets(score_run *s, hn_batch *b, hn_error *err) {
    if (b->tokens > s->room) {
        int32_t *p = hn_realloc_array(s->place, 2 * (size_t)b->tokens, sizeof *p);
        if (!p) return hn_nomem(err, 2 * (size_t)b->tokens * sizeof *p);
        s->place = p;
        s->room = b->tokens;
    }
    b->row = s->place;
    b->target = s->place + s->room;
    b->weight = NULL;
    b->sequence = NULL;
    b->rows = 0;
    for (int64_t k = 0; k < b->segments; k++) {
        for (int32_t i = b->start[k]; i + 1 < b->start[k + 1]; i++) {
            b->row[b->rows] = i;
            b->target[b->rows++] = b->id[i + 1];
        }
    }
    return HN_OK;
}

static hn_status score_batch(void *user, hn_runner *r, const hn_batch *b, int64_t first, hn_error *err) {
    score_run *s = user;
    hn_batch all = *b; /* lists of its own over the same tokens */
    hn_outputs out;
    HN_TRY(all_targets(s, &all, err));
    HN_TRY(hn_runner_outputs(r, &all, &out, err));
    int64_t at = 0;
    for (int64_t k = 0; k < all.segments; k++) {
        int64_t n = all.start[k + 1] - all.start[k] - 1;
        if (n < 0) n = 0;
        for (int64_t i = 0; i < n; i++)
            if (isnan(out.logp[at + i]))
                return hn_fail(err, HN_ENUMERIC, "row %lld: the log-probability of token %lld is no number",
                               (long long)(first + k), (long long)i + 1);
        HN_TRY(s->fn(s->user, first + k, out.logp + at, n, err));
        at += n;
    }
    return HN_OK;
}

hn_status hn_score_rows(hn_dev *dev, hn_model *m, const hn_rows *rows, int64_t batch, hn_score_fn *fn, void *user,
                        hn_error *err) {
    score_run s = {.fn = fn, .user = user};
    hn_status st = each_batch(dev, m, rows, batch, HN_ASK_LOGP, score_batch, &s, err);
    hn_free(s.place);
    return st;
}
