/* read_json_object.c - JSON objects one after the other, each over several lines (what a pretty-printer makes of JSON lines, or
 * a file with one record). */
#include "data/json_array_impl.h"

#include <string.h>

/* An object that goes on over a line end. */
static bool fits(const char *head, size_t n) {
    hn_json_place k = {0};
    size_t i = 0;
    while (i < n && strchr(" \t\r\n", head[i]) && head[i]) i++;
    if (!hn_json_opens(head, n, "{}", '"')) return false;
    for (; i < n; i++) {
        if (head[i] == '\n' && !k.string) return k.depth > 0;
        if (k.depth == 0 && k.string) return false;
        hn_json_ends_before(&k, head[i]);
        if (k.depth == 0 && !k.string && head[i] == '}') return false;
    }
    return false;
}

static hn_status cut(hn_records *r, void *state, hn_raw *raw, hn_error *err) {
    hn_json_array *a = state;
    hn_source *s = &r->src;
    int c;
    if (a->line == 0) a->line = 1;
    HN_TRY(hn_json_array_peek(r, a, &c, err));
    if (c < 0) return HN_OK;
    raw->line = ++a->index;
    raw->first_line = a->line;
    hn_buf_clear(&a->text);
    hn_json_place k = {0};
    for (bool done = false; !done;) {
        const char *p = s->buf + s->at;
        size_t i = 0;
        while (i < s->n && !done) {
            hn_json_ends_before(&k, p[i]);
            a->line += p[i] == '\n';
            done = !k.string && k.depth <= 0 && (p[i] == '}' || p[i] == '\n');
            i++;
        }
        hn_buf_add(&a->text, p, i);
        s->at += i;
        s->n -= i;
        if (a->text.failed) return hn_nomem(err, a->text.n);
        if (done || (s->n == 0 && s->end)) break;
        if (a->text.n > s->limit) {
            r->broken = true;
            return hn_records_too_long(r, "record", raw->first_line, err);
        }
        hn_status st = hn_source_more(s, err);
        if (st == HN_OK) continue;
        r->broken = true;
        return st;
    }
    raw->p = a->text.p;
    raw->n = a->text.n;
    return HN_OK;
}

const hn_reader hn_read_json_object = {.name = "json_object",
                                       .about = "JSON objects over several lines, one after the other",
                                       .extensions = "json",
                                       .unit = "record",
                                       .size = sizeof(hn_json_array),
                                       .fits = fits,
                                       .cut = cut,
                                       .parse = hn_json_array_parse,
                                       .close = hn_json_array_close};
