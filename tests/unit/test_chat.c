/* rooms: text base */
/* test_chat.c - chat templates of a folder: where they are found, which is picked, how messages and variables reach them, errors,
 * spans by the prefix rule; and the mask of the golden run with assistant-only loss. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "text/text.h"

static char dir[] = "/tmp/hone_chat_XXXXXX";

static void put_file(const char *name, const char *text) {
    char *path = hn_path_join(dir, name);
    hn_error err = {0};
    if (hn_file_write(path, text, strlen(text), &err) != HN_OK) fail_msg("%s", err.msg);
    hn_free(path);
}

static void remove_file(const char *name) {
    char *path = hn_path_join(dir, name);
    remove(path);
    hn_free(path);
}

static hn_json *parse(const char *text) {
    hn_json *j = NULL;
    hn_error err = {0};
    if (hn_json_parse(text, strlen(text), "row", 1, &j, &err) != HN_OK) fail_msg("%s", err.msg);
    return j;
}

/* The text, or "error: ..." */
static char *render(const hn_chat *c, const char *row) {
    hn_json *j = parse(row);
    hn_rendered out = {0};
    hn_error err = {0};
    hn_buf text = {0};
    hn_chat_in in = {.messages = hn_json_get(j, "messages"), .tools = hn_json_get(j, "tools"), .documents = hn_json_get(j, "documents"),
                     .kwargs = hn_json_get(j, "chat_template_kwargs"), .generation_prompt = hn_json_bool(hn_json_get(j, "prompt"), false),
                     .spans = hn_json_bool(hn_json_get(j, "spans"), false)};
    if (hn_chat_render(c, &in, &out, &err) != HN_OK) {
        hn_buf_printf(&text, "error: %s", err.msg);
    } else {
        hn_buf_add(&text, out.text.p, out.text.n);
        for (size_t i = 0; i < out.spans; i++) {
            hn_buf_puts(&text, " <");
            hn_buf_add(&text, out.text.p + out.span[i].begin, out.span[i].end - out.span[i].begin);
            hn_buf_puts(&text, ">");
        }
    }
    hn_json_free(j);
    hn_rendered_release(&out);
    return hn_buf_take(&text);
}

static void expect(const hn_chat *c, const char *row, const char *want) {
    char *got = render(c, row);
    assert_string_equal(got, want);
    hn_free(got);
}

static hn_chat *open_chat(const hn_tokenizer *tok, const hn_chat_opts *o) {
    hn_chat *c = NULL;
    hn_error err = {0};
    if (hn_chat_open(tok, o, &c, &err) != HN_OK) fail_msg("%s", err.msg);
    return c;
}

/* A chat of one template. */
static hn_chat *with_template(const char *text) {
    put_file("t.jinja", text);
    char *path = hn_path_join(dir, "t.jinja");
    hn_chat *c = open_chat(NULL, &(hn_chat_opts){.template_path = path, .token = {[HN_EOS] = "</s>"}});
    hn_free(path);
    return c;
}

static void expect_of(const char *template, const char *row, const char *want) {
    hn_chat *c = with_template(template);
    expect(c, row, want);
    hn_chat_free(c);
}

#define HI "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]"

