/* Whether an S3 endpoint answers, and what it makes of the credentials: one GET of "/", which names
 * no bucket and changes nothing. For a check of the set-up. Depends on net, aws. */
#ifndef GS3_S3_PROBE_H
#define GS3_S3_PROBE_H

#include "aws/ask.h"
#include "aws/endpoint.h"

struct gs3_s3_probe {
    long status;
    char code[64]; /* of an error document, else "" */
    bool is_html;  /* a page for people: not an S3 endpoint */
    struct gs3_aws_clock clock;
};

/* `origin` is the endpoint's without a bucket; `credentials` NULL: not signed. 0 when an answer
 * came, whatever its status; at most 10 s. GS3_ECONFIG for a CA file that cannot be used, else
 * GS3_ESERVICE. */
int gs3_s3_probe(struct gs3_http *http, const struct gs3_aws_config *config,
                 const struct gs3_credentials *credentials, const struct gs3_origin *origin,
                 const char *region, struct gs3_s3_probe *probe, struct gs3_err *err);

#endif
