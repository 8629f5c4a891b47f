/* rooms: text base */
/* test_text_pairs.c - two texts side by side are framed as the reference frames them, by every kind of post-processor and for the
 * classes that transformers builds (tools/golden/make_pairs.py). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "text/text.h"

static hn_json *load_json(const char *name) {
    char path[512];
    hn_json *j;
    hn_error err = {0};
    snprintf(path, sizeof path, FIXTURES "/text/%s", name);
    if (hn_json_load(path, &j, &err) != HN_OK) fail_msg("%s", err.msg);
    return j;
}

static hn_tokenizer *parse(const hn_json *spec) {
    hn_buf text = {0};
    hn_tokenizer *t;
    hn_error err = {0};
    hn_json_write(&text, spec, 0);
    if (hn_tokenizer_parse("tokenizer.json", (hn_str){text.p, text.n}, &t, &err) != HN_OK) fail_msg("%s", err.msg);
    hn_buf_release(&text);
    return t;
}

/* The small tokenizer with the case's post-processor, or the one that stands in the case. */
static hn_tokenizer *tokenizer_of(const hn_json *c) {
    const char *file = hn_json_cstr(hn_json_get(c, "file"));
    if (!file) return parse(hn_json_get(c, "json"));
    hn_json *spec = load_json(file);
    hn_json_set(spec, "post_processor", hn_json_ref(hn_json_get(c, "post_processor")));
    hn_tokenizer *t = parse(spec);
    hn_json_free(spec);
    return t;
}

static void compare(const hn_tokenizer *t, const hn_json *c, int64_t line, const char *what) {
    const hn_json *ids = hn_json_at(c, 2), *spans = hn_json_at(c, 3);
    hn_encoding e = {0};
    size_t at = 0;
    for (unsigned side = 0; side < 2; side++) {
        hn_str text;
        hn_error err = {0};
        assert_true(hn_json_text(hn_json_at(c, side), &text));
        unsigned flags = HN_ENCODE_SPECIAL | HN_ENCODE_SPANS | (side ? HN_ENCODE_SECOND : HN_ENCODE_FIRST);
        if (hn_tokenizer_encode(t, text, flags, &e, &err) != HN_OK) fail_msg("%s", err.msg);
        for (size_t i = 0; i < e.n; i++, at++) {
            bool same = e.id[i] == hn_json_int(hn_json_at(ids, at), -1) && e.span[i].begin == hn_json_int(hn_json_at(spans, 2 * at), -1) &&
                        e.span[i].end == hn_json_int(hn_json_at(spans, 2 * at + 1), -1);
            if (!same) fail_msg("line %lld (%s), token %zu: %d [%u, %u)", (long long)line, what, at, e.id[i], e.span[i].begin, e.span[i].end);
        }
    }
    if (at != hn_json_len(ids)) fail_msg("line %lld (%s): %zu tokens, %zu are expected", (long long)line, what, at, hn_json_len(ids));
    hn_encoding_release(&e);
}

static void test_pairs(void **state) {
    (void)state;
    hn_buf text = {0};
    int64_t line = 0, pairs = 0;
    assert_int_equal(hn_file_read(FIXTURES "/text/pairs.jsonl", &text, NULL), HN_OK);
    for (char *p = text.p, *end; (end = strchr(p, '\n')); p = end + 1) {
        hn_json *c;
        assert_int_equal(hn_json_parse(p, (size_t)(end - p), "pairs.jsonl", ++line, &c, NULL), HN_OK);
        hn_tokenizer *t = tokenizer_of(c);
        const char *class = hn_json_cstr(hn_json_get(c, "class"));
        const hn_json *cases = hn_json_get(c, "cases");
        for (size_t i = 0; i < hn_json_len(cases); i++, pairs++) compare(t, hn_json_at(cases, i), line, class ? class : hn_json_cstr(hn_json_get(c, "file")));
        hn_tokenizer_free(t);
        hn_json_free(c);
    }
    hn_buf_release(&text);
    print_message("%lld pairs by %lld tokenizers compared\n", (long long)pairs, (long long)line);
    assert_true(line >= 30);
}

/* A template that turns the texts round is good for one text only. */
static void test_no_pair(void **state) {
    (void)state;
    static const char post[] = "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}], \"pair\": ["
                               "{\"Sequence\": {\"id\": \"B\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"A\", \"type_id\": 1}}], \"special_tokens\": {}}";
    hn_json *spec = load_json("wordlevel.json"), *p;
    hn_encoding e = {0};
    hn_error err = {0};
    assert_int_equal(hn_json_parse(post, strlen(post), "post", 1, &p, NULL), HN_OK);
    hn_json_set(spec, "post_processor", p);
    hn_tokenizer *t = parse(spec);
    assert_int_equal(hn_tokenizer_encode(t, hn_str_of("a"), HN_ENCODE_SPECIAL, &e, &err), HN_OK);
    assert_int_equal(hn_tokenizer_encode(t, hn_str_of("a"), HN_ENCODE_SPECIAL | HN_ENCODE_FIRST, &e, &err), HN_ENOTSUP);
    hn_encoding_release(&e);
    hn_tokenizer_free(t);
    hn_json_free(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs), cmocka_unit_test(test_no_pair)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
