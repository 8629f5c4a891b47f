/* rooms: train gen model objective nn grad data text dev io base */
/* test_train_laws.c - what must not change a training run: how a step is cut into micro-batches or pieces, how many threads
 * run, whether layers are computed twice; and a learning rate of 0 changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gen/gen.h"
#include "train_tools.h"

static char folder[] = "/tmp/hone-test-XXXXXX";
static char rows_file[64], eval_file[64], out_dir[64];

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(rows_file, sizeof rows_file, "%s/train.jsonl", folder);
    snprintf(eval_file, sizeof eval_file, "%s/eval.jsonl", folder);
    snprintf(out_dir, sizeof out_dir, "%s/out", folder);
    run_token_file(rows_file, 43, 1);
    run_token_file(eval_file, 11, 2);
    return 0;
}

static int drop_folder(void **state) {
    (void)state;
    return hn_dir_remove(folder, NULL) == HN_OK ? 0 : -1;
}

typedef struct outcome {
    double *weights, *start;
    int64_t count;
    hn_json *history;
} outcome;

/* A run with these settings and the common ones, to its end. */
static outcome train(const char *const *flags) {
    static const char *const common[] = {
        "output_dir", out_dir, "overwrite_output_dir", "true", "learning_rate", "1e-3", "save_strategy", "no", "logging_steps",
        "1",          NULL};
    run r;
    outcome o;
    run_config(&r, common);
    for (int i = 0; flags[i]; i += 2)
        run_must(&r, hn_config_set(r.config, flags[i], flags[i + 1], HN_FROM_FLAG, &r.err), flags[i]);
    run_parts(&r, FIXTURES "/base", NULL, rows_file, eval_file);
    o.start = run_weights(&r, &o.count);
    run_must(&r, run_start(&r), "start");
    run_until(&r, INT64_MAX);
    o.weights = run_weights(&r, &o.count);
    o.history = hn_json_ref((hn_json *)(uintptr_t)hn_trainer_history(r.t));
    run_close(&r);
    return o;
}

static void outcome_free(outcome *o) {
    hn_free(o->weights);
    hn_free(o->start);
    hn_json_free(o->history);
}

static void assert_same_bits(const outcome *a, const outcome *b, const char *what) {
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++)
        if (memcmp(&a->weights[i], &b->weights[i], sizeof(double)) != 0)
            fail_msg("%s: weight %lld is %.9g and %.9g", what, (long long)i, a->weights[i], b->weights[i]);
    assert_int_equal(hn_json_len(a->history), hn_json_len(b->history));
}

/* Difference of the weights as a share of how far training moved them. */
static double distance(const outcome *a, const outcome *b) {
    double gap = 0, way = 0;
    for (int64_t i = 0; i < a->count; i++) {
        gap += (a->weights[i] - b->weights[i]) * (a->weights[i] - b->weights[i]);
        way += (a->weights[i] - a->start[i]) * (a->weights[i] - a->start[i]);
    }
    return sqrt(gap / way);
}

static void assert_close(const outcome *a, const outcome *b, bool metrics, const char *what) {
    static const char *const keys[] = {"loss", "grad_norm", "learning_rate", "num_tokens", "entropy", "mean_token_accuracy"};
    double worst = 0;
    assert_int_equal(hn_json_len(a->history), hn_json_len(b->history));
    for (size_t i = 0; i < hn_json_len(a->history); i++) {
        for (size_t k = 0; k < (metrics ? 6u : 4u); k++) {
            double x = hn_json_num(hn_json_get(hn_json_at(a->history, i), keys[k]), NAN);
            double y = hn_json_num(hn_json_get(hn_json_at(b->history, i), keys[k]), NAN),
                   gap = x == y ? 0 : fabs(x - y) / fabs(x);
            if (!(gap <= 2e-5)) fail_msg("%s: %s of step %zu is %.9g and %.9g", what, keys[k], i + 1, x, y);
            if (gap > worst) worst = gap;
        }
    }
    double d = distance(a, b);
    if (!(d <= 1e-3)) fail_msg("%s: the weights differ by %.3g of their way", what, d);
    print_message("%s: log within %.2g, weights within %.2g of their way\n", what, worst, d);
}

