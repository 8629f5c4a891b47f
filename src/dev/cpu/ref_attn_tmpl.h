/* ref_attn_tmpl.h - attention as it is defined, one key after the other, no memory beside the stack.
 *
 * s_ij = scale q_i.k_j, then cap tanh(s / cap), then + slope (j - i);  p = softmax over the seen j;  o_i = sum p v_j.
 * Backward, with p from lse and D_i = dO_i.O_i:  dv_j += p dO_i,  ds = p (dO_i.v_j - D_i) (1 - tanh^2) scale,
 * dq_i += ds k_j,  dk_j += ds q_i. With dropout p m stands for p where it meets v, and m (dO_i.v_j) for dO_i.v_j. */

typedef struct attn_job {
    const hn_attn *a;
    const real *q, *k, *v, *o_in, *lse_in, *dout;
    int64_t ldq, ldk, ldv;
    real *o, *lse, *dq, *dk, *dv;
} attn_job;

typedef struct walk { /* over the keys that a row sees, by place */
    const attn_job *w;
    int32_t leaf, depth, level, group;
    int64_t next_start, j, end, hi, lo; /* of the next node; of the key; end of the node or of what is seen */
    const real *k, *v, *kbase, *vbase;
    int64_t ldk, ldv, first; /* first: place of the node's first key */
    int64_t row, row0;       /* of the key in k, v; -1 when cached */
} walk;

static walk walk_start(const attn_job *w, int32_t segment, int32_t depth, int32_t group, int64_t lo, int64_t hi) {
    return (walk){.w = w, .leaf = segment, .depth = depth, .group = group, .lo = lo, .hi = hi, .j = -1};
}

static bool walk_next(walk *it) {
    const hn_segs *s = &it->w->a->segs;
    it->j++;
    while (it->j >= it->end) {
        if (it->level == it->depth || it->next_start >= it->hi) return false;
        int32_t node = it->leaf;
        for (int32_t up = it->depth - 1; up > it->level; up--) node = node_parent(s, node);
        it->level++;
        it->first = it->next_start;
        it->next_start += node_len(s, node);
        it->j = it->first > it->lo ? it->first : it->lo;
        it->end = it->next_start < it->hi ? it->next_start : it->hi;
        const int64_t skip = (int64_t)it->group * it->w->a->head_dim;
        if (node >= 0) {
            it->row0 = s->start[node];
            it->ldk = it->w->ldk;
            it->ldv = it->w->ldv;
            it->kbase = it->w->k + it->row0 * it->ldk + skip;
            it->vbase = it->w->v + it->row0 * it->ldv + skip;
        } else {
            const hn_kv_span *c = &s->cached[-1 - node];
            it->row0 = -1;
            it->ldk = it->ldv = c->stride;
            it->kbase = (const real *)c->k + skip;
            it->vbase = (const real *)c->v + skip;
        }
    }
    it->k = it->kbase + (it->j - it->first) * it->ldk;
    it->v = it->vbase + (it->j - it->first) * it->ldv;
    it->row = it->row0 < 0 ? -1 : it->row0 + it->j - it->first;
    return true;
}

/* Score of a key; *slope: its derivative to the plain score. */
static double attn_score(const hn_attn *a, int32_t head, const real *q, const real *k, int64_t apart, double *slope) {
    double s = 0;
    for (int32_t d = 0; d < a->head_dim; d++) s += D(q[d]) * D(k[d]);
    s *= a->scale;
    *slope = 1;
    if (a->softcap > 0) {
        const double t = tanh(s / a->softcap);
        s = a->softcap * t;
        *slope = 1 - t * t;
    }
    return a->alibi ? s + D(a->alibi[head]) * (double)apart : s;
}

/* Factor of the weight of the key at place j; factor[] holds those of the block that *block says (-1: none yet). */
static double drop_factor(const hn_attn *a, int64_t row, int32_t head, int64_t j, int64_t *block, float factor[ATTN_DROP_BLOCK]) {
    if (!(a->dropout > 0)) return 1;
    if (j / ATTN_DROP_BLOCK != *block) {
        *block = j / ATTN_DROP_BLOCK;
        attn_drop_factors(a, row, head, *block * ATTN_DROP_BLOCK, 1, factor);
    }
    return (double)factor[j % ATTN_DROP_BLOCK] / (1 - a->dropout);
}

typedef struct attn_row {
    int64_t row, place, lo, hi;
    int32_t segment, depth, head, group;
    const real *q;
} attn_row;

static attn_row attn_row_at(const attn_job *w, int32_t segment, int64_t row, int32_t head) {
    const hn_attn *a = w->a;
    attn_row r = {.row = row, .segment = segment, .head = head, .group = head / (a->heads / a->kv_heads)};
    int64_t before;
    r.depth = path_depth(&a->segs, segment, &before);
    r.place = before + row - a->segs.start[segment];
    seen_range(a, r.place, before + node_len(&a->segs, segment), &r.lo, &r.hi);
    r.q = w->q + row * w->ldq + (int64_t)head * a->head_dim;
    return r;
}

