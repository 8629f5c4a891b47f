/* rooms: data text base */
/* test_data_stream.c - slices, mixtures and held-out records, against what datasets and TRL make of the same sources. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "data/sources_impl.h"
#include "data_files.h"

/* Records {"s": source, "i": number} in two files, of the part's size. */
static void fill_part(hn_sources *s, size_t k, int64_t size) {
    char name[64];
    hn_buf text = {0};
    for (int64_t i = 0; i < size; i++) {
        hn_buf_printf(&text, "{\"s\":%zu,\"i\":%lld}\n", k, (long long)i);
        if (i != size / 3 && i != size - 1) continue;
        snprintf(name, sizeof name, "part%zu-%d.jsonl", k, i == size - 1);
        const char *path = data_file(name, text.p, text.n);
        if (s->n <= k) assert_int_equal(hn_sources_add_file(s, path, NULL), HN_OK);
        else assert_int_equal(hn_strlist_add(&s->part[k].files, hn_strdup(path), NULL), HN_OK);
        hn_buf_clear(&text);
    }
    hn_buf_release(&text);
}

static void fill(hn_sources *s, const hn_json *c) {
    hn_sources_init(s);
    const hn_json *sizes = hn_json_get(c, "sizes"), *weights = hn_json_get(c, "weights"), *fractions = hn_json_get(c, "fractions");
    for (size_t k = 0; k < hn_json_len(sizes); k++) {
        fill_part(s, k, hn_json_int(hn_json_at(sizes, k), 0));
        size_t at = 0;
        hn_split split;
        assert_int_equal(hn_split_next(hn_json_cstr(hn_json_at(hn_json_get(c, "splits"), k)), &at, &split, NULL), HN_OK);
        s->part[k].slice = split.slice;
        s->part[k].limit = hn_json_int(hn_json_at(hn_json_get(c, "limits"), k), HN_UNSET_INT);
        s->part[k].weight = hn_json_num(hn_json_at(weights, k), NAN);
        s->part[k].fraction = hn_json_num(hn_json_at(fractions, k), NAN);
    }
    const char *kind = hn_json_cstr(hn_json_get(c, "kind")), *stopping = hn_json_cstr(hn_json_get(c, "stopping"));
    s->mix = hn_streq(kind, "interleave") || hn_streq(kind, "weights") ? HN_MIX_INTERLEAVE : HN_MIX_CONCATENATE;
    s->stopping = hn_streq(stopping, "first_exhausted") ? HN_STOP_FIRST_EXHAUSTED
                  : hn_streq(stopping, "all_exhausted") ? HN_STOP_ALL_EXHAUSTED
                                                        : HN_STOP_WITHOUT_REPLACEMENT;
    s->seed = (uint64_t)hn_json_int(hn_json_get(c, "seed"), 0);
    s->hold_out = hn_json_num(hn_json_get(c, "test_size"), 0);
}

/* One side of the sources must be these pairs [source, record]. */
static void expect_side(const hn_sources *s, bool held_out, const hn_json *want, const hn_json *c) {
    hn_stream *stream;
    hn_error e = {0};
    hn_buf got = {0}, should = {0};
    if (hn_stream_open(s, held_out, &stream, &e) != HN_OK) fail_msg("%s", e.msg);
    for (;;) {
        hn_raw raw;
        hn_json *j;
        if (hn_stream_next(stream, &raw, &e) != HN_OK) fail_msg("%s", e.msg);
        if (!raw.p && !raw.record) break;
        assert_int_equal(hn_raw_parse(&raw, &j, &e), HN_OK);
        assert_int_equal(raw.part, hn_json_int(hn_json_get(j, "s"), -1));
        hn_buf_printf(&got, "%s[%zu, %lld]", got.n ? ", " : "", raw.part, (long long)hn_json_int(hn_json_get(j, "i"), -1));
        hn_json_free(j);
    }
    int64_t given = 0;
    for (size_t i = 0; i < s->n; i++) given += hn_stream_given(stream, i);
    assert_int_equal(given, hn_json_len(want));
    hn_stream_close(stream);
    hn_json_write(&should, want, 0);
    hn_buf_puts(&got, "");
    if (should.n != got.n + 2 || memcmp(should.p + 1, got.p, got.n) != 0) {
        hn_buf_clear(&should);
        hn_json_write(&should, c, 0);
        fail_msg("%s\ngives %s", should.p, got.p);
    }
    hn_buf_release(&got);
    hn_buf_release(&should);
}

