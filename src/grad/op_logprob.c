/* op_logprob.c - the narrow waist: log-probabilities (and more) of R chosen rows under the language-model head.
 *
 *   u = scale (h w^T + b),  z = u, or cap tanh(u / cap),  logp = z_t - lse(z),  entropy = lse - sum p z,
 *   mean_logp = mean(z) - lse
 *   dz_j = dlogp ([j = t] - p_j) - dentropy p_j (z_j - sum p z) + dmean (1/V - p_j)
 *   du = dz (1 - (z / cap)^2),  dh = scale du w,  dw = scale du^T h,  db = scale sum of du
 *
 * Rows go through in chunks; the logits of a chunk live in one buffer and become their own gradient there. Seeds
 * known beforehand: both happens in one visit. Else backward forms a chunk's logits once more. The scale is put into
 * the seeds, in which the gradient is linear. */
#include "grad/tape_impl.h"

#include <string.h>

enum { TILE = 48, MIN_ROWS = 128 }; /* rows of a chunk: a multiple of the GEMM's tiles, enough to keep it busy */

typedef struct head {
    hn_tensor *hidden, *w, *b;
    bool transposed;
    double scale, softcap;
    const int32_t *row, *target; /* [R] */
    int64_t r, d, v, chunk;
    hn_row_stats *stats;                /* [R] */
    const double *dlogp, *dent, *dmean; /* [R] seeds times scale; NULL: none */
} head;

typedef struct logprob_own {
    hn_logprob pub; /* first */
    hn_node *node;  /* NULL: nothing to seed */
    bool recorded, seeded;
} logprob_own;

typedef struct chunk_work { /* buffers of one chunk; NULL where not needed */
    void *h, *logits, *cap, *dh;
    size_t h_bytes, logits_bytes;
} chunk_work;

static bool work_open(hn_tape *t, const head *a, bool grads, chunk_work *w) {
    size_t size = hn_dtype_size(t->dtype);
    bool dh = grads && a->hidden->needs_grad;
    *w = (chunk_work){.h_bytes = (size_t)(a->chunk * a->d) * size, .logits_bytes = (size_t)(a->chunk * a->v) * size};
    w->h = hn_scratch(t, w->h_bytes);
    w->logits = hn_scratch(t, w->logits_bytes);
    if (a->softcap > 0.0) w->cap = hn_scratch(t, w->logits_bytes);
    if (dh) w->dh = hn_scratch(t, w->h_bytes);
    return w->h && w->logits && (w->cap || !(a->softcap > 0.0)) && (w->dh || !dh);
}

static void work_close(hn_tape *t, const chunk_work *w) {
    hn_scratch_done(t, w->h, w->h_bytes);
    hn_scratch_done(t, w->logits, w->logits_bytes);
    hn_scratch_done(t, w->cap, w->logits_bytes);
    hn_scratch_done(t, w->dh, w->h_bytes);
}

/* Are the chunk's rows neighbours? Then they are used where they lie. */
static bool adjoining(const int32_t *row, int64_t m) {
    for (int64_t i = 1; i < m; i++) {
        if (row[i] != row[0] + i) return false;
    }
    return true;
}

/* Logits of the rows first .. first + m - 1 into w->logits; tanh(u / cap) stays in w->cap. Returns their hidden. */
static const void *chunk_logits(hn_tape *t, const head *a, const chunk_work *w, int64_t first, int64_t m) {
    const hn_kernels *k = t->k;
    const int32_t *row = a->row + first;
    const void *h = w->h;
    if (adjoining(row, m)) h = (const char *)a->hidden->data + (size_t)(row[0] * a->d) * hn_dtype_size(t->dtype);
    else k->rows(m, a->d, a->hidden->data, row, w->h);
    k->gemm(a->transposed ? 0u : HN_GEMM_TB, m, a->v, a->d, h, a->d, a->w->data, a->transposed ? a->v : a->d, w->logits,
            a->v, a->b ? a->b->data : NULL);
    if (a->scale != 1.0) k->scale(m * a->v, a->scale, w->logits, w->logits);
    if (a->softcap > 0.0) {
        k->scale(m * a->v, 1.0 / a->softcap, w->logits, w->cap);
        k->act(HN_ACT_TANH, m * a->v, w->cap, w->cap);
        k->scale(m * a->v, a->softcap, w->cap, w->logits);
    }
    return h;
}

