/* rooms: data text base */
/* test_families.c - the tokenizers under HONE_DATA over about 5 MB of mixed text: per chunk of text one hash over ids, spans and
 * decoded texts, against the reference packages' (tools/golden/make_tokens.py families). The same vocabularies in other files
 * (GGUF, vocab.txt) against the same hashes; and llama.cpp's own cases for GGUF files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "text/text.h"

static const char *data;
static hn_json *golden;
static hn_buf texts; /* chunk after chunk, repaired: u32 bytes, bytes */

static void add_chunks(const char *p, size_t n, size_t chunk) {
    for (size_t at = 0; at < n; at += chunk) {
        hn_buf good = {0};
        hn_utf8_repair(&good, p + at, n - at < chunk ? n - at : chunk);
        uint32_t size = (uint32_t)good.n;
        hn_buf_add(&texts, &size, sizeof size);
        hn_buf_add(&texts, good.p, good.n);
        hn_buf_release(&good);
    }
}

/* At most most bytes of a file, unpacked if it is gzip. */
static bool read_unpacked(const char *path, size_t most, hn_buf *out) {
    gzFile f = gzopen(path, "rb");
    if (!f) return false;
    char block[65536];
    int got = 1;
    while (out->n < most && (got = gzread(f, block, sizeof block)) > 0)
        hn_buf_add(out, block, most - out->n < (size_t)got ? most - out->n : (size_t)got);
    gzclose(f);
    return got >= 0 && !out->failed;
}

static void collect(void) {
    size_t chunk = (size_t)hn_json_int(hn_json_get(golden, "chunk"), 0);
    const hn_json *files = hn_json_get(golden, "files");
    hn_buf text = {0};
    static const char *const own[] = {FIXTURES "/text/scripts.txt", FIXTURES "/text/mixed.txt"};
    for (int i = 0; i < 2; i++) {
        hn_buf_clear(&text);
        assert_int_equal(hn_file_read(own[i], &text, NULL), HN_OK);
        add_chunks(text.p, text.n, chunk);
    }
    for (size_t i = 0; i < hn_json_len(files); i++) {
        const hn_json *file = hn_json_at(files, i);
        size_t n = (size_t)hn_json_int(hn_json_at(file, 1), 0);
        char *path = hn_path_join(data, hn_json_cstr(hn_json_at(file, 0)));
        hn_buf_clear(&text);
        if (!read_unpacked(path, n, &text) || text.n != n) fail_msg("%s: %zu bytes of %zu", path, text.n, n);
        add_chunks(text.p, text.n, chunk);
        hn_free(path);
    }
    hn_buf_release(&text);
}

/* The tokenizer of a file under HONE_DATA, copied and unpacked as `as` into a folder of its own, with a tokenizer_config.json. */
static hn_tokenizer *load(const char *name, const char *as, const char *config) {
    char temp[] = "/tmp/hone_tokenizer_XXXXXX";
    hn_tokenizer *t;
    hn_error err = {0};
    hn_buf bytes = {0};
    assert_non_null(mkdtemp(temp));
    char *from = hn_path_join(data, name), *to = hn_path_join(temp, as), *beside = hn_path_join(temp, "tokenizer_config.json");
    if (!read_unpacked(from, SIZE_MAX, &bytes)) fail_msg("%s cannot be read", from);
    assert_int_equal(hn_file_write(to, bytes.p, bytes.n, &err), HN_OK);
    if (config) assert_int_equal(hn_file_write(beside, config, strlen(config), &err), HN_OK);
    if (hn_tokenizer_load(temp, &t, &err) != HN_OK) fail_msg("%s", err.msg);
    assert_int_equal(hn_dir_remove(temp, &err), HN_OK);
    hn_buf_release(&bytes);
    hn_free(from);
    hn_free(to);
    hn_free(beside);
    return t;
}

