/* jinja_ops.c - the operators + - * / // % ** on values of any type. */
#include "text/jinja/jinja_ast_impl.h"

static bool unsupported(hn_jrun *r, int op, hn_jval a, hn_jval b) {
    static const char *const sign[] = {[HN_JN_ADD] = "+", [HN_JN_SUB] = "-", [HN_JN_MUL] = "*", [HN_JN_DIV] = "/",
                                       [HN_JN_FLOORDIV] = "//", [HN_JN_MOD] = "%", [HN_JN_POW] = "** or pow()"};
    return hn_j_fail(r, HN_J_TYPE, "unsupported operand type(s) for %s: '%s' and '%s'", sign[op], hn_j_type(a), hn_j_type(b));
}

static bool add_strings(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *out) {
    bool markup = (a.flag | b.flag) & HN_J_MARKUP;
    if (markup && (!hn_j_escape(r, a, &a) || !hn_j_escape(r, b, &b))) return false;
    if (!hn_j_join2(r, a, b, out)) return false;
    if (markup) *out = hn_j_markup(*out);
    return true;
}

static bool add_lists(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *out) {
    size_t n = hn_j_count(a), m = hn_j_count(b);
    hn_jval *items;
    if (!hn_j_list_new(r, (hn_jkind)a.kind, n + m, out, &items)) return false;
    for (size_t i = 0; i < n; i++) items[i] = hn_j_at(a, i);
    for (size_t i = 0; i < m; i++) items[n + i] = hn_j_at(b, i);
    return hn_j_burn(r, n + m);
}

static bool repeat(hn_jrun *r, hn_jval s, hn_jval times, hn_jval *out) {
    int64_t n;
    if (times.flag & HN_J_BIG) return hn_j_fail(r, HN_J_OVERFLOW, "cannot fit 'int' into an index-sized integer");
    if (!hn_j_index(r, times, &n)) return false;
    size_t len = hn_j_is_text(s) ? s.n : hn_j_count(s);
    if (n < 0) n = 0;
    if (len && (uint64_t)n > HN_J_OUTPUT / len) return hn_j_fail(r, HN_J_LIMIT, "a value repeated too often");
    size_t total = len * (size_t)n;
    if (!hn_j_burn(r, total / 8)) return false;
    if (hn_j_is_text(s)) {
        char *p = hn_j_alloc(r, total + 1);
        if (!p) return false;
        for (size_t at = 0; at < total; at += len) memcpy(p + at, s.s, len);
        *out = s;
        out->s = p;
        out->n = (uint32_t)total;
        return true;
    }
    hn_jval *items;
    if (!hn_j_list_new(r, (hn_jkind)s.kind, total, out, &items)) return false;
    for (size_t i = 0; i < total; i++) items[i] = hn_j_at(s, i % len);
    return true;
}

static bool is_sequence(hn_jval v) { return hn_j_is_text(v) || hn_j_is_list(v); }

bool hn_j_binary(hn_jrun *r, int op, hn_jval a, hn_jval b, hn_jval *out) {
    if (hn_j_is_number(a) && hn_j_is_number(b)) return hn_j_num_op(r, op, a, b, out);
    if (op == HN_JN_ADD && a.kind == HN_J_STR && b.kind == HN_J_STR) return add_strings(r, a, b, out);
    if (op == HN_JN_MOD && a.kind == HN_J_STR) return hn_j_percent(r, a, b, out);
    if (a.kind == HN_J_UNDEF) return hn_j_use_undefined(r, a);
    if (b.kind == HN_J_UNDEF) return hn_j_use_undefined(r, b);
    if (op == HN_JN_ADD && a.kind == b.kind && hn_j_is_list(a)) return add_lists(r, a, b, out);
    if (op == HN_JN_MUL && is_sequence(a) && hn_j_is_int(b)) return repeat(r, a, b, out);
    if (op == HN_JN_MUL && is_sequence(b) && hn_j_is_int(a)) return repeat(r, b, a, out);
    if (op == HN_JN_ADD && a.kind == HN_J_BYTES && b.kind == HN_J_BYTES) {
        bool fine = hn_j_join2(r, a, b, out);
        out->kind = HN_J_BYTES;
        return fine;
    }
    if (op == HN_JN_ADD && is_sequence(a))
        return hn_j_fail(r, HN_J_TYPE, "can only concatenate %s (not \"%s\") to %s", hn_j_type(a), hn_j_type(b), hn_j_type(a));
    return unsupported(r, op, a, b);
}

bool hn_j_unary(hn_jrun *r, int op, hn_jval a, hn_jval *out) {
    if (a.kind == HN_J_FLOAT) return hn_j_set(out, hn_j_float(op == HN_JN_NEG ? -a.f : a.f));
    if (hn_j_is_int(a)) {
        if (op == HN_JN_NEG) return hn_j_int_op(r, '-', hn_j_int(0), hn_j_as_int(a), out);
        return hn_j_set(out, hn_j_as_int(a));
    }
    return hn_j_reject(r, a, HN_J_TYPE, "bad operand type for unary %s: '%s'", op == HN_JN_NEG ? "-" : "+", hn_j_type(a));
}
