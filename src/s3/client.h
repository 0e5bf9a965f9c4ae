/* The Signature Version 4 transport: S3's REST interface on net. */
#ifndef GS3_S3_CLIENT_H
#define GS3_S3_CLIENT_H

#include "aws/config.h"
#include "aws/credentials.h"
#include "s3/transport.h"

struct gs3_s3_client_opts {
    struct gs3_http *http;               /* shared with the other rooms */
    const struct gs3_aws_config *config; /* must live as long as the client */
    /* Likewise; read by this client's thread at each attempt, so that only `refresh` and `renew`,
     * which run on it, may change them. NULL only with config->no_sign_request. */
    const struct gs3_credentials *credentials;
    /* --source-region: this client goes to that region of AWS's own endpoint, whatever endpoint is
     * configured (gs3_aws_config_at_region); NULL: where the configuration says. */
    const char *region;
    const struct gs3_clock *clock; /* NULL: the system's */
    const struct gs3_log *log;
    bool request_payer; /* x-amz-request-payer: requester, on every call */
    /* Asked when S3 says that the credentials have expired (ExpiredToken), at most once a call and
     * once for all calls that were signed with the same ones: 0 when `credentials` are fresh now.
     * NULL: they cannot be. */
    int (*refresh)(void *context, struct gs3_err *err);
    /* Asked before each signature: true when `credentials` are others now. NULL: they stay. */
    bool (*renew)(void *context);
    void *refresh_context; /* of both */
};

/* Never NULL. The clock offset to S3 (RequestTimeTooSkewed), the region of each bucket (redirects)
 * and the signing key are kept in the client. */
struct gs3_s3_transport *gs3_s3_client_new(const struct gs3_s3_client_opts *opts);

/* Connects ahead to the endpoint of `bucket`; not for another transport. Silent. */
void gs3_s3_client_warm(struct gs3_s3_transport *transport, const char *bucket);

#endif
