/* rooms: train gen model objective nn grad data text dev io base */
/* test_train_entries.c - what a run writes down, and when, as the reference does: the order of entries of one step, what the
 * summary takes along, which evaluation may be the best, which checkpoint is left, and in which order rows are evaluated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train_tools.h"

enum { EVAL_ROWS = 11 };

static char folder[] = "/tmp/hone-test-XXXXXX";
static char rows_file[64], eval_file[64], sorted_file[64], out_dir[64];

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(rows_file, sizeof rows_file, "%s/train.jsonl", folder);
    snprintf(eval_file, sizeof eval_file, "%s/eval.jsonl", folder);
    snprintf(sorted_file, sizeof sorted_file, "%s/sorted.jsonl", folder);
    snprintf(out_dir, sizeof out_dir, "%s/out", folder);
    run_token_file(rows_file, 43, 1);
    run_token_file(eval_file, EVAL_ROWS, 2);
    return 0;
}

static int drop_folder(void **state) {
    (void)state;
    return hn_dir_remove(folder, NULL) == HN_OK ? 0 : -1;
}

/* A whole run (43 rows: 15 micro-batches of 3, 5 windows of 3 an epoch); the caller closes it. */
static const hn_json *train(run *r, const char *eval, const char *const *flags) {
    static const char *const common[] = {"output_dir", out_dir, "overwrite_output_dir", "true", "learning_rate", "1e-3",
                                         "save_strategy", "no", "per_device_train_batch_size", "3",
                                         "gradient_accumulation_steps", "3", NULL};
    run_config(r, common);
    for (int i = 0; flags[i]; i += 2)
        run_must(r, hn_config_set(r->config, flags[i], flags[i + 1], HN_FROM_FLAG, &r->err), flags[i]);
    run_parts(r, FIXTURES "/base", NULL, rows_file, eval);
    run_must(r, run_start(r), "start");
    run_finish(r);
    return hn_trainer_history(r->t);
}

static int64_t step_of(const hn_json *entry) { return hn_json_int(hn_json_get(entry, "step"), -1); }

/* What goes by steps is written before what the end of the epoch brings. */
static void test_order(void **state) {
    (void)state;
    run r;
    const hn_json *h = train(&r, eval_file, (const char *[]){"max_steps", "5", "logging_strategy", "epoch", "eval_strategy",
                                                             "steps", "eval_steps", "5", NULL});
    assert_int_equal(hn_json_len(h), 3);
    assert_true(hn_json_has(hn_json_at(h, 0), "eval_loss") && step_of(hn_json_at(h, 0)) == 5);
    assert_true(hn_json_has(hn_json_at(h, 1), "grad_norm") && step_of(hn_json_at(h, 1)) == 5);
    assert_false(hn_json_has(hn_json_at(h, 1), "entropy"));
    assert_true(hn_json_has(hn_json_at(h, 2), "train_loss"));
    run_close(&r);
}

/* A checkpoint that is due by steps holds what the end of the same epoch brought. */
static void test_checkpoint_last(void **state) {
    (void)state;
    run r;
    hn_json *j = NULL;
    char path[96];
    train(&r, eval_file, (const char *[]){"max_steps", "6", "logging_strategy", "epoch", "eval_strategy", "epoch", "save_strategy",
                                          "steps", "save_steps", "5", NULL});
    snprintf(path, sizeof path, "%s/checkpoint-5/trainer_state.json", out_dir);
    assert_int_equal(hn_json_load(path, &j, NULL), HN_OK);
    const hn_json *h = hn_json_get(j, "log_history");
    assert_int_equal(hn_json_len(h), 2);
    assert_true(hn_json_has(hn_json_at(h, 0), "loss") && hn_json_has(hn_json_at(h, 1), "eval_loss"));
    hn_json_free(j);
    run_close(&r);
}

