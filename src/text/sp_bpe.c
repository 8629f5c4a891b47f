/* sp_bpe.c - byte pair encoding as SentencePiece does it: of two neighbours that spell a piece, those of the piece with the
 * best score are merged, the leftmost among equals.
 *
 * That is merging by rank with equal ranks for equal scores, so the tables of bpe_impl.h serve: the symbols are pieces and
 * the single characters that pieces are made of. User-defined pieces are symbols that merge with nothing. A merged piece
 * that is marked unused falls apart again into what it was last made from. Characters that are no piece become bytes, or
 * one unknown token for a run of them. */
#include <stdlib.h>

#include "text/sp_impl.h"

enum { FROZEN = 1 << 28 }; /* added to the id of a user-defined symbol: no merge knows it */

static const char meta[] = "\xE2\x96\x81"; /* U+2581 */

/* ------------------------------------------------------------------ building */

static bool is_one_char(hn_str s) {
    return s.n == (size_t)hn_cp_len((unsigned char)s.p[0]);
}

/* The symbols: all pieces, and behind them the characters of pieces that are none themselves. */
static hn_status collect_symbols(const hn_sp *sp, hn_bpe *m, hn_error *err) {
    for (int32_t id = 0; id < (int32_t)sp->n; id++) {
        hn_str text = hn_vocab_text(sp->vocab, id);
        if (text.p && hn_vocab_id(sp->vocab, text.p, text.n) == id) HN_TRY(hn_vocab_add(m->vocab, text, id, err));
    }
    int64_t more = (int64_t)sp->n;
    for (int32_t id = 0; id < (int32_t)sp->n; id++) {
        hn_str text = hn_vocab_text(sp->normal, id);
        for (size_t i = 0; text.p && i < text.n;) {
            hn_str c = {text.p + i, (size_t)hn_cp_len((unsigned char)text.p[i])};
            if (hn_vocab_id(m->vocab, c.p, c.n) < 0) HN_TRY(hn_vocab_add(m->vocab, c, more++, err));
            i += c.n;
        }
    }
    return HN_OK;
}

/* The symbol that a half of a piece may be, or -1. */
static int32_t half(const hn_sp *sp, const hn_bpe *m, hn_str s) {
    if (is_one_char(s)) return hn_vocab_id(m->vocab, s.p, s.n);
    int32_t id = hn_vocab_id(sp->normal, s.p, s.n);
    return id >= 0 && sp->type[id] != HN_SP_USER ? id : -1;
}

static hn_status add_splits(const hn_sp *sp, hn_bpe *m, int32_t id, uint32_t rank, hn_error *err) {
    hn_str text = hn_vocab_text(sp->normal, id);
    for (size_t i = 0; text.p && (i += (size_t)hn_cp_len((unsigned char)text.p[i])) < text.n;) {
        hn_str left = {text.p, i}, right = {text.p + i, text.n - i};
        int32_t a = half(sp, m, left), b = a < 0 ? -1 : half(sp, m, right);
        if (b >= 0) HN_TRY(hn_bpe_put_merge(m, a, b, rank, id, err));
        bool begins = right.n >= 3 && memcmp(right.p, meta, 3) == 0,
             ends = left.n >= 3 && memcmp(left.p + left.n - 3, meta, 3) == 0;
        if (begins && !ends) m->cuts_at_meta = false;
    }
    return HN_OK;
}

