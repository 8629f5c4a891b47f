/* rows_impl.h - building encoded rows; for the files of this room. */
#ifndef HN_ROWS_IMPL_H
#define HN_ROWS_IMPL_H

#include "data/data.h"
#include "data/encode_impl.h"

typedef struct hn_rows_cap { int64_t rows, tokens; } hn_rows_cap; /* allocated, beside rows that still grow */

hn_rows *hn_rows_new(void) HN_MUST; /* empty; NULL: no memory */
hn_status hn_rows_reserve(hn_rows_cap *c, hn_rows *r, int64_t rows, int64_t tokens, bool labels, hn_error *err) HN_MUST;
/* Appends a row; label [n]: HN_NO_TARGET or the token to predict there. Counts targets, longest and top_id. */
hn_status hn_rows_add(hn_rows_cap *c, hn_rows *r, const int32_t *id, const int32_t *label, int64_t n, int64_t record,
                      hn_error *err) HN_MUST;
/* Gives unused memory back and fills the fingerprint. */
hn_status hn_rows_seal(hn_rows *r, hn_error *err) HN_MUST;

#endif
