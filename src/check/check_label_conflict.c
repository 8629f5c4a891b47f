/* check_label_conflict.c - the same text under different labels. People differ about a few texts in a thousand; one in a hundred
 * counts. */
#include "check/check_impl.h"

typedef struct state {
    hn_seen texts; /* value: hash of the first label */
    hn_tally rows;
    int64_t of;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    hn_buf b = {0};
    (void)c;
    uint64_t key = row->example->kind == HN_KIND_UNPAIRED ? hn_hash_mix(f->asked, f->said[0]) : f->asked;
    hn_seen_entry *e = hn_seen_at(&s->texts, key);
    if (!e) return;
    hn_json_write(&b, hn_json_get(f->value, row->example->kind == HN_KIND_TAG ? "tags" : "label"), 0);
    uint64_t label = hn_said_hash((hn_str){b.p ? b.p : "", b.n});
    hn_buf_release(&b);
    s->of++;
    if (e->count++ == 0) e->value = label;
    else if (e->value != label) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    c->failed |= s->texts.failed;
    if (!s->rows.n) return;
    hn_found(c, hn_judge(s->rows.n, s->of, 0.01), &s->rows, s->of,
             "%lld of %lld rows (%.3g %%) have another label than an earlier row with the same text", (long long)s->rows.n,
             (long long)s->of, hn_percent(s->rows.n, s->of));
}

static void release(void *self) { hn_seen_release(&((state *)self)->texts); }

const hn_check hn_check_label_conflict = {{.id = "label-conflict",
                                           .about = "the same text under different labels",
                                           .cost = "these rows cancel each other and bound the accuracy",
                                           .remedy = "decide for one label each"},
                                          .views = HN_VIEW_BIT(CLASSIFY) | HN_VIEW_BIT(TAG) | HN_VIEW_BIT(KTO),
                                          .needs = HN_NEEDS_EXAMPLE,
                                          .size = sizeof(state),
                                          .row = row,
                                          .end = end,
                                          .release = release};
