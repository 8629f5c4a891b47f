/* check_template_content.c - messages that the chat template leaves out: a system message above all, and roles it does not know.
 *
 * A message counts as rendered if its trimmed text stands in the rendering, hidden reasoning aside. Any row counts. */
#include "check/template_probe.h"

typedef struct state {
    hn_probe probe;
    hn_tally system, other;
    char role[40]; /* of the first other message */
    hn_buf plain;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    hn_str text;
    bool system = false, other = false;
    if (!hn_probe_row(&s->probe, c, row, f) || !hn_probe_render(&s->probe, f->turns, false, &text, NULL)) return;
    for (size_t i = 0; i < f->turns; i++) {
        hn_without_thought(f->turn[i].text, &s->plain);
        hn_str said = hn_trimmed((hn_str){s->plain.p ? s->plain.p : "", s->plain.n});
        if (!said.n || hn_find_in(text, said) != SIZE_MAX) continue;
        bool is_system = hn_str_eq(f->turn[i].role, "system") || hn_str_eq(f->turn[i].role, "developer");
        bool speaks = hn_str_eq(f->turn[i].role, "user") || hn_str_eq(f->turn[i].role, "assistant");
        system |= is_system;
        if (is_system || (!speaks && f->turn[i].role.n && hn_str_eq(f->turn[i].role, "tool")))
            continue; /* results are often rewritten */
        other = true;
        if (!s->role[0])
            snprintf(s->role, sizeof s->role, "%.*s", f->turn[i].role.n < 36 ? (int)f->turn[i].role.n : 36, f->turn[i].role.p);
    }
    if (system) hn_tally_add(&s->system, row);
    if (other) hn_tally_add(&s->other, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    int64_t of = s->probe.done;
    c->failed |= s->probe.failed || s->plain.failed;
    if (s->system.n)
        hn_found(c, HN_SEVERITY_WARN, &s->system, of,
                 "the template drops the system message in %lld of %lld conversations looked at", (long long)s->system.n,
                 (long long)of);
    if (s->other.n) {
        hn_finding *f =
            hn_found(c, HN_SEVERITY_WARN, &s->other, of,
                     "the template drops or rewrites messages of the role \"%s\" in %lld of %lld conversations looked at",
                     s->role, (long long)s->other.n, (long long)of);
        hn_found_cost(c, f, "the model is not trained on what the data say");
    }
}

static void release(void *self) {
    state *s = self;
    hn_probe_release(&s->probe);
    hn_buf_release(&s->plain);
}

const hn_check hn_check_template_content = {
    {.id = "template-drops-messages",
     .about = "messages that the chat template leaves out",
     .cost = "the model never sees these instructions",
     .remedy = "use a template that renders them (--chat_template_path), or put them into the first user message"},
    .views = HN_CHAT_VIEWS,
    .needs = HN_NEEDS_EXAMPLE,
    .size = sizeof(state),
    .row = row,
    .end = end,
    .release = release};
