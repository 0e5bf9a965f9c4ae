/* What goes out: the request as the server sees it, and what is never sent. */
#include "s3/fixture.h"

#include "base/mem.h"
#include "crypto/digest.h"
#include "s3/internal.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" ETAG "\r\n"
#define COPIED                                                                                     \
    "HTTP/1.1 200 OK\r\nContent-Length: 58\r\n\r\n"                                                \
    "<CopyObjectResult><ETag>\"e2\"</ETag></CopyObjectResult>   \n"

static const struct server_reply ok[] = {{.match = "x-amz-copy-source", .bytes = COPIED},
                                         {.bytes = OK}};

static void request_body_is_signed_over_http(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture, ok, 2);
    const struct gs3_s3_request put = {.op = GS3_S3_PUT_OBJECT,
                                       .body = {.bytes = "hello", .length_bytes = 5}};
    assert_int_equal(fixture_perform(&fixture, put), 0);
    assert_string_equal(fixture.result.etag, "\"e1\"");
    char digest[GS3_SHA256_HEX_BYTES];
    gs3_sha256_hex("hello", 5, digest);
    gs3_auto_free char *header = gs3_xasprintf("\r\nx-amz-content-sha256: %s\r\n", digest);
    assert_holds(fixture_head(&fixture, 0), header);
    assert_holds(fixture_head(&fixture, 0), "PUT /bucket/key HTTP/1.1\r\n");
    assert_string_equal(fixture.server.shared->request[0].body, "hello");

    fixture.config.payload_signing = GS3_PAYLOAD_SIGNING_OFF;
    assert_int_equal(fixture_perform(&fixture, put), 0);
    assert_holds(fixture_head(&fixture, 1), "x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n");
    fixture_release(&fixture);
}

static void request_payload_of_https_is_unsigned_unless_asked(void **state)
{
    (void)state;
    const struct gs3_s3_request put = {.op = GS3_S3_PUT_OBJECT,
                                       .object = {.bucket = "bucket", .key = "key"},
                                       .body = {.bytes = "hello", .length_bytes = 5}};
    struct gs3_s3_endpoint endpoint = {.is_path_style = true, .region = "us-east-1"};
    char digest[GS3_SHA256_HEX_BYTES];
    gs3_sha256_hex("hello", 5, digest);
    assert_int_equal(gs3_origin_parse("https://s3.example.com", GS3_ECONFIG, &endpoint.origin,
                                      NULL),
                     0);
    static const int settings[] = {GS3_PAYLOAD_SIGNING_DEFAULT, GS3_PAYLOAD_SIGNING_ON};
    for (size_t i = 0; i < 2; i++) {
        struct gs3_s3_wire wire;
        struct gs3_aws_config config = {.region = NULL};
        config.payload_signing = settings[i];
        assert_int_equal(gs3_s3_wire_build(&put, &endpoint, &config, &wire, NULL), 0);
        assert_string_equal(wire.payload_sha256, i == 0 ? "UNSIGNED-PAYLOAD" : digest);
        gs3_s3_wire_release(&wire);
    }
    struct gs3_s3_wire wire;
    struct gs3_s3_request known = put;
    known.body_sha256 = digest;
    const struct gs3_aws_config config = {.region = NULL};
    assert_int_equal(gs3_s3_wire_build(&known, &endpoint, &config, &wire, NULL), 0);
    assert_string_equal(wire.payload_sha256, digest);
    gs3_s3_wire_release(&wire);
}

static void request_headers_are_all_signed(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture, ok, 2);
    gs3_secret_set(&fixture.credentials.session_token, "TOKEN==", 7);
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
    gs3_auto_pairs struct gs3_pairs extra = GS3_PAIRS_INIT;
    gs3_pairs_add(&metadata, "purpose", "=?UTF-8?B?w6k=?=");
    gs3_pairs_add(&tags, "a b", "c&d=\xc3\xa9");
    gs3_pairs_add(&tags, "e", "");
    gs3_pairs_add(&extra, "x-amz-storage-class", "STANDARD_IA");
    char type[] = "text/plain";
    const struct gs3_s3_properties properties = {.content_type = type};
    const struct gs3_s3_request put = {.op = GS3_S3_PUT_OBJECT,
                                       .metadata = &metadata,
                                       .tags = &tags,
                                       .headers = &extra,
                                       .properties = &properties,
                                       .if_none_match = true};
    assert_int_equal(fixture_perform(&fixture, put), 0);
    const char *head = fixture_head(&fixture, 0);
    assert_holds(head, "\r\nx-amz-meta-purpose: =?UTF-8?B?w6k=?=\r\n");
    assert_holds(head, "\r\nx-amz-tagging: a%20b=c%26d%3D%C3%A9&e=\r\n");
    assert_holds(head, "\r\nx-amz-security-token: TOKEN==\r\n");
    assert_holds(head, "\r\nif-none-match: *\r\n");
    assert_holds(head, "/us-east-1/s3/aws4_request, SignedHeaders=content-type;host;if-none-match;"
                       "x-amz-content-sha256;x-amz-date;x-amz-meta-purpose;x-amz-security-token;"
                       "x-amz-storage-class;x-amz-tagging, Signature=");
    fixture_release(&fixture);
}

