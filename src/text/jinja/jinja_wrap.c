/* jinja_wrap.c - the filters wordwrap (Python's textwrap) and urlize, which need regular expressions. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/jinja/jinja_filter_impl.h"

#include <pcre2.h>

/* A pattern for one call: these filters are rare, compiling is cheap beside keeping it. */
typedef struct pattern { pcre2_code *code; pcre2_match_data *match; pcre2_match_context *limits; } pattern;

static void pattern_close(pattern *p) {
    pcre2_match_context_free(p->limits);
    pcre2_match_data_free(p->match);
    pcre2_code_free(p->code);
}

static bool pattern_open(hn_jrun *r, const char *text, pattern *p) {
    int error;
    PCRE2_SIZE at;
    *p = (pattern){0};
    p->code =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK, &error, &at, NULL);
    if (p->code) p->match = pcre2_match_data_create_from_pattern(p->code, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (p->match && p->limits) {
        pcre2_set_match_limit(p->limits, 1000000);
        return true;
    }
    pattern_close(p);
    return hn_j_nomem(r);
}

/* 1: a match from begin to end; 0: none; -1: it took too long */
static int pattern_find(hn_jrun *r, const pattern *p, hn_str s, size_t from, size_t *begin, size_t *end) {
    int got = pcre2_match(p->code, (PCRE2_SPTR)s.p, s.n, from, PCRE2_NO_UTF_CHECK, p->match, p->limits);
    if (got == PCRE2_ERROR_NOMATCH) return 0;
    if (got < 0) {
        hn_j_fail(r, HN_J_LIMIT, "the template runs too long");
        return -1;
    }
    PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->match);
    *begin = at[0];
    *end = at[1];
    return 1;
}

/* ---- wordwrap */

#define WS "[\\t\\n\\x0b\\x0c\\r ]"
#define NWS "[^\\t\\n\\x0b\\x0c\\r ]"
#define WP "[\\w!\"'&.,?]"
#define LT "[^\\d\\W]"
static const char break_pattern[] =
    "(?:" WS "+|(?<=" WP ")-{2,}(?=\\w)|" NWS "+?(?:-(?:(?<=" LT LT "-)|(?<=" LT "-" WP "-))(?=" LT "-?" LT ")"
    "|(?=" WS "|\\z)|(?<=" WP ")(?=-{2,}\\w)))";
static const char blank_pattern[] = WS "+";

typedef struct wrapping { int64_t width; bool long_words, hyphens; hn_str newline; } wrapping;

/* The text cut at matches: what lies between and the matches themselves. */
static bool cut_chunks(hn_jrun *r, hn_str line, const pattern *p, hn_jgrow *g) {
    size_t at = 0, begin, end;
    int got;
    while ((got = pattern_find(r, p, line, at, &begin, &end)) == 1 && end > begin) {
        if (begin > at && !hn_j_grow(r, g, hn_j_str(line.p + at, begin - at))) return false;
        if (!hn_j_grow(r, g, hn_j_str(line.p + begin, end - begin))) return false;
        at = end;
    }
    return got >= 0 && (at == line.n || hn_j_grow(r, g, hn_j_str(line.p + at, line.n - at)));
}

static int64_t width_of(hn_jval s) { return (int64_t)hn_cp_count(hn_j_text(s)); }

/* Part of a word that no line holds goes on the line; true if the word is used up. */
static bool break_word(const wrapping *w, hn_jval *word, int64_t room, hn_jval *part) {
    hn_str s = hn_j_text(*word);
    size_t end = hn_cp_offset(s, (size_t)(room < 0 ? 0 : room));
    if (w->hyphens && width_of(*word) > room) {
        size_t hyphen = hn_str_rfind(hn_str_cut(s, 0, end), (hn_str){"-", 1});
        bool other = false;
        for (size_t i = 0; hyphen != SIZE_MAX && i < hyphen; i++) other = other || s.p[i] != '-';
        if (hyphen != SIZE_MAX && hyphen > 0 && other) end = hyphen + 1;
    }
    *part = hn_j_str(s.p, end);
    *word = hn_j_str(s.p + end, s.n - end);
    return word->n == 0;
}

static bool blank(hn_jval s) { return hn_py_strip(hn_j_text(s), NULL, true, true).n == 0; }

