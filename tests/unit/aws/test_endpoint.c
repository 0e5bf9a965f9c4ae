#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "aws/access_point.h"
#include "aws/endpoint.h"
#include "aws/vectors.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/json.h"

static void bucket_names_of_s3_are_accepted(void **state)
{
    (void)state;
    static const char *const names[] = {
        "abc",
        "my-bucket",
        "my.bucket",
        "1bucket2",
        "a.b-c.d",
        "123",
        "a--b",
        "bucket-123456789012-us-east-1-an",
        "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (gs3_bucket_check(names[i], NULL))
            fail_msg("%s was refused", names[i]);
}

static void bucket_names_of_others_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *message;
    } cases[] = {
        {"", "3 to 63"},
        {"ab", "3 to 63"},
        {"abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-0123456789", "3 to 63"},
        {"Bucket", "lower case"},
        {"my_bucket", "a-z, 0-9"},
        {"a/b", "a-z, 0-9"},
        {"a b c", "a-z, 0-9"},
        {"b\xc3\xbc"
         "cket",
         "a-z, 0-9"},
        {"a\x1b[31m", "bucket \"a\\x1b[31m\""},
        {"-abc", "begin and end"},
        {"abc.", "begin and end"},
        {"a..b", "two dots"},
        {"192.168.1.1", "IP address"},
        {"999.1.1.1", "IP address"},
        {"xn--abc", "reserves"},
        {"sthree-abc", "reserves"},
        {"amzn-s3-demo-abc", "reserves"},
        {"abc-s3alias", "access point alias"},
        {"abc--ol-s3", "Object Lambda"},
        {"abc.mrap", "multi-region"},
        {"abc--usw2-az1--x-s3", "directory bucket"},
        {"abc--usw2-az1--xa-s3", "directory bucket"},
        {"abc--table-s3", "table bucket"},
        {"abc--op-s3", "Outposts"},
        {"arn:aws:s3:us-west-2:123456789012:accesspoint:myap", "access point ARN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_err err = GS3_ERR_INIT;
        if (gs3_bucket_check(cases[i].name, &err) == 0)
            fail_msg("%s was accepted", cases[i].name);
        assert_int_equal(err.class, GS3_EUSAGE);
        if (!strstr(err.message, cases[i].message))
            fail_msg("\"%s\" does not hold \"%s\"", err.message, cases[i].message);
    }
}

/* What a test sets of the configuration; strings are its own. */
static struct gs3_aws_config config_of(const char *region, const char *endpoint)
{
    return (struct gs3_aws_config){.region = gs3_xstrdup_or_null(region),
                                   .endpoint_s3 = gs3_xstrdup_or_null(endpoint)};
}

/* "https://host/bucket" as the rules write it. Caller frees. */
static char *format(const struct gs3_s3_endpoint *endpoint, const char *bucket)
{
    gs3_auto_free char *origin = gs3_origin_format(&endpoint->origin);
    return endpoint->is_path_style ? gs3_xasprintf("%s/%s", origin, bucket) : gs3_xstrdup(origin);
}

struct resolution {
    const char *region, *endpoint, *bucket;
    int addressing;
    const char *wanted; /* NULL: refused */
    const char *message;
};

static void check(const struct resolution *one)
{
    struct gs3_aws_config config = config_of(one->region, one->endpoint);
    struct gs3_s3_endpoint endpoint;
    struct gs3_err err = GS3_ERR_INIT;
    config.addressing = one->addressing;
    int status = gs3_s3_endpoint_resolve(&config, one->bucket, &endpoint, &err);
    if (one->wanted) {
        if (status)
            fail_msg("%s", err.message);
        gs3_auto_free char *got = format(&endpoint, one->bucket);
        assert_string_equal(got, one->wanted);
    } else {
        assert_int_equal(status, -1);
        if (!strstr(err.message, one->message))
            fail_msg("\"%s\" does not hold \"%s\"", err.message, one->message);
    }
    gs3_aws_config_release(&config);
}

