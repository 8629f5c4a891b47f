/* check_unknown_tokens.c - text the tokenizer has no tokens for. One unknown token in fifty is more than odd characters. */
#include "check/check_impl.h"

static const double much = 0.02;

typedef struct state {
    hn_tally rows;
    int64_t of, tokens, unknown;
} state;

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->unk >= 0 && c->unk != c->eos && c->unk != c->bos;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    int64_t unknown = 0;
    (void)f;
    for (size_t i = 0; i < row->parts; i++) {
        if (!row->part[i].text.p) continue;
        s->tokens += row->part[i].n;
        for (int64_t k = 0; k < row->part[i].n; k++) unknown += row->part[i].id[k] == c->unk;
    }
    s->of++;
    s->unknown += unknown;
    if (unknown) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->unknown) return;
    hn_found(c, hn_judge(s->unknown, s->tokens, much), &s->rows, s->of, "%.3g %% of tokens (%lld) are %s, in %lld of %lld rows",
             hn_percent(s->unknown, s->tokens), (long long)s->unknown, hn_tokenizer_special(c->setup->tok, HN_UNK),
             (long long)s->rows.n, (long long)s->of);
}

const hn_check hn_check_unknown_tokens = {{.id = "unknown-tokens",
                                           .about = "text that the tokenizer has no tokens for",
                                           .cost = "the model sees that something stood there, not what",
                                           .remedy = "use a tokenizer that knows the script, or add tokens"},
                                          .views = HN_ALL_VIEWS,
                                          .needs = HN_NEEDS_PARTS,
                                          .size = sizeof(state),
                                          .begin = begin,
                                          .row = row,
                                          .end = end};
