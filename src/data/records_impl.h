/* records_impl.h - what a reader of records is. A new kind of file: one file with a descriptor, one line in readers.def. */
#ifndef HN_RECORDS_IMPL_H
#define HN_RECORDS_IMPL_H

#include "data/data.h"
#include "data/source_impl.h"

typedef struct hn_reader {
    const char *name, *about;
    const char *extensions; /* "jsonl ndjson" */
    const char *unit;       /* what hn_records_next counts: "line" or "record" */
    size_t size;            /* bytes of its state, zeroed at the start */
    /* Can contents that begin so be of this kind? head is all there is where the file is short. */
    bool (*fits)(const char *head, size_t n);
    /* Either next: a record, NULL at the end; or cut: the bytes of the next record (p NULL: the end), and parse, which is
     * thread-safe. After EFORMAT the next call goes on behind the bad record, unless broken is set. */
    hn_status (*next)(struct hn_records *r, void *state, hn_json **record, int64_t *line, hn_error *err);
    hn_status (*cut)(struct hn_records *r, void *state, hn_raw *raw, hn_error *err);
    hn_status (*parse)(const hn_raw *raw, hn_json **record, hn_error *err);
    /* How many records there are, where that is known without reading them; may be NULL. */
    hn_status (*count)(struct hn_records *r, void *state, int64_t *out, hn_error *err);
    /* Passes over at most n records where that costs nothing, and says how many; may be NULL. */
    hn_status (*skip)(struct hn_records *r, void *state, int64_t n, int64_t *skipped, hn_error *err);
    /* Bytes of the file used so far, where that is not what has been read from it; may be NULL. */
    uint64_t (*position)(const void *state);
    void (*close)(void *state); /* may be NULL */
} hn_reader;

struct hn_records {
    hn_source src;
    const hn_reader *reader;
    void *state;
    bool broken; /* no record can be read after the last error */
    const hn_columns *columns; /* what will be kept of a record: a reader may leave the rest out; NULL: all of it */
    hn_text_unit text_unit;
};

/* "file:12", or "file: record 12" where lines mean nothing. */
void hn_records_place(const hn_records *r, int64_t line, char *out, size_t cap);
/* Bytes of the file that have been used so far, for progress. */
uint64_t hn_records_position(const hn_records *r);
/* The next line of the file; one that is too long is EFORMAT, and other errors leave the stream broken. */
hn_status hn_records_line(hn_records *r, hn_str *line, hn_line *got, hn_error *err) HN_MUST;
/* EFORMAT with the place unless the n bytes that begin on this line are UTF-8. */
hn_status hn_records_utf8(const char *path, const char *p, size_t n, int64_t line, hn_error *err) HN_MUST;
/* The same for plain text, where a NUL is an error too. */
hn_status hn_records_plain(const char *path, const char *p, size_t n, int64_t line, hn_error *err) HN_MUST;
/* EFORMAT: a record that begins on this line is longer than the limit. what: "line". */
hn_status hn_records_too_long(const hn_records *r, const char *what, int64_t line, hn_error *err);
/* EFORMAT unless the value is an object; it is freed then. */
hn_status hn_records_object(const hn_raw *raw, hn_json *value, hn_json **record, hn_error *err) HN_MUST;
/* The extension of a name, compression aside: "a.jsonl.gz" gives "jsonl" (n 0: none). */
hn_str hn_records_extension(const char *path);

/* Delimited text (read_csv.c), for the readers of .csv and .tsv. */
typedef struct hn_delimited {
    hn_strlist header;
    bool started;
    hn_buf text;   /* the fields of the row one after the other, each with a NUL behind it */
    size_t *at;    /* where each begins; at[count] is the end */
    size_t count, cap;
} hn_delimited;
hn_status hn_delimited_next(hn_records *r, hn_delimited *d, char delimiter, hn_json **record, int64_t *line,
                            hn_error *err) HN_MUST;
void hn_delimited_close(hn_delimited *d);

#define HN_READER(name) extern const hn_reader hn_read_##name;
#include "data/readers.def"
#undef HN_READER

#endif
