/* sp_unigram.c - the most probable cut of a text as SentencePiece (0.2.3) finds it: Viterbi over the whole text, sums kept
 * as float32 and set back to 0 where they leave [-100000, 100000].
 *
 * A user-defined piece counts 0.1 for each byte but one; a character without a piece of its own may be unknown, at the
 * lowest score less 10. Unused pieces do not take part. Neighbouring unknowns are one token, or bytes. */
#include "text/sp_impl.h"
#include "text/unigram_impl.h"

static void offer(hn_best *at, float score, size_t from, int32_t id) {
    if (at->from != UINT32_MAX && !(score > (float)at->score)) return;
    *at = (hn_best){(double)score, (uint32_t)from, id};
}

/* Sums from i on, as far as they are set, less that at i. */
static void set_back(hn_best *v, size_t i, size_t n) {
    float offset = (float)v[i].score;
    for (size_t k = i; k <= n && k <= i + HN_SP_LONGEST; k++)
        if (k == i || v[k].from != UINT32_MAX) v[k].score = (double)((float)v[k].score - offset);
}

static void forward(const hn_sp *sp, hn_best *v, const char *p, size_t n) {
    const float unknown = sp->least - 10.0f, most = 100000.0f;
    for (size_t i = 0; i <= n; i++) v[i] = (hn_best){0, UINT32_MAX, -1};
    for (size_t i = 0; i < n;) {
        size_t len = (size_t)hn_cp_len((unsigned char)p[i]);
        bool single = false;
        uint32_t node = 0;
        if ((float)v[i].score < -most || (float)v[i].score > most) set_back(v, i, n);
        float before = (float)v[i].score;
        for (size_t k = i; k < n; k++) {
            node = hn_matcher_step(sp->trie, node, (unsigned char)p[k]);
            if (!node) break;
            int32_t id = hn_matcher_value(sp->trie, node);
            if (id < 0 || sp->type[id] == HN_SP_UNUSED) continue;
            size_t length = k + 1 - i;
            float score = sp->type[id] == HN_SP_USER ? (float)(0.1 * (double)(length - 1)) : sp->score[id];
            offer(&v[k + 1], score + before, i, id);
            single |= length == len;
        }
        if (!single) offer(&v[i + len], unknown + before, i, sp->unk);
        i += len;
    }
}

static hn_status run(const void *state, hn_work *w, size_t begin, size_t end, hn_error *err) {
    const hn_sp *sp = state;
    const char *p = w->text.p + begin;
    HN_TRY(hn_lattice_room(w, end - begin, err));
    hn_lattice *l = w->lattice;
    forward(sp, l->v, p, end - begin);
    hn_lattice_back(l, end - begin, sp->unk);
    for (size_t i = l->cuts; i-- > 0;) {
        hn_token_span at = l->cut[i];
        int32_t id = l->v[at.end].id;
        if (id == sp->unk && sp->byte_fallback) {
            for (size_t k = at.begin; k < at.end; k++)
                HN_TRY(hn_emit(w, sp->byte_id[(unsigned char)p[k]], begin + k, begin + k + 1, err));
        } else {
            HN_TRY(hn_emit(w, id, begin + at.begin, begin + at.end, err));
        }
    }
    return HN_OK;
}

static void drop(void *state) {
    hn_sp_free(state);
}

static const hn_vocab *vocab_of(const void *state) {
    return ((const hn_sp *)state)->vocab;
}

const hn_model_part hn_sp_unigram_model = {
    .part = {.type = "SentencePiece Unigram", .about = "the most probable cut", .drop = drop},
    .vocab = vocab_of,
    .run = run,
};
