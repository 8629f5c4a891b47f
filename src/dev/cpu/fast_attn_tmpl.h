/* fast_attn_tmpl.h - what attention forward and backward share: register-tiled products on packed blocks,
 * blocks of keys by place on the path, masks, scratch.
 *
 * A unit of work is a block of query tokens of one segment for one kv head: the rows of all query heads that share it
 * are stacked (row = token * per + head), so each block of keys is packed once for them all. Keys are walked in
 * blocks of KEYS places whose borders depend on the place alone; a key that a row does not see has weight exactly 0,
 * and adding 0 changes nothing: a row's bits are those of the row alone, however its path is cut. */
#include <stdatomic.h>
#include <string.h>

enum { KEYS = 64, ROW_TARGET = 96, TOKENS_MOST = 48 };
#ifdef __AVX512F__
#define WIDE_TILES
#endif
#ifdef WIDE_TILES /* 16 sums in 32 registers */
enum { TILE_ROWS = 8, TILE_VECS = 2 };
#else /* 12 sums in 16 registers, two to a vector */
enum { TILE_ROWS = 6, TILE_VECS = 1 };
#endif

/* ---- C[rows, cols] (+)= A[rows, kc] B[kc, cols], cols whole vectors; each element one chain over kc */

typedef struct product {
    const float *a;
    int64_t rs, ks; /* element (i, p) of A at a[i * rs + p * ks] */
    const float *b;
    int64_t ldb, pb; /* element (p, j) of B at b[p * ldb + j / 16 * pb + j % 16] */
    float *c;
    int64_t ldc, kc;
    bool add;
} product;

INLINE void tile_run(const product *t, const float *a, const float *b, float *c, int mr, int nv) {
    vf acc[8][2];
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++)
            acc[i][v] = t->add ? v_load(c + i * t->ldc + v * LANES) : v_zero();
    const int64_t rs = t->rs, ks = t->ks, ldb = t->ldb, pb = t->pb;
    for (int64_t p = t->kc; p > 0; p--) {
        vf col[2];
        UNROLL for (int v = 0; v < nv; v++) col[v] = v_load(b + v * pb);
        UNROLL for (int i = 0; i < mr; i++) {
            const vf row = v_set1(a[i * rs]);
            UNROLL for (int v = 0; v < nv; v++) acc[i][v] = v_fma(row, col[v], acc[i][v]);
        }
        a += ks;
        b += ldb;
    }
    UNROLL for (int i = 0; i < mr; i++)
        UNROLL for (int v = 0; v < nv; v++)
            v_store(c + i * t->ldc + v * LANES, acc[i][v]);
}

typedef void tile_fn(const product *t, const float *a, const float *b, float *c);
#define TILE(mr)                                                                                               \
    static void tile_##mr##_1(const product *t, const float *a, const float *b, float *c) { tile_run(t, a, b, c, mr, 1); } \
    static void tile_##mr##_2(const product *t, const float *a, const float *b, float *c) { tile_run(t, a, b, c, mr, 2); }
#define TILE_SET(mr) {tile_##mr##_1, tile_##mr##_2}
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8)
static tile_fn *const tiles[8][2] = {TILE_SET(1), TILE_SET(2), TILE_SET(3), TILE_SET(4),
                                     TILE_SET(5), TILE_SET(6), TILE_SET(7), TILE_SET(8)};

static void product_run(const product *t, int64_t rows, int64_t cols) {
    for (int64_t j = 0; j < cols;) {
        const int nv = cols - j >= TILE_VECS * LANES ? TILE_VECS : 1;
        for (int64_t i = 0; i < rows;) {
            const int mr = rows - i < TILE_ROWS ? (int)(rows - i) : TILE_ROWS;
            tiles[mr - 1][nv - 1](t, t->a + i * t->rs, t->b + j / LANES * t->pb, t->c + i * t->ldc + j);
            i += mr;
        }
        j += nv * LANES;
    }
}

/* ---- the job and a thread's scratch */

