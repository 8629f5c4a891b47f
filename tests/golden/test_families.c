/* rooms: data text base */
/* test_families.c - the big tokenizers under HONE_DATA/tokenizers_hf over about 2 MB of texts under HONE_DATA: per chunk
 * of text one hash over ids, spans and decoded texts, against the reference's (tools/golden/make_tokens.py families). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "text/text.h"

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

static void collect(const char *data, const hn_json *golden) {
    size_t chunk = (size_t)hn_json_int(hn_json_get(golden, "chunk"), 0);
    const hn_json *files = hn_json_get(golden, "files");
    hn_buf text = {0};
    assert_int_equal(hn_file_read(FIXTURES "/text/scripts.txt", &text, NULL), HN_OK);
    add_chunks(text.p, text.n, chunk);
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

static hn_tokenizer *load(const char *folder) {
    char *packed = hn_path_join(folder, "tokenizer.json.gz"), *plain = hn_path_join(folder, "tokenizer.json");
    char temp[] = "/tmp/hone_tokenizer_XXXXXX";
    bool gz = hn_path_exists(packed);
    hn_tokenizer *t;
    hn_error err = {0};
    hn_buf json = {0};
    assert_non_null(mkdtemp(temp));
    char *path = hn_path_join(temp, "tokenizer.json");
    assert_true(read_unpacked(gz ? packed : plain, SIZE_MAX, &json));
    assert_int_equal(hn_file_write(path, json.p, json.n, &err), HN_OK);
    if (hn_tokenizer_load(temp, &t, &err) != HN_OK) fail_msg("%s", err.msg);
    assert_int_equal(hn_dir_remove(temp, &err), HN_OK);
    hn_buf_release(&json);
    hn_free(packed);
    hn_free(plain);
    hn_free(path);
    return t;
}

/* The hash that make_tokens.py takes of a chunk. */
static void hash_chunk(const hn_tokenizer *t, hn_str text, hn_encoding *e, char out[33]) {
    hn_buf body = {0}, decoded = {0};
    hn_error err = {0};
    if (hn_tokenizer_encode(t, text, 0, e, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_buf_add(&body, e->id, e->n * sizeof *e->id);
    if (hn_tokenizer_encode(t, text, HN_ENCODE_SPECIAL | HN_ENCODE_SPANS, e, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_buf_add(&body, e->id, e->n * sizeof *e->id);
    hn_buf_add(&body, e->span, e->n * sizeof *e->span);
    for (int skip = 0; skip < 2; skip++) {
        hn_buf_clear(&decoded);
        assert_int_equal(hn_tokenizer_decode(t, e->id, e->n, skip, &decoded, &err), HN_OK);
        hn_buf_add(&body, decoded.p, decoded.n);
    }
    assert_false(body.failed);
    hn_hash_hex(body.p, body.n, out);
    hn_buf_release(&body);
    hn_buf_release(&decoded);
}

static int compare(const hn_tokenizer *t, const char *hashes, const char *name) {
    hn_encoding e = {0};
    int off = 0;
    size_t chunk = 0;
    for (size_t at = 0; at < texts.n; chunk++) {
        uint32_t n;
        char hex[33];
        memcpy(&n, texts.p + at, sizeof n);
        assert_true(strlen(hashes) >= 16 * (chunk + 1));
        hash_chunk(t, (hn_str){texts.p + at + sizeof n, n}, &e, hex);
        if (memcmp(hex, hashes + 16 * chunk, 16) != 0 && off++ < 5) print_error("%s: chunk %zu differs\n", name, chunk);
        at += sizeof n + n;
    }
    hn_encoding_release(&e);
    print_message("%s: %zu chunks compared, %d off\n", name, chunk, off);
    assert_int_equal(strlen(hashes), 16 * chunk);
    return off;
}

static void test_families(void **state) {
    (void)state;
    const char *data = getenv("HONE_DATA");
    if (!data) {
        print_message("SKIPPED: HONE_DATA is not set\n");
        skip();
    }
    hn_json *golden;
    assert_int_equal(hn_json_load(FIXTURES "/text/families.json", &golden, NULL), HN_OK);
    collect(data, golden);
    int off = 0;
    hn_json_iter it;
    for (bool more = hn_json_first(hn_json_get(golden, "families"), &it); more; more = hn_json_next(&it)) {
        char folder[1024];
        snprintf(folder, sizeof folder, "%s/tokenizers_hf/%s", data, it.key);
        hn_tokenizer *t = load(folder);
        off += compare(t, hn_json_cstr(it.value), it.key);
        hn_tokenizer_free(t);
    }
    print_message("%.1f MB of text for each\n", (double)texts.n / 1e6);
    hn_json_free(golden);
    hn_buf_release(&texts);
    assert_int_equal(off, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_families)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