static void test_variables(void **state) {
    (void)state;
    expect_of("{{ messages[0].content }}{{ tools }}{{ documents }}{{ add_generation_prompt }}", HI "}", "hiNoneNoneFalse");
    expect_of("{{ add_generation_prompt }}{{ tools|length }}{{ documents[0].title }}",
              HI ", \"prompt\": true, \"tools\": [{}], \"documents\": [{\"title\": \"T\"}]}", "True1T");
    expect_of("{{ eos_token }}{{ bos_token is defined }}{{ x }}", HI ", \"chat_template_kwargs\": {\"x\": [1, null]}}", "</s>False[1, None]");
    expect_of("{{ eos_token }}", HI ", \"chat_template_kwargs\": {\"eos_token\": \"E\"}}", "E"); /* what is given wins */
    expect_of("{{ messages[0] }}", "{\"messages\": [{\"role\": \"user\", \"content\": null, \"x\": {\"y\": null}}]}", "{'role': 'user', 'x': {'y': None}}");
    expect_of("{{ messages[0] }}", "{\"messages\": [{\"role\": \"a\", \"reasoning\": \"r\"}]}",
              "{'thinking': 'r', 'role': 'a', 'reasoning': 'r', 'reasoning_content': 'r'}");
    expect_of("{{ messages[0] }}", "{\"messages\": [{\"thinking\": \"t\", \"role\": \"a\", \"reasoning_content\": null, \"reasoning\": \"r\"}]}",
              "{'thinking': 't', 'role': 'a', 'reasoning': 'r', 'reasoning_content': 't'}");
    expect_of("{{ messages[0]['a\\x00b'] }}", "{\"messages\": [{\"a\\u0000b\": 5}]}", "5");
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    expect_of("{{ strftime_now('%Y-%m-%d %H:%M:%S %B %j|%f%z%Z|%%') }}", HI "}", "2023-11-14 22:13:20 November 318|000000|%");
}

static void test_errors(void **state) {
    (void)state;
    expect_of("{{ raise_exception('roles must alternate, not ' ~ messages[0].role) }}", HI "}", "error: roles must alternate, not user");
    expect_of("{{ nope.x }}", HI "}", "error: 'nope' is undefined");
    expect_of("x", "{\"messages\": []}", "error: there are no messages");
    expect_of("x", "{}", "error: there are no messages");
    expect_of("x", "{\"messages\": \"hi\"}", "error: \"messages\" is no list");
    expect_of("x", "{\"messages\": [[]]}", "error: messages[0] is no object");
    expect_of("x", HI ", \"tools\": [1]}", "error: tools[0] is no object");
    expect_of("x", HI ", \"documents\": {}}", "error: \"documents\" is no list");
    expect_of("x", HI ", \"chat_template_kwargs\": {\"tools\": 1}}", "error: chat_template_kwargs: \"tools\" is given twice");
    expect_of("x", HI ", \"chat_template_kwargs\": [1]}", "error: chat_template_kwargs is no object");
    hn_chat *c = NULL;
    hn_error err = {0};
    put_file("broken.jinja", "line one\n{% if %}");
    char *path = hn_path_join(dir, "broken.jinja");
    assert_int_equal(hn_chat_open(NULL, &(hn_chat_opts){.template_path = path}, &c, &err), HN_EFORMAT);
    assert_non_null(strstr(err.msg, "broken.jinja:2: Expected an expression"));
    hn_free(path);
    assert_int_equal(hn_chat_open(NULL, NULL, &c, &err), HN_ENOENT);
    assert_int_equal(hn_chat_open(NULL, &(hn_chat_opts){.template_path = "/nowhere/t.jinja"}, &c, &err), HN_ENOENT);
}

/* ---- folders */

#define TOKENIZER "{\"version\": \"1.0\", \"added_tokens\": [], \"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0, \"<s>\": 1, \"</s>\": 2}, \"unk_token\": \"a\"}}"

static hn_tokenizer *load_tokenizer(void) {
    hn_tokenizer *t = NULL;
    hn_error err = {0};
    if (hn_tokenizer_load(dir, &t, &err) != HN_OK) fail_msg("%s", err.msg);
    return t;
}

static void expect_folder(const hn_chat_opts *o, const char *row, const char *want) {
    hn_tokenizer *t = load_tokenizer();
    hn_chat *c = open_chat(t, o);
    expect(c, row, want);
    hn_chat_free(c);
    hn_tokenizer_free(t);
}

