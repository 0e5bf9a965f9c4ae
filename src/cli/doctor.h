/* gs3 doctor: what was found, from which source, what is wrong and what to do.
 *
 * Every check runs, whatever the others say; one that depends on a failed one is skipped with the
 * reason. Shows no secret, and asks S3 for nothing but a word. */
#ifndef GS3_CLI_DOCTOR_H
#define GS3_CLI_DOCTOR_H

#include "base/env.h"
#include "cli/parse.h"

/* Runs the checks, prints them, and returns the exit status: 0, or that of the first failed check.
 */
int gs3_doctor_command(const struct gs3_args *args, const struct gs3_env *env,
                       const volatile int *interrupted);

#endif
