#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/guardduty.h"
#include "aws/trail.h"
#include "base/mem.h"
#include "net/server.h"

#define DATA                                                                                       \
    "{\"Field\":\"eventCategory\",\"Equals\":[\"Data\"]},"                                         \
    "{\"Field\":\"resources.type\",\"Equals\":[\"AWS::S3::Object\"]}"
#define ADVANCED(fields) "{\"AdvancedEventSelectors\":[{\"FieldSelectors\":[" fields "]}]}"
#define BASIC(kind, values)                                                                        \
    "{\"EventSelectors\":[{\"ReadWriteType\":\"" kind                                              \
    "\",\"DataResources\":[{\"Type\":\"AWS::S3::Object\",\"Values\":[" values "]}]}]}"

static struct gs3_trail_verdict judge(const char *selectors, const char *prefix)
{
    char name[] = "one";
    struct gs3_trail trail = {.name = name,
                              .selectors = gs3_json_parse(selectors, strlen(selectors), NULL)};
    const struct gs3_trails trails = {.items = &trail, .count = 1};
    assert_non_null(trail.selectors);
    struct gs3_trail_verdict verdict = gs3_trails_judge(&trails, "aws", "b", prefix);
    cJSON_Delete(trail.selectors);
    return verdict;
}

static void trail_covers_what_its_selectors_say(void **state)
{
    (void)state;
    static const struct {
        const char *selectors, *prefix;
        enum gs3_trail_cover reads, writes;
    } cases[] = {
        {"{}", "", GS3_TRAIL_NONE, GS3_TRAIL_NONE},
        {"{\"EventSelectors\":7,\"AdvancedEventSelectors\":\"x\"}", "", GS3_TRAIL_NONE,
         GS3_TRAIL_NONE},
        {"{\"EventSelectors\":[7],\"AdvancedEventSelectors\":[{\"FieldSelectors\":[null]}]}", "",
         GS3_TRAIL_NONE, GS3_TRAIL_NONE},
        {BASIC("All", "7,null"), "", GS3_TRAIL_NONE, GS3_TRAIL_NONE},
        {BASIC("All", "\"arn:aws:s3\""), "", GS3_TRAIL_ALL, GS3_TRAIL_ALL},
        {BASIC("All", "\"arn:aws:s3:::b/\""), "", GS3_TRAIL_ALL, GS3_TRAIL_ALL},
        {BASIC("All", "\"arn:aws:s3:::bb/\""), "", GS3_TRAIL_NONE, GS3_TRAIL_NONE},
        {BASIC("All", "\"arn:aws-cn:s3:::b/\""), "", GS3_TRAIL_NONE, GS3_TRAIL_NONE},
        {BASIC("ReadOnly", "\"arn:aws:s3:::b/\""), "", GS3_TRAIL_ALL, GS3_TRAIL_NONE},
        {BASIC("WriteOnly", "\"arn:aws:s3:::b/\""), "", GS3_TRAIL_NONE, GS3_TRAIL_ALL},
        {BASIC("All", "\"arn:aws:s3:::b/live/\""), "", GS3_TRAIL_SOME, GS3_TRAIL_SOME},
        {BASIC("All", "\"arn:aws:s3:::b/live/\""), "live/x", GS3_TRAIL_ALL, GS3_TRAIL_ALL},
        {ADVANCED(DATA), "", GS3_TRAIL_ALL, GS3_TRAIL_ALL},
        {ADVANCED("{\"Field\":\"eventCategory\",\"Equals\":[\"Management\"]}"), "", GS3_TRAIL_NONE,
         GS3_TRAIL_NONE},
        {ADVANCED(DATA ",{\"Field\":\"readOnly\",\"Equals\":[\"true\"]}"), "", GS3_TRAIL_ALL,
         GS3_TRAIL_NONE},
        {ADVANCED(DATA ",{\"Field\":\"eventName\",\"Equals\":[\"DeleteObject\"]}"), "",
         GS3_TRAIL_SOME, GS3_TRAIL_SOME},
        {ADVANCED(DATA ",{\"Field\":\"resources.ARN\",\"StartsWith\":[\"arn:aws:s3:::b/\"]}"), "",
         GS3_TRAIL_ALL, GS3_TRAIL_ALL},
        {ADVANCED(DATA ",{\"Field\":\"resources.ARN\",\"StartsWith\":[\"arn:aws:s3:::c/\"]}"), "",
         GS3_TRAIL_NONE, GS3_TRAIL_NONE},
        {ADVANCED(DATA ",{\"Field\":\"resources.ARN\",\"NotStartsWith\":[\"arn:aws:s3:::b/\"]}"),
         "", GS3_TRAIL_NONE, GS3_TRAIL_NONE},
        {ADVANCED(DATA ",{\"Field\":\"resources.ARN\",\"NotStartsWith\":[\"arn:aws:s3:::b/t/\"]}"),
         "", GS3_TRAIL_SOME, GS3_TRAIL_SOME},
        {ADVANCED(DATA ",{\"Field\":\"resources.ARN\",\"NotStartsWith\":[\"arn:aws:s3:::c/\"]}"),
         "", GS3_TRAIL_ALL, GS3_TRAIL_ALL},
        {ADVANCED(DATA ",{\"Field\":\"resources.ARN\",\"Equals\":[\"arn:aws:s3:::b/k\"]}"), "",
         GS3_TRAIL_SOME, GS3_TRAIL_SOME},
        {ADVANCED(DATA ",{\"Field\":\"resources.ARN\",\"Equals\":[\"arn:aws:s3:::c/k\"]}"), "",
         GS3_TRAIL_NONE, GS3_TRAIL_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_trail_verdict verdict = judge(cases[i].selectors, cases[i].prefix);
        if (verdict.reads != cases[i].reads || verdict.writes != cases[i].writes)
            fail_msg("%zu: reads %d, writes %d: %s", i, (int)verdict.reads, (int)verdict.writes,
                     cases[i].selectors);
        assert_int_equal(verdict.name != NULL, verdict.reads || verdict.writes);
    }
}

static void trail_that_is_stopped_records_nothing(void **state)
{
    (void)state;
    static const char selectors[] = BASIC("All", "\"arn:aws:s3\"");
    char name[] = "old";
    struct gs3_trail trail = {.name = name,
                              .selectors = gs3_json_parse(selectors, strlen(selectors), NULL),
                              .is_stopped = true};
    const struct gs3_trails trails = {.items = &trail, .count = 1};
    struct gs3_trail_verdict verdict = gs3_trails_judge(&trails, "aws", "b", "");
    assert_int_equal(verdict.reads, GS3_TRAIL_NONE);
    assert_null(verdict.name);
    assert_string_equal(verdict.stopped_name, "old");
    cJSON_Delete(trail.selectors);
}

/* One server that plays both services. */
struct account {
    struct server server;
    struct gs3_http *http;
    struct gs3_aws_config config;
    struct gs3_credentials credentials;
    struct gs3_err err;
};

static void account_open(struct account *account, const struct server_reply *replies, size_t count)
{
    static char region[] = "eu-west-1";
    const struct gs3_http_opts opts = {.user_agent = "gs3/test"};
    *account = (struct account){.http = gs3_http_new(&opts, NULL)};
    server_start(&account->server, replies, count, NULL);
    account->config = (struct gs3_aws_config){.region = region,
                                              .endpoint_cloudtrail = account->server.url,
                                              .endpoint_guardduty = account->server.url};
    account->credentials.access_key_id = gs3_xstrdup("AKIDEXAMPLE");
    gs3_secret_set(&account->credentials.secret_access_key, "SECRET", 6);
}

static void account_close(struct account *account)
{
    gs3_http_free(account->http);
    gs3_credentials_release(&account->credentials);
    server_stop(&account->server);
}

#define OK(length, body) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" body

static void trails_are_read_by_their_arn(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.match = "DescribeTrails",
         .bytes = OK("47", "{\"trailList\":[{\"Name\":\"t\",\"TrailARN\":\"arn:t\"}]}")},
        {.match = "GetEventSelectors", .bytes = OK("22", "{\"EventSelectors\": []}")},
        {.match = "GetTrailStatus", .bytes = OK("20", "{\"IsLogging\": false}")},
    };
    struct account account;
    struct gs3_trails trails;
    account_open(&account, replies, 3);
    assert_int_equal(gs3_trails_load(account.http, &account.config, &account.credentials, &trails,
                                     &account.err),
                     0);
    assert_int_equal(trails.count, 1);
    assert_string_equal(trails.items[0].name, "t");
    assert_true(trails.items[0].is_stopped);
    const struct server_request *request = account.server.shared->request;
    assert_non_null(strstr(request[0].head, "\r\nx-amz-target: com.amazonaws.cloudtrail.v20131101."
                                            "CloudTrail_20131101.DescribeTrails\r\n"));
    assert_non_null(strstr(request[0].head, "\r\ncontent-type: application/x-amz-json-1.1\r\n"));
    assert_non_null(strstr(request[0].head, "/eu-west-1/cloudtrail/aws4_request"));
    assert_string_equal(request[1].body, "{\"TrailName\":\"arn:t\"}");
    assert_string_equal(request[2].body, "{\"Name\":\"arn:t\"}");
    gs3_trails_release(&trails);
    account_close(&account);
}

