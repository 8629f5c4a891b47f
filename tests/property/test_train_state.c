/* rooms: train gen model objective nn grad data text dev io base */
/* test_train_state.c - what a run leaves behind: stopped and resumed = uninterrupted, bit for bit; a checkpoint is whole or
 * does not count; a failing disk, a NaN or no memory leave the last good one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "train_tools.h"

static char folder[] = "/tmp/hone-test-XXXXXX";
static char rows_file[64], eval_file[64], other_file[64];
static hn_buf heard; /* what the library said */

static void listen(hn_log_level level, const char *text, void *user) {
    (void)level;
    (void)user;
    hn_buf_puts(&heard, text);
    hn_buf_putc(&heard, '\n');
}

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(rows_file, sizeof rows_file, "%s/train.jsonl", folder);
    snprintf(eval_file, sizeof eval_file, "%s/eval.jsonl", folder);
    snprintf(other_file, sizeof other_file, "%s/other.jsonl", folder);
    run_token_file(rows_file, 43, 1);
    run_token_file(eval_file, 11, 2);
    run_token_file(other_file, 43, 3);
    hn_log_set(listen, NULL);
    return 0;
}

static int drop_folder(void **state) {
    (void)state;
    hn_log_set(NULL, NULL);
    hn_buf_release(&heard);
    return hn_dir_remove(folder, NULL) == HN_OK ? 0 : -1;
}

static const char *path_of(const char *dir, const char *name) {
    static char paths[4][256];
    static int next;
    char *p = paths[next++ % 4];
    snprintf(p, sizeof paths[0], "%s/%s%s%s", folder, dir, *name ? "/" : "", name);
    return p;
}

/* A run of 14 steps over 3 epochs, windows of 3 micro-batches of 3 rows (the last of an epoch short), noise on. */
static void open_run(run *r, const char *out, const char *rows, const char *const *more) {
    const char *const common[] = {"output_dir",
                                  path_of(out, ""),
                                  "learning_rate",
                                  "1e-3",
                                  "max_steps",
                                  "14",
                                  "logging_steps",
                                  "4",
                                  "per_device_train_batch_size",
                                  "3",
                                  "gradient_accumulation_steps",
                                  "3",
                                  "save_steps",
                                  "5",
                                  "eval_strategy",
                                  "steps",
                                  "eval_steps",
                                  "5",
                                  "neftune_noise_alpha",
                                  "3",
                                  "lr_scheduler_type",
                                  "cosine",
                                  "warmup_ratio",
                                  "0.2",
                                  "weight_decay",
                                  "0.01",
                                  NULL};
    run_config(r, common);
    for (int i = 0; more && more[i]; i += 2)
        run_must(r, hn_config_set(r->config, more[i], more[i + 1], HN_FROM_FLAG, &r->err), more[i]);
    run_parts(r, FIXTURES "/base", NULL, rows, eval_file);
}

static void whole_run(const char *out, const char *const *more) {
    run r;
    open_run(&r, out, rows_file, more);
    run_must(&r, run_start(&r), out);
    run_finish(&r);
    run_close(&r);
}

static void assert_same_file(const char *a, const char *b) {
    hn_buf x = {0}, y = {0};
    hn_error e = {0};
    if (hn_file_read(a, &x, &e) != HN_OK || hn_file_read(b, &y, &e) != HN_OK) fail_msg("%s", e.msg);
    if (x.n != y.n || memcmp(x.p, y.p, x.n) != 0) fail_msg("%s and %s differ", a, b);
    hn_buf_release(&x);
    hn_buf_release(&y);
}

static void assert_same_log(const hn_json *a, const hn_json *b) {
    assert_int_equal(hn_json_len(a), hn_json_len(b));
    for (size_t i = 0; i < hn_json_len(a); i++) {
        hn_json_iter x, y;
        bool more = hn_json_first(hn_json_at(a, i), &x) && hn_json_first(hn_json_at(b, i), &y);
        for (; more; more = hn_json_next(&x) && hn_json_next(&y)) {
            assert_string_equal(x.key, y.key);
            double p = hn_json_num(x.value, NAN), q = hn_json_num(y.value, NAN);
            if (!is_clock(x.key) && memcmp(&p, &q, sizeof p) != 0) fail_msg("entry %zu: %s is %.17g and %.17g", i, x.key, p, q);
        }
    }
}

static void assert_same_history(const char *a, const char *b) {
    hn_json *x = NULL, *y = NULL;
    assert_int_equal(hn_json_load(path_of(a, "trainer_state.json"), &x, NULL), HN_OK);
    assert_int_equal(hn_json_load(path_of(b, "trainer_state.json"), &y, NULL), HN_OK);
    assert_same_log(hn_json_get(x, "log_history"), hn_json_get(y, "log_history"));
    hn_json_free(x);
    hn_json_free(y);
}

