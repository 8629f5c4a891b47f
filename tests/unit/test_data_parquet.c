/* rooms: data text base */
/* test_data_parquet.c - Parquet files against the records pyarrow reads from them, and damaged ones.
 *
 * The committed files are made by tools/golden/make_parquet.py; with --random that makes any number of others, which are
 * compared too where HONE_PARQUET names their folder. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "data_files.h"

static hn_json *next_of(hn_records *r) {
    hn_json *j;
    int64_t line;
    hn_error e = {0};
    if (hn_records_next(r, &j, &line, &e) != HN_OK) fail_msg("%s", e.msg);
    return j;
}

/* Both files hold the same records; returns how many. */
static int64_t compare(const char *parquet, const char *lines) {
    hn_records *a, *b;
    hn_error e = {0};
    if (hn_records_open(parquet, &a, &e) != HN_OK || hn_records_open(lines, &b, &e) != HN_OK) fail_msg("%s", e.msg);
    int64_t n = 0;
    for (bool more = true; more; n += more) {
        hn_json *got = next_of(a), *want = next_of(b);
        hn_buf g = {0}, w = {0};
        hn_json_write(&g, got, 0);
        hn_json_write(&w, want, 0);
        if (g.n != w.n || memcmp(g.p, w.p, g.n) != 0) fail_msg("%s, record %lld\ngot  %s\nwant %s", parquet, (long long)n + 1, g.p, w.p);
        more = got != NULL;
        hn_buf_release(&g);
        hn_buf_release(&w);
        hn_json_free(got);
        hn_json_free(want);
    }
    hn_records_close(a);
    hn_records_close(b);
    return n;
}

static void compare_folder(const char *dir, int at_least) {
    hn_strlist names;
    assert_int_equal(hn_dir_list(dir, &names, NULL), HN_OK);
    int files = 0;
    int64_t records = 0;
    for (size_t i = 0; i < names.n; i++) {
        const char *dot = strstr(names.v[i], ".parquet");
        if (!dot || dot[8]) continue;
        char parquet[4096], lines[4096];
        snprintf(parquet, sizeof parquet, "%s/%s", dir, names.v[i]);
        snprintf(lines, sizeof lines, "%s/%.*s.jsonl", dir, (int)strcspn(names.v[i], "@."), names.v[i]);
        records += compare(parquet, lines);
        files++;
    }
    print_message("%d Parquet files, %lld records compared\n", files, (long long)records);
    assert_true(files >= at_least);
    hn_strlist_free(&names);
}

static void test_fixtures(void **state) {
    (void)state;
    compare_folder(FIXTURES "/parquet", 30);
}

static void test_random(void **state) {
    (void)state;
    const char *dir = getenv("HONE_PARQUET");
    if (!dir) print_message("skipped: HONE_PARQUET names no folder made by make_parquet.py --random\n");
    else compare_folder(dir, 1);
}

/* Reads to the end or the first error of the file. */
static hn_status read_through(const char *path, int64_t most, hn_error *e) {
    hn_records *r;
    hn_json *j;
    int64_t line;
    *e = (hn_error){0};
    hn_status st = hn_records_open(path, &r, e);
    for (int64_t n = 0; st == HN_OK; n++) {
        assert_true(n <= most);
        st = hn_records_next(r, &j, &line, e);
        if (st == HN_OK && !j) break;
        hn_json_free(j);
    }
    hn_records_close(r);
    return st;
}

