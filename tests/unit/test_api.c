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

static void test_scores(void **state) {
    (void)state;
    hone_model *m = NULL;
    hone_tokenizer *tok = NULL;
    int32_t *ids;
    size_t n;
    double each[64], sum = 0, whole;
    int64_t count;
    assert_int_equal(hone_model_load(ctx, base, NULL, &m), HONE_OK);
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    assert_int_equal(hone_tokenize(tok, "One day a dog ran.", 18, HONE_ADD_SPECIAL_TOKENS, &ids, &n), HONE_OK);
    assert_int_equal(hone_score_ids(m, ids, n, each), HONE_OK);
    assert_int_equal(hone_score(m, tok, "One day a dog ran.", 18, &whole, &count), HONE_OK);
    for (size_t i = 0; i + 1 < n; i++) {
        assert_true(each[i] < 0);
        sum += each[i];
    }
    assert_true(sum == whole && count == (int64_t)n);
    assert_int_equal(hone_score_ids(m, ids, 1, each), HONE_OK); /* one token: nothing to tell */
    assert_int_equal(hone_score_ids(m, ids, 0, each), HONE_BAD_ARGUMENT);
    ids[1] = 100000;
    assert_int_equal(hone_score_ids(m, ids, n, each), HONE_BAD_ARGUMENT);
    assert_non_null(strstr(hone_last_error(ctx), "100000"));
    hone_free(ids);
    hone_tokenizer_free(tok);
    hone_model_free(m);
}

static void test_tokenizer_saved(void **state) {
    (void)state;
    hone_tokenizer *tok = NULL, *again = NULL;
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    char *a = hone_tokenizer_info_json(tok);
    assert_string_equal(a, "{\"vocab_size\": 512, \"bos\": {\"token\": \"<s>\", \"id\": 1}, \"eos\": {\"token\": \"</s>\", \"id\": 2}, \"pad\": "
                           "{\"token\": \"<unk>\", \"id\": 0}, \"unk\": {\"token\": \"<unk>\", \"id\": 0}, \"max_length\": 512, \"chat_template\": true}");
    assert_int_equal(hone_tokenizer_save(tok, scratch), HONE_OK);
    assert_int_equal(hone_tokenizer_load(ctx, scratch, &again), HONE_OK);
    char *b = hone_tokenizer_info_json(again);
    assert_string_equal(a, b);
    hone_free(a);
    hone_free(b);
    hone_tokenizer_free(tok);
    hone_tokenizer_free(again);
}

/* Rows in memory are called so, and may be written over several lines. */
static void test_rows_in_memory(void **state) {
    (void)state;
    static const char *const good[] = {"{\"text\":\n \"One day\"}", "{\n\"text\": \"a dog\"\n}"}, *const bad[] = {"{\"text\": \"One\"}", "{\"text\": 5}"};
    hone_config *c = NULL;
    hone_tokenizer *tok = NULL;
    hone_dataset *d = NULL;
    assert_int_equal(hone_config_new(ctx, "sft", &c), HONE_OK);
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    assert_int_equal(hone_dataset_from_rows(c, tok, good, 2, &d), HONE_OK);
    assert_int_equal(hone_dataset_rows(d), 2);
    char *info = hone_dataset_info_json(d);
    assert_non_null(strstr(info, "\"files\": [\"rows in memory\"]"));
    hone_free(info);
    hone_dataset_free(d);
    assert_int_equal(hone_dataset_from_rows(c, tok, bad, 2, &d), HONE_BAD_FORMAT);
    assert_null(d);
    assert_non_null(strstr(hone_last_error(ctx), "rows in memory:2: column \"text\""));
    hone_tokenizer_free(tok);
    hone_config_free(c);
}

static void test_json_string(void **state) {
    (void)state;
    char *json = hone_json_string("a \"b\"\n\\ \xC3\xA9 \xFF", 12);
    assert_string_equal(json, "\"a \\\"b\\\"\\n\\\\ \xC3\xA9 \xEF\xBF\xBD\"");
    hone_free(json);
    json = hone_json_string("", 0);
    assert_string_equal(json, "\"\"");
    hone_free(json);
}