/* metrics.jsonl: one line a step, none twice. */
static void assert_lines(const char *out, int64_t steps) {
    hn_records *r = NULL;
    hn_json *j = NULL;
    int64_t line, n = 0;
    assert_int_equal(hn_records_open(path_of(out, "metrics.jsonl"), &r, NULL), HN_OK);
    while (hn_records_next(r, &j, &line, NULL) == HN_OK && j) {
        assert_int_equal(hn_json_int(hn_json_get(j, "step"), -1), ++n);
        hn_json_free(j);
    }
    hn_records_close(r);
    assert_int_equal(n, steps);
}

static void test_resume(void **state) {
    (void)state;
    static const char *const resume[] = {"resume_from_checkpoint", "true", NULL};
    whole_run("whole", NULL);
    assert_lines("whole", 14);
    for (int64_t stop = 1; stop <= 13; stop += 4) {
        run r;
        const char *dir = NULL;
        open_run(&r, "parts", rows_file, NULL);
        run_must(&r, run_start(&r), "first part");
        run_until(&r, stop);
        if (stop % 2) run_must(&r, hn_trainer_checkpoint(r.t, &dir, &r.err), "checkpoint"); /* as a signal asks for */
        run_close(&r);
        open_run(&r, "parts", rows_file, resume);
        run_must(&r, run_start(&r), "second part");
        hn_plan p;
        hn_trainer_plan(r.t, &p);
        assert_true(p.resumed);
        assert_int_equal(p.start_step, stop);
        run_finish(&r);
        run_close(&r);
        assert_same_file(path_of("whole", "model.safetensors"), path_of("parts", "model.safetensors"));
        assert_same_file(path_of("whole", "checkpoint-14/optimizer.safetensors"),
                         path_of("parts", "checkpoint-14/optimizer.safetensors"));
        assert_same_history("whole", "parts");
        assert_lines("parts", 14);
        assert_int_equal(hn_dir_remove(path_of("parts", ""), NULL), HN_OK);
    }
}

