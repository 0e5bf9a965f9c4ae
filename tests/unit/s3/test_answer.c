/* What comes back: results, and failures with their code, class and number of attempts. */
#include "s3/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

#define PUT  GS3_S3_PUT_OBJECT
#define GET  GS3_S3_GET_OBJECT
#define HEAD GS3_S3_HEAD_OBJECT
#define COPY GS3_S3_COPY_OBJECT
#define TAGS GS3_S3_GET_OBJECT_TAGGING

static void head_fills_the_result(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_int_equal(
        fixture_perform_once(
            &fixture,
            "HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\nETag: \"abc-2\"\r\n"
            "Last-Modified: Sat, 21 Nov 2026 03:22:20 GMT\r\nContent-Type: text/plain\r\n"
            "Cache-Control: no-store\r\nContent-Disposition: inline\r\n"
            "Content-Encoding: gzip\r\nContent-Language: de\r\nExpires: never\r\n"
            "X-Amz-Meta-Change-Request-Id: CHG0030001\r\nx-amz-meta-a: 1\r\n"
            "x-amz-meta-A: 2\r\nx-amz-version-id: v1\r\nx-amz-storage-class: GLACIER\r\n"
            "x-amz-restore: ongoing-request=\"false\"\r\n"
            "x-amz-server-side-encryption: aws:kms\r\nx-amz-missing-meta: 2\r\n"
            "x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\nx-amz-checksum-type: FULL_OBJECT\r\n"
            "x-amz-tagging-count: 3\r\n\r\n",
            request_of(GS3_S3_HEAD_OBJECT)),
        0);
    const struct gs3_s3_result *result = &fixture.result;
    assert_int_equal(result->http_status, 200);
    assert_string_equal(result->etag, "\"abc-2\"");
    assert_true(result->has_length);
    assert_int_equal(result->length_bytes, UINT64_C(5368709120));
    assert_int_equal(result->last_modified_s, 1795231340);
    assert_string_equal(result->properties.content_type, "text/plain");
    assert_string_equal(result->properties.cache_control, "no-store");
    assert_string_equal(result->properties.content_disposition, "inline");
    assert_string_equal(result->properties.content_encoding, "gzip");
    assert_string_equal(result->properties.content_language, "de");
    assert_string_equal(result->properties.expires, "never");
    assert_int_equal(result->metadata.count, 2);
    assert_string_equal(result->metadata.items[0].name, "change-request-id");
    assert_string_equal(gs3_pairs_get(&result->metadata, "a"), "1,2");
    assert_string_equal(result->version_id, "v1");
    assert_string_equal(result->storage_class, "GLACIER");
    assert_string_equal(result->restore, "ongoing-request=\"false\"");
    assert_string_equal(result->sse, "aws:kms");
    assert_int_equal(result->missing_meta, 2);
    assert_int_equal(result->tag_count, 3);
    assert_string_equal(gs3_pairs_get(&result->checksums, "crc64nvme"), "AAAAAAAAAAA=");
    assert_string_equal(gs3_pairs_get(&result->checksums, "type"), "FULL_OBJECT");
    assert_int_equal(result->attempts, 1);
    fixture_release(&fixture);
}

static void head_missing_meta_that_is_unreadable_is_not_zero(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_int_equal(fixture_perform_once(&fixture,
                                          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" ETAG
                                          "x-amz-missing-meta: many\r\n\r\n",
                                          request_of(GS3_S3_HEAD_OBJECT)),
                     0);
    assert_int_equal(fixture.result.missing_meta, 1);
    fixture_release(&fixture);
}

static void tags_are_read_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    gs3_auto_free char *answer = answer_of(
        "200 OK", "",
        "<?xml version=\"1.0\"?><Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>"
        "<Tag><Key>b</Key><Value>1 &amp; 2</Value></Tag><Tag><Key>a</Key><Value/></Tag>"
        "</TagSet></Tagging>");
    assert_int_equal(fixture_perform_once(&fixture, answer, request_of(GS3_S3_GET_OBJECT_TAGGING)),
                     0);
    assert_int_equal(fixture.result.tags.count, 2);
    assert_string_equal(fixture.result.tags.items[0].name, "b");
    assert_string_equal(fixture.result.tags.items[0].value, "1 & 2");
    assert_string_equal(fixture.result.tags.items[1].value, "");
    fixture_release(&fixture);
}

