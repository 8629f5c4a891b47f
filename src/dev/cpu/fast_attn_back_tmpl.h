/* fast_attn_back_tmpl.h - attention backward; weights are computed again from lse (formulas in ref_attn_tmpl.h).
 *
 * A tree of segments is cut, by its own shape alone, into at most a few runs of query blocks with about the same
 * work each. A run is the work of one thread for one kv head: dq is its own; dk and dv of the first run go to
 * the result, those of later runs to partial sums of the tree's size, added in order at the end. Within a
 * run blocks go by segment, so what children give a parent is summed in the order of the children. */

enum { RUNS_MOST = 8, RUN_WORK = 16384 /* pairs of query and key that are worth a run of their own */ };

typedef struct attn_run {
    int32_t tree;      /* its root segment */
    int32_t at, until; /* segments in `order`, first and last */
    int64_t t0, t1;    /* first token in the first, token past the end in the last */
    int32_t index;     /* in the tree; 0 writes to the result */
} attn_run;

typedef struct attn_back {
    int32_t *order;     /* [S] segments, those of a tree together, ascending within it */
    int32_t *root;      /* [S] */
    int32_t *runs_of;   /* [S] of the tree with this root */
    int64_t *inside;    /* [S] rows of the tree before this segment */
    int64_t *tree_rows; /* [S] rows of the tree with this root */
    int64_t *part_at;   /* [S] where its partial sums begin: [run 1 ..][kv head][rows][2 dh] */
    attn_run *run;      /* [<= S RUNS_MOST] */
    int32_t runs;
    float *part;
} attn_back;

static void back_carve(attn_back *t, int64_t count, char *base, size_t *at) {
    t->order = carve(base, at, count * (int64_t)sizeof *t->order);
    t->root = carve(base, at, count * (int64_t)sizeof *t->root);
    t->runs_of = carve(base, at, count * (int64_t)sizeof *t->runs_of);
    t->inside = carve(base, at, count * (int64_t)sizeof *t->inside);
    t->tree_rows = carve(base, at, count * (int64_t)sizeof *t->tree_rows);
    t->part_at = carve(base, at, count * (int64_t)sizeof *t->part_at);
    t->run = carve(base, at, count * RUNS_MOST * (int64_t)sizeof *t->run);
}

/* order, root, inside, tree_rows: a counting sort of the segments by root. */
static void trees_find(const hn_segs *s, attn_back *t) {
    for (int32_t i = 0; i < s->count; i++) t->tree_rows[i] = t->part_at[i] = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const int32_t root = t->root[i] = s->parent[i] >= 0 ? t->root[s->parent[i]] : i;
        t->inside[i] = t->tree_rows[root];
        t->tree_rows[root] += node_len(s, i);
        t->part_at[root]++; /* for now: segments in the tree */
    }
    int64_t sum = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const int64_t count = t->part_at[i];
        t->part_at[i] = sum;
        sum += count;
    }
    for (int32_t i = 0; i < s->count; i++) t->order[t->part_at[t->root[i]]++] = i;
}

static int64_t block_work(const attn_block *b) {
    return b->tokens * (b->hi - b->lo / KEYS * KEYS);
}

/* Cuts the tree whose segments are order[at .. until) into runs. */
static void tree_cut(const attn_job *w, attn_back *t, int32_t at, int32_t until) {
    const hn_segs *s = &w->a->segs;
    const int32_t root = t->root[t->order[at]], most = w->a->kv_heads >= 8 ? 2 : w->a->kv_heads >= 4 ? 4 : RUNS_MOST;
    int64_t work = 0, done = 0;
    for (int32_t i = at; i < until; i++)
        for (int64_t t0 = 0; t0 < node_len(s, t->order[i]); t0 += w->tokens) {
            const attn_block b = block_at(w, t->order[i], t0, 0);
            work += block_work(&b);
        }
    t->runs_of[root] = 0;
    if (!work) return;
    const int64_t runs = work / RUN_WORK < 1 ? 1 : work / RUN_WORK < most ? work / RUN_WORK : most;
    attn_run *run = NULL;
    for (int32_t i = at; i < until; i++) {
        for (int64_t t0 = 0; t0 < node_len(s, t->order[i]); t0 += w->tokens) {
            const attn_block b = block_at(w, t->order[i], t0, 0);
            if (!run || done * runs >= work * (run->index + 1)) {
                run = &t->run[t->runs++];
                *run = (attn_run){.tree = root, .at = i, .t0 = t0, .index = t->runs_of[root]++};
            }
            done += block_work(&b);
            run->until = i;
            run->t1 = t0 + b.tokens;
        }
    }
}