static int better_first(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

static uint32_t rank_of(const float *sorted, size_t n, float score) { /* of the first that is not better */
    size_t low = 0;
    while (n > 0) {
        if (sorted[low + n / 2] > score) {
            low += n / 2 + 1;
            n -= n / 2 + 1;
        } else {
            n /= 2;
        }
    }
    return (uint32_t)low;
}

static hn_status build_merges(const hn_sp *sp, hn_bpe *m, hn_error *err) {
    float *sorted = hn_alloc_array(sp->n, sizeof *sorted);
    if (!sorted) return hn_nomem(err, sp->n * sizeof *sorted);
    memcpy(sorted, sp->score, sp->n * sizeof *sorted);
    qsort(sorted, sp->n, sizeof *sorted, better_first);
    m->cuts_at_meta = !sp->has_unused && hn_vocab_id(sp->vocab, meta, 3) >= 0;
    hn_status st = hn_bpe_grow_merges(m, err);
    for (int32_t id = 0; id < (int32_t)sp->n && st == HN_OK; id++)
        st = add_splits(sp, m, id, rank_of(sorted, sp->n, sp->score[id]), err);
    hn_free(sorted);
    return st;
}

hn_status hn_sp_build_bpe(hn_sp *sp, hn_error *err) {
    hn_bpe *m = sp->bpe = hn_calloc(1, sizeof *m);
    if (!m) return hn_nomem(err, sizeof *m);
    m->sp = sp;
    m->unk = sp->unk;
    m->vocab = hn_vocab_new(sp->n);
    if (!m->vocab) return hn_nomem(err, sp->n);
    HN_TRY(collect_symbols(sp, m, err));
    HN_TRY(build_merges(sp, m, err));
    return hn_bpe_load_chars(m, err);
}

/* ------------------------------------------------------------------ one word */

static hn_status push(hn_bpe_room *r, int32_t id, size_t len, hn_error *err) {
    if (r->n == r->cap) HN_TRY(hn_bpe_room_grow(r, 1, err));
    r->v[r->n++] = (hn_symbol){.id = id, .len = (uint32_t)len};
    return HN_OK;
}

static hn_status symbols(const hn_sp *sp, const hn_bpe *m, hn_bpe_room *r, const char *p, size_t n, hn_error *err) {
    int32_t other = hn_vocab_end(m->vocab); /* a character that no piece has */
    bool user = !hn_matcher_empty(sp->user);
    for (size_t i = 0; i < n;) {
        int len;
        uint32_t cp = hn_cp_at(p + i, &len);
        int32_t id;
        size_t taken = user ? hn_matcher_here(sp->user, p + i, n - i, &id) : 0;
        if (taken) {
            id += FROZEN;
        } else {
            taken = (size_t)len;
            id = cp < HN_BPE_LOW ? m->low_id[cp] : hn_vocab_id(m->vocab, p + i, taken);
            if (id < 0) id = other;
        }
        HN_TRY(push(r, id, taken, err));
        i += taken;
    }
    return HN_OK;
}

/* A symbol for good, at the end of r->v; joins: the one before was unknown too. */
static hn_status settle(const hn_sp *sp, hn_bpe_room *r, int32_t id, hn_str text, bool *joins, hn_error *err) {
    bool unknown = id >= (int32_t)sp->n || (sp->type[id] != HN_SP_NORMAL && sp->type[id] != HN_SP_USER);
    if (unknown && sp->byte_fallback) {
        for (size_t k = 0; k < text.n; k++) HN_TRY(push(r, sp->byte_id[(unsigned char)text.p[k]], 1, err));
    } else if (unknown && *joins) {
        r->v[r->n - 1].len += (uint32_t)text.n;
    } else {
        HN_TRY(push(r, unknown ? sp->unk : id, text.n, err));
    }
    *joins = unknown;
    return HN_OK;
}

/* An unused piece, taken apart: the halves still to be looked at wait in r->spell, the leftmost on top. */
static hn_status take_apart(const hn_sp *sp, hn_bpe_room *r, int32_t id, hn_str text, bool *joins, hn_error *err) {
    hn_buf_clear(&r->spell);
    for (;;) {
        while (id < (int32_t)sp->n && sp->type[id] == HN_SP_UNUSED && r->by_id[id].left != UINT32_MAX) {
            const hn_merge *from = &r->by_id[id];
            int32_t right = (int32_t)from->right;
            hn_buf_add(&r->spell, &right, sizeof right);
            id = (int32_t)from->left;
        }
        size_t len = hn_vocab_text(sp->bpe->vocab, id).n;
        HN_TRY(settle(sp, r, id, (hn_str){text.p, len}, joins, err));
        text = (hn_str){text.p + len, text.n - len};
        if (r->spell.failed) return hn_nomem(err, text.n);
        if (r->spell.n == 0) return HN_OK;
        r->spell.n -= sizeof id;
        memcpy(&id, r->spell.p + r->spell.n, sizeof id);
    }
}

static hn_status ready_by_id(const hn_sp *sp, hn_bpe_room *r, hn_error *err) {
    if (!sp->has_unused) return HN_OK;
    if (!r->by_id) r->by_id = hn_alloc_array(sp->n, sizeof *r->by_id);
    if (!r->by_id) return hn_nomem(err, sp->n * sizeof *r->by_id);
    memset(r->by_id, 0xFF, sp->n * sizeof *r->by_id);
    return HN_OK;
}

hn_status hn_sp_word(const hn_bpe *m, hn_bpe_room *r, const char *p, size_t n, hn_error *err) {
    const hn_sp *sp = m->sp;
    HN_TRY(ready_by_id(sp, r, err));
    HN_TRY(symbols(sp, m, r, p, n, err));
    HN_TRY(hn_bpe_merge(m, r, err));
    size_t merged = r->n;
    bool joins = false;
    for (size_t i = 0, at = 0; i < merged; i++) {
        hn_symbol s = r->v[i];
        hn_str text = {p + at, s.len};
        if (s.id >= FROZEN) s.id -= FROZEN;
        bool apart = s.id < (int32_t)sp->n && sp->type[s.id] == HN_SP_UNUSED;
        HN_TRY(apart ? take_apart(sp, r, s.id, text, &joins, err) : settle(sp, r, s.id, text, &joins, err));
        at += s.len;
    }
    r->n -= merged;
    memmove(r->v, r->v + merged, r->n * sizeof *r->v);
    return HN_OK;
}

static hn_status run(const void *state, hn_work *w, size_t begin, size_t end, hn_error *err) {
    return hn_bpe_run(((const hn_sp *)state)->bpe, w, begin, end, err);
}

static void drop(void *state) {
    hn_sp_free(state);
}

static const hn_vocab *vocab_of(const void *state) {
    return ((const hn_sp *)state)->vocab;
}

const hn_model_part hn_sp_bpe_model = {
    .part = {.type = "SentencePiece BPE", .about = "byte pair encoding by scores", .drop = drop},
    .vocab = vocab_of,
    .run = run,
};
