/* format_tokens.c - rows that are tokens already: input_ids, with labels (unshifted, -100: no target), or with
 * completion_mask (1: a target), or all of them targets. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "input_ids")) return false;
    const char *with = "";
    if (hn_json_get(record, "labels")) with = " and \"labels\"";
    else if (hn_json_get(record, "completion_mask")) with = " and \"completion_mask\"";
    return hn_because(reason, "column%s \"input_ids\"%s", *with ? "s" : "", with);
}

/* Copies a column that must be an array, of n entries unless n is SIZE_MAX. */
static hn_status array(const hn_json *record, const char *name, size_t n, hn_json *x, hn_error *err) {
    hn_json *value = hn_json_get(record, name);
    if (hn_json_type(value) != HN_JSON_ARRAY) {
        bool has = hn_json_has(record, name);
        return hn_bad_row(err, has ? "column \"%s\" is no array of integers" : "column \"%s\" is missing", name);
    }
    if (n != SIZE_MAX && hn_json_len(value) != n) {
        hn_fail(err, HN_EFORMAT, "\"%s\" has %zu entries, \"input_ids\" has %zu", name, hn_json_len(value), n);
        hn_error_fix(err, "both belong to the same tokens: make them equally long");
        return HN_EFORMAT;
    }
    return hn_put(x, name, hn_json_ref(value), err);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x;
    HN_TRY(hn_examples_add(out, HN_KIND_TOKENS, &x, err));
    HN_TRY(array(record, "input_ids", SIZE_MAX, x, err));
    size_t n = hn_json_len(hn_json_get(record, "input_ids"));
    if (hn_json_get(record, "labels")) return array(record, "labels", n, x, err);
    return hn_json_get(record, "completion_mask") ? array(record, "completion_mask", n, x, err) : HN_OK;
}

const hn_format hn_format_tokens = {.name = "tokens",
                                    .about = "column \"input_ids\", with \"labels\" or \"completion_mask\" if wanted",
                                    .kinds = HN_KIND_BIT(HN_KIND_TOKENS),
                                    .detect = detect,
                                    .convert = convert};