typedef struct attn_span { /* a node of the path, one kv head */
    int64_t first, end;    /* places */
    const float *k, *v;
    float *dk, *dv; /* NULL in forward */
    int64_t ldk, ldv, ld_dk, ld_dv;
} attn_span;

typedef struct attn_keys { /* where the rows of a block of keys lie; beyond the path: zeros */
    const float *k[KEYS], *v[KEYS];
    float *dk[KEYS], *dv[KEYS];
} attn_keys;

typedef struct attn_room { /* scratch of a thread */
    float *q, *s, *o;      /* [rows][dp], [rows][KEYS], [rows][dp] */
    float *kt, *v;         /* [KEYS/16][dh][16], [KEYS][dp] */
    float *stat;           /* [2][rows]: maximum and sum; lse and dO.O */
    float *dout, *ds, *vt, *k, *dk, *dv; /* backward only: [rows][dp], [rows][KEYS], as kt, as v (three) */
    float *zero;           /* [dp] */
    attn_span *path;
    attn_keys keys;
    atomic_bool busy;
} attn_room;

typedef struct attn_job {
    const hn_attn *a;
    const float *q, *k, *v, *o_in, *lse_in, *dout;
    int64_t ldq, ldk, ldv;
    float *o, *lse, *dq, *dk, *dv;
    int64_t per, tokens, rows, dp; /* query heads a kv head, tokens and rows a block, dh rounded up to lanes */
    int32_t depth;                 /* of the deepest path */
    int rooms;
    attn_room *room;
    int64_t *first; /* forward [S+1]: blocks before each segment */
    struct attn_back *back;
} attn_job;

static void job_sizes(attn_job *w) {
    const hn_attn *a = w->a;
    w->per = a->heads / a->kv_heads;
    w->tokens = w->per >= ROW_TARGET ? 1 : ROW_TARGET / w->per;
    if (w->tokens > TOKENS_MOST) w->tokens = TOKENS_MOST;
    w->rows = w->tokens * w->per;
    w->dp = (a->head_dim + LANES - 1) / LANES * LANES;
    for (int32_t s = 0; s < a->segs.count; s++) {
        int64_t before;
        const int32_t depth = path_depth(&a->segs, s, &before);
        if (depth > w->depth) w->depth = depth;
    }
    w->rooms = hn_par_threads();
}

/* Hands out `bytes` from *at, 64-byte aligned. With base NULL it only counts. */
static void *carve(char *base, size_t *at, int64_t bytes) {
    char *p = base ? base + *at : NULL;
    *at += ((size_t)bytes + 63) / 64 * 64;
    return p;
}

static void rooms_carve(attn_job *w, char *base, size_t *at, bool backward) {
    const int64_t f = sizeof(float), dh = w->a->head_dim;
    attn_room *rooms = carve(base, at, w->rooms * (int64_t)sizeof *rooms);
    w->room = rooms;
    for (int i = 0; i < w->rooms; i++) {
        attn_room r = {.busy = false};
        r.q = carve(base, at, w->rows * w->dp * f);
        r.s = carve(base, at, w->rows * KEYS * f);
        r.o = carve(base, at, w->rows * w->dp * f);
        r.kt = carve(base, at, KEYS * dh * f);
        r.v = carve(base, at, KEYS * w->dp * f);
        r.stat = carve(base, at, 2 * w->rows * f);
        r.zero = carve(base, at, w->dp * f);
        r.path = carve(base, at, w->depth * (int64_t)sizeof *r.path);
        if (backward) {
            r.dout = carve(base, at, w->rows * w->dp * f);
            r.ds = carve(base, at, w->rows * KEYS * f);
            r.vt = carve(base, at, KEYS * dh * f);
            r.k = carve(base, at, KEYS * w->dp * f);
            r.dk = carve(base, at, KEYS * w->dp * f);
            r.dv = carve(base, at, KEYS * w->dp * f);
        }
        if (!base) continue;
        memset(r.zero, 0, (size_t)(w->dp * f));
        memcpy(&rooms[i], &r, sizeof r);
    }
}

