/* rooms: data text base */
/* test_data_encode.c - options, counts and errors on the way from files to rows and batches (ids against TRL: golden/). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "data_files.h"

static hn_tokenizer *tok;

static hn_status encode(const char *path, const hn_encode_opts *o, hn_rows **rows, hn_error *e) {
    char *one = (char *)(uintptr_t)path;
    hn_strlist files = {&one, 1};
    *e = (hn_error){0};
    return hn_rows_encode(&files, tok, o, rows, e);
}

static hn_rows *rows_of(const char *path, const hn_encode_opts *o) {
    hn_rows *r;
    hn_error e;
    if (encode(path, o, &r, &e) != HN_OK) fail_msg("%s", e.msg);
    return r;
}

/* msg and detail: parts of what is said. */
static void expect_error(const char *path, const hn_encode_opts *o, hn_status code, const char *msg, const char *detail) {
    hn_rows *r;
    hn_error e;
    hn_status st = encode(path, o, &r, &e);
    if (st != code || !strstr(e.msg, msg) || !strstr(e.detail, detail)) fail_msg("%s: %s | %s", hn_status_name(st), e.msg, e.detail);
    assert_null(r);
    assert_string_not_equal(e.fix, "");
}

static hn_encode_opts defaults(void) {
    hn_encode_opts o;
    hn_encode_defaults(&o);
    return o;
}

static void test_formats(void **state) {
    (void)state;
    hn_encode_opts o = defaults();
    hn_rows *r = rows_of(data_text("a.jsonl", "{\"text\":\"hello\",\"prompt\":\"x\"}\n"), &o);
    assert_string_equal(r->format, "text");
    assert_string_equal(r->reason, "column \"text\"");
    assert_string_equal(r->first_text, "hello");
    assert_int_equal(r->targets, r->tokens - 1);
    assert_int_equal(r->ids[r->tokens - 1], hn_tokenizer_special_id(tok, HN_EOS));
    hn_rows_free(r);
    r = rows_of(data_text("a.csv", "prompt,completion\nsay hello,hello\n"), &o);
    assert_string_equal(r->format, "prompt-completion");
    assert_string_equal(r->reason, "columns \"prompt\" and \"completion\"");
    assert_true(r->targets < r->tokens - 1);
    hn_rows_free(r);
    r = rows_of(data_text("a.json", "[{\"instruction\":\"say hello\",\"input\":\"\",\"output\":\"hello\"}]"), &o);
    assert_string_equal(r->format, "alpaca");
    hn_rows_free(r);
    o.convert.text_field = "story";
    expect_error(data_text("a.jsonl", "{\"Text\":\"x\",\"id\":1}\n"), &o, HN_EFORMAT, "a.jsonl:1: column \"story\" is missing",
                 "row has keys: Text, id");
    o.convert.format = "prompt_completion";
    expect_error(data_text("a.jsonl", "{\"prompt\":\"x\"}\n"), &o, HN_EFORMAT, "a.jsonl:1: column \"completion\" is missing",
                 "row has keys: prompt");
    o.convert.format = "chat";
    expect_error(data_text("a.jsonl", "{}"), &o, HN_EARG, "no record format is called \"chat\"", "alpaca");
}

static void test_end_token(void **state) {
    (void)state;
    const char *path = data_text("a.jsonl", "{\"text\":\"hello\"}\n");
    hn_encode_opts o = defaults();
    hn_rows *with = rows_of(path, &o);
    o.add_eos = false;
    hn_rows *without = rows_of(path, &o);
    assert_int_equal(with->tokens, without->tokens + 1);
    assert_string_not_equal(with->fingerprint, without->fingerprint);
    hn_rows_free(with);
    hn_rows_free(without);
    o.add_eos = true;
    o.eos_token = "<unk>";
    hn_rows *other = rows_of(path, &o);
    assert_int_equal(other->ids[other->tokens - 1], hn_tokenizer_special_id(tok, HN_UNK));
    hn_rows_free(other);
    o.eos_token = "<|nowhere|>";
    expect_error(path, &o, HN_EARG, "\"<|nowhere|>\" is not in the tokenizer's vocabulary", "");
}

