/* The AWS CLI's cache of the credentials of assumed roles, which gs3 and the CLI share:
 * ~/.aws/cli/cache/SHA1.json, by the arguments of the AssumeRole call. Depends on aws, text/json.
 */
#ifndef GS3_AWS_CREDENTIAL_CACHE_H
#define GS3_AWS_CREDENTIAL_CACHE_H

#include "aws/credentials.h"
#include "aws/sts_assume.h"

/* The file for a role, named as the CLI names it: of `role` its ARN, duration, external id and
 * serial count, and the session name where `has_session_name` (a name that was made up does not).
 * NULL: there is no home directory. Caller frees. */
char *gs3_credential_cache_path(const struct gs3_env *env, const struct gs3_sts_role *role,
                                bool has_session_name);

/* The credentials in the file, when they are good for a quarter of an hour more, as the CLI asks of
 * them. False: there are none that can be used, for whatever reason. */
bool gs3_credential_cache_read(const char *path, int64_t now_s, struct gs3_credentials *out);

/* Writes what the CLI would have written, mode 0600, in one step. A cache that cannot be written is
 * none: nothing is said. */
void gs3_credential_cache_write(const char *path, const struct gs3_credentials *credentials,
                                const struct gs3_sts_assumed *assumed);

#endif
