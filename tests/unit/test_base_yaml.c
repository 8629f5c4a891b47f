/* rooms: base */
/* test_base_yaml.c - settings from YAML and JSON: types by our table, errors with their place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "config_sample.h"

static sample s;
static hn_config *c;
static hn_error err;
static hn_mem_stats at_start;
static char path[64];

static int set_up(void **state) {
    (void)state;
    hn_mem_get(&at_start);
    memset(&err, 0, sizeof err);
    if (hn_config_new(&c, NULL) != HN_OK) return -1;
    return hn_config_add(c, sample_table, &s, &err) == HN_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    hn_config_free(c);
    hn_mem_stats after;
    hn_mem_get(&after);
    return after.live == at_start.live ? 0 : -1;
}

static hn_status load_bytes(const char *text, size_t n) {
    snprintf(path, sizeof path, "/tmp/hone-yaml-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    close(fd);
    hn_status code = hn_config_load(c, path, &err);
    unlink(path);
    return code;
}

static void load(const char *text) {
    if (load_bytes(text, strlen(text)) != HN_OK) fail_msg("%s", err.msg);
}

/* msg follows the path and ':' */
static void refuse(const char *text, const char *msg) {
    assert_int_equal(load_bytes(text, strlen(text)), HN_EARG);
    char want[1024];
    snprintf(want, sizeof want, "%s:%s", path, msg);
    assert_string_equal(err.msg, want);
}

static void test_types_by_the_table(void **state) {
    (void)state;
    load("# a comment\n"
         "learning_rate: 2e-5\n"
         "beta: .25\n"
         "packing: yes\n"
         "shuffle: Off\n"
         "max_steps: 1e3\n"
         "data-seed: 007\n"
         "model_name_or_path: 2e-5\n"
         "run_name: yes\n"
         "eval_strategy: no\n"
         "lora_target_modules:\n  - q_proj\n  - \"a, b\"\n"
         "report_to: [tensorboard, trackio]\n");
    assert_true(s.rate == 2e-5);
    assert_true(s.beta == 0.25);
    assert_true(s.packing);
    assert_false(s.shuffle);
    assert_int_equal(s.steps, 1000);
    assert_int_equal(s.seed, 7);
    assert_string_equal(s.model, "2e-5");
    assert_string_equal(s.run_name, "yes");
    assert_string_equal(s.strategy, "no");
    assert_int_equal(s.modules.n, 2);
    assert_string_equal(s.modules.v[1], "a, b"); /* an item of a sequence is whole */
    assert_int_equal(s.report_to.n, 2);
    hn_origin from = HN_FROM_DEFAULT;
    hn_config_find(c, "beta", &from);
    assert_int_equal(from, HN_FROM_FILE);
}

static void test_unset_and_empty(void **state) {
    (void)state;
    load("");
    load("# nothing\n");
    load("---\n...\n");
    load("null\n");
    load("data_seed: 5\nmodel_name_or_path: m\nrun_name: x\nwarmup_steps: 3\nlora_target_modules: "
         "q k\n");
    assert_int_equal(s.modules.n, 2);
    load("data_seed: null\nmodel_name_or_path: ~\nrun_name:\nwarmup_steps: "
         "None\nlora_target_modules: null\n");
    assert_true(s.seed == HN_UNSET_INT);
    assert_null(s.model);
    assert_null(s.run_name);
    assert_true(isnan(s.warmup));
    assert_int_equal(s.modules.n, 0);
    load("model_name_or_path: ''\n");
    assert_string_equal(s.model, "");
    load("eval_strategy: none\n");
    assert_string_equal(s.strategy, "none");
    refuse("max_steps:\n", "1:11: max_steps: needs a value and cannot be unset");
    refuse("max_steps: null\n", "1:12: max_steps: needs a value and cannot be unset");
    refuse("max_steps: none\n", "1:12: max_steps: 'none' is not a whole number");
}

static void test_dictionaries_become_json(void **state) {
    (void)state;
    load("chat_template_kwargs:\n  thinking: true\n  n: 3\n  r: 2e-5\n  v: 1.10\n  t: \"3\"\n  z: "
         "null\n  w: none\n"
         "  d: 2024-01-01\n  l: [1, a, {b: ~}]\n");
    assert_string_equal(
        s.kwargs,
        "{\"thinking\": true, \"n\": 3, \"r\": 2e-05, \"v\": 1.1, \"t\": \"3\", \"z\": null, "
        "\"w\": \"none\", \"d\": \"2024-01-01\", \"l\": [1, \"a\", {\"b\": null}]}");
    load("chat_template_kwargs: '{\"a\": 1}'\n");
    assert_string_equal(s.kwargs, "{\"a\": 1}");
    load("chat_template_kwargs:\n  - {path: x}\n  - {path: y}\n");
    assert_string_equal(s.kwargs, "[{\"path\": \"x\"}, {\"path\": \"y\"}]");
    load("chat_template_kwargs: {a: &x [1, 2], b: *x}\n");
    assert_string_equal(s.kwargs, "{\"a\": [1, 2], \"b\": [1, 2]}");
    refuse("chat_template_kwargs:\n  a: 1\n  a: 2\n", "3:3: 'a' is given twice");
}

