/* gs3 cp, mv and put: from arguments to exit status. */
#ifndef GS3_CLI_TRANSFER_COMMAND_H
#define GS3_CLI_TRANSFER_COMMAND_H

#include "base/env.h"
#include "cli/parse.h"

/* Runs the command, prints, and returns the exit status. `interrupted` is set by a signal. */
int gs3_transfer_command(const struct gs3_args *args, const struct gs3_env *env,
                         const volatile int *interrupted);

#endif
