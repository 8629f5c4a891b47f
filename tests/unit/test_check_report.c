/* rooms: check data text base */
/* test_check_report.c - what all checks share: the report in its two forms, tallies, samples of large data, facets of rows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check_rows.h"

/* Two clean rows and three empty answers. */
static void empty_rows(hn_report *r) {
    bench b;
    bench_open(&b, HN_VIEW_SFT, NULL);
    bench_row(&b, HN_KIND_COMPLETION, "{\"prompt\": \"What is up?\", \"completion\": \"The sky.\"}");
    for (int i = 0; i < 3; i++) {
        char row[96];
        snprintf(row, sizeof row, "{\"prompt\": \"Tell me number %d.\", \"completion\": \" \"}", i);
        bench_row(&b, HN_KIND_COMPLETION, row);
    }
    bench_row(&b, HN_KIND_COMPLETION, "{\"prompt\": \"What is down?\", \"completion\": \"The ground.\"}");
    bench_end(&b, r);
}

static void test_json(void **state) {
    (void)state;
    hn_report r;
    empty_rows(&r);
    expect_finding(&r, "empty-answer", HN_SEVERITY_WARN, 3);
    assert_int_equal(r.rows, 5);
    assert_string_equal(r.format, "hand-made");
    assert_int_equal(hn_report_count(&r, HN_SEVERITY_WARN), 1);
    assert_int_equal(hn_report_count(&r, HN_SEVERITY_ERROR), 0);
    hn_json *j = hn_report_json(&r), *f = hn_json_at(hn_json_get(j, "findings"), 0);
    assert_string_equal(hn_json_cstr(hn_json_get(f, "id")), "empty-answer");
    assert_string_equal(hn_json_cstr(hn_json_get(f, "severity")), "warn");
    assert_int_equal(hn_json_int(hn_json_get(f, "rows"), -1), 3);
    assert_int_equal(hn_json_int(hn_json_get(f, "of"), -1), 5);
    assert_int_equal(hn_json_len(hn_json_get(f, "places")), 3);
    assert_int_equal(hn_json_int(hn_json_get(hn_json_at(hn_json_get(f, "places"), 0), "line"), -1), 2);
    assert_int_equal(hn_json_int(hn_json_get(hn_json_get(j, "counts"), "warn"), -1), 1);
    hn_json_free(j);
    hn_report_release(&r);
}

/* The members that the SARIF 2.1.0 schema requires, and the types it asks for. */
static void test_sarif(void **state) {
    (void)state;
    hn_report r;
    empty_rows(&r);
    hn_json *log = hn_report_sarif(&r);
    assert_string_equal(hn_json_cstr(hn_json_get(log, "version")), "2.1.0");
    assert_int_equal(hn_json_len(hn_json_get(log, "runs")), 1);
    hn_json *run = hn_json_at(hn_json_get(log, "runs"), 0), *driver = hn_json_get(hn_json_get(run, "tool"), "driver");
    assert_non_null(hn_json_cstr(hn_json_get(driver, "name")));
    hn_json *rules = hn_json_get(driver, "rules"), *results = hn_json_get(run, "results");
    assert_true(hn_json_len(rules) >= 30);
    for (size_t i = 0; i < hn_json_len(rules); i++) {
        assert_non_null(hn_json_cstr(hn_json_get(hn_json_at(rules, i), "id")));
        assert_non_null(hn_json_cstr(hn_json_get(hn_json_get(hn_json_at(rules, i), "shortDescription"), "text")));
    }
    assert_int_equal(hn_json_len(results), (int)r.n);
    hn_json *first = hn_json_at(results, 0);
    int64_t rule = hn_json_int(hn_json_get(first, "ruleIndex"), -1);
    assert_string_equal(hn_json_cstr(hn_json_get(first, "ruleId")), hn_json_cstr(hn_json_get(hn_json_at(rules, (size_t)rule), "id")));
    assert_string_equal(hn_json_cstr(hn_json_get(first, "level")), "warning");
    assert_non_null(hn_json_cstr(hn_json_get(hn_json_get(first, "message"), "text")));
    hn_json *physical = hn_json_get(hn_json_at(hn_json_get(first, "locations"), 0), "physicalLocation");
    assert_string_equal(hn_json_cstr(hn_json_get(hn_json_get(physical, "artifactLocation"), "uri")), "rows.jsonl");
    assert_int_equal(hn_json_int(hn_json_get(hn_json_get(physical, "region"), "startLine"), -1), 2);
    hn_json_free(log);
    hn_report_release(&r);
}

/* Every check says what it is about; ids are unique. */
static void test_table(void **state) {
    (void)state;
    size_t n = 0;
    for (; hn_check_at(n); n++) {
        const hn_check_about *a = hn_check_at(n);
        assert_true(a->id && *a->id && a->about && *a->about && a->cost && *a->cost && a->remedy && *a->remedy);
        for (size_t k = 0; k < n; k++) assert_string_not_equal(a->id, hn_check_at(k)->id);
    }
    assert_true(n >= 30);
}

/* More rows than the table of seen rows holds: the share of repeated ones stays an estimate without bias. */
static void test_sampled(void **state) {
    (void)state;
    enum { ROWS = 700000 };
    bench b;
    hn_report r;
    bench_open(&b, HN_VIEW_CLASSIFY, NULL);
    for (int i = 0; i < ROWS; i++) {
        char row[80];
        int text = i % 10 == 9 ? i - 5 : i; /* one in ten repeats another row */
        snprintf(row, sizeof row, "{\"text\": \"number %d\", \"label\": %d}", text, i % 3);
        bench_row(&b, HN_KIND_CLASSIFY, row);
    }
    bench_end(&b, &r);
    const hn_finding *f = finding(&r, "duplicates");
    assert_non_null(f);
    assert_int_equal(f->severity, HN_SEVERITY_WARN);
    assert_true(f->of < ROWS);
    double share = (double)f->rows / (double)f->of;
    if (share < 0.095 || share > 0.105) fail_msg("one row in ten is repeated, found %.4f", share);
    hn_report_release(&r);
}

/* The n-th allocation fails, for all n: an error, no leak, no wrong report. */
static void test_memory(void **state) {
    (void)state;
    for (int64_t n = 1;; n++) {
        bench b;
        hn_error err = {0};
        hn_report r = {0};
        bench_open(&b, HN_VIEW_SFT, NULL);
        hn_json *value = NULL;
        static const char row[] = "{\"prompt\": [{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"a\"}]}], \"completion\": [{\"role\": \"user\", \"content\": \"\"}]}";
        assert_int_equal(hn_json_parse(row, sizeof row - 1, "row", 1, &value, NULL), HN_OK);
        hn_example x = {.kind = HN_KIND_COMPLETION, .value = value};
        hn_look look = {.file = "f", .format = "x", .reason = "y", .line = 1, .record = value, .example = &x};
        hn_mem_fail_after(n);
        hn_status st = hn_checker_new(&b.setup, &b.checker, &err);
        if (st == HN_OK) st = hn_checker_row(b.checker, &look, false, &err);
        if (st == HN_OK) st = hn_checker_end(b.checker, &r, &err);
        hn_mem_fail_after(-1);
        hn_checker_free(b.checker);
        hn_report_release(&r);
        hn_json_free(value);
        if (st == HN_OK) {
            assert_true(n > 30);
            return;
        }
        assert_int_equal(st, HN_ENOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),    cmocka_unit_test(test_sarif),  cmocka_unit_test(test_table),
        cmocka_unit_test(test_sampled), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
