/* rooms: base */
/* test_base_file.c - files, folders, what the system tells, fingerprints. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

static char folder[] = "/tmp/hone-file-XXXXXX";

static const char *in_folder(const char *name) {
    static char path[4][256];
    static int k;
    k = (k + 1) % 4;
    snprintf(path[k], sizeof path[k], "%s/%s", folder, name);
    return path[k];
}

static size_t files_in_folder(void) {
    hn_strlist l;
    assert_int_equal(hn_dir_list(folder, &l, NULL), HN_OK);
    size_t n = l.n;
    hn_strlist_free(&l);
    return n;
}

static int make_folder(void **state) {
    (void)state;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return hn_dir_remove(folder, NULL) == HN_OK ? 0 : -1;
}

static void test_write_and_read(void **state) {
    (void)state;
    hn_error e;
    const char *path = in_folder("a");
    assert_int_equal(hn_file_write(path, "one\0two", 7, &e), HN_OK);
    assert_int_equal(hn_file_size(path), 7);
    hn_buf b = {0};
    assert_int_equal(hn_file_read(path, &b, &e), HN_OK);
    assert_int_equal(b.n, 7);
    assert_memory_equal(b.p, "one\0two", 8);
    hn_buf_release(&b);
    hn_map m;
    assert_int_equal(hn_map_open(path, &m, &e), HN_OK);
    assert_int_equal(m.n, 7);
    assert_memory_equal(m.p, "one\0two", 7);
    hn_map_close(&m);
    hn_map_close(&m);
    assert_int_equal(hn_file_write(path, NULL, 0, &e), HN_OK);
    assert_int_equal(hn_map_open(path, &m, &e), HN_OK);
    assert_non_null(m.p);
    assert_int_equal(m.n, 0);
    hn_map_close(&m);
    assert_int_equal(hn_file_read(path, &b, &e), HN_OK);
    assert_string_equal(b.p, "");
    hn_buf_release(&b);
    assert_int_equal(files_in_folder(), 1);
}

static void test_missing_inputs(void **state) {
    (void)state;
    hn_error e;
    hn_buf b = {0};
    hn_map m;
    assert_int_equal(hn_file_read(in_folder("none"), &b, &e), HN_ENOENT);
    assert_non_null(strstr(e.msg, "none': No such file or directory"));
    assert_int_equal(hn_map_open(in_folder("none"), &m, &e), HN_ENOENT);
    assert_null(m.p);
    assert_int_equal(hn_map_open(folder, &m, &e), HN_EIO);
    assert_int_equal(hn_file_read(folder, &b, &e), HN_EIO);
    assert_non_null(strstr(e.msg, "is a folder"));
    assert_int_equal(hn_file_size(in_folder("none")), -1);
    assert_false(hn_path_exists(in_folder("none")));
}

static void test_old_file_stands_until_commit(void **state) {
    (void)state;
    hn_error e;
    const char *path = in_folder("kept");
    assert_int_equal(hn_file_write(path, "old", 3, &e), HN_OK);
    hn_writer w;
    assert_int_equal(hn_writer_open(&w, path, &e), HN_OK);
    assert_int_equal(hn_writer_put(&w, "new!", 4, &e), HN_OK);
    assert_int_equal(hn_file_size(path), 3);
    hn_writer_abort(&w);
    hn_writer_abort(&w);
    assert_int_equal(hn_file_size(path), 3);
    assert_int_equal(files_in_folder(), 1);
    assert_int_equal(hn_writer_put(&w, "x", 1, &e), HN_ESTATE);
    assert_int_equal(hn_writer_commit(&w, &e), HN_ESTATE);
    assert_int_equal(hn_writer_open(&w, path, &e), HN_OK);
    assert_int_equal(hn_writer_put(&w, "new!", 4, &e), HN_OK);
    assert_int_equal(hn_writer_commit(&w, &e), HN_OK);
    assert_int_equal(hn_file_size(path), 4);
    assert_int_equal(files_in_folder(), 1);
    struct stat st;
    stat(path, &st);
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
}

static void test_places_that_cannot_be_written(void **state) {
    (void)state;
    hn_error e;
    assert_int_equal(hn_file_write(in_folder("no/such/x"), "a", 1, &e), HN_EIO);
    assert_non_null(strstr(e.msg, "no/such/x': No such file or directory"));
    assert_int_equal(hn_file_write(folder, "a", 1, &e), HN_EIO);
    assert_int_equal(hn_file_write("/proc/hone-x", "a", 1, &e), HN_EIO);
    assert_non_null(strstr(e.msg, "/proc/hone-x"));
    assert_int_equal(files_in_folder(), 0);
}

static void test_full_device(void **state) {
    (void)state;
    if (access("/dev/full", W_OK) != 0) skip();
    hn_error e;
    assert_int_equal(hn_file_write("/dev/full", "a", 1, &e), HN_EIO);
    assert_string_equal(e.msg, "cannot write '/dev/full': No space left on device");
    assert_true(e.fix[0] != '\0');
    assert_true(hn_path_exists("/dev/full")); /* a device is written through, not replaced */
}

