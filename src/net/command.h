/* A program that hands out a secret: run without a shell, and what it writes is read within bounds.
 * Depends on base, text/utf8, crypto (secrets), net/http (its interruption alone). */
#ifndef GS3_NET_COMMAND_H
#define GS3_NET_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/secret.h"
#include "net/http.h"

struct gs3_command {
    char *const *argv; /* at least one word, and a NULL at the end */
    bool is_on_path;   /* the first word is looked for along PATH, as a shell would */
    size_t maximum_output_bytes;
    uint32_t timeout_ms;
    /* What it writes to its standard error, the last of it, up to the buffer's maximum: its last
     * line is the reason in the message of a failure. NULL: nobody reads it. */
    struct gs3_buf *errors;
    const struct gs3_http *http; /* whose interruption ends it too; NULL: none */
};

/* Runs the command to its end with no input, the environment as it is, no other descriptor, and a
 * process group of its own, which is killed when it is late. Its output, whole, goes to `output`.
 * GS3_ECONFIG: it cannot be run, fails, writes too much or does not end; GS3_EINTERRUPT. */
int gs3_command_run(const struct gs3_command *command, struct gs3_secret *output,
                    struct gs3_err *err);

#endif
