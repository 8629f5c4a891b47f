/* rooms: data text base */
/* test_data_prepared.c - rows kept on disk are the rows that memory would hold: found again by what decides them, made again when
 * they are damaged, never half there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "data/prepared_impl.h"
#include "data_files.h"

static hn_tokenizer *tok;
static char cache[512], source[512];
static int warnings;

static void on_log(hn_log_level level, const char *text, void *user) {
    (void)text;
    (void)user;
    warnings += level == HN_LOG_WARN;
}

static hn_encode_opts kept(void) {
    hn_encode_opts o;
    hn_encode_defaults(&o);
    o.prepared_dir = cache;
    return o;
}

static hn_rows *encode(const hn_encode_opts *o) {
    char *one = source;
    hn_strlist files = {&one, 1};
    hn_rows *r;
    hn_error e = {0};
    if (hn_rows_encode(&files, tok, o, &r, &e) != HN_OK) fail_msg("%s", e.msg);
    return r;
}

static void write_source(const char *text) {
    snprintf(source, sizeof source, "%s", data_text("train.jsonl", text));
}

static void fresh(void) {
    snprintf(cache, sizeof cache, "%s/cache", data_dir);
    assert_int_equal(hn_dir_remove(cache, NULL), HN_OK);
    warnings = 0;
}

static void assert_same_rows(const hn_rows *a, const hn_rows *b) {
    size_t n = (size_t)a->tokens, rows = (size_t)a->rows;
    assert_string_equal(a->fingerprint, b->fingerprint);
    assert_int_equal(a->tokens, b->tokens);
    assert_int_equal(a->rows, b->rows);
    assert_memory_equal(a->ids, b->ids, n * 4);
    assert_memory_equal(a->loss, b->loss, n);
    assert_memory_equal(a->at, b->at, (rows + 1) * 8);
    assert_memory_equal(a->record, b->record, rows * 8);
    assert_int_equal(!a->label, !b->label);
    if (a->label) assert_memory_equal(a->label, b->label, n * 4);
    assert_int_equal(!a->document, !b->document);
    if (a->document) {
        assert_int_equal(a->documents, b->documents);
        assert_memory_equal(a->document, b->document, (size_t)(a->documents + 1) * 8);
        assert_memory_equal(a->row_document, b->row_document, (rows + 1) * 8);
    }
    assert_string_equal(a->format, b->format);
    assert_string_equal(a->reason, b->reason);
    assert_string_equal(a->first_text, b->first_text);
    assert_int_equal(a->read, b->read);
    assert_int_equal(a->dropped, b->dropped);
    assert_int_equal(a->truncated, b->truncated);
    assert_int_equal(a->targets, b->targets);
    assert_int_equal(a->longest, b->longest);
    assert_int_equal(a->bad, b->bad);
    assert_int_equal(a->top_id, b->top_id);
}

/* Rows of every kind: cut, dropped, with labels of their own that appear late. */
static void mixed_source(void) {
    hn_buf b = {0};
    for (int i = 0; i < 2500; i++) {
        hn_buf_puts(&b, "{\"input_ids\": [1");
        for (int k = 0; k < i % 23; k++) hn_buf_printf(&b, ", %d", 3 + (i * 31 + k) % 400);
        hn_buf_puts(&b, "]");
        if (i == 1700) hn_buf_printf(&b, ", \"labels\": [-100%s", i % 23 ? "" : "]");
        for (int k = 0; i == 1700 && k < i % 23; k++) hn_buf_printf(&b, ", %d%s", 5, k + 1 < i % 23 ? "" : "]");
        hn_buf_puts(&b, "}\n");
    }
    write_source(b.p);
    hn_buf_release(&b);
}

