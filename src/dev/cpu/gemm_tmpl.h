/* gemm_tmpl.h - packed matrix multiply, written once for every vector width.
 *
 * The including file gives: vec and v_zero, v_load, v_store, v_set1, v_add, v_fma (lanes of float); VW lanes
 * in a vec; a register tile of MR rows by NV vectors; KC steps of k a pass; MC rows of A held in L2; B_ROWS
 * and B_ROWS_SPREAD, the most rows of A for which B's rows are read where they lie; GEMM_NAME, the function to define.
 *
 * C is cut into a grid of blocks, each the work of one thread. A block walks k in passes of at most KC steps;
 * a pass goes over panels of NR = NV * VW columns of op(B), repacked as [kc][NR] so that a panel stays in L1
 * while MC rows of op(A) stream past it from L2. A tile starts from what the pass before left in C, and
 * storing a float loses nothing, so each element is one chain of fused multiply-adds over k however the passes
 * are cut. Lanes beyond the edge of C are packed as zeros and never stored.
 *
 * Rows of A that lie in memory as rows are read where they are. Where B lies as rows too (the gradient of an input)
 * and its rows fall on enough sets of the cache for the rows of A at hand (rows_unpacked), B is read in place, its
 * rows fetched ahead; else a block packs its own columns of B, and blocks are tall. Where A must be packed as well
 * (the weight gradient), B is first packed by all threads for everyone, so that blocks can be as wide as C and
 * nothing is packed twice. A Linear weight times a few rows is gemm_thin.h's. */
#include "dev/cpu/gemm_thin.h"

#include <string.h>

#define NR (NV * VW)
enum { B_STRIP = NR < 48 ? 4 : 1, A_STRIP = 48 / MR }; /* panels packed at a time: 48 or 64 columns */

/* ---- register tiles */

typedef struct tile_args {
    int64_t kc, lda, ldb, ldc;
    const float *a; /* packed: [kc][MR]; else rows with stride lda */
    const float *b; /* [kc][NR]; stride ldb: NR if packed, else as it lies, and its rows are fetched ahead */
    float *c;
    const float *bias; /* NULL but in the last pass */
    const char *ahead; /* packed: fetched meanwhile, so many lines every 16 steps */
    int ahead_lines;
    bool load;         /* start from C, else from 0 */
} tile_args;

INLINE void tile_run(const tile_args *t, int mr, int nv, bool packed)
{
    vec acc[MR][NV];
    float *c = t->c;
    const int64_t ldc = t->ldc, lda = t->lda, ldb = t->ldb;
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++)
            acc[i][v] = t->load ? v_load(c + i * ldc + v * VW) : v_zero();
    const float *a = t->a, *b = t->b;
    const char *ahead = t->ahead;
    for (int64_t p = 0; p < t->kc;) {
        const int64_t stop = p + 16 < t->kc ? p + 16 : t->kc;
        if (packed) {
            for (int i = 0; i < t->ahead_lines; i++, ahead += 64)
                _mm_prefetch(ahead, _MM_HINT_T1);
        } else {
            UNROLL for (int i = 0; i < mr; i++)
                _mm_prefetch((const char *)(a + (i + mr) * lda), _MM_HINT_T0);
        }
        if (ldb != NR) {
            for (int i = 16; i < 32; i++)
                UNROLL for (int v = 0; v < nv * VW; v += 16)
                    _mm_prefetch((const char *)(b + i * ldb + v), _MM_HINT_T0);
        }
        for (; p < stop; p++) {
            vec col[NV];
            UNROLL for (int v = 0; v < nv; v++)
                col[v] = v_load(b + v * VW);
            UNROLL for (int i = 0; i < mr; i++) {
                vec row = v_set1(packed ? a[i] : a[i * lda]);
                UNROLL for (int v = 0; v < nv; v++)
                    acc[i][v] = v_fma(row, col[v], acc[i][v]);
            }
            a += packed ? MR : 1;
            b += ldb;
        }
    }
    if (t->bias) {
        UNROLL for (int v = 0; v < nv; v++) {
            vec bias = v_load(t->bias + v * VW);
            UNROLL for (int i = 0; i < mr; i++)
                acc[i][v] = v_add(acc[i][v], bias);
        }
    }
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++)
            v_store(c + i * ldc + v * VW, acc[i][v]);
}

