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

/* ---- pairs taken apart, in TRL's order */

typedef struct {
    int64_t pair, line;
    bool chosen;
} answer;

typedef struct {
    const answer *want;
    int64_t n, at, bad;
} in_order;

static hn_status on_answer(void *user, const hn_look *row, hn_error *err) {
    (void)err;
    in_order *x = user;
    char text[32];
    assert_int_equal(row->index, x->at + x->bad);
    if (row->st != HN_OK) {
        x->bad++;
        return HN_OK;
    }
    assert_true(x->at < x->n);
    const answer *want = &x->want[x->at++];
    snprintf(text, sizeof text, "%s %lld", want->chosen ? "c" : "r", (long long)want->pair);
    assert_string_equal(hn_json_cstr(hn_json_get(row->example->value, "completion")), text);
    assert_int_equal(hn_json_bool(hn_json_get(row->example->value, "label"), !want->chosen), want->chosen);
    assert_int_equal(row->line, want->line);
    assert_non_null(hn_json_get(row->record, "rejected"));
    assert_int_equal(row->parts, 1);
    assert_non_null(strstr(row->part[0].text.p, text));
    return HN_OK;
}

/* Lines of pairs [from, to), with one that is no pair before the last. */
static void put_pairs(hn_buf *b, int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) {
        if (i + 1 == to) hn_buf_puts(b, "{\"chosen\": 7, \"rejected\": 7}\n");
        hn_buf_printf(b, "{\"prompt\": \"p %lld\", \"chosen\": \"c %lld\", \"rejected\": \"r %lld\"}\n", (long long)i, (long long)i, (long long)i);
    }
}

static answer *expected_order(const hn_json *c, int64_t cut, int64_t pairs) {
    const hn_json *runs = hn_json_get(c, "runs");
    answer *v = hn_alloc_array((size_t)(2 * pairs), sizeof *v);
    int64_t n = 0;
    for (size_t k = 0; k < hn_json_len(runs); k++) {
        const hn_json *run = hn_json_at(runs, k);
        int64_t first = hn_json_int(hn_json_at(run, 1), -1), count = hn_json_int(hn_json_at(run, 2), -1);
        for (int64_t i = first; i < first + count; i++) {
            int64_t line = i < cut ? i + 1 : i - cut + 1;
            v[n++] = (answer){i, line + (i + 1 == cut || i + 1 == pairs), hn_json_bool(hn_json_at(run, 0), false)};
        }
    }
    assert_int_equal(n, 2 * pairs);
    return v;
}

static void same_rows(const hn_rows *r, const answer *want, int64_t n) {
    assert_int_equal(r->rows, n);
    for (int64_t i = 0; i < n; i++) assert_int_equal(r->record[i], want[i].line);
}

static void compare_order(const hn_json *c) {
    int64_t pairs = hn_json_int(hn_json_get(c, "pairs"), 0), cut = pairs / 3;
    hn_buf text[2] = {{0}, {0}};
    char *path[2], prepared[64];
    size_t files = 0;
    hn_error e = {0};
    hn_encode_opts o;
    hn_rows *r;
    put_pairs(&text[0], 0, cut);
    put_pairs(&text[1], cut, pairs);
    for (int i = 0; i < 2; i++)
        if (text[i].n) path[files++] = hn_strdup(data_file(i ? "b.jsonl" : "a.jsonl", text[i].p, text[i].n));
    hn_strlist list_of = {path, files};
    answer *want = expected_order(c, cut, pairs);
    in_order x = {.want = want, .n = 2 * pairs};
    hn_encode_defaults(&o);
    if (hn_rows_look(&list_of, tok, &o, HN_VIEW_KTO, on_answer, &x, &e) != HN_OK) fail_msg("%s", e.msg);
    assert_true(x.at == x.n && x.bad == (int64_t)files);
    o.convert.view = HN_VIEW_KTO;
    o.skip_bad = true;
    snprintf(prepared, sizeof prepared, "%s/prepared", data_dir);
    for (int run = 0; run < 3; run++) { /* in memory, prepared on disk, found there */
        o.prepared_dir = run ? prepared : NULL;
        if (hn_rows_encode(&list_of, tok, &o, &r, &e) != HN_OK) fail_msg("%s", e.msg);
        assert_int_equal(r->reused, run == 2);
        same_rows(r, want, 2 * pairs);
        hn_rows_free(r);
    }
    for (size_t i = 0; i < files; i++) hn_free(path[i]);
    hn_buf_release(&text[0]);
    hn_buf_release(&text[1]);
    hn_free(want);
}

