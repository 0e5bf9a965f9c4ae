#include "aws/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/access_point.h"
#include "aws/hosts.h"
#include "base/mem.h"
#include "base/str.h"

enum { LABEL_BYTES = 63 };

bool gs3_region_is_valid(const char *region)
{
    size_t length = strlen(region);
    for (size_t i = 0; i < length; i++)
        if (!gs3_ascii_is_alnum(region[i]) && region[i] != '-')
            return false;
    return length > 0 && length <= LABEL_BYTES && region[0] != '-' && region[length - 1] != '-';
}

const char *gs3_region_signing(const char *region)
{
    return !region || strcmp(region, "aws-global") == 0 ? "us-east-1" : region;
}

static bool is_address(const char *host)
{
    const char *last = strrchr(host, '.');
    return host[0] == '[' || gs3_ascii_is_digit(last ? last[1] : host[0]);
}

/* The certificate's wildcard covers one label, and an address has none. */
static bool wants_path_style(const struct gs3_aws_config *config,
                             const struct gs3_s3_endpoint *endpoint, const char *bucket)
{
    /* As in the AWS CLI, whatever style is asked for: acceleration has no other. */
    if (endpoint->is_accelerated)
        return false;
    if (config->addressing == GS3_ADDRESSING_PATH)
        return true;
    if (endpoint->is_custom && config->addressing != GS3_ADDRESSING_VIRTUAL)
        return true;
    if (endpoint->is_custom && is_address(endpoint->origin.host))
        return true;
    return strcmp(endpoint->origin.scheme, "https") == 0 && strchr(bucket, '.');
}

static int put_bucket_in_front(struct gs3_origin *origin, const char *bucket, struct gs3_err *err)
{
    gs3_auto_free char *host = gs3_xasprintf("%s.%s", bucket, origin->host);
    if (strlen(host) >= sizeof origin->host - 2)
        return gs3_fail(err, GS3_ECONFIG,
                        "\"%s\" is too long for a host name: set addressing_style = path", host);
    snprintf(origin->host, sizeof origin->host, "%s", host);
    return 0;
}

/* Reads a configured endpoint. `*is_aws` says that it is the one the rules give; any other host
 * of AWS is refused: it could stand for another bucket, service or account's network. `own` is the
 * rules' host, whose region is NULL when none is configured. */
static int read_configured(const char *text, const struct gs3_aws_host *own, const char *title,
                           struct gs3_origin *origin, bool *is_aws, struct gs3_err *err)
{
    if (gs3_origin_parse(text, GS3_ECONFIG, origin, err))
        return gs3_wrap(err, "%s endpoint", title);
    *is_aws = gs3_aws_owns(origin->host);
    if (!*is_aws)
        return 0;
    struct gs3_aws_host host = *own;
    struct gs3_origin wanted, global;
    host.region = own->region ? own->region : "us-east-1";
    gs3_aws_host_origin(&host, &wanted);
    bool is_own = own->region && gs3_origin_equal(origin, &wanted);
    /* The rules still know the first region by the name without a region. */
    const struct gs3_aws_host old = {.service = own->service, .region = "aws-global"};
    gs3_aws_host_origin(&old, &global);
    bool is_plain = !own->is_fips && !own->is_dualstack;
    bool is_global = is_plain && gs3_origin_equal(origin, &global) &&
                     strcmp(gs3_region_signing(own->region), "us-east-1") == 0;
    if (is_own || is_global)
        return 0;
    gs3_auto_free char *shown = gs3_origin_format(&wanted);
    return gs3_fail(err, GS3_ECONFIG,
                    "\"%s\" is not the endpoint that AWS's rules give for region %s (%s): leave "
                    "the endpoint out, or set the region",
                    text, host.region, shown);
}

static int check_region(const char *region, struct gs3_err *err)
{
    if (region && !gs3_region_is_valid(region))
        return gs3_fail(err, GS3_ECONFIG, "the region is not the name of a region");
    return 0;
}

