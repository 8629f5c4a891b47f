/* rooms: data text base */
/* test_data_folders.c - which files of a folder are a split, and what names and patterns stand for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/sources_impl.h"
#include "data_files.h"

static char root[300];

/* An empty folder with these files (blank-separated; folders are made). */
static void lay_out(const char *files) {
    snprintf(root, sizeof root, "%s/set", data_dir);
    assert_int_equal(hn_dir_remove(root, NULL), HN_OK);
    assert_int_equal(hn_dir_make(root, NULL), HN_OK);
    for (const char *p = files; *p; p += strspn(p, " ")) {
        char path[400], dir[500];
        int n = (int)strcspn(p, " ");
        snprintf(path, sizeof path, "set/%.*s", n, p);
        snprintf(dir, sizeof dir, "%s/%s", data_dir, path);
        *strrchr(dir, '/') = '\0';
        assert_int_equal(hn_dir_make(dir, NULL), HN_OK);
        data_text(path, "{}\n");
        p += n;
    }
}

/* The files found, relative to the folder: "a.jsonl b.jsonl " for each part, parts between bars. */
static hn_status find(const hn_source_query *q, hn_buf *out, hn_error *err) {
    hn_sources s;
    hn_sources_init(&s);
    hn_status st = hn_sources_find(&s, q, err);
    for (size_t i = 0; i < s.n; i++) {
        if (i) hn_buf_puts(out, "| ");
        for (size_t k = 0; k < s.part[i].files.n; k++) {
            const char *file = s.part[i].files.v[k];
            bool below = strncmp(file, root, strlen(root)) == 0;
            hn_buf_printf(out, "%s ", below ? file + strlen(root) + 1 : file);
        }
    }
    hn_buf_puts(out, "");
    hn_sources_release(&s);
    return st;
}

static void expect_query(const hn_source_query *q, const char *want) {
    hn_buf b = {0};
    hn_error e = {0};
    if (find(q, &b, &e) != HN_OK) fail_msg("%s\n%s", e.msg, e.detail);
    assert_string_equal(b.p, want);
    hn_buf_release(&b);
}

static void expect(const char *split, const char *config, const char *want) {
    expect_query(&(hn_source_query){.name = root, .split = split, .config = config, .optional = true}, want);
}

static void expect_error(const char *split, const char *config, hn_status code, const char *msg, const char *detail) {
    hn_buf b = {0};
    hn_error e = {0};
    hn_status st = find(&(hn_source_query){.name = root, .split = split, .config = config}, &b, &e);
    assert_int_equal(st, code);
    if (!strstr(e.msg, msg)) fail_msg("%s", e.msg);
    if (!strstr(e.detail, detail)) fail_msg("%s\n%s", e.msg, e.detail);
    assert_string_not_equal(e.fix, "");
    hn_buf_release(&b);
}

static void test_flat(void **state) {
    (void)state;
    lay_out("train.csv valid.txt dev2.json.zst test_a.ndjson README.md my-train-2.jsonl");
    expect("train", NULL, "my-train-2.jsonl train.csv ");
    expect("validation", NULL, "dev2.json.zst valid.txt ");
    expect("dev", NULL, "dev2.json.zst valid.txt ");
    expect("test", NULL, "test_a.ndjson ");
    expect_error("train_sft", NULL, HN_ENOENT, "no file of the split \"train_sft\"", "its splits: validation, train, test");
    lay_out("trained.jsonl contest.jsonl attrain.jsonl"); /* no words of splits: all of them are train */
    expect("train", NULL, "attrain.jsonl contest.jsonl trained.jsonl ");
    expect("test", NULL, "");
}

static void test_hub(void **state) {
    (void)state;
    lay_out("README.md data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet data/test-00000-of-00001.parquet");
    expect("train", NULL, "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet ");
    expect("test", NULL, "data/test-00000-of-00001.parquet ");
    expect("validation", NULL, "");
    expect("train", "default", "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet ");
    data_text("set/train.jsonl", ""); /* files of the folder itself come first */
    expect("train", NULL, "train.jsonl ");
    lay_out("data/train_prefs-00000-of-00001.parquet data/train_sft-00000-of-00001.parquet data/test_sft-00000-of-00001.parquet");
    expect("train_sft", NULL, "data/train_sft-00000-of-00001.parquet ");
    expect("test_sft", NULL, "data/test_sft-00000-of-00001.parquet ");
    expect_error("train", NULL, HN_ENOENT, "no file of the split \"train\"", "its splits: test_sft, train_prefs, train_sft");
}

