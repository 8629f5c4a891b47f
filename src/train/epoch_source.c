/* epoch_source.c - rows of an epoch in their order, cut into micro-batches and windows.
 *
 * Nothing is carried from step to step: the order depends on (seed, epoch) alone, so resume finds its place by counting. */
#include <string.h>

#include "train/train_impl.h"

static hn_sampling sampling(const char *name) {
    if (hn_streq(name, "sequential")) return HN_SAMPLE_SEQUENTIAL;
    if (hn_streq(name, "group_by_length")) return HN_SAMPLE_GROUP_BY_LENGTH;
    return HN_SAMPLE_RANDOM;
}

hn_status hn_epochs_open(hn_epochs *s, const hn_rows *rows, const hn_train_opts *o, hn_error *err) {
    int64_t batch = o->per_device_train_batch_size, n = rows->rows;
    *s = (hn_epochs){.rows = rows,
                     .how = sampling(o->train_sampling_strategy),
                     .batch = batch,
                     .epoch = -1,
                     .seed = (uint64_t)(o->data_seed == HN_UNSET_INT ? o->seed : o->data_seed),
                     .accumulate = o->gradient_accumulation_steps};
    s->micro = o->dataloader_drop_last ? n / batch : (n + batch - 1) / batch;
    if (s->micro == 0) {
        hn_fail(err, HN_EARG, "no micro-batch can be made of %lld rows", (long long)n);
        if (n > 0) hn_error_fix(err, "leave out --dataloader_drop_last, or use a smaller --per_device_train_batch_size");
        return HN_EARG;
    }
    s->windows = (s->micro + s->accumulate - 1) / s->accumulate;
    s->order = hn_alloc_array((size_t)n, sizeof *s->order);
    bool by_length = s->how == HN_SAMPLE_GROUP_BY_LENGTH;
    s->length = by_length ? hn_alloc_array((size_t)n, sizeof *s->length) : NULL;
    if (!s->order || (by_length && !s->length)) {
        hn_epochs_close(s);
        return hn_nomem(err, 2 * (size_t)n * sizeof *s->order);
    }
    for (int64_t i = 0; i < n && by_length; i++) s->length[i] = rows->at[i + 1] - rows->at[i];
    return HN_OK;
}

void hn_epochs_close(hn_epochs *s) {
    hn_free(s->order);
    hn_free(s->length);
    *s = (hn_epochs){.epoch = -1};
}

int64_t hn_epochs_window(const hn_epochs *s, int64_t window, int64_t *first) {
    *first = window * s->accumulate;
    int64_t rest = s->micro - *first;
    return rest < s->accumulate ? rest : s->accumulate;
}

hn_status hn_epochs_rows(hn_epochs *s, int64_t epoch, int64_t micro, const int64_t **row, int64_t *count, hn_error *err) {
    int64_t n = s->rows->rows;
    if (s->epoch != epoch) {
        s->epoch = -1;
        HN_TRY(hn_order(s->how, s->seed, epoch, n, s->length, s->batch * s->accumulate, s->order, err));
        s->epoch = epoch;
    }
    int64_t first = micro * s->batch, rest = n - first;
    *row = s->order + first;
    *count = rest < s->batch ? rest : s->batch;
    return HN_OK;
}

hn_status hn_epochs_longest(hn_epochs *s, int64_t steps, int64_t *epoch, int64_t *micro, int64_t *tokens, hn_error *err) {
    enum { MOST = 20000000 }; /* rows looked at: a bound on the time, not on the run */
    int64_t looked = 0;
    *tokens = -1;
    *epoch = *micro = 0;
    for (int64_t e = 0; e * s->windows < steps && looked < MOST; e++) {
        for (int64_t m = 0; m < s->micro; m++) {
            const int64_t *row;
            int64_t count, sum = 0;
            if (e * s->windows + m / s->accumulate >= steps) break;
            HN_TRY(hn_epochs_rows(s, e, m, &row, &count, err));
            for (int64_t i = 0; i < count; i++) sum += s->rows->at[row[i] + 1] - s->rows->at[row[i]];
            looked += count;
            if (sum <= *tokens) continue;
            *tokens = sum;
            *epoch = e;
            *micro = m;
        }
        if (s->how == HN_SAMPLE_SEQUENTIAL) break; /* every epoch is the same */
    }
    return HN_OK;
}