/* A limit on file size is the full disk any user can have. */
static void test_nothing_half_written_is_left(void **state) {
    (void)state;
    hn_error e;
    const char *path = in_folder("big");
    assert_int_equal(hn_file_write(path, "old", 3, &e), HN_OK);
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    char *big = hn_calloc(1, 300000);
    hn_status code = hn_file_write(path, big, 300000, &e);
    setrlimit(RLIMIT_FSIZE, &before);
    hn_free(big);
    assert_int_equal(code, HN_EIO);
    assert_non_null(strstr(e.msg, "big': File too large"));
    assert_int_equal(hn_file_size(path), 3);
    assert_int_equal(files_in_folder(), 1);
}

static void test_folders(void **state) {
    (void)state;
    hn_error e;
    assert_int_equal(hn_dir_make(in_folder("p//q/r/"), &e), HN_OK);
    assert_int_equal(hn_dir_make(in_folder("p/q/r"), &e), HN_OK);
    assert_true(hn_path_is_dir(in_folder("p/q/r")));
    assert_int_equal(hn_file_write(in_folder("p/z"), "1", 1, &e), HN_OK);
    assert_int_equal(hn_file_write(in_folder("p/a"), "1", 1, &e), HN_OK);
    assert_int_equal(hn_dir_make(in_folder("p/a/b"), &e), HN_EIO);
    assert_int_equal(symlink(in_folder("p"), in_folder("p/link")), 0);
    hn_strlist l;
    assert_int_equal(hn_dir_list(in_folder("p"), &l, &e), HN_OK);
    assert_int_equal(l.n, 4);
    assert_string_equal(l.v[0], "a");
    assert_string_equal(l.v[1], "link");
    assert_string_equal(l.v[2], "q");
    assert_string_equal(l.v[3], "z");
    hn_strlist_free(&l);
    assert_int_equal(hn_dir_list(in_folder("none"), &l, &e), HN_ENOENT);
    assert_int_equal(hn_rename(in_folder("p/a"), in_folder("p/b"), &e), HN_OK);
    assert_int_equal(hn_rename(in_folder("p/a"), in_folder("p/b"), &e), HN_EIO);
    assert_int_equal(hn_dir_sync(folder, &e), HN_OK);
    assert_int_equal(hn_dir_sync(in_folder("none"), &e), HN_EIO);
    assert_int_equal(hn_dir_remove(in_folder("p"), &e), HN_OK);
    assert_int_equal(hn_dir_remove(in_folder("p"), &e), HN_OK);
    assert_int_equal(files_in_folder(), 0);
    char *j = hn_path_join("a", "b"), *k = hn_path_join("a/", "b"), *n = hn_path_join("", "b");
    assert_string_equal(j, "a/b");
    assert_string_equal(k, "a/b");
    assert_string_equal(n, "b");
    hn_free(j);
    hn_free(k);
    hn_free(n);
    assert_string_equal(hn_path_base("a/b.c"), "b.c");
    assert_string_equal(hn_path_base("b.c"), "b.c");
    assert_string_equal(hn_path_base("a/"), "");
}

