/* read_lines.c - plain text: each line, empty ones too, is a record {"text": line}. */
#include "data/records_impl.h"

#include <string.h>

static bool fits(const char *head, size_t n) {
    size_t look = n < 4096 ? n : 4096;
    bool binary = n >= 4 && (memcmp(head, "PAR1", 4) == 0 || memcmp(head, "ARRO", 4) == 0);
    return !binary && !memchr(head, '\0', look);
}

static hn_status next(hn_records *r, void *state, hn_json **record, int64_t *line, hn_error *err) {
    (void)state;
    hn_str s;
    bool got;
    hn_status st = hn_source_line(&r->src, &s, &got, err);
    if (st != HN_OK) {
        r->broken = true;
        return st;
    }
    if (!got) return HN_OK;
    *line = r->src.line;
    if (s.n && s.p[s.n - 1] == '\r') s.n--;
    HN_TRY(hn_records_utf8(r, s.p, s.n, *line, err));
    hn_json *o = hn_json_new_object(), *text = hn_json_new_str(s.p, s.n);
    if (!o || !text) {
        hn_json_free(o);
        hn_json_free(text);
        return hn_nomem(err, s.n);
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
                                 .next = next};
