/* read_csv.c - delimited text (RFC 4180): a header, then rows; a field in quotes may hold the delimiter, "" for a quote
 * and line ends. All values are strings. Empty lines are passed over; a row of another width than the header is an error.
 * A first line that is a text and a number is no header, but a row. */
#include "data/records_impl.h"

#include <string.h>

static hn_status wrong(const hn_records *r, int64_t line, const char *what, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "%s:%lld: %s", r->src.path, (long long)line, what);
    hn_error_fix(err, "put fields with quotes, delimiters or line ends in quotes, and double quotes inside them");
    return HN_EFORMAT;
}

enum { MOST_COLUMNS = 10000 };

static hn_status field_ends(const hn_records *r, hn_delimited *d, hn_error *err) {
    hn_buf_putc(&d->text, '\0');
    if (d->count == MOST_COLUMNS) {
        hn_fail(err, HN_EFORMAT, "%s:%lld: more than %d fields in a row", r->src.path, (long long)r->src.line, MOST_COLUMNS);
        hn_error_fix(err, "is this a table? Fields that hold delimiters stand in quotes");
        return HN_EFORMAT;
    }
    if (++d->count + 1 > d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 32;
        size_t *p = hn_realloc_array(d->at, cap, sizeof *p);
        if (!p) return hn_nomem(err, cap * sizeof *p);
        d->at = p;
        d->cap = cap;
    }
    d->at[d->count] = d->text.n;
    return d->text.failed ? hn_nomem(err, d->text.n) : HN_OK;
}

static hn_status line_of(hn_records *r, hn_str *s, bool *got, hn_error *err) {
    hn_line line;
    HN_TRY(hn_records_line(r, s, &line, err));
    *got = line == HN_LINE_WHOLE;
    return *got ? hn_records_plain(r->src.path, s->p, s->n, r->src.line, err) : HN_OK;
}

static hn_str without_cr(hn_str s) {
    return s.n && s.p[s.n - 1] == '\r' ? (hn_str){s.p, s.n - 1} : s;
}

/* A field in quotes, from behind the opening one; it may go on over lines, so *s and *i move. */
static hn_status quoted(hn_records *r, hn_delimited *d, hn_str *s, size_t *i, hn_error *err) {
    int64_t opened = r->src.line;
    for (;;) {
        const char *q = *i < s->n ? memchr(s->p + *i, '"', s->n - *i) : NULL;
        size_t stop = q ? (size_t)(q - s->p) : s->n;
        hn_buf_add(&d->text, s->p + *i, stop - *i);
        *i = stop + 1;
        if (q && *i < s->n && s->p[*i] == '"') {
            hn_buf_putc(&d->text, '"');
            (*i)++;
        } else if (q) {
            return HN_OK;
        } else {
            bool got;
            HN_TRY(line_of(r, s, &got, err));
            if (!got) return wrong(r, opened, "a quote is opened and never closed", err);
            if (d->text.n > r->src.limit) return hn_records_too_long(r, "field in quotes", opened, err);
            hn_buf_putc(&d->text, '\n');
            *i = 0;
        }
    }
}

/* Takes the row that begins with line s apart. */
static hn_status split(hn_records *r, hn_delimited *d, char delimiter, hn_str s, hn_error *err) {
    hn_buf_clear(&d->text);
    d->count = 0;
    if (!d->at) {
        d->at = hn_alloc_array(32, sizeof *d->at);
        if (!d->at) return hn_nomem(err, 32 * sizeof *d->at);
        d->cap = 32;
    }
    d->at[0] = 0;
    for (size_t i = 0;;) {
        if (i < s.n && s.p[i] == '"') {
            i++;
            HN_TRY(quoted(r, d, &s, &i, err));
        } else {
            hn_str line = without_cr(s);
            const char *q = i < line.n ? memchr(line.p + i, delimiter, line.n - i) : NULL;
            size_t stop = q ? (size_t)(q - line.p) : line.n;
            hn_buf_add(&d->text, line.p + i, stop - i);
            i = stop;
        }
        HN_TRY(field_ends(r, d, err));
        if (i >= without_cr(s).n) return HN_OK;
        if (s.p[i] != delimiter) return wrong(r, r->src.line, "text after a closing quote", err);
        i++;
    }
}

static hn_status next_row(hn_records *r, hn_delimited *d, char delimiter, bool *got, int64_t *line, hn_error *err) {
    hn_str s;
    do {
        HN_TRY(line_of(r, &s, got, err));
        if (!*got) return HN_OK;
    } while (without_cr(s).n == 0);
    *line = r->src.line;
    return split(r, d, delimiter, s, err);
}

static bool is_label(const char *s) {
    char *end;
    double v = hn_strtod(s, &end);
    return *s && *end == '\0' && v > -1000 && v < 1000;
}