/* What is no answer is an error, with AWS's own code where it has one. */
static void trails_that_cannot_be_read_are_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum gs3_err_class class;
        const char *code;
    } cases[] = {
        {OK("2", "{}"), GS3_EUNDECIDED, ""},
        {OK("2", "[]"), GS3_EUNDECIDED, ""},
        {OK("0", ""), GS3_EUNDECIDED, ""},
        {OK("13", "<html></html>"), GS3_EUNDECIDED, ""},
        {OK("17", "{\"trailList\":[1]}"), GS3_EUNDECIDED, ""},
        {OK("27", "{\"trailList\":[{\"Name\":\"\"}]}"), GS3_EUNDECIDED, ""},
        {"HTTP/1.1 400 Bad\r\nContent-Length: 46\r\n\r\n"
         "{\"__type\":\"com.x#AccessDeniedException\",\"M\":1}",
         GS3_ESERVICE, "AccessDeniedException"},
        {"HTTP/1.1 403 No\r\nx-amzn-ErrorType: AccessDeniedException:http://x/\r\n"
         "Content-Length: 16\r\n\r\n{\"message\":\"no\"}",
         GS3_ESERVICE, "AccessDeniedException"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct server_reply reply = {.bytes = cases[i].answer, .end = SERVER_CLOSE};
        struct account account;
        struct gs3_trails trails;
        account_open(&account, &reply, 1);
        assert_int_equal(gs3_trails_load(account.http, &account.config, &account.credentials,
                                         &trails, &account.err),
                         -1);
        if (account.err.class != cases[i].class || strcmp(account.err.code, cases[i].code) != 0)
            fail_msg("%zu: class %d, code %s: %s", i, (int)account.err.class, account.err.code,
                     account.err.message);
        assert_int_equal(gs3_aws_err_is_denied(&account.err), *cases[i].code != 0);
        gs3_trails_release(&trails);
        account_close(&account);
    }
}

