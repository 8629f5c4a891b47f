/* jinja_tests.c - what may stand behind "is". */
#include "text/jinja/jinja_ast_impl.h"

static bool answer(hn_jval *out, bool yes) { return hn_j_set(out, hn_j_bool(yes)); }

static bool remainder_is(hn_jrun *r, hn_jval v, hn_jval by, int64_t what, hn_jval *out) {
    hn_jval rest;
    bool same;
    if (!hn_j_binary(r, HN_JN_MOD, v, by, &rest) || !hn_j_equal(r, rest, hn_j_int(what), &same)) return false;
    return answer(out, same);
}

#define TEST(name) HN_J_BUILTIN(hn_jt_##name)
#define SIMPLE(name, yes) TEST(name) { return answer(out, yes); }

TEST(odd) { return remainder_is(r, a[0], hn_j_int(2), 1, out); }
TEST(even) { return remainder_is(r, a[0], hn_j_int(2), 0, out); }
TEST(divisibleby) { return remainder_is(r, a[0], a[1], 0, out); }
SIMPLE(defined, a[0].kind != HN_J_UNDEF)
SIMPLE(undefined, a[0].kind == HN_J_UNDEF)
SIMPLE(none, a[0].kind == HN_J_NONE)
SIMPLE(boolean, a[0].kind == HN_J_BOOL)
SIMPLE(is_false, a[0].kind == HN_J_BOOL && !a[0].i)
SIMPLE(is_true, a[0].kind == HN_J_BOOL && a[0].i)
SIMPLE(integer, a[0].kind == HN_J_INT)
SIMPLE(float, a[0].kind == HN_J_FLOAT)
SIMPLE(string, a[0].kind == HN_J_STR)
SIMPLE(mapping, a[0].kind == HN_J_DICT)
SIMPLE(number, hn_j_is_number(a[0]))
SIMPLE(iterable, hn_j_iterable(a[0]))
SIMPLE(callable, hn_j_callable(a[0]))
SIMPLE(sameas, hn_j_same(a[0], a[1]) || (a[0].kind == HN_J_UNDEF && a[1].kind == HN_J_UNDEF && a[0].undef == a[1].undef))
SIMPLE(escaped, hn_j_is_markup(a[0]))

TEST(sequence) { /* has a length and items */
    int64_t n;
    return answer(out, hn_j_sized(a[0], &n) && a[0].kind != HN_J_VIEW);
}

static bool known(hn_jrun *r, hn_jval name, const hn_jfunc *(*find)(hn_str), hn_jval *out) {
    uint64_t hash;
    if (name.kind != HN_J_STR) return hn_j_hash(r, name, &hash) && answer(out, false);
    return answer(out, find(hn_j_text(name)) != NULL);
}
TEST(filter) { return known(r, a[0], hn_j_filter, out); }
TEST(test) { return known(r, a[0], hn_j_test, out); }

static bool whole_case(hn_jrun *r, hn_jval v, bool upper, hn_jval *out) {
    hn_jval s;
    if (!hn_j_str_of(r, v, &s)) return false;
    return hn_j_call_method(r, upper ? "isupper" : "islower", s, NULL, out);
}
TEST(lower) { return whole_case(r, a[0], false, out); }
TEST(upper) { return whole_case(r, a[0], true, out); }

TEST(in) {
    bool yes;
    return hn_j_contains(r, a[0], a[1], &yes) && answer(out, yes);
}

static bool ordered(hn_jrun *r, const hn_jval *a, const char *op, hn_jval *out) {
    bool yes;
    return hn_j_order(r, a[0], a[1], op, &yes) && answer(out, yes);
}
static bool equal(hn_jrun *r, const hn_jval *a, bool wanted, hn_jval *out) {
    bool same;
    return hn_j_equal(r, a[0], a[1], &same) && answer(out, same == wanted);
}
TEST(eq) { return equal(r, a, true, out); }
TEST(ne) { return equal(r, a, false, out); }
TEST(gt) { return ordered(r, a, ">", out); }
TEST(ge) { return ordered(r, a, ">=", out); }
TEST(lt) { return ordered(r, a, "<", out); }
TEST(le) { return ordered(r, a, "<=", out); }
