/* batch.c - encoded rows side by side in one packed batch: no padding, targets as shifted pairs (row j-1 predicts j). */
#include "data/batch_impl.h"

#include <string.h>

void hn_batch_init(hn_batch *b) {
    *b = (hn_batch){0};
    hn_arena_init(&b->arena, 1 << 20);
}

void hn_batch_release(hn_batch *b) {
    hn_arena_release(&b->arena);
    *b = (hn_batch){0};
}

hn_status hn_batch_begin(hn_batch *b, int64_t tokens, int64_t segments, int64_t rows, hn_error *err) {
    hn_arena arena = b->arena;
    hn_arena_reset(&arena);
    *b = (hn_batch){.arena = arena};
    if (tokens > INT32_MAX || rows > INT32_MAX)
        return hn_fail(err, HN_EARG, "a batch of %lld tokens: at most 2^31 fit", (long long)tokens);
    size_t n = (size_t)tokens, s = (size_t)segments, r = (size_t)rows;
    b->id = hn_arena_alloc(&b->arena, n * sizeof *b->id);
    b->pos = hn_arena_alloc(&b->arena, n * sizeof *b->pos);
    b->length = hn_arena_alloc(&b->arena, n * sizeof *b->length);
    b->start = hn_arena_alloc(&b->arena, (s + 1) * sizeof *b->start);
    b->parent = hn_arena_alloc(&b->arena, s * sizeof *b->parent);
    b->row = hn_arena_alloc(&b->arena, r * sizeof *b->row);
    b->target = hn_arena_alloc(&b->arena, r * sizeof *b->target);
    b->weight = hn_arena_alloc(&b->arena, r * sizeof *b->weight);
    b->sequence = hn_arena_alloc(&b->arena, r * sizeof *b->sequence);
    if (b->id && b->pos && b->length && b->start && b->parent && b->row && b->target && b->weight && b->sequence) return HN_OK;
    return hn_nomem(err, n * 12 + s * 8 + r * 20);
}

int32_t hn_batch_segment(hn_batch *b, int32_t parent, const int32_t *id, int64_t n, int32_t pos, int32_t length) {
    if (n) memcpy(b->id + b->tokens, id, (size_t)n * sizeof *id);
    for (int64_t i = 0; i < n; i++) {
        b->pos[b->tokens + i] = pos + (int32_t)i;
        b->length[b->tokens + i] = length;
    }
    b->parent[b->segments] = parent;
    b->tokens += n;
    b->start[b->segments + 1] = (int32_t)b->tokens;
    return (int32_t)b->segments++;
}

void hn_batch_target(hn_batch *b, int64_t row, int32_t target, double weight, int64_t sequence) {
    int64_t r = b->rows++;
    b->row[r] = (int32_t)row;
    b->target[r] = target;
    b->weight[r] = weight;
    b->sequence[r] = (int32_t)sequence;
}

/* A document of row k: one segment, its targets as shifted pairs. */
static void add_document(hn_batch *b, const hn_rows *rows, int64_t from, int64_t to, int64_t k) {
    const int32_t *label = rows->label ? rows->label : rows->ids;
    int64_t n = to - from, base = b->tokens;
    hn_batch_segment(b, -1, rows->ids + from, n, 0, (int32_t)n);
    for (int64_t i = 1; i < n; i++)
        if (rows->loss[from + i]) hn_batch_target(b, base + i - 1, label[from + i], 1.0, k);
}

hn_status hn_batch_rows(hn_batch *b, const hn_rows *rows, const int64_t *order, int64_t count, hn_error *err) {
    int64_t tokens = 0, targets = 0, segments = 0;
    for (int64_t k = 0; k < count; k++) {
        int64_t row = order[k], from = rows->at[row], to = rows->at[row + 1];
        tokens += to - from;
        segments += rows->document ? rows->row_document[row + 1] - rows->row_document[row] : 1;
        for (int64_t i = from; i < to; i++) targets += rows->loss[i];
    }
    HN_TRY(hn_batch_begin(b, tokens, segments, targets, err));
    for (int64_t k = 0; k < count; k++) {
        int64_t row = order[k];
        if (!rows->document) add_document(b, rows, rows->at[row], rows->at[row + 1], k);
        else
            for (int64_t d = rows->row_document[row]; d < rows->row_document[row + 1]; d++)
                add_document(b, rows, rows->document[d], rows->document[d + 1], k);
    }
    b->sequences = count;
    b->seen_tokens = tokens;
    return HN_OK;
}
