/* rooms: data text base */
/* test_data_records.c - files of every kind become the same records, and every bad file is an error with its place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "data_files.h"

/* All records of a file as JSON lines, with their line numbers: "1{...}\n". */
static char *read_all(const char *path) {
    hn_records *r;
    hn_error e = {0};
    if (hn_records_open(path, &r, &e) != HN_OK) fail_msg("%s", e.msg);
    hn_buf out = {0};
    for (;;) {
        hn_json *j;
        int64_t line;
        if (hn_records_next(r, &j, &line, &e) != HN_OK) fail_msg("%s", e.msg);
        if (!j) break;
        hn_buf_printf(&out, "%lld", (long long)line);
        hn_json_write(&out, j, 0);
        hn_buf_putc(&out, '\n');
        hn_json_free(j);
    }
    hn_records_close(r);
    hn_buf_puts(&out, "");
    return hn_buf_take(&out);
}

static void expect(const char *path, const char *want) {
    char *got = read_all(path);
    assert_string_equal(got ? got : "", want);
    hn_free(got);
}

/* The first error of a file; msg follows the file's path. */
static void expect_error(const char *path, hn_status code, const char *msg) {
    hn_records *r = NULL;
    hn_error e = {0};
    hn_json *j = NULL;
    int64_t line;
    hn_status st = hn_records_open(path, &r, &e);
    if (st != HN_OK) assert_null(r);
    while (st == HN_OK) {
        st = hn_records_next(r, &j, &line, &e);
        if (st == HN_OK && !j) fail_msg("%s: no error", path);
        if (st == HN_OK) hn_json_free(j);
        else assert_null(j);
    }
    hn_records_close(r);
    if (st != code) fail_msg("%s: %s %s", path, hn_status_name(st), e.msg);
    const char *at = strstr(e.msg, path);
    assert_non_null(at);
    assert_string_equal(at + strlen(path), msg);
}

static const char abc[] = "1{\"text\": \"a\", \"n\": 1}\n2{\"text\": \"b\"}\n3{\"text\": \"é\"}\n";

static void test_json_lines(void **state) {
    (void)state;
    const char *text = "{\"text\":\"a\",\"n\":1}\n{\"text\":\"b\"}\n{\"text\":\"é\"}";
    expect(data_text("a.jsonl", text), abc);
    expect(data_text("a.ndjson", text), abc);
    expect(data_text("a.json", text), abc); /* the name says array, the contents lines */
    expect(data_text("a", text), abc);
    expect(data_text("b.jsonl", "\xEF\xBB\xBF{\"a\":1}\r\n\r\n   \n{\"a\":2}\r\n"), "1{\"a\": 1}\n4{\"a\": 2}\n");
    expect(data_text("c.jsonl", ""), "");
}

static void test_json_array(void **state) {
    (void)state;
    expect(data_text("a.json", "[{\"text\":\"a\",\"n\":1},\n {\"text\":\"b\"}\n,{\"text\":\"é\"}]\n"), abc);
    expect(data_text("b.json", " [ ] "), "");
    expect(data_text("a.jsonl", "[\n{\"a\":\"],[\\\"{\"},{\"b\":[[1],{}]}\n]"), "1{\"a\": \"],[\\\"{\"}\n2{\"b\": [[1], {}]}\n");
    expect_error(data_text("c.json", "[{\"a\":1}"), HN_EFORMAT, ":1: the array is not closed: the file ends inside a record");
    expect_error(data_text("c.json", "[{\"a\":1} "), HN_EFORMAT, ":1: the array is not closed: the file ends inside a record");
    expect_error(data_text("c.json", "[\n{\"a\":1},\n"), HN_EFORMAT, ":3: the array is not closed");
    expect_error(data_text("c.json", "[{\"a\":1},\n]"), HN_EFORMAT, ":2: a comma before the closing bracket");
    expect_error(data_text("c.json", "[{\"a\":1}]\n\n7"), HN_EFORMAT, ":3: something follows the closing bracket");
    expect_error(data_text("c.json", "[{\"a\":1},\n5]"), HN_EFORMAT, ":2: a record is an object, this is a number");
    expect_error(data_text("c.json", "[{\"a\":1}\n{\"a\":2}]"), HN_EFORMAT, ":2:1: not JSON: more than one value");
}

