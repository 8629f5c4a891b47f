/* check_template_raises.c - conversations that the chat template refuses (or that there is no template for). Training stops at
 * the first of them and says so itself. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally rows;
    int64_t of;
    char msg[600];
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    (void)c;
    if (!f->chat) return;
    s->of++;
    if (row->st == HN_OK) return;
    if (!s->rows.n && row->err) snprintf(s->msg, sizeof s->msg, "%.590s", row->err->msg);
    hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    hn_finding *f =
        hn_found(c, HN_SEVERITY_ERROR, &s->rows, s->of, "%lld of %lld conversations cannot be rendered; the first: %s",
                 (long long)s->rows.n, (long long)s->of, s->msg);
    if (!c->setup->chat) hn_found_remedy(c, f, "--chat_template_path FILE, or a model folder with chat_template.jinja");
}

const hn_check hn_check_template_raises = {
    {.id = "template-raises",
     .about = "conversations that the chat template refuses",
     .cost = "training stops at the first of them",
     .remedy = "bring the messages into the order the template expects, or use another template (--chat_template_path)"},
    .views = HN_CHAT_VIEWS,
    .needs = HN_NEEDS_EXAMPLE | HN_WANTS_EVAL | HN_SLOW,
    .size = sizeof(state),
    .row = row,
    .end = end};
