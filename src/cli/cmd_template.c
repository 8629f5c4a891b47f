/* cmd_template.c - hone template: conversations through a chat template, one JSON object a line in, one JSON string a line out.
 *
 * Every line in gives one line out: {"error": text, "row": number} where the line is broken or the template raises, and for every
 * line where the template itself does not parse. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

typedef struct opts {
    char *tokenizer_name, *chat_template_path, *chat_template_kwargs, *input_file, *bos_token, *eos_token, *pad_token, *unk_token;
    bool add_generation_prompt, spans;
} opts;

#define AT(field) offsetof(opts, field)
#define TEXT(name, help, common) {#name, help, HN_OPT_STR, AT(name), NULL, 0, 0, NULL, "Template", NULL, common}
static const hn_opt table[] = {
    {"tokenizer_name", "folder whose chat template and special tokens are used", HN_OPT_STR, AT(tokenizer_name), NULL, 0, 0, NULL,
     "Template", "tokenizer_name_or_path|model_name_or_path", HN_OPT_COMMON},
    TEXT(chat_template_path, "a .jinja file, or a folder with one, instead of the tokenizer's", HN_OPT_COMMON),
    TEXT(chat_template_kwargs, "variables for the template as a JSON object; a row's own win", HN_OPT_COMMON),
    {"add_generation_prompt", "end with the start of an answer; a row's own wins", HN_OPT_BOOL, AT(add_generation_prompt),
     "false", 0, 0, NULL, "Template", NULL, HN_OPT_COMMON},
    {"spans", "answer objects with \"text\" and \"spans\", the byte ranges that the assistant wrote", HN_OPT_BOOL, AT(spans),
     "false", 0, 0, NULL, "Template", NULL, HN_OPT_COMMON},
    {"input_file", "read lines from this file instead of standard input", HN_OPT_STR, AT(input_file), NULL, 0, 0, NULL,
     "Template", NULL, HN_OPT_COMMON | HN_OPT_NULLABLE},
    TEXT(bos_token, "bos_token of the template instead of the tokenizer's", 0),
    TEXT(eos_token, "eos_token of the template instead of the tokenizer's", 0),
    TEXT(pad_token, "pad_token of the template instead of the tokenizer's", 0),
    TEXT(unk_token, "unk_token of the template instead of the tokenizer's", 0),
    {0}};
#undef TEXT
#undef AT

enum { LONGEST_LINE = 256 << 20 };

typedef struct work {
    const opts *o;
    hn_chat *chat;       /* NULL: it does not parse; broken says why */
    hn_error broken;
    const char *name;
    hn_rendered r;
    hn_buf line, out;
    char block[65536];   /* read from the input and not used yet: [at, end) */
    size_t at, end;
} work;

/* The next line without its end, however long; of one longer than allowed only the beginning is kept. False: the end. */
static bool next_line(work *w, FILE *in, bool *too_long) {
    bool any = false;
    *too_long = false;
    hn_buf_clear(&w->line);
    for (;;) {
        if (w->at == w->end) {
            w->at = 0;
            w->end = fread(w->block, 1, sizeof w->block, in);
            if (w->end == 0) return any;
        }
        const char *from = w->block + w->at, *stop = memchr(from, '\n', w->end - w->at);
        size_t n = stop ? (size_t)(stop - from) : w->end - w->at;
        any = true;
        if (w->line.n + n > LONGEST_LINE) *too_long = true;
        else if (!*too_long) hn_buf_add(&w->line, from, n);
        w->at += n + (stop != NULL);
        if (stop) return true;
    }
}

static void put_error(work *w, const hn_error *err, int64_t row) {
    hn_buf text = {0};
    hn_utf8_repair(&text, err->msg, strlen(err->msg)); /* a long message may be cut inside a character */
    hn_buf_puts(&w->out, "{\"error\": ");
    hn_json_write_str(&w->out, text.p ? text.p : "", text.n);
    hn_buf_printf(&w->out, ", \"row\": %lld}\n", (long long)row);
    hn_buf_release(&text);
}

static void put_answer(work *w) {
    if (!w->o->spans) {
        hn_json_write_str(&w->out, w->r.text.p, w->r.text.n);
        hn_buf_putc(&w->out, '\n');
        return;
    }
    hn_buf_puts(&w->out, "{\"text\": ");
    hn_json_write_str(&w->out, w->r.text.p, w->r.text.n);
    hn_buf_puts(&w->out, ", \"spans\": [");
    for (size_t i = 0; i < w->r.spans; i++)
        hn_buf_printf(&w->out, "%s[%zu, %zu]", i ? ", " : "", w->r.span[i].begin, w->r.span[i].end);
    hn_buf_puts(&w->out, "]}\n");
}

