/* jinja_int.c - integers of any size up to a bound: 64 bits where they suffice, else limbs of 32 bits. */
#include "text/jinja/jinja_impl.h"

#include <math.h>

typedef struct mag { /* a number without its sign; no leading zeros */
    uint32_t *d;
    uint32_t n;
    uint32_t small[2];
} mag;

static const mag zero;

/* The limbs of v; they live in v or in *m. */
static bool negative_of(hn_jval v, mag *m) {
    if (v.flag & HN_J_BIG) {
        m->d = (uint32_t *)(uintptr_t)v.big->d;
        m->n = v.big->n;
        return v.big->negative;
    }
    uint64_t u = v.i < 0 ? 0 - (uint64_t)v.i : (uint64_t)v.i;
    m->small[0] = (uint32_t)u;
    m->small[1] = (uint32_t)(u >> 32);
    m->d = m->small;
    m->n = m->small[1] ? 2 : m->small[0] ? 1 : 0;
    return v.i < 0;
}

static bool take(hn_jmem *m, uint32_t *d, uint32_t n, bool negative, hn_jval *out) {
    while (n && d[n - 1] == 0) n--;
    if (n > HN_J_BITS / 32) return false;
    if (n <= 2) {
        uint64_t u = (n > 1 ? (uint64_t)d[1] << 32 : 0) | (n ? d[0] : 0);
        if (u <= INT64_MAX || (negative && u == (uint64_t)1 << 63))
            return hn_j_set(out, hn_j_int(negative ? (int64_t)(0 - u) : (int64_t)u));
    }
    hn_jbig *b = hn_jmem_get(m, sizeof *b + n * sizeof *b->d);
    if (!b) return false;
    b->negative = negative;
    b->n = n;
    memcpy(b->d, d, n * sizeof *d);
    *out = (hn_jval){.kind = HN_J_INT, .flag = HN_J_BIG, .big = b};
    return true;
}

static int cmp_mag(const mag *a, const mag *b) {
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    for (uint32_t i = a->n; i-- > 0;)
        if (a->d[i] != b->d[i]) return a->d[i] < b->d[i] ? -1 : 1;
    return 0;
}

int hn_j_int_cmp(hn_jval a, hn_jval b) {
    if (!((a.flag | b.flag) & HN_J_BIG)) return a.i < b.i ? -1 : a.i > b.i;
    mag x = zero, y = zero;
    bool na = negative_of(a, &x), nb = negative_of(b, &y);
    if (na != nb) return na ? -1 : 1;
    return na ? -cmp_mag(&x, &y) : cmp_mag(&x, &y);
}

