/* A question to the person at the terminal whose answer nobody may read over their shoulder.
 * Depends on base, crypto (secrets). */
#ifndef GS3_CLI_PROMPT_H
#define GS3_CLI_PROMPT_H

#include "base/err.h"
#include "crypto/secret.h"

/* Asks on /dev/tty, wherever the standard streams lead, without echo. The answer is one line, at
 * most 128 bytes, without its end. GS3_ECONFIG where there is no terminal, or the answer is empty
 * or too long; GS3_EINTERRUPT when `*interrupted` (may be NULL) is set meanwhile. */
int gs3_prompt(const char *question, const volatile int *interrupted, struct gs3_secret *answer,
               struct gs3_err *err);

#endif
