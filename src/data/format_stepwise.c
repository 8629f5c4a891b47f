/* format_stepwise.c - stepwise supervision: a prompt, the steps of an answer, and whether each is right. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "prompt") || hn_json_type(hn_json_get(record, "completions")) != HN_JSON_ARRAY ||
        !hn_json_has(record, "labels"))
        return false;
    return hn_because(reason, "columns \"prompt\", \"completions\" and \"labels\"");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x, *steps = hn_json_get(record, "completions"), *labels = hn_json_get(record, "labels");
    HN_TRY(hn_examples_add(out, HN_KIND_STEPWISE, &x, err));
    HN_TRY(hn_column_move(record, "prompt", x, "prompt", err));
    if (hn_json_type(steps) != HN_JSON_ARRAY)
        return hn_bad_row(err, "column \"completions\" is %s, an array of strings is expected", hn_json_what(steps));
    if (hn_json_type(labels) != HN_JSON_ARRAY)
        return hn_bad_row(err, "column \"labels\" is %s, an array of true and false is expected", hn_json_what(labels));
    size_t n = hn_json_len(steps);
    if (hn_json_len(labels) != n)
        return hn_bad_row(err, "\"labels\" has %zu entries, \"completions\" has %zu", hn_json_len(labels), n);
    hn_json *said = hn_json_new_array();
    HN_TRY(hn_put(x, "completions", hn_json_ref(steps), err));
    HN_TRY(hn_put(x, "labels", said, err));
    for (size_t i = 0; i < n; i++) {
        const hn_json *label = hn_json_at(labels, i);
        int64_t number = hn_json_int(label, hn_json_bool(label, false));
        if (hn_json_type(hn_json_at(steps, i)) != HN_JSON_STR) return hn_bad_row(err, "\"completions\"[%zu] is no string", i);
        if (hn_json_type(label) != HN_JSON_BOOL && !(hn_json_type(label) == HN_JSON_INT && (number == 0 || number == 1)))
            return hn_bad_row(err, "\"labels\"[%zu] is neither true nor false", i);
        hn_json_push(said, hn_json_new_bool(number != 0));
    }
    return HN_OK;
}

const hn_format hn_format_stepwise = {.name = "stepwise",
                                      .about =
                                          "columns \"prompt\", \"completions\" (steps) and \"labels\" (true or false for each)",
                                      .kinds = HN_KIND_BIT(HN_KIND_STEPWISE),
                                      .detect = detect,
                                      .convert = convert};