static void endpoint_follows_region_and_style(void **state)
{
    (void)state;
    static const struct resolution cases[] = {
        {"eu-west-1", NULL, "bucket", GS3_ADDRESSING_AUTO,
         "https://bucket.s3.eu-west-1.amazonaws.com", NULL},
        {"eu-west-1", NULL, "my.bucket", GS3_ADDRESSING_VIRTUAL,
         "https://s3.eu-west-1.amazonaws.com/my.bucket", NULL},
        {"eu-west-1", NULL, "bucket", GS3_ADDRESSING_PATH,
         "https://s3.eu-west-1.amazonaws.com/bucket", NULL},
        {"cn-north-1", NULL, "bucket", GS3_ADDRESSING_AUTO,
         "https://bucket.s3.cn-north-1.amazonaws.com.cn", NULL},
        {"us-gov-west-1", NULL, "bucket", GS3_ADDRESSING_AUTO,
         "https://bucket.s3.us-gov-west-1.amazonaws.com", NULL},
        {"us-iso-east-1", NULL, "bucket", GS3_ADDRESSING_AUTO,
         "https://bucket.s3.us-iso-east-1.c2s.ic.gov", NULL},
        {"us-isob-east-1", NULL, "bucket", GS3_ADDRESSING_AUTO,
         "https://bucket.s3.us-isob-east-1.sc2s.sgov.gov", NULL},
        {NULL, "http://127.0.0.1:9000", "bucket", GS3_ADDRESSING_AUTO,
         "http://127.0.0.1:9000/bucket", NULL},
        {NULL, "https://s3.example.com/", "bucket", GS3_ADDRESSING_AUTO,
         "https://s3.example.com/bucket", NULL},
        {NULL, "https://s3.example.com:8443", "bucket", GS3_ADDRESSING_VIRTUAL,
         "https://bucket.s3.example.com:8443", NULL},
        {NULL, "https://s3.example.com", "my.bucket", GS3_ADDRESSING_VIRTUAL,
         "https://s3.example.com/my.bucket", NULL},
        {NULL, "http://s3.example.com", "my.bucket", GS3_ADDRESSING_VIRTUAL,
         "http://my.bucket.s3.example.com", NULL},
        {NULL, "http://10.0.0.1:433", "bucket", GS3_ADDRESSING_VIRTUAL,
         "http://10.0.0.1:433/bucket", NULL},
        {NULL, "http://[::1]:9000", "bucket", GS3_ADDRESSING_VIRTUAL, "http://[::1]:9000/bucket",
         NULL},
        {"eu-west-1", "https://S3.eu-west-1.amazonaws.com", "bucket", GS3_ADDRESSING_AUTO,
         "https://bucket.s3.eu-west-1.amazonaws.com", NULL},
        {"us-east-1", "https://s3.amazonaws.com", "bucket", GS3_ADDRESSING_AUTO,
         "https://bucket.s3.us-east-1.amazonaws.com", NULL},
        {"eu-west-1", "https://notamazonaws.com", "bucket", GS3_ADDRESSING_AUTO,
         "https://notamazonaws.com/bucket", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

static void endpoint_of_somebody_else_is_refused(void **state)
{
    (void)state;
    static const struct resolution cases[] = {
        {NULL, NULL, "bucket", 0, NULL, "no region"},
        {"eu west", NULL, "bucket", 0, NULL, "region"},
        {"eu-west-1", NULL, "abc-s3alias", 0, NULL, "access point alias"},
        {NULL, "http://s3.example.com/prod-data", "bucket", 0, NULL, "S3 endpoint"},
        {NULL, "http://s3.example.com?x", "bucket", 0, NULL, "query"},
        {NULL, "http://user:hunter2@s3.example.com", "bucket", 0, NULL, "user part"},
        {NULL, "ftp://s3.example.com", "bucket", 0, NULL, "S3 endpoint"},
        {NULL, "s3.example.com", "bucket", 0, NULL, "S3 endpoint"},
        {"us-east-1", "https://s3.eu-west-1.amazonaws.com", "bucket", 0, NULL,
         "https://s3.us-east-1.amazonaws.com"},
        {"eu-west-1", "https://s3.amazonaws.com", "bucket", 0, NULL, "not the endpoint"},
        {"eu-west-1", "http://s3.eu-west-1.amazonaws.com", "bucket", 0, NULL, "not the endpoint"},
        {"eu-west-1", "https://s3.eu-west-1.amazonaws.com:8443", "bucket", 0, NULL,
         "not the endpoint"},
        {"eu-west-1", "https://prod.s3.eu-west-1.amazonaws.com", "bucket", 0, NULL,
         "not the endpoint"},
        {"us-west-2", "https://control.vpce-1a2b3c4d-5e6f.s3.us-west-2.vpce.amazonaws.com",
         "bucket", 0, NULL, "not the endpoint"},
        {"eu-west-1", "https://s3.dualstack.eu-west-1.amazonaws.com", "bucket", 0, NULL,
         "not the endpoint"},
        {"eu-west-1", "https://amazonaws.com", "bucket", 0, NULL, "not the endpoint"},
        {"cn-north-1", "https://s3.cn-north-1.amazonaws.com", "bucket", 0, NULL,
         "not the endpoint"},
        {NULL, "https://s3.us-east-1.amazonaws.com", "bucket", 0, NULL, "not the endpoint"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
    struct gs3_aws_config config = config_of(NULL, "http://user:hunter2@s3.example.com");
    struct gs3_s3_endpoint endpoint;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_s3_endpoint_resolve(&config, "bucket", &endpoint, &err), -1);
    assert_null(strstr(err.message, "hunter2"));
    gs3_aws_config_release(&config);
}

static void endpoint_custom_is_what_the_policy_must_list(void **state)
{
    (void)state;
    struct gs3_aws_config config = config_of("eu-west-1", "https://S3.Example.com:443/");
    struct gs3_s3_endpoint endpoint;
    config.addressing = GS3_ADDRESSING_VIRTUAL;
    assert_int_equal(gs3_s3_endpoint_resolve(&config, "bucket", &endpoint, NULL), 0);
    assert_true(endpoint.is_custom);
    gs3_auto_free char *custom = gs3_origin_format(&endpoint.custom);
    assert_string_equal(custom, "https://s3.example.com");
    assert_string_equal(endpoint.region, "eu-west-1");
    gs3_aws_config_release(&config);
}

static void endpoint_redirect_stays_with_aws(void **state)
{
    (void)state;
    struct gs3_aws_config config = config_of("us-east-1", NULL);
    struct gs3_s3_endpoint endpoint;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_s3_endpoint_resolve(&config, "bucket", &endpoint, NULL), 0);
    assert_int_equal(gs3_s3_endpoint_redirect(&endpoint, "bucket", "eu-west-1", &err), 0);
    assert_string_equal(endpoint.origin.host, "bucket.s3.eu-west-1.amazonaws.com");
    assert_string_equal(endpoint.region, "eu-west-1");
    static const char *const elsewhere[] = {"cn-north-1", "us-gov-west-1", "us-iso-east-1",
                                            "x.evil.example/", ""};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        assert_int_equal(gs3_s3_endpoint_redirect(&endpoint, "bucket", elsewhere[i], &err), -1);
        assert_string_equal(endpoint.origin.host, "bucket.s3.eu-west-1.amazonaws.com");
    }
    gs3_aws_config_release(&config);
    config = config_of("us-east-1", "https://s3.example.com");
    assert_int_equal(gs3_s3_endpoint_resolve(&config, "bucket", &endpoint, NULL), 0);
    assert_int_equal(gs3_s3_endpoint_redirect(&endpoint, "bucket", "cn-north-1", &err), 0);
    assert_string_equal(endpoint.origin.host, "s3.example.com");
    assert_string_equal(endpoint.region, "cn-north-1");
    gs3_aws_config_release(&config);
}

static void endpoint_of_sts_is_https_or_loopback(void **state)
{
    (void)state;
    static const struct {
        const char *region, *endpoint, *wanted;
    } cases[] = {
        {"eu-west-1", NULL, "https://sts.eu-west-1.amazonaws.com"},
        {NULL, NULL, "https://sts.us-east-1.amazonaws.com"},
        {"cn-north-1", NULL, "https://sts.cn-north-1.amazonaws.com.cn"},
        {"eu-west-1", "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
        {"eu-west-1", "https://sts.example.com", "https://sts.example.com"},
        {"eu-west-1", "http://sts.example.com", NULL},
        {"eu-west-1", "https://sts.us-east-1.amazonaws.com", NULL},
        {"eu-west-1", "https://s3.eu-west-1.amazonaws.com", NULL},
        {"eu-west-1", "https://sts.example.com/path", NULL},
        {"x/y", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_aws_config config = config_of(cases[i].region, NULL);
        struct gs3_err err = GS3_ERR_INIT;
        config.endpoint_sts = gs3_xstrdup_or_null(cases[i].endpoint);
        gs3_auto_free char *got = gs3_sts_endpoint_resolve(&config, NULL, &err);
        if (!gs3_str_equal(got, cases[i].wanted))
            fail_msg("\"%s\": %s", got ? got : "(null)", err.message);
        if (!got)
            assert_int_equal(err.class, GS3_ECONFIG);
        gs3_aws_config_release(&config);
    }
}

static bool is_on(const cJSON *parameters, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(parameters, name));
}

/* Whether the case is about what gs3 has: a bucket, or an access point's ARN. */
static bool is_plain_case(const cJSON *parameters)
{
    static const char *const others[] = {"UseGlobalEndpoint", "UseS3ExpressControlEndpoint",
                                         "DisableAccessPoints", "UseObjectLambdaEndpoint"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_on(parameters, others[i]))
            return false;
    const char *bucket = gs3_json_string(parameters, "Bucket");
    if (!bucket)
        return false;
    struct gs3_access_point point;
    return gs3_bucket_check(bucket, NULL) == 0 || gs3_access_point_parse(bucket, &point, NULL) == 0;
}

/* What the published rules and the AWS CLI disagree on goes by the AWS CLI: it drops dual-stack
 * beside a custom endpoint, and path style beside acceleration or an ARN. The oldest name of a
 * region with acceleration is a quirk of the rules. */
static bool is_by_cli(const cJSON *parameters)
{
    bool has_custom = gs3_json_string(parameters, "Endpoint") != NULL;
    bool is_fast = is_on(parameters, "Accelerate");
    return (has_custom && is_on(parameters, "UseDualStack")) ||
           (is_fast && is_on(parameters, "ForcePathStyle")) ||
           (is_fast && gs3_str_equal(gs3_json_string(parameters, "Region"), "aws-global"));
}

/* Runs one published case; false when gs3 refuses on purpose what the rules allow: an endpoint
 * with a path, or another host of AWS. */
static bool check_published(const cJSON *one)
{
    const cJSON *parameters = cJSON_GetObjectItemCaseSensitive(one, "params");
    const cJSON *expect = cJSON_GetObjectItemCaseSensitive(one, "expect");
    const char *url = gs3_json_string(cJSON_GetObjectItemCaseSensitive(expect, "endpoint"), "url");
    const char *bucket = gs3_json_string(parameters, "Bucket");
    const char *custom = gs3_json_string(parameters, "Endpoint");
    struct gs3_aws_config config = config_of(gs3_json_string(parameters, "Region"), custom);
    struct gs3_s3_endpoint endpoint;
    struct gs3_err err = GS3_ERR_INIT;
    /* The rules default to virtual-hosted style for custom endpoints too; the AWS CLI, and so
     * gs3, asks for path style there. */
    config.addressing =
        is_on(parameters, "ForcePathStyle") ? GS3_ADDRESSING_PATH : GS3_ADDRESSING_VIRTUAL;
    config.use_fips = is_on(parameters, "UseFIPS");
    config.use_dualstack = is_on(parameters, "UseDualStack");
    config.s3_use_accelerate = is_on(parameters, "Accelerate");
    config.s3_ignores_arn_region =
        cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(parameters, "UseArnRegion"));
    int status = gs3_s3_endpoint_resolve(&config, bucket, &endpoint, &err);
    bool is_stricter = url && status && custom;
    if (url && !is_stricter) {
        if (status)
            fail_msg("%s: %s", gs3_json_string(one, "documentation"), err.message);
        gs3_auto_free char *got = format(&endpoint, bucket);
        if (strcmp(got, url) != 0)
            fail_msg("%s: %s is not %s", gs3_json_string(one, "documentation"), got, url);
    } else if (!url && status == 0) {
        fail_msg("%s: was accepted", gs3_json_string(one, "documentation"));
    }
    gs3_aws_config_release(&config);
    return !is_stricter;
}

static void endpoint_rules_match_the_published_cases(void **state)
{
    (void)state;
    char path[PATH_MAX];
    if (!vectors_find("vectors/endpoints/s3-endpoint-tests-1.json", path, sizeof path))
        return;
    gs3_auto_free char *text = vectors_read(path);
    gs3_auto_json cJSON *json = gs3_json_parse(text, strlen(text), NULL);
    assert_non_null(json);
    size_t same = 0, stricter = 0;
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(json, "testCases"))
    {
        const cJSON *parameters = cJSON_GetObjectItemCaseSensitive(one, "params");
        if (!is_plain_case(parameters) || is_by_cli(parameters))
            continue;
        if (check_published(one))
            same++;
        else
            stricter++;
    }
    print_message("# %zu cases agree, %zu are refused on purpose\n", same, stricter);
    assert_true(same >= 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_names_of_s3_are_accepted),
        cmocka_unit_test(bucket_names_of_others_are_refused),
        cmocka_unit_test(endpoint_follows_region_and_style),
        cmocka_unit_test(endpoint_of_somebody_else_is_refused),
        cmocka_unit_test(endpoint_custom_is_what_the_policy_must_list),
        cmocka_unit_test(endpoint_redirect_stays_with_aws),
        cmocka_unit_test(endpoint_of_sts_is_https_or_loopback),
        cmocka_unit_test(endpoint_rules_match_the_published_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
