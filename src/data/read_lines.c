/* read_lines.c - plain text: each line, empty ones too, is a record {"text": line}; or each paragraph (what stands between
 * empty lines), or the whole file. */
#include "data/records_impl.h"

#include <string.h>

static bool fits(const char *head, size_t n) {
    bool binary = (n >= 6 && memcmp(head, "ARROW1", 6) == 0) || (n >= 4 && memcmp(head, "\xFF\xFF\xFF\xFF", 4) == 0);
    return !binary && !memchr(head, '\0', n < 4096 ? n : 4096);
}

static hn_str without_cr(hn_str s) { return s.n && s.p[s.n - 1] == '\r' ? (hn_str){s.p, s.n - 1} : s; }

/* Lines up to an empty one, or up to the end, with line breaks between them. */
static hn_status collect(hn_records *r, hn_buf *b, hn_raw *raw, hn_error *err) {
    hn_str s = {0};
    hn_line got;
    bool whole = r->text_unit == HN_TEXT_DOCUMENT;
    hn_buf_clear(b);
    for (;;) {
        HN_TRY(hn_records_line(r, &s, &got, err));
        if (got == HN_LINE_END) break;
        s = without_cr(s);
        if (!whole && s.n == 0 && raw->line == 0) continue;
        if (!whole && s.n == 0) break;
        if (raw->line == 0) raw->line = r->src.line;
        else hn_buf_putc(b, '\n');
        hn_buf_add(b, s.p, s.n);
        if (b->n > r->src.limit) {
            r->broken = true; /* what follows would be half a text */
            return hn_records_too_long(r, whole ? "document" : "paragraph", raw->line, err);
        }
    }
    raw->p = raw->line ? (b->p ? b->p : "") : NULL;
    raw->n = b->n;
    return b->failed ? hn_nomem(err, b->n) : HN_OK;
}

static hn_status cut(hn_records *r, void *state, hn_raw *raw, hn_error *err) {
    if (r->text_unit != HN_TEXT_LINE) return collect(r, state, raw, err);
    hn_str s = {0};
    hn_line got;
    HN_TRY(hn_records_line(r, &s, &got, err));
    if (got == HN_LINE_END) return HN_OK;
    s = without_cr(s);
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

static void close_lines(void *state) { hn_buf_release(state); }

const hn_reader hn_read_lines = {.name = "lines",
                                 .about = "plain text, a record a line (or paragraph, or file: --text_unit), column \"text\"",
                                 .extensions = "txt text",
                                 .unit = "line",
                                 .size = sizeof(hn_buf),
                                 .fits = fits,
                                 .cut = cut,
                                 .parse = parse,
                                 .close = close_lines};
