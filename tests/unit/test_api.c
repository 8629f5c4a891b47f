/* rooms: api check train gen model objective nn grad data text io dev base */
/* test_api.c - the public header as an embedding program uses it: settings, a training loop of its own on rows in memory,
 * generation, scores, and errors that leave text and remedy in the context. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "hone.h"

static char base[4096], scratch[] = "/tmp/hone-api-XXXXXX";
static hone_ctx *ctx;

static int open_context(void **state) {
    (void)state;
    snprintf(base, sizeof base, "%s/base", FIXTURES);
    return mkdtemp(scratch) && hone_ctx_new(NULL, &ctx) == HONE_OK ? 0 : -1;
}

static int close_context(void **state) {
    (void)state;
    hone_ctx_free(ctx);
    return hn_dir_remove(scratch, NULL) == HN_OK ? 0 : -1;
}

static void test_settings(void **state) {
    (void)state;
    hone_config *c = NULL;
    char *value = NULL;
    assert_int_equal(hone_config_new(ctx, "sft", &c), HONE_OK);
    assert_int_equal(hone_config_set(c, "learning-rate", "3e-4"), HONE_OK);
    assert_int_equal(hone_config_get(c, "learning_rate", &value), HONE_OK);
    assert_true(fabs(atof(value) - 3e-4) < 1e-12);
    hone_free(value);
    assert_int_equal(hone_config_set(c, "learning_rat", "1"), HONE_BAD_ARGUMENT);
    assert_non_null(strstr(hone_last_error(ctx), "learning_rat"));
    assert_int_equal(hone_config_set(c, "seed", "many"), HONE_BAD_ARGUMENT);
    assert_int_equal(hone_exit_code(HONE_BAD_ARGUMENT), 2);
    char *yaml = hone_config_yaml(c);
    assert_non_null(strstr(yaml, "learning_rate"));
    hone_free(yaml);
    hone_config_free(c);
    assert_int_equal(hone_config_new(ctx, "juggle", &c), HONE_BAD_ARGUMENT);
    assert_null(c);
}

static void test_data_check(void **state) {
    (void)state;
    hone_config *c = NULL;
    char path[4200], *json = NULL;
    snprintf(path, sizeof path, "%s/rows.jsonl", scratch);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 20; i++) fprintf(f, "{\"prompt\": \"number %d\", \"completion\": \"%s\"}\n", i, i % 4 ? "one and two" : " ");
    fclose(f);
    assert_int_equal(hone_config_new(ctx, "data", &c), HONE_OK);
    assert_int_equal(hone_config_set(c, "model_name_or_path", base), HONE_OK);
    assert_int_equal(hone_config_set(c, "dataset_name", path), HONE_OK);
    assert_int_equal(hone_data_check(c, NULL, &json), HONE_OK);
    assert_non_null(strstr(json, "\"id\": \"empty-answer\""));
    hone_free(json);
    assert_int_equal(hone_data_check(c, "juggle", &json), HONE_BAD_ARGUMENT);
    assert_null(json);
    f = fopen(path, "a");
    assert_non_null(f);
    fputs("{\"prompt\": \"x\", \"reply\": \"y\"}\n", f);
    fclose(f);
    assert_int_equal(hone_data_check(c, NULL, &json), HONE_GATE);
    assert_non_null(strstr(json, "wrong-columns"));
    assert_non_null(strstr(hone_last_error(ctx), "wrong-columns"));
    hone_free(json);
    hone_config_free(c);
}

static void test_errors_have_a_place_and_a_remedy(void **state) {
    (void)state;
    hone_model *m = NULL;
    assert_int_equal(hone_model_load(ctx, "some/name-that-is-nowhere", NULL, &m), HONE_NOT_FOUND);
    assert_null(m);
    assert_non_null(strstr(hone_last_error(ctx), "some/name-that-is-nowhere"));
    assert_non_null(strstr(hone_last_error_fix(ctx), "hf download"));
    assert_int_equal(hone_exit_code(HONE_NOT_FOUND), 3);
}

static void test_a_loop_of_ones_own(void **state) {
    (void)state;
    static const char *const rows[] = {
        "{\"prompt\": \"One day\", \"completion\": \" a dog ran.\"}", "{\"prompt\": \"Lily\", \"completion\": \" saw a cat.\"}",
        "{\"prompt\": \"The sun\", \"completion\": \" was hot.\"}", "{\"prompt\": \"Tom\", \"completion\": \" had a ball.\"}"};
    hone_config *c = NULL;
    hone_model *m = NULL;
    hone_tokenizer *tok = NULL;
    hone_dataset *d = NULL;
    hone_trainer *t = NULL;
    char out[128];
    snprintf(out, sizeof out, "%s/out", scratch);
    const char *const settings[][2] = {{"output_dir", out}, {"max_steps", "12"}, {"per_device_train_batch_size", "2"},
                                       {"learning_rate", "1e-3"}, {"logging_steps", "1"}, {"save_strategy", "no"}};
    assert_int_equal(hone_config_new(ctx, "sft", &c), HONE_OK);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        assert_int_equal(hone_config_set(c, settings[i][0], settings[i][1]), HONE_OK);
    assert_int_equal(hone_model_load(ctx, base, NULL, &m), HONE_OK);
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    assert_int_equal(hone_dataset_from_rows(c, tok, rows, 4, &d), HONE_OK);
    assert_int_equal(hone_dataset_rows(d), 4);
    assert_int_equal(hone_trainer_new(c, m, tok, d, NULL, &t), HONE_OK);
    hone_metrics metrics = {.struct_size = sizeof metrics};
    double first = 0;
    int steps = 0;
    hone_status st;
    do {
        st = hone_trainer_step(t, &metrics);
        assert_true(st == HONE_OK || st == HONE_DONE);
        if (++steps == 1) first = metrics.loss;
        assert_non_null(metrics.log_json);
    } while (st == HONE_OK);
    assert_int_equal(steps, 12);
    assert_true(metrics.loss < first);
    char *summary = NULL;
    assert_int_equal(hone_trainer_finish(t, &summary), HONE_OK);
    assert_non_null(strstr(summary, "train_loss"));
    hone_free(summary);
    hone_trainer_free(t);

    hone_model *again = NULL; /* what was written is what was trained */
    double a, b;
    int64_t n;
    assert_int_equal(hone_model_load(ctx, out, &(hone_load_opts){.struct_size = sizeof(hone_load_opts), .read_only = true}, &again), HONE_OK);
    assert_int_equal(hone_score(m, tok, "One day a dog ran.", 18, &a, &n), HONE_OK);
    assert_int_equal(hone_score(again, tok, "One day a dog ran.", 18, &b, &n), HONE_OK);
    assert_true(a == b && a < 0 && n > 3);
    hone_model_free(again);
    hone_dataset_free(d);
    hone_tokenizer_free(tok);
    hone_model_free(m);
    hone_config_free(c);
}

