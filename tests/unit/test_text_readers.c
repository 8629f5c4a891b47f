/* rooms: text base */
/* test_text_readers.c - vocab.txt, vocab.json with merges.txt, tiktoken files and the vocabulary of GGUF files, small ones
 * made here; and what is wrong with broken ones. Against the reference packages: tests/golden/test_families.c. */
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
    snprintf(dir, sizeof dir, "/tmp/hone_readers_XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    return hn_dir_remove(dir, NULL) == HN_OK ? 0 : -1;
}

static void empty_dir(void) {
    assert_int_equal(hn_dir_remove(dir, NULL), HN_OK);
    assert_int_equal(hn_dir_make(dir, NULL), HN_OK);
}

static void write_bytes(const char *name, const void *p, size_t n) {
    char *path = hn_path_join(dir, name);
    assert_int_equal(hn_file_write(path, p, n, NULL), HN_OK);
    hn_free(path);
}

static void write_file(const char *name, const char *text) {
    write_bytes(name, text, strlen(text));
}

static hn_tokenizer *load(void) {
    hn_tokenizer *t;
    hn_error err = {0};
    if (hn_tokenizer_load(dir, &t, &err) != HN_OK) fail_msg("%s %s", err.msg, err.detail);
    return t;
}

static void refuses(hn_status code, const char *what) {
    hn_error err = {0};
    hn_tokenizer *t;
    assert_int_equal(hn_tokenizer_load(dir, &t, &err), code);
    assert_null(t);
    if (!strstr(err.msg, what)) fail_msg("'%s' not in: %s", what, err.msg);
}

/* Ids with special tokens, as text: "2 5 6 3". */
static void encodes(const hn_tokenizer *t, const char *text, const char *want) {
    hn_encoding e = {0};
    hn_error err = {0};
    char got[512] = "";
    if (hn_tokenizer_encode(t, hn_str_of(text), HN_ENCODE_SPECIAL, &e, &err) != HN_OK) fail_msg("%s", err.msg);
    for (size_t i = 0; i < e.n; i++) snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d", i ? " " : "", (int)e.id[i]);
    assert_string_equal(got, want);
    hn_encoding_release(&e);
}

static void decodes(const hn_tokenizer *t, int32_t id, const char *want) {
    hn_buf out = {0};
    assert_int_equal(hn_tokenizer_decode(t, &id, 1, false, &out, NULL), HN_OK);
    assert_string_equal(out.p, want);
    hn_buf_release(&out);
}

static void test_vocab_txt(void **state) {
    (void)state;
    empty_dir();
    write_file("vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\n[SEP]\n[MASK]\nhello\n##s\nHello \n\xE4\xB8\xAD");
    hn_tokenizer *t = load();
    encodes(t, "HELLOs \xE4\xB8\xADhello [MASK]", "2 5 6 8 5 4 3");
    encodes(t, "", "2 3");
    assert_int_equal(hn_tokenizer_special_id(t, HN_PAD), 0);
    assert_string_equal(hn_tokenizer_special(t, HN_UNK), "[UNK]");
    hn_tokenizer_free(t);
    write_file("tokenizer_config.json", "{\"do_lower_case\":false,\"tokenize_chinese_chars\":false,\"sep_token\":\"[END]\"}");
    t = load();
    encodes(t, "HELLOs \xE4\xB8\xADhello Hello", "2 1 1 7 9"); /* [END] is new */
    hn_tokenizer_free(t);
    write_file("vocab.txt", "[PAD]\n\xFF");
    refuses(HN_EFORMAT, "vocab.txt: no UTF-8 at byte 6");
    write_file("vocab.txt", "");
    refuses(HN_EFORMAT, "vocab.txt: the vocabulary is empty");
}

