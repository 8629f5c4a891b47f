/* order.c - the order in which an epoch visits the rows, as the samplers of accelerate and transformers give it.
 *
 * random: torch.randperm(n) of a generator seeded with seed + epoch. group_by_length: transformers'
 * get_length_grouped_indices on that permutation: mega-batches of min(n / (4 batch), 50) batches, each sorted by
 * length, longest first (ties keep their order), and the longest row of all moved to the very front. */
#include "data/data.h"

#include <stdlib.h>
#include <string.h>

typedef struct { int64_t length, at, row; } entry;

static int longer_first(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? 1 : -1;
    return x->at < y->at ? -1 : x->at > y->at; /* qsort is not stable: the place decides */
}

static hn_status group(int64_t n, const int64_t *length, int64_t batch, int64_t *out, hn_error *err) {
    int64_t mult = n / (batch * 4) < 50 ? n / (batch * 4) : 50, size = (mult > 0 ? mult : 1) * batch, longest = 0;
    entry *e = hn_alloc_array((size_t)n, sizeof *e);
    if (!e) return hn_nomem(err, (size_t)n * sizeof *e);
    for (int64_t i = 0; i < n; i++) e[i] = (entry){length[out[i]], i, out[i]};
    for (int64_t i = 0; i < n; i += size) {
        qsort(e + i, (size_t)(n - i < size ? n - i : size), sizeof *e, longer_first);
        if (e[i].length > e[longest].length) longest = i;
    }
    for (int64_t i = 0; i < n; i++) out[i] = e[i].row;
    int64_t front = out[0];
    out[0] = out[longest];
    out[longest] = front;
    hn_free(e);
    return HN_OK;
}

hn_status hn_order(hn_sampling how, uint64_t seed, int64_t epoch, int64_t n, const int64_t *length, int64_t batch, int64_t *out,
                   hn_error *err) {
    if (how == HN_SAMPLE_GROUP_BY_LENGTH && (batch < 1 || !length))
        return hn_fail(err, HN_EARG, "group_by_length needs lengths and a batch of at least one row");
    if (how == HN_SAMPLE_SEQUENTIAL) {
        for (int64_t i = 0; i < n; i++) out[i] = i;
        return HN_OK;
    }
    hn_randperm_torch(seed + (uint64_t)epoch, n, out);
    return how == HN_SAMPLE_RANDOM || n == 0 ? HN_OK : group(n, length, batch, out, err);
}