/* Returns the floats that the partial sums need. */
static int64_t runs_find(const attn_job *w, attn_back *t) {
    const hn_segs *s = &w->a->segs;
    int64_t floats = 0;
    trees_find(s, t);
    t->runs = 0;
    for (int32_t at = 0, until; at < s->count; at = until) {
        const int32_t root = t->root[t->order[at]];
        for (until = at + 1; until < s->count && t->root[t->order[until]] == root;) until++;
        tree_cut(w, t, at, until);
        t->part_at[root] = floats;
        if (t->runs_of[root] > 1)
            floats += (t->runs_of[root] - 1) * (int64_t)w->a->kv_heads * t->tree_rows[root] * 2 * w->a->head_dim;
    }
    return floats;
}

/* Partial sums of a run for one kv head; NULL for the first run. */
static float *part_of(const attn_job *w, int32_t root, int32_t index, int32_t group) {
    const attn_back *t = w->back;
    if (index == 0) return NULL;
    const int64_t each = t->tree_rows[root] * 2 * w->a->head_dim;
    return t->part + t->part_at[root] + ((index - 1) * (int64_t)w->a->kv_heads + group) * each;
}

/* Adds to the path where dk and dv go. */
static void path_results(const attn_job *w, const attn_block *b, float *part, attn_span *path) {
    const hn_segs *s = &w->a->segs;
    const int64_t dh = w->a->head_dim, skip = b->group * dh;
    int32_t node = b->segment;
    for (int32_t i = b->depth - 1; i >= 0; i--, node = s->parent[node]) {
        attn_span *p = &path[i];
        p->ld_dk = part ? 2 * dh : w->ldk;
        p->ld_dv = part ? 2 * dh : w->ldv;
        p->dk = part ? part + w->back->inside[node] * 2 * dh : w->dk + s->start[node] * w->ldk + skip;
        p->dv = part ? p->dk + dh : w->dv + s->start[node] * w->ldv + skip;
    }
}

static void block_load(const attn_job *w, const attn_block *b, attn_room *r) {
    const int64_t dh = w->a->head_dim;
    for (int64_t row = 0; row < b->rows; row++) {
        const int64_t token = b->row0 + row / w->per, head = b->group * w->per + row % w->per;
        const int64_t at = (token * w->a->heads + head);
        row_copy(w->q + token * w->ldq + head * dh, dh, v_set1((float)w->a->scale), r->q + row * w->dp);
        row_copy(w->dout + at * dh, dh, v_set1(1.0f), r->dout + row * w->dp);
        vf sum = v_zero();
        for (int64_t j = 0; j < dh; j += LANES)
            sum = v_fma(v_load(r->dout + row * w->dp + j), v_get(w->o_in + at * dh + j, dh - j), sum);
        r->stat[row] = w->lse_in[at];
        r->stat[w->rows + row] = v_sum(sum);
    }
    memset(r->o, 0, (size_t)(b->rows * w->dp) * sizeof(float));
}

/* Scores and dO.v of a row become weights and d loss / d plain score. */
static void weights_row(const attn_job *w, const attn_block *b, attn_room *r, int64_t key0, int64_t row, int64_t lanes) {
    const row_rule rule = rule_at(w, b, row, key0);
    float factor[KEYS];
    if (w->a->dropout > 0) drop_row(w, b, row, key0, factor);
    float *s = r->s + row * KEYS, *ds = r->ds + row * KEYS;
    const vf lse = v_set1(r->stat[row]), mean = v_set1(r->stat[w->rows + row]);
    for (int64_t c = 0; c < lanes; c += LANES) {
        vf cap = v_set1(1.0f);
        const vf x = score_of(w->a, &rule, c, v_load(s + c), &cap);
        const vf p = v_exp(v_sub(x, lse));
        const vf m = w->a->dropout > 0 ? v_load(factor + c) : v_set1(1.0f);
        v_store(s + c, v_mul(p, m));
        v_store(ds + c, v_mul(v_mul(p, v_sub(v_mul(v_load(ds + c), m), mean)), cap));
    }
}

