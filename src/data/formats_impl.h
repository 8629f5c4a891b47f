/* formats_impl.h - what a record format is: how a record of known columns becomes examples in TRL's shapes.
 *
 * A new format: one file with a descriptor, one line in formats.def. What becomes of an example (ids, targets) is decided by
 * its kind (encode_<kind>.c), and the same for all formats. */
#ifndef HN_FORMATS_IMPL_H
#define HN_FORMATS_IMPL_H

#include "data/data.h"

enum { HN_REASON = 160 }; /* bytes of a reason */
#define HN_KIND_BIT(kind) (1u << (kind))

struct hn_format {
    const char *name, *about;
    unsigned kinds; /* HN_KIND_BIT of what convert can give */
    /* Does a record have the columns? Then reason, if not NULL, says which. */
    bool (*detect)(const hn_json *record, const hn_convert_opts *o, char *reason);
    /* Adds the record's examples to out. Errors name the column, not the place. NULL: the format gathers. */
    hn_status (*convert)(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err);
    /* For formats that gather: state is theirs, zeroed at the start; next is called when all records are in. */
    size_t state;
    hn_status (*gather)(void *state, const hn_json *record, int64_t line, const hn_convert_opts *o, hn_error *err);
    hn_status (*next)(void *state, const hn_convert_opts *o, hn_examples *out, int64_t *line, bool *more, hn_error *err);
    void (*drop)(void *state);
};

bool hn_view_takes(hn_view view, hn_kind kind);

/* Writes the reason, where one is asked for; returns true. */
bool hn_because(char *reason, const char *fmt, ...) HN_PRINTF(2, 3);
/* "a string", "null" ...: what stands there, for messages. */
const char *hn_json_what(const hn_json *value);
/* A detail line with the columns of a record. */
void hn_columns_detail(const hn_json *record, hn_error *err);
/* A column of text. EFORMAT: absent (lists the columns there are), or not a string. */
hn_status hn_column_text(const hn_json *record, const char *name, hn_str *out, hn_error *err) HN_MUST;
/* The same, put into object as key: the string itself is shared, not copied. */
hn_status hn_column_move(const hn_json *record, const char *name, hn_json *object, const char *key, hn_error *err) HN_MUST;
/* EFORMAT with the usual remedy. */
hn_status hn_bad_row(hn_error *err, const char *fmt, ...) HN_PRINTF(2, 3);

/* Takes value (NULL: no memory, and an error). */
hn_status hn_put(hn_json *object, const char *key, hn_json *value, hn_error *err) HN_MUST;
/* A new example at the end; *value is its empty object, owned by out. */
hn_status hn_examples_add(hn_examples *out, hn_kind kind, hn_json **value, hn_error *err) HN_MUST;

#endif