static void test_micro_batches(void **state) {
    (void)state;
    /* 43 rows: the last window of an epoch is short in the same place for all */
    outcome whole = train((const char *[]){"per_device_train_batch_size", "8", "max_steps", "8", NULL});
    outcome twos =
        train((const char *[]){"per_device_train_batch_size", "2", "gradient_accumulation_steps", "4", "max_steps", "8", NULL});
    outcome ones =
        train((const char *[]){"per_device_train_batch_size", "1", "gradient_accumulation_steps", "8", "max_steps", "8", NULL});
    assert_close(&whole, &twos, false, "8 rows = 4 x 2");
    assert_close(&whole, &ones, false, "8 rows = 8 x 1");
    outcome_free(&whole);
    outcome_free(&twos);
    outcome_free(&ones);
}

static void test_pieces(void **state) {
    (void)state;
    static const char *const kinds[][2] = {{"nll", "0"}, {"nll", "0.1"}, {"dft", "0"}};
    static const char *const pieces[] = {"64", "1"}; /* a few rows at once; every row alone */
    for (size_t k = 0; k < 3; k++) {
        outcome whole =
            train((const char *[]){"loss_type", kinds[k][0], "label_smoothing_factor", kinds[k][1], "max_steps", "6", NULL});
        for (size_t i = 0; i < 2; i++) {
            char what[80];
            outcome cut = train((const char *[]){"loss_type", kinds[k][0], "label_smoothing_factor", kinds[k][1], "max_steps",
                                                 "6", "chunk_tokens", pieces[i], NULL});
            snprintf(what, sizeof what, "%s, smoothing %s, pieces of %s tokens = one", kinds[k][0], kinds[k][1], pieces[i]);
            assert_close(&whole, &cut, true, what);
            outcome_free(&cut);
        }
        outcome_free(&whole);
    }
}

static void test_threads(void **state) {
    (void)state;
    static const char *const flags[] = {"max_steps", "6", "neftune_noise_alpha", "5", "chunk_tokens", "100", "weight_decay",
                                        "0.1",       NULL};
    hn_par_set_threads(1);
    outcome one = train(flags);
    for (int n = 2; n <= 3; n++) {
        char what[32];
        hn_par_set_threads(n);
        outcome more = train(flags);
        snprintf(what, sizeof what, "1 thread = %d threads", n);
        assert_same_bits(&one, &more, what);
        outcome_free(&more);
    }
    hn_par_set_threads(0);
    outcome_free(&one);
}

static void test_checkpointing(void **state) {
    (void)state;
    outcome kept = train((const char *[]){"max_steps", "5", "neftune_noise_alpha", "5", NULL});
    outcome again = train((const char *[]){"max_steps", "5", "neftune_noise_alpha", "5", "gradient_checkpointing", "true", NULL});
    assert_close(&kept, &again, true, "layers computed again = kept");
    outcome_free(&kept);
    outcome_free(&again);
}

static void test_rate_zero(void **state) {
    (void)state;
    outcome o = train((const char *[]){"learning_rate", "0", "max_steps", "3", "weight_decay", "0.1", NULL});
    for (int64_t i = 0; i < o.count; i++) assert_true(o.weights[i] == o.start[i]);
    assert_int_equal(hn_json_len(o.history), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(hn_json_num(hn_json_get(hn_json_at(o.history, i), "loss"), 0) > 0);
        assert_true(hn_json_num(hn_json_get(hn_json_at(o.history, i), "grad_norm"), 0) > 0);
        assert_true(hn_json_num(hn_json_get(hn_json_at(o.history, i), "learning_rate"), 1) == 0);
    }
    outcome_free(&o);
}

