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

/* The providers that are files of their own, each a `find` of struct gs3_credential_provider. */
int gs3_credentials_from_environment(const struct gs3_credential_source *source,
                                     struct gs3_credentials *credentials, struct gs3_err *err);
int gs3_credentials_from_role(const struct gs3_credential_source *source,
                              struct gs3_credentials *credentials, struct gs3_err *err);
int gs3_credentials_from_web_identity(const struct gs3_credential_source *source,
                                      struct gs3_credentials *credentials, struct gs3_err *err);

/* What a profile that another one names as its source has, without a role of its own: web identity,
 * SSO, static keys, a process, in the AWS CLI's order. 1, 0: it has none, -1. */
int gs3_credentials_from_profile(const struct gs3_credential_source *source,
                                 struct gs3_credentials *credentials, struct gs3_err *err);

/* The session name of a role whose settings give none: that of the credentials that are renewed,
 * else one that says who made it and when. Caller frees. */
char *gs3_credential_session_name(const struct gs3_credential_source *source);
/* What STS or a check of its limits said of a role, in the terms of a chain that has to give
 * credentials: a refusal keeps its class and AWS's words, and no answer is GS3_EGENERAL, as the AWS
 * CLI has it. Returns -1. */
int gs3_credential_role_fail(struct gs3_err *err, const char *place);

#endif
