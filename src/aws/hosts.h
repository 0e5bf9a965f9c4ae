/* The names of AWS's own hosts, by the published endpoint rules: partitions, regions, and the
 * variants of a host (FIPS, dual-stack). Depends on base, text/uri. Knows no configuration. */
#ifndef GS3_AWS_HOSTS_H
#define GS3_AWS_HOSTS_H

#include <stdbool.h>

#include "text/uri.h"

struct gs3_aws_host {
    const char *service; /* "s3", "s3-accelerate", "s3-accesspoint", "s3-control", "sts",
                            "portal.sso", "oidc", "cloudtrail"… */
    const char *region;  /* a valid one; "aws-global" is the first region's older name */
    bool is_fips, is_dualstack;
};

/* Whether the rules have such a host: the partition decides. GS3_ECONFIG, by name. */
int gs3_aws_host_check(const struct gs3_aws_host *host, struct gs3_err *err);
/* "https://s3.REGION.amazonaws.com" and its kin; of a host that the check let pass. */
void gs3_aws_host_origin(const struct gs3_aws_host *host, struct gs3_origin *origin);

/* Whether a host is AWS's, of whatever service: one of its domains, or below it. */
bool gs3_aws_owns(const char *host);

/* The partition of a region: "aws", "aws-cn", "aws-us-gov"… */
const char *gs3_aws_partition(const char *region);

#endif
