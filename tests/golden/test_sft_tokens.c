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
static hn_buf uncovered;

static hn_json *load(const char *dir, const char *name) {
    char *path = hn_path_join(dir, name);
    hn_json *j;
    hn_error e = {0};
    if (hn_json_load(path, &j, &e) != HN_OK) fail_msg("%s", e.msg);
    hn_free(path);
    return j;
}

/* Why a case is not for this test; NULL: it is. */
static const char *beyond(const char *dir, const hn_json *flags) {
    if (hn_json_bool(hn_json_get(flags, "assistant_only_loss"), false)) return "assistant_only";
    char *path = hn_path_join(dir, "train.jsonl");
    hn_records *r;
    hn_json *first;
    int64_t line;
    assert_int_equal(hn_records_open(path, &r, NULL), HN_OK);
    assert_int_equal(hn_records_next(r, &first, &line, NULL), HN_OK);
    bool messages = hn_json_has(first, "messages");
    hn_json_free(first);
    hn_records_close(r);
    hn_free(path);
    return messages ? "messages" : NULL;
}

static hn_encode_opts options(const hn_json *flags) {
    hn_encode_opts o;
    hn_encode_defaults(&o);
    o.max_length = hn_json_int(hn_json_get(flags, "max_length"), HN_UNSET_INT);
    o.keep_end = hn_streq(hn_json_cstr(hn_json_get(flags, "truncation_mode")), "keep_end");
    if (hn_json_has(flags, "completion_only_loss"))
        o.completion_only = hn_json_bool(hn_json_get(flags, "completion_only_loss"), false);
    const char *how = hn_json_cstr(hn_json_get(flags, "packing_strategy"));
    if (hn_json_bool(hn_json_get(flags, "packing"), false))
        o.packing = hn_streq(how, "wrapped") ? HN_PACK_WRAPPED : hn_streq(how, "bfd_split") ? HN_PACK_BFD_SPLIT : HN_PACK_BFD;
    const char *field = hn_json_cstr(hn_json_get(flags, "dataset_text_field"));
    if (field) o.convert.text_field = field;
    return o;
}

/* Compares one row with {"input_ids", "labels"}; where they differ: the place, else -1. */
static int64_t differs(const hn_rows *rows, int64_t i, const hn_json *want) {
    const hn_json *ids = hn_json_get(want, "input_ids"), *labels = hn_json_get(want, "labels");
    int64_t n = rows->at[i + 1] - rows->at[i], m = (int64_t)hn_json_len(ids);
    for (int64_t k = 0; k < n && k < m; k++) {
        int64_t at = rows->at[i] + k, id = hn_json_int(hn_json_at(ids, (size_t)k), -1);
        int64_t label = labels ? hn_json_int(hn_json_at(labels, (size_t)k), 0) : id;
        if (rows->ids[at] != id) return k;
        if (k == 0) continue; /* never a target, whatever its label */
        if (rows->loss[at] != (label != -100)) return k;
        if (label != -100 && (rows->label ? rows->label[at] : rows->ids[at]) != label) return k;
    }
    return n == m ? -1 : n < m ? n : m;
}

static void compare(const char *dir, const char *name, const hn_tokenizer *tok) {
    hn_json *args = load(dir, "args.json");
    const hn_json *flags = hn_json_get(args, "flags");
    const char *why = beyond(dir, flags);
    if (why) {
        hn_buf_printf(&uncovered, " %s (%s)", name, why);
        hn_json_free(args);
        return;
    }
    hn_encode_opts o = options(flags);
    char *train = hn_path_join(dir, "train.jsonl"), *tokens = hn_path_join(dir, "tokens.jsonl");
    hn_strlist files = {&train, 1};
    hn_rows *rows;
    hn_records *r;
    hn_error e = {0};
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
    hn_free(train);
    hn_free(tokens);
    hn_json_free(args);
}

static void compare_all(const char *root, const char *prefix, const char *tokenizer) {
    char *at = hn_path_join(root, tokenizer);
    hn_tokenizer *tok;
    hn_error e = {0};
    if (hn_tokenizer_load(at, &tok, &e) != HN_OK) fail_msg("%s", e.msg);
    hn_strlist names = {0};
    if (hn_dir_list(root, &names, &e) != HN_OK) fail_msg("%s", e.msg);
    compared = off = 0;
    for (size_t i = 0; i < names.n; i++) {
        char *dir = hn_path_join(root, names.v[i]), *args = hn_path_join(dir, "args.json");
        if (strncmp(names.v[i], prefix, strlen(prefix)) == 0 && hn_path_exists(args)) compare(dir, names.v[i], tok);
        hn_free(dir);
        hn_free(args);
    }
    print_message("%d cases compared, %d off; not yet covered:%s\n", compared, off, uncovered.n ? uncovered.p : " none");
    hn_buf_release(&uncovered);
    hn_strlist_free(&names);
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
