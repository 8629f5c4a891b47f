/* json_impl.h - shared by the files of the JSON reader. */
#ifndef HN_JSON_IMPL_H
#define HN_JSON_IMPL_H

#include "base/base.h"

enum { HN_JSON_DEEPEST = 256 };

/* Check the words of a JSON text: numbers, literals, control characters and escapes in strings.
 * Returns NULL and how deep its brackets go, or what is wrong and where in *at. */
const char *hn_json_scan(const char *p, size_t n, size_t *at, int *deepest);
/* Reads well-formed text; *sure false: it may be wrong, or only unusual: nothing is said about it then. Errors: ENOMEM. */
hn_status hn_json_quick(const char *p, size_t n, bool *sure, hn_json **out, hn_error *err) HN_MUST;
/* The same with care, and what is wrong. */
hn_status hn_json_careful(const char *p, size_t n, const char *name, int64_t first_line, hn_json **out, hn_error *err) HN_MUST;
/* EFORMAT "name:line:column: what" for byte at of p. */
hn_status hn_json_fail_at(const char *p, size_t at, const char *name, int64_t first_line,
                          const char *what, hn_error *err);

#endif
