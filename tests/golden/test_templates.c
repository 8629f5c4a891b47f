/* rooms: text base */
/* test_templates.c - the chat templates under HONE_DATA/chat_templates and the vectors of HONE_DATA/jinja_vectors: every template
 * with many conversations against what transformers' own environment gave (tools/golden/make_jinja.py: a hash of each text, "----"
 * where it raises); the texts that the vectors bring; and the spans of templates without marks against those that TRL marked. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "text/jinja/jinja_ast_impl.h"

static const char *data;
static const hn_chat_opts tokens = {.token = {"<s>", "</s>", "<pad>", "<unk>"}};

static hn_json *load(const char *path) {
    hn_json *j = NULL;
    hn_error err = {0};
    if (hn_json_load(path, &j, &err) != HN_OK) fail_msg("%s", err.msg);
    return j;
}

static hn_json *load_data(const char *name) {
    char *path = hn_path_join(data, name);
    hn_json *j = load(path);
    hn_free(path);
    return j;
}

static hn_chat *open_path(const char *path) {
    hn_chat *c = NULL;
    hn_error err = {0};
    hn_chat_opts o = tokens;
    o.template_path = path;
    if (hn_chat_open(NULL, &o, &c, &err) != HN_OK) fail_msg("%s: %s", path, err.msg);
    return c;
}

/* "chat_templates/x.jinja", or "vectors.json#7" */
static hn_chat *open_named(const char *name) {
    const char *number = strchr(name, '#');
    char *path = hn_path_join(data, name);
    if (!number) {
        hn_chat *c = open_path(path);
        hn_free(path);
        return c;
    }
    *strchr(path, '#') = '\0';
    hn_json *all = load(path);
    const char *text = hn_json_cstr(hn_json_get(hn_json_at(all, (size_t)atoi(number + 1)), "chat_template"));
    char temp[] = "/tmp/hone_template_XXXXXX";
    int fd = mkstemp(temp);
    assert_true(fd >= 0 && text);
    FILE *f = fdopen(fd, "wb");
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    fclose(f);
    hn_chat *c = open_path(temp);
    remove(temp);
    hn_json_free(all);
    hn_free(path);
    return c;
}

static hn_status render_row(const hn_chat *c, const hn_json *row, hn_rendered *out, hn_error *err) {
    hn_chat_in in = {.messages = hn_json_get(row, "messages"), .tools = hn_json_get(row, "tools"), .documents = hn_json_get(row, "documents"),
                     .kwargs = hn_json_get(row, "chat_template_kwargs"),
                     .generation_prompt = hn_json_bool(hn_json_get(row, "add_generation_prompt"), false)};
    return hn_chat_render(c, &in, out, err);
}

static void test_hashes(void **state) {
    (void)state;
    if (!data) {
        print_message("skipped: HONE_DATA is not set\n");
        return;
    }
    hn_json *golden = load(FIXTURES "/text/templates.json");
    const hn_json *rows = hn_json_get(golden, "rows");
    hn_rendered out = {0};
    hn_json_iter it;
    int compared = 0, off = 0, raised = 0, templates = 0;
    for (bool more = hn_json_first(hn_json_get(golden, "hashes"), &it); more; more = hn_json_next(&it), templates++) {
        const char *want = hn_json_cstr(it.value);
        hn_chat *c = open_named(it.key);
        assert_int_equal(strlen(want), 4 * hn_json_len(rows));
        for (size_t i = 0; i < hn_json_len(rows); i++, compared++) {
            char hex[33] = "----";
            hn_error err = {0};
            if (render_row(c, hn_json_at(rows, i), &out, &err) == HN_OK) hn_hash_hex(out.text.p, out.text.n, hex);
            raised += hex[0] == '-';
            if (memcmp(hex, want + 4 * i, 4) != 0 && off++ < 20) print_error("%s: conversation %zu differs (%s)\n", it.key, i, err.msg);
        }
        hn_chat_free(c);
    }
    print_message("%d templates, %d renderings compared, %d raise, %d off\n", templates, compared, raised, off);
    hn_rendered_release(&out);
    hn_json_free(golden);
    assert_int_equal(off, 0);
    assert_true(compared > 19000 && raised > 2000);
}

