/* Usage texts, from the option tables. */
#ifndef GS3_CLI_HELP_H
#define GS3_CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

/* `command` NULL: the usage of `group`, or with NULL too the program's own. */
void gs3_help_print(FILE *stream, const struct gs3_command *command, const char *group);

#endif
