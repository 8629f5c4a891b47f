/* rooms: text base */
/* test_text_golden.c - ids, spans and decoded text of small tokenizers of every kind, against the reference's (written
 * by tools/golden/make_tokens.py); and that streamed text is the decoded text, never cut inside a character. */
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

static bool same_ids(const hn_encoding *e, const hn_json *want) {
    if (e->n != hn_json_len(want)) return false;
    for (size_t i = 0; i < e->n; i++)
        if (e->id[i] != hn_json_int(hn_json_at(want, i), -1)) return false;
    return true;
}

static bool same_spans(const hn_encoding *e, const hn_json *want) {
    if (2 * e->n != hn_json_len(want)) return false;
    for (size_t i = 0; i < e->n; i++) {
        if (e->span[i].begin != hn_json_int(hn_json_at(want, 2 * i), -1)) return false;
        if (e->span[i].end != hn_json_int(hn_json_at(want, 2 * i + 1), -1)) return false;
    }
    return true;
}

static bool decodes(const hn_tokenizer *t, const hn_encoding *e, bool skip, const hn_json *want) {
    hn_buf out = {0};
    hn_str text = {0};
    assert_int_equal(hn_tokenizer_decode(t, e->id, e->n, skip, &out, NULL), HN_OK);
    bool same = hn_json_text(want, &text) && text.n == out.n && memcmp(text.p, out.p, out.n) == 0;
    hn_buf_release(&out);
    return same;
}

/* The same text in pieces, each of whole characters. */
static bool streams(const hn_tokenizer *t, const hn_encoding *e, const hn_json *want) {
    hn_buf out = {0};
    hn_str text = {0};
    hn_decode_stream *s = hn_decode_stream_new(t, false);
    assert_non_null(s);
    bool whole = true;
    for (size_t i = 0; i <= e->n; i++) {
        size_t before = out.n;
        if (i < e->n) assert_int_equal(hn_decode_stream_put(s, e->id[i], &out, NULL), HN_OK);
        else assert_int_equal(hn_decode_stream_end(s, &out, NULL), HN_OK);
        whole &= hn_utf8_valid(out.p + before, out.n - before, NULL);
    }
    hn_decode_stream_free(s);
    hn_json_text(want, &text);
    bool same = whole && text.n == out.n && (out.n == 0 || memcmp(text.p, out.p, out.n) == 0);
    hn_buf_release(&out);
    return same;
}

static void compare(const hn_tokenizer *t, const char *name, const hn_json *rows) {
    hn_encoding plain = {0}, framed = {0};
    const hn_json *texts = hn_json_get(rows, "texts"), *cases = hn_json_get(rows, "cases");
    assert_true(hn_json_len(texts) > 20 && hn_json_len(texts) == hn_json_len(cases));
    for (size_t i = 0; i < hn_json_len(texts); i++) {
        hn_error err = {0};
        hn_str text;
        const hn_json *want = hn_json_at(cases, i);
        assert_true(hn_json_text(hn_json_at(texts, i), &text));
        if (hn_tokenizer_encode(t, text, 0, &plain, &err) != HN_OK ||
            hn_tokenizer_encode(t, text, HN_ENCODE_SPECIAL | HN_ENCODE_SPANS, &framed, &err) != HN_OK)
            fail_msg("%s: case %zu: %s", name, i, err.msg);
        compared++;
        if (!same_ids(&plain, hn_json_get(want, "ids"))) differs(name, i, "other ids");
        else if (!same_ids(&framed, hn_json_get(want, "framed"))) differs(name, i, "other ids with special tokens");
        else if (!same_spans(&framed, hn_json_get(want, "spans"))) differs(name, i, "other spans");
        else if (!decodes(t, &framed, false, hn_json_get(want, "text"))) differs(name, i, "other text");
        else if (!decodes(t, &framed, true, hn_json_get(want, "plain"))) differs(name, i, "other text without special tokens");
        else if (!streams(t, &framed, hn_json_get(want, "text"))) differs(name, i, "other text from the stream");
    }
    hn_encoding_release(&plain);
    hn_encoding_release(&framed);
}

static void test_small_tokenizers(void **state) {
    static const char *const names[] = {"stories",    "llama3_like", "qwen_like",    "class_sets",
                                        "bert_like",  "suffix_bpe",  "unigram_like", "wordlevel"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        hn_error err = {0};
        hn_tokenizer *t;
        hn_json *rows;
        bool stories = i == 0;
        snprintf(path, sizeof path, FIXTURES "%s%s.json", stories ? "/sft/tokenizer/tokenizer" : "/text/", stories ? "" : names[i]);
        if (hn_tokenizer_load(path, &t, &err) != HN_OK) fail_msg("%s %s", err.msg, err.detail);
        snprintf(path, sizeof path, FIXTURES "/text/%s.cases", names[i]);
        if (hn_json_load(path, &rows, &err) != HN_OK) fail_msg("%s", err.msg);
        compare(t, names[i], rows);
        hn_json_free(rows);
        hn_tokenizer_free(t);
    }
    print_message("%d texts compared with the reference, %d off\n", compared, off);
    assert_int_equal(off, 0);
    assert_true(compared > 200);
}

/* Ids may not depend on what an encoding was used for before, nor on asking for spans. */
static void test_reuse(void **state) {
    (void)state;
    hn_tokenizer *a, *b;
    hn_encoding shared = {0}, fresh = {0};
    const hn_str text = hn_str_of("Once upon a time, the WORLD é 日本 <s> ended.  Hello");
    assert_int_equal(hn_tokenizer_load(FIXTURES "/text/llama3_like.json", &a, NULL), HN_OK);
    assert_int_equal(hn_tokenizer_load(FIXTURES "/text/suffix_bpe.json", &b, NULL), HN_OK);
    for (int i = 0; i < 6; i++) {
        const hn_tokenizer *t = i % 2 ? a : b;
        assert_int_equal(hn_tokenizer_encode(t, text, i < 3 ? 0 : HN_ENCODE_SPANS, &shared, NULL), HN_OK);
        assert_int_equal(hn_tokenizer_encode(t, text, HN_ENCODE_SPANS, &fresh, NULL), HN_OK);
        assert_int_equal(shared.n, fresh.n);
        assert_memory_equal(shared.id, fresh.id, fresh.n * sizeof *fresh.id);
        hn_encoding_release(&fresh);
    }
    hn_encoding_release(&shared);
    hn_tokenizer_free(a);
    hn_tokenizer_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_small_tokenizers), cmocka_unit_test(test_reuse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