static attn_room *room_enter(const attn_job *w) {
    for (int i = 0;; i = (i + 1) % w->rooms)
        if (!atomic_exchange_explicit(&w->room[i].busy, true, memory_order_acquire)) return &w->room[i];
}

static void room_leave(attn_room *r) {
    atomic_store_explicit(&r->busy, false, memory_order_release);
}

/* ---- packing */

/* out [KEYS/16][dh][16]: count rows turned into columns; count is whole vectors. */
static void pack_columns(const float *const *row, int64_t count, int64_t dh, float *out) {
    for (int64_t c = 0; c < count; c += 8) {
        float *to = out + c / LANES * dh * LANES + c % LANES;
        for (int64_t d = 0; d < dh; d += 8) {
            const int left = dh - d < 8 ? (int)(dh - d) : 8;
            const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(left), lane);
            __m256 r[8];
            if (left == 8) UNROLL for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps(row[c + i] + d);
            else UNROLL for (int i = 0; i < 8; i++) r[i] = _mm256_maskload_ps(row[c + i] + d, mask);
            transpose8(r);
            UNROLL for (int i = 0; i < 8; i++)
                if (i < left) _mm256_storeu_ps(to + (d + i) * LANES, r[i]);
        }
    }
}

INLINE void row_copy(const float *from, int64_t dh, vf factor, float *to) {
    for (int64_t j = 0; j < dh; j += LANES) v_store(to + j, v_mul(factor, v_get(from + j, dh - j)));
}

static void pack_rows(const float *const *row, int64_t count, int64_t dh, int64_t dp, float *out) {
    for (int64_t c = 0; c < count; c++)
        for (int64_t j = 0; j < dp; j += LANES) v_store(out + c * dp + j, v_get(row[c] + j, dh - j));
}

/* ---- a block of queries */

typedef struct attn_block {
    int64_t row0, tokens, rows; /* first batch row; tokens, stacked rows */
    int64_t place0, total;      /* place of the first token; places on the path */
    int64_t lo, hi;             /* places seen by any of them */
    int32_t segment, group;
    int32_t depth;
} attn_block;

/* The block of `segment` that starts with its t0-th token. */
static attn_block block_at(const attn_job *w, int32_t segment, int64_t t0, int32_t group) {
    const hn_segs *s = &w->a->segs;
    attn_block b = {.segment = segment, .group = group, .row0 = s->start[segment] + t0};
    const int64_t len = node_len(s, segment);
    b.tokens = len - t0 < w->tokens ? len - t0 : w->tokens;
    b.rows = b.tokens * w->per;
    int64_t before, other;
    b.depth = path_depth(s, segment, &before);
    b.place0 = before + t0;
    b.total = before + len;
    seen_range(w->a, b.place0, b.total, &b.lo, &other);
    seen_range(w->a, b.place0 + b.tokens - 1, b.total, &other, &b.hi);
    return b;
}

static void path_fill(const attn_job *w, const attn_block *b, attn_span *path) {
    const hn_segs *s = &w->a->segs;
    const int64_t skip = (int64_t)b->group * w->a->head_dim;
    int64_t end = b->total;
    int32_t node = b->segment;
    for (int32_t i = b->depth - 1; i >= 0; i--, node = node_parent(s, node)) {
        attn_span p = {.first = end - node_len(s, node), .end = end};
        end = p.first;
        if (node >= 0) {
            p.ldk = w->ldk;
            p.ldv = w->ldv;
            p.k = w->k + s->start[node] * w->ldk + skip;
            p.v = w->v + s->start[node] * w->ldv + skip;
        } else {
            const hn_kv_span *c = &s->cached[-1 - node];
            p.ldk = p.ldv = c->stride;
            p.k = (const float *)c->k + skip;
            p.v = (const float *)c->v + skip;
        }
        path[i] = p;
    }
}

