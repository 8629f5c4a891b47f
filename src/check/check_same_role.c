/* check_same_role.c - the same role twice in a row: messages lost or joined wrongly. Several results of tools in a row are fine.
 */
#include "check/check_impl.h"

typedef struct state {
    hn_tally rows;
    int64_t of;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    bool twice = false;
    (void)c;
    if (!f->turns) return;
    s->of++;
    for (size_t i = 1; i < f->turns && !twice; i++) {
        hn_str a = f->turn[i - 1].role, b = f->turn[i].role;
        bool speaker = hn_str_eq(a, "user") || (hn_str_eq(a, "assistant") && !f->turn[i - 1].calls) || hn_str_eq(a, "system");
        twice = speaker && a.n == b.n && hn_starts(a, b);
    }
    if (twice) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    hn_found(c, hn_judge_rare(s->rows.n, s->of, 0.01), &s->rows, s->of,
             "in %lld of %lld conversations (%.3g %%) the same role speaks twice in a row", (long long)s->rows.n,
             (long long)s->of, hn_percent(s->rows.n, s->of));
}

const hn_check hn_check_same_role = {{.id = "same-role-twice",
                                      .about = "two messages of the same role in a row",
                                      .cost = "the model learns turns that no chat program produces; many templates refuse them",
                                      .remedy = "join such messages, or leave the rows out"},
                                     .views = HN_CHAT_VIEWS,
                                     .needs = HN_NEEDS_EXAMPLE,
                                     .size = sizeof(state),
                                     .row = row,
                                     .end = end};
