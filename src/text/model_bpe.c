/* model_bpe.c - byte pair encoding: a word is taken as characters, then the pair of lowest rank is merged again and
 * again (bpe_merge.c). Words seen before come from the caller's cache.
 *
 * Over the byte alphabet the model reads raw bytes: the mapping to printable characters and back is folded into
 * its tables. */
#include "text/sp_impl.h"

static const char meta[] = "\xE2\x96\x81"; /* U+2581 */

static const hn_vocab *vocab_of(const void *state) {
    return ((const hn_bpe *)state)->vocab;
}

static hn_status take_raw_bytes(void *state, bool *yes, hn_error *err) {
    return hn_bpe_fold_bytes(state, yes, err);
}

static hn_status push(hn_bpe_room *r, int32_t id, size_t len, hn_error *err) {
    if (r->n == r->cap) HN_TRY(hn_bpe_room_grow(r, 1, err));
    r->v[r->n++] = (hn_symbol){.id = id, .len = (uint32_t)len};
    return HN_OK;
}

typedef struct pending { /* an unknown token that later ones may join */
    bool any;
    size_t len;
} pending;

static hn_status flush(const hn_bpe *m, hn_bpe_room *r, pending *unk, hn_error *err) {
    if (!unk->any) return HN_OK;
    unk->any = false;
    return push(r, m->unk, unk->len, err);
}

static hn_status unknown(const hn_bpe *m, hn_bpe_room *r, pending *unk, size_t len, hn_error *err) {
    if (m->unk_missing)
        return hn_fail(err, HN_EFORMAT, "the text has characters out of vocabulary, and model.unk_token is out of it too");
    if (m->unk < 0) { /* no unknown token: dropped */
        r->dropped = true;
        return HN_OK;
    }
    if (unk->any && m->fuse_unk) {
        unk->len += len;
        return HN_OK;
    }
    HN_TRY(flush(m, r, unk, err));
    *unk = (pending){true, len};
    return HN_OK;
}

/* Bytes instead of a character out of vocabulary. As in the reference an unknown token still pending stays behind. */
static bool falls_back(const hn_bpe *m, const char *p, size_t n) {
    if (!m->byte_fallback) return false;
    for (size_t i = 0; i < n; i++)
        if (m->byte_id[(unsigned char)p[i]] < 0) return false;
    return true;
}

/* The symbols of a word in raw bytes of the byte alphabet. */
static hn_status symbols_of_bytes(const hn_bpe *m, hn_bpe_room *r, const char *p, size_t n, hn_error *err) {
    pending unk = {0};
    HN_TRY(hn_bpe_room_grow(r, n + 1, err));
    for (size_t i = 0; i < n; i++) {
        int32_t id = m->byte_id[(unsigned char)p[i]];
        if (id < 0) {
            HN_TRY(unknown(m, r, &unk, 1, err));
            continue;
        }
        HN_TRY(flush(m, r, &unk, err));
        r->v[r->n++] = (hn_symbol){.id = id, .len = 1};
    }
    return flush(m, r, &unk, err);
}

static int32_t char_id(const hn_bpe *m, hn_buf *spell, hn_str c, uint32_t cp, bool first, bool last, hn_str *spelled) {
    bool plain = (first || !m->prefix[0]) && (!last || !m->suffix[0]);
    *spelled = c;
    if (plain) return cp < HN_BPE_LOW ? m->low_id[cp] : hn_vocab_id(m->vocab, c.p, c.n);
    hn_buf_clear(spell);
    if (!first) hn_buf_puts(spell, m->prefix);
    hn_buf_add(spell, c.p, c.n);
    if (last) hn_buf_puts(spell, m->suffix);
    if (spell->failed) return -1;
    *spelled = (hn_str){spell->p, spell->n};
    return hn_vocab_id(m->vocab, spell->p, spell->n);
}

