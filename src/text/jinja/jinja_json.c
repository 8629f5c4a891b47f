/* jinja_json.c - the filter tojson: json.dumps with the arguments that transformers lets through. */
#include "text/jinja/jinja_filter_impl.h"

#include <math.h>

typedef struct dump {
    bool ascii, sorted, pretty;
    hn_str item, key, indent;
} dump;

static bool put_ascii(hn_jrun *r, uint32_t cp) {
    char b[16];
    int n;
    if (cp < 0x10000) n = snprintf(b, sizeof b, "\\u%04x", (unsigned)cp);
    else
        n = snprintf(b, sizeof b, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((cp - 0x10000) >> 10)),
                     (unsigned)(0xDC00 + ((cp - 0x10000) & 0x3FF)));
    return hn_j_write(r, b, (size_t)n);
}

static bool put_string(hn_jrun *r, hn_str s, bool ascii) {
    size_t plain = 0;
    if (!hn_j_write(r, "\"", 1)) return false;
    for (size_t i = 0; i < s.n;) {
        int len;
        uint32_t cp = hn_cp_at(s.p + i, &len);
        if (cp < 0x20 || cp == '"' || cp == '\\' || (ascii && cp >= 0x7F)) {
            static const char named[] = "\"\"\\\\\nn\rr\tt\bb\ff";
            char b[2] = {'\\', 0};
            for (const char *k = named; *k; k += 2)
                if ((uint32_t)*k == cp) b[1] = k[1];
            if (!hn_j_write(r, s.p + plain, i - plain) || !(b[1] ? hn_j_write(r, b, 2) : put_ascii(r, cp))) return false;
            plain = i + (size_t)len;
        }
        i += (size_t)len;
    }
    return hn_j_write(r, s.p + plain, s.n - plain) && hn_j_write(r, "\"", 1);
}

static bool put_float(hn_jrun *r, double f) {
    if (isnan(f)) return hn_j_puts(r, "NaN");
    if (isinf(f)) return hn_j_puts(r, f < 0 ? "-Infinity" : "Infinity");
    return hn_j_print_repr(r, hn_j_float(f));
}

static bool new_line(hn_jrun *r, const dump *how, int level) {
    return !how->pretty || (hn_j_write(r, "\n", 1) && hn_j_write_times(r, how->indent, level));
}

static bool put(hn_jrun *r, hn_jval v, const dump *how, int level);

static bool put_list(hn_jrun *r, hn_jval v, const dump *how, int level) {
    size_t n = hn_j_count(v);
    if (n == 0) return hn_j_puts(r, "[]");
    bool fine = hn_j_puts(r, "[") && new_line(r, how, level + 1);
    for (size_t i = 0; fine && i < n; i++) {
        if (i) fine = hn_j_write(r, how->item.p, how->item.n) && new_line(r, how, level + 1);
        fine = fine && put(r, hn_j_at(v, i), how, level + 1);
    }
    return fine && new_line(r, how, level) && hn_j_puts(r, "]");
}

static bool put_key(hn_jrun *r, hn_jval key, const dump *how) {
    hn_jval text;
    if (key.kind == HN_J_STR) return put_string(r, hn_j_text(key), how->ascii);
    if (key.kind == HN_J_BOOL) return hn_j_puts(r, key.i ? "\"true\"" : "\"false\"");
    if (key.kind == HN_J_NONE) return hn_j_puts(r, "\"null\"");
    if (key.kind == HN_J_FLOAT) return hn_j_puts(r, "\"") && put_float(r, key.f) && hn_j_puts(r, "\"");
    if (key.kind == HN_J_INT) return hn_j_str_of(r, key, &text) && put_string(r, hn_j_text(text), false);
    return hn_j_fail(r, HN_J_TYPE, "keys must be str, int, float, bool or None, not %s", hn_j_type(key));
}

