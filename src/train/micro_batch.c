/* micro_batch.c - one micro-batch through model, head and objective: outputs, loss, gradients.
 *
 * Seeds known beforehand (a loss linear in the log-probabilities): every chunk runs forward and backward once, the loss
 * then sees the outputs of all. Else one chunk: forward, loss, backward. Else: all chunks forward without a tape, the
 * loss gives the seeds, each chunk again forward and backward. Objectives never see chunks. */
#include <string.h>

#include "train/train_impl.h"

enum { COL_LOGP, COL_ENTROPY, COL_MEAN_LOGP, COL_MEAN_LOGIT, COL_P2, COL_SEED_LOGP, COL_SEED_ENTROPY, COL_SEED_MEAN, COLUMNS };
enum { CHUNK_KEYS = 1 << 20 }; /* keys of a micro-batch: more than it can have chunks */

typedef struct piece { /* segments [s0, s1) with their tokens and loss rows */
    int64_t s0, s1, t0, t1, r0, r1;
} piece;

hn_status hn_runner_open(hn_runner *r, hn_dev *dev, hn_model *m, const hn_objective *objective, const void *self, hn_error *err) {
    *r = (hn_runner){.dev = dev, .model = m, .objective = objective, .self = self, .chunk_tokens = INT64_MAX};
    if (objective) HN_TRY(objective->setup(self, &r->asks, err));
    size_t count = 0;
    hn_param *p = hn_model_params(m, &count);
    return hn_tape_new(dev, p[0].t->dtype, &r->tape, err);
}

void hn_runner_close(hn_runner *r) {
    hn_tape_free(r->tape);
    hn_free(r->real);
    hn_free(r->top1);
    hn_free(r->rebased);
    *r = (hn_runner){0};
}

static double *column(hn_runner *r, int which) { return r->real + (int64_t)which * r->room; }

static hn_status make_room(hn_runner *r, const hn_batch *b, hn_error *err) {
    size_t ints = 2 * (size_t)b->segments + 1 + (size_t)b->rows;
    if (ints > r->rebased_room) {
        int32_t *p = hn_realloc_array(r->rebased, ints, sizeof *p);
        if (!p) return hn_nomem(err, ints * sizeof *p);
        r->rebased = p;
        r->rebased_room = ints;
    }
    int64_t rows = b->rows > 0 ? b->rows : 1;
    if (rows <= r->room) return HN_OK;
    uint8_t *top1 = hn_realloc_array(r->top1, (size_t)rows, 1);
    if (!top1) return hn_nomem(err, (size_t)rows);
    r->top1 = top1;
    double *real = hn_realloc_array(r->real, (size_t)rows * COLUMNS, sizeof *real);
    if (!real) return hn_nomem(err, (size_t)rows * COLUMNS * sizeof *real);
    r->real = real;
    r->room = rows;
    return HN_OK;
}

/* Loss rows in the order of their tokens: only then a chunk's rows stand together. */
static bool in_order(const hn_batch *b) {
    for (int64_t i = 1; i < b->rows; i++)
        if (b->row[i] < b->row[i - 1]) return false;
    return true;
}

/* The next piece after p: whole trees of segments, as many as fit. false: none is left. */
static bool next_piece(const hn_runner *r, const hn_batch *b, piece *p) {
    *p = (piece){.s0 = p->s1, .t0 = p->t1, .r0 = p->r1};
    if (p->s0 >= b->segments) return false;
    int64_t limit = in_order(b) ? r->chunk_tokens : INT64_MAX;
    int64_t s = p->s0;
    do {
        int64_t end = s + 1;
        while (end < b->segments && b->parent[end] != -1) end++;
        if (s > p->s0 && b->start[end] - p->t0 > limit) break;
        s = end;
    } while (s < b->segments);
    p->s1 = s;
    p->t1 = b->start[s];
    p->r1 = s < b->segments ? p->r0 : b->rows;
    while (p->r1 < b->rows && b->row[p->r1] < p->t1) p->r1++;
    return true;
}

