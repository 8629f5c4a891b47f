/* rooms: base */
/* test_base_json.c - JSON in and out; expected texts from Python's json.dumps and repr. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/json_impl.h"

static hn_json *parse(const char *text) {
    hn_json *j;
    hn_error e = {0};
    if (hn_json_parse(text, strlen(text), "t", 1, &j, &e) != HN_OK) fail_msg("%s: %s", text, e.msg);
    return j;
}

static void expect_error(const char *text, size_t n, const char *msg) {
    hn_json *j = NULL;
    hn_error e = {0};
    hn_status code = hn_json_parse(text, n, "f", 10, &j, &e);
    if (code != HN_EFORMAT) fail_msg("accepted: %s", text);
    assert_null(j);
    assert_string_equal(e.msg, msg);
    code = hn_json_parse(text, n, "f", 10, &j, NULL);
    assert_int_equal(code, HN_EFORMAT);
}

static void expect_round_trip(const char *text, const char *written, int indent) {
    hn_json *j = parse(text);
    hn_buf b = {0};
    hn_json_write(&b, j, indent);
    assert_string_equal(b.p, written);
    hn_buf_release(&b);
    hn_json_free(j);
}

/* Texts grown from pieces, most of them nearly right: where the quick way reads one, the careful way reads the same. */
static void test_quick_is_careful(void **state) {
    (void)state;
    static const char *const piece[] = {
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\\n\"", "\"\\u00e9\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\u0000\"", " ", "\n", "1", "-1", "0",
        "01", "-0", "1.5", "-0.25", "1.", "1e5", "123456789012345678", "1234567890123456789", "12345678901234567890", "true", "false",
        "null", "nul", "\"\xc3\xa9\"", "\"\xc3\"", "\"x", "\\", "\t", "0.1", "3.14159265358979", "\"k\": ", "\"k\": 1, ", "[[", "]]", "\"\""};
    hn_rng_key key = {.seed = 5, .purpose = HN_RNG_TEST};
    uint64_t at = 0;
    int quick = 0;
    for (int i = 0; i < 60000; i++) {
        hn_buf b = {0}, x = {0}, y = {0};
        hn_json *fast = NULL, *slow = NULL;
        hn_error e = {0};
        static const char *const start[] = {"", "{\"a\": ", "[", "[1, ", "{\"a\": [", "{\"a\": 1, \"a\": "}, *const end[] = {"", "}", "]", "]", "]}", "}"};
        int frame = (int)(hn_rng_uniform(&key, at++) * 6), pieces = 1 + (int)(hn_rng_uniform(&key, at++) * 4);
        hn_buf_puts(&b, start[frame]);
        for (int k = 0; k < pieces; k++) hn_buf_puts(&b, piece[(int)(hn_rng_uniform(&key, at++) * (sizeof piece / sizeof *piece))]);
        hn_buf_puts(&b, end[frame]);
        bool sure;
        assert_int_equal(hn_json_quick(b.p, b.n, &sure, &fast, &e), HN_OK);
        if (sure) {
            quick++;
            if (hn_json_careful(b.p, b.n, "t", 1, &slow, &e) != HN_OK) fail_msg("%s: %s", b.p, e.msg);
            hn_json_write(&x, fast, 0);
            hn_json_write(&y, slow, 0);
            assert_string_equal(x.p, y.p);
            assert_int_equal(hn_json_type(fast), hn_json_type(slow));
        } else {
            assert_null(fast);
        }
        hn_json_free(fast);
        hn_json_free(slow);
        hn_buf_release(&b);
        hn_buf_release(&x);
        hn_buf_release(&y);
    }
    assert_true(quick > 5000);
}

static const char sample[] =
    "{\"a\": [1, 2.5, null, true, false, [], {}], \"b\": {\"c\": "
    "\"x\\\"\\\\/\\n\\t\\r\\b\\f\\u0001\x7f\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80\"}, \"d\": [[1], "
    "[2, {\"e\": 1e-05}]]}";

