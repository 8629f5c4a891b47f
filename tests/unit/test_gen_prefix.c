/* rooms: gen model nn grad dev io data text base */
/* test_gen_prefix.c - the prefix cache: turns of a conversation give the tokens they give without it, whatever the next prompt
 * shares with the last, after an answer that was stopped, and after every allocation that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gen/gen.h"

enum { MOST = 128, ANSWER = 8, SAMPLES = 3, VOCAB = 96 };

static hn_dev *dev;
static hn_error err;

typedef struct said { /* what a call told: tokens and reason of each sample */
    int32_t id[SAMPLES][MOST];
    int64_t n[SAMPLES];
    const char *reason[SAMPLES];
    int64_t calls, stop_after; /* 0: never */
} said;

static bool listen(const hn_gen_piece *p, void *user) {
    said *s = user;
    if (p->token >= 0) s->id[p->sample][s->n[p->sample]++] = p->token;
    if (p->finish_reason) s->reason[p->sample] = p->finish_reason;
    return ++s->calls != s->stop_after;
}

static hn_model *load(const char *name) {
    char path[512];
    hn_model *m = NULL;
    snprintf(path, sizeof path, FIXTURES "/models/%s", name);
    if (hn_model_load(dev, path, &(hn_load_opts){.read_only = true}, &m, &err) != HN_OK) fail_msg("%s: %s", name, err.msg);
    return m;
}

static const hn_sampler GREEDY = {false, 1, 0, 1, 0, 1}, DRAWN = {true, 1.3, 0, 0.95, 0, 1}, PENALTY = {false, 1, 0, 1, 0, 1.3};

static hn_gen_opts opts(const hn_sampler *s, hn_prefix_cache *c) {
    return (hn_gen_opts){.sampler = *s, .max_new_tokens = ANSWER, .samples = 1, .seed = 7, .ignore_eos = true, .prefix = c};
}

static void random_ids(uint64_t seed, int32_t *id, int64_t n) {
    const hn_rng_key key = {.seed = seed, .purpose = HN_RNG_TEST};
    for (int64_t i = 0; i < n; i++) id[i] = (int32_t)(hn_rng_uniform(&key, (uint64_t)i) * VOCAB);
}

static void equal(const char *name, const char *turn, const said *a, const said *b) {
    for (int k = 0; k < SAMPLES; k++) {
        if (a->n[k] != b->n[k] || memcmp(a->id[k], b->id[k], (size_t)a->n[k] * sizeof *a->id[k]) != 0) fail_msg("%s: %s: sample %d differs", name, turn, k);
        if (a->n[k]) assert_string_equal(a->reason[k], b->reason[k]);
    }
}

/* One turn with the cache and one without, which must agree; how many tokens were reused is known beforehand. */
static said turn(hn_model *m, const char *name, const char *what, const int32_t *id, int64_t n, hn_gen_opts o, int64_t reused) {
    said with = {0}, without = {0};
    const hn_gen_prompt p = {id, n};
    if (hn_generate(dev, m, NULL, &p, 1, &o, listen, &with, &err) != HN_OK) fail_msg("%s: %s: %s", name, what, err.msg);
    if (hn_prefix_cache_reused(o.prefix) != reused)
        fail_msg("%s: %s: %d tokens reused, not %d", name, what, (int)hn_prefix_cache_reused(o.prefix), (int)reused);
    o.prefix = NULL;
    if (hn_generate(dev, m, NULL, &p, 1, &o, listen, &without, &err) != HN_OK) fail_msg("%s: %s: %s", name, what, err.msg);
    equal(name, what, &with, &without);
    return with;
}

static int64_t take(int32_t *id, int64_t n, const said *s) {
    memcpy(id + n, s->id[0], (size_t)s->n[0] * sizeof *id);
    return n + s->n[0];
}

static void converse(hn_model *m, const char *name, const hn_sampler *sampler) {
    hn_prefix_cache *c = NULL;
    assert_int_equal(hn_prefix_cache_new(dev, m, &c, &err), HN_OK);
    hn_gen_opts o = opts(sampler, c);
    int32_t id[MOST];
    int64_t n = 9;
    random_ids(1, id, MOST);
    said s = turn(m, name, "first", id, n, o, 0);
    assert_int_equal(hn_prefix_cache_tokens(c), n + ANSWER - 1); /* the last token was not computed */
    n = take(id, n, &s) + 6;                                     /* six tokens of the next message */
    s = turn(m, name, "second", id, n, o, 9 + ANSWER - 1);
    int64_t before = n;
    n = take(id, n, &s) + 3;
    s = turn(m, name, "third", id, n, o, before + ANSWER - 1);
    turn(m, name, "the same again", id, n, o, n - 1); /* its last token is computed for the logits */
    id[12] = (id[12] + 1) % VOCAB;
    turn(m, name, "history rewritten", id, n, o, 12);
    turn(m, name, "history cut", id, 5, o, 4);
    id[0] = (id[0] + 1) % VOCAB;
    turn(m, name, "nothing shared", id, n, o, 0);
    o.samples = sampler->sample ? SAMPLES : 1;
    turn(m, name, "several samples", id, n, o, n - 1);
    turn(m, name, "after them", id, n, opts(sampler, c), n - 1);
    const int64_t positions = hn_model_get_info(m)->max_position;
    const int32_t last = id[0];
    random_ids(2, id, positions);
    id[0] = (last + 1) % VOCAB;
    s = turn(m, name, "to the end", id, positions - 3, opts(sampler, c), 0);
    assert_string_equal(s.reason[0], "length");
    assert_int_equal(s.n[0], 3);
    hn_prefix_cache_free(c);
}

