/* model_unigram.c - the cut of a piece into tokens whose scores (log probabilities) add up to the most.
 *
 * Viterbi over the bytes, best[j] = max over tokens t that end at j of best[j - |t|] + score(t); a character that is no
 * token by itself may also be unknown, at the lowest score less 10. Of equal sums the longest last token stays.
 * Neighbouring unknowns become one token, or bytes <0xHH> with byte_fallback. */
#include "text/json_reader.h"
#include "text/unigram_impl.h"

typedef struct unigram {
    hn_vocab *vocab;
    hn_matcher *trie;
    double *score; /* [n], by id */
    size_t n;
    int32_t unk; /* -1: none */
    double unk_score;
    bool byte_fallback;
    int32_t byte_id[256];
} unigram;

void hn_lattice_free(hn_lattice *l) {
    if (!l) return;
    hn_free(l->v);
    hn_free(l->cut);
    hn_free(l);
}

static void drop(void *state) {
    unigram *m = state;
    if (!m) return;
    hn_vocab_free(m->vocab);
    hn_matcher_free(m->trie);
    hn_free(m->score);
    hn_free(m);
}

static const char where[] = "model.vocab";

static hn_status read_piece(unigram *m, hn_json_reader *r, size_t *cap, hn_error *err) { /* [text, score] */
    hn_str text;
    double score;
    if (!hn_reader_pass(r, '[') || !hn_reader_string(r, &text)) return hn_reader_fail(r, where, "[text, score] is expected", err);
    HN_TRY_CTX(hn_vocab_add(m->vocab, text, (int64_t)m->n, err), err, "%s", where);
    if (!hn_reader_pass(r, ',') || !hn_reader_score(r, &score) || !hn_reader_pass(r, ']'))
        return hn_reader_fail(r, where, "a score and ] are expected", err);
    if (m->n == *cap) {
        *cap = *cap ? 2 * *cap : 1024;
        double *grown = hn_realloc_array(m->score, *cap, sizeof *grown);
        if (!grown) return hn_nomem(err, *cap * sizeof *grown);
        m->score = grown;
    }
    m->score[m->n++] = score;
    return HN_OK;
}

static hn_status read_pieces(unigram *m, hn_json_reader *r, hn_error *err) {
    size_t cap = 0;
    if (!hn_reader_pass(r, '[')) return hn_reader_fail(r, where, "a list of [text, score] is expected", err);
    if (hn_reader_pass(r, ']')) return HN_OK;
    do HN_TRY(read_piece(m, r, &cap, err));
    while (hn_reader_pass(r, ','));
    return hn_reader_pass(r, ']') ? HN_OK : hn_reader_fail(r, where, "',' or ']' is expected", err);
}

static hn_status build_trie(unigram *m, hn_error *err) {
    double lowest = 0;
    for (size_t i = 0; i < m->n; i++) { /* a text that stands twice has its last id */
        hn_str text = hn_vocab_text(m->vocab, (int32_t)i);
        if (i == 0 || m->score[i] < lowest) lowest = m->score[i];
        if (!hn_matcher_add(m->trie, text.p, text.n, hn_vocab_id(m->vocab, text.p, text.n))) return hn_nomem(err, text.n);
    }
    m->unk_score = lowest - 10.0;
    return HN_OK;
}

static hn_status load(unigram *m, const hn_model_source *src, hn_error *err) {
    if (!src->vocab.p) return hn_fail(err, HN_EFORMAT, "%s is missing", where);
    m->vocab = hn_vocab_new(src->vocab.n / 24);
    m->trie = hn_matcher_new();
    if (!m->vocab || !m->trie) return hn_nomem(err, src->vocab.n);
    hn_json_reader r;
    hn_reader_open(&r, src->vocab);
    hn_status st = read_pieces(m, &r, err);
    hn_reader_close(&r);
    if (st == HN_OK) st = build_trie(m, err);
    HN_TRY(st);
    int64_t unk = hn_json_int(hn_json_get(src->spec, "unk_id"), -1);
    if (unk >= (int64_t)m->n) return hn_fail(err, HN_EFORMAT, "model.unk_id is %lld of %zu pieces", (long long)unk, m->n);
    m->unk = (int32_t)unk;
    m->byte_fallback = hn_json_bool(hn_json_get(src->spec, "byte_fallback"), false);
    for (int b = 0; b < 256; b++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)b);
        m->byte_id[b] = hn_vocab_id(m->vocab, name, 6);
    }
    return HN_OK;
}

