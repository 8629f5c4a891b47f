/* rooms: data text base */
/* test_pair_tokens.c - pairs and judged answers become the ids that TRL's DPOTrainer, KTOTrainer and RewardTrainer prepared: the cases
 * under fixtures/pairs always, dpo_*, kto* and reward* of HONE_GOLDEN/trl where it is set, and bert_* of it for what classifiers read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "data/data.h"

static int compared, rows_compared;

typedef struct { /* what tokens.jsonl says, and how far the pass is */
    const char *name;
    hn_json **want;
    size_t n, at;
} expected;

static hn_json **read_all(const char *path, size_t *n) {
    hn_records *r;
    hn_error e = {0};
    size_t cap = 0;
    hn_json **v = NULL;
    int64_t line;
    *n = 0;
    if (hn_records_open(path, &r, &e) != HN_OK) fail_msg("%s", e.msg);
    for (;;) {
        if (*n == cap) v = hn_realloc_array(v, cap = 2 * cap + 64, sizeof *v);
        if (hn_records_next(r, &v[*n], &line, &e) != HN_OK) fail_msg("%s", e.msg);
        if (!v[*n]) break;
        ++*n;
    }
    hn_records_close(r);
    return v;
}

static void same(const expected *x, const char *column, const hn_json *want, const int32_t *id, int64_t n) {
    if ((int64_t)hn_json_len(want) != n) fail_msg("%s, row %zu: %s has %lld tokens, TRL %zu", x->name, x->at, column, (long long)n, hn_json_len(want));
    for (int64_t i = 0; i < n; i++) {
        int64_t v = hn_json_int(hn_json_at(want, (size_t)i), -1);
        if (v != id[i]) fail_msg("%s, row %zu: token %lld of %s is %d, TRL %lld", x->name, x->at, (long long)i, column, id[i], (long long)v);
    }
}

/* pair: of two texts both are cut by the task, which is not compared. */
static void same_part(const expected *x, const hn_json *want, const hn_look_part *p, const char *column, bool pair) {
    const hn_json *prompt = hn_json_get(want, "prompt_ids");
    int64_t m = (int64_t)hn_json_len(hn_json_get(want, column));
    if (!prompt && p->n > m && hn_streq(column, "input_ids")) { /* cut by the task; its last token is the end mark */
        const hn_json *ids = hn_json_get(want, column);
        for (int64_t i = 0; i + 1 < m && !pair; i++) assert_int_equal(hn_json_int(hn_json_at(ids, (size_t)i), -1), p->id[i]);
        return;
    }
    if (!prompt) {
        same(x, column, hn_json_get(want, column), p->id, p->n);
        return;
    }
    same(x, "prompt_ids", prompt, p->id, p->prompt);
    same(x, column, hn_json_get(want, column), p->id + p->prompt, p->n - p->prompt);
    for (int64_t i = 0; i < p->n; i++) assert_int_equal(p->label[i], i < p->prompt ? -100 : p->id[i]);
}

static hn_status on_row(void *user, const hn_look *row, hn_error *err) {
    (void)err;
    expected *x = user;
    if (row->st != HN_OK) fail_msg("%s:%lld: %s", x->name, (long long)row->line, row->err->msg);
    if (row->dropped) return HN_OK;
    if (x->at >= x->n) fail_msg("%s: a row more than TRL keeps", x->name);
    for (size_t k = 0; k < row->parts; k++) {
        const hn_look_part *p = &row->part[k];
        char column[64];
        snprintf(column, sizeof column, "%s_ids", hn_streq(p->name, "row") ? "input" : p->name);
        same_part(x, x->want[x->at], p, column, hn_json_has(row->example->value, "text_pair"));
        if (p->text.p) assert_non_null(p->span);
        rows_compared++;
    }
    x->at++;
    return HN_OK;
}

