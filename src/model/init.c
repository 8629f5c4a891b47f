/* init.c - random weights from a config, as transformers draws them: normal(0, initializer_range) for matrices, ones
 * for norms, zeros for biases; GPT-2's residual projections with std / sqrt(2 layers) (Radford et al. 2019). */
#include "model/model_impl.h"

#include <math.h>
#include <string.h>

typedef struct init_ctx {
    hn_model *m;
    uint64_t seed;
} init_ctx;

static void constant(hn_tensor *t, float value) {
    int64_t n = hn_tensor_count(t);
    float *f = t->data;
    double *d = t->data;
    for (int64_t i = 0; i < n; i++) {
        if (t->dtype == HN_F32) f[i] = value;
        else d[i] = (double)value;
    }
}

/* Draws in float32 whatever the dtype; float64 is widened in place from the end. */
static void normal(hn_tensor *t, const hn_rng_key *key, double std) {
    int64_t n = hn_tensor_count(t);
    float *f = t->data;
    hn_rng_fill_normal(key, f, (size_t)n, 0.0f, (float)std);
    if (t->dtype == HN_F32) return;
    double *d = t->data;
    for (int64_t i = n - 1; i >= 0; i--) {
        float v;
        memcpy(&v, (const char *)t->data + (size_t)i * sizeof v, sizeof v);
        d[i] = (double)v;
    }
}

static void init_params(void *ctx, int64_t begin, int64_t end) {
    const init_ctx *c = ctx;
    hn_model *m = c->m;
    for (int64_t i = begin; i < end; i++) {
        hn_tensor *t = &m->tensor[i];
        unsigned flags = m->spec[i]->flags;
        if (flags & (HN_P_ONES | HN_P_ZEROS)) {
            constant(t, flags & HN_P_ONES ? 1.0f : 0.0f);
            continue;
        }
        hn_rng_key key = {.seed = c->seed, .purpose = HN_RNG_INIT, .site = (uint32_t)i};
        normal(t, &key, flags & HN_P_RESIDUAL ? m->init_std / sqrt(2.0 * (double)m->info.layers) : m->init_std);
        if (!(flags & HN_P_EMBED) || m->info.pad < 0 || m->info.pad >= t->dim[0]) continue;
        size_t row = (size_t)t->dim[1] * hn_dtype_size(t->dtype);
        memset((char *)t->data + (size_t)m->info.pad * row, 0, row);
    }
}

hn_status hn_model_init(hn_dev *dev, const char *config_path, uint64_t seed, hn_dtype dtype, int64_t vocab, hn_model **out,
                        hn_error *err) {
    *out = NULL;
    hn_model *m = NULL;
    HN_TRY(hn_model_open(dev, config_path, !hn_path_is_dir(config_path), dtype, &m, err));
    hn_model_grow(m, vocab);
    hn_status st = hn_model_build_params(m, err);
    if (st == HN_OK) st = hn_model_alloc_params(m, err);
    if (st != HN_OK) {
        hn_model_free(m);
        return st;
    }
    m->info.file_dtype = dtype;
    init_ctx c = {m, seed};
    hn_par_for((int64_t)m->count, 1, init_params, &c);
    *out = m;
    return HN_OK;
}