typedef void tile_fn(const tile_args *t);
#define TILE(mr, nv)                                                                               \
    static void tile_##mr##_##nv##_rows(const tile_args *t) { tile_run(t, mr, nv, false); }        \
    static void tile_##mr##_##nv##_pack(const tile_args *t) { tile_run(t, mr, nv, true); }
#define TILE_ROW(mr, nv) {tile_##mr##_##nv##_rows, tile_##mr##_##nv##_pack}
#if NV == 2
#define TILES(mr) TILE(mr, 1) TILE(mr, 2)
#define TILE_SET(mr) {TILE_ROW(mr, 1), TILE_ROW(mr, 2)}
#else
#define TILES(mr) TILE(mr, 1) TILE(mr, 2) TILE(mr, 3)
#define TILE_SET(mr) {TILE_ROW(mr, 1), TILE_ROW(mr, 2), TILE_ROW(mr, 3)}
#endif
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
#if MR == 8
TILES(7) TILES(8)
#endif
static tile_fn *const tiles[MR][NV][2] = {
    TILE_SET(1), TILE_SET(2), TILE_SET(3), TILE_SET(4), TILE_SET(5), TILE_SET(6),
#if MR == 8
    TILE_SET(7), TILE_SET(8),
#endif
};

/* A tile of w < NR columns that may end inside a vector: computed in a copy with whole vectors. */
static void tile_edge(const tile_args *t, int mr, int w, bool packed)
{
    float copy[MR * NR] = {0}, bias[NR] = {0};
    tile_args e = *t;
    e.c = copy;
    e.ldc = NR;
    if (t->load)
        for (int i = 0; i < mr; i++)
            memcpy(copy + i * NR, t->c + i * t->ldc, (size_t)w * sizeof(float));
    if (t->bias) {
        memcpy(bias, t->bias, (size_t)w * sizeof(float));
        e.bias = bias;
    }
    tiles[mr - 1][(w + VW - 1) / VW - 1][packed](&e);
    for (int i = 0; i < mr; i++)
        memcpy(t->c + i * t->ldc, copy + i * NR, (size_t)w * sizeof(float));
}

/* ---- a block of C */

typedef struct job {
    unsigned flags;
    int64_t m, n, k, lda, ldb, ldc, grid_m, grid_n;
    const float *a, *b, *bias;
    float *c;
    bool pack_a, pack_b;    /* else read as they lie */
    int64_t n0, n1, k0, k1; /* the part of the product in hand */
    int64_t steps;          /* of a pass */
    float *shared;          /* columns n0 .. n1 of B packed for k0 .. k1; NULL: blocks pack what they need */
} job;

static int64_t smaller(int64_t x, int64_t y)
{
    return x < y ? x : y;
}

static void pack_b(const job *w, int64_t p0, int64_t kc, int64_t j0, int64_t j1, float *out)
{
    if (!(w->flags & HN_GEMM_TB)) {
        pack_along(w->b + p0 * w->ldb + j0, w->ldb, kc, j1 - j0, out, NR, B_STRIP);
        return;
    }
    for (int64_t j = j0; j < j1; j += NR, out += NR * kc)
        pack_across(w->b + j * w->ldb + p0, w->ldb, kc, j1 - j, out, NR);
}

static void pack_a(const job *w, int64_t p0, int64_t kc, int64_t i0, int64_t i1, float *out)
{
    if (w->flags & HN_GEMM_TA) {
        pack_along(w->a + p0 * w->lda + i0, w->lda, kc, i1 - i0, out, MR, A_STRIP);
        return;
    }
    for (int64_t i = i0; i < i1; i += MR, out += panel_floats(kc, MR))
        pack_across(w->a + i * w->lda + p0, w->lda, kc, smaller(i1 - i, MR), out, MR);
}

