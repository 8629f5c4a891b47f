/* ref_elem_tmpl.h - reference slots that work element by element: the arithmetic is done in double and
 * rounded once, so a float result is the true one within one rounding. */

typedef struct elem_job {
    hn_act kind;
    double alpha;
    bool acc;
    const real *x, *y, *dy;
    real *z, *z2;
} elem_job;

enum { ELEMS = 8192 };

static double act_value(hn_act kind, double x) {
    switch (kind) {
    case HN_ACT_GELU: return 0.5 * x * erfc(-x * M_SQRT1_2);
    case HN_ACT_GELU_TANH: return 0.5 * x * (1 + tanh(GELU_C * (x + GELU_A * x * x * x)));
    case HN_ACT_SILU: return x / (1 + exp(-x));
    case HN_ACT_RELU: return x > 0 ? x : x == x ? 0 : x;
    case HN_ACT_TANH: return tanh(x);
    case HN_ACT_NONE: break;
    }
    return x;
}

static double act_slope(hn_act kind, double x) {
    double t;
    switch (kind) {
    case HN_ACT_GELU: return 0.5 * erfc(-x * M_SQRT1_2) + x * exp(-0.5 * x * x) * INV_SQRT_2PI;
    case HN_ACT_GELU_TANH:
        t = tanh(GELU_C * (x + GELU_A * x * x * x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_C * (1 + 3 * GELU_A * x * x);
    case HN_ACT_SILU:
        t = 1 / (1 + exp(-x));
        return t * (1 + x * (1 - t));
    case HN_ACT_RELU: return x > 0 ? 1 : 0;
    case HN_ACT_TANH:
        t = tanh(x);
        return 1 - t * t;
    case HN_ACT_NONE: break;
    }
    return 1;
}

static void act_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    for (int64_t i = begin; i < end; i++) w->z[i] = (real)act_value(w->kind, D(w->x[i]));
}
static void act(hn_act kind, int64_t count, const void *x, void *y) {
    elem_job w = {.kind = kind, .x = x, .z = y};
    hn_par_for(count, ELEMS, act_chunk, &w);
}

static void act_back_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    for (int64_t i = begin; i < end; i++)
        w->z[i] = (real)(D(w->z[i]) + D(w->dy[i]) * act_slope(w->kind, D(w->x[i])));
}
static void act_back(hn_act kind, int64_t count, const void *x, const void *dy, void *dx) {
    elem_job w = {.kind = kind, .x = x, .dy = dy, .z = dx};
    hn_par_for(count, ELEMS, act_back_chunk, &w);
}

static void gated_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    for (int64_t i = begin; i < end; i++)
        w->z[i] = (real)(act_value(w->kind, D(w->x[i])) * D(w->y[i]));
}
static void gated_act(hn_act kind, int64_t count, const void *gate, const void *up, void *y) {
    elem_job w = {.kind = kind, .x = gate, .y = up, .z = y};
    hn_par_for(count, ELEMS, gated_chunk, &w);
}

static void gated_back_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    for (int64_t i = begin; i < end; i++) {
        const double g = D(w->x[i]), up = D(w->y[i]), dy = D(w->dy[i]);
        w->z[i] = (real)(D(w->z[i]) + dy * up * act_slope(w->kind, g));
        w->z2[i] = (real)(D(w->z2[i]) + dy * act_value(w->kind, g));
    }
}
static void gated_act_back(hn_act kind, int64_t count, const void *gate, const void *up, const void *dy,
                           void *dgate, void *dup) {
    elem_job w = {.kind = kind, .x = gate, .y = up, .dy = dy, .z = dgate, .z2 = dup};
    hn_par_for(count, ELEMS, gated_back_chunk, &w);
}

static void add_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    for (int64_t i = begin; i < end; i++) w->z[i] = w->x[i] + w->y[i];
}
static void add(int64_t count, const void *x, const void *y, void *z) {
    elem_job w = {.x = x, .y = y, .z = z};
    hn_par_for(count, ELEMS, add_chunk, &w);
}

static void axpy_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    for (int64_t i = begin; i < end; i++) w->z[i] = (real)(D(w->z[i]) + w->alpha * D(w->x[i]));
}
static void axpy(int64_t count, double alpha, const void *x, void *y) {
    elem_job w = {.alpha = alpha, .x = x, .z = y};
    hn_par_for(count, ELEMS, axpy_chunk, &w);
}

static void scale_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    for (int64_t i = begin; i < end; i++) w->z[i] = (real)(w->alpha * D(w->x[i]));
}
static void scale(int64_t count, double alpha, const void *x, void *y) {
    elem_job w = {.alpha = alpha, .x = x, .z = y};
    hn_par_for(count, ELEMS, scale_chunk, &w);
}

