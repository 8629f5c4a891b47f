/* records.c - a file becomes a stream of JSON objects: the reader is chosen by name, then by contents. */
#include "data/records_impl.h"

#include <string.h>

static const hn_reader *const readers[] = {
#define HN_READER(name) &hn_read_##name,
#include "data/readers.def"
#undef HN_READER
};
enum { READERS = sizeof readers / sizeof *readers };

/* The extension of a name, compression aside: "a.jsonl.gz" gives "jsonl" (n 0: none). */
static hn_str extension(const char *path) {
    const char *name = hn_path_base(path), *end = name + strlen(name);
    if (end - name > 3 && memcmp(end - 3, ".gz", 3) == 0) end -= 3;
    else if (end - name > 4 && memcmp(end - 4, ".zst", 4) == 0) end -= 4;
    const char *from = end;
    while (from > name && from[-1] != '.') from--;
    return from > name ? (hn_str){from, (size_t)(end - from)} : (hn_str){end, 0};
}

static bool lists(const char *extensions, hn_str x) {
    for (const char *p = extensions; *p && x.n;) {
        size_t n = strcspn(p, " ");
        if (n == x.n && memcmp(p, x.p, n) == 0) return true;
        p += n + strspn(p + n, " ");
    }
    return false;
}

bool hn_records_known(const char *name) {
    hn_str x = extension(name);
    for (size_t i = 0; i < READERS; i++)
        if (lists(readers[i]->extensions, x)) return true;
    return false;
}

static hn_status unknown_kind(const char *path, const char *head, size_t n, hn_error *err) {
    const char *why = "not a kind of data file hone reads";
    if (n >= 4 && memcmp(head, "PAR1", 4) == 0) why = "Parquet is not read";
    else if (n >= 6 && memcmp(head, "ARROW1", 6) == 0) why = "Arrow is not read";
    hn_fail(err, HN_ENOTSUP, "%s: %s", path, why);
    for (size_t i = 0; i < READERS; i++) hn_error_detail(err, "%s: %s", readers[i]->extensions, readers[i]->about);
    hn_error_fix(err, "write the records as JSON lines (.jsonl), one object a line");
    return HN_ENOTSUP;
}

static hn_status choose(hn_records *r, hn_error *err) {
    hn_str x = extension(r->src.path);
    const char *head = r->src.buf ? r->src.buf + r->src.at : "";
    const hn_reader *named = NULL, *fitting = NULL;
    for (size_t i = 0; i < READERS && !r->reader; i++) {
        bool fits = readers[i]->fits(head, r->src.n), name = lists(readers[i]->extensions, x);
        if (name && fits) r->reader = readers[i];
        if (name && !named) named = readers[i];
        if (fits && !fitting) fitting = readers[i];
    }
    if (!r->reader) r->reader = named ? named : fitting;
    return r->reader ? HN_OK : unknown_kind(r->src.path, head, r->src.n, err);
}

hn_status hn_records_open(const char *path, hn_records **out, hn_error *err) {
    *out = NULL;
    hn_records *r = hn_calloc(1, sizeof *r);
    if (!r) return hn_nomem(err, sizeof *r);
    hn_status st = hn_source_open(path, &r->src, err);
    if (st == HN_OK) st = choose(r, err);
    if (st == HN_OK && !(r->state = hn_calloc(1, r->reader->size ? r->reader->size : 1)))
        st = hn_nomem(err, r->reader->size);
    if (st != HN_OK) {
        hn_records_close(r);
        return st;
    }
    *out = r;
    return HN_OK;
}

hn_status hn_records_next(hn_records *r, hn_json **record, int64_t *line, hn_error *err) {
    *record = NULL;
    *line = 0;
    if (r->broken) return hn_fail(err, HN_ESTATE, "%s: read on after an error", r->src.path);
    hn_status st = r->reader->next(r, r->state, record, line, err);
    if (st != HN_OK && st != HN_EFORMAT) r->broken = true;
    return st;
}

const char *hn_records_path(const hn_records *r) { return r->src.path; }

void hn_records_close(hn_records *r) {
    if (!r) return;
    if (r->state && r->reader->close) r->reader->close(r->state);
    hn_free(r->state);
    hn_source_close(&r->src);
    hn_free(r);
}

void hn_records_place(const hn_records *r, int64_t line, char *out, size_t cap) {
    bool lines = hn_streq(r->reader->unit, "line");
    snprintf(out, cap, lines ? "%s:%lld" : "%s: record %lld", r->src.path, (long long)line);
}

hn_status hn_records_utf8(const hn_records *r, const char *p, size_t n, int64_t line, hn_error *err) {
    size_t bad = 0, from = 0;
    if (hn_utf8_valid(p, n, &bad)) return HN_OK;
    for (size_t i = 0; i < bad; i++) {
        if (p[i] != '\n') continue;
        line++;
        from = i + 1;
    }
    hn_fail(err, HN_EFORMAT, "%s:%lld: not UTF-8: byte %zu of the line is 0x%02X", r->src.path, (long long)line,
            bad - from + 1, (unsigned)(unsigned char)p[bad]);
    hn_error_fix(err, "iconv -f ISO-8859-1 -t UTF-8 %s (or whatever encoding it has)", r->src.path);
    if (err) err->pos = bad;
    return HN_EFORMAT;
}

hn_status hn_records_object(const char *place, hn_json *value, hn_json **record, hn_error *err) {
    static const char *const kinds[] = {"null", "a boolean", "a number", "a number", "a string", "an array", "an object"};
    hn_json_kind kind = hn_json_type(value);
    if (kind == HN_JSON_OBJECT) {
        *record = value;
        return HN_OK;
    }
    hn_json_free(value);
    hn_fail(err, HN_EFORMAT, "%s: a record is an object, this is %s", place, kinds[kind]);
    hn_error_fix(err, "write records as {\"column\": value, ...}");
    return HN_EFORMAT;
}
