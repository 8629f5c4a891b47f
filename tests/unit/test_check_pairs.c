/* rooms: check data text base */
/* test_check_pairs.c - checks of preferences, labels, tags and questions: the damage each is for, and the clean case beside it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check_rows.h"

static const char *const things[] = {"rivers", "stars", "bread", "music", "winter", "trains", "gardens", "whales", "paper", "chess", "salt"};

/* A pair that differs from row to row; the chosen side is polite, the other is not. tail: further columns. */
static const char *pair(int i, bool swapped, const char *tail) {
    static char row[700];
    char polite[200], rude[200];
    const char *a = things[i % 11], *b = things[i * 7 % 11];
    snprintf(polite, sizeof polite, "Thank you for asking. %s number %d goes well with %s.", a, i, b);
    snprintf(rude, sizeof rude, "Look it up yourself, %s number %d is nobody's business, nor %s.", a, i, b);
    snprintf(row, sizeof row, "{\"prompt\": \"What about %s %d?\", \"chosen\": \"%s\", \"rejected\": \"%s\"%s}", a, i, swapped ? rude : polite,
             swapped ? polite : rude, tail);
    return row;
}

static void pairs(hn_report *r, int rows, int swap_every, const char *tail, const char *swapped_tail) {
    bench b;
    bench_open(&b, HN_VIEW_PREFERENCE, NULL);
    for (int i = 0; i < rows; i++) {
        bool swapped = swap_every && i * 13 % 100 * swap_every < 100; /* no regular rhythm */
        bench_row(&b, HN_KIND_PREFERENCE, pair(i, swapped, swapped ? swapped_tail : tail));
    }
    bench_end(&b, r);
}

static void test_swapped(void **state) {
    (void)state;
    hn_report r;
    pairs(&r, 200, 0, "", "");
    expect_quiet(&r, HN_SEVERITY_WARN);
    hn_report_release(&r);
    pairs(&r, 200, 5, "", "");
    expect_finding(&r, "swapped-pairs", HN_SEVERITY_WARN, -1);
    hn_report_release(&r);
    pairs(&r, 200, 10, "", "");
    expect_finding(&r, "swapped-pairs", HN_SEVERITY_WARN, -1);
    hn_report_release(&r);
}

