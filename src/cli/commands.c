/* commands.c - the list of commands, from commands.def. */
#include "cli/cli.h"

#define HN_COMMAND(name) extern const hn_command hn_command_##name;
#include "cli/commands.def"
#undef HN_COMMAND

static const hn_command *const commands[] = {
#define HN_COMMAND(name) &hn_command_##name,
#include "cli/commands.def"
#undef HN_COMMAND
};

const hn_command *hn_command_at(size_t i) { return i < sizeof commands / sizeof *commands ? commands[i] : NULL; }

const hn_command *hn_command_find(const char *name) {
    for (size_t i = 0; hn_command_at(i); i++)
        if (hn_streq(commands[i]->name, name)) return commands[i];
    return NULL;
}
