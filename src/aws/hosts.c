#include "aws/hosts.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* AWS's partitions by the beginning of their regions' names; the last one is every other. */
static const struct partition {
    const char *prefix, *name, *suffix;
    const char *dualstack_suffix; /* of every service but S3; NULL: none is published */
} partitions[] = {
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", NULL},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", NULL},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", NULL},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", NULL},
    {"eusc-", "aws-eusc", "amazonaws.eu", NULL},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"},
    {"", "aws", "amazonaws.com", "api.aws"},
};
enum { PARTITION_COUNT = sizeof partitions / sizeof *partitions };

static const struct partition *find_partition(const char *region)
{
    size_t i = 0;
    while (!gs3_str_has_prefix(region, partitions[i].prefix))
        i++;
    return &partitions[i];
}

const char *gs3_aws_partition(const char *region)
{
    return find_partition(region)->name;
}

static bool is_at_or_below(const char *host, const char *suffix)
{
    size_t length = strlen(host);
    size_t tail = strlen(suffix);
    return gs3_str_has_suffix(host, suffix) && (length == tail || host[length - tail - 1] == '.');
}

bool gs3_aws_owns(const char *host)
{
    for (size_t i = 0; i < PARTITION_COUNT; i++) {
        const struct partition *partition = &partitions[i];
        if (is_at_or_below(host, partition->suffix) ||
            (partition->dualstack_suffix && is_at_or_below(host, partition->dualstack_suffix)))
            return true;
    }
    return false;
}

/* S3 and its kin; every other service's hosts follow the rules that STS's do. */
static bool is_s3(const struct gs3_aws_host *host)
{
    return gs3_str_has_prefix(host->service, "s3");
}

static bool is_accelerate(const struct gs3_aws_host *host)
{
    return strcmp(host->service, "s3-accelerate") == 0;
}

/* As people name it. */
static const char *name_of(const char *service)
{
    bool is_sso = strcmp(service, "portal.sso") == 0 || strcmp(service, "oidc") == 0;
    return strcmp(service, "sts") == 0 ? "STS" : is_sso ? "SSO" : service;
}

int gs3_aws_host_check(const struct gs3_aws_host *host, struct gs3_err *err)
{
    const struct partition *partition = find_partition(host->region);
    if (host->is_fips && strcmp(partition->name, "aws-cn") == 0)
        return gs3_fail(err, GS3_ECONFIG,
                        "there are no FIPS endpoints in %s: turn use_fips_endpoint off",
                        host->region);
    if (is_accelerate(host) && host->is_fips)
        return gs3_fail(err, GS3_ECONFIG,
                        "S3 Transfer Acceleration has no FIPS endpoint: turn "
                        "s3.use_accelerate_endpoint or use_fips_endpoint off");
    if (is_accelerate(host) && strcmp(partition->name, "aws") != 0)
        return gs3_fail(err, GS3_ECONFIG,
                        "there is no S3 Transfer Acceleration in %s: turn "
                        "s3.use_accelerate_endpoint off",
                        host->region);
    if (!is_s3(host) && host->is_dualstack && !partition->dualstack_suffix)
        return gs3_fail(err, GS3_ECONFIG,
                        "no dual-stack endpoint of %s is known in %s: turn "
                        "use_dualstack_endpoint off",
                        name_of(host->service), host->region);
    return 0;
}

void gs3_aws_host_origin(const struct gs3_aws_host *host, struct gs3_origin *origin)
{
    bool is_variant = host->is_fips || host->is_dualstack;
    bool is_global = strcmp(host->region, "aws-global") == 0;
    bool has_region = !is_accelerate(host) && (!is_global || is_variant);
    const struct partition *partition = find_partition(host->region);
    /* S3 puts the word into the name, every other service has another domain. */
    bool has_domain = host->is_dualstack && !is_s3(host) && partition->dualstack_suffix;
    /* The other services' ordinary hosts of that partition are the FIPS ones. */
    bool is_fips = host->is_fips && (is_s3(host) || strcmp(partition->name, "aws-us-gov") != 0);
    *origin = (struct gs3_origin){.scheme = "https", .port = 443, .is_default_port = true};
    snprintf(origin->host, sizeof origin->host, "%s%s%s%s%s.%s", host->service,
             is_fips ? "-fips" : "", host->is_dualstack && !has_domain ? ".dualstack" : "",
             has_region ? "." : "",
             !has_region ? ""
             : is_global ? "us-east-1"
                         : host->region,
             has_domain ? partition->dualstack_suffix : partition->suffix);
    gs3_str_lower(origin->host);
}
