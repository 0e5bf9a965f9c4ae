/* An AWS secret that landed among the arguments: whoever pasted it must hear of it, and nobody
 * may read it again in a message, a log or an object's metadata. Depends on base and the option
 * table. */
#ifndef GS3_CLI_SECRET_CHECK_H
#define GS3_CLI_SECRET_CHECK_H

#include "base/env.h"
#include "cli/parse.h"

/* Looks for `secret` (NULL: nothing to look for) in the positional arguments, the options' values
 * and the variables that stand for options. GS3_EUSAGE; the message names the place alone. */
int gs3_secret_check(const struct gs3_args *args, const struct gs3_env *env, const char *secret,
                     struct gs3_err *err);

/* The same for the secrets of the environment: before anything else is read. */
int gs3_secret_check_environment(const struct gs3_args *args, const struct gs3_env *env,
                                 struct gs3_err *err);

#endif
