/* read_json_array.c - one JSON array of objects, taken apart element by element: the file may be larger than memory. */
#include "data/json_array_impl.h"

#include <string.h>

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool hn_json_opens(const char *head, size_t n, const char *brackets, char first) {
    size_t i = 0;
    while (i < n && is_space(head[i])) i++;
    if (i == n || head[i] != brackets[0]) return false;
    for (i++; i < n && is_space(head[i]);) i++;
    return i == n || head[i] == first || head[i] == brackets[1];
}

static bool fits(const char *head, size_t n) { return hn_json_opens(head, n, "[]", '{'); }

static hn_status wrong(hn_records *r, const hn_json_array *a, const char *what, hn_error *err) {
    r->broken = true;
    hn_fail(err, HN_EFORMAT, "%s:%lld: %s", r->src.path, (long long)a->line, what);
    hn_error_fix(err, "write one array of objects, [{...}, {...}], or JSON lines");
    return HN_EFORMAT;
}

hn_status hn_json_array_peek(hn_records *r, hn_json_array *a, int *c, hn_error *err) {
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

bool hn_json_ends_before(hn_json_place *k, char c) {
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

static int64_t line_ends(const char *p, size_t n) {
    int64_t lines = 0;
    for (size_t i = 0; i < n; i++) lines += p[i] == '\n';
    return lines;
}

/* Takes the bytes of the element into text, or passes over what is left of one that was too long. */
static hn_status collect(hn_records *r, hn_json_array *a, hn_error *err) {
    hn_source *s = &r->src;
    if (!a->skipping) a->at = (hn_json_place){0};
    hn_buf_clear(&a->text);
    for (;;) {
        size_t i = 0;
        const char *p = s->buf + s->at;
        while (i < s->n && !hn_json_ends_before(&a->at, p[i])) i++;
        if (a->skipping) a->line += line_ends(p, i);
        else hn_buf_add(&a->text, p, i);
        bool found = i < s->n;
        s->at += i;
        s->n -= i;
        if (a->text.failed) return hn_nomem(err, a->text.n);
        if (found) break;
        if (s->end) return wrong(r, a, "the array is not closed: the file ends inside a record", err);
        if (a->text.n > s->limit) {
            int64_t first = a->line;
            a->skipping = true;
            a->line += line_ends(a->text.p, a->text.n);
            return hn_records_too_long(r, "record", first, err);
        }
        hn_status st = hn_source_more(s, err);
        if (st != HN_OK) {
            r->broken = true;
            return st;
        }
    }
    a->skipping = false;
    return HN_OK;
}

/* Moves to the beginning of the next element; *c is its first byte, -1: there is none. */
static hn_status step_to_element(hn_records *r, hn_json_array *a, int *c, hn_error *err) {
    HN_TRY(hn_json_array_peek(r, a, c, err));
    if (!a->inside) {
        if (*c < 0) return HN_OK;
        if (*c != '[') return wrong(r, a, "not a JSON array", err);
        skip(&r->src);
        a->inside = true;
        HN_TRY(hn_json_array_peek(r, a, c, err));
    } else if (*c == ',') {
        skip(&r->src);
        HN_TRY(hn_json_array_peek(r, a, c, err));
        if (*c == ']') return wrong(r, a, "a comma before the closing bracket", err);
    } else if (*c >= 0 && *c != ']') {
        return wrong(r, a, "a comma is missing between two records", err);
    }
    if (*c < 0) return wrong(r, a, "the array is not closed", err);
    if (*c != ']') return HN_OK;
    skip(&r->src);
    a->done = true;
    *c = -1;
    if (a->within) return HN_OK;
    HN_TRY(hn_json_array_peek(r, a, c, err));
    return *c < 0 ? HN_OK : wrong(r, a, "something follows the closing bracket", err);
}

hn_status hn_json_array_cut(hn_records *r, void *state, hn_raw *raw, hn_error *err) {
    hn_json_array *a = state;
    if (a->line == 0) a->line = 1;
    if (a->done) return HN_OK;
    if (a->skipping) HN_TRY(collect(r, a, err));
    int c;
    HN_TRY(step_to_element(r, a, &c, err));
    if (c < 0) return HN_OK;
    raw->line = ++a->index;
    raw->first_line = a->line;
    HN_TRY(collect(r, a, err));
    a->line += line_ends(a->text.p, a->text.n);
    raw->p = a->text.p ? a->text.p : "";
    raw->n = a->text.n;
    return HN_OK;
}

hn_status hn_json_array_parse(const hn_raw *raw, hn_json **record, hn_error *err) {
    HN_TRY(hn_records_utf8(raw->path, raw->p, raw->n, raw->first_line, err));
    hn_json *value;
    hn_status st = hn_json_parse(raw->p, raw->n, raw->path, raw->first_line, &value, err);
    if (st == HN_EFORMAT)
        hn_error_fix(err, "correct record %lld, or leave such rows out with --on_bad_row skip", (long long)raw->line);
    HN_TRY(st);
    return hn_records_object(raw, value, record, err);
}

void hn_json_array_close(void *state) { hn_buf_release(&((hn_json_array *)state)->text); }

const hn_reader hn_read_json_array = {.name = "json_array",
                                      .about = "one JSON array of objects",
                                      .extensions = "json jsonl ndjson",
                                      .unit = "record",
                                      .size = sizeof(hn_json_array),
                                      .fits = fits,
                                      .cut = hn_json_array_cut,
                                      .parse = hn_json_array_parse,
                                      .close = hn_json_array_close};