/* One flaw a file: each is told, in small memory. */
static void test_bad(void **state) {
    (void)state;
    static const struct { const char *name, *what; } cases[] = {
        {"binary", ": record 1: column \"image\": binary data, not UTF-8 text: byte 1 is 0x89"},
        {"brotli", ": record 1: column \"a\": compressed with BROTLI; SNAPPY, ZSTD, GZIP and UNCOMPRESSED are read"},
        {"bytes", "column 1 of row group 1 lies outside the file"},
        {"codec_lz4", "compressed with LZ4;"},
        {"codec_unknown", "an unknown codec (99)"},
        {"codec_wrong", "column \"tags.array\": damaged SNAPPY data in a page"},
        {"columns", "a row group has not the columns of the schema"},
        {"deep", "nested too deeply"},
        {"disagree", ": record 1: column \"p.p.n\": it does not hold as many values as its neighbours"},
        {"encoding", "a page of DELTA_BYTE_ARRAY values that make no sense"},
        {"encoding_dictionary", "the values of a page end too early, or make no sense"},
        {"encoding_unknown", "an unknown encoding (77)"},
        {"encrypted", "the footer of the Parquet file is encrypted"},
        {"footer_length", "a footer of 2147483647 bytes in a file of 239"},
        {"not_parquet", "it does not begin with PAR1"},
        {"only_magic", "the Parquet file is cut short"},
        {"outside", "column 1 of row group 1 lies outside the file"},
        {"page_packed", "a page is longer than its column"},
        {"page_size", "a page of 2147483647 bytes, at most 268435456 are read"},
        {"page_values", "its pages hold more values than the footer says"},
        {"page_values_more", "column \"tags\": row group 1 holds more records of it than it says"},
        {"rows", "the Parquet footer claims 1125899906842624 rows in a file of 239 bytes"},
        {"rows_fewer", "column \"tags\": row group 1 holds more records of it than it says"},
        {"rows_minus", "a row group without columns or rows"},
        {"rows_total", "5 rows, but the row groups have 4"},
        {"schema_children", "a group without members"},
        {"short", "it does not end with PAR1"},
        {"values_more", "its pages hold fewer values than the footer says"},
    };
    hn_strlist names;
    assert_int_equal(hn_dir_list(FIXTURES "/parquet/bad", &names, NULL), HN_OK);
    assert_int_equal(names.n, sizeof cases / sizeof *cases);
    hn_strlist_free(&names);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[4096];
        hn_error e;
        hn_mem_stats before, after;
        snprintf(path, sizeof path, "%s/%s.parquet", FIXTURES "/parquet/bad", cases[i].name);
        hn_mem_reset_peak();
        hn_mem_get(&before);
        hn_status st = read_through(path, 100, &e);
        hn_mem_get(&after);
        if (st != HN_EFORMAT && st != HN_ENOTSUP) fail_msg("%s: %s", path, hn_status_name(st));
        if (strncmp(e.msg, path, strlen(path)) != 0 || !strstr(e.msg, cases[i].what)) fail_msg("%s", e.msg);
        assert_true(after.peak - before.live < 4 << 20);
        assert_int_equal(after.blocks, before.blocks);
    }
}

/* A value that is no text makes its row a bad one; the rows behind it are read, and without the column all are. */
static void test_binary(void **state) {
    (void)state;
    char *image[] = {"image"}, *text[] = {"text"};
    for (int columns = 0; columns < 2; columns++) {
        hn_sources s;
        hn_sources_init(&s);
        assert_int_equal(hn_sources_add_file(&s, FIXTURES "/parquet/bad/binary.parquet", NULL), HN_OK);
        s.part[0].columns = columns ? (hn_columns){text, text, 1, false} : (hn_columns){image, text, 1, true};
        hn_stream *stream;
        hn_raw raw;
        int good = 0, bad = 0;
        assert_int_equal(hn_stream_open(&s, false, &stream, NULL), HN_OK);
        for (;;) {
            hn_json *j = NULL;
            hn_status st = hn_stream_next(stream, &raw, NULL);
            if (st == HN_OK && !raw.record) break;
            assert_true(st == HN_OK || (st == HN_EFORMAT && hn_stream_usable(stream)));
            if (st == HN_OK) assert_int_equal(hn_raw_parse(&raw, &j, NULL), HN_OK);
            good += st == HN_OK;
            bad += st != HN_OK;
            hn_json_free(j);
        }
        assert_int_equal(good, columns ? 3 : 2);
        assert_int_equal(bad, columns ? 0 : 1);
        hn_stream_close(stream);
        s.part[0].columns = (hn_columns){0};
        hn_sources_release(&s);
    }
}

