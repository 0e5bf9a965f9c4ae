/* What the configuration of a client changes: no signature, timeouts, another region, an access
 * point in the place of a bucket. */
#include "s3/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

#define OK    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" ETAG "\r\n"
#define POINT "arn:aws:s3:us-west-2:123456789012:accesspoint/my-point"

/* The fixture's client again, after its configuration has changed. */
static void renew(struct fixture *fixture, struct gs3_s3_client_opts opts)
{
    opts.http = fixture->http;
    opts.config = &fixture->config;
    gs3_s3_transport_free(fixture->s3);
    fixture->s3 = gs3_s3_client_new(&opts);
}

static void client_without_signature_sends_none(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 1);
    fixture.config.no_sign_request = true;
    renew(&fixture, (struct gs3_s3_client_opts){.request_payer = true});
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT);
    put.body = (struct gs3_http_body){.bytes = "hello", .length_bytes = 5};
    assert_int_equal(fixture_perform(&fixture, put), 0);
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_HEAD_OBJECT)), 0);
    for (int i = 0; i < 2; i++) {
        const char *head = fixture_head(&fixture, i);
        assert_null(strcasestr(head, "\r\nauthorization:"));
        assert_null(strcasestr(head, "\r\nx-amz-date:"));
        assert_null(strcasestr(head, "\r\nx-amz-security-token:"));
        assert_holds(head, "\r\nx-amz-request-payer: requester\r\n");
    }
    assert_string_equal(fixture.server.shared->request[0].body, "hello");
    fixture_release(&fixture);
}

static void client_without_signature_has_no_clock_to_set(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"
                  "Date: Sat, 21 Nov 2099 03:22:20 GMT\r\n\r\n"}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 1);
    fixture.config.no_sign_request = true;
    renew(&fixture, (struct gs3_s3_client_opts){.credentials = NULL});
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_HEAD_OBJECT)), -1);
    assert_int_equal(fixture_requests(&fixture), 1);
    assert_string_equal(fixture.err.code, "403");
    fixture_release(&fixture);
}

static void client_read_timeout_is_the_configured_one(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK, .delay_ms = 20000}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 1);
    fixture.config.read_timeout_ms = 1000;
    fixture.config.connect_timeout_ms = 1000;
    renew(&fixture, (struct gs3_s3_client_opts){.credentials = &fixture.credentials});
    int64_t start_ms = gs3_clock_monotonic_ms(&gs3_clock_system);
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_HEAD_OBJECT)), -1);
    assert_int_equal(fixture.err.class, GS3_ETRANSIENT);
    assert_holds(fixture.err.message, "did not answer in time");
    assert_true(gs3_clock_monotonic_ms(&gs3_clock_system) - start_ms < 18000);
    fixture_release(&fixture);
}

/* The proxy is told where the client wants to go, and lets it go nowhere. */
static void client_of_another_region_leaves_the_custom_endpoint(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 1);
    gs3_http_free(fixture.http);
    fixture.http = gs3_http_new(&(struct gs3_http_opts){.user_agent = "gs3/test",
                                                        .proxy_https = fixture.server.url},
                                NULL);
    fixture.config.region = gs3_xstrdup("us-east-1");
    renew(&fixture,
          (struct gs3_s3_client_opts){.credentials = &fixture.credentials, .region = "eu-west-1"});
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_HEAD_OBJECT)), -1);
    assert_holds(fixture_head(&fixture, 0),
                 "CONNECT bucket.s3.eu-west-1.amazonaws.com:443 HTTP/1.1\r\n");
    fixture_release(&fixture);
}

static void client_goes_through_an_access_point(void **state)
{
    (void)state;
    gs3_auto_free char *copied =
        answer_of("200 OK", "", "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>");
    const struct server_reply replies[] = {{.match = "x-amz-copy-source", .bytes = copied},
                                           {.bytes = OK}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 2);
    free(fixture.config.endpoint_s3);
    fixture.config.endpoint_s3 = gs3_xasprintf("http://localhost:%u", fixture.server.port);
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT);
    put.object.bucket = POINT;
    put.object.key = "a/b";
    if (fixture_perform(&fixture, put))
        fail_msg("%s", fixture.err.message);
    gs3_auto_free char *host =
        gs3_xasprintf("\r\nHost: my-point-123456789012.localhost:%u\r\n", fixture.server.port);
    const char *head = fixture_head(&fixture, 0);
    assert_holds(head, "PUT /a/b HTTP/1.1\r\n");
    assert_holds(head, host);
    assert_holds(head, "/us-west-2/s3/aws4_request, SignedHeaders=host;");
    /* As the source of a copy it has a form of its own, with the name after a slash. */
    struct gs3_s3_request copy = request_of(GS3_S3_COPY_OBJECT);
    copy.copy_source.bucket = "arn:aws:s3:us-west-2:123456789012:accesspoint:my-point";
    copy.copy_source.key = "a b";
    if (fixture_perform(&fixture, copy))
        fail_msg("%s", fixture.err.message);
    assert_holds(fixture_head(&fixture, 1),
                 "\r\nx-amz-copy-source: arn%3Aaws%3As3%3Aus-west-2%3A123456789012%3A"
                 "accesspoint/my-point/object/a%20b\r\n");
    copy.copy_source.bucket = "arn:aws:s3::123456789012:accesspoint/a.mrap";
    assert_int_equal(fixture_perform(&fixture, copy), -1);
    assert_holds(fixture.err.message, "copy source: ");
    assert_holds(fixture.err.message, "multi-region");
    fixture_release(&fixture);
}