/* One panel of columns times rows i0 .. i1. */
static void panel_run(const job *w, tile_args *t, int64_t p0, int64_t i0, int64_t i1, int64_t j,
                      int64_t cols, const float *apack)
{
    t->ldc = w->ldc;
    const int64_t tiles_here = (i1 - i0 + MR - 1) / MR;
    const char *next = (const char *)(t->b + t->kc * NR);
    t->ahead_lines = (int)((NR + tiles_here - 1) / tiles_here);
    if (tiles_here > 2 * NR) t->ahead_lines = 0;
    for (int64_t i = i0; i < i1;) {
        const int64_t left = i1 - i;
        int mr = (int)smaller(left, MR);
        /* the last two tiles share their rows evenly: a tile of one row would wait for its own sums */
        if (!w->pack_a && left > MR && left < 2 * MR) mr = (int)(left + 1) / 2;
        t->a = w->pack_a ? apack + (i - i0) / MR * panel_floats(t->kc, MR) : w->a + i * w->lda + p0;
        t->c = w->c + i * w->ldc + j;
        UNROLL for (int r = 0; r < MR; r++)
            _mm_prefetch((const char *)(t->c + (mr + r) * w->ldc), _MM_HINT_T0);
        t->ahead = next;
        next += t->ahead_lines * 64 * ((t->kc + 15) / 16);
        if (cols == NR)
            tiles[mr - 1][NV - 1][w->pack_a](t);
        else
            tile_edge(t, mr, (int)cols, w->pack_a);
        i += mr;
    }
}

static int64_t pass_steps(int64_t k)
{
    int64_t passes = (k + KC - 1) / KC;
    return passes < 2 ? k : ((k + passes - 1) / passes + 7) / 8 * 8;
}

/* The same chains without packing, for want of memory. */
static void block_plain(const job *w, int64_t i0, int64_t i1, int64_t j0, int64_t j1)
{
    const unsigned flags = w->k0 > 0 ? w->flags | HN_GEMM_ACC : w->flags;
    const float *a = w->a + (w->flags & HN_GEMM_TA ? i0 + w->k0 * w->lda : i0 * w->lda + w->k0);
    const float *b = w->b + (w->flags & HN_GEMM_TB ? j0 * w->ldb + w->k0 : j0 + w->k0 * w->ldb);
    hn_gemm_ref_f32(flags, i1 - i0, j1 - j0, w->k1 - w->k0, a, w->lda, b, w->ldb, w->c + i0 * w->ldc + j0, w->ldc,
                    w->bias && w->k1 == w->k ? w->bias + j0 : NULL);
}

static void block_run(const job *w, int64_t i0, int64_t i1, int64_t j0, int64_t j1)
{
    const int64_t b_cols = w->pack_b ? (j1 - j0 + NR - 1) / NR * NR : NR, b_floats = w->shared ? 0 : b_cols * w->steps;
    const int64_t a_floats = w->pack_a ? MC / MR * panel_floats(w->steps, MR) : 0;
    float *own = hn_gemm_scratch(HN_SCRATCH_BLOCK, (size_t)(b_floats + a_floats) * sizeof(float));
    if (!own) {
        block_plain(w, i0, i1, j0, j1);
        return;
    }
    int64_t p0 = w->k0;
    do {
        const int64_t kc = smaller(w->k1 - p0, w->steps);
        /* panels of this pass: [j][kc][NR] */
        float *bpack = w->shared ? w->shared + (p0 - w->k0) * ((w->n1 - w->n0 + NR - 1) / NR * NR) + (j0 - w->n0) * kc : own;
        tile_args t = {.kc = kc, .lda = w->lda, .load = p0 > 0 || (w->flags & HN_GEMM_ACC)};
        const bool last = p0 + kc == w->k && w->bias;
        for (int64_t i = i0; i < i1; i += MC) {
            const int64_t end = smaller(i1, i + MC);
            if (w->pack_a) pack_a(w, p0, kc, i, end, own + b_floats);
            for (int64_t j = j0; j < j1; j += NR) {
                float *panel = bpack + (w->pack_b ? (j - j0) * kc : 0);
                const bool in_place = !w->pack_b && j1 - j >= NR; /* vectors must not reach past the last row's end */
                if (!w->shared && !in_place && i == i0 && (!w->pack_b || (j - j0) % (B_STRIP * NR) == 0))
                    pack_b(w, p0, kc, j, smaller(j1, j + B_STRIP * NR), panel);
                t.b = in_place ? w->b + p0 * w->ldb + j : panel;
                t.ldb = in_place ? w->ldb : NR;
                t.bias = last ? w->bias + j : NULL;
                panel_run(w, &t, p0, i, end, j, smaller(j1 - j, NR), own + b_floats);
            }
        }
        p0 += kc;
    } while (p0 < w->k1);
}

