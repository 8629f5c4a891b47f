/* rooms: gen model nn grad dev io data text base */
/* test_gen_sample.c - the sampling rules: each filter by itself, against the definition. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "gen/gen.h"

enum { V = 64 };

static void random_logits(double *z, uint64_t seed) {
    hn_rng_key key = {seed, HN_RNG_TEST, 0, 0};
    for (int i = 0; i < V; i++) z[i] = 8 * hn_rng_uniform(&key, (uint64_t)i) - 4;
}

/* Which tokens can be drawn at all: u runs through [0, 1) in small steps. Returns how many. */
static int reachable(const hn_sampler *s, const double *logits, bool *hit) {
    hn_pick work[V];
    double z[V];
    int count = 0;
    memset(hit, 0, V * sizeof *hit);
    for (int k = 0; k < 4000; k++) {
        memcpy(z, logits, sizeof z);
        hit[hn_sampler_pick(s, z, V, NULL, (k + 0.5) / 4000, work)] = true;
    }
    for (int i = 0; i < V; i++) count += hit[i];
    return count;
}

static void probabilities(const double *z, double t, double *p) {
    double sum = 0;
    for (int i = 0; i < V; i++) sum += p[i] = exp(z[i] / t);
    for (int i = 0; i < V; i++) p[i] /= sum;
}

static void test_greedy_takes_the_first_maximum(void **state) {
    (void)state;
    hn_sampler s = {false, 1, 0, 1, 0, 1};
    hn_pick work[V];
    double z[V] = {0};
    z[9] = z[30] = 2;
    assert_int_equal(hn_sampler_pick(&s, z, V, NULL, 0.99, work), 9);
}

static void test_repetition_penalty(void **state) {
    (void)state;
    hn_sampler s = {false, 1, 0, 1, 0, 2};
    hn_pick work[V];
    double z[V];
    uint8_t seen[V] = {0};
    for (int i = 0; i < V; i++) z[i] = -5;
    z[3] = 4, z[7] = 3;
    seen[3] = 1;
    assert_int_equal(hn_sampler_pick(&s, z, V, seen, 0, work), 7); /* 4 / 2 < 3 */
    for (int i = 0; i < V; i++) z[i] = -5;
    z[3] = -1, z[7] = -1.5;
    assert_int_equal(hn_sampler_pick(&s, z, V, seen, 0, work), 7); /* -1 * 2 < -1.5 */
}

static void test_top_k(void **state) {
    (void)state;
    double z[V];
    bool hit[V];
    for (uint64_t seed = 0; seed < 20; seed++) {
        random_logits(z, seed);
        for (int k = 1; k <= 8; k++) {
            hn_sampler s = {true, 3, k, 1, 0, 1};
            assert_int_equal(reachable(&s, z, hit), k);
            for (int i = 0; i < V; i++) {
                int larger = 0;
                for (int j = 0; j < V; j++) larger += z[j] > z[i];
                assert_int_equal(hit[i], larger < k);
            }
        }
    }
    for (int i = 0; i < V; i++) z[i] = i < 5; /* five equal ones: ties stay */
    assert_int_equal(reachable(&(hn_sampler){true, 1, 2, 1, 0, 1}, z, hit), 5);
}

static void test_top_p_keeps_the_smallest_set(void **state) {
    (void)state;
    double z[V], p[V];
    bool hit[V];
    for (uint64_t seed = 0; seed < 20; seed++) {
        random_logits(z, seed);
        probabilities(z, 1, p);
        for (double top = 0.1; top < 0.95; top += 0.2) {
            reachable(&(hn_sampler){true, 1, 0, top, 0, 1}, z, hit);
            for (int i = 0; i < V; i++) {
                double before = 0; /* mass of the more probable ones: it is kept iff they do not reach top */
                for (int j = 0; j < V; j++) before += p[j] > p[i] ? p[j] : 0;
                if (fabs(before - top) > 1e-3 && p[i] > 2e-3) assert_int_equal(hit[i], before < top);
            }
        }
    }
}

static void test_min_p(void **state) {
    (void)state;
    double z[V], p[V], best = 0;
    bool hit[V];
    random_logits(z, 5);
    probabilities(z, 1, p);
    for (int i = 0; i < V; i++) best = fmax(best, p[i]);
    reachable(&(hn_sampler){true, 1, 0, 1, 0.2, 1}, z, hit);
    for (int i = 0; i < V; i++) assert_int_equal(hit[i], p[i] >= 0.2 * best);
}

static void test_frequencies_follow_the_temperature(void **state) {
    (void)state;
    double z[V], p[V], work_z[V];
    int count[V] = {0};
    hn_pick work[V];
    enum { DRAWS = 40000 };
    random_logits(z, 11);
    probabilities(z, 0.7, p);
    hn_sampler s = {true, 0.7, 0, 1, 0, 1};
    hn_rng_key key = {3, HN_RNG_TEST, 1, 0};
    for (int k = 0; k < DRAWS; k++) {
        memcpy(work_z, z, sizeof z);
        count[hn_sampler_pick(&s, work_z, V, NULL, hn_rng_uniform(&key, (uint64_t)k), work)]++;
    }
    for (int i = 0; i < V; i++) /* five standard deviations of a binomial */
        assert_true(fabs(count[i] - DRAWS * p[i]) <= 5 * sqrt(DRAWS * p[i] * (1 - p[i])) + 1);
}

static void test_settings_are_checked(void **state) {
    (void)state;
    hn_error err = {0};
    assert_int_equal(hn_sampler_check(&(hn_sampler){true, 0, 0, 1, 0, 1}, &err), HN_EARG);
    assert_int_equal(hn_sampler_check(&(hn_sampler){true, 1, 0, 0, 0, 1}, &err), HN_EARG);
    assert_int_equal(hn_sampler_check(&(hn_sampler){true, 1, 0, 1, 2, 1}, &err), HN_EARG);
    assert_int_equal(hn_sampler_check(&(hn_sampler){true, 1, -1, 1, 0, 1}, &err), HN_EARG);
    assert_int_equal(hn_sampler_check(&(hn_sampler){true, 1, 0, 1, 0, 0}, &err), HN_EARG);
    assert_int_equal(hn_sampler_check(&(hn_sampler){true, 1, 40, 0.9, 0.1, 1.1}, &err), HN_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greedy_takes_the_first_maximum),
        cmocka_unit_test(test_repetition_penalty),
        cmocka_unit_test(test_top_k),
        cmocka_unit_test(test_top_p_keeps_the_smallest_set),
        cmocka_unit_test(test_min_p),
        cmocka_unit_test(test_frequencies_follow_the_temperature),
        cmocka_unit_test(test_settings_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
