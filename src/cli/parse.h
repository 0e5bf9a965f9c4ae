/* argv → command, options and positional arguments. Ours rather than getopt_long, which takes
 * abbreviations and cannot read options that take a value only sometimes. */
#ifndef GS3_CLI_PARSE_H
#define GS3_CLI_PARSE_H

#include "base/err.h"
#include "cli/options.h"

struct gs3_args {
    const struct gs3_command *command;    /* NULL: none given */
    const char *values[GS3_OPTION_COUNT]; /* last value; flags: "" when given; NULL: not given */
    const char **list;                    /* values of the one list option, in order */
    size_t list_count;
    const char **positional;
    size_t positional_count;
};

/* Strings are argv's. "--name value" and "--name=value"; "--" ends the options. Messages repeat
 * an option's name and never its value, which may be a secret. GS3_EUSAGE. */
int gs3_args_parse(int argc, char **argv, struct gs3_args *args, struct gs3_err *err);
void gs3_args_release(struct gs3_args *args);

#endif