/* d = d * by + add over n limbs; returns the carry */
static uint32_t mul_add(uint32_t *d, uint32_t n, uint32_t by, uint32_t add) {
    uint64_t carry = add;
    for (uint32_t i = 0; i < n; i++) {
        carry += (uint64_t)d[i] * by;
        d[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return (uint32_t)carry;
}

/* d = d / by; returns the remainder */
static uint32_t div_small(uint32_t *d, uint32_t n, uint32_t by) {
    uint64_t rest = 0;
    for (uint32_t i = n; i-- > 0;) {
        rest = rest << 32 | d[i];
        d[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    return (uint32_t)rest;
}

bool hn_j_int_parse(hn_jmem *m, hn_str digits, int base, bool negative, hn_jval *out) {
    uint32_t n = 0, most = HN_J_BITS / 32 + 1;
    size_t limbs = digits.n / 6 + 2; /* a limb holds at least six digits of any base up to 36 */
    if (digits.n > HN_J_BITS) return false;
    uint32_t *d = hn_jmem_get(m, (limbs < most ? limbs : most) * sizeof *d + sizeof *d);
    if (!d) return false;
    for (size_t i = 0; i < digits.n; i++) {
        char c = digits.p[i];
        if (c == '_') continue;
        uint32_t digit = (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
        uint32_t carry = mul_add(d, n, (uint32_t)base, digit);
        if (!carry) continue;
        if (n == most) return false;
        d[n++] = carry;
    }
    return take(m, d, n, negative, out);
}

bool hn_j_int_text(hn_jmem *m, hn_jval v, hn_str *out) {
    mag a = zero;
    bool negative = negative_of(v, &a);
    size_t room = (size_t)a.n * 10 + 12, at = room; /* 32 bits: under 10 digits; they are written by nines, and a sign */
    char *p = hn_jmem_get(m, room);
    uint32_t *d = hn_jmem_get(m, (a.n + 1) * sizeof *d), n = a.n;
    if (!p || !d) return false;
    memcpy(d, a.d, n * sizeof *d);
    do {
        while (n && d[n - 1] == 0) n--;
        uint32_t nine = div_small(d, n, 1000000000);
        for (int i = 0; i < 9; i++, nine /= 10) p[--at] = (char)('0' + nine % 10);
        while (n && d[n - 1] == 0) n--;
    } while (n);
    while (at + 1 < room && p[at] == '0') at++;
    if (negative) p[--at] = '-';
    *out = (hn_str){p + at, room - at};
    return true;
}

bool hn_j_int_double(hn_jval v, double *out) {
    char text[2 + 8 * 33 + 1] = "0x";
    if (!(v.flag & HN_J_BIG)) {
        *out = (double)v.i;
        return true;
    }
    if (v.big->n > 33) return false;
    for (uint32_t i = v.big->n, at = 2; i-- > 0; at += 8) snprintf(text + at, 9, "%08x", (unsigned)v.big->d[i]);
    double f = hn_strtod(text, NULL); /* rounds as it should */
    *out = v.big->negative ? -f : f;
    return isfinite(f);
}

bool hn_j_int_of_double(hn_jrun *r, double f, hn_jval *out) {
    char text[400];
    if (isnan(f)) return hn_j_fail(r, HN_J_VALUE, "cannot convert float NaN to integer");
    if (isinf(f)) return hn_j_fail(r, HN_J_OVERFLOW, "cannot convert float infinity to integer");
    if (f >= -0x1p63 && f < 0x1p63) return hn_j_set(out, hn_j_int((int64_t)f));
    int n = snprintf(text, sizeof text, "%.0f", fabs(f)); /* exact */
    return hn_j_int_parse(&r->mem, (hn_str){text, (size_t)n}, 10, f < 0, out) || hn_j_nomem(r);
}

/* ---- sums, products, quotients */

static void add_mag(const mag *a, const mag *b, uint32_t *d) { /* a has at least as many limbs; d: one more */
    uint64_t carry = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        carry += (uint64_t)a->d[i] + (i < b->n ? b->d[i] : 0);
        d[i] = (uint32_t)carry;
        carry >>= 32;
    }
    d[a->n] = (uint32_t)carry;
}

static void sub_mag(const mag *a, const mag *b, uint32_t *d) { /* a is not smaller */
    int64_t borrow = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        borrow += (int64_t)a->d[i] - (i < b->n ? (int64_t)b->d[i] : 0);
        d[i] = (uint32_t)borrow;
        borrow >>= 32;
    }
}

static void mul_mag(const mag *a, const mag *b, uint32_t *d) { /* d: a.n + b.n, zeroed */
    for (uint32_t i = 0; i < a->n; i++) {
        uint64_t carry = 0;
        for (uint32_t k = 0; k < b->n; k++) {
            carry += (uint64_t)a->d[i] * b->d[k] + d[i + k];
            d[i + k] = (uint32_t)carry;
            carry >>= 32;
        }
        d[i + b->n] = (uint32_t)carry;
    }
}

/* Long division, bit by bit: rare and small enough. q: a.n limbs, rest: b.n + 1 limbs, both zeroed. */
static void div_mag(const mag *a, const mag *b, uint32_t *q, uint32_t *rest) {
    mag part = {.d = rest};
    for (uint32_t i = 32 * a->n; i-- > 0;) {
        uint32_t bit = a->d[i / 32] >> (i % 32) & 1, carry = bit;
        for (uint32_t k = 0; k <= b->n; k++) {
            uint32_t high = rest[k] >> 31;
            rest[k] = rest[k] << 1 | carry;
            carry = high;
        }
        part.n = b->n + 1;
        while (part.n && rest[part.n - 1] == 0) part.n--;
        if (cmp_mag(&part, b) >= 0) {
            sub_mag(&part, b, rest);
            q[i / 32] |= (uint32_t)1 << (i % 32);
        }
    }
}

static bool too_large(hn_jrun *r) { return hn_j_fail(r, HN_J_LIMIT, "an integer of more than %d bits", HN_J_BITS); }

static bool add_big(hn_jrun *r, hn_jval a, hn_jval b, bool minus, hn_jval *out) {
    mag x = zero, y = zero;
    bool na = negative_of(a, &x), nb = negative_of(b, &y) != minus;
    int cmp = cmp_mag(&x, &y);
    const mag *large = cmp < 0 ? &y : &x, *little = cmp < 0 ? &x : &y;
    uint32_t *d = hn_j_alloc(r, (large->n + 1) * sizeof *d);
    if (!d) return false;
    if (na == nb) add_mag(large, little, d);
    else sub_mag(large, little, d);
    return take(&r->mem, d, large->n + 1, cmp < 0 ? nb : na, out) || too_large(r);
}

static bool mul_big(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *out) {
    mag x = zero, y = zero;
    bool na = negative_of(a, &x), nb = negative_of(b, &y);
    if (x.n + y.n > HN_J_BITS / 32 + 2) return too_large(r);
    if (!hn_j_burn(r, (size_t)x.n * y.n / 4)) return false;
    uint32_t *d = hn_j_alloc(r, (x.n + y.n + 1) * sizeof *d);
    if (!d) return false;
    mul_mag(&x, &y, d);
    return take(&r->mem, d, x.n + y.n, na != nb, out) || too_large(r);
}

/* Floor division and its remainder, which has the sign of b. */
static bool div_big(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *quotient, hn_jval *rest) {
    mag x = zero, y = zero;
    bool na = negative_of(a, &x), nb = negative_of(b, &y);
    if (!hn_j_burn(r, (size_t)32 * x.n * (y.n + 1))) return false;
    uint32_t *q = hn_j_alloc(r, (x.n + 1) * sizeof *q), *m = hn_j_alloc(r, (y.n + 2) * sizeof *m);
    if (!q || !m) return false;
    div_mag(&x, &y, q, m);
    if (!take(&r->mem, q, x.n, na != nb, quotient) || !take(&r->mem, m, y.n + 1, na, rest)) return too_large(r);
    bool exact = !(rest->flag & HN_J_BIG) && rest->i == 0;
    if (exact || na == nb) return true;
    return hn_j_int_op(r, '-', *quotient, hn_j_int(1), quotient) && hn_j_int_op(r, '+', *rest, b, rest);
}

static bool power(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *out) {
    hn_jval base = a, got = hn_j_int(1);
    if (b.flag & HN_J_BIG) {
        if (!(a.flag & HN_J_BIG) && a.i >= -1 && a.i <= 1) b = hn_j_int(2 + (b.big->d[0] & 1));
        else return too_large(r);
    }
    for (int64_t e = b.i; e; e >>= 1) {
        if ((e & 1) && !hn_j_int_op(r, '*', got, base, &got)) return false;
        if (e > 1 && !hn_j_int_op(r, '*', base, base, &base)) return false;
    }
    return hn_j_set(out, got);
}

bool hn_j_int_op(hn_jrun *r, char op, hn_jval a, hn_jval b, hn_jval *out) {
    int64_t v;
    hn_jval other;
    bool small = !((a.flag | b.flag) & HN_J_BIG);
    switch (op) {
    case '+':
        if (!small || __builtin_add_overflow(a.i, b.i, &v)) return add_big(r, a, b, false, out);
        break;
    case '-':
        if (!small || __builtin_sub_overflow(a.i, b.i, &v)) return add_big(r, a, b, true, out);
        break;
    case '*':
        if (!small || __builtin_mul_overflow(a.i, b.i, &v)) return mul_big(r, a, b, out);
        break;
    case '/':
    case '%':
        if (small && b.i == 0)
            return hn_j_fail(r, HN_J_ZERODIV, "integer division or modulo by zero");
        if (!small || (a.i == INT64_MIN && b.i == -1))
            return op == '/' ? div_big(r, a, b, out, &other) : div_big(r, a, b, &other, out);
        v = op == '/' ? a.i / b.i : a.i % b.i;
        if (a.i % b.i != 0 && (a.i < 0) != (b.i < 0)) v += op == '/' ? -1 : b.i;
        break;
    default: return power(r, a, b, out);
    }
    return hn_j_set(out, hn_j_int(v));
}
