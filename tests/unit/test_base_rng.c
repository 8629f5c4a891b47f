/* rooms: base */
/* test_base_rng.c - random numbers against published and PyTorch's answers, and their moments. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "base/rng_impl.h"

/* Random123's kat_vectors, philox4x32 with 10 rounds. */
static void test_philox_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t out[4];
        hn_philox(cases[i].counter, cases[i].key, out);
        assert_memory_equal(out, cases[i].out, sizeof out);
    }
}

static void test_streams_differ(void **state) {
    (void)state;
    const hn_rng_key base = {.seed = 1, .purpose = HN_RNG_TEST, .site = 2, .step = 3};
    uint32_t a[4], b[4];
    hn_rng_bits(&base, 5, a);
    hn_rng_bits(&base, 5, b);
    assert_memory_equal(a, b, sizeof a);
    hn_rng_key other[5] = {base, base, base, base, base};
    other[0].seed += (uint64_t)1 << 40;
    other[1].purpose++;
    other[2].site++;
    other[3].step++;
    other[4].step += (uint64_t)1 << 40;
    for (int i = 0; i < 5; i++) {
        hn_rng_bits(&other[i], 5, b);
        assert_memory_not_equal(a, b, sizeof a);
    }
    hn_rng_bits(&base, 5 + ((uint64_t)1 << 40), b);
    assert_memory_not_equal(a, b, sizeof a);
}

enum { N = 400000 };
static float values[N];

/* numpy 2.4: default_rng(seed).random(2), .permutation(10), and the ends of permutation(100000). */
static void test_numpy(void **state) {
    (void)state;
    static const struct {
        uint64_t seed;
        double random[2];
        int64_t permutation[10];
    } cases[] = {
        {0, {0x1.461fd79fb3850p-1, 0x1.1442f7e20b674p-2}, {4, 6, 2, 7, 3, 5, 9, 0, 8, 1}},
        {42, {0x1.8c43f79a2db24p-1, 0x1.c16959869e47ep-2}, {5, 6, 0, 7, 3, 2, 4, 9, 1, 8}},
        {1099511627783u, {0x1.a8dd3c4069bc4p-1, 0x1.056eb7267021cp-2}, {6, 2, 8, 7, 9, 3, 4, 1, 5, 0}},
    };
    int64_t got[10];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hn_numpy_rng rng;
        hn_numpy_seed(&rng, cases[i].seed);
        for (int k = 0; k < 2; k++) assert_true(hn_numpy_uniform(&rng) == cases[i].random[k]);
        hn_numpy_permutation(cases[i].seed, 10, got);
        assert_memory_equal(got, cases[i].permutation, sizeof got);
    }
    static int64_t large[100000];
    static const int64_t first[] = {45070, 71435, 99538, 45453, 95412}, last[] = {87647, 63842, 27285, 16809, 84619};
    hn_numpy_permutation(7, 100000, large);
    assert_memory_equal(large, first, sizeof first);
    assert_memory_equal(large + 100000 - 5, last, sizeof last);
}

static void test_uniform(void **state) {
    (void)state;
    const hn_rng_key key = {.seed = 7, .purpose = HN_RNG_TEST};
    hn_rng_fill_uniform(&key, 0, values, N, -2.0f, 4.0f);
    double sum = 0, square = 0;
    for (int i = 0; i < N; i++) {
        assert_true(values[i] >= -2.0f && values[i] < 4.0f);
        sum += (double)values[i];
        square += (double)values[i] * (double)values[i];
    }
    double mean = sum / N, var = square / N - mean * mean;
    assert_true(fabs(mean - 1.0) < 5 * sqrt(3.0 / N)); /* variance 36/12 = 3 */
    assert_true(fabs(var - 3.0) < 0.03);
    float part[10];
    hn_rng_fill_uniform(&key, 0, part, 10, -2.0f, 4.0f);
    assert_memory_equal(part, values, sizeof part); /* a shorter fill is a prefix */
    hn_rng_fill_uniform(&key, 40, part, 10, -2.0f, 4.0f);
    assert_memory_equal(part, values + 40, sizeof part); /* a later one goes on in the same stream */
    double u = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        double v = hn_rng_uniform(&key, i);
        assert_true(v >= 0.0 && v < 1.0);
        u += v;
    }
    assert_true(fabs(u / 100000 - 0.5) < 5 * sqrt(1.0 / 12 / 100000));
}