static void delete_says_what_it_made(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_int_equal(fixture_perform_once(&fixture,
                                          "HTTP/1.1 204 No Content\r\nx-amz-delete-marker: true\r\n"
                                          "x-amz-version-id: v9\r\n\r\n",
                                          request_of(GS3_S3_DELETE_OBJECT)),
                     0);
    assert_true(fixture.result.is_delete_marker);
    assert_string_equal(fixture.result.version_id, "v9");
    fixture_release(&fixture);
}

/* An answer, the code that it becomes, and how often it is asked for. */
struct failure {
    enum gs3_s3_op op;
    const char *status, *headers, *body;
    const char *code;
    enum gs3_err_class class;
    int attempts;
    const char *message;
};

static void check_failure(const struct failure *failure)
{
    struct fixture fixture;
    gs3_auto_free char *answer = failure->op == GS3_S3_HEAD_OBJECT
                                     ? gs3_xasprintf("HTTP/1.1 %s\r\nContent-Length: 0\r\n%s\r\n",
                                                     failure->status, failure->headers)
                                     : answer_of(failure->status, failure->headers, failure->body);
    assert_int_equal(fixture_perform_once(&fixture, answer, request_of(failure->op)), -1);
    if (fixture.err.class != failure->class || strcmp(fixture.err.code, failure->code) != 0)
        fail_msg("%s %s: class %d, code \"%s\": %s", gs3_s3_op_name(failure->op), failure->status,
                 (int)fixture.err.class, fixture.err.code, fixture.err.message);
    /* A redirect that names no region makes the client ask for it. */
    int asked = strstr(fixture.err.message, "use --region") ? 1 : 0;
    if (fixture_requests(&fixture) != failure->attempts + asked)
        fail_msg("%s: asked %d times", fixture.err.message, fixture_requests(&fixture));
    assert_int_equal(fixture.result.attempts, failure->attempts);
    assert_holds(fixture.err.message, failure->message);
    fixture_release(&fixture);
}

