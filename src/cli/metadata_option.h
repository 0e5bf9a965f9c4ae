/* --metadata as aws-cli takes it: KEY=VALUE,KEY=VALUE, a JSON object of strings, or file://PATH. */
#ifndef GS3_CLI_METADATA_OPTION_H
#define GS3_CLI_METADATA_OPTION_H

#include "base/err.h"
#include "base/pairs.h"

/* Appends the pairs; a key that is given twice (in any case) is an error, as is an empty one.
 * Values may be quoted ('…' or "…") and may escape a comma with a backslash. GS3_EUSAGE. */
int gs3_metadata_option_parse(const char *value, struct gs3_pairs *pairs, struct gs3_err *err);

#endif
