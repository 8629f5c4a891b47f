/* rooms: train gen model objective nn grad data text dev io base */
/* test_train_schedule.c - courses of the learning rate equal to transformers' to the last bit
 * (fixtures/schedule/rates.jsonl, tools/golden/schedules.py), and what their settings refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "train/train.h"

static int64_t check_case(const hn_json *j) {
    const char *type = hn_json_cstr(hn_json_get(j, "type"));
    const hn_json *kwargs = hn_json_get(j, "kwargs"), *rates = hn_json_get(j, "rates");
    double lr = hn_json_num(hn_json_get(j, "lr"), 0);
    int64_t warmup = hn_json_int(hn_json_get(j, "warmup"), -1), n = (int64_t)hn_json_len(rates);
    hn_error err = {0};
    if (hn_schedule_check(type, kwargs, &err) != HN_OK) fail_msg("%s: %s", type, err.msg);
    for (int64_t s = 0; s < n; s++) {
        double want = hn_json_num(hn_json_at(rates, (size_t)s), -1), got = hn_schedule(type, kwargs, s, warmup, n, lr);
        if (got != want)
            fail_msg("%s, warm-up %lld, step %lld: %.17g, transformers %.17g", type, (long long)warmup, (long long)s, got, want);
    }
    return n;
}

static void test_rates(void **state) {
    (void)state;
    hn_records *r = NULL;
    hn_json *j = NULL;
    int64_t line, cases = 0, rates = 0;
    hn_error err = {0};
    assert_int_equal(hn_records_open(FIXTURES "/schedule/rates.jsonl", &r, &err), HN_OK);
    while (hn_records_next(r, &j, &line, &err) == HN_OK && j) {
        rates += check_case(j);
        cases++;
        hn_json_free(j);
    }
    hn_records_close(r);
    assert_int_equal(cases, 20);
    print_message("%lld courses, %lld rates equal\n", (long long)cases, (long long)rates);
}

static void refused(const char *type, const char *kwargs, const char *why) {
    hn_json *j = NULL;
    hn_error err = {0};
    assert_int_equal(hn_json_parse(kwargs, strlen(kwargs), "kwargs", 1, &j, &err), HN_OK);
    assert_int_equal(hn_schedule_check(type, j, &err), HN_EARG);
    if (!strstr(err.msg, why)) fail_msg("%s %s: the message does not say '%s': %s", type, kwargs, why, err.msg);
    hn_json_free(j);
}

static void test_refused(void **state) {
    (void)state;
    refused("linearly", "{}", "linearly");
    refused("linear", "{\"num_cycles\": 2}", "num_cycles");
    refused("cosine", "[2]", "object");
    refused("cosine", "{\"num_cycles\": \"two\"}", "num_cycles");
    refused("warmup_stable_decay", "{}", "num_decay_steps");
    refused("warmup_stable_decay", "{\"num_decay_steps\": 2, \"decay_type\": \"steep\"}", "decay_type");
    refused("cosine_with_min_lr", "{}", "min_lr");
    refused("cosine_with_min_lr", "{\"min_lr\": 1e-5, \"min_lr_rate\": 0.1}", "not both");
}

/* A rate of 0 is legal under every course. */
static void test_zero(void **state) {
    (void)state;
    static const char *const types[] = {"linear", "cosine", "polynomial", "constant", "inverse_sqrt", "cosine_with_restarts"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (int64_t s = 0; s < 10; s++) assert_true(hn_schedule(types[i], NULL, s, 2, 10, 0.0) == 0.0);
}

typedef struct opt_case {
    const char *name, *value, *says;
} opt_case;

static void test_settings(void **state) {
    (void)state;
    static const opt_case cases[][3] = {
        {{"bf16", "true", "--bf16"}},
        {{"fp16", "true", "--fp16"}},
        {{"max_steps", "0", "nothing to train"}},
        {{"adam_beta2", "1", "adam_beta2"}},
        {{"logging_steps", "2.5", "--logging_steps"}},
        {{"warmup_steps", "1.5", "--warmup_steps"}},
        {{"load_best_model_at_end", "true", "needs evaluations"}},
        {{"save_strategy", "best", "needs evaluations"}},
        {{"load_best_model_at_end", "true", "--save_strategy is steps"}, {"eval_strategy", "epoch", NULL}},
        {{"save_steps", "7", "multiple"}, {"load_best_model_at_end", "true", NULL}, {"eval_strategy", "steps", NULL}},
        {{"lr_scheduler_kwargs", "{", "lr_scheduler_kwargs"}},
        {{"lr_scheduler_kwargs", "{\"power\": 2}", "power"}},
        {{"lr_scheduler_type", "polynomial", "lr_end"}, {"learning_rate", "1e-8", NULL}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hn_train_opts o;
        hn_config *c = NULL;
        hn_error err = {0};
        assert_int_equal(hn_config_new(&c, &err), HN_OK);
        assert_int_equal(hn_config_add(c, hn_train_table, &o, &err), HN_OK);
        assert_int_equal(hn_train_opts_check(&o, &err), HN_OK);
        for (int k = 0; k < 3 && cases[i][k].name; k++)
            if (hn_config_set(c, cases[i][k].name, cases[i][k].value, HN_FROM_FLAG, &err) != HN_OK) fail_msg("%s", err.msg);
        assert_int_equal(hn_train_opts_check(&o, &err), HN_EARG);
        if (!strstr(err.msg, cases[i][0].says))
            fail_msg("%s: '%s' does not say '%s'", cases[i][0].name, err.msg, cases[i][0].says);
        hn_config_free(c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rates), cmocka_unit_test(test_refused), cmocka_unit_test(test_zero),
                                       cmocka_unit_test(test_settings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
