/* An environment and the AWS CLI's two files, as a test sets them. */
#ifndef GS3_TESTS_AWS_FILES_H
#define GS3_TESTS_AWS_FILES_H

#include "aws/config.h"

struct files {
    char directory[64]; /* private, removed by files_release; HOME of the environment */
    struct gs3_pairs variables;
    struct gs3_env env;
};

void files_init(struct files *files);
void files_set(struct files *files, const char *variable, const char *value);
/* The text of ~/.aws/NAME: "config", "credentials", "sso/cache/….json". */
void files_write(struct files *files, const char *name, const char *text);
void files_release(struct files *files);

/* Loads; -1 with err. */
int files_load(const struct files *files, const char *profile, struct gs3_aws_config *config,
               struct gs3_err *err);

#endif
