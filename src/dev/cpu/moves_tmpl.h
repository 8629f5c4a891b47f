/* moves_tmpl.h - slots that move or sum rows; compiled for each `real` and each level as they are.
 *
 * Scatter-adds (embed_back, rows_back) and sums over rows are cut by columns: each thread owns some columns
 * of the result and walks the rows in ascending order, so no two threads meet and the order never changes. */
#include "dev/dev.h"

#include <stdatomic.h>
#include <string.h>

enum { COLUMNS = 64 }; /* a unit of work: four cache lines of floats */

typedef struct move_job {
    int64_t n, d;
    const real *x;
    const int32_t *id;
    real *y;
    atomic_bool *bad;
} move_job;

/* Rows of d elements that make a chunk worth handing to a thread. */
static inline int64_t row_grain(int64_t d) {
    return d >= 8192 ? 1 : 8192 / (d > 0 ? d : 1);
}

static void gather_rows(void *ctx, int64_t begin, int64_t end) {
    const move_job *w = ctx;
    for (int64_t i = begin; i < end; i++)
        memcpy(w->y + i * w->d, w->x + (int64_t)w->id[i] * w->d, (size_t)w->d * sizeof(real));
}

static void embed(int64_t n, int64_t d, const void *table, const int32_t *id, void *y) {
    move_job w = {.n = n, .d = d, .x = table, .id = id, .y = y};
    hn_par_for(n, row_grain(d), gather_rows, &w);
}

static void rows(int64_t r, int64_t d, const void *x, const int32_t *row, void *y) {
    embed(r, d, x, row, y);
}

static void scatter_columns(void *ctx, int64_t begin, int64_t end) {
    const move_job *w = ctx;
    const int64_t first = begin * COLUMNS, last = end * COLUMNS < w->d ? end * COLUMNS : w->d;
    for (int64_t i = 0; i < w->n; i++) {
        real *restrict to = w->y + (int64_t)w->id[i] * w->d;
        const real *restrict from = w->x + i * w->d;
        for (int64_t j = first; j < last; j++) to[j] += from[j];
    }
}

static void rows_back(int64_t r, int64_t d, const int32_t *row, const void *dy, void *dx) {
    move_job w = {.n = r, .d = d, .x = dy, .id = row, .y = dx};
    hn_par_for((d + COLUMNS - 1) / COLUMNS, r * COLUMNS < 8192 ? d : 1, scatter_columns, &w);
}

static void embed_back(int64_t n, int64_t d, int64_t vocab, const int32_t *id, const void *dy, void *dtable) {
    (void)vocab;
    rows_back(n, d, id, dy, dtable);
}

static void colsum_columns(void *ctx, int64_t begin, int64_t end) {
    const move_job *w = ctx;
    for (int64_t block = begin; block < end; block++) {
        const int64_t first = block * COLUMNS, count = w->d - first < COLUMNS ? w->d - first : COLUMNS;
        /* partial sums of 64 rows: the error grows with n/64 instead of n */
        for (int64_t i = 0; i < w->n; i += 64) {
            const int64_t stop = w->n - i < 64 ? w->n : i + 64;
            real part[COLUMNS] = {0};
            for (int64_t k = i; k < stop; k++) {
                const real *x = w->x + k * w->d + first;
                for (int64_t j = 0; j < count; j++) part[j] += x[j];
            }
            for (int64_t j = 0; j < count; j++) w->y[first + j] += part[j];
        }
    }
}

static void colsum(int64_t n, int64_t d, const void *x, void *y) {
    move_job w = {.n = n, .d = d, .x = x, .y = y};
    hn_par_for((d + COLUMNS - 1) / COLUMNS, n * COLUMNS < 8192 ? d : 1, colsum_columns, &w);
}

static void finite_chunk(void *ctx, int64_t begin, int64_t end) {
    const move_job *w = ctx;
    if (atomic_load_explicit(w->bad, memory_order_relaxed)) return;
    real acc = 0; /* x * 0 is 0, or NaN where x is not finite; sixteen chains for the vector units */
    real lane[16] = {0};
    int64_t i = begin;
    for (; i + 16 <= end; i += 16)
        for (int j = 0; j < 16; j++) lane[j] += w->x[i + j] * (real)0;
    for (; i < end; i++) acc += w->x[i] * (real)0;
    for (int j = 0; j < 16; j++) acc += lane[j];
    if (acc != 0 || acc != acc) atomic_store_explicit(w->bad, true, memory_order_relaxed);
}

static bool all_finite(int64_t count, const void *x) {
    atomic_bool bad = false;
    move_job w = {.x = x, .bad = &bad};
    hn_par_for(count, 65536, finite_chunk, &w);
    return !atomic_load(&bad);
}
