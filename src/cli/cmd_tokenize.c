/* cmd_tokenize.c - hone tokenize: a line of ids for every line of text, or back.
 *
 * Raw lines that are not UTF-8 are repaired as Python's errors="replace" does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

typedef struct opts {
    char *tokenizer_name, *input_file, *output_dir;
    hn_strlist add_tokens, new_special_tokens;
    double bpe_dropout;
    int64_t seed;
    bool jsonl, decode, add_special_tokens, split_special_tokens, skip_special_tokens;
} opts;

#define AT(field) offsetof(opts, field)
static const hn_opt table[] = {
    {"tokenizer_name", "folder, or tokenizer.json, tokenizer.model, vocab.txt, vocab.json, .gguf", HN_OPT_STR, AT(tokenizer_name),
     NULL, 0, 0, NULL, "Tokenizer", "tokenizer_name_or_path|model_name_or_path", HN_OPT_COMMON},
    {"input_file", "read lines from this file instead of standard input", HN_OPT_STR, AT(input_file), NULL, 0, 0, NULL,
     "Tokenizer", NULL, HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"jsonl", "lines are JSON strings or objects with \"text\"; answers are JSON arrays", HN_OPT_BOOL, AT(jsonl), "false", 0, 0,
     NULL, "Tokenizer", NULL, HN_OPT_COMMON},
    {"add_special_tokens", "let the post-processor add its special tokens", HN_OPT_BOOL, AT(add_special_tokens), "true", 0, 0,
     NULL, "Tokenizer", NULL, HN_OPT_COMMON},
    {"split_special_tokens", "special tokens written in the text are plain text", HN_OPT_BOOL, AT(split_special_tokens), "false",
     0, 0, NULL, "Tokenizer", NULL, HN_OPT_COMMON},
    {"output_dir", "write the tokenizer there, for hone and transformers to load, instead of reading lines", HN_OPT_STR,
     AT(output_dir), NULL, 0, 0, NULL, "Tokenizer", NULL, HN_OPT_COMMON},
    {"add_tokens", "more tokens", HN_OPT_LIST, AT(add_tokens), NULL, 0, 0, NULL, "Tokenizer", NULL, 0},
    {"new_special_tokens", "more special tokens", HN_OPT_LIST, AT(new_special_tokens), NULL, 0, 0, NULL, "Tokenizer", NULL, 0},
    {"bpe_dropout", "leave out each merge with this probability", HN_OPT_FLOAT, AT(bpe_dropout), "0", 0, 1, NULL, "Tokenizer",
     NULL, 0},
    {"seed", "of --bpe_dropout", HN_OPT_INT, AT(seed), "42", 0, 9e18, NULL, "Tokenizer", NULL, 0},
    {"decode", "lines are ids; answers are texts (JSON strings with --jsonl)", HN_OPT_BOOL, AT(decode), "false", 0, 0, NULL,
     "Tokenizer", NULL, HN_OPT_COMMON},
    {"skip_special_tokens", "leave special tokens out of decoded text", HN_OPT_BOOL, AT(skip_special_tokens), "false", 0, 0, NULL,
     "Tokenizer", NULL, HN_OPT_COMMON},
    {0}};
#undef AT

typedef struct work {
    const opts *o;
    hn_tokenizer *t;
    const char *name;
    hn_encoding ids;
    hn_buf text, out;
    int32_t *list;
    size_t count, cap;
} work;

static hn_status add_id(work *w, int64_t id, hn_error *err) {
    if (w->count == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 256;
        int32_t *grown = hn_realloc_array(w->list, cap, sizeof *grown);
        if (!grown) return hn_nomem(err, cap * sizeof *grown);
        w->list = grown;
        w->cap = cap;
    }
    w->list[w->count++] = (int32_t)id;
    return HN_OK;
}

static hn_status read_ids(work *w, const char *p, size_t n, int64_t line, hn_error *err) {
    w->count = 0;
    if (w->o->jsonl) {
        hn_json *j = NULL;
        HN_TRY(hn_json_parse(p, n, w->name, line, &j, err));
        hn_status st = hn_json_type(j) == HN_JSON_ARRAY
                           ? HN_OK
                           : hn_fail(err, HN_EFORMAT, "%s:%lld: expected an array of ids", w->name, (long long)line);
        for (size_t i = 0; st == HN_OK && i < hn_json_len(j); i++) st = add_id(w, hn_json_int(hn_json_at(j, i), -1), err);
        hn_json_free(j);
        return st;
    }
    const char *end = p + n;
    while (p < end) {
        char *after = NULL;
        if (*p == ' ' || *p == '\t' || *p == '\r') {
            p++;
            continue;
        }
        errno = 0;
        long id = strtol(p, &after, 10);
        if (after == p || errno || id < 0 || id > INT32_MAX)
            return hn_fail(err, HN_EFORMAT, "%s:%lld: '%.20s' is no token id", w->name, (long long)line, p);
        HN_TRY(add_id(w, id, err));
        p = after;
    }
    return HN_OK;
}

static hn_status decode_line(work *w, const char *p, size_t n, int64_t line, hn_error *err) {
    HN_TRY(read_ids(w, p, n, line, err));
    hn_buf_clear(&w->text);
    HN_TRY(hn_tokenizer_decode(w->t, w->list, w->count, w->o->skip_special_tokens, &w->text, err));
    if (w->o->jsonl)
        hn_json_write_str(&w->out, w->text.p ? w->text.p : "", w->text.n);
    else
        hn_buf_add(&w->out, w->text.p ? w->text.p : "", w->text.n);
    return HN_OK;
}

static hn_status encode_text(work *w, hn_str text, hn_error *err) {
    unsigned flags =
        (w->o->add_special_tokens ? HN_ENCODE_SPECIAL : 0) | (w->o->split_special_tokens ? HN_ENCODE_SPLIT_SPECIAL : 0);
    HN_TRY(hn_tokenizer_encode(w->t, text, flags, &w->ids, err));
    if (w->o->jsonl) hn_buf_putc(&w->out, '[');
    for (size_t i = 0; i < w->ids.n; i++) hn_buf_printf(&w->out, "%s%d", i == 0 ? "" : w->o->jsonl ? ", " : " ", w->ids.id[i]);
    if (w->o->jsonl) hn_buf_putc(&w->out, ']');
    return HN_OK;
}

static hn_status encode_line(work *w, const char *p, size_t n, int64_t line, hn_error *err) {
    if (!w->o->jsonl) {
        hn_buf_clear(&w->text);
        hn_utf8_repair(&w->text, p, n);
        return encode_text(w, (hn_str){w->text.p ? w->text.p : "", w->text.n}, err);
    }
    hn_json *j = NULL;
    hn_str text;
    HN_TRY(hn_json_parse(p, n, w->name, line, &j, err));
    hn_json *value = hn_json_type(j) == HN_JSON_OBJECT ? hn_json_get(j, "text") : j;
    hn_status st;
    if (hn_json_text(value, &text))
        st = encode_text(w, text, err);
    else
        st = hn_fail(err, HN_EFORMAT, "%s:%lld: expected a string, or an object with \"text\"", w->name, (long long)line);
    hn_json_free(j);
    return st;
}

static hn_status all_lines(work *w, FILE *in, hn_error *err) {
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    hn_status st = HN_OK;
    for (int64_t number = 1; st == HN_OK && (n = getline(&line, &cap, in)) >= 0; number++) {
        size_t len = (size_t)n;
        if (len && line[len - 1] == '\n') len--;
        st = w->o->decode ? decode_line(w, line, len, number, err) : encode_line(w, line, len, number, err);
        hn_buf_putc(&w->out, '\n');
        if (st == HN_OK && w->out.failed) st = hn_nomem(err, w->out.n);
        if (st == HN_OK && !put_result(stdout, w->out.p, w->out.n))
            st = hn_fail_errno(err, HN_EIO, "cannot write to standard output");
        hn_buf_clear(&w->out);
    }
    if (st == HN_OK && ferror(in)) st = hn_fail_errno(err, HN_EIO, "cannot read '%s'", w->name);
    free(line); /* getline's own memory */
    return st;
}