static void request_copy_names_its_source_and_replaces(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture, ok, 2);
    struct gs3_s3_request copy = {.op = GS3_S3_COPY_OBJECT,
                                  .copy_source = {.bucket = "from",
                                                  .key = "a b/+%\xc3\xa9",
                                                  .version_id = "v.1_-2"},
                                  .copy_source_if_match = "\"e0\""};
    assert_int_equal(fixture_perform(&fixture, copy), 0);
    assert_string_equal(fixture.result.etag, "\"e2\"");
    const char *head = fixture_head(&fixture, 0);
    assert_holds(head, "\r\nx-amz-copy-source: from/a%20b/%2B%25%C3%A9?versionId=v.1_-2\r\n");
    assert_holds(head, "\r\nx-amz-copy-source-if-match: \"e0\"\r\n");
    assert_holds(head, "\r\nx-amz-metadata-directive: REPLACE\r\n");
    assert_null(strstr(head, "x-amz-tagging"));
    copy.replace_tags = true;
    assert_int_equal(fixture_perform(&fixture, copy), 0);
    assert_holds(fixture_head(&fixture, 1), "\r\nx-amz-tagging-directive: REPLACE\r\n");
    fixture_release(&fixture);
}

static void request_of_a_version_names_it(void **state)
{
    (void)state;
    static const struct {
        enum gs3_s3_op op;
        const char *line;
    } cases[] = {
        {GS3_S3_DELETE_OBJECT, "DELETE /bucket/key?versionId=a%2Bb HTTP/1.1\r\n"},
        {GS3_S3_PUT_OBJECT_TAGGING, "PUT /bucket/key?tagging&versionId=a%2Bb HTTP/1.1\r\n"},
        {GS3_S3_GET_OBJECT, "GET /bucket/key?versionId=a%2Bb HTTP/1.1\r\n"},
    };
    struct fixture fixture;
    fixture_start(&fixture, ok, 2);
    for (int i = 0; i < 3; i++) {
        const struct gs3_s3_request request = {
            .op = cases[i].op, .object = {.bucket = "bucket", .key = "key", .version_id = "a+b"}};
        assert_int_equal(fixture_perform(&fixture, request), 0);
        assert_holds(fixture_head(&fixture, i), cases[i].line);
    }
    fixture_release(&fixture);
}

static void request_tagging_carries_its_digest(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture, ok, 2);
    gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
    gs3_pairs_add(&tags, "a<b", "c&\"d");
    const struct gs3_s3_request write = {.op = GS3_S3_PUT_OBJECT_TAGGING, .tags = &tags};
    assert_int_equal(fixture_perform(&fixture, write), 0);
    const struct server_request *seen = &fixture.server.shared->request[0];
    assert_holds(seen->body, "<Tag><Key>a&lt;b</Key><Value>c&amp;&quot;d</Value></Tag>");
    unsigned char digest[GS3_MD5_BYTES];
    gs3_md5(seen->body, strlen(seen->body), digest);
    gs3_auto_free char *md5 = gs3_base64_encode(digest, sizeof digest);
    gs3_auto_free char *header = gs3_xasprintf("\r\ncontent-md5: %s\r\n", md5);
    assert_holds(seen->head, header);
    fixture_release(&fixture);
}

static void assert_not_sent(struct fixture *fixture, struct gs3_s3_request request,
                            enum gs3_err_class class, const char *message)
{
    assert_int_equal(fixture_perform(fixture, request), -1);
    assert_holds(fixture->err.message, message);
    assert_int_equal(fixture->err.class, class);
    assert_int_equal(atomic_load(&fixture->server.shared->requests), 0);
    assert_int_equal(fixture->result.attempts, 0);
}

