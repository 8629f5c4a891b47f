/* cmd_generate.c - hone generate: text after one prompt, streamed, or JSON lines for every prompt of a file. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"

/* ---- one prompt: text to standard output as it comes */

static bool put_piece(const hn_gen_piece *p, void *user) {
    int *error = user; /* errno of a failed write */
    put_result(stdout, p->text.p, p->text.n);
    if (p->finish_reason) fputc('\n', stdout);
    if (fflush(stdout) != 0) *error = errno;
    return *error == 0;
}

/* ---- many samples: text is collected per (prompt, sample) and printed in input order */

typedef struct answer {
    hn_buf text;
    const char *finish_reason;
} answer;
typedef struct collect {
    answer *a;
    int64_t prompts, samples, printed;
    FILE *f;
    bool plain; /* text with a heading instead of JSON */
    bool failed;
} collect;

static void print_answer(collect *c, int64_t index, const answer *a) {
    int64_t prompt = index / c->samples, sample = index % c->samples;
    if (c->plain) {
        if (c->samples > 1) fprintf(c->f, "--- %lld\n", (long long)sample);
        put_result(c->f, a->text.p ? a->text.p : "", a->text.n);
        fputc('\n', c->f);
        return;
    }
    hn_buf line = {0};
    hn_buf_printf(&line, "{\"index\": %lld, \"sample\": %lld, \"text\": ", (long long)prompt, (long long)sample);
    hn_json_write_str(&line, a->text.p ? a->text.p : "", a->text.n);
    hn_buf_printf(&line, ", \"finish_reason\": \"%s\"}\n", a->finish_reason);
    c->failed = c->failed || line.failed || fwrite(line.p ? line.p : "", 1, line.n, c->f) != line.n;
    hn_buf_release(&line);
}

static bool gather(const hn_gen_piece *p, void *user) {
    collect *c = user;
    answer *a = &c->a[p->prompt * c->samples + p->sample];
    hn_buf_add(&a->text, p->text.p, p->text.n);
    if (a->text.failed) c->failed = true;
    if (p->finish_reason) a->finish_reason = p->finish_reason;
    while (!c->failed && c->printed < c->prompts * c->samples && c->a[c->printed].finish_reason) {
        print_answer(c, c->printed, &c->a[c->printed]);
        hn_buf_release(&c->a[c->printed].text);
        c->printed++;
    }
    return !c->failed;
}

static int run_many(hn_cli *cli, hone_model *m, hone_tokenizer *tok, const hn_gen_opts *o, const hn_gen_prompt *prompts,
                    int64_t n, bool plain) {
    const char *path = cli->task->gen.output_file;
    hn_error err = {0};
    collect c = {.prompts = n, .samples = o->samples, .f = stdout, .plain = plain};
    if (path && !(c.f = fopen(path, "wb"))) {
        hn_fail_errno(&err, HN_EIO, "cannot write '%s'", path);
        return cli_fail(cli, &err);
    }
    c.a = hn_calloc((size_t)(n * o->samples), sizeof *c.a);
    hn_status st = c.a ? hn_generate(cli->ctx->dev, m->m, tok->t, prompts, n, o, gather, &c, &err) : hn_nomem(&err, 1);
    for (int64_t i = 0; c.a && i < n * o->samples; i++) hn_buf_release(&c.a[i].text);
    hn_free(c.a);
    if (c.f != stdout && fclose(c.f) != 0) c.failed = true;
    if (c.failed) st = hn_fail(&err, HN_EIO, "cannot write the answers%s%s", path ? " to " : "", path ? path : "");
    return st == HN_OK ? 0 : cli_fail(cli, &err);
}

static int run_file(hn_cli *cli, hone_model *m, hone_tokenizer *tok, const hn_gen_opts *o) {
    hone_dataset *d = NULL;
    hn_error err = {0};
    hn_gen_prompt *prompts = NULL;
    hone_status st = hone_dataset_load(cli->task, tok, "train", &d);
    if (st != HONE_OK) return cli_fail_ctx(cli, st);
    int status;
    if (hn_prompts_of(d->rows, &prompts, &err) == HN_OK)
        status = run_many(cli, m, tok, o, prompts, d->rows->rows, false);
    else
        status = cli_fail(cli, &err);
    hn_free(prompts);
    hone_dataset_free(d);
    return status;
}

static int run_prompt(hn_cli *cli, hone_model *m, hone_tokenizer *tok, const hn_gen_opts *o) {
    const hn_generate_cli *g = &cli->task->gen;
    hn_error err = {0};
    hn_encoding e = {0};
    hn_buf text = {0};
    hn_utf8_repair(&text, g->prompt, strlen(g->prompt));
    unsigned flags = g->add_special_tokens ? HN_ENCODE_SPECIAL : 0;
    hn_status st = hn_tokenizer_encode(tok->t, (hn_str){text.p ? text.p : "", text.n}, flags, &e, &err);
    hn_buf_release(&text);
    hn_gen_prompt prompt = {e.id, (int64_t)e.n};
    int status = -1, error = 0;
    if (st == HN_OK && (o->samples > 1 || !g->stream))
        status = run_many(cli, m, tok, o, &prompt, 1, true);
    else if (st == HN_OK)
        st = hn_generate(cli->ctx->dev, m->m, tok->t, &prompt, 1, o, put_piece, &error, &err);
    hn_encoding_release(&e);
    if (status >= 0) return status;
    if (error) {
        errno = error;
        return cli_fail_output(cli);
    }
    return st == HN_OK ? 0 : cli_fail(cli, &err);
}

static int run(hn_cli *cli) {
    const hn_generate_cli *g = &cli->task->gen;
    hn_error err = {0};
    hone_model *m;
    hone_tokenizer *tok;
    if (!g->prompt == !cli->task->data.dataset_name) {
        hn_fail(&err, HN_EARG, g->prompt ? "both --prompt and --dataset_name are given" : "nothing to go on from");
        hn_error_fix(&err, "give one of --prompt TEXT and --dataset_name FILE");
        return cli_fail(cli, &err);
    }
    int status = cli_context(cli);
    if (status >= 0 || (status = cli_load(cli, true, &m, &tok)) >= 0) return status;
    hn_gen_opts o;
    if (hn_generate_settings(cli->task, m->m, &o, &err) != HN_OK)
        status = cli_fail(cli, &err);
    else
        status = g->prompt ? run_prompt(cli, m, tok, &o) : run_file(cli, m, tok, &o);
    hone_tokenizer_free(tok);
    hone_model_free(m);
    return status;
}

const hn_command hn_command_generate = {
    .name = "generate", .about = "write text after a prompt, or after every prompt of a file", .group = "Use",
    .usage = "hone generate --model_name_or_path ./model --prompt \"Once upon a time\"\n"
             "hone generate --model_name_or_path ./model --dataset_name prompts.jsonl --temperature 0.7 --num_return_sequences 4",
    .task = "generate", .run = run};