/* The piece as a batch of its own; what counts from its beginning is copied, the rest looks into b. */
static void cut(hn_runner *r, const hn_batch *b, const piece *p, hn_batch *out) {
    *out = *b;
    if (p->s0 == 0 && p->s1 == b->segments) return;
    out->tokens = p->t1 - p->t0;
    out->segments = p->s1 - p->s0;
    out->rows = p->r1 - p->r0;
    out->id = b->id + p->t0;
    if (b->type) out->type = b->type + p->t0;
    out->pos = b->pos + p->t0;
    if (b->length) out->length = b->length + p->t0;
    out->target = b->target + p->r0;
    if (b->weight) out->weight = b->weight + p->r0;
    if (b->sequence) out->sequence = b->sequence + p->r0;
    out->start = r->rebased;
    out->parent = out->start + out->segments + 1;
    out->row = out->parent + out->segments;
    for (int64_t i = 0; i <= out->segments; i++) out->start[i] = b->start[p->s0 + i] - (int32_t)p->t0;
    for (int64_t i = 0; i < out->segments; i++) {
        int32_t parent = b->parent[p->s0 + i];
        out->parent[i] = parent >= 0 ? parent - (int32_t)p->s0 : parent;
    }
    for (int64_t i = 0; i < out->rows; i++) out->row[i] = b->row[p->r0 + i] - (int32_t)p->t0;
}

static hn_outputs outputs_of(hn_runner *r, const hn_batch *b) {
    unsigned a = r->asks;
    return (hn_outputs){.r = b->rows,
                        .logp = a & HN_WANT_LOGP ? column(r, COL_LOGP) : NULL,
                        .entropy = a & HN_WANT_ENTROPY ? column(r, COL_ENTROPY) : NULL,
                        .mean_logp = a & HN_WANT_MEAN_LOGP ? column(r, COL_MEAN_LOGP) : NULL,
                        .mean_logit = a & HN_WANT_MEAN_LOGIT ? column(r, COL_MEAN_LOGIT) : NULL,
                        .p2 = a & HN_WANT_P2 ? column(r, COL_P2) : NULL,
                        .top1 = a & HN_WANT_TOP1 ? r->top1 : NULL};
}

static hn_seeds seeds_of(hn_runner *r) {
    memset(column(r, COL_SEED_LOGP), 0, 3 * (size_t)r->room * sizeof(double));
    return (hn_seeds){.logp = r->asks & HN_WANT_LOGP ? column(r, COL_SEED_LOGP) : NULL,
                      .entropy = r->asks & HN_WANT_ENTROPY ? column(r, COL_SEED_ENTROPY) : NULL,
                      .mean_logp = r->asks & HN_WANT_MEAN_LOGP ? column(r, COL_SEED_MEAN) : NULL};
}

static void keep_outputs(hn_runner *r, const hn_logprob *lp, int64_t at) {
    const double *from[] = {lp->logp, lp->entropy, lp->mean_logp, lp->mean_logit, lp->p2};
    for (int i = 0; i < 5; i++)
        if (from[i]) memcpy(column(r, i) + at, from[i], (size_t)lp->r * sizeof(double));
    if (lp->top1) memcpy(r->top1 + at, lp->top1, (size_t)lp->r);
}

typedef struct pass { /* how a chunk runs */
    bool record, train;
    uint64_t key;
    const double *seed_logp, *seed_mean; /* known beforehand, of the whole batch; or NULL */
} pass;

/* Forward of one piece; its outputs go to their places. *lp NULL where it has no loss row. */
static hn_status forward(hn_runner *r, const hn_batch *b, const piece *p, const pass *how, hn_batch *chunk, hn_logprob **lp,
                         hn_error *err) {
    *lp = NULL;
    if (p->r1 == p->r0) return HN_OK;
    cut(r, b, p, chunk);
    hn_tape_reset(r->tape);
    hn_dev_stretch(r->dev, r->piece_tokens, chunk->tokens);
    hn_tape_record(r->tape, how->record);
    hn_tape_seed(r->tape, r->seed, how->key * CHUNK_KEYS + (uint64_t)p->s0);
    hn_forward_opts o = {.checkpointing = r->checkpointing && how->record, .neftune_alpha = r->neftune, .train = how->train};
    hn_logprob_in in = {.hidden = hn_model_hidden(r->model, r->tape, chunk, &o),
                        .scale = 1.0,
                        .row = chunk->row,
                        .target = chunk->target,
                        .r = chunk->rows,
                        .asks = r->asks,
                        .seed_logp = how->seed_logp ? how->seed_logp + p->r0 : NULL,
                        .seed_mean_logp = how->seed_mean ? how->seed_mean + p->r0 : NULL};
    if (in.hidden) {
        hn_model_head(r->model, &in);
        *lp = hn_op_logprob(r->tape, &in);
    }
    hn_status st = hn_tape_status(r->tape, err);
    if (st == HN_OK && *lp) keep_outputs(r, *lp, p->r0);
    return st;
}