static void test_tokens(void **state) {
    (void)state;
    hn_tokenizer *kept = tok;
    tok = NULL; /* none is needed */
    hn_encode_opts o = defaults();
    hn_rows *r = rows_of(data_text("t.jsonl", "{\"input_ids\":[1,2,3]}\n{\"input_ids\":[4,5],\"labels\":[-100,700]}\n"
                                              "{\"input_ids\":[6],\"labels\":[6]}\n{\"input_ids\":[7,8],\"labels\":[-100,-100]}\n"
                                              "{\"input_ids\":[]}\n"), &o);
    static const int32_t ids[] = {1, 2, 3, 4, 5, 6}, label[] = {-1, 2, 3, -1, 700, -1};
    static const uint8_t loss[] = {0, 1, 1, 0, 1, 0};
    assert_int_equal(r->rows, 3); /* the third has its only label in the first place: TRL keeps it */
    assert_int_equal(r->dropped, 2);
    assert_int_equal(r->tokens, 6);
    assert_int_equal(r->targets, 3);
    assert_int_equal(r->longest, 3);
    assert_int_equal(r->top_id, 700);
    assert_memory_equal(r->ids, ids, sizeof ids);
    assert_memory_equal(r->loss, loss, sizeof loss);
    for (int i = 0; i < 6; i++)
        if (loss[i]) assert_int_equal(r->label[i], label[i]);
    hn_batch b;
    hn_batch_init(&b);
    static const int64_t order[] = {1, 0, 2};
    for (int again = 0; again < 2; again++) { /* a batch is used again and again */
        assert_int_equal(hn_batch_rows(&b, r, order, 3, NULL), HN_OK);
        static const int32_t id[] = {4, 5, 1, 2, 3, 6}, pos[] = {0, 1, 0, 1, 2, 0}, length[] = {2, 2, 3, 3, 3, 1};
        static const int32_t start[] = {0, 2, 5, 6}, row[] = {0, 2, 3}, target[] = {700, 2, 3}, sequence[] = {0, 1, 1};
        assert_int_equal(b.tokens, 6);
        assert_int_equal(b.segments, 3);
        assert_int_equal(b.rows, 3);
        assert_int_equal(b.sequences, 3);
        assert_int_equal(b.seen_tokens, 6);
        assert_null(b.type);
        assert_memory_equal(b.id, id, sizeof id);
        assert_memory_equal(b.pos, pos, sizeof pos);
        assert_memory_equal(b.length, length, sizeof length);
        assert_memory_equal(b.start, start, sizeof start);
        assert_memory_equal(b.row, row, sizeof row);
        assert_memory_equal(b.target, target, sizeof target);
        assert_memory_equal(b.sequence, sequence, sizeof sequence);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(b.parent[i], -1);
            assert_true(b.weight[i] == 1.0);
        }
    }
    assert_int_equal(hn_batch_rows(&b, r, order, 0, NULL), HN_OK);
    assert_int_equal(b.tokens, 0);
    assert_int_equal(b.start[0], 0);
    hn_batch_release(&b);
    hn_rows_free(r);
    r = rows_of(data_text("t.jsonl", "{\"input_ids\":[1,2,3,4],\"completion_mask\":[0,0,1,1]}\n"), &o);
    assert_int_equal(r->targets, 2);
    assert_null(r->label);
    hn_rows_free(r);
    o.completion_only = 0;
    r = rows_of(data_text("t.jsonl", "{\"input_ids\":[1,2,3,4],\"completion_mask\":[0,0,1,1]}\n"), &o);
    assert_int_equal(r->targets, 3);
    hn_rows_free(r);
    expect_error(data_text("x.jsonl", "{\"text\":\"x\"}\n"), &o, HN_EARG, "rows of text need a tokenizer", "");
    expect_error(data_text("x.jsonl", "{\"input_ids\":[1,1e30]}\n"), &o, HN_EFORMAT, "x.jsonl:1: \"input_ids\"[1] is no integer", "");
    expect_error(data_text("x.jsonl", "{\"input_ids\":[1,99999999999999999999]}\n"), &o, HN_EFORMAT, "\"input_ids\"[1] is no token id: too large", "");
    expect_error(data_text("x.jsonl", "{\"input_ids\":[1,-7]}\n"), &o, HN_EFORMAT, "\"input_ids\"[1] is negative", "");
    expect_error(data_text("x.jsonl", "{\"input_ids\":[1,\"a\"]}\n"), &o, HN_EFORMAT, "\"input_ids\"[1] is no integer", "");
    expect_error(data_text("x.jsonl", "{\"input_ids\":\"1 2\"}\n"), &o, HN_EFORMAT, "column \"input_ids\" is no array of integers", "");
    expect_error(data_text("x.jsonl", "{\"input_ids\":[1,2],\"labels\":[1]}\n"), &o, HN_EFORMAT, "\"labels\" has 1 entries, \"input_ids\" has 2", "");
    tok = kept;
}

