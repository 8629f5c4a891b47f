/* shuffle.c - rows in the order that datasets' Dataset.shuffle(seed) gives them. */
#include "data/encode_impl.h"
#include "data/rows_impl.h"

typedef struct { /* a row as it is handed on */
    int32_t *label;
    int64_t *start, tokens, documents; /* room */
} scratch;

static hn_status room(scratch *s, int64_t tokens, int64_t documents, hn_error *err) {
    if (tokens > s->tokens) {
        int32_t *p = hn_realloc_array(s->label, (size_t)tokens, sizeof *p);
        if (!p) return hn_nomem(err, (size_t)tokens * sizeof *p);
        s->label = p;
        s->tokens = tokens;
    }
    if (documents > s->documents) {
        int64_t *p = hn_realloc_array(s->start, (size_t)documents, sizeof *p);
        if (!p) return hn_nomem(err, (size_t)documents * sizeof *p);
        s->start = p;
        s->documents = documents;
    }
    return HN_OK;
}

static hn_status hand_on(const hn_rows *in, int64_t row, scratch *s, hn_pack_emit *emit, void *user, hn_error *err) {
    int64_t at = in->at[row], n = in->at[row + 1] - at;
    int64_t first = in->document ? in->row_document[row] : 0, documents = in->document ? in->row_document[row + 1] - first : 0;
    HN_TRY(room(s, n, documents, err));
    for (int64_t i = 0; i < n; i++)
        s->label[i] = !in->loss[at + i] ? HN_NO_TARGET : in->label ? in->label[at + i] : in->ids[at + i];
    for (int64_t d = 0; d < documents; d++) s->start[d] = in->document[first + d] - at;
    return emit(user, &(hn_packed){in->ids + at, s->label, n, s->start, documents, in->record[row]}, err);
}

hn_status hn_rows_shuffled(const hn_rows *in, uint64_t seed, hn_pack_emit *emit, void *user, hn_error *err) {
    scratch s = {0};
    int64_t *order = hn_alloc_array((size_t)in->rows + 1, sizeof *order);
    if (!order) return hn_nomem(err, (size_t)in->rows * sizeof *order);
    hn_numpy_permutation(seed, in->rows, order);
    hn_status st = HN_OK;
    for (int64_t i = 0; i < in->rows && st == HN_OK; i++) st = hand_on(in, order[i], &s, emit, user, err);
    hn_free(s.label);
    hn_free(s.start);
    hn_free(order);
    return st;
}
