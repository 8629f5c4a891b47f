/* check_duplicates.c - rows that stand more than once, letter case, white space and punctuation aside.
 *
 * Collected sets repeat up to three rows in a hundred, which hardly moves the gradient; from four in a hundred on, or where one
 * row stands ten times and makes up one in a hundred, some rows weigh visibly more than others, and held-out rows cut from the
 * same file are no longer held out. Short plain texts are lines of a longer one and recur by nature. Beyond a quarter of a
 * million rows a sample of them is looked at. */
#include "check/check_impl.h"

static const double share = 0.04, single = 0.01;
enum { OFTEN = 10, LINE = 80 }; /* LINE: bytes; plain texts below this are lines */

typedef struct state {
    hn_seen rows; /* by letters and digits; value: the whole of the first */
    hn_tally again;
    int64_t near; /* of them, those that differ in punctuation */
} state;

/* What is said, letters and digits alone; kinds without running text as a whole. */
static uint64_t letters_of(const hn_look *row, const hn_facets *f) {
    hn_kind kind = row->example->kind;
    uint64_t h = 0;
    bool text = kind == HN_KIND_TEXT || kind == HN_KIND_COMPLETION || kind == HN_KIND_MESSAGES || kind == HN_KIND_PREFERENCE ||
                kind == HN_KIND_UNPAIRED;
    if (!text) return f->whole;
    for (size_t i = 0; i < f->turns; i++) h = hn_hash_mix(h, hn_letters_hash(f->turn[i].text));
    if (!f->turns && f->prompt.p) h = hn_letters_hash(f->prompt);
    for (int i = f->turns ? 1 : 0; i < f->answers; i++) h = hn_hash_mix(h, hn_letters_hash(f->answer[i]));
    return h;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    if (row->example->kind == HN_KIND_TEXT && f->answer[0].n < LINE) return;
    hn_seen_entry *e = hn_seen_at(&s->rows, letters_of(row, f));
    (void)c;
    if (!e) return;
    if (e->count++ == 0) {
        e->value = f->whole;
        e->file = row->file;
        e->line = row->line;
    } else {
        s->near += e->value != f->whole;
        hn_tally_add(&s->again, row);
    }
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    int64_t n = 0, again = 0;
    const hn_seen_entry *top = NULL;
    for (size_t i = 0; i < s->rows.cap; i++) {
        const hn_seen_entry *e = &s->rows.v[i];
        if (!e->key) continue;
        n += e->count;
        again += e->count - 1;
        if (!top || e->count > top->count || (e->count == top->count && e->line < top->line)) top = e;
    }
    c->failed |= s->rows.failed;
    if (!again) return;
    bool often = top->count >= OFTEN && (double)top->count >= single * (double)n;
    s->again.n = again;
    hn_found(c, often ? HN_SEVERITY_WARN : hn_judge_surely(again, n, share), &s->again, n,
             "%lld of %lld rows (%.3g %%) repeat an earlier one%s, %lld of them but for punctuation; the most frequent stands "
             "%lld times (line %lld)",
             (long long)again, (long long)n, hn_percent(again, n), s->rows.mask ? " (of a sample)" : "", (long long)s->near,
             (long long)top->count, (long long)top->line);
}

static void release(void *self) { hn_seen_release(&((state *)self)->rows); }

const hn_check hn_check_duplicates = {{.id = "duplicates",
                                       .about = "rows that stand more than once",
                                       .cost = "repeated rows weigh more than others and are learnt by heart",
                                       .remedy = "keep one of each"},
                                      .views = HN_ALL_VIEWS,
                                      .needs = HN_NEEDS_EXAMPLE,
                                      .size = sizeof(state),
                                      .row = row,
                                      .end = end,
                                      .release = release};