static void test_bad_rows(void **state) {
    (void)state;
    hn_encode_opts o = defaults();
    const char *text = "{\"text\":\"one\"}\n{\"text\":7}\n{\"txt\":\"x\"}\n{broken\n{\"text\":\"caf\xE9\"}\n\n{\"text\":\"two\"}\n";
    const char *path = data_text("bad.jsonl", text);
    expect_error(path, &o, HN_EFORMAT, "bad.jsonl:2: column \"text\" is a number, a string is expected", "");
    o.skip_bad = true;
    hn_rows *r = rows_of(path, &o);
    assert_int_equal(r->rows, 2);
    assert_int_equal(r->read, 6);
    assert_int_equal(r->bad, 4);
    assert_int_equal(r->record[0], 1);
    assert_int_equal(r->record[1], 7);
    hn_rows_free(r);
    expect_error(data_text("bad.jsonl", "{\"x\":1}\n{y\n"), &o, HN_EFORMAT, "none of its 2 records can be used", "bad.jsonl:1: ");
    expect_error(data_text("cut.json", "[{\"text\":\"a\"},{\"text\":"), &o, HN_EFORMAT, "the array is not closed", "");
    o.skip_bad = false;
    expect_error(data_text("bad.jsonl", "{\"text\":\"one\"}\n{\"x\":\"x\",\"y\":\"y\"}\n"), &o, HN_EFORMAT,
                 "bad.jsonl:2: column \"text\" is missing", "row has keys: x, y");
    expect_error(data_text("bad.jsonl", "{\"text\":\"one\"}\n{\"prompt\":\"x\",\"answer\":\"y\"}\n"), &o, HN_EFORMAT,
                 "bad.jsonl:2: this row is in format prompt-completion (columns \"prompt\" and \"answer\"), ",
                 "row has keys: prompt, answer");
    expect_error(data_text("bad.json", "[{\"text\":\"one\"},\n{\"text\":null}]"), &o, HN_EFORMAT,
                 "bad.json: record 2: column \"text\" is null, a string is expected", "");
    expect_error(data_text("bad.jsonl", "{\"text\":\"one\"}\n{broken\n"), &o, HN_EFORMAT, "bad.jsonl:2:2: not JSON", "");
    expect_error(data_text("none.jsonl", "\n\n"), &o, HN_EFORMAT, "none.jsonl: no records: the data set is empty", "");
    expect_error(data_text("none.csv", "text\n"), &o, HN_EFORMAT, "none.csv: no records: the data set is empty", "");
    expect_error(data_text("wide.csv", "text,id\na,1\nb\n"), &o, HN_EFORMAT, "wide.csv:3: 1 fields, but the header has 2", "");
    o.max_length = 0;
    hn_error e;
    assert_int_equal(encode(path, &o, &r, &e), HN_EARG);
}

static void test_dropped(void **state) {
    (void)state;
    hn_encode_opts o = defaults();
    o.max_length = 4;
    const char *path = data_text("d.jsonl", "{\"prompt\":\"a rather long prompt\",\"completion\":\"x\"}\n{\"prompt\":\"\",\"completion\":\"a long answer\"}\n");
    hn_rows *r = rows_of(path, &o);
    assert_int_equal(r->rows, 1);
    assert_int_equal(r->dropped, 1);
    assert_int_equal(r->truncated, 2);
    assert_int_equal(r->longest, 4);
    hn_rows_free(r);
    o.keep_all = true;
    r = rows_of(path, &o);
    assert_int_equal(r->rows, 2);
    hn_rows_free(r);
    o.keep_all = false;
    o.limit = 1;
    expect_error(path, &o, HN_EFORMAT, "every row dropped: none of 1 has a token to train on", "1 rows were cut to 4 tokens");
}

