/* rooms: base */
/* test_base_mem.c - errors, the heap's door, arenas, strings, the log. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static hn_mem_stats now(void) {
    hn_mem_stats s;
    hn_mem_get(&s);
    return s;
}

static void test_status_table(void **state) {
    (void)state;
    assert_string_equal(hn_status_name(HN_EFORMAT), "EFORMAT");
    assert_string_equal(hn_status_text(HN_ENOMEM), "out of memory");
    assert_int_equal(hn_status_exit(HN_OK), 0);
    assert_int_equal(hn_status_exit(HN_EARG), 2);
    assert_int_equal(hn_status_exit(HN_EGATE), 4);
    assert_int_equal(hn_status_exit(HN_ECANCEL), 130);
}

static void test_error_texts(void **state) {
    (void)state;
    hn_error e;
    assert_int_equal(hn_fail(&e, HN_EFORMAT, "row %d", 7), HN_EFORMAT);
    hn_error_detail(&e, "one");
    hn_error_detail(&e, "two");
    hn_error_fix(&e, "do %s", "it");
    hn_error_context(&e, "file '%s'", "x");
    assert_string_equal(e.msg, "file 'x': row 7");
    assert_string_equal(e.detail, "one\ntwo");
    assert_string_equal(e.fix, "do it");
    errno = ENOENT;
    assert_int_equal(hn_fail_errno(&e, HN_EIO, "cannot open '%s'", "y"), HN_EIO);
    assert_string_equal(e.msg, "cannot open 'y': No such file or directory");
    assert_string_equal(e.detail, ""); /* a new cause forgets the old facts */
    hn_fail(&e, HN_EIO, "again: %s", e.msg);
    assert_string_equal(e.msg, "again: cannot open 'y': No such file or directory");
    assert_int_equal(hn_fail(NULL, HN_EIO, "x"), HN_EIO);
    hn_error_context(NULL, "x");
}

static void test_error_cut_at_a_character(void **state) {
    (void)state;
    char big[3000];
    for (size_t i = 0; i + 3 < sizeof big; i += 3) memcpy(big + i, "\xE2\x82\xAC", 4);
    for (int shift = 0; shift < 3; shift++) {
        hn_error e;
        hn_fail(&e, HN_EARG, "%.*s%s", shift, "ab", big);
        assert_true(strlen(e.msg) > sizeof e.msg - 4);
        assert_true(hn_utf8_valid(e.msg, strlen(e.msg), NULL));
        hn_error_context(&e, "place");
        assert_true(hn_utf8_valid(e.msg, strlen(e.msg), NULL));
    }
}

static void test_heap_counts(void **state) {
    (void)state;
    hn_mem_stats before = now();
    void *p = hn_alloc(100), *q = hn_calloc(10, 20), *z = hn_alloc(0);
    assert_non_null(z);
    for (int i = 0; i < 200; i++) assert_int_equal(((unsigned char *)q)[i], 0);
    assert_int_equal(now().live - before.live, 300);
    assert_int_equal(now().blocks - before.blocks, 3);
    assert_int_equal(now().calls - before.calls, 3);
    p = hn_realloc(p, 5000);
    assert_int_equal(now().live - before.live, 5200);
    hn_mem_reset_peak();
    hn_free(p);
    assert_int_equal(now().peak - before.live, 5200);
    hn_free(q);
    hn_free(z);
    hn_free(NULL);
    assert_int_equal(now().live, before.live);
    assert_int_equal(now().blocks, before.blocks);
}

static void test_heap_alignment(void **state) {
    (void)state;
    for (size_t align = 1; align <= 4096; align *= 2) {
        unsigned char *p = hn_alloc_aligned(77, align);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % align, 0);
        memset(p, 7, 77);
        p = hn_realloc(p, 7777);
        assert_int_equal((uintptr_t)p % align, 0);
        for (int i = 0; i < 77; i++) assert_int_equal(p[i], 7);
        p = hn_realloc(p, 3);
        assert_int_equal(p[2], 7);
        hn_free(p);
    }
    void *bad = hn_alloc_aligned(10, 48);
    assert_null(bad);
}