static void test_scores(void **state) {
    (void)state;
    static const struct {
        const char *good, *bad;
    } cases[] = {
        {", \"score_chosen\": 9, \"score_rejected\": 2", ", \"score_chosen\": 2, \"score_rejected\": 9"},
        {", \"chosen_score\": 0.9, \"rejected_score\": 0.2", ", \"chosen_score\": 0.1, \"rejected_score\": 0.2"},
        {", \"metadata\": {\"chosen-rating\": 5, \"rejected-rating\": 1}", ", \"metadata\": {\"chosen-rating\": 1, \"rejected-rating\": 5}"},
        {", \"rank_chosen\": 1, \"rank_rejected\": 2", ", \"rank_chosen\": 2, \"rank_rejected\": 1"},
        {", \"margin\": 1.5", ", \"margin\": -0.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hn_report r;
        pairs(&r, 100, 0, cases[i].good, cases[i].bad);
        assert_null(finding(&r, "scores-contradict"));
        hn_report_release(&r);
        pairs(&r, 100, 5, cases[i].good, cases[i].bad);
        expect_finding(&r, "scores-contradict", HN_SEVERITY_WARN, 20);
        hn_report_release(&r);
    }
    hn_report r; /* figures about sides that are no judgement */
    pairs(&r, 100, 0, ", \"chosen_length\": 3, \"rejected_length\": 9, \"score_chosen\": 4, \"score_rejected\": 4", "");
    expect_quiet(&r, HN_SEVERITY_WARN);
    expect_finding(&r, "scores-contradict", HN_SEVERITY_INFO, 0); /* ties */
    hn_report_release(&r);
}

static void test_contradicted(void **state) {
    (void)state;
    hn_report r;
    bench b;
    bench_open(&b, HN_VIEW_PREFERENCE, NULL);
    for (int i = 0; i < 100; i++) bench_row(&b, HN_KIND_PREFERENCE, pair(i, false, ""));
    for (int i = 0; i < 5; i++) bench_row(&b, HN_KIND_PREFERENCE, pair(i, true, ""));
    bench_end(&b, &r);
    expect_finding(&r, "opposite-pairs", HN_SEVERITY_WARN, 5);
    hn_report_release(&r);
    bench_open(&b, HN_VIEW_PREFERENCE, NULL); /* a column holds the good answer */
    for (int i = 0; i < 50; i++) {
        char row[300];
        bool swapped = i % 5 == 4;
        snprintf(row, sizeof row, "{\"prompt\": \"Number %d?\", \"chosen\": \"%s %d.\", \"rejected\": \"%s %d.\", \"messages\": [{\"role\": \"user\", \"content\": \"Number %d?\"}, "
                                  "{\"role\": \"assistant\", \"content\": \"right %d.\"}]}",
                 i, swapped ? "wrong" : "right", i, swapped ? "right" : "wrong", i, i, i);
        bench_row(&b, HN_KIND_PREFERENCE, row);
    }
    bench_end(&b, &r);
    expect_finding(&r, "opposite-pairs", HN_SEVERITY_WARN, 10);
    hn_report_release(&r);
}

static void test_equal_and_long(void **state) {
    (void)state;
    hn_report r;
    bench b;
    bench_open(&b, HN_VIEW_PREFERENCE, NULL);
    for (int i = 0; i < 40; i++) {
        char row[200];
        snprintf(row, sizeof row, "{\"prompt\": \"Number %d?\", \"chosen\": \"It is %d.\", \"rejected\": \"it is  %d.\"}", i, i, i);
        bench_row(&b, HN_KIND_PREFERENCE, i % 10 ? pair(i, false, "") : row);
    }
    bench_end(&b, &r);
    expect_finding(&r, "chosen-is-rejected", HN_SEVERITY_WARN, 4);
    hn_report_release(&r);
    bench_open(&b, HN_VIEW_PREFERENCE, NULL);
    for (int i = 0; i < 40; i++) {
        char row[300];
        snprintf(row, sizeof row, "{\"chosen\": \"\\n\\nHuman: Number %d?\\n\\nAssistant: It is %d, a number which many people like.\", \"rejected\": \"\\n\\nHuman: Number %d?\\n\\nAssistant: %d.\"}",
                 i, i, i, i + 1);
        bench_row(&b, HN_KIND_PREFERENCE, row);
    }
    bench_end(&b, &r);
    expect_finding(&r, "length-bias", HN_SEVERITY_WARN, -1);
    hn_report_release(&r);
}

static void labels(hn_report *r, hn_view view, hn_kind kind, int rows, const char *format, int every, const char *other) {
    bench b;
    bench_open(&b, view, NULL);
    for (int i = 0; i < rows; i++) {
        char row[300];
        snprintf(row, sizeof row, i % every == every - 1 ? other : format, i, i);
        bench_row(&b, kind, row);
    }
    bench_end(&b, r);
}

static void test_labels(void **state) {
    (void)state;
    static const char good[] = "{\"text\": \"text %d\", \"label\": \"good\"}", bad[] = "{\"text\": \"text %d\", \"label\": \"bad\"}";
    hn_report r;
    labels(&r, HN_VIEW_CLASSIFY, HN_KIND_CLASSIFY, 100, good, 2, bad);
    expect_quiet(&r, HN_SEVERITY_INFO);
    hn_report_release(&r);
    labels(&r, HN_VIEW_CLASSIFY, HN_KIND_CLASSIFY, 100, good, 10, bad);
    expect_finding(&r, "label-imbalance", HN_SEVERITY_WARN, -1);
    hn_report_release(&r);
    labels(&r, HN_VIEW_CLASSIFY, HN_KIND_CLASSIFY, 100, good, 1000, bad);
    expect_finding(&r, "label-imbalance", HN_SEVERITY_ERROR, -1);
    hn_report_release(&r);
    labels(&r, HN_VIEW_CLASSIFY, HN_KIND_CLASSIFY, 100, "{\"text\": \"text %d\", \"label\": \"id-%d\"}", 10, bad);
    expect_finding(&r, "many-labels", HN_SEVERITY_WARN, -1);
    hn_report_release(&r);
    labels(&r, HN_VIEW_CLASSIFY, HN_KIND_CLASSIFY, 100, "{\"text\": \"text %d\", \"label\": %d.5}", 1000, bad); /* regression */
    expect_quiet(&r, HN_SEVERITY_INFO);
    hn_report_release(&r);
    labels(&r, HN_VIEW_CLASSIFY, HN_KIND_CLASSIFY, 100, good, 2, "{\"text\": \"text 0\", \"label\": \"bad\"}");
    expect_finding(&r, "label-conflict", HN_SEVERITY_WARN, 50);
    hn_report_release(&r);
    labels(&r, HN_VIEW_KTO, HN_KIND_UNPAIRED, 100, "{\"prompt\": \"p %d\", \"completion\": \"c %d\", \"label\": true}", 20,
           "{\"prompt\": \"p %d\", \"completion\": \"c %d\", \"label\": false}");
    expect_finding(&r, "label-imbalance", HN_SEVERITY_WARN, -1);
    hn_report_release(&r);
}

static void test_tags(void **state) {
    (void)state;
    static const char good[] = "{\"tokens\": [\"Anna\", \"Berg\", \"is\", \"%d\"], \"tags\": [\"B-PER\", \"I-PER\", \"O\", \"O\"]}";
    hn_report r;
    labels(&r, HN_VIEW_TAG, HN_KIND_TAG, 100, good, 1000, "");
    expect_quiet(&r, HN_SEVERITY_INFO);
    hn_report_release(&r);
    labels(&r, HN_VIEW_TAG, HN_KIND_TAG, 100, good, 10, "{\"tokens\": [\"Anna\", \"Berg\", \"was\", \"%d\"], \"tags\": [\"O\", \"I-PER\", \"O\", \"O\"]}");
    expect_finding(&r, "tag-scheme", HN_SEVERITY_WARN, 10);
    hn_report_release(&r);
    labels(&r, HN_VIEW_TAG, HN_KIND_TAG, 100, good, 100, "{\"tokens\": [\"Anna\", \"Berg\", \"was\", \"%d\"], \"tags\": [\"B-PRE\", \"I-PRE\", \"O\", \"O\"]}");
    expect_finding(&r, "tag-scheme", HN_SEVERITY_WARN, 1);
    hn_report_release(&r);
    labels(&r, HN_VIEW_TAG, HN_KIND_TAG, 100, good, 50, "{\"tokens\": [\"Anna\", \"Berg\", \"was\", \"%d\"], \"tags\": [\"B-PER\", \"I-PER\", \"O\"]}");
    expect_finding(&r, "tag-scheme", HN_SEVERITY_ERROR, 2);
    hn_report_release(&r);
    labels(&r, HN_VIEW_TAG, HN_KIND_TAG, 100, "{\"tokens\": [\"Anna\", \"Berg\", \"was\", \"%d\"], \"tags\": [\"I-PER\", \"I-PER\", \"O\", \"O\"]}", 1000, ""); /* IOB1 */
    expect_finding(&r, "tag-scheme", HN_SEVERITY_INFO, -1);
    hn_report_release(&r);
}

static void test_questions(void **state) {
    (void)state;
    static const char good[] = "{\"context\": \"Zoë wohnt in Köln %d.\", \"question\": \"Wo, %d?\", \"answers\": {\"text\": [\"Köln\"], \"answer_start\": [13]}}";
    static const char bytes[] = "{\"context\": \"Zoë wohnt in Köln %d.\", \"question\": \"Wo, %d?\", \"answers\": {\"text\": [\"Köln\"], \"answer_start\": [14]}}";
    hn_report r;
    labels(&r, HN_VIEW_QA, HN_KIND_QA, 50, good, 1000, "");
    expect_quiet(&r, HN_SEVERITY_INFO);
    hn_report_release(&r);
    labels(&r, HN_VIEW_QA, HN_KIND_QA, 50, good, 5, bytes);
    expect_finding(&r, "answer-offset", HN_SEVERITY_WARN, 10);
    assert_non_null(strstr(finding(&r, "answer-offset")->message, "in 10 it would if bytes were counted"));
    assert_non_null(strstr(finding(&r, "answer-offset")->remedy, "code points"));
    hn_report_release(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_swapped), cmocka_unit_test(test_scores), cmocka_unit_test(test_contradicted), cmocka_unit_test(test_equal_and_long),
        cmocka_unit_test(test_labels),  cmocka_unit_test(test_tags),   cmocka_unit_test(test_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
