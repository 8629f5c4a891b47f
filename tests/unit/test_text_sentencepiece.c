/* rooms: text base */
/* test_text_sentencepiece.c - SentencePiece models: ids, spans and decoded text against the sentencepiece package (written by
 * tools/golden/make_sentencepiece.py), and what is wrong with broken ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "text/text.h"

static int compared, off;

static void differs(const char *name, size_t i, const char *what) {
    off++;
    print_error("%s: case %zu: %s\n", name, i, what);
}

/* The package ends a token inside what one character became where that character begins; here it has the whole of it,
 * and overlaps with the next. */
static bool same_spans(const hn_encoding *e, const hn_json *want) {
    if (2 * e->n != hn_json_len(want)) return false;
    for (size_t i = 0; i < e->n; i++) {
        if (e->span[i].begin != hn_json_int(hn_json_at(want, 2 * i), -1)) return false;
        bool shares = i + 1 < e->n && e->span[i + 1].begin < e->span[i].end;
        if (!shares && e->span[i].end != hn_json_int(hn_json_at(want, 2 * i + 1), -1)) return false;
    }
    return true;
}

static bool same_ids(const hn_encoding *e, const hn_json *want) {
    if (e->n != hn_json_len(want)) return false;
    for (size_t i = 0; i < e->n; i++)
        if (e->id[i] != hn_json_int(hn_json_at(want, i), -1)) return false;
    return true;
}

static void compare(const hn_tokenizer *t, const char *name, size_t i, hn_str text, const hn_json *want, hn_encoding *e) {
    hn_error err = {0};
    hn_buf whole = {0}, streamed = {0};
    hn_str text_want = {0};
    if (hn_tokenizer_encode(t, text, HN_ENCODE_SPLIT_SPECIAL | HN_ENCODE_SPANS, e, &err) != HN_OK) fail_msg("%s", err.msg);
    if (!same_ids(e, hn_json_get(want, "ids"))) differs(name, i, "other ids");
    else if (!same_spans(e, hn_json_get(want, "spans"))) differs(name, i, "other spans");
    assert_int_equal(hn_tokenizer_decode(t, e->id, e->n, false, &whole, &err), HN_OK);
    hn_decode_stream *s = hn_decode_stream_new(t, false);
    assert_non_null(s);
    for (size_t k = 0; k < e->n; k++) {
        size_t before = streamed.n;
        assert_int_equal(hn_decode_stream_put(s, e->id[k], &streamed, &err), HN_OK);
        assert_true(hn_utf8_valid(streamed.p + before, streamed.n - before, NULL));
    }
    assert_int_equal(hn_decode_stream_end(s, &streamed, &err), HN_OK);
    assert_true(hn_json_text(hn_json_get(want, "text"), &text_want));
    if (whole.n != text_want.n || memcmp(whole.p, text_want.p, whole.n) != 0) differs(name, i, "other text");
    if (whole.n != streamed.n || (whole.n && memcmp(whole.p, streamed.p, whole.n) != 0)) differs(name, i, "other text from the stream");
    hn_decode_stream_free(s);
    hn_buf_release(&whole);
    hn_buf_release(&streamed);
    compared++;
}

static void test_models(void **state) {
    static const char *const names[] = {"sp_bpe_bytes", "sp_bpe_user", "sp_unigram_rules", "sp_unigram_suffix"};
    (void)state;
    hn_encoding e = {0};
    for (size_t m = 0; m < sizeof names / sizeof *names; m++) {
        char path[512];
        hn_error err = {0};
        hn_tokenizer *t;
        hn_json *rows;
        snprintf(path, sizeof path, FIXTURES "/text/%s.model", names[m]);
        if (hn_tokenizer_load(path, &t, &err) != HN_OK) fail_msg("%s", err.msg);
        snprintf(path, sizeof path, FIXTURES "/text/%s.cases", names[m]);
        if (hn_json_load(path, &rows, &err) != HN_OK) fail_msg("%s", err.msg);
        const hn_json *texts = hn_json_get(rows, "texts"), *cases = hn_json_get(rows, "cases");
        for (size_t i = 0; i < hn_json_len(texts); i++) {
            hn_str text;
            assert_true(hn_json_text(hn_json_at(texts, i), &text));
            compare(t, names[m], i, text, hn_json_at(cases, i), &e);
        }
        hn_json_free(rows);
        hn_tokenizer_free(t);
    }
    hn_encoding_release(&e);
    print_message("%d texts compared with the sentencepiece package, %d off\n", compared, off);
    assert_int_equal(off, 0);
    assert_true(compared > 120);
}

static char dir[64], model_path[128];

static int make_dir(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/hone_pieces_XXXXXX");
    if (!mkdtemp(dir)) return -1;
    snprintf(model_path, sizeof model_path, "%s/tokenizer.model", dir);
    return 0;
}

