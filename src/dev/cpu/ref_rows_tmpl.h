/* ref_rows_tmpl.h - reference slots that work row by row: norms and the softmax over the vocabulary.
 *
 * rmsnorm backward, with h = x rstd and g = dy (w + add_one):  dx = rstd (g - h mean(g h)),  dw = sum dy h.
 * layernorm, h = (x - mean) rstd, g = dy w:  dx = rstd (g - mean(g) - h mean(g h)),  dw = sum dy h, db = sum dy.
 * Sums are kept in double. Weight gradients are cut by columns, rows ascending. */

typedef struct norm_job {
    int64_t n, d;
    double eps, add_one;
    const real *x, *w, *b, *dy, *mean_in, *rstd_in;
    real *y, *mean, *rstd, *dw, *db;
} norm_job;

static void rmsnorm_rows(void *ctx, int64_t begin, int64_t end) {
    const norm_job *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        const real *x = t->x + i * t->d;
        real *y = t->y + i * t->d;
        double ss = 0;
        for (int64_t j = 0; j < t->d; j++) ss += D(x[j]) * D(x[j]);
        const double r = 1 / sqrt(ss / (double)t->d + t->eps);
        t->rstd[i] = (real)r;
        for (int64_t j = 0; j < t->d; j++)
            y[j] = (real)(D(x[j]) * r * (t->w ? D(t->w[j]) + t->add_one : 1));
    }
}
static void rmsnorm(int64_t n, int64_t d, const void *x, const void *w, double eps, bool add_one, void *y,
                    void *rstd) {
    norm_job t = {.n = n, .d = d, .x = x, .w = w, .eps = eps, .add_one = add_one, .y = y, .rstd = rstd};
    hn_par_for(n, row_grain(d), rmsnorm_rows, &t);
}

/* dx for both norms: mean_in NULL stands for rmsnorm. */
static void norm_back_rows(void *ctx, int64_t begin, int64_t end) {
    const norm_job *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        const real *x = t->x + i * t->d, *dy = t->dy + i * t->d;
        real *dx = t->y + i * t->d;
        const double r = D(t->rstd_in[i]), mu = t->mean_in ? D(t->mean_in[i]) : 0;
        double gsum = 0, ghsum = 0;
        for (int64_t j = 0; j < t->d; j++) {
            const double g = D(dy[j]) * (t->w ? D(t->w[j]) + t->add_one : 1);
            gsum += g;
            ghsum += g * ((D(x[j]) - mu) * r);
        }
        const double gm = t->mean_in ? gsum / (double)t->d : 0, ghm = ghsum / (double)t->d;
        for (int64_t j = 0; j < t->d; j++) {
            const double g = D(dy[j]) * (t->w ? D(t->w[j]) + t->add_one : 1);
            dx[j] = (real)(D(dx[j]) + r * (g - gm - (D(x[j]) - mu) * r * ghm));
        }
    }
}

static void norm_back_columns(void *ctx, int64_t begin, int64_t end) {
    const norm_job *t = ctx;
    for (int64_t block = begin; block < end; block++) {
        const int64_t first = block * COLUMNS, count = t->d - first < COLUMNS ? t->d - first : COLUMNS;
        double dw[COLUMNS] = {0}, db[COLUMNS] = {0};
        for (int64_t i = 0; i < t->n; i++) {
            const real *x = t->x + i * t->d + first, *dy = t->dy + i * t->d + first;
            const double r = D(t->rstd_in[i]), mu = t->mean_in ? D(t->mean_in[i]) : 0;
            for (int64_t j = 0; j < count; j++) {
                dw[j] += D(dy[j]) * ((D(x[j]) - mu) * r);
                db[j] += D(dy[j]);
            }
        }
        for (int64_t j = 0; j < count; j++) {
            if (t->dw) t->dw[first + j] = (real)(D(t->dw[first + j]) + dw[j]);
            if (t->db) t->db[first + j] = (real)(D(t->db[first + j]) + db[j]);
        }
    }
}

static void norm_back(norm_job *t) {
    hn_par_for(t->n, row_grain(t->d), norm_back_rows, t);
    if (t->dw || t->db)
        hn_par_for((t->d + COLUMNS - 1) / COLUMNS, t->n * COLUMNS < 8192 ? t->d : 1, norm_back_columns, t);
}
static void rmsnorm_back(int64_t n, int64_t d, const void *x, const void *w, bool add_one, const void *rstd,
                         const void *dy, void *dx, void *dw) {
    norm_job t = {.n = n, .d = d, .x = x, .w = w, .add_one = add_one, .rstd_in = rstd, .dy = dy, .y = dx, .dw = dw};
    norm_back(&t);
}
static void layernorm_back(int64_t n, int64_t d, const void *x, const void *w, const void *mean, const void *rstd,
                           const void *dy, void *dx, void *dw, void *db) {
    norm_job t = {.n = n, .d = d, .x = x, .w = w, .mean_in = mean, .rstd_in = rstd, .dy = dy, .y = dx,
                  .dw = dw, .db = db};
    norm_back(&t);
}