static void test_mixtures(void **state) {
    (void)state;
    hn_records *r;
    hn_json *c;
    int64_t line;
    int cases = 0;
    assert_int_equal(hn_records_open(FIXTURES "/data/mixtures.jsonl", &r, NULL), HN_OK);
    for (; hn_records_next(r, &c, &line, NULL) == HN_OK && c; cases++) {
        hn_sources s;
        fill(&s, c);
        expect_side(&s, false, hn_json_get(c, "train"), c);
        expect_side(&s, true, hn_json_get(c, "held_out"), c);
        hn_sources_release(&s);
        hn_json_free(c);
    }
    hn_records_close(r);
    print_message("%d mixtures compared\n", cases);
    assert_int_equal(cases, 120);
}

static void test_splits(void **state) {
    (void)state;
    hn_split p;
    size_t at = 0;
    const char *spec = "train_sft[10%:] + test[-1_000:-5]+dev";
    assert_int_equal(hn_split_next(spec, &at, &p, NULL), HN_OK);
    assert_string_equal(p.name, "train_sft");
    assert_true(p.slice.from == 10 && p.slice.to == HN_UNSET_INT && p.slice.percent);
    assert_int_equal(hn_split_next(spec, &at, &p, NULL), HN_OK);
    assert_string_equal(p.name, "test");
    assert_true(p.slice.from == -1000 && p.slice.to == -5 && !p.slice.percent);
    assert_int_equal(hn_split_next(spec, &at, &p, NULL), HN_OK);
    assert_string_equal(p.name, "dev");
    assert_true(p.slice.from == HN_UNSET_INT && p.slice.to == HN_UNSET_INT && at == strlen(spec));
    static const char *const bad[] = {"", "[:3]", "train[3]", "train[:3", "train[1:2]x", "train[:101%]", "train[10%:20]", "train[-:3]",
                                      "train[:99999999999999999999]", "a+", "train[a:b]", "tr ain"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hn_error e = {0};
        hn_status st = HN_OK;
        for (at = 0; st == HN_OK;) {
            st = hn_split_next(bad[i], &at, &p, &e);
            if (st == HN_OK && !bad[i][at] && bad[i][at - 1] != '+') fail_msg("'%s' passes", bad[i]);
        }
        assert_int_equal(st, HN_EARG);
        assert_non_null(strstr(e.msg, bad[i]));
    }
}

static void expect_open_error(hn_sources *s, hn_status code, const char *what) {
    hn_stream *stream;
    hn_error e = {0};
    assert_int_equal(hn_stream_open(s, false, &stream, &e), code);
    assert_null(stream);
    if (!strstr(e.msg, what)) fail_msg("%s", e.msg);
}

static void test_bad_mixtures(void **state) {
    (void)state;
    hn_sources s = {.mix = HN_MIX_INTERLEAVE};
    fill_part(&s, 0, 4);
    fill_part(&s, 1, 4);
    s.part[0].weight = 0.5;
    expect_open_error(&s, HN_EARG, "1 of 2 data sets have a weight");
    s.part[1].weight = -1;
    expect_open_error(&s, HN_EARG, "-1");
    s.part[1].weight = 0;
    s.stopping = HN_STOP_ALL_EXHAUSTED;
    expect_open_error(&s, HN_EARG, "never exhausted");
    s.part[0].weight = s.part[1].weight = NAN;
    s.part[1].limit = 0;
    expect_open_error(&s, HN_EFORMAT, "no records");
    s.part[1].limit = HN_UNSET_INT;
    s.hold_out = 8;
    expect_open_error(&s, HN_EARG, "8 records are to be held out of a data set of 8");
    s.hold_out = 0;
    s.mix = HN_MIX_CONCATENATE;
    s.part[0].fraction = 1;
    expect_open_error(&s, HN_EARG, "fraction");
    hn_sources_release(&s);
}

