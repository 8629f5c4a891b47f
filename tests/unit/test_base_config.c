/* rooms: base */
/* test_base_config.c - option tables: values, ranges, sources and the command line. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "config_sample.h"

static sample s;
static other o;
static hn_config *c;
static hn_error err;
static const char *rest[32];
static int nrest;
static hn_mem_stats at_start;

static int set_up(void **state) {
    (void)state;
    hn_mem_get(&at_start);
    memset(&s, 0x5A, sizeof s); /* what the struct held before must not matter */
    memset(&err, 0, sizeof err);
    if (hn_config_new(&c, NULL) != HN_OK) return -1;
    if (hn_config_add(c, sample_table, &s, &err) != HN_OK) return -1;
    return hn_config_add(c, other_table, &o, &err) == HN_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    hn_config_free(c);
    hn_mem_stats after;
    hn_mem_get(&after);
    return after.live == at_start.live ? 0 : -1;
}

#define ARGS(...)                                                                                  \
    args((char *[]){__VA_ARGS__}, (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)))
static hn_status args(char **argv, int argc) {
    return hn_config_args(c, argc, argv, rest, &nrest, &err);
}

static void expect(const char *name, const char *text, hn_origin from) {
    hn_buf b = {0};
    for (size_t i = 0;; i++) {
        hn_origin is;
        const hn_opt *opt = hn_config_at(c, i, &b, &is);
        if (!opt) fail_msg("no option %s", name);
        if (strcmp(opt->name, name) != 0) continue;
        assert_string_equal(b.p, text);
        assert_int_equal(is, from);
        break;
    }
    hn_buf_release(&b);
}

static void test_defaults(void **state) {
    (void)state;
    assert_false(s.packing);
    assert_true(s.shuffle);
    assert_int_equal(s.batch, 8);
    assert_int_equal(s.steps, -1);
    assert_true(s.seed == HN_UNSET_INT);
    assert_true(s.rate == 5e-5);
    assert_null(s.model);
    assert_string_equal(s.strategy, "no");
    assert_int_equal(s.modules.n, 0);
    assert_int_equal(s.report_to.n, 1);
    assert_true(o.temperature == 0.7);
    expect("learning_rate", "5e-05", HN_FROM_DEFAULT);
    expect("data_seed", "none", HN_FROM_DEFAULT);
    expect("lora_target_modules", "none", HN_FROM_DEFAULT);
}

