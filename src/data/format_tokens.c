/* format_tokens.c - rows that are tokens already: input_ids, with labels (unshifted, -100: no target), or with
 * completion_mask (1: a target), or all of them targets. Nothing is added and no tokenizer is needed. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_encode_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "input_ids")) return false;
    const char *with = "";
    if (hn_json_get(record, "labels")) with = " and \"labels\"";
    else if (hn_json_get(record, "completion_mask")) with = " and \"completion_mask\"";
    snprintf(reason, 160, "column%s \"input_ids\"%s", *with ? "s" : "", with);
    return true;
}

static bool masked(const hn_json *record) { return hn_json_get(record, "completion_mask") != NULL; }

static hn_status bad(const char *column, size_t i, const char *what, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "\"%s\"[%zu] %s", column, i, what);
    hn_error_fix(err, "correct the row, or leave such rows out with --on_bad_row skip");
    return HN_EFORMAT;
}

static hn_status array_of(const hn_json *record, const char *name, size_t n, hn_json **out, hn_error *err) {
    *out = hn_json_get(record, name);
    if (hn_json_type(*out) != HN_JSON_ARRAY) {
        bool has = hn_json_has(record, name);
        hn_fail(err, HN_EFORMAT, has ? "column \"%s\" is no array of integers" : "column \"%s\" is missing", name);
        hn_error_fix(err, "correct the row, or leave such rows out with --on_bad_row skip");
        return HN_EFORMAT;
    }
    if (n == SIZE_MAX || hn_json_len(*out) == n) return HN_OK;
    hn_fail(err, HN_EFORMAT, "\"%s\" has %zu entries, \"input_ids\" has %zu", name, hn_json_len(*out), n);
    hn_error_fix(err, "both belong to the same tokens: make them equally long");
    return HN_EFORMAT;
}

static hn_status token(const hn_json *array, const char *column, size_t i, int64_t least, int32_t *out, hn_error *err) {
    int64_t v = hn_json_int(hn_json_at(array, i), INT64_MIN);
    if (v == INT64_MIN) return bad(column, i, "is no integer", err);
    if (v < 0 && v != least) return bad(column, i, "is negative", err);
    if (v > INT32_MAX - 1) return bad(column, i, "is no token id: too large", err);
    *out = (int32_t)v;
    return HN_OK;
}

/* Whether ids fit the model is the model's to say (hn_rows.top_id): its table may be larger than a tokenizer. */
static hn_status encode(const hn_json *record, hn_encoder *e, hn_row *row, hn_error *err) {
    hn_json *ids, *labels = NULL, *mask = NULL;
    HN_TRY(array_of(record, "input_ids", SIZE_MAX, &ids, err));
    size_t n = hn_json_len(ids);
    if (hn_json_get(record, "labels")) HN_TRY(array_of(record, "labels", n, &labels, err));
    if (!labels && e->completion_only) HN_TRY(array_of(record, "completion_mask", n, &mask, err));
    for (size_t i = 0; i < n; i++) {
        int32_t id = 0, label;
        HN_TRY(token(ids, "input_ids", i, 0, &id, err));
        label = id;
        if (labels) HN_TRY(token(labels, "labels", i, HN_NO_TARGET, &label, err));
        if (mask) {
            int64_t bit = hn_json_int(hn_json_at(mask, i), hn_json_bool(hn_json_at(mask, i), false));
            if (bit != 0 && bit != 1) return bad("completion_mask", i, "is neither 0 nor 1", err);
            if (bit == 0) label = HN_NO_TARGET;
        }
        HN_TRY(hn_row_add(row, &id, &label, 1, err));
    }
    return HN_OK;
}

const hn_format hn_format_tokens = {.name = "tokens",
                                    .about = "column \"input_ids\", with \"labels\" or \"completion_mask\" if wanted",
                                    .needs_tokenizer = false,
                                    .detect = detect,
                                    .completion_only = masked,
                                    .encode = encode};