static hn_status make(const hn_model_source *src, void **state, hn_error *err) {
    unigram *m = hn_calloc(1, sizeof *m);
    if (!m) return hn_nomem(err, sizeof *m);
    hn_status st = load(m, src, err);
    if (st == HN_OK) *state = m;
    else drop(m);
    return st;
}

static const hn_vocab *vocab_of(const void *state) {
    return ((const unigram *)state)->vocab;
}

hn_status hn_lattice_room(hn_work *w, size_t n, hn_error *err) {
    if (!w->lattice && !(w->lattice = hn_calloc(1, sizeof *w->lattice))) return hn_nomem(err, sizeof *w->lattice);
    hn_lattice *l = w->lattice;
    if (l->cap > n) return HN_OK;
    size_t cap = n + n / 2 + 64;
    hn_best *v = hn_realloc_array(l->v, cap, sizeof *v);
    if (v) l->v = v;
    hn_token_span *cut = v ? hn_realloc_array(l->cut, cap, sizeof *cut) : NULL;
    if (!cut) return hn_nomem(err, cap * sizeof *v);
    l->cut = cut;
    l->cap = cap;
    return HN_OK;
}

static void offer(hn_best *at, double score, size_t from, int32_t id) {
    if (at->from != UINT32_MAX && score <= at->score) return;
    *at = (hn_best){score, (uint32_t)from, id};
}

static hn_status forward(const unigram *m, hn_best *v, const char *p, size_t n, hn_error *err) {
    for (size_t i = 0; i <= n; i++) v[i] = (hn_best){0, UINT32_MAX, -1};
    for (size_t i = 0; i < n;) {
        size_t len = (size_t)hn_cp_len((unsigned char)p[i]);
        bool single = false;
        uint32_t node = 0;
        for (size_t k = i; k < n; k++) {
            node = hn_matcher_step(m->trie, node, (unsigned char)p[k]);
            if (!node) break;
            int32_t id = hn_matcher_value(m->trie, node);
            if (id < 0) continue;
            offer(&v[k + 1], v[i].score + m->score[id], i, id);
            single |= k + 1 - i == len;
        }
        if (!single) {
            if (m->unk < 0) return hn_fail(err, HN_EFORMAT, "the text has unknown characters, and there is no model.unk_id");
            offer(&v[i + len], v[i].score + m->unk_score, i, m->unk);
        }
        i += len;
    }
    return HN_OK;
}

void hn_lattice_back(hn_lattice *l, size_t n, int32_t unknown) {
    l->cuts = 0;
    bool joins = false;
    for (size_t end = n; end > 0;) {
        const hn_best *b = &l->v[end];
        bool unk = b->id == unknown;
        if (unk && joins) l->cut[l->cuts - 1].begin = b->from;
        else l->cut[l->cuts++] = (hn_token_span){b->from, (uint32_t)end};
        joins = unk;
        end = b->from;
    }
}

static bool falls_back(const unigram *m, const char *p, size_t n) {
    if (!m->byte_fallback) return false;
    for (size_t i = 0; i < n; i++)
        if (m->byte_id[(unsigned char)p[i]] < 0) return false;
    return true;
}

static hn_status run(const void *state, hn_work *w, size_t begin, size_t end, hn_error *err) {
    const unigram *m = state;
    const char *p = w->text.p + begin;
    HN_TRY(hn_lattice_room(w, end - begin, err));
    hn_lattice *l = w->lattice;
    HN_TRY(forward(m, l->v, p, end - begin, err));
    hn_lattice_back(l, end - begin, m->unk);
    for (size_t i = l->cuts; i-- > 0;) {
        hn_token_span at = l->cut[i];
        const char *token = p + at.begin;
        size_t n = at.end - at.begin;
        int32_t id = hn_vocab_id(m->vocab, token, n);
        if (id < 0 && falls_back(m, token, n)) {
            for (size_t k = 0; k < n; k++)
                HN_TRY(hn_emit(w, m->byte_id[(unsigned char)token[k]], begin + at.begin, begin + at.end, err));
        } else {
            HN_TRY(hn_emit(w, id >= 0 ? id : m->unk, begin + at.begin, begin + at.end, err));
        }
    }
    return HN_OK;
}

const hn_model_part hn_model_unigram = {
    .part = {.type = "Unigram", .about = "the most probable cut", .drop = drop},
    .load = make,
    .vocab = vocab_of,
    .run = run,
};
