#include "aws/access_point.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/arn.h"
#include "aws/ask.h"
#include "aws/endpoint.h"
#include "aws/hosts.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { SHOWN_BYTES = 300, NAME_MINIMUM = 3, NAME_MAXIMUM = 50 };

struct gs3_access_point_call {
    struct gs3_aws_ask *ask;
    char *arn; /* as gs3_access_point_format writes it */
    struct gs3_access_point point;
};

bool gs3_access_point_is_arn(const char *bucket)
{
    return gs3_str_has_prefix(bucket, "arn:");
}

static int refuse(const char *arn, const char *problem, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(SHOWN_BYTES);
    if (gs3_utf8_append_printable(&shown, arn))
        gs3_buf_puts(&shown, "...");
    return gs3_fail(err, GS3_EUSAGE, "\"%s\": %s", gs3_buf_string(&shown), problem);
}

/* What else a store's ARN may name, in words that say what to do; NULL: an access point, it seems.
 */
static const char *find_other_kind(const struct gs3_arn *arn)
{
    static const struct {
        const char *service, *problem;
    } services[] = {
        {"s3-object-lambda", "an Object Lambda access point hands out what its function makes: "
                             "gs3 does not resolve it: name the bucket itself"},
        {"s3-outposts", "an access point on Outposts is not accepted"},
        {"s3express", "an access point of a directory bucket (S3 Express) is not accepted"},
    };
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (strcmp(arn->service, services[i].service) == 0)
            return services[i].problem;
    if (strcmp(arn->service, "s3") != 0)
        return "not the ARN of an access point of S3";
    if (gs3_str_has_suffix(arn->resource, ".mrap"))
        return "a multi-region access point stands for several buckets: name the bucket itself";
    if (!gs3_str_has_prefix(arn->resource, "accesspoint"))
        return "an ARN here names an access point: write s3://BUCKET/KEY for a bucket";
    return NULL;
}

static bool is_access_point_name(const char *name)
{
    size_t length = strlen(name);
    return length >= NAME_MINIMUM && length <= NAME_MAXIMUM &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && *name != '-' &&
           name[length - 1] != '-';
}

int gs3_access_point_parse(const char *arn, struct gs3_access_point *point, struct gs3_err *err)
{
    static const char kind[] = "accesspoint";
    *point = (struct gs3_access_point){.name = ""};
    gs3_auto_free char *copy = gs3_xstrdup(arn);
    struct gs3_arn fields = {.partition = NULL};
    if (!gs3_arn_split(copy, &fields))
        return refuse(arn, "not an ARN: arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME is one", err);
    const char *other = find_other_kind(&fields);
    if (other)
        return refuse(arn, other, err);
    const char *name = fields.resource + sizeof kind - 1;
    if (*name != '/' && *name != ':')
        return refuse(arn, "accesspoint/NAME is expected after the account", err);
    name++;
    if (!gs3_region_is_valid(fields.region) || strlen(fields.region) >= sizeof point->region ||
        strcmp(fields.region, "aws-global") == 0)
        return refuse(arn, "its fourth field is not the name of a region", err);
    /* The host goes by the region: a partition of another name would be a lie about it. */
    if (!gs3_arn_is_partition(fields.partition) ||
        strcmp(fields.partition, gs3_aws_partition(fields.region)) != 0)
        return refuse(arn, "its partition is not that of its region", err);
    if (!gs3_arn_is_account(fields.account))
        return refuse(arn, "its fifth field is not an account of 12 digits", err);
    if (!is_access_point_name(name))
        return refuse(arn,
                      "the name of an access point has 3 to 50 of a-z, 0-9 and \"-\", and neither "
                      "begins nor ends with \"-\"",
                      err);
    snprintf(point->region, sizeof point->region, "%s", fields.region);
    snprintf(point->account, sizeof point->account, "%s", fields.account);
    snprintf(point->name, sizeof point->name, "%s", name);
    return 0;
}

char *gs3_access_point_format(const struct gs3_access_point *point)
{
    return gs3_xasprintf("arn:%s:s3:%s:%s:accesspoint/%s", gs3_aws_partition(point->region),
                         point->region, point->account, point->name);
}

void gs3_access_point_info_release(struct gs3_access_point_info *info)
{
    free(info->bucket);
    free(info->bucket_account);
    free(info->alias);
    *info = (struct gs3_access_point_info){.bucket = NULL};
}

