/* json_array_impl.h - taking a JSON array apart without holding it whole; for the readers of files that are or hold one. */
#ifndef HN_JSON_ARRAY_IMPL_H
#define HN_JSON_ARRAY_IMPL_H

#include "data/records_impl.h"

typedef struct hn_json_place { /* where a look at a value stands: brackets are counted, strings passed over */
    int64_t depth;
    bool string, escaped;
} hn_json_place;
/* Does the value end before c, which is a comma or a closing bracket outside of it? Else c is taken into account. */
bool hn_json_ends_before(hn_json_place *k, char c);

typedef struct hn_json_array {
    hn_buf text;      /* the element being collected */
    int64_t index;    /* of the element, from 1 */
    int64_t line;     /* line the window begins on */
    bool inside, done;
    bool within;      /* the array is part of an object: what follows it is no concern */
    hn_json_place at; /* inside an element that was too long: the rest of it is passed over */
    bool skipping;
} hn_json_array;

/* May contents that begin so be an array or object (brackets: "[]" or "{}") whose first value begins with this byte, or an empty
 * one? */
bool hn_json_opens(const char *head, size_t n, const char *brackets, char first);
/* The next byte that is no white space, not consumed; -1 at the end. */
hn_status hn_json_array_peek(hn_records *r, hn_json_array *a, int *c, hn_error *err) HN_MUST;
/* The functions of a reader (state: hn_json_array). */
hn_status hn_json_array_cut(hn_records *r, void *state, hn_raw *raw, hn_error *err) HN_MUST;
hn_status hn_json_array_parse(const hn_raw *raw, hn_json **record, hn_error *err) HN_MUST;
void hn_json_array_close(void *state);

#endif
