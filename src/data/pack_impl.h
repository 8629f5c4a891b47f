/* pack_impl.h - rows of any length to rows of at most a given length, in groups of 1,000, as they come; for the files of this
 * room. */
#ifndef HN_PACK_IMPL_H
#define HN_PACK_IMPL_H

#include "data/data.h"

/* A finished row. label: the ids themselves (the same pointer) where all are targets. start [documents]: where each document
 * begins, relative to the row; the first is 0. record: of its first token. */
typedef struct hn_packed {
    const int32_t *id, *label;
    int64_t n;
    const int64_t *start;
    int64_t documents, record;
} hn_packed;
typedef hn_status hn_pack_emit(void *user, const hn_packed *row, hn_error *err);

typedef struct hn_packer {
    hn_packing how;
    int64_t length;            /* of a full row */
    hn_pack_emit *emit;
    void *user;
    int64_t cut;               /* rows that lost tokens: bfd cuts each at length */
    int64_t left;              /* tokens left out: the rest of a group that fills no block */
    int32_t *id, *label;       /* the group so far */
    int64_t tokens, cap, rows;
    struct hn_piece *piece;    /* its documents */
    int64_t pieces, piece_cap;
    struct hn_bin *bin;
    struct hn_gap *gap;
    int64_t bin_cap;
    int32_t *row_id, *row_label; /* a row being put together */
    int64_t *start, row_cap, start_cap;
} hn_packer;

void hn_packer_begin(hn_packer *p, hn_packing how, int64_t length, hn_pack_emit *emit, void *user);
hn_status hn_packer_add(hn_packer *p, const int32_t *id, const int32_t *label, int64_t n, int64_t record, hn_error *err) HN_MUST;
hn_status hn_packer_end(hn_packer *p, hn_error *err) HN_MUST; /* emits the last group */
void hn_packer_release(hn_packer *p);

#endif