static void test_gpt2_files(void **state) {
    (void)state;
    empty_dir();
    write_file("vocab.json", " {\"a\":0,\"b\":1,\"ab\":2,\"\\u0120\":3,\"\\u0120ab\":4,\"<|endoftext|>\":5, \"<s>\":6,\"</s>\":7}\n");
    refuses(HN_ENOENT, "merges.txt");
    write_file("merges.txt", "#version: 0.2\na b\r\n\xC4\xA0 ab\n");
    hn_tokenizer *t = load();
    encodes(t, "ab abb<|endoftext|>", "2 4 1 5");
    assert_int_equal(hn_tokenizer_special_id(t, HN_EOS), 5);
    decodes(t, 4, " ab");
    hn_tokenizer_free(t);
    write_file("tokenizer_config.json", "{\"tokenizer_class\":\"RobertaTokenizerFast\",\"add_prefix_space\":true}");
    t = load();
    encodes(t, "ab", "6 4 7");
    assert_int_equal(hn_tokenizer_special_id(t, HN_BOS), 6);
    hn_tokenizer_free(t);
    write_file("tokenizer_config.json", "{\"tokenizer_class\":\"GPT2Tokenizer\",\"bos_token\":\"<s>\",\"add_bos_token\":true}");
    write_file("added_tokens.json", "{\"<n2>\":9,\"<n1>\":8}");
    write_file("special_tokens_map.json", "{\"pad_token\":{\"content\":\"<n2>\"}}");
    t = load();
    encodes(t, "ab<n2>", "6 2 9");
    assert_int_equal(hn_tokenizer_special_id(t, HN_PAD), 9);
    hn_tokenizer_free(t);
    write_file("tokenizer_config.json", "{\"tokenizer_class\":\"MartianTokenizer\"}");
    refuses(HN_ENOTSUP, "MartianTokenizer");
    write_file("tokenizer_config.json", "{}");
    write_file("merges.txt", "a b\nab\n");
    refuses(HN_EFORMAT, "merges.txt:2: expected two tokens");
    write_file("merges.txt", "a c\n");
    refuses(HN_EFORMAT, "merges[0]: the token \"c\"");
    write_file("vocab.json", "[]");
    refuses(HN_EFORMAT, "vocab.json");
}

static void test_tiktoken(void **state) {
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    hn_buf file = {0};
    empty_dir();
    for (int b = 0; b < 256; b++) hn_buf_printf(&file, "%c%c== %d\n", digits[b >> 2], digits[(b & 3) << 4], b);
    hn_buf_puts(&file, "YWI= 256\nYmM= 257\nYWJj 258\n"); /* ab bc abc */
    write_bytes("tokenizer.model", file.p, file.n);
    refuses(HN_ENOTSUP, "259 tokens are no known vocabulary's");
    write_file("tokenizer_config.json", "{\"pat_str\":\"\\\\p{L}+|\\\\s+\",\"added_tokens_decoder\":{\"260\":{\"content\":\"<y>\",\"special\":true},"
                                        "\"259\":{\"content\":\"<x>\",\"special\":true}}}");
    hn_tokenizer *t = load();
    encodes(t, "abcbc abb\xC3\xA9<y>", "258 257 32 256 98 195 169 260");
    hn_tokenizer_free(t);
    hn_buf_puts(&file, "YWI= 259\n");
    write_bytes("tokenizer.model", file.p, file.n);
    refuses(HN_EFORMAT, "tokenizer.model:260: the token or its rank stands there twice");
    write_file("tokenizer.model", "YWI= 0\nYW!I 1\n");
    refuses(HN_EFORMAT, "tokenizer.model:2: expected base64");
    write_file("tokenizer.model", "YWI= 0\n");
    refuses(HN_EFORMAT, "the byte 0x00");
    hn_buf_release(&file);
}

/* ------------------------------------------------------------------ GGUF */

static hn_buf gguf;
static uint64_t keys;

