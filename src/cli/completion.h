/* Completions for bash, zsh and fish, written from the option tables. */
#ifndef GS3_CLI_COMPLETION_H
#define GS3_CLI_COMPLETION_H

#include <stdio.h>

#include "base/err.h"

/* `shell` is bash, zsh or fish; GS3_EUSAGE otherwise. */
int gs3_completion_print(FILE *stream, const char *shell, struct gs3_err *err);

#endif
