/* op_attention.c - o = softmax(mask(scale q k^T)) v over a tree of segments, heads grouped (dev.h says how).
 *
 * With p the probabilities and s the scores of one row:
 *   dv_j += p_j do,  dp_j = do v_j,  ds_j = p_j (dp_j - do o),  dq = scale sum_j ds_j k_j,  dk_j += scale ds_j q
 * (times 1 - (s / cap)^2 with a soft cap). Kept: q, k, v, o and the log of the softmax's sum, one a row and head;
 * p is formed again in backward (Dao et al. 2022). */
#include "grad/tape_impl.h"

#include <string.h>

static void attention_back(hn_tape *t, const hn_node *n) {
    const hn_attn *a = n->attr;
    hn_tensor *q = n->in[0], *k = n->in[1], *v = n->in[2];
    const hn_tensor *rq = hn_tensor_root(q), *rk = hn_tensor_root(k), *rv = hn_tensor_root(v);
    hn_grad_sink dq = hn_grad_sink_open(t, q, false), dk = hn_grad_sink_open(t, k, rk == rq);
    hn_grad_sink dv = hn_grad_sink_open(t, v, rv == rq || rv == rk);
    if (t->err.code == HN_OK) {
        t->k->attention_back(a, q->data, hn_tensor_last(q), k->data, hn_tensor_last(k), v->data, hn_tensor_last(v),
                             n->out->data, n->aux[0]->data, hn_grad_of(n->out), dq.p, dk.p, dv.p);
    }
    hn_grad_sink_close(t, q, dq);
    hn_grad_sink_close(t, k, dk);
    hn_grad_sink_close(t, v, dv);
}

static const hn_op attention_op = {"attention", attention_back};

static bool shapes_fit(hn_tape *t, const hn_tensor *q, const hn_tensor *k, const hn_tensor *v, const hn_attn *a) {
    int64_t n = hn_tensor_rows(q), g = (int64_t)a->kv_heads * a->head_dim;
    bool heads = a->heads > 0 && a->kv_heads > 0 && a->head_dim > 0 && a->heads % a->kv_heads == 0;
    bool widths = hn_tensor_last(q) == (int64_t)a->heads * a->head_dim && hn_tensor_last(k) == g &&
                  hn_tensor_last(v) == g;
    bool rows = hn_tensor_rows(k) == n && hn_tensor_rows(v) == n && a->segs.start[a->segs.count] == n;
    if (heads && widths && rows) return true;
    char qs[HN_SHAPE_TEXT], ks[HN_SHAPE_TEXT], vs[HN_SHAPE_TEXT];
    hn_tape_fail(t, HN_ESHAPE, "attention: q %s, k %s, v %s do not fit %d and %d heads of %d over %d rows",
                 hn_shape_text(q, qs), hn_shape_text(k, ks), hn_shape_text(v, vs), a->heads, a->kv_heads, a->head_dim,
                 a->segs.start[a->segs.count]);
    return false;
}

static hn_node *record(hn_tape *t, hn_tensor *q, hn_tensor *k, hn_tensor *v, hn_tensor *o, hn_tensor *lse,
                       const hn_attn *a) {
    hn_node *n = hn_node_new(t, &attention_op, o, sizeof *a);
    if (!n) return NULL;
    *(hn_attn *)n->attr = *a;
    if (a->alibi) {
        float *slopes = hn_arena_alloc(&t->arena, (size_t)a->heads * sizeof *slopes);
        if (!slopes) {
            hn_nomem(&t->err, (size_t)a->heads * sizeof *slopes);
            return NULL;
        }
        memcpy(slopes, a->alibi, (size_t)a->heads * sizeof *slopes);
        ((hn_attn *)n->attr)->alibi = slopes;
    }
    n->in[0] = q;
    n->in[1] = k;
    n->in[2] = v;
    n->aux[0] = lse;
    hn_save(q);
    hn_save(k);
    hn_save(v);
    hn_save(o);
    hn_save(lse);
    return n;
}

hn_tensor *hn_op_attention(hn_tape *t, hn_tensor *q, hn_tensor *k, hn_tensor *v, const hn_attn *a) {
    if (!hn_op_input(t, "attention", q) || !hn_op_input(t, "attention", k) || !hn_op_input(t, "attention", v)) {
        return NULL;
    }
    if (!shapes_fit(t, q, k, v, a)) return NULL;
    bool wants = hn_wants_grad(t, q, k, v);
    if (wants && a->segs.cached_count > 0) {
        hn_tape_fail(t, HN_ESTATE, "attention: keys from a cache carry no gradient");
        hn_error_fix(&t->err, "record with the whole text in the batch, or switch recording off");
        return NULL;
    }
    int64_t n = hn_tensor_rows(q);
    hn_tensor *o = hn_tensor_like(t, q, hn_tensor_last(q));
    hn_tensor *lse = hn_tensor_new(t, 2, (const int64_t[]){n, a->heads});
    if (!o || !lse) return NULL;
    hn_attn keyed = *a;
    if (a->dropout > 0) keyed.drop_key = hn_tape_key(t, HN_RNG_ATTENTION);
    a = &keyed;
    t->k->attention(a, q->data, hn_tensor_last(q), k->data, hn_tensor_last(k), v->data, hn_tensor_last(v), o->data,
                    lse->data);
    if (!wants) {
        hn_tensor_drop_value(t, lse);
        return o;
    }
    return record(t, q, k, v, o, lse, a) ? o : NULL;
}
