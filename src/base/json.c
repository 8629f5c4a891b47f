/* json.c - JSON values over json-c, with the house rules that json-c leaves open.
 *
 * Strict parsing of exactly one value; the text is first checked against the grammar (json_scan.c)
 * for what json-c lets pass. Values are reference-counted without locks: one thread at a time. */
#include "base/base.h"
#include "base/json_impl.h"

#include <json-c/json.h>
#include <limits.h>
#include <math.h>
#include <string.h>

hn_status hn_json_fail_at(const char *p, size_t at, const char *name, int64_t first_line,
                          const char *what, hn_error *err) {
    int64_t line = first_line, column = 1;
    for (size_t i = 0; i < at; i++) {
        if (p[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)p[i] & 0xC0) != 0x80) {
            column++; /* columns count characters, not bytes */
        }
    }
    hn_fail(err, HN_EFORMAT, "%s:%lld:%lld: %s", name, (long long)line, (long long)column, what);
    if (err) err->pos = at;
    return HN_EFORMAT;
}

static const char *say(enum json_tokener_error e) {
    switch (e) {
    case json_tokener_error_parse_eof: return "not JSON: more than one value";
    case json_tokener_error_parse_array: return "not JSON: ',' or ']' is missing in an array";
    case json_tokener_error_parse_object_key_name: return "not JSON: a key in quotes is expected";
    case json_tokener_error_parse_object_key_sep: return "not JSON: ':' is missing after a key";
    case json_tokener_error_parse_object_value_sep:
        return "not JSON: ',' or '}' is missing in an object";
    case json_tokener_error_parse_string: return "not JSON: a bad string";
    case json_tokener_error_parse_utf8_string: return "not UTF-8";
    default: return "not JSON: unexpected character";
    }
}

hn_status hn_json_careful(const char *p, size_t n, const char *name, int64_t first_line,
                          hn_json **out, hn_error *err) {
    *out = NULL;
    size_t at = 0;
    int deepest;
    if (n > INT_MAX - 2)
        return hn_fail(err, HN_EFORMAT, "%s: more than 2 GiB of JSON in one piece", name);
    const char *wrong = hn_json_scan(p, n, &at, &deepest);
    if (wrong) return hn_json_fail_at(p, at, name, first_line, wrong, err);
    /* no deeper than needed: json-c clears its whole stack, which costs more than a short row */
    struct json_tokener *tok = json_tokener_new_ex(deepest + 2);
    if (!tok) return hn_nomem(err, n);
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 |
                                    JSON_TOKENER_ALLOW_TRAILING_CHARS);
    struct json_object *value = json_tokener_parse_ex(tok, p, (int)n);
    enum json_tokener_error e = json_tokener_get_error(tok);
    at = json_tokener_get_parse_end(tok);
    if (e == json_tokener_continue) { /* a number ends only with what follows it */
        value = json_tokener_parse_ex(tok, "\n", 1);
        e = json_tokener_get_error(tok);
        at = n;
    }
    if (e == json_tokener_success) {
        while (at < n && (p[at] == ' ' || p[at] == '\n' || p[at] == '\t' || p[at] == '\r')) at++;
        if (at < n) e = json_tokener_error_parse_eof;
    }
    json_tokener_free(tok);
    if (e == json_tokener_success) {
        *out = value;
        return HN_OK;
    }
    json_object_put(value);
    if (e == json_tokener_continue) {
        const char *why = "not JSON: the text ends in the middle of a value";
        bool blank = true;
        for (size_t i = 0; i < n && blank; i++)
            blank = strchr(" \t\r\n", p[i]) != NULL && p[i] != '\0';
        return hn_json_fail_at(p, n, name, first_line, blank ? "not JSON: empty" : why, err);
    }
    return hn_json_fail_at(p, at < n ? at : n, name, first_line, say(e), err);
}

hn_status hn_json_parse(const char *p, size_t n, const char *name, int64_t first_line,
                        hn_json **out, hn_error *err) {
    bool sure;
    HN_TRY(hn_json_quick(p, n, &sure, out, err));
    return sure ? HN_OK : hn_json_careful(p, n, name, first_line, out, err);
}

hn_status hn_json_load(const char *path, hn_json **out, hn_error *err) {
    *out = NULL;
    hn_map m;
    HN_TRY(hn_map_open(path, &m, err));
    hn_status code = hn_json_parse((const char *)m.p, m.n, path, 1, out, err);
    hn_map_close(&m);
    return code;
}

void hn_json_free(hn_json *j) {
    json_object_put(j);
}

hn_json *hn_json_ref(hn_json *j) {
    return json_object_get(j);
}

hn_json_kind hn_json_type(const hn_json *j) {
    switch (json_object_get_type(j)) {
    case json_type_boolean: return HN_JSON_BOOL;
    case json_type_double: return HN_JSON_REAL;
    case json_type_int: return HN_JSON_INT;
    case json_type_object: return HN_JSON_OBJECT;
    case json_type_array: return HN_JSON_ARRAY;
    case json_type_string: return HN_JSON_STR;
    case json_type_null: break;
    }
    return HN_JSON_NULL;
}

