/* The variants of AWS's endpoints: FIPS, dual-stack, acceleration, access points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/access_point.h"
#include "aws/endpoint.h"
#include "base/mem.h"
#include "base/str.h"

/* What a test sets of the configuration; strings are its own. */
static struct gs3_aws_config config_of(const char *region, const char *endpoint)
{
    return (struct gs3_aws_config){.region = gs3_xstrdup_or_null(region),
                                   .endpoint_s3 = gs3_xstrdup_or_null(endpoint)};
}

enum { FIPS = 1, DUAL = 2, S3_DUAL = 4, FAST = 8 };

static void set_variants(struct gs3_aws_config *config, unsigned variants)
{
    config->use_fips = variants & FIPS;
    config->use_dualstack = variants & DUAL;
    config->s3_use_dualstack = variants & S3_DUAL;
    config->s3_use_accelerate = variants & FAST;
}

struct resolution {
    const char *region, *endpoint, *bucket;
    int addressing;
    const char *wanted; /* NULL: refused */
    const char *message;
    unsigned variants;
};

static void check(const struct resolution *one)
{
    struct gs3_aws_config config = config_of(one->region, one->endpoint);
    struct gs3_s3_endpoint endpoint;
    struct gs3_err err = GS3_ERR_INIT;
    config.addressing = one->addressing;
    set_variants(&config, one->variants);
    int status = gs3_s3_endpoint_resolve(&config, one->bucket, &endpoint, &err);
    if (one->wanted) {
        if (status)
            fail_msg("%s", err.message);
        gs3_auto_free char *origin = gs3_origin_format(&endpoint.origin);
        gs3_auto_free char *got = gs3_xasprintf("%s%s%s", origin, endpoint.is_path_style ? "/" : "",
                                                endpoint.is_path_style ? one->bucket : "");
        assert_string_equal(got, one->wanted);
    } else {
        assert_int_equal(status, -1);
        if (!strstr(err.message, one->message))
            fail_msg("\"%s\" does not hold \"%s\"", err.message, one->message);
    }
    gs3_aws_config_release(&config);
}

