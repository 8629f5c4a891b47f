/* fast_elem_tmpl.h - slots that work element by element, 16 at a time. The last, shorter vector goes through the same
 * operations with its missing lanes masked, so an element's bits do not depend on where it stands. */

typedef struct elem_job {
    hn_act kind;
    float alpha;
    bool acc;
    const float *x, *y, *dy;
    float *z, *z2;
} elem_job;

enum { ELEMS = 16384 };

#define EACH for (int64_t i = begin, n; n = end - i, i < end; i += LANES)
#define GET(p) v_get((p) + i, n)
#define PUT(p, x) v_put((p) + i, n, x)

/* Calls body with a constant kind, so that the compiler keeps one of the activations in the loop. */
#define BY_KIND(kind, body)                                                                            \
    switch (kind) {                                                                                    \
    case HN_ACT_GELU: body(HN_ACT_GELU); break;                                                        \
    case HN_ACT_GELU_TANH: body(HN_ACT_GELU_TANH); break;                                              \
    case HN_ACT_SILU: body(HN_ACT_SILU); break;                                                        \
    case HN_ACT_RELU: body(HN_ACT_RELU); break;                                                        \
    case HN_ACT_TANH: body(HN_ACT_TANH); break;                                                        \
    case HN_ACT_NONE: body(HN_ACT_NONE); break;                                                        \
    }

static void act_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
#define BODY(kind) EACH PUT(w->z, v_act(kind, GET(w->x)))
    BY_KIND(w->kind, BODY)
#undef BODY
}
static void act(hn_act kind, int64_t count, const void *x, void *y) {
    elem_job w = {.kind = kind, .x = x, .z = y};
    hn_par_for(count, ELEMS, act_chunk, &w);
}

static void act_back_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    vf value;
#define BODY(kind) EACH PUT(w->z, v_fma(GET(w->dy), v_act_slope(kind, GET(w->x), &value), GET(w->z)))
    BY_KIND(w->kind, BODY)
#undef BODY
}
static void act_back(hn_act kind, int64_t count, const void *x, const void *dy, void *dx) {
    elem_job w = {.kind = kind, .x = x, .dy = dy, .z = dx};
    hn_par_for(count, ELEMS, act_back_chunk, &w);
}

static void gated_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
#define BODY(kind) EACH PUT(w->z, v_mul(v_act(kind, GET(w->x)), GET(w->y)))
    BY_KIND(w->kind, BODY)
#undef BODY
}
static void gated_act(hn_act kind, int64_t count, const void *gate, const void *up, void *y) {
    elem_job w = {.kind = kind, .x = gate, .y = up, .z = y};
    hn_par_for(count, ELEMS, gated_chunk, &w);
}

static void gated_back_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
#define BODY(kind)                                                                                     \
    EACH {                                                                                             \
        vf value;                                                                                      \
        const vf dy = GET(w->dy), slope = v_act_slope(kind, GET(w->x), &value);                        \
        PUT(w->z, v_fma(v_mul(dy, GET(w->y)), slope, GET(w->z)));                                      \
        PUT(w->z2, v_fma(dy, value, GET(w->z2)));                                                      \
    }
    BY_KIND(w->kind, BODY)
#undef BODY
}
static void gated_act_back(hn_act kind, int64_t count, const void *gate, const void *up, const void *dy,
                           void *dgate, void *dup) {
    elem_job w = {.kind = kind, .x = gate, .y = up, .dy = dy, .z = dgate, .z2 = dup};
    hn_par_for(count, ELEMS, gated_back_chunk, &w);
}

static void add_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    EACH PUT(w->z, v_add(GET(w->x), GET(w->y)));
}
static void add(int64_t count, const void *x, const void *y, void *z) {
    elem_job w = {.x = x, .y = y, .z = z};
    hn_par_for(count, ELEMS, add_chunk, &w);
}

static void axpy_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    const vf alpha = v_set1(w->alpha);
    EACH PUT(w->z, v_fma(alpha, GET(w->x), GET(w->z)));
}
static void axpy(int64_t count, double alpha, const void *x, void *y) {
    elem_job w = {.alpha = (float)alpha, .x = x, .z = y};
    hn_par_for(count, ELEMS, axpy_chunk, &w);
}

static void scale_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    const vf alpha = v_set1(w->alpha);
    EACH PUT(w->z, v_mul(alpha, GET(w->x)));
}
static void scale(int64_t count, double alpha, const void *x, void *y) {
    elem_job w = {.alpha = (float)alpha, .x = x, .z = y};
    hn_par_for(count, ELEMS, scale_chunk, &w);
}

static void mul_chunk(void *ctx, int64_t begin, int64_t end) {
    const elem_job *w = ctx;
    if (w->acc) EACH PUT(w->z, v_fma(GET(w->x), GET(w->y), GET(w->z)));
    else EACH PUT(w->z, v_mul(GET(w->x), GET(w->y)));
}
static void mul(int64_t count, const void *x, const void *m, bool acc, void *y) {
    elem_job w = {.acc = acc, .x = x, .y = m, .z = y};
    hn_par_for(count, ELEMS, mul_chunk, &w);
}

typedef struct adamw_job {
    float clip, keep, lerp, beta2, rest2, step_size, root2, eps;
    float *p, *m, *v;
    const float *g;
    bool first;
} adamw_job;

