/* gemm_tmpl.h - packed matrix multiply, written once for every vector width.
 *
 * The including file gives: vec and v_zero, v_load, v_store, v_set1, v_add, v_fma (lanes of float); VW lanes
 * in a vec; a register tile of MR rows by NV vectors; KC steps of k a pass; MC rows of A held in L2;
 * GEMM_NAME, the function to define.
 *
 * C is cut into a grid of blocks, each the work of one thread. A block walks k in passes of at most KC steps;
 * a pass goes over panels of NR = NV * VW columns of op(B), repacked as [kc][NR] so that a panel stays in L1
 * while MC rows of op(A) stream past it from L2. A tile starts from what the pass before left in C, and
 * storing a float loses nothing, so each element is one chain of fused multiply-adds over k however the passes
 * are cut. Lanes beyond the edge of C are packed as zeros and never stored. */
#include "dev/cpu/gemm_impl.h"

#include <immintrin.h>
#include <string.h>

#define NR (NV * VW)
enum { STRIP = 64 / NR * NR > 48 ? 64 / NR * NR : 48 };
#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

/* ---- register tiles */

typedef struct tile_args {
    int64_t kc, lda, ldc;
    const float *a; /* packed: [kc][MR]; else rows with stride lda */
    const float *b; /* [kc][NR] */
    float *c;
    const float *bias; /* NULL but in the last pass */
    bool load;         /* start from C, else from 0 */
} tile_args;

INLINE void tile_run(const tile_args *t, int mr, int nv, bool packed)
{
    vec acc[MR][NV];
    float *c = t->c;
    const int64_t ldc = t->ldc, lda = t->lda;
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++)
            acc[i][v] = t->load ? v_load(c + i * ldc + v * VW) : v_zero();
    const float *a = t->a, *b = t->b;
    for (int64_t p = 0; p < t->kc; p++) {
        vec col[NV];
        UNROLL for (int v = 0; v < nv; v++)
            col[v] = v_load(b + v * VW);
        UNROLL for (int i = 0; i < mr; i++) {
            vec row = v_set1(packed ? a[i] : a[i * lda]);
            UNROLL for (int v = 0; v < nv; v++)
                acc[i][v] = v_fma(row, col[v], acc[i][v]);
        }
        a += packed ? MR : 1;
        b += NR;
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

/* ---- packing: op(X) seen as [kc][w], w <= width, to out [kc][width]; lanes w .. width are zero */

INLINE void transpose8(__m256 r[8])
{
    __m256 t[8];
    UNROLL for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    UNROLL for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        __m256 lo = r[i], hi = r[i + 4];
        r[i] = _mm256_permute2f128_ps(lo, hi, 0x20);
        r[i + 4] = _mm256_permute2f128_ps(lo, hi, 0x31);
    }
}