static void test_as_in_memory(void **state) {
    (void)state;
    static const hn_packing how[] = {HN_PACK_NONE, HN_PACK_BFD, HN_PACK_BFD_SPLIT, HN_PACK_WRAPPED, HN_PACK_BLOCKS};
    static const uint64_t from[] = {0, 1, 40000};
    mixed_source();
    for (size_t i = 0; i < 2 * sizeof how / sizeof *how; i++) {
        hn_encode_opts o = kept();
        o.max_length = 16;
        o.packing = how[i / 2];
        o.shuffle = i % 2;
        o.prepared_dir = NULL;
        hn_rows *memory = encode(&o);
        assert_null(memory->prepared);
        for (int64_t row = 0; row < memory->rows; row++) assert_int_equal(memory->loss[memory->at[row]], 0); /* nothing before it */
        for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
            fresh();
            o.prepared_dir = cache;
            o.prepared_bytes = from[k];
            hn_rows *made = encode(&o), *again = encode(&o);
            assert_non_null(made->prepared);
            char *rest = hn_path_join(made->prepared, "stage0"); /* what was shuffled from */
            assert_false(hn_path_exists(rest));
            hn_free(rest);
            assert_false(made->reused);
            assert_true(again->reused);
            assert_same_rows(memory, made);
            assert_same_rows(memory, again);
            hn_rows_free(made);
            hn_rows_free(again);
        }
        hn_rows_free(memory);
    }
}

static void test_small_sets_stay_in_memory(void **state) {
    (void)state;
    fresh();
    write_source("{\"text\":\"hello\"}\n");
    hn_encode_opts o = kept();
    o.prepared_bytes = 1 << 20;
    hn_rows *r = encode(&o);
    assert_null(r->prepared);
    assert_false(hn_path_exists(cache));
    hn_rows_free(r);
}

static void test_said_again(void **state) {
    (void)state;
    fresh();
    write_source("{\"text\":\"hello\"}\n{\"text\":1}\n");
    hn_encode_opts o = kept();
    o.skip_bad = true;
    hn_log_set(on_log, NULL);
    hn_rows_free(encode(&o));
    assert_int_equal(warnings, 1);
    hn_rows_free(encode(&o));
    assert_int_equal(warnings, 2);
    hn_log_set(NULL, NULL);
}

static bool reused(const hn_encode_opts *o) {
    hn_rows *r = encode(o);
    bool yes = r->reused;
    hn_rows_free(r);
    return yes;
}

static void test_what_decides(void **state) {
    (void)state;
    fresh();
    write_source("{\"text\":\"hello there\"}\n");
    hn_encode_opts o = kept();
    assert_false(reused(&o));
    assert_true(reused(&o));
    o.max_length = 5;
    assert_false(reused(&o));
    assert_true(reused(&o));
    o.packing = HN_PACK_BFD;
    assert_false(reused(&o));
    o.overwrite_prepared = true;
    assert_false(reused(&o));
    o.overwrite_prepared = false;
    assert_true(reused(&o));
    struct stat before;
    assert_int_equal(stat(source, &before), 0);
    write_source("{\"text\":\"hello where\"}\n"); /* same size and same time */
    struct timeval times[2] = {{.tv_sec = before.st_atime}, {.tv_sec = before.st_mtime}};
    assert_int_equal(utimes(source, times), 0);
    assert_false(reused(&o));
}

static void spoil(const char *dir, const char *name, int64_t at, bool cut) {
    char *path = hn_path_join(dir, name);
    if (cut) {
        assert_int_equal(truncate(path, at), 0);
    } else {
        char byte = 0x55;
        int fd = open(path, O_WRONLY);
        assert_true(fd >= 0 && pwrite(fd, &byte, 1, at) == 1);
        close(fd);
    }
    hn_free(path);
}

static void test_damage(void **state) {
    (void)state;
    static const char *const names[] = {"ids", "loss", "at", "record", "rows.json"};
    fresh();
    mixed_source();
    hn_encode_opts o = kept();
    hn_rows *good = encode(&o);
    hn_log_set(on_log, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (int cut = 0; cut < 2; cut++) {
            warnings = 0;
            spoil(good->prepared, names[i], 9, cut);
            hn_rows *r = encode(&o);
            assert_false(r->reused);
            assert_int_equal(warnings, 1);
            hn_rows *again = encode(&o);
            assert_true(again->reused);
            assert_string_equal(r->fingerprint, again->fingerprint);
            hn_rows_free(r);
            hn_rows_free(again);
        }
    }
    char *ids = hn_path_join(good->prepared, "ids");
    assert_int_equal(unlink(ids), 0);
    assert_false(reused(&o));
    hn_free(ids);
    hn_rows_free(good);
    hn_log_set(NULL, NULL);
}

