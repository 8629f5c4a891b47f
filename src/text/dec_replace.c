/* dec_replace.c - every match of a pattern inside a token gives way to a fixed text. */
#include "text/text_impl.h"

static hn_status token(hn_dec_stage *s, hn_str t, hn_error *err) {
    const hn_replacement *r = s->state;
    hn_work w = {0};
    hn_status st = hn_pattern_cover(&r->pattern, &w, t.p, t.n, err);
    hn_buf_clear(&s->work);
    for (size_t i = 0; i < w.matches.n && st == HN_OK; i++) {
        hn_token_span at = w.matches.at[i];
        if (w.matches.is_match[i]) hn_buf_add(&s->work, r->content.p, r->content.n);
        else hn_buf_add(&s->work, t.p + at.begin, at.end - at.begin);
    }
    hn_free(w.matches.at);
    hn_free(w.matches.is_match);
    hn_regex_room_free(w.regex);
    if (st == HN_OK && s->work.failed) st = hn_nomem(err, t.n);
    if (st == HN_OK) st = hn_dec_pass(s, s->work.n ? s->work.p : "", s->work.n, false, err);
    return st;
}

const hn_dec hn_dec_replace = {
    .part = {.type = "Replace",
             .about = "replaces a text or a pattern",
             .make = hn_replacement_make,
             .drop = hn_replacement_drop},
    .put = hn_dec_put_whole,
    .end = hn_dec_end_whole,
    .token = token,
};
