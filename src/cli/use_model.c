/* use_model.c - the model and tokenizer that the settings name, for commands that use a model. */
#include "cli/cli.h"

int cli_load(hn_cli *cli, bool need_tokenizer, hone_model **m, hone_tokenizer **tok) {
    *m = NULL;
    *tok = NULL;
    const hn_model_opts *o = &cli->task->model;
    hn_error err = {0};
    if (!o->model_name_or_path) {
        hn_fail(&err, HN_EARG, "--model_name_or_path is missing");
        hn_error_fix(&err, "name a model folder, or org/name of the local hub cache, with --model_name_or_path");
        return cli_fail(cli, &err);
    }
    hone_load_opts load = {.struct_size = sizeof load, .revision = o->model_revision, .read_only = true};
    hone_status st = hone_model_load(cli->ctx, o->model_name_or_path, &load, m);
    if (st == HONE_OK) st = hone_load_tokenizer(cli->task, *m, tok);
    if (st == HONE_OK && *tok) {
        hn_status fits = hn_model_check_vocab((*m)->m, hn_tokenizer_size((*tok)->t), &err);
        if (fits != HN_OK) st = hone_keep(cli->ctx, fits, &err);
    }
    if (st == HONE_OK && !*tok && need_tokenizer) {
        hn_fail(&err, HN_ENOENT, "'%s' holds no tokenizer.json", o->model_name_or_path);
        hn_error_fix(&err, "name one with --tokenizer_name");
        st = hone_keep(cli->ctx, HN_ENOENT, &err);
    }
    if (st == HONE_OK) return -1;
    int status = cli_fail_ctx(cli, st);
    hone_tokenizer_free(*tok);
    hone_model_free(*m);
    *m = NULL;
    *tok = NULL;
    return status;
}