static struct gs3_s3_request of(enum gs3_s3_op op, const char *bucket, const char *key)
{
    return (struct gs3_s3_request){.op = op, .object = {.bucket = bucket, .key = key}};
}

static void request_that_s3_would_not_take_is_not_sent(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture, ok, 2);
    char longer[1026];
    memset(longer, 'k', 1025);
    longer[1025] = '\0';
    assert_not_sent(&fixture, of(GS3_S3_GET_OBJECT, "bucket", ""), GS3_EUSAGE, "needs a key");
    assert_not_sent(&fixture, of(GS3_S3_GET_OBJECT, "bucket", longer), GS3_EUSAGE, "1025 bytes");
    assert_not_sent(&fixture, of(GS3_S3_GET_OBJECT, "bucket", "a\xff"), GS3_EUSAGE, "UTF-8");
    assert_not_sent(&fixture, of(GS3_S3_GET_OBJECT, "bucket", "\xed\xa0\x80"), GS3_EUSAGE, "UTF-8");
    assert_not_sent(&fixture, of(GS3_S3_GET_OBJECT, "abc-s3alias", "k"), GS3_EUSAGE, "alias");
    struct gs3_s3_request copy = of(GS3_S3_COPY_OBJECT, "bucket", "key");
    copy.copy_source = (struct gs3_s3_object){.bucket = "abc.mrap", .key = "k"};
    assert_not_sent(&fixture, copy, GS3_EUSAGE, "copy source: bucket \"abc.mrap\"");
    copy.copy_source = (struct gs3_s3_object){.bucket = "abc", .key = "k", .version_id = "1&x=2"};
    assert_not_sent(&fixture, copy, GS3_EINVALID, "version id");
    struct gs3_s3_request put = of(GS3_S3_PUT_OBJECT, "bucket", "key");
    put.body = (struct gs3_http_body){.fd = -1, .length_bytes = GS3_S3_PUT_BYTES + 1};
    assert_not_sent(&fixture, put, GS3_EFAIL, "multipart");
    put.body = (struct gs3_http_body){.fd = -1, .length_bytes = 1};
    assert_not_sent(&fixture, put, GS3_EIO, "cannot read the file to send it");
    fixture_release(&fixture);
}

static void request_with_bad_headers_is_not_sent(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } bad_metadata[] = {{"a", "b\r\nx-amz-acl: public-read"},
                        {"a", "\x7f"},
                        {"a b", "c"},
                        {"a\r\nb", "c"},
                        {"", "c"}};
    static const char *const bad_headers[] = {"x-amz-meta-a",         "X-Amz-Meta-A",
                                              "authorization",        "host",
                                              "x-amz-date",           "x-amz-tagging",
                                              "x-amz-content-sha256", "x-amz-security-token"};
    struct fixture fixture;
    fixture_start(&fixture, ok, 2);
    for (size_t i = 0; i < sizeof bad_metadata / sizeof *bad_metadata; i++) {
        gs3_auto_pairs struct gs3_pairs list = GS3_PAIRS_INIT;
        struct gs3_s3_request put = of(GS3_S3_PUT_OBJECT, "bucket", "key");
        gs3_pairs_add(&list, bad_metadata[i].name, bad_metadata[i].value);
        put.metadata = &list;
        assert_int_equal(fixture_perform(&fixture, put), -1);
        assert_int_equal(fixture.err.class, GS3_EINVALID);
    }
    for (size_t i = 0; i < sizeof bad_headers / sizeof *bad_headers; i++) {
        gs3_auto_pairs struct gs3_pairs list = GS3_PAIRS_INIT;
        gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
        struct gs3_s3_request put = of(GS3_S3_PUT_OBJECT, "bucket", "key");
        gs3_pairs_add(&tags, "a", "b");
        gs3_pairs_add(&list, bad_headers[i], "x");
        put.headers = &list;
        put.tags = &tags;
        assert_not_sent(&fixture, put, GS3_EGENERAL, "cannot be set here");
    }
    assert_int_equal(atomic_load(&fixture.server.shared->requests), 0);
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_body_is_signed_over_http),
        cmocka_unit_test(request_payload_of_https_is_unsigned_unless_asked),
        cmocka_unit_test(request_headers_are_all_signed),
        cmocka_unit_test(request_copy_names_its_source_and_replaces),
        cmocka_unit_test(request_of_a_version_names_it),
        cmocka_unit_test(request_tagging_carries_its_digest),
        cmocka_unit_test(request_that_s3_would_not_take_is_not_sent),
        cmocka_unit_test(request_with_bad_headers_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
