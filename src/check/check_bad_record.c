/* check_bad_record.c - records that cannot be used: wrong columns, wrong types. Training stops at the first one, so any is an
 * error; a run finds them by itself. */
#include <string.h>

#include "check/check_impl.h"

typedef struct state {
    hn_tally rows;
    int64_t of;
    char msg[1024], detail[1024], fix[512]; /* of the first one */
} state;

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    (void)c;
    s->of++;
    if (row->st == HN_OK || f->chat) return; /* a conversation that cannot be rendered is another check's */
    if (s->rows.n == 0 && row->err) {
        snprintf(s->msg, sizeof s->msg, "%s", row->err->msg);
        snprintf(s->detail, sizeof s->detail, "%s", row->err->detail);
        snprintf(s->fix, sizeof s->fix, "%s", row->err->fix);
    }
    hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    char *first_line = strchr(s->detail, '\n');
    if (first_line) *first_line = '\0';
    hn_finding *f =
        hn_found(c, HN_SEVERITY_ERROR, &s->rows, s->of, "%lld of %lld records cannot be used; the first: %s%s%s%s",
                 (long long)s->rows.n, (long long)s->of, s->msg, s->detail[0] ? " (" : "", s->detail, s->detail[0] ? ")" : "");
    if (s->fix[0]) hn_found_remedy(c, f, "%s", s->fix);
}

const hn_check hn_check_bad_record = {{.id = "wrong-columns",
                                       .about = "records that cannot be used: columns missing or of the wrong type",
                                       .cost = "training stops at the first of them",
                                       .remedy = "correct them, or --on_bad_row skip"},
                                      .views = HN_ALL_VIEWS,
                                      .needs = HN_WANTS_EVAL | HN_SLOW,
                                      .size = sizeof(state),
                                      .row = row,
                                      .end = end};