static void hidden_grad(hn_tape *t, const head *a, const chunk_work *w, int64_t first, int64_t m) {
    char *dx = hn_grad_acc(t, a->hidden);
    if (!dx) return;
    const int32_t *row = a->row + first;
    bool direct = adjoining(row, m);
    unsigned flags = (a->transposed ? HN_GEMM_TB : 0u) | (direct ? HN_GEMM_ACC : 0u);
    void *to = direct ? (void *)(dx + (size_t)(row[0] * a->d) * hn_dtype_size(t->dtype)) : w->dh;
    t->k->gemm(flags, m, a->d, a->v, w->logits, a->v, a->w->data, a->transposed ? a->v : a->d, to, a->d, NULL);
    if (!direct) t->k->rows_back(m, a->d, row, w->dh, dx);
}

static void weight_grad(hn_tape *t, const head *a, const chunk_work *w, const void *h, int64_t m) {
    bool fresh;
    void *dw = hn_grad_first(t, a->w, &fresh);
    if (!dw) return;
    unsigned flags = HN_GEMM_TA | (fresh ? 0u : HN_GEMM_ACC);
    if (a->transposed) t->k->gemm(flags, a->d, a->v, m, h, a->d, w->logits, a->v, dw, a->v, NULL);
    else t->k->gemm(flags, a->v, a->d, m, w->logits, a->v, h, a->d, dw, a->d, NULL);
}

/* The chunk's logits become their gradient, which goes on to hidden, w and b. */
static void chunk_back(hn_tape *t, const head *a, const chunk_work *w, const void *h, int64_t first, int64_t m) {
    const hn_kernels *k = t->k;
    int64_t count = m * a->v;
    k->logits_back(m, a->v, w->logits, a->v, a->target + first, a->stats + first, a->dlogp ? a->dlogp + first : NULL,
                   a->dent ? a->dent + first : NULL, a->dmean ? a->dmean + first : NULL);
    if (a->softcap > 0.0) { /* du = dz - dz tanh^2 */
        k->mul(count, w->cap, w->cap, false, w->cap);
        k->mul(count, w->logits, w->cap, false, w->cap);
        k->axpy(count, -1.0, w->cap, w->logits);
    }
    if (a->hidden->needs_grad) hidden_grad(t, a, w, first, m);
    if (a->w->needs_grad) weight_grad(t, a, w, h, m);
    if (a->b && a->b->needs_grad) {
        void *db = hn_grad_acc(t, a->b);
        if (db) k->colsum(m, a->v, w->logits, db);
    }
}

/* One visit to every chunk: statistics, gradients, or both. */
static void sweep(hn_tape *t, const head *a, bool stats, bool grads) {
    chunk_work w;
    bool ok = work_open(t, a, grads, &w);
    for (int64_t first = 0; ok && first < a->r && t->err.code == HN_OK; first += a->chunk) {
        int64_t m = a->r - first < a->chunk ? a->r - first : a->chunk;
        const void *h = chunk_logits(t, a, &w, first, m);
        if (stats) t->k->row_stats(m, a->v, w.logits, a->v, a->target + first, a->stats + first);
        if (grads) chunk_back(t, a, &w, h, first, m);
    }
    work_close(t, &w);
}

static void logprob_back(hn_tape *t, const hn_node *n) {
    sweep(t, n->attr, false, true);
}

static const hn_op logprob_op = {"logprob", logprob_back};

/* About t->chunk_bytes of logits; up to twice that where fewer than MIN_ROWS rows would fit. */
static int64_t chunk_rows(const hn_tape *t, int64_t r, int64_t v) {
    int64_t row_bytes = (v > 0 ? v : 1) * (int64_t)hn_dtype_size(t->dtype);
    int64_t cap = t->chunk_bytes / row_bytes;
    if (cap < MIN_ROWS) cap = 2 * t->chunk_bytes / row_bytes < MIN_ROWS ? 2 * t->chunk_bytes / row_bytes : MIN_ROWS;
    if (cap >= 2 * TILE) cap -= cap % TILE;
    if (cap < 1) cap = 1;
    if (r <= cap) return r > 0 ? r : 1;
    int64_t chunks = (r + cap - 1) / cap, even = (r + chunks - 1) / chunks; /* no small rest at the end */
    if (cap >= 2 * TILE) even = (even + TILE - 1) / TILE * TILE;
    return even < cap ? even : cap;
}