static hn_status render_with(const char *template, const hn_json *context, hn_rendered *out) {
    hn_jtemplate *t;
    hn_status st = hn_jtemplate_new(hn_str_of(template), "vector", &t, NULL);
    if (st != HN_OK) return st;
    hn_jrun r;
    hn_json_iter it;
    assert_true(hn_jrun_init(&r, t, false));
    for (bool more = hn_json_first(context, &it); more; more = hn_json_next(&it)) hn_jrun_set(&r, it.key, hn_j_from_json(it.value));
    st = hn_jrun_render(&r, out, NULL);
    hn_jrun_release(&r);
    hn_jtemplate_free(t);
    return st;
}

/* The vectors come with what another engine makes of them; Python's Jinja2, recorded in golden, is the truth where both differ. */
typedef struct counts { int compared, off, raised, as_written; } counts;

static counts compare_vectors(const char *file, const char *template, const char *context, const char *text, const char *golden) {
    hn_json *all = load_data(file);
    hn_rendered out = {0};
    counts n = {0};
    assert_int_equal(strlen(golden), 4 * hn_json_len(all));
    for (size_t i = 0; i < hn_json_len(all); i++, n.compared++) {
        const hn_json *one = hn_json_at(all, i);
        hn_str written = {0};
        char hex[33] = "----";
        hn_json_text(hn_json_get(one, text), &written);
        if (render_with(hn_json_cstr(hn_json_get(one, template)), hn_json_get(one, context), &out) == HN_OK) {
            hn_hash_hex(out.text.p, out.text.n, hex);
            n.as_written += out.text.n == written.n && memcmp(out.text.p, written.p, written.n) == 0;
        }
        n.raised += hex[0] == '-';
        if (memcmp(hex, golden + 4 * i, 4) != 0 && ++n.off) print_error("%s: vector %zu differs\n", file, i);
    }
    hn_rendered_release(&out);
    hn_json_free(all);
    return n;
}

static void test_vectors(void **state) {
    (void)state;
    if (!data) {
        print_message("skipped: HONE_DATA is not set\n");
        return;
    }
    hn_json *golden = load(FIXTURES "/text/templates.json");
    counts chats = compare_vectors("jinja_vectors/dev/e2e_chat_templates.json", "chat_template", "data", "target",
                                   hn_json_cstr(hn_json_get(golden, "chats")));
    counts units = compare_vectors("jinja_vectors/dev/unit_expressions.json", "template", "context", "expected",
                                   hn_json_cstr(hn_json_get(golden, "units")));
    hn_json_free(golden);
    print_message("%d chat vectors compared, %d off; %d are as the vectors' own engine has them\n", chats.compared, chats.off, chats.as_written);
    print_message("%d unit vectors compared, %d raise, %d off; %d are as the vectors' own engine has them\n", units.compared, units.raised,
                  units.off, units.as_written);
    assert_int_equal(chats.off + units.off, 0);
    assert_true(chats.compared == 40 && units.compared == 118);
}

/* ---- spans: the prefix rule against marks */

static hn_json *talk(int turns, bool with_system) {
    hn_json *list = hn_json_new_array();
    for (int i = with_system ? -1 : 0; i < 2 * turns; i++) {
        char text[64];
        hn_json *m = hn_json_new_object();
        const char *role = i < 0 ? "system" : i % 2 ? "assistant" : "user";
        int n = snprintf(text, sizeof text, i < 0 ? "Be kind." : i % 2 ? "Answer %d.\nAnd more é" : "Question %d?", i);
        hn_json_set(m, "role", hn_json_new_str(role, strlen(role)));
        hn_json_set(m, "content", hn_json_new_str(text, (size_t)n));
        hn_json_push(list, m);
    }
    return list;
}

static bool same_spans(const hn_rendered *a, const hn_rendered *b) {
    return a->text.n == b->text.n && memcmp(a->text.p, b->text.p, a->text.n) == 0 && a->spans == b->spans &&
           memcmp(a->span, b->span, a->spans * sizeof *a->span) == 0;
}

