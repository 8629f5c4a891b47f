/* sp_pieces.c - the pieces of a SentencePiece model: adding, checking, and the tries to look them up with. */
#include <float.h>
#include <math.h>

#include "text/sp_impl.h"

hn_sp *hn_sp_new(void) {
    hn_sp *sp = hn_calloc(1, sizeof *sp);
    if (!sp) return NULL;
    *sp = (hn_sp){.dummy_prefix = true, .strips_extra = true, .escapes = true, .unk = -1, .bos = -1, .eos = -1, .pad = -1};
    sp->vocab = hn_vocab_new(64);
    sp->normal = hn_vocab_new(64);
    sp->user = hn_matcher_new();
    if (sp->vocab && sp->normal && sp->user) return sp;
    hn_sp_free(sp);
    return NULL;
}

void hn_sp_free(hn_sp *sp) {
    if (!sp) return;
    hn_free(sp->unk_surface);
    hn_charsmap_free(sp->map);
    hn_vocab_free(sp->vocab);
    hn_vocab_free(sp->normal);
    hn_free(sp->type);
    hn_free(sp->score);
    hn_matcher_free(sp->user);
    hn_matcher_free(sp->trie);
    if (sp->bpe) hn_bpe_drop(sp->bpe);
    hn_free(sp);
}

static bool is_normal(int64_t type) {
    return type == HN_SP_NORMAL || type == HN_SP_USER || type == HN_SP_UNUSED;
}

static hn_status room(hn_sp *sp, hn_error *err) {
    if (sp->n < sp->cap) return HN_OK;
    size_t cap = sp->cap ? 2 * sp->cap : 1024;
    uint8_t *type = hn_realloc(sp->type, cap);
    if (type) sp->type = type;
    float *score = type ? hn_realloc_array(sp->score, cap, sizeof *score) : NULL;
    if (!score) return hn_nomem(err, cap * sizeof *score);
    sp->score = score;
    sp->cap = cap;
    return HN_OK;
}

static hn_status bad(const hn_sp *sp, hn_str text, const char *what, hn_error *err) {
    bool prints = hn_utf8_valid(text.p, text.n, NULL);
    return hn_fail(err, HN_EFORMAT, "piece %zu \"%.*s\" %s", sp->n,
                   !prints       ? 0
                   : text.n > 80 ? 80
                                 : (int)text.n,
                   text.n ? text.p : "", what);
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

hn_status hn_sp_add(hn_sp *sp, hn_str text, double score, int64_t type, hn_error *err) {
    if (text.n == 0 || memchr(text.p, 0, text.n)) return bad(sp, text, "is empty or holds a NUL", err);
    if (!hn_utf8_valid(text.p, text.n, NULL)) return bad(sp, text, "is no UTF-8", err);
    if (text.n > HN_SP_LONGEST) return bad(sp, text, "is longer than 1024 bytes", err);
    if (type < HN_SP_NORMAL || type > HN_SP_BYTE) return bad(sp, text, "has a type that does not exist", err);
    if (!isfinite(score) || fabs(score) > (double)FLT_MAX) return bad(sp, text, "has a score that is no number", err);
    bool hex = text.n == 6 && memcmp(text.p, "<0x", 3) == 0 && text.p[5] == '>' && is_hex(text.p[3]) && is_hex(text.p[4]);
    if (type == HN_SP_BYTE && !hex) return bad(sp, text, "is to be a byte, but is not spelled <0xHH>", err);
    HN_TRY(room(sp, err));
    int64_t id = (int64_t)sp->n;
    int32_t reserved = hn_vocab_id(sp->vocab, text.p, text.n), normal = hn_vocab_id(sp->normal, text.p, text.n);
    if (is_normal(type) ? normal >= 0 : reserved >= 0 && reserved != normal) return bad(sp, text, "stands there twice", err);
    HN_TRY(hn_vocab_add(sp->vocab, text, id, err));
    if (is_normal(type) && reserved >= 0)
        HN_TRY(hn_vocab_add(sp->vocab, text, reserved, err)); /* the text stays the reserved one's */
    if (is_normal(type)) HN_TRY(hn_vocab_add(sp->normal, text, id, err));
    if (type == HN_SP_USER && !hn_matcher_add(sp->user, text.p, text.n, (int32_t)id)) return hn_nomem(err, text.n);
    sp->has_unused |= type == HN_SP_UNUSED;
    sp->type[sp->n] = (uint8_t)type;
    sp->score[sp->n++] = (float)score;
    return HN_OK;
}

static hn_status check(hn_sp *sp, hn_error *err) {
    if (sp->n == 0) return hn_fail(err, HN_EFORMAT, "there are no pieces");
    int32_t unk = -1;
    for (int32_t i = 0; i < (int32_t)sp->n; i++) {
        if (sp->type[i] != HN_SP_UNKNOWN) continue;
        if (unk >= 0) return hn_fail(err, HN_EFORMAT, "pieces %d and %d are both unknown tokens", (int)unk, (int)i);
        unk = i;
    }
    if (unk < 0 && !sp->byte_fallback) return hn_fail(err, HN_EFORMAT, "no piece is the unknown token");
    sp->unk = unk;
    int32_t *const special[] = {&sp->bos, &sp->eos, &sp->pad};
    for (size_t i = 0; i < 3; i++)
        if (*special[i] >= (int32_t)sp->n) *special[i] = -1;
    for (int b = 0; b < 256; b++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)b);
        sp->byte_id[b] = hn_vocab_id(sp->vocab, name, 6);
        if (sp->byte_id[b] >= 0 && sp->type[sp->byte_id[b]] != HN_SP_BYTE) sp->byte_id[b] = -1;
        if (sp->byte_fallback && sp->byte_id[b] < 0)
            return hn_fail(err, HN_EFORMAT, "byte_fallback is set, but the piece %s is missing", name);
    }
    return HN_OK;
}

static hn_status build_trie(hn_sp *sp, hn_error *err) {
    sp->trie = hn_matcher_new();
    if (!sp->trie) return hn_nomem(err, 1);
    for (int32_t id = 0; id < (int32_t)sp->n; id++) {
        if (!is_normal(sp->type[id])) continue;
        hn_str text = hn_vocab_text(sp->normal, id);
        if (!hn_matcher_add(sp->trie, text.p, text.n, id)) return hn_nomem(err, text.n);
    }
    return HN_OK;
}

hn_status hn_sp_build(hn_sp *sp, hn_error *err) {
    HN_TRY(check(sp, err));
    sp->least = FLT_MAX;
    for (size_t i = 0; i < sp->n; i++)
        if (sp->type[i] == HN_SP_NORMAL && sp->score[i] < sp->least) sp->least = sp->score[i];
    return sp->is_bpe ? hn_sp_build_bpe(sp, err) : build_trie(sp, err);
}
