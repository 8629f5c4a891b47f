/* check_pad_eos.c - padding with the end token: whoever masks padding by its id masks the end of every answer.
 *
 * hone masks by position, so rows of text lose nothing. Rows that bring labels may have lost it already: then it is an error.
 * Where the folder's own config.json agrees on the pad token the model was made that way: worth knowing, no more. Where only
 * the tokenizer says so it was set afterwards, and the next program that reads the folder is at risk. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally masked; /* rows in which the end token stands and is never a target */
    int64_t of, trained;
} state;

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->pad >= 0 && c->pad == c->eos;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    bool stands = false, target = false;
    (void)f;
    if (row->example->kind != HN_KIND_TOKENS) return;
    for (int64_t i = 0; i < row->part->n; i++) {
        if (row->part->id[i] != c->eos) continue;
        stands = true;
        target |= row->part->label[i] == c->eos;
    }
    s->of += stands;
    s->trained += target;
    if (stands && !target) hn_tally_add(&s->masked, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    const hn_check_model *m = c->setup->model;
    const char *pad = hn_tokenizer_special(c->setup->tok, HN_PAD);
    if (s->masked.n) {
        hn_found(c, s->trained || c->setup->quick ? HN_SEVERITY_WARN : HN_SEVERITY_ERROR, &s->masked, s->of,
                 "%s pads and ends answers, and in %lld of %lld rows that hold it its label is -100 everywhere", pad,
                 (long long)s->masked.n, (long long)s->of);
        return;
    }
    bool meant = m && m->config_pad == c->eos;
    hn_finding *f = hn_found(c, meant || c->setup->quick ? HN_SEVERITY_INFO : HN_SEVERITY_WARN, NULL, 0,
                             "the pad token is the end token, %s%s", pad,
                             meant ? ", as config.json says too" : m && m->model_type ? ", which config.json does not say" : "");
    hn_found_cost(
        c, f, "none here, targets are chosen by position; a program that masks by token id never trains the end of an answer");
}

const hn_check hn_check_pad_eos = {{.id = "pad-is-eos",
                                    .about = "the pad token is the end token, and labels may have lost it",
                                    .cost = "the end of an answer is never a target: the model does not learn to stop",
                                    .remedy = "give tokenizer_config.json another \"pad_token\", and mask padding by position"},
                                   .views = HN_ANSWER_VIEWS | HN_VIEW_BIT(TEXT),
                                   .needs = HN_NEEDS_PARTS,
                                   .size = sizeof(state),
                                   .begin = begin,
                                   .row = row,
                                   .end = end};
