/* parquet_json.c - a value of a Parquet leaf as JSON.
 *
 * Dates and times become what Python's isoformat() writes: "2024-02-29", "23:59:59.000123", "2024-02-29T23:59:59+00:00" (the
 * offset only where the column counts in UTC), a fraction of 6 digits, of 9 where nanoseconds are left, none where it is zero.
 * Decimals become numbers; UUIDs, enumerations and embedded JSON stay text. */
#include "data/parquet_impl.h"

#include <math.h>
#include <string.h>

enum { DAY_SECONDS = 86400, LARGEST_DECIMAL = 64 };

static hn_status text(const char *p, size_t n, hn_json **out, hn_error *err) {
    *out = hn_json_new_str(p, n);
    return *out ? HN_OK : hn_nomem(err, n);
}

static hn_status value(hn_json *j, hn_json **out, hn_error *err) {
    *out = j;
    return j ? HN_OK : hn_nomem(err, sizeof(double));
}

/* NaN and infinities are null: JSON has no word for them. */
static hn_status number(double v, hn_json **out, hn_error *err) {
    *out = NULL;
    return isfinite(v) ? value(hn_json_new_num(v), out, err) : HN_OK;
}

/* Days from 1970-01-01 as a date of the Gregorian calendar (algorithm: H. Hinnant, "chrono-compatible low-level date
 * algorithms", civil_from_days). */
static int write_date(char *out, size_t cap, int64_t days) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, day = days - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365, rest = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * rest + 2) / 153, d = rest - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    year += era * 400 + (month <= 2);
    return snprintf(out, cap, "%04lld-%02lld-%02lld", (long long)year, (long long)month, (long long)d);
}

static int write_time(char *out, size_t cap, int64_t seconds, int64_t nanoseconds) {
    int n = snprintf(out, cap, "%02lld:%02lld:%02lld", (long long)(seconds / 3600), (long long)(seconds / 60 % 60),
                     (long long)(seconds % 60));
    if (nanoseconds % 1000) return n + snprintf(out + n, cap - (size_t)n, ".%09lld", (long long)nanoseconds);
    if (nanoseconds) return n + snprintf(out + n, cap - (size_t)n, ".%06lld", (long long)(nanoseconds / 1000));
    return n;
}

static int64_t per_second(int32_t unit) { return unit == 1 ? 1000 : unit == 2 ? 1000000 : 1000000000; }

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static hn_status instant(int64_t days, int64_t seconds, int64_t nanoseconds, bool utc, hn_json **out, hn_error *err) {
    char b[96];
    int n = write_date(b, sizeof b, days);
    b[n++] = 'T';
    n += write_time(b + n, sizeof b - (size_t)n, seconds, nanoseconds);
    if (utc) n += snprintf(b + n, sizeof b - (size_t)n, "+00:00");
    return text(b, (size_t)n, out, err);
}

static hn_status timestamp(const hn_pq_node *leaf, int64_t v, hn_json **out, hn_error *err) {
    int64_t unit = per_second(leaf->unit), seconds = floor_div(v, unit), rest = v - seconds * unit;
    int64_t days = floor_div(seconds, DAY_SECONDS);
    return instant(days, seconds - days * DAY_SECONDS, rest * (1000000000 / unit), leaf->utc, out, err);
}

static uint64_t little(const char *p, int n) {
    uint64_t v = 0;
    for (int i = 0; i < n; i++) v |= (uint64_t)(uint8_t)p[i] << (8 * i);
    return v;
}

/* Nanoseconds of the day, then the Julian day: the timestamps of Impala and old Spark. */
static hn_status int96(hn_str b, hn_json **out, hn_error *err) {
    int64_t nanoseconds = (int64_t)little(b.p, 8), days = (int64_t)(int32_t)(uint32_t)little(b.p + 8, 4) - 2440588;
    int64_t seconds = floor_div(nanoseconds, 1000000000), extra = floor_div(seconds, DAY_SECONDS);
    return instant(days + extra, seconds - extra * DAY_SECONDS, nanoseconds - seconds * 1000000000, false, out, err);
}

static hn_status time_of_day(const hn_pq_node *leaf, int64_t v, hn_json **out, hn_error *err) {
    int64_t unit = per_second(leaf->unit);
    char b[64];
    if (v < 0 || v / unit >= DAY_SECONDS) return hn_fail(err, HN_EFORMAT, "a time of day outside 24 hours");
    int n = write_time(b, sizeof b, v / unit, v % unit * (1000000000 / unit));
    return text(b, (size_t)n, out, err);
}

/* Big-endian two's complement to digits, the last one first; returns their number. */
static size_t digits_of(hn_str b, char *digit, bool *minus) {
    uint8_t v[LARGEST_DECIMAL];
    size_t n = 0;
    bool more = b.n > 0;
    *minus = b.n > 0 && (b.p[0] & 0x80);
    memcpy(v, b.p, b.n);
    for (size_t i = b.n, carry = *minus; i-- > 0 && *minus;) { /* the magnitude: complement and one more */
        unsigned x = (unsigned)(uint8_t)~v[i] + (unsigned)carry;
        v[i] = (uint8_t)x;
        carry = x >> 8;
    }
    while (more) {
        unsigned rest = 0;
        more = false;
        for (size_t i = 0; i < b.n; i++) {
            unsigned x = rest << 8 | v[i];
            v[i] = (uint8_t)(x / 10);
            rest = x % 10;
            more = more || v[i];
        }
        digit[n++] = (char)('0' + rest);
    }
    return n;
}

