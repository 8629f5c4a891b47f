/* rooms: text base */
/* test_text_peculiar.c - telling where transformers 5 gives other ids than the files as they stand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "text/text.h"

static char dir[64];

static int make_dir(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/hone_peculiar_XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    return hn_dir_remove(dir, NULL) == HN_OK ? 0 : -1;
}

static void write_file(const char *name, const char *text) {
    char *path = hn_path_join(dir, name);
    assert_int_equal(hn_file_write(path, text, strlen(text), NULL), HN_OK);
    hn_free(path);
}

/* What is peculiar of a tokenizer with these parts and settings; ids joined by blanks. */
static void expect(const char *parts, const char *model, const char *config, const char *model_type, const char *want) {
    char json[2048], got[256] = "";
    hn_tokenizer *t;
    hn_error err = {0};
    hn_peculiar found[HN_PECULIAR_MOST];
    snprintf(json, sizeof json,
             "{%s\"added_tokens\":[{\"content\":\"<s>\",\"special\":true},{\"content\":\"</s>\",\"special\":true}],"
             "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"<s>\":1,\"</s>\":2},\"merges\":[]%s}}", parts, model);
    write_file("tokenizer.json", json);
    write_file("tokenizer_config.json", config);
    if (hn_tokenizer_load(dir, &t, &err) != HN_OK) fail_msg("%s", err.msg);
    size_t n = hn_tokenizer_peculiar(t, model_type, found);
    for (size_t i = 0; i < n; i++) {
        assert_true(found[i].text[0] && found[i].fix[0]);
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", found[i].id);
    }
    assert_string_equal(got, want);
    hn_tokenizer_free(t);
}

#define BYTES "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true},"
#define META "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"_\"}]},"
#define WITH_BOS "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}}," \
                 "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[1],\"tokens\":[\"<s>\"]}}},"

static void test_classes(void **state) {
    (void)state;
    expect(BYTES, "", "{}", NULL, "");
    expect(BYTES, "", "{\"tokenizer_class\":\"GPT2TokenizerFast\"}", NULL, "");
    expect(BYTES, ",\"ignore_merges\":true", "{\"tokenizer_class\":\"GPT2Tokenizer\"}", NULL, "tokenizer_rebuilt");
    expect(BYTES, "", "{\"tokenizer_class\":\"GPT2Tokenizer\",\"add_prefix_space\":true}", NULL, "tokenizer_rebuilt");
    expect(BYTES, "", "{\"tokenizer_class\":\"Qwen2Tokenizer\"}", NULL, "tokenizer_rebuilt");
    expect(BYTES, "", "{}", "gpt_neox", "tokenizer_rebuilt"); /* the class puts NFC in front */
    expect(BYTES, "", "{\"tokenizer_class\":\"LlamaTokenizer\"}", "llama", ""); /* byte level: the file is run */
    expect(META, "", "{\"tokenizer_class\":\"LlamaTokenizerFast\"}", "llama", "tokenizer_rebuilt");
    expect(META, "", "{\"tokenizer_class\":\"LlamaTokenizer\"}", "mistral", ""); /* the family's class runs the file */
    expect(META, "", "{\"tokenizer_class\":\"PreTrainedTokenizerFast\"}", "llama", "");
    expect(META, "", "{\"tokenizer_class\":\"PreTrainedTokenizerFast\"}", "qwen2", "tokenizer_rebuilt");
    expect("\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"first\",\"split\":false},",
           ",\"byte_fallback\":true,\"fuse_unk\":true", "{\"tokenizer_class\":\"LlamaTokenizer\"}", "llama", "");
}

static void test_ends(void **state) {
    (void)state;
#define ENDS "\"bos_token\":\"<s>\",\"eos_token\":\"</s>\","
    expect("", "", "{" ENDS "\"add_bos_token\":true,\"add_eos_token\":false}", NULL, "add_bos_token");
    expect("", "", "{" ENDS "\"add_bos_token\":true,\"add_eos_token\":true}", NULL, "add_bos_token add_eos_token");
    expect("", "", "{\"add_bos_token\":true}", NULL, "");
    expect(WITH_BOS, "", "{" ENDS "\"add_bos_token\":true}", NULL, "");
    expect(WITH_BOS, "", "{" ENDS "\"add_bos_token\":false}", NULL, "add_bos_token");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_classes), cmocka_unit_test(test_ends)};
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
