/* check_template_prefix.c - does a conversation begin with the rendering of its beginning?
 *
 * Masks by prefixes and the cache of a chat need it: what was said must not change when something is added. Templates that take
 * hidden reasoning (<think>) out of earlier turns break it by design, and so do those that write something behind every
 * conversation (Llama 3's first the next header, Phi 3's an end token): that is worth knowing and no more. */
#include <string.h>
#include <strings.h>

#include "check/template_probe.h"

typedef struct state {
    hn_probe probe;
    hn_tally broken, thought, tail; /* broken; but for hidden reasoning; but for what always stands at the end */
    hn_buf room[4];
    bool sample, sample_broken;
} state;

static bool starts_without_thought(state *s, hn_str whole, hn_str part) {
    hn_without_thought(whole, &s->room[2]);
    hn_without_thought(part, &s->room[3]);
    hn_str a = {s->room[2].p ? s->room[2].p : "", s->room[2].n}, b = {s->room[3].p ? s->room[3].p : "", s->room[3].n};
    return hn_starts(a, b);
}

/* In the order of their weight. */
enum { FINE, TAIL, THOUGHT, BROKEN };

static bool names_assistant(hn_str s) {
    static const char *const names[] = {"assistant", "model", "bot"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        for (size_t i = 0, n = strlen(names[k]); i + n <= s.n; i++)
            if (strncasecmp(s.p + i, names[k], n) == 0) return true;
    return false;
}

/* What differs is only what the template writes behind every conversation: the header of the next answer, or an end token behind
 * turns that are ended already (not right behind what was said). */
static bool constant_tail(const hn_check_ctx *c, hn_str whole, hn_str part, hn_str said) {
    const char *eos = hn_tokenizer_special(c->setup->tok, HN_EOS);
    size_t same = 0;
    while (same < part.n && same < whole.n && part.p[same] == whole.p[same]) same++;
    /* back to where a marker begins: two markers may share their first letters */
    while (same > 0 && part.p[same - 1] != '\n' && part.p[same - 1] != '>' &&
           !hn_starts((hn_str){part.p + same, part.n - same}, hn_str_of("<")))
        same--;
    hn_str rest = {part.p + same, part.n - same}, before = hn_trimmed((hn_str){part.p, same});
    if (whole.n < rest.n || memcmp(whole.p + whole.n - rest.n, rest.p, rest.n) != 0) return false;
    if (names_assistant(rest)) return true;
    hn_str end = hn_trimmed(rest);
    said = hn_trimmed(said);
    bool open = before.n >= said.n && memcmp(before.p + before.n - said.n, said.p, said.n) == 0;
    return eos && hn_str_eq(end, eos) && !open;
}

/* Beginnings that end with a question are rendered as a chat sends them, so that their end is the generation prompt's check. */
static int compare(state *s, const hn_check_ctx *c, size_t turns, const hn_turn *turn) {
    hn_str text;
    int worst = FINE;
    if (!hn_probe_render(&s->probe, turns, false, &text, NULL)) return FINE;
    hn_str whole = hn_probe_keep(&s->room[0], text);
    for (size_t n = 1; n < turns && worst < BROKEN; n++) {
        bool answered = hn_str_eq(turn[n - 1].role, "assistant");
        if (!answered && !hn_str_eq(turn[n].role, "assistant")) continue;
        if (!hn_probe_render(&s->probe, n, !answered, &text, NULL)) continue; /* half a turn: templates may refuse it */
        if (hn_starts(whole, text)) continue;
        if (!answered) { /* another generation prompt is another check's: what was said must stand */
            hn_str sent = hn_probe_keep(&s->room[1], text), plain;
            if (!hn_probe_render(&s->probe, n, false, &plain, NULL) || hn_starts(whole, plain)) continue;
            size_t same = 0;
            while (same < sent.n && same < whole.n && sent.p[same] == whole.p[same]) same++;
            size_t at = hn_find_in((hn_str){whole.p, same}, hn_trimmed(turn[n - 1].text));
            if (at != SIZE_MAX) continue;
            text = sent;
        }
        int found = constant_tail(c, whole, text, turn[n - 1].text) ? TAIL
                    : starts_without_thought(s, whole, text)        ? THOUGHT
                                                                    : BROKEN;
        worst = found > worst ? found : worst;
    }
    return worst;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    if (f->turns < 2 || row->st != HN_OK || !hn_probe_row(&s->probe, c, row, f)) return;
    int found = compare(s, c, f->turns, f->turn);
    if (found != FINE) hn_tally_add(found == BROKEN ? &s->broken : found == THOUGHT ? &s->thought : &s->tail, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    int64_t of = s->probe.done;
    if (of == 0 && c->setup->chat && !c->setup->quick) {
        hn_json *list = hn_probe_sample(&s->probe, c);
        const hn_turn turn[] = {{hn_str_of("user"), hn_str_of("What is the capital of France?"), false},
                                {hn_str_of("assistant"), hn_str_of("Paris."), false},
                                {hn_str_of("user"), hn_str_of("And of Italy?"), false},
                                {hn_str_of("assistant"), hn_str_of("It is Rome."), false}};
        if (list && compare(s, c, 4, turn) == BROKEN)
            hn_found(c, HN_SEVERITY_WARN, NULL, 0,
                     "the template of %s renders a conversation in another way once it goes on (no row here is a conversation)",
                     hn_chat_source(c->setup->chat));
        hn_json_free(list);
    }
    c->failed |= s->probe.failed;
    if (c->setup->assistant_only && c->setup->chat && hn_chat_span_source(c->setup->chat) == HN_SPANS_NONE) {
        hn_finding *f = hn_found(
            c, HN_SEVERITY_ERROR, NULL, 0,
            "--assistant_only_loss is asked for, and the template of %s neither marks what the assistant writes nor lets "
            "it be derived",
            hn_chat_source(c->setup->chat));
        hn_found_cost(c, f, "training stops before it begins");
        hn_found_remedy(c, f, "mark the assistant's part with {%% generation %%}, or leave out --assistant_only_loss");
    }
    if (s->broken.n) {
        hn_found(c, HN_SEVERITY_WARN, &s->broken, of,
                 "in %lld of %lld conversations looked at the rendering of the beginning is not the beginning of the rendering",
                 (long long)s->broken.n, (long long)of);
    }
    if (s->tail.n) {
        hn_finding *f = hn_found(
            c, HN_SEVERITY_INFO, &s->tail, of,
            "the template writes something behind every conversation: the header of the next answer, or another end token");
        hn_found_cost(c, f, "it is learnt behind the last answer of every row, and behind no other");
        hn_found_remedy(c, f, "none if it is meant; a header: let {%% if add_generation_prompt %%} decide");
    }
    if (s->thought.n) {
        hn_finding *f =
            hn_found(c,
                     c->setup->assistant_only && hn_chat_span_source(c->setup->chat) != HN_SPANS_MARKED ? HN_SEVERITY_WARN
                                                                                                        : HN_SEVERITY_INFO,
                     &s->thought, of,
                     "the template treats hidden reasoning of earlier turns in another way than of the last one (%lld of %lld)",
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
    {.id = "template-not-prefix",
     .about = "a template that renders the beginning of a conversation in another way once it goes on",
     .cost = "what is trained is not what a chat sends turn by turn; masks cannot be derived",
     .remedy = "use a template that only ever appends (--chat_template_path)"},
    .views = HN_CHAT_VIEWS,
    .needs = HN_NEEDS_EXAMPLE,
    .size = sizeof(state),
    .row = row,
    .end = end,
    .release = release};
