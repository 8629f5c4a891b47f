/* rope.c - rotary positions: inverse frequencies by type, and the cos and sin of a batch's rows.
 *
 * default  f_j = theta^(-2j / dims)
 * linear   f_j / factor (Chen et al. 2023)
 * llama3   long waves / factor, short waves kept, a ramp between (Llama 3.1)
 * yarn     a ramp over the dims between f_j / factor and f_j; cos and sin scaled (Peng et al. 2023)
 * Frequencies are float32 as in transformers, in its order of operations; angles are taken in float64. */
#include "nn/nn.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

static void plain(hn_rope *r, const hn_rope_spec *s) {
    for (int32_t j = 0; j < r->half; j++) {
        float e = (float)(2 * j) / (float)s->dims;
        r->inv_freq[j] = 1.0f / (float)pow(s->theta, (double)e);
    }
}

static void llama3(hn_rope *r, const hn_rope_spec *s) {
    float long_wave = (float)(s->original_positions / s->low_freq);
    float short_wave = (float)(s->original_positions / s->high_freq);
    for (int32_t j = 0; j < r->half; j++) {
        float f = r->inv_freq[j], wave = (float)(2 * PI) / f, slow = f / (float)s->factor;
        if (wave > long_wave) {
            r->inv_freq[j] = slow;
        } else if (wave >= short_wave) {
            float smooth = ((float)s->original_positions / wave - (float)s->low_freq) / (float)(s->high_freq - s->low_freq);
            r->inv_freq[j] = (1.0f - smooth) * slow + smooth * f;
        }
    }
}

/* The dim (as a real number) that makes the given number of turns over the original positions. */
static double yarn_dim(const hn_rope_spec *s, double turns) {
    return s->dims * log(s->original_positions / (turns * 2 * PI)) / (2 * log(s->theta));
}

static double yarn_mscale(double factor, double mscale) { return factor <= 1 ? 1.0 : 0.1 * mscale * log(factor) + 1.0; }

static void yarn(hn_rope *r, const hn_rope_spec *s) {
    double low = yarn_dim(s, s->beta_fast), high = yarn_dim(s, s->beta_slow);
    if (s->truncate) {
        low = floor(low);
        high = ceil(high);
    }
    low = fmax(low, 0);
    high = fmin(high, s->dims - 1);
    if (low == high) high += 0.001;
    for (int32_t j = 0; j < r->half; j++) {
        float e = (float)(2 * j) / (float)s->dims, wide = (float)pow(s->theta, (double)e);
        float ramp = ((float)j - (float)low) / (float)(high - low);
        float keep = 1.0f - fminf(fmaxf(ramp, 0.0f), 1.0f);
        r->inv_freq[j] = 1.0f / ((float)s->factor * wide) * (1.0f - keep) + 1.0f / wide * keep;
    }
    if (!isnan(s->attention_factor)) r->scale = s->attention_factor;
    else if (s->mscale > 0 && s->mscale_all > 0)
        r->scale = yarn_mscale(s->factor, s->mscale) / yarn_mscale(s->factor, s->mscale_all);
    else r->scale = yarn_mscale(s->factor, 1);
}

hn_status hn_rope_init(hn_rope *r, const hn_rope_spec *s, hn_error *err) {
    *r = (hn_rope){.half = s->dims / 2, .interleaved = s->interleaved, .scale = 1};
    if (s->dims < 2 || s->dims % 2 != 0 || r->half > HN_ROPE_MAX_HALF)
        return hn_fail(err, HN_EFORMAT, "rotary positions turn an even number of dims from 2 to %d, not %d", 2 * HN_ROPE_MAX_HALF,
                       s->dims);
    if (!(s->theta > 0)) return hn_fail(err, HN_EFORMAT, "rope_theta must be positive");
    bool scaled = s->type != HN_ROPE_DEFAULT;
    if (scaled && !(s->factor > 0)) return hn_fail(err, HN_EFORMAT, "the rope factor must be positive");
    if ((s->type == HN_ROPE_LLAMA3 || s->type == HN_ROPE_YARN) && !(s->original_positions > 0))
        return hn_fail(err, HN_EFORMAT, "original_max_position_embeddings must be positive");
    if (s->type == HN_ROPE_LLAMA3 && !(s->low_freq > 0 && s->high_freq > s->low_freq))
        return hn_fail(err, HN_EFORMAT, "llama3 rope needs 0 < low_freq_factor < high_freq_factor");
    plain(r, s);
    if (s->type == HN_ROPE_LINEAR)
        for (int32_t j = 0; j < r->half; j++) r->inv_freq[j] /= (float)s->factor;
    if (s->type == HN_ROPE_LLAMA3) llama3(r, s);
    if (s->type == HN_ROPE_YARN) yarn(r, s);
    return HN_OK;
}

typedef struct rows_ctx {
    const hn_rope *r;
    const int32_t *pos;
    double *cos, *sin;
} rows_ctx;

static void fill_rows(void *ctx, int64_t begin, int64_t end) {
    const rows_ctx *c = ctx;
    int32_t half = c->r->half;
    for (int64_t i = begin; i < end; i++) {
        for (int32_t j = 0; j < half; j++) {
            double angle = (double)c->pos[i] * (double)c->r->inv_freq[j];
            c->cos[i * half + j] = c->r->scale * cos(angle);
            c->sin[i * half + j] = c->r->scale * sin(angle);
        }
    }
}

hn_status hn_rope_rows(const hn_rope *r, hn_tape *t, const int32_t *pos, int64_t n, hn_rope_table *out) {
    *out = (hn_rope_table){0};
    size_t count = (size_t)n * (size_t)r->half;
    double *values = hn_alloc_array(count ? count : 1, 2 * sizeof(double));
    if (!values) return hn_tape_fail(t, HN_ENOMEM, "out of memory for the rotary table of %lld tokens", (long long)n);
    rows_ctx c = {r, pos, values, values + count};
    hn_par_for(n, 256, fill_rows, &c);
    hn_status st = hn_rope_table_new(t, n, r->half, r->interleaved, c.cos, c.sin, out);
    hn_free(values);
    return st;
}