static void test_cached_is_full(void **state) {
    (void)state;
    static const char *const models[] = {"llama", "llama_yarn", "mistral", "qwen3", "gpt2", "gpt_neox", "gpt_neox_seq"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) { /* mistral's window of 16 is shorter than the conversation */
        hn_model *m = load(models[i]);
        converse(m, models[i], &GREEDY);
        converse(m, models[i], &DRAWN);
        converse(m, models[i], &PENALTY);
        hn_model_free(m);
    }
}

static void test_after_a_stop(void **state) {
    (void)state;
    hn_model *m = load("mistral");
    hn_prefix_cache *c = NULL;
    assert_int_equal(hn_prefix_cache_new(dev, m, &c, &err), HN_OK);
    hn_gen_opts o = opts(&DRAWN, c);
    int32_t id[MOST];
    random_ids(3, id, MOST);
    for (int64_t stop = 1; stop <= ANSWER; stop++) {
        said s = {.stop_after = stop};
        int64_t n = 4 + 2 * stop;
        const hn_gen_prompt p = {id, n};
        assert_int_equal(hn_generate(dev, m, NULL, &p, 1, &o, listen, &s, &err), HN_ECANCEL);
        assert_int_equal(hn_prefix_cache_tokens(c), n + stop - 1);
        int32_t next[MOST];
        memcpy(next, id, sizeof next);
        n = take(next, n, &s);
        turn(m, "mistral", "after a stop", next, n + 2, o, n - 1);
    }
    hn_prefix_cache_free(c);
    hn_model_free(m);
}

/* A call that runs out of memory anywhere leaves a cache that still tells the truth. */
static void test_after_no_memory(void **state) {
    (void)state;
    hn_model *m = load("mistral");
    hn_prefix_cache *c = NULL;
    int32_t id[MOST], other[MOST];
    random_ids(4, id, MOST);
    memcpy(other, id, sizeof other);
    other[20] = (other[20] + 1) % VOCAB;
    hn_status st = HN_ENOMEM;
    said expected = {0};
    hn_gen_opts o = opts(&GREEDY, NULL);
    const hn_gen_prompt short_one = {id, 17}, long_one = {other, 40};
    assert_int_equal(hn_generate(dev, m, NULL, &long_one, 1, &o, listen, &expected, &err), HN_OK);
    int64_t fault = 1;
    for (; st != HN_OK; fault++) {
        said before = {0}, broken = {0}, after = {0};
        assert_int_equal(hn_prefix_cache_new(dev, m, &c, &err), HN_OK);
        o.prefix = c;
        assert_int_equal(hn_generate(dev, m, NULL, &short_one, 1, &o, listen, &before, &err), HN_OK);
        hn_mem_fail_after(fault);
        st = hn_generate(dev, m, NULL, &(hn_gen_prompt){id, 30}, 1, &o, listen, &broken, &err);
        hn_mem_fail_after(-1);
        assert_true(st == HN_OK || st == HN_ENOMEM);
        assert_int_equal(hn_generate(dev, m, NULL, &long_one, 1, &o, listen, &after, &err), HN_OK);
        equal("mistral", "after a failed call", &after, &expected);
        hn_prefix_cache_free(c);
    }
    assert_true(fault > 10); /* there were allocations to fail */
    hn_model_free(m);
}

static void test_refusals(void **state) {
    (void)state;
    hn_model *m = load("llama"), *other = load("llama");
    hn_prefix_cache *c = NULL;
    said s = {0};
    assert_int_equal(hn_prefix_cache_new(dev, m, &c, &err), HN_OK);
    hn_gen_opts o = opts(&GREEDY, c);
    const int32_t id[3] = {5, 6, 7};
    const hn_gen_prompt two[2] = {{id, 3}, {id, 2}}, none = {id, 0};
    assert_int_equal(hn_generate(dev, m, NULL, two, 2, &o, listen, &s, &err), HN_EARG);
    assert_non_null(strstr(err.msg, "one prompt"));
    assert_int_equal(hn_generate(dev, other, NULL, two, 1, &o, listen, &s, &err), HN_EARG);
    assert_non_null(strstr(err.msg, "another model"));
    assert_int_equal(hn_generate(dev, m, NULL, &none, 1, &o, listen, &s, &err), HN_EARG);
    assert_int_equal(s.calls, 0);
    hn_prefix_cache_free(c);
    hn_prefix_cache_free(NULL);
    hn_model_free(m);
    hn_model_free(other);
}

static int open_device(void **state) {
    (void)state;
    return hn_dev_cpu_new(NULL, &dev, &err) == HN_OK ? 0 : -1;
}

static int close_device(void **state) {
    (void)state;
    hn_dev_free(dev);
    hn_par_shutdown();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cached_is_full), cmocka_unit_test(test_after_a_stop),
                                       cmocka_unit_test(test_after_no_memory), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, open_device, close_device);
}