static void test_heap_refuses_overflow(void **state) {
    (void)state;
    volatile size_t huge = SIZE_MAX / 2 + 2;
    void *a = hn_calloc(huge, 2), *b = hn_alloc_array(huge, 2),
         *c = hn_alloc(SIZE_MAX - 3 + huge % 2);
    void *d = hn_realloc_array(NULL, huge, 2), *e = hn_alloc_aligned(huge * 2 - 20, 64);
    assert_null(a);
    assert_null(b);
    assert_null(c);
    assert_null(d);
    assert_null(e);
    hn_error err;
    assert_int_equal(hn_nomem(&err, 123), HN_ENOMEM);
    assert_non_null(strstr(err.msg, "123 bytes"));
}

static void test_heap_fails_on_demand(void **state) {
    (void)state;
    hn_mem_stats before = now();
    hn_mem_fail_after(3);
    void *p[5];
    for (int i = 0; i < 5; i++) p[i] = hn_alloc(8);
    for (int i = 0; i < 5; i++) assert_int_equal(p[i] == NULL, i == 2);
    for (int i = 0; i < 5; i++) hn_free(p[i]);
    char *s = hn_strdup("kept");
    hn_mem_fail_after(1);
    void *q = hn_realloc(s, 100000);
    assert_null(q);
    assert_string_equal(s, "kept"); /* as realloc: the old block stands */
    hn_free(s);
    hn_mem_fail_after(-1);
    assert_int_equal(now().live, before.live);
}

static void test_arena(void **state) {
    (void)state;
    hn_mem_stats before = now();
    hn_arena a;
    hn_arena_init(&a, 256);
    for (int round = 0; round < 3; round++) {
        unsigned char *p[200];
        for (int i = 0; i < 200; i++) {
            size_t n = (size_t)(i * 7 % 90) + (i % 50 == 0 ? 1000 : 0);
            p[i] = hn_arena_alloc(&a, n);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % 16, 0);
            for (size_t k = 0; k < n; k++) assert_int_equal(p[i][k], 0);
            memset(p[i], i + 1, n);
        }
        for (int i = 0; i < 200; i++) { /* nothing overlaps */
            size_t n = (size_t)(i * 7 % 90) + (i % 50 == 0 ? 1000 : 0);
            for (size_t k = 0; k < n; k++) assert_int_equal(p[i][k], (unsigned char)(i + 1));
        }
        assert_string_equal(hn_arena_strndup(&a, "hello", 4), "hell");
        assert_string_equal(hn_arena_printf(&a, "%d-%s", 5, "x"), "5-x");
        hn_arena_reset(&a);
    }
    hn_arena_release(&a);
    assert_int_equal(now().live, before.live);
    assert_non_null(hn_arena_alloc(&a, 10));
    hn_arena_release(&a);
    hn_arena_release(&a);
}

static void test_arena_keeps_blocks_on_reset(void **state) {
    (void)state;
    hn_arena a;
    hn_arena_init(&a, 128);
    for (int i = 0; i < 100; i++) assert_non_null(hn_arena_alloc(&a, 64));
    hn_mem_stats full = now();
    for (int round = 0; round < 5; round++) {
        hn_arena_reset(&a);
        for (int i = 0; i < 100; i++) assert_non_null(hn_arena_alloc(&a, 64));
    }
    assert_int_equal(now().calls, full.calls);
    hn_arena_release(&a);
}

static void test_arena_out_of_memory(void **state) {
    (void)state;
    hn_mem_stats before = now();
    for (int n = 1; n < 12; n++) {
        hn_arena a;
        hn_arena_init(&a, 64);
        int missing = 0;
        hn_mem_fail_after(n);
        for (int i = 0; i < 10; i++) missing += hn_arena_alloc(&a, 60) == NULL;
        hn_mem_fail_after(-1);
        assert_int_equal(missing, n <= 10);
        hn_arena_release(&a);
        assert_int_equal(now().live, before.live);
    }
}