static void test_large_array(void **state) {
    (void)state;
    hn_buf b = {0};
    hn_buf_putc(&b, '[');
    enum { COUNT = 60000 };
    for (int i = 0; i < COUNT; i++) hn_buf_printf(&b, "%s{\"n\": %d, \"t\": \"%0*d\"}", i ? ", " : "", i, i % 100 + 1, i);
    hn_buf_putc(&b, ']');
    hn_records *r;
    assert_int_equal(hn_records_open(data_file("large.json", b.p, b.n), &r, NULL), HN_OK);
    for (int i = 0; i <= COUNT; i++) {
        hn_json *j;
        int64_t line;
        assert_int_equal(hn_records_next(r, &j, &line, NULL), HN_OK);
        if (i == COUNT) assert_null(j);
        else assert_int_equal(hn_json_int(hn_json_get(j, "n"), -1), i);
        if (i < COUNT) assert_int_equal(line, i + 1);
        hn_json_free(j);
    }
    hn_records_close(r);
    hn_buf_release(&b);
}

static void test_csv(void **state) {
    (void)state;
    expect(data_text("a.csv", "\xEF\xBB\xBFprompt,completion\r\na,b\r\n\r\n\"x, \"\"y\"\"\r\nz\",\r\n"),
           "2{\"prompt\": \"a\", \"completion\": \"b\"}\n4{\"prompt\": \"x, \\\"y\\\"\\r\\nz\", \"completion\": \"\"}\n");
    expect(data_text("a.tsv", "text\tlabel\nit's \"so\", yes\t0"), "2{\"text\": \"it's \\\"so\\\", yes\", \"label\": \"0\"}\n");
    expect(data_text("b.csv", "text\n\"\"\nlast"), "2{\"text\": \"\"}\n3{\"text\": \"last\"}\n");
    expect(data_text("c.csv", "a,b\n"), "");
    expect(data_text("c.csv", ""), "");
    expect_error(data_text("d.csv", "a,b\n1,2\n1,2,3\n"), HN_EFORMAT, ":3: 3 fields, but the header has 2");
    expect_error(data_text("d.csv", "a,b\n1,2\n1\n"), HN_EFORMAT, ":3: 1 fields, but the header has 2");
    expect_error(data_text("d.csv", "a,b\n1,2\n1,\"x\ny\n"), HN_EFORMAT, ":3: a quote is opened and never closed");
    expect_error(data_text("d.csv", "a,b\n1,\"x\"y\n"), HN_EFORMAT, ":2: text after a closing quote");
    expect_error(data_text("d.csv", "a,a\n1,2\n"), HN_EFORMAT, ":1: two columns are called \"a\"");
    expect_error(data_text("d.csv", "a,b\n1,\"x\n\xE9\"\n"), HN_EFORMAT, ":3: not UTF-8: byte 1 of the line is 0xE9");
}

static void test_lines(void **state) {
    (void)state;
    expect(data_text("a.txt", "one\r\n\n  two "), "1{\"text\": \"one\"}\n2{\"text\": \"\"}\n3{\"text\": \"  two \"}\n");
    expect(data_text("noname", "plain text"), "1{\"text\": \"plain text\"}\n");
    expect_error(data_text("b.txt", "fine\nna\xEFve\n"), HN_EFORMAT, ":2: not UTF-8: byte 3 of the line is 0xEF");
}

