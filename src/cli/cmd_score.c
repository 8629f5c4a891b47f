/* cmd_score.c - hone score: log-probability of every row, one JSON object a line, in input order. */
#include <string.h>

#include "cli/cli.h"

typedef struct sink {
    const hn_score_opts *o;
    const hn_rows *rows;
    hn_buf line;
} sink;

static hn_status put_row(void *user, int64_t row, const double *logp, int64_t n, hn_error *err) {
    sink *s = user;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += logp[i];
    hn_buf_clear(&s->line);
    hn_buf_printf(&s->line, "{\"index\": %lld, \"logprob\": ", (long long)row);
    hn_json_write_num(&s->line, sum);
    hn_buf_printf(&s->line, ", \"num_tokens\": %lld", (long long)(s->rows->at[row + 1] - s->rows->at[row]));
    if (s->o->token_logprobs) {
        hn_buf_puts(&s->line, ", \"token_logprobs\": [");
        for (int64_t i = 0; i < n; i++) {
            if (i) hn_buf_puts(&s->line, ", ");
            hn_json_write_num(&s->line, logp[i]);
        }
        hn_buf_putc(&s->line, ']');
    }
    hn_buf_puts(&s->line, "}\n");
    if (s->line.failed) return hn_nomem(err, s->line.n);
    if (fwrite(s->line.p, 1, s->line.n, stdout) != s->line.n)
        return hn_fail_errno(err, HN_EIO, "cannot write to standard output");
    return HN_OK;
}

static int score(hn_cli *cli, hone_model *m, hone_tokenizer *tok) {
    const hone_config *c = cli->task;
    hone_dataset *d = NULL;
    hone_status st;
    if (c->score.text) {
        hn_buf row = {0};
        hn_buf_puts(&row, "{\"text\": ");
        hn_json_write_str(&row, c->score.text, strlen(c->score.text));
        hn_buf_putc(&row, '}');
        const char *rows[] = {row.p ? row.p : ""};
        st = hone_dataset_from_rows(cli->task, tok, rows, 1, &d);
        hn_buf_release(&row);
    } else {
        st = hone_dataset_load_for(cli->task, m, tok, "train", &d);
    }
    if (st != HONE_OK) return cli_fail_ctx(cli, st);
    sink s = {.o = &c->score, .rows = d->rows};
    hn_error err = {0};
    hn_status done = hn_score_rows(cli->ctx->dev, m->m, d->rows, c->score.batch, put_row, &s, &err);
    hn_buf_release(&s.line);
    hone_dataset_free(d);
    return done == HN_OK ? 0 : cli_fail(cli, &err);
}

static int run(hn_cli *cli) {
    hone_model *m;
    hone_tokenizer *tok;
    hn_error err = {0};
    if (cli->task->score.text && cli->task->data.dataset_name) {
        hn_fail(&err, HN_EARG, "both --text and --dataset_name are given");
        hn_error_fix(&err, "give one of --text TEXT and --dataset_name FILE");
        return cli_fail(cli, &err);
    }
    int status = cli_context(cli);
    if (status >= 0 || (status = cli_load(cli, false, &m, &tok)) >= 0) return status;
    status = score(cli, m, tok);
    hone_tokenizer_free(tok);
    hone_model_free(m);
    return status;
}

const hn_command hn_command_score = {
    .name = "score", .about = "log-probability of every row of a data set", .group = "Use",
    .usage = "hone score --model_name_or_path ./model --dataset_name rows.jsonl --token_logprobs", .task = "score", .run = run};