static void test_configs(void **state) {
    (void)state;
    lay_out("main/train-00000-of-00001.parquet main/test-00000-of-00001.parquet socratic/train-00000-of-00001.parquet");
    expect("train", "main", "main/train-00000-of-00001.parquet ");
    expect("train", "socratic", "socratic/train-00000-of-00001.parquet ");
    expect("test", NULL, "main/test-00000-of-00001.parquet "); /* only one has such a split */
    expect("train", NULL, "main/train-00000-of-00001.parquet socratic/train-00000-of-00001.parquet "); /* as datasets reads it */
    expect_error("train", "other", HN_ENOENT, "no configuration \"other\"", "it holds: main, socratic");
    lay_out("data/en/train.jsonl data/en/dev.jsonl data/de/train.jsonl");
    expect("train", "en", "data/en/train.jsonl ");
    lay_out("en-train.jsonl en-test.jsonl de-train.jsonl");
    expect("train", "de", "de-train.jsonl ");
    expect("test", "en", "en-test.jsonl ");
    lay_out("default/train/0000.parquet other/train/0000.parquet"); /* what the hub's own conversion gives */
    expect("train", NULL, "default/train/0000.parquet ");
    lay_out("only/train.jsonl");
    expect("train", NULL, "only/train.jsonl ");
}

/* The card of a data set says which files are what. */
static void test_card(void **state) {
    (void)state;
    lay_out("main/train-00000-of-00001.parquet main/test-00000-of-00001.parquet extra/one.jsonl extra/two.jsonl odd.jsonl");
    data_text("set/README.md", "---\nlicense: mit\nconfigs:\n- config_name: main\n  data_files:\n  - split: train\n    path: main/train-*\n"
                               "  - split: heldout\n    path: [main/test-*, odd.jsonl]\n- config_name: extra\n  data_files: extra/*.jsonl\n---\n# Text\n");
    expect("train", "main", "main/train-00000-of-00001.parquet ");
    expect("heldout", "main", "main/test-00000-of-00001.parquet odd.jsonl ");
    expect("train", "extra", "extra/one.jsonl extra/two.jsonl ");
    expect("test", "extra", "");
    expect_error("test", "main", HN_ENOENT, "the configuration \"main\" has no split \"test\"", "its splits: train, heldout");
    expect_error("train", NULL, HN_EARG, "the data set has several configurations", "its card lists: main, extra");
    expect_error("train", "other", HN_ENOENT, "no configuration \"other\"", "its card lists: main, extra");
    data_text("set/README.md", "---\nconfigs:\n- config_name: a\n  data_files: odd.jsonl\n  default: true\n- config_name: b\n  data_dir: main\n---\n");
    expect("train", NULL, "odd.jsonl ");
    expect("test", "b", "main/test-00000-of-00001.parquet ");
    data_text("set/README.md", "---\nconfigs:\n- config_name: c\n  data_files: none-*.jsonl\n---\n");
    hn_buf b = {0};
    hn_error e = {0};
    assert_int_equal(find(&(hn_source_query){.name = root}, &b, &e), HN_ENOENT);
    assert_non_null(strstr(e.msg, "no file matches"));
    hn_buf_release(&b);
    data_text("set/README.md", "---\nconfigs: [: not yaml\n---\n"); /* said in the log, and left out of account */
    expect("heldout", NULL, "");
    data_text("set/README.md", "---\nno end");
    expect("test", NULL, "main/test-00000-of-00001.parquet ");
}

static void test_split_folders(void **state) {
    (void)state;
    lay_out("train/a.jsonl train/part/b.jsonl test/a.jsonl validation/train.jsonl .hidden/train.jsonl");
    expect("train", NULL, "train/a.jsonl train/part/b.jsonl ");
    expect("test", NULL, "test/a.jsonl ");
    expect("validation", NULL, "validation/train.jsonl ");
    lay_out("one.jsonl two.jsonl config.json dataset_info.json LICENSE.txt notes.txt");
    expect("train", NULL, "one.jsonl two.jsonl ");
    lay_out("README.md");
    expect_error("train", NULL, HN_ENOENT, "no file of the split \"train\"", "it holds: README.md");
    lay_out("data-00000-of-00001.arrow state.json dataset_info.json");
    expect_error("train", NULL, HN_ENOENT, "no file of the split \"train\"", "data-00000-of-00001.arrow");
    lay_out("");
    expect_error("train", NULL, HN_ENOENT, "no file of the split \"train\"", "it holds: nothing");
}

