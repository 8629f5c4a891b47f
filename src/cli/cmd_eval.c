/* cmd_eval.c - hone eval: one JSON object; gates set the exit status to 4. */
#include <string.h>

#include "cli/cli.h"

static hn_status gates(const hn_eval_opts *o, const hn_json *j, hn_error *err) {
    double loss = hn_json_num(hn_json_get(j, "loss"), 0), accuracy = hn_json_num(hn_json_get(j, "mean_token_accuracy"), 0);
    if (loss > o->max_loss) return hn_fail(err, HN_EGATE, "loss %.6g is above --max_loss %g", loss, o->max_loss);
    if (accuracy < o->min_accuracy)
        return hn_fail(err, HN_EGATE, "token accuracy %.6g is below --min_accuracy %g", accuracy, o->min_accuracy);
    return HN_OK;
}

static int evaluate(hn_cli *cli, hone_model *m, hone_tokenizer *tok, const hone_dataset *d) {
    const hn_eval_opts *o = &cli->task->eval;
    hn_error err = {0};
    hn_json *j = NULL;
    hn_status st = hn_evaluate(cli->ctx->dev, m->m, d->rows, o->batch, &j, &err);
    if (st == HN_OK && o->exact_match) {
        int64_t equal = 0;
        st = tok ? hn_exact_match(cli->ctx, m->m, tok->t, d->rows, o->max_new_tokens, &equal, &err)
                 : hn_fail(&err, HN_EARG, "--exact_match needs a tokenizer");
        if (st == HN_OK) hn_json_set_num(j, "exact_match", (double)equal / (double)d->rows->rows);
    }
    if (st == HN_OK) {
        hn_buf b = {0};
        hn_json_write(&b, j, 0);
        if (b.p) puts(b.p);
        hn_buf_release(&b);
        st = gates(o, j, &err);
    }
    hn_json_free(j);
    return st == HN_OK ? 0 : cli_fail(cli, &err);
}

static int run(hn_cli *cli) {
    hone_model *m;
    hone_tokenizer *tok;
    hone_dataset *d = NULL;
    int status = cli_context(cli);
    if (status >= 0 || (status = cli_load(cli, false, &m, &tok)) >= 0) return status;
    hone_status st = hone_dataset_load_for(cli->task, m, tok, "eval", &d);
    if (st == HONE_OK && !d) { /* a file, or a folder with a training split only */
        hn_data_opts *data = &cli->task->data;
        if (data->max_eval_samples != HN_UNSET_INT) data->max_train_samples = data->max_eval_samples;
        st = hone_dataset_load_for(cli->task, m, tok, "train", &d);
    }
    status = st == HONE_OK ? evaluate(cli, m, tok, d) : cli_fail_ctx(cli, st);
    hone_dataset_free(d);
    hone_tokenizer_free(tok);
    hone_model_free(m);
    return status;
}

const hn_command hn_command_eval = {
    .name = "eval", .about = "loss, perplexity and token accuracy on a data set", .group = "Use",
    .usage = "hone eval --model_name_or_path ./model --dataset_name held_out.jsonl\n"
             "hone eval --model_name_or_path ./model --dataset_name held_out.jsonl --exact_match --min_accuracy 0.5",
    .task = "eval", .run = run};