static void test_buffer(void **state) {
    (void)state;
    hn_buf b = {0};
    for (int i = 0; i < 1000; i++) hn_buf_printf(&b, "%d,", i);
    assert_int_equal(b.n, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(b.p), b.n);
    hn_buf_clear(&b);
    assert_string_equal(b.p, "");
    hn_buf_add(&b, "a\0b", 3);
    hn_buf_putc(&b, 'c');
    assert_int_equal(b.n, 4);
    assert_memory_equal(b.p, "a\0bc", 5);
    char *s = hn_buf_take(&b);
    hn_free(s);
    s = hn_buf_take(&b); /* an empty buffer gives an empty string */
    assert_string_equal(s, "");
    hn_free(s);
    char big[5000];
    memset(big, 'x', sizeof big);
    big[4999] = '\0';
    hn_buf_printf(&b, "%s|%s", big, big);
    assert_int_equal(b.n, 9999);
    hn_buf_release(&b);
}

static void test_buffer_out_of_memory(void **state) {
    (void)state;
    hn_mem_stats before = now();
    for (int n = 1; n < 8; n++) {
        hn_buf b = {0};
        hn_mem_fail_after(n);
        for (int i = 0; i < 400; i++) hn_buf_printf(&b, "line %d\n", i);
        hn_mem_fail_after(-1);
        assert_true(b.failed);
        char *s = hn_buf_take(&b);
        assert_null(s);
        assert_int_equal(now().live, before.live);
    }
}

static void test_strings(void **state) {
    (void)state;
    assert_true(hn_streq("a", "a"));
    assert_false(hn_streq("a", NULL));
    assert_true(hn_streq(NULL, NULL));
    assert_true(hn_str_eq(hn_str_of("abc"), "abc"));
    assert_false(hn_str_eq((hn_str){"abc", 2}, "abc"));
    assert_true(hn_str_eq(hn_str_of(NULL), ""));
    char *end;
    assert_true(hn_strtod("2.5e3x", &end) == 2500.0);
    assert_string_equal(end, "x");
}

static void test_edit_distance(void **state) {
    (void)state;
    assert_int_equal(hn_edit_distance("", ""), 0);
    assert_int_equal(hn_edit_distance("", "abc"), 3);
    assert_int_equal(hn_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(hn_edit_distance("beta", "btea"), 1); /* a swap of neighbours is one slip */
    assert_int_equal(hn_edit_distance("learning_rate", "learning_rte"), 1);
    assert_int_equal(hn_edit_distance("ca", "abc"), 3);
    assert_int_equal(hn_edit_distance("abc", "xyz"), 3);
    char big[300];
    memset(big, 'a', 299);
    big[299] = '\0';
    assert_int_equal(hn_edit_distance(big, "a"), 299);
    assert_int_equal(hn_edit_distance(big, big), 0);
}

static char heard[9000];
static hn_log_level heard_level;
static void hear(hn_log_level level, const char *text, void *user) {
    assert_ptr_equal(user, heard);
    heard_level = level;
    snprintf(heard, sizeof heard, "%s", text);
}

static void test_log(void **state) {
    (void)state;
    hn_info("nobody listens");
    hn_log_set(hear, heard);
    hn_warn("number %d", 3);
    assert_string_equal(heard, "number 3");
    assert_int_equal(heard_level, HN_LOG_WARN);
    char big[8000];
    memset(big, 'y', sizeof big);
    big[sizeof big - 1] = '\0';
    hn_info("%s", big);
    assert_string_equal(heard, big);
    hn_log_set(NULL, NULL);
    hn_info("silence");
    assert_string_equal(heard, big);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_table),
        cmocka_unit_test(test_error_texts),
        cmocka_unit_test(test_error_cut_at_a_character),
        cmocka_unit_test(test_heap_counts),
        cmocka_unit_test(test_heap_alignment),
        cmocka_unit_test(test_heap_refuses_overflow),
        cmocka_unit_test(test_heap_fails_on_demand),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_keeps_blocks_on_reset),
        cmocka_unit_test(test_arena_out_of_memory),
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_buffer_out_of_memory),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_edit_distance),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