static int remove_dir(void **state) {
    (void)state;
    return hn_dir_remove(dir, NULL) == HN_OK ? 0 : -1;
}

static void refuses(const char *bytes, size_t n, hn_status code, const char *what) {
    hn_error err = {0};
    hn_tokenizer *t;
    assert_int_equal(hn_file_write(model_path, bytes, n, NULL), HN_OK);
    assert_int_equal(hn_tokenizer_load(dir, &t, &err), code);
    assert_null(t);
    if (!strstr(err.msg, what)) fail_msg("'%s' not in: %s", what, err.msg);
    assert_non_null(strstr(err.msg, "tokenizer.model"));
}
#define REFUSES(bytes, code, what) refuses(bytes, sizeof(bytes) - 1, code, what)
#define UNK "\x0A\x09\x0A\x05<unk>\x18\x02" /* piece { 1: "<unk>" 3: UNKNOWN } */

static void test_broken(void **state) {
    (void)state;
    REFUSES("", HN_EFORMAT, "no pieces");
    REFUSES("\x0D\x01", HN_EFORMAT, "cut off");
    REFUSES("\x0A\x7F\x0A", HN_EFORMAT, "longer than what is left");
    REFUSES("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", HN_EFORMAT, "longer than what is left");
    REFUSES("\x0B\x01", HN_EFORMAT, "type that does not exist");
    REFUSES("\x0A\x00", HN_EFORMAT, "piece 0 \"\" is empty");
    REFUSES("\x0A\x03\x0A\x01\xFF", HN_EFORMAT, "piece 0 \"\" is no UTF-8");
    REFUSES("\x0A\x03\x0A\x01" "a", HN_EFORMAT, "no piece is the unknown");
    REFUSES(UNK UNK, HN_EFORMAT, "piece 1 \"<unk>\" stands there twice");
    REFUSES(UNK "\x0A\x05\x0A\x01" "a\x18\x09", HN_EFORMAT, "type that does not exist");
    REFUSES(UNK "\x0A\x08\x0A\x01" "a\x15\x00\x00\x80\x7F", HN_EFORMAT, "score that is no number");
    REFUSES(UNK "\x12\x02\x18\x03", HN_ENOTSUP, "WORD");
    REFUSES(UNK "\x12\x03\x98\x02\x01", HN_EFORMAT, "<0x00>"); /* byte_fallback without its pieces */
    REFUSES(UNK "\x1A\x07\x12\x05\x04\x00\x00\x00\x01", HN_EFORMAT, "cut off");
}

/* Whatever is cut off or flipped: an error or a tokenizer, never more. */
static void test_damaged(void **state) {
    (void)state;
    hn_buf whole = {0};
    hn_error err = {0};
    int loaded = 0, refused = 0;
    assert_int_equal(hn_file_read(FIXTURES "/text/sp_unigram_rules.model", &whole, &err), HN_OK);
    for (size_t i = 0; i < 2 * whole.n; i += 7) {
        hn_tokenizer *t;
        hn_encoding e = {0};
        char kept = whole.p[i / 2];
        if (i % 2) whole.p[i / 2] ^= 0x41;
        assert_int_equal(hn_file_write(model_path, whole.p, i % 2 ? whole.n : i / 2, NULL), HN_OK);
        if (hn_tokenizer_load(model_path, &t, &err) == HN_OK) {
            assert_int_equal(hn_tokenizer_encode(t, hn_str_of("the  quick <x> caf\xC3\xA9"), HN_ENCODE_SPANS, &e, &err), HN_OK);
            loaded++;
        } else {
            refused++;
        }
        hn_encoding_release(&e);
        hn_tokenizer_free(t);
        whole.p[i / 2] = kept;
    }
    assert_true(loaded > 50 && refused > 50);
    hn_buf_release(&whole);
}

static void test_special_tokens(void **state) {
    (void)state;
    hn_error err = {0};
    hn_tokenizer *t;
    hn_encoding e = {0};
    hn_buf model = {0};
    char config[128];
    assert_int_equal(hn_file_read(FIXTURES "/text/sp_bpe_bytes.model", &model, &err), HN_OK);
    assert_int_equal(hn_file_write(model_path, model.p, model.n, &err), HN_OK);
    snprintf(config, sizeof config, "%s/tokenizer_config.json", dir);
    const char *text = "{\"add_bos_token\":true,\"add_eos_token\":true,\"pad_token\":\"<pad>\"}";
    assert_int_equal(hn_file_write(config, text, strlen(text), &err), HN_OK);
    if (hn_tokenizer_load(dir, &t, &err) != HN_OK) fail_msg("%s", err.msg);
    assert_string_equal(hn_tokenizer_special(t, HN_BOS), "<s>");
    assert_string_equal(hn_tokenizer_special(t, HN_EOS), "</s>");
    assert_string_equal(hn_tokenizer_special(t, HN_UNK), "<unk>");
    assert_int_equal(hn_tokenizer_special_id(t, HN_PAD), 705); /* new: behind the pieces */
    assert_int_equal(hn_tokenizer_size(t), 706);
    assert_int_equal(hn_tokenizer_encode(t, hn_str_of("<pad>"), HN_ENCODE_SPECIAL, &e, &err), HN_OK);
    assert_true(e.n == 3 && e.id[0] == 1 && e.id[1] == 705 && e.id[2] == 2);
    hn_encoding_release(&e);
    hn_tokenizer_free(t);
    hn_buf_release(&model);
}

