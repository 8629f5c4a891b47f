/* rooms: data text base */
/* test_data_pack.c - which documents share a row, against TRL's pack_dataset (tools/golden/packing.py). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "data/pack_impl.h"

typedef struct {
    const hn_json *rows;
    const char *strategy;
    size_t row;
    int line;
} expected;

static hn_status on_row(void *user, const hn_packed *row, hn_error *err) {
    (void)err;
    expected *x = user;
    const hn_json *want = hn_json_at(x->rows, x->row);
    if (!want) fail_msg("line %d: a row too many", x->line);
    bool apart = !hn_streq(x->strategy, "wrapped");
    assert_int_equal(hn_json_len(want), 2 * row->documents);
    for (int64_t d = 0; d < row->documents; d++) {
        int64_t at = row->start[d], end = d + 1 < row->documents ? row->start[d + 1] : row->n;
        int64_t first = hn_json_int(hn_json_at(want, 2 * (size_t)d), -1), n = hn_json_int(hn_json_at(want, 2 * (size_t)d + 1), -1);
        if (row->id[at] != first || end - at != n)
            fail_msg("line %d, row %zu, document %lld: %d with %lld tokens, expected %lld with %lld", x->line, x->row, (long long)d,
                     row->id[at], (long long)(end - at), (long long)first, (long long)n);
        for (int64_t i = at; i < end; i++) {
            assert_int_equal(row->id[i], first + (i - at));
            assert_int_equal(row->label[i], -row->id[i]);
        }
    }
    if (apart && row->documents == 0) fail_msg("line %d: an empty row", x->line);
    x->row++;
    return HN_OK;
}

static hn_packing by_name(const char *s) {
    return hn_streq(s, "bfd") ? HN_PACK_BFD : hn_streq(s, "bfd_split") ? HN_PACK_BFD_SPLIT : HN_PACK_WRAPPED;
}

static void one_case(const hn_json *c, int line) {
    const hn_json *lengths = hn_json_get(c, "lengths");
    expected x = {.rows = hn_json_get(c, "rows"), .strategy = hn_json_cstr(hn_json_get(c, "strategy")), .line = line};
    hn_packer p;
    hn_error e = {0};
    int32_t id[4096], label[4096], next = 0;
    hn_packer_begin(&p, by_name(x.strategy), hn_json_int(hn_json_get(c, "max_length"), 0), on_row, &x);
    for (size_t i = 0; i < hn_json_len(lengths); i++) {
        int64_t n = hn_json_int(hn_json_at(lengths, i), 0);
        assert_true(n <= 4096);
        for (int64_t k = 0; k < n; k++, next++) label[k] = -(id[k] = next);
        assert_int_equal(hn_packer_add(&p, id, label, n, (int64_t)i, &e), HN_OK);
    }
    assert_int_equal(hn_packer_end(&p, &e), HN_OK);
    assert_int_equal(x.row, hn_json_len(x.rows));
    hn_packer_release(&p);
}

static void test_same_rows(void **state) {
    (void)state;
    hn_buf text = {0};
    hn_error e = {0};
    if (hn_file_read(FIXTURES "/packing/packing.jsonl", &text, &e) != HN_OK) fail_msg("%s", e.msg);
    int line = 0;
    for (char *at = text.p, *end; (end = strchr(at, '\n')); at = end + 1) {
        hn_json *c;
        if (hn_json_parse(at, (size_t)(end - at), "packing.jsonl", ++line, &c, &e) != HN_OK) fail_msg("%s", e.msg);
        one_case(c, line);
        hn_json_free(c);
    }
    print_message("%d cases compared\n", line);
    assert_true(line >= 30);
    hn_buf_release(&text);
}

static hn_status count_rows(void *user, const hn_packed *row, hn_error *err) {
    (void)err;
    int64_t *seen = user;
    seen[0]++;
    seen[1] += row->n;
    seen[2] = row->record;
    return HN_OK;
}

static void test_blocks(void **state) {
    (void)state;
    int64_t seen[3] = {0};
    int32_t id[10] = {0};
    hn_packer p;
    hn_error e = {0};
    hn_packer_begin(&p, HN_PACK_BLOCKS, 4, count_rows, seen);
    for (int i = 0; i < 1002; i++) assert_int_equal(hn_packer_add(&p, id, id, i % 3, i, &e), HN_OK); /* groups of 999 and 3 tokens */
    assert_int_equal(hn_packer_end(&p, &e), HN_OK);
    assert_int_equal(seen[0], 249);
    assert_int_equal(seen[1], 996); /* the last block begins with token 992 */
    assert_int_equal(seen[2], 992); /* holds tokens 991 and 992 */
    assert_int_equal(p.left, 6);
    hn_packer_release(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_rows), cmocka_unit_test(test_blocks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
