/* rooms: data text base */
/* test_sft_tokens.c - records become exactly the ids and targets that TRL's SFTTrainer prepared, texts the blocks of
 * run_clm: the cases under fixtures/sft always, all sft_* and clm_* cases of HONE_GOLDEN/trl where it is set. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "data/data.h"

static int compared, off;

static hn_json *load(const char *dir, const char *name) {
    char *path = hn_path_join(dir, name);
    hn_json *j;
    hn_error e = {0};
    if (hn_json_load(path, &j, &e) != HN_OK) fail_msg("%s", e.msg);
    hn_free(path);
    return j;
}

static hn_encode_opts options(const hn_json *flags) {
    hn_encode_opts o;
    hn_encode_defaults(&o);
    o.max_length = hn_json_int(hn_json_get(flags, "max_length"), HN_UNSET_INT);
    o.keep_end = hn_streq(hn_json_cstr(hn_json_get(flags, "truncation_mode")), "keep_end");
    if (hn_json_has(flags, "completion_only_loss"))
        o.completion_only = hn_json_bool(hn_json_get(flags, "completion_only_loss"), false);
    o.shuffle = hn_json_bool(hn_json_get(flags, "shuffle_dataset"), false);
    o.shuffle_seed = (uint64_t)hn_json_int(hn_json_get(flags, "seed"), 42);
    o.assistant_only = hn_json_bool(hn_json_get(flags, "assistant_only_loss"), false);
    const char *how = hn_json_cstr(hn_json_get(flags, "packing_strategy"));
    if (hn_json_bool(hn_json_get(flags, "packing"), false))
        o.packing = hn_streq(how, "wrapped") ? HN_PACK_WRAPPED : hn_streq(how, "bfd_split") ? HN_PACK_BFD_SPLIT : HN_PACK_BFD;
    const char *field = hn_json_cstr(hn_json_get(flags, "dataset_text_field"));
    if (field) o.convert.text_field = field;
    return o;
}

/* Is the token the first of a document? Then it is no target, whatever its label. documents: lengths, NULL: the row is one. */
static bool begins(const hn_json *documents, int64_t k) {
    int64_t at = 0;
    for (size_t d = 0; d < hn_json_len(documents) && at < k; d++) at += hn_json_int(hn_json_at(documents, d), 0);
    return at == k;
}

/* The documents of a packed row; where they differ: a place, else -1. */
static int64_t documents_differ(const hn_rows *rows, int64_t i, const hn_json *lengths) {
    int64_t first = rows->row_document[i], n = rows->row_document[i + 1] - first;
    if ((int64_t)hn_json_len(lengths) != n) return 0;
    for (int64_t d = 0; d < n; d++) {
        int64_t at = rows->document[first + d], length = rows->document[first + d + 1] - at;
        if (length != hn_json_int(hn_json_at(lengths, (size_t)d), -1)) return at - rows->at[i];
    }
    return -1;
}

/* Compares one row with {"input_ids", "labels"}; where they differ: the place, else -1. */
static int64_t differs(const hn_rows *rows, int64_t i, const hn_json *want) {
    const hn_json *ids = hn_json_get(want, "input_ids"), *labels = hn_json_get(want, "labels");
    const hn_json *documents = hn_json_get(want, "seq_lengths");
    int64_t n = rows->at[i + 1] - rows->at[i], m = (int64_t)hn_json_len(ids);
    if (rows->document || documents) {
        assert_true(rows->document && documents);
        int64_t place = documents_differ(rows, i, documents);
        if (place >= 0) return place;
    }
    for (int64_t k = 0; k < n && k < m; k++) {
        int64_t at = rows->at[i] + k, id = hn_json_int(hn_json_at(ids, (size_t)k), -1);
        int64_t label = labels ? hn_json_int(hn_json_at(labels, (size_t)k), 0) : id;
        if (rows->ids[at] != id) return k;
        if (rows->loss[at] != (label != -100 && !begins(documents, k))) return k;
        if (label != -100 && !begins(documents, k) && (rows->label ? rows->label[at] : rows->ids[at]) != label) return k;
    }
    return n == m ? -1 : n < m ? n : m;
}