static void test_output_folder(void **state) {
    (void)state;
    run r;
    open_run(&r, "whole", rows_file, NULL);
    assert_int_equal(run_start(&r), HN_ESTATE);
    assert_null(r.t);
    assert_non_null(strstr(r.err.fix, "--resume_from_checkpoint true"));
    assert_non_null(strstr(r.err.fix, "--overwrite_output_dir"));
    run_close(&r);
    whole_run("none", (const char *[]){"save_strategy", "no", "max_steps", "2", NULL});
    static const char *const files[] = {"model.safetensors", "config.json",        "trainer_state.json",
                                        "metrics.jsonl",     "training_args.json", "README.md",
                                        "all_results.json",  "train_results.json", "eval_results.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!hn_path_exists(path_of("none", files[i]))) fail_msg("%s is not there", files[i]);
    open_run(&r, "none", rows_file, NULL);
    assert_int_equal(run_start(&r), HN_ESTATE);
    run_close(&r);
    whole_run("none", (const char *[]){"overwrite_output_dir", "true", "max_steps", "3", "save_steps", "2", NULL});
    assert_true(hn_path_is_dir(path_of("none", "checkpoint-3")));
    whole_run("none", (const char *[]){"overwrite_output_dir", "true", "max_steps", "2", "save_strategy", "no", NULL});
    assert_false(hn_path_exists(path_of("none", "checkpoint-3")));
    assert_lines("none", 2);
    open_run(&r, "train.jsonl/out", rows_file, NULL); /* a folder below a file cannot be made */
    assert_int_equal(run_start(&r), HN_EIO);
    run_close(&r);
}

static void refused(const char *const *flags, const char *rows, hn_status code, const char *says) {
    run r;
    open_run(&r, "whole", rows, flags);
    hn_status st = run_start(&r);
    if (st != code || !strstr(r.err.msg, says))
        fail_msg("%s '%s', not %s with '%s'", hn_status_name(st), r.err.msg, hn_status_name(code), says);
    run_close(&r);
}

static void test_resume_rules(void **state) {
    (void)state;
    refused((const char *[]){"resume_from_checkpoint", "true", NULL}, other_file, HN_ESTATE, "model or data");
    refused((const char *[]){"resume_from_checkpoint", "true", "seed", "1", NULL}, rows_file, HN_ESTATE, "seed");
    refused((const char *[]){"resume_from_checkpoint", "true", "gradient_accumulation_steps", "2", NULL}, rows_file, HN_ESTATE,
            "gradient_accumulation_steps");
    refused((const char *[]){"resume_from_checkpoint", path_of("nowhere", ""), NULL}, rows_file, HN_ENOENT, "nowhere");
    refused((const char *[]){"resume_from_checkpoint", path_of("whole", ""), NULL}, rows_file, HN_EFORMAT,
            "no complete checkpoint");
    run r;
    open_run(&r, "whole", rows_file, (const char *[]){"resume_from_checkpoint", "true", "seed", "1", "force", "true", NULL});
    run_must(&r, run_start(&r), "forced");
    run_close(&r);
    hn_buf_clear(&heard);
    open_run(&r, "fresh", rows_file, (const char *[]){"resume_from_checkpoint", "true", NULL});
    run_must(&r, run_start(&r), "nothing to resume from");
    assert_non_null(strstr(heard.p, "starting from step 0"));
    run_until(&r, 2);
    run_close(&r);
}

/* A byte of the newest checkpoint is changed: the one before it is taken, and the result is the same. */
static void test_broken_checkpoint(void **state) {
    (void)state;
    static const char *const files[] = {"optimizer.safetensors", "model.safetensors", "hone_state.json", "complete.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        run r;
        hn_buf b = {0};
        char name[64];
        open_run(&r, "broken", rows_file, NULL);
        run_must(&r, run_start(&r), "first part");
        run_until(&r, 12);
        run_close(&r);
        snprintf(name, sizeof name, "checkpoint-10/%s", files[i]);
        assert_int_equal(hn_file_read(path_of("broken", name), &b, NULL), HN_OK);
        b.p[b.n / 2] ^= 1;
        assert_int_equal(hn_file_write(path_of("broken", name), b.p, b.n, NULL), HN_OK);
        hn_buf_release(&b);
        open_run(&r, "broken", rows_file, (const char *[]){"resume_from_checkpoint", "true", NULL});
        run_must(&r, run_start(&r), "second part");
        hn_plan p;
        hn_trainer_plan(r.t, &p);
        assert_int_equal(p.start_step, 5);
        run_finish(&r);
        run_close(&r);
        assert_same_file(path_of("whole", "model.safetensors"), path_of("broken", "model.safetensors"));
        assert_int_equal(hn_dir_remove(path_of("broken", ""), NULL), HN_OK);
    }
}

/* Steps until one fails; returns its status. */
static hn_status until_failure(run *r) {
    hn_step_report s = {0};
    hn_status st;
    do st = hn_trainer_step(r->t, &s, &r->err);
    while (st == HN_OK && !s.done);
    return st;
}

static void assert_resumes_at(const char *out, int64_t step) {
    run r;
    hn_plan p;
    open_run(&r, out, rows_file, (const char *[]){"resume_from_checkpoint", "true", NULL});
    run_must(&r, run_start(&r), "resume");
    hn_trainer_plan(r.t, &p);
    assert_int_equal(p.start_step, step);
    run_finish(&r);
    run_close(&r);
    assert_same_file(path_of("whole", "model.safetensors"), path_of(out, "model.safetensors"));
}

/* Files may not grow beyond 1.5 MB: the model still fits, the optimiser's states do not. */
static void test_failing_write(void **state) {
    (void)state;
    run r;
    struct rlimit before, less;
    open_run(&r, "failing", rows_file, NULL);
    run_must(&r, run_start(&r), "start");
    run_until(&r, 7);
    getrlimit(RLIMIT_FSIZE, &before);
    less = before;
    less.rlim_cur = 1500000;
    void (*was)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &less);
    hn_status st = until_failure(&r);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, was);
    assert_int_equal(st, HN_EIO);
    assert_non_null(strstr(r.err.msg, "checkpoint-10"));
    assert_false(hn_path_exists(path_of("failing", "checkpoint-10")));
    assert_false(hn_path_exists(path_of("failing", "checkpoint-10.tmp")));
    run_close(&r);
    assert_resumes_at("failing", 5);
}