static struct gs3_aws_host host_of(const struct gs3_s3_endpoint *endpoint, const char *service,
                                   const char *region)
{
    return (struct gs3_aws_host){.service = service,
                                 .region = region,
                                 .is_fips = endpoint->is_fips,
                                 .is_dualstack = endpoint->is_dualstack};
}

/* A custom endpoint is asked by the name that was given: a variant of it is nobody's to know. */
static int check_custom(struct gs3_s3_endpoint *endpoint, struct gs3_err *err)
{
    const char *setting = endpoint->is_accelerated ? "s3.use_accelerate_endpoint"
                          : endpoint->is_fips      ? "use_fips_endpoint"
                                                   : NULL;
    if (setting)
        return gs3_fail(err, GS3_ECONFIG,
                        "%s and an endpoint that is not AWS's exclude each other: turn one off",
                        setting);
    /* The AWS CLI drops this one without a word. */
    endpoint->is_dualstack = false;
    endpoint->is_custom = true;
    endpoint->custom = endpoint->origin;
    return 0;
}

static int check_accelerated(const char *bucket, struct gs3_err *err)
{
    if (!strchr(bucket, '.'))
        return 0;
    return gs3_fail(err, GS3_ECONFIG,
                    "bucket %s: S3 Transfer Acceleration does not serve a bucket with a dot in "
                    "its name: turn s3.use_accelerate_endpoint off",
                    bucket);
}

/* Reads the settings and the configured endpoint, if any, and fills everything but the bucket's
 * part. `region` is NULL when there is none. */
static int begin(const struct gs3_aws_config *config, const char *service, const char *region,
                 struct gs3_s3_endpoint *endpoint, struct gs3_err *err)
{
    bool is_aws = true;
    endpoint->is_fips = config->use_fips;
    endpoint->is_dualstack = config->use_dualstack || config->s3_use_dualstack;
    endpoint->is_accelerated = config->s3_use_accelerate;
    const struct gs3_aws_host own = host_of(endpoint, service, region);
    if (config->endpoint_s3 &&
        read_configured(config->endpoint_s3, &own, "S3", &endpoint->origin, &is_aws, err))
        return -1;
    if (!is_aws)
        return check_custom(endpoint, err);
    return region ? gs3_aws_host_check(&own, err) : 0;
}

/* NAME-ACCOUNT in front of the access points' own host, or of a custom endpoint's, as the rules
 * have it. The ARN's region counts, not the configured one. */
static int resolve_access_point(const struct gs3_aws_config *config, const char *arn,
                                struct gs3_s3_endpoint *endpoint, struct gs3_err *err)
{
    struct gs3_access_point point;
    if (gs3_access_point_parse(arn, &point, err) ||
        begin(config, "s3", config->region, endpoint, err))
        return -1;
    const struct gs3_aws_host host = host_of(endpoint, "s3-accesspoint", point.region);
    const char *own = config->region;
    endpoint->is_access_point = true;
    if (endpoint->is_accelerated)
        return gs3_fail(err, GS3_ECONFIG,
                        "access points have no S3 Transfer Acceleration: turn "
                        "s3.use_accelerate_endpoint off");
    if (own && strcmp(gs3_aws_partition(own), gs3_aws_partition(point.region)) != 0)
        return gs3_fail(err, GS3_ECONFIG,
                        "the access point is in %s and the region is %s: they are of different "
                        "partitions",
                        point.region, own);
    if (config->s3_ignores_arn_region && !gs3_str_equal(own, point.region))
        return gs3_fail(err, GS3_ECONFIG,
                        "the access point is in %s and the region is %s: use that region, or turn "
                        "s3.use_arn_region on",
                        point.region, own ? own : "not set");
    if (endpoint->is_custom && is_address(endpoint->origin.host))
        return gs3_fail(err, GS3_ECONFIG,
                        "an access point needs an endpoint with a host name, not an address");
    if (!endpoint->is_custom && gs3_aws_host_check(&host, err))
        return -1;
    if (!endpoint->is_custom)
        gs3_aws_host_origin(&host, &endpoint->origin);
    snprintf(endpoint->region, sizeof endpoint->region, "%s", gs3_region_signing(point.region));
    gs3_auto_free char *label = gs3_xasprintf("%s-%s", point.name, point.account);
    return put_bucket_in_front(&endpoint->origin, label, err);
}