static void test_values(void **state) {
    (void)state;
    static const struct {
        const char *name, *value, *text;
    } good[] = {
        {"packing", "true", "true"},
        {"packing", "No", "false"},
        {"packing", "ON", "true"},
        {"packing", "0", "false"},
        {"packing", "1", "true"},
        {"packing", "OFF", "false"},
        {"packing", "yes", "true"},
        {"packing", "False", "false"},
        {"max_steps", "007", "7"},
        {"max_steps", "1e3", "1000"},
        {"max_steps", "5.0", "5"},
        {"max_steps", "+3", "3"},
        {"max_steps", "-9223372036854775807", "-9223372036854775807"},
        {"data_seed", "none", "none"},
        {"learning_rate", "2e-5", "2e-05"},
        {"learning_rate", ".5", "0.5"},
        {"learning_rate", "3", "3.0"},
        {"beta", "0", "0.0"},
        {"beta", "1.0", "1.0"},
        {"warmup-steps", "None", "none"},
        {"warmup_steps", "~", "none"},
        {"model_name_or_path", "a b,c", "a b,c"},
        {"model_name_or_path", "null", "none"},
        {"eval_strategy", "none", "none"},
        {"lora_target_modules", "q, k  v,,o ", "q,k,v,o"},
        {"lora_target_modules", "", "none"},
        {"lora_target_modules", "[\"a b\", \"c,d\", \"\\n\"]", "a b,c,d,\n"},
        {"lora_target_modules", "\n", "\n"},
        {"lora_target_modules", "[INST],[/INST]", "[INST],[/INST]"},
        {"lora_target_modules", "[1,2]", "[1,2]"},
        {"report_to", "tensorboard,trackio", "tensorboard,trackio"},
        {"run_name", "2e-5", "2e-5"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        hn_status code = hn_config_set(c, good[i].name, good[i].value, HN_FROM_FLAG, &err);
        if (code != HN_OK) fail_msg("%s", err.msg);
        const hn_opt *opt = hn_config_find(c, good[i].name, NULL);
        expect(opt->name, good[i].text, HN_FROM_FLAG);
    }
    assert_string_equal(s.strategy, "none"); /* a choice called none is a value */
    assert_null(s.model);
}

static void test_wrong_values(void **state) {
    (void)state;
    static const struct {
        const char *name, *value, *msg;
    } bad[] = {
        {"packing", "maybe", "--packing: 'maybe' is neither true nor false"},
        {"packing", "none", "--packing: 'none' is neither true nor false"},
        {"max_steps", "ten", "--max_steps: 'ten' is not a whole number"},
        {"max_steps", "1.5", "--max_steps: '1.5' is not a whole number"},
        {"max_steps", "", "--max_steps: '' is not a whole number"},
        {"max_steps", "3x", "--max_steps: '3x' is not a whole number"},
        {"max_steps", "99999999999999999999",
         "--max_steps: '99999999999999999999' is not a whole number"},
        {"max_steps", "none", "--max_steps: 'none' is not a whole number"},
        {"learning_rate", "nan", "--learning_rate: 'nan' is not a number"},
        {"learning_rate", "inf", "--learning_rate: 'inf' is not a number"},
        {"learning_rate", "0x10", "--learning_rate: '0x10' is not a number"},
        {"learning_rate", "1e999", "--learning_rate: '1e999' is not a number"},
        {"learning_rate", "-1", "--learning_rate: -1 is out of range: at least 0"},
        {"beta", "1.5", "--beta: 1.5 is out of range: 0 to 1"},
        {"batch_size", "0", "--batch_size: 0 is out of range: at least 1"},
        {"eval_strategy", "never", "--eval_strategy: 'never' is not among the choices"},
        {"report_to", "trackio wandb", "--report_to: 'wandb' is not among the choices"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(hn_config_set(c, bad[i].name, bad[i].value, HN_FROM_FLAG, &err), HN_EARG);
        assert_string_equal(err.msg, bad[i].msg);
    }
    assert_string_equal(err.detail, "choices: none|tensorboard|trackio");
    assert_int_equal(s.batch, 8); /* a refused value changes nothing */
    assert_string_equal(s.strategy, "no");
    assert_int_equal(s.report_to.n, 1);
    expect("beta", "0.1", HN_FROM_DEFAULT);
}

static void test_unknown_names(void **state) {
    (void)state;
    assert_int_equal(hn_config_set(c, "learning-rte", "1", HN_FROM_FLAG, &err), HN_EARG);
    assert_string_equal(err.msg, "unknown option '--learning-rte'");
    assert_string_equal(err.fix, "did you mean '--learning_rate'?");
    assert_int_equal(hn_config_set(c, "micro_batch_sise", "1", HN_FROM_FILE, &err), HN_EARG);
    assert_string_equal(err.fix,
                        "did you mean 'per_device_train_batch_size'?"); /* near an old name */
    assert_int_equal(hn_config_set(c, "something_else", "1", HN_FROM_FLAG, &err), HN_EARG);
    assert_string_equal(err.fix, "");
    assert_null(hn_config_nearest(c, "nocuda")); /* hidden options are not proposed */
    assert_string_equal(hn_config_nearest(c, "Beta"), "beta");
    char longer[400];
    memset(longer, 'a', 399);
    longer[399] = '\0';
    assert_int_equal(hn_config_set(c, longer, "1", HN_FROM_FLAG, &err), HN_EARG);
    assert_null(hn_config_find(c, "", NULL));
}

static void test_precedence(void **state) {
    (void)state;
    setenv("HONE_BETA", "0.3", 1);
    setenv("HONE_MAX_STEPS", "", 1);
    assert_int_equal(hn_config_set(c, "beta", "0.4", HN_FROM_FLAG, &err), HN_OK);
    assert_int_equal(hn_config_environment(c, &err), HN_OK);
    assert_int_equal(hn_config_set(c, "beta", "0.2", HN_FROM_FILE, &err), HN_OK);
    assert_int_equal(hn_config_default(c, "beta", "0.9", &err), HN_OK);
    assert_true(s.beta == 0.4);
    expect("beta", "0.4", HN_FROM_FLAG);
    expect("max_steps", "-1", HN_FROM_DEFAULT); /* an empty variable is none */
    setenv("HONE_LEARNING_RATE", "1e-3", 1);
    assert_int_equal(hn_config_environment(c, &err), HN_OK);
    assert_int_equal(hn_config_set(c, "learning_rate", "9", HN_FROM_FILE, &err), HN_OK);
    expect("learning_rate", "0.001", HN_FROM_ENV);
    assert_int_equal(hn_config_set(c, "learning_rate", "x", HN_FROM_FILE, &err),
                     HN_EARG); /* checked all the same */
    setenv("HONE_LEARNING_RATE", "fast", 1);
    assert_int_equal(hn_config_environment(c, &err), HN_EARG);
    assert_string_equal(err.msg, "HONE_LEARNING_RATE: 'fast' is not a number");
    unsetenv("HONE_BETA");
    unsetenv("HONE_MAX_STEPS");
    unsetenv("HONE_LEARNING_RATE");
    assert_int_equal(hn_config_default(c, "temperature", "0.2", &err), HN_OK);
    expect("temperature", "0.2", HN_FROM_DEFAULT);
    assert_int_equal(hn_config_set(c, "max_steps", "5", HN_FROM_FLAG, &err), HN_OK);
    assert_int_equal(hn_config_set(c, "max_steps", "6", HN_FROM_FLAG, &err), HN_OK);
    assert_int_equal(s.steps, 6);
}

static void test_command_line(void **state) {
    (void)state;
    assert_int_equal(ARGS("first", "--learning-rate", "2e-5", "--beta=0.25", "--packing",
                          "data.jsonl", "--max_steps", "-1", "--no_shuffle",
                          "--lora_target_modules", "q_proj", "v_proj,o_proj", "--run_name=--odd",
                          "-h", "--", "--not", "ours"),
                     HN_OK);
    assert_true(s.rate == 2e-5);
    assert_true(s.beta == 0.25);
    assert_true(s.packing);
    assert_int_equal(s.steps, -1);
    assert_false(s.shuffle);
    assert_int_equal(s.modules.n, 3);
    assert_string_equal(s.modules.v[2], "o_proj");
    assert_string_equal(s.run_name, "--odd");
    static const char *const left[] = {"first", "data.jsonl", "-h", "--not", "ours"};
    assert_int_equal(nrest, 5);
    for (int i = 0; i < nrest; i++) assert_string_equal(rest[i], left[i]);
}

static void test_command_line_booleans(void **state) {
    (void)state;
    assert_int_equal(ARGS("--packing", "True", "--shuffle", "no"), HN_OK);
    assert_true(s.packing);
    assert_false(s.shuffle);
    assert_int_equal(ARGS("--packing=false", "--shuffle", "--beta", "1"), HN_OK);
    assert_false(s.packing);
    assert_true(s.shuffle);
    assert_int_equal(ARGS("--no-shuffle"), HN_OK);
    assert_false(s.shuffle);
    assert_int_equal(ARGS("--no_shuffle=true"), HN_EARG);
    assert_string_equal(err.msg, "--no_shuffle takes no value");
    assert_int_equal(ARGS("--no_beta"), HN_EARG);
    assert_string_equal(err.msg, "unknown option '--no_beta'");
    assert_int_equal(ARGS("--packing=perhaps"), HN_EARG);
}

static void test_command_line_bare_and_missing(void **state) {
    (void)state;
    assert_int_equal(ARGS("--resume_from_checkpoint", "--beta", "0.5"), HN_OK);
    assert_string_equal(s.resume, "true");
    assert_int_equal(ARGS("--resume_from_checkpoint", "out/checkpoint-5"), HN_OK);
    assert_string_equal(s.resume, "out/checkpoint-5");
    assert_int_equal(ARGS("--beta"), HN_EARG);
    assert_string_equal(err.msg, "--beta needs a value");
    assert_int_equal(ARGS("--run_name", "--beta", "1"), HN_EARG);
    assert_string_equal(err.msg, "--run_name needs a value");
    assert_string_equal(err.fix, "a value that starts with dashes is written --run_name=VALUE");
    assert_int_equal(ARGS("--lora_target_modules"), HN_EARG);
    assert_string_equal(err.msg, "--lora_target_modules needs at least one value");
    assert_int_equal(ARGS("--lerning_rate", "1"), HN_EARG);
    assert_string_equal(err.fix, "did you mean '--learning_rate'?");
    assert_int_equal(ARGS("--learning"), HN_EARG); /* no abbreviations */
    assert_int_equal(ARGS("--=3"), HN_EARG);
}

static void test_notes(void **state) {
    (void)state;
    hn_buf b = {0};
    hn_config_notes(c, &b);
    assert_int_equal(b.n, 0);
    assert_int_equal(ARGS("--micro-batch-size", "4", "--ddp_timeout", "1800", "--no_cuda",
                          "--evaluation_strategy=steps"),
                     HN_OK);
    assert_int_equal(s.batch, 4);
    assert_int_equal(nrest, 0);
    hn_config_notes(c, &b);
    assert_string_equal(b.p, "'micro_batch_size' is called 'per_device_train_batch_size' here\n"
                             "'evaluation_strategy' is called 'eval_strategy' here\n"
                             "'ddp_timeout' has no effect here: one process needs none\n"
                             "'no_cuda' has no effect here: hidden\n");
    hn_buf_release(&b);
}

static void test_show(void **state) {
    (void)state;
    assert_int_equal(ARGS("--lora_target_modules", "q", "yes", "--run_name", "a: \"b\"\n", "--beta",
                          "0.3"),
                     HN_OK);
    hn_buf b = {0};
    hn_config_yaml(c, &b);
    assert_non_null(
        strstr(b.p, "\nbeta: 0.3                                         # from flag\n"));
    assert_non_null(strstr(b.p, "\nlora_target_modules: [q, \"yes\"] "));
    assert_non_null(strstr(b.p, "\nrun_name: \"a: \\\"b\\\"\\n\" "));
    assert_non_null(strstr(b.p, "\nmodel_name_or_path: null "));
    assert_non_null(
        strstr(b.p, "packing: false                                    # from default\n"));
    assert_null(strstr(b.p, "ddp_timeout"));
    hn_json *j = hn_config_json(c);
    hn_buf_clear(&b);
    hn_json_write(&b, j, 0);
    assert_string_equal(
        b.p, "{\"packing\": false, \"shuffle\": true, \"per_device_train_batch_size\": 8, "
             "\"max_steps\": -1, "
             "\"data_seed\": null, \"learning_rate\": 5e-05, \"beta\": 0.3, \"warmup_steps\": 0.5, "
             "\"model_name_or_path\": null, \"eval_strategy\": \"no\", \"resume_from_checkpoint\": "
             "null, "
             "\"chat_template_kwargs\": null, \"run_name\": \"a: \\\"b\\\"\\n\", "
             "\"lora_target_modules\": [\"q\", \"yes\"], \"report_to\": [\"none\"], "
             "\"temperature\": 0.7}");
    hn_json_free(j);
    hn_buf_release(&b);
    assert_string_equal(hn_origin_name(HN_FROM_ENV), "environment");
}

static void test_tables_that_clash(void **state) {
    (void)state;
    other twice;
    static const hn_opt table[] = {
        {.name = "fresh", .help = "f", .type = HN_OPT_FLOAT, .def = "1"},
        {.name = "beta", .help = "b", .type = HN_OPT_FLOAT},
        {0},
    };
    assert_int_equal(hn_config_add(c, table, &twice, &err), HN_ESTATE);
    assert_string_equal(err.msg, "option 'beta' is declared twice");
    assert_null(hn_config_find(c, "fresh", NULL)); /* all of a table or nothing */
    static const hn_opt wrong[] = {{.name = "w", .help = "w", .type = HN_OPT_INT, .def = "many"},
                                   {0}};
    assert_int_equal(hn_config_add(c, wrong, &twice, &err), HN_EARG);
    assert_string_equal(err.msg, "default of 'w': 'many' is not a whole number");
}

static hn_status whole_life(sample *values) {
    hn_config *mine;
    hn_status code = hn_config_new(&mine, &err);
    if (code != HN_OK) return code;
    char *argv[] = {"--lora_target_modules", "a", "b", "--run_name", "x", "--run_name=y",
                    "--report_to=trackio"};
    const char *left[8];
    int nleft;
    code = hn_config_add(mine, sample_table, values, &err);
    if (code == HN_OK) code = hn_config_args(mine, 7, argv, left, &nleft, &err);
    hn_config_free(mine);
    return code;
}

static void test_out_of_memory(void **state) {
    (void)state;
    hn_mem_stats before, after;
    hn_mem_get(&before);
    int failures = 0;
    for (int n = 1;; n++) {
        sample values;
        hn_mem_fail_after(n);
        hn_status code = whole_life(&values);
        hn_mem_fail_after(-1);
        hn_mem_get(&after);
        assert_int_equal(after.live, before.live);
        if (code == HN_OK) break;
        assert_int_equal(code, HN_ENOMEM);
        failures++;
        assert_true(n < 200);
    }
    assert_true(failures > 10);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_defaults),
        T(test_values),
        T(test_wrong_values),
        T(test_unknown_names),
        T(test_precedence),
        T(test_command_line),
        T(test_command_line_booleans),
        T(test_command_line_bare_and_missing),
        T(test_notes),
        T(test_show),
        T(test_tables_that_clash),
        T(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
