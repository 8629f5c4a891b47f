/* rooms: text base */
/* test_text_files.c - reading and keeping a tokenizer's files, special tokens, and what is wrong with broken ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/text.h"

static char dir[64];

static int make_dir(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/hone_text_XXXXXX");
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

#define VOCAB "\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"\\u0000\":3,\"<e>\":4}"
#define GOOD "{\"added_tokens\":[{\"content\":\"<e>\",\"special\":true,\"normalized\":false}],\"model\":{\"type\":\"BPE\"," VOCAB \
             ",\"merges\":[\"a b\"]}}"

static hn_status load_text(const char *text, hn_tokenizer **t, hn_error *err) {
    write_file("tokenizer.json", text);
    return hn_tokenizer_load(dir, t, err);
}

/* Loading text fails with code; msg has what. */
static void refuses(const char *text, hn_status code, const char *what) {
    hn_error err = {0};
    hn_tokenizer *t = (hn_tokenizer *)&err;
    assert_int_equal(load_text(text, &t, &err), code);
    assert_null(t);
    if (!strstr(err.msg, what) && !strstr(err.detail, what)) fail_msg("'%s' not in: %s | %s", what, err.msg, err.detail);
}

static void test_broken(void **state) {
    (void)state;
    hn_tokenizer *t;
    hn_error err = {0};
    assert_int_equal(hn_tokenizer_load(dir, &t, &err), HN_ENOENT);
    assert_non_null(strstr(err.msg, "tokenizer.json"));
    assert_true(err.fix[0] != '\0');
    assert_int_equal(hn_tokenizer_load("/nowhere/tokenizer.json", &t, &err), HN_ENOENT);
    refuses("{\"model\":", HN_EFORMAT, "tokenizer.json:1:");
    refuses("", HN_EFORMAT, "tokenizer.json");
    refuses("[1]", HN_EFORMAT, "tokenizer.json");
    refuses("{}", HN_EFORMAT, "model");
    refuses("{\"model\":{\"type\":\"BPE\"}}", HN_EFORMAT, "vocab");
    refuses("{\"model\":{\"type\":\"BPE\"," VOCAB "}}", HN_EFORMAT, "merges");
    refuses("{\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[\"a c\"]}}", HN_EFORMAT, "merges[0]: the token \"c\"");
    refuses("{\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[[\"a\",\"b\"],[\"b\",\"a\"]]}}", HN_EFORMAT,
            "merges[1]: the result \"ba\"");
    refuses("{\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[\"a b b\"]}}", HN_EFORMAT, "merges[0]");
    refuses("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", HN_EFORMAT, "model.vocab");
    refuses("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":99999999999},\"merges\":[]}}", HN_EFORMAT, "model.vocab");
    refuses("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0.0],[\"b\"]]}}", HN_EFORMAT, "model.vocab");
    refuses("{\"model\":{\"type\":\"Unigram\",\"unk_id\":7,\"vocab\":[[\"a\",0.0]]}}", HN_EFORMAT, "unk_id");
}