struct gs3_access_point_call *gs3_access_point_start(struct gs3_http *http,
                                                     const struct gs3_aws_config *config,
                                                     const struct gs3_credentials *credentials,
                                                     const char *arn, struct gs3_err *err)
{
    gs3_auto_free char *asked = NULL;
    struct gs3_access_point point;
    if (gs3_access_point_parse(arn, &point, err))
        return NULL;
    if (config->no_sign_request) {
        gs3_fail(err, GS3_EUSAGE,
                 "an access point is resolved to its bucket by a signed request: name the bucket "
                 "itself, or leave --no-sign-request out");
        return NULL;
    }
    gs3_auto_free char *listed = gs3_s3_control_endpoint_resolve(config, arn, &asked, NULL, err);
    if (!listed)
        return NULL;
    gs3_auto_free char *path = gs3_xasprintf("/v20180820/accesspoint/%s", point.name);
    const struct gs3_aws_question question = {
        .title = "S3 Control",
        .operation = "GetAccessPoint",
        .unknown = "S3 Control did not say which bucket the access point stands for",
        .service = "s3",
        .region = point.region,
        .method = "GET",
        .path = path,
        .account = point.account,
    };
    struct gs3_access_point_call *call = gs3_xcalloc(1, sizeof *call);
    call->point = point;
    call->arn = gs3_access_point_format(&point);
    call->ask = gs3_aws_ask_start(http, asked, credentials, &question);
    return call;
}

static int fail_unusable(struct gs3_err *err, const char *what)
{
    return gs3_fail(err, GS3_EUNDECIDED, "S3 Control's answer cannot be used: %s", what);
}

static const char *find_leaf(const struct gs3_pairs *leaves, const char *name)
{
    gs3_auto_free char *path = gs3_xasprintf("GetAccessPointResult/%s", name);
    const char *value = gs3_pairs_get(leaves, path);
    return gs3_str_is_empty(value) ? NULL : value;
}

static char *take_clean(const char *text)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(SHOWN_BYTES);
    if (!text)
        return NULL;
    gs3_utf8_append_printable(&out, text);
    return gs3_buf_take(&out);
}

/* The answer must be about the access point that was asked for, and name a bucket that a policy
 * can judge: a store of another kind (FSx) is none. */
static int read_info(const struct gs3_access_point_call *call, const struct gs3_pairs *leaves,
                     struct gs3_access_point_info *info, struct gs3_err *err)
{
    const char *name = find_leaf(leaves, "Name");
    const char *arn = find_leaf(leaves, "AccessPointArn");
    const char *bucket = find_leaf(leaves, "Bucket");
    const char *account = find_leaf(leaves, "BucketAccountId");
    if (!name || strcmp(name, call->point.name) != 0 || (arn && strcmp(arn, call->arn) != 0))
        return fail_unusable(err, "it is about another access point");
    if (!bucket)
        return fail_unusable(err, "it names no bucket: is the access point one of a bucket?");
    if (gs3_bucket_check(bucket, err)) {
        if (err)
            err->class = GS3_EUNDECIDED;
        return gs3_wrap(err, "S3 Control's answer cannot be used");
    }
    if (account && !gs3_arn_is_account(account))
        return fail_unusable(err, "the bucket's account is not 12 digits");
    info->bucket = gs3_xstrdup(bucket);
    info->bucket_account = gs3_xstrdup_or_null(account);
    info->alias = take_clean(find_leaf(leaves, "Alias"));
    return 0;
}

static void free_call(struct gs3_access_point_call *call)
{
    free(call->arn);
    free(call);
}

void gs3_access_point_cancel(struct gs3_http *http, struct gs3_access_point_call *call)
{
    gs3_aws_ask_cancel(http, call->ask);
    free_call(call);
}

int gs3_access_point_wait(struct gs3_http *http, struct gs3_access_point_call *call,
                          struct gs3_access_point_info *info, struct gs3_err *err)
{
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    *info = (struct gs3_access_point_info){.bucket = NULL};
    int status = gs3_aws_ask_wait(http, call->ask, &leaves, err);
    if (status == 0)
        status = read_info(call, &leaves, info, err);
    else if (err && err->class == GS3_ESERVICE)
        gs3_wrap(err,
                 "%s cannot be resolved to its bucket: name the bucket itself, or get "
                 "s3:GetAccessPoint allowed",
                 call->arn);
    free_call(call);
    return status;
}
