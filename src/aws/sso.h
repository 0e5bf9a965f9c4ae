/* The token of SSO that `aws sso login` leaves in ~/.aws/sso/cache, renewed when it is about to
 * expire. For credential_sso.c alone. Depends on aws/credentials. */
#ifndef GS3_AWS_SSO_H
#define GS3_AWS_SSO_H

#include "aws/credentials.h"

struct gs3_sso_login {
    const struct gs3_credential_source *source;
    const char *place;        /* of the setting that asks for SSO, for messages */
    const char *session_name; /* of the section; NULL: the older form, whose token is not renewed */
    const char *start_url, *region;
};

/* A token that has not expired. GS3_ECONFIG when there is none, with what to run. */
int gs3_sso_token_find(const struct gs3_sso_login *login, struct gs3_secret *token,
                       struct gs3_err *err);

/* "PLACE: PROBLEM: run aws sso login --profile NAME". Returns -1. */
int gs3_sso_fail_login(const struct gs3_credential_source *source, const char *place,
                       const char *problem, struct gs3_err *err);

#endif
