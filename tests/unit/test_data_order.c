/* rooms: data text base */
/* test_data_order.c - row orders equal to torch's and transformers' (fixtures/sft/order.jsonl, tools/golden/sft_rows.py). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "data/data.h"

static void expect(hn_sampling how, const hn_json *c, const char *key, const int64_t *length, uint64_t seed, int64_t epoch) {
    const hn_json *want = hn_json_get(c, key);
    int64_t n = hn_json_int(hn_json_get(c, "n"), 0), *out = malloc((size_t)n * sizeof *out);
    assert_non_null(out);
    assert_int_equal(hn_json_len(want), n);
    assert_int_equal(hn_order(how, seed, epoch, n, length, hn_json_int(hn_json_get(c, "batch"), 0), out, NULL), HN_OK);
    for (int64_t i = 0; i < n; i++)
        if (out[i] != hn_json_int(hn_json_at(want, (size_t)i), -1)) fail_msg("%s, n = %lld: differs at %lld", key, (long long)n, (long long)i);
    free(out);
}

static void test_reference(void **state) {
    (void)state;
    hn_records *r;
    hn_json *c;
    int64_t line, cases = 0;
    assert_int_equal(hn_records_open(FIXTURES "/sft/order.jsonl", &r, NULL), HN_OK);
    for (;; cases++) {
        assert_int_equal(hn_records_next(r, &c, &line, NULL), HN_OK);
        if (!c) break;
        int64_t n = hn_json_int(hn_json_get(c, "n"), 0), *length = malloc((size_t)n * sizeof *length);
        assert_non_null(length);
        for (int64_t i = 0; i < n; i++) length[i] = hn_json_int(hn_json_at(hn_json_get(c, "lengths"), (size_t)i), 0);
        uint64_t seed = (uint64_t)hn_json_int(hn_json_get(c, "seed"), 0);
        expect(HN_SAMPLE_RANDOM, c, "random", NULL, seed, 0);
        expect(HN_SAMPLE_GROUP_BY_LENGTH, c, "group_by_length", length, seed, 0);
        if (seed > 0) expect(HN_SAMPLE_RANDOM, c, "random", NULL, seed - 1, 1); /* seed and epoch add up */
        free(length);
        hn_json_free(c);
    }
    assert_true(cases >= 5);
    hn_records_close(r);
}

static void test_small(void **state) {
    (void)state;
    int64_t out[3] = {9, 9, 9}, length[3] = {1, 2, 3};
    hn_error e = {0};
    assert_int_equal(hn_order(HN_SAMPLE_SEQUENTIAL, 1, 5, 3, NULL, 0, out, NULL), HN_OK);
    for (int64_t i = 0; i < 3; i++) assert_int_equal(out[i], i);
    assert_int_equal(hn_order(HN_SAMPLE_GROUP_BY_LENGTH, 1, 5, 3, length, 8, out, NULL), HN_OK);
    for (int64_t i = 0; i < 3; i++) assert_int_equal(out[i], 2 - i); /* one mega-batch: by length */
    assert_int_equal(hn_order(HN_SAMPLE_GROUP_BY_LENGTH, 1, 0, 0, length, 8, out, NULL), HN_OK);
    assert_int_equal(hn_order(HN_SAMPLE_RANDOM, 1, 0, 0, NULL, 8, out, NULL), HN_OK);
    assert_int_equal(hn_order(HN_SAMPLE_GROUP_BY_LENGTH, 1, 0, 3, NULL, 8, out, &e), HN_EARG);
    assert_int_equal(hn_order(HN_SAMPLE_GROUP_BY_LENGTH, 1, 0, 3, length, 0, out, &e), HN_EARG);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reference), cmocka_unit_test(test_small)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