static void compare(const char *dir, const char *name, const hn_tokenizer *tok, const hn_chat *chat) {
    hn_json *args = load(dir, "args.json");
    const hn_json *flags = hn_json_get(args, "flags");
    hn_encode_opts o = options(flags);
    const char *template = hn_json_cstr(hn_json_get(flags, "chat_template_path"));
    char *path = template ? hn_path_join(dir, template) : NULL;
    hn_chat *own = NULL;
    hn_error e = {0};
    if (path && hn_chat_open(tok, &(hn_chat_opts){.template_path = path}, &own, &e) != HN_OK) fail_msg("%s: %s", name, e.msg);
    o.chat = own ? own : chat;
    char *train = hn_path_join(dir, "train.jsonl"), *tokens = hn_path_join(dir, "tokens.jsonl");
    hn_strlist files = {&train, 1};
    hn_rows *rows;
    hn_records *r;
    int64_t block = hn_json_int(hn_json_get(args, "block_size"), 0);
    o.add_eos = block == 0;
    if (block) {
        o.packing = HN_PACK_BLOCKS;
        o.max_length = block;
    }
    if (hn_rows_encode(&files, tok, &o, &rows, &e) != HN_OK) fail_msg("%s: %s", name, e.msg);
    if (hn_records_open(tokens, &r, &e) != HN_OK) fail_msg("%s: %s", name, e.msg);
    int64_t i = 0, line, wrong = 0, first = -1, place = 0;
    for (hn_json *want;; i++) {
        if (hn_records_next(r, &want, &line, &e) != HN_OK) fail_msg("%s: %s", name, e.msg);
        if (!want) break;
        int64_t k = i < rows->rows ? differs(rows, i, want) : 0;
        if (k >= 0 && wrong++ == 0) first = i, place = k;
        hn_json_free(want);
    }
    if (i != rows->rows) wrong++;
    print_message("%-24s %4lld rows of %lld (%lld dropped), %s: %s", name, (long long)rows->rows, (long long)rows->read,
                  (long long)rows->dropped, rows->format, wrong ? "" : "equal\n");
    if (wrong) print_message("%lld differ, the first in row %lld at token %lld\n", (long long)wrong, (long long)first, (long long)place);
    compared++;
    off += wrong != 0;
    hn_records_close(r);
    hn_rows_free(rows);
    hn_chat_free(own);
    hn_free(path);
    hn_free(train);
    hn_free(tokens);
    hn_json_free(args);
}

static void compare_all(const char *root, const char *prefix, const char *tokenizer) {
    char *at = hn_path_join(root, tokenizer);
    hn_tokenizer *tok;
    hn_error e = {0};
    if (hn_tokenizer_load(at, &tok, &e) != HN_OK) fail_msg("%s", e.msg);
    hn_chat *chat = NULL; /* bases of tasks without conversations have no template */
    if (hn_chat_open(tok, &(hn_chat_opts){0}, &chat, &e) != HN_OK && e.code != HN_ENOENT) fail_msg("%s", e.msg);
    hn_strlist names = {0};
    if (hn_dir_list(root, &names, &e) != HN_OK) fail_msg("%s", e.msg);
    compared = off = 0;
    for (size_t i = 0; i < names.n; i++) {
        char *dir = hn_path_join(root, names.v[i]), *args = hn_path_join(dir, "args.json");
        if (strncmp(names.v[i], prefix, strlen(prefix)) == 0 && hn_path_exists(args)) compare(dir, names.v[i], tok, chat);
        hn_free(dir);
        hn_free(args);
    }
    print_message("%d cases compared, %d off\n", compared, off);
    hn_strlist_free(&names);
    hn_chat_free(chat);
    hn_tokenizer_free(tok);
    hn_free(at);
    assert_true(compared > 0);
    assert_int_equal(off, 0);
}

static void test_fixtures(void **state) {
    (void)state;
    compare_all(FIXTURES "/sft", "", "tokenizer");
}

static void test_golden(void **state) {
    (void)state;
    const char *golden = getenv("HONE_GOLDEN");
    if (!golden) {
        print_message("SKIPPED: HONE_GOLDEN is not set, its trl/sft_* and clm_* cases are not compared\n");
        skip();
    }
    char *root = hn_path_join(golden, "trl");
    compare_all(root, "sft_", "base");
    compare_all(root, "clm_", "base");
    hn_free(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fixtures), cmocka_unit_test(test_golden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
