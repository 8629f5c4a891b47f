/* check_label_balance.c - one label makes up nearly everything. From four rows in five on a model that always gives it looks
 * good. */
#include <string.h>

#include "check/check_impl.h"

enum { LEAST = 20, KEPT = 64 };
static const double most = 0.8;

typedef struct label {
    uint64_t key;
    int64_t n;
    char text[32];
} label;

typedef struct state {
    label label[KEPT]; /* the first ones; more labels than this are no imbalance of one */
    int labels;
    int64_t of;
    bool numbers;      /* labels are measured, not named: regression */
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    const hn_json *value = hn_json_get(f->value, "label");
    hn_buf b = {0};
    (void)c;
    (void)row;
    if (!hn_json_has(f->value, "label")) return;
    hn_json_write(&b, value, 0);
    uint64_t key = hn_said_hash((hn_str){b.p ? b.p : "", b.n});
    s->numbers |= hn_json_type(value) == HN_JSON_REAL;
    s->of++;
    int i = 0;
    while (i < s->labels && s->label[i].key != key) i++;
    if (i == s->labels && i < KEPT) {
        s->label[s->labels++] = (label){.key = key};
        snprintf(s->label[i].text, sizeof s->label[i].text, "%.30s", b.p ? b.p : "");
    }
    if (i < s->labels) s->label[i].n++;
    hn_buf_release(&b);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (s->numbers || s->of < 2) return;
    const label *top = &s->label[0];
    for (int i = 1; i < s->labels; i++)
        if (s->label[i].n > top->n) top = &s->label[i];
    if (top->n == s->of) {
        hn_finding *f = hn_found(c, HN_SEVERITY_ERROR, NULL, 0, "all %lld rows have the label %s", (long long)s->of, top->text);
        hn_found_cost(c, f, "there is nothing to tell apart");
        hn_found_remedy(c, f, "look whether the right column is the label");
    } else if (s->of >= LEAST && (double)top->n >= most * (double)s->of) {
        hn_found(c, HN_SEVERITY_WARN, NULL, 0, "%.3g %% of %lld rows have the label %s", hn_percent(top->n, s->of),
                 (long long)s->of, top->text);
    }
}

const hn_check hn_check_label_balance = {{.id = "label-imbalance",
                                          .about = "one label makes up nearly all rows",
                                          .cost = "a model that always gives it reaches this accuracy and has learnt nothing",
                                          .remedy = "add rows of the others or weigh them, and judge by F1 or balanced accuracy"},
                                         .views = HN_VIEW_BIT(CLASSIFY) | HN_VIEW_BIT(KTO),
                                         .needs = HN_NEEDS_EXAMPLE,
                                         .size = sizeof(state),
                                         .row = row,
                                         .end = end};
