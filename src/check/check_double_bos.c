/* check_double_bos.c - the start token stands twice: once in the text, once more put there by the tokenizer.
 *
 * Any row is a warning: no clean row begins so. If all do, training and use differ in every row: an error. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally twice;
    int64_t of;
} state;

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->bos >= 0;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    bool twice = false;
    (void)f;
    for (size_t i = 0; i < row->parts; i++)
        twice |= row->part[i].n > 1 && row->part[i].id[0] == c->bos && row->part[i].id[1] == c->bos;
    s->of++;
    if (twice) hn_tally_add(&s->twice, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->twice.n) return;
    const char *bos = hn_tokenizer_special(c->setup->tok, HN_BOS);
    hn_finding *f =
        hn_found(c, s->twice.n == s->of ? HN_SEVERITY_ERROR : HN_SEVERITY_WARN, &s->twice, s->of,
                 "%lld of %lld rows begin with %s twice", (long long)s->twice.n, (long long)s->of, bos ? bos : "the start token");
    hn_found_remedy(c, f, "take %s out of the text (the tokenizer puts it there), or give conversations as \"messages\"",
                    bos ? bos : "the start token");
}

const hn_check hn_check_double_bos = {
    {.id = "double-bos", .about = "the start token stands twice at the start of a row",
     .cost = "the model learns from sequences that no other program will ever feed it",
     .remedy = "take the start token out of the text"},
    .views = HN_ALL_VIEWS, .needs = HN_NEEDS_PARTS, .size = sizeof(state), .begin = begin, .row = row, .end = end};
