/* json_write.c - JSON text as Python's json.dumps(ensure_ascii=False) writes it.
 *
 * Numbers are repr(float): the shortest digits that read back the same; as a plain decimal for
 * 1e-4 <= |x| < 1e16, else with an exponent of at least two digits. */
#include "base/base.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool reads_back(const char *text, double v) {
    double back = strtod(text, NULL); /* the locale that wrote it */
    return memcmp(&back, &v, sizeof v) == 0;
}

/* The next larger number with as many digits; false where that would need one more. */
static bool step_up(char *text) {
    char *e = strchr(text, 'e');
    for (char *p = e - 1; p >= text; p--) {
        if (*p < '0' || *p > '9') continue;
        if (*p != '9') {
            ++*p;
            return true;
        }
        *p = '0';
    }
    return false;
}

static void shortest(double v, char *text, size_t cap) {
    /* 15 digits are always exact for a normal double; subnormals hold fewer */
    for (int digits = fabs(v) < 0x1p-1022 ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, cap, "%.*e", digits - 1, v);
        if (reads_back(text, v)) return;
        /* below a power of two doubles lie twice as dense: the farther neighbour may be the one */
        int exponent;
        if (fabs(frexp(v, &exponent)) == 0.5 && step_up(text) && reads_back(text, v)) return;
    }
}

void hn_json_write_num(hn_buf *out, double v) {
    if (!isfinite(v)) {
        hn_buf_puts(out, "null");
        return;
    }
    char text[40], digit[24];
    shortest(v, text, sizeof text);
    const char *p = text;
    if (*p == '-') {
        hn_buf_putc(out, '-');
        p++;
    }
    int n = 0;
    for (; *p && *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9') digit[n++] = *p; /* the point may be a comma */
    }
    while (n > 1 && digit[n - 1] == '0') n--;
    int exponent = (int)strtol(p + 1, NULL, 10);
    if (exponent < -4 || exponent >= 16) {
        hn_buf_putc(out, digit[0]);
        if (n > 1) hn_buf_putc(out, '.');
        hn_buf_add(out, digit + 1, (size_t)(n - 1));
        hn_buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        hn_buf_puts(out, "0.");
        for (int i = -1; i > exponent; i--) hn_buf_putc(out, '0');
        hn_buf_add(out, digit, (size_t)n);
    } else {
        for (int i = 0; i <= exponent; i++) hn_buf_putc(out, i < n ? digit[i] : '0');
        hn_buf_putc(out, '.');
        if (n > exponent + 1) hn_buf_add(out, digit + exponent + 1, (size_t)(n - exponent - 1));
        else hn_buf_putc(out, '0');
    }
}

void hn_json_write_str(hn_buf *out, const char *p, size_t n) {
    hn_buf_putc(out, '"');
    size_t plain = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        hn_buf_add(out, p + plain, i - plain);
        plain = i + 1;
        switch (c) {
        case '"': hn_buf_puts(out, "\\\""); break;
        case '\\': hn_buf_puts(out, "\\\\"); break;
        case '\n': hn_buf_puts(out, "\\n"); break;
        case '\r': hn_buf_puts(out, "\\r"); break;
        case '\t': hn_buf_puts(out, "\\t"); break;
        case '\b': hn_buf_puts(out, "\\b"); break;
        case '\f': hn_buf_puts(out, "\\f"); break;
        default: hn_buf_printf(out, "\\u%04x", c);
        }
    }
    if (n > plain) hn_buf_add(out, p + plain, n - plain);
    hn_buf_putc(out, '"');
}

static void line(hn_buf *out, int indent, int level) {
    if (indent == 0) return;
    hn_buf_putc(out, '\n');
    for (int i = 0; i < indent * level; i++) hn_buf_putc(out, ' ');
}

static void value(hn_buf *out, const hn_json *j, int indent, int level);

static void array(hn_buf *out, const hn_json *j, int indent, int level) {
    size_t n = hn_json_len(j);
    hn_buf_putc(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) hn_buf_puts(out, indent ? "," : ", ");
        line(out, indent, level + 1);
        value(out, hn_json_at(j, i), indent, level + 1);
    }
    if (n > 0) line(out, indent, level);
    hn_buf_putc(out, ']');
}

static void key(hn_buf *out, const char *name) {
    size_t n = strlen(name);
    if (!memchr(name, '\xC0', n)) {
        hn_json_write_str(out, name, n);
        return;
    }
    hn_buf text = {0};
    for (size_t i = 0; i < n; i++) {
        bool nul = name[i] == '\xC0';
        hn_buf_putc(&text, nul ? '\0' : name[i]);
        i += nul;
    }
    hn_json_write_str(out, text.p ? text.p : "", text.n);
    out->failed = out->failed || text.failed;
    hn_buf_release(&text);
}

static void object(hn_buf *out, const hn_json *j, int indent, int level) {
    hn_json_iter it;
    bool any = false;
    hn_buf_putc(out, '{');
    for (bool more = hn_json_first(j, &it); more; more = hn_json_next(&it)) {
        if (any) hn_buf_puts(out, indent ? "," : ", ");
        any = true;
        line(out, indent, level + 1);
        key(out, it.key);
        hn_buf_puts(out, ": ");
        value(out, it.value, indent, level + 1);
    }
    if (any) line(out, indent, level);
    hn_buf_putc(out, '}');
}

static void value(hn_buf *out, const hn_json *j, int indent, int level) {
    hn_str s;
    switch (hn_json_type(j)) {
    case HN_JSON_NULL: hn_buf_puts(out, "null"); return;
    case HN_JSON_BOOL: hn_buf_puts(out, hn_json_bool(j, false) ? "true" : "false"); return;
    case HN_JSON_INT: {
        int64_t v = json_object_get_int64(j);
        /* above INT64_MAX json-c keeps an unsigned value */
        if (v == INT64_MAX) hn_buf_printf(out, "%" PRIu64, json_object_get_uint64(j));
        else hn_buf_printf(out, "%" PRId64, v);
        return;
    }
    case HN_JSON_REAL: hn_json_write_num(out, json_object_get_double(j)); return;
    case HN_JSON_STR:
        hn_json_text(j, &s);
        hn_json_write_str(out, s.p, s.n);
        return;
    case HN_JSON_ARRAY: array(out, j, indent, level); return;
    case HN_JSON_OBJECT: object(out, j, indent, level); return;
    }
}

void hn_json_write(hn_buf *out, const hn_json *j, int indent) {
    value(out, j, indent < 0 ? 0 : indent, 0);
}
