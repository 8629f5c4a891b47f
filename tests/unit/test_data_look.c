/* rooms: data text base */
/* test_data_look.c - rows as they are shown and checked are the rows that are trained on. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "data_files.h"

static hn_tokenizer *tok;

static hn_strlist list(char **path) { return (hn_strlist){path, 1}; }

typedef struct { /* what is compared while looking */
    const hn_rows *rows;
    int64_t kept, bad, seen, stop_at;
} compare;

static hn_status on_row(void *user, const hn_look *row, hn_error *err) {
    compare *c = user;
    if (c->seen == c->stop_at) return hn_fail(err, HN_ECANCEL, "enough");
    assert_int_equal(row->index, c->seen++);
    if (row->st != HN_OK) {
        assert_non_null(row->err);
        assert_int_equal(row->parts, 0);
        c->bad++;
        return HN_OK;
    }
    if (row->dropped || !c->rows) return HN_OK;
    assert_int_equal(row->parts, 1);
    const hn_look_part *p = row->part;
    const hn_rows *r = c->rows;
    int64_t at = r->at[c->kept], n = r->at[c->kept + 1] - at;
    assert_int_equal(row->line, r->record[c->kept]);
    assert_int_equal(p->kept, n);
    assert_memory_equal(p->id + p->from, r->ids + at, (size_t)n * sizeof *p->id);
    for (int64_t i = 1; i < n; i++) assert_int_equal(p->label[p->from + i] >= 0, r->loss[at + i]);
    if (p->text.p) {
        assert_non_null(p->span);
        for (int64_t i = 1; i < p->n; i++) assert_true(p->span[i].end <= p->text.n && p->span[i].begin <= p->span[i].end);
    }
    c->kept++;
    return HN_OK;
}

static void test_same_as_training(void **state) {
    (void)state;
    char text[4096] = "";
    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "{\"prompt\":\"say %.*s\",\"completion\":\" hello\"}\n", i,
                 "the same word again and again and again");
    char *path = (char *)(uintptr_t)data_text("a.jsonl", text);
    hn_strlist files = list(&path);
    hn_encode_opts o;
    hn_encode_defaults(&o);
    for (int end = 0; end < 2; end++) {
        o.max_length = 12;
        o.keep_end = end;
        compare c = {.stop_at = -1};
        hn_error e = {0};
        hn_rows *r;
        assert_int_equal(hn_rows_encode(&files, tok, &o, &r, &e), HN_OK);
        c.rows = r;
        if (hn_rows_look(&files, tok, &o, HN_VIEW_SFT, on_row, &c, &e) != HN_OK) fail_msg("%s", e.msg);
        assert_int_equal(c.seen, 30);
        assert_int_equal(c.kept, r->rows);
        hn_rows_free(r);
    }
}

static void test_bad_rows_are_handed_over(void **state) {
    (void)state;
    char *path = (char *)(uintptr_t)data_text("b.jsonl", "{\"text\":\"one\"}\n{\"text\":3}\nnot json\n{\"text\":\"four\"}\n");
    hn_strlist files = list(&path);
    hn_encode_opts o;
    hn_encode_defaults(&o);
    compare c = {.stop_at = -1};
    hn_error e = {0};
    if (hn_rows_look(&files, tok, &o, HN_VIEW_SFT, on_row, &c, &e) != HN_OK) fail_msg("%s", e.msg);
    assert_int_equal(c.seen, 4);
    assert_int_equal(c.bad, 2);
    c = (compare){.stop_at = 1};
    assert_int_equal(hn_rows_look(&files, tok, &o, HN_VIEW_SFT, on_row, &c, &e), HN_ECANCEL);
    o.limit = 2;
    c = (compare){.stop_at = -1};
    assert_int_equal(hn_rows_look(&files, tok, &o, HN_VIEW_SFT, on_row, &c, &e), HN_OK);
    assert_int_equal(c.seen, 2);
}

static int setup(void **state) {
    hn_error e = {0};
    if (hn_tokenizer_load(FIXTURES "/sft/tokenizer", &tok, &e) != HN_OK) {
        print_message("%s\n", e.msg);
        return -1;
    }
    return data_dir_make(state);
}

static int teardown(void **state) {
    hn_tokenizer_free(tok);
    hn_par_shutdown();
    return data_dir_drop(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_training), cmocka_unit_test(test_bad_rows_are_handed_over)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