static void test_chat_render(void **state) {
    (void)state;
    static const char messages[] = "[{\"role\": \"user\", \"content\": \"Hi \\u00e9\"}, {\"role\": \"assistant\", \"content\": \"Yes.\"}]";
    static const char *const wrong[] = {"{}", "null", "[1]", "[{\"role\": ", "7"};
    hone_tokenizer *tok = NULL;
    char *text = NULL, path[128];
    size_t len = 0, count = 0;
    hone_span *spans = NULL;
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    assert_int_equal(hone_chat_render(tok, messages, NULL, &text, &len, &spans, &count), HONE_OK);
    assert_string_equal(text, "<s><|user|>\nHi \xC3\xA9</s>\n<|assistant|>\nYes.</s>\n");
    assert_int_equal(len, strlen(text));
    assert_int_equal(count, 1); /* what the assistant wrote, in bytes */
    assert_memory_equal(text + spans[0].begin, "Yes.</s>", spans[0].end - spans[0].begin);
    hone_free(text);
    hone_free(spans);

    snprintf(path, sizeof path, "%s/own.jinja", scratch);
    static const char own[] = "{{ messages | length }} {{ tools[0].name }} {{ documents | length }} {{ mood }}{{ ' go' if add_generation_prompt }}";
    assert_int_equal(hn_file_write(path, own, strlen(own), NULL), HN_OK);
    hone_chat_opts o = {.struct_size = sizeof o, .add_generation_prompt = true, .tools_json = "[{\"name\": \"sum\"}]",
                        .documents_json = "[{}, {}]", .kwargs_json = "{\"mood\": \"calm\"}", .template_path = path};
    assert_int_equal(hone_chat_render(tok, messages, &o, &text, NULL, NULL, NULL), HONE_OK);
    assert_string_equal(text, "2 sum 2 calm go");
    hone_free(text);
    o.kwargs_json = "[]";
    assert_int_equal(hone_chat_render(tok, messages, &o, &text, &len, NULL, NULL), HONE_BAD_ARGUMENT);
    assert_non_null(strstr(hone_last_error(ctx), "kwargs_json"));
    o.kwargs_json = NULL;
    o.template_path = "nowhere.jinja";
    assert_int_equal(hone_chat_render(tok, messages, &o, &text, NULL, NULL, NULL), HONE_NOT_FOUND);
    assert_null(text);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        hone_status st = hone_chat_render(tok, wrong[i], NULL, &text, NULL, &spans, &count);
        assert_true(st == HONE_BAD_ARGUMENT || (i == 2 && st == HONE_BAD_FORMAT));
        assert_null(text);
        assert_null(spans);
    }
    o.struct_size = 0;
    assert_int_equal(hone_chat_render(tok, messages, &o, &text, NULL, NULL, NULL), HONE_BAD_ARGUMENT);
    assert_non_null(strstr(hone_last_error(ctx), "struct_size of a hone_chat_opts"));
    hone_tokenizer_free(tok);
}

