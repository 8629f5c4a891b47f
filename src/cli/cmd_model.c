/* cmd_model.c - hone model inspect: what is in a model folder and what training it takes. */
#include <string.h>

#include "cli/cli.h"

typedef struct opts {
    char *model_name_or_path, *model_revision;
    bool json, tensors;
} opts;

#define AT(field) offsetof(opts, field)
static const hn_opt table[] = {
    {"model_name_or_path", "model folder, or org/name in the local hub cache", HN_OPT_STR, AT(model_name_or_path), NULL, 0, 0,
     NULL, "Model", "model", HN_OPT_COMMON},
    {"model_revision", "branch, tag or commit of a name in the hub cache", HN_OPT_STR, AT(model_revision), "main", 0, 0, NULL,
     "Model", NULL, 0},
    {"tensors", "list every tensor", HN_OPT_BOOL, AT(tensors), "true", 0, 0, NULL, "Model", NULL, HN_OPT_COMMON},
    {"json", "one JSON object", HN_OPT_BOOL, AT(json), "false", 0, 0, NULL, "Model", NULL, HN_OPT_COMMON},
    {0}};
#undef AT

static void show_tensors(const hn_json *list) {
    printf("\ntensors\n");
    for (size_t i = 0; i < hn_json_len(list); i++) {
        const hn_json *row = hn_json_at(list, i), *shape = hn_json_get(row, "shape");
        put_line(stdout, "  %-60s [", hn_json_cstr(hn_json_get(row, "name")));
        for (size_t d = 0; d < hn_json_len(shape); d++)
            printf("%s%lld", d ? ", " : "", (long long)hn_json_int(hn_json_at(shape, d), 0));
        printf("]%s\n", hn_json_bool(hn_json_get(row, "weight_decay"), true) ? "" : "  no decay");
    }
}

static void show(const hn_json *j, bool tensors) {
    static const char *const keys[] = {"folder",
                                       "architecture",
                                       "family",
                                       "file_dtype",
                                       "parameters",
                                       "vocab_size",
                                       "hidden_size",
                                       "num_hidden_layers",
                                       "num_attention_heads",
                                       "num_key_value_heads",
                                       "head_dim",
                                       "intermediate_size",
                                       "max_position_embeddings",
                                       "tied_head"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const hn_json *v = hn_json_get(j, keys[i]);
        hn_buf b = {0};
        hn_json_write(&b, v, 0);
        const char *s = hn_json_cstr(v);
        put_line(stdout, "%-26s %s\n", keys[i], s ? s : b.p ? b.p : "");
        hn_buf_release(&b);
    }
    printf("\nmemory to train in float32\n");
    hn_json_iter it;
    char bytes[32];
    for (bool more = hn_json_first(hn_json_get(j, "bytes_to_train"), &it); more; more = hn_json_next(&it)) {
        human_bytes((uint64_t)hn_json_int(it.value, 0), bytes);
        printf("  %-40s %s\n", it.key, bytes);
    }
    if (tensors) show_tensors(hn_json_get(j, "tensors"));
}

static int inspect(hn_cli *cli, const char *name) {
    const opts *o = cli->own;
    hone_model *m = NULL;
    hone_load_opts load = {.struct_size = sizeof load, .revision = o->model_revision, .read_only = true};
    int status = cli_context(cli);
    if (status >= 0) return status;
    hone_status st = hone_model_load(cli->ctx, name, &load, &m);
    if (st != HONE_OK) return cli_fail_ctx(cli, st);
    char *text = hone_model_info_json(m);
    hn_json *j = NULL;
    if (o->json && text)
        puts(text);
    else if (text && hn_json_parse(text, strlen(text), "model", 1, &j, NULL) == HN_OK)
        show(j, o->tensors);
    hn_json_free(j);
    hn_free(text);
    hone_model_free(m);
    return 0;
}

static int run(hn_cli *cli) {
    const opts *o = cli->own;
    hn_error err = {0};
    const char *name = cli->rest_count > 1 ? cli->rest[1] : o->model_name_or_path;
    if (cli->rest_count == 0 || !hn_streq(cli->rest[0], "inspect")) {
        hn_fail(&err, HN_EARG, "expected `inspect`, not '%s'",
                cli->rest_count ? cli->rest[0] : "");
        hn_error_fix(&err, "hone model inspect MODEL");
        return cli_fail(cli, &err);
    }
    if (!name) {
        hn_fail(&err, HN_EARG, "which model to inspect is missing");
        hn_error_fix(&err, "hone model inspect MODEL");
        return cli_fail(cli, &err);
    }
    return inspect(cli, name);
}

const hn_command hn_command_model = {.name = "model",
                                     .about =
                                         "tensors and parameters of a model folder, and the memory it takes to train (inspect)",
                                     .group = "Look",
                                     .usage = "hone model inspect ./model\nhone model inspect ./model --json",
                                     .words = "inspect MODEL",
                                     .table = table,
                                     .size = sizeof(opts),
                                     .run = run};
