/* encode_tokens.c - examples that are tokens already. Nothing is added and no tokenizer is needed. */
#include "data/encode_impl.h"

static hn_status token(const hn_json *array, const char *column, size_t i, int64_t least, int32_t *out, hn_error *err) {
    int64_t v = hn_json_int(hn_json_at(array, i), INT64_MIN);
    if (v == INT64_MIN) return hn_bad_row(err, "\"%s\"[%zu] is no integer", column, i);
    if (v < 0 && v != least) return hn_bad_row(err, "\"%s\"[%zu] is negative", column, i);
    if (v > INT32_MAX - 1) return hn_bad_row(err, "\"%s\"[%zu] is no token id: too large", column, i);
    *out = (int32_t)v;
    return HN_OK;
}

/* Whether ids fit the model is the model's to say (hn_rows.top_id): its table may be larger than a tokenizer. */
static hn_status encode(const hn_json *x, hn_encoder *e, hn_encoded *out, hn_error *err) {
    hn_row *row = &out->row[0];
    out->n = 1;
    const hn_json *ids = hn_json_get(x, "input_ids"), *labels = hn_json_get(x, "labels");
    const hn_json *mask = !labels && e->completion_only ? hn_json_get(x, "completion_mask") : NULL;
    if (!labels && e->completion_only && !mask) return hn_bad_row(err, "column \"completion_mask\" is missing");
    for (size_t i = 0; i < hn_json_len(ids); i++) {
        int32_t id = 0, label;
        HN_TRY(token(ids, "input_ids", i, 0, &id, err));
        label = id;
        if (labels) HN_TRY(token(labels, "labels", i, HN_NO_TARGET, &label, err));
        if (mask) {
            int64_t bit = hn_json_int(hn_json_at(mask, i), hn_json_bool(hn_json_at(mask, i), false));
            if (bit != 0 && bit != 1) return hn_bad_row(err, "\"completion_mask\"[%zu] is neither 0 nor 1", i);
            if (bit == 0) label = HN_NO_TARGET;
        }
        HN_TRY(hn_row_add(row, &id, &label, 1, err));
    }
    return HN_OK;
}

static bool masked(const hn_json *x) { return hn_json_get(x, "completion_mask") != NULL; }

const hn_kind_encoder hn_encode_tokens = {.kind = HN_KIND_TOKENS,
                                          .about = "token ids, with labels or a completion mask",
                                          .completion_only = masked,
                                          .encode = encode};
