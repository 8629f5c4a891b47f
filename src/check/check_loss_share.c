/* check_loss_share.c - rows without a target, and rows that are targets throughout.
 *
 * All tokens as targets is how plain text is learnt: worth knowing, and a warning only where a mask was asked for, which then
 * masks nothing. Rows without targets that truncation did not make teach nothing; up to one in a hundred is a matter of odd rows.
 */
#include "check/check_impl.h"

typedef struct state {
    hn_tally none, all;
    int64_t of, tokens, targets;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    const hn_look_part *p = row->part;
    int64_t targets = 0, kept = 0, places = 0;
    (void)c;
    (void)f;
    for (size_t i = 0; i < row->parts; i++, p++) {
        for (int64_t k = 0; k < p->n; k++) targets += p->label[k] != HN_IGNORED;
        for (int64_t k = p->from + 1; k < p->from + p->kept; k++) kept += p->label[k] != HN_IGNORED;
        places += p->kept - (p->kept > 0); /* nothing predicts the first token */
    }
    s->of++;
    s->targets += kept;
    s->tokens += places;
    if (targets == 0) hn_tally_add(&s->none, row);
    if (places > 0 && kept == places) hn_tally_add(&s->all, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    bool asked = c->setup->completion_only == 1 || c->setup->assistant_only;
    if (s->none.n) {
        hn_found(c, s->none.n == s->of ? HN_SEVERITY_ERROR : hn_judge(s->none.n, s->of, 0.01), &s->none, s->of,
                 "%lld of %lld rows hold no token to learn from", (long long)s->none.n, (long long)s->of);
    }
    if (s->all.n == s->of && s->of) {
        hn_finding *f = hn_found(c, asked ? HN_SEVERITY_WARN : HN_SEVERITY_INFO, &s->all, s->of,
                                 "every token of every row is a target%s", asked ? ", though a mask was asked for" : "");
        hn_found_cost(c, f, "prompts are learnt like answers");
        hn_found_remedy(
            c, f,
            asked
                ? "give rows as \"prompt\" and \"completion\", or as \"messages\" with a template that marks the assistant's part"
                : "none for plain text; else --completion_only_loss true or --assistant_only_loss true");
    } else if (s->all.n && asked) {
        hn_finding *f = hn_found(c, HN_SEVERITY_WARN, &s->all, s->of,
                                 "in %lld of %lld rows every token is a target, though a mask was asked for", (long long)s->all.n,
                                 (long long)s->of);
        hn_found_cost(c, f, "in these rows prompts are learnt like answers");
    }
}

const hn_check hn_check_loss_share = {{.id = "loss-share",
                                       .about = "rows without any target, or targets throughout where a mask was asked for",
                                       .cost = "these rows teach nothing and are dropped",
                                       .remedy = "look at them with `hone data inspect`; give them an answer, or leave them out"},
                                      .views = HN_VIEW_BIT(SFT),
                                      .needs = HN_NEEDS_PARTS,
                                      .size = sizeof(state),
                                      .row = row,
                                      .end = end};
