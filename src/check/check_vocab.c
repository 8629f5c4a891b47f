/* check_vocab.c - token ids for which the model has no embedding. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally outside;
    int64_t of;
    int32_t top;
} state;

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->setup->model && c->setup->model->vocab > 0;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    int32_t top = -1;
    (void)f;
    for (size_t i = 0; i < row->parts; i++)
        for (int64_t k = 0; k < row->part[i].n; k++) top = row->part[i].id[k] > top ? row->part[i].id[k] : top;
    s->of++;
    if (top > s->top) s->top = top;
    if (top >= c->setup->model->vocab) hn_tally_add(&s->outside, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    long long vocab = (long long)c->setup->model->vocab;
    if (s->outside.n) {
        hn_found(c, HN_SEVERITY_ERROR, &s->outside, s->of,
                 "%lld of %lld rows hold token ids up to %d, the model has %lld embeddings", (long long)s->outside.n,
                 (long long)s->of, s->top, vocab);
    } else if (c->setup->tok && hn_tokenizer_size(c->setup->tok) > vocab) {
        hn_finding *f = hn_found(c, HN_SEVERITY_INFO, NULL, 0,
                                 "the tokenizer knows %d tokens, the model has %lld embeddings; no row holds one of the others",
                                 hn_tokenizer_size(c->setup->tok), vocab);
        hn_found_cost(c, f, "none for this data");
    }
}

const hn_check hn_check_vocab = {
    {.id = "vocab-too-large", .about = "token ids beyond the model's embeddings", .cost = "the run stops at the first such token",
     .remedy = "use the tokenizer the model was trained with, or add embeddings for the new tokens"},
    .views = HN_ALL_VIEWS, .needs = HN_NEEDS_PARTS, .size = sizeof(state), .begin = begin, .row = row, .end = end};
