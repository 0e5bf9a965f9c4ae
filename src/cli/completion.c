#include "cli/completion.h"

#include <string.h>

#include "base/str.h"
#include "cli/options.h"

static void print_choices(FILE *stream, const struct gs3_option *option)
{
    for (const char *const *choice = option->choices; *choice; choice++)
        fprintf(stream, "%s%s", choice == option->choices ? "" : " ", *choice);
}

/* The options of some commands, with `separator` between them. */
static void print_names(FILE *stream, unsigned commands,
                        bool (*is_wanted)(const struct gs3_option *), const char *separator)
{
    bool first = true;
    for (size_t i = 0; i < GS3_OPTION_COUNT; i++) {
        const struct gs3_option *option = &gs3_options[i];
        if (!(option->commands & commands) || (is_wanted && !is_wanted(option)))
            continue;
        fprintf(stream, "%s%s", first ? "" : separator, option->name);
        first = false;
    }
}

static bool is_global(const struct gs3_option *option)
{
    return option->is_global;
}

/* What may stand before the command together with a value, which is no command then. */
static bool is_global_with_value(const struct gs3_option *option)
{
    return option->is_global && option->kind != GS3_OPTION_FLAG;
}

/* The first command of its group, or a command that is in none. */
static bool is_first(size_t index)
{
    const struct gs3_command *command = &gs3_commands[index];
    size_t bytes = gs3_command_group_bytes(command);
    for (size_t i = 0; i < index && bytes; i++)
        if (gs3_command_group_bytes(&gs3_commands[i]) == bytes &&
            memcmp(gs3_commands[i].name, command->name, bytes) == 0)
            return false;
    return true;
}

static bool is_first_of_group(size_t index)
{
    return gs3_command_group_bytes(&gs3_commands[index]) && is_first(index);
}

/* The word that stands first: the command, or its group. */
static void print_first_word(FILE *stream, const struct gs3_command *command)
{
    size_t bytes = gs3_command_group_bytes(command);
    fprintf(stream, "%.*s", (int)(bytes ? bytes : strlen(command->name)), command->name);
}

/* Of each command, or of each group's name. */
static void print_command_names(FILE *stream, const char *separator)
{
    for (size_t i = 0; i < gs3_command_count; i++) {
        if (!is_first(i))
            continue;
        fputs(i ? separator : "", stream);
        print_first_word(stream, &gs3_commands[i]);
    }
}

/* The commands of the group that `first` is in. */
static bool is_same_group(const struct gs3_command *first, const struct gs3_command *command)
{
    size_t bytes = gs3_command_group_bytes(first);
    return gs3_command_group_bytes(command) == bytes &&
           memcmp(first->name, command->name, bytes) == 0;
}

static unsigned group_bits(const struct gs3_command *first)
{
    unsigned bits = 0;
    for (size_t i = 0; i < gs3_command_count; i++)
        if (is_same_group(first, &gs3_commands[i]))
            bits |= gs3_commands[i].bit;
    return bits;
}

/* The second words of a group. */
static void print_group_words(FILE *stream, const struct gs3_command *first, const char *separator)
{
    for (size_t i = 0, count = 0; i < gs3_command_count; i++)
        if (is_same_group(first, &gs3_commands[i]))
            fprintf(stream, "%s%s", count++ ? separator : "",
                    gs3_commands[i].name + gs3_command_group_bytes(first) + 1);
}

static void print_bash_values(FILE *stream)
{
    fputs("    case $prev in\n", stream);
    for (size_t i = 0; i < GS3_OPTION_COUNT; i++) {
        const struct gs3_option *option = &gs3_options[i];
        if (option->kind == GS3_OPTION_FLAG)
            continue;
        fprintf(stream, "    %s) ", option->name);
        switch (option->value_kind) {
        case GS3_VALUE_CHOICE:
            /* A value that may be left out: another option may come instead. */
            fputs(option->kind == GS3_OPTION_OPTIONAL ? "[[ $cur == -* ]] || { _gs3_words '"
                                                      : "_gs3_words '",
                  stream);
            print_choices(stream, option);
            fputs(option->kind == GS3_OPTION_OPTIONAL ? "'; return; } ;;\n" : "'; return ;;\n",
                  stream);
            break;
        case GS3_VALUE_FILE: fputs("_gs3_files; return ;;\n", stream); break;
        case GS3_VALUE_TEXT: fputs("return ;;\n", stream); break;
        }
    }
    fputs("    esac\n", stream);
}

