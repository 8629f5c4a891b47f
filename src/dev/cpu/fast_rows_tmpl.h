/* fast_rows_tmpl.h - norms and the softmax over the vocabulary, a row at a time; formulas in ref_rows_tmpl.h.
 *
 * Sums run in two chains of 16 lanes; over a vocabulary the chains are emptied into doubles every 2048
 * elements. A row is read by one thread alone. Weight gradients are cut by columns, rows ascending. */

typedef struct norm_job {
    int64_t n, d;
    double eps;
    float add_one;
    const float *x, *w, *b, *dy, *mean_in, *rstd_in;
    float *y, *mean, *rstd, *dw, *db;
} norm_job;

/* Loops over the vectors of a row of d elements at j, n of them (16 but at the end). */
#define ACROSS(d) for (int64_t j = 0, n; n = (d)-j, j < (d); j += LANES)

INLINE float row_sum(const float *x, int64_t d) {
    vf s[2] = {v_zero(), v_zero()};
    ACROSS(d) s[j / LANES & 1] = v_add(s[j / LANES & 1], v_get(x + j, n));
    return v_sum(v_add(s[0], s[1]));
}

/* sum of (x - mu)^2 */
INLINE float row_spread(const float *x, int64_t d, float mu) {
    vf s[2] = {v_zero(), v_zero()};
    int64_t j = 0;
    for (; j + 2 * LANES <= d; j += 2 * LANES) {
        UNROLL for (int i = 0; i < 2; i++) {
            const vf t = v_sub(v_load(x + j + i * LANES), v_set1(mu));
            s[i] = v_fma(t, t, s[i]);
        }
    }
    for (int i = 0; j < d; j += LANES, i++) {
        const vf t = v_select(v_below(d - j > LANES ? LANES : (int)(d - j)),
                              v_sub(v_get(x + j, d - j), v_set1(mu)), v_zero());
        s[i] = v_fma(t, t, s[i]);
    }
    return v_sum(v_add(s[0], s[1]));
}

/* w + add_one, or 1 without w */
INLINE vf gain(const norm_job *t, int64_t j, int64_t n) {
    return t->w ? v_add(v_get(t->w + j, n), v_set1(t->add_one)) : v_set1(1.0f);
}

static void rmsnorm_rows(void *ctx, int64_t begin, int64_t end) {
    const norm_job *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        const float *x = t->x + i * t->d;
        float *y = t->y + i * t->d;
        const float r = (float)(1 / sqrt((double)row_spread(x, t->d, 0.0f) / (double)t->d + t->eps));
        t->rstd[i] = r;
        ACROSS(t->d) v_put(y + j, n, v_mul(v_mul(v_get(x + j, n), v_set1(r)), gain(t, j, n)));
    }
}
static void rmsnorm(int64_t n, int64_t d, const void *x, const void *w, double eps, bool add_one, void *y,
                    void *rstd) {
    norm_job t = {.n = n, .d = d, .x = x, .w = w, .eps = eps, .add_one = add_one, .y = y, .rstd = rstd};
    hn_par_for(n, row_grain(d), rmsnorm_rows, &t);
}

static void layernorm_rows(void *ctx, int64_t begin, int64_t end) {
    const norm_job *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        const float *x = t->x + i * t->d;
        float *y = t->y + i * t->d;
        const float mu = (float)((double)row_sum(x, t->d) / (double)t->d);
        const float r = (float)(1 / sqrt((double)row_spread(x, t->d, mu) / (double)t->d + t->eps));
        t->mean[i] = mu;
        t->rstd[i] = r;
        ACROSS(t->d) {
            const vf h = v_mul(v_sub(v_get(x + j, n), v_set1(mu)), v_set1(r));
            v_put(y + j, n, v_fma(h, gain(t, j, n), t->b ? v_get(t->b + j, n) : v_zero()));
        }
    }
}
static void layernorm(int64_t n, int64_t d, const void *x, const void *w, const void *b, double eps, void *y,
                      void *mean, void *rstd) {
    norm_job t = {.n = n, .d = d, .x = x, .w = w, .b = b, .eps = eps, .y = y, .mean = mean, .rstd = rstd};
    hn_par_for(n, row_grain(d), layernorm_rows, &t);
}

/* dx for both norms: mean_in NULL stands for rmsnorm. */
static void norm_back_rows(void *ctx, int64_t begin, int64_t end) {
    const norm_job *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        const float *x = t->x + i * t->d, *dy = t->dy + i * t->d;
        float *dx = t->y + i * t->d;
        const vf r = v_set1(t->rstd_in[i]), mu = v_set1(t->mean_in ? t->mean_in[i] : 0.0f);
        vf gsum = v_zero(), ghsum = v_zero();
        ACROSS(t->d) { /* missing lanes of dy are 0 */
            const vf g = v_mul(v_get(dy + j, n), gain(t, j, n));
            gsum = v_add(gsum, g);
            ghsum = v_fma(g, v_mul(v_sub(v_get(x + j, n), mu), r), ghsum);
        }
        const vf gm = v_set1(t->mean_in ? v_sum(gsum) / (float)t->d : 0.0f), ghm = v_set1(v_sum(ghsum) / (float)t->d);
        ACROSS(t->d) {
            const vf g = v_mul(v_get(dy + j, n), gain(t, j, n));
            const vf h = v_mul(v_sub(v_get(x + j, n), mu), r);
            v_put(dx + j, n, v_fma(r, v_fnma(h, ghm, v_sub(g, gm)), v_get(dx + j, n)));
        }
    }
}

