/* check_generation_prompt.c - does what a chat sends before an answer equal what stands before it in training?
 *
 * Absent: add_generation_prompt changes nothing, though answers have a header in training. Different: the rendering of the whole
 * does not begin with the prompt. Templates without any header (the answer follows the user's closing mark) need none. */
#include "check/template_probe.h"

typedef struct state {
    hn_probe probe;
    hn_tally absent, different;
    hn_buf room[2];
    char header[80];
} state;

enum { FINE, ABSENT, DIFFERENT };

static int compare(state *s, size_t given, hn_str answer) {
    hn_str text;
    answer = hn_trimmed(answer);
    if (!answer.n || given == 0 || !hn_probe_render(&s->probe, given + 1, false, &text, NULL)) return FINE;
    hn_str whole = hn_probe_keep(&s->room[0], text);
    if (!hn_probe_render(&s->probe, given, false, &text, NULL)) return FINE;
    hn_str plain = hn_probe_keep(&s->room[1], text);
    if (!hn_probe_render(&s->probe, given, true, &text, NULL)) return FINE;
    bool same = text.n == plain.n && hn_starts(text, plain);
    if (!same) return hn_starts(whole, text) ? FINE : DIFFERENT;
    if (!hn_starts(whole, plain)) return FINE; /* no prefix: another check's */
    hn_str rest = {whole.p + plain.n, whole.n - plain.n};
    size_t at = hn_find_in(rest, answer);
    hn_str header = {rest.p, at == SIZE_MAX ? 0 : at};
    if (hn_blank(header)) return FINE;
    if (!s->header[0]) snprintf(s->header, sizeof s->header, "%.*s", header.n < 70 ? (int)header.n : 70, header.p);
    return ABSENT;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    if (row->st != HN_OK || !f->answers || !hn_probe_row(&s->probe, c, row, f)) return;
    size_t last = f->turns;
    while (last > 0 && !hn_str_eq(f->turn[last - 1].role, "assistant")) last--;
    int found = last ? compare(s, last - 1, f->turn[last - 1].text) : FINE;
    if (found == ABSENT) hn_tally_add(&s->absent, row);
    if (found == DIFFERENT) hn_tally_add(&s->different, row);
}

static void report(state *s, hn_check_ctx *c, const hn_tally *absent, const hn_tally *different, int64_t of) {
    for (char *p = s->header; *p; p++)
        if (*p == '\n') *p = ' ';
    const char *where = of ? "" : " (no row here is a conversation)";
    if (absent)
        hn_found(c, HN_SEVERITY_WARN, of ? absent : NULL, of,
                 "the template has no generation prompt, but writes \"%s\" before answers in training%s", s->header, where);
    if (!different) return;
    hn_finding *f = hn_found(c, HN_SEVERITY_WARN, of ? different : NULL, of,
                             "the template's generation prompt is not what stands before answers in training%s", where);
    hn_found_remedy(c, f,
                    "let both be the same; where it opens hidden reasoning that the data lack: --chat_template_kwargs "
                    "'{\"enable_thinking\": false}'");
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    int64_t of = s->probe.done;
    if (of == 0 && c->setup->chat && !c->setup->quick) {
        hn_json *list = hn_probe_sample(&s->probe, c);
        int found = list ? compare(s, 3, hn_str_of("It is Rome.")) : FINE;
        report(s, c, found == ABSENT ? &s->absent : NULL, found == DIFFERENT ? &s->different : NULL, 0);
        hn_json_free(list);
    } else {
        report(s, c, s->absent.n ? &s->absent : NULL, s->different.n ? &s->different : NULL, of);
    }
    c->failed |= s->probe.failed;
}

static void release(void *self) {
    state *s = self;
    hn_probe_release(&s->probe);
    hn_buf_release(&s->room[0]);
    hn_buf_release(&s->room[1]);
}

const hn_check hn_check_generation_prompt = {
    {.id = "generation-prompt", .about = "a generation prompt that is absent, or not what stands before answers in training",
     .cost = "in use the model starts where it was never trained to start: it writes headers, or the user's part",
     .remedy = "let {% if add_generation_prompt %} write what precedes answers in training (--chat_template_path)"},
    .views = HN_CHAT_VIEWS, .needs = HN_NEEDS_EXAMPLE, .size = sizeof(state), .row = row, .end = end, .release = release};
