/* main.c - hone <command> [options]. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static int unknown_command(const char *name) {
    const char *best = NULL;
    int least = 3;
    for (size_t i = 0; hn_command_at(i); i++) {
        int d = hn_edit_distance(name, hn_command_at(i)->name);
        if (d < least) {
            least = d;
            best = hn_command_at(i)->name;
        }
    }
    put_line(stderr, "hone: error: no command is called '%s'\n", name);
    if (best)
        fprintf(stderr, "  fix: did you mean `hone %s`?\n", best);
    else
        fprintf(stderr, "  fix: `hone help` lists the commands\n");
    return 2;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        help_commands(stderr);
        return 2;
    }
    signal(SIGXFSZ, SIG_IGN); /* a file beyond `ulimit -f` is an error with a message, not the end of the process */
    const char *name = argv[1];
    if (hn_streq(name, "--help") || hn_streq(name, "-h")) name = "help";
    if (hn_streq(name, "--version") || hn_streq(name, "-V")) {
        printf("hone %s\n", hone_version());
        return 0;
    }
    const hn_command *command = hn_command_find(name);
    if (!command) return unknown_command(name);
    hn_cli cli = {0};
    int status = cli_open(&cli, command, argc - 2, argv + 2);
    if (status < 0) status = command->run(&cli);
    if (status == 0 && (fflush(stdout) != 0 || ferror(stdout))) status = cli_fail_output(&cli);
    cli_close(&cli);
    return status;
}