static void norm_back_columns(void *ctx, int64_t begin, int64_t end) {
    const norm_job *t = ctx;
    for (int64_t at = begin * COLUMNS; at < end * COLUMNS && at < t->d; at += LANES) {
        const int64_t n = t->d - at;
        vf total[2] = {v_zero(), v_zero()};
        for (int64_t i = 0; i < t->n; i += 64) { /* partial sums of 64 rows: the error grows with n/64 */
            vf dw = v_zero(), db = v_zero();
            for (int64_t k = i; k < i + 64 && k < t->n; k++) {
                const vf dy = v_get(t->dy + k * t->d + at, n), mu = v_set1(t->mean_in ? t->mean_in[k] : 0.0f);
                const vf h = v_mul(v_sub(v_get(t->x + k * t->d + at, n), mu), v_set1(t->rstd_in[k]));
                dw = v_fma(dy, h, dw);
                db = v_add(db, dy);
            }
            total[0] = v_add(total[0], dw);
            total[1] = v_add(total[1], db);
        }
        if (t->dw) v_put(t->dw + at, n, v_add(v_get(t->dw + at, n), total[0]));
        if (t->db) v_put(t->db + at, n, v_add(v_get(t->db + at, n), total[1]));
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

/* ---- logits */

typedef struct logits_job {
    int64_t v, ld;
    const float *x;
    float *dx;
    const int32_t *target;
    hn_row_stats *out;
    const hn_row_stats *stats;
    const double *dlogp, *dent, *dmean;
} logits_job;

enum { STRETCH = 2048 }; /* elements between two emptyings of the chains */

static float row_top(const float *x, int64_t v, double *sum) {
    __m256d acc[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
    vf top = v_set1(-INFINITY);
    ACROSS(v) {
        const vf t = v_get(x + j, n);
        v_add_double(t, acc);
        top = v_max(top, n >= LANES ? t : v_select(v_below((int)n), t, top));
    }
    *sum = v_sum_double(acc);
    return v_top(top);
}

static int32_t first_equal(const float *x, int64_t v, float top) {
    const vf t = v_set1(top);
    ACROSS(v) { /* no element is above the top, so equal is not less */
        const unsigned less = v_bits(v_less(v_get(x + j, n), t)) | (n < LANES ? 0xffffu << n : 0u);
        if ((less & 0xffffu) != 0xffffu) return (int32_t)(j + __builtin_ctz(~less));
    }
    return 0;
}

static void row_stats_rows(void *ctx, int64_t begin, int64_t end) {
    const logits_job *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        const float *x = t->x + i * t->ld;
        hn_row_stats s = {0};
        const float top = row_top(x, t->v, &s.sum);
        double sum = 0;
        for (int64_t at = 0; at < t->v; at += STRETCH) {
            const int64_t stretch = t->v - at < STRETCH ? t->v - at : STRETCH;
            vf s0 = v_zero(), s1 = v_zero(), s2 = v_zero();
            ACROSS(stretch) {
                const vf apart = v_sub(v_get(x + at + j, n), v_set1(top));
                vf e = v_exp_low(apart);
                if (n < LANES) e = v_select(v_below((int)n), e, v_zero());
                s0 = v_add(s0, e);
                s1 = v_fma(e, v_max(v_set1(-1e30f), apart), s1); /* a logit of -inf has no weight: 0, not NaN */
                s2 = v_fma(e, e, s2);
            }
            sum += (double)v_sum(s0);
            s.plogit += (double)v_sum(s1);
            s.p2 += (double)v_sum(s2);
        }
        s.lse = (double)top + log(sum);
        s.plogit = (double)top + s.plogit / sum;
        s.p2 /= sum * sum;
        s.argmax = first_equal(x, t->v, top);
        if (t->target && t->target[i] >= 0) s.target = (double)x[t->target[i]];
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
        float *x = t->dx + i * t->ld;
        const int64_t at = t->target ? t->target[i] : -1;
        const double da = t->dlogp && at >= 0 ? t->dlogp[i] : 0;
        const double de = t->dent ? t->dent[i] : 0, dm = t->dmean ? t->dmean[i] : 0;
        const double lse = t->stats[i].lse;
        /* lse in two floats: p is e^(x - lse), whose relative error is the absolute one of lse */
        const vf high = v_set1((float)lse), low = v_set1((float)(lse - (double)(float)lse));
        const vf plogit = v_set1((float)t->stats[i].plogit), minus = v_set1((float)-(da + dm));
        const vf ent = v_set1((float)de), flat = v_set1((float)(dm / (double)t->v));
        ACROSS(t->v) {
            const vf y = v_get(x + j, n), p = v_exp(v_sub(v_sub(y, high), low));
            vf weight = minus;
            if (t->dent) weight = v_fnma(ent, v_max(v_set1(-1e30f), v_sub(y, plogit)), minus);
            v_put(x + j, n, v_fma(p, weight, flat));
        }
        if (at >= 0) x[at] = (float)((double)x[at] + da);
    }
}
static void logits_back(int64_t r, int64_t v, void *logits, int64_t ld, const int32_t *target,
                        const hn_row_stats *stats, const double *dlogp, const double *dentropy, const double *dmean) {
    logits_job t = {.v = v, .ld = ld, .dx = logits, .target = target, .stats = stats, .dlogp = dlogp,
                    .dent = dentropy, .dmean = dmean};
    hn_par_for(r, row_grain(v), logits_back_rows, &t);
}
