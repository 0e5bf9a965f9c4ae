#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/access_point.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/server.h"

#define POINT "arn:aws:s3:us-west-2:123456789012:accesspoint/my-point"
#define ANSWER(more)                                                                               \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<GetAccessPointResult "                           \
    "xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">" more "</GetAccessPointResult>"

static void access_point_arn_is_split(void **state)
{
    (void)state;
    static const struct {
        const char *arn, *region, *account, *name, *format;
    } cases[] = {
        {POINT, "us-west-2", "123456789012", "my-point", POINT},
        {"arn:aws:s3:us-west-2:123456789012:accesspoint:my-point", "us-west-2", "123456789012",
         "my-point", POINT},
        {"arn:aws-cn:s3:cn-north-1:000000000001:accesspoint/abc", "cn-north-1", "000000000001",
         "abc", "arn:aws-cn:s3:cn-north-1:000000000001:accesspoint/abc"},
        {"arn:aws-us-gov:s3:us-gov-west-1:123456789012:accesspoint/1-2", "us-gov-west-1",
         "123456789012", "1-2", "arn:aws-us-gov:s3:us-gov-west-1:123456789012:accesspoint/1-2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_access_point point;
        struct gs3_err err = GS3_ERR_INIT;
        assert_true(gs3_access_point_is_arn(cases[i].arn));
        if (gs3_access_point_parse(cases[i].arn, &point, &err))
            fail_msg("%s", err.message);
        assert_string_equal(point.region, cases[i].region);
        assert_string_equal(point.account, cases[i].account);
        assert_string_equal(point.name, cases[i].name);
        gs3_auto_free char *format = gs3_access_point_format(&point);
        assert_string_equal(format, cases[i].format);
    }
    assert_false(gs3_access_point_is_arn("bucket"));
}

#define AT "arn:aws:s3:us-west-2:123456789012:"

static void access_point_arn_of_anything_else_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *arn, *message;
    } cases[] = {
        {"arn:aws:s3", "not an ARN"},
        {"bucket", "not an ARN"},
        {"arn:aws:s3:::bucket", "write s3://BUCKET/KEY"},
        {AT "job/1", "write s3://BUCKET/KEY"},
        {"arn:aws:iam::123456789012:user/alice", "not the ARN of an access point"},
        {"arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/my-point", "Object Lambda"},
        {"arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/my-point",
         "Outposts"},
        {"arn:aws:s3express:us-west-2:123456789012:accesspoint/a--usw2-az1--xa-s3",
         "directory bucket"},
        {"arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", "multi-region"},
        {"arn:aws:s3::123456789012:accesspoint/my-point", "not the name of a region"},
        {"arn:aws:s3:aws-global:123456789012:accesspoint/my-point", "not the name of a region"},
        {"arn:aws:s3:us-west-2.evil.example:123456789012:accesspoint/my-point",
         "not the name of a region"},
        {"arn:aws-cn:s3:us-west-2:123456789012:accesspoint/my-point", "partition"},
        {"arn:aws:s3:cn-north-1:123456789012:accesspoint/my-point", "partition"},
        {"arn:evil:s3:us-west-2:123456789012:accesspoint/my-point", "partition"},
        {"arn:aws:s3:us-west-2:12345678901:accesspoint/my-point", "12 digits"},
        {"arn:aws:s3:us-west-2:123456_89012:accesspoint/my-point", "12 digits"},
        {"arn:aws:s3:us-west-2::accesspoint/my-point", "12 digits"},
        {AT "accesspoint", "accesspoint/NAME"},
        {AT "accesspointx", "accesspoint/NAME"},
        {AT "accesspoint/", "3 to 50"},
        {AT "accesspoint/ab", "3 to 50"},
        {AT "accesspoint/my_point", "3 to 50"},
        {AT "accesspoint/My-point", "3 to 50"},
        {AT "accesspoint/-my-point", "3 to 50"},
        {AT "accesspoint/my-point-", "3 to 50"},
        {AT "accesspoint/my-point/object/key", "3 to 50"},
        {AT "accesspoint:my-point:more", "3 to 50"},
        {AT "accesspoint/my.point", "3 to 50"},
        {AT "accesspoint/aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeef", "3 to 50"},
        {AT "accesspoint/my-\x1b[31m", "not an ARN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_access_point point;
        struct gs3_err err = GS3_ERR_INIT;
        if (gs3_access_point_parse(cases[i].arn, &point, &err) == 0)
            fail_msg("%s was accepted", cases[i].arn);
        assert_int_equal(err.class, GS3_EUSAGE);
        if (!strstr(err.message, cases[i].message))
            fail_msg("\"%s\" does not hold \"%s\"", err.message, cases[i].message);
        for (const char *c = err.message; *c; c++)
            assert_true((unsigned char)*c >= ' ');
    }
}