static void test_out_of_memory(void **state) {
    (void)state;
    hn_error e;
    hn_mem_stats before, after;
    hn_mem_get(&before);
    assert_int_equal(hn_dir_make(in_folder("m/n"), &e), HN_OK);
    assert_int_equal(hn_file_write(in_folder("m/f"), "abc", 3, &e), HN_OK);
    hn_status code;
    int failures = 0;
    for (int n = 1; n < 50; n++) {
        hn_buf b = {0};
        hn_strlist l = {0};
        hn_mem_fail_after(n);
        code = hn_file_write(in_folder("m/g"), "abcd", 4, &e);
        if (code == HN_OK) code = hn_file_read(in_folder("m/g"), &b, &e);
        if (code == HN_OK) code = hn_dir_list(in_folder("m"), &l, &e);
        if (code == HN_OK) code = hn_dir_make(in_folder("m/n/o"), &e);
        hn_mem_fail_after(-1);
        hn_buf_release(&b);
        hn_strlist_free(&l);
        hn_mem_get(&after);
        assert_int_equal(after.live, before.live);
        if (code == HN_OK) break;
        assert_int_equal(code, HN_ENOMEM);
        failures++;
    }
    assert_int_equal(code, HN_OK);
    assert_true(failures >= 8);
    hn_strlist l;
    assert_int_equal(hn_dir_list(in_folder("m"), &l, &e), HN_OK);
    assert_int_equal(l.n, 3); /* f, g, n: no temporaries */
    hn_strlist_free(&l);
}

static void test_system(void **state) {
    (void)state;
    double t = hn_now();
    usleep(20000);
    double d = hn_now() - t;
    assert_true(d >= 0.02 && d < 10);
    double age = hn_process_age();
    assert_true(age >= 0.0 && age < 3600);
    uint64_t rss = hn_peak_rss();
    assert_true(rss > 100 * 1024 && rss < (uint64_t)1 << 46);
    uint64_t room = hn_memory_available();
    assert_true(room > 1024 * 1024 && room < (uint64_t)1 << 46);
}

static void test_hash(void **state) {
    (void)state;
    char a[33], b[33];
    hn_hash_hex("", 0, a);
    assert_string_equal(a, "99aa06d3014798d86001c324468d497f"); /* xxhsum -H2 of nothing */
    char text[5000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 31 % 251);
    hn_hash_hex(text, sizeof text, a);
    hn_hash *h = hn_hash_new();
    assert_non_null(h);
    for (size_t at = 0, n = 1; at < sizeof text; at += n, n = n * 2 % 700 + 1) {
        if (n > sizeof text - at) n = sizeof text - at;
        hn_hash_add(h, text + at, n);
    }
    hn_hash_end(h, b);
    assert_string_equal(a, b);
    text[4321] ^= 1;
    hn_hash_hex(text, sizeof text, b);
    assert_string_not_equal(a, b);
    hn_mem_fail_after(1);
    h = hn_hash_new();
    hn_mem_fail_after(-1);
    assert_null(h);
}

int main(void) {
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_write_and_read),
        IN_FOLDER(test_missing_inputs),
        IN_FOLDER(test_old_file_stands_until_commit),
        IN_FOLDER(test_places_that_cannot_be_written),
        IN_FOLDER(test_nothing_half_written_is_left),
        IN_FOLDER(test_folders),
        IN_FOLDER(test_out_of_memory),
        cmocka_unit_test(test_full_device),
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