static void test_folders(void **state) {
    (void)state;
    char more[256];
    hn_error err = {0};
    put_file("tokenizer.json", TOKENIZER);
    put_file("tokenizer_config.json", "{\"chat_template\": \"config {{ bos_token }}{{ mask_token }}{{ image_token }}\", \"bos_token\": \"<s>\", "
             "\"mask_token\": {\"content\": \"[M]\"}, \"image_token\": \"<img>\", \"eos_token\": null}");
    expect_folder(NULL, HI "}", "config <s>[M]<img>");
    expect_folder(&(hn_chat_opts){.token = {[HN_BOS] = ""}}, HI "}", "config [M]<img>");
    hn_json *kwargs = parse("{\"mask_token\": 1, \"image_token\": 2}");
    expect_folder(&(hn_chat_opts){.kwargs = kwargs}, HI ", \"chat_template_kwargs\": {\"mask_token\": 3}}", "config <s>32");
    hn_json_free(kwargs);
    put_file("tokenizer_config.json", "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"config tools\"}, "
             "{\"name\": \"default\", \"template\": \"config default\"}]}");
    expect_folder(NULL, HI "}", "config default");
    expect_folder(NULL, HI ", \"tools\": []}", "config tools");
    put_file("chat_template.jinja", "file"); /* files win over the list */
    expect_folder(NULL, HI ", \"tools\": [{}]}", "file");
    snprintf(more, sizeof more, "%s/additional_chat_templates", dir);
    assert_int_equal(hn_dir_make(more, &err), HN_OK);
    put_file("additional_chat_templates/tool_use.jinja", "file tools");
    put_file("additional_chat_templates/broken.jinja", "{% nope %}");
    expect_folder(NULL, HI ", \"tools\": [{}]}", "file tools");
    expect_folder(NULL, HI ", \"tools\": null}", "file");
    put_file("t.jinja", "given");
    char *path = hn_path_join(dir, "t.jinja");
    expect_folder(&(hn_chat_opts){.template_path = path}, HI ", \"tools\": [{}]}", "given");
    hn_free(path);
    expect_folder(&(hn_chat_opts){.template_path = dir}, HI ", \"tools\": [{}]}", "file tools");
    remove_file("chat_template.jinja");
    expect_folder(NULL, HI ", \"tools\": [{}]}", "file tools");
    expect_folder(NULL, HI "}", "error: there are several chat templates and none of them is called \"default\"");
}

static void test_fingerprint(void **state) {
    (void)state;
    hn_chat *a = with_template("one"), *b = with_template("two"), *again = with_template("one");
    assert_string_not_equal(hn_chat_fingerprint(a), hn_chat_fingerprint(b));
    assert_string_equal(hn_chat_fingerprint(a), hn_chat_fingerprint(again));
    assert_non_null(strstr(hn_chat_source(a), "t.jinja"));
    hn_chat_free(a);
    hn_chat_free(b);
    hn_chat_free(again);
}

/* ---- spans by the prefix rule */

#define TALK "{\"spans\": true, \"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": \"a1\"}, " \
             "{\"role\": \"user\", \"content\": \"r\"}, {\"role\": \"assistant\", \"content\": \"a2\"}]}"
#define CHATML "{% for m in messages %}[{{ m.role }}]{{ m.content }}(e)\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"

static void expect_source(const char *template, hn_span_source want) {
    hn_chat *c = with_template(template);
    assert_int_equal(hn_chat_span_source(c), want);
    hn_chat_free(c);
}

static void test_derived(void **state) {
    (void)state;
    expect_source(CHATML, HN_SPANS_DERIVED);
    expect_of(CHATML, TALK, "[user]q(e)\n[assistant]a1(e)\n[user]r(e)\n[assistant]a2(e)\n <a1(e)\n> <a2(e)\n>");
    expect_source("{% generation %}x{% endgeneration %}", HN_SPANS_MARKED);
    expect_source("{{ messages|length }}", HN_SPANS_NONE);
    /* a prompt that opens the thinking; an end token behind the last message only */
    expect_of("{% for m in messages %}[{{ m.role }}]{{ '<think>\n\n</think>\n' if m.role == 'assistant' }}{{ m.content }}(e){% endfor %}"
              "{% if add_generation_prompt %}[assistant]<think>\n{% endif %}", TALK,
              "[user]q(e)[assistant]<think>\n\n</think>\na1(e)[user]r(e)[assistant]<think>\n\n</think>\na2(e) <<think>\n\n</think>\na1(e)> <<think>\n\n</think>\na2(e)>");
    expect_of("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% else %}{{ eos_token }}{% endif %}",
              TALK, "[user]q[assistant]a1[user]r[assistant]a2</s> <a1> <a2</s>>");
    /* earlier turns are written in another way */
    expect_of("{% for m in messages %}[{{ m.role }}]{{ m.content if loop.last or m.role == 'user' else 'cut' }}(e){% endfor %}"
              "{% if add_generation_prompt %}[assistant]{% endif %}", TALK,
              "error: messages[1]: the chat template writes the beginning of this conversation in another way once more follows");
}

