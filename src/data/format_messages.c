/* format_messages.c - chat: a column messages of {"role", "content"}, with tools and the like beside it. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const hn_json *list = hn_json_get(record, "messages");
    if (!list || !hn_is_messages(list) || hn_label_says(hn_json_get(record, "label"))) return false;
    return hn_because(reason, "column \"messages\"%s", hn_json_get(record, "tools") ? " and \"tools\"" : "");
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x, *list, *value = hn_json_get(record, "messages");
    if (!value && !hn_json_has(record, "messages")) {
        hn_bad_row(err, "column \"messages\" is missing");
        hn_columns_detail(record, err);
        return HN_EFORMAT;
    }
    if (hn_json_type(value) == HN_JSON_ARRAY && hn_json_len(value) == 0)
        return hn_bad_row(err, "column \"messages\" is an empty list");
    HN_TRY(hn_examples_add(out, HN_KIND_MESSAGES, &x, err));
    HN_TRY(hn_messages_take(value, "messages", false, &list, err));
    HN_TRY(hn_put(x, "messages", list, err));
    return hn_extras_take(record, x, err);
}

const hn_format hn_format_messages = {.name = "messages",
                                      .about = "a column \"messages\": a list of {\"role\", \"content\"}",
                                      .kinds = HN_KIND_BIT(HN_KIND_MESSAGES),
                                      .detect = detect,
                                      .convert = convert};