/* Fifty times as fast as the system's: retries wait. */
static int64_t fast_ms(void *context)
{
    (void)context;
    return gs3_clock_monotonic_ms(&gs3_clock_system) * 50;
}

static int64_t wall_ms(void *context)
{
    (void)context;
    return gs3_clock_wall_ms(&gs3_clock_system);
}

static const struct gs3_clock fast_clock = {.wall_ms = wall_ms, .monotonic_ms = fast_ms};

struct ask {
    struct server server;
    struct gs3_access_point_info info;
    struct gs3_err err;
    int requests;
};

/* Asks the scripted server, on which S3 and S3 Control live together. */
static int ask_once(struct ask *ask, const char *status_line, const char *body)
{
    gs3_auto_free char *answer = gs3_xasprintf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
                                               status_line, strlen(body), body);
    const struct server_reply reply = {.bytes = answer};
    *ask = (struct ask){.requests = 0};
    server_start(&ask->server, &reply, 1, NULL);
    const struct gs3_http_opts opts = {.user_agent = "gs3/test", .clock = &fast_clock};
    struct gs3_http *http = gs3_http_new(&opts, NULL);
    gs3_auto_free char *s3 = gs3_xasprintf("http://localhost:%u", ask->server.port);
    gs3_auto_free char *region = gs3_xstrdup("eu-west-1");
    struct gs3_aws_config config = {.region = region, .endpoint_s3 = s3, .endpoint_s3_control = s3};
    struct gs3_credentials credentials = {.access_key_id = gs3_xstrdup("AKIDEXAMPLE")};
    gs3_secret_set(&credentials.secret_access_key, "SECRET", 6);
    struct gs3_access_point_call *call =
        gs3_access_point_start(http, &config, &credentials, POINT, &ask->err);
    if (!call)
        fail_msg("%s", ask->err.message);
    int status = gs3_access_point_wait(http, call, &ask->info, &ask->err);
    ask->requests = atomic_load(&ask->server.shared->requests);
    gs3_http_free(http);
    gs3_credentials_release(&credentials);
    return status;
}

static void ask_release(struct ask *ask)
{
    gs3_access_point_info_release(&ask->info);
    server_stop(&ask->server);
}

static void access_point_is_resolved_to_its_bucket(void **state)
{
    (void)state;
    struct ask ask;
    if (ask_once(&ask, "200 OK",
                 ANSWER("<Name>my-point</Name><Bucket>prod-data</Bucket>"
                        "<NetworkOrigin>Internet</NetworkOrigin><VpcConfiguration/>"
                        "<Alias>my-point-abc-s3alias</Alias><AccessPointArn>" POINT
                        "</AccessPointArn><BucketAccountId>210987654321</BucketAccountId>")))
        fail_msg("%s", ask.err.message);
    assert_string_equal(ask.info.bucket, "prod-data");
    assert_string_equal(ask.info.bucket_account, "210987654321");
    assert_string_equal(ask.info.alias, "my-point-abc-s3alias");
    const char *head = ask.server.shared->request[0].head;
    gs3_auto_free char *host =
        gs3_xasprintf("\r\nHost: 123456789012.localhost:%u\r\n", ask.server.port);
    assert_non_null(strstr(head, "GET /v20180820/accesspoint/my-point HTTP/1.1\r\n"));
    assert_non_null(strstr(head, host));
    assert_non_null(strstr(head, "\r\nx-amz-account-id: 123456789012\r\n"));
    assert_non_null(strstr(head, "/us-west-2/s3/aws4_request, SignedHeaders="
                                 "host;x-amz-account-id;x-amz-content-sha256;x-amz-date,"));
    ask_release(&ask);
}