/* No header at all: two or three columns of which the last one is a number such as labels are (a year may well be a name), the
 * others what people say (SST-2 and its kind). */
static bool headless(const hn_delimited *d) {
    if (d->count < 2 || d->count > 3 || !is_label(d->text.p + d->at[d->count - 1])) return false;
    for (size_t i = 0; i + 1 < d->count; i++)
        if (!strchr(d->text.p + d->at[i], ' ')) return false;
    return true;
}

static hn_status take_header(hn_records *r, hn_delimited *d, bool named, hn_error *err) {
    static const char *const one[] = {"text", "label"}, *const pair[] = {"text", "text_pair", "label"};
    d->header.v = hn_calloc(d->count, sizeof *d->header.v);
    if (!d->header.v) return hn_nomem(err, d->count * sizeof *d->header.v);
    for (size_t i = 0; i < d->count; i++) {
        const char *name = named ? d->text.p + d->at[i] : d->count == 2 ? one[i] : pair[i];
        for (size_t k = 0; k < i; k++) {
            if (!hn_streq(d->header.v[k], name)) continue;
            hn_fail(err, HN_EFORMAT, "%s:1: two columns are called \"%s\"", r->src.path, name);
            hn_error_fix(err, "the first line names the columns, each once");
            return HN_EFORMAT;
        }
        d->header.v[i] = hn_strdup(name);
        if (!d->header.v[i]) return hn_nomem(err, strlen(name));
        d->header.n = i + 1;
    }
    return HN_OK;
}

static void list_fields(const hn_delimited *d, hn_error *err) {
    hn_buf b = {0};
    for (size_t i = 0; i < d->header.n && b.n < 300; i++) hn_buf_printf(&b, "%s%.60s", i ? ", " : "", d->header.v[i]);
    hn_error_detail(err, "columns: %s", b.p ? b.p : "none");
    hn_buf_clear(&b);
    for (size_t i = 0; i < d->count && b.n < 300; i++) hn_buf_printf(&b, "%s\"%.60s\"", i ? ", " : "", d->text.p + d->at[i]);
    hn_error_detail(err, "this row: %s", b.p ? b.p : "nothing");
    hn_buf_release(&b);
}

hn_status hn_delimited_next(hn_records *r, hn_delimited *d, char delimiter, hn_json **record, int64_t *line, hn_error *err) {
    bool got, first = false;
    if (!d->started) {
        d->started = true;
        hn_status st = next_row(r, d, delimiter, &got, line, err);
        first = st == HN_OK && got && headless(d);
        if (st == HN_OK && got) st = take_header(r, d, !first, err);
        if (st != HN_OK) r->broken = true; /* without names nothing below can be read */
        if (st != HN_OK || !got) return st;
        if (first) hn_info("%s: the first line reads as a row, not as names: the columns are taken for %s", r->src.path,
                           d->count == 2 ? "text and label" : "text, text_pair and label");
    }
    if (!first) HN_TRY(next_row(r, d, delimiter, &got, line, err));
    if (!got) return HN_OK;
    if (d->count != d->header.n) {
        hn_fail(err, HN_EFORMAT, "%s:%lld: %zu fields, but the header has %zu", r->src.path, (long long)*line, d->count,
                d->header.n);
        list_fields(d, err);
        hn_error_fix(err, "fields that hold the delimiter or line ends stand in quotes");
        return HN_EFORMAT;
    }
    hn_json *o = hn_json_new_object();
    for (size_t i = 0; o && i < d->count; i++) {
        hn_json *text = hn_json_new_str(d->text.p + d->at[i], d->at[i + 1] - d->at[i] - 1);
        if (!text) break;
        hn_json_set(o, d->header.v[i], text);
    }
    if (hn_json_len(o) != d->count) {
        hn_json_free(o);
        return hn_nomem(err, d->text.n);
    }
    *record = o;
    return HN_OK;
}

void hn_delimited_close(hn_delimited *d) {
    hn_strlist_free(&d->header);
    hn_buf_release(&d->text);
    hn_free(d->at);
}

static bool fits(const char *head, size_t n) {
    (void)head, (void)n;
    return false; /* anything could be CSV: only its name tells */
}

static hn_status next(hn_records *r, void *state, hn_json **record, int64_t *line, hn_error *err) {
    return hn_delimited_next(r, state, ',', record, line, err);
}

static void close_csv(void *state) { hn_delimited_close(state); }

const hn_reader hn_read_csv = {.name = "csv",
                               .about = "comma-separated values with a header",
                               .extensions = "csv",
                               .unit = "line",
                               .size = sizeof(hn_delimited),
                               .fits = fits,
                               .next = next,
                               .close = close_csv};
