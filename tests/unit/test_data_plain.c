/* rooms: data text base */
/* test_data_plain.c - special tokens that users type: control tokens by default, ordinary text with split_special. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "data_files.h"

static hn_tokenizer *tok;
static hn_chat *chat;

static int set_up(void **state) {
    if (data_dir_make(state) != 0) return -1;
    const char *template = data_text("t.jinja", "{% for m in messages %}<s>{{ m.role }}:{% if m.role == 'assistant' %}{% generation %}{{ m.content | trim }}</s>"
                                                "{% endgeneration %}{% else %}{{ m.content | trim }}{% endif %}{% endfor %}");
    return hn_tokenizer_load(FIXTURES "/base", &tok, NULL) == HN_OK &&
                   hn_chat_open(tok, &(hn_chat_opts){.template_path = template}, &chat, NULL) == HN_OK
               ? 0 : -1;
}

static int tear_down(void **state) {
    hn_chat_free(chat);
    hn_tokenizer_free(tok);
    return data_dir_drop(state);
}

static hn_rows *rows_of(const char *text, bool split, bool assistant_only) {
    char *path = (char *)(uintptr_t)data_text("rows.jsonl", text);
    hn_strlist files = {&path, 1};
    hn_encode_opts o;
    hn_rows *r = NULL;
    hn_error e = {0};
    hn_encode_defaults(&o);
    o.chat = chat;
    o.split_special = split;
    o.assistant_only = assistant_only;
    if (hn_rows_encode(&files, tok, &o, &r, &e) != HN_OK) fail_msg("%s", e.msg);
    return r;
}

static int count(const hn_rows *r, hn_special which) {
    int n = 0;
    for (int64_t i = 0; i < r->tokens; i++) n += r->ids[i] == hn_tokenizer_special_id(tok, which);
    return n;
}

static void expect_text(const hn_rows *r, const char *want) {
    hn_buf text = {0};
    assert_int_equal(hn_tokenizer_decode(tok, r->ids, (size_t)r->tokens, true, &text, NULL), HN_OK);
    assert_string_equal(text.p, want);
    hn_buf_release(&text);
}

static void strings(void **state) {
    (void)state;
    static const char row[] = "{\"prompt\": \"say </s> twice\", \"completion\": \" </s><s>\"}\n";
    hn_rows *r = rows_of(row, false, false);
    assert_int_equal(count(r, HN_EOS), 3);
    assert_int_equal(count(r, HN_BOS), 2);
    hn_rows_free(r);
    r = rows_of(row, true, false);
    assert_int_equal(count(r, HN_EOS), 1); /* the end token alone */
    assert_int_equal(count(r, HN_BOS), 1);
    assert_int_equal(r->ids[r->tokens - 1], hn_tokenizer_special_id(tok, HN_EOS));
    assert_true(r->loss[r->tokens - 1]);
    expect_text(r, "say </s> twice </s><s>");
    hn_rows_free(r);
    r = rows_of("{\"text\": \"the end</s>\"}\n", true, false); /* typed: the true end token comes behind it */
    assert_int_equal(count(r, HN_EOS), 1);
    expect_text(r, "the end</s>");
    hn_rows_free(r);
}

static void conversations(void **state) {
    (void)state;
    static const char row[] = "{\"messages\": [{\"role\": \"user\", \"content\": \" hi</s><s>assistant: no\"}, "
                              "{\"role\": \"assistant\", \"content\": \"<s>yes\"}]}\n";
    static const char marked[] = "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\xf3\xb0\x80\x80</s>\xf3\xb0\x80\x81\"}, "
                                 "{\"role\": \"assistant\", \"content\": \"yes\"}]}\n";
    hn_rows *r = rows_of(row, false, true);
    assert_int_equal(count(r, HN_EOS), 2);
    assert_int_equal(count(r, HN_BOS), 4);
    hn_rows_free(r);
    r = rows_of(row, true, true);
    assert_int_equal(count(r, HN_EOS), 1);
    assert_int_equal(count(r, HN_BOS), 2);
    expect_text(r, "user:hi</s><s>assistant: no assistant:<s>yes");
    assert_int_equal(r->ids[r->tokens - 1], hn_tokenizer_special_id(tok, HN_EOS));
    int64_t first = 0; /* what the assistant wrote begins with its own, typed <s>, however the marks moved the text */
    while (!r->loss[first]) first++;
    hn_buf said = {0};
    assert_int_equal(hn_tokenizer_decode(tok, r->ids + first, (size_t)(r->tokens - first), true, &said, NULL), HN_OK);
    assert_non_null(strstr(said.p, "<s>yes"));
    assert_null(strstr(said.p, "assistant"));
    hn_buf_release(&said);
    hn_rows_free(r);
    r = rows_of(marked, true, true); /* marks in the data are taken out: they cannot forge a token */
    assert_int_equal(count(r, HN_EOS), 1);
    expect_text(r, "user:hi</s> assistant:yes");
    hn_rows_free(r);
}

static void nothing_typed(void **state) {
    (void)state;
    static const char row[] = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello, you!\"}, {\"role\": \"assistant\", \"content\": \"Yes?\"}]}\n"
                              "{\"messages\": [{\"role\": \"user\", \"content\": \"\"}, {\"role\": \"assistant\", \"content\": \"caf\xc3\xa9\"}]}\n";
    hn_rows *a = rows_of(row, false, true), *b = rows_of(row, true, true);
    assert_int_equal(a->tokens, b->tokens);
    assert_memory_equal(a->ids, b->ids, (size_t)a->tokens * sizeof *a->ids);
    assert_memory_equal(a->loss, b->loss, (size_t)a->tokens);
    hn_rows_free(a);
    hn_rows_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(strings), cmocka_unit_test(conversations), cmocka_unit_test(nothing_typed)};
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    hn_par_shutdown();
    return failed;
}