static void adamw_chunk(void *ctx, int64_t begin, int64_t end) {
    const adamw_job *w = ctx;
    EACH {
        const vf g = v_mul(GET(w->g), v_set1(w->clip)), m0 = w->first ? v_set1(0) : GET(w->m);
        const vf v0 = w->first ? v_set1(0) : GET(w->v), m = v_fma(v_sub(g, m0), v_set1(w->lerp), m0);
        const vf v = v_fma(v_mul(g, g), v_set1(w->rest2), v_mul(v0, v_set1(w->beta2)));
        const vf denom = v_add(v_div(v_sqrt(v), v_set1(w->root2)), v_set1(w->eps));
        const vf p = v_mul(GET(w->p), v_set1(w->keep));
        PUT(w->m, m);
        PUT(w->v, v);
        PUT(w->p, v_fnma(v_set1(w->step_size), v_div(m, denom), p));
    }
}
static void adamw(const hn_adamw *o, int64_t count, void *p, const void *g, void *m, void *v) {
    adamw_job w = {.clip = (float)o->clip, .keep = (float)(1 - o->lr * o->weight_decay), .lerp = (float)(1 - o->beta1),
                   .beta2 = (float)o->beta2, .rest2 = (float)(1 - o->beta2), .eps = (float)o->eps,
                   .step_size = (float)(o->lr / (1 - pow(o->beta1, (double)o->step))),
                   .root2 = (float)sqrt(1 - pow(o->beta2, (double)o->step)), .p = p, .m = m, .v = v, .g = g,
                   .first = o->step == 1};
    hn_par_for(count, ELEMS, adamw_chunk, &w);
}

enum { SUM_CHUNK = 32768, SUM_PARTS = 64 };
typedef struct sum_job {
    const float *x;
    double part[SUM_PARTS];
} sum_job;

static void sumsq_chunk(void *ctx, int64_t begin, int64_t end) {
    sum_job *w = ctx;
    __m256d acc[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
    EACH v_square_double(GET(w->x), acc);
    w->part[begin / SUM_CHUNK] = v_sum_double(acc);
}
static double sumsq(int64_t count, const void *x) {
    double total = 0;
    for (int64_t at = 0; at < count; at += SUM_PARTS * SUM_CHUNK) {
        const int64_t left = count - at, n = left < SUM_PARTS * SUM_CHUNK ? left : SUM_PARTS * SUM_CHUNK;
        sum_job w = {.x = (const float *)x + at};
        hn_par_for(n, SUM_CHUNK, sumsq_chunk, &w);
        for (int64_t i = 0; i * SUM_CHUNK < n; i++) total += w.part[i];
    }
    return total;
}

typedef struct rope_job {
    int32_t heads, dh, half;
    bool interleaved, acc;
    float sign;
    const float *x, *c, *s;
    float *y;
} rope_job;

/* Pairs (j, j + half). */
INLINE void rope_head(const rope_job *w, const float *c, const float *s, const float *x, float *y, bool acc) {
    const vf sign = v_set1(w->sign);
    for (int64_t j = 0; j < w->half; j += LANES) {
        const int64_t n = w->half - j;
        const vf a = v_get(x + j, n), b = v_get(x + w->half + j, n), co = v_get(c + j, n);
        const vf si = v_mul(sign, v_get(s + j, n));
        vf ya = v_fnma(b, si, v_mul(a, co)), yb = v_fma(a, si, v_mul(b, co));
        if (acc) {
            ya = v_add(v_get(y + j, n), ya);
            yb = v_add(v_get(y + w->half + j, n), yb);
        }
        v_put(y + j, n, ya);
        v_put(y + w->half + j, n, yb);
    }
}

static void rope_pairs(const rope_job *w, const float *c, const float *s, const float *x, float *y) {
    for (int32_t j = 0; j < w->half; j++) {
        const float a = x[2 * j], b = x[2 * j + 1], si = w->sign * s[j];
        const float ya = a * c[j] - b * si, yb = b * c[j] + a * si;
        y[2 * j] = w->acc ? y[2 * j] + ya : ya;
        y[2 * j + 1] = w->acc ? y[2 * j + 1] + yb : yb;
    }
}

static void rope_chunk(void *ctx, int64_t begin, int64_t end) {
    const rope_job *w = ctx;
    for (int64_t i = begin; i < end; i++) {
        const float *c = w->c + i * w->half, *s = w->s + i * w->half;
        for (int32_t h = 0; h < w->heads; h++) {
            const float *x = w->x + (i * w->heads + h) * w->dh;
            float *y = w->y + (i * w->heads + h) * w->dh;
            if (w->interleaved) rope_pairs(w, c, s, x, y);
            else if (w->acc) rope_head(w, c, s, x, y, true);
            else rope_head(w, c, s, x, y, false);
            for (int32_t j = 2 * w->half; j < w->dh; j++) y[j] = w->acc ? y[j] + x[j] : x[j];
        }
    }
}
static void rope(int64_t n, int32_t heads, int32_t dh, int32_t half, bool interleaved, const void *x, const void *c,
                 const void *s, int sign, bool acc, void *y) {
    rope_job w = {.heads = heads, .dh = dh, .half = half, .interleaved = interleaved, .acc = acc,
                  .sign = (float)sign, .x = x, .c = c, .s = s, .y = y};
    hn_par_for(n, row_grain((int64_t)heads * dh), rope_chunk, &w);
}
