#include "aws/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* AWS's partitions by the beginning of their regions' names; the last one is every other. */
static const struct partition {
    const char *prefix, *suffix;
} partitions[] = {
    {"cn-", "amazonaws.com.cn"},    {"us-iso-", "c2s.ic.gov"},      {"us-isob-", "sc2s.sgov.gov"},
    {"us-isof-", "csp.hci.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"}, {"eusc-", "amazonaws.eu"},
    {"us-gov-", "amazonaws.com"},   {"", "amazonaws.com"},
};
enum { PARTITION_COUNT = sizeof partitions / sizeof *partitions, LABEL_BYTES = 63 };

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

static const struct partition *find_partition(const char *region)
{
    size_t i = 0;
    while (!gs3_str_has_prefix(region, partitions[i].prefix))
        i++;
    return &partitions[i];
}

/* Whether a host is AWS's: one of the suffixes or below it. */
static bool is_aws_host(const char *host)
{
    static const char *const more[] = {"api.aws", "api.amazonwebservices.com.cn"};
    for (size_t i = 0; i < PARTITION_COUNT + 2; i++) {
        const char *suffix = i < PARTITION_COUNT ? partitions[i].suffix : more[i - PARTITION_COUNT];
        gs3_auto_free char *below = gs3_xasprintf(".%s", suffix);
        if (strcmp(host, suffix) == 0 || gs3_str_has_suffix(host, below))
            return true;
    }
    return false;
}

/* The rules' own endpoint of a service, without a bucket. */
static void set_aws_origin(struct gs3_origin *origin, const char *service, const char *region)
{
    bool is_global = strcmp(region, "aws-global") == 0;
    *origin = (struct gs3_origin){.scheme = "https", .port = 443, .is_default_port = true};
    snprintf(origin->host, sizeof origin->host, "%s.%s%s%s", service, is_global ? "" : region,
             is_global ? "" : ".", find_partition(region)->suffix);
    gs3_str_lower(origin->host);
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
 * of AWS is refused: it could stand for another bucket, service or account's network. */
static int read_configured(const char *text, const char *service, const char *region,
                           struct gs3_origin *origin, bool *is_aws, struct gs3_err *err)
{
    if (gs3_origin_parse(text, GS3_ECONFIG, origin, err))
        return gs3_wrap(err, "%s endpoint", strcmp(service, "s3") == 0 ? "S3" : "STS");
    *is_aws = is_aws_host(origin->host);
    if (!*is_aws)
        return 0;
    struct gs3_origin own, global;
    set_aws_origin(&own, service, region ? region : "us-east-1");
    set_aws_origin(&global, service, "aws-global");
    bool is_own = region && gs3_origin_equal(origin, &own);
    /* The rules still know the first region by the name without a region. */
    bool is_global =
        gs3_origin_equal(origin, &global) && strcmp(gs3_region_signing(region), "us-east-1") == 0;
    if (is_own || is_global)
        return 0;
    gs3_auto_free char *wanted = gs3_origin_format(&own);
    return gs3_fail(err, GS3_ECONFIG,
                    "\"%s\" is not the endpoint that AWS's rules give for region %s (%s): leave "
                    "the endpoint out, or set the region",
                    text, region ? region : "us-east-1", wanted);
}

int gs3_s3_endpoint_resolve(const struct gs3_aws_config *config, const char *bucket,
                            struct gs3_s3_endpoint *endpoint, struct gs3_err *err)
{
    *endpoint = (struct gs3_s3_endpoint){.is_custom = false};
    if (gs3_bucket_check(bucket, err))
        return -1;
    const char *region = config->region;
    if (region && !gs3_region_is_valid(region))
        return gs3_fail(err, GS3_ECONFIG, "the region is not the name of a region");
    bool is_aws = true;
    if (config->endpoint_s3 &&
        read_configured(config->endpoint_s3, "s3", region, &endpoint->origin, &is_aws, err))
        return -1;
    endpoint->is_custom = !is_aws;
    snprintf(endpoint->region, sizeof endpoint->region, "%s", gs3_region_signing(region));
    if (is_aws) {
        if (!region)
            return gs3_fail(err, GS3_ECONFIG,
                            "no region: use --region, set AWS_REGION, or run \"aws configure\"");
        set_aws_origin(&endpoint->origin, "s3", region);
    } else {
        endpoint->custom = endpoint->origin;
    }
    endpoint->is_path_style = wants_path_style(config, endpoint, bucket);
    return endpoint->is_path_style ? 0 : put_bucket_in_front(&endpoint->origin, bucket, err);
}

int gs3_s3_endpoint_redirect(struct gs3_s3_endpoint *endpoint, const char *bucket,
                             const char *region, struct gs3_err *err)
{
    if (!gs3_region_is_valid(region))
        return gs3_fail(err, GS3_ESERVICE, "S3 sent the request on to what is no region");
    bool is_elsewhere = find_partition(region) != find_partition(endpoint->region);
    if (!endpoint->is_custom && is_elsewhere)
        return gs3_fail(err, GS3_ESERVICE, "S3 sent the request on to another partition (%s)",
                        region);
    snprintf(endpoint->region, sizeof endpoint->region, "%s", gs3_region_signing(region));
    if (endpoint->is_custom)
        return 0;
    set_aws_origin(&endpoint->origin, "s3", region);
    return endpoint->is_path_style ? 0 : put_bucket_in_front(&endpoint->origin, bucket, err);
}

char *gs3_sts_endpoint_resolve(const struct gs3_aws_config *config, bool *is_custom,
                               struct gs3_err *err)
{
    const char *region = config->region ? config->region : "us-east-1";
    struct gs3_origin origin;
    bool is_aws = true;
    if (!gs3_region_is_valid(region)) {
        gs3_fail(err, GS3_ECONFIG, "the region is not the name of a region");
        return NULL;
    }
    set_aws_origin(&origin, "sts", region);
    if (config->endpoint_sts &&
        read_configured(config->endpoint_sts, "sts", region, &origin, &is_aws, err))
        return NULL;
    if (strcmp(origin.scheme, "https") != 0 && !origin.is_loopback) {
        gs3_fail(err, GS3_ECONFIG, "STS endpoint \"%s\": https is required", config->endpoint_sts);
        return NULL;
    }
    if (is_custom)
        *is_custom = !is_aws;
    return gs3_origin_format(&origin);
}
