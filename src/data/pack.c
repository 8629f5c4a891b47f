/* pack.c - rows side by side in rows of equal length, by the rules of TRL's pack_dataset and transformers' run_clm.
 *
 * bfd (best fit decreasing): the documents of 1,000 rows, longest first and equal ones in their order, each into the row with
 * the least space that suffices - of equal ones the row that has had that space longest - else into a new row. bfd_split: the
 * same, documents longer than a row being cut into several first. wrapped: all tokens of 1,000 rows one after the other, cut
 * into rows; the short rest stays a row. blocks: the same without the rest. */
#include "data/pack_impl.h"

#include <stdlib.h>
#include <string.h>

enum { GROUP = 1000 };

typedef struct hn_piece { /* a document of the group; wrapped and blocks: a row of it */
    int64_t at, n, record, next; /* next: document behind it in its bin, -1: none */
} hn_piece;
typedef struct hn_bin { int64_t first, last; } hn_bin;
typedef struct hn_gap { int64_t space, since, bin; } hn_gap; /* sorted by space, then since */

const char *hn_packing_name(hn_packing how) {
    static const char *const names[] = {"none", "bfd", "bfd_split", "wrapped", "blocks"};
    return names[how];
}

void hn_packer_begin(hn_packer *p, hn_packing how, int64_t length, hn_pack_emit *emit, void *user) {
    *p = (hn_packer){.how = how, .length = length, .emit = emit, .user = user};
}

void hn_packer_release(hn_packer *p) {
    void *parts[] = {p->id, p->label, p->piece, p->bin, p->gap, p->row_id, p->row_label, p->start};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) hn_free(parts[i]);
    *p = (hn_packer){0};
}

/* Room for n entries of each column; *cap is what they have. */
static hn_status room(void **column[], const size_t *size, int columns, int64_t n, int64_t *cap, hn_error *err) {
    if (n <= *cap) return HN_OK;
    int64_t more = n + *cap;
    for (int i = 0; i < columns; i++) {
        void *q = hn_realloc_array(*column[i], (size_t)more, size[i]);
        if (!q) return hn_nomem(err, (size_t)more * size[i]);
        *column[i] = q;
    }
    *cap = more;
    return HN_OK;
}

static hn_status add_piece(hn_packer *p, int64_t at, int64_t n, int64_t record, hn_error *err) {
    HN_TRY(room((void **[]){(void **)&p->piece}, (size_t[]){sizeof *p->piece}, 1, p->pieces + 1, &p->piece_cap, err));
    p->piece[p->pieces++] = (hn_piece){at, n, record, -1};
    return HN_OK;
}

static int longer_first(const void *a, const void *b) {
    const hn_piece *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    return x->at < y->at ? -1 : x->at > y->at; /* qsort is not stable: the place decides */
}

