/* fast_attn_fwd_tmpl.h - attention forward with the softmax carried along (Milakov and Gimelshein 2018; Dao et al.
 * 2022, FlashAttention): per row the maximum m and the sum l of what was seen so far,
 * m' = max(m, max s), l' = l e^(m - m') + sum e^(s - m'), o' = o e^(m - m') + sum e^(s - m') v; in the end o / l. */

/* Scores of one row become weights; what the row has gathered is scaled down if the maximum grows. */
static void softmax_row(const attn_job *w, const attn_block *b, attn_room *r, int64_t key0, int64_t row, int64_t lanes) {
    const row_rule rule = rule_at(w, b, row, key0);
    float *s = r->s + row * KEYS, *m = r->stat, *l = r->stat + w->rows;
    vf cap, top = v_set1(m[row]);
    for (int64_t c = 0; c < lanes; c += LANES) {
        const vf x = score_of(w->a, &rule, c, v_load(s + c), &cap);
        v_store(s + c, x);
        top = v_max(x, top);
    }
    const float now = v_top(top);
    if (now > m[row]) {
        const vf shrink = v_exp_low(v_set1(m[row] - now));
        for (int64_t j = 0; j < w->dp; j += LANES) {
            float *o = r->o + row * w->dp + j;
            v_store(o, v_mul(v_load(o), shrink));
        }
        l[row] *= v_top(shrink);
        m[row] = now;
    }
    vf sum = v_zero();
    for (int64_t c = 0; c < lanes; c += LANES) {
        const vf p = v_exp_low(v_sub(v_load(s + c), v_set1(m[row])));
        v_store(s + c, p);
        sum = v_add(sum, p);
    }
    l[row] += v_sum(sum);
    if (w->a->dropout > 0) { /* after the sum: what is left out still counts in the softmax */
        float factor[KEYS];
        drop_row(w, b, row, key0, factor);
        for (int64_t c = 0; c < lanes; c += LANES) v_store(s + c, v_mul(v_load(s + c), v_load(factor + c)));
    }
}

static void block_finish(const attn_job *w, const attn_block *b, attn_room *r) {
    const int64_t dh = w->a->head_dim, heads = w->a->heads;
    for (int64_t row = 0; row < b->rows; row++) {
        const int64_t at = (b->row0 + row / w->per) * heads + b->group * w->per + row % w->per;
        const float l = r->stat[w->rows + row];
        for (int64_t j = 0; j < dh; j += LANES)
            v_put(w->o + at * dh + j, dh - j, v_div(v_load(r->o + row * w->dp + j), v_set1(l)));
        if (w->lse) w->lse[at] = (float)((double)r->stat[row] + log((double)l));
    }
}

static void block_forward(const attn_job *w, const attn_block *b, attn_room *r) {
    const int64_t dh = w->a->head_dim, dp = w->dp;
    path_fill(w, b, r->path);
    for (int64_t row = 0; row < b->rows; row++) {
        const float *q = w->q + (b->row0 + row / w->per) * w->ldq + (b->group * w->per + row % w->per) * dh;
        row_copy(q, dh, v_set1((float)w->a->scale), r->q + row * dp);
        r->stat[row] = -1e30f; /* finite: a block of which nothing is seen leaves it as it is */
        r->stat[w->rows + row] = 0;
    }
    memset(r->o, 0, (size_t)(b->rows * dp) * sizeof(float));
    for (int64_t key0 = b->lo / KEYS * KEYS; key0 < b->hi; key0 += KEYS) {
        const int64_t keys = b->hi - key0 < KEYS ? b->hi - key0 : KEYS;
        keys_find(r, key0, keys);
        pack_columns(r->keys.k, whole_vectors(keys), dh, r->kt);
        pack_rows(r->keys.v, keys, dh, dp, r->v);
        for (attn_band at = {0}; band_next(w, b, key0, keys, &at);) {
            if (!at.lanes) continue;
            float *s = r->s + at.row * KEYS;
            product_run(&(product){.a = r->q + at.row * dp, .rs = dp, .ks = 1, .b = r->kt, .ldb = LANES,
                                   .pb = dh * LANES, .c = s, .ldc = KEYS, .kc = dh},
                        at.rows, whole_vectors(at.lanes));
            for (int64_t row = at.row; row < at.row + at.rows; row++) softmax_row(w, b, r, key0, row, whole_vectors(at.lanes));
            product_run(&(product){.a = s, .rs = KEYS, .ks = 1, .b = r->v, .ldb = dp, .pb = LANES,
                                   .c = r->o + at.row * dp, .ldc = dp, .kc = at.lanes, .add = true},
                        at.rows, dp);
        }
    }
    block_finish(w, b, r);
}

/* Index over (block, kv head) from the end: late blocks have the most keys and should not start last. */
static void attn_forward_chunk(void *ctx, int64_t begin, int64_t end) {
    const attn_job *w = ctx;
    const hn_attn *a = w->a;
    const int64_t units = w->first[a->segs.count] * a->kv_heads;
    attn_room *r = room_enter(w);
    for (int64_t i = begin; i < end; i++) {
        const int64_t unit = units - 1 - i, at = unit / a->kv_heads;
        int32_t low = 0, high = a->segs.count; /* first[low] <= at < first[high] */
        while (high - low > 1) {
            const int32_t mid = (low + high) / 2;
            if (w->first[mid] <= at) low = mid;
            else high = mid;
        }
        const attn_block b = block_at(w, low, (at - w->first[low]) * w->tokens, (int32_t)(unit % a->kv_heads));
        block_forward(w, &b, r);
    }
    room_leave(r);
}

static void attention(const hn_attn *a, const void *q, int64_t ldq, const void *k, int64_t ldk, const void *v,
                      int64_t ldv, void *o, void *lse) {
    const hn_segs *s = &a->segs;
    attn_job w = {.a = a, .q = q, .k = k, .v = v, .ldq = ldq, .ldk = ldk, .ldv = ldv, .o = o, .lse = lse};
    job_sizes(&w);
    size_t bytes = 0;
    carve(NULL, &bytes, (s->count + 1) * (int64_t)sizeof *w.first);
    rooms_carve(&w, NULL, &bytes, false);
    char *base = hn_gemm_scratch(HN_SCRATCH_SHARED, bytes);
    if (!base) {
        hn_kernels_ref_f32.attention(a, q, ldq, k, ldk, v, ldv, o, lse);
        return;
    }
    bytes = 0;
    w.first = carve(base, &bytes, (s->count + 1) * (int64_t)sizeof *w.first);
    rooms_carve(&w, base, &bytes, false);
    w.first[0] = 0;
    for (int32_t i = 0; i < s->count; i++)
        w.first[i + 1] = w.first[i] + (s->start[i + 1] - s->start[i] + w.tokens - 1) / w.tokens;
    hn_par_for(w.first[s->count] * a->kv_heads, 1, attn_forward_chunk, &w);
}
