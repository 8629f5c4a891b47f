/* rooms: text base */
/* test_text_save.c - writing tokenizers and adding tokens: what is saved loads to equal ids, from every kind of source. That
 * transformers loads it to the same ids too is shown by tools/golden/check_saved.py. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "text/text.h"

static char dir[64], out[96];

static int make_dir(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/hone_save_XXXXXX");
    if (!mkdtemp(dir)) return -1;
    snprintf(out, sizeof out, "%s/out", dir);
    return 0;
}

static int remove_dir(void **state) {
    (void)state;
    return hn_dir_remove(dir, NULL) == HN_OK ? 0 : -1;
}

static void save(const hn_tokenizer *t) {
    hn_error err = {0};
    assert_int_equal(hn_dir_remove(out, NULL), HN_OK);
    assert_int_equal(hn_dir_make(out, NULL), HN_OK);
    if (hn_tokenizer_save(t, out, NULL, &err) != HN_OK) fail_msg("%s", err.msg);
}

static hn_tokenizer *load(const char *path) {
    hn_tokenizer *t;
    hn_error err = {0};
    if (hn_tokenizer_load(path, &t, &err) != HN_OK) fail_msg("%s %s", err.msg, err.detail);
    return t;
}

static hn_json *read_json(const char *name) {
    hn_json *j;
    char *path = hn_path_join(out, name);
    assert_int_equal(hn_json_load(path, &j, NULL), HN_OK);
    hn_free(path);
    return j;
}

static void same_encodings(const hn_tokenizer *a, const hn_tokenizer *b, const char *what) {
    static const char *const texts[] = {
        "", " ", "Once upon a time, there was a little girl.", "Hello world!  Two  spaces,\ttab\n\nlines \r\n end ", "  \n \n\n  \t x",
        "na\xC3\xAFve caf\xC3\xA9 \xE2\x80\x93 \xE2\x80\x9Cquotes\xE2\x80\x9D \xC2\xBD", "x                      y          z",
        "<s> text </s><unk> <new>in<two>side and<new> out", "The the THE Hello, Helloing in in ing <two>"};
    hn_encoding x = {0}, y = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(hn_tokenizer_encode(a, hn_str_of(texts[i]), HN_ENCODE_SPECIAL, &x, NULL), HN_OK);
        assert_int_equal(hn_tokenizer_encode(b, hn_str_of(texts[i]), HN_ENCODE_SPECIAL, &y, NULL), HN_OK);
        bool same = x.n == y.n && (x.n == 0 || memcmp(x.id, y.id, x.n * sizeof *x.id) == 0);
        if (!same) fail_msg("%s: text %zu", what, i);
    }
    hn_encoding_release(&x);
    hn_encoding_release(&y);
}

static void test_round_trip(void **state) {
    static const char *const names[] = {"llama3_like.json", "qwen_like.json", "class_sets.json",   "bert_like.json",
                                        "suffix_bpe.json",  "wordlevel.json", "unigram_like.json", "sp_bpe_bytes.model"};
    static const char *const plain[] = {"<new>"}, *const special[] = {"<two>", "<s>"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        int32_t added = -1;
        hn_error err = {0};
        snprintf(path, sizeof path, FIXTURES "/text/%s", names[i]);
        hn_tokenizer *t = load(path), *copy;
        char before[33];
        snprintf(before, sizeof before, "%s", hn_tokenizer_fingerprint(t));
        save(t);
        copy = load(out);
        same_encodings(t, copy, names[i]);
        hn_tokenizer_free(copy);

        int32_t size = hn_tokenizer_size(t);
        assert_int_equal(hn_tokenizer_add(t, plain, 1, false, &added, &err), HN_OK);
        assert_int_equal(added, 1);
        assert_int_equal(hn_tokenizer_add(t, special, 2, true, &added, &err), HN_OK);
        assert_true(added >= 1);
        assert_int_equal(hn_tokenizer_set_special(t, HN_PAD, "<pad!>", &err), HN_OK);
        assert_int_equal(hn_tokenizer_special_id(t, HN_PAD), hn_tokenizer_size(t) - 1);
        assert_int_equal(hn_tokenizer_id(t, "<new>"), size);
        assert_true(hn_tokenizer_is_special(t, hn_tokenizer_id(t, "<two>")) && !hn_tokenizer_is_special(t, size));
        assert_string_not_equal(hn_tokenizer_fingerprint(t), before);
        save(t);
        copy = load(out);
        same_encodings(t, copy, names[i]);
        assert_int_equal(hn_tokenizer_size(copy), hn_tokenizer_size(t));
        assert_string_equal(hn_tokenizer_special(copy, HN_PAD), "<pad!>");
        assert_int_equal(hn_tokenizer_add(copy, plain, 1, false, &added, &err), HN_OK); /* known: nothing is new */
        assert_int_equal(added, 0);
        hn_tokenizer_free(copy);
        hn_tokenizer_free(t);
    }
}

