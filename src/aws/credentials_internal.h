/* What the credential providers share; for src/aws/credential*.c and sts_assume.c alone. Each
 * provider is a `find` of struct gs3_credential_provider, in a file of its own. Depends on
 * aws/credentials. */
#ifndef GS3_AWS_CREDENTIALS_INTERNAL_H
#define GS3_AWS_CREDENTIALS_INTERNAL_H

#include "aws/credentials.h"

/* Fills `credentials` from one source, by name in messages: 1, or GS3_ECONFIG when half of them is
 * missing or a value holds what no credential holds. The token may be unset or empty. */
int gs3_credentials_fill(struct gs3_credentials *credentials, const struct gs3_secret *id,
                         const struct gs3_secret *secret, const struct gs3_secret *token,
                         const char *source, struct gs3_err *err);

/* A setting of the profile, or NULL; where it stands ("file:line"), or "profile". */
const char *gs3_credential_setting(const struct gs3_credential_source *source, const char *name);
const char *gs3_credential_place(const struct gs3_credential_source *source, const char *name);

#endif
