/* format_sharegpt.c - a column conversations of {"from", "value"} (or role and content), with any of the role names in use; or of
 * strings, said by user and assistant in turn (LIMA). A column system is said first, unless the conversation has a system
 * message of its own. */
#include "data/formats_impl.h"

static const char *const columns[] = {"conversations", "conversation", "items", NULL};

static bool is_strings(const hn_json *list) {
    return hn_json_type(list) == HN_JSON_ARRAY && hn_json_type(hn_json_at(list, 0)) == HN_JSON_STR;
}

static const char *column_of(const hn_json *record) {
    const char *name = hn_column_of(record, columns);
    const hn_json *list = name ? hn_json_get(record, name) : NULL;
    bool spoken = list && !hn_streq(name, "items"); /* items may be strings of any kind */
    return list && (hn_is_messages(list) || (spoken && is_strings(list))) ? name : NULL;
}

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    const char *name = column_of(record);
    if (!name || hn_label_says(hn_json_get(record, "label")) || hn_label_says(hn_json_get(record, "kto_tag"))) return false;
    if (is_strings(hn_json_get(record, name)))
        return hn_because(reason, "column \"%s\" of strings, user and assistant in turn", name);
    bool from = hn_json_has(hn_json_at(hn_json_get(record, name), 0), "from");
    return hn_because(reason, "column \"%s\" of \"%s\"%s", name, from ? "from\" and \"value" : "role\" and \"content",
                      hn_json_get(record, "tools") ? ", and \"tools\"" : "");
}

static hn_status in_turn(const hn_json *strings, const char *name, hn_json **out, hn_error *err) {
    hn_json *list = hn_json_new_array();
    hn_status st = list ? HN_OK : hn_nomem(err, sizeof(void *));
    for (size_t i = 0; i < hn_json_len(strings) && st == HN_OK; i++) {
        hn_json *s = hn_json_at(strings, i), *m = NULL;
        if (hn_json_type(s) != HN_JSON_STR)
            st = hn_bad_row(err, "\"%s\"[%zu] is %s, a string is expected", name, i, hn_json_what(s));
        else if (!(m = hn_message_new(i % 2 ? "assistant" : "user", hn_json_ref(s)))) st = hn_nomem(err, sizeof(void *));
        if (m) hn_json_push(list, m);
    }
    if (st == HN_OK) *out = list;
    else hn_json_free(list);
    return st;
}

hn_status hn_conversation_take(const hn_json *record, hn_json **out, hn_error *err) {
    const char *name = hn_column_of(record, columns);
    hn_json *list;
    hn_str system;
    *out = NULL;
    if (!name) {
        hn_bad_row(err, "column \"conversations\" is missing");
        hn_columns_detail(record, err);
        return HN_EFORMAT;
    }
    HN_TRY(hn_column_maybe(record, "system", &system, err));
    if (is_strings(hn_json_get(record, name))) HN_TRY(in_turn(hn_json_get(record, name), name, &list, err));
    else HN_TRY(hn_messages_take(hn_json_get(record, name), name, true, &list, err));
    bool has = hn_streq(hn_json_cstr(hn_json_get(hn_json_at(list, 0), "role")), "system");
    if (system.n == 0 || has) {
        *out = list;
        return HN_OK;
    }
    hn_json *all = hn_messages_of(hn_message_new("system", hn_json_ref(hn_json_get(record, "system"))));
    for (size_t i = 0; all && i < hn_json_len(list); i++) hn_json_push(all, hn_json_ref(hn_json_at(list, i)));
    hn_json_free(list);
    *out = all;
    return all ? HN_OK : hn_nomem(err, sizeof(void *));
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x, *list;
    HN_TRY(hn_conversation_take(record, &list, err));
    if (hn_json_len(list) == 0) {
        hn_json_free(list);
        hn_examples_note(out, "conversations without a message: left out", 1);
        return HN_OK;
    }
    hn_status st = hn_examples_add(out, HN_KIND_MESSAGES, &x, err);
    if (st != HN_OK) {
        hn_json_free(list);
        return st;
    }
    HN_TRY(hn_put(x, "messages", list, err));
    return hn_extras_take(record, x, err);
}

const hn_format hn_format_sharegpt = {.name = "sharegpt",
                                      .about = "a column \"conversations\": a list of {\"from\", \"value\"}",
                                      .kinds = HN_KIND_BIT(HN_KIND_MESSAGES),
                                      .detect = detect,
                                      .convert = convert};
