/* cmd_env.c - hone env: what this build and this machine can do. */
#include <string.h>

#include "cli/cli.h"

static int run(hn_cli *cli) {
    int status = cli_context(cli);
    if (status >= 0) return status;
    char *text = hone_build_info_json(), memory[32];
    hn_json *j = NULL;
    if (text && hn_json_parse(text, strlen(text), "build", 1, &j, NULL) == HN_OK) {
        const hn_kernels *k = hn_dev_kernels(cli->ctx->dev, HN_F32);
        hn_json_set_text(j, "kernels_in_use", k->isa);
        hn_json_set_text(j, "gemm", k->gemm_name);
        hn_json_set_int(j, "threads", hn_par_threads());
        human_bytes(hn_memory_available(), memory);
        hn_json_set_text(j, "memory_available", memory);
        hn_buf b = {0};
        hn_json_write(&b, j, 2);
        if (b.p) puts(b.p);
        hn_buf_release(&b);
    }
    hn_json_free(j);
    hn_free(text);
    return 0;
}

const hn_command hn_command_env = {
    .name = "env", .about = "what this build and this machine can do", .group = "Other", .usage = "hone env", .run = run};