/* Two turns of a chat: with the prefix cache the second computes only what is new, and says the same. */
static void test_chat_turns(void **state) {
    (void)state;
    hone_model *m = NULL;
    hone_tokenizer *tok = NULL;
    hone_config *c = NULL;
    hone_prefix_cache *cache = NULL;
    char *prompt = NULL, messages[4096];
    int32_t *ids = NULL;
    size_t n = 0, len = 0;
    const hone_chat_opts chat = {.struct_size = sizeof chat, .add_generation_prompt = true};
    hone_generate_opts o = {.struct_size = sizeof o}, plain;
    assert_int_equal(hone_model_load(ctx, base, NULL, &m), HONE_OK);
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    assert_int_equal(hone_prefix_cache_new(m, &cache), HONE_OK);
    assert_int_equal(hone_config_new(ctx, "chat", &c), HONE_OK);
    assert_int_equal(hone_config_set(c, "max_new_tokens", "12"), HONE_OK);
    assert_int_equal(hone_config_set(c, "temperature", "0.7"), HONE_OK);
    assert_int_equal(hone_config_set(c, "stop", "zzz,yyy"), HONE_OK);
    o.prefix_cache = cache;
    assert_int_equal(hone_config_generate_opts(c, m, &o), HONE_OK);
    assert_true(o.do_sample && o.max_new_tokens == 12 && o.stop_count == 2 && o.prefix_cache == cache && o.raw_prompt);
    plain = o;
    plain.prefix_cache = NULL;
    snprintf(messages, sizeof messages, "[{\"role\": \"user\", \"content\": \"One day\"}]");
    for (int turn = 0; turn < 2; turn++) {
        text with = {0}, without = {0}, as_text = {0};
        int64_t before = hone_prefix_cache_tokens(cache);
        assert_int_equal(hone_chat_render(tok, messages, &chat, &prompt, &len, NULL, NULL), HONE_OK);
        assert_int_equal(hone_tokenize(tok, prompt, len, 0, &ids, &n), HONE_OK);
        assert_int_equal(hone_generate_ids(m, tok, ids, n, &o, gather, &with), HONE_OK);
        assert_int_equal(hone_prefix_cache_tokens(cache), n + 11);
        assert_true(turn == 0 ? hone_prefix_cache_reused(cache) == 0 : hone_prefix_cache_reused(cache) > before / 2);
        assert_int_equal(hone_generate_ids(m, tok, ids, n, &plain, gather, &without), HONE_OK);
        assert_int_equal(hone_generate(m, tok, prompt, &plain, gather, &as_text), HONE_OK);
        assert_true(with.n > 4);
        assert_string_equal(with.p, without.p);
        assert_string_equal(with.p, as_text.p);
        hone_free(ids);
        hone_free(prompt);
        snprintf(messages, sizeof messages, "[{\"role\": \"user\", \"content\": \"One day\"}, {\"role\": \"assistant\", \"content\": \"A dog\"},"
                                            "{\"role\": \"user\", \"content\": \"And then?\"}]");
    }
    text tokens = {0};
    hone_generate_opts greedy = {.struct_size = sizeof greedy, .num_return_sequences = 2};
    assert_int_equal(hone_generate(m, tok, "One", &greedy, gather, &tokens), HONE_BAD_ARGUMENT);
    assert_non_null(strstr(hone_last_error_fix(ctx), "do_sample"));
    const int32_t few[3] = {1, 5, 9};
    assert_int_equal(hone_generate_ids(m, NULL, few, 3, &plain, gather, &tokens), HONE_OK); /* no tokenizer, no text */
    assert_int_equal(tokens.n, 0);
    assert_int_equal(tokens.calls, 13);
    assert_int_equal(hone_generate_ids(m, NULL, few, 0, &plain, gather, &tokens), HONE_BAD_ARGUMENT);
    hone_config_free(c);
    hone_prefix_cache_free(cache);
    hone_tokenizer_free(tok);
    hone_model_free(m);
}