static void test_bombs(void **state) {
    (void)state;
    refuse("chat_template_kwargs: &a {x: *a}\n", "1:23: nested too deeply or repeated too often");
    hn_buf b = {0};
    hn_buf_puts(&b, "chat_template_kwargs:\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++) {
        hn_buf_printf(&b, "  a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++) hn_buf_printf(&b, "%s*a%d", k ? ", " : "", i - 1);
        hn_buf_puts(&b, "]\n");
    }
    assert_int_equal(load_bytes(b.p, b.n), HN_EARG);
    assert_non_null(strstr(err.msg, "repeated too often"));
    hn_buf_release(&b);
}

static void test_errors_name_the_place(void **state) {
    (void)state;
    refuse("packing: true\nbeta: 2\n", "2:7: beta: 2 is out of range: 0 to 1");
    refuse("beta: 0.1\nmax_steps: 3\nbeta: 0.2\n", "3:1: 'beta' is given twice");
    assert_string_equal(err.detail, "first in line 1, column 1");
    refuse("batch_size: 1\nper-device-train-batch-size: 2\n",
           "2:1: 'per_device_train_batch_size' is given twice");
    refuse("\n  lerning_rate: 1\n", "2:3: unknown option 'lerning_rate'");
    assert_string_equal(err.fix, "did you mean 'learning_rate'?");
    refuse("beta: [1]\n", "1:7: beta: one value is expected, not a list");
    refuse("packing: {a: b}\n", "1:10: packing: one value is expected, not a map");
    refuse("eval_strategy: [no]\n", "1:16: eval_strategy: one value is expected, not a list");
    refuse("lora_target_modules: [a, [b]]\n",
           "1:26: lora_target_modules: a list of words is expected");
    refuse("report_to: [wandb]\n", "1:12: report_to: 'wandb' is not among the choices");
    refuse("- a\n- b\n", "1:1: a map of options is expected");
    refuse("just words\n", "1:1: a map of options is expected");
    refuse("[a]: b\n", "1:1: the name of an option is expected");
    refuse("beta: 0.1\n---\nbeta: 0.2\n", "3:1: a second document: one is expected");
    refuse("model_name_or_path: \"a\\0b\"\n", "1:21: model_name_or_path: holds a NUL character");
    refuse("beta: 0.1\n  packing: true\n", "2:10: mapping values are not allowed in this context");
    refuse("run_name: \"open\n", "2:1: found unexpected end of stream");
    refuse("run_name: *nobody\n", "1:11: found undefined alias");
    assert_int_equal(load_bytes("run_name: a\xff\n", 13), HN_EARG);
    assert_non_null(strstr(err.msg, ": byte 11: "));
    assert_int_equal(hn_config_load(c, "/nowhere/x.yaml", &err), HN_ENOENT);
}

static void test_env_map(void **state) {
    (void)state;
    unsetenv("HONE_TEST_A");
    load("env:\n  HONE_TEST_A: '1'\n  HONE_TEST_B: two words\nbeta: 0.2\n");
    assert_string_equal(getenv("HONE_TEST_A"), "1");
    assert_string_equal(getenv("HONE_TEST_B"), "two words");
    load("env:\n");
    refuse("env: 3\n", "1:6: env: a map of variables is expected");
    refuse("env:\n  A: [1]\n", "2:3: env: a variable and its text are expected");
    refuse("env:\n  \"A=B\": 1\n", "2:3: env: 'A=B' is no name of a variable");
    refuse("env: {}\nenv: {}\n", "2:1: 'env' is given twice");
    unsetenv("HONE_TEST_A");
    unsetenv("HONE_TEST_B");
}

static void test_lower_and_higher_sources(void **state) {
    (void)state;
    assert_int_equal(hn_config_set(c, "beta", "0.9", HN_FROM_FLAG, &err), HN_OK);
    load("beta: 0.2\nmicro_batch_size: 3\nddp_timeout: 1800\n");
    assert_true(s.beta == 0.9);
    assert_int_equal(s.batch, 3);
    hn_buf b = {0};
    hn_config_notes(c, &b);
    assert_string_equal(b.p, "'micro_batch_size' is called 'per_device_train_batch_size' here\n"
                             "'ddp_timeout' has no effect here: one process needs none\n");
    hn_buf_release(&b);
    load("beta: 0.3\n"); /* the same file again is no duplicate */
}

static void fill_with_odd_values(void) {
    load("run_name: \"quote \\\" back \\\\ \\u007f tab\\t \\u00e9 \\U0001F600 # no comment\"\n"
         "model_name_or_path: 'true'\n"
         "lora_target_modules: ['a, b', '- c', '', 'null', x.y]\n"
         "learning_rate: 1.2345678901234567e-300\nmax_steps: -9007199254740993\nwarmup_steps: "
         "null\npacking: on\n"
         "chat_template_kwargs: {k: [1, 2]}\n");
}

static void expect_odd_values(void) {
    assert_string_equal(s.run_name,
                        "quote \" back \\ \x7f tab\t \xc3\xa9 \xf0\x9f\x98\x80 # no comment");
    assert_string_equal(s.model, "true");
    assert_int_equal(s.modules.n, 5);
    assert_string_equal(s.modules.v[0], "a, b");
    assert_string_equal(s.modules.v[1], "- c");
    assert_string_equal(s.modules.v[2], "");
    assert_string_equal(s.modules.v[3], "null");
    assert_true(s.rate == 1.2345678901234567e-300);
    assert_int_equal(s.steps, -9007199254740993);
    assert_true(isnan(s.warmup));
    assert_true(s.packing);
    assert_string_equal(s.kwargs, "{\"k\": [1, 2]}");
    assert_null(s.resume);
}

static void set(const char *name, const char *value) {
    assert_int_equal(hn_config_set(c, name, value, HN_FROM_FLAG, NULL), HN_OK);
}

static void again(void) {
    hn_config_free(c);
    assert_int_equal(hn_config_new(&c, NULL), HN_OK);
    assert_int_equal(hn_config_add(c, sample_table, &s, &err), HN_OK);
}

static void test_own_yaml_reads_back(void **state) {
    (void)state;
    fill_with_odd_values();
    hn_buf b = {0};
    hn_config_yaml(c, &b);
    again();
    load(b.p);
    expect_odd_values();
    hn_buf_release(&b);
}

static void test_own_json_reads_back(void **state) {
    (void)state;
    fill_with_odd_values();
    set("run_name", "quote \" back \\ tab\t \xc3\xa9 \xf0\x9f\x98\x80 # no comment");
    hn_json *j = hn_config_json(c);
    hn_buf b = {0};
    hn_json_write(&b, j, 2);
    hn_json_free(j);
    again();
    load(b.p);
    assert_string_equal(s.run_name,
                        "quote \" back \\ tab\t \xc3\xa9 \xf0\x9f\x98\x80 # no comment");
    set("run_name", "quote \" back \\ \x7f tab\t \xc3\xa9 \xf0\x9f\x98\x80 # no comment");
    expect_odd_values();
    hn_buf_release(&b);
}

static void test_any_yaml(void **state) {
    (void)state;
    const char *text = "a: [1, two, \"3\", ~, 4.5, true]\nb: {c: d}\n---\nsecond: document\n";
    hn_json *j;
    hn_buf b = {0};
    assert_int_equal(hn_yaml_parse(text, strlen(text), "text", &j, &err), HN_OK);
    hn_json_write(&b, j, 0);
    assert_string_equal(b.p, "{\"a\": [1, \"two\", \"3\", null, 4.5, true], \"b\": {\"c\": \"d\"}}");
    hn_buf_release(&b);
    hn_json_free(j);
    assert_int_equal(hn_yaml_parse("a: [", 4, "text", &j, &err), HN_EARG);
    assert_null(j);
    assert_non_null(strstr(err.msg, "text:"));
    assert_int_equal(hn_yaml_parse("", 0, "text", &j, &err), HN_OK);
    assert_null(j);
}

static void test_out_of_memory(void **state) {
    (void)state;
    static const char text[] = "run_name: x\nlora_target_modules: [a, b]\nreport_to: "
                               "trackio\nchat_template_kwargs: {a: b}\n";
    int failures = 0;
    for (int n = 1; n < 100; n++) {
        again();
        hn_mem_fail_after(n);
        hn_status code = load_bytes(text, sizeof text - 1);
        hn_mem_fail_after(-1);
        if (code == HN_OK) break;
        assert_int_equal(code, HN_ENOMEM);
        failures++;
    }
    assert_true(failures >= 6 && failures < 50); /* leaks show when the test is torn down */
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_types_by_the_table),       T(test_unset_and_empty),
        T(test_dictionaries_become_json), T(test_bombs),
        T(test_errors_name_the_place),    T(test_env_map),
        T(test_lower_and_higher_sources), T(test_own_yaml_reads_back),
        T(test_own_json_reads_back), T(test_any_yaml),      T(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