static bool any(const double *x, int64_t n) {
    for (int64_t i = 0; x && i < n; i++)
        if (x[i] != 0) return true;
    return false;
}

/* Forward and backward of every piece with seeds at hand. */
static hn_status seeded(hn_runner *r, const hn_batch *b, const hn_seeds *seeds, uint64_t key, hn_error *err) {
    bool late = any(seeds->entropy, b->rows); /* the head forms these in backward only */
    pass how = {.record = true,
                .train = true,
                .key = key,
                .seed_logp = late ? NULL : seeds->logp,
                .seed_mean = late ? NULL : seeds->mean_logp};
    hn_batch chunk;
    hn_logprob *lp;
    piece p = {0};
    while (next_piece(r, b, &p)) {
        HN_TRY(forward(r, b, &p, &how, &chunk, &lp, err));
        if (!lp) continue;
        if (late)
            HN_TRY(hn_logprob_seed(r->tape, lp, seeds->logp ? seeds->logp + p.r0 : NULL, seeds->entropy + p.r0,
                                   seeds->mean_logp ? seeds->mean_logp + p.r0 : NULL, err));
        HN_TRY(hn_tape_backward(r->tape, err));
    }
    return HN_OK;
}

static hn_status forward_only(hn_runner *r, const hn_batch *b, const pass *how, hn_error *err) {
    hn_batch chunk;
    hn_logprob *lp;
    piece p = {0};
    while (next_piece(r, b, &p)) HN_TRY(forward(r, b, &p, how, &chunk, &lp, err));
    return HN_OK;
}

static void finish(hn_runner *r) {
    hn_tape_reset(r->tape);
    hn_dev_stretch(r->dev, 1, 1);
}

hn_status hn_runner_outputs(hn_runner *r, const hn_batch *b, hn_outputs *out, hn_error *err) {
    HN_TRY(make_room(r, b, err));
    HN_TRY(forward_only(r, b, &(pass){0}, err));
    *out = outputs_of(r, b);
    finish(r);
    return HN_OK;
}

hn_status hn_runner_train(hn_runner *r, const hn_batch *b, const hn_norm *norm, uint64_t key, hn_metrics *metrics, double *loss,
                          hn_error *err) {
    HN_TRY(make_room(r, b, err));
    hn_seeds seeds = seeds_of(r);
    hn_outputs out = outputs_of(r, b);
    const hn_objective *f = r->objective;
    if (f->known_seeds && f->known_seeds(r->self, b, norm, &seeds)) {
        HN_TRY(seeded(r, b, &seeds, key, err));
        *loss = f->loss(r->self, &out, b, norm, NULL, metrics);
        finish(r);
        return HN_OK;
    }
    seeds = seeds_of(r);
    piece p = {0};
    hn_batch chunk;
    hn_logprob *lp = NULL;
    bool single = next_piece(r, b, &p) && p.s1 == b->segments;
    pass how = {.record = single, .train = true, .key = key};
    if (single) HN_TRY(forward(r, b, &p, &how, &chunk, &lp, err));
    else HN_TRY(forward_only(r, b, &how, err));
    *loss = f->loss(r->self, &out, b, norm, &seeds, metrics);
    if (single && lp) {
        HN_TRY(hn_logprob_seed(r->tape, lp, seeds.logp, any(seeds.entropy, b->rows) ? seeds.entropy : NULL,
                               any(seeds.mean_logp, b->rows) ? seeds.mean_logp : NULL, err));
        HN_TRY(hn_tape_backward(r->tape, err));
    } else if (!single) {
        HN_TRY(seeded(r, b, &seeds, key, err));
    }
    finish(r);
    return HN_OK;
}

hn_status hn_runner_eval(hn_runner *r, const hn_batch *b, const hn_norm *norm, hn_metrics *metrics, double *loss, hn_error *err) {
    hn_outputs out;
    HN_TRY(hn_runner_outputs(r, b, &out, err));
    *loss = r->objective->loss(r->self, &out, b, norm, NULL, metrics);
    return HN_OK;
}