static void test_write_one_line(void **state) {
    (void)state;
    expect_round_trip(sample, sample, 0);
    expect_round_trip(" [1,2 ,\n3]\t", "[1, 2, 3]", 0);
    expect_round_trip("\"a\\/b\\u00e9\\ud83d\\ude00\"", "\"a/b\xc3\xa9\xf0\x9f\x98\x80\"", 0);
    expect_round_trip("null", "null", 0);
    expect_round_trip("{}", "{}", 2);
    expect_round_trip("[[]]", "[\n  []\n]", 2);
}

static void test_write_indented(void **state) {
    (void)state;
    expect_round_trip(
        "{\"a\":[1,2.5,null,[],{}],\"d\":[[1],[2,{\"e\":1e-5}]]}",
        "{\n  \"a\": [\n    1,\n    2.5,\n    null,\n    [],\n    {}\n  ],\n  \"d\": [\n    [\n"
        "      1\n    ],\n    [\n      2,\n      {\n        \"e\": 1e-05\n      }\n    ]\n  ]\n}",
        2);
}

static void test_awkward_but_right(void **state) {
    (void)state;
    hn_json *j = parse("1000000000000000019884624838656"); /* model_max_length of many tokenizers */
    assert_int_equal(hn_json_int(j, 0), INT64_MAX);
    hn_json_free(j);
    expect_round_trip("18446744073709551615", "18446744073709551615", 0);
    expect_round_trip("[-9223372036854775808, 9223372036854775807]",
                      "[-9223372036854775808, 9223372036854775807]", 0);
    j = parse("\"a\\u0000b\"");
    hn_str s;
    assert_true(hn_json_text(j, &s));
    assert_int_equal(s.n, 3);
    assert_memory_equal(s.p, "a\0b", 3);
    assert_null(hn_json_cstr(j));
    hn_buf b = {0};
    hn_json_write(&b, j, 0);
    assert_string_equal(b.p, "\"a\\u0000b\"");
    hn_buf_release(&b);
    hn_json_free(j);
    expect_round_trip("{\"k\": 1, \"z\": 0, \"k\": 2}", "{\"k\": 2, \"z\": 0}", 0);
    expect_round_trip("\"\\ud800x\"", "\"\xef\xbf\xbdx\"", 0);
    expect_round_trip("1e-400", "0.0", 0);
    expect_round_trip("-0.0", "-0.0", 0);
    expect_round_trip("  7 ", "7", 0);
    expect_round_trip("1E+2", "100.0", 0);
}

static void test_refusals_name_the_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *msg;
    } cases[] = {
        {"", "f:10:1: not JSON: empty"},
        {" \n ", "f:11:2: not JSON: empty"},
        {"{\"a\": 1", "f:10:8: not JSON: the text ends in the middle of a value"},
        {"{\"a\": 1}\n{\"b\": 2}", "f:11:1: not JSON: more than one value"},
        {"[1, 2] x", "f:10:8: not JSON: unexpected character"},
        {"{\"\xc3\xa9\": NaN}", "f:10:7: NaN is no JSON number"},
        {"[1,\n Infinity]", "f:11:2: Infinity is no JSON number"},
        {"[-Infinity]", "f:10:3: Infinity is no JSON number"},
        {"[1e400]", "f:10:2: a number too large for a double"},
        {"[01]", "f:10:2: not JSON: a malformed number"},
        {"[1.]", "f:10:4: not JSON: a malformed number"},
        {"[-]", "f:10:3: not JSON: a malformed number"},
        {"[1e]", "f:10:4: not JSON: a malformed number"},
        {"[.5]", "f:10:2: not JSON: unexpected character"},
        {"[+5]", "f:10:2: not JSON: unexpected character"},
        {"['a']", "f:10:2: not JSON: unexpected character"},
        {"[True]", "f:10:2: not JSON: unexpected character"},
        {"// c\n1", "f:10:1: not JSON: unexpected character"},
        {"[\"a\nb\"]", "f:10:4: not JSON: a raw control character in a string"},
        {"[\"a\\xb\"]", "f:10:5: not JSON: an unknown escape in a string"},
        {"[\"abc]", "f:10:2: not JSON: a string is not closed"},
        {"nul", "f:10:1: not JSON: unexpected character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_error(cases[i].text, strlen(cases[i].text), cases[i].msg);
    }
    static const char *const also[] = {"[1,]",          "{\"a\":1,}",  "{\"a\" 1}", "{1:2}",
                                       "[1 2]",         "{\"a\":}",    "]",         "{,}",
                                       "[\"\\u12g4\"]", "[truefalse]", "[\"a\\",    "\"\\ud83d"};
    for (size_t i = 0; i < sizeof also / sizeof *also; i++) {
        hn_json *j;
        hn_error e;
        if (hn_json_parse(also[i], strlen(also[i]), "f", 1, &j, &e) != HN_EFORMAT)
            fail_msg("accepted: %s", also[i]);
        assert_memory_equal(e.msg, "f:1:", 4);
    }
    hn_json *j;
    hn_error e;
    assert_int_equal(hn_json_parse("[\"\xff\"]", 5, "f", 1, &j, &e), HN_EFORMAT);
    assert_non_null(strstr(e.msg, "not UTF-8"));
    assert_int_equal(hn_json_parse("1\0", 2, "f", 1, &j, &e), HN_EFORMAT);
}

