/* rooms: check data text base */
/* test_check_rows.c - every check of rows: the damage it is for, with the severity it deserves, and the clean case beside it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "check_rows.h"

static hn_tokenizer *tok; /* of a Llama: <s> 1, </s> 2 */

static const char *const subjects[] = {"rivers", "stars", "bread", "music", "winter", "trains", "gardens", "whales", "paper", "chess"};

/* A prompt and an answer that differ from row to row. */
static const char *pair(int i, const char *answer) {
    static char row[400];
    const char *s = subjects[i % 10];
    snprintf(row, sizeof row, "{\"prompt\": \"Tell me fact number %d about %s, please.\", \"completion\": \"%s%s has %d sides.\"}", i, s, answer, s, i);
    return row;
}

static void damaged(hn_report *r, int rows, int every, const char *bad_format) {
    bench b;
    bench_open(&b, HN_VIEW_SFT, tok);
    for (int i = 0; i < rows; i++) {
        char row[400];
        snprintf(row, sizeof row, bad_format, i);
        bench_row(&b, HN_KIND_COMPLETION, i % every == every - 1 ? row : pair(i, ""));
    }
    bench_end(&b, r);
}

static void test_clean(void **state) {
    (void)state;
    hn_report r;
    damaged(&r, 200, 1000, "%d");
    expect_quiet(&r, HN_SEVERITY_INFO);
    hn_report_release(&r);
}