/* Conversations of 1 to 6 turns, with and without a system message: how many have equal spans, how many the rule refuses. */
static void compare_pair(const char *name, int *equal, int *refused, int *differ) {
    char path[4096];
    snprintf(path, sizeof path, "%s/chat_templates/trl/%s.jinja", data, name);
    hn_chat *plain = open_path(path);
    snprintf(path, sizeof path, "%s/chat_templates/trl/%s_training.jinja", data, name);
    hn_chat *marked = open_path(path);
    assert_int_equal(hn_chat_span_source(marked), HN_SPANS_MARKED);
    assert_int_equal(hn_chat_span_source(plain), HN_SPANS_DERIVED);
    hn_rendered a = {0}, b = {0};
    *equal = *refused = *differ = 0;
    for (int turns = 1; turns <= 6; turns++)
        for (int with_system = 0; with_system < 2; with_system++) {
            hn_json *messages = talk(turns, with_system);
            hn_chat_in in = {.messages = messages, .spans = true};
            bool fine = hn_chat_render(plain, &in, &a, NULL) == HN_OK, other = hn_chat_render(marked, &in, &b, NULL) == HN_OK;
            if (!fine) ++*refused;
            else if (other && same_spans(&a, &b)) ++*equal;
            else ++*differ;
            hn_json_free(messages);
        }
    hn_rendered_release(&a);
    hn_rendered_release(&b);
    hn_chat_free(plain);
    hn_chat_free(marked);
}

static void test_derived(void **state) {
    /* what TRL marks differs in places from what a model is given: see the last column */
    static const struct { const char *name; int equal, refused, differ; const char *why; } pairs[] = {
        {"cohere", 12, 0, 0, ""}, {"cohere2", 12, 0, 0, ""}, {"diffusion_gemma", 12, 0, 0, ""}, {"gemma", 6, 6, 0, "no system role"},
        {"gemma3", 12, 0, 0, ""}, {"idefics3", 12, 0, 0, ""}, {"lfm2", 12, 0, 0, ""}, {"llama3", 12, 0, 0, ""},
        {"nemotron_3_nano", 12, 0, 0, ""}, {"nemotron_3_super", 12, 0, 0, ""}, {"nemotron_3_ultra", 12, 0, 0, ""},
        {"phi3", 12, 0, 0, ""}, {"phi3_5", 12, 0, 0, ""}, {"qwen2_5_vl", 12, 0, 0, ""}, {"qwen3_instruct_2507", 12, 0, 0, ""},
        {"qwen3_vl", 12, 0, 0, ""},
        {"qwen3", 2, 10, 0, "earlier turns lose their think block"}, {"qwen3_5_nothink", 2, 10, 0, "the same"},
        {"qwen3_5_think", 2, 10, 0, "the same"}, {"qwen3_6", 2, 10, 0, "the same"},
        {"gptoss", 0, 10, 2, "the end token of the last turn differs; TRL marks the header"},
        {"deepseekv3", 0, 0, 12, "TRL marks the role token"}, {"qwen2_5", 0, 0, 12, "TRL marks the new line of the header"},
        {"glm4moe", 0, 0, 12, "TRL's template adds the next role token as an end"}};
    (void)state;
    if (!data) {
        print_message("skipped: HONE_DATA is not set\n");
        return;
    }
    int whole = 0, off = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        int equal, refused, differ;
        compare_pair(pairs[i].name, &equal, &refused, &differ);
        whole += equal == 12;
        if (equal == pairs[i].equal && refused == pairs[i].refused && differ == pairs[i].differ) continue;
        off++;
        print_error("%s: %d equal, %d refused, %d differ\n", pairs[i].name, equal, refused, differ);
    }
    print_message("%zu pairs of templates: %d with equal spans in all conversations, %d off\n", sizeof pairs / sizeof *pairs, whole, off);
    assert_int_equal(off, 0);
}

int main(void) {
    data = getenv("HONE_DATA");
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hashes), cmocka_unit_test(test_vectors), cmocka_unit_test(test_derived)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
