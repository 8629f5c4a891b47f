/* json_scan.c - the words of JSON, checked in one pass before json-c sees the text.
 *
 * json-c accepts NaN, Infinity, 1e400, odd numbers and raw control characters even in strict mode.
 * RFC 8259: number = [ - ] int [ . digits ] [ e [+-] digits ], int without leading zeros. Brackets
 * and commas are left to json-c. */
#include "base/base.h"
#include "base/json_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(const char *p, const char *end) {
    return p < end && *p >= '0' && *p <= '9';
}

static const char *digits(const char *p, const char *end) {
    while (is_digit(p, end)) p++;
    return p;
}

static const char bad_number[] = "not JSON: a malformed number";

/* Is the real [from, to) infinite as a double? Absurdly long ones are taken for it. */
static bool overflows(const char *from, const char *to) {
    char text[400];
    size_t n = (size_t)(to - from);
    if (n >= sizeof text) return true;
    memcpy(text, from, n);
    text[n] = '\0';
    return isinf(hn_strtod(text, NULL)) != 0;
}

static const char *number(const char **pp, const char *end) {
    const char *from = *pp, *p = from;
    bool exponent = false, fraction = false;
    if (*p == '-') p++;
    const char *whole = p;
    *pp = p;
    if (!is_digit(p, end)) {
        return end - p >= 8 && memcmp(p, "Infinity", 8) == 0 ? "Infinity is no JSON number"
                                                             : bad_number;
    }
    p = digits(p, end);
    if (*whole == '0' && p - whole > 1) return bad_number;
    if (p < end && *p == '.') {
        fraction = true;
        *pp = ++p;
        if (!is_digit(p, end)) return bad_number;
        p = digits(p, end);
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        exponent = true;
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        *pp = p;
        if (!is_digit(p, end)) return bad_number;
        p = digits(p, end);
    }
    *pp = from;
    if ((exponent || (fraction && p - from > 300)) && overflows(from, p))
        return "a number too large for a double";
    *pp = p;
    return NULL;
}

static const char *string(const char **pp, const char *end) {
    const char *from = *pp, *p = from + 1;
    for (; p < end && *p != '"'; p++) {
        if ((unsigned char)*p < 0x20) {
            *pp = p;
            return "not JSON: a raw control character in a string";
        }
        if (*p != '\\') continue;
        p++;
        if (p < end && !strchr("\"\\/bfnrtu", *p)) {
            *pp = p;
            return "not JSON: an unknown escape in a string";
        }
    }
    *pp = from;
    if (p >= end) return "not JSON: a string is not closed";
    *pp = p + 1;
    return NULL;
}

static const char *literal(const char **pp, const char *end) {
    static const char *const words[] = {"true", "false", "null"};
    size_t left = (size_t)(end - *pp);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (left >= n && memcmp(*pp, words[i], n) == 0) {
            *pp += n;
            return NULL;
        }
    }
    if (left >= 3 && memcmp(*pp, "NaN", 3) == 0) return "NaN is no JSON number";
    if (left >= 8 && memcmp(*pp, "Infinity", 8) == 0) return "Infinity is no JSON number";
    return "not JSON: unexpected character";
}

const char *hn_json_scan(const char *p, size_t n, size_t *at, int *deepest) {
    const char *q = p, *end = p + n, *wrong = NULL;
    int depth = 0;
    *deepest = 0;
    while (q < end && !wrong) {
        switch (*q) {
        case '[': case '{':
            if (++depth > *deepest) *deepest = depth;
            if (depth > HN_JSON_DEEPEST) wrong = "nested too deeply (at most 256 levels)";
            else q++;
            break;
        case ']': case '}': depth--; /* fall through */
        case ' ': case '\t': case '\n': case '\r': case ',': case ':': q++; break;
        case '"': wrong = string(&q, end); break;
        case '-': case '0': case '1': case '2': case '3': case '4':
        case '5': case '6': case '7': case '8': case '9': wrong = number(&q, end); break;
        default: wrong = literal(&q, end);
        }
    }
    *at = (size_t)(q - p);
    return wrong;
}
