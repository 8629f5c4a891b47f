/* json_quick.c - the quick way to read JSON that is in order: one pass that builds json-c's values without its tokener.
 *
 * It reads a part of what is allowed (no numbers of 19 digits or more, no lone surrogates); whatever else it meets, it gives up,
 * and json.c reads the text again with care and says what is wrong. So both ways give the same values, and errors have one
 * source. */
#include "base/base.h"
#include "base/json_impl.h"

#include <json-c/json.h>
#include <string.h>

typedef struct {
    const char *p, *end;
    hn_buf text; /* a string without its escapes */
} reader;

static bool value(reader *r, int depth, struct json_object **out);

static void blanks(reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r')) r->p++;
}

static bool hex(reader *r, uint32_t *out) {
    if (r->end - r->p < 4) return false;
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = *r->p++;
        uint32_t digit = c >= '0' && c <= '9'                 ? (uint32_t)(c - '0')
                         : (c | 32) >= 'a' && (c | 32) <= 'f' ? (uint32_t)((c | 32) - 'a' + 10)
                                                              : 16;
        if (digit == 16) return false;
        *out = *out << 4 | digit;
    }
    return true;
}

/* The code point of \uXXXX, or of a pair of them; p stands behind the u. */
static bool unicode(reader *r) {
    uint32_t cp, low;
    char bytes[4];
    if (!hex(r, &cp)) return false;
    if (cp >= 0xD800 && cp < 0xE000) {
        if (cp >= 0xDC00 || r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u') return false;
        r->p += 2;
        if (!hex(r, &low) || low < 0xDC00 || low >= 0xE000) return false;
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
    }
    hn_buf_add(&r->text, bytes, (size_t)hn_utf8_encode(cp, bytes));
    return true;
}

static bool escape(reader *r) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (r->p >= r->end) return false;
    char c = *r->p++;
    if (c == 'u') return unicode(r);
    const char *at = c ? strchr(from, c) : NULL;
    if (!at) return false;
    hn_buf_putc(&r->text, to[at - from]);
    return true;
}

/* On to a word of eight bytes in which a quote, a backslash or a control character stands. */
static const char *plain(const char *p, const char *end) {
    const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    for (uint64_t w; end - p >= 8; p += 8) {
        memcpy(&w, p, 8);
        uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');
        /* a byte below k, for k up to 128: it borrows where its own top bit is clear */
        if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((w - ones * 0x20) & ~w)) & high) break;
    }
    return p;
}

/* The string whose opening quote p stands behind; *s: inside the text, or inside r->text where there were escapes. */
static bool string(reader *r, hn_str *s) {
    const char *from = r->p;
    bool escaped = false;
    hn_buf_clear(&r->text);
    for (;;) {
        const char *p = plain(r->p, r->end);
        while (p < r->end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) p++;
        if (p >= r->end || (unsigned char)*p < 0x20) return false;
        if (escaped || *p == '\\') hn_buf_add(&r->text, r->p, (size_t)(p - r->p));
        r->p = p + 1;
        if (*p == '"') {
            *s = escaped ? (hn_str){r->text.p, r->text.n} : (hn_str){from, (size_t)(p - from)};
            return !r->text.failed;
        }
        escaped = true;
        if (!escape(r)) return false;
    }
}

static bool number(reader *r, struct json_object **out) {
    const char *from = r->p;
    bool minus = *r->p == '-';
    r->p += minus;
    const char *whole = r->p;
    int64_t v = 0;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9' && r->p - whole < 18) v = v * 10 + (*r->p++ - '0');
    size_t digits = (size_t)(r->p - whole);
    if (r->p < r->end && *r->p >= '0' && *r->p <= '9') return false; /* more digits than these are the other parser's */
    if (digits == 0 || (*whole == '0' && digits > 1)) return false;
    if (minus && v == 0) return false; /* -0 */
    if (r->p < r->end && (*r->p == '.' || *r->p == 'e' || *r->p == 'E')) {
        char text[64];
        if (*r->p != '.') return false;
        do r->p++;
        while (r->p < r->end && *r->p >= '0' && *r->p <= '9');
        size_t n = (size_t)(r->p - from);
        if (r->p[-1] == '.' || n >= sizeof text || (r->p < r->end && (*r->p == 'e' || *r->p == 'E'))) return false;
        memcpy(text, from, n);
        text[n] = '\0';
        *out = json_object_new_double_s(hn_strtod(text, NULL), text);
    } else {
        *out = json_object_new_int64(minus ? -v : v);
    }
    return *out != NULL;
}

