/* Access points: another name for a bucket, with a host of its own.
 *
 * A policy judges buckets, so the bucket behind an access point is asked for (S3 Control's
 * GetAccessPoint) before anything is decided; the requests themselves go through the access point
 * (see gs3_s3_endpoint_resolve), whose own policy may be all that lets the caller in. An access
 * point keeps its bucket for life; only who deletes it and makes another of the same name in the
 * same account changes what it stands for. Depends on net, aws, text/xml. */
#ifndef GS3_AWS_ACCESS_POINT_H
#define GS3_AWS_ACCESS_POINT_H

#include "aws/credentials.h"
#include "net/http.h"

struct gs3_access_point {
    char region[64];
    char account[13]; /* 12 digits */
    char name[51];    /* 3–50 of a-z 0-9 - */
};

/* Whether a "bucket" is an ARN at all. */
bool gs3_access_point_is_arn(const char *bucket);

/* Reads "arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME" (or ":accesspoint:NAME"), every part checked.
 * GS3_EUSAGE, by name and with what to do, for what cannot be resolved to a bucket of this kind:
 * multi-region, Object Lambda and Outposts access points, those of directory buckets, the ARN of a
 * bucket. (Aliases, "-s3alias", are plain names: gs3_bucket_check refuses them. No operation of AWS
 * leads from an alias to its bucket.) */
int gs3_access_point_parse(const char *arn, struct gs3_access_point *point, struct gs3_err *err);

/* "arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME", the one spelling of two. Caller frees. */
char *gs3_access_point_format(const struct gs3_access_point *point);

/* What S3 Control says of an access point. */
struct gs3_access_point_info {
    char *bucket;         /* a name that gs3_bucket_check accepts: what the policy judges */
    char *bucket_account; /* NULL: not said */
    char *alias;          /* NULL: not said */
};
void gs3_access_point_info_release(struct gs3_access_point_info *info);

/* Started beside the ticket look-up, waited for after it. `config` and `credentials` must live
 * until the wait. Asks https://ACCOUNT.s3-control.REGION.amazonaws.com, or the configured endpoint
 * (gs3_s3_control_endpoint_resolve), whose certificate is always checked: the answer decides which
 * environment's rules hold. NULL and err: GS3_EUSAGE for an ARN that is none or with
 * --no-sign-request, GS3_ECONFIG. */
struct gs3_access_point_call;
struct gs3_access_point_call *gs3_access_point_start(struct gs3_http *http,
                                                     const struct gs3_aws_config *config,
                                                     const struct gs3_credentials *credentials,
                                                     const char *arn, struct gs3_err *err);
/* Gives the call up, without waiting for its answer, and frees it. */
void gs3_access_point_cancel(struct gs3_http *http, struct gs3_access_point_call *call);
/* Frees the call. GS3_EUNDECIDED when S3 Control cannot be reached or its answer is not usable,
 * GS3_ESERVICE with AWS's own code and message when it refuses (NoSuchAccessPoint, AccessDenied).
 */
int gs3_access_point_wait(struct gs3_http *http, struct gs3_access_point_call *call,
                          struct gs3_access_point_info *info, struct gs3_err *err);

#endif
