/* The common form of AWS's names, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE. */
#ifndef GS3_AWS_ARN_H
#define GS3_AWS_ARN_H

#include <stdbool.h>

#include "base/err.h"

enum { GS3_ARN_BYTES = 2048 };

/* The fields, cut in place. The resource may hold colons. */
struct gs3_arn {
    char *partition, *service, *region, *account, *resource;
};

/* Cuts `text` up; false when it has not six fields, is too long, or holds anything but printable
 * ASCII without white space. The fields themselves are not looked at. */
bool gs3_arn_split(char *text, struct gs3_arn *arn);
/* "aws", "aws-cn", "aws-us-gov", "aws-iso-b"… */
bool gs3_arn_is_partition(const char *text);
bool gs3_arn_is_account(const char *text); /* 12 digits */

#endif