static bool array(reader *r, int depth, struct json_object *out) {
    blanks(r);
    if (r->p < r->end && *r->p == ']') {
        r->p++;
        return true;
    }
    while (r->p < r->end) {
        struct json_object *v = NULL;
        if (!value(r, depth + 1, &v)) return false;
        if (json_object_array_add(out, v) != 0) {
            json_object_put(v);
            return false;
        }
        blanks(r);
        if (r->p >= r->end || (*r->p != ',' && *r->p != ']')) return false;
        if (*r->p++ == ']') return true;
    }
    return false;
}

/* A name as json-c wants it, terminated; a NUL inside is spelled as hn_json_iter says. */
static bool name(const hn_str *s, char *key, size_t cap) {
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (n + 3 > cap) return false;
        if (s->p[i] == '\0') key[n++] = '\xC0';
        key[n++] = s->p[i] == '\0' ? '\x80' : s->p[i];
    }
    key[n] = '\0';
    return true;
}

static bool object(reader *r, int depth, struct json_object *out) {
    blanks(r);
    if (r->p < r->end && *r->p == '}') {
        r->p++;
        return true;
    }
    for (;;) {
        hn_str s;
        char key[128];
        struct json_object *v = NULL;
        blanks(r);
        if (r->p >= r->end || *r->p++ != '"' || !string(r, &s) || !name(&s, key, sizeof key)) return false;
        blanks(r);
        if (r->p >= r->end || *r->p++ != ':') return false;
        if (!value(r, depth + 1, &v)) return false;
        if (json_object_object_add(out, key, v) != 0) {
            json_object_put(v);
            return false;
        }
        blanks(r);
        if (r->p >= r->end || (*r->p != ',' && *r->p != '}')) return false;
        if (*r->p++ == '}') return true;
    }
}

static bool word(reader *r, const char *w, size_t n) {
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, w, n) != 0) return false;
    r->p += n;
    return true;
}

/* *out is set only on success; NULL is JSON's null. */
static bool value(reader *r, int depth, struct json_object **out) {
    hn_str s;
    blanks(r);
    if (r->p >= r->end || depth > HN_JSON_DEEPEST - 1) return false;
    switch (*r->p) {
    case '"':
        r->p++;
        if (!string(r, &s) || s.n > INT32_MAX) return false;
        return (*out = json_object_new_string_len(s.p, (int)s.n)) != NULL;
    case '[': case '{': {
        bool is_array = *r->p++ == '[';
        struct json_object *v = is_array ? json_object_new_array() : json_object_new_object();
        if (v && (is_array ? array(r, depth, v) : object(r, depth, v))) {
            *out = v;
            return true;
        }
        json_object_put(v);
        return false;
    }
    case 't': return word(r, "true", 4) && (*out = json_object_new_boolean(1)) != NULL;
    case 'f': return word(r, "false", 5) && (*out = json_object_new_boolean(0)) != NULL;
    case 'n':
        *out = NULL;
        return word(r, "null", 4);
    default: return number(r, out);
    }
}

hn_status hn_json_quick(const char *p, size_t n, bool *sure, hn_json **out, hn_error *err) {
    reader r = {.p = p, .end = p + n};
    struct json_object *v = NULL;
    size_t bad;
    *out = NULL;
    *sure = hn_utf8_valid(p, n, &bad) && value(&r, 0, &v);
    blanks(&r);
    if (*sure && r.p < r.end) {
        json_object_put(v);
        *sure = false;
    }
    if (*sure) *out = v;
    hn_status st = r.text.failed ? hn_nomem(err, n) : HN_OK; /* a string was given up for want of memory */
    hn_buf_release(&r.text);
    return st;
}