static hn_status symbols_of_chars(const hn_bpe *m, hn_bpe_room *r, const char *p, size_t n, hn_error *err) {
    pending unk = {0};
    HN_TRY(hn_bpe_room_grow(r, n + 1, err));
    for (size_t i = 0; i < n;) {
        int len;
        uint32_t cp = hn_cp_at(p + i, &len);
        hn_str spelled;
        int32_t id = char_id(m, &r->spell, (hn_str){p + i, (size_t)len}, cp, i == 0, i + (size_t)len == n, &spelled);
        i += (size_t)len;
        if (r->spell.failed) return hn_nomem(err, (size_t)len);
        if (id >= 0) {
            HN_TRY(flush(m, r, &unk, err));
            HN_TRY(push(r, id, (size_t)len, err));
        } else if (falls_back(m, spelled.p, spelled.n)) {
            for (size_t k = 0; k < spelled.n; k++)
                HN_TRY(push(r, m->byte_id[(unsigned char)spelled.p[k]], 1, err));
        } else {
            HN_TRY(unknown(m, r, &unk, (size_t)len, err));
        }
    }
    return flush(m, r, &unk, err);
}

static size_t width(char byte) { /* of its character in the byte alphabet */
    return hn_byte_char((unsigned char)byte) < 0x80 ? 1 : 2;
}

/* After dropped bytes the reference counts on in the text as the alphabet spells it, and so comes to other places than the
 * tokens': what it calls their spans. */
static hn_status emit_counted(const hn_bpe *m, hn_work *w, const hn_bpe_room *r, size_t begin, size_t n, hn_error *err) {
    const char *p = w->text.p + begin; /* [n]: two tokens of one id may count beyond it */
    size_t from = 0, from_spelled = 0, at = 0; /* the byte that holds spelled place at */
    for (size_t i = 0; i < r->n; i++) {
        size_t end = at + hn_vocab_text(m->vocab, r->v[i].id).n;
        while (from < n && from_spelled + width(p[from]) <= at) from_spelled += width(p[from++]);
        size_t to = from, to_spelled = from_spelled;
        while (to < n && to_spelled < end) to_spelled += width(p[to++]);
        HN_TRY(hn_emit(w, r->v[i].id, begin + from, begin + to, err));
        at = end;
    }
    return HN_OK;
}

static hn_status emit_symbols(hn_work *w, const hn_bpe_room *r, size_t begin, size_t end, hn_error *err) {
    HN_TRY(hn_encoding_room(w->out, r->n, w->track, err));
    for (size_t i = 0, at = begin; i < r->n; i++) { /* dropped characters make the sum fall short, never exceed it */
        size_t to = at + r->v[i].len;
        HN_TRY(hn_emit(w, r->v[i].id, at < end ? at : end, to < end ? to : end, err));
        at = to;
    }
    return HN_OK;
}

static void remember(hn_word *slot, const hn_bpe_room *r, const char *p, size_t n) {
    if (r->n > HN_WORD_IDS || n >= HN_WORD_BYTES) return;
    slot->n = (uint8_t)n;
    slot->ids = (uint8_t)r->n;
    memcpy(slot->p, p, n);
    for (size_t i = 0; i < r->n; i++) {
        slot->id[i] = r->v[i].id;
        slot->len[i] = (uint8_t)r->v[i].len;
    }
}

static hn_status emit_word(hn_work *w, const hn_word *word, size_t begin, hn_error *err) {
    hn_encoding *e = w->out;
    if (e->cap - e->n < HN_WORD_IDS) HN_TRY(hn_encoding_room(e, HN_WORD_IDS, w->track, err));
    if (!w->track) {
        memcpy(e->id + e->n, word->id, sizeof word->id);
        e->n += word->ids;
        return HN_OK;
    }
    for (size_t i = 0, at = begin; i < word->ids; at += word->len[i++])
        HN_TRY(hn_emit(w, word->id[i], at, at + word->len[i], err));
    return HN_OK;
}

