/* rooms: data text base */
/* test_chat_masks.c - real tokenizers with TRL's training templates: ids and assistant masks of real conversations have the hashes of
 * transformers' (tools/golden/chat_masks.py). Runs where HONE_DATA is set. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data/data.h"

static char work[] = "/tmp/hone-test-XXXXXX";
static char talks[64];

static void unpack(const char *from, const char *to) {
    gzFile f = gzopen(from, "rb");
    if (!f) fail_msg("cannot open %s", from);
    hn_buf b = {0};
    char block[65536];
    for (int got; (got = gzread(f, block, sizeof block)) > 0;) hn_buf_add(&b, block, (size_t)got);
    gzclose(f);
    assert_int_equal(hn_file_write(to, b.p, b.n, NULL), HN_OK);
    hn_buf_release(&b);
}

static hn_tokenizer *load(const char *data, const char *name) {
    static const char *const files[] = {"tokenizer.json", "tokenizer_config.json"};
    char from[512], to[128];
    hn_tokenizer *t;
    hn_error e = {0};
    for (int i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%s/tokenizers_hf/%s/%s.gz", data, name, files[i]);
        snprintf(to, sizeof to, "%s/%s", work, files[i]);
        unpack(from, to);
    }
    if (hn_tokenizer_load(work, &t, &e) != HN_OK) fail_msg("%s", e.msg);
    return t;
}

/* The conversations alone, as rows of messages. */
static void write_talks(const char *data) {
    char path[512];
    hn_records *r;
    hn_json *record;
    hn_error e = {0};
    hn_buf b = {0};
    int64_t line;
    snprintf(path, sizeof path, "%s/llamafactory_prefs/dev/kto_en_demo.json", data);
    if (hn_records_open(path, &r, &e) != HN_OK) fail_msg("%s", e.msg);
    while (hn_records_next(r, &record, &line, &e) == HN_OK && record) {
        hn_buf_puts(&b, "{\"messages\": ");
        hn_json_write(&b, hn_json_get(record, "messages"), 0);
        hn_buf_puts(&b, "}\n");
        hn_json_free(record);
    }
    hn_records_close(r);
    snprintf(talks, sizeof talks, "%s/talks.jsonl", work);
    assert_int_equal(hn_file_write(talks, b.p, b.n, NULL), HN_OK);
    hn_buf_release(&b);
}

static void digest(const hn_rows *rows, char out[33]) {
    hn_hash *h = hn_hash_new();
    for (int64_t i = 0; i < rows->rows; i++) {
        int64_t at = rows->at[i], n = rows->at[i + 1] - at;
        int32_t count = (int32_t)n;
        hn_hash_add(h, &count, sizeof count);
        hn_hash_add(h, rows->ids + at, (size_t)n * sizeof *rows->ids);
        for (int64_t k = 0; k < n; k++) {
            int32_t label = rows->loss[at + k] ? rows->ids[at + k] : -100;
            hn_hash_add(h, &label, sizeof label);
        }
    }
    hn_hash_end(h, out);
}

static void compare(const char *data, const hn_json *want) {
    const char *name = hn_json_cstr(hn_json_get(want, "tokenizer"));
    char *template = hn_path_join(data, hn_json_cstr(hn_json_get(want, "template")));
    hn_tokenizer *tok = load(data, name);
    hn_chat *chat;
    hn_rows *rows;
    hn_error e = {0};
    hn_encode_opts o;
    char *path = talks, found[33];
    hn_strlist files = {&path, 1};
    if (hn_chat_open(tok, &(hn_chat_opts){.template_path = template}, &chat, &e) != HN_OK) fail_msg("%s", e.msg);
    assert_int_equal(hn_chat_span_source(chat), HN_SPANS_MARKED);
    hn_encode_defaults(&o);
    o.chat = chat;
    o.assistant_only = o.skip_bad = true;
    if (hn_rows_encode(&files, tok, &o, &rows, &e) != HN_OK) fail_msg("%s: %s", name, e.msg);
    digest(rows, found);
    print_message("%-14s %-44s %4lld rows %s\n", name, hn_json_cstr(hn_json_get(want, "template")), (long long)rows->rows,
                  hn_streq(found, hn_json_cstr(hn_json_get(want, "xxh128"))) ? "equal" : "differ");
    assert_int_equal(rows->rows, hn_json_int(hn_json_get(want, "rows"), -1));
    assert_string_equal(found, hn_json_cstr(hn_json_get(want, "xxh128")));
    hn_rows_free(rows);
    hn_chat_free(chat);
    hn_tokenizer_free(tok);
    hn_free(template);
}

static void test_masks(void **state) {
    (void)state;
    const char *data = getenv("HONE_DATA");
    if (!data) {
        print_message("SKIPPED: HONE_DATA is not set, its tokenizers and templates are not compared\n");
        skip();
    }
    assert_non_null(mkdtemp(work));
    write_talks(data);
    hn_records *r;
    hn_json *want;
    hn_error e = {0};
    int64_t line;
    int compared = 0;
    if (hn_records_open(FIXTURES "/sft/chat_masks.jsonl", &r, &e) != HN_OK) fail_msg("%s", e.msg);
    while (hn_records_next(r, &want, &line, &e) == HN_OK && want) {
        compare(data, want);
        hn_json_free(want);
        compared++;
    }
    hn_records_close(r);
    print_message("%d pairs of tokenizer and template compared\n", compared);
    assert_int_equal(compared, 8);
    hn_par_shutdown();
    assert_int_equal(hn_dir_remove(work, NULL), HN_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_masks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