static void endpoint_variants_have_hosts_of_their_own(void **state)
{
    (void)state;
    static const struct resolution cases[] = {
        {"eu-west-1", NULL, "bucket", 0, "https://bucket.s3.dualstack.eu-west-1.amazonaws.com",
         NULL, DUAL},
        {"eu-west-1", NULL, "bucket", 0, "https://bucket.s3.dualstack.eu-west-1.amazonaws.com",
         NULL, S3_DUAL},
        {"eu-west-1", NULL, "my.bucket", 0,
         "https://s3.dualstack.eu-west-1.amazonaws.com/my.bucket", NULL, DUAL},
        {"eu-west-1", NULL, "bucket", GS3_ADDRESSING_PATH,
         "https://s3.dualstack.eu-west-1.amazonaws.com/bucket", NULL, S3_DUAL},
        {"cn-north-1", NULL, "bucket", 0, "https://bucket.s3.dualstack.cn-north-1.amazonaws.com.cn",
         NULL, DUAL},
        {"us-west-2", NULL, "bucket", 0, "https://bucket.s3-fips.us-west-2.amazonaws.com", NULL,
         FIPS},
        {"us-west-2", NULL, "bucket", 0, "https://bucket.s3-fips.dualstack.us-west-2.amazonaws.com",
         NULL, FIPS | DUAL},
        {"eu-west-1", NULL, "bucket", 0, "https://bucket.s3-accelerate.amazonaws.com", NULL, FAST},
        {"eu-west-1", NULL, "bucket", GS3_ADDRESSING_PATH,
         "https://bucket.s3-accelerate.amazonaws.com", NULL, FAST},
        {"eu-west-1", NULL, "bucket", 0, "https://bucket.s3-accelerate.dualstack.amazonaws.com",
         NULL, FAST | S3_DUAL},
        {"eu-west-1", "https://s3-accelerate.amazonaws.com", "bucket", 0,
         "https://bucket.s3-accelerate.amazonaws.com", NULL, FAST},
        {"eu-west-1", "https://s3.dualstack.eu-west-1.amazonaws.com", "bucket", 0,
         "https://bucket.s3.dualstack.eu-west-1.amazonaws.com", NULL, DUAL},
        {"eu-west-1", "https://s3.example.com", "bucket", 0, "https://s3.example.com/bucket", NULL,
         DUAL | S3_DUAL},
        {"eu-west-1", NULL, "my.bucket", 0, NULL, "does not serve a bucket with a dot", FAST},
        {"us-west-2", NULL, "bucket", 0, NULL, "has no FIPS endpoint", FAST | FIPS},
        {"cn-north-1", NULL, "bucket", 0, NULL, "no S3 Transfer Acceleration in cn-north-1", FAST},
        {"us-gov-west-1", NULL, "bucket", 0, NULL, "no S3 Transfer Acceleration", FAST},
        {"cn-north-1", NULL, "bucket", 0, NULL, "no FIPS endpoints in cn-north-1", FIPS},
        {NULL, NULL, "bucket", 0, NULL, "no region", FAST},
        {"eu-west-1", "https://s3.example.com", "bucket", 0, NULL, "use_fips_endpoint and", FIPS},
        {"eu-west-1", "https://s3.example.com", "bucket", 0, NULL, "use_accelerate_endpoint and",
         FAST},
        {"eu-west-1", "https://s3.eu-west-1.amazonaws.com", "bucket", 0, NULL,
         "https://s3.dualstack.eu-west-1.amazonaws.com", DUAL},
        {"eu-west-1", "https://s3.eu-west-1.amazonaws.com", "bucket", 0, NULL,
         "https://s3-accelerate.amazonaws.com", FAST},
        {"eu-west-1", "https://s3-accelerate.amazonaws.com", "bucket", 0, NULL, "not the endpoint",
         0},
        {"us-east-1", "https://s3.amazonaws.com", "bucket", 0, NULL, "not the endpoint", FIPS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

static void endpoint_redirect_keeps_the_variant(void **state)
{
    (void)state;
    static const struct {
        unsigned variants;
        const char *host;
    } cases[] = {
        {DUAL, "bucket.s3.dualstack.us-west-2.amazonaws.com"},
        {FIPS, "bucket.s3-fips.us-west-2.amazonaws.com"},
        {FIPS | S3_DUAL, "bucket.s3-fips.dualstack.us-west-2.amazonaws.com"},
        {FAST, "bucket.s3-accelerate.amazonaws.com"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_aws_config config = config_of("us-east-1", NULL);
        struct gs3_s3_endpoint endpoint;
        set_variants(&config, cases[i].variants);
        assert_int_equal(gs3_s3_endpoint_resolve(&config, "bucket", &endpoint, NULL), 0);
        assert_int_equal(gs3_s3_endpoint_redirect(&endpoint, "bucket", "us-west-2", NULL), 0);
        assert_string_equal(endpoint.origin.host, cases[i].host);
        assert_string_equal(endpoint.region, "us-west-2");
        gs3_aws_config_release(&config);
    }
}

#define POINT "arn:aws:s3:us-west-2:123456789012:accesspoint/my-point"

static void endpoint_of_an_access_point_is_its_own_host(void **state)
{
    (void)state;
    static const struct resolution cases[] = {
        {"us-west-2", NULL, POINT, 0,
         "https://my-point-123456789012.s3-accesspoint.us-west-2.amazonaws.com", NULL, 0},
        /* The ARN's region counts, and it is enough. */
        {"eu-west-1", NULL, POINT, GS3_ADDRESSING_PATH,
         "https://my-point-123456789012.s3-accesspoint.us-west-2.amazonaws.com", NULL, 0},
        {NULL, NULL, "arn:aws:s3:us-west-2:123456789012:accesspoint:my-point", 0,
         "https://my-point-123456789012.s3-accesspoint.us-west-2.amazonaws.com", NULL, 0},
        {"us-west-2", NULL, POINT, 0,
         "https://my-point-123456789012.s3-accesspoint.dualstack.us-west-2.amazonaws.com", NULL,
         S3_DUAL},
        {"us-west-2", NULL, POINT, 0,
         "https://my-point-123456789012.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com",
         NULL, FIPS | DUAL},
        {"cn-north-1", NULL, "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/my-point", 0,
         "https://my-point-123456789012.s3-accesspoint.cn-north-1.amazonaws.com.cn", NULL, 0},
        {NULL, "http://localhost:9000", POINT, 0, "http://my-point-123456789012.localhost:9000",
         NULL, 0},
        {"us-west-2", NULL, POINT, 0, NULL, "no S3 Transfer Acceleration", FAST},
        {"cn-north-1", NULL, POINT, 0, NULL, "different partitions", 0},
        {NULL, "http://127.0.0.1:9000", POINT, 0, NULL, "a host name, not an address", 0},
        {"us-west-2", NULL, "arn:aws:s3:us-west-2:123456789012:accesspoint/my_point", 0, NULL,
         "3 to 50", 0},
        {"us-west-2", NULL, "arn:aws:s3:::bucket", 0, NULL, "write s3://BUCKET/KEY", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
    struct gs3_aws_config config = config_of("eu-west-1", NULL);
    struct gs3_s3_endpoint endpoint;
    assert_int_equal(gs3_s3_endpoint_resolve(&config, POINT, &endpoint, NULL), 0);
    assert_string_equal(endpoint.region, "us-west-2");
    assert_true(endpoint.is_access_point && !endpoint.is_custom && !endpoint.is_path_style);
    assert_int_equal(gs3_s3_endpoint_redirect(&endpoint, POINT, "eu-west-1", NULL), -1);
    gs3_aws_config_release(&config);
}

static void endpoint_of_s3_control_goes_with_that_of_s3(void **state)
{
    (void)state;
    static const struct {
        const char *s3, *control, *listed, *asked;
        unsigned variants;
    } cases[] = {
        {NULL, NULL, "https://s3-control.us-west-2.amazonaws.com",
         "https://123456789012.s3-control.us-west-2.amazonaws.com", 0},
        {NULL, NULL, "https://s3-control-fips.dualstack.us-west-2.amazonaws.com",
         "https://123456789012.s3-control-fips.dualstack.us-west-2.amazonaws.com", FIPS | S3_DUAL},
        {"https://s3.example.com", "https://control.example.com", "https://control.example.com",
         "https://123456789012.control.example.com", 0},
        {"http://localhost:1", "http://127.0.0.1:2", "http://127.0.0.1:2", "http://127.0.0.1:2", 0},
        /* Either both are custom or none is: the answer must come from who serves the bucket. */
        {NULL, "https://control.example.com", NULL, NULL, 0},
        {"https://s3.example.com", NULL, NULL, NULL, 0},
        {"https://s3.example.com", "http://control.example.com", NULL, NULL, 0},
        {NULL, "https://s3-control.eu-west-1.amazonaws.com", NULL, NULL, 0},
        {NULL, "https://s3-control.us-west-2.amazonaws.com",
         "https://s3-control.us-west-2.amazonaws.com",
         "https://123456789012.s3-control.us-west-2.amazonaws.com", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_aws_config config = config_of("us-west-2", cases[i].s3);
        struct gs3_err err = GS3_ERR_INIT;
        bool is_custom = false;
        gs3_auto_free char *asked = NULL;
        config.endpoint_s3_control = gs3_xstrdup_or_null(cases[i].control);
        set_variants(&config, cases[i].variants);
        gs3_auto_free char *listed =
            gs3_s3_control_endpoint_resolve(&config, POINT, &asked, &is_custom, &err);
        if (!gs3_str_equal(listed, cases[i].listed) || !gs3_str_equal(asked, cases[i].asked))
            fail_msg("%zu: %s, %s: %s", i, listed, asked, err.message);
        if (listed)
            assert_int_equal(is_custom, cases[i].s3 != NULL);
        else
            assert_int_equal(err.class, GS3_ECONFIG);
        gs3_aws_config_release(&config);
    }
}

static void endpoint_of_sts_follows_the_variants(void **state)
{
    (void)state;
    static const struct {
        const char *region;
        unsigned variants;
        const char *wanted;
    } cases[] = {
        {"us-west-2", FIPS, "https://sts-fips.us-west-2.amazonaws.com"},
        {"us-gov-west-1", FIPS, "https://sts.us-gov-west-1.amazonaws.com"},
        {"us-west-2", DUAL, "https://sts.us-west-2.api.aws"},
        {"us-west-2", FIPS | DUAL, "https://sts-fips.us-west-2.api.aws"},
        {"cn-north-1", DUAL, "https://sts.cn-north-1.api.amazonwebservices.com.cn"},
        {"us-west-2", S3_DUAL | FAST, "https://sts.us-west-2.amazonaws.com"},
        {"cn-north-1", FIPS, NULL},
        {"us-iso-east-1", DUAL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_aws_config config = config_of(cases[i].region, NULL);
        struct gs3_err err = GS3_ERR_INIT;
        set_variants(&config, cases[i].variants);
        gs3_auto_free char *got = gs3_sts_endpoint_resolve(&config, NULL, &err);
        if (!gs3_str_equal(got, cases[i].wanted))
            fail_msg("%s is not %s: %s", got, cases[i].wanted, err.message);
        gs3_aws_config_release(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoint_variants_have_hosts_of_their_own),
        cmocka_unit_test(endpoint_redirect_keeps_the_variant),
        cmocka_unit_test(endpoint_of_an_access_point_is_its_own_host),
        cmocka_unit_test(endpoint_of_s3_control_goes_with_that_of_s3),
        cmocka_unit_test(endpoint_of_sts_follows_the_variants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
