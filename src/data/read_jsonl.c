/* read_jsonl.c - JSON lines: one object a line; blank lines are passed over. */
#include "data/json_array_impl.h"

#include <string.h>

static bool fits(const char *head, size_t n) { return hn_json_opens(head, n, "{}", '"'); }

static bool blank(hn_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r') return false;
    return true;
}

static hn_status cut(hn_records *r, void *state, hn_raw *raw, hn_error *err) {
    (void)state;
    hn_str s = {0};
    hn_line got;
    do {
        HN_TRY(hn_records_line(r, &s, &got, err));
        if (got == HN_LINE_END) return HN_OK;
    } while (blank(s));
    raw->p = s.p;
    raw->n = s.n;
    raw->line = r->src.line;
    return HN_OK;
}

static hn_status parse(const hn_raw *raw, hn_json **record, hn_error *err) {
    HN_TRY(hn_records_utf8(raw->path, raw->p, raw->n, raw->line, err));
    hn_json *value;
    hn_status st = hn_json_parse(raw->p, raw->n, raw->path, raw->line, &value, err);
    if (st == HN_EFORMAT)
        hn_error_fix(err, "correct line %lld, or leave such rows out with --on_bad_row skip", (long long)raw->line);
    HN_TRY(st);
    return hn_records_object(raw, value, record, err);
}

const hn_reader hn_read_jsonl = {.name = "jsonl",
                                 .about = "JSON lines, one object a line",
                                 .extensions = "jsonl ndjson json",
                                 .unit = "line",
                                 .fits = fits,
                                 .cut = cut,
                                 .parse = parse};
