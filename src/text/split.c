/* split.c - what becomes of the matches of a splitting pattern: the five behaviours of the reference. */
#include "text/text_impl.h"

hn_status hn_split_load(const hn_json *name, hn_split otherwise, hn_split *out, hn_error *err) {
    static const char *const names[] = {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"};
    *out = otherwise;
    hn_str text = {0};
    if (!name) return HN_OK;
    hn_json_text(name, &text);
    for (int i = 0; text.p && i < 5; i++) {
        if (!hn_str_eq(text, names[i])) continue;
        *out = (hn_split)i;
        return HN_OK;
    }
    return hn_fail(err, HN_ENOTSUP, "\"behavior\" is not Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
}

/* A match joins the piece before it, unless that ends in a match itself. */
static void with_previous(hn_work *w, size_t base, bool invert) {
    const hn_match_list *m = &w->matches;
    bool previous = false;
    for (size_t i = 0; i < m->n;) {
        size_t begin = m->at[i].begin, end = m->at[i].end;
        previous = (m->is_match[i] != 0) != invert;
        i++;
        if (i < m->n && !previous && (m->is_match[i] != 0) != invert) {
            end = m->at[i++].end;
            previous = true;
        }
        hn_pieces_add(&w->spare_pieces, base + begin, base + end);
    }
}

/* From the end: a match joins the piece behind it, unless that begins with a match itself. */
static void with_next(hn_work *w, size_t base, bool invert) {
    const hn_match_list *m = &w->matches;
    for (size_t i = 0; i < m->n; i++) {
        size_t begin = m->at[i].begin, end = m->at[i].end;
        bool match = (m->is_match[i] != 0) != invert;
        if (match && i + 1 < m->n && (m->is_match[i + 1] != 0) == invert) end = m->at[++i].end;
        hn_pieces_add(&w->spare_pieces, base + begin, base + end);
    }
}

/* Neighbours of the same sort are one piece. */
static void contiguous(hn_work *w, size_t base) {
    const hn_match_list *m = &w->matches;
    for (size_t i = 0; i < m->n;) {
        size_t begin = m->at[i].begin, end = m->at[i].end;
        uint8_t sort = m->is_match[i];
        for (i++; i < m->n && m->is_match[i] == sort; i++) end = m->at[i].end;
        hn_pieces_add(&w->spare_pieces, base + begin, base + end);
    }
}

void hn_split_apply(hn_work *w, size_t base, hn_split how, bool invert) {
    const hn_match_list *m = &w->matches;
    if (how == HN_SPLIT_PREVIOUS) {
        with_previous(w, base, invert);
    } else if (how == HN_SPLIT_NEXT) {
        with_next(w, base, invert);
    } else if (how == HN_SPLIT_CONTIGUOUS) {
        contiguous(w, base);
    } else {
        for (size_t i = 0; i < m->n; i++) {
            bool match = (m->is_match[i] != 0) != invert;
            if (match && how == HN_SPLIT_REMOVED) continue;
            hn_pieces_add(&w->spare_pieces, base + m->at[i].begin, base + m->at[i].end);
        }
    }
}

/* Isolated matches of a regular expression, the common case, without the list between. */
static hn_status isolate(hn_work *w, const hn_regex *regex, hn_token_span piece, hn_error *err) {
    const char *p = w->text.p + piece.begin;
    size_t n = piece.end - piece.begin, at = 0;
    for (bool first = true;; first = false) {
        bool found;
        hn_token_span hit;
        HN_TRY(hn_regex_next(regex, w, p, n, at, first, &found, &hit, err));
        if (!found) break;
        hn_pieces_add(&w->spare_pieces, piece.begin + at, piece.begin + hit.begin);
        hn_pieces_add(&w->spare_pieces, piece.begin + hit.begin, piece.begin + hit.end);
        at = hit.end;
        if (at == n) break;
    }
    hn_pieces_add(&w->spare_pieces, piece.begin + at, piece.end);
    return HN_OK;
}

hn_status hn_split_at_pattern(hn_work *w, const hn_pattern *pat, hn_split how, bool invert, hn_error *err) {
    w->spare_pieces.n = 0;
    for (size_t i = 0; i < w->pieces.n; i++) {
        hn_token_span piece = w->pieces.v[i];
        if (pat->regex && how == HN_SPLIT_ISOLATED) {
            HN_TRY(isolate(w, pat->regex, piece, err));
            continue;
        }
        HN_TRY(hn_pattern_cover(pat, w, w->text.p + piece.begin, piece.end - piece.begin, err));
        hn_split_apply(w, piece.begin, how, invert);
    }
    hn_work_swap_pieces(w);
    return hn_work_check(w, err);
}

static void cover_chars(hn_match_list *m, const char *p, size_t n, hn_char_test *test) {
    m->n = 0;
    size_t from = 0;
    for (size_t at = 0; at < n;) {
        int len;
        bool hit = test(hn_cp_at(p + at, &len));
        if (hit) {
            if (from < at) hn_matches_add(m, from, at, false);
            from = at + (size_t)len;
            hn_matches_add(m, at, from, true);
        }
        at += (size_t)len;
    }
    if (from < n) hn_matches_add(m, from, n, false);
}

hn_status hn_split_at_chars(hn_work *w, hn_char_test *test, hn_split how, hn_error *err) {
    w->spare_pieces.n = 0;
    for (size_t i = 0; i < w->pieces.n; i++) {
        hn_token_span piece = w->pieces.v[i];
        cover_chars(&w->matches, w->text.p + piece.begin, piece.end - piece.begin, test);
        hn_split_apply(w, piece.begin, how, false);
    }
    hn_work_swap_pieces(w);
    return hn_work_check(w, err);
}
