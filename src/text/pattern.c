/* pattern.c - what Split and Replace look for, and what Replace puts there: a text as it stands, or a regular expression. */
#include "text/text_impl.h"

hn_status hn_pattern_load(const hn_json *spec, hn_pattern *out, hn_error *err) {
    *out = (hn_pattern){0};
    hn_str text;
    if (hn_json_text(hn_json_get(spec, "Regex"), &text)) return hn_regex_new(text, &out->regex, err);
    if (!hn_json_text(hn_json_get(spec, "String"), &text))
        return hn_fail(err, HN_EFORMAT, "\"pattern\" is neither {\"String\": ...} nor {\"Regex\": ...}");
    char *copy = hn_strndup(text.p, text.n);
    if (!copy) return hn_nomem(err, text.n);
    out->text = (hn_str){copy, text.n};
    return HN_OK;
}

void hn_pattern_release(hn_pattern *p) {
    hn_free((char *)(uintptr_t)p->text.p);
    hn_regex_free(p->regex);
    *p = (hn_pattern){0};
}

static void cover_text(hn_str what, hn_match_list *m, const char *p, size_t n) {
    size_t at = 0, from = 0;
    while (what.n > 0 && what.n <= n - from) {
        const char *hit = memchr(p + from, what.p[0], n - from - what.n + 1);
        if (!hit) break;
        size_t begin = (size_t)(hit - p);
        if (memcmp(hit, what.p, what.n) != 0) {
            from = begin + 1;
            continue;
        }
        if (at < begin) hn_matches_add(m, at, begin, false);
        hn_matches_add(m, begin, begin + what.n, true);
        at = from = begin + what.n;
    }
    if (at < n) hn_matches_add(m, at, n, false);
}

hn_status hn_pattern_cover(const hn_pattern *pat, hn_work *w, const char *p, size_t n, hn_error *err) {
    hn_match_list *m = &w->matches;
    m->n = 0;
    if (!pat->regex) {
        cover_text(pat->text, m, p, n);
        return m->failed ? hn_work_check(w, err) : HN_OK;
    }
    size_t at = 0;
    for (bool first = true;; first = false) {
        bool found;
        hn_token_span hit;
        HN_TRY(hn_regex_next(pat->regex, w, p, n, at, first, &found, &hit, err));
        if (!found) break;
        if (at < hit.begin) hn_matches_add(m, at, hit.begin, false);
        hn_matches_add(m, hit.begin, hit.end, true);
        at = hit.end;
        if (at == n) break;
    }
    if (at < n) hn_matches_add(m, at, n, false);
    return m->failed ? hn_work_check(w, err) : HN_OK;
}

void hn_replacement_drop(void *state) {
    hn_replacement *r = state;
    if (!r) return;
    hn_pattern_release(&r->pattern);
    hn_buf_release(&r->content);
    hn_free(r);
}

hn_status hn_replacement_make(const hn_json *spec, void **state, hn_error *err) {
    hn_str content;
    if (!hn_json_text(hn_json_get(spec, "content"), &content)) return hn_fail(err, HN_EFORMAT, "\"content\" is missing");
    hn_replacement *r = hn_calloc(1, sizeof *r);
    if (!r) return hn_nomem(err, sizeof *r);
    hn_status st = hn_pattern_load(hn_json_get(spec, "pattern"), &r->pattern, err);
    hn_buf_add(&r->content, content.p, content.n);
    if (st == HN_OK && r->content.failed) st = hn_nomem(err, content.n);
    if (st == HN_OK) *state = r;
    else hn_replacement_drop(r);
    return st;
}