static hn_status save(const work *w, hn_error *err) {
    HN_TRY(hn_dir_make(w->o->output_dir, err));
    HN_TRY(hn_tokenizer_save(w->t, w->o->output_dir, NULL, err));
    printf("%s: %d tokens\n", w->o->output_dir, (int)hn_tokenizer_size(w->t));
    return HN_OK;
}

static hn_status change(work *w, hn_error *err) {
    const opts *o = w->o;
    HN_TRY(hn_tokenizer_add(w->t, (const char *const *)o->add_tokens.v, o->add_tokens.n, false, NULL, err));
    HN_TRY(hn_tokenizer_add(w->t, (const char *const *)o->new_special_tokens.v, o->new_special_tokens.n, true, NULL, err));
    return o->bpe_dropout > 0 ? hn_tokenizer_set_dropout(w->t, o->bpe_dropout, (uint64_t)o->seed, err) : HN_OK;
}

static void print_warning(hn_log_level level, const char *text, void *user) {
    (void)user;
    if (level >= HN_LOG_WARN) put_line(stderr, "warning: %s\n", text);
}

static int run(hn_cli *cli) {
    const opts *o = cli->own;
    hn_error err = {0};
    work w = {.o = o, .name = o->input_file ? o->input_file : "standard input"};
    if (!o->tokenizer_name) {
        hn_fail(&err, HN_EARG, "--tokenizer_name is missing");
        hn_error_fix(&err, "name a model folder, or the file of its vocabulary");
        return cli_fail(cli, &err);
    }
    hn_log_set(print_warning, NULL);
    FILE *in = o->input_file ? fopen(o->input_file, "rb") : stdin;
    hn_status st = in ? HN_OK : hn_fail_errno(&err, HN_ENOENT, "cannot open '%s'", o->input_file);
    if (st == HN_OK) st = hn_tokenizer_load(o->tokenizer_name, &w.t, &err);
    if (st == HN_OK) st = change(&w, &err);
    if (st == HN_OK) st = o->output_dir ? save(&w, &err) : all_lines(&w, in, &err);
    if (in && in != stdin) fclose(in);
    hn_tokenizer_free(w.t);
    hn_encoding_release(&w.ids);
    hn_buf_release(&w.text);
    hn_buf_release(&w.out);
    hn_free(w.list);
    return st == HN_OK ? 0 : cli_fail(cli, &err);
}

const hn_command hn_command_tokenize = {
    .name = "tokenize",
    .about = "token ids of every line, or text from ids",
    .group = "Look",
    .usage =
        "hone tokenize --tokenizer_name ./model < lines.txt\necho '1 410 38' | hone tokenize --tokenizer_name ./model --decode",
    .table = table,
    .size = sizeof(opts),
    .run = run};
