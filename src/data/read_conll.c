/* read_conll.c - words in columns, one a line, an empty line between sentences: CoNLL-2003, WNUT and the like.
 *
 * The first column is the word, the last one its tag; in between may stand what else is known (CoNLL-2003: part of speech,
 * chunk). Where words are numbered (GermEval, Universal Dependencies) the word comes second; of the ten columns of .conllu the
 * fourth is the tag. Columns are separated by a tab, or by blanks. -DOCSTART- lines are passed over, as are comments ("# id
 * ..."). A sentence is a record {"tokens", "ner_tags"[, "pos_tags", "chunk_tags"]}, or {"tokens", "upos"}. */
#include "data/records_impl.h"

#include <string.h>

enum { COLUMNS = 16 };

typedef struct {
    hn_buf text; /* the lines of the sentence */
} conll_state;

/* The columns of a line; 0: it is blank. */
static size_t split(hn_str line, hn_str *column) {
    size_t n = 0, i = 0;
    bool tabs = memchr(line.p, '\t', line.n) != NULL;
    while (i < line.n && n < COLUMNS) {
        size_t from = i;
        while (i < line.n && (tabs ? line.p[i] != '\t' : line.p[i] != ' ')) i++;
        if (i > from) column[n++] = (hn_str){line.p + from, i - from};
        while (i < line.n && (tabs ? line.p[i] == '\t' : line.p[i] == ' ')) i++;
    }
    return n;
}

static hn_str next_line(const char *p, size_t n, size_t *at) {
    const char *end = memchr(p + *at, '\n', n - *at);
    size_t stop = end ? (size_t)(end - p) : n;
    hn_str s = {p + *at, stop - *at};
    *at = end ? stop + 1 : n;
    if (s.n && s.p[s.n - 1] == '\r') s.n--;
    return s;
}

static bool begins(hn_str s, const char *with) { return s.n >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0; }
static bool passed_over(hn_str s) { return begins(s, "-DOCSTART-") || (begins(s, "# ") && !memchr(s.p, '\t', s.n)); }

/* O, or a prefix of IOB or IOBES with a type. */
static bool is_tag(hn_str s) { return hn_str_eq(s, "O") || (s.n > 2 && s.p[1] == '-' && strchr("BIESLU", s.p[0])); }

/* More than a few lines of equally many columns, at least two, the last one a tag. Lines of prose can end so as well ("by
 * E-mail"): tabs, an empty line between words, or words with a type beside words without one tell that these are columns. */
static bool fits(const char *head, size_t n) {
    hn_str column[COLUMNS];
    size_t words = 0, at = 0, width = 0, outside = 0;
    bool tabs = false, empty = false, sentences = false;
    while (at < n && words < 50) {
        hn_str s = next_line(head, n, &at);
        size_t columns = split(s, column);
        if (columns == 0) empty = words > 0;
        if (columns == 0 || passed_over(s)) continue;
        if (at == n && words > 2) break; /* the last line of the window may be cut */
        if (words == 0) width = columns;
        if (columns < 2 || columns != width || !is_tag(column[columns - 1])) return false;
        words++;
        outside += hn_str_eq(column[columns - 1], "O");
        tabs = memchr(s.p, '\t', s.n) != NULL;
        sentences = sentences || empty;
    }
    return words > 2 && (tabs || sentences || (outside > 0 && outside < words));
}

static hn_status cut(hn_records *r, void *state, hn_raw *raw, hn_error *err) {
    hn_buf *b = &((conll_state *)state)->text;
    hn_str s = {0}, column[COLUMNS];
    hn_line got;
    hn_buf_clear(b);
    for (;;) {
        HN_TRY(hn_records_line(r, &s, &got, err));
        if (got == HN_LINE_END) break;
        bool blank = split(s.n && s.p[s.n - 1] == '\r' ? (hn_str){s.p, s.n - 1} : s, column) == 0;
        if (blank && raw->line) break;
        if (!raw->line && (blank || passed_over(s))) continue;
        if (!raw->line) raw->line = r->src.line;
        hn_buf_add(b, s.p, s.n);
        hn_buf_putc(b, '\n');
        if (b->n <= r->src.limit) continue;
        r->broken = true;
        return hn_records_too_long(r, "sentence", raw->line, err);
    }
    raw->p = raw->line ? b->p : NULL;
    raw->n = b->n;
    return b->failed ? hn_nomem(err, b->n) : HN_OK;
}

static hn_status push(hn_json *list, hn_str s, hn_error *err) {
    hn_json *v = hn_json_new_str(s.p, s.n);
    if (!v) return hn_nomem(err, s.n);
    hn_json_push(list, v);
    return HN_OK;
}

enum { CONLLU = 10 };

/* A range of words (3-4) or an empty node (8.1) of Universal Dependencies: no word of its own. */
static bool is_extra(hn_str number) { return memchr(number.p, '-', number.n) || memchr(number.p, '.', number.n); }

static hn_status fill(const hn_raw *raw, hn_json *record, hn_error *err) {
    static const char *const names[] = {"tokens", "ner_tags", "pos_tags", "chunk_tags"};
    hn_json *list[4] = {0};
    hn_str column[COLUMNS];
    size_t columns = 0, at = 0, word = 0, tag = 0;
    for (int64_t line = raw->first_line; at < raw->n; line++) {
        hn_str s = next_line(raw->p, raw->n, &at);
        if (passed_over(s)) continue;
        size_t n = split(s, column);
        if (columns == 0) {
            columns = n;
            word = n > 2 && (hn_str_eq(column[0], "1") || (n == CONLLU && is_extra(column[0])));
            tag = word && n == CONLLU ? 3 : n - 1;
            for (size_t i = 0; i < (n == 4 && !word ? 4u : 2u); i++) {
                if (!(list[i] = hn_json_new_array())) return hn_nomem(err, sizeof(void *));
                hn_json_set(record, i == 1 && word && n == CONLLU ? "upos" : names[i], list[i]);
            }
        }
        if (n < 2 || n != columns) {
            hn_fail(err, HN_EFORMAT, "%s:%lld: %zu columns, %zu are expected", raw->path, (long long)line, n,
                    columns < 2 ? 2 : columns);
            hn_error_fix(err, "a line is a word and its tag, between the same separators; an empty line ends a sentence");
            return HN_EFORMAT;
        }
        if (word && n == CONLLU && is_extra(column[0])) continue;
        HN_TRY(push(list[0], column[word], err));
        HN_TRY(push(list[1], column[tag], err));
        if (list[2]) HN_TRY(push(list[2], column[1], err));
        if (list[3]) HN_TRY(push(list[3], column[2], err));
    }
    return HN_OK;
}

static hn_status parse(const hn_raw *raw, hn_json **record, hn_error *err) {
    HN_TRY(hn_records_plain(raw->path, raw->p, raw->n, raw->first_line, err));
    hn_json *x = hn_json_new_object();
    hn_status st = x ? fill(raw, x, err) : hn_nomem(err, raw->n);
    if (st == HN_OK) *record = x;
    else hn_json_free(x);
    return st;
}

static void close_conll(void *state) { hn_buf_release(&((conll_state *)state)->text); }

const hn_reader hn_read_conll = {
    .name = "conll",
    .about = "a word and its tag a line, an empty line between sentences; columns \"tokens\" and \"ner_tags\"",
    .extensions = "conll conllu iob bio txt",
    .unit = "line",
    .size = sizeof(conll_state),
    .fits = fits,
    .cut = cut,
    .parse = parse,
    .close = close_conll};
