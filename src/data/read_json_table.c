/* read_json_table.c - one JSON object that holds its records in a list: {"version": ..., "data": [{...}, ...]} as SQuAD's files.
 *
 * The list is the first of these members that is an array of objects: data, rows, examples, instances. It is taken apart as
 * a file that is an array is, so its size does not matter. */
#include "data/json_array_impl.h"

#include <string.h>

typedef struct {
    hn_json_array array; /* first: the functions of arrays are given this state */
    bool found;
} table_state;

static bool is_rows(hn_str key) {
    return hn_str_eq(key, "data") || hn_str_eq(key, "rows") || hn_str_eq(key, "examples") || hn_str_eq(key, "instances");
}

static size_t space(const char *p, size_t n, size_t i) {
    while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '\n' || p[i] == '\r')) i++;
    return i;
}

/* The place of the list's bracket in text that begins with the object; n: not in these bytes. */
static size_t find_rows(const char *p, size_t n) {
    size_t i = space(p, n, 0);
    if (i == n || p[i] != '{') return n;
    for (i = space(p, n, i + 1); i < n && p[i] == '"';) {
        size_t from = ++i;
        while (i < n && p[i] != '"') i += p[i] == '\\' ? 2 : 1;
        if (i >= n) return n;
        hn_str key = {p + from, i - from};
        if (hn_str_eq(key, "instruction")) return n; /* a record of Self-Instruct, alone */
        i = space(p, n, i + 1);
        if (i == n || p[i] != ':') return n;
        i = space(p, n, i + 1);
        size_t first = i < n && p[i] == '[' ? space(p, n, i + 1) : n;
        if (is_rows(key) && first < n && p[first] == '{') return i;
        hn_json_place k = {0};
        while (i < n && !(k.depth == 0 && !k.string && p[i] == '}') && !hn_json_ends_before(&k, p[i])) i++;
        if (i == n || p[i] != ',') return n;
        i = space(p, n, i + 1);
    }
    return n;
}

/* Does something follow the object that begins here? Then it is a line of JSON lines. */
static bool goes_on(const char *p, size_t n) {
    hn_json_place k = {0};
    for (size_t i = space(p, n, 0); i < n; i++) {
        hn_json_ends_before(&k, p[i]);
        if (k.depth == 0 && !k.string && p[i] == '}') return space(p, n, i + 1) < n;
    }
    return false;
}

static bool fits(const char *head, size_t n) { return find_rows(head, n) < n && !goes_on(head, n); }

/* Moves to the list. What stands before it is small: it was in the bytes by which the reader was chosen. */
static hn_status find(hn_records *r, table_state *t, hn_error *err) {
    hn_source *s = &r->src;
    size_t at = find_rows(s->buf + s->at, s->n);
    if (at == s->n) {
        r->broken = true;
        hn_fail(err, HN_EFORMAT, "%s: no list of records in this object", s->path);
        hn_error_fix(err, "the list is called data, rows, examples or instances; or write JSON lines");
        return HN_EFORMAT;
    }
    t->array.line = 1;
    for (size_t i = 0; i < at; i++) t->array.line += s->buf[s->at + i] == '\n';
    s->at += at;
    s->n -= at;
    t->array.within = t->found = true;
    return HN_OK;
}

static hn_status cut(hn_records *r, void *state, hn_raw *raw, hn_error *err) {
    table_state *t = state;
    if (!t->found) HN_TRY(find(r, t, err));
    return hn_json_array_cut(r, &t->array, raw, err);
}

const hn_reader hn_read_json_table = {
    .name = "json_table",
    .about = "one JSON object with its records in a list \"data\", \"rows\", \"examples\" or \"instances\"",
    .extensions = "json",
    .unit = "record",
    .size = sizeof(table_state),
    .fits = fits,
    .cut = cut,
    .parse = hn_json_array_parse,
    .close = hn_json_array_close};
