/* rooms: text base */
/* test_text_added.c - the white space that added tokens take: whose it is where two of them meet, and where their spans begin
 * and end once a post-processor has trimmed them. Expected values are the reference's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "text/text.h"

#define ROBERTA "{\"type\":\"RobertaProcessing\",\"sep\":[\"</s>\",2],\"cls\":[\"<s>\",1],\"trim_offsets\":true,\"add_prefix_space\":true}"
#define BYTES "{\"type\":\"ByteLevel\",\"trim_offsets\":true,\"add_prefix_space\":false}"
#define TEMPLATE "{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}}"
#define SEQUENCE(parts) "\"post_processor\":{\"type\":\"Sequence\",\"processors\":[" parts "]},"
#define ADDED(name, flags) "{\"id\":9,\"content\":\"" name "\",\"normalized\":false" flags "}"

static hn_status load(const char *added, const char *parts, hn_tokenizer **t, hn_error *err) {
    hn_buf json = {0};
    hn_buf_printf(&json, "{\"added_tokens\":[%s],%s\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"<unk>\",\"vocab\":"
                  "{\"<unk>\":0,\"<s>\":1,\"</s>\":2,\"a\":3,\"b\":4,\"<mask>\":5,\"\xc3\xa9\":6}}}", added, parts);
    hn_status st = hn_tokenizer_parse("tokenizer.json", (hn_str){json.p, json.n}, t, err);
    hn_buf_release(&json);
    return st;
}

/* want: "id begin end; ..." */
static void encodes(const char *added, const char *parts, const char *text, const char *want) {
    hn_tokenizer *t;
    hn_encoding e = {0};
    hn_buf got = {0};
    assert_int_equal(load(added, parts, &t, NULL), HN_OK);
    assert_int_equal(hn_tokenizer_encode(t, (hn_str){text, strlen(text)}, HN_ENCODE_SPECIAL | HN_ENCODE_SPANS, &e, NULL), HN_OK);
    for (size_t i = 0; i < e.n; i++) hn_buf_printf(&got, "%s%d %u %u", i ? "; " : "", e.id[i], e.span[i].begin, e.span[i].end);
    assert_string_equal(got.p ? got.p : "", want);
    hn_buf_release(&got);
    hn_encoding_release(&e);
    hn_tokenizer_free(t);
}

#define WORDS "\"pre_tokenizer\":{\"type\":\"Whitespace\"},"

static void test_meeting(void **state) {
    (void)state;
    const char *greedy = ADDED("\\n", ",\"lstrip\":true,\"rstrip\":true");
    encodes(greedy, WORDS, "a\n\n b", "3 0 1; 7 1 4; 4 4 5");
    encodes(greedy, WORDS, "\n\n\n", "7 0 3");
    encodes(ADDED("a", ",\"rstrip\":true") "," ADDED("\\n", ",\"lstrip\":true"), WORDS, "a \n", "3 0 3");
}

static void test_trimmed(void **state) {
    (void)state;
    const char *added = ADDED("<mask>", ",\"lstrip\":true") "," ADDED("<s>", ",\"rstrip\":true");
    const char *roberta = WORDS "\"post_processor\":" ROBERTA ",";
    encodes(added, roberta, "a \xe3\x80\x80<mask> b<s>  \xc3\xa9", "1 0 0; 3 0 1; 5 5 11; 4 12 13; 1 13 16; 6 18 20; 2 0 0");
    encodes(added, roberta, "<mask>", "1 0 0; 5 0 6; 2 0 0");
    encodes(added, roberta, " <mask>", "1 0 0; 5 0 7; 2 0 0"); /* as if the space had been put there */
    encodes(added, roberta, "  <mask>", "1 0 0; 5 2 8; 2 0 0");
    encodes(added, WORDS SEQUENCE(ROBERTA "," BYTES), "a  <mask>", "1 0 0; 3 0 1; 5 5 9; 2 0 0"); /* both of them trim */
    const char *dashes = "\"pre_tokenizer\":{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"-\"},\"post_processor\":" ROBERTA ",";
    encodes(ADDED("<unk>", ""), dashes, "a- -b", "1 0 0; 3 0 1; 0 2 3; 4 4 5; 2 0 0"); /* the model's, not found in the text */
}

static void test_sequence(void **state) {
    (void)state;
    hn_tokenizer *t;
    hn_error err = {0};
    assert_int_equal(load("", SEQUENCE(TEMPLATE "," ROBERTA), &t, &err), HN_ENOTSUP);
    assert_non_null(strstr(err.msg, "TemplateProcessing"));
    assert_int_equal(load("", SEQUENCE("{\"type\":\"Sequence\",\"processors\":[" TEMPLATE "]}," BYTES "," TEMPLATE), &t, &err), HN_ENOTSUP);
    encodes("", WORDS SEQUENCE(BYTES "," TEMPLATE "," BYTES), "a", "3 0 1");
    encodes("", WORDS SEQUENCE(ROBERTA), "a", "1 0 0; 3 0 1; 2 0 0");
}

static void test_empty_suffix(void **state) {
    (void)state;
    hn_tokenizer *t;
    hn_buf out = {0};
    assert_int_equal(load("", "\"decoder\":{\"type\":\"BPEDecoder\",\"suffix\":\"\"},", &t, NULL), HN_OK);
    assert_int_equal(hn_tokenizer_decode(t, (int32_t[]){3, 5, 6, 4}, 4, false, &out, NULL), HN_OK);
    assert_string_equal(out.p, " a  < m a s k >  \xc3\xa9 b");
    hn_buf_release(&out);
    hn_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meeting),
        cmocka_unit_test(test_trimmed),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_empty_suffix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
