/* check_empty_prompt.c - rows that ask nothing: an empty prompt, user message, text to classify, question or context. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally rows;
    int64_t of;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    hn_kind kind = row->example->kind;
    bool empty = false;
    (void)c;
    if (kind == HN_KIND_TEXT || kind == HN_KIND_TOKENS) return;
    s->of++;
    for (size_t i = 0; i < f->turns; i++) empty |= hn_str_eq(f->turn[i].role, "user") && hn_blank(f->turn[i].text);
    if (kind == HN_KIND_TAG)
        empty = hn_json_len(hn_json_get(f->value, "tokens")) == 0;
    else if (!f->turns)
        empty = hn_blank(f->prompt);
    hn_str context;
    if (kind == HN_KIND_QA && hn_json_text(hn_json_get(f->value, "context"), &context)) empty |= hn_blank(context);
    if (empty) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    hn_found(c, s->rows.n == s->of ? HN_SEVERITY_ERROR : hn_judge(s->rows.n, s->of, 0.01), &s->rows, s->of,
             "%lld of %lld rows (%.3g %%) ask nothing: their prompt or text is empty", (long long)s->rows.n, (long long)s->of,
             hn_percent(s->rows.n, s->of));
}

const hn_check hn_check_empty_prompt = {
    {.id = "empty-prompt", .about = "empty prompts, user messages or texts", .cost = "the model learns an answer to nothing",
     .remedy = "leave these rows out, or look whether the right column is used"},
    .views = HN_ALL_VIEWS & ~HN_VIEW_BIT(TEXT), .needs = HN_NEEDS_EXAMPLE, .size = sizeof(state), .row = row, .end = end};
