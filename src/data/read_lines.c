/* read_lines.c - plain text: each line, empty ones too, is a record {"text": line}. */
#include "data/records_impl.h"

#include <string.h>

static bool fits(const char *head, size_t n) {
    size_t look = n < 4096 ? n : 4096;
    bool binary = n >= 4 && (memcmp(head, "PAR1", 4) == 0 || memcmp(head, "ARRO", 4) == 0 || memcmp(head, "\xFF\xFF\xFF\xFF", 4) == 0);
    return !binary && !memchr(head, '\0', look);
}

static hn_status cut(hn_records *r, void *state, hn_raw *raw, hn_error *err) {
    (void)state;
    hn_str s = {0};
    hn_line got;
    HN_TRY(hn_records_line(r, &s, &got, err));
    if (got == HN_LINE_END) return HN_OK;
    if (s.n && s.p[s.n - 1] == '\r') s.n--;
    raw->p = s.p;
    raw->n = s.n;
    raw->line = r->src.line;
    return HN_OK;
}

static hn_status parse(const hn_raw *raw, hn_json **record, hn_error *err) {
    HN_TRY(hn_records_plain(raw->path, raw->p, raw->n, raw->line, err));
    hn_json *o = hn_json_new_object(), *text = hn_json_new_str(raw->p, raw->n);
    if (!o || !text) {
        hn_json_free(o);
        hn_json_free(text);
        return hn_nomem(err, raw->n);
    }
    hn_json_set(o, "text", text);
    *record = o;
    return HN_OK;
}

const hn_reader hn_read_lines = {.name = "lines",
                                 .about = "plain text, a record a line, column \"text\"",
                                 .extensions = "txt text",
                                 .unit = "line",
                                 .fits = fits,
                                 .cut = cut,
                                 .parse = parse};