static void test_unknown_parts(void **state) {
    (void)state;
#define WITH(part) "{" part ",\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[\"a b\"]}}"
    refuses("{\"model\":{\"type\":\"Telepathy\"," VOCAB "}}", HN_ENOTSUP, "\"Telepathy\"");
    refuses("{\"model\":{\"type\":\"Telepathy\"," VOCAB "}}", HN_ENOTSUP, "WordPiece");
    refuses(WITH("\"normalizer\":{\"type\":\"NFX\"}"), HN_ENOTSUP, "normalizer: \"NFX\"");
    refuses(WITH("\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"NFX\"}]}"), HN_ENOTSUP, "NFX");
    refuses(WITH("\"pre_tokenizer\":{\"type\":\"Chop\"}"), HN_ENOTSUP, "ByteLevel");
    refuses(WITH("\"post_processor\":{\"type\":\"Wrap\"}"), HN_ENOTSUP, "TemplateProcessing");
    refuses(WITH("\"decoder\":{\"type\":\"Guess\"}"), HN_ENOTSUP, "ByteFallback");
    refuses(WITH("\"decoder\":{\"type\":\"Metaspace\",\"replacement\":\"ab\"}"), HN_EFORMAT, "replacement");
    refuses(WITH("\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAA\"}"), HN_EFORMAT, "precompiled_charsmap");
    refuses(WITH("\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"/////w==\"}"), HN_EFORMAT, "cut off");
}

static void refuses_pattern(const char *pattern, hn_status code) {
    char text[512];
    snprintf(text, sizeof text, WITH("\"pre_tokenizer\":{\"type\":\"Split\",\"behavior\":\"Isolated\",\"pattern\":{\"Regex\":\"%s\"}}"), pattern);
    refuses(text, code, "pattern");
}

/* Does pattern match the fraction between a and b? It becomes a b then; else it is dropped, as the vocabulary has no token for it. */
static bool finds_fraction(const char *pattern) {
    char text[512];
    hn_tokenizer *t;
    hn_encoding e = {0};
    snprintf(text, sizeof text, WITH("\"normalizer\":{\"type\":\"Replace\",\"content\":\"b\",\"pattern\":{\"Regex\":\"%s\"}}"), pattern);
    assert_int_equal(load_text(text, &t, NULL), HN_OK);
    assert_int_equal(hn_tokenizer_encode(t, (hn_str){"a\xc2\xbd" "b", 4}, 0, &e, NULL), HN_OK);
    size_t n = e.n;
    hn_encoding_release(&e);
    hn_tokenizer_free(t);
    return n == 2;
}

static void test_words_in_brackets(void **state) {
    (void)state;
    assert_false(finds_fraction("\\\\W")); /* a word character by itself */
    assert_true(finds_fraction("[^\\\\w]")); /* none inside brackets */
    assert_true(finds_fraction("[\\\\W]"));
    assert_true(finds_fraction("[^\\\\w\\\\s]+"));
    assert_false(finds_fraction("[^\\\\W\\\\x{61}\\\\x{62}]"));
}

static void test_patterns(void **state) {
    (void)state;
    static const char *const other_meaning[] = {"\\\\bword", "(?<name>a)", "[[:alpha:]]", "\\\\p{Emoji}", "a{2}+", "a{2}?", "(?m:.)",
                                                "[^a&&b]", "[a[^b]]", "\\\\Gx", "\\\\Xx", "[a", "\\\\x{110000000}"};
    for (size_t i = 0; i < sizeof other_meaning / sizeof *other_meaning; i++) refuses_pattern(other_meaning[i], HN_ENOTSUP);
    refuses_pattern("(a", HN_EFORMAT);
    refuses_pattern("*a", HN_EFORMAT);
}

static void test_special_tokens(void **state) {
    (void)state;
    hn_error err = {0};
    hn_tokenizer *t, *plain;
    write_file("tokenizer_config.json", "{\"eos_token\":{\"content\":\"<e>\"},\"bos_token\":\"<b>\",\"pad_token\":null,"
                                        "\"model_max_length\":1000000000000000019884624838656,"
                                        "\"chat_template\":[{\"name\":\"default\",\"template\":\"T\"}]}");
    assert_int_equal(load_text(GOOD, &t, &err), HN_OK);
    assert_string_equal(hn_tokenizer_special(t, HN_EOS), "<e>");
    assert_int_equal(hn_tokenizer_special_id(t, HN_EOS), 4);
    assert_int_equal(hn_tokenizer_special_id(t, HN_BOS), 5); /* new: behind the vocabulary */
    assert_int_equal(hn_tokenizer_size(t), 6);
    assert_null(hn_tokenizer_special(t, HN_PAD));
    assert_int_equal(hn_tokenizer_special_id(t, HN_PAD), -1);
    assert_true(hn_tokenizer_is_special(t, 4) && hn_tokenizer_is_special(t, 5) && !hn_tokenizer_is_special(t, 2));
    assert_int_equal(hn_tokenizer_max_length(t), INT64_MAX);
    assert_string_equal(hn_tokenizer_chat_template(t), "T");
    assert_int_equal(hn_tokenizer_id(t, "ab"), 2);
    assert_int_equal(hn_tokenizer_id(t, "ba"), -1);
    assert_true(hn_str_eq(hn_tokenizer_token(t, 2), "ab"));
    assert_null(hn_tokenizer_token(t, 77).p);

    hn_encoding e = {0};
    const char text[] = "ab<e>b<b>a\0b";
    assert_int_equal(hn_tokenizer_encode(t, (hn_str){text, sizeof text - 1}, 0, &e, &err), HN_OK);
    const int32_t want[] = {2, 4, 1, 5, 0, 3, 1};
    assert_int_equal(e.n, 7);
    assert_memory_equal(e.id, want, sizeof want);
    assert_int_equal(hn_tokenizer_encode(t, hn_str_of("a<e>"), HN_ENCODE_SPLIT_SPECIAL, &e, &err), HN_OK);
    assert_int_equal(e.n, 1); /* < e > are not in the vocabulary, and there is no unknown token */
    assert_int_equal(hn_tokenizer_encode(t, (hn_str){"a\xFF", 2}, 0, &e, &err), HN_EARG);
    assert_int_equal(e.n, 0);

    char first[33];
    snprintf(first, sizeof first, "%s", hn_tokenizer_fingerprint(t));
    hn_tokenizer_free(t);
    char *path = hn_path_join(dir, "tokenizer.json");
    assert_int_equal(hn_tokenizer_load(path, &plain, &err), HN_OK); /* the file itself: nothing beside it is read */
    assert_null(hn_tokenizer_special(plain, HN_EOS));
    assert_string_not_equal(hn_tokenizer_fingerprint(plain), first);
    hn_tokenizer_free(plain);
    hn_free(path);
    hn_encoding_release(&e);
}

/* A BPE without an unknown token leaves bytes out; its spans count on in the byte alphabet's spelling, as the reference's
 * (tokenizers 0.23) do. */
static void test_dropped(void **state) {
    (void)state;
    hn_tokenizer *t;
    hn_encoding e = {0};
    assert_int_equal(load_text("{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"model\":{\"type\":\"BPE\","
                               "\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]}}", &t, NULL), HN_OK);
    assert_int_equal(hn_tokenizer_encode(t, hn_str_of(" ab \xC3\xA9" "abb"), HN_ENCODE_SPANS, &e, NULL), HN_OK);
    const int32_t want[] = {2, 2, 1};
    const hn_token_span spans[] = {{0, 1}, {3, 4}, {4, 6}};
    assert_int_equal(e.n, 3);
    assert_memory_equal(e.id, want, sizeof want);
    assert_memory_equal(e.span, spans, sizeof spans);
    hn_encoding_release(&e);
    hn_tokenizer_free(t);
}

static int32_t count_ids(const hn_tokenizer *t, hn_str text, hn_buf *out) {
    hn_encoding e = {0};
    assert_int_equal(hn_tokenizer_encode(t, text, 0, &e, NULL), HN_OK);
    int32_t n = (int32_t)e.n;
    hn_buf_clear(out);
    assert_int_equal(hn_tokenizer_decode(t, e.id, e.n, false, out, NULL), HN_OK);
    hn_encoding_release(&e);
    return n;
}

/* Only on request: the file's own setting does nothing. */
static void test_dropout(void **state) {
    (void)state;
    hn_tokenizer *t, *words;
    hn_error err = {0};
    hn_buf out = {0};
    hn_str text = hn_str_of("abababababababababababababababababababab");
    assert_int_equal(load_text("{\"decoder\":{\"type\":\"Fuse\"},\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[\"a b\"],\"dropout\":0.5}}", &t, NULL), HN_OK);
    assert_int_equal(count_ids(t, text, &out), 20);
    assert_int_equal(hn_tokenizer_set_dropout(t, 1, 7, &err), HN_OK);
    assert_int_equal(count_ids(t, text, &out), 40);
    assert_true(hn_str_eq(text, out.p));
    int between = 0;
    for (uint64_t seed = 1; seed < 30; seed++) {
        assert_int_equal(hn_tokenizer_set_dropout(t, 0.9, seed, &err), HN_OK);
        int32_t n = count_ids(t, text, &out);
        assert_true(hn_str_eq(text, out.p));
        assert_int_equal(count_ids(t, text, &out), n);
        between += n > 20 && n < 40;
    }
    assert_true(between > 10);
    assert_int_equal(hn_tokenizer_set_dropout(t, 0, 7, &err), HN_OK);
    assert_int_equal(count_ids(t, text, &out), 20);
    assert_int_equal(hn_tokenizer_set_dropout(t, 1.5, 7, &err), HN_EARG);
    assert_int_equal(hn_tokenizer_load(FIXTURES "/text/bert_like.json", &words, &err), HN_OK);
    assert_int_equal(hn_tokenizer_set_dropout(words, 0.5, 7, &err), HN_ENOTSUP);
    hn_tokenizer_free(words);
    hn_tokenizer_free(t);
    hn_buf_release(&out);
}

static void test_save(void **state) {
    (void)state;
    hn_tokenizer *t;
    hn_buf text = {0};
    write_file("chat_template.jinja", "J");
    assert_int_equal(load_text(GOOD, &t, NULL), HN_OK);
    assert_string_equal(hn_tokenizer_chat_template(t), "J"); /* before the one of tokenizer_config.json */
    char *copy = hn_path_join(dir, "copy"), *path = hn_path_join(copy, "tokenizer.json"), *jinja = hn_path_join(copy, "chat_template.jinja");
    assert_int_equal(hn_dir_make(copy, NULL), HN_OK);
    assert_int_equal(hn_tokenizer_save(t, copy, NULL, NULL), HN_OK);
    assert_int_equal(hn_file_read(path, &text, NULL), HN_OK);
    assert_string_equal(text.p, GOOD);
    assert_true(hn_path_exists(jinja));
    hn_buf_release(&text);
    hn_free(copy);
    hn_free(path);
    hn_free(jinja);
    hn_tokenizer_free(t);
}

/* Every allocation in turn fails: ENOMEM, nothing leaks. */
static void test_memory(void **state) {
    (void)state;
    hn_mem_stats before, after;
    hn_str text = hn_str_of("Hello  the WORLD, é 日本 ingin <|x|> ...");
    static const char *const files[] = {"/text/bert_like.json", "/text/unigram_like.json", "/text/qwen_like.json"};
    for (size_t f = 0; f < 3; f++) {
        char path[512];
        snprintf(path, sizeof path, FIXTURES "%s", files[f]);
        hn_mem_get(&before);
        bool done = false;
        int64_t failures = 0;
        for (int64_t n = 1; !done; n += n < 300 ? 1 : 17) {
            hn_tokenizer *t = NULL;
            hn_encoding e = {0};
            hn_buf out = {0};
            hn_mem_fail_after(n);
            hn_status st = hn_tokenizer_load(path, &t, NULL);
            if (st == HN_OK) st = hn_tokenizer_encode(t, text, HN_ENCODE_SPECIAL | HN_ENCODE_SPANS, &e, NULL);
            if (st == HN_OK) st = hn_tokenizer_decode(t, e.id, e.n, false, &out, NULL);
            hn_mem_fail_after(-1);
            done = st == HN_OK;
            if (!done) {
                assert_int_equal(st, HN_ENOMEM);
                failures++;
            }
            hn_tokenizer_free(t);
            hn_encoding_release(&e);
            hn_buf_release(&out);
        }
        hn_mem_get(&after);
        assert_int_equal(before.live, after.live);
        assert_true(failures > 50);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),         cmocka_unit_test(test_unknown_parts), cmocka_unit_test(test_patterns), cmocka_unit_test(test_words_in_brackets),
        cmocka_unit_test(test_special_tokens), cmocka_unit_test(test_dropped),       cmocka_unit_test(test_dropout),       cmocka_unit_test(test_save),          cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
