/* cmd_toy.c - hone toy: a small world made by rule, with a tokenizer and a model config, for the demo and for teaching.
 *
 * The world: people own coloured things in places. Everything that can be asked follows from the facts a row states, so
 * the right answer of every instruction is known, and held-out instructions are new combinations of known words.
 * Files: text.jsonl (language), train.jsonl and test.jsonl (prompt, completion), tokenizer.json, config.json. */
#include <string.h>

#include "cli/cli.h"
#include "cli/toy.h"

typedef struct opts {
    char *output_dir;
    int64_t texts, instructions, held_out, seed;
} opts;

#define AT(field) offsetof(opts, field)
static const hn_opt table[] = {
    {"output_dir", "folder to write", HN_OPT_STR, AT(output_dir), "toy", 0, 0, NULL, "Toy world", NULL, HN_OPT_COMMON},
    {"texts", "rows of plain text", HN_OPT_INT, AT(texts), "6000", 1, 1e7, NULL, "Toy world", NULL, HN_OPT_COMMON},
    {"instructions", "instructions to train on", HN_OPT_INT, AT(instructions), "2400", 1, 1e7, NULL, "Toy world", NULL,
     HN_OPT_COMMON},
    {"held_out", "instructions that are kept for the test", HN_OPT_INT, AT(held_out), "200", 1, 1e6, NULL, "Toy world", NULL,
     HN_OPT_COMMON},
    {"seed", "same seed, same world", HN_OPT_INT, AT(seed), "42", 0, 9e18, NULL, "Toy world", NULL, HN_OPT_COMMON},
    {0}};
#undef AT

typedef void row_fn(hn_buf *out, const hn_rng_key *key, int64_t i);

static hn_status write_rows(const char *dir, const char *name, int64_t n, uint64_t seed, uint32_t site, row_fn *row,
                            hn_error *err) {
    hn_buf b = {0};
    hn_rng_key key = {seed, HN_RNG_SHUFFLE, site, 0};
    for (int64_t i = 0; i < n; i++) {
        key.step = (uint64_t)i;
        row(&b, &key, i);
    }
    char *path = hn_path_join(dir, name);
    hn_status st = b.failed || !path ? hn_nomem(err, b.n) : hn_file_write(path, b.p, b.n, err);
    hn_free(path);
    hn_buf_release(&b);
    return st;
}

static hn_status write_text(const char *dir, const char *name, void (*fill)(hn_buf *), hn_error *err) {
    hn_buf b = {0};
    fill(&b);
    char *path = hn_path_join(dir, name);
    hn_status st = b.failed || !path ? hn_nomem(err, b.n) : hn_file_write(path, b.p, b.n, err);
    hn_free(path);
    hn_buf_release(&b);
    return st;
}

static int run(hn_cli *cli) {
    const opts *o = cli->own;
    hn_error err = {0};
    uint64_t seed = (uint64_t)o->seed;
    hn_status st = hn_dir_make(o->output_dir, &err);
    if (st == HN_OK) st = write_rows(o->output_dir, "text.jsonl", o->texts, seed, 1, toy_text_row, &err);
    if (st == HN_OK) st = write_rows(o->output_dir, "train.jsonl", o->instructions, seed, 2, toy_train_row, &err);
    if (st == HN_OK) st = write_rows(o->output_dir, "test.jsonl", o->held_out, seed, 3, toy_test_row, &err);
    if (st == HN_OK) st = write_text(o->output_dir, "tokenizer.json", toy_tokenizer, &err);
    if (st == HN_OK) st = write_text(o->output_dir, "tokenizer_config.json", toy_tokenizer_config, &err);
    if (st == HN_OK) st = write_text(o->output_dir, "config.json", toy_model_config, &err);
    if (st != HN_OK) return cli_fail(cli, &err);
    printf("%s: %lld texts, %lld instructions, %lld held out, tokenizer, model config\n", o->output_dir, (long long)o->texts,
           (long long)o->instructions, (long long)o->held_out);
    return 0;
}

const hn_command hn_command_toy = {
    .name = "toy", .about = "write a small world made by rule: text, instructions, tokenizer, config", .group = "Look",
    .usage = "hone toy --output_dir toy", .table = table, .size = sizeof(opts), .run = run};
