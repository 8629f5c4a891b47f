/* check_opposite_pairs.c - pairs that another record contradicts: the same two answers the other way round, or a column of the
 * record (a reference answer, a whole conversation) that agrees with the rejected side.
 *
 * People disagree about one pair in a thousand that they see twice; one in a hundred counts. A column is believed only if it
 * agrees with the chosen side in two of three rows where it agrees with either: elsewhere it is no reference. */
#include "check/check_impl.h"

static const double pair_share = 0.01, reference_share = 0.02, believed = 0.65;
enum { COLUMNS = 16, LEAST = 10 };

typedef struct column {
    char name[64];
    int64_t chosen;
    hn_tally rejected;
} column;

typedef struct state {
    hn_seen pairs; /* key: prompt and both answers in either order; value: which one was chosen */
    hn_tally opposite;
    int64_t of;
    column column[COLUMNS];
    int columns;
} state;

/* The text of a column: a string, or the last message of a list. */
static hn_str column_text(const hn_json *value) {
    hn_str s = {NULL, 0};
    if (hn_json_type(value) == HN_JSON_ARRAY && hn_json_len(value))
        value = hn_json_get(hn_json_at(value, hn_json_len(value) - 1), "content");
    return hn_json_text(value, &s) ? s : (hn_str){NULL, 0};
}

static column *column_of(state *s, const char *name) {
    for (int i = 0; i < s->columns; i++)
        if (hn_streq(s->column[i].name, name)) return &s->column[i];
    if (s->columns == COLUMNS) return NULL;
    column *k = &s->column[s->columns++];
    snprintf(k->name, sizeof k->name, "%.60s", name);
    return k;
}

static void references(state *s, const hn_look *row, const hn_facets *f) {
    hn_json_iter it;
    for (bool more = hn_json_first(row->record, &it); more; more = hn_json_next(&it)) {
        if (hn_streq(it.key, "chosen") || hn_streq(it.key, "rejected") || hn_streq(it.key, "prompt")) continue;
        hn_str text = column_text(it.value);
        if (!text.p || hn_blank(text)) continue;
        uint64_t h = hn_said_hash(text);
        if (h != f->said[0] && h != f->said[1]) continue;
        column *k = column_of(s, it.key);
        if (!k) continue;
        if (h == f->said[0])
            k->chosen++;
        else
            hn_tally_add(&k->rejected, row);
    }
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    (void)c;
    if (f->answers != 2 || f->said[0] == f->said[1]) return;
    s->of++;
    references(s, row, f);
    uint64_t lo = f->said[0] < f->said[1] ? f->said[0] : f->said[1], hi = f->said[0] ^ f->said[1] ^ lo;
    hn_seen_entry *e = hn_seen_at(&s->pairs, hn_hash_mix(f->asked, hn_hash_mix(lo, hi)));
    if (!e) return;
    if (e->count++ == 0) e->value = f->said[0];
    else if (e->value != f->said[0]) hn_tally_add(&s->opposite, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    c->failed |= s->pairs.failed;
    if (s->opposite.n) {
        hn_found(c, hn_judge(s->opposite.n, s->of, pair_share), &s->opposite, s->of,
                 "%lld of %lld pairs (%.3g %%) stand once more with their sides swapped", (long long)s->opposite.n,
                 (long long)s->of, hn_percent(s->opposite.n, s->of));
    }
    for (int i = 0; i < s->columns; i++) {
        column *k = &s->column[i];
        int64_t n = k->chosen + k->rejected.n;
        if (!k->rejected.n || n < LEAST || (double)k->chosen < believed * (double)n) continue;
        hn_finding *f = hn_found(c, hn_judge(k->rejected.n, n, reference_share), &k->rejected, n,
                                 "column \"%s\" is the chosen answer in %lld rows and the rejected one in %lld", k->name,
                                 (long long)k->chosen, (long long)k->rejected.n);
        hn_found_remedy(c, f, "look at these rows: their sides seem to be swapped");
    }
}

static void release(void *self) { hn_seen_release(&((state *)self)->pairs); }

const hn_check hn_check_opposite_pairs = {{.id = "opposite-pairs",
                                           .about = "pairs that another row, or a reference column, holds the other way round",
                                           .cost = "the two gradients cancel, or the worse answer is taught",
                                           .remedy = "decide which side is better, and keep that one"},
                                          .views = HN_VIEW_BIT(PREFERENCE),
                                          .needs = HN_NEEDS_EXAMPLE,
                                          .size = sizeof(state),
                                          .row = row,
                                          .end = end,
                                          .release = release};