static void test_files(void **state) {
    (void)state;
    hn_error err = {0};
    hn_tokenizer *t = load(FIXTURES "/text/sp_bpe_bytes.model");
    save(t);
    hn_json *config = read_json("tokenizer_config.json"), *json = read_json("tokenizer.json");
    assert_string_equal(hn_json_cstr(hn_json_get(config, "tokenizer_class")), "PreTrainedTokenizerFast");
    assert_string_equal(hn_json_cstr(hn_json_get(config, "eos_token")), "</s>");
    assert_string_equal(hn_json_cstr(hn_json_get(hn_json_get(json, "model"), "type")), "BPE");
    assert_int_equal(hn_json_len(hn_json_get(json, "added_tokens")), 3);
    hn_json_free(config);
    hn_json_free(json);
    const char *empty[] = {""};
    assert_int_equal(hn_tokenizer_add(t, empty, 1, false, NULL, &err), HN_EARG);
    hn_tokenizer_free(t);
    assert_true(hn_tokenizer_found(out));
    assert_false(hn_tokenizer_found(FIXTURES "/schedule"));
}

/* An unchanged tokenizer.json is copied byte for byte; a class that would build another chain does not stay. */
static void test_copies(void **state) {
    (void)state;
    char name[128];
    hn_buf a = {0}, b = {0};
    const char *json = "{ \"normalizer\":{\"type\":\"Prepend\",\"prepend\":\"_\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}";
    const char *config = "{\"tokenizer_class\": \"LlamaTokenizer\",  \"model_max_length\": 1000000000000000019884624838656}";
    snprintf(name, sizeof name, "%s/tokenizer.json", dir);
    assert_int_equal(hn_file_write(name, json, strlen(json), NULL), HN_OK);
    snprintf(name, sizeof name, "%s/tokenizer_config.json", dir);
    assert_int_equal(hn_file_write(name, config, strlen(config), NULL), HN_OK);
    hn_tokenizer *t = load(dir);
    save(t);
    snprintf(name, sizeof name, "%s/tokenizer.json", out);
    assert_int_equal(hn_file_read(name, &a, NULL), HN_OK);
    assert_string_equal(a.p, json);
    snprintf(name, sizeof name, "%s/tokenizer_config.json", out);
    assert_int_equal(hn_file_read(name, &b, NULL), HN_OK);
    assert_non_null(strstr(b.p, "\"tokenizer_class\": \"PreTrainedTokenizerFast\""));
    assert_non_null(strstr(b.p, "\"model_max_length\": 1000000000000000019884624838656"));
    hn_tokenizer_free(t);
    hn_buf_release(&a);
    hn_buf_release(&b);
}

static void put(const char *name, const char *text) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(hn_file_write(path, text, strlen(text), NULL), HN_OK);
}

