/* read_json_array.c - one JSON array of objects, taken apart element by element: the file may be larger than memory. */
#include "data/records_impl.h"

#include <string.h>

typedef struct {
    hn_buf text;    /* the element being collected */
    int64_t index;  /* of the element, from 1 */
    int64_t line;   /* line the window begins on */
    bool inside, done;
} array_state;

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool fits(const char *head, size_t n) {
    size_t i = 0;
    while (i < n && is_space(head[i])) i++;
    return i < n && head[i] == '[';
}

static hn_status wrong(hn_records *r, const array_state *a, const char *what, hn_error *err) {
    r->broken = true;
    hn_fail(err, HN_EFORMAT, "%s:%lld: %s", r->src.path, (long long)a->line, what);
    hn_error_fix(err, "write one array of objects, [{...}, {...}], or JSON lines");
    return HN_EFORMAT;
}

/* The next byte that is no white space, not consumed; -1 at the end. */
static hn_status peek(hn_records *r, array_state *a, int *c, hn_error *err) {
    hn_source *s = &r->src;
    for (;;) {
        if (s->n == 0 && s->end) {
            *c = -1;
            return HN_OK;
        }
        if (s->n == 0) {
            hn_status st = hn_source_more(s, err);
            if (st != HN_OK) {
                r->broken = true;
                return st;
            }
            continue;
        }
        *c = (unsigned char)s->buf[s->at];
        if (!is_space((char)*c)) return HN_OK;
        a->line += *c == '\n';
        s->at++;
        s->n--;
    }
}

static void skip(hn_source *s) {
    s->at++;
    s->n--;
}

/* Does the element go on at c? Brackets are counted, strings passed over. */
typedef struct {
    int64_t depth;
    bool string, escaped;
} scan;

static bool ends_before(scan *k, char c) {
    if (k->string) {
        if (k->escaped) k->escaped = false;
        else if (c == '\\') k->escaped = true;
        else if (c == '"') k->string = false;
        return false;
    }
    if (k->depth == 0 && (c == ',' || c == ']')) return true;
    if (c == '"') k->string = true;
    if (c == '{' || c == '[') k->depth++;
    if (c == '}' || c == ']') k->depth--;
    return false;
}

static hn_status collect(hn_records *r, array_state *a, hn_error *err) {
    hn_source *s = &r->src;
    scan k = {0};
    hn_buf_clear(&a->text);
    for (;;) {
        size_t i = 0;
        const char *p = s->buf + s->at;
        while (i < s->n && !ends_before(&k, p[i])) i++;
        hn_buf_add(&a->text, p, i);
        bool found = i < s->n;
        s->at += i;
        s->n -= i;
        if (a->text.failed) return hn_nomem(err, a->text.n);
        if (found) return HN_OK;
        if (s->end) return wrong(r, a, "the array is not closed: the file ends inside a record", err);
        hn_status st = hn_source_more(s, err);
        if (st != HN_OK) {
            r->broken = true;
            return st;
        }
    }
}

static int64_t line_ends(const hn_buf *b) {
    int64_t n = 0;
    for (size_t i = 0; i < b->n; i++) n += b->p[i] == '\n';
    return n;
}

/* Moves to the beginning of the next element; *c is its first byte, -1: there is none. */
static hn_status step_to_element(hn_records *r, array_state *a, int *c, hn_error *err) {
    HN_TRY(peek(r, a, c, err));
    if (!a->inside) {
        if (*c < 0) return HN_OK;
        if (*c != '[') return wrong(r, a, "not a JSON array", err);
        skip(&r->src);
        a->inside = true;
        HN_TRY(peek(r, a, c, err));
    } else if (*c == ',') {
        skip(&r->src);
        HN_TRY(peek(r, a, c, err));
        if (*c == ']') return wrong(r, a, "a comma before the closing bracket", err);
    } else if (*c >= 0 && *c != ']') {
        return wrong(r, a, "a comma is missing between two records", err);
    }
    if (*c < 0) return wrong(r, a, "the array is not closed", err);
    if (*c != ']') return HN_OK;
    skip(&r->src);
    a->done = true;
    HN_TRY(peek(r, a, c, err));
    return *c < 0 ? HN_OK : wrong(r, a, "something follows the closing bracket", err);
}

static hn_status next(hn_records *r, void *state, hn_json **record, int64_t *line, hn_error *err) {
    array_state *a = state;
    if (a->line == 0) a->line = 1;
    if (a->done) return HN_OK;
    int c;
    HN_TRY(step_to_element(r, a, &c, err));
    if (c < 0) return HN_OK;
    HN_TRY(collect(r, a, err));
    int64_t first = a->line;
    *line = ++a->index;
    a->line += line_ends(&a->text);
    HN_TRY(hn_records_utf8(r, a->text.p, a->text.n, first, err));
    hn_json *value;
    HN_TRY(hn_json_parse(a->text.p, a->text.n, r->src.path, first, &value, err));
    char place[600];
    snprintf(place, sizeof place, "%s:%lld", r->src.path, (long long)first);
    return hn_records_object(place, value, record, err);
}

static void close_array(void *state) { hn_buf_release(&((array_state *)state)->text); }

const hn_reader hn_read_json_array = {.name = "json_array",
                                      .about = "one JSON array of objects",
                                      .extensions = "json jsonl ndjson",
                                      .unit = "record",
                                      .size = sizeof(array_state),
                                      .fits = fits,
                                      .next = next,
                                      .close = close_array};
