/* --tags KEY=VALUE,KEY=VALUE: object tags, by S3's own rules. Pure; depends on base, text. */
#ifndef GS3_CLI_TAGS_OPTION_H
#define GS3_CLI_TAGS_OPTION_H

#include "base/err.h"
#include "base/pairs.h"

/* Appends the tags: at most 10, keys of 1 to 128 characters that differ (tag keys are
 * case-sensitive) and do not begin with "aws:", values of at most 256. Of ASCII, S3 takes letters,
 * digits, the blank and + - = . _ : / @; of the rest of Unicode, letters and digits, which is left
 * to S3 to say. GS3_EUSAGE. */
int gs3_tags_option_parse(const char *value, struct gs3_pairs *tags, struct gs3_err *err);

#endif