/* Bad records keep their place: what is sliced and what is held out does not depend on them. */
static void test_bad_records(void **state) {
    (void)state;
    hn_sources s;
    hn_sources_init(&s);
    const char *text = "{\"i\":0}\nnot json\n{\"i\":2}\n{\"i\":3}\n[]\n{\"i\":5}\n";
    assert_int_equal(hn_sources_add_file(&s, data_text("bad.jsonl", text), NULL), HN_OK);
    s.part[0].slice = (hn_slice){1, -1, false};
    hn_stream *stream;
    assert_int_equal(hn_stream_open(&s, false, &stream, NULL), HN_OK);
    static const int want[] = {-1, 2, 3, -1};
    for (size_t i = 0; i < 4; i++) {
        hn_raw raw;
        hn_json *j;
        hn_error e = {0};
        assert_int_equal(hn_stream_next(stream, &raw, &e), HN_OK);
        hn_status st = hn_raw_parse(&raw, &j, &e);
        assert_int_equal(st, want[i] < 0 ? HN_EFORMAT : HN_OK);
        if (st == HN_OK) assert_int_equal(hn_json_int(hn_json_get(j, "i"), -1), want[i]);
        else assert_non_null(strstr(e.msg, "bad.jsonl:"));
        assert_true(hn_stream_usable(stream));
        hn_json_free(j);
    }
    hn_raw raw;
    assert_int_equal(hn_stream_next(stream, &raw, NULL), HN_OK);
    assert_true(!raw.p && !raw.record);
    hn_stream_close(stream);
    hn_sources_release(&s);
}

static void test_columns(void **state) {
    (void)state;
    hn_sources s;
    hn_sources_init(&s);
    assert_int_equal(hn_sources_add_file(&s, data_text("c.jsonl", "{\"a\":1,\"b\":2,\"c\":3}\n{\"a\":1,\"c\":3}\n"), NULL), HN_OK);
    char *from[] = {"b", "a"}, *to[] = {"x", "c"};
    const struct { hn_columns c; const char *want; } cases[] = {
        {{from, to, 2, false}, "{\"x\": 2, \"c\": 1}"}, {{from, to, 2, true}, "{\"x\": 2, \"c\": 1}"},
        {{from, from, 1, false}, "{\"b\": 2}"}, {{from, to, 1, true}, "{\"x\": 2, \"a\": 1, \"c\": 3}"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hn_stream *stream;
        hn_raw raw;
        hn_json *j;
        hn_error e = {0};
        hn_buf b = {0};
        s.part[0].columns = cases[i].c;
        assert_int_equal(hn_stream_open(&s, false, &stream, NULL), HN_OK);
        assert_int_equal(hn_stream_next(stream, &raw, NULL), HN_OK);
        assert_int_equal(hn_raw_parse(&raw, &j, NULL), HN_OK);
        hn_json_write(&b, j, 0);
        assert_string_equal(b.p, cases[i].want);
        hn_json_free(j);
        hn_buf_release(&b);
        assert_int_equal(hn_stream_next(stream, &raw, NULL), HN_OK);
        assert_int_equal(hn_raw_parse(&raw, &j, &e), HN_EFORMAT);
        assert_null(j);
        assert_non_null(strstr(e.msg, "c.jsonl:2: column \"b\", which is asked for, is missing"));
        assert_string_equal(e.detail, "row has keys: a, c");
        hn_stream_close(stream);
    }
    s.part[0].columns = (hn_columns){0};
    hn_sources_release(&s);
}

static void test_no_memory(void **state) {
    (void)state;
    hn_mem_stats before, after;
    hn_mem_get(&before);
    bool done = false;
    for (int64_t n = 1; !done; n++) {
        assert_true(n < 1000);
        hn_sources s = {.mix = HN_MIX_INTERLEAVE, .hold_out = 0.2};
        fill_part(&s, 0, 5);
        fill_part(&s, 1, 5);
        s.part[0].weight = s.part[1].weight = 1;
        hn_mem_fail_after(n);
        hn_stream *stream = NULL;
        hn_raw raw;
        hn_status st = hn_stream_open(&s, false, &stream, NULL);
        while (st == HN_OK && (st = hn_stream_next(stream, &raw, NULL)) == HN_OK && raw.p) {}
        hn_mem_fail_after(-1);
        hn_stream_close(stream);
        hn_sources_release(&s);
        done = st == HN_OK;
        if (!done) assert_int_equal(st, HN_ENOMEM);
        hn_mem_get(&after);
        assert_int_equal(after.blocks, before.blocks);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixtures), cmocka_unit_test(test_splits), cmocka_unit_test(test_bad_mixtures),
        cmocka_unit_test(test_bad_records), cmocka_unit_test(test_columns), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, data_dir_make, data_dir_drop);
}