static void test_two_runs_at_once(void **state) {
    (void)state;
    fresh();
    write_source("{\"text\":\"hello\"}\n");
    hn_encode_opts o = kept();
    hn_sources from;
    hn_prepared other;
    hn_error e = {0};
    hn_sources_init(&from);
    assert_int_equal(hn_sources_add_file(&from, source, &e), HN_OK);
    assert_int_equal(hn_prepared_place(&other, &from, false, tok, &o, &e), HN_OK);
    hn_sources_release(&from);
    assert_int_equal(hn_prepared_begin(&other, &e), HN_OK);
    hn_rows *r = encode(&o); /* a whole run while the other one is writing */
    assert_false(r->reused);
    assert_true(hn_path_is_dir(other.temp));
    hn_store s;
    int32_t id[] = {1, 2};
    int64_t start = 0;
    hn_rows *late, *counts;
    hn_json *said = hn_json_new_array();
    assert_int_equal(hn_store_begin(&s, false, &counts, &e), HN_OK);
    assert_int_equal(hn_store_spill(&s, other.temp, &e), HN_OK);
    assert_int_equal(hn_store_add(&s, &(hn_packed){id, id, 2, &start, 1, 1}, &e), HN_OK);
    assert_int_equal(hn_store_finish(&s, &e), HN_OK);
    if (hn_prepared_commit(&other, &s, said, &late, &e) != HN_OK) fail_msg("%s", e.msg); /* too late: the place is taken */
    assert_int_equal(late->tokens, 2);
    hn_prepared_release(&other);
    hn_store_release(&s);
    hn_json_free(said);
    assert_true(reused(&o));
    hn_strlist names;
    assert_int_equal(hn_dir_list(cache, &names, &e), HN_OK);
    assert_int_equal(names.n, 1);
    assert_int_equal(late->ids[1], 2); /* still mapped */
    hn_strlist_free(&names);
    hn_rows_free(late);
    hn_rows_free(r);
}

static void test_left_behind(void **state) {
    (void)state;
    fresh();
    write_source("{\"text\":\"hello\"}\n");
    hn_encode_opts o = kept();
    char dead[600], lock[640];
    snprintf(dead, sizeof dead, "%s/0123.tmp-1-0", cache);
    snprintf(lock, sizeof lock, "%s/lock", dead);
    assert_int_equal(hn_dir_make(dead, NULL), HN_OK);
    assert_int_equal(hn_file_write(lock, "", 0, NULL), HN_OK);
    struct timeval old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimes(lock, old), 0);
    int fd = open(lock, O_RDWR);
    assert_true(fd >= 0);
    hn_rows_free(encode(&o));
    assert_false(hn_path_exists(dead));
    close(fd);
}

static void used_at(const char *dir, int64_t second) {
    struct timeval times[2] = {{.tv_sec = second}, {.tv_sec = second}};
    char *meta = hn_path_join(dir, HN_PREPARED_META);
    assert_int_equal(utimes(meta, times), 0);
    hn_free(meta);
}