/* Means of steps that no entry told of go into the summary, unless an evaluation came after them. */
static void test_summary(void **state) {
    (void)state;
    static const struct {
        const char *logging_steps, *eval_strategy;
        bool takes;
    } cases[] = {{"2", "no", true}, {"1", "no", false}, {"2", "steps", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run r;
        const hn_json *h = train(&r, eval_file, (const char *[]){"max_steps", "5", "logging_steps", cases[i].logging_steps,
                                                                 "eval_strategy", cases[i].eval_strategy, NULL});
        const hn_json *last = hn_json_at(h, hn_json_len(h) - 1);
        assert_true(hn_json_has(last, "train_loss"));
        assert_int_equal(hn_json_has(last, "entropy"), cases[i].takes);
        assert_int_equal(hn_json_has(last, "mean_token_accuracy"), cases[i].takes);
        assert_int_equal(hn_json_has(last, "num_tokens"), cases[i].takes);
        run_close(&r);
    }
}

static int checkpoints(int64_t *step) {
    hn_strlist names = {0};
    int n = 0;
    assert_int_equal(hn_dir_list(out_dir, &names, NULL), HN_OK);
    for (size_t i = 0; i < names.n; i++) {
        if (strncmp(names.v[i], "checkpoint-", 11) != 0) continue;
        *step = strtoll(names.v[i] + 11, NULL, 10);
        n++;
    }
    hn_strlist_free(&names);
    return n;
}

/* With a rate of 0 all evaluations are equal and the first is the best: not the one before the first step, which has no
 * checkpoint. A limit of 1 leaves that checkpoint alone in the end. */
static void test_best(void **state) {
    (void)state;
    run r;
    int64_t step = -1;
    hn_json *j = NULL;
    train(&r, eval_file, (const char *[]){"max_steps", "6", "learning_rate", "0", "eval_on_start", "true", "eval_strategy", "steps",
                                          "eval_steps", "2", "save_strategy", "steps", "save_steps", "2", "save_total_limit", "1",
                                          "load_best_model_at_end", "true", NULL});
    assert_int_equal(checkpoints(&step), 1);
    assert_int_equal(step, 2);
    char path[96];
    snprintf(path, sizeof path, "%s/trainer_state.json", out_dir);
    assert_int_equal(hn_json_load(path, &j, NULL), HN_OK);
    assert_int_equal(hn_json_int(hn_json_get(j, "best_global_step"), -1), 2);
    assert_non_null(strstr(hn_json_cstr(hn_json_get(j, "best_model_checkpoint")), "checkpoint-2"));
    hn_json_free(j);
    run_close(&r);
}

static double eval_loss(const char *eval, const char *strategy, const char *drop_last) {
    run r;
    const hn_json *h = train(&r, eval, (const char *[]){"max_steps", "1", "learning_rate", "0", "eval_strategy", "steps",
                                                        "per_device_eval_batch_size", "4", "train_sampling_strategy", strategy,
                                                        "dataloader_drop_last", drop_last, NULL});
    double loss = NAN;
    for (size_t i = 0; i < hn_json_len(h); i++) loss = hn_json_num(hn_json_get(hn_json_at(h, i), "eval_loss"), loss);
    run_close(&r);
    assert_true(isfinite(loss));
    return loss;
}

/* group_by_length groups the rows of the evaluation too, by its own batch and the seed: as the same rows in that order. */
static void test_eval_order(void **state) {
    (void)state;
    int64_t order[EVAL_ROWS], length[EVAL_ROWS];
    run r;
    hn_buf text = {0}, out = {0};
    const char *line[EVAL_ROWS];
    run_config(&r, NULL);
    run_parts(&r, FIXTURES "/base", NULL, eval_file, NULL);
    assert_int_equal(r.train->rows, EVAL_ROWS);
    for (int i = 0; i < EVAL_ROWS; i++) length[i] = r.train->at[i + 1] - r.train->at[i];
    run_close(&r);
    assert_int_equal(hn_order(HN_SAMPLE_GROUP_BY_LENGTH, 42, 0, EVAL_ROWS, length, 4, order, NULL), HN_OK);
    assert_int_equal(hn_file_read(eval_file, &text, NULL), HN_OK);
    line[0] = text.p;
    for (int i = 1; i < EVAL_ROWS; i++) line[i] = strchr(line[i - 1], '\n') + 1;
    for (int i = 0; i < EVAL_ROWS; i++) hn_buf_add(&out, line[order[i]], (size_t)(strchr(line[order[i]], '\n') + 1 - line[order[i]]));
    assert_int_equal(hn_file_write(sorted_file, out.p, out.n, NULL), HN_OK);
    hn_buf_release(&text);
    hn_buf_release(&out);
    double grouped = eval_loss(eval_file, "group_by_length", "false");
    assert_true(grouped == eval_loss(sorted_file, "sequential", "false"));
    assert_true(grouped != eval_loss(eval_file, "sequential", "false"));
}

/* dataloader_drop_last leaves out a last short batch of the evaluation, but never the only one. */
static void test_eval_drop_last(void **state) {
    (void)state;
    hn_buf text = {0};
    assert_int_equal(hn_file_read(eval_file, &text, NULL), HN_OK);
    for (int kept = 8; kept >= 3; kept -= 5) {
        char *end = text.p;
        for (int i = 0; i < kept; i++) end = strchr(end, '\n') + 1;
        assert_int_equal(hn_file_write(sorted_file, text.p, (size_t)(end - text.p), NULL), HN_OK);
        double all = eval_loss(kept == 8 ? eval_file : sorted_file, "sequential", "true");
        assert_true(all == eval_loss(sorted_file, "sequential", "false"));
    }
    hn_buf_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_checkpoint_last), cmocka_unit_test(test_summary), cmocka_unit_test(test_best),
                                       cmocka_unit_test(test_eval_order), cmocka_unit_test(test_eval_drop_last)};
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