/* Blocks, threads and the cut into files change nothing. */
static void test_many(void **state) {
    (void)state;
    hn_buf b = {0};
    enum { COUNT = 9000 }; /* several blocks */
    for (int i = 0; i < COUNT; i++) hn_buf_printf(&b, "{\"prompt\":\"number %d and\",\"completion\":\" %*d\"}\n", i, i % 90, i);
    data_file("all.jsonl", b.p, b.n);
    size_t cut = (size_t)(strstr(b.p + b.n / 3, "\n{") + 1 - b.p);
    char *names[3] = {0};
    names[0] = hn_strdup(data_file("all.jsonl", b.p, b.n));
    names[1] = hn_strdup(data_file("x1.jsonl", b.p, cut));
    names[2] = hn_strdup(data_file("x2.jsonl", b.p + cut, b.n - cut));
    hn_encode_opts o = defaults();
    o.max_length = 60;
    hn_rows *r[3];
    hn_strlist one = {names, 1}, two = {names + 1, 2};
    hn_par_set_threads(1);
    assert_int_equal(hn_rows_encode(&one, tok, &o, &r[0], NULL), HN_OK);
    hn_par_set_threads(3);
    assert_int_equal(hn_rows_encode(&one, tok, &o, &r[1], NULL), HN_OK);
    assert_int_equal(hn_rows_encode(&two, tok, &o, &r[2], NULL), HN_OK);
    assert_int_equal(r[0]->read, COUNT);
    assert_true(r[0]->truncated > 0 && r[0]->dropped == 0);
    for (int i = 1; i < 3; i++) {
        assert_string_equal(r[0]->fingerprint, r[i]->fingerprint);
        assert_int_equal(r[0]->tokens, r[i]->tokens);
        assert_memory_equal(r[0]->ids, r[i]->ids, (size_t)r[0]->tokens * sizeof *r[0]->ids);
        assert_memory_equal(r[0]->loss, r[i]->loss, (size_t)r[0]->tokens);
    }
    for (int i = 0; i < 3; i++) {
        hn_rows_free(r[i]);
        hn_free(names[i]);
    }
    hn_buf_release(&b);
}

/* A source of another format that begins within a block is understood by its own first records, whatever the threads. */
static void test_sources_of_two_formats(void **state) {
    (void)state;
    enum { FIRST = 3000, SECOND = 9 };
    hn_buf b = {0};
    char *names[2];
    for (int i = 0; i < FIRST; i++) hn_buf_printf(&b, "{\"text\":\"number %d\"}\n", i);
    names[0] = hn_strdup(data_file("text.jsonl", b.p, b.n));
    hn_buf_clear(&b);
    for (int i = 0; i < SECOND; i++) hn_buf_printf(&b, "{\"prompt\":\"say %d\",\"completion\":\" %d\"}\n", i, i);
    names[1] = hn_strdup(data_file("pairs.jsonl", b.p, b.n));
    hn_sources sources;
    hn_error e = {0};
    hn_encode_opts o = defaults();
    hn_rows *r[2];
    hn_sources_init(&sources);
    for (int i = 0; i < 2; i++) assert_int_equal(hn_sources_add_file(&sources, names[i], &e), HN_OK);
    for (int i = 0; i < 2; i++) {
        hn_par_set_threads(i ? 3 : 1);
        if (hn_sources_encode(&sources, false, tok, &o, &r[i], &e) != HN_OK) fail_msg("%s", e.msg);
        assert_int_equal(r[i]->rows, FIRST + SECOND);
        assert_int_equal(r[i]->record[FIRST], 1);
        assert_string_equal(r[i]->format, "text, prompt-completion");
        assert_string_equal(r[i]->fingerprint, r[0]->fingerprint);
    }
    hn_sources_release(&sources);
    for (int i = 0; i < 2; i++) {
        hn_rows_free(r[i]);
        hn_free(names[i]);
    }
    hn_buf_release(&b);
}

/* Out of memory anywhere is a status, and nothing leaks. */
static void test_no_memory(void **state) {
    (void)state;
    const char *path = data_text("m.jsonl", "{\"input_ids\":[1,2,3]}\n{\"input_ids\":[4,5],\"labels\":[-100,7]}\n");
    hn_encode_opts o = defaults();
    hn_mem_stats before, after;
    hn_par_set_threads(1);
    hn_mem_get(&before);
    bool done = false;
    for (int64_t n = 1; !done; n++) {
        assert_true(n < 1000);
        hn_mem_fail_after(n);
        hn_rows *r;
        hn_error e;
        hn_status st = encode(path, &o, &r, &e);
        done = st == HN_OK;
        if (!done) assert_int_equal(st, HN_ENOMEM);
        if (!done) assert_null(r);
        hn_rows_free(r);
        hn_mem_get(&after);
        assert_int_equal(after.blocks, before.blocks);
    }
    hn_mem_fail_after(-1);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats), cmocka_unit_test(test_end_token), cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_bad_rows), cmocka_unit_test(test_dropped), cmocka_unit_test(test_many), cmocka_unit_test(test_sources_of_two_formats),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