static void mul_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    for (int64_t i = begin; i < end; i++)
        w->z[i] = (real)((w->acc ? D(w->z[i]) : 0) + D(w->x[i]) * D(w->y[i]));
}
static void mul(int64_t count, const void *x, const void *m, bool acc, void *y) {
    elem_job w = {.acc = acc, .x = x, .y = m, .z = y};
    hn_par_for(count, ELEMS, mul_chunk, &w);
}

typedef struct adamw_job {
    const hn_adamw *o;
    double step_size, root2; /* lr / (1 - b1^t), sqrt(1 - b2^t) */
    real *p, *m, *v;
    const real *g;
} adamw_job;

static void adamw_chunk(void *ctx, int64_t begin, int64_t end) {
    const adamw_job *w = ctx;
    const hn_adamw *o = w->o;
    for (int64_t i = begin; i < end; i++) {
        const double g = D(w->g[i]) * o->clip;
        const double m0 = o->step == 1 ? 0 : D(w->m[i]), v0 = o->step == 1 ? 0 : D(w->v[i]);
        const double m = m0 + (g - m0) * (1 - o->beta1);
        const double v = o->beta2 * v0 + (1 - o->beta2) * g * g;
        const double p = D(w->p[i]) * (1 - o->lr * o->weight_decay);
        w->m[i] = (real)m;
        w->v[i] = (real)v;
        w->p[i] = (real)(p - w->step_size * m / (sqrt(v) / w->root2 + o->eps));
    }
}
static void adamw(const hn_adamw *o, int64_t count, void *p, const void *g, void *m, void *v) {
    adamw_job w = {.o = o, .p = p, .m = m, .v = v, .g = g,
                   .step_size = o->lr / (1 - pow(o->beta1, (double)o->step)),
                   .root2 = sqrt(1 - pow(o->beta2, (double)o->step))};
    hn_par_for(count, ELEMS, adamw_chunk, &w);
}

typedef struct sum_job {
    const real *x;
    double part[64];
} sum_job;
enum { SUM_CHUNK = 32768 };

static void sumsq_chunk(void *ctx, int64_t begin, int64_t end) {
    sum_job *w = ctx;
    double s = 0;
    for (int64_t i = begin; i < end; i++) s += D(w->x[i]) * D(w->x[i]);
    w->part[begin / SUM_CHUNK] = s;
}
static double sumsq(int64_t count, const void *x) {
    double total = 0;
    for (int64_t at = 0; at < count; at += 64 * SUM_CHUNK) {
        const int64_t left = count - at, n = left < 64 * SUM_CHUNK ? left : 64 * SUM_CHUNK;
        sum_job w = {.x = (const real *)x + at};
        hn_par_for(n, SUM_CHUNK, sumsq_chunk, &w);
        for (int64_t i = 0; i * SUM_CHUNK < n; i++) total += w.part[i];
    }
    return total;
}

typedef struct rope_job {
    int32_t heads, dh, half;
    bool interleaved, acc;
    double sign;
    const real *x, *c, *s;
    real *y;
} rope_job;

static void rope_chunk(void *ctx, int64_t begin, int64_t end) {
    const rope_job *w = ctx;
    for (int64_t i = begin; i < end; i++) {
        const real *c = w->c + i * w->half, *s = w->s + i * w->half;
        for (int32_t h = 0; h < w->heads; h++) {
            const real *x = w->x + (i * w->heads + h) * w->dh;
            real *y = w->y + (i * w->heads + h) * w->dh;
            for (int32_t j = 0; j < w->half; j++) {
                const int32_t at = w->interleaved ? 2 * j : j, bt = w->interleaved ? 2 * j + 1 : j + w->half;
                const double a = D(x[at]), b = D(x[bt]), co = D(c[j]), si = w->sign * D(s[j]);
                y[at] = (real)((w->acc ? D(y[at]) : 0) + (a * co - b * si));
                y[bt] = (real)((w->acc ? D(y[bt]) : 0) + (b * co + a * si));
            }
            for (int32_t j = 2 * w->half; j < w->dh; j++) y[j] = w->acc ? y[j] + x[j] : x[j];
        }
    }
}
static void rope(int64_t n, int32_t heads, int32_t dh, int32_t half, bool interleaved, const void *x, const void *c,
                 const void *s, int sign, bool acc, void *y) {
    rope_job w = {.heads = heads, .dh = dh, .half = half, .interleaved = interleaved, .acc = acc,
                  .sign = sign, .x = x, .c = c, .s = s, .y = y};
    hn_par_for(n, row_grain((int64_t)heads * dh), rope_chunk, &w);
}