/* The same with a disk that is really full, where the tests may mount one. */
static void test_full_disk(void **state) {
    (void)state;
    assert_int_equal(hn_dir_make(path_of("disk", ""), NULL), HN_OK);
    char disk[128];
    snprintf(disk, sizeof disk, "%s", path_of("disk", ""));
    if (mount("hone-test", disk, "tmpfs", 0, "size=5m") != 0) {
        print_message("SKIPPED: a small disk cannot be mounted here\n");
        skip();
    }
    run r;
    open_run(&r, "disk/run", rows_file, NULL);
    run_must(&r, run_start(&r), "start");
    hn_status st = until_failure(&r);
    bool good = st == HN_EIO && hn_path_is_dir(path_of("disk/run", "checkpoint-5")) &&
                !hn_path_exists(path_of("disk/run", "checkpoint-10")) && strstr(r.err.msg, "No space") != NULL;
    print_message("full disk: %s\n  fix: %s\n", r.err.msg, r.err.fix);
    run_close(&r);
    open_run(&r, "disk/run", rows_file, (const char *[]){"resume_from_checkpoint", "true", NULL});
    bool resumes = run_start(&r) == HN_OK;
    run_close(&r);
    umount(disk);
    assert_true(good);
    assert_true(resumes);
}

static void test_nan(void **state) {
    (void)state;
    run r;
    size_t n;
    open_run(&r, "nan", rows_file, NULL);
    run_must(&r, run_start(&r), "start");
    run_until(&r, 5);
    hn_param *p = hn_model_params(r.model, &n);
    ((float *)p[5].t->data)[3] = NAN;
    assert_int_equal(until_failure(&r), HN_ENUMERIC);
    assert_non_null(strstr(r.err.msg, "step 6"));
    assert_non_null(strstr(r.err.detail, p[5].name));
    assert_non_null(strstr(r.err.fix, "--nan_policy skip"));
    run_close(&r);
    assert_resumes_at("nan", 5);
    open_run(&r, "skip", rows_file, (const char *[]){"nan_policy", "skip", "save_strategy", "no", "logging_steps", "1", NULL});
    run_must(&r, run_start(&r), "start");
    run_until(&r, 3);
    p = hn_model_params(r.model, &n);
    float was = ((float *)p[5].t->data)[3];
    ((float *)p[5].t->data)[3] = NAN;
    hn_step_report s;
    run_must(&r, hn_trainer_step(r.t, &s, &r.err), "skipped");
    assert_true(s.skipped && s.step == 4);
    ((float *)p[5].t->data)[3] = was;
    run_must(&r, hn_trainer_step(r.t, &s, &r.err), "good");
    assert_true(!s.skipped && isfinite(s.loss));
    run_finish(&r);
    const hn_json *last = hn_json_at(hn_trainer_history(r.t), hn_json_len(hn_trainer_history(r.t)) - 1);
    assert_true(isfinite(hn_json_num(hn_json_get(last, "train_loss"), NAN)));
    run_close(&r);
}

static void test_limit_and_best(void **state) {
    (void)state;
    whole_run("limit", (const char *[]){"save_steps", "2", "save_total_limit", "2", NULL});
    for (int i = 2; i <= 14; i += 2) {
        char name[32];
        snprintf(name, sizeof name, "checkpoint-%d", i);
        assert_int_equal(hn_path_exists(path_of("limit", name)), i >= 12);
    }
    /* the loss falls, the largest is the first one: its checkpoint stays */
    whole_run("best", (const char *[]){"save_steps", "2", "eval_steps", "2", "save_total_limit", "1", "load_best_model_at_end",
                                       "true", "metric_for_best_model", "eval_loss", "greater_is_better", "true", NULL});
    hn_json *j = NULL;
    assert_int_equal(hn_json_load(path_of("best", "trainer_state.json"), &j, NULL), HN_OK);
    char name[64];
    snprintf(name, sizeof name, "checkpoint-%d/model.safetensors", (int)hn_json_int(hn_json_get(j, "best_global_step"), -1));
    assert_string_not_equal(name, "checkpoint-14/model.safetensors");
    assert_same_file(path_of("best", "model.safetensors"), path_of("best", name));
    assert_non_null(hn_json_cstr(hn_json_get(j, "best_model_checkpoint")));
    hn_json_free(j);
}

/* The n-th allocation fails, for many n: the status says so and nothing is left behind. */
static void test_no_memory(void **state) {
    (void)state;
    int failed = 0;
    hn_par_set_threads(1); /* no buffers of other threads come and go meanwhile */
    whole_run("memory", (const char *[]){"max_steps", "2", NULL});
    for (int64_t n = 1; n < 40000; n += n < 60 ? 1 : n / 3) {
        run r;
        hn_mem_stats before, after;
        hn_mem_get(&before);
        open_run(&r, "memory", rows_file, (const char *[]){"overwrite_output_dir", "true", "max_steps", "2", NULL});
        hn_mem_fail_after(n);
        hn_status st = run_start(&r);
        if (st == HN_OK) st = until_failure(&r);
        const hn_json *summary;
        if (st == HN_OK) st = hn_trainer_finish(r.t, &summary, &r.err);
        hn_mem_fail_after(-1);
        if (st != HN_OK && st != HN_ENOMEM) fail_msg("allocation %lld: %s: %s", (long long)n, hn_status_name(st), r.err.msg);
        failed += st == HN_ENOMEM;
        run_close(&r);
        hn_mem_get(&after);
        if (after.blocks != before.blocks)
            fail_msg("allocation %lld: %lld blocks before, %lld after", (long long)n, (long long)before.blocks,
                     (long long)after.blocks);
    }
    hn_par_set_threads(0);
    print_message("%d allocations failed\n", failed);
    assert_true(failed > 50);
}

