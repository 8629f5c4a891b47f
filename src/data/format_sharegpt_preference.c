/* format_sharegpt_preference.c - LLaMA-Factory's ranking sets: a conversation that ends with the question, and two answers. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const hn_json *list = hn_json_get(record, "conversations");
    if (!list || !hn_is_messages(list) || !hn_json_has(record, "chosen") || !hn_json_has(record, "rejected")) return false;
    return hn_because(reason, "columns \"conversations\", \"chosen\" and \"rejected\"");
}

static hn_status answer(const hn_json *record, const char *name, hn_json *x, hn_error *err) {
    hn_json *value = hn_json_get(record, name), *m;
    if (hn_json_type(value) != HN_JSON_OBJECT) return hn_side_take(record, name, true, "assistant", x, name, err);
    HN_TRY(hn_message_take(value, name, true, &m, err));
    return hn_put(x, name, hn_messages_of(m), err);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x, *list;
    HN_TRY(hn_examples_add(out, HN_KIND_PREFERENCE, &x, err));
    HN_TRY(hn_conversation_take(record, &list, err));
    HN_TRY(hn_put(x, "prompt", list, err));
    HN_TRY(answer(record, "chosen", x, err));
    HN_TRY(answer(record, "rejected", x, err));
    hn_scores_take(record, x);
    return hn_extras_take(record, x, err);
}

const hn_format hn_format_sharegpt_preference = {
    .name = "sharegpt-preference",
    .about = "columns \"conversations\", \"chosen\" and \"rejected\": {\"from\", \"value\"} each",
    .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
    .detect = detect,
    .convert = convert};