static bool wrap_line(hn_jrun *r, const wrapping *w, hn_jgrow *g) {
    bool any = false;
    for (size_t at = 0; at < g->n;) {
        if (any && blank(g->v[at])) at++;
        size_t from = at;
        int64_t used = 0;
        hn_jval part = hn_j_missing();
        while (at < g->n && used + width_of(g->v[at]) <= w->width) used += width_of(g->v[at++]);
        size_t till = at;
        if (at < g->n && width_of(g->v[at]) > w->width) {
            if (w->long_words) {
                break_word(w, &g->v[at], w->width - used, &part);
            } else if (at == from) {
                till = ++at;
            }
        }
        if (hn_j_given(part) ? blank(part) : till > from && blank(g->v[till - 1])) {
            if (hn_j_given(part)) part = hn_j_missing();
            else till--;
        }
        if (till == from && !hn_j_given(part)) continue;
        if (any && !hn_j_write(r, w->newline.p, w->newline.n)) return false;
        for (size_t i = from; i < till; i++)
            if (!hn_j_write(r, g->v[i].s, g->v[i].n)) return false;
        if (hn_j_given(part) && !hn_j_write(r, part.s, part.n)) return false;
        any = true;
        if (!hn_j_burn(r, 4)) return false;
    }
    return true;
}

static bool wrap_all(hn_jrun *r, hn_jval s, const wrapping *w, const pattern *p) {
    hn_str line, whole;
    size_t at = 0;
    for (bool first = true; hn_py_line(hn_j_text(s), &at, &line, &whole); first = false) {
        hn_jgrow g = {0};
        if (!first && !hn_j_write(r, w->newline.p, w->newline.n)) return false;
        if (!cut_chunks(r, line, p, &g) || !wrap_line(r, w, &g)) return false;
    }
    return true;
}

HN_FILTER(wordwrap) { /* s width break_long_words wrapstring break_on_hyphens */
    wrapping w = {
        .width = 79, .long_words = hn_j_arg_flag(a[2], true), .hyphens = hn_j_arg_flag(a[4], true), .newline = {"\n", 1}};
    pattern p;
    size_t at = r->at;
    if (!hn_j_arg_int(r, a[1], false, &w.width)) return false;
    if (!hn_j_none_or_missing(a[3]) && !hn_j_arg_str(r, "wrapstring", a[3], &w.newline)) return false;
    if (a[0].kind != HN_J_STR) return hn_j_no_attribute(r, a[0], "splitlines");
    if (w.width <= 0 && a[0].n) return hn_j_fail(r, HN_J_VALUE, "invalid width %lld (must be > 0)", (long long)w.width);
    if (!pattern_open(r, w.hyphens ? break_pattern : blank_pattern, &p)) return false;
    bool fine = hn_j_capture(r) && wrap_all(r, a[0], &w, &p);
    pattern_close(&p);
    return hn_j_captured(r, at, fine, false, out);
}

/* ---- urlize */

enum { HTTP, EMAIL, HEAD, TAIL, PATTERNS };
static const char *const link_patterns[PATTERNS] = {
    [HTTP] = "^(?i:(https?://|www\\.)(([\\w%-]+\\.)+)?([a-z]{2,63}|xn--[\\w%]{2,59})"
             "|([\\w%-]{2,63}\\.)+(com|net|int|edu|gov|org|info|mil)"
             "|(https?://)((([\\d]{1,3})(\\.[\\d]{1,3}){3})|(\\[([\\da-f]{0,4}:){2}([\\da-f]{0,4}:?){1,6}\\])))"
             "(?::[\\d]{1,5})?(?:[/?#]\\S*)?$",
    [EMAIL] = "^\\S+@\\w[\\w.-]*\\.\\w+$", [HEAD] = "^([(<]|&lt;)+", [TAIL] = "([)>.,\\n]|&gt;)+\\z"};

typedef struct linking {
    pattern find[PATTERNS];
    hn_jval rel, target; /* ready attributes, "" or with a blank in front */
    hn_jval schemes;     /* a list; MISSING: none */
    int64_t most;        /* characters of a link's text; -1: all */
} linking;

static bool starts_with(hn_str s, const char *what) { return s.n >= strlen(what) && memcmp(s.p, what, strlen(what)) == 0; }