static void put_piece(hn_buf *model, const char *text, char type) {
    const char n = (char)strlen(text), head[] = {0x0A, (char)(n + 9), 0x0A, n}, score[] = {0x15, 0, 0, 0, (char)0xC0, 0x18, type}; /* -2 */
    hn_buf_add(model, head, sizeof head);
    hn_buf_add(model, text, (size_t)n);
    hn_buf_add(model, score, sizeof score);
}

/* A folder of BERT's kind (DeBERTa's) says so by its pieces alone; classes that number pieces anew are refused. */
static void test_frames(void **state) {
    (void)state;
    hn_error err = {0};
    hn_tokenizer *t;
    hn_encoding e = {0};
    hn_buf model = {0};
    char path[128];
    put_piece(&model, "<unk>", 2);
    put_piece(&model, "[CLS]", 3);
    put_piece(&model, "[SEP]", 3);
    put_piece(&model, "\xE2\x96\x81" "a", 1);
    put_piece(&model, "\xE2\x96\x81" "b", 1);
    snprintf(path, sizeof path, "%s/tokenizer_config.json", dir);
    assert_int_equal(hn_file_write(path, "{}", 2, &err), HN_OK);
    assert_int_equal(hn_file_write(model_path, model.p, model.n, &err), HN_OK);
    if (hn_tokenizer_load(dir, &t, &err) != HN_OK) fail_msg("%s", err.msg);
    const int32_t first[] = {1, 3, 4, 2}, second[] = {4, 2};
    assert_int_equal(hn_tokenizer_encode(t, hn_str_of("a b"), HN_ENCODE_SPECIAL | HN_ENCODE_FIRST, &e, &err), HN_OK);
    assert_int_equal(e.n, 4);
    assert_memory_equal(e.id, first, sizeof first);
    assert_int_equal(hn_tokenizer_encode(t, hn_str_of("b"), HN_ENCODE_SPECIAL | HN_ENCODE_SECOND, &e, &err), HN_OK);
    assert_int_equal(e.n, 2);
    assert_memory_equal(e.id, second, sizeof second);
    hn_tokenizer_free(t);
    const char *refused[] = {"{\"tokenizer_class\":\"XLMRobertaTokenizer\"}", "{\"tokenizer_class\":\"PegasusTokenizerFast\"}"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hn_file_write(path, refused[i], strlen(refused[i]), &err), HN_OK);
        assert_int_equal(hn_tokenizer_load(dir, &t, &err), HN_EFORMAT);
        assert_non_null(strstr(err.msg, "gives other ids than this file does"));
    }
    hn_encoding_release(&e);
    hn_buf_release(&model);
}

/* Every allocation in turn fails: ENOMEM, nothing leaks. */
static void test_memory(void **state) {
    (void)state;
    static const char *const names[] = {"sp_bpe_user", "sp_unigram_rules"};
    hn_mem_stats before, after;
    hn_mem_get(&before);
    for (int m = 0; m < 2; m++) {
        char path[512];
        snprintf(path, sizeof path, FIXTURES "/text/%s.model", names[m]);
        int64_t failures = 0;
        for (int64_t n = 1, done = 0; !done; n += n < 200 ? 1 : 13) {
            hn_tokenizer *t = NULL;
            hn_encoding e = {0};
            hn_buf out = {0};
            hn_mem_fail_after(n);
            hn_status st = hn_tokenizer_load(path, &t, NULL);
            if (st == HN_OK) st = hn_tokenizer_encode(t, hn_str_of("<x> the \xE4\xB8\xAD quick  brown"), HN_ENCODE_SPANS, &e, NULL);
            if (st == HN_OK) st = hn_tokenizer_decode(t, e.id, e.n, false, &out, NULL);
            hn_mem_fail_after(-1);
            done = st == HN_OK;
            if (!done) assert_int_equal(st, HN_ENOMEM);
            failures += !done;
            hn_tokenizer_free(t);
            hn_encoding_release(&e);
            hn_buf_release(&out);
        }
        assert_true(failures > 30);
    }
    hn_mem_get(&after);
    assert_int_equal(before.live, after.live);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models), cmocka_unit_test(test_broken), cmocka_unit_test(test_damaged), cmocka_unit_test(test_special_tokens), cmocka_unit_test(test_frames),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