INLINE __m256i lanes_below(int64_t w)
{
    int count = w < 0 ? 0 : w > 8 ? 8 : (int)w;
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Distance of two panels: stores of 8 lanes spill out of panels whose width is no multiple of 8. */
INLINE int64_t panel_floats(int64_t kc, int width)
{
    return kc * width + (width % 8 ? 8 : 0);
}

/* From w rows of kc neighbours. Stores of 8 lanes may spill into the next step, which is written later. */
INLINE void pack_across(const float *x, int64_t ld, int64_t kc, int64_t w, float *out, int width)
{
    UNROLL for (int g = 0; g < width; g += 8) {
        const float *row = x + g * ld;
        float *to = out + g;
        for (int64_t p = 0; p < kc; p += 8, to += 8 * width) {
            const int64_t left = kc - p < 8 ? kc - p : 8;
            const __m256i mask = lanes_below(left);
            __m256 r[8];
            if (w - g >= 8 && left == 8)
                UNROLL for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps(row + i * ld + p);
            else
                UNROLL for (int i = 0; i < 8; i++)
                    r[i] = g + i < w ? _mm256_maskload_ps(row + i * ld + p, mask) : _mm256_setzero_ps();
            transpose8(r);
            if (left == 8)
                UNROLL for (int i = 0; i < 8; i++) _mm256_storeu_ps(to + i * width, r[i]);
            else
                UNROLL for (int i = 0; i < 8; i++)
                    if (i < left) _mm256_storeu_ps(to + i * width, r[i]);
        }
    }
}

/* From kc rows of w neighbours, as many panels as they fill: strips of panels keep what is read in one go
 * on neighbouring cache lines. */
INLINE void pack_along(const float *x, int64_t ld, int64_t kc, int64_t w, float *out, int width)
{
    const int64_t strip = STRIP / width, panel = panel_floats(kc, width);
    const __m256i whole = lanes_below(width % 8 ? width % 8 : 8);
    for (; w >= strip * width; w -= strip * width, x += strip * width, out += strip * panel) {
        for (int64_t p = 0; p < kc; p++) {
            const float *from = x + p * ld;
            float *to = out + p * width;
            UNROLL for (int s = 0; s < STRIP / width; s++, from += width, to += panel)
                UNROLL for (int g = 0; g < width; g += 8)
                    _mm256_storeu_ps(to + g, width % 8 ? _mm256_maskload_ps(from + g, whole) : _mm256_loadu_ps(from + g));
        }
    }
    for (; w > 0; w -= width, x += width, out += panel) {
        for (int64_t p = 0; p < kc; p++)
            UNROLL for (int g = 0; g < width; g += 8)
                _mm256_storeu_ps(out + p * width + g,
                                 _mm256_maskload_ps(x + p * ld + g, lanes_below((w < width ? w : width) - g)));
    }
}

/* ---- a block of C */

typedef struct job {
    unsigned flags;
    int64_t m, n, k, lda, ldb, ldc, grid_m, grid_n;
    const float *a, *b, *bias;
    float *c;
    bool pack_a;
} job;

static void pack_b(const job *w, int64_t p0, int64_t kc, int64_t j0, int64_t j1, float *out)
{
    if (!(w->flags & HN_GEMM_TB)) {
        pack_along(w->b + p0 * w->ldb + j0, w->ldb, kc, j1 - j0, out, NR);
        return;
    }
    for (int64_t j = j0; j < j1; j += NR, out += NR * kc)
        pack_across(w->b + j * w->ldb + p0, w->ldb, kc, j1 - j, out, NR);
}

static void pack_a(const job *w, int64_t p0, int64_t kc, int64_t i0, int64_t i1, float *out)
{
    if (w->flags & HN_GEMM_TA) {
        pack_along(w->a + p0 * w->lda + i0, w->lda, kc, i1 - i0, out, MR);
        return;
    }
    for (int64_t i = i0; i < i1; i += MR, out += panel_floats(kc, MR))
        pack_across(w->a + i * w->lda + p0, w->lda, kc, i1 - i < MR ? i1 - i : MR, out, MR);
}

/* One panel of columns times rows i0 .. i1. */
static void panel_run(const job *w, tile_args *t, int64_t p0, int64_t i0, int64_t i1, int64_t j,
                      int64_t cols, const float *apack)
{
    t->ldc = w->ldc;
    for (int64_t i = i0; i < i1;) {
        int64_t left = i1 - i;
        /* the last two tiles share their rows evenly: a tile of one row would wait for its own sums */
        int mr = left >= 2 * MR || left == MR ? MR : left > MR && !w->pack_a ? (int)(left + 1) / 2
                 : left > MR ? MR : (int)left;
        t->a = w->pack_a ? apack + (i - i0) / MR * panel_floats(t->kc, MR) : w->a + i * w->lda + p0;
        t->c = w->c + i * w->ldc + j;
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

static void block_run(const job *w, int64_t i0, int64_t i1, int64_t j0, int64_t j1)
{
    const int64_t steps = pass_steps(w->k), slab = (j1 - j0 + NR - 1) / NR * NR;
    const size_t b_floats = (size_t)(slab * steps), a_floats = w->pack_a ? (size_t)(MC / MR * panel_floats(steps, MR)) : 0;
    float *bpack = hn_gemm_scratch((b_floats + a_floats + 16) * sizeof(float));
    if (!bpack) { /* no memory: the same chains without packing */
        const int64_t ai = w->flags & HN_GEMM_TA ? i0 : i0 * w->lda;
        const int64_t bj = w->flags & HN_GEMM_TB ? j0 * w->ldb : j0;
        hn_gemm_ref_f32(w->flags, i1 - i0, j1 - j0, w->k, w->a + ai, w->lda, w->b + bj, w->ldb,
                        w->c + i0 * w->ldc + j0, w->ldc, w->bias ? w->bias + j0 : NULL);
        return;
    }
    float *apack = bpack + b_floats;
    int64_t p0 = 0;
    do {
        const int64_t kc = w->k - p0 < steps ? w->k - p0 : steps;
        tile_args t = {.kc = kc, .lda = w->lda, .load = p0 > 0 || (w->flags & HN_GEMM_ACC)};
        const bool last = p0 + kc == w->k && w->bias;
        for (int64_t i = i0; i < i1; i += MC) {
            const int64_t end = i1 - i < MC ? i1 : i + MC;
            if (w->pack_a) pack_a(w, p0, kc, i, end, apack);
            for (int64_t j = j0; j < j1; j += NR) {
                const int64_t cols = j1 - j < NR ? j1 - j : NR;
                float *panel = bpack + (j - j0) * kc;
                if (i == i0 && (j - j0) % STRIP == 0) pack_b(w, p0, kc, j, j1 - j < STRIP ? j1 : j + STRIP, panel);
                t.b = panel;
                t.bias = last ? w->bias + j : NULL;
                panel_run(w, &t, p0, i, end, j, cols, apack);
            }
        }
        p0 += kc;
    } while (p0 < w->k);
}

/* ---- the grid: depends on the sizes alone */

static void grid_choose(job *w)
{
    const int64_t tiles_m = (w->m + MR - 1) / MR, tiles_n = (w->n + NR - 1) / NR;
    const int64_t least_m = w->pack_a ? 144 : 256, least_n = w->pack_a ? 288 : 48;
    int64_t gm = (w->m + 1023) / 1024, gn = (w->n + 383) / 384;
    while (gm * gn < 16 && w->m * w->n / (gm * gn) * w->k > 4 << 20) {
        if (w->n >= 2 * least_n * gn && (w->pack_a ? w->n * gm >= w->m * gn : true))
            gn *= 2;
        else if (w->m >= 2 * least_m * gm)
            gm *= 2;
        else if (w->n >= 2 * least_n * gn)
            gn *= 2;
        else
            break;
    }
    w->grid_m = gm < tiles_m ? gm : tiles_m;
    w->grid_n = gn < tiles_n ? gn : tiles_n;
}

static int64_t cut(int64_t size, int64_t unit, int64_t parts, int64_t i)
{
    int64_t at = (size + unit - 1) / unit * i / parts * unit;
    return at < size ? at : size;
}

static void blocks_run(void *ctx, int64_t begin, int64_t end)
{
    const job *w = ctx;
    for (int64_t t = begin; t < end; t++) {
        /* neighbours share the slab of the longer side, which then is read from memory once */
        const bool wide = w->n > w->m;
        const int64_t i = wide ? t % w->grid_m : t / w->grid_n, j = wide ? t / w->grid_m : t % w->grid_n;
        block_run(w, cut(w->m, MR, w->grid_m, i), cut(w->m, MR, w->grid_m, i + 1),
                  cut(w->n, NR, w->grid_n, j), cut(w->n, NR, w->grid_n, j + 1));
    }
}

void GEMM_NAME(unsigned flags, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda, const void *b,
               int64_t ldb, void *c, int64_t ldc, const void *bias)
{
    if (m <= 0 || n <= 0) return;
    job w = {.flags = flags, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb, .ldc = ldc,
             .a = a, .b = b, .bias = bias, .c = c};
    /* rows a multiple of 1 KiB apart fall on few cache sets: they need copying as much as columns do */
    w.pack_a = (flags & HN_GEMM_TA) || (m > MR && lda % 1024 == 0);
    grid_choose(&w);
    hn_par_for(w.grid_m * w.grid_n, 1, blocks_run, &w);
}