static void access_point_refusal_keeps_its_code(void **state)
{
    (void)state;
    static const struct {
        const char *status, *body, *code;
    } cases[] = {
        {"404 Not Found",
         "<ErrorResponse><Error><Code>NoSuchAccessPoint</Code><Message>gone</Message></Error>"
         "</ErrorResponse>",
         "NoSuchAccessPoint"},
        {"403 Forbidden", "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
         "AccessDenied"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ask ask;
        assert_int_equal(ask_once(&ask, cases[i].status, cases[i].body), -1);
        assert_int_equal(ask.err.class, GS3_ESERVICE);
        assert_string_equal(ask.err.code, cases[i].code);
        assert_non_null(strstr(ask.err.message, "calling the GetAccessPoint operation"));
        assert_non_null(strstr(ask.err.message, POINT " cannot be resolved to its bucket: name "));
        assert_int_equal(ask.requests, 1);
        ask_release(&ask);
    }
}

/* Nothing that is not an answer may name a bucket. */
static void access_point_unusable_answer_leaves_it_undecided(void **state)
{
    (void)state;
    static const struct {
        const char *status, *body;
        int requests;
    } cases[] = {
        {"503 Busy", "", 3},
        {"400 Bad", "<Error><Code>SlowDown</Code></Error>", 3},
        {"302 Found", "", 1},
        {"403 Forbidden", "<html>Sign in</html>", 1},
        {"200 OK", "", 1},
        {"200 OK", "<html>Sign in</html>", 1},
        {"200 OK", ANSWER("<Name>my-point</Name>"), 1},
        {"200 OK", ANSWER("<Bucket>dev-data</Bucket>"), 1},
        {"200 OK", ANSWER("<Name>other</Name><Bucket>dev-data</Bucket>"), 1},
        {"200 OK",
         ANSWER("<Name>my-point</Name><Bucket>dev-data</Bucket><AccessPointArn>" POINT
                "x</AccessPointArn>"),
         1},
        {"200 OK", ANSWER("<Name>my-point</Name><Bucket>a/b\x1b</Bucket>"), 1},
        {"200 OK", ANSWER("<Name>my-point</Name><Bucket>x-s3alias</Bucket>"), 1},
        {"200 OK", ANSWER("<Name>my-point</Name><Bucket>" POINT "</Bucket>"), 1},
        {"200 OK",
         ANSWER("<Name>my-point</Name><Bucket>dev-data</Bucket><BucketAccountId>1"
                "</BucketAccountId>"),
         1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ask ask;
        assert_int_equal(ask_once(&ask, cases[i].status, cases[i].body), -1);
        if (ask.err.class != GS3_EUNDECIDED || ask.requests != cases[i].requests)
            fail_msg("%zu: class %d after %d requests: %s", i, (int)ask.err.class, ask.requests,
                     ask.err.message);
        assert_null(ask.info.bucket);
        ask_release(&ask);
    }
}

static void access_point_that_cannot_be_asked_for_is_refused(void **state)
{
    (void)state;
    char s3[] = "https://s3.example.com";
    char region[] = "us-west-2";
    const struct gs3_credentials credentials = {.access_key_id = NULL};
    const struct gs3_http_opts opts = {.user_agent = "gs3/test"};
    struct gs3_http *http = gs3_http_new(&opts, NULL);
    const struct {
        struct gs3_aws_config config;
        enum gs3_err_class class;
        const char *message;
    } cases[] = {
        {{.region = region, .no_sign_request = true}, GS3_EUSAGE, "--no-sign-request"},
        {{.region = region, .endpoint_s3 = s3}, GS3_ECONFIG, "AWS_ENDPOINT_URL_S3_CONTROL"},
        {{.region = region, .endpoint_s3_control = s3}, GS3_ECONFIG, "both, or neither"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_err err = GS3_ERR_INIT;
        assert_null(gs3_access_point_start(http, &cases[i].config, &credentials, POINT, &err));
        assert_int_equal(err.class, cases[i].class);
        if (!strstr(err.message, cases[i].message))
            fail_msg("\"%s\" does not hold \"%s\"", err.message, cases[i].message);
    }
    gs3_http_free(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(access_point_arn_is_split),
        cmocka_unit_test(access_point_arn_of_anything_else_is_refused),
        cmocka_unit_test(access_point_is_resolved_to_its_bucket),
        cmocka_unit_test(access_point_refusal_keeps_its_code),
        cmocka_unit_test(access_point_unusable_answer_leaves_it_undecided),
        cmocka_unit_test(access_point_that_cannot_be_asked_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