/* ---- the grid */

static int64_t cut(int64_t size, int64_t unit, int64_t parts, int64_t i)
{
    return smaller(size, (size + unit - 1) / unit * i / parts * unit);
}

static void blocks_run(void *ctx, int64_t begin, int64_t end)
{
    const job *w = ctx;
    const int64_t n = w->n1 - w->n0;
    for (int64_t t = begin; t < end; t++) {
        /* neighbours share the slab of the longer side, which then is read from memory once */
        const bool wide = n > w->m;
        const int64_t i = wide ? t % w->grid_m : t / w->grid_n, j = wide ? t / w->grid_m : t % w->grid_n;
        block_run(w, cut(w->m, MR, w->grid_m, i), cut(w->m, MR, w->grid_m, i + 1),
                  w->n0 + cut(n, NR, w->grid_n, j), w->n0 + cut(n, NR, w->grid_n, j + 1));
    }
}

/* A as it lies: cut C into columns of at least 3 panels first, since packing them pays for tall blocks only. */
static void run_blocks(job *w)
{
    int64_t gm = (w->m + 1023) / 1024, gn = (w->n + 383) / 384;
    while (gm * gn < 16 && w->m * w->n / (gm * gn) * w->k > 4 << 20) {
        if (w->n >= 96 * gn)
            gn *= 2;
        else if (w->m >= 512 * gm)
            gm *= 2;
        else
            break;
    }
    w->grid_m = smaller(gm, (w->m + MR - 1) / MR);
    w->grid_n = smaller(gn, (w->n + NR - 1) / NR);
    hn_par_for(w->grid_m * w->grid_n, 1, blocks_run, w);
}

/* Neither is packed: blocks of few rows cost nothing, and as few cuts as threads leave B's rows in long stretches. */
static void run_as_they_lie(job *w)
{
    const int64_t threads = hn_par_threads();
    int64_t gm = w->m <= MC ? 1 : (w->m + MC * threads - 1) / (MC * threads) * threads, gn = 1;
    while (gm * gn < threads && w->n >= 2 * NR * gn)
        gn++;
    w->grid_m = smaller(gm, (w->m + MR - 1) / MR);
    w->grid_n = smaller(gn, (w->n + NR - 1) / NR);
    hn_par_for(w->grid_m * w->grid_n, 1, blocks_run, w);
}

static void pack_shared(void *ctx, int64_t begin, int64_t end)
{
    const job *w = ctx;
    const int64_t unit = B_STRIP * NR, width = (w->n1 - w->n0 + NR - 1) / NR * NR, strips = (width + unit - 1) / unit;
    for (int64_t t = begin; t < end; t++) {
        const int64_t p0 = w->k0 + t / strips * w->steps, j0 = w->n0 + t % strips * unit;
        const int64_t kc = smaller(w->k1 - p0, w->steps);
        pack_b(w, p0, kc, j0, smaller(w->n1, j0 + unit), w->shared + (p0 - w->k0) * width + (j0 - w->n0) * kc);
    }
}

