/* check_tag_scheme.c - tags of words: sequences that no scheme allows, names outside the scheme, tags that one typing error made.
 *
 * I-X after O or after another type is how IOB1 begins an entity: where more than half of all entities begin so it is the scheme,
 * elsewhere an error. A tag whose type stands in fewer than three rows of at least a hundred is a name nobody meant. */
#include <string.h>

#include "check/check_impl.h"

enum { TAGS = 256, RARE = 3, MANY = 100 };

typedef struct tag {
    char name[48];
    hn_tally rows;
} tag;

typedef struct state {
    hn_tally broken, lengths;
    int64_t of, begun, begun_inside;
    tag tag[TAGS];
    int tags;
    bool prefixed; /* some tag has the form B-X */
} state;

static bool has_prefix(hn_str t) { return t.n > 2 && t.p[1] == '-' && strchr("BIESLUM", t.p[0]); }

static void count(state *s, hn_str t, const hn_look *row) {
    int i = 0;
    if (t.n >= sizeof s->tag[0].name) t.n = sizeof s->tag[0].name - 1;
    while (i < s->tags && !hn_str_eq(t, s->tag[i].name)) i++;
    if (i == s->tags) {
        if (i == TAGS) return;
        memcpy(s->tag[i].name, t.p, t.n);
        s->tags++;
    }
    hn_tally_add(&s->tag[i].rows, row);
}

/* As they were read: reading turns IOB1 and sequences that are none into IOB2. */
static const hn_json *tags_of(const hn_look *row, const hn_facets *f) {
    static const char *const columns[] = {"ner_tags", "tags", "labels", "pos_tags", "chunk_tags", "upos"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (hn_json_type(hn_json_get(row->record, columns[i])) == HN_JSON_ARRAY) return hn_json_get(row->record, columns[i]);
    return hn_json_get(f->value, "tags");
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    const hn_json *tokens = hn_json_get(f->value, "tokens"), *tags = tags_of(row, f);
    hn_str last = {"O", 1};
    bool broken = false;
    (void)c;
    s->of++;
    if (hn_json_len(tokens) != hn_json_len(tags)) hn_tally_add(&s->lengths, row);
    for (size_t i = 0; i < hn_json_len(tags); i++) {
        hn_str t;
        if (!hn_json_text(hn_json_at(tags, i), &t)) return; /* numbers: names come from elsewhere */
        count(s, t, row);
        s->prefixed |= has_prefix(t);
        bool goes_on = has_prefix(t) && (t.p[0] == 'I' || t.p[0] == 'E') && has_prefix(last) && last.n == t.n &&
                       memcmp(last.p + 1, t.p + 1, t.n - 1) == 0;
        if (has_prefix(t) && !goes_on) s->begun++;
        if (has_prefix(t) && (t.p[0] == 'I' || t.p[0] == 'E') && !goes_on) {
            s->begun_inside++;
            broken = true;
        }
        last = t;
    }
    if (broken) hn_tally_add(&s->broken, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (s->lengths.n)
        hn_found(c, HN_SEVERITY_ERROR, &s->lengths, s->of, "in %lld of %lld rows there are not as many tags as words",
                 (long long)s->lengths.n, (long long)s->of);
    if (s->broken.n && 2 * s->begun_inside > s->begun) {
        hn_finding *f = hn_found(c, HN_SEVERITY_INFO, NULL, 0, "tags follow IOB1: entities begin with I-");
        hn_found_cost(c, f, "none, where it is read as IOB1");
        hn_found_remedy(c, f, "none needed");
    } else if (s->broken.n) {
        hn_found(c, hn_judge(s->broken.n, s->of, 0.005), &s->broken, s->of,
                 "in %lld of %lld rows an I- tag follows no tag of its type", (long long)s->broken.n, (long long)s->of);
    }
    for (int i = 0; i < s->tags; i++) {
        hn_str t = hn_str_of(s->tag[i].name);
        bool outside = s->prefixed && !has_prefix(t) && !hn_str_eq(t, "O"), rare = s->of >= MANY && s->tag[i].rows.n < RARE;
        if (!outside && !rare) continue;
        hn_finding *f =
            hn_found(c, HN_SEVERITY_WARN, &s->tag[i].rows, s->of, "tag \"%s\" %s: it stands in %lld of %lld rows", s->tag[i].name,
                     outside ? "is outside the scheme" : "is rare", (long long)s->tag[i].rows.n, (long long)s->of);
        hn_found_cost(c, f, "a label of its own is made for it, and hardly ever trained");
    }
}

const hn_check hn_check_tag_scheme = {{.id = "tag-scheme",
                                       .about = "tags that break their scheme, unknown tags, not as many tags as words",
                                       .cost = "entities are learnt and scored with wrong borders",
                                       .remedy = "correct the tags: B- begins an entity, I- goes on with it"},
                                      .views = HN_VIEW_BIT(TAG),
                                      .needs = HN_NEEDS_EXAMPLE,
                                      .size = sizeof(state),
                                      .row = row,
                                      .end = end};
