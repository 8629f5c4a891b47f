/* check_template_prefix.c - does a conversation begin with the rendering of its beginning?
 *
 * Masks by prefixes and the cache of a chat need it: what was said must not change when something is added. Templates that take
 * hidden reasoning (<think>) out of earlier turns break it by design; that is worth knowing and no more. */
#include "check/template_probe.h"

typedef struct state {
    hn_probe probe;
    hn_tally broken, thought; /* broken but for hidden reasoning */
    hn_buf room[4];
    bool sample, sample_broken;
} state;

static bool starts_without_thought(state *s, hn_str whole, hn_str part) {
    hn_without_thought(whole, &s->room[2]);
    hn_without_thought(part, &s->room[3]);
    hn_str a = {s->room[2].p ? s->room[2].p : "", s->room[2].n}, b = {s->room[3].p ? s->room[3].p : "", s->room[3].n};
    return hn_starts(a, b);
}

/* 0: all beginnings are prefixes; 1: but for hidden reasoning; 2: broken. */
static int compare(state *s, size_t turns) {
    hn_str text;
    int worst = 0;
    if (!hn_probe_render(&s->probe, turns, false, &text, NULL)) return 0;
    hn_str whole = hn_probe_keep(&s->room[0], text);
    for (size_t n = 1; n < turns && worst < 2; n++) {
        if (!hn_probe_render(&s->probe, n, false, &text, NULL)) continue; /* half a turn: templates may refuse it */
        if (hn_starts(whole, text)) continue;
        worst = starts_without_thought(s, whole, text) ? (worst > 1 ? worst : 1) : 2;
    }
    return worst;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    if (f->turns < 2 || row->st != HN_OK || !hn_probe_row(&s->probe, c, row, f)) return;
    int found = compare(s, f->turns);
    if (found == 2) hn_tally_add(&s->broken, row);
    if (found == 1) hn_tally_add(&s->thought, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    int64_t of = s->probe.done;
    if (of == 0 && c->setup->chat && !c->setup->quick) {
        hn_json *list = hn_probe_sample(&s->probe, c);
        if (compare(s, hn_json_len(list)) == 2)
            hn_found(c, HN_SEVERITY_WARN, NULL, 0, "the template of %s renders a conversation in another way once it goes on (no row here is a conversation)",
                     hn_chat_source(c->setup->chat));
        hn_json_free(list);
    }
    c->failed |= s->probe.failed;
    if (c->setup->assistant_only && c->setup->chat && hn_chat_span_source(c->setup->chat) == HN_SPANS_NONE) {
        hn_finding *f = hn_found(c, HN_SEVERITY_ERROR, NULL, 0, "--assistant_only_loss is asked for, and the template of %s neither marks what the assistant writes nor lets "
                                 "it be derived", hn_chat_source(c->setup->chat));
        hn_found_cost(c, f, "training stops before it begins");
        hn_found_remedy(c, f, "mark the assistant's part with {%% generation %%}, or leave out --assistant_only_loss");
    }
    if (s->broken.n) {
        hn_found(c, HN_SEVERITY_WARN, &s->broken, of, "in %lld of %lld conversations looked at the rendering of the beginning is not the beginning of the rendering",
                 (long long)s->broken.n, (long long)of);
    }
    if (s->thought.n) {
        hn_finding *f = hn_found(c, c->setup->assistant_only && hn_chat_span_source(c->setup->chat) != HN_SPANS_MARKED ? HN_SEVERITY_WARN : HN_SEVERITY_INFO,
                                 &s->thought, of, "the template treats hidden reasoning of earlier turns in another way than of the last one (%lld of %lld)",
                                 (long long)s->thought.n, (long long)of);
        hn_found_cost(c, f, "earlier turns are trained without the reasoning block that the last one has");
        hn_found_remedy(c, f, "none if it is meant; else a template made for training (--chat_template_path)");
    }
}

static void release(void *self) {
    state *s = self;
    hn_probe_release(&s->probe);
    for (size_t i = 0; i < sizeof s->room / sizeof *s->room; i++) hn_buf_release(&s->room[i]);
}

const hn_check hn_check_template_prefix = {
    {.id = "template-not-prefix", .about = "a template that renders the beginning of a conversation in another way once it goes on",
     .cost = "what is trained is not what a chat sends turn by turn; masks cannot be derived",
     .remedy = "use a template that only ever appends (--chat_template_path)"},
    .views = HN_CHAT_VIEWS, .needs = HN_NEEDS_EXAMPLE, .size = sizeof(state), .row = row, .end = end, .release = release};