static void assert_steps(const hn_json *history, const char *key, const int *steps, int n) {
    int found = 0;
    for (size_t i = 0; i < hn_json_len(history); i++) {
        const hn_json *j = hn_json_at(history, i);
        if (!hn_json_has(j, key)) continue;
        if (found >= n || hn_json_int(hn_json_get(j, "step"), -1) != steps[found])
            fail_msg("%s: entry %d is of step %lld", key, found, (long long)hn_json_int(hn_json_get(j, "step"), -1));
        found++;
    }
    assert_int_equal(found, n);
}

/* 43 rows are 15 micro-batches of 3, in 5 windows of 3 an epoch. */
static void test_when(void **state) {
    (void)state;
    run r;
    open_run(&r, "when", rows_file,
             (const char *[]){"logging_strategy", "epoch", "eval_strategy", "epoch", "save_strategy", "epoch", "max_steps", "12",
                              "logging_first_step", "true", "eval_on_start", "true", NULL});
    run_must(&r, run_start(&r), "start");
    run_finish(&r);
    assert_steps(hn_trainer_history(r.t), "loss", (const int[]){1, 5, 10, 12}, 4);
    assert_steps(hn_trainer_history(r.t), "eval_loss", (const int[]){0, 5, 10, 12}, 4);
    for (int i = 5; i <= 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "checkpoint-%d", i);
        assert_int_equal(hn_path_exists(path_of("when", name)), i == 5 || i == 10 || i == 12);
    }
    run_close(&r);
    static const struct {
        const char *how, *epochs;
        int64_t steps;
    } counts[] = {{"ceil", "2", 8}, {"floor", "2", 6}, {"ceil", "0.3", 2}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        hn_plan p;
        open_run(&r, "count", rows_file,
                 (const char *[]){"gradient_accumulation_steps", "4", "max_steps", "-1", "steps_per_epoch", counts[i].how,
                                  "num_train_epochs", counts[i].epochs, NULL});
        run_must(&r, run_start(&r), "start");
        hn_trainer_plan(r.t, &p);
        assert_int_equal(p.max_steps, counts[i].steps);
        run_close(&r);
    }
}

/* A batch whose activations no memory can hold: said before anything is allocated, with the remedy. */
static void test_memory_plan(void **state) {
    (void)state;
    run r;
    open_run(&r, "plan", rows_file,
             (const char *[]){"per_device_train_batch_size", "1000000", "chunk_tokens", "1000000000", NULL});
    uint64_t token = hn_model_activation_bytes(r.model, 1000000, 1000000, false) / 1000000;
    int64_t tokens = (int64_t)(hn_memory_available() / token) / 2 * 3, *at = hn_calloc((size_t)tokens / 1000 + 2, sizeof *at);
    hn_rows many = *r.train;
    many.rows = tokens / 1000 + 1;
    for (int64_t i = 0; i <= many.rows; i++) at[i] = 1000 * i;
    many.at = at;
    hn_rows *was = r.train;
    r.train = &many;
    hn_status st = run_start(&r);
    r.train = was;
    assert_int_equal(st, HN_ENOMEM);
    assert_non_null(strstr(r.err.msg, "the plan needs"));
    assert_non_null(strstr(r.err.detail, "activations"));
    assert_non_null(strstr(r.err.fix, "--gradient_checkpointing"));
    print_message("%s\n  %s\n  fix: %s\n", r.err.msg, r.err.detail, r.err.fix);
    hn_free(at);
    run_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_resume),        cmocka_unit_test(test_output_folder),
                                       cmocka_unit_test(test_resume_rules),  cmocka_unit_test(test_broken_checkpoint),
                                       cmocka_unit_test(test_failing_write), cmocka_unit_test(test_full_disk),
                                       cmocka_unit_test(test_nan),           cmocka_unit_test(test_limit_and_best),
                                       cmocka_unit_test(test_when),          cmocka_unit_test(test_memory_plan),
                                       cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
