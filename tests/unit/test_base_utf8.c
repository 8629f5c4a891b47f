/* rooms: base */
/* test_base_utf8.c - UTF-8 checked, decoded, encoded and repaired; expectations from CPython 3. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/base.h"

#define R "\xEF\xBF\xBD"

static void test_repair_cases(void **state) {
    (void)state;
    static const struct {
        const char *in;
        size_t n;
        const char *out;
    } cases[] = {
        {"", 0, ""},
        {"abc", 3, "abc"},
        {"\xff", 1, R},
        {"a\xe2\x82", 3, "a" R},
        {"\xe2\x82\xac", 3, "\xe2\x82\xac"},
        {"\xe2(\xa1", 3, R "(" R},
        {"\xf0\x9f\x98", 3, R},
        {"\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"},
        {"\xed\xa0\x80", 3, R R R},
        {"\xc0\xaf", 2, R R},
        {"\xf4\x90\x80\x80", 4, R R R R},
        {"\xf0\x80\x80"
         "A",
         4, R R R "A"},
        {"x\x80\x80y", 4, "x" R R "y"},
        {"\xe0\x9f\x80", 3, R R R},
        {"\xf1\x80"
         "A\xf1\x80\x80\xc3",
         7, R "A" R R},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hn_buf b = {0};
        hn_utf8_repair(&b, cases[i].in, cases[i].n);
        assert_string_equal(b.p, cases[i].out);
        assert_int_equal(hn_utf8_valid(cases[i].in, cases[i].n, NULL),
                         strstr(cases[i].out, R) == NULL);
        hn_buf_release(&b);
    }
}

/* All four-byte strings over the bytes where the rules change: 331,776 of them. hash is
 * h = h * 1000003 + byte over bytes(t).decode("utf-8", "replace").encode(), in order. */
static void test_repair_exhaustive(void **state) {
    (void)state;
    static const unsigned char a[] = {0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                      0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
                                      0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    enum { K = sizeof a };
    uint64_t hash = 0;
    hn_buf b = {0};
    for (size_t i = 0; i < (size_t)K * K * K * K; i++) {
        char t[4] = {(char)a[i / (K * K * K)], (char)a[i / (K * K) % K], (char)a[i / K % K],
                     (char)a[i % K]};
        hn_buf_clear(&b);
        hn_utf8_repair(&b, t, 4);
        for (size_t k = 0; k < b.n; k++) hash = hash * 1000003u + (unsigned char)b.p[k];
        size_t bad = 99;
        bool valid = hn_utf8_valid(t, 4, &bad);
        if (valid != (b.n == 4 && memcmp(b.p, t, 4) == 0))
            fail_msg("valid and repair disagree at %zu", i);
        if (!valid && memcmp(b.p + bad, R, 3) != 0)
            fail_msg("the place of the first error is wrong at %zu", i);
        if (!hn_utf8_valid(b.p, b.n, NULL)) fail_msg("repaired text is not valid at %zu", i);
    }
    hn_buf_release(&b);
    assert_true(hash == 0x326abf8559b0e3bcu);
}

static void test_every_code_point(void **state) {
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char t[4];
        int n = hn_utf8_encode(cp, t);
        uint32_t back = 0;
        int m = hn_utf8_decode(t, t + n, &back);
        bool surrogate = cp >= 0xD800 && cp <= 0xDFFF;
        if (n != m || back != (surrogate ? 0xFFFD : cp)) fail_msg("U+%04X does not come back", cp);
        if (n > 1 && hn_utf8_decode(t, t + n - 1, &back) != 0)
            fail_msg("U+%04X decodes when cut", cp);
    }
    char t[4];
    assert_int_equal(hn_utf8_encode(0x110000, t), 3);
    assert_memory_equal(t, R, 3);
}

static void test_long_texts(void **state) {
    (void)state;
    char text[4096];
    memset(text, 'a', sizeof text);
    for (size_t at = 0; at < 64; at++) { /* an error at each place of the eight-byte steps */
        text[at] = (char)0x80;
        size_t bad = 0;
        assert_false(hn_utf8_valid(text, sizeof text, &bad));
        assert_int_equal(bad, at);
        text[at] = 'a';
    }
    assert_true(hn_utf8_valid(text, sizeof text, NULL));
    assert_true(hn_utf8_valid("a\0b", 3, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repair_cases),
        cmocka_unit_test(test_repair_exhaustive),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