/* One word: from the cache, whole from the vocabulary (ignore_merges), or by merging. */
static hn_status run_word(const hn_bpe *m, hn_work *w, size_t begin, size_t end, hn_error *err) {
    const char *p = w->text.p + begin;
    size_t n = end - begin;
    hn_word *slot = NULL;
    bool drops = m->dropout > 0;
    if (n < HN_WORD_BYTES && !drops) {
        slot = &w->cache->v[hn_text_hash(p, n) & w->cache->mask];
        if (slot->n == n && memcmp(slot->p, p, n) == 0) return emit_word(w, slot, begin, err);
    }
    hn_bpe_room *r = w->bpe;
    r->n = 0;
    r->dropped = false;
    if (drops)
        r->key =
            (hn_rng_key){.seed = m->seed, .purpose = HN_RNG_SAMPLE, .step = hn_text_hash(w->original.p, w->original.n) + begin};
    int32_t whole = m->ignore_merges && !drops ? hn_vocab_id(m->raw_bytes ? m->bytes_vocab : m->vocab, p, n) : -1;
    if (m->sp) {
        HN_TRY(hn_sp_word(m, r, p, n, err));
    } else if (whole >= 0) {
        HN_TRY(push(r, whole, n, err));
    } else {
        HN_TRY(m->raw_bytes ? symbols_of_bytes(m, r, p, n, err) : symbols_of_chars(m, r, p, n, err));
        HN_TRY(hn_bpe_merge(m, r, err));
    }
    if (r->dropped && m->raw_bytes && w->track) return emit_counted(m, w, r, begin, n, err);
    if (slot && !r->dropped) remember(slot, r, p, n);
    return emit_symbols(w, r, begin, end, err);
}

/* Where the next word that merges on its own ends: before a U+2581 that follows something else. */
static size_t next_cut(const char *p, size_t begin, size_t end) {
    for (size_t at = begin + 1; at < end;) {
        const char *hit = memchr(p + at, meta[0], end - at);
        if (!hit) return end;
        at = (size_t)(hit - p);
        bool here = end - at >= 3 && memcmp(hit, meta, 3) == 0;
        bool after = at - begin >= 3 && memcmp(hit - 3, meta, 3) == 0;
        if (here && !after) return at;
        at += here ? 3 : 1;
    }
    return end;
}

hn_status hn_bpe_run(const void *state, hn_work *w, size_t begin, size_t end, hn_error *err) {
    const hn_bpe *m = state;
    if (!w->bpe && !(w->bpe = hn_calloc(1, sizeof *w->bpe))) return hn_nomem(err, sizeof *w->bpe);
    if (!w->cache && !(w->cache = hn_word_cache_new())) return hn_nomem(err, sizeof(hn_word));
    if (end - begin > INT32_MAX)
        return hn_fail(err, HN_EARG, "a single word of %zu bytes: at most 2 GiB", end - begin);
    if (!m->cuts_at_meta || m->raw_bytes) return run_word(m, w, begin, end, err);
    while (begin < end) {
        size_t cut = next_cut(w->text.p, begin, end);
        HN_TRY(run_word(m, w, begin, cut, err));
        begin = cut;
    }
    return HN_OK;
}

const hn_model_part hn_model_bpe = {
    .part = {.type = "BPE", .about = "byte pair encoding", .drop = hn_bpe_drop},
    .load = hn_bpe_make,
    .vocab = vocab_of,
    .run = hn_bpe_run,
    .take_raw_bytes = take_raw_bytes,
};

hn_status hn_tokenizer_set_dropout(hn_tokenizer *t, double p, uint64_t seed, hn_error *err) {
    bool plain = t->model.desc == &hn_model_bpe.part, pieces = t->model.desc == &hn_sp_bpe_model.part;
    if (!(p >= 0 && p <= 1)) return hn_fail(err, HN_EARG, "dropout is %g: from 0 to 1", p);
    if (!plain && !pieces)
        return hn_fail(err, HN_ENOTSUP, "dropout is for byte pair encoding: this tokenizer's model is %s", t->model.desc->type);
    hn_bpe *m = pieces ? t->sp->bpe : t->model.state;
    m->dropout = p;
    m->seed = seed;
    return HN_OK;
}
