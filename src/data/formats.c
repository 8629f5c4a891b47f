/* formats.c - the table of record formats, and what they share: finding columns and saying which are missing. */
#include "data/formats_impl.h"

#include <string.h>

#define HN_FORMAT(name) extern const hn_format hn_format_##name;
#include "data/formats.def"
#undef HN_FORMAT

static const hn_format *const formats[] = {
#define HN_FORMAT(name) &hn_format_##name,
#include "data/formats.def"
#undef HN_FORMAT
};
enum { FORMATS = sizeof formats / sizeof *formats };

const hn_format *hn_format_at(size_t i) { return i < FORMATS ? formats[i] : NULL; }

const hn_format *hn_format_find(const char *name) {
    for (size_t i = 0; i < FORMATS; i++) {
        const char *a = formats[i]->name, *b = name;
        while (*a && (*a == *b || (*a == '-' && *b == '_'))) a++, b++;
        if (!*a && !*b) return formats[i];
    }
    return NULL;
}

bool hn_format_never(const hn_json *record) {
    (void)record;
    return false;
}

bool hn_format_always(const hn_json *record) {
    (void)record;
    return true;
}

static void list_columns(const hn_json *record, hn_error *err) {
    hn_buf b = {0};
    hn_json_iter it;
    for (bool more = hn_json_first(record, &it); more && b.n < 400; more = hn_json_next(&it))
        hn_buf_printf(&b, "%s%.100s", b.n ? ", " : "", it.key);
    hn_error_detail(err, "row has keys: %s", b.n ? b.p : "none");
    hn_buf_release(&b);
}

hn_status hn_format_detect(const hn_json *record, const hn_encode_opts *o, const hn_format **out, char *reason,
                           hn_error *err) {
    for (size_t i = 0; i < FORMATS; i++) {
        *out = formats[i];
        if (formats[i]->detect(record, o, reason)) return HN_OK;
    }
    *out = NULL;
    hn_fail(err, HN_EFORMAT, "column \"%s\" is missing, and no other record format fits", o->text_field);
    list_columns(record, err);
    for (size_t i = 0; i < FORMATS; i++) hn_error_detail(err, "%s: %s", formats[i]->name, formats[i]->about);
    hn_error_fix(err, "rename the columns, or name the one that holds the text with --dataset_text_field");
    return HN_EFORMAT;
}

hn_status hn_column_text(const hn_json *record, const char *name, hn_str *out, hn_error *err) {
    static const char *const kinds[] = {"null", "a boolean", "a number", "a number", "a string", "an array", "an object"};
    hn_json *value = hn_json_get(record, name);
    if (hn_json_text(value, out)) return HN_OK;
    if (!hn_json_has(record, name)) {
        hn_fail(err, HN_EFORMAT, "column \"%s\" is missing", name);
        list_columns(record, err);
    } else {
        hn_fail(err, HN_EFORMAT, "column \"%s\" is %s, a string is expected", name, kinds[hn_json_type(value)]);
    }
    hn_error_fix(err, "correct the row, or leave such rows out with --on_bad_row skip");
    return HN_EFORMAT;
}

hn_str hn_record_text(const hn_json *record, const hn_encode_opts *o) {
    const char *const names[] = {o->text_field, "prompt", "instruction"};
    hn_str s = {"", 0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (hn_json_text(hn_json_get(record, names[i]), &s) && s.n) return s;
    return (hn_str){"", 0};
}
