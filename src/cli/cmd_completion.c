/* cmd_completion.c - hone completion bash|zsh|fish: completion scripts made from the tables. */
#include "cli/cli.h"

typedef void option_fn(FILE *f, const hn_command *c, const hn_opt *o);

static void each_option(FILE *f, const hn_command *c, option_fn *fn) {
    hn_cli other = {0};
    char flag[] = "--quiet";
    char *words[] = {flag};
    const hn_opt *o;
    if (cli_open(&other, c, 1, words) < 0)
        for (size_t i = 0; (o = hn_config_at(other.config, i, NULL, NULL)); i++)
            if (!(o->flags & HN_OPT_HIDDEN)) fn(f, c, o);
    cli_close(&other);
}

static void bash_option(FILE *f, const hn_command *c, const hn_opt *o) {
    (void)c;
    fprintf(f, "--%s ", o->name);
}

static void fish_option(FILE *f, const hn_command *c, const hn_opt *o) {
    fprintf(f, "complete -c hone -n '__fish_seen_subcommand_from %s' -l %s -d \"", c->name, o->name);
    for (const char *p = o->help; *p; p++) {
        if (*p == '"' || *p == '$' || *p == '\\') fputc('\\', f);
        fputc(*p, f);
    }
    fputs("\"\n", f);
}

static void bash(FILE *f) {
    fputs("_hone() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"",
          f);
    for (size_t i = 0; hn_command_at(i); i++) fprintf(f, "%s ", hn_command_at(i)->name);
    fputs("\"\n    else\n        case ${COMP_WORDS[1]} in\n", f);
    for (size_t i = 0; hn_command_at(i); i++) {
        fprintf(f, "        %s) words=\"", hn_command_at(i)->name);
        each_option(f, hn_command_at(i), bash_option);
        fputs("\" ;;\n", f);
    }
    fputs("        esac\n    fi\n    case $cur in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n"
          "    *) [ \"$COMP_CWORD\" -eq 1 ] && COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) || COMPREPLY=($(compgen -f -- "
          "\"$cur\")) ;;\n"
          "    esac\n}\ncomplete -o filenames -F _hone hone\n",
          f);
}

static int run(hn_cli *cli) {
    const char *shell = cli->rest_count ? cli->rest[0] : "bash";
    hn_error err = {0};
    if (hn_streq(shell, "bash")) {
        bash(stdout);
    } else if (hn_streq(shell, "zsh")) {
        fputs("#compdef hone\nautoload -U +X bashcompinit && bashcompinit\n", stdout);
        bash(stdout);
        /* as a file _hone of $fpath this text is the first call itself, for which a completion is wanted as well */
        fputs("[[ $funcstack[1] = _hone ]] && _bash_complete -o filenames -F _hone\n", stdout);
    } else if (hn_streq(shell, "fish")) {
        for (size_t i = 0; hn_command_at(i); i++)
            printf("complete -c hone -n __fish_use_subcommand -f -a %s -d \"%s\"\n", hn_command_at(i)->name,
                   hn_command_at(i)->about);
        for (size_t i = 0; hn_command_at(i); i++) each_option(stdout, hn_command_at(i), fish_option);
    } else {
        hn_fail(&err, HN_EARG, "no completion for '%s' (bash, zsh, fish)", shell);
        return cli_fail(cli, &err);
    }
    return 0;
}

const hn_command hn_command_completion = {
    .name = "completion", .about = "print a completion script for bash, zsh or fish", .group = "Other",
    .usage = "hone completion bash > /etc/bash_completion.d/hone", .words = "bash|zsh|fish", .run = run};