static void layernorm_rows(void *ctx, int64_t begin, int64_t end) {
    const norm_job *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        const real *x = t->x + i * t->d;
        real *y = t->y + i * t->d;
        double s = 0, ss = 0;
        for (int64_t j = 0; j < t->d; j++) s += D(x[j]);
        const double mu = s / (double)t->d;
        for (int64_t j = 0; j < t->d; j++) ss += (D(x[j]) - mu) * (D(x[j]) - mu);
        const double r = 1 / sqrt(ss / (double)t->d + t->eps);
        t->mean[i] = (real)mu;
        t->rstd[i] = (real)r;
        for (int64_t j = 0; j < t->d; j++)
            y[j] = (real)((D(x[j]) - mu) * r * (t->w ? D(t->w[j]) : 1) + (t->b ? D(t->b[j]) : 0));
    }
}
static void layernorm(int64_t n, int64_t d, const void *x, const void *w, const void *b, double eps, void *y,
                      void *mean, void *rstd) {
    norm_job t = {.n = n, .d = d, .x = x, .w = w, .b = b, .eps = eps, .y = y, .mean = mean, .rstd = rstd};
    hn_par_for(n, row_grain(d), layernorm_rows, &t);
}

/* ---- logits */

typedef struct logits_job {
    int64_t v, ld;
    const real *x;
    real *dx;
    const int32_t *target;
    hn_row_stats *out;
    const hn_row_stats *stats;
    const double *dlogp, *dent, *dmean;
} logits_job;

static void row_stats_rows(void *ctx, int64_t begin, int64_t end) {
    const logits_job *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        const real *x = t->x + i * t->ld;
        hn_row_stats s = {0};
        for (int64_t j = 0; j < t->v; j++) {
            s.sum += D(x[j]);
            if (x[j] > x[s.argmax]) s.argmax = (int32_t)j;
        }
        const double top = D(x[s.argmax]);
        double sum = 0;
        for (int64_t j = 0; j < t->v; j++) {
            const double e = exp(D(x[j]) - top);
            sum += e;
            if (e > 0) s.plogit += e * (D(x[j]) - top); /* a logit of -inf has no weight: 0, not NaN */
            s.p2 += e * e;
        }
        s.lse = top + log(sum);
        s.plogit = top + s.plogit / sum;
        s.p2 /= sum * sum;
        if (t->target && t->target[i] >= 0) s.target = D(x[t->target[i]]);
        t->out[i] = s;
    }
}
static void row_stats(int64_t r, int64_t v, const void *logits, int64_t ld, const int32_t *target,
                      hn_row_stats *out) {
    logits_job t = {.v = v, .ld = ld, .x = logits, .target = target, .out = out};
    hn_par_for(r, row_grain(v), row_stats_rows, &t);
}

static void logits_back_rows(void *ctx, int64_t begin, int64_t end) {
    const logits_job *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        real *x = t->dx + i * t->ld;
        const int64_t at = t->target ? t->target[i] : -1;
        const double da = t->dlogp && at >= 0 ? t->dlogp[i] : 0;
        const double de = t->dent ? t->dent[i] : 0, dm = t->dmean ? t->dmean[i] : 0;
        const double lse = t->stats[i].lse, plogit = t->stats[i].plogit;
        for (int64_t j = 0; j < t->v; j++) {
            const double p = exp(D(x[j]) - lse);
            const double ent = p > 0 ? de * p * (D(x[j]) - plogit) : p;
            x[j] = (real)((j == at ? da : 0) + dm / (double)t->v - p * (da + dm) - ent);
        }
    }
}
static void logits_back(int64_t r, int64_t v, void *logits, int64_t ld, const int32_t *target,
                        const hn_row_stats *stats, const double *dlogp, const double *dentropy, const double *dmean) {
    logits_job t = {.v = v, .ld = ld, .dx = logits, .target = target, .stats = stats, .dlogp = dlogp,
                    .dent = dentropy, .dmean = dmean};
    hn_par_for(r, row_grain(v), logits_back_rows, &t);
}
