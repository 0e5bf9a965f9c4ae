/* AWS credentials and the chain that finds them. Issue by issue the chain grows; each
 * provider is one struct of operations. Depends on aws/config. */
#ifndef GS3_AWS_CREDENTIALS_H
#define GS3_AWS_CREDENTIALS_H

#include "aws/config.h"

struct gs3_credentials {
    char *access_key_id;
    struct gs3_secret secret_access_key;
    struct gs3_secret session_token; /* may be unset */
    const char *source;              /* "environment", "shared credentials file": for people */
};
void gs3_credentials_release(struct gs3_credentials *credentials);

struct gs3_credential_source {
    const struct gs3_env *env;
    const struct gs3_aws_config *config;
};

/* One provider. `find` returns 1 when it has credentials, 0 when it does not apply, -1 when it
 * applies and is broken (half a credential, …): that ends the chain. */
struct gs3_credential_provider {
    const char *name;
    int (*find)(const struct gs3_credential_source *source, struct gs3_credentials *credentials,
                struct gs3_err *err);
};

/* Asks the providers in the AWS CLI's order. Nothing found: GS3_ECONFIG "unable to locate
 * credentials…". A profile that asks for a provider that gs3 does not have yet (role_arn, sso_*,
 * credential_process, web identity) is GS3_ECONFIG by name, never a silent fall-through to other
 * credentials. */
int gs3_credentials_find(const struct gs3_credential_source *source,
                         struct gs3_credentials *credentials, struct gs3_err *err);

#endif
