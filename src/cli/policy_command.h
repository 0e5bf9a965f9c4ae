/* gs3 policy export and gs3 policy lint: what is done with a policy itself. No network, no
 * credentials. Depends on policy (load, export), output. */
#ifndef GS3_CLI_POLICY_COMMAND_H
#define GS3_CLI_POLICY_COMMAND_H

#include "base/env.h"
#include "base/err.h"
#include "cli/parse.h"

/* The documents on standard output; for json the notes on standard error. */
int gs3_policy_export_command(const struct gs3_args *args, const struct gs3_env *env,
                              struct gs3_err *err);

/* A line when the policy is good; GS3_EPOLICY with the place when it is not. */
int gs3_policy_lint_command(const struct gs3_args *args, struct gs3_err *err);

#endif
