/* batch_impl.h - building a packed batch segment by segment; for the files of this room.
 *
 * The counts are known beforehand (rows are host data), so the columns are allocated once. A segment continues the
 * path of its parent: rows that share a prefix put it in once and hang their continuations under it. */
#ifndef HN_BATCH_IMPL_H
#define HN_BATCH_IMPL_H

#include "data/data.h"

/* Empties b and makes room; b->tokens, segments, rows count from 0 up to these. */
hn_status hn_batch_begin(hn_batch *b, int64_t tokens, int64_t segments, int64_t rows, hn_error *err) HN_MUST;
/* Appends a segment of n tokens; pos: position of the first; length: tokens of the whole sequence. Returns its index. */
int32_t hn_batch_segment(hn_batch *b, int32_t parent, const int32_t *id, int64_t n, int32_t pos, int32_t length);
/* Hidden row `row` predicts token `target` for a logical row. */
void hn_batch_target(hn_batch *b, int64_t row, int32_t target, double weight, int64_t sequence);

#endif
