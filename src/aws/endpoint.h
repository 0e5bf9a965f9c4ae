/* Which host serves a bucket, and whether that is what the policy was asked about.
 *
 * AWS's own endpoints follow the published rules (partitions, FIPS, dual-stack, acceleration,
 * access points); a custom endpoint is an origin and nothing else. Depends on base, text/uri. */
#ifndef GS3_AWS_ENDPOINT_H
#define GS3_AWS_ENDPOINT_H

#include <stdbool.h>

#include "aws/config.h"
#include "text/uri.h"

/* A DNS label: what may become part of a host name. "aws-global" is one. */
bool gs3_region_is_valid(const char *region);

/* S3's naming rules for general purpose buckets: 3–63 of a-z 0-9 . -, letters or digits at the
 * ends, no "..", not an IPv4 address, none of the reserved prefixes and suffixes (xn--, sthree-,
 * -s3alias, --ol-s3, .mrap, --x-s3 …): aliases and ARNs are refused by name, GS3_EUSAGE… see .c. */
int gs3_bucket_check(const char *bucket, struct gs3_err *err);

struct gs3_s3_endpoint {
    struct gs3_origin
        origin;     /* of the request: with the bucket in front for virtual-hosted style */
    bool is_custom; /* not AWS's own */
    struct gs3_origin custom; /* as configured (without the bucket): what the policy must list */
    bool is_path_style;
    bool is_fips, is_dualstack; /* of AWS's own: a redirect keeps them */
    bool is_accelerated;        /* one host for all regions */
    bool is_access_point;       /* asked for by ARN: name and account are in the host */
    char region[64];            /* that signs */
};

/* Endpoint of one bucket. Custom endpoints: path style unless addressing is virtual. AWS's own:
 * https://BUCKET.s3.REGION.amazonaws.com, path style for a bucket with a dot;
 * s3.dualstack.REGION, s3-fips.REGION, s3-fips.dualstack.REGION; s3-accelerate[.dualstack] without
 * a region, and never for a bucket with a dot. An endpoint under amazonaws.com(.cn) must be exactly
 * what the rules give for the region and these settings. With a custom endpoint FIPS and
 * acceleration are refused and dual-stack is dropped, as the AWS CLI drops it. No region:
 * GS3_ECONFIG, except with a custom endpoint (us-east-1).
 *
 * `bucket` may be the ARN of an access point: https://NAME-ACCOUNT.s3-accesspoint.REGION.
 * amazonaws.com, signed for the ARN's region. Whoever asks with one must have had the bucket behind
 * it judged (gs3_access_point_start): nothing here knows it. */
int gs3_s3_endpoint_resolve(const struct gs3_aws_config *config, const char *bucket,
                            struct gs3_s3_endpoint *endpoint, struct gs3_err *err);

/* Moves an endpoint to the region that the store named in a redirect: AWS's own get the host that
 * the rules give for it (of the same partition, else GS3_ESERVICE), a custom endpoint keeps its
 * host and is signed for the region. No address is ever taken from an answer. */
int gs3_s3_endpoint_redirect(struct gs3_s3_endpoint *endpoint, const char *bucket,
                             const char *region, struct gs3_err *err);

/* Where the bucket behind the access point `arn` is asked for: the origin without the account in
 * front ("https://s3-control.REGION.amazonaws.com", or the configured endpoint, which must be https
 * unless it is loopback), for the policy, which must list it when `*is_custom`; `*asked` (may be
 * NULL) is the origin that the request goes to. Custom only together with a custom S3 endpoint, so
 * that the answer comes from who serves the requests. Caller frees both; NULL and GS3_ECONFIG. */
char *gs3_s3_control_endpoint_resolve(const struct gs3_aws_config *config, const char *arn,
                                      char **asked, bool *is_custom, struct gs3_err *err);

/* The region that signs for a configured one: NULL and "aws-global" are us-east-1. */
const char *gs3_region_signing(const char *region);

/* The same as below for CloudTrail and GuardDuty: what a check of the account asks. */
char *gs3_cloudtrail_endpoint_resolve(const struct gs3_aws_config *config, bool *is_custom,
                                      struct gs3_err *err);
char *gs3_guardduty_endpoint_resolve(const struct gs3_aws_config *config, bool *is_custom,
                                     struct gs3_err *err);

/* "https://sts.REGION.amazonaws.com" (us-east-1 without a region) or the configured endpoint,
 * which must be https unless it is loopback. `*is_custom` (may be NULL): it is not AWS's own, and
 * the policy must list it. Caller frees; NULL and GS3_ECONFIG. */
char *gs3_sts_endpoint_resolve(const struct gs3_aws_config *config, bool *is_custom,
                               struct gs3_err *err);

/* SSO's portal, which hands credentials out, or (`is_oidc`) its token service, in `region`, by the
 * same rules: the configured endpoint must be https unless it is loopback. Caller frees; NULL and
 * GS3_ECONFIG. */
char *gs3_sso_endpoint_resolve(const struct gs3_aws_config *config, const char *region,
                               bool is_oidc, struct gs3_err *err);

#endif