static void attn_row_forward(const attn_job *w, attn_row r) {
    const hn_attn *a = w->a;
    double top = -HUGE_VAL, sum = 0, slope;
    for (walk it = walk_start(w, r.segment, r.depth, r.group, r.lo, r.hi); walk_next(&it);) {
        const double s = attn_score(a, r.head, r.q, it.k, it.j - r.place, &slope);
        if (s > top || s != s) top = s;
    }
    real *o = w->o + (r.row * a->heads + r.head) * a->head_dim;
    for (int32_t d0 = 0; d0 < a->head_dim; d0 += COLUMNS) {
        const int32_t width = a->head_dim - d0 < COLUMNS ? a->head_dim - d0 : COLUMNS;
        double acc[COLUMNS] = {0};
        float factor[ATTN_DROP_BLOCK];
        int64_t block = -1;
        sum = 0;
        for (walk it = walk_start(w, r.segment, r.depth, r.group, r.lo, r.hi); walk_next(&it);) {
            const double p = exp(attn_score(a, r.head, r.q, it.k, it.j - r.place, &slope) - top);
            sum += p;
            const double kept = p * drop_factor(a, r.row, r.head, it.j, &block, factor);
            for (int32_t d = 0; d < width; d++) acc[d] += kept * D(it.v[d0 + d]);
        }
        for (int32_t d = 0; d < width; d++) o[d0 + d] = (real)(acc[d] / sum);
    }
    if (w->lse) w->lse[r.row * a->heads + r.head] = (real)(top + log(sum));
}

/* Index over (row, head). */
static void attn_forward_chunk(void *ctx, int64_t begin, int64_t end) {
    const attn_job *w = ctx;
    const hn_segs *s = &w->a->segs;
    int32_t segment = 0;
    for (int64_t i = begin; i < end; i++) {
        const int64_t row = i / w->a->heads;
        while (s->start[segment + 1] <= row) segment++;
        attn_row_forward(w, attn_row_at(w, segment, row, (int32_t)(i % w->a->heads)));
    }
}

static void attention(const hn_attn *a, const void *q, int64_t ldq, const void *k, int64_t ldk, const void *v,
                      int64_t ldv, void *o, void *lse) {
    attn_job w = {.a = a, .q = q, .k = k, .v = v, .ldq = ldq, .ldk = ldk, .ldv = ldv, .o = o, .lse = lse};
    if (a->segs.count > 0) hn_par_for((int64_t)a->segs.start[a->segs.count] * a->heads, 16, attn_forward_chunk, &w);
}

static void attn_row_back(const attn_job *w, attn_row r) {
    const hn_attn *a = w->a;
    const int64_t at = (r.row * a->heads + r.head) * a->head_dim, skip = (int64_t)r.group * a->head_dim;
    const real *dout = w->dout + at, *o = w->o_in + at;
    const double lse = D(w->lse_in[r.row * a->heads + r.head]);
    real *dq = w->dq + r.row * w->ldq + (int64_t)r.head * a->head_dim;
    double mean = 0, slope;
    float factor[ATTN_DROP_BLOCK];
    int64_t block = -1;
    for (int32_t d = 0; d < a->head_dim; d++) mean += D(dout[d]) * D(o[d]);
    for (walk it = walk_start(w, r.segment, r.depth, r.group, r.lo, r.hi); walk_next(&it);) {
        const double p = exp(attn_score(a, r.head, r.q, it.k, it.j - r.place, &slope) - lse);
        const double m = drop_factor(a, r.row, r.head, it.j, &block, factor);
        double dp = 0;
        for (int32_t d = 0; d < a->head_dim; d++) dp += D(dout[d]) * D(it.v[d]);
        const double ds = p * (m * dp - mean) * slope * a->scale;
        real *dk = w->dk + it.row * w->ldk + skip, *dv = w->dv + it.row * w->ldv + skip;
        for (int32_t d = 0; d < a->head_dim; d++) {
            dq[d] = (real)(D(dq[d]) + ds * D(it.k[d]));
            dk[d] = (real)(D(dk[d]) + ds * D(r.q[d]));
            dv[d] = (real)(D(dv[d]) + p * m * D(dout[d]));
        }
    }
}

/* Index over (segment, kv head): a root takes its whole tree, whose rows no other unit touches. */
static void attn_back_chunk(void *ctx, int64_t begin, int64_t end) {
    const attn_job *w = ctx;
    const hn_segs *s = &w->a->segs;
    const int32_t per = w->a->heads / w->a->kv_heads;
    for (int64_t i = begin; i < end; i++) {
        const int32_t root = (int32_t)(i / w->a->kv_heads), group = (int32_t)(i % w->a->kv_heads);
        if (s->parent[root] >= 0) continue;
        for (int32_t t = root; t < s->count; t++) {
            if (segment_root(s, t) != root) continue;
            for (int64_t row = s->start[t]; row < s->start[t + 1]; row++)
                for (int32_t h = 0; h < per; h++) attn_row_back(w, attn_row_at(w, t, row, group * per + h));
        }
    }
}

static void attention_back(const hn_attn *a, const void *q, int64_t ldq, const void *k, int64_t ldk, const void *v,
                           int64_t ldv, const void *o, const void *lse, const void *dout, void *dq, void *dk,
                           void *dv) {
    attn_job w = {.a = a, .q = q, .k = k, .v = v, .ldq = ldq, .ldk = ldk, .ldv = ldv, .o_in = o, .lse_in = lse,
                  .dout = dout, .dq = dq, .dk = dk, .dv = dv};
    hn_par_for((int64_t)a->segs.count * a->kv_heads, 1, attn_back_chunk, &w);
}
