/* rooms: data text base */
/* test_records.c - the real data sets become the examples that tools/golden/make_records.py makes of them: format, counts and
 * the hash of every example, for each case of fixtures/records/real.jsonl whose file lies below HONE_DATA. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "data/data.h"

enum { FIRST = 64 };

typedef struct {
    hn_convert_opts o;
    hn_columns columns;
    char *from[4], *to[4];
    int64_t records, examples, bad;
    hn_hash *hash;
    hn_examples x, notes;
    hn_buf line;
    char first_bad[1024];
} run;

static void set_options(run *r, const hn_json *c) {
    hn_convert_defaults(&r->o);
    assert_true(hn_view_find(hn_json_cstr(hn_json_get(c, "view")), &r->o.view));
    if (hn_json_get(c, "text")) r->o.text_field = hn_json_cstr(hn_json_get(c, "text"));
    if (hn_json_bool(hn_json_get(c, "asked"), false)) r->o.format = hn_json_cstr(hn_json_get(c, "format"));
    r->columns = (hn_columns){r->from, r->to, 0, true};
    hn_json_iter it;
    for (bool more = hn_json_first(hn_json_get(c, "columns"), &it); more; more = hn_json_next(&it)) {
        r->to[r->columns.n] = (char *)(uintptr_t)it.key;
        r->from[r->columns.n++] = (char *)(uintptr_t)hn_json_cstr(it.value);
    }
    if (r->columns.n) r->o.columns = &r->columns;
}

static void take(run *r) {
    for (size_t i = 0; i < r->x.notes; i++) hn_examples_note(&r->notes, r->x.note[i].what, r->x.note[i].n);
    for (size_t i = 0; i < r->x.n; i++) {
        hn_buf_clear(&r->line);
        hn_buf_printf(&r->line, "%s ", hn_kind_name(r->x.v[i].kind));
        hn_json_write(&r->line, r->x.v[i].value, 0);
        hn_buf_putc(&r->line, '\n');
        hn_hash_add(r->hash, r->line.p, r->line.n);
        r->examples++;
    }
}

static void convert(run *r, const hn_format *f, hn_json *record) {
    hn_error e = {0};
    if (hn_format_convert(f, record, &r->o, &r->x, &e) != HN_OK) {
        hn_examples_clear(&r->x);
        if (r->bad++ == 0) snprintf(r->first_bad, sizeof r->first_bad, "%s", e.msg);
    }
    take(r);
    hn_json_free(record);
}

/* The format from the first records, then all of them. */
static const hn_format *read_all(run *r, const char *path, char *reason) {
    hn_records *in;
    hn_error e = {0};
    hn_json *first[FIRST];
    size_t n = 0;
    const hn_format *f = NULL;
    if (hn_records_open(path, &in, &e) != HN_OK) fail_msg("%s", e.msg);
    for (;;) {
        hn_json *record;
        int64_t line;
        if (hn_records_next(in, &record, &line, &e) != HN_OK) fail_msg("%s", e.msg);
        r->records += record != NULL;
        if (record && !f) first[n++] = record;
        if (!f && (n == FIRST || !record)) {
            if (hn_format_choose(first, n, &r->o, &f, reason, &e) != HN_OK) fail_msg("%s: %s", path, e.msg);
            for (size_t i = 0; i < n; i++) convert(r, f, first[i]);
        } else if (record && f) {
            convert(r, f, record);
        }
        if (!record) break;
    }
    hn_records_close(in);
    return f;
}

/* Compares one case; true: equal. */
static bool check_case(const hn_json *c, const char *data) {
    static run r;
    char *path = hn_path_join(data, hn_json_cstr(hn_json_get(c, "file"))), reason[160], hash[33];
    const char *view = hn_json_cstr(hn_json_get(c, "view"));
    r = (run){.hash = hn_hash_new()};
    set_options(&r, c);
    const hn_format *f = read_all(&r, path, reason);
    hn_hash_end(r.hash, hash);
    bool same = hn_streq(hn_format_name(f), hn_json_cstr(hn_json_get(c, "format"))) && r.records == hn_json_int(hn_json_get(c, "records"), -1) &&
                r.examples == hn_json_int(hn_json_get(c, "examples"), -1) && r.bad == hn_json_int(hn_json_get(c, "bad"), 0) &&
                hn_streq(hash, hn_json_cstr(hn_json_get(c, "hash")));
    print_message("%s %-10s %-60s %6lld records, %6lld examples: %s (%s)\n", same ? "  " : "!!", view, hn_json_cstr(hn_json_get(c, "file")),
                  (long long)r.records, (long long)r.examples, hn_format_name(f), reason);
    for (size_t i = 0; i < r.notes.notes; i++) print_message("     %lld %s\n", (long long)r.notes.note[i].n, r.notes.note[i].what);
    if (r.bad) print_message("     %lld bad, the first: %s\n", (long long)r.bad, r.first_bad);
    hn_examples_release(&r.x);
    hn_examples_release(&r.notes);
    hn_buf_release(&r.line);
    hn_free(path);
    return same;
}

static void test_real(void **state) {
    (void)state;
    const char *data = getenv("HONE_DATA");
    if (!data) {
        print_message("skipped: HONE_DATA is not set, the real data sets are not compared\n");
        return;
    }
    hn_records *in;
    hn_error e = {0};
    int compared = 0, off = 0;
    if (hn_records_open(FIXTURES "/records/real.jsonl", &in, &e) != HN_OK) fail_msg("%s", e.msg);
    for (;;) {
        hn_json *c;
        int64_t line;
        if (hn_records_next(in, &c, &line, &e) != HN_OK) fail_msg("%s", e.msg);
        if (!c) break;
        compared++;
        off += !check_case(c, data);
        hn_json_free(c);
    }
    hn_records_close(in);
    print_message("%d cases compared, %d off\n", compared, off);
    assert_int_equal(off, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