static void test_names(void **state) {
    (void)state;
    char path[500];
    lay_out("a.jsonl b.jsonl c.csv sub/d.jsonl sub/deeper/e.jsonl .f.jsonl");
    snprintf(path, sizeof path, "%s/a.jsonl", root);
    expect_query(&(hn_source_query){.name = path}, "a.jsonl ");
    expect_query(&(hn_source_query){.name = path, .split = "train[1:]+train[:1]"}, "a.jsonl | a.jsonl ");
    expect_query(&(hn_source_query){.name = path, .split = "test", .optional = true}, "");
    hn_error e = {0};
    hn_buf b = {0};
    assert_int_equal(find(&(hn_source_query){.name = path, .split = "test"}, &b, &e), HN_ENOENT);
    assert_non_null(strstr(e.msg, "a file has no split \"test\""));
    snprintf(path, sizeof path, "%s/*.jsonl", root);
    expect_query(&(hn_source_query){.name = path}, "a.jsonl b.jsonl ");
    snprintf(path, sizeof path, "%s/[bc].*", root);
    expect_query(&(hn_source_query){.name = path}, "b.jsonl c.csv ");
    snprintf(path, sizeof path, "%s/**/*.jsonl", root);
    expect_query(&(hn_source_query){.name = path}, "a.jsonl b.jsonl sub/d.jsonl sub/deeper/e.jsonl ");
    snprintf(path, sizeof path, "%s/*/d*", root);
    expect_query(&(hn_source_query){.name = path}, "sub/d.jsonl ");
    snprintf(path, sizeof path, "%s/x*", root);
    assert_int_equal(find(&(hn_source_query){.name = path}, &b, &e), HN_ENOENT);
    assert_non_null(strstr(e.msg, "no file matches"));
    assert_int_equal(find(&(hn_source_query){.name = "/nonexistent/x.jsonl"}, &b, &e), HN_ENOENT);
    assert_int_equal(find(&(hn_source_query){.name = root, .split = "train["}, &b, &e), HN_EARG);
    char *names[] = {"c.csv", "sub/*.jsonl"};
    hn_strlist files = {names, 2};
    expect_query(&(hn_source_query){.name = root, .data_files = &files}, "c.csv sub/d.jsonl ");
    expect_query(&(hn_source_query){.name = root, .data_dir = "sub"}, "sub/d.jsonl sub/deeper/e.jsonl ");
    names[1] = "none.jsonl";
    assert_int_equal(find(&(hn_source_query){.name = root, .data_files = &files}, &b, &e), HN_ENOENT);
    hn_buf_release(&b);
}

static void test_no_memory(void **state) {
    (void)state;
    lay_out("data/train-00000-of-00001.jsonl test.csv a.txt");
    data_text("set/README.md", "---\nconfigs:\n- config_name: a\n  data_files:\n  - split: train\n    path: data/*\n  - split: test\n    path: "
                               "test.csv\n---\n");
    char path[500];
    snprintf(path, sizeof path, "%s/**/*", root);
    hn_mem_stats before, after;
    hn_mem_get(&before);
    bool done = false;
    for (int64_t n = 1; !done; n++) {
        assert_true(n < 1000);
        hn_sources s;
        hn_sources_init(&s);
        hn_mem_fail_after(n);
        hn_status st = hn_sources_find(&s, &(hn_source_query){.name = root, .split = "train[1:]+test"}, NULL);
        if (st == HN_OK) st = hn_sources_find(&s, &(hn_source_query){.name = path}, NULL);
        hn_mem_fail_after(-1);
        hn_sources_release(&s);
        done = st == HN_OK;
        if (!done) assert_int_equal(st, HN_ENOMEM);
        hn_mem_get(&after);
        assert_int_equal(after.blocks, before.blocks);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flat),          cmocka_unit_test(test_hub),   cmocka_unit_test(test_configs),
        cmocka_unit_test(test_card),
        cmocka_unit_test(test_split_folders), cmocka_unit_test(test_names), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, data_dir_make, data_dir_drop);
}