static void print_bash_commands(FILE *stream)
{
    fputs("    case $command in\n", stream);
    for (size_t i = 0; i < gs3_command_count; i++) {
        fprintf(stream, "    '%s')\n        if [[ $cur == -* ]]; then _gs3_words '",
                gs3_commands[i].name);
        print_names(stream, gs3_commands[i].bit, NULL, " ");
        fputs(gs3_commands[i].bit == GS3_COMMAND_COMPLETION
                  ? "'\n        else _gs3_words 'bash zsh fish'; fi ;;\n"
              : gs3_commands[i].bit == GS3_COMMAND_DOCTOR ? "'; fi ;;\n"
                                                          : "'\n        else _gs3_files; fi ;;\n",
              stream);
    }
    for (size_t i = 0; i < gs3_command_count; i++) {
        if (!is_first_of_group(i))
            continue;
        fputs("    ", stream);
        print_first_word(stream, &gs3_commands[i]);
        fputs(")\n        if [[ $cur == -* ]]; then _gs3_words '", stream);
        print_names(stream, group_bits(&gs3_commands[i]), is_global, " ");
        fputs("'\n        else _gs3_words '", stream);
        print_group_words(stream, &gs3_commands[i], " ");
        fputs("'; fi ;;\n", stream);
    }
    fputs("    '') _gs3_words '", stream);
    print_command_names(stream, " ");
    fputc(' ', stream);
    print_names(stream, ~0U, is_global, " ");
    fputs("' ;;\n    esac\n", stream);
}

/* Of a group the command goes on with its next word. */
static void print_bash_groups(FILE *stream)
{
    for (size_t i = 0; i < gs3_command_count; i++) {
        if (!is_first_of_group(i))
            continue;
        fputs("    [[ $command == ", stream);
        print_first_word(stream, &gs3_commands[i]);
        fputs(" ]] && for ((i++; i < COMP_CWORD; i++)); do\n"
              "        case ${COMP_WORDS[i]} in\n        ",
              stream);
        print_group_words(stream, &gs3_commands[i], "|");
        fputs(") command+=\" ${COMP_WORDS[i]}\"; break ;;\n        esac\n    done\n", stream);
    }
}

static void print_bash(FILE *stream)
{
    fputs("# bash completion for gs3, written by `gs3 completion bash`\n"
          "_gs3_words() {\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
          "}\n"
          "_gs3_files() {\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
          "}\n"
          "_gs3() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
          "    COMPREPLY=()\n"
          "    # Words are cut at \"=\" and \":\". What follows a colon is part of s3://…, of an\n"
          "    # address or of a ticket: nothing of it is known here.\n"
          "    [[ $cur == : || $prev == : ]] && return\n"
          "    if [[ $cur == = ]]; then cur=\n"
          "    elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n        ",
          stream);
    print_names(stream, ~0U, is_global_with_value, "|");
    fputs(
        ")\n            [[ ${COMP_WORDS[i+1]} == = ]] && ((i++))\n            ((i++)) ;;\n        ",
        stream);
    print_command_names(stream, "|");
    fputs(") command=${COMP_WORDS[i]}; break ;;\n        esac\n    done\n", stream);
    print_bash_groups(stream);
    print_bash_values(stream);
    print_bash_commands(stream);
    fputs("}\ncomplete -F _gs3 gs3\n", stream);
}

/* Inside single quotes of zsh's _arguments: no quote, bracket or colon may stand as it is. */
static void print_zsh_text(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stream);
        else if (strchr("[]:\\", *text))
            fprintf(stream, "\\%c", *text);
        else
            fputc(*text, stream);
    }
}

static void print_zsh_value(FILE *stream, const struct gs3_option *option)
{
    /* "::": a value that may be left out. Of several words the first one is asked for: zsh's form
     * for all of them offers no option behind them. */
    fputs(option->kind == GS3_OPTION_OPTIONAL ? "::" : ":", stream);
    print_zsh_text(stream, option->value_name);
    fputc(':', stream);
    if (option->value_kind == GS3_VALUE_FILE)
        fputs("_files", stream);
    for (const char *const *choice = option->choices; choice && *choice; choice++) {
        fputs(choice == option->choices ? "(" : " ", stream);
        print_zsh_text(stream, *choice);
        fputs(choice[1] ? "" : ")", stream);
    }
}