static void compare(const char *name, const char *train, const char *tokens, const hn_tokenizer *tok, const hn_chat *chat, hn_encode_opts o,
                    hn_view view) {
    expected x = {.name = name};
    char *copy = hn_strdup(train);
    hn_strlist files = {&copy, 1};
    hn_error e = {0};
    x.want = read_all(tokens, &x.n);
    o.chat = chat;
    if (hn_rows_look(&files, tok, &o, view, on_row, &x, &e) != HN_OK) fail_msg("%s: %s", name, e.msg);
    if (x.at != x.n) fail_msg("%s: %zu rows, TRL keeps %zu", name, x.at, x.n);
    print_message("%-20s %3zu rows equal\n", name, x.n);
    compared++;
    for (size_t i = 0; i < x.n; i++) hn_json_free(x.want[i]);
    hn_free(x.want);
    hn_free(copy);
}

/* Every folder of root whose name begins with prefix and that has both files. */
static void compare_all(const char *root, const char *tokenizer, const char *prefix, hn_view view) {
    char *at = hn_path_join(root, tokenizer);
    hn_tokenizer *tok;
    hn_chat *chat = NULL;
    hn_error e = {0};
    hn_strlist names;
    if (hn_tokenizer_load(at, &tok, &e) != HN_OK) fail_msg("%s", e.msg);
    if (hn_chat_open(tok, &(hn_chat_opts){0}, &chat, &e) != HN_OK && e.code != HN_ENOENT) fail_msg("%s", e.msg);
    assert_int_equal(hn_dir_list(root, &names, &e), HN_OK);
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.v[i];
        char *dir = hn_path_join(root, name), *train = hn_path_join(dir, "train.jsonl"), *tokens = hn_path_join(dir, "tokens.jsonl"),
             *args = hn_path_join(dir, "args.json");
        if (strncmp(name, prefix, strlen(prefix)) == 0 && hn_path_exists(train) && hn_path_exists(tokens)) {
            hn_encode_opts o;
            hn_json *j = NULL;
            hn_encode_defaults(&o);
            if (hn_path_exists(args)) assert_int_equal(hn_json_load(args, &j, &e), HN_OK);
            o.max_length = hn_json_int(hn_json_get(hn_json_get(j, "flags"), "max_length"), HN_UNSET_INT);
            o.whole_pairs = strncmp(name, "reward", 6) == 0;
            if (view == HN_VIEW_PREFERENCE) o.convert.format = "preference"; /* TRL knows no transcripts */
            compare(name, train, tokens, tok, chat, o, view);
            hn_json_free(j);
        }
        hn_free(dir);
        hn_free(train);
        hn_free(tokens);
        hn_free(args);
    }
    hn_strlist_free(&names);
    hn_chat_free(chat);
    hn_tokenizer_free(tok);
    hn_free(at);
}

static void test_fixtures(void **state) {
    (void)state;
    compared = rows_compared = 0;
    compare_all(FIXTURES "/pairs", "../sft/tokenizer", "dpo_", HN_VIEW_PREFERENCE);
    compare_all(FIXTURES "/pairs", "../sft/tokenizer", "reward_", HN_VIEW_PREFERENCE);
    compare_all(FIXTURES "/pairs", "../sft/tokenizer", "kto_", HN_VIEW_KTO);
    print_message("%d cases, %d sequences compared\n", compared, rows_compared);
    assert_int_equal(compared, 9);
}

static void test_golden(void **state) {
    (void)state;
    const char *golden = getenv("HONE_GOLDEN");
    if (!golden) {
        print_message("SKIPPED: HONE_GOLDEN is not set, its pairs are not compared\n");
        skip();
    }
    char *root = hn_path_join(golden, "trl");
    compared = rows_compared = 0;
    compare_all(root, "base", "dpo_", HN_VIEW_PREFERENCE);
    compare_all(root, "base", "reward", HN_VIEW_PREFERENCE);
    compare_all(root, "base", "kto", HN_VIEW_KTO);
    compare_all(root, "tiny_bert_classify", "bert_classify", HN_VIEW_CLASSIFY);
    compare_all(root, "tiny_bert_pair", "bert_pair", HN_VIEW_CLASSIFY);
    compare_all(root, "tiny_bert_tag", "bert_tag", HN_VIEW_TAG);
    print_message("%d cases, %d sequences compared\n", compared, rows_compared);
    assert_true(compared >= 10);
    hn_free(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fixtures), cmocka_unit_test(test_golden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
