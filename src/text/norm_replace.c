/* norm_replace.c - every match of a pattern gives way to a fixed text, which takes the span of the last character
 * replaced (of the one before, if the match is empty). */
#include "text/text_impl.h"

typedef struct replace {
    hn_pattern pattern;
    char *content;
    size_t n;
} replace;

static void drop(void *state) {
    replace *r = state;
    if (!r) return;
    hn_pattern_release(&r->pattern);
    hn_free(r->content);
    hn_free(r);
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    hn_str content;
    if (!hn_json_text(hn_json_get(spec, "content"), &content)) return hn_fail(err, HN_EFORMAT, "\"content\" is missing");
    replace *r = hn_calloc(1, sizeof *r);
    if (!r) return hn_nomem(err, sizeof *r);
    hn_status st = hn_pattern_load(hn_json_get(spec, "pattern"), &r->pattern, err);
    r->content = hn_strndup(content.p, content.n);
    r->n = content.n;
    if (st == HN_OK && !r->content) st = hn_nomem(err, content.n);
    if (st == HN_OK) *state = r;
    else drop(r);
    return st;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const replace *r = state;
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
        hn_view_add(to, r->content, r->n, src);
    }
    hn_work_swap(w);
    return hn_work_check(w, err);
}

const hn_step hn_norm_replace = {
    .part = {.type = "Replace", .about = "replaces a text or a pattern", .make = make, .drop = drop},
    .run = run,
};
