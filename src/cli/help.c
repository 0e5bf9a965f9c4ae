#include "cli/help.h"

#include "base/mem.h"

enum { COLUMN = 32 };

/* The option with its value, as it is written; caller frees. */
static char *format_form(const struct gs3_option *option)
{
    switch (option->kind) {
    case GS3_OPTION_FLAG: break;
    case GS3_OPTION_OPTIONAL: return gs3_xasprintf("%s [%s]", option->name, option->value_name);
    case GS3_OPTION_WORDS: return gs3_xasprintf("%s %s ...", option->name, option->value_name);
    case GS3_OPTION_VALUE:
    case GS3_OPTION_LIST: return gs3_xasprintf("%s %s", option->name, option->value_name);
    }
    return gs3_xstrdup(option->name);
}

static void print_options(FILE *stream, unsigned commands, bool globals_only)
{
    for (size_t i = 0; i < GS3_OPTION_COUNT; i++) {
        const struct gs3_option *option = &gs3_options[i];
        if (!(option->commands & commands) || (globals_only && !option->is_global))
            continue;
        gs3_auto_free char *form = format_form(option);
        fprintf(stream, "  %-*s  %s", COLUMN, form, option->help);
        for (const char *const *choice = option->choices; choice && *choice; choice++)
            fprintf(stream, "%s%s", choice == option->choices ? ": " : ", ", *choice);
        if (option->variable)
            fprintf(stream, " (%s)", option->variable);
        fputc('\n', stream);
    }
}

static void print_commands(FILE *stream, unsigned commands)
{
    for (size_t i = 0; i < gs3_command_count; i++)
        if (gs3_commands[i].bit & commands)
            fprintf(stream, "  %-13s  %s\n", gs3_commands[i].name, gs3_commands[i].help);
}

static void print_group(FILE *stream, const char *group)
{
    unsigned commands = 0;
    gs3_command_is_group(group, &commands);
    fprintf(stream, "usage: gs3 %s COMMAND [options] [arguments]\n\ncommands:\n", group);
    print_commands(stream, commands);
    fputs("\noptions before or after the command:\n", stream);
    print_options(stream, commands, true);
    fprintf(stream, "\nsee gs3 %s COMMAND --help\n", group);
}

void gs3_help_print(FILE *stream, const struct gs3_command *command, const char *group)
{
    if (!command && group) {
        print_group(stream, group);
        return;
    }
    if (command) {
        fprintf(stream, "usage: gs3 %s [options] %s\n\n%s.\n\noptions:\n", command->name,
                command->arguments, command->help);
        print_options(stream, command->bit, false);
        return;
    }
    fputs("usage: gs3 [options] COMMAND [options] [arguments]\n\ncommands:\n", stream);
    print_commands(stream, ~0U);
    fputs("\noptions before or after the command:\n", stream);
    print_options(stream, ~0U, true);
    fputs("\nsee gs3 COMMAND --help, and the manual: gs3(1), gs3-policy(5)\n", stream);
}