/* dk and dv of a block of keys from all rows that see it. */
static void keys_back(const attn_job *w, const attn_block *b, attn_room *r, int64_t key0, int64_t keys) {
    const int64_t dh = w->a->head_dim, dp = w->dp;
    /* a row sees keys before its place + reach: the first row that sees key c, and none before it */
    const int64_t reach = w->a->causal ? 1 : w->a->window > 0 ? w->a->window : b->total;
    const bool all = b->place0 + reach >= key0 + keys;
    for (int64_t c = 0, step; c < keys; c += step) {
        const int64_t token = key0 + c + 1 - reach - b->place0, row = all || token < 0 ? 0 : token * w->per;
        step = all ? keys : keys - c < LANES ? keys - c : LANES;
        product p = {.a = r->ds + row * KEYS + c, .rs = 1, .ks = KEYS, .b = r->q + row * dp, .ldb = dp, .pb = LANES,
                     .c = r->dk + c * dp, .ldc = dp, .kc = b->rows - row};
        product_run(&p, step, dp);
        p.a = r->s + row * KEYS + c;
        p.b = r->dout + row * dp;
        p.c = r->dv + c * dp;
        product_run(&p, step, dp);
    }
    for (int64_t c = 0; c < keys; c++) {
        for (int64_t j = 0; j < dh; j += LANES) {
            float *dk = r->keys.dk[c] + j, *dv = r->keys.dv[c] + j;
            v_put(dk, dh - j, v_add(v_get(dk, dh - j), v_load(r->dk + c * dp + j)));
            v_put(dv, dh - j, v_add(v_get(dv, dh - j), v_load(r->dv + c * dp + j)));
        }
    }
}

static void block_backward(const attn_job *w, const attn_block *b, float *part, attn_room *r) {
    const int64_t dh = w->a->head_dim, dp = w->dp;
    path_fill(w, b, r->path);
    path_results(w, b, part, r->path);
    block_load(w, b, r);
    for (int64_t key0 = b->lo / KEYS * KEYS; key0 < b->hi; key0 += KEYS) {
        const int64_t keys = b->hi - key0 < KEYS ? b->hi - key0 : KEYS;
        keys_find(r, key0, keys);
        pack_columns(r->keys.k, whole_vectors(keys), dh, r->kt);
        pack_columns(r->keys.v, whole_vectors(keys), dh, r->vt);
        pack_rows(r->keys.k, keys, dh, dp, r->k);
        for (attn_band at = {0}; band_next(w, b, key0, keys, &at);) {
            if (!at.lanes) continue;
            product p = {.a = r->q + at.row * dp, .rs = dp, .ks = 1, .b = r->kt, .ldb = LANES, .pb = dh * LANES,
                         .c = r->s + at.row * KEYS, .ldc = KEYS, .kc = dh};
            product_run(&p, at.rows, whole_vectors(at.lanes));
            p.a = r->dout + at.row * dp;
            p.b = r->vt;
            p.c = r->ds + at.row * KEYS;
            product_run(&p, at.rows, whole_vectors(at.lanes));
            for (int64_t row = at.row; row < at.row + at.rows; row++) weights_row(w, b, r, key0, row, whole_vectors(at.lanes));
            product_run(&(product){.a = r->ds + at.row * KEYS, .rs = KEYS, .ks = 1, .b = r->k, .ldb = dp, .pb = LANES,
                                   .c = r->o + at.row * dp, .ldc = dp, .kc = at.lanes, .add = true},
                        at.rows, dp);
        }
        keys_back(w, b, r, key0, keys);
    }
    const vf scale = v_set1((float)w->a->scale);
    for (int64_t row = 0; row < b->rows; row++) {
        float *dq = w->dq + (b->row0 + row / w->per) * w->ldq + (b->group * w->per + row % w->per) * dh;
        for (int64_t j = 0; j < dh; j += LANES)
            v_put(dq + j, dh - j, v_fma(scale, v_load(r->o + row * dp + j), v_get(dq + j, dh - j)));
    }
}

