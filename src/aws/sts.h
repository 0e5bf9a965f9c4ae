/* STS GetCallerIdentity: who AWS says we are. A signed form POST. Depends on net, aws, text/xml. */
#ifndef GS3_AWS_STS_H
#define GS3_AWS_STS_H

#include "aws/ask.h"
#include "aws/credentials.h"
#include "net/http.h"

struct gs3_caller {
    char *account; /* 12 digits */
    char *arn;
    char *user_id;
    enum { GS3_CALLER_USER, GS3_CALLER_ROLE, GS3_CALLER_ROOT, GS3_CALLER_FEDERATED } kind;
    char *name;      /* IAM user name without its path, or role session name; "root" for root */
    char *role_name; /* assumed roles, else NULL */
};
void gs3_caller_release(struct gs3_caller *caller);

/* Started beside the ticket look-up, waited for after it. `config` and `credentials` must live
 * until the wait. */
struct gs3_sts_call;
struct gs3_sts_call *gs3_sts_caller_start(struct gs3_http *http,
                                          const struct gs3_aws_config *config,
                                          const struct gs3_credentials *credentials,
                                          struct gs3_err *err);
/* The same for a check of the set-up: two attempts of 5 s, and STS's clock, which must live as
 * long, whatever its answer. */
struct gs3_sts_call *gs3_sts_caller_probe(struct gs3_http *http,
                                          const struct gs3_aws_config *config,
                                          const struct gs3_credentials *credentials,
                                          struct gs3_aws_clock *clock, struct gs3_err *err);
/* Gives the call up, without waiting for its answer, and frees it. */
void gs3_sts_caller_cancel(struct gs3_http *http, struct gs3_sts_call *call);
/* Frees the call. Errors: GS3_EUNDECIDED when STS cannot be reached or throttles, GS3_ESERVICE with
 * AWS's own code and message when it refuses. */
int gs3_sts_caller_wait(struct gs3_http *http, struct gs3_sts_call *call, struct gs3_caller *caller,
                        struct gs3_err *err);

/* Splits an ARN of an IAM user, assumed role, root or federated user. GS3_EINVALID otherwise. */
int gs3_caller_parse_arn(const char *arn, struct gs3_caller *caller, struct gs3_err *err);

#endif