static hn_status decimal(const hn_pq_node *leaf, const hn_pq_value *v, hn_json **out, hn_error *err) {
    char whole[8], digit[3 * LARGEST_DECIMAL];
    hn_str b = v->bytes;
    if (leaf->type == HN_PQ_INT32 || leaf->type == HN_PQ_INT64) {
        for (int i = 0; i < 8; i++) whole[i] = (char)(v->bits >> (56 - 8 * i));
        b = (hn_str){whole, sizeof whole};
    }
    if (b.n > LARGEST_DECIMAL) return hn_fail(err, HN_EFORMAT, "a decimal of %zu bytes", b.n);
    bool minus;
    size_t n = digits_of(b, digit, &minus);
    if (leaf->scale == 0 && n <= 18) {
        int64_t x = 0;
        for (size_t i = n; i-- > 0;) x = x * 10 + (digit[i] - '0');
        return value(hn_json_new_int(minus ? -x : x), out, err);
    }
    char digits[3 * LARGEST_DECIMAL + 24];
    size_t at = 0;
    if (minus) digits[at++] = '-';
    for (size_t i = n; i-- > 0;) digits[at++] = digit[i];
    snprintf(digits + at, sizeof digits - at, "e-%d", leaf->scale);
    return number(hn_strtod(digits, NULL), out, err);
}

static double half(uint32_t h) {
    double sign = h & 0x8000 ? -1 : 1, fraction = h & 0x3FF;
    int exponent = h >> 10 & 0x1F;
    if (exponent == 31) return fraction > 0 ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static hn_status uuid(hn_str b, hn_json **out, hn_error *err) {
    char hex[40];
    int n = 0;
    for (size_t i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        n += snprintf(hex + n, sizeof hex - (size_t)n, "%s%02x", dash ? "-" : "", (unsigned)(uint8_t)b.p[i]);
    }
    return text(hex, (size_t)n, out, err);
}

static hn_status utf8(hn_str b, hn_json **out, hn_error *err) {
    size_t bad = 0;
    if (hn_utf8_valid(b.p, b.n, &bad)) return text(b.p, b.n, out, err);
    hn_fail(err, HN_EFORMAT, "binary data, not UTF-8 text: byte %zu is 0x%02X", bad + 1, (unsigned)(uint8_t)b.p[bad]);
    hn_error_fix(err, "leave such rows out with --on_bad_row skip, or the column by naming those that are needed");
    return HN_EFORMAT;
}

static hn_status unsigned_number(const hn_pq_node *leaf, uint64_t bits, hn_json **out, hn_error *err) {
    if (leaf->type == HN_PQ_INT32) bits &= UINT32_MAX;
    if (bits <= INT64_MAX) return value(hn_json_new_int((int64_t)bits), out, err);
    char b[24];
    int n = snprintf(b, sizeof b, "%llu", (unsigned long long)bits);
    return hn_json_parse(b, (size_t)n, "value", 1, out, err);
}

hn_status hn_pq_json(const hn_pq_node *leaf, const hn_pq_value *v, hn_json **out, hn_error *err) {
    int64_t whole = (int64_t)v->bits;
    float f;
    double d;
    uint32_t low = (uint32_t)v->bits;
    *out = NULL;
    switch (leaf->form) {
    case HN_PQ_AS_BOOL: return value(hn_json_new_bool(v->bits != 0), out, err);
    case HN_PQ_AS_INT: return value(hn_json_new_int(whole), out, err);
    case HN_PQ_AS_UINT: return unsigned_number(leaf, v->bits, out, err);
    case HN_PQ_AS_FLOAT: memcpy(&f, &low, sizeof f); return number((double)f, out, err);
    case HN_PQ_AS_DOUBLE: memcpy(&d, &v->bits, sizeof d); return number(d, out, err);
    case HN_PQ_AS_HALF: return number(half((uint32_t)little(v->bytes.p, 2)), out, err);
    case HN_PQ_AS_TEXT: return utf8(v->bytes, out, err);
    case HN_PQ_AS_DECIMAL: return decimal(leaf, v, out, err);
    case HN_PQ_AS_DATE: {
        char b[40];
        int n = write_date(b, sizeof b, whole);
        return text(b, (size_t)n, out, err);
    }
    case HN_PQ_AS_TIME: return time_of_day(leaf, whole, out, err);
    case HN_PQ_AS_TIMESTAMP: return timestamp(leaf, whole, out, err);
    case HN_PQ_AS_INT96: return int96(v->bytes, out, err);
    case HN_PQ_AS_UUID: return uuid(v->bytes, out, err);
    case HN_PQ_AS_NULL: return HN_OK;
    case HN_PQ_AS_NOTHING: break;
    }
    return hn_fail(err, HN_EFORMAT, "a value of a type that has no form in JSON");
}