static void test_compressed(void **state) {
    (void)state;
    const char *one = "{\"text\":\"a\",\"n\":1}\n{\"te", *two = "xt\":\"b\"}\n{\"text\":\"é\"}\n";
    hn_buf b = {0};
    data_gzip(&b, one, strlen(one));
    data_gzip(&b, two, strlen(two)); /* two members, cut inside a record */
    expect(data_file("a.jsonl.gz", b.p, b.n), abc);
    expect(data_file("a.jsonl", b.p, b.n), abc); /* the bytes decide */
    hn_buf_add(&b, "\0\0\0\0", 4);
    expect(data_file("padded.jsonl.gz", b.p, b.n), abc);
    hn_buf_add(&b, "junk", 4);
    expect_error(data_file("b.jsonl.gz", b.p, b.n), HN_EFORMAT, ": something else follows the gzip data");
    expect_error(data_file("c.jsonl.gz", b.p, b.n - 20), HN_EFORMAT, ": the gzip data end too early");
    b.p[b.n - 14] ^= 0x55; /* in the checksum of the second member */
    expect_error(data_file("d.jsonl.gz", b.p, b.n - 8), HN_EFORMAT, ": damaged gzip data: incorrect data check");
    expect_error(data_text("e.jsonl.gz", "{}\n"), HN_EFORMAT, ": not gzip data, whatever its name says");
    hn_buf_clear(&b);
    data_zstd(&b, one, strlen(one));
    data_zstd(&b, two, strlen(two));
    expect(data_file("a.jsonl.zst", b.p, b.n), abc);
    expect_error(data_file("c.jsonl.zst", b.p, b.n - 5), HN_EFORMAT, ": the zstd data end too early");
    expect_error(data_text("e.jsonl.zst", "{}\n"), HN_EFORMAT, ": not zstd data, whatever its name says");
    hn_buf_release(&b);
}

static void test_large_compressed(void **state) {
    (void)state;
    hn_buf b = {0}, z = {0};
    enum { COUNT = 200000 };
    for (int i = 0; i < COUNT; i++) hn_buf_printf(&b, "{\"n\": %d, \"text\": \"line number %d of many\"}\n", i, i);
    for (int kind = 0; kind < 2; kind++) {
        hn_buf_clear(&z);
        if (kind == 0) data_gzip(&z, b.p, b.n);
        else data_zstd(&z, b.p, b.n);
        hn_records *r;
        assert_int_equal(hn_records_open(data_file(kind ? "l.jsonl.zst" : "l.jsonl.gz", z.p, z.n), &r, NULL), HN_OK);
        for (int i = 0; i <= COUNT; i++) {
            hn_json *j;
            int64_t line;
            assert_int_equal(hn_records_next(r, &j, &line, NULL), HN_OK);
            assert_int_equal(hn_json_int(hn_json_get(j, "n"), -1), i < COUNT ? i : -1);
            hn_json_free(j);
        }
        hn_records_close(r);
    }
    hn_buf_release(&b);
    hn_buf_release(&z);
}

static void test_bad_json(void **state) {
    (void)state;
    expect_error(data_text("a.jsonl", "{\"a\":1}\n{\"a\":1}\n{\"a\":\n"), HN_EFORMAT, ":3:6: not JSON: the text ends in the middle of a value");
    expect_error(data_text("a.jsonl", "{\"a\":1}\n{\"a\":1} x\n"), HN_EFORMAT, ":2:9: not JSON: unexpected character");
    expect_error(data_text("a.jsonl", "{\"a\":1}\n[1]\n"), HN_EFORMAT, ":2: a record is an object, this is an array");
    expect_error(data_text("a.jsonl", "{\"a\":\"ok\"}\n{\"a\":\"caf\xE9\"}\n"), HN_EFORMAT, ":2: not UTF-8: byte 10 of the line is 0xE9");
    expect_error(data_text("a.jsonl", "{\"a\":1e999}\n"), HN_EFORMAT, ":1:6: a number too large for a double");
    hn_buf b = {0};
    hn_buf_puts(&b, "{\"a\":");
    for (int i = 0; i < 10000; i++) hn_buf_putc(&b, '[');
    for (int i = 0; i < 10000; i++) hn_buf_putc(&b, ']');
    hn_buf_puts(&b, "}\n");
    expect_error(data_file("deep.jsonl", b.p, b.n), HN_EFORMAT, ":1:261: nested too deeply (at most 256 levels)");
    hn_buf_clear(&b);
    hn_buf_puts(&b, "{\"a\":");
    for (int i = 0; i < 1000; i++) hn_buf_putc(&b, '9');
    hn_buf_puts(&b, "}\n");
    char *all = read_all(data_file("huge.jsonl", b.p, b.n)); /* legal, as Python's integers are: kept at the limit */
    assert_non_null(all);
    hn_free(all);
    hn_buf_release(&b);
}