/* The noise must do something, and the seed decide it: else the laws above would hold for nothing. */
static void test_noise(void **state) {
    (void)state;
    outcome none = train((const char *[]){"max_steps", "2", NULL});
    outcome noise = train((const char *[]){"max_steps", "2", "neftune_noise_alpha", "5", NULL});
    outcome other = train((const char *[]){"max_steps", "2", "neftune_noise_alpha", "5", "seed", "7", "data_seed", "42", NULL});
    assert_true(distance(&none, &noise) > 1e-3);
    assert_true(distance(&noise, &other) > 1e-3);
    outcome_free(&none);
    outcome_free(&noise);
    outcome_free(&other);
}

typedef struct scored {
    double sum;
    int64_t tokens, rows;
} scored;

static hn_status add_row(void *user, int64_t row, const double *logp, int64_t n, hn_error *err) {
    (void)err;
    scored *s = user;
    assert_int_equal(row, s->rows++);
    for (int64_t i = 0; i < n; i++) s->sum += logp[i];
    s->tokens += n;
    return HN_OK;
}

static void test_evaluate(void **state) {
    (void)state;
    run r;
    run_config(&r, NULL);
    run_parts(&r, FIXTURES "/base", NULL, eval_file, NULL);
    double loss[3];
    for (int i = 0; i < 3; i++) {
        hn_json *j = NULL;
        run_must(&r, hn_evaluate(r.dev, r.model, r.train, i * 5 + 1, &j, &r.err), "evaluate");
        loss[i] = hn_json_num(hn_json_get(j, "loss"), NAN);
        assert_true(fabs(hn_json_num(hn_json_get(j, "perplexity"), NAN) - exp(loss[i])) < 1e-9 * exp(loss[i]));
        assert_int_equal(hn_json_int(hn_json_get(j, "rows"), -1), r.train->rows);
        assert_int_equal(hn_json_int(hn_json_get(j, "num_targets"), -1), r.train->targets);
        hn_json_free(j);
    }
    assert_true(fabs(loss[0] - loss[1]) < 1e-12 && fabs(loss[0] - loss[2]) < 1e-12);
    scored s[2] = {{0}};
    for (int i = 0; i < 2; i++) run_must(&r, hn_score_rows(r.dev, r.model, r.train, i * 7 + 1, add_row, &s[i], &r.err), "score");
    assert_int_equal(s[0].rows, r.train->rows);
    assert_int_equal(s[0].tokens, r.train->tokens - r.train->rows);
    assert_true(s[0].sum == s[1].sum);
    run_close(&r);
}

static bool take_piece(const hn_gen_piece *piece, void *user) {
    (void)piece;
    (void)user;
    return true;
}

/* One weight that is no number: evaluation, scores and generation say so instead of giving numbers. */
static void test_not_finite(void **state) {
    (void)state;
    run r;
    size_t n;
    hn_json *j = NULL;
    scored s = {0};
    run_config(&r, NULL);
    run_parts(&r, FIXTURES "/base", FIXTURES "/base", eval_file, NULL);
    hn_param *p = hn_model_params(r.model, &n);
    ((float *)p[5].t->data)[3] = NAN;
    assert_int_equal(hn_evaluate(r.dev, r.model, r.train, 4, &j, &r.err), HN_ENUMERIC);
    assert_int_equal(hn_score_rows(r.dev, r.model, r.train, 4, add_row, &s, &r.err), HN_ENUMERIC);
    const int32_t ids[] = {1, 40, 41};
    const hn_gen_prompt prompt = {ids, 3};
    for (int sample = 0; sample < 2; sample++) {
        hn_gen_opts o = {.sampler = {.sample = sample, .temperature = 1, .top_p = 1, .repetition_penalty = 1}, .max_new_tokens = 3, .samples = 1};
        assert_int_equal(hn_generate(r.dev, r.model, r.tok, &prompt, 1, &o, take_piece, NULL, &r.err), HN_ENUMERIC);
        assert_non_null(strstr(r.err.msg, "nan"));
    }
    run_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_micro_batches), cmocka_unit_test(test_pieces),
                                       cmocka_unit_test(test_threads),       cmocka_unit_test(test_checkpointing),
                                       cmocka_unit_test(test_rate_zero),     cmocka_unit_test(test_noise),
                                       cmocka_unit_test(test_evaluate),      cmocka_unit_test(test_not_finite)};
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