static void put(uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) hn_buf_putc(&gguf, (char)(v >> (8 * i) & 0xFF));
}
static void put_string(const char *s) {
    put(strlen(s), 8);
    hn_buf_puts(&gguf, s);
}
static void put_key(const char *key, uint32_t type) {
    keys++;
    put_string(key);
    put(type, 4);
}
static void open_gguf(const char *model) {
    hn_buf_clear(&gguf);
    keys = 0;
    hn_buf_puts(&gguf, "GGUF");
    put(3, 4);
    put(0, 8);
    put(0, 8);
    put_key("tokenizer.ggml.model", 8);
    put_string(model);
}
static void put_list(const char *key, const char *const *v) {
    uint64_t n = 0;
    while (v[n]) n++;
    put_key(key, 9);
    put(8, 4);
    put(n, 8);
    for (uint64_t i = 0; i < n; i++) put_string(v[i]);
}
static void put_ints(const char *key, const int *v, uint64_t n) {
    put_key(key, 9);
    put(5, 4);
    put(n, 8);
    for (uint64_t i = 0; i < n; i++) put((uint64_t)v[i], 4);
}
static void close_gguf(void) {
    for (int i = 0; i < 8; i++) gguf.p[16 + i] = (char)(keys >> (8 * i) & 0xFF);
    assert_false(gguf.failed);
    write_bytes("m.gguf", gguf.p, gguf.n);
}

static void put_gpt2(const char *pre) {
    open_gguf("gpt2");
    if (pre) {
        put_key("tokenizer.ggml.pre", 8);
        put_string(pre);
    }
    put_list("tokenizer.ggml.tokens", (const char *const[]){"a", "b", "ab", "\xC4\xA0", "<e>", NULL});
    put_ints("tokenizer.ggml.token_type", (const int[]){1, 1, 1, 1, 3}, 5);
    put_list("tokenizer.ggml.merges", (const char *const[]){"a b", NULL});
    put_key("tokenizer.ggml.eos_token_id", 4);
    put(4, 4);
    put_key("tokenizer.ggml.add_eos_token", 7);
    put(1, 1);
    put_key("tokenizer.chat_template", 8);
    put_string("T");
}

static void test_gguf(void **state) {
    (void)state;
    empty_dir();
    put_gpt2("gpt-2");
    close_gguf();
    hn_tokenizer *t = load();
    encodes(t, "ab a<e>", "2 3 0 4 4");
    assert_string_equal(hn_tokenizer_special(t, HN_EOS), "<e>");
    assert_string_equal(hn_tokenizer_chat_template(t), "T");
    hn_tokenizer_free(t);
    put_gpt2(NULL);
    close_gguf();
    refuses(HN_ENOTSUP, "there is no tokenizer.ggml.pre");
    put_gpt2("gpt-17");
    close_gguf();
    refuses(HN_ENOTSUP, "tokenizer.ggml.pre is \"gpt-17\"");

    open_gguf("llama");
    put_list("tokenizer.ggml.tokens", (const char *const[]){"<unk>", "<s>", "\xE2\x96\x81", "a", "b", "ab", "\xE2\x96\x81" "ab", NULL});
    put_ints("tokenizer.ggml.token_type", (const int[]){2, 3, 1, 1, 1, 1, 1}, 7);
    put_ints("tokenizer.ggml.scores", (const int[]){0, 0, -5, -5, -5, -1, -2}, 7);
    put_key("tokenizer.ggml.bos_token_id", 4);
    put(1, 4);
    close_gguf();
    t = load();
    encodes(t, "ab a\xC3\xA9", "1 6 2 3 0");
    decodes(t, 6, "ab");
    hn_tokenizer_free(t);

    open_gguf("bert");
    put_list("tokenizer.ggml.tokens", (const char *const[]){"[PAD]", "[UNK]", "[CLS]", "[SEP]", "\xE2\x96\x81he", "llo", NULL});
    put_ints("tokenizer.ggml.token_type", (const int[]){3, 3, 3, 3, 1, 1}, 6);
    put_key("tokenizer.ggml.unknown_token_id", 4);
    put(1, 4);
    put_key("tokenizer.ggml.cls_token_id", 4);
    put(2, 4);
    put_key("tokenizer.ggml.seperator_token_id", 4);
    put(3, 4);
    close_gguf();
    t = load();
    encodes(t, "Hello llo", "2 4 5 1 3");
    hn_tokenizer_free(t);

    open_gguf("rwkv");
    put_list("tokenizer.ggml.tokens", (const char *const[]){"a", NULL});
    close_gguf();
    refuses(HN_ENOTSUP, "\"rwkv\"");
    write_bytes("n.gguf", gguf.p, gguf.n);
    refuses(HN_EARG, "several files *.gguf");
}

