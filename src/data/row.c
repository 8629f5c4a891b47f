/* row.c - one row under construction: text to ids and targets by TRL's rules (SFTTrainer._prepare_dataset).
 *
 * The end token is appended as text unless the text ends with it, so the tokenizer sees it as any other special
 * token; prompt and completion are tokenised together, so tokens may span their border. */
#include "data/encode_impl.h"

#include <string.h>

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
    memcpy(row->id + row->n, id, n * sizeof *id);
    memcpy(row->label + row->n, label ? label : id, n * sizeof *id);
    row->n += n;
    return HN_OK;
}

void hn_row_release(hn_row *row) {
    hn_free(row->id);
    hn_free(row->label);
    *row = (hn_row){0};
}

static bool ends_with(hn_str s, hn_str tail) {
    return s.n >= tail.n && (tail.n == 0 || memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0);
}

/* prompt + completion + end token, in e->text. */
static hn_status join(hn_encoder *e, hn_str prompt, hn_str completion, hn_str *out, hn_error *err) {
    hn_buf_clear(&e->text);
    hn_buf_add(&e->text, prompt.p, prompt.n);
    hn_buf_add(&e->text, completion.p, completion.n);
    if (e->eos.p && !ends_with(completion, e->eos)) hn_buf_add(&e->text, e->eos.p, e->eos.n);
    *out = (hn_str){e->text.p ? e->text.p : "", e->text.n};
    return e->text.failed ? hn_nomem(err, e->text.n) : HN_OK;
}

hn_status hn_row_text(hn_encoder *e, hn_str text, hn_row *row, hn_error *err) {
    hn_str whole;
    HN_TRY(join(e, (hn_str){"", 0}, text, &whole, err));
    HN_TRY(hn_tokenizer_encode(e->tok, whole, HN_ENCODE_SPECIAL, &e->whole, err));
    return hn_row_add(row, e->whole.id, NULL, e->whole.n, err);
}

hn_status hn_row_completion(hn_encoder *e, hn_str prompt, hn_str completion, hn_row *row, hn_error *err) {
    hn_str whole;
    HN_TRY(join(e, prompt, completion, &whole, err));
    HN_TRY(hn_tokenizer_encode(e->tok, whole, HN_ENCODE_SPECIAL, &e->whole, err));
    HN_TRY(hn_row_add(row, e->whole.id, NULL, e->whole.n, err));
    if (!e->completion_only) return HN_OK;
    HN_TRY(hn_tokenizer_encode(e->tok, prompt, HN_ENCODE_SPECIAL, &e->prompt, err));
    size_t from = 0, most = e->prompt.n < row->n ? e->prompt.n : row->n;
    while (from < most && e->prompt.id[from] == row->id[from]) from++;
    row->border = from < e->prompt.n;
    for (size_t i = 0; i < from; i++) row->label[i] = HN_NO_TARGET;
    return HN_OK;
}