static size_t count_of(hn_str s, const char *what) {
    size_t n = 0, at = 0;
    for (; (at = hn_str_find(s, hn_str_of(what), at)) != SIZE_MAX; at += strlen(what)) n++;
    return n;
}

/* Brackets opened inside a word are closed inside it. middle and tail lie one behind the other. */
static void balance(hn_str *middle, hn_str *tail) {
    static const char *const pairs[][2] = {{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};
    for (int i = 0; i < 3; i++) {
        size_t opened = count_of(*middle, pairs[i][0]);
        if (opened <= count_of(*middle, pairs[i][1])) continue;
        size_t moves = count_of(*tail, pairs[i][1]);
        for (size_t k = 0; k < opened && k < moves; k++) {
            size_t end = hn_str_find(*tail, hn_str_of(pairs[i][1]), 0) + strlen(pairs[i][1]);
            middle->n += end;
            *tail = hn_str_cut(*tail, end, tail->n);
        }
    }
}

static bool put_link(hn_jrun *r, const linking *l, const char *before, hn_str url, hn_str text, bool attributes, bool trim) {
    hn_str shown = text;
    bool cut = trim && l->most >= 0 && (int64_t)hn_cp_count(text) > l->most;
    if (cut) shown.n = hn_cp_offset(text, (size_t)l->most);
    return hn_j_puts(r, "<a href=\"") && hn_j_puts(r, before) && hn_j_write(r, url.p, url.n) && hn_j_puts(r, "\"") &&
           (!attributes || (hn_j_write(r, l->rel.s, l->rel.n) && hn_j_write(r, l->target.s, l->target.n))) && hn_j_puts(r, ">") &&
           hn_j_write(r, shown.p, shown.n) && (!cut || hn_j_puts(r, "...")) && hn_j_puts(r, "</a>");
}

static bool put_middle(hn_jrun *r, const linking *l, hn_str s) {
    size_t b, e;
    int got = pattern_find(r, &l->find[HTTP], s, 0, &b, &e);
    if (got < 0) return false;
    if (got) return put_link(r, l, starts_with(s, "https://") || starts_with(s, "http://") ? "" : "https://", s, s, true, true);
    bool mailto = starts_with(s, "mailto:"), at_sign = s.n && memchr(s.p, '@', s.n) != NULL;
    hn_str address = mailto ? hn_str_cut(s, 7, s.n) : s;
    bool plain = at_sign && !starts_with(s, "www.") && s.p[0] != '@' && !memchr(s.p, ':', s.n);
    if (mailto || plain) {
        got = pattern_find(r, &l->find[EMAIL], address, 0, &b, &e);
        if (got < 0) return false;
        if (got) return put_link(r, l, mailto ? "" : "mailto:", s, address, false, false);
    }
    for (size_t i = 0; hn_j_given(l->schemes) && i < hn_j_count(l->schemes); i++) {
        hn_jval scheme = hn_j_at(l->schemes, i);
        if (s.n > scheme.n && memcmp(s.p, scheme.s, scheme.n) == 0) return put_link(r, l, "", s, s, true, false);
    }
    return hn_j_write(r, s.p, s.n);
}

static bool put_word(hn_jrun *r, const linking *l, hn_str word) {
    size_t b, e;
    hn_str middle = word, tail = {word.p + word.n, 0};
    int got = pattern_find(r, &l->find[HEAD], word, 0, &b, &e);
    if (got < 0) return false;
    if (got) {
        if (!hn_j_write(r, word.p, e)) return false;
        middle = hn_str_cut(word, e, word.n);
    }
    got = pattern_find(r, &l->find[TAIL], middle, 0, &b, &e);
    if (got < 0) return false;
    if (got) {
        tail = hn_str_cut(middle, b, middle.n);
        middle = hn_str_cut(middle, 0, b);
    }
    balance(&middle, &tail);
    return put_middle(r, l, middle) && hn_j_write(r, tail.p, tail.n);
}

static bool put_words(hn_jrun *r, const linking *l, hn_str s) {
    int len;
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        while (i < s.n && !hn_py_space(hn_cp_at(s.p + i, &len))) i += (size_t)len;
        if (!put_word(r, l, hn_str_cut(s, from, i))) return false;
        from = i;
        while (i < s.n && hn_py_space(hn_cp_at(s.p + i, &len))) i += (size_t)len;
        if (!hn_j_write(r, s.p + from, i - from)) return false;
    }
    return true;
}

