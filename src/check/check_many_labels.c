/* check_many_labels.c - nearly as many labels as rows: an id or free text was taken for the label. Half as many is already so. */
#include "check/check_impl.h"

enum { LEAST = 10 };

typedef struct state {
    hn_seen labels;
    bool numbers;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    const hn_json *value = hn_json_get(f->value, "label");
    hn_buf b = {0};
    (void)c;
    (void)row;
    s->numbers |= hn_json_type(value) == HN_JSON_REAL;
    hn_json_write(&b, value, 0);
    hn_seen_entry *e = hn_seen_at(&s->labels, hn_said_hash((hn_str){b.p ? b.p : "", b.n}));
    if (e) e->count++;
    hn_buf_release(&b);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    int64_t n = 0;
    c->failed |= s->labels.failed;
    for (size_t i = 0; i < s->labels.cap; i++) n += s->labels.v[i].count;
    if (s->numbers || n < LEAST || 2 * (int64_t)s->labels.n < n) return;
    hn_found(c, HN_SEVERITY_WARN, NULL, 0, "%lld different labels in %lld rows", (long long)s->labels.n, (long long)n);
}

static void release(void *self) { hn_seen_release(&((state *)self)->labels); }

const hn_check hn_check_many_labels = {
    {.id = "many-labels", .about = "nearly as many labels as rows", .cost = "no label has enough rows to be learnt",
     .remedy = "look whether the right column is the label; join rare labels"},
    .views = HN_VIEW_BIT(CLASSIFY), .needs = HN_NEEDS_EXAMPLE, .size = sizeof(state), .row = row, .end = end, .release = release};