static void test_answers(void **state) {
    (void)state;
    static const struct {
        const char *id, *row;
    } cases[] = {
        {"empty-answer", "{\"prompt\": \"Fact number %d, please.\", \"completion\": \"\\n \"}"},
        {"empty-prompt", "{\"prompt\": \" \", \"completion\": \"Fact %d.\"}"},
        {"shared-answer", "{\"prompt\": \"Fact number %d, please.\", \"completion\": \"I cannot help with that.\"}"},
        {"prompt-repeated", "{\"prompt\": \"Fact number %1$d, please.\", \"completion\": \"fact Number %1$d,  please. It is so.\"}"},
        {"mojibake", "{\"prompt\": \"Fact number %d, please.\", \"completion\": \"Un cafÃ© crÃ¨me\"}"},
        {"mojibake", "{\"prompt\": \"Fact number %d\xef\xbf\xbd, please.\", \"completion\": \"Yes.\"}"},
        {"control-tokens", "{\"prompt\": \"Fact</s> number %d.\", \"completion\": \"No. %1$d\"}"},
        {"duplicates", "{\"prompt\": \"The same\", \"completion\": \"again\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hn_report r;
        damaged(&r, 100, 5, cases[i].row);
        expect_finding(&r, cases[i].id, HN_SEVERITY_WARN, -1);
        hn_report_release(&r);
    }
}

/* What honest text holds: accents, an end token behind an answer, yes and no as the only answers, one odd row in two hundred. */
static void test_innocent(void **state) {
    (void)state;
    hn_report r;
    bench b;
    bench_open(&b, HN_VIEW_SFT, tok);
    for (int i = 0; i < 200; i++) {
        char row[300];
        snprintf(row, sizeof row, "{\"prompt\": \"Is %d, São Paulo's Â or Ã, a café “number”?\", \"completion\": \"%s</s>\"}", i, i % 2 ? "yes" : "no");
        bench_row(&b, HN_KIND_COMPLETION, i == 7 ? "{\"prompt\": \"Say nothing.\", \"completion\": \"\"}" : row);
    }
    bench_end(&b, &r);
    expect_quiet(&r, HN_SEVERITY_WARN);
    expect_finding(&r, "shared-answer", HN_SEVERITY_INFO, -1);
    expect_finding(&r, "empty-answer", HN_SEVERITY_INFO, 1);
    hn_report_release(&r);
}

static void test_conversations(void **state) {
    (void)state;
    static const struct {
        const char *id, *messages;
        hn_severity severity;
    } cases[] = {
        {"ends-with-user", "{\"role\": \"user\", \"content\": \"Hi %d\"}, {\"role\": \"assistant\", \"content\": \"Yes?\"}, {\"role\": \"user\", \"content\": \"Bye\"}", HN_SEVERITY_ERROR},
        {"same-role-twice", "{\"role\": \"user\", \"content\": \"Hi %d\"}, {\"role\": \"user\", \"content\": \"Hello?\"}, {\"role\": \"assistant\", \"content\": \"%1$d\"}", HN_SEVERITY_WARN},
        {"unknown-role", "{\"role\": \"usr\", \"content\": \"Hi %d\"}, {\"role\": \"assistant\", \"content\": \"Yes %1$d?\"}", HN_SEVERITY_ERROR},
        {"empty-answer", "{\"role\": \"user\", \"content\": \"Hi %d\"}, {\"role\": \"assistant\", \"content\": null}", HN_SEVERITY_ERROR},
        {NULL, "{\"role\": \"user\", \"content\": \"Hi %d\"}, {\"role\": \"assistant\", \"tool_calls\": [{}]}, {\"role\": \"tool\", \"content\": \"1\"}, {\"role\": \"tool\", \"content\": \"2\"},"
               "{\"role\": \"assistant\", \"content\": \"It is %1$d.\"}", HN_SEVERITY_INFO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hn_report r;
        bench b;
        bench_open(&b, HN_VIEW_SFT, tok);
        for (int k = 0; k < 20; k++) {
            char messages[400], row[500];
            snprintf(messages, sizeof messages, cases[i].messages, k);
            snprintf(row, sizeof row, "{\"messages\": [%s]}", messages);
            bench_row(&b, HN_KIND_MESSAGES, row);
        }
        bench_end(&b, &r);
        if (cases[i].id) expect_finding(&r, cases[i].id, cases[i].severity, 20);
        else expect_quiet(&r, HN_SEVERITY_WARN);
        hn_report_release(&r);
    }
}

/* Good sets hold such rows in a few of a thousand: two of two hundred may be chance, six are not. */
static void test_chance(void **state) {
    (void)state;
    for (int bad = 1; bad <= 6; bad++) {
        hn_report r;
        bench b;
        bench_open(&b, HN_VIEW_SFT, tok);
        for (int i = 0; i < 200; i++) bench_row(&b, HN_KIND_COMPLETION, i < bad ? "{\"prompt\": \"And?\", \"completion\": \"\"}" : pair(i, ""));
        bench_end(&b, &r);
        expect_finding(&r, "empty-answer", bad < 3 ? HN_SEVERITY_INFO : HN_SEVERITY_WARN, bad);
        hn_report_release(&r);
    }
}

enum { N = 6 };
static void tokens(hn_report *r, bench *b, const int32_t *id, const int32_t *label, int rows) {
    for (int i = 0; i < rows; i++) {
        char row[80];
        snprintf(row, sizeof row, "{\"input_ids\": [%d], \"labels\": [1]}", i);
        bench_tokens(b, HN_KIND_TOKENS, row, id, label, N, false);
    }
    bench_end(b, r);
}

static void test_tokens(void **state) {
    (void)state;
    static const int32_t good[N] = {1, 40, 41, 42, 43, 2}, twice[N] = {1, 1, 41, 42, 43, 2}, masked[N] = {-100, -100, 41, 42, 43, -100},
                         none[N] = {-100, -100, -100, -100, -100, -100};
    hn_report r;
    bench b;
    bench_open(&b, HN_VIEW_SFT, tok);
    tokens(&r, &b, good, NULL, 3);
    assert_null(finding(&r, "double-bos"));
    assert_null(finding(&r, "eos-not-trained"));
    expect_finding(&r, "loss-share", HN_SEVERITY_INFO, 3); /* all tokens: worth knowing */
    hn_report_release(&r);
    bench_open(&b, HN_VIEW_SFT, tok);
    b.setup.completion_only = 1;
    tokens(&r, &b, good, NULL, 3);
    expect_finding(&r, "loss-share", HN_SEVERITY_WARN, 3); /* a mask was asked for */
    hn_report_release(&r);
    bench_open(&b, HN_VIEW_SFT, tok);
    tokens(&r, &b, twice, NULL, 3);
    expect_finding(&r, "double-bos", HN_SEVERITY_ERROR, 3);
    hn_report_release(&r);
    bench_open(&b, HN_VIEW_SFT, tok);
    tokens(&r, &b, good, masked, 3);
    expect_finding(&r, "eos-not-trained", HN_SEVERITY_ERROR, 3);
    hn_report_release(&r);
    bench_open(&b, HN_VIEW_SFT, tok);
    tokens(&r, &b, good, none, 3);
    expect_finding(&r, "loss-share", HN_SEVERITY_ERROR, 3);
    hn_report_release(&r);
}

static void test_sizes(void **state) {
    (void)state;
    static const int32_t id[N] = {1, 40, 41, 42, 43, 2}, answer[N] = {-100, -100, -100, -100, 43, 2}, far[N] = {1, 40, 900, 42, 43, 2};
    hn_check_model model = {.dir = "m", .weights = true, .vocab = 512, .max_position = 1024, .pad = -1, .config_pad = -1};
    hn_report r;
    bench b;
    bench_open(&b, HN_VIEW_SFT, tok);
    b.setup.model = &model;
    b.setup.max_length = 100000; /* more than the context harms no short row */
    tokens(&r, &b, id, answer, 4);
    expect_quiet(&r, HN_SEVERITY_WARN);
    hn_report_release(&r);
    bench_open(&b, HN_VIEW_SFT, tok);
    b.setup.max_length = 4;
    tokens(&r, &b, id, answer, 4);
    expect_finding(&r, "answer-truncated", HN_SEVERITY_ERROR, 4);
    hn_report_release(&r);
    model.max_position = 5;
    bench_open(&b, HN_VIEW_SFT, tok);
    b.setup.model = &model;
    tokens(&r, &b, id, answer, 4);
    expect_finding(&r, "longer-than-context", HN_SEVERITY_WARN, 4);
    hn_report_release(&r);
    bench_open(&b, HN_VIEW_SFT, tok);
    b.setup.model = &model;
    tokens(&r, &b, far, NULL, 4);
    expect_finding(&r, "vocab-too-large", HN_SEVERITY_ERROR, 4);
    hn_report_release(&r);
}

static void test_overlap(void **state) {
    (void)state;
    hn_report r;
    bench b;
    bench_open(&b, HN_VIEW_SFT, tok);
    for (int i = 0; i < 100; i++) bench_row(&b, HN_KIND_COMPLETION, pair(i, ""));
    for (int i = 90; i < 130; i++) bench_eval(&b, HN_KIND_COMPLETION, pair(i, ""));
    bench_end(&b, &r);
    expect_finding(&r, "train-test-overlap", HN_SEVERITY_WARN, 10);
    assert_null(finding(&r, "duplicates"));
    assert_int_equal(r.eval_rows, 40);
    hn_report_release(&r);
    bench_open(&b, HN_VIEW_SFT, tok);
    for (int i = 0; i < 100; i++) bench_row(&b, HN_KIND_COMPLETION, pair(i, ""));
    for (int i = 100; i < 140; i++) bench_eval(&b, HN_KIND_COMPLETION, pair(i, ""));
    bench_end(&b, &r);
    expect_quiet(&r, HN_SEVERITY_INFO);
    hn_report_release(&r);
}

static int setup(void **state) {
    (void)state;
    return hn_tokenizer_load(FIXTURES "/sft/tokenizer", &tok, NULL) == HN_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    hn_tokenizer_free(tok);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),  cmocka_unit_test(test_answers), cmocka_unit_test(test_innocent), cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_tokens), cmocka_unit_test(test_sizes),   cmocka_unit_test(test_overlap),  cmocka_unit_test(test_chance),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