static void test_pairs_taken_apart(void **state) {
    (void)state;
    hn_records *r;
    hn_json *c;
    int64_t line;
    int cases = 0;
    assert_int_equal(hn_records_open(FIXTURES "/data/unpaired.jsonl", &r, NULL), HN_OK);
    for (; hn_records_next(r, &c, &line, NULL) == HN_OK && c; cases++) {
        compare_order(c);
        hn_json_free(c);
    }
    hn_records_close(r);
    assert_int_equal(cases, 9);
}

/* Every n-th allocation fails: ENOMEM, nothing leaks. */
static void test_no_memory(void **state) {
    (void)state;
    hn_mem_stats before, after;
    hn_buf text = {0};
    hn_encode_opts o;
    int failures = 0;
    hn_encode_defaults(&o);
    put_pairs(&text, 0, 3);
    char *path = (char *)(uintptr_t)data_file("a.jsonl", text.p, text.n);
    hn_strlist files = list(&path);
    hn_mem_get(&before);
    for (int64_t n = 1, done = 0; !done; n++) {
        compare c = {.stop_at = -1};
        hn_mem_fail_after(n);
        hn_status st = hn_rows_look(&files, tok, &o, HN_VIEW_KTO, on_row, &c, NULL);
        hn_mem_fail_after(-1);
        done = st == HN_OK;
        if (!done) assert_int_equal(st, HN_ENOMEM);
        failures += !done;
    }
    assert_true(failures > 10);
    hn_mem_get(&after);
    assert_int_equal(before.live, after.live);
    hn_buf_release(&text);
}

/* ---- two texts side by side */

static hn_status on_pair(void *user, const hn_look *row, hn_error *err) {
    const hn_look_part *p = row->part;
    int64_t *border = user;
    (void)err;
    assert_int_equal(row->parts, 1);
    assert_string_equal(p->text.p, "helloyou there");
    *border = p->prompt;
    assert_true(p->id[0] == 1 && p->id[p->n - 1] == 2);
    int64_t between = 1;
    while (p->id[between] != 2) between++;
    assert_int_equal(p->span[between - 1].end, 5);
    assert_int_equal(p->id[between + 1], 2); /* two separators, as RoBERTa has them */
    assert_int_equal(p->span[between + 2].begin, 5);
    assert_int_equal(p->span[p->n - 2].end, 14);
    if (p->prompt) assert_int_equal(p->prompt, between + 2);
    for (int64_t i = 0; i < p->n; i++) assert_int_equal(p->label[i], -100);
    return HN_OK;
}

static void test_pair_as_the_tokenizer_says(void **state) {
    (void)state;
    hn_json *spec, *post;
    hn_error e = {0};
    hn_buf text = {0};
    hn_tokenizer *mine = tok;
    hn_encode_opts o;
    int64_t border = -1;
    static const char roberta[] = "{\"type\": \"RobertaProcessing\", \"cls\": [\"<s>\", 1], \"sep\": [\"</s>\", 2], \"trim_offsets\": true, \"add_prefix_space\": false}";
    assert_int_equal(hn_json_load(FIXTURES "/sft/tokenizer/tokenizer.json", &spec, &e), HN_OK);
    assert_int_equal(hn_json_parse(roberta, strlen(roberta), "post", 1, &post, &e), HN_OK);
    hn_json_set(spec, "post_processor", post);
    hn_json_write(&text, spec, 0);
    if (hn_tokenizer_parse("tokenizer.json", (hn_str){text.p, text.n}, &mine, &e) != HN_OK) fail_msg("%s", e.msg);
    hn_encode_defaults(&o);
    char *path = (char *)(uintptr_t)data_text("pairs.jsonl", "{\"sentence1\": \"hello\", \"sentence2\": \"you there\", \"label\": 1}\n");
    hn_strlist files = list(&path);
    if (hn_rows_look(&files, mine, &o, HN_VIEW_CLASSIFY, on_pair, &border, &e) != HN_OK) fail_msg("%s", e.msg);
    assert_int_equal(border, 0);
    path = (char *)(uintptr_t)data_text("qa.jsonl", "{\"question\": \"hello\", \"context\": \"you there\", \"answers\": {\"text\": [\"you\"], \"answer_start\": [0]}}\n");
    if (hn_rows_look(&files, mine, &o, HN_VIEW_QA, on_pair, &border, &e) != HN_OK) fail_msg("%s", e.msg);
    assert_true(border > 0);
    hn_tokenizer_free(mine);
    hn_json_free(spec);
    hn_buf_release(&text);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_training), cmocka_unit_test(test_bad_rows_are_handed_over),
                                       cmocka_unit_test(test_pairs_taken_apart), cmocka_unit_test(test_no_memory),
                                       cmocka_unit_test(test_pair_as_the_tokenizer_says)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