static void test_depth(void **state) {
    (void)state;
    char text[600];
    for (size_t depth = 250; depth < 260; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        hn_json *j;
        hn_error e;
        hn_status code = hn_json_parse(text, 2 * depth, "f", 1, &j, &e);
        assert_int_equal(code, depth <= 256 ? HN_OK : HN_EFORMAT);
        if (code != HN_OK) assert_non_null(strstr(e.msg, "nested too deeply"));
        else hn_json_free(j);
    }
}

static void test_reading(void **state) {
    (void)state;
    hn_json *j = parse("{\"i\": 3, \"r\": 3.0, \"h\": 3.5, \"t\": true, \"n\": null, \"s\": \"x\", "
                       "\"a\": [1, \"two\"]}");
    assert_int_equal(hn_json_type(j), HN_JSON_OBJECT);
    assert_int_equal(hn_json_len(j), 7);
    assert_int_equal(hn_json_int(hn_json_get(j, "i"), -1), 3);
    assert_int_equal(hn_json_int(hn_json_get(j, "r"), -1), 3);
    assert_int_equal(hn_json_int(hn_json_get(j, "h"), -1), -1);
    assert_int_equal(hn_json_int(hn_json_get(j, "t"), -1), -1);
    assert_int_equal(hn_json_int(hn_json_get(j, "nothing"), -1), -1);
    assert_true(hn_json_num(hn_json_get(j, "i"), 0) == 3.0);
    assert_true(hn_json_num(hn_json_get(j, "s"), 0.5) == 0.5);
    assert_true(hn_json_bool(hn_json_get(j, "t"), false));
    assert_true(hn_json_bool(hn_json_get(j, "i"), true));
    assert_true(hn_json_has(j, "n"));
    assert_null(hn_json_get(j, "n"));
    assert_false(hn_json_has(j, "nothing"));
    assert_string_equal(hn_json_cstr(hn_json_get(j, "s")), "x");
    assert_null(hn_json_cstr(hn_json_get(j, "i")));
    hn_json *a = hn_json_get(j, "a");
    assert_int_equal(hn_json_len(a), 2);
    assert_string_equal(hn_json_cstr(hn_json_at(a, 1)), "two");
    assert_null(hn_json_at(a, 2));
    assert_null(hn_json_at(j, 0));
    assert_null(hn_json_get(a, "x"));
    static const char order[] = "irhtnsa";
    hn_json_iter it;
    size_t k = 0;
    for (bool more = hn_json_first(j, &it); more; more = hn_json_next(&it))
        assert_int_equal(it.key[0], order[k++]);
    assert_int_equal(k, 7);
    assert_false(hn_json_first(a, &it));
    assert_false(hn_json_next(&it));
    hn_json *again = hn_json_ref(a);
    hn_json_free(j);
    assert_int_equal(hn_json_len(again), 2);
    hn_json_free(again);
    hn_json_free(NULL);
}

