/* row.c - one row under construction: text to ids and targets by TRL's rules (SFTTrainer._prepare_dataset).
 *
 * The end token is appended as text unless the text ends with it, so the tokenizer sees it as any other special
 * token; prompt and completion are tokenised together, so tokens may span their border. */
#include "data/encode_impl.h"

#include <string.h>

static void use_labels(hn_row *row) {
    if (!row->labelled && row->n) memcpy(row->label, row->id, row->n * sizeof *row->id);
    row->labelled = true;
}

const int32_t *hn_row_label(const hn_row *row) { return row->labelled ? row->label : row->id; }

hn_status hn_row_add(hn_row *row, const int32_t *id, const int32_t *label, size_t n, hn_error *err) {
    if (row->n + n > row->cap) {
        size_t cap = row->n + n + row->cap;
        int32_t *a = hn_realloc_array(row->id, cap, sizeof *a);
        if (a) row->id = a;
        int32_t *b = a ? hn_realloc_array(row->label, cap, sizeof *b) : NULL;
        if (!b) return hn_nomem(err, cap * sizeof *b);
        row->label = b;
        row->cap = cap;
    }
    if (n == 0) return HN_OK;
    if (label) use_labels(row);
    memcpy(row->id + row->n, id, n * sizeof *id);
    if (row->labelled) memcpy(row->label + row->n, label ? label : id, n * sizeof *id);
    row->n += n;
    return HN_OK;
}

void hn_encoded_release(hn_encoded *x) {
    for (int i = 0; i < HN_ROWS; i++) {
        hn_row *row = &x->row[i];
        hn_free(row->id);
        hn_free(row->label);
        hn_free(row->span);
        hn_free(row->wrote);
        hn_buf_release(&row->text);
    }
    *x = (hn_encoded){0};
}

static hn_status span_room(hn_row *row, hn_error *err) {
    if (row->n <= row->span_cap && row->span) return HN_OK;
    hn_token_span *span = hn_realloc_array(row->span, row->n + 1, sizeof *span);
    if (!span) return hn_nomem(err, row->n * sizeof *span);
    row->span = span;
    row->span_cap = row->n + 1;
    return HN_OK;
}

/* The text and the place of every token in it, for a look. */
static hn_status keep_places(hn_encoder *e, hn_str text, hn_row *row, hn_error *err) {
    hn_buf_clear(&row->text);
    hn_buf_add(&row->text, text.n ? text.p : "", text.n);
    if (row->text.failed) return hn_nomem(err, text.n);
    HN_TRY(span_room(row, err));
    if (row->n) memcpy(row->span, e->whole.span, row->n * sizeof *row->span);
    return HN_OK;
}

/* flags: of an encoding, beside special tokens and places. */
static hn_status add_piece(hn_encoder *e, hn_str text, unsigned flags, bool head, bool tail, hn_row *row, hn_error *err) {
    HN_TRY(hn_plain_whole(e, text.n, err));
    HN_TRY(hn_tokenizer_encode_parts(e->tok, text, e->plain, e->plains, flags | HN_ENCODE_SPECIAL | HN_ENCODE_SPANS, &e->whole,
                                     err));
    size_t from = 0, to = e->whole.n, first = row->n;
    while (!head && from < to && e->whole.special[from]) from++;
    while (!tail && to > from && e->whole.special[to - 1]) to--;
    HN_TRY(hn_row_add(row, e->whole.id + from, NULL, to - from, err));
    hn_row_mask(row, first, row->n);
    if (!e->look) return HN_OK;
    uint32_t shift = first ? (uint32_t)row->text.n : 0;
    if (first == 0) hn_buf_clear(&row->text);
    hn_buf_add(&row->text, text.n ? text.p : "", text.n);
    HN_TRY(span_room(row, err));
    if (row->text.failed) return hn_nomem(err, text.n);
    for (size_t i = from; i < to; i++) {
        hn_token_span s = e->whole.span[i];
        row->span[first + i - from] = e->whole.special[i] ? s : (hn_token_span){s.begin + shift, s.end + shift};
    }
    return HN_OK;
}

hn_status hn_row_piece(hn_encoder *e, hn_str text, bool head, bool tail, hn_row *row, hn_error *err) {
    return add_piece(e, text, 0, head, tail, row, err);
}

hn_status hn_row_pair(hn_encoder *e, hn_str text, hn_str other, hn_row *row, size_t *border, hn_error *err) {
    HN_TRY(add_piece(e, text, HN_ENCODE_FIRST, true, true, row, err));
    *border = row->n;
    return add_piece(e, other, HN_ENCODE_SECOND, true, true, row, err);
}

hn_status hn_row_tokenize(hn_encoder *e, hn_str text, bool special, hn_row *row, hn_error *err) {
    unsigned flags = (special ? HN_ENCODE_SPECIAL : 0) | (e->look || e->places ? HN_ENCODE_SPANS : 0);
    HN_TRY(hn_tokenizer_encode_parts(e->tok, text, e->plain, e->plains, flags, &e->whole, err));
    HN_TRY(hn_row_add(row, e->whole.id, NULL, e->whole.n, err));
    return e->look ? keep_places(e, text, row, err) : HN_OK;
}

hn_status hn_encoder_join(hn_encoder *e, hn_str head, hn_str tail, hn_str *out, hn_error *err) {
    hn_buf_clear(&e->text);
    hn_buf_add(&e->text, head.p, head.n);
    hn_buf_add(&e->text, tail.p, tail.n);
    HN_TRY(hn_plain_whole(e, e->text.n, err));
    if (e->eos.p && (e->plains > 0 || !hn_str_ends(tail, e->eos))) hn_buf_add(&e->text, e->eos.p, e->eos.n);
    *out = (hn_str){e->text.p ? e->text.p : "", e->text.n};
    return e->text.failed ? hn_nomem(err, e->text.n) : HN_OK;
}

void hn_row_mask(hn_row *row, size_t from, size_t to) {
    use_labels(row);
    for (size_t i = from; i < to; i++) row->label[i] = HN_NO_TARGET;
}
