/* scratch.c - memory of one caller, kept in its hn_encoding between calls, and the columns it fills. */
#include "text/text_impl.h"
#include "text/bpe_impl.h"

hn_status hn_work_check(hn_work *w, hn_error *err) {
    if (!w->text.failed && !w->spare.failed && !w->section.failed && !w->pieces.failed && !w->spare_pieces.failed &&
        !w->matches.failed)
        return HN_OK;
    w->pieces.failed = w->spare_pieces.failed = w->matches.failed = false; /* the next call starts afresh */
    return hn_nomem(err, w->text.n);
}

void hn_work_swap(hn_work *w) {
    hn_view text = w->text;
    w->text = w->spare;
    w->spare = text;
}

void hn_work_swap_pieces(hn_work *w) {
    hn_pieces pieces = w->pieces;
    w->pieces = w->spare_pieces;
    w->spare_pieces = pieces;
}

void hn_work_forget(hn_work *w) {
    if (w->cache) hn_word_cache_clear(w->cache);
    if (!w->bpe) return;
    hn_free(w->bpe->by_id);
    w->bpe->by_id = NULL;
}

void hn_work_free(hn_work *w) {
    if (!w) return;
    hn_view_release(&w->text);
    hn_view_release(&w->spare);
    hn_view_release(&w->section);
    hn_free(w->pieces.v);
    hn_free(w->spare_pieces.v);
    hn_free(w->matches.at);
    hn_free(w->matches.is_match);
    hn_free(w->blanks);
    hn_word_cache_free(w->cache);
    hn_bpe_room_free(w->bpe);
    hn_regex_room_free(w->regex);
    hn_lattice_free(w->lattice);
    hn_buf_release(&w->spell);
    hn_free(w);
}

hn_status hn_encoding_room(hn_encoding *e, size_t extra, bool spans, hn_error *err) {
    size_t need = e->n + extra;
    if (need <= e->cap && (!spans || e->special)) return HN_OK;
    size_t cap = need > e->cap ? need + need / 2 + 16 : e->cap;
    int32_t *id = hn_realloc_array(e->id, cap, sizeof *id);
    if (!id) return hn_nomem(err, cap * sizeof *id);
    e->id = id;
    if (spans || e->span) { /* kept as long as ids, whoever asks for them later */
        hn_token_span *span = hn_realloc_array(e->span, cap, sizeof *span);
        if (!span) return hn_nomem(err, cap * sizeof *span);
        e->span = span;
        uint8_t *special = hn_realloc(e->special, cap);
        if (!special) return hn_nomem(err, cap);
        e->special = special;
    }
    e->cap = cap;
    return HN_OK;
}

hn_status hn_emit(hn_work *w, int32_t id, size_t begin, size_t end, hn_error *err) {
    hn_encoding *e = w->out;
    if (e->n == e->cap || (w->track && !e->special)) HN_TRY(hn_encoding_room(e, 1, w->track, err));
    e->id[e->n] = id;
    if (w->track) {
        e->span[e->n] = (hn_token_span){0, 0};
        if (begin < end) e->span[e->n] = (hn_token_span){w->text.src[begin].begin, w->text.src[end - 1].end};
        else if (begin < w->text.n) e->span[e->n] = (hn_token_span){w->text.src[begin].begin, w->text.src[begin].begin};
        e->special[e->n] = 0;
    }
    e->n++;
    return HN_OK;
}

void hn_encoding_release(hn_encoding *e) {
    if (!e) return;
    hn_free(e->id);
    hn_free(e->span);
    hn_free(e->special);
    hn_work_free(e->work);
    *e = (hn_encoding){0};
}
