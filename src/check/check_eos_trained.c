/* check_eos_trained.c - is the token that ends an answer learnt, and is it one at which generation stops?
 *
 * A row counts as ended if one of its last eight targets is the end token or another special token (end-of-turn tokens are
 * special in every known tokenizer; a template may put white space behind them). Rows cut by truncation are not asked. */
#include "check/check_impl.h"

enum { TAIL = 8 };
static const double most = 0.95; /* below this share of ended rows it is no longer a matter of a few odd rows */

typedef struct state {
    hn_tally open, elsewhere; /* no end; an end that does not stop generation */
    int64_t of, ended;
    bool labels, tokens;      /* rows bring labels or masks of their own; rows came as tokens */
    int32_t other;
} state;

static bool begin(void *self, hn_check_ctx *c) {
    (void)self;
    return c->setup->tok != NULL && !c->setup->packed;
}

static bool stops(const hn_check_ctx *c, int32_t id) {
    const hn_check_model *m = c->setup->model;
    if (id == c->eos && (!m || !m->config_eos_known)) return true;
    if (!m || !m->config_eos_known) return false;
    for (int32_t i = 0; i < m->eos_count; i++)
        if (m->eos[i] == id) return true;
    return false;
}

/* The last special token among the last targets of what truncation leaves; -1: none; -2: there is no target. */
static int32_t end_of(const hn_check_ctx *c, const hn_look_part *p) {
    int looked = 0;
    for (int64_t i = p->from + p->kept - 1; i >= p->from && looked < TAIL; i--) {
        if (p->label[i] == HN_IGNORED) continue;
        looked++;
        if (p->label[i] == c->eos || (p->label[i] != c->bos && hn_tokenizer_is_special(c->setup->tok, p->label[i])))
            return p->label[i];
    }
    return looked ? -1 : -2;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    bool asked = false, ended = true, halts = true;
    for (size_t i = 0; i < row->parts; i++) {
        const hn_look_part *p = &row->part[i];
        int32_t id = p->from + p->kept == p->n ? end_of(c, p) : -2;
        if (id == -2) continue;
        asked = true;
        ended &= id >= 0;
        if (id >= 0 && !stops(c, id)) {
            halts = false;
            s->other = id;
        }
    }
    s->labels |=
        row->example->kind == HN_KIND_TOKENS && (hn_json_has(f->value, "labels") || hn_json_has(f->value, "completion_mask"));
    s->tokens |= row->example->kind == HN_KIND_TOKENS;
    if (!asked) return;
    s->of++;
    s->ended += ended;
    if (!ended) hn_tally_add(&s->open, row);
    if (ended && !halts) hn_tally_add(&s->elsewhere, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    const char *eos = c->setup->eos_token ? c->setup->eos_token : hn_tokenizer_special(c->setup->tok, HN_EOS);
    if (!eos) eos = "an end token";
    if (s->open.n) {
        bool never = s->ended == 0 && !(s->tokens && (c->setup->quick || !s->labels)); /* token rows may be pieces of texts */
        hn_severity severity = never                                     ? HN_SEVERITY_ERROR
                               : (double)s->ended < most * (double)s->of ? HN_SEVERITY_WARN
                                                                         : HN_SEVERITY_INFO;
        hn_finding *f = hn_found(c, severity, &s->open, s->of,
                                 "%s, or another token that ends an answer, is a target in %.3g %% of rows (%lld of %lld)", eos,
                                 hn_percent(s->ended, s->of), (long long)s->ended, (long long)s->of);
        if (s->labels) hn_found_remedy(c, f, "give the end token a label of its own: mask padding by position, not by its id");
    }
    if (s->elsewhere.n) {
        hn_str token = hn_tokenizer_token(c->setup->tok, s->other);
        bool known = c->setup->model && c->setup->model->config_eos_known;
        hn_finding *f = hn_found(c, known ? HN_SEVERITY_WARN : HN_SEVERITY_INFO, &s->elsewhere, s->of,
                                 "answers end with %.*s (id %d), at which generation does not stop%s", (int)token.n,
                                 token.p ? token.p : "", s->other, known ? " (generation_config.json)" : " unless it is told to");
        hn_found_cost(c, f, "the model ends its turn and goes on talking");
        hn_found_remedy(c, f, "add id %d to \"eos_token_id\" in generation_config.json, or --eos_token '%.*s'", s->other,
                        (int)token.n, token.p ? token.p : "");
    }
}

const hn_check hn_check_eos_trained = {
    {.id = "eos-not-trained", .about = "the token that ends an answer is no target",
     .cost = "the model never learns to stop",
     .remedy = "let the template end assistant turns with the end token, inside {% generation %}; do not mask it"},
    .views = HN_ANSWER_VIEWS, .needs = HN_NEEDS_PARTS, .size = sizeof(state), .begin = begin, .row = row, .end = end};
