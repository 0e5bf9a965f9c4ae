/* What config.c and config_s3.c share: one load under way, and how its settings are read. Nothing
 * outside of the two includes it. */
#ifndef GS3_AWS_CONFIG_INTERNAL_H
#define GS3_AWS_CONFIG_INTERNAL_H

#include "aws/config.h"
#include "aws/profile.h"

/* What one load works on. */
struct gs3_aws_loader {
    const struct gs3_env *env;
    const struct gs3_aws_config_opts *opts;
    struct gs3_aws_config *config;
    struct gs3_aws_file files[2]; /* configuration, credentials */
    struct gs3_err *err;
};

/* Of the profile; NULL: not set, or empty. */
const char *gs3_aws_setting_get(const struct gs3_aws_loader *loader, const char *name);
/* Says where a value that is wrong stands: "FILE:LINE: NAME = VALUE: PROBLEM". Returns -1. */
int gs3_aws_setting_refuse(const struct gs3_aws_loader *loader, const char *name,
                           const char *problem);
int gs3_aws_setting_bool(const struct gs3_aws_loader *loader, const char *name, bool *value);

/* config_s3.c: the keys under "s3 =". */
int gs3_aws_config_read_s3(struct gs3_aws_loader *loader);

#endif
