/* sides.c - a prompt and what follows it: strings, message lists, or one of each, which become message lists. */
#include "data/formats_impl.h"

#include <string.h>

static bool is_true(hn_str s) { return hn_str_eq(s, "true") || hn_str_eq(s, "True") || hn_str_eq(s, "TRUE"); }
static bool is_false(hn_str s) { return hn_str_eq(s, "false") || hn_str_eq(s, "False") || hn_str_eq(s, "FALSE"); }

/* Yes or no, however a file says it: true, "True", "false". Not numbers: they may be classes or ratings. */
bool hn_label_says(const hn_json *label) {
    hn_str s;
    return hn_json_type(label) == HN_JSON_BOOL || (hn_json_text(label, &s) && (is_true(s) || is_false(s)));
}

hn_status hn_label_take(const hn_json *record, const char *name, bool *out, hn_error *err) {
    hn_json *label = hn_json_get(record, name);
    hn_str s;
    *out = hn_json_bool(label, false);
    if (hn_json_text(label, &s)) *out = is_true(s) || hn_str_eq(s, "1");
    if (hn_json_type(label) == HN_JSON_INT) *out = hn_json_int(label, 0) == 1;
    bool number = hn_json_type(label) == HN_JSON_INT && (hn_json_int(label, 2) == 0 || *out);
    bool digit = hn_json_text(label, &s) && (hn_str_eq(s, "1") || hn_str_eq(s, "0"));
    if (hn_label_says(label) || number || digit) return HN_OK;
    if (!hn_json_has(record, name)) {
        hn_bad_row(err, "column \"%s\" is missing", name);
        hn_columns_detail(record, err);
        return HN_EFORMAT;
    }
    return hn_bad_row(err, "column \"%s\" is %s, true or false is expected", name, hn_json_what(label));
}

/* One side as messages: a list, one message, or a string said by role. */
static hn_status messages_of(const hn_json *record, const char *name, const char *role, hn_json **out, hn_error *err) {
    hn_json *value = hn_json_get(record, name), *m;
    *out = NULL;
    if (hn_json_type(value) == HN_JSON_STR) *out = hn_messages_of(hn_message_new(role, hn_json_ref(value)));
    else if (hn_json_type(value) == HN_JSON_OBJECT) {
        HN_TRY(hn_message_take(value, name, false, &m, err));
        *out = hn_messages_of(m);
    } else if (hn_json_has(record, name)) return hn_messages_take(value, name, false, out, err);
    else {
        hn_bad_row(err, "column \"%s\" is missing", name);
        hn_columns_detail(record, err);
        return HN_EFORMAT;
    }
    return *out ? HN_OK : hn_nomem(err, sizeof(void *));
}

bool hn_is_list(const hn_json *record, const char *name) {
    hn_json_kind kind = hn_json_type(hn_json_get(record, name));
    return kind == HN_JSON_ARRAY || kind == HN_JSON_OBJECT;
}

hn_status hn_side_take(const hn_json *record, const char *name, bool chat, const char *role, hn_json *x, const char *key,
                       hn_error *err) {
    if (!chat) return hn_column_move(record, name, x, key, err);
    hn_json *list;
    HN_TRY(messages_of(record, name, role, &list, err));
    return hn_put(x, key, list, err);
}

hn_status hn_sides_take(const hn_json *record, const char *answer, hn_json *x, hn_error *err) {
    bool chat = hn_is_list(record, "prompt") || hn_is_list(record, answer);
    HN_TRY(hn_side_take(record, "prompt", chat, "user", x, "prompt", err));
    HN_TRY(hn_side_take(record, answer, chat, "assistant", x, "completion", err));
    return hn_extras_take(record, x, err);
}