typedef struct text { char p[4096]; size_t n; int calls, stop_after; const char *reason; } text;

static bool gather(const hone_piece *piece, void *user) {
    text *t = user;
    if (piece->finish_reason) t->reason = piece->finish_reason;
    memcpy(t->p + t->n, piece->text, piece->len);
    t->n += piece->len;
    return ++t->calls != t->stop_after;
}

static void test_generation(void **state) {
    (void)state;
    hone_model *m = NULL;
    hone_tokenizer *tok = NULL;
    assert_int_equal(hone_model_load(ctx, base, NULL, &m), HONE_OK);
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    hone_generate_opts o = {.struct_size = sizeof o, .max_new_tokens = 40};
    text whole = {0}, cut = {0}, stopped = {0};
    assert_int_equal(hone_generate(m, tok, "Once upon a time", &o, gather, &whole), HONE_OK);
    assert_non_null(strstr(whole.p, "little girl"));
    assert_string_equal(whole.reason, "length");
    const char *const stop[] = {"little girl"}; /* spans several tokens */
    o.stop = stop;
    o.stop_count = 1;
    assert_int_equal(hone_generate(m, tok, "Once upon a time", &o, gather, &cut), HONE_OK);
    assert_null(strstr(cut.p, "little"));
    assert_int_equal(strncmp(whole.p, cut.p, cut.n), 0);
    assert_string_equal(cut.reason, "stop");
    stopped.stop_after = 3;
    assert_int_equal(hone_generate(m, tok, "Once upon a time", &o, gather, &stopped), HONE_CANCELLED);
    hone_tokenizer_free(tok);
    hone_model_free(m);
}

static void test_tokens_there_and_back(void **state) {
    (void)state;
    hone_tokenizer *tok = NULL;
    int32_t *ids;
    size_t n;
    char *back;
    const char words[] = "A cat, \xF0\x9F\x90\xB1!";
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    assert_int_equal(hone_tokenize(tok, words, strlen(words), HONE_ADD_SPECIAL_TOKENS, &ids, &n), HONE_OK);
    assert_true(n > 3);
    assert_int_equal(hone_detokenize(tok, ids, n, HONE_SKIP_SPECIAL_TOKENS, &back), HONE_OK);
    assert_string_equal(back, words);
    hone_free(ids);
    hone_free(back);
    hone_tokenizer_free(tok);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings), cmocka_unit_test(test_data_check),   cmocka_unit_test(test_errors_have_a_place_and_a_remedy),
        cmocka_unit_test(test_generation), cmocka_unit_test(test_tokens_there_and_back),
        cmocka_unit_test(test_a_loop_of_ones_own),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
