/* errors.c - one cause, one place, one remedy, on standard error. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"

static int print_error(const hn_cli *cli, const char *msg, const char *detail, const char *fix, int status) {
    bool color = term_color(stderr);
    fprintf(stderr, "hone %s: %serror:%s ", cli->command ? cli->command->name : "", color ? "\033[1;31m" : "",
            color ? "\033[0m" : "");
    put_line(stderr, "%s\n", msg);
    for (const char *p = detail; *p;) {
        size_t n = strcspn(p, "\n");
        put_line(stderr, "  %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
    if (*fix) put_line(stderr, "  fix: %s\n", fix);
    return status;
}

int cli_fail(const hn_cli *cli, const hn_error *err) {
    return print_error(cli, err->msg, err->detail, err->fix, hn_status_exit(err->code));
}

int cli_fail_ctx(const hn_cli *cli, hone_status st) {
    return print_error(cli, hone_last_error(cli->ctx), hone_last_error_detail(cli->ctx), hone_last_error_fix(cli->ctx),
                       hone_exit_code(st));
}

int cli_fail_output(const hn_cli *cli) {
    hn_error err = {0};
    hn_fail_errno(&err, HN_EIO, "cannot write to standard output");
    return cli_fail(cli, &err);
}

static bool table_has(const hn_opt *table, const char *name) {
    for (; table && table->name; table++)
        if (hn_streq(table->name, name)) return true;
    return false;
}

const hn_command *cli_option_owner(const char *name) {
    for (size_t i = 0; hn_command_at(i); i++) {
        const hn_command *c = hn_command_at(i);
        if (table_has(c->table, name)) return c;
        hone_config *task = NULL;
        bool found = c->task && hone_config_new(NULL, c->task, &task) == HONE_OK && hn_config_find(task->c, name, NULL);
        hone_config_free(task);
        if (found) return c;
    }
    return NULL;
}
