#include "cli/parse.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

enum { SHOWN_BYTES = 60, CHOICES_BYTES = 512 };

static const char *command_name(const struct gs3_args *args)
{
    return args->command ? args->command->name : "";
}

/* "a", "a or b", "a, b or c" */
static void append_choices(struct gs3_buf *text, const char *const *choices)
{
    for (size_t i = 0; choices[i]; i++) {
        const char *separator = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
        gs3_buf_printf(text, "%s%s", separator, choices[i]);
    }
}

static int check_choice(const struct gs3_option *option, const char *value, struct gs3_err *err)
{
    if (option->value_kind != GS3_VALUE_CHOICE)
        return 0;
    for (const char *const *choice = option->choices; *choice; choice++)
        if (gs3_str_equal(*choice, value))
            return 0;
    gs3_auto_buf struct gs3_buf choices = GS3_BUF_INIT(CHOICES_BYTES);
    append_choices(&choices, option->choices);
    const char *advice = option->kind == GS3_OPTION_OPTIONAL
                             ? "; without a value it stands before another option or at the end"
                             : "";
    return gs3_fail(err, GS3_EUSAGE, "%s takes %s%s", option->name, gs3_buf_string(&choices),
                    advice);
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

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

static int take(struct gs3_args *args, const struct gs3_option *option, const char *value,
                struct gs3_err *err)
{
    if (option->kind != GS3_OPTION_FLAG && check_choice(option, value, err))
        return -1;
    args->values[option->id] = value;
    args->given[args->given_count++] = (struct gs3_given){.option = option, .value = value};
    return 0;
}

/* As in aws-cli nothing is left of an earlier time. */
static void forget_words(struct gs3_args *args, const struct gs3_option *option)
{
    for (size_t i = 0; i < args->given_count; i++)
        if (args->given[i].option == option)
            args->given[i].is_overridden = true;
}

/* All words up to the next option. */
static int take_words(struct gs3_args *args, const struct gs3_option *option, int argc, char **argv,
                      int *index, struct gs3_err *err)
{
    while (*index + 1 < argc && !is_option(argv[*index + 1]))
        if (take(args, option, argv[++*index], err))
            return -1;
    return 0;
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
    const char *next = *index + 1 < argc ? argv[*index + 1] : NULL;
    if (option->kind == GS3_OPTION_FLAG)
        return equals ? gs3_fail(err, GS3_EUSAGE, "%s takes no value", option->name)
                      : take(args, option, "", err);
    if (option->kind == GS3_OPTION_OPTIONAL && !equals && (!next || next[0] == '-'))
        return take(args, option, option->default_value, err);
    if (!equals && (!next || (option->kind == GS3_OPTION_WORDS && is_option(next))))
        return gs3_fail(err, GS3_EUSAGE, "%s needs a value: %s", option->name, option->value_name);
    if (option->kind == GS3_OPTION_WORDS)
        forget_words(args, option);
    if (option->kind == GS3_OPTION_WORDS && !equals)
        return take_words(args, option, argc, argv, index, err);
    return take(args, option, equals ? equals + 1 : argv[++*index], err);
}

/* One word of the command: the whole, a group's name, or the second word in a group. */
static int take_command(struct gs3_args *args, const char *word, struct gs3_err *err)
{
    if (!args->group && gs3_command_is_group(word, NULL)) {
        args->group = word;
        return 0;
    }
    gs3_auto_free char *name = args->group
                                   ? gs3_xasprintf("%s %.*s", args->group, SHOWN_BYTES, word)
                                   : gs3_xasprintf("%.*s", SHOWN_BYTES, word);
    /* A name with a blank in it, given as one word, is none. */
    args->command = strchr(word, ' ') ? NULL : gs3_command_find(name);
    if (args->command)
        return 0;
    return gs3_fail(err, GS3_EUSAGE, "unknown command %s: see gs3%s%s --help", name,
                    args->group ? " " : "", args->group ? args->group : "");
}

int gs3_args_parse(int argc, char **argv, struct gs3_args *args, struct gs3_err *err)
{
    *args = (struct gs3_args){.command = NULL};
    args->given = gs3_xcalloc((size_t)argc + 1, sizeof *args->given);
    args->positional = gs3_xcalloc((size_t)argc + 1, sizeof *args->positional);
    bool options_ended = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!options_ended && gs3_str_equal(word, "--")) {
            options_ended = true;
        } else if (!options_ended && is_option(word)) {
            if (read_option(args, argc, argv, &i, err))
                return -1;
        } else if (!args->command) {
            if (take_command(args, word, err))
                return -1;
        } else {
            args->positional[args->positional_count++] = word;
        }
    }
    return 0;
}

void gs3_args_release(struct gs3_args *args)
{
    free(args->given);
    free(args->positional);
    *args = (struct gs3_args){.command = NULL};
}

const char *gs3_args_next(const struct gs3_args *args, enum gs3_option_id id, size_t *index)
{
    while (*index < args->given_count) {
        const struct gs3_given *given = &args->given[(*index)++];
        if (given->option->id == id && !given->is_overridden)
            return given->value;
    }
    return NULL;
}