/* A struct whose size was forgotten is an error, not options that silently do nothing. */
static void test_forgotten_struct_size(void **state) {
    (void)state;
    hone_model *m = NULL;
    hone_tokenizer *tok = NULL;
    hone_config *c = NULL;
    hone_ctx *other = NULL;
    text t = {0};
    assert_int_equal(hone_model_load(ctx, base, &(hone_load_opts){.read_only = true}, &m), HONE_BAD_ARGUMENT);
    assert_non_null(strstr(hone_last_error_fix(ctx), "sizeof(hone_load_opts)"));
    assert_int_equal(hone_model_load(ctx, base, NULL, &m), HONE_OK);
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    assert_int_equal(hone_generate(m, tok, "Once", &(hone_generate_opts){.max_new_tokens = 4}, gather, &t), HONE_BAD_ARGUMENT);
    assert_int_equal(t.calls, 0);
    assert_int_equal(hone_ctx_new(&(hone_ctx_opts){.threads = 1}, &other), HONE_BAD_ARGUMENT);
    assert_non_null(strstr(hone_last_error(other), "hone_ctx_opts"));
    hone_ctx_free(other);
    assert_int_equal(hone_config_new(ctx, "sft", &c), HONE_OK);
    assert_int_equal(hone_config_generate_opts(c, m, &(hone_generate_opts){.struct_size = sizeof(hone_generate_opts)}), HONE_BAD_ARGUMENT);
    hone_config_free(c);
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

static bool ignore(const hone_piece *piece, void *user) { return piece == user; }

/* Failures that are passed over come back as NULL handles; numbers and rows that cannot be meant are refused. */
static void test_misuse(void **state) {
    (void)state;
    static const char *const broken[] = {"{", "{\"text\": \"a\"}"}, *const list[] = {"[1]"}, *const none[] = {NULL};
    hone_config *c = NULL;
    hone_tokenizer *tok = (hone_tokenizer *)&c;
    hone_model *m = (hone_model *)&c;
    hone_dataset *d = NULL;
    hone_trainer *t = (hone_trainer *)&c;
    hone_metrics metrics = {.struct_size = sizeof metrics};
    hone_generate_opts o = {.struct_size = sizeof o, .max_new_tokens = 1};
    hone_load_opts load = {.struct_size = sizeof load, .vocab_size = -1};
    int32_t *ids = (int32_t *)&c;
    char *text = (char *)&c;
    size_t n;
    double logp = 0;
    int64_t count = 0;
    assert_int_equal(hone_model_load(ctx, NULL, NULL, &m), HONE_BAD_ARGUMENT);
    assert_null(m);
    assert_int_equal(hone_tokenizer_load(ctx, NULL, &tok), HONE_BAD_ARGUMENT);
    assert_null(tok);
    assert_int_equal(hone_trainer_open(NULL, &t), HONE_BAD_ARGUMENT);
    assert_null(t);
    assert_int_equal(hone_config_set(NULL, "seed", "1"), HONE_BAD_ARGUMENT);
    assert_int_equal(hone_tokenize(NULL, "a", 1, 0, &ids, &n), HONE_BAD_ARGUMENT);
    assert_null(ids);
    assert_int_equal(hone_detokenize(NULL, NULL, 0, 0, &text), HONE_BAD_ARGUMENT);
    assert_null(text);
    assert_int_equal(hone_generate(NULL, NULL, "a", NULL, ignore, NULL), HONE_BAD_ARGUMENT);
    assert_int_equal(hone_score(NULL, NULL, "a", 1, &logp, &count), HONE_BAD_ARGUMENT);
    assert_int_equal(hone_evaluate(NULL, NULL, 1, &text), HONE_BAD_ARGUMENT);
    assert_int_equal(hone_trainer_step(NULL, &metrics), HONE_BAD_ARGUMENT);
    assert_int_equal(hone_trainer_finish(NULL, NULL), HONE_BAD_ARGUMENT);
    assert_null(hone_trainer_plan_json(NULL));
    assert_null(hone_trainer_model(NULL));
    assert_int_equal(hone_config_new(ctx, "sft", &c), HONE_OK);
    assert_int_equal(hone_config_set(c, "seed", NULL), HONE_BAD_ARGUMENT);
    assert_int_equal(hone_tokenizer_load(ctx, base, &tok), HONE_OK);
    assert_int_equal(hone_tokenize(tok, NULL, 0, 0, &ids, &n), HONE_OK);
    assert_int_equal(n, 0);
    hone_free(ids);
    assert_int_equal(hone_dataset_from_rows(c, tok, broken, 2, &d), HONE_BAD_FORMAT);
    assert_non_null(strstr(hone_last_error(ctx), "rows in memory:1"));
    assert_int_equal(hone_dataset_from_rows(c, tok, list, 1, &d), HONE_BAD_FORMAT);
    assert_int_equal(hone_dataset_from_rows(c, tok, none, 1, &d), HONE_BAD_ARGUMENT);
    assert_null(d);
    assert_int_equal(hone_model_load(ctx, base, &load, &m), HONE_BAD_ARGUMENT);
    load.vocab_size = INT64_MAX;
    assert_int_equal(hone_model_load(ctx, base, &load, &m), HONE_BAD_ARGUMENT);
    assert_int_equal(hone_model_load(ctx, base, NULL, &m), HONE_OK);
    assert_int_equal(hone_generate(m, tok, "a", &o, NULL, NULL), HONE_BAD_ARGUMENT);
    o.stop_count = 1;
    assert_int_equal(hone_generate(m, tok, "a", &o, ignore, NULL), HONE_BAD_ARGUMENT);
    o = (hone_generate_opts){.struct_size = sizeof o, .max_new_tokens = -1};
    assert_int_equal(hone_generate(m, tok, "a", &o, ignore, NULL), HONE_BAD_ARGUMENT);
    hone_model_free(m);
    hone_tokenizer_free(tok);
    hone_config_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings), cmocka_unit_test(test_data_check),   cmocka_unit_test(test_errors_have_a_place_and_a_remedy),
        cmocka_unit_test(test_generation), cmocka_unit_test(test_tokens_there_and_back), cmocka_unit_test(test_json_string), cmocka_unit_test(test_scores),
        cmocka_unit_test(test_tokenizer_saved), cmocka_unit_test(test_rows_in_memory), cmocka_unit_test(test_chat_render),
        cmocka_unit_test(test_chat_turns), cmocka_unit_test(test_forgotten_struct_size),
        cmocka_unit_test(test_a_loop_of_ones_own), cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