/* Bytes changed anywhere, files cut anywhere: records or an error, never a crash, endless loops or much memory. */
static void test_damaged(void **state) {
    (void)state;
    hn_strlist names;
    assert_int_equal(hn_dir_list(FIXTURES "/parquet", &names, NULL), HN_OK);
    hn_rng_key key = {5, HN_RNG_TEST, 0, 0};
    int good = 0, bad = 0;
    for (size_t i = 0; i < names.n; i++) {
        char path[4096];
        hn_buf b = {0};
        snprintf(path, sizeof path, "%s/%s", FIXTURES "/parquet", names.v[i]);
        if (!strstr(path, ".parquet") || hn_file_read(path, &b, NULL) != HN_OK) continue;
        for (uint64_t k = 0; k < 60; k++) {
            uint32_t v[4];
            hn_rng_bits(&key, i * 1000 + k, v);
            size_t n = k % 10 == 0 ? v[0] % b.n : b.n, at = k % 2 ? n - 1 - v[1] % (n < 600 ? n : 600) : v[1] % (n ? n : 1);
            char kept = n ? b.p[at] : 0;
            if (n) b.p[at] = k % 3 == 0 ? (char)v[2] : (char)(kept ^ (1 << v[2] % 8));
            hn_error e;
            hn_status st = read_through(data_file("damaged.parquet", b.p, n), 1 << 20, &e);
            if (n) b.p[at] = kept;
            good += st == HN_OK;
            bad += st != HN_OK;
            assert_true(st == HN_OK || st == HN_EFORMAT || st == HN_ENOTSUP);
        }
        hn_buf_release(&b);
    }
    hn_strlist_free(&names);
    print_message("%d damaged files read, %d refused\n", good, bad);
    assert_true(good > 100 && bad > 100);
}

static void test_no_memory(void **state) {
    (void)state;
    hn_mem_stats before, after;
    hn_mem_get(&before);
    bool done = false;
    for (int64_t n = 1; !done; n++) {
        assert_true(n < 3000);
        hn_mem_fail_after(n);
        hn_error e;
        hn_status st = read_through(FIXTURES "/parquet/map.parquet", 10, &e);
        if (st == HN_OK) st = read_through(FIXTURES "/parquet/chat@gzip_v2.parquet", 100, &e);
        done = st == HN_OK;
        if (!done) assert_int_equal(st, HN_ENOMEM);
        hn_mem_get(&after);
        assert_int_equal(after.blocks, before.blocks);
    }
    hn_mem_fail_after(-1);
}

static void test_count(void **state) {
    (void)state;
    hn_sources s;
    hn_sources_init(&s);
    assert_int_equal(hn_sources_add_file(&s, FIXTURES "/parquet/chat@zstd_v1.parquet", NULL), HN_OK);
    s.part[0].slice = (hn_slice){-4, HN_UNSET_INT, false};
    hn_stream *stream;
    hn_raw raw;
    assert_int_equal(hn_stream_open(&s, false, &stream, NULL), HN_OK);
    for (int64_t i = 27; i <= 30; i++) {
        assert_int_equal(hn_stream_next(stream, &raw, NULL), HN_OK);
        assert_int_equal(raw.line, i);
        hn_json_free(raw.record);
    }
    assert_int_equal(hn_stream_next(stream, &raw, NULL), HN_OK);
    assert_null(raw.record);
    hn_stream_close(stream);
    for (int64_t from = 0; from <= 30; from++) { /* whole row groups (of 12) are passed over */
        s.part[0].slice.from = from;
        assert_int_equal(hn_stream_open(&s, false, &stream, NULL), HN_OK);
        assert_int_equal(hn_stream_next(stream, &raw, NULL), HN_OK);
        assert_int_equal(raw.line, from < 30 ? from + 1 : 0);
        if (from < 30) assert_true(hn_stream_position(stream) > 0);
        hn_json_free(raw.record);
        hn_stream_close(stream);
    }
    hn_sources_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixtures), cmocka_unit_test(test_random),    cmocka_unit_test(test_bad),
        cmocka_unit_test(test_binary),   cmocka_unit_test(test_damaged),   cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests(tests, data_dir_make, data_dir_drop);
}
