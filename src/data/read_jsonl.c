/* read_jsonl.c - JSON lines: one object a line; blank lines are passed over. */
#include "data/records_impl.h"

#include <string.h>

static bool fits(const char *head, size_t n) {
    size_t i = 0;
    while (i < n && strchr(" \t\r\n", head[i]) && head[i]) i++;
    return i < n && head[i] == '{';
}

static bool blank(hn_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r') return false;
    return true;
}

static hn_status next(hn_records *r, void *state, hn_json **record, int64_t *line, hn_error *err) {
    (void)state;
    hn_str s;
    bool got = true;
    do {
        hn_status st = hn_source_line(&r->src, &s, &got, err);
        if (st != HN_OK) {
            r->broken = true;
            return st;
        }
    } while (got && blank(s));
    if (!got) return HN_OK;
    *line = r->src.line;
    HN_TRY(hn_records_utf8(r, s.p, s.n, *line, err));
    hn_json *value;
    hn_status st = hn_json_parse(s.p, s.n, r->src.path, *line, &value, err);
    if (st == HN_EFORMAT) hn_error_fix(err, "correct line %lld, or leave such rows out with --on_bad_row skip", (long long)*line);
    HN_TRY(st);
    char place[600];
    hn_records_place(r, *line, place, sizeof place);
    return hn_records_object(place, value, record, err);
}

const hn_reader hn_read_jsonl = {.name = "jsonl",
                                 .about = "JSON lines, one object a line",
                                 .extensions = "jsonl ndjson json",
                                 .unit = "line",
                                 .fits = fits,
                                 .next = next};
