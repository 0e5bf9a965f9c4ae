/* argv → command, options and positional arguments. Ours rather than getopt_long, which takes
 * abbreviations and cannot read options that take a value only sometimes. */
#ifndef GS3_CLI_PARSE_H
#define GS3_CLI_PARSE_H

#include "base/err.h"
#include "cli/options.h"

/* One option as it was given; of GS3_OPTION_WORDS each word. */
struct gs3_given {
    const struct gs3_option *option;
    const char *value;  /* flags: "" */
    bool is_overridden; /* GS3_OPTION_WORDS: the option came again */
};

struct gs3_args {
    const struct gs3_command *command;    /* NULL: none given */
    const char *group;                    /* of "policy export" the first word, also when it came
                                             alone; else NULL */
    const char *values[GS3_OPTION_COUNT]; /* last value; flags: "" when given; NULL: not given */
    struct gs3_given *given;              /* all of them, in order */
    size_t given_count;
    const char **positional;
    size_t positional_count;
};

/* Strings are argv's, or the option table's. "--name value" and "--name=value" (of
 * GS3_OPTION_WORDS: that one word); "--" ends the options. Messages repeat an option's name and
 * never its value, which may be a secret. GS3_EUSAGE. */
int gs3_args_parse(int argc, char **argv, struct gs3_args *args, struct gs3_err *err);
void gs3_args_release(struct gs3_args *args);

/* The values of a list option, one after the other; *index starts at 0. NULL: no more. */
const char *gs3_args_next(const struct gs3_args *args, enum gs3_option_id id, size_t *index);

#endif
