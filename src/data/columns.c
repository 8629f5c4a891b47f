/* columns.c - finding columns of a record, and saying what is wrong with them. */
#include "data/formats_impl.h"
#include "data/sources_impl.h"

bool hn_because(char *reason, const char *fmt, ...) {
    if (!reason) return true;
    va_list args;
    va_start(args, fmt);
    vsnprintf(reason, HN_REASON, fmt, args);
    va_end(args);
    return true;
}

const char *hn_json_what(const hn_json *value) {
    static const char *const kinds[] = {"null", "a boolean", "a number", "a number", "a string", "an array", "an object"};
    return kinds[hn_json_type(value)];
}

void hn_columns_detail(const hn_json *record, hn_error *err) {
    hn_buf b = {0};
    hn_json_iter it;
    for (bool more = hn_json_first(record, &it); more && b.n < 400; more = hn_json_next(&it))
        hn_buf_printf(&b, "%s%.100s", b.n ? ", " : "", it.key);
    hn_error_detail(err, "row has keys: %s", b.n ? b.p : "none");
    hn_buf_release(&b);
}

hn_status hn_bad_row(hn_error *err, const char *fmt, ...) {
    char msg[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(msg, sizeof msg, fmt, args);
    va_end(args);
    hn_fail(err, HN_EFORMAT, "%s", msg);
    hn_error_fix(err, "correct the row, or leave such rows out with --on_bad_row skip");
    return HN_EFORMAT;
}

hn_status hn_column_text(const hn_json *record, const char *name, hn_str *out, hn_error *err) {
    hn_json *value = hn_json_get(record, name);
    if (hn_json_text(value, out)) return HN_OK;
    if (hn_json_has(record, name))
        return hn_bad_row(err, "column \"%.100s\" is %s, a string is expected", name, hn_json_what(value));
    hn_bad_row(err, "column \"%.100s\" is missing", name);
    hn_columns_detail(record, err);
    return HN_EFORMAT;
}

hn_status hn_column_move(const hn_json *record, const char *name, hn_json *object, const char *key, hn_error *err) {
    hn_str text;
    HN_TRY(hn_column_text(record, name, &text, err));
    return hn_put(object, key, hn_json_ref(hn_json_get(record, name)), err);
}

hn_status hn_column_maybe(const hn_json *record, const char *name, hn_str *out, hn_error *err) {
    *out = (hn_str){"", 0};
    return hn_json_get(record, name) ? hn_column_text(record, name, out, err) : HN_OK;
}

const char *hn_column_of(const hn_json *record, const char *const *names) {
    for (; *names; names++)
        if (hn_json_get(record, *names)) return *names;
    return NULL;
}

bool hn_is_text(const hn_json *record, const char *name) { return hn_json_type(hn_json_get(record, name)) == HN_JSON_STR; }

hn_status hn_columns_map(const hn_json *record, const hn_convert_opts *o, hn_json **out, hn_error *err) {
    *out = hn_json_ref((hn_json *)(uintptr_t)record);
    if (!o->columns) return HN_OK;
    hn_status st = hn_columns_apply(o->columns, out, err);
    if (st == HN_OK) return HN_OK;
    hn_json_free(*out);
    *out = NULL;
    return st;
}
