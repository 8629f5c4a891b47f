/* blocks.c - rows of text to blocks of equal length, by the rule of transformers' run_clm: the token lists of 1,000 texts are
 * joined and cut, the rest that fills no block is dropped. */
#include "data/rows_impl.h"

#include <string.h>

enum { GROUP = 1000 };

static hn_status one_group(const hn_rows *in, int64_t first, int64_t last, int64_t block, hn_rows_cap *cap, hn_rows *out,
                           hn_error *err) {
    int64_t at = in->at[first], end = in->at[last], row = first;
    for (; at + block <= end; at += block) {
        while (in->at[row + 1] <= at) row++;
        HN_TRY(hn_rows_add(cap, out, in->ids + at, in->ids + at, block, in->record[row], err));
    }
    return HN_OK;
}

hn_status hn_rows_block(const hn_rows *in, int64_t block, hn_rows **out, hn_error *err) {
    *out = NULL;
    hn_rows *r = hn_rows_new();
    if (!r) return hn_nomem(err, sizeof *r);
    hn_rows_cap cap = {0};
    hn_status st = HN_OK;
    for (int64_t i = 0; st == HN_OK && i < in->rows; i += GROUP)
        st = one_group(in, i, i + GROUP < in->rows ? i + GROUP : in->rows, block, &cap, r, err);
    if (st == HN_OK && r->rows == 0) {
        st = hn_fail(err, HN_EFORMAT, "the texts have %lld tokens in all, too few for one block of %lld", (long long)in->tokens,
                     (long long)block);
        hn_error_fix(err, "give more text, or a smaller --block_size");
    }
    if (st == HN_OK) st = hn_rows_seal(r, err);
    if (st != HN_OK) {
        hn_rows_free(r);
        return st;
    }
    r->read = in->read;
    r->bad = in->bad;
    memcpy(r->format, in->format, sizeof r->format);
    snprintf(r->reason, sizeof r->reason, "blocks of %lld tokens", (long long)block);
    memcpy(r->first_text, in->first_text, sizeof r->first_text);
    *out = r;
    return HN_OK;
}
