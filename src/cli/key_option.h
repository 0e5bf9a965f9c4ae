/* The customer's key of --sse-c-key and --sse-c-copy-source-key, out of the file that they name.
 *
 * aws-cli takes the key itself as well; gs3 takes no secret from the command line, where the
 * shell's history and every process of the machine can read it. Depends on base. */
#ifndef GS3_CLI_KEY_OPTION_H
#define GS3_CLI_KEY_OPTION_H

#include "base/err.h"
#include "cli/options.h"

enum { GS3_CUSTOMER_KEY_BYTES = 32 };

/* Reads fileb://PATH (the 32 bytes) or file://PATH (their base64, perhaps with white space around
 * it). The caller wipes `key`. GS3_EUSAGE; the message holds nothing of `value` but the path. */
int gs3_key_option_read(const struct gs3_option *option, const char *value,
                        unsigned char key[GS3_CUSTOMER_KEY_BYTES], struct gs3_err *err);

#endif
