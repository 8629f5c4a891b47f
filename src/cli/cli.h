/* cli.h - the command line: one command a file, on top of include/hone.h.
 *
 * Results go to standard output, everything else to standard error. A command returns the exit status. */
#ifndef HN_CLI_H
#define HN_CLI_H

#include "api/api.h"

typedef struct hn_cli_opts { /* what every command takes */
    char *config, *log_level, *gemm;
    bool help, help_all, print_config, dry_run, quiet;
    int64_t threads;
} hn_cli_opts;

typedef struct hn_cli {
    const struct hn_command *command;
    hn_cli_opts o;
    hone_ctx *ctx;
    hone_config *task;       /* of commands that name a task, else NULL */
    hn_config *config;       /* task's, or the command's own */
    void *own;               /* the command's own options struct, or NULL */
    const char **rest;       /* words that are no options */
    int rest_count;
    int warnings;
    double preparing_since, preparing_shown; /* progress of preparing rows; 0: none under way */
} hn_cli;

typedef struct hn_command {  /* a row of commands.def; the descriptor ends the command's file */
    const char *name, *about, *group;
    const char *usage;       /* an example or two, a line each */
    const char *words;       /* what may stand beside options, for help: "[inspect] MODEL"; NULL: nothing */
    const char *task;        /* task whose tables it takes, or NULL */
    const hn_opt *table;     /* own options, or NULL */
    size_t size;             /* of its own options struct */
    int (*run)(hn_cli *cli);
} hn_command;
const hn_command *hn_command_at(size_t i); /* NULL past the end */
const hn_command *hn_command_find(const char *name);
extern const hn_opt hn_cli_table[];

/* terminal.c */
bool term_is_tty(FILE *f);
bool term_color(FILE *f);   /* NO_COLOR, CLICOLOR_FORCE, TERM=dumb honoured */
int term_width(FILE *f);
/* Text of others for a terminal: control characters but tab and new line, and bytes that are no UTF-8, become \\x1b and the like.
 */
void put_visible(hn_buf *out, const char *p, size_t n);
void put_line(FILE *f, const char *fmt, ...) HN_PRINTF(2, 3); /* what fmt gives, visible in any case: messages */
bool put_result(FILE *f, const char *p, size_t n); /* visible on a terminal, as it is elsewhere; false: not all was written */
void say(const hn_cli *cli, const char *fmt, ...) HN_PRINTF(2, 3); /* to standard error unless --quiet */
void shell_word(hn_buf *out, const char *text); /* quoted where a shell would take it for more than a word */
void human_bytes(uint64_t n, char out[32]);  /* "2.9 GB" */
void human_count(double n, char out[32]);    /* "134.5M" */
void human_time(double seconds, char out[32]); /* "06:05" */

/* errors.c */
int cli_fail(const hn_cli *cli, const hn_error *err); /* prints cause, facts, remedy; returns the exit status */
int cli_fail_ctx(const hn_cli *cli, hone_status st);  /* the same from the context's last error */
int cli_fail_output(const hn_cli *cli);               /* standard output could not be written */
/* Which commands have this option: "--response_length belongs to `ppo`"; NULL: none. */
const hn_command *cli_option_owner(const char *name);

/* help.c */
void help_commands(FILE *f);
void help_command(FILE *f, const hn_command *command, const hn_config *config, bool all);

/* setup.c */
int cli_open(hn_cli *cli, const hn_command *command, int argc, char **argv); /* -1: go on; else the exit status */
void cli_close(hn_cli *cli);
int cli_context(hn_cli *cli); /* makes cli->ctx with threads and gemm; -1 or the exit status */

/* train_show.c, progress.c, train_run.c */
void show_plan(hn_cli *cli, hone_trainer *t);
void show_example(const hn_cli *cli, FILE *f, hone_trainer *t);
typedef struct hn_progress {
    bool bar, quiet;
    double started, drawn;
    int64_t start_step;
} hn_progress;
void progress_start(hn_progress *p, const hn_cli *cli, int64_t start_step);
void progress_step(hn_progress *p, const hone_metrics *m);
void progress_clear(hn_progress *p);
void show_preparing(const char *what, uint64_t done, uint64_t total, int64_t records, void *cli);
int train_run(hn_cli *cli);

/* use_model.c: the model and tokenizer that the settings name, for commands that use a model. */
int cli_load(hn_cli *cli, bool need_tokenizer, hone_model **m, hone_tokenizer **tok); /* -1 or the exit status */

#endif