static void test_building(void **state) {
    (void)state;
    hn_json *o = hn_json_new_object(), *a = hn_json_new_array();
    hn_json_push(a, hn_json_new_int(-5));
    hn_json_push(a, hn_json_new_num(0.1));
    hn_json_push(a, hn_json_new_num((double)NAN));
    hn_json_push(a, hn_json_new_num((double)INFINITY));
    hn_json_push(a, hn_json_new_bool(true));
    hn_json_push(a, NULL);
    hn_json_set(o, "list", a);
    hn_json_set(o, "text", hn_json_new_str("q\"\n", 3));
    hn_json_set(o, "empty", hn_json_new_str(NULL, 0));
    hn_json_set(a, "no object", hn_json_new_int(1)); /* refused, not leaked */
    hn_json_push(o, hn_json_new_int(1));
    hn_buf b = {0};
    hn_json_write(&b, o, 0);
    assert_string_equal(
        b.p,
        "{\"list\": [-5, 0.1, null, null, true, null], \"text\": \"q\\\"\\n\", \"empty\": \"\"}");
    hn_buf_release(&b);
    hn_json_free(o);
}

static void write_num(hn_buf *b, double v) {
    hn_buf_clear(b);
    hn_json_write_num(b, v);
}

static uint64_t add_hash(uint64_t hash, const hn_buf *b) {
    for (size_t i = 0; i < b->n; i++) hash = hash * 1000003u + (unsigned char)b->p[i];
    return hash * 1000003u + '\n';
}

static void test_numbers_as_python(void **state) {
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {0.1, "0.1"},
        {1e15, "1000000000000000.0"},
        {1e16, "1e+16"},
        {1.2345678901234568e+17, "1.2345678901234568e+17"},
        {9999999999999998.0, "9999999999999998.0"},
        {0.0001, "0.0001"},
        {1e-05, "1e-05"},
        {2e-05, "2e-05"},
        {5e-324, "5e-324"},
        {1e22, "1e+22"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {100.0, "100.0"},
        {1.0 / 3.0, "0.3333333333333333"},
        {-1234.5, "-1234.5"},
    };
    hn_buf b = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_num(&b, cases[i].v);
        assert_string_equal(b.p, cases[i].text);
    }
    write_num(&b, (double)INFINITY);
    assert_string_equal(b.p, "null");
    hn_buf_release(&b);
}

/* Hashes of repr(v) + "\n": h = h * 1000003 + byte. */
static void test_numbers_by_the_thousand(void **state) {
    (void)state;
    hn_buf b = {0};
    uint64_t hash = 0;
    for (int e = -1074; e < 1024; e++) {
        write_num(&b, ldexp(1.0, e));
        hash = add_hash(hash, &b);
    }
    assert_true(hash == 0x3c191be181aac0f8u);
    uint64_t s = 1;
    hash = 0;
    for (int i = 0; i < 20000; i++) { /* random bit patterns */
        s = s * 6364136223846793005u + 1442695040888963407u;
        double v;
        memcpy(&v, &s, sizeof v);
        if (!isfinite(v)) continue;
        write_num(&b, v);
        hash = add_hash(hash, &b);
    }
    assert_true(hash == 0xa99e23304e5b4232u);
    hash = 0;
    for (int i = 0; i < 20000; i++) { /* short decimals */
        s = s * 6364136223846793005u + 1442695040888963407u;
        write_num(&b, (double)(s >> 40) / 1000.0);
        hash = add_hash(hash, &b);
    }
    assert_true(hash == 0xbb6ab74184d811d3u);
    hn_buf_release(&b);
}

static void test_load(void **state) {
    (void)state;
    char path[] = "/tmp/hone-json-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    fputs("{\"a\":\n  [1,\n 2}\n", f);
    fclose(f);
    hn_json *j;
    hn_error e;
    assert_int_equal(hn_json_load(path, &j, &e), HN_EFORMAT);
    char want[128];
    snprintf(want, sizeof want, "%s:3:3: not JSON: ',' or ']' is missing in an array", path);
    assert_string_equal(e.msg, want);
    assert_int_equal(e.pos, 14);
    remove(path);
    assert_int_equal(hn_json_load(path, &j, &e), HN_ENOENT);
    assert_null(j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quick_is_careful), cmocka_unit_test(test_write_one_line),
        cmocka_unit_test(test_write_indented),
        cmocka_unit_test(test_awkward_but_right),
        cmocka_unit_test(test_refusals_name_the_place),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_building),
        cmocka_unit_test(test_numbers_as_python),
        cmocka_unit_test(test_numbers_by_the_thousand),
        cmocka_unit_test(test_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