/* A record longer than the limit is found before it is read whole, and reading goes on behind it. */
static void test_long_records(void **state) {
    (void)state;
    hn_buf a = {0}, b = {0}, c = {0};
    hn_buf_puts(&a, "{\"a\":1}\n{\"a\":\"");
    hn_buf_puts(&b, "[{\"a\":1},{\"a\":\"");
    hn_buf_puts(&c, "a,b\n1,\"");
    for (int i = 0; i < 3000000; i++) hn_buf_putc(&a, i % 100 ? 'x' : ' '), hn_buf_putc(&b, i % 100 ? ']' : '\n');
    for (int i = 0; i < 1000000; i++) hn_buf_puts(&c, "\nx\n");
    hn_buf_puts(&a, "\"}\n{\"a\":2}\n");
    hn_buf_puts(&b, "\"},\n{\"a\":2}]\n");
    const struct { const char *name, *error; const hn_buf *text; int records; } cases[] = {
        {"long.jsonl", "long.jsonl:2: a line longer than 1000000 bytes", &a, 2},
        {"long.json", "long.json:1: a record longer than 1000000 bytes", &b, 2},
        {"long.csv", "long.csv:2: a field in quotes longer than 1000000 bytes", &c, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hn_records *r;
        hn_error e = {0};
        int records = 0, errors = 0;
        hn_json *j = NULL;
        int64_t line;
        assert_int_equal(hn_records_open(data_file(cases[i].name, cases[i].text->p, cases[i].text->n), &r, &e), HN_OK);
        hn_records_set_limit(r, 1000000);
        for (hn_status st = HN_OK; hn_records_usable(r);) {
            e = (hn_error){0};
            st = hn_records_next(r, &j, &line, &e);
            if (st == HN_OK && !j) break;
            records += st == HN_OK;
            if (st == HN_EFORMAT && errors++ == 0) assert_non_null(strstr(e.msg, cases[i].error));
            hn_json_free(j);
        }
        assert_true(errors > 0);
        if (cases[i].records > 0) {
            assert_int_equal(errors, 1);
            assert_int_equal(records, cases[i].records);
        }
        hn_records_close(r);
    }
    hn_buf_release(&a);
    hn_buf_release(&b);
    hn_buf_release(&c);
}

/* What is small as text and large in memory is refused before it is parsed. */
static void test_many_values(void **state) {
    (void)state;
    hn_buf b = {0};
    hn_buf_puts(&b, "{\"a\":[0");
    for (int i = 0; i < 5000000; i++) hn_buf_puts(&b, ",0");
    hn_buf_puts(&b, "]}\n");
    hn_mem_stats before, after;
    hn_mem_reset_peak();
    hn_mem_get(&before);
    expect_error(data_file("values.jsonl", b.p, b.n), HN_EFORMAT, ":1: a record of more than 4194304 values");
    hn_mem_get(&after);
    assert_true(after.peak - before.live < 64 << 20);
    hn_buf_clear(&b);
    hn_buf_puts(&b, "a");
    for (int i = 0; i < 20000; i++) hn_buf_printf(&b, ",a%d", i);
    expect_error(data_file("wide.csv", b.p, b.n), HN_EFORMAT, ":1: more than 10000 fields in a row");
    hn_buf_release(&b);
}

/* Members that unpack to a thousand times their size, one behind the other: refused once that is sure, whatever is inside. */
static void test_bomb(void **state) {
    (void)state;
    enum { LINE = 16 << 20, MEMBERS = 70 };
    hn_buf b = {0}, one = {0};
    char *line = malloc(LINE);
    assert_non_null(line);
    memset(line, 'x', LINE);
    line[0] = '{';
    line[LINE - 1] = '\n';
    data_gzip(&one, line, LINE);
    free(line);
    for (int i = 0; i < MEMBERS; i++) hn_buf_add(&b, one.p, one.n);
    hn_records *r;
    hn_raw raw;
    hn_error e = {0};
    hn_status st = HN_OK;
    hn_mem_stats before, after;
    assert_int_equal(hn_records_open(data_file("bomb.jsonl.gz", b.p, b.n), &r, &e), HN_OK);
    hn_mem_reset_peak();
    hn_mem_get(&before);
    int lines = 0;
    while ((st = hn_records_next_raw(r, &raw, &e)) == HN_OK && raw.p) lines++;
    hn_mem_get(&after);
    assert_int_equal(st, HN_EFORMAT);
    if (lines <= 60 || lines >= 68) fail_msg("%d lines", lines);
    assert_non_null(strstr(e.msg, "decompression bomb"));
    assert_false(hn_records_usable(r));
    assert_true(after.peak - before.live < 3 * (uint64_t)LINE);
    hn_records_close(r);
    hn_buf_release(&b);
    hn_buf_release(&one);
}

/* What is not UTF-8 text is named as what it is. */
static void test_not_text(void **state) {
    (void)state;
    static const char le[] = "\xFF\xFE{\0\"\0a\0\"\0", be[] = "\0{\0\"\0a\0\"\0:\0001\0}\0\n", nul[] = "one\ntw\0o\n";
    expect_error(data_file("a.jsonl", le, sizeof le - 1), HN_EFORMAT, ": the text is UTF-16, UTF-8 is expected");
    expect_error(data_file("b.csv", be, sizeof be - 1), HN_EFORMAT, ": the text is UTF-16BE, UTF-8 is expected");
    expect_error(data_file("c.txt", nul, sizeof nul - 1), HN_EFORMAT, ":2: byte 3 of the line is NUL, which no text holds");
    expect_error(data_file("d.csv", nul, sizeof nul - 1), HN_EFORMAT, ":2: byte 3 of the line is NUL, which no text holds");
}

/* Bytes of records are handed out unparsed; parsing them later gives the same. */
static void test_raw(void **state) {
    (void)state;
    const char *text = "[{\"a\":1},\n{\"a\":\n2}]";
    hn_records *r;
    hn_raw raw;
    hn_json *j;
    char place[300];
    assert_int_equal(hn_records_open(data_text("raw.json", text), &r, NULL), HN_OK);
    assert_int_equal(hn_records_next_raw(r, &raw, NULL), HN_OK);
    assert_int_equal(hn_records_next_raw(r, &raw, NULL), HN_OK);
    assert_int_equal(raw.n, strlen("{\"a\":\n2}"));
    assert_memory_equal(raw.p, "{\"a\":\n2}", raw.n);
    assert_int_equal(raw.line, 2);
    assert_int_equal(raw.first_line, 2);
    hn_raw_place(&raw, place, sizeof place);
    assert_non_null(strstr(place, "raw.json: record 2"));
    assert_int_equal(hn_raw_parse(&raw, &j, NULL), HN_OK);
    assert_int_equal(hn_json_int(hn_json_get(j, "a"), 0), 2);
    hn_json_free(j);
    assert_int_equal(hn_records_next_raw(r, &raw, NULL), HN_OK);
    assert_true(!raw.p && !raw.record);
    hn_records_close(r);
    assert_int_equal(hn_records_open(data_text("raw.csv", "a\nx\n"), &r, NULL), HN_OK);
    assert_int_equal(hn_records_next_raw(r, &raw, NULL), HN_OK);
    assert_null(raw.p);
    assert_int_equal(hn_raw_parse(&raw, &j, NULL), HN_OK);
    assert_string_equal(hn_json_cstr(hn_json_get(j, "a")), "x");
    assert_null(raw.record);
    hn_json_free(j);
    hn_records_close(r);
}

static void test_no_file(void **state) {
    (void)state;
    hn_records *r;
    hn_error e = {0};
    assert_int_equal(hn_records_open("/nonexistent/x.jsonl", &r, &e), HN_ENOENT);
    assert_null(r);
    assert_string_not_equal(e.fix, "");
    assert_int_equal(hn_records_open(data_dir, &r, &e), HN_EIO);
    assert_int_equal(hn_records_open(data_text("a.arrow", "ARROW1xx"), &r, &e), HN_ENOTSUP);
    assert_non_null(strstr(e.msg, "Arrow data"));
    assert_non_null(strstr(e.fix, "pyarrow"));
    assert_int_equal(hn_records_open(data_file("b.arrow", "\xFF\xFF\xFF\xFF\x20\1\0\0", 8), &r, &e), HN_ENOTSUP);
    assert_non_null(strstr(e.fix, "open_stream"));
    assert_int_equal(hn_records_open(data_file("a.zip", "PK\3\4\0\0", 6), &r, &e), HN_ENOTSUP);
    assert_non_null(strstr(e.detail, "jsonl"));
}

/* Out of memory at every allocation is a status, and nothing leaks. */
static void test_no_memory(void **state) {
    (void)state;
    hn_buf b = {0};
    const char *text = "a,b\n1,\"x\ny\"\n3,4\n";
    data_gzip(&b, text, strlen(text));
    const char *path = data_file("m.csv.gz", b.p, b.n);
    hn_buf_release(&b);
    hn_mem_stats before, after;
    hn_mem_get(&before);
    bool done = false;
    for (int64_t n = 1; !done; n++) {
        assert_true(n < 1000);
        hn_mem_fail_after(n);
        hn_records *r = NULL;
        hn_json *j = NULL;
        int64_t line;
        hn_status st = hn_records_open(path, &r, NULL);
        while (st == HN_OK) {
            st = hn_records_next(r, &j, &line, NULL);
            if (st == HN_OK && !j) break;
            hn_json_free(j);
        }
        hn_records_close(r);
        done = st == HN_OK;
        if (!done) assert_int_equal(st, HN_ENOMEM);
        hn_mem_get(&after);
        assert_int_equal(after.blocks, before.blocks);
    }
    hn_mem_fail_after(-1);
}

/* Damaged files of every kind: records or an error, never a crash or an endless loop. */
static void test_damaged(void **state) {
    (void)state;
    static const char *const names[] = {"z.jsonl", "z.json", "z.csv", "z.tsv", "z.txt", "z"};
    static const char *const seeds[] = {"{\"a\":[1,\"x\\n\"]}\n{\"a\":null}\r\n", "[{\"a\":\"]\"},\n{\"b\":{}}]",
                                        "a,b\n\"x\"\"y\",2\r\n3,\"4\n5\"\n", "a\tb\n1\t\"2\"\n"};
    static const char spice[] = "\"\\[]{},:\n\r\t\0 1e\xEF\xBB\xBF\xFF";
    hn_rng_key key = {11, HN_RNG_TEST, 0, 0};
    int good = 0, bad = 0;
    for (uint64_t k = 0; k < 3000; k++) {
        char b[64];
        const char *seed = seeds[k % 4];
        size_t n = strlen(seed);
        memcpy(b, seed, n);
        for (uint64_t i = 0; i < 1 + k % 3; i++) {
            uint32_t v[4];
            hn_rng_bits(&key, k * 4 + i, v);
            b[v[0] % n] = spice[v[1] % (sizeof spice - 1)];
            if (v[2] % 4 == 0) n -= v[3] % n;
        }
        hn_records *r;
        hn_json *j = NULL;
        int64_t line;
        hn_status st = hn_records_open(data_file(names[k % 6], b, n), &r, NULL);
        for (int steps = 0; st == HN_OK; steps++) {
            assert_true(steps < 100);
            st = hn_records_next(r, &j, &line, NULL);
            if (st == HN_OK && !j) break;
            hn_json_free(j);
        }
        hn_records_close(r);
        if (st == HN_OK) good++;
        else bad++;
    }
    assert_true(good > 100 && bad > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_lines), cmocka_unit_test(test_json_array), cmocka_unit_test(test_large_array),
        cmocka_unit_test(test_csv), cmocka_unit_test(test_lines), cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_large_compressed), cmocka_unit_test(test_bad_json), cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_long_records), cmocka_unit_test(test_bomb), cmocka_unit_test(test_many_values), cmocka_unit_test(test_not_text), cmocka_unit_test(test_raw),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, data_dir_make, data_dir_drop);
}
