/* One small signed question to a service of AWS, and its XML answer: what STS and S3 Control are
 * asked before anything is decided. The certificate is always checked, whatever the options for S3
 * say, and what is no answer leaves it undecided. Depends on net, aws/sigv4, text/xml. */
#ifndef GS3_AWS_ASK_H
#define GS3_AWS_ASK_H

#include "aws/credentials.h"
#include "net/http.h"

struct gs3_aws_question {
    const char *title;     /* of the service, for people: "STS" */
    const char *operation; /* "GetCallerIdentity" */
    const char *unknown;   /* what stays open without an answer: "STS did not say who…" */
    const char *service;   /* that signs: "sts", "s3" */
    const char *region;    /* that signs */
    const char *method;
    const char *path;    /* encoded, begins with / */
    const char *form;    /* the body of a POST; NULL: none. Must live until the wait */
    const char *account; /* x-amz-account-id; NULL: none */
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

#endif