static void print_zsh_option(FILE *stream, const struct gs3_option *option)
{
    /* "=": the value may be in the same word or in the next one. */
    fprintf(stream, "        '%s%s%s[", option->kind == GS3_OPTION_LIST ? "*" : "", option->name,
            option->value_name ? "=" : "");
    print_zsh_text(stream, option->help);
    fputc(']', stream);
    if (option->value_name)
        print_zsh_value(stream, option);
    fputs("' \\\n", stream);
}

static void print_zsh_options(FILE *stream, unsigned commands, bool globals_only)
{
    for (size_t i = 0; i < GS3_OPTION_COUNT; i++)
        if ((gs3_options[i].commands & commands) && (!globals_only || gs3_options[i].is_global))
            print_zsh_option(stream, &gs3_options[i]);
}

static void print_zsh_command(FILE *stream, const struct gs3_command *command, const char *word)
{
    fprintf(stream, "        %s) _arguments \\\n", word);
    print_zsh_options(stream, command->bit, false);
    switch (command->bit) {
    case GS3_COMMAND_COMPLETION: fputs("        '1:shell:(bash zsh fish)' ;;\n", stream); break;
    case GS3_COMMAND_DOCTOR: fputs("        '*:bucket:' ;;\n", stream); break;
    case GS3_COMMAND_POLICY_EXPORT: fputs("        ;;\n", stream); break;
    case GS3_COMMAND_POLICY_LINT: fputs("        '1:policy:_files' ;;\n", stream); break;
    default: fputs("        '1:source:_files' '2:destination:_files' ;;\n", stream); break;
    }
}

/* The words behind a group's name are arguments of an own. */
static void print_zsh_group(FILE *stream, const struct gs3_command *first)
{
    fputs("        ", stream);
    print_first_word(stream, first);
    fputs(")\n        state=\n        _arguments -C \\\n", stream);
    print_zsh_options(stream, group_bits(first), true);
    fputs("        '1:command:(", stream);
    print_group_words(stream, first, " ");
    fputs(")' '*::argument:->argument'\n        [[ $state == argument ]] && case $line[1] in\n",
          stream);
    for (size_t i = 0; i < gs3_command_count; i++)
        if (is_same_group(first, &gs3_commands[i]))
            print_zsh_command(stream, &gs3_commands[i],
                              gs3_commands[i].name + gs3_command_group_bytes(first) + 1);
    fputs("        esac ;;\n", stream);
}

static void print_zsh(FILE *stream)
{
    fputs("#compdef gs3\n# zsh completion for gs3, written by `gs3 completion zsh`\n"
          "_gs3() {\n    local curcontext=$curcontext context state line\n"
          "    local -A opt_args\n    local -a commands\n"
          "    commands=(\n",
          stream);
    for (size_t i = 0; i < gs3_command_count; i++) {
        if (!is_first(i))
            continue;
        fputs("        '", stream);
        print_first_word(stream, &gs3_commands[i]);
        fputc(':', stream);
        if (is_first_of_group(i))
            print_group_words(stream, &gs3_commands[i], ", ");
        else
            print_zsh_text(stream, gs3_commands[i].help);
        fputs("'\n", stream);
    }
    fputs("    )\n    _arguments -C \\\n", stream);
    print_zsh_options(stream, ~0U, true);
    fputs("        '1:command:->command' \\\n        '*::argument:->argument'\n"
          "    case $state in\n    command) _describe command commands ;;\n"
          "    argument)\n        case $line[1] in\n",
          stream);
    for (size_t i = 0; i < gs3_command_count; i++) {
        if (is_first_of_group(i))
            print_zsh_group(stream, &gs3_commands[i]);
        else if (is_first(i))
            print_zsh_command(stream, &gs3_commands[i], gs3_commands[i].name);
    }
    fputs("        esac ;;\n    esac\n}\n"
          "# Autoloaded as a completion function, or read with source.\n"
          "if [[ $funcstack[1] == _gs3 ]]; then _gs3 \"$@\"; else compdef _gs3 gs3; fi\n",
          stream);
}

static void print_fish_text(FILE *stream, const char *text)
{
    fputc('\'', stream);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', stream);
        fputc(*text, stream);
    }
    fputc('\'', stream);
}

