/* pretok_metaspace.c - spaces become U+2581 (or another character), one is put in front, and pieces begin with it. */
#include "text/text_impl.h"

typedef struct metaspace {
    char mark[8];
    hn_prefix when;
    bool split;
} metaspace;

static hn_status load(metaspace *m, const hn_json *spec, hn_error *err) {
    static const char *const schemes[] = {"never", "always", "first"};
    const char *mark = hn_json_cstr(hn_json_get(spec, "replacement"));
    if (!mark || !*mark || strlen(mark) != (size_t)hn_cp_len((unsigned char)*mark))
        return hn_fail(err, HN_EFORMAT, "\"replacement\" is not one character");
    memcpy(m->mark, mark, strlen(mark) + 1);
    const hn_json *scheme = hn_json_get(spec, "prepend_scheme");
    m->when = HN_PREFIX_ALWAYS;
    if (scheme) {
        int at = 0;
        while (at < 3 && !hn_streq(hn_json_cstr(scheme), schemes[at])) at++;
        if (at == 3) return hn_fail(err, HN_ENOTSUP, "\"prepend_scheme\" is not always, first or never");
        m->when = (hn_prefix)at;
    }
    if (!hn_json_bool(hn_json_get(spec, "add_prefix_space"), true) && m->when != HN_PREFIX_NEVER)
        return hn_fail(err, HN_EFORMAT, "\"add_prefix_space\" contradicts \"prepend_scheme\"");
    m->split = hn_json_bool(hn_json_get(spec, "split"), true);
    return HN_OK;
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    metaspace *m = hn_calloc(1, sizeof *m);
    if (!m) return hn_nomem(err, sizeof *m);
    hn_status st = load(m, spec, err);
    if (st == HN_OK) *state = m;
    else hn_free(m);
    return st;
}

static void mark_spaces(hn_work *w, const char *mark) {
    size_t n = strlen(mark);
    hn_view_clear(&w->spare);
    w->spare_pieces.n = 0;
    for (size_t i = 0; i < w->pieces.n; i++) {
        size_t begin = w->spare.n, from = w->pieces.v[i].begin, end = w->pieces.v[i].end;
        while (from < end) {
            const char *hit = memchr(w->text.p + from, ' ', end - from);
            size_t at = hit ? (size_t)(hit - w->text.p) : end;
            hn_view_copy(&w->spare, &w->text, from, at);
            if (hit) hn_view_add(&w->spare, mark, n, hn_view_span(&w->text, at));
            from = at + 1;
        }
        hn_pieces_add(&w->spare_pieces, begin, w->spare.n);
    }
    hn_work_swap(w);
    hn_work_swap_pieces(w);
}

static void cut(hn_work *w, const char *mark) {
    size_t n = strlen(mark);
    w->spare_pieces.n = 0;
    for (size_t i = 0; i < w->pieces.n; i++) {
        size_t begin = w->pieces.v[i].begin, end = w->pieces.v[i].end;
        for (size_t at = begin; at < end; at += (size_t)hn_cp_len((unsigned char)w->text.p[at])) {
            if (end - at < n || memcmp(w->text.p + at, mark, n) != 0) continue;
            hn_pieces_add(&w->spare_pieces, begin, at);
            begin = at;
        }
        hn_pieces_add(&w->spare_pieces, begin, end);
    }
    hn_work_swap_pieces(w);
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const metaspace *m = state;
    mark_spaces(w, m->mark);
    HN_TRY(hn_work_check(w, err));
    HN_TRY(hn_prefix_pieces(w, m->mark, m->when, err));
    if (m->split) cut(w, m->mark);
    return hn_work_check(w, err);
}

const hn_step hn_pretok_metaspace = {
    .part = {.type = "Metaspace", .about = "spaces as a visible character", .make = make, .drop = hn_free},
    .run = run,
    .needs_spans = true,
};
