/* help.c - help from the tables: groups, defaults, current values. */
#include <string.h>

#include "cli/cli.h"

void help_commands(FILE *f) {
    fprintf(f, "hone %s: fine-tune, use and examine language models\n\nusage: hone <command> [--option value ...]\n",
            hone_version());
    const char *group = "";
    for (size_t i = 0; hn_command_at(i); i++) {
        const hn_command *c = hn_command_at(i);
        if (!hn_streq(group, c->group)) fprintf(f, "\n%s\n", group = c->group);
        fprintf(f, "  %-12s %s\n", c->name, c->about);
    }
    fprintf(f, "\n`hone <command> --help` lists a command's options; names and defaults are those of TRL.\n");
}

static const char *type_word(const hn_opt *o) {
    switch (o->type) {
    case HN_OPT_BOOL: return "true|false";
    case HN_OPT_INT: return "N";
    case HN_OPT_FLOAT: return "X";
    case HN_OPT_LIST: return "A,B,...";
    case HN_OPT_STR: return o->choices ? o->choices : "TEXT";
    case HN_OPT_NOOP: return "...";
    }
    return "";
}

static void print_option(FILE *f, const hn_opt *o, const char *value, hn_origin from) {
    char head[160];
    snprintf(head, sizeof head, "  --%s %s", o->name, type_word(o));
    fprintf(f, strlen(head) > 38 ? "%s\n%40s" : "%-39s %s", head, "");
    fputs(o->help, f);
    if (o->type == HN_OPT_NOOP)
        fputs(" (no effect)", f);
    else if (from != HN_FROM_DEFAULT)
        fprintf(f, " [%s, from %s; default %s]", value, hn_origin_name(from), o->def ? o->def : "none");
    else
        fprintf(f, " [%s]", value);
    fputc('\n', f);
}

static void print_group(FILE *f, const hn_config *config, const char *group, bool all) {
    const hn_opt *o;
    hn_buf text = {0};
    hn_origin from;
    bool head = false;
    for (size_t i = 0; hn_buf_clear(&text), (o = hn_config_at(config, i, &text, &from)); i++) {
        if (!hn_streq(o->group, group) || (!all && !(o->flags & HN_OPT_COMMON))) continue;
        if (!head) fprintf(f, "\n%s\n", group);
        head = true;
        print_option(f, o, text.p ? text.p : "none", from);
    }
    hn_buf_release(&text);
}

void help_command(FILE *f, const hn_command *command, const hn_config *config, bool all) {
    fprintf(f, "hone %s: %s\n\nusage: hone %s %s%s[--option value ...]\n", command->name, command->about, command->name,
            command->words ? command->words : "", command->words ? " " : "");
    for (const char *p = command->usage; p && *p;) {
        size_t n = strcspn(p, "\n");
        fprintf(f, "  %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
    const char *done[64];
    size_t groups = 0;
    const hn_opt *o;
    for (size_t i = 0; (o = hn_config_at(config, i, NULL, NULL)); i++) {
        bool seen = false;
        for (size_t g = 0; g < groups; g++) seen = seen || hn_streq(done[g], o->group);
        if (seen || groups == sizeof done / sizeof *done) continue;
        done[groups++] = o->group;
        print_group(f, config, o->group, all);
    }
    if (!all)
        fprintf(f,
                "\n`hone %s --help_all` lists all options. Exit status: 0 done, 1 failed while running, 2 usage, 3 bad data or "
                "model,\n4 a check failed, 130 and 143 stopped by a signal.\n",
                command->name);
}