static void guardduty_feature_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *detector;
        bool is_enabled, watches_s3;
    } cases[] = {
        {"{}", false, false},
        {"{\"status\":\"ENABLED\"}", true, false},
        {"{\"status\":\"DISABLED\",\"features\":[{\"name\":\"S3_DATA_EVENTS\",\"status\":"
         "\"ENABLED\"}]}",
         false, true},
        {"{\"status\":\"ENABLED\",\"features\":[7,{\"name\":\"S3_DATA_EVENTS\",\"status\":"
         "\"DISABLED\"}]}",
         true, false},
        {"{\"status\":\"ENABLED\",\"dataSources\":{\"s3Logs\":{\"status\":\"ENABLED\"}}}", true,
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_guardduty found = {.has_detector = false};
        cJSON *json = gs3_json_parse(cases[i].detector, strlen(cases[i].detector), NULL);
        assert_non_null(json);
        gs3_guardduty_read(json, &found);
        assert_true(found.has_detector);
        assert_int_equal(found.is_enabled, cases[i].is_enabled);
        assert_int_equal(found.watches_s3, cases[i].watches_s3);
        cJSON_Delete(json);
    }
}

/* An id becomes part of a path: nothing but letters and digits does. */
static void guardduty_id_that_is_none_is_refused(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.match = "GET /detector HTTP", .bytes = OK("26", "{\"detectorIds\":[\"../x?y\"]}")}};
    struct account account;
    struct gs3_guardduty found;
    account_open(&account, replies, 1);
    assert_int_equal(gs3_guardduty_find(account.http, &account.config, &account.credentials, &found,
                                        &account.err),
                     -1);
    assert_int_equal(account.err.class, GS3_EUNDECIDED);
    assert_int_equal(atomic_load(&account.server.shared->requests), 1);
    account_close(&account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trail_covers_what_its_selectors_say),
        cmocka_unit_test(trail_that_is_stopped_records_nothing),
        cmocka_unit_test(trails_are_read_by_their_arn),
        cmocka_unit_test(trails_that_cannot_be_read_are_an_error),
        cmocka_unit_test(guardduty_feature_is_read),
        cmocka_unit_test(guardduty_id_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