static void print_fish_option(FILE *stream, const struct gs3_option *option)
{
    fputs("complete -c gs3 -n '", stream);
    fputs(option->is_global ? "not __gs3_command >/dev/null; or __gs3_command_is"
                            : "__gs3_command_is",
          stream);
    for (size_t i = 0; i < gs3_command_count; i++) {
        if (option->is_global && is_first_of_group(i) &&
            (option->commands & group_bits(&gs3_commands[i]))) {
            fputc(' ', stream);
            print_first_word(stream, &gs3_commands[i]);
        }
        if (option->commands & gs3_commands[i].bit)
            fprintf(stream, gs3_command_group_bytes(&gs3_commands[i]) ? " \"%s\"" : " %s",
                    gs3_commands[i].name);
    }
    fprintf(stream, "' -l %s -d ", option->name + 2);
    print_fish_text(stream, option->help);
    if (option->value_kind == GS3_VALUE_FILE)
        fputs(" -r -F", stream);
    else if (option->value_kind == GS3_VALUE_CHOICE) {
        fputs(" -x -a '", stream);
        print_choices(stream, option);
        fputc('\'', stream);
    } else if (option->kind != GS3_OPTION_FLAG)
        fputs(" -x", stream);
    fputc('\n', stream);
}

/* fish's own __fish_use_subcommand takes the value of a global option for the command. */
static void print_fish_functions(FILE *stream)
{
    fputs("function __gs3_command\n"
          "    set -l words (commandline -opc)\n"
          "    set -e words[1]\n"
          "    set -l is_value 0\n"
          "    set -l group\n"
          "    for word in $words\n"
          "        if test $is_value = 1\n"
          "            set is_value 0\n"
          "            continue\n"
          "        end\n"
          "        switch $word\n"
          "            case ",
          stream);
    print_names(stream, ~0U, is_global_with_value, " ");
    fputs("\n                set is_value 1\n"
          "            case '-*'\n"
          "                continue\n"
          "            case '*'\n"
          "                if test -n \"$group\"\n"
          "                    echo \"$group $word\"\n"
          "                    return 0\n"
          "                else if contains -- $word",
          stream);
    for (size_t i = 0; i < gs3_command_count; i++)
        if (is_first_of_group(i)) {
            fputc(' ', stream);
            print_first_word(stream, &gs3_commands[i]);
        }
    fputs("\n"
          "                    set group $word\n"
          "                    continue\n"
          "                end\n"
          "                echo $word\n"
          "                return 0\n"
          "        end\n"
          "    end\n"
          "    test -n \"$group\"\n"
          "    and echo $group\n"
          "end\n"
          "function __gs3_command_is\n"
          "    set -l command (__gs3_command)\n"
          "    and contains -- $command $argv\n"
          "end\n",
          stream);
}

static void print_fish_command(FILE *stream, size_t index)
{
    const struct gs3_command *command = &gs3_commands[index];
    size_t bytes = gs3_command_group_bytes(command);
    if (is_first(index)) {
        fputs("complete -c gs3 -f -n 'not __gs3_command >/dev/null' -a ", stream);
        print_first_word(stream, command);
        if (!bytes) {
            fputs(" -d ", stream);
            print_fish_text(stream, command->help);
        }
        fputc('\n', stream);
    }
    if (!bytes)
        return;
    fputs("complete -c gs3 -f -n '__gs3_command_is ", stream);
    print_first_word(stream, command);
    fprintf(stream, "' -a %s -d ", command->name + bytes + 1);
    print_fish_text(stream, command->help);
    fputc('\n', stream);
}

static void print_fish(FILE *stream)
{
    fputs("# fish completion for gs3, written by `gs3 completion fish`\n", stream);
    print_fish_functions(stream);
    for (size_t i = 0; i < gs3_command_count; i++)
        print_fish_command(stream, i);
    fputs("complete -c gs3 -f -n '__gs3_command_is completion' -a 'bash zsh fish'\n", stream);
    for (size_t i = 0; i < GS3_OPTION_COUNT; i++)
        print_fish_option(stream, &gs3_options[i]);
}

int gs3_completion_print(FILE *stream, const char *shell, struct gs3_err *err)
{
    if (gs3_str_equal(shell, "bash"))
        print_bash(stream);
    else if (gs3_str_equal(shell, "zsh"))
        print_zsh(stream);
    else if (gs3_str_equal(shell, "fish"))
        print_fish(stream);
    else
        return gs3_fail(err, GS3_EUSAGE, "completion takes bash, zsh or fish");
    return 0;
}
