/* STS AssumeRole and AssumeRoleWithWebIdentity: the credentials of a role, for a while.
 *
 * What STS documents as limits is checked before anything is sent. Depends on net, aws, text/xml.
 */
#ifndef GS3_AWS_STS_ASSUME_H
#define GS3_AWS_STS_ASSUME_H

#include "aws/credentials.h"
#include "net/http.h"

enum {
    GS3_STS_DURATION_MINIMUM_S = 900,
    GS3_STS_DURATION_MAXIMUM_S = 43200, /* 3600 when a role's credentials ask */
    GS3_STS_POLICY_BYTES = 2048,
    GS3_STS_TAGS = 50,
};

/* What is asked for. Everything must live until the wait; NULL, 0 or none: not sent. */
struct gs3_sts_role {
    const char *role_arn;          /* required */
    const char *session_name;      /* required: 2–64 of letters, digits and _+=,.@- */
    uint32_t duration_s;           /* 900–43200; 0: STS's default, an hour */
    const char *external_id;       /* not with a web identity, and so all below but `policy` */
    const char *serial;            /* of the MFA device */
    const struct gs3_secret *code; /* what it shows: six digits */
    const char *source_identity;   /* as the session name; once set it stays */
    const char *policy;            /* JSON: the session may do no more than this */
    const struct gs3_pairs *tags;  /* session tags, at most 50: keys ≤ 128, values ≤ 256 */
    const char *const *transitive; /* keys of tags that go on through a chain of roles */
    size_t transitive_count;
};

/* Beside the credentials. */
struct gs3_sts_assumed {
    char *arn;                    /* arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION */
    char *id;                     /* AROA…:SESSION */
    unsigned packed_size_percent; /* of the room for policy and tags together; 0: not said */
};
void gs3_sts_assumed_release(struct gs3_sts_assumed *assumed);

/* Whether STS would take it, by the limits it documents. GS3_EINVALID: "role session name: …". */
int gs3_sts_role_check(const struct gs3_sts_role *role, struct gs3_err *err);

/* Checks and sends. `config` says which STS; `credentials` sign, and must live until the wait.
 * NULL: refused, nothing was sent. */
struct gs3_sts_assume_call;
struct gs3_sts_assume_call *gs3_sts_assume_start(struct gs3_http *http,
                                                 const struct gs3_aws_config *config,
                                                 const struct gs3_credentials *credentials,
                                                 const struct gs3_sts_role *role,
                                                 struct gs3_err *err);
/* Likewise, unsigned: `token` is what the identity provider issued. */
struct gs3_sts_assume_call *gs3_sts_assume_web_start(struct gs3_http *http,
                                                     const struct gs3_aws_config *config,
                                                     const struct gs3_secret *token,
                                                     const struct gs3_sts_role *role,
                                                     struct gs3_err *err);
void gs3_sts_assume_cancel(struct gs3_http *http, struct gs3_sts_assume_call *call);

/* Frees the call. `out` (zero-initialised, or released) has expires_s set and the source "assumed
 * role"; `assumed` may be NULL. GS3_ESERVICE with AWS's own code and message when STS refuses
 * (AccessDenied, PackedPolicyTooLarge, ExpiredToken…); GS3_EUNDECIDED when it cannot be reached,
 * throttles, or says nothing that can be used. */
int gs3_sts_assume_wait(struct gs3_http *http, struct gs3_sts_assume_call *call,
                        struct gs3_credentials *out, struct gs3_sts_assumed *assumed,
                        struct gs3_err *err);

/* Start and wait in one. */
int gs3_sts_assume_role(struct gs3_http *http, const struct gs3_aws_config *config,
                        const struct gs3_credentials *credentials, const struct gs3_sts_role *role,
                        struct gs3_credentials *out, struct gs3_sts_assumed *assumed,
                        struct gs3_err *err);
int gs3_sts_assume_web_identity(struct gs3_http *http, const struct gs3_aws_config *config,
                                const struct gs3_secret *token, const struct gs3_sts_role *role,
                                struct gs3_credentials *out, struct gs3_sts_assumed *assumed,
                                struct gs3_err *err);

#endif