/* Index over (run, kv head). */
static void attn_back_chunk(void *ctx, int64_t begin, int64_t end) {
    const attn_job *w = ctx;
    const attn_back *t = w->back;
    attn_room *r = room_enter(w);
    for (int64_t i = begin; i < end; i++) {
        const attn_run *run = &t->run[i / w->a->kv_heads];
        const int32_t group = (int32_t)(i % w->a->kv_heads);
        float *part = part_of(w, run->tree, run->index, group);
        if (part) memset(part, 0, (size_t)(t->tree_rows[run->tree] * 2 * w->a->head_dim) * sizeof(float));
        for (int32_t at = run->at; at <= run->until; at++) {
            const int32_t segment = t->order[at];
            const int64_t stop = at == run->until ? run->t1 : node_len(&w->a->segs, segment);
            for (int64_t t0 = at == run->at ? run->t0 : 0; t0 < stop; t0 += w->tokens) {
                const attn_block b = block_at(w, segment, t0, group);
                block_backward(w, &b, part, r);
            }
        }
    }
    room_leave(r);
}

/* Adds the partial sums, index over segments and kv heads. */
static void attn_sum_chunk(void *ctx, int64_t begin, int64_t end) {
    const attn_job *w = ctx;
    const attn_back *t = w->back;
    const int64_t dh = w->a->head_dim;
    for (int64_t i = begin; i < end; i++) {
        const int32_t segment = (int32_t)(i / w->a->kv_heads), group = (int32_t)(i % w->a->kv_heads);
        const int32_t root = t->root[segment];
        for (int32_t index = 1; index < t->runs_of[root]; index++) {
            const float *from = part_of(w, root, index, group) + t->inside[segment] * 2 * dh;
            for (int64_t row = w->a->segs.start[segment]; row < w->a->segs.start[segment + 1]; row++, from += 2 * dh) {
                float *dk = w->dk + row * w->ldk + group * dh, *dv = w->dv + row * w->ldv + group * dh;
                for (int64_t j = 0; j < dh; j++) dk[j] += from[j];
                for (int64_t j = 0; j < dh; j++) dv[j] += from[dh + j];
            }
        }
    }
}

static void attention_back(const hn_attn *a, const void *q, int64_t ldq, const void *k, int64_t ldk, const void *v,
                           int64_t ldv, const void *o, const void *lse, const void *dout, void *dq, void *dk,
                           void *dv) {
    attn_back t = {0};
    attn_job w = {.a = a, .q = q, .k = k, .v = v, .ldq = ldq, .ldk = ldk, .ldv = ldv, .o_in = o, .lse_in = lse,
                  .dout = dout, .dq = dq, .dk = dk, .dv = dv, .back = &t};
    job_sizes(&w);
    size_t tables = 0, bytes;
    back_carve(&t, a->segs.count, NULL, &tables);
    char *base = hn_gemm_scratch(HN_SCRATCH_SHARED, tables);
    if (!base) goto no_memory;
    back_carve(&t, a->segs.count, base, &(size_t){0});
    const int64_t floats = runs_find(&w, &t); /* the partial sums' size is known only now */
    bytes = tables;
    carve(NULL, &bytes, floats * (int64_t)sizeof(float));
    rooms_carve(&w, NULL, &bytes, true);
    base = hn_gemm_scratch(HN_SCRATCH_SHARED, bytes);
    if (!base) goto no_memory;
    bytes = 0;
    back_carve(&t, a->segs.count, base, &bytes);
    runs_find(&w, &t); /* the block may have moved */
    t.part = carve(base, &bytes, floats * (int64_t)sizeof(float));
    rooms_carve(&w, base, &bytes, true);
    hn_par_for((int64_t)t.runs * a->kv_heads, 1, attn_back_chunk, &w);
    hn_par_for((int64_t)a->segs.count * a->kv_heads, 1, attn_sum_chunk, &w);
    return;
no_memory:
    hn_kernels_ref_f32.attention_back(a, q, ldq, k, ldk, v, ldv, o, lse, dout, dq, dk, dv);
}