static void failure_has_code_class_and_attempts(void **state)
{
    (void)state;
    static const struct failure cases[] = {
        {PUT, "403 Forbidden", "", XML_ERROR("AccessDenied", ""), "AccessDenied", GS3_ESERVICE, 1,
         "An error occurred (AccessDenied) when calling the PutObject operation: Because"},
        {GET, "404 Not Found", "", XML_ERROR("NoSuchKey", ""), "NoSuchKey", GS3_ESERVICE, 1,
         "An error occurred (NoSuchKey) when calling the GetObject operation: Because"},
        {PUT, "503 Slow Down", "", XML_ERROR("SlowDown", ""), "SlowDown", GS3_ETRANSIENT, 3,
         "(SlowDown) when calling the PutObject operation (reached max retries: 2): Because"},
        {PUT, "500 Oops", "", XML_ERROR("InternalError", ""), "InternalError", GS3_ETRANSIENT, 3,
         ""},
        {PUT, "502 Bad Gateway", "", "<html>", "502", GS3_ETRANSIENT, 3, ": Bad Gateway"},
        {GET, "504 Gateway Timeout", "", "", "504", GS3_ETRANSIENT, 3, ": Gateway Timeout"},
        {PUT, "429 Too Many", "", "", "429", GS3_ETRANSIENT, 3, ""},
        {PUT, "400 Bad", "", XML_ERROR("RequestTimeout", ""), "RequestTimeout", GS3_ETRANSIENT, 3,
         ""},
        {PUT, "400 Bad", "", XML_ERROR("BadDigest", ""), "BadDigest", GS3_ETRANSIENT, 3, ""},
        {PUT, "400 Bad", "", XML_ERROR("IncompleteBody", ""), "IncompleteBody", GS3_ETRANSIENT, 3,
         ""},
        {PUT, "409 Conflict", "", XML_ERROR("OperationAborted", ""), "OperationAborted",
         GS3_ETRANSIENT, 3, ""},
        {PUT, "409 Conflict", "", XML_ERROR("ConditionalRequestConflict", ""),
         "ConditionalRequestConflict", GS3_ETRANSIENT, 3, ""},
        {PUT, "409 Conflict", "", XML_ERROR("BucketNotEmpty", ""), "BucketNotEmpty", GS3_ESERVICE,
         1, ""},
        {PUT, "400 Bad", "", XML_ERROR("InvalidRequest", ""), "InvalidRequest", GS3_ESERVICE, 1,
         ""},
        {PUT, "400 Bad", "", XML_ERROR("MetadataTooLarge", ""), "MetadataTooLarge", GS3_ESERVICE, 1,
         ""},
        {PUT, "400 Bad", "", XML_ERROR("ExpiredToken", ""), "ExpiredToken", GS3_ESERVICE, 1, ""},
        {PUT, "403 Forbidden", "", XML_ERROR("SignatureDoesNotMatch", ""), "SignatureDoesNotMatch",
         GS3_ESERVICE, 1, ""},
        {PUT, "412 Failed", "", XML_ERROR("PreconditionFailed", ""), "PreconditionFailed",
         GS3_ESERVICE, 1, ""},
        {PUT, "501 Not Implemented", "", XML_ERROR("NotImplemented", ""), "NotImplemented",
         GS3_ESERVICE, 1, ""},
        {HEAD, "404 Not Found", "", "", "404", GS3_ESERVICE, 1,
         "An error occurred (404) when calling the HeadObject operation: Not Found"},
        {HEAD, "403 Forbidden", "", "", "403", GS3_ESERVICE, 1,
         "An error occurred (403) when calling the HeadObject operation: Forbidden"},
        {HEAD, "503 Busy", "", "", "503", GS3_ETRANSIENT, 3, "Service Unavailable"},
        {PUT, "301 Moved", "Location: https://evil.example/\r\n",
         XML_ERROR("PermanentRedirect", ""), "PermanentRedirect", GS3_ESERVICE, 1,
         "bucket bucket is in another region"},
        {GET, "307 Moved", "Location: https://evil.example/\r\n", "", "307", GS3_ESERVICE, 1,
         "use --region"},
        {PUT, "418 Teapot", "", "<Error><Code>two words</Code></Error>", "418", GS3_ESERVICE, 1,
         "(418) when calling the PutObject operation: Unknown"},
        {PUT, "400 Bad", "", "<Error><Code>", "400", GS3_ESERVICE, 1, ": Bad Request"},
        {PUT, "202 Accepted", ETAG, "", "UnusableAnswer", GS3_ESERVICE, 1, "status 202"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_failure(&cases[i]);
}

static void success_that_is_none_is_a_failure(void **state)
{
    (void)state;
    static const struct failure cases[] = {
        /* S3 sends white space first to keep the connection, then changes its mind. */
        {COPY, "200 OK", "", "  \n  " XML_ERROR("InternalError", ""), "InternalError",
         GS3_ETRANSIENT, 3, "(InternalError) when calling the CopyObject operation"},
        {COPY, "200 OK", "", XML_ERROR("SlowDown", ""), "SlowDown", GS3_ETRANSIENT, 3, ""},
        {COPY, "200 OK", "", " " XML_ERROR("AccessDenied", ""), "AccessDenied", GS3_ESERVICE, 1,
         ""},
        {COPY, "200 OK", "", "", "UnusableAnswer", GS3_ETRANSIENT, 3, "is empty"},
        {COPY, "200 OK", "", "   ", "UnusableAnswer", GS3_ETRANSIENT, 3, "cut off"},
        {COPY, "200 OK", "", "<CopyObjectResult><ETag>\"x\"</ETag>", "UnusableAnswer",
         GS3_ETRANSIENT, 3, "cut off"},
        {COPY, "200 OK", "", "<html><body>Sign in</body></html>", "UnusableAnswer", GS3_ETRANSIENT,
         3, "is not S3's"},
        {TAGS, "200 OK", "", "<Tagging>", "UnusableAnswer", GS3_ETRANSIENT, 3, "cut off"},
        {GS3_S3_PUT_OBJECT, "200 OK", ETAG, XML_ERROR("InternalError", ""), "InternalError",
         GS3_ETRANSIENT, 3, ""},
        {GS3_S3_PUT_OBJECT, "200 OK", "", "<html>Sign in</html>", "", GS3_ESERVICE, 1, "no ETag"},
        {GS3_S3_HEAD_OBJECT, "200 OK", "", "", "", GS3_ESERVICE, 1, "no ETag"},
        {GS3_S3_GET_OBJECT, "200 OK", "", "<html>Sign in</html>", "", GS3_ESERVICE, 1, "no ETag"},
        {GS3_S3_GET_OBJECT, "206 Partial Content", ETAG "Content-Range: bytes 0-1/9\r\n", "ab", "",
         GS3_ESERVICE, 1, "status 206"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_failure(&cases[i]);
}

#define PAGE      "  <!DOCTYPE html><html><body>Not Found</body></html>"
#define SAYS_PAGE "Not Found: the answer is a web page and not S3's: is this an S3 endpoint?"

/* Whoever answers is no store: one line says so, and "not there" is not what it says. */
static void endpoint_that_is_no_store_is_told(void **state)
{
    (void)state;
    static const struct failure cases[] = {
        {HEAD, "404 Not Found", "Content-Type: text/html; charset=utf-8\r\n", "", "404",
         GS3_ESERVICE, 1,
         "An error occurred (404) when calling the HeadObject operation: " SAYS_PAGE},
        {GET, "404 Not Found", "", PAGE, "404", GS3_ESERVICE, 1, SAYS_PAGE},
        {PUT, "404 Not Found", "", PAGE, "404", GS3_ESERVICE, 1, SAYS_PAGE},
        {COPY, "404 Not Found", "", PAGE, "404", GS3_ESERVICE, 1, SAYS_PAGE},
        {GS3_S3_LIST_OBJECTS, "404 Not Found", "", PAGE, "404", GS3_ESERVICE, 1, SAYS_PAGE},
        {GS3_S3_DELETE_OBJECT, "404 Not Found", "", PAGE, "404", GS3_ESERVICE, 1, SAYS_PAGE},
        {PUT, "405 Method Not Allowed", "", "<html>", "405", GS3_ESERVICE, 1,
         "Method Not Allowed: the answer is a web page"},
        {GS3_S3_DELETE_OBJECT, "200 OK", "", "<html>Sign in</html>", "UnusableAnswer",
         GS3_ETRANSIENT, 3, "the answer is a web page"},
        {GS3_S3_LIST_OBJECTS, "200 OK", "", "<html>Sign in</html>", "", GS3_EINVALID, 1,
         "the listing is not S3's"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_failure(&cases[i]);
    struct fixture fixture;
    gs3_auto_free char *page = answer_of("404 Not Found", "", PAGE);
    assert_int_equal(fixture_perform_once(&fixture, page, request_of(GET)), -1);
    assert_false(gs3_s3_err_is_not_found(&fixture.err));
    fixture_release(&fixture);
    /* A store may well describe its own HEAD so. */
    assert_int_equal(fixture_perform_once(&fixture,
                                          "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
                                          "Content-Type: text/html\r\nX-Amz-Request-Id: 1\r\n\r\n",
                                          request_of(HEAD)),
                     -1);
    assert_true(gs3_s3_err_is_not_found(&fixture.err));
    fixture_release(&fixture);
}

/* An object that is a web page is an object. */
static void object_that_is_a_web_page_is_one(void **state)
{
    (void)state;
    struct fixture fixture;
    gs3_auto_free char *page =
        answer_of("200 OK", ETAG "Content-Type: text/html\r\n", "<html>Hello</html>");
    assert_int_equal(fixture_perform_once(&fixture, page, request_of(GET)), 0);
    fixture_release(&fixture);
    assert_int_equal(fixture_perform_once(&fixture,
                                          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" ETAG
                                          "Content-Type: text/html\r\n\r\n",
                                          request_of(HEAD)),
                     0);
    fixture_release(&fixture);
}

static void message_of_the_service_is_cleaned_and_cut(void **state)
{
    (void)state;
    struct fixture fixture;
    char longest[4096];
    memset(longest, 'm', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    gs3_auto_free char *body = gs3_xasprintf(
        "<Error><Code>AccessDenied</Code><Message>a\nb&#27;[2J\xe2\x80\xae%s</Message></Error>",
        longest);
    gs3_auto_free char *xml = answer_of("403 Forbidden", "", body);
    assert_int_equal(fixture_perform_once(&fixture, xml, request_of(GS3_S3_PUT_OBJECT)), -1);
    for (const char *c = fixture.err.message; *c; c++)
        assert_true(*c >= ' ' && *c <= '~');
    assert_true(strlen(fixture.err.message) < 700);
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_fills_the_result),
        cmocka_unit_test(head_missing_meta_that_is_unreadable_is_not_zero),
        cmocka_unit_test(tags_are_read_in_order),
        cmocka_unit_test(delete_says_what_it_made),
        cmocka_unit_test(failure_has_code_class_and_attempts),
        cmocka_unit_test(success_that_is_none_is_a_failure),
        cmocka_unit_test(endpoint_that_is_no_store_is_told),
        cmocka_unit_test(object_that_is_a_web_page_is_one),
        cmocka_unit_test(message_of_the_service_is_cleaned_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
