/* records.c - a file becomes a stream of JSON objects: the reader is chosen by name, then by contents. */
#include "data/records_impl.h"
#include "data/sources_impl.h"

#include <string.h>
#include <unistd.h>

static const hn_reader *const readers[] = {
#define HN_READER(name) &hn_read_##name,
#include "data/readers.def"
#undef HN_READER
};
enum { READERS = sizeof readers / sizeof *readers };

hn_str hn_records_extension(const char *path) {
    const char *name = hn_path_base(path), *end = name + strlen(name);
    if (end - name > 3 && memcmp(end - 3, ".gz", 3) == 0) end -= 3;
    else if (end - name > 4 && memcmp(end - 4, ".zst", 4) == 0) end -= 4;
    const char *from = end;
    while (from > name && from[-1] != '.') from--;
    return from > name ? (hn_str){from, (size_t)(end - from)} : (hn_str){end, 0};
}

/* Which of the extensions it is, from 1; 0: none. A reader's own extension stands first. */
static int lists(const char *extensions, hn_str x) {
    int at = 1;
    for (const char *p = extensions; *p && x.n; at++) {
        size_t n = strcspn(p, " ");
        if (n == x.n && memcmp(p, x.p, n) == 0) return at;
        p += n + strspn(p + n, " ");
    }
    return 0;
}

bool hn_reader_at(size_t i, hn_reader_info *out) {
    if (i >= READERS) return false;
    *out = (hn_reader_info){readers[i]->name, readers[i]->about, readers[i]->extensions};
    return true;
}

bool hn_records_known(const char *name) {
    hn_str x = hn_records_extension(name);
    for (size_t i = 0; i < READERS; i++)
        if (lists(readers[i]->extensions, x)) return true;
    return false;
}

/* Arrow's own files: the IPC file format begins with its name, its stream format with a continuation mark and a length. */
static bool is_arrow(const char *head, size_t n) {
    if (n >= 6 && memcmp(head, "ARROW1", 6) == 0) return true;
    return n >= 8 && memcmp(head, "\xFF\xFF\xFF\xFF", 4) == 0 && head[6] == 0 && head[7] == 0;
}

static hn_status unknown_kind(const char *path, const char *head, size_t n, hn_error *err) {
    if (is_arrow(head, n)) {
        hn_fail(err, HN_ENOTSUP, "%s: Arrow data (a cache of the datasets library, or Feather): not read", path);
        hn_error_fix(
            err,
            "python -c \"import sys, pyarrow as a, pyarrow.parquet as p; f = a.memory_map(sys.argv[1]); r = a.ipc.%s(f); "
            "p.write_table(r.read_all(), sys.argv[2])\" %s data.parquet",
            head[0] == 'A' ? "open_file" : "open_stream", path);
        return HN_ENOTSUP;
    }
    hn_fail(err, HN_ENOTSUP, "%s: not a kind of data file hone reads", path);
    for (size_t i = 0; i < READERS; i++) hn_error_detail(err, "%s: %s", readers[i]->extensions, readers[i]->about);
    hn_error_fix(err, "write the records as JSON lines (.jsonl), one object a line");
    return HN_ENOTSUP;
}

/* The name of a Unicode encoding that is not UTF-8: by its mark, else by every other byte of the first ones being zero. */
static const char *other_unicode(const char *head, size_t n) {
    if (n >= 4 && (memcmp(head, "\xFF\xFE\0\0", 4) == 0 || memcmp(head, "\0\0\xFE\xFF", 4) == 0)) return "UTF-32";
    if (n >= 2 && (memcmp(head, "\xFF\xFE", 2) == 0 || memcmp(head, "\xFE\xFF", 2) == 0)) return "UTF-16";
    if (n < 8) return NULL;
    size_t look = n < 1024 ? n / 2 : 512, zeros[2] = {0, 0};
    for (size_t i = 0; i < 2 * look; i++) zeros[i % 2] += head[i] == '\0';
    if (zeros[1] * 10 > look * 9 && zeros[0] == 0) return "UTF-16LE";
    return zeros[0] * 10 > look * 9 && zeros[1] == 0 ? "UTF-16BE" : NULL;
}