static bool input_ok(hn_tape *t, const hn_logprob_in *in) {
    if (!hn_op_input(t, "logprob", in->hidden) || !hn_op_input(t, "logprob", in->w)) return false;
    if (in->b && !hn_op_input(t, "logprob", in->b)) return false;
    int64_t d = hn_tensor_last(in->hidden), n = hn_tensor_rows(in->hidden);
    int64_t v = in->w->dim[in->transposed ? 1 : 0];
    if (in->w->rank != 2 || in->w->dim[in->transposed ? 0 : 1] != d || (in->b && hn_tensor_count(in->b) != v)) {
        char hs[HN_SHAPE_TEXT], ws[HN_SHAPE_TEXT];
        hn_tape_fail(t, HN_ESHAPE, "logprob: hidden %s does not fit head %s %s or its bias",
                     hn_shape_text(in->hidden, hs), in->w->name ? in->w->name : "", hn_shape_text(in->w, ws));
        return false;
    }
    for (int64_t i = 0; i < in->r; i++) {
        if (in->row[i] >= 0 && in->row[i] < n && in->target[i] >= -1 && in->target[i] < v) continue;
        hn_tape_fail(t, HN_EARG, "logprob: row %d (of %lld) with target %d (vocabulary %lld) at place %lld",
                     in->row[i], (long long)n, in->target[i], (long long)v, (long long)i);
        return false;
    }
    return true;
}

/* Memory that lives until the reset, whatever scopes end before. */
static void *lasting(hn_tape *t, int64_t n, hn_dtype dtype) {
    hn_tensor *x = hn_tensor_make(t, 1, &n, dtype);
    if (x) x->kept = true;
    return x ? x->data : NULL;
}

static bool outputs_new(hn_tape *t, hn_logprob *o, unsigned asks) {
    bool ok = true;
    double **real[] = {&o->logp, &o->entropy, &o->mean_logp, &o->mean_logit, &o->p2};
    static const unsigned bit[] = {HN_ASK_LOGP, HN_ASK_ENTROPY, HN_ASK_MEAN_LOGP, HN_ASK_MEAN_LOGIT, HN_ASK_P2};
    for (size_t i = 0; i < sizeof bit / sizeof *bit; i++) {
        if (asks & bit[i]) ok = (*real[i] = lasting(t, o->r, HN_F64)) != NULL && ok;
    }
    if (asks & HN_ASK_TOP1) ok = (o->top1 = lasting(t, o->r, HN_U8)) != NULL && ok;
    if (asks & HN_ASK_ARGMAX) ok = (o->argmax = lasting(t, o->r, HN_I32)) != NULL && ok;
    return ok;
}

static void outputs_fill(hn_logprob *o, const head *a) {
    for (int64_t i = 0; i < o->r; i++) {
        const hn_row_stats *s = &a->stats[i];
        double mean = s->sum / (double)a->v;
        if (o->logp) o->logp[i] = a->target[i] >= 0 ? s->target - s->lse : 0.0;
        if (o->entropy) o->entropy[i] = s->lse - s->plogit;
        if (o->mean_logp) o->mean_logp[i] = mean - s->lse;
        if (o->mean_logit) o->mean_logit[i] = mean;
        if (o->p2) o->p2[i] = s->p2;
        if (o->top1) o->top1[i] = s->argmax == a->target[i];
        if (o->argmax) o->argmax[i] = s->argmax;
    }
}

/* Seeds times scale into one tensor; a row without target has no log-probability and passes nothing for it. */
static hn_tensor *seeds_set(hn_tape *t, head *a, const double *logp, const double *entropy, const double *mean) {
    int64_t dim[2] = {3, a->r};
    hn_tensor *x = hn_tensor_make(t, 2, dim, HN_F64);
    if (!x) return NULL;
    double *p = x->data;
    for (int64_t i = 0; i < a->r; i++) {
        p[i] = logp && a->target[i] >= 0 ? a->scale * logp[i] : 0.0;
        p[a->r + i] = entropy ? a->scale * entropy[i] : 0.0;
        p[2 * a->r + i] = mean ? a->scale * mean[i] : 0.0;
    }
    a->dlogp = logp ? p : NULL;
    a->dent = entropy ? p + a->r : NULL;
    a->dmean = mean ? p + 2 * a->r : NULL;
    return x;
}