/* Cut off anywhere, and with absurd numbers: an error, in no time. */
static void test_gguf_broken(void **state) {
    (void)state;
    hn_tokenizer *t;
    empty_dir();
    put_gpt2("gpt-2");
    close_gguf();
    size_t whole = gguf.n;
    for (size_t n = 0; n < whole; n++) {
        hn_error err = {0};
        write_bytes("m.gguf", gguf.p, n);
        assert_int_not_equal(hn_tokenizer_load(dir, &t, &err), HN_OK);
        assert_true(strstr(err.msg, "m.gguf") != NULL);
    }
    for (size_t at = 4; at < whole; at += 3) {
        char kept[8];
        memcpy(kept, gguf.p + at, whole - at < 8 ? whole - at : 8);
        memset(gguf.p + at, 0xFF, whole - at < 8 ? whole - at : 8);
        write_bytes("m.gguf", gguf.p, whole);
        if (hn_tokenizer_load(dir, &t, NULL) == HN_OK) hn_tokenizer_free(t);
        memcpy(gguf.p + at, kept, whole - at < 8 ? whole - at : 8);
    }
    open_gguf("gpt2");
    put_key("tokenizer.ggml.tokens", 9);
    put(8, 4);
    put(UINT64_MAX, 8);
    close_gguf();
    refuses(HN_EFORMAT, "key tokenizer.ggml.tokens: an array is longer than what is left");
    open_gguf("gpt2");
    put_key("x", 9);
    put(9, 4);
    put(1, 8);
    close_gguf();
    refuses(HN_EFORMAT, "an array of a type that is not read");
    gguf.p[4] = 1;
    write_bytes("m.gguf", gguf.p, gguf.n);
    refuses(HN_EFORMAT, "version");
    hn_buf_release(&gguf);
}

static void test_which(void **state) {
    (void)state;
    hn_error err = {0};
    hn_tokenizer *t;
    empty_dir();
    refuses(HN_ENOENT, "tokenizer.json");
    write_file("vocab.txt", "[UNK]\na\n");
    write_file("tokenizer.json", "{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":7},\"unk_token\":\"a\"}}");
    t = load(); /* tokenizer.json goes before the others */
    encodes(t, "a", "7");
    hn_tokenizer_free(t);
    char *path = hn_path_join(dir, "vocab.txt");
    assert_int_equal(hn_tokenizer_load(path, &t, &err), HN_OK);
    encodes(t, "a", "4 1 2"); /* [SEP], [PAD], [CLS] are new, in this order */
    hn_tokenizer_free(t);
    hn_free(path);
    write_file("notes.bin", "\x01\x02");
    path = hn_path_join(dir, "notes.bin");
    assert_int_equal(hn_tokenizer_load(path, &t, &err), HN_EFORMAT);
    assert_non_null(strstr(err.detail, "SentencePiece"));
    hn_free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vocab_txt), cmocka_unit_test(test_gpt2_files),  cmocka_unit_test(test_tiktoken),
        cmocka_unit_test(test_gguf),      cmocka_unit_test(test_gguf_broken), cmocka_unit_test(test_which),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