static bool stands(const char *name, const char *text) {
    char path[160];
    hn_buf b = {0};
    snprintf(path, sizeof path, "%s/%s", out, name);
    bool same = hn_path_exists(path) && hn_file_read(path, &b, NULL) == HN_OK && strcmp(b.p, text) == 0;
    hn_buf_release(&b);
    return same;
}

/* Templates travel along, the named ones too, unless one is given instead; so do roles that only an older file names. */
static void test_beside(void **state) {
    static const char *const plain[] = {"<new>"};
    (void)state;
    char folder[128];
    put("tokenizer.json", "{\"added_tokens\": [], \"model\": {\"type\": \"WordLevel\", \"unk_token\": \"u\", \"vocab\": {\"u\": 0, \"m\": 1, \"x\": 2}}}");
    put("tokenizer_config.json", "{}");
    put("special_tokens_map.json", "{\"mask_token\": {\"content\": \"m\", \"lstrip\": true}, \"additional_special_tokens\": [\"x\"]}");
    put("chat_template.jinja", "D");
    snprintf(folder, sizeof folder, "%s/additional_chat_templates", dir);
    assert_int_equal(hn_dir_make(folder, NULL), HN_OK);
    put("additional_chat_templates/tool_use.jinja", "T");
    put("additional_chat_templates/rag.jinja", "R");
    put("additional_chat_templates/notes.txt", "N");
    hn_tokenizer *t = load(dir);
    for (int changed = 0; changed < 2; changed++) {
        if (changed) assert_int_equal(hn_tokenizer_add(t, plain, 1, false, NULL, NULL), HN_OK);
        save(t);
        assert_true(stands("chat_template.jinja", "D"));
        assert_true(stands("additional_chat_templates/tool_use.jinja", "T"));
        assert_true(stands("additional_chat_templates/rag.jinja", "R"));
        assert_false(stands("additional_chat_templates/notes.txt", "N"));
        assert_int_equal(hn_dir_remove(out, NULL), HN_OK);
        assert_int_equal(hn_dir_make(out, NULL), HN_OK);
        assert_int_equal(hn_tokenizer_save(t, out, "G", NULL), HN_OK);
        assert_true(stands("chat_template.jinja", "G"));
        assert_false(stands("additional_chat_templates/tool_use.jinja", "T"));
    }
    hn_tokenizer_free(t);
    hn_json *config = read_json("tokenizer_config.json");
    assert_string_equal(hn_json_cstr(hn_json_get(config, "mask_token")), "m");
    assert_string_equal(hn_json_cstr(hn_json_at(hn_json_get(config, "additional_special_tokens"), 0)), "x");
    hn_json_free(config);
}

/* Every allocation in turn fails: ENOMEM, nothing leaks. */
static void test_memory(void **state) {
    static const char *const names[] = {"sp_bpe_bytes.model", "bert_like.json"};
    static const char *const tokens[] = {"<new>", "<two>"};
    (void)state;
    hn_mem_stats before, after;
    hn_mem_get(&before);
    for (int i = 0; i < 2; i++) {
        char path[512];
        snprintf(path, sizeof path, FIXTURES "/text/%s", names[i]);
        assert_int_equal(hn_dir_make(out, NULL), HN_OK);
        int failures = 0;
        for (int64_t n = 1, done = 0; !done; n += n < 100 ? 1 : 7) {
            hn_tokenizer *t = load(path);
            hn_mem_fail_after(n);
            hn_status st = hn_tokenizer_add(t, tokens, 2, true, NULL, NULL);
            if (st == HN_OK) st = hn_tokenizer_save(t, out, NULL, NULL);
            hn_mem_fail_after(-1);
            done = st == HN_OK;
            if (!done) assert_int_equal(st, HN_ENOMEM);
            failures += !done;
            hn_tokenizer_free(t);
        }
        assert_true(failures > 10);
    }
    hn_mem_get(&after);
    assert_int_equal(before.live, after.live);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_files), cmocka_unit_test(test_copies),
                                       cmocka_unit_test(test_memory), cmocka_unit_test(test_beside)};
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
