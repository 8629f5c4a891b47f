/* check_scores.c - sides that contradict the scores they came with: the chosen one is scored lower.
 *
 * Two columns (of the record, or of an object in it such as "metadata") that differ in "chosen" and "rejected" alone and speak of
 * scores, ratings, rewards or votes; ranks count the other way round. A margin column below zero says the same. Ties are counted
 * apart. Scores rounded by their makers contradict a pair now and then: one in fifty counts. */
#include <string.h>

#include "check/check_impl.h"

static const double share = 0.02;

typedef struct state {
    hn_tally against;
    int64_t of, ties;
    char column[96];
} state;

static bool has(const char *key, const char *word) { return strcasestr(key, word) != NULL; }

/* The name of the other side's column; false: the key does not name the chosen side. */
static bool other_name(const char *key, char *out, size_t room) {
    const char *at = strstr(key, "chosen");
    if (!at || strlen(key) + 3 > room) return false;
    snprintf(out, room, "%.*srejected%s", (int)(at - key), key, at + strlen("chosen"));
    return true;
}

static bool number(const hn_json *j, double *out) {
    hn_json_kind k = hn_json_type(j);
    *out = hn_json_num(j, 0);
    return k == HN_JSON_INT || k == HN_JSON_REAL;
}

/* 1: the chosen side is better, -1: worse, 0: as good; false: no scores here. */
static bool compare(const hn_json *object, char column[96], int *sign) {
    hn_json_iter it;
    for (bool more = hn_json_first(object, &it); more; more = hn_json_next(&it)) {
        char other[96];
        double a, b;
        bool rank = has(it.key, "rank"),
             speaks = rank || has(it.key, "score") || has(it.key, "rating") || has(it.key, "reward") || has(it.key, "votes");
        if (!speaks || !other_name(it.key, other, sizeof other) || !number(it.value, &a) ||
            !number(hn_json_get(object, other), &b))
            continue;
        *sign = rank ? (a < b) - (a > b) : (a > b) - (a < b);
        snprintf(column, 96, "%.90s", it.key);
        return true;
    }
    double margin;
    if (!number(hn_json_get(object, "margin"), &margin)) return false;
    *sign = (margin > 0) - (margin < 0);
    snprintf(column, 96, "margin");
    return true;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    int sign = 0;
    char column[96];
    (void)c;
    bool found = compare(row->record, column, &sign) || compare(f->value, column, &sign);
    hn_json_iter it;
    for (bool more = hn_json_first(row->record, &it); more && !found; more = hn_json_next(&it))
        found = hn_json_type(it.value) == HN_JSON_OBJECT && compare(it.value, column, &sign);
    if (!found) return;
    s->of++;
    s->ties += sign == 0;
    if (!s->column[0]) snprintf(s->column, sizeof s->column, "%s", column);
    if (sign < 0) hn_tally_add(&s->against, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (s->against.n) {
        hn_found(c, hn_judge(s->against.n, s->of, share), &s->against, s->of,
                 "in %lld of %lld pairs (%.3g %%) the chosen side is scored worse than the rejected one (\"%s\")",
                 (long long)s->against.n, (long long)s->of, hn_percent(s->against.n, s->of), s->column);
    }
    if (s->ties) {
        hn_finding *f = hn_found(c, HN_SEVERITY_INFO, NULL, 0, "%lld of %lld pairs (%.3g %%) are scored alike on both sides",
                                 (long long)s->ties, (long long)s->of, hn_percent(s->ties, s->of));
        hn_found_cost(c, f, "which side is chosen there is chance");
        hn_found_remedy(c, f, "leave ties out, or keep them as noise");
    }
}

const hn_check hn_check_scores = {{.id = "scores-contradict",
                                   .about = "pairs whose chosen side has the lower score",
                                   .cost = "the model is trained against the judgement the data record",
                                   .remedy = "swap the sides of these pairs, or leave them out"},
                                  .views = HN_VIEW_BIT(PREFERENCE),
                                  .needs = HN_NEEDS_EXAMPLE,
                                  .size = sizeof(state),
                                  .row = row,
                                  .end = end};
