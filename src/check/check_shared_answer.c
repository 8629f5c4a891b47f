/* check_shared_answer.c - one answer to many different prompts: a refusal, a filler, a broken join.
 *
 * Sets whose answers come from a small stock (yes and no, class names) share them by nature: they are told by the rest of the
 * answers, most of which then recur as well. Elsewhere one answer in twenty rows (a word or two: in twelve) is what the model
 * will say when in doubt. */
#include "check/check_impl.h"

static const double share = 0.05, short_share = 0.08,
                    closed = 0.5; /* closed: fewer different answers than this a row, the top one aside */
enum { LEAST = 10, SHORT = 16 }; /* SHORT: bytes */

typedef struct state {
    hn_seen
        answers; /* value: hash of the first prompt, its last bit: a short answer; count: rows with another prompt, plus one */
    int64_t of;
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    (void)c;
    if (!f->answers || !f->prompt.p || hn_blank(f->answer[0])) return;
    uint64_t question = hn_said_hash(f->prompt); /* of a conversation the last one: many end with thanks */
    question = (question & ~1ULL) | (hn_trimmed(f->answer[0]).n < SHORT);
    hn_seen_entry *e = hn_seen_at(&s->answers, f->said[0]);
    if (!e) return;
    s->of++;
    if (e->count == 0) {
        e->value = question;
        e->file = row->file;
        e->line = row->line;
    } else if (e->value == question) {
        return;
    }
    e->count++;
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    int64_t n = 0, distinct = 0;
    const hn_seen_entry *top = NULL;
    for (size_t i = 0; i < s->answers.cap; i++) {
        const hn_seen_entry *e = &s->answers.v[i];
        if (!e->key) continue;
        n += e->count;
        distinct++;
        if (!top || e->count > top->count || (e->count == top->count && e->line < top->line)) top = e;
    }
    c->failed |= s->answers.failed;
    if (!top || top->count < LEAST || (double)top->count < (top->value & 1 ? short_share : share) * (double)s->of) return;
    bool stock = (double)(distinct - 1) < closed * (double)(n - top->count);
    hn_tally t = {.n = top->count, .place = {{top->file, top->line}}, .places = 1};
    hn_finding *f =
        hn_found(c, stock ? HN_SEVERITY_INFO : HN_SEVERITY_WARN, &t, s->of,
                 "one answer stands under %lld different prompts (%.3g %% of %lld rows)%s", (long long)top->count,
                 hn_percent(top->count, s->of), (long long)s->of, stock ? "; answers come from a small stock here" : "");
    if (stock) hn_found_remedy(c, f, "none where answers are labels");
}

static void release(void *self) { hn_seen_release(&((state *)self)->answers); }

const hn_check hn_check_shared_answer = {{.id = "shared-answer",
                                          .about = "one answer under many different prompts",
                                          .cost = "the model learns to give this answer whatever is asked",
                                          .remedy = "look at the row named; leave out all but a few of its kind"},
                                         .views = HN_ANSWER_VIEWS,
                                         .needs = HN_NEEDS_EXAMPLE,
                                         .size = sizeof(state),
                                         .row = row,
                                         .end = end,
                                         .release = release};