/* A file that has others beside it. */
static hn_tokenizer *load_there(const char *name) {
    hn_tokenizer *t;
    hn_error err = {0};
    char *path = hn_path_join(data, name);
    if (hn_tokenizer_load(path, &t, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_free(path);
    return t;
}

/* The hash that make_tokens.py takes of a chunk; pieces: of ids and decoded text alone, special tokens being plain text. */
static void hash_chunk(const hn_tokenizer *t, hn_str text, bool pieces, hn_encoding *e, char out[33]) {
    hn_buf body = {0}, decoded = {0};
    hn_error err = {0};
    if (hn_tokenizer_encode(t, text, pieces ? HN_ENCODE_SPLIT_SPECIAL : 0, e, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_buf_add(&body, e->id, e->n * sizeof *e->id);
    if (!pieces) {
        if (hn_tokenizer_encode(t, text, HN_ENCODE_SPECIAL | HN_ENCODE_SPANS, e, &err) != HN_OK) fail_msg("%s", err.msg);
        hn_buf_add(&body, e->id, e->n * sizeof *e->id);
        hn_buf_add(&body, e->span, e->n * sizeof *e->span);
    }
    for (int skip = 0; skip < (pieces ? 1 : 2); skip++) {
        hn_buf_clear(&decoded);
        assert_int_equal(hn_tokenizer_decode(t, e->id, e->n, skip, &decoded, &err), HN_OK);
        hn_buf_add(&body, decoded.p, decoded.n);
    }
    assert_false(body.failed);
    hn_hash_hex(body.p, body.n, out);
    hn_buf_release(&body);
    hn_buf_release(&decoded);
}

static int compare(hn_tokenizer *t, const char *reference, bool pieces, const char *name) {
    const char *hashes = hn_json_cstr(hn_json_get(hn_json_get(golden, "families"), reference));
    hn_encoding e = {0};
    int off = 0;
    size_t chunk = 0;
    if (!hashes) fail_msg("no hashes of %s", reference);
    for (size_t at = 0; at < texts.n; chunk++) {
        uint32_t n;
        char hex[33];
        memcpy(&n, texts.p + at, sizeof n);
        assert_true(strlen(hashes) >= 16 * (chunk + 1));
        hash_chunk(t, (hn_str){texts.p + at + sizeof n, n}, pieces, &e, hex);
        if (memcmp(hex, hashes + 16 * chunk, 16) != 0 && off++ < 5) print_error("%s: chunk %zu differs\n", name, chunk);
        at += sizeof n + n;
    }
    hn_encoding_release(&e);
    hn_tokenizer_free(t);
    print_message("%s: %zu chunks compared, %d off\n", name, chunk, off);
    assert_int_equal(strlen(hashes), 16 * chunk);
    return off;
}

static bool ends_with(const char *s, const char *end) {
    return strlen(s) >= strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

static int open_data(void **state) {
    (void)state;
    data = getenv("HONE_DATA");
    if (!data) return 0;
    if (hn_json_load(FIXTURES "/text/families.json", &golden, NULL) != HN_OK) return -1;
    collect();
    print_message("%.1f MB of text for each\n", (double)texts.n / 1e6);
    return 0;
}

static int close_data(void **state) {
    (void)state;
    hn_json_free(golden);
    hn_buf_release(&texts);
    return 0;
}

static void need_data(void) {
    if (data) return;
    print_message("skipped: HONE_DATA is not set\n");
    skip();
}

static void test_families(void **state) {
    (void)state;
    need_data();
    int off = 0;
    hn_json_iter it;
    hn_buf config = {0};
    hn_str pattern;
    assert_true(hn_json_text(hn_json_get(golden, "pattern"), &pattern));
    hn_buf_puts(&config, "{\"pat_str\":");
    hn_json_write_str(&config, pattern.p, pattern.n);
    hn_buf_putc(&config, '}');
    for (bool more = hn_json_first(hn_json_get(golden, "families"), &it); more; more = hn_json_next(&it)) {
        bool pieces = ends_with(it.key, ".model");
        hn_tokenizer *t = strstr(it.key, "tiktoken") ? load(it.key, "tokenizer.model", config.p)
                          : pieces                   ? load(it.key, "tokenizer.model", NULL)
                          : ends_with(it.key, "vocab.json") ? load_there(it.key)
                                                            : load(it.key, "tokenizer.json", NULL);
        off += compare(t, it.key, pieces, it.key);
    }
    hn_buf_release(&config);
    assert_int_equal(off, 0);
}

/* One vocabulary in several kinds of files. */
static void test_same_vocabulary(void **state) {
    static const struct {
        const char *file, *as, *reference;
        bool pieces;
    } pairs[] = {
        {"tokenizers_gguf/ggml-vocab-gpt-2.gguf.gz", "m.gguf", "tokenizers_hf/gpt2/tokenizer.json.gz", false},
        {"tokenizers_gguf/ggml-vocab-bert-bge.gguf.gz", "m.gguf", "tokenizers_hf/bert_base_uncased/tokenizer.json", false},
        {"tokenizers_gguf/ggml-vocab-llama-spm.gguf.gz", "m.gguf", "tokenizers_spm/llama2_tokenizer.model", true},
        {"tokenizers_hf/bert_base_uncased/vocab.txt", "vocab.txt", "tokenizers_hf/bert_base_uncased/tokenizer.json", false},
    };
    (void)state;
    need_data();
    int off = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        off += compare(load(pairs[i].file, pairs[i].as, NULL), pairs[i].reference, pairs[i].pieces, pairs[i].file);
    assert_int_equal(off, 0);
}

/* A case of llama.cpp: a text, and its ids as a line of numbers. */
static bool same_case(const hn_tokenizer *t, hn_str text, const char **line, hn_encoding *e) {
    hn_error err = {0};
    bool same = true;
    if (hn_tokenizer_encode(t, text, 0, e, &err) != HN_OK) fail_msg("%s", err.msg);
    for (size_t i = 0; i < e->n; i++) {
        char *end = NULL;
        same &= **line != '\n' && strtol(*line, &end, 10) == e->id[i];
        if (end) *line = end;
    }
    while (**line == ' ') (*line)++;
    same &= **line == '\n' || **line == '\0';
    const char *next = strchr(*line, '\n');
    *line = next ? next + 1 : *line + strlen(*line);
    return same;
}

static void test_llama_cpp(void **state) {
    static const struct {
        const char *cases, *file, *as;
    } sets[] = {
        {"bert-bge", "tokenizers_gguf/ggml-vocab-bert-bge.gguf.gz", "m.gguf"},   {"gpt-2", "tokenizers_gguf/ggml-vocab-gpt-2.gguf.gz", "m.gguf"},
        {"llama-spm", "tokenizers_gguf/ggml-vocab-llama-spm.gguf.gz", "m.gguf"}, {"phi-3", "tokenizers_gguf/ggml-vocab-phi-3.gguf.gz", "m.gguf"},
        {"llama-bpe", "tokenizers_hf/llama3/tokenizer.json.gz", "tokenizer.json"}, {"qwen2", "tokenizers_hf/qwen2_5/tokenizer.json.gz", "tokenizer.json"},
    };
    static const char between[] = "\n__ggml_vocab_test__\n";
    (void)state;
    need_data();
    int compared = 0, off = 0;
    hn_encoding e = {0};
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        char path[1024];
        hn_buf in = {0}, out = {0};
        hn_tokenizer *t = load(sets[s].file, sets[s].as, NULL);
        snprintf(path, sizeof path, "%s/tokenizers_gguf/ggml-vocab-%s.gguf.inp", data, sets[s].cases);
        assert_int_equal(hn_file_read(path, &in, NULL), HN_OK);
        snprintf(path, sizeof path, "%s/tokenizers_gguf/ggml-vocab-%s.gguf.out", data, sets[s].cases);
        assert_int_equal(hn_file_read(path, &out, NULL), HN_OK);
        const char *line = out.p;
        for (const char *p = in.p; p; compared++) {
            const char *end = strstr(p, between);
            hn_str text = {p, end ? (size_t)(end - p) : (size_t)(in.p + in.n - p)};
            if (!same_case(t, text, &line, &e) && off++ < 5) print_error("%s: '%.*s'\n", sets[s].cases, (int)text.n, text.p);
            p = end ? end + sizeof between - 1 : NULL;
        }
        hn_tokenizer_free(t);
        hn_buf_release(&in);
        hn_buf_release(&out);
    }
    hn_encoding_release(&e);
    print_message("%d cases of llama.cpp compared, %d off\n", compared, off);
    assert_int_equal(off, 0);
    assert_true(compared > 250);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_families), cmocka_unit_test(test_same_vocabulary), cmocka_unit_test(test_llama_cpp)};
    return cmocka_run_group_tests(tests, open_data, close_data);
}