/* A packed too: up to 8 MB of B packed once, then strips of rows over all of it. */
static void run_strips(job *w)
{
    enum { SLAB_N = 2016, SLAB_FLOATS = 2 << 20 };
    const int64_t parts_n = (w->n + SLAB_N - 1) / SLAB_N;
    int64_t passes = (w->k + w->steps - 1) / w->steps, most = SLAB_FLOATS / (SLAB_N / 2) / KC;
    if (passes > most) passes = most;
    const int64_t width = ((w->n + parts_n - 1) / parts_n + NR - 1) / NR * NR;
    w->shared = hn_gemm_scratch(HN_SCRATCH_SHARED, (size_t)(width * passes * w->steps) * sizeof(float));
    int64_t rows = (w->m / 8 + 47) / 48 * 48;
    if (rows < 48) rows = 48;
    if (rows > MC) rows = MC;
    w->grid_n = 1;
    w->grid_m = (w->m + rows - 1) / rows;
    for (w->n0 = 0; w->n0 < w->n; w->n0 = w->n1) {
        w->n1 = smaller(w->n, w->n0 + width);
        for (w->k0 = 0; w->k0 < w->k; w->k0 = w->k1) {
            w->k1 = smaller(w->k, w->k0 + passes * w->steps);
            const int64_t strips = ((w->n1 - w->n0 + NR - 1) / NR + B_STRIP - 1) / B_STRIP;
            if (w->shared) hn_par_for((w->k1 - w->k0 + w->steps - 1) / w->steps * strips, 1, pack_shared, w);
            hn_par_for(w->grid_m, 1, blocks_run, w);
        }
    }
}

static void thin_columns_run(void *ctx, int64_t begin, int64_t end)
{
    const job *w = ctx;
    thin_args t = {.k = w->k, .ldb = w->ldb, .ldc = w->ldc, .a = w->shared, .b = w->b + begin * w->ldb,
                   .c = w->c + begin, .bias = w->bias ? w->bias + begin : NULL,
                   .load = (w->flags & HN_GEMM_ACC) != 0};
    if (w->shared)
        thin_block(&t, w->m, end - begin);
    else
        block_plain(w, 0, w->m, begin, end);
}

/* A few rows: packed for all, then chunks of about 128 KB of the weight. */
static void run_thin(job *w)
{
    w->shared = hn_gemm_scratch(HN_SCRATCH_SHARED, (size_t)(w->m * w->k + 8) * sizeof(float));
    if (w->shared) pack_across(w->a, w->lda, w->k, w->m, w->shared, (int)w->m);
    const int64_t cols = (32768 / (w->k + 1) + THIN_COLS - 1) / THIN_COLS * THIN_COLS;
    hn_par_for(w->n, cols ? cols : THIN_COLS, thin_columns_run, w);
}

/* Most rows of A for which B, with rows ld apart, is read as it lies: the more of the cache's sets its rows fall on, the
 * longer they stay. */
static int64_t rows_unpacked(int64_t ld)
{
    return ld % 512 == 0 ? MR : ld % 128 == 0 ? B_ROWS : B_ROWS_SPREAD;
}

void GEMM_NAME(unsigned flags, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda, const void *b,
               int64_t ldb, void *c, int64_t ldc, const void *bias)
{
    if (m <= 0 || n <= 0) return;
    job w = {.flags = flags, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb, .ldc = ldc,
             .a = a, .b = b, .bias = bias, .c = c, .n1 = n, .k1 = k, .steps = pass_steps(k)};
    /* rows a multiple of 2 KiB apart fall on few cache sets: they need copying as much as columns do */
    w.pack_b = (flags & (HN_GEMM_TA | HN_GEMM_TB)) || m > rows_unpacked(ldb);
    w.pack_a = (flags & HN_GEMM_TA) || (m > MR && lda % 512 == 0 && w.pack_b);
    if ((flags & (HN_GEMM_TA | HN_GEMM_TB)) == HN_GEMM_TB && m <= THIN_ROWS)
        run_thin(&w);
    else if (w.pack_a && k > 0)
        run_strips(&w);
    else if (!w.pack_b)
        run_as_they_lie(&w);
    else
        run_blocks(&w);
}