/* Backward will come without seeds known now: keep hidden, the row lists and the statistics. */
static bool record(hn_tape *t, logprob_own *own, head *a, hn_tensor *stats) {
    hn_tensor *lists = hn_tensor_make(t, 2, (const int64_t[]){2, a->r}, HN_I32);
    hn_tensor *out = hn_tensor_make(t, 1, (const int64_t[]){0}, t->dtype);
    hn_node *n = lists && out ? hn_node_new(t, &logprob_op, out, sizeof *a) : NULL;
    if (!n) return false;
    int32_t *list = lists->data;
    for (int64_t i = 0; i < a->r; i++) {
        list[i] = a->row[i];
        list[a->r + i] = a->target[i];
    }
    a->row = list;
    a->target = list + a->r;
    *(head *)n->attr = *a;
    n->in[0] = a->hidden;
    n->in[1] = a->w;
    n->in[2] = a->b;
    n->aux[0] = lists;
    n->aux[1] = stats;
    hn_save(a->hidden);
    hn_save(a->w);
    hn_save(a->b);
    hn_save(lists);
    hn_save(stats);
    own->node = n;
    own->pub.node = out;
    return true;
}

static bool run(hn_tape *t, logprob_own *own, head *a, const hn_logprob_in *in) {
    hn_tensor *stats = hn_tensor_make(t, 1, (const int64_t[]){a->r * (int64_t)sizeof(hn_row_stats)}, HN_U8);
    if (!stats) return false;
    a->stats = stats->data;
    bool wants = hn_wants_grad(t, in->hidden, in->w, in->b);
    bool now = wants && own->seeded;
    hn_tensor *seeds = now ? seeds_set(t, a, in->seed_logp, NULL, in->seed_mean_logp) : NULL;
    if (now && !seeds) return false;
    sweep(t, a, true, now);
    if (t->err.code != HN_OK) return false;
    outputs_fill(&own->pub, a);
    if (seeds) hn_tensor_drop_value(t, seeds);
    if (wants && !now) return record(t, own, a, stats);
    hn_tensor_drop_value(t, stats);
    own->pub.node = hn_tensor_make(t, 1, (const int64_t[]){0}, t->dtype);
    return own->pub.node != NULL;
}

hn_logprob *hn_op_logprob(hn_tape *t, const hn_logprob_in *in) {
    if (!input_ok(t, in)) return NULL;
    logprob_own *own = hn_arena_alloc(&t->arena, sizeof *own);
    if (!own) {
        hn_nomem(&t->err, sizeof *own);
        return NULL;
    }
    head a = {.hidden = in->hidden, .w = in->w, .b = in->b, .transposed = in->transposed, .scale = in->scale,
              .softcap = in->softcap, .row = in->row, .target = in->target, .r = in->r,
              .d = hn_tensor_last(in->hidden), .v = in->w->dim[in->transposed ? 1 : 0]};
    a.chunk = chunk_rows(t, a.r, a.v);
    own->pub.r = in->r;
    own->recorded = t->record;
    own->seeded = in->seed_logp || in->seed_mean_logp;
    if (!outputs_new(t, &own->pub, in->asks)) return NULL;
    return run(t, own, &a, in) ? &own->pub : NULL;
}

hn_status hn_logprob_seed(hn_tape *t, hn_logprob *lp, const double *logp, const double *entropy, const double *mean_logp,
                          hn_error *err) {
    HN_TRY(hn_tape_status(t, err));
    if (!lp) return hn_fail(err, HN_EARG, "seeds were given for no log-probabilities");
    logprob_own *own = (logprob_own *)(void *)lp;
    if (!own->recorded) return hn_fail(err, HN_ESTATE, "log-probabilities that were not recorded cannot be seeded");
    if (own->seeded) return hn_fail(err, HN_ESTATE, "these log-probabilities have their seeds already");
    own->seeded = true;
    hn_node *n = own->node;
    if (!n) return HN_OK; /* nothing below wants a gradient */
    n->aux[2] = seeds_set(t, n->attr, logp, entropy, mean_logp);
    if (!n->aux[2]) return hn_tape_status(t, err);
    hn_save(n->aux[2]);
    n->armed = logp || entropy || mean_logp;
    return HN_OK;
}
