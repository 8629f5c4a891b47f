/* norm_replace.c - every match of a pattern gives way to a fixed text, which takes the span of the last character
 * replaced (of the one before, if the match is empty). */
#include "text/text_impl.h"

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const hn_replacement *r = state;
    hn_view *to = &w->spare;
    HN_TRY(hn_pattern_cover(&r->pattern, w, w->text.p, w->text.n, err));
    const hn_match_list *m = &w->matches;
    if (w->text.n == 0 || (m->n == 1 && !m->is_match[0])) return HN_OK;
    hn_view_clear(to);
    for (size_t i = 0; i < m->n; i++) {
        hn_token_span at = m->at[i];
        if (!m->is_match[i]) {
            hn_view_copy(to, &w->text, at.begin, at.end);
            continue;
        }
        hn_token_span src = at.end ? hn_view_span(&w->text, at.end - 1) : (hn_token_span){0, 0};
        hn_view_add(to, r->content.p, r->content.n, src);
    }
    hn_work_swap(w);
    return hn_work_check(w, err);
}

const hn_step hn_norm_replace = {
    .part = {.type = "Replace",
             .about = "replaces a text or a pattern",
             .make = hn_replacement_make,
             .drop = hn_replacement_drop},
    .run = run,
};