/* The region is in the ARN: nothing else may be asked, whoever says so. */
static void client_follows_no_redirect_from_an_access_point(void **state)
{
    (void)state;
    gs3_auto_free char *moved = answer_of("301 Moved", "x-amz-bucket-region: eu-west-1\r\n",
                                          XML_ERROR("PermanentRedirect", ""));
    const struct server_reply replies[] = {{.bytes = moved}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 1);
    free(fixture.config.endpoint_s3);
    fixture.config.endpoint_s3 = gs3_xasprintf("http://localhost:%u", fixture.server.port);
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT);
    put.object.bucket = POINT;
    assert_int_equal(fixture_perform(&fixture, put), -1);
    assert_holds(fixture.err.message, "the access point's ARN names us-west-2");
    assert_int_equal(fixture_requests(&fixture), 1);
    fixture_release(&fixture);
}

/* Half an hour's worth of calls under way when the clock turns out to be wrong: each is signed
 * anew once, and none is given up. A HEAD has no body that could say what is wrong. */
static void clock_is_set_for_all_calls_under_way(void **state)
{
    (void)state;
    enum { CALLS = 8 };
    gs3_auto_free char *skewed =
        answer_of("403 Forbidden", "Date: Sat, 21 Nov 2099 03:22:20 GMT\r\n",
                  XML_ERROR("RequestTimeTooSkewed", ""));
    const struct server_reply replies[] = {{.match = "x-amz-date: 20991121T032", .bytes = OK},
                                           {.match = "HEAD ",
                                            .bytes =
                                                "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"
                                                "Date: Sat, 21 Nov 2099 03:22:20 GMT\r\n\r\n"},
                                           {.bytes = skewed}};
    static const enum gs3_s3_op ops[] = {GS3_S3_PUT_OBJECT, GS3_S3_HEAD_OBJECT};
    for (size_t round = 0; round < 3; round++) {
        struct fixture fixture;
        struct gs3_s3_call *calls[CALLS];
        fixture_start(&fixture, replies, 3);
        for (size_t i = 0; i < CALLS; i++) {
            struct gs3_s3_request request = request_of(round < 2 ? ops[round] : ops[i % 2]);
            request.object = (struct gs3_s3_object){.bucket = "bucket", .key = "key"};
            calls[i] = fixture.s3->ops->start(fixture.s3, &request);
        }
        for (size_t i = 0; i < CALLS; i++) {
            gs3_s3_result_release(&fixture.result);
            if (fixture.s3->ops->wait(fixture.s3, calls[i], &fixture.result, &fixture.err))
                fail_msg("round %zu: %s", round, fixture.err.message);
            assert_true(fixture.result.attempts <= 2);
        }
        fixture_release(&fixture);
    }
}

static void clock_is_not_set_by_an_ordinary_403(void **state)
{
    (void)state;
    static const char *const dates[] = {"Sat, 21 Nov 2099 03:22:20 GMT", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;
        char date[64];
        time_t soon = time(NULL) + 600;
        struct tm parts;
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&soon, &parts));
        gs3_auto_free char *answer =
            gs3_xasprintf("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nDate: %s\r\n\r\n",
                          dates[i] ? dates[i] : date);
        assert_int_equal(fixture_perform_once(&fixture, answer, request_of(GS3_S3_HEAD_OBJECT)),
                         -1);
        /* A date that stays far off is believed once; one of ten minutes is no reason at all. */
        assert_int_equal(fixture.result.attempts, dates[i] ? 2 : 1);
        assert_string_equal(fixture.err.code, "403");
        fixture_release(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_without_signature_sends_none),
        cmocka_unit_test(client_without_signature_has_no_clock_to_set),
        cmocka_unit_test(client_read_timeout_is_the_configured_one),
        cmocka_unit_test(client_of_another_region_leaves_the_custom_endpoint),
        cmocka_unit_test(client_goes_through_an_access_point),
        cmocka_unit_test(client_follows_no_redirect_from_an_access_point),
        cmocka_unit_test(clock_is_set_for_all_calls_under_way),
        cmocka_unit_test(clock_is_not_set_by_an_ordinary_403),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