static void keys_find(attn_room *r, int64_t place, int64_t count) {
    const attn_span *p = r->path;
    attn_keys *keys = &r->keys;
    for (int64_t c = 0; c < count; c++, place++) {
        while (p->end <= place) p++;
        const int64_t i = place - p->first;
        keys->k[c] = p->k + i * p->ldk;
        keys->v[c] = p->v + i * p->ldv;
        if (!p->dk) continue;
        keys->dk[c] = p->dk + i * p->ld_dk;
        keys->dv[c] = p->dv + i * p->ld_dv;
    }
    for (int64_t c = count; c < KEYS; c++) keys->k[c] = keys->v[c] = r->zero;
}

/* ---- scores of a row within a block of keys */

typedef struct row_rule {
    float slope, apart; /* ALiBi: slope times (lane + apart) */
    int64_t lo, hi;     /* lanes seen */
} row_rule;

INLINE row_rule rule_at(const attn_job *w, const attn_block *b, int64_t row, int64_t key0) {
    const int64_t place = b->place0 + row / w->per;
    row_rule rule = {0};
    if (w->a->alibi) {
        rule.slope = w->a->alibi[b->group * w->per + row % w->per];
        rule.apart = (float)(key0 - place);
    }
    seen_range(w->a, place, b->total, &rule.lo, &rule.hi);
    rule.lo -= key0;
    rule.hi -= key0;
    return rule;
}

/* Dropout's factors of a block of keys for a stacked row. */
static void drop_row(const attn_job *w, const attn_block *b, int64_t row, int64_t key0, float factor[KEYS]) {
    attn_drop_factors(w->a, b->row0 + row / w->per, (int32_t)(b->group * w->per + row % w->per), key0,
                      (float)(1 / (1 - w->a->dropout)), factor);
}

INLINE vf lane_index(int64_t c) {
    static const float lane[LANES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return v_add(v_load(lane), v_set1((float)c));
}

/* Score of 16 keys from lane c on; where not seen -inf. *cap: its derivative to the plain score. */
INLINE vf score_of(const hn_attn *a, const row_rule *rule, int64_t c, vf s, vf *cap) {
    if (a->softcap > 0) {
        const vf t = v_tanh(v_div(s, v_set1((float)a->softcap)));
        s = v_mul(v_set1((float)a->softcap), t);
        *cap = v_fnma(t, t, v_set1(1.0f));
    }
    if (rule->slope != 0) s = v_fma(v_set1(rule->slope), v_add(lane_index(c), v_set1(rule->apart)), s);
    if (rule->lo > c || rule->hi < c + LANES) {
        const vf at = lane_index(c);
        const float lo = rule->lo < 0 ? 0 : rule->lo > KEYS ? KEYS : (float)rule->lo;
        const float hi = rule->hi < 0 ? 0 : rule->hi > KEYS ? KEYS : (float)rule->hi;
        const vmask seen = v_both(v_less(v_set1(lo - 0.5f), at), v_less(at, v_set1(hi - 0.5f)));
        s = v_select(seen, s, v_set1(-INFINITY));
    }
    return s;
}

/* Rows that are worked on together: all when every row sees the whole block, else a few with the lanes
 * that the last of them sees. */
typedef struct attn_band {
    int64_t row, rows, lanes;
} attn_band;

static bool band_next(const attn_job *w, const attn_block *b, int64_t key0, int64_t keys, attn_band *at) {
    at->row += at->rows;
    if (at->row >= b->rows) return false;
    int64_t lo, hi, left = b->rows - at->row;
    seen_range(w->a, b->place0 + at->row / w->per, b->total, &lo, &hi);
    at->rows = hi >= key0 + KEYS || left <= 2 * TILE_ROWS ? left : 2 * TILE_ROWS;
    seen_range(w->a, b->place0 + (at->row + at->rows - 1) / w->per, b->total, &lo, &hi);
    at->lanes = hi - key0 < 0 ? 0 : hi - key0 < keys ? hi - key0 : keys;
    return true;
}

INLINE int64_t whole_vectors(int64_t n) {
    return (n + LANES - 1) / LANES * LANES;
}
