/* parquet_delta.c - DELTA_BINARY_PACKED: whole numbers as differences, block by block.
 *
 * header: values of a block, miniblocks of a block, values in all, the first value (zigzag). A block: the least difference
 * (zigzag), a byte of width for each miniblock, then the miniblocks, each full of packed (difference - least) even where the
 * values end before; miniblocks behind the end are left out. */
#include "data/parquet_impl.h"

static int64_t unzigzag(uint64_t v) { return (int64_t)(v >> 1) ^ -(int64_t)(v & 1); }

bool hn_pq_delta_open(hn_pq_delta *d, const uint8_t *p, const uint8_t *end) {
    bool bad = false;
    *d = (hn_pq_delta){.p = p, .end = end};
    d->block = hn_varint(&d->p, end, &bad);
    uint64_t miniblocks = hn_varint(&d->p, end, &bad);
    d->values = d->left = hn_varint(&d->p, end, &bad);
    d->value = (uint64_t)unzigzag(hn_varint(&d->p, end, &bad));
    if (bad || d->block == 0 || d->block > 1 << 24 || miniblocks == 0 || miniblocks > d->block || d->block % miniblocks)
        return false;
    d->mini = d->block / miniblocks;
    return d->mini % 8 == 0; /* so that a miniblock ends with a byte */
}

static bool next_block(hn_pq_delta *d) {
    bool bad = false;
    d->least = (uint64_t)unzigzag(hn_varint(&d->p, d->end, &bad));
    uint64_t miniblocks = d->block / d->mini;
    if (bad || miniblocks > (size_t)(d->end - d->p)) return false;
    d->widths = d->p;
    d->p += miniblocks;
    d->block_left = d->block;
    return true;
}

static bool next_miniblock(hn_pq_delta *d) {
    if (d->block_left == 0 && !next_block(d)) return false;
    d->width = *d->widths++;
    d->mini_left = d->mini;
    d->block_left -= d->mini;
    d->bit = 0;
    return d->width <= 64 && d->mini / 8 * (uint64_t)d->width <= (size_t)(d->end - d->p);
}

static uint64_t bits_at(const uint8_t *p, uint64_t bit, int width) {
    uint64_t v = 0;
    for (int got = 0; got < width;) {
        unsigned shift = (unsigned)(bit % 8);
        v |= (uint64_t)(p[bit / 8] >> shift) << got;
        got += 8 - (int)shift;
        bit += 8 - shift;
    }
    return width < 64 ? v & (((uint64_t)1 << width) - 1) : v;
}

bool hn_pq_delta_next(hn_pq_delta *d, int64_t *out) {
    *out = (int64_t)d->value;
    if (d->left == 0) return false;
    if (--d->left == 0) return true;
    if (d->mini_left == 0 && !next_miniblock(d)) return false;
    d->value += d->least + bits_at(d->p, d->bit, d->width);
    d->bit += (uint64_t)d->width;
    if (--d->mini_left == 0) d->p += d->mini / 8 * (uint64_t)d->width;
    return true;
}

const uint8_t *hn_pq_delta_end(hn_pq_delta d) {
    int64_t v;
    while (d.left)
        if (!hn_pq_delta_next(&d, &v)) return NULL;
    return d.mini_left ? d.p + d.mini / 8 * (uint64_t)d.width : d.p;
}
