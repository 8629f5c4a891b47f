/* cmd_help.c - hone help [command]. */
#include "cli/cli.h"

static int run(hn_cli *cli) {
    if (cli->rest_count == 0) {
        help_commands(stdout);
        return 0;
    }
    const hn_command *c = hn_command_find(cli->rest[0]);
    hn_error err = {0};
    if (!c) {
        hn_fail(&err, HN_EARG, "no command is called '%s'", cli->rest[0]);
        hn_error_fix(&err, "`hone help` lists the commands");
        return cli_fail(cli, &err);
    }
    hn_cli other = {0};
    char flag[] = "--help";
    char *words[] = {flag};
    int status = cli_open(&other, c, 1, words);
    cli_close(&other);
    return status;
}

const hn_command hn_command_help = {.name = "help", .about = "the commands, or the options of one", .group = "Other",
                                    .usage = "hone help sft", .words = "[COMMAND]", .run = run};