static hn_status check_unicode(const char *path, const char *head, size_t n, hn_error *err) {
    const char *name = other_unicode(head, n);
    if (!name) return HN_OK;
    hn_fail(err, HN_EFORMAT, "%s: the text is %s, UTF-8 is expected", path, name);
    hn_error_fix(err, "iconv -f %s -t UTF-8 %s >utf8-%s", name, path, hn_path_base(path));
    return HN_EFORMAT;
}

static hn_status choose(hn_records *r, hn_error *err) {
    hn_str x = hn_records_extension(r->src.path);
    const char *head = r->src.buf ? r->src.buf + r->src.at : "";
    const hn_reader *named = NULL, *fitting = NULL;
    int nearest = 0;
    HN_TRY(check_unicode(r->src.path, head, r->src.n, err));
    for (size_t i = 0; i < READERS && !r->reader; i++) {
        bool fits = readers[i]->fits(head, r->src.n);
        int name = lists(readers[i]->extensions, x);
        if (name && fits) r->reader = readers[i];
        if (name && (!named || name < nearest)) {
            named = readers[i];
            nearest = name;
        }
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
    r->src.limit = HN_RECORD_BYTES;
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

void hn_records_set_limit(hn_records *r, int64_t bytes) { r->src.limit = bytes > 0 ? (size_t)bytes : HN_RECORD_BYTES; }

void hn_records_set_unit(hn_records *r, hn_text_unit unit) { r->text_unit = unit; }

hn_status hn_records_next_raw(hn_records *r, hn_raw *raw, hn_error *err) {
    hn_status st;
    *raw = (hn_raw){.path = r->src.path, .reader = r->reader};
    if (r->broken) return hn_fail(err, HN_ESTATE, "%s: read on after an error", r->src.path);
    if (r->reader->cut) {
        st = r->reader->cut(r, r->state, raw, err);
        if (raw->first_line == 0) raw->first_line = raw->line;
    } else {
        st = r->reader->next(r, r->state, &raw->record, &raw->line, err);
        raw->first_line = raw->line;
    }
    if (st != HN_OK && st != HN_EFORMAT) r->broken = true;
    return st;
}

/* A value takes some eighty bytes once it is parsed, so text of nothing but short values would fill the memory. */
static hn_status check_values(const hn_raw *raw, hn_error *err) {
    enum { MOST_VALUES = 4 << 20 };
    size_t commas = 0;
    if (raw->n <= MOST_VALUES) return HN_OK;
    for (size_t i = 0; i < raw->n; i++) commas += raw->p[i] == ',';
    if (commas <= MOST_VALUES) return HN_OK;
    hn_fail(err, HN_EFORMAT, "%s:%lld: a record of more than %d values", raw->path, (long long)raw->first_line, MOST_VALUES);
    hn_error_fix(err, "cut it into records of a line, element or row each");
    return HN_EFORMAT;
}

hn_status hn_raw_parse(hn_raw *raw, hn_json **record, hn_error *err) {
    *record = raw->record;
    raw->record = NULL;
    if (raw->p) HN_TRY(check_values(raw, err));
    if (raw->p) HN_TRY(raw->reader->parse(raw, record, err));
    if (!*record || !raw->columns) return HN_OK;
    hn_status st = hn_columns_apply(raw->columns, record, err);
    if (st == HN_OK) return HN_OK;
    hn_json_free(*record);
    *record = NULL;
    char at[600];
    hn_raw_place(raw, at, sizeof at);
    hn_error_context(err, "%s", at);
    return st;
}

hn_status hn_records_next(hn_records *r, hn_json **record, int64_t *line, hn_error *err) {
    hn_raw raw;
    *record = NULL;
    hn_status st = hn_records_next_raw(r, &raw, err);
    *line = raw.line;
    return st == HN_OK ? hn_raw_parse(&raw, record, err) : st;
}

bool hn_records_usable(const hn_records *r) { return !r->broken; }

uint64_t hn_records_position(const hn_records *r) {
    if (r->reader->position) return r->reader->position(r->state);
    off_t at = lseek(r->src.fd, 0, SEEK_CUR);
    return at > (off_t)r->src.raw_n ? (uint64_t)at - r->src.raw_n : 0;
}

void hn_records_close(hn_records *r) {
    if (!r) return;
    if (r->state && r->reader->close) r->reader->close(r->state);
    hn_free(r->state);
    hn_source_close(&r->src);
    hn_free(r);
}

static void place(const hn_reader *reader, const char *path, int64_t line, char *out, size_t cap) {
    bool lines = hn_streq(reader->unit, "line");
    snprintf(out, cap, lines ? "%s:%lld" : "%s: record %lld", path, (long long)line);
}

void hn_records_place(const hn_records *r, int64_t line, char *out, size_t cap) { place(r->reader, r->src.path, line, out, cap); }

void hn_raw_place(const hn_raw *raw, char *out, size_t cap) { place(raw->reader, raw->path, raw->line, out, cap); }

hn_status hn_records_too_long(const hn_records *r, const char *what, int64_t line, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "%s:%lld: a %s longer than %zu bytes", r->src.path, (long long)line, what, r->src.limit);
    hn_error_fix(err, "cut the text into records of a line, element or row each, or raise the limit with --max_record_bytes");
    return HN_EFORMAT;
}

hn_status hn_records_line(hn_records *r, hn_str *line, hn_line *got, hn_error *err) {
    hn_status st = hn_source_line(&r->src, line, got, err);
    if (st != HN_OK) r->broken = true;
    if (st == HN_OK && *got == HN_LINE_TOO_LONG) st = hn_records_too_long(r, "line", r->src.line, err);
    return st;
}

/* The line that byte bad of the text is on, and where in it that line begins. */
static size_t line_start(const char *p, size_t bad, int64_t *line) {
    size_t from = 0;
    for (size_t i = 0; i < bad; i++) {
        if (p[i] != '\n') continue;
        ++*line;
        from = i + 1;
    }
    return from;
}

hn_status hn_records_utf8(const char *path, const char *p, size_t n, int64_t line, hn_error *err) {
    size_t bad = 0;
    if (hn_utf8_valid(p, n, &bad)) return HN_OK;
    size_t from = line_start(p, bad, &line);
    hn_fail(err, HN_EFORMAT, "%s:%lld: not UTF-8: byte %zu of the line is 0x%02X", path, (long long)line, bad - from + 1,
            (unsigned)(unsigned char)p[bad]);
    hn_error_fix(err, "iconv -f ISO-8859-1 -t UTF-8 %s (or whatever encoding it has)", path);
    if (err) err->pos = bad;
    return HN_EFORMAT;
}

hn_status hn_records_plain(const char *path, const char *p, size_t n, int64_t line, hn_error *err) {
    const char *nul = n ? memchr(p, '\0', n) : NULL;
    if (!nul) return hn_records_utf8(path, p, n, line, err);
    size_t bad = (size_t)(nul - p), from = line_start(p, bad, &line);
    hn_fail(err, HN_EFORMAT, "%s:%lld: byte %zu of the line is NUL, which no text holds", path, (long long)line, bad - from + 1);
    hn_error_fix(err, "the file is damaged or binary: make it again, or strip the NULs (tr -d '\\0')");
    if (err) err->pos = bad;
    return HN_EFORMAT;
}

hn_status hn_records_object(const hn_raw *raw, hn_json *value, hn_json **record, hn_error *err) {
    static const char *const kinds[] = {"null", "a boolean", "a number", "a number", "a string", "an array", "an object"};
    hn_json_kind kind = hn_json_type(value);
    if (kind == HN_JSON_OBJECT) {
        *record = value;
        return HN_OK;
    }
    hn_json_free(value);
    hn_fail(err, HN_EFORMAT, "%s:%lld: a record is an object, this is %s", raw->path, (long long)raw->first_line, kinds[kind]);
    hn_error_fix(err, "write records as {\"column\": value, ...}");
    return HN_EFORMAT;
}
