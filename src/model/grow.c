/* grow.c - more rows for the vocabulary: a model loaded with room for tokens that its files do not know.
 *
 * A new row of the embedding and of an untied head is the mean of the rows there are. That is the mean of the normal
 * distribution from which transformers draws new rows (resize_token_embeddings, mean_resizing: covariance 1e-9 times that of
 * the rows); without the draw, two runs start alike. */
#include "model/model_impl.h"

#include <string.h>

typedef struct mean_ctx {
    hn_tensor *t;
    int64_t rows; /* that are known */
} mean_ctx;

static double value_at(const hn_tensor *t, int64_t i) {
    return t->dtype == HN_F64 ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

static void mean_columns(void *ctx, int64_t begin, int64_t end) {
    const mean_ctx *c = ctx;
    int64_t all = c->t->dim[0], width = c->t->dim[1];
    for (int64_t j = begin; j < end; j++) {
        double sum = 0;
        for (int64_t i = 0; i < c->rows; i++) sum += value_at(c->t, i * width + j);
        double mean = sum / (double)c->rows;
        for (int64_t i = c->rows; i < all; i++) {
            if (c->t->dtype == HN_F64) ((double *)c->t->data)[i * width + j] = mean;
            else ((float *)c->t->data)[i * width + j] = (float)mean;
        }
    }
}

void hn_model_grow(hn_model *m, int64_t vocab) {
    if (vocab <= m->info.vocab) return;
    m->file_vocab = m->info.vocab;
    m->info.vocab = m->size[HN_DIM_V] = vocab;
}

bool hn_model_grows(const hn_model *m, const hn_pspec *s) {
    return m->file_vocab > 0 && s->dim[0] == HN_DIM_V && s->dim[1] != HN_DIM_NONE;
}

void hn_model_fill_new_rows(hn_model *m) {
    if (m->file_vocab == 0) return;
    for (size_t i = 0; i < m->count; i++) {
        if (!hn_model_grows(m, m->spec[i])) continue;
        mean_ctx c = {&m->tensor[i], m->file_vocab};
        hn_par_for(c.t->dim[1], 32, mean_columns, &c);
    }
}