static void test_normal(void **state) {
    (void)state;
    const hn_rng_key key = {.seed = 9, .purpose = HN_RNG_INIT, .site = 4};
    hn_rng_fill_normal(&key, values, N, 3.0f, 2.0f);
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0, neighbours = 0, before = 0;
    for (int i = 0; i < N; i++) {
        double z = ((double)values[i] - 3.0) / 2.0;
        assert_true(isfinite(z));
        m1 += z / N;
        m2 += z * z / N;
        m3 += z * z * z / N;
        m4 += z * z * z * z / N;
        neighbours += z * before / N;
        before = z;
    }
    assert_true(fabs(m1) < 5 * sqrt(1.0 / N));
    assert_true(fabs(m2 - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(m3) < 5 * sqrt(15.0 / N));
    assert_true(fabs(m4 - 3) < 5 * sqrt(96.0 / N));
    assert_true(fabs(neighbours) < 5 * sqrt(1.0 / N));
    float part[7];
    hn_rng_fill_normal(&key, part, 7, 3.0f, 2.0f);
    assert_memory_equal(part, values, sizeof part);
}

/* The first and the 10000th word of MT19937 seeded with 5489; C++ promises the latter. */
static void test_mt19937_known_answer(void **state) {
    (void)state;
    hn_mt19937 mt;
    hn_mt19937_seed(&mt, 5489);
    uint32_t word = hn_mt19937_next(&mt);
    assert_int_equal(word, 3499211612u);
    for (int i = 2; i <= 10000; i++) word = hn_mt19937_next(&mt);
    assert_int_equal(word, 4123659995u);
}

/* torch.randperm(10, generator=torch.Generator().manual_seed(seed)), PyTorch 2.15. */
static void test_randperm_small(void **state) {
    (void)state;
    static const struct {
        uint64_t seed;
        int64_t out[10];
    } cases[] = {
        {0, {4, 1, 7, 5, 3, 9, 0, 8, 6, 2}},
        {42, {2, 6, 1, 8, 4, 5, 0, 9, 3, 7}},
        {12345, {0, 7, 1, 6, 4, 2, 8, 9, 5, 3}},
        {2147483655u, {3, 2, 6, 5, 9, 0, 8, 1, 4, 7}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t out[10];
        hn_randperm_torch(cases[i].seed, 10, out);
        assert_memory_equal(out, cases[i].out, sizeof out);
    }
    int64_t one = 5;
    hn_randperm_torch(1, 1, &one);
    assert_int_equal(one, 0);
    hn_randperm_torch(1, 0, &one);
}

static uint64_t hash_of_perm(uint64_t seed, int64_t n) {
    int64_t *out = hn_alloc_array((size_t)n, sizeof *out);
    assert_non_null(out);
    hn_randperm_torch(seed, n, out);
    uint64_t hash = 0;
    for (int64_t i = 0; i < n; i++) hash = hash * 1000003u + (uint64_t)out[i];
    hn_free(out);
    return hash;
}

static void test_randperm_large(void **state) {
    (void)state;
    assert_true(hash_of_perm(42, 1000) == 0x21e9cb0383069c58u);
    assert_true(hash_of_perm(7, 100003) == 0x97ee33c5ffa59fa9u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_known_answers),
        cmocka_unit_test(test_streams_differ),
        cmocka_unit_test(test_numpy), cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_mt19937_known_answer),
        cmocka_unit_test(test_randperm_small),
        cmocka_unit_test(test_randperm_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
