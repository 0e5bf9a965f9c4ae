#include "cli/parse.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { SHOWN_BYTES = 60 };

static const char *command_name(const struct gs3_args *args)
{
    return args->command ? args->command->name : "";
}

static int check_choice(const struct gs3_option *option, const char *value, struct gs3_err *err)
{
    if (option->value_kind != GS3_VALUE_CHOICE)
        return 0;
    for (const char *const *choice = option->choices; *choice; choice++)
        if (gs3_str_equal(*choice, value))
            return 0;
    return gs3_fail(err, GS3_EUSAGE, "%s takes %s or %s", option->name, option->choices[0],
                    option->choices[1]);
}

/* Of "-pSECRET" the letter alone is the name; and a name is short. */
static int unknown_option(const struct gs3_args *args, const char *word, size_t name_bytes,
                          struct gs3_err *err)
{
    if (word[1] != '-' && name_bytes > 2)
        name_bytes = 2;
    if (name_bytes > SHOWN_BYTES)
        name_bytes = SHOWN_BYTES;
    return gs3_fail(err, GS3_EUSAGE, "unknown option %.*s: see gs3%s%s --help", (int)name_bytes,
                    word, args->command ? " " : "", command_name(args));
}

/* Reads one option at argv[*index]; moves *index on to its value where it takes one. */
static int read_option(struct gs3_args *args, int argc, char **argv, int *index,
                       struct gs3_err *err)
{
    const char *word = argv[*index];
    const char *equals = strchr(word, '=');
    size_t name_bytes = equals ? (size_t)(equals - word) : strlen(word);
    const struct gs3_option *option = gs3_option_find(word, name_bytes);
    if (!option || (args->command && !(option->commands & args->command->bit)))
        return unknown_option(args, word, name_bytes, err);
    if (!args->command && !option->is_global)
        return gs3_fail(err, GS3_EUSAGE, "%s must stand after the command", option->name);
    if (option->kind == GS3_OPTION_FLAG) {
        if (equals)
            return gs3_fail(err, GS3_EUSAGE, "%s takes no value", option->name);
        args->values[option->id] = "";
        return 0;
    }
    if (!equals && *index + 1 >= argc)
        return gs3_fail(err, GS3_EUSAGE, "%s needs a value: %s", option->name, option->value_name);
    const char *value = equals ? equals + 1 : argv[++*index];
    if (check_choice(option, value, err))
        return -1;
    args->values[option->id] = value;
    if (option->kind == GS3_OPTION_LIST)
        args->list[args->list_count++] = value;
    return 0;
}

int gs3_args_parse(int argc, char **argv, struct gs3_args *args, struct gs3_err *err)
{
    *args = (struct gs3_args){.command = NULL};
    args->list = gs3_xcalloc((size_t)argc + 1, sizeof *args->list);
    args->positional = gs3_xcalloc((size_t)argc + 1, sizeof *args->positional);
    bool options_ended = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!options_ended && gs3_str_equal(word, "--")) {
            options_ended = true;
        } else if (!options_ended && word[0] == '-' && word[1] != '\0') {
            if (read_option(args, argc, argv, &i, err))
                return -1;
        } else if (!args->command) {
            args->command = gs3_command_find(word);
            if (!args->command)
                return gs3_fail(err, GS3_EUSAGE, "unknown command %.*s: see gs3 --help",
                                SHOWN_BYTES, word);
        } else {
            args->positional[args->positional_count++] = word;
        }
    }
    return 0;
}

void gs3_args_release(struct gs3_args *args)
{
    free(args->list);
    free(args->positional);
    *args = (struct gs3_args){.command = NULL};
}