static bool sorted_pairs(hn_jrun *r, hn_jval dict, hn_jval *keys, hn_jval *values, uint32_t *order) {
    hn_jwalk w = {0};
    size_t n = 0;
    for (; hn_j_dict_next(r, dict, &w, &keys[n], &values[n]); n++) order[n] = (uint32_t)n;
    return hn_j_sort(r, order, n, keys, 1, true, false);
}

static bool put_pair(hn_jrun *r, hn_jval key, hn_jval value, bool first, const dump *how, int level) {
    if (!first && !(hn_j_write(r, how->item.p, how->item.n) && new_line(r, how, level + 1))) return false;
    return put_key(r, key, how) && hn_j_write(r, how->key.p, how->key.n) && put(r, value, how, level + 1);
}

static bool put_dict(hn_jrun *r, hn_jval v, const dump *how, int level) {
    size_t n = hn_j_count(v);
    hn_jval key, value;
    if (n == 0) return hn_j_puts(r, "{}");
    bool fine = hn_j_puts(r, "{") && new_line(r, how, level + 1);
    if (how->sorted) {
        hn_jval *keys = hn_j_alloc(r, (n + 1) * sizeof *keys), *values = hn_j_alloc(r, (n + 1) * sizeof *values);
        uint32_t *order = hn_j_alloc(r, n * sizeof *order);
        fine = fine && keys && values && order && sorted_pairs(r, v, keys, values, order);
        for (size_t i = 0; fine && i < n; i++) fine = put_pair(r, keys[order[i]], values[order[i]], i == 0, how, level);
    } else {
        hn_jwalk w = {0};
        for (bool first = true; fine && hn_j_dict_next(r, v, &w, &key, &value); first = false)
            fine = put_pair(r, key, value, first, how, level);
    }
    return fine && new_line(r, how, level) && hn_j_puts(r, "}");
}

static bool put(hn_jrun *r, hn_jval v, const dump *how, int level) {
    switch ((hn_jkind)v.kind) {
    case HN_J_NONE: return hn_j_puts(r, "null");
    case HN_J_BOOL: return hn_j_puts(r, v.i ? "true" : "false");
    case HN_J_INT: return hn_j_print_repr(r, v);
    case HN_J_FLOAT: return put_float(r, v.f);
    case HN_J_STR: return put_string(r, hn_j_text(v), how->ascii);
    case HN_J_LIST: case HN_J_TUPLE: case HN_J_DICT: {
        if (!hn_j_enter(r) || !hn_j_burn(r, 1)) return false;
        bool fine = v.kind == HN_J_DICT ? put_dict(r, v, how, level) : put_list(r, v, how, level);
        hn_j_leave(r);
        return fine;
    }
    default: return hn_j_fail(r, HN_J_TYPE, "Object of type %s is not JSON serializable", hn_j_type(v));
    }
}

static bool separators(hn_jrun *r, hn_jval v, dump *how) {
    hn_jval two;
    if (hn_j_none_or_missing(v)) return true;
    if (!hn_j_to_list(r, v, HN_J_LIST, &two)) return false;
    if (hn_j_count(two) != 2) return hn_j_fail(r, HN_J_VALUE, "separators are two strings");
    return hn_j_arg_str(r, "a separator", hn_j_at(two, 0), &how->item) &&
           hn_j_arg_str(r, "a separator", hn_j_at(two, 1), &how->key);
}

HN_FILTER(tojson) { /* x ensure_ascii indent separators sort_keys */
    dump how = {.item = hn_str_of(", "), .key = hn_str_of(": ")};
    hn_jval indent = a[2];
    size_t at = r->at;
    how.ascii = hn_j_arg_flag(a[1], false);
    how.sorted = hn_j_arg_flag(a[4], false);
    if (!hn_j_none_or_missing(indent)) {
        how.pretty = true;
        how.item = hn_str_of(",");
        if (indent.kind != HN_J_STR && !hn_j_binary(r, HN_JN_MUL, hn_j_str(" ", 1), indent, &indent)) return false;
        how.indent = hn_j_text(indent);
    }
    return hn_j_captured(r, at, separators(r, a[3], &how) && hn_j_capture(r) && put(r, a[0], &how, 0), false, out);
}
