/* check_rows.h - hand-made rows for tests of the checks: examples from JSON, tokens as given or as the tokenizer makes them. */
#ifndef CHECK_ROWS_H
#define CHECK_ROWS_H

#include <string.h>

#include "check/check.h"

typedef struct bench {
    hn_check_setup setup;
    hn_checker *checker;
    int64_t line;
    hn_encoding ids;
} bench;

static inline void bench_open(bench *b, hn_view view, const hn_tokenizer *tok) {
    *b = (bench){.setup = {.view = view, .tok = tok, .max_length = HN_UNSET_INT, .completion_only = -1}};
}

/* A row of these tokens (labels NULL: all are targets), cut to max_length; kept in the checker's tallies as line 1, 2 ... */
static inline void bench_tokens(bench *b, hn_kind kind, const char *json, const int32_t *id, const int32_t *label, int64_t n, bool eval) {
    hn_error err = {0};
    hn_json *value = NULL;
    if (!b->checker && hn_checker_new(&b->setup, &b->checker, &err) != HN_OK) fail_msg("%s", err.msg);
    if (hn_json_parse(json, strlen(json), "row", 1, &value, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_example x = {.kind = kind, .value = value};
    hn_look_part part = {.name = "row", .id = id, .label = label ? label : id, .n = n, .kept = n};
    if (b->setup.max_length != HN_UNSET_INT && part.kept > b->setup.max_length) part.kept = b->setup.max_length;
    hn_look row = {.file = "rows.jsonl", .format = "hand-made", .reason = "a test", .line = ++b->line, .index = b->line - 1, .record = value,
                   .example = &x, .part = &part, .parts = id != NULL};
    if (hn_checker_row(b->checker, &row, eval, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_json_free(value);
}

static inline void bench_row(bench *b, hn_kind kind, const char *json) { bench_tokens(b, kind, json, NULL, NULL, 0, false); }
static inline void bench_eval(bench *b, hn_kind kind, const char *json) { bench_tokens(b, kind, json, NULL, NULL, 0, true); }

static inline void bench_end(bench *b, hn_report *out) {
    hn_error err = {0};
    if (hn_checker_end(b->checker, out, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_checker_free(b->checker);
    b->checker = NULL;
    hn_encoding_release(&b->ids);
}

static inline const hn_finding *finding(const hn_report *r, const char *id) {
    for (size_t i = 0; i < r->n; i++)
        if (hn_streq(r->v[i].id, id)) return &r->v[i];
    return NULL;
}

/* The finding must be there with this severity and so many rows (-1: any), and every finding must say cost and remedy. */
static inline void expect_finding(const hn_report *r, const char *id, hn_severity severity, int64_t rows) {
    const hn_finding *f = finding(r, id);
    if (!f) fail_msg("%s was not found", id);
    if (f->severity != severity || (rows >= 0 && f->rows != rows))
        fail_msg("%s: %s, %lld rows: %s", id, hn_severity_name(f->severity), (long long)f->rows, f->message);
    assert_true(f->cost && *f->cost && f->remedy && *f->remedy);
}

static inline void expect_quiet(const hn_report *r, hn_severity at_least) {
    for (size_t i = 0; i < r->n; i++)
        if (r->v[i].severity >= at_least) fail_msg("unexpected: %s: %s: %s", hn_severity_name(r->v[i].severity), r->v[i].id, r->v[i].message);
}

#endif