static hn_status render_line(work *w, int64_t row, bool too_long, hn_error *err) {
    hn_json *j = NULL;
    if (!w->chat) {
        *err = w->broken;
        return HN_EFORMAT;
    }
    if (too_long)
        return hn_fail(err, HN_EFORMAT, "%s:%lld: a line of more than %d MiB", w->name, (long long)row, LONGEST_LINE >> 20);
    if (w->line.failed) return hn_nomem(err, w->line.n);
    HN_TRY(hn_json_parse(w->line.p ? w->line.p : "", w->line.n, w->name, row, &j, err));
    hn_status st = HN_OK;
    if (hn_json_type(j) != HN_JSON_OBJECT)
        st = hn_fail(err, HN_EFORMAT, "%s:%lld: expected an object with \"messages\"", w->name, (long long)row);
    else if (!hn_json_has(j, "messages"))
        st = hn_fail(err, HN_EFORMAT, "%s:%lld: \"messages\" is missing", w->name, (long long)row);
    hn_chat_in in = {.messages = hn_json_get(j, "messages"),
                     .tools = hn_json_get(j, "tools"),
                     .documents = hn_json_get(j, "documents"),
                     .kwargs = hn_json_get(j, "chat_template_kwargs"),
                     .spans = w->o->spans,
                     .generation_prompt = hn_json_bool(hn_json_get(j, "add_generation_prompt"), w->o->add_generation_prompt)};
    if (st == HN_OK) st = hn_chat_render(w->chat, &in, &w->r, err);
    hn_json_free(j);
    return st;
}

static hn_status all_lines(work *w, FILE *in, hn_error *err) {
    bool too_long;
    for (int64_t row = 1; next_line(w, in, &too_long); row++) {
        hn_error wrong = {0};
        hn_buf_clear(&w->out);
        if (render_line(w, row, too_long, &wrong) == HN_OK) put_answer(w);
        else put_error(w, &wrong, row);
        if (w->out.failed) return hn_nomem(err, w->out.n);
        if (fwrite(w->out.p, 1, w->out.n, stdout) != w->out.n)
            return hn_fail_errno(err, HN_EIO, "cannot write to standard output");
    }
    return ferror(in) ? hn_fail_errno(err, HN_EIO, "cannot read '%s'", w->name) : HN_OK;
}

static hn_status open_chat(work *w, hn_error *err) {
    const opts *o = w->o;
    hn_tokenizer *tok = NULL;
    hn_json *kwargs = NULL;
    hn_chat_opts c = {.template_path = o->chat_template_path, .token = {o->bos_token, o->eos_token, o->pad_token, o->unk_token}};
    hn_status st = HN_OK;
    if (o->chat_template_kwargs) {
        const char *text = o->chat_template_kwargs;
        st = hn_json_parse(text, strlen(text), "--chat_template_kwargs", 1, &kwargs, err);
        if (st == HN_OK && hn_json_type(kwargs) != HN_JSON_OBJECT)
            st = hn_fail(err, HN_EARG, "--chat_template_kwargs is no JSON object");
        c.kwargs = kwargs;
    }
    if (st == HN_OK && o->tokenizer_name) st = hn_tokenizer_load(o->tokenizer_name, &tok, err);
    if (st == HN_OK) {
        st = hn_chat_open(tok, &c, &w->chat, &w->broken);
        if (st == HN_EFORMAT) st = HN_OK; /* then every line says so */
        else if (st != HN_OK) *err = w->broken;
    }
    hn_tokenizer_free(tok);
    hn_json_free(kwargs);
    return st;
}

static int run(hn_cli *cli) {
    const opts *o = cli->own;
    hn_error err = {0};
    if (!o->tokenizer_name && !o->chat_template_path) {
        hn_fail(&err, HN_EARG, "neither --tokenizer_name nor --chat_template_path is given");
        hn_error_fix(&err, "name a model folder with --tokenizer_name, or a .jinja file with --chat_template_path");
        return cli_fail(cli, &err);
    }
    work *w = hn_calloc(1, sizeof *w);
    if (!w) {
        hn_nomem(&err, sizeof *w);
        return cli_fail(cli, &err);
    }
    w->o = o;
    w->name = o->input_file ? o->input_file : "standard input";
    FILE *in = o->input_file ? fopen(o->input_file, "rb") : stdin;
    hn_status st = in ? open_chat(w, &err) : hn_fail_errno(&err, HN_ENOENT, "cannot open '%s'", o->input_file);
    if (st == HN_OK) st = all_lines(w, in, &err);
    if (in && in != stdin) fclose(in);
    hn_chat_free(w->chat);
    hn_rendered_release(&w->r);
    hn_buf_release(&w->line);
    hn_buf_release(&w->out);
    hn_free(w);
    return st == HN_OK ? 0 : cli_fail(cli, &err);
}

const hn_command hn_command_template = {.name = "template",
                                        .about = "conversations as the chat template renders them",
                                        .group = "Look",
                                        .usage = "hone template --tokenizer_name ./model < chats.jsonl\n"
                                                 "echo '{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}' | hone "
                                                 "template --chat_template_path t.jinja --add_generation_prompt",
                                        .table = table,
                                        .size = sizeof(opts),
                                        .run = run};
