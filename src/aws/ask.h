/* One small signed question to a service of AWS, and its XML or JSON answer: what STS and S3
 * Control are asked before anything is decided, and CloudTrail and GuardDuty by a check of the
 * account. The certificate is always checked, whatever the options for S3 say, and what is no
 * answer leaves it undecided. Depends on net, aws/sigv4, text. */
#ifndef GS3_AWS_ASK_H
#define GS3_AWS_ASK_H

#include "aws/credentials.h"
#include "net/http.h"
#include "text/json.h"

/* What a service's clock shows beside ours, by the Date header of its last answer of any status. */
struct gs3_aws_clock {
    bool is_known;
    int64_t offset_s; /* the service's minus ours */
};

struct gs3_aws_question {
    const char *title;     /* of the service, for people: "STS" */
    const char *operation; /* "GetCallerIdentity" */
    const char *unknown;   /* what stays open without an answer: "STS did not say who…" */
    const char *service;   /* that signs: "sts", "s3" */
    const char *region;    /* that signs */
    const char *method;
    const char *path;            /* encoded, begins with / */
    const char *form;            /* the body of a POST; NULL: none. Must live until the wait */
    const char *account;         /* x-amz-account-id; NULL: none */
    const char *target;          /* x-amz-target, of a service that speaks JSON 1.1; NULL: none */
    bool is_json;                /* the answer is JSON: gs3_aws_ask_wait_json */
    unsigned attempts;           /* 0: 3 */
    uint32_t timeout_ms;         /* of one attempt; 0: 10 s */
    struct gs3_aws_clock *clock; /* filled before the wait returns; NULL: not wanted */
};

/* `endpoint` is an origin; plain http is for this machine alone, and goes through no proxy.
 * `credentials` must live until the wait; NULL: the request is not signed. Never NULL. */
struct gs3_aws_ask;
struct gs3_aws_ask *gs3_aws_ask_start(struct gs3_http *http, const char *endpoint,
                                      const struct gs3_credentials *credentials,
                                      const struct gs3_aws_question *question);
void gs3_aws_ask_cancel(struct gs3_http *http, struct gs3_aws_ask *ask);
/* Frees the ask. 0: `leaves` (released by the caller) has the answer's text, by path.
 * GS3_ESERVICE with AWS's own code and message when the service refuses; GS3_EUNDECIDED when it
 * cannot be reached, throttles, or says nothing that can be read. */
int gs3_aws_ask_wait(struct gs3_http *http, struct gs3_aws_ask *ask, struct gs3_pairs *leaves,
                     struct gs3_err *err);
/* The same for JSON: an object, which the caller deletes; NULL with the errors as above. */
cJSON *gs3_aws_ask_wait_json(struct gs3_http *http, struct gs3_aws_ask *ask, struct gs3_err *err);

/* Whether a failure says that the caller may not ask this. */
bool gs3_aws_err_is_denied(const struct gs3_err *err);

#endif
