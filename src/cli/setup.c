/* setup.c - from argv to settings: tables of the command, YAML file, environment, flags, and what they lead to at once. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define AT(field) offsetof(hn_cli_opts, field)
const hn_opt hn_cli_table[] = {
    {"config", "YAML or JSON file of settings; flags win over it", HN_OPT_STR, AT(config), NULL, 0, 0, NULL, "Command", NULL,
     HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"print_config", "print all settings with where they come from, and stop", HN_OPT_BOOL, AT(print_config), "false", 0, 0, NULL,
     "Command", NULL, 0},
    {"dry_run",
     "of a training command: do everything but train, and show plan, first example, memory and time of the longest batch",
     HN_OPT_BOOL, AT(dry_run), "false", 0, 0, NULL, "Command", NULL, HN_OPT_COMMON},
    {"threads", "threads to use; 0: what the machine and OMP_NUM_THREADS allow", HN_OPT_INT, AT(threads), "0", 0, 4096, NULL,
     "Command", NULL, 0},
    {"gemm", "matrix products: our own kernels, oneDNN where it is built in, or the slow reference", HN_OPT_STR, AT(gemm), "own",
     0, 0, "own|onednn|ref", "Command", NULL, 0},
    {"quiet", "print errors only", HN_OPT_BOOL, AT(quiet), "false", 0, 0, NULL, "Command", NULL, 0},
    {"log_level", "least important messages to print", HN_OPT_STR, AT(log_level), "info", 0, 0,
     "debug|info|warning|error|passive|critical", "Command", NULL, 0},
    {"help", "the most used options", HN_OPT_BOOL, AT(help), "false", 0, 0, NULL, "Command", NULL, 0},
    {"help_all", "all options", HN_OPT_BOOL, AT(help_all), "false", 0, 0, NULL, "Command", NULL, 0},
    {0}};
#undef AT

static void print_log(hone_log_level level, const char *text, void *user) {
    hn_cli *cli = user;
    static const char *const names[] = {"debug", "info", "warning", "error"};
    const char *least = cli->o.log_level ? cli->o.log_level : "info";
    hone_log_level from = hn_streq(least, "debug") ? HONE_LOG_DEBUG : hn_streq(least, "info") ? HONE_LOG_INFO
                          : hn_streq(least, "warning") ? HONE_LOG_WARN : HONE_LOG_ERROR;
    if (level < from || (cli->o.quiet && level < HONE_LOG_ERROR)) return;
    if (level == HONE_LOG_WARN) cli->warnings++;
    if (term_is_tty(stderr)) fputs("\r\033[K", stderr);
    put_line(stderr, "%s: %s\n", names[level], text);
}

/* A stray -h, or --config FILE, must be known before the other words are read. */
static const char *early_value(int argc, char **argv, const char *name) {
    size_t n = strlen(name);
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0 || strncmp(argv[i] + 2, name, n) != 0) continue;
        if (argv[i][2 + n] == '=') return argv[i] + 3 + n;
        if (argv[i][2 + n] == '\0' && i + 1 < argc) return argv[i + 1];
    }
    return NULL;
}

static hn_status make_config(hn_cli *cli, hn_error *err) {
    const hn_command *c = cli->command;
    if (c->task) {
        if (hone_config_new(NULL, c->task, &cli->task) != HONE_OK) return hn_nomem(err, sizeof(hone_config));
        cli->config = cli->task->c;
    } else {
        HN_TRY(hn_config_new(&cli->config, err));
    }
    HN_TRY(hn_config_add(cli->config, hn_cli_table, &cli->o, err));
    if (!c->table) return HN_OK;
    cli->own = hn_calloc(1, c->size ? c->size : 1);
    return cli->own ? hn_config_add(cli->config, c->table, cli->own, err) : hn_nomem(err, c->size);
}

static hn_status read_settings(hn_cli *cli, int argc, char **argv, hn_error *err) {
    static char help[] = "--help";
    for (int i = 0; i < argc; i++)
        if (hn_streq(argv[i], "-h")) argv[i] = help;
    const char *file = early_value(argc, argv, "config");
    if (!file) file = getenv("HONE_CONFIG");
    if (file && *file) HN_TRY(hn_config_load(cli->config, file, err));
    HN_TRY(hn_config_environment(cli->config, err));
    cli->rest = hn_calloc((size_t)argc + 1, sizeof *cli->rest);
    if (!cli->rest) return hn_nomem(err, (size_t)argc);
    hn_status st = hn_config_args(cli->config, argc, argv, cli->rest, &cli->rest_count, err);
    if (st == HN_OK && cli->rest_count && !cli->command->words) {
        hn_fail(err, HN_EARG, "'%s' is not expected here", cli->rest[0]);
        hn_error_fix(err, "settings are written --name value; `hone %s --help` lists them", cli->command->name);
        return HN_EARG;
    }
    return st;
}

/* For an option of another command say which one it belongs to. */
static void explain_option(const hn_cli *cli, int argc, char **argv, hn_error *err) {
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) continue;
        char name[96];
        size_t n = 0;
        for (const char *p = argv[i] + 2; *p && *p != '=' && n + 1 < sizeof name; p++) name[n++] = *p == '-' ? '_' : *p;
        name[n] = '\0';
        if (hn_config_find(cli->config, name, NULL)) continue;
        const hn_command *owner = cli_option_owner(name);
        if (owner) hn_error_fix(err, "--%s belongs to `hone %s`", name, owner->name);
        return;
    }
}

int cli_open(hn_cli *cli, const hn_command *command, int argc, char **argv) {
    hn_error err = {0};
    cli->command = command;
    hn_status st = make_config(cli, &err);
    if (st == HN_OK) st = read_settings(cli, argc, argv, &err);
    if (st == HN_EARG) explain_option(cli, argc, argv, &err);
    if (st != HN_OK) return cli_fail(cli, &err);
    if (cli->o.help || cli->o.help_all) {
        help_command(stdout, command, cli->config, cli->o.help_all);
        return 0;
    }
    if (cli->o.print_config) {
        hn_buf b = {0};
        hn_config_yaml(cli->config, &b);
        if (b.p) fputs(b.p, stdout);
        hn_buf_release(&b);
        return 0;
    }
    hn_buf notes = {0};
    hn_config_notes(cli->config, &notes);
    if (notes.n) say(cli, "%s", notes.p);
    hn_buf_release(&notes);
    return -1;
}

int cli_context(hn_cli *cli) {
    hone_ctx_opts o = {.struct_size = sizeof o,
                       .threads = (int)cli->o.threads,
                       .gemm = cli->o.gemm,
                       .log = print_log,
                       .log_user = cli,
                       .progress = cli->o.quiet ? NULL : show_preparing,
                       .progress_user = cli};
    hone_status st = hone_ctx_new(&o, &cli->ctx);
    if (!cli->ctx) {
        hn_error err = {0};
        hn_nomem(&err, sizeof(hone_ctx));
        return cli_fail(cli, &err);
    }
    if (cli->task) cli->task->ctx = cli->ctx;
    return st == HONE_OK ? -1 : cli_fail_ctx(cli, st);
}

void cli_close(hn_cli *cli) {
    if (cli->task)
        hone_config_free(cli->task);
    else
        hn_config_free(cli->config);
    hn_free(cli->own);
    hn_free(cli->rest);
    hone_ctx_free(cli->ctx);
}