bool hn_json_equal(const hn_json *a, const hn_json *b) {
    return json_object_equal((struct json_object *)(uintptr_t)a, (struct json_object *)(uintptr_t)b) != 0;
}

hn_json *hn_json_get(const hn_json *obj, const char *key) {
    struct json_object *value = NULL;
    if (hn_json_type(obj) != HN_JSON_OBJECT) return NULL;
    return json_object_object_get_ex(obj, key, &value) ? value : NULL;
}

bool hn_json_has(const hn_json *obj, const char *key) {
    return hn_json_type(obj) == HN_JSON_OBJECT && json_object_object_get_ex(obj, key, NULL);
}

hn_json *hn_json_at(const hn_json *arr, size_t i) {
    if (hn_json_type(arr) != HN_JSON_ARRAY || i >= json_object_array_length(arr)) return NULL;
    return json_object_array_get_idx(arr, i);
}

size_t hn_json_len(const hn_json *j) {
    switch (hn_json_type(j)) {
    case HN_JSON_ARRAY: return json_object_array_length(j);
    case HN_JSON_OBJECT: return (size_t)json_object_object_length(j);
    default: return 0;
    }
}

/* json-c's readers of scalars take no const, but change nothing of a string or number. */
static struct json_object *readable(const hn_json *j) {
    return (struct json_object *)(uintptr_t)j;
}

bool hn_json_text(const hn_json *j, hn_str *out) {
    if (hn_json_type(j) != HN_JSON_STR) return false;
    out->p = json_object_get_string(readable(j));
    out->n = (size_t)json_object_get_string_len(j);
    return true;
}

const char *hn_json_cstr(const hn_json *j) {
    hn_str s;
    if (!hn_json_text(j, &s) || memchr(s.p, '\0', s.n)) return NULL;
    return s.p;
}

int64_t hn_json_int(const hn_json *j, int64_t otherwise) {
    if (hn_json_type(j) == HN_JSON_INT) return json_object_get_int64(j);
    if (hn_json_type(j) != HN_JSON_REAL) return otherwise;
    double v = json_object_get_double(j);
    return v >= -0x1p63 && v < 0x1p63 && v == floor(v) ? (int64_t)v : otherwise;
}

double hn_json_num(const hn_json *j, double otherwise) {
    hn_json_kind kind = hn_json_type(j);
    return kind == HN_JSON_INT || kind == HN_JSON_REAL ? json_object_get_double(j) : otherwise;
}

bool hn_json_bool(const hn_json *j, bool otherwise) {
    return hn_json_type(j) == HN_JSON_BOOL ? json_object_get_boolean(j) != 0 : otherwise;
}

static bool at_entry(hn_json_iter *it, struct lh_entry *entry) {
    if (!entry) {
        *it = (hn_json_iter){0};
        return false;
    }
    *it = (hn_json_iter){.key = entry->k,
                         .value = (struct json_object *)(uintptr_t)entry->v,
                         .pos = entry};
    return true;
}

bool hn_json_first(const hn_json *obj, hn_json_iter *it) {
    if (hn_json_type(obj) != HN_JSON_OBJECT) return at_entry(it, NULL);
    return at_entry(it, json_object_get_object(obj)->head);
}

bool hn_json_next(hn_json_iter *it) {
    struct lh_entry *entry = it->pos;
    return at_entry(it, entry ? entry->next : NULL);
}

hn_json *hn_json_new_object(void) {
    return json_object_new_object();
}

hn_json *hn_json_new_array(void) {
    return json_object_new_array();
}

hn_json *hn_json_new_str(const char *p, size_t n) {
    return n > INT_MAX - 1 ? NULL : json_object_new_string_len(n ? p : "", (int)n);
}

hn_json *hn_json_new_int(int64_t v) {
    return json_object_new_int64(v);
}

hn_json *hn_json_new_num(double v) {
    return isfinite(v) ? json_object_new_double(v) : NULL;
}

hn_json *hn_json_new_bool(bool v) {
    return json_object_new_boolean(v);
}

void hn_json_set(hn_json *obj, const char *key, hn_json *value) {
    if (hn_json_type(obj) != HN_JSON_OBJECT || json_object_object_add(obj, key, value) != 0)
        json_object_put(value);
}

void hn_json_set_int(hn_json *obj, const char *key, int64_t v) { hn_json_set(obj, key, hn_json_new_int(v)); }
void hn_json_set_num(hn_json *obj, const char *key, double v) { hn_json_set(obj, key, hn_json_new_num(v)); }
void hn_json_set_bool(hn_json *obj, const char *key, bool v) { hn_json_set(obj, key, hn_json_new_bool(v)); }
void hn_json_set_text(hn_json *obj, const char *key, const char *v) {
    hn_json_set(obj, key, v ? hn_json_new_str(v, strlen(v)) : NULL);
}

void hn_json_push(hn_json *arr, hn_json *value) {
    if (hn_json_type(arr) != HN_JSON_ARRAY || json_object_array_add(arr, value) != 0)
        json_object_put(value);
}