/* rel: the words asked for, nofollow, noopener; each once, sorted. */
static bool rel_attribute(hn_jrun *r, const hn_jval *a, hn_jval *out) {
    hn_jval words, given = hn_j_none_or_missing(a[4]) ? hn_j_str("", 0) : a[4], *items, set;
    hn_jgrow g = {0};
    size_t at = r->at;
    if (given.kind != HN_J_STR) return hn_j_fail(r, HN_J_ATTR, "'%s' object has no attribute 'split'", hn_j_type(given));
    if (!hn_j_call_method(r, "split", given, NULL, &words) || !hn_j_dict_new(r, 4, &set)) return false;
    for (size_t i = 0; i < hn_j_count(words); i++)
        if (!hn_j_dict_put(r, set, hn_j_at(words, i), hn_j_none())) return false;
    if (hn_j_arg_flag(a[2], false) && !hn_j_dict_put(r, set, hn_j_cstr("nofollow"), hn_j_none())) return false;
    if (!hn_j_dict_put(r, set, hn_j_cstr("noopener"), hn_j_none())) return false;
    hn_jval key, value;
    hn_jwalk w = {0};
    while (hn_j_dict_next(r, set, &w, &key, &value))
        if (!hn_j_grow(r, &g, key)) return false;
    uint32_t *order = hn_j_alloc(r, g.n * sizeof *order);
    if (!order || !hn_j_list_new(r, HN_J_LIST, g.n, &words, &items)) return false;
    for (size_t i = 0; i < g.n; i++) order[i] = (uint32_t)i;
    bool fine = hn_j_sort(r, order, g.n, g.v, 1, false, false) && hn_j_capture(r) && hn_j_puts(r, " rel=\"");
    for (size_t i = 0; fine && i < g.n; i++) fine = (i == 0 || hn_j_puts(r, " ")) && hn_j_print_escaped(r, g.v[order[i]]);
    return hn_j_captured(r, at, fine && hn_j_puts(r, "\""), false, out);
}

static bool check_schemes(hn_jrun *r, hn_jval v, hn_jval *out) {
    *out = hn_j_missing();
    if (hn_j_none_or_missing(v)) return true;
    pattern p;
    if (!hn_j_to_list(r, v, HN_J_LIST, out) || !pattern_open(r, "^([\\w.+-]{2,}:(/){0,2})\\z", &p)) return false;
    bool fine = true;
    for (size_t i = 0; fine && i < hn_j_count(*out); i++) {
        hn_jval s = hn_j_at(*out, i);
        size_t b, e;
        fine = s.kind == HN_J_STR ? pattern_find(r, &p, hn_j_text(s), 0, &b, &e) == 1
                                  : hn_j_fail(r, HN_J_TYPE, "expected string or bytes-like object");
        if (!fine) hn_j_fail(r, HN_J_RUNTIME, "a value is not a valid URI scheme prefix.");
    }
    pattern_close(&p);
    return fine;
}

static bool put_target(hn_jrun *r, hn_jval v) {
    return hn_j_puts(r, " target=\"") && hn_j_print_escaped(r, v) && hn_j_puts(r, "\"");
}

HN_FILTER(urlize) { /* value trim_url_limit nofollow target rel extra_schemes */
    linking l = {.most = -1, .target = hn_j_str("", 0)};
    hn_jval text;
    size_t at = r->at;
    if (!hn_j_arg_int(r, a[1], true, &l.most)) return false;
    if (!rel_attribute(r, a, &l.rel) || !check_schemes(r, a[5], &l.schemes) || !hn_j_escape(r, a[0], &text)) return false;
    if (hn_j_given(a[3]) && hn_j_truth(a[3]) && !hn_j_collect(r, put_target, a[3], &l.target)) return false;
    bool fine = true;
    for (int i = 0; fine && i < PATTERNS; i++) fine = pattern_open(r, link_patterns[i], &l.find[i]);
    fine = fine && hn_j_capture(r) && put_words(r, &l, hn_j_text(text));
    for (int i = 0; i < PATTERNS; i++) pattern_close(&l.find[i]);
    return hn_j_captured(r, at, fine, r->autoescape, out);
}