/* Sets used longest ago go first; those in use, strangers and sets that are being written stay. */
static void test_limit(void **state) {
    (void)state;
    enum { SETS = 4 };
    char *dir[SETS], stranger[600], half[600], rest[600], file[640];
    hn_rows *r[SETS];
    uint64_t bytes = 0;
    fresh();
    mixed_source();
    hn_encode_opts o = kept();
    for (int i = 0; i < SETS; i++) {
        o.max_length = 30 + i;
        r[i] = encode(&o);
        dir[i] = hn_strdup(r[i]->prepared);
        if (i != 1) hn_rows_free(r[i]);
        used_at(dir[i], 1000 * (i + 1));
    }
    snprintf(stranger, sizeof stranger, "%s/of-the-user", cache);
    snprintf(half, sizeof half, "%s.tmp-1-0", dir[0]);
    snprintf(rest, sizeof rest, "%s/00112233445566778899aabbccddeeff", cache); /* a removal that was cut short */
    const char *const beside[] = {stranger, half, rest};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(hn_dir_make(beside[i], NULL), HN_OK);
        snprintf(file, sizeof file, "%s/x", beside[i]);
        assert_int_equal(hn_file_write(file, "xyz", 3, NULL), HN_OK);
    }
    hn_strlist files;
    assert_int_equal(hn_dir_list(dir[0], &files, NULL), HN_OK);
    for (size_t i = 0; i < files.n; i++) {
        char *path = hn_path_join(dir[0], files.v[i]);
        bytes += (uint64_t)hn_file_size(path);
        hn_free(path);
    }
    hn_strlist_free(&files);
    hn_prepared_trim(cache, 0);
    assert_true(hn_path_exists(dir[0]) && hn_path_exists(rest));
    hn_prepared_trim(cache, 9 * bytes);
    assert_true(hn_path_exists(dir[0]) && hn_path_exists(rest));
    o.max_length = 30; /* the oldest is used again */
    assert_true(reused(&o));
    o.prepared_limit = bytes * 5 / 2; /* room for two, of which one is in use */
    o.max_length = 33;
    assert_true(reused(&o));
    assert_true(hn_path_exists(dir[1]) && hn_path_exists(dir[3]));
    assert_false(hn_path_exists(dir[0]) || hn_path_exists(dir[2]) || hn_path_exists(rest));
    assert_true(hn_path_exists(stranger) && hn_path_exists(half));
    o.prepared_limit = 1; /* not even the one that is being used goes */
    o.max_length = 40;
    hn_rows *used = encode(&o);
    assert_true(hn_path_exists(used->prepared) && hn_path_exists(dir[1]));
    assert_false(hn_path_exists(dir[3]));
    hn_rows_free(used);
    hn_rows_free(r[1]);
    o.max_length = 41;
    hn_rows_free(encode(&o));
    assert_false(hn_path_exists(dir[1]));
    for (int i = 0; i < SETS; i++) hn_free(dir[i]);
}

static void test_no_place(void **state) {
    (void)state;
    fresh();
    write_source("{\"text\":\"hello\"}\n");
    hn_encode_opts o = kept();
    char below[600];
    snprintf(below, sizeof below, "%s/cache", source); /* below a file there can be no folder */
    o.prepared_dir = below;
    hn_log_set(on_log, NULL);
    hn_rows *r = encode(&o);
    hn_log_set(NULL, NULL);
    assert_null(r->prepared);
    assert_int_equal(warnings, 1);
    hn_rows_free(r);
}

static void test_full_disk(void **state) {
    (void)state;
    fresh();
    mixed_source();
    hn_encode_opts o = kept();
    char *one = source;
    hn_strlist files = {&one, 1};
    hn_rows *r;
    hn_error e = {0};
    struct rlimit before, little;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = (struct rlimit){20000, before.rlim_max};
    void (*action)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    hn_status st = hn_rows_encode(&files, tok, &o, &r, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, action);
    assert_int_equal(st, HN_EIO);
    assert_non_null(strstr(e.msg, "cannot write"));
    assert_non_null(strstr(e.fix, "--prepared_data_dir"));
    hn_strlist names;
    assert_int_equal(hn_dir_list(cache, &names, &e), HN_OK);
    assert_int_equal(names.n, 0);
    hn_strlist_free(&names);
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
        cmocka_unit_test(test_as_in_memory),  cmocka_unit_test(test_small_sets_stay_in_memory), cmocka_unit_test(test_said_again),
        cmocka_unit_test(test_what_decides),  cmocka_unit_test(test_damage),                    cmocka_unit_test(test_two_runs_at_once),
        cmocka_unit_test(test_left_behind),   cmocka_unit_test(test_no_place),                  cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