int gs3_s3_endpoint_resolve(const struct gs3_aws_config *config, const char *bucket,
                            struct gs3_s3_endpoint *endpoint, struct gs3_err *err)
{
    const char *region = config->region;
    *endpoint = (struct gs3_s3_endpoint){.is_custom = false};
    if (check_region(region, err))
        return -1;
    if (gs3_access_point_is_arn(bucket))
        return resolve_access_point(config, bucket, endpoint, err);
    const char *service = config->s3_use_accelerate ? "s3-accelerate" : "s3";
    if (gs3_bucket_check(bucket, err) || begin(config, service, region, endpoint, err))
        return -1;
    snprintf(endpoint->region, sizeof endpoint->region, "%s", gs3_region_signing(region));
    if (!endpoint->is_custom) {
        if (!region)
            return gs3_fail(err, GS3_ECONFIG,
                            "no region: use --region, set AWS_REGION, or run \"aws configure\"");
        if (endpoint->is_accelerated && check_accelerated(bucket, err))
            return -1;
        const struct gs3_aws_host host = host_of(endpoint, service, region);
        gs3_aws_host_origin(&host, &endpoint->origin);
    }
    endpoint->is_path_style = wants_path_style(config, endpoint, bucket);
    return endpoint->is_path_style ? 0 : put_bucket_in_front(&endpoint->origin, bucket, err);
}

int gs3_s3_endpoint_redirect(struct gs3_s3_endpoint *endpoint, const char *bucket,
                             const char *region, struct gs3_err *err)
{
    if (!gs3_region_is_valid(region))
        return gs3_fail(err, GS3_ESERVICE, "S3 sent the request on to what is no region");
    if (endpoint->is_access_point)
        return gs3_fail(err, GS3_ESERVICE,
                        "S3 sent the request on to %s, and the access point's ARN names %s", region,
                        endpoint->region);
    bool is_elsewhere = strcmp(gs3_aws_partition(region), gs3_aws_partition(endpoint->region)) != 0;
    if (!endpoint->is_custom && is_elsewhere)
        return gs3_fail(err, GS3_ESERVICE, "S3 sent the request on to another partition (%s)",
                        region);
    snprintf(endpoint->region, sizeof endpoint->region, "%s", gs3_region_signing(region));
    /* The accelerated host is one for all regions. */
    if (endpoint->is_custom || endpoint->is_accelerated)
        return 0;
    const struct gs3_aws_host host = host_of(endpoint, "s3", region);
    gs3_aws_host_origin(&host, &endpoint->origin);
    return endpoint->is_path_style ? 0 : put_bucket_in_front(&endpoint->origin, bucket, err);
}

/* What decides something is asked over TLS; only this machine itself may be asked without. */
static int check_https(const struct gs3_origin *origin, const char *title, const char *text,
                       struct gs3_err *err)
{
    if (strcmp(origin->scheme, "https") == 0 || origin->is_loopback)
        return 0;
    return gs3_fail(err, GS3_ECONFIG, "%s endpoint \"%s\": https is required", title, text);
}

/* The endpoint of a service that answers who or what somebody is. */
static int resolve_service(const struct gs3_aws_host *host, const char *configured,
                           const char *title, struct gs3_origin *origin, bool *is_custom,
                           struct gs3_err *err)
{
    bool is_aws = true;
    if (configured && (read_configured(configured, host, title, origin, &is_aws, err) ||
                       check_https(origin, title, configured, err)))
        return -1;
    if (is_custom)
        *is_custom = !is_aws;
    if (!is_aws)
        return 0;
    if (gs3_aws_host_check(host, err))
        return -1;
    if (!configured)
        gs3_aws_host_origin(host, origin);
    return 0;
}