/* The first gap that is not before (space, since). */
static int64_t find_gap(const hn_gap *gap, int64_t n, int64_t space, int64_t since) {
    int64_t lo = 0, hi = n;
    while (lo < hi) {
        int64_t mid = (lo + hi) / 2;
        if (gap[mid].space < space || (gap[mid].space == space && gap[mid].since < since)) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

/* Puts the sorted documents into bins; returns how many there are. */
static int64_t fill_bins(hn_packer *p) {
    int64_t bins = 0, gaps = 0;
    for (int64_t i = 0; i < p->pieces; i++) {
        int64_t n = p->piece[i].n, at = find_gap(p->gap, gaps, n, 0);
        hn_gap g = {.space = p->length, .bin = bins};
        if (at < gaps) {
            g = p->gap[at];
            memmove(p->gap + at, p->gap + at + 1, (size_t)(--gaps - at) * sizeof *p->gap);
            p->piece[p->bin[g.bin].last].next = i;
        } else {
            p->bin[bins++].first = i;
        }
        p->bin[g.bin].last = i;
        g.space -= n;
        g.since = i;
        if (g.space == 0) continue;
        at = find_gap(p->gap, gaps, g.space, g.since);
        memmove(p->gap + at + 1, p->gap + at, (size_t)(gaps++ - at) * sizeof *p->gap);
        p->gap[at] = g;
    }
    return bins;
}

static hn_status emit_bin(hn_packer *p, const hn_bin *bin, hn_error *err) {
    hn_packed row = {.record = p->piece[bin->first].record};
    for (int64_t i = bin->first; i >= 0; i = p->piece[i].next) {
        row.n += p->piece[i].n;
        row.documents++;
    }
    HN_TRY(room((void **[]){(void **)&p->row_id, (void **)&p->row_label}, (size_t[]){sizeof *p->row_id, sizeof *p->row_label}, 2,
                row.n, &p->row_cap, err));
    HN_TRY(room((void **[]){(void **)&p->start}, (size_t[]){sizeof *p->start}, 1, row.documents, &p->start_cap, err));
    int64_t at = 0, k = 0;
    for (int64_t i = bin->first; i >= 0; i = p->piece[i].next) {
        const hn_piece *d = &p->piece[i];
        memcpy(p->row_id + at, p->id + d->at, (size_t)d->n * sizeof *p->id);
        memcpy(p->row_label + at, p->label + d->at, (size_t)d->n * sizeof *p->label);
        p->start[k++] = at;
        at += d->n;
    }
    row.id = p->row_id;
    row.label = p->row_label;
    row.start = p->start;
    return p->emit(p->user, &row, err);
}

static hn_status flush_bins(hn_packer *p, hn_error *err) {
    HN_TRY(room((void **[]){(void **)&p->bin, (void **)&p->gap}, (size_t[]){sizeof *p->bin, sizeof *p->gap}, 2, p->pieces,
                &p->bin_cap, err));
    qsort(p->piece, (size_t)p->pieces, sizeof *p->piece, longer_first);
    int64_t bins = fill_bins(p);
    for (int64_t i = 0; i < bins; i++) HN_TRY(emit_bin(p, &p->bin[i], err));
    return HN_OK;
}

static hn_status flush_blocks(hn_packer *p, hn_error *err) {
    static const int64_t whole = 0;
    int64_t k = 0;
    for (int64_t at = 0; at < p->tokens; at += p->length) {
        int64_t n = p->tokens - at < p->length ? p->tokens - at : p->length;
        if (n < p->length && p->how == HN_PACK_BLOCKS) {
            p->left += n;
            break;
        }
        while (k + 1 < p->pieces && p->piece[k + 1].at <= at) k++;
        HN_TRY(p->emit(p->user, &(hn_packed){p->id + at, p->label + at, n, &whole, 1, p->piece[k].record}, err));
    }
    return HN_OK;
}

static hn_status flush(hn_packer *p, hn_error *err) {
    bool bins = p->how == HN_PACK_BFD || p->how == HN_PACK_BFD_SPLIT;
    if (p->pieces) HN_TRY(bins ? flush_bins(p, err) : flush_blocks(p, err));
    p->tokens = p->rows = p->pieces = 0;
    return HN_OK;
}

hn_status hn_packer_add(hn_packer *p, const int32_t *id, const int32_t *label, int64_t n, int64_t record, hn_error *err) {
    if (p->how == HN_PACK_BFD && n > p->length) {
        n = p->length;
        p->cut++;
    }
    HN_TRY(room((void **[]){(void **)&p->id, (void **)&p->label}, (size_t[]){sizeof *p->id, sizeof *p->label}, 2, p->tokens + n,
                &p->cap, err));
    int64_t most = p->how == HN_PACK_BFD_SPLIT ? p->length : n;
    for (int64_t at = 0; at < n; at += most)
        HN_TRY(add_piece(p, p->tokens + at, n - at < most ? n - at : most, record, err));
    if (n) {
        memcpy(p->id + p->tokens, id, (size_t)n * sizeof *id);
        memcpy(p->label + p->tokens, label, (size_t)n * sizeof *label);
    }
    p->tokens += n;
    return ++p->rows == GROUP ? flush(p, err) : HN_OK;
}

hn_status hn_packer_end(hn_packer *p, hn_error *err) { return flush(p, err); }