/* ---- the golden run: ids and labels of every row */

static void compare_row(const hn_chat *c, const hn_tokenizer *tok, const hn_json *row, const hn_json *want, int *off) {
    hn_rendered out = {0};
    hn_encoding e = {0};
    hn_error err = {0};
    hn_chat_in in = {.messages = hn_json_get(row, "messages"), .spans = true};
    if (hn_chat_render(c, &in, &out, &err) != HN_OK) fail_msg("%s", err.msg);
    assert_int_equal(hn_tokenizer_encode(tok, (hn_str){out.text.p, out.text.n}, HN_ENCODE_SPANS, &e, &err), HN_OK);
    const hn_json *ids = hn_json_get(want, "input_ids"), *labels = hn_json_get(want, "labels");
    bool same = e.n == hn_json_len(ids);
    for (size_t i = 0, s = 0; same && i < e.n; i++) {
        while (s < out.spans && out.span[s].end <= e.span[i].begin) s++;
        bool inside = s < out.spans && e.span[i].end > out.span[s].begin;
        int64_t label = inside ? e.id[i] : -100;
        same = e.id[i] == hn_json_int(hn_json_at(ids, i), -1) && label == hn_json_int(hn_json_at(labels, i), -1);
    }
    *off += !same;
    hn_rendered_release(&out);
    hn_encoding_release(&e);
}

static void test_golden(void **state) {
    (void)state;
    const char *golden = getenv("HONE_GOLDEN");
    if (!golden) {
        print_message("skipped: HONE_GOLDEN is not set\n");
        return;
    }
    char path[4096];
    hn_buf rows = {0}, wanted = {0};
    hn_tokenizer *tok;
    hn_error err = {0};
    int compared = 0, off = 0;
    snprintf(path, sizeof path, "%s/trl/base", golden);
    if (hn_tokenizer_load(path, &tok, &err) != HN_OK) fail_msg("%s", err.msg);
    snprintf(path, sizeof path, "%s/trl/sft_assistant_only/train.jsonl", golden);
    assert_int_equal(hn_file_read(path, &rows, &err), HN_OK);
    snprintf(path, sizeof path, "%s/trl/sft_assistant_only/tokens.jsonl", golden);
    assert_int_equal(hn_file_read(path, &wanted, &err), HN_OK);
    hn_chat *c = open_chat(tok, NULL);
    assert_int_equal(hn_chat_span_source(c), HN_SPANS_MARKED);
    char *r = rows.p, *w = wanted.p;
    for (char *re, *we; (re = strchr(r, '\n')) && (we = strchr(w, '\n')); r = re + 1, w = we + 1, compared++) {
        *re = *we = '\0';
        hn_json *row = parse(r), *want = parse(w);
        compare_row(c, tok, row, want, &off);
        hn_json_free(row);
        hn_json_free(want);
    }
    print_message("%d rows of sft_assistant_only compared, %d off\n", compared, off);
    hn_chat_free(c);
    hn_tokenizer_free(tok);
    hn_buf_release(&rows);
    hn_buf_release(&wanted);
    assert_int_equal(off, 0);
    assert_true(compared > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_variables), cmocka_unit_test(test_errors), cmocka_unit_test(test_folders),
                                       cmocka_unit_test(test_fingerprint), cmocka_unit_test(test_derived), cmocka_unit_test(test_golden)};
    if (!mkdtemp(dir)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hn_error err = {0};
    return hn_dir_remove(dir, &err) == HN_OK ? failed : 1;
}