static char *resolve_regional(const struct gs3_aws_config *config, const char *service,
                              const char *configured, const char *title, bool *is_custom,
                              struct gs3_err *err)
{
    struct gs3_origin origin;
    const struct gs3_aws_host host = {.service = service,
                                      .region = config->region ? config->region : "us-east-1",
                                      .is_fips = config->use_fips,
                                      .is_dualstack = config->use_dualstack};
    if (check_region(config->region, err) ||
        resolve_service(&host, configured, title, &origin, is_custom, err))
        return NULL;
    return gs3_origin_format(&origin);
}

char *gs3_sso_endpoint_resolve(const struct gs3_aws_config *config, const char *region,
                               bool is_oidc, struct gs3_err *err)
{
    struct gs3_origin origin;
    const struct gs3_aws_host host = {.service = is_oidc ? "oidc" : "portal.sso",
                                      .region = region,
                                      .is_fips = config->use_fips,
                                      .is_dualstack = config->use_dualstack};
    const char *configured = is_oidc ? config->endpoint_sso_oidc : config->endpoint_sso;
    if (check_region(region, err) ||
        resolve_service(&host, configured, is_oidc ? "SSO OIDC" : "SSO", &origin, NULL, err))
        return NULL;
    return gs3_origin_format(&origin);
}

char *gs3_sts_endpoint_resolve(const struct gs3_aws_config *config, bool *is_custom,
                               struct gs3_err *err)
{
    return resolve_regional(config, "sts", config->endpoint_sts, "STS", is_custom, err);
}

char *gs3_cloudtrail_endpoint_resolve(const struct gs3_aws_config *config, bool *is_custom,
                                      struct gs3_err *err)
{
    return resolve_regional(config, "cloudtrail", config->endpoint_cloudtrail, "CloudTrail",
                            is_custom, err);
}

char *gs3_guardduty_endpoint_resolve(const struct gs3_aws_config *config, bool *is_custom,
                                     struct gs3_err *err)
{
    return resolve_regional(config, "guardduty", config->endpoint_guardduty, "GuardDuty", is_custom,
                            err);
}

/* The answer says which bucket the requests reach: it must come from who serves them. */
static int check_same_owner(const struct gs3_aws_config *config, const char *arn, bool is_custom,
                            struct gs3_err *err)
{
    struct gs3_s3_endpoint endpoint;
    if (gs3_s3_endpoint_resolve(config, arn, &endpoint, err))
        return -1;
    if (endpoint.is_custom == is_custom)
        return 0;
    return gs3_fail(err, GS3_ECONFIG,
                    "the endpoint of S3 is %s and that of S3 Control, which says which bucket an "
                    "access point stands for, is %s: set AWS_ENDPOINT_URL_S3 and "
                    "AWS_ENDPOINT_URL_S3_CONTROL both, or neither",
                    endpoint.is_custom ? "a custom one" : "AWS's own",
                    is_custom ? "a custom one" : "AWS's own");
}

char *gs3_s3_control_endpoint_resolve(const struct gs3_aws_config *config, const char *arn,
                                      char **asked, bool *is_custom, struct gs3_err *err)
{
    struct gs3_access_point point;
    struct gs3_origin origin;
    bool is_elsewhere;
    if (gs3_access_point_parse(arn, &point, err))
        return NULL;
    const struct gs3_aws_host host = {.service = "s3-control",
                                      .region = point.region,
                                      .is_fips = config->use_fips,
                                      .is_dualstack =
                                          config->use_dualstack || config->s3_use_dualstack};
    if (resolve_service(&host, config->endpoint_s3_control, "S3 Control", &origin, &is_elsewhere,
                        err) ||
        check_same_owner(config, arn, is_elsewhere, err))
        return NULL;
    if (is_custom)
        *is_custom = is_elsewhere;
    char *listed = gs3_origin_format(&origin);
    if (asked && !is_address(origin.host) && put_bucket_in_front(&origin, point.account, err)) {
        free(listed);
        return NULL;
    }
    if (asked)
        *asked = gs3_origin_format(&origin);
    return listed;
}
