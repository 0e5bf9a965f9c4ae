/* One profile of the AWS CLI's two files, merged. Depends on aws/ini. Never opens a file. */
#ifndef GS3_AWS_PROFILE_H
#define GS3_AWS_PROFILE_H

#include "aws/config.h"
#include "aws/ini.h"

/* One of the two files as read; `ini` is empty when there is none. */
struct gs3_aws_file {
    char *path;
    struct gs3_ini ini;
};

/* Fills `profile` (whose name is set) from both files: `exists` says whether either has it.
 * A setting of the credentials file replaces that of the configuration file, a block as a whole.
 * GS3_ECONFIG when one file has the profile under two spellings, or two session tokens. */
int gs3_aws_profile_fill(struct gs3_aws_profile *profile, const struct gs3_aws_file *config,
                         const struct gs3_aws_file *credentials, struct gs3_err *err);

/* The section [services NAME] of the configuration file, or NULL. */
const struct gs3_ini_section *gs3_aws_services_section(const struct gs3_aws_file *config,
                                                       const char *name);

#endif
