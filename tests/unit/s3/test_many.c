/* Pages of listings, batches of deletes and multipart uploads: what is sent, and what is taken for
 * an answer. */
#include "s3/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define LIST(inside)                                                                               \
    "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"x\">" inside "</ListBucketResult>"
#define ENTRY(key, size)                                                                           \
    "<Contents><Key>" key "</Key><LastModified>2026-11-21T03:22:20.000Z</LastModified>"            \
    "<ETag>&quot;e1&quot;</ETag><Size>" size "</Size><StorageClass>STANDARD</StorageClass>"        \
    "</Contents>"
#define URL "<EncodingType>url</EncodingType>"

struct keys {
    char text[512];
};

static int add_key(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err)
{
    struct keys *keys = context;
    size_t length = strlen(keys->text);
    snprintf(keys->text + length, sizeof keys->text - length, "%s=%llu;", entry->key,
             (unsigned long long)entry->size_bytes);
    assert_string_equal(entry->etag, "\"e1\"");
    assert_int_equal(entry->last_modified_s, 1795231340);
    assert_string_equal(entry->storage_class, "STANDARD");
    (void)err;
    return 0;
}

static void list_asks_page_after_page(void **state)
{
    (void)state;
    gs3_auto_free char *answer =
        answer_of("200 OK", "",
                  LIST(
                      URL ENTRY("p/a", "1") "<IsTruncated>true</IsTruncated>"
                                            "<NextContinuationToken>a+b=</NextContinuationToken>"));
    struct server_reply reply = {.bytes = answer};
    struct fixture fixture;
    struct keys keys = {.text = ""};
    fixture_start(&fixture, &reply, 1);
    struct gs3_s3_request request = {.op = GS3_S3_LIST_OBJECTS,
                                     .object = {.bucket = "bucket"},
                                     .prefix = "p/ +",
                                     .page_size = 7,
                                     .entry = add_key,
                                     .entry_context = &keys};
    assert_int_equal(gs3_s3_perform(fixture.s3, &request, &fixture.result, &fixture.err), 0);
    assert_string_equal(keys.text, "p/a=1;");
    assert_int_equal(fixture.result.entry_count, 1);
    assert_string_equal(fixture.result.next_token, "a+b=");
    assert_holds(fixture_head(&fixture, 0),
                 "?list-type=2&encoding-type=url&prefix=p%2F%20%2B&max-keys=7 HTTP/1.1");
    request.continuation_token = "a+b=";
    gs3_s3_result_release(&fixture.result);
    assert_int_equal(gs3_s3_perform(fixture.s3, &request, &fixture.result, &fixture.err), 0);
    assert_holds(fixture_head(&fixture, 1), "&continuation-token=a%2Bb%3D&");
    fixture_release(&fixture);
}

static void delete_objects_names_what_survived(void **state)
{
    (void)state;
    gs3_auto_free char *answer = answer_of(
        "200 OK", "",
        "<DeleteResult><Error><Key>b&amp;c</Key><Code>AccessDenied</Code><Message>no</Message>"
        "</Error><Error><Key>d</Key><Code>InternalError</Code></Error></DeleteResult>");
    struct server_reply reply = {.bytes = answer};
    struct fixture fixture;
    fixture_start(&fixture, &reply, 1);
    const struct gs3_s3_victim victims[] = {{.key = "a", .etag = "\"e\""},
                                            {.key = "b&c"},
                                            {.key = "d", .version_id = "v"}};
    struct gs3_s3_request request = {.op = GS3_S3_DELETE_OBJECTS,
                                     .object = {.bucket = "bucket"},
                                     .victims = victims,
                                     .victim_count = 3};
    assert_int_equal(gs3_s3_perform(fixture.s3, &request, &fixture.result, &fixture.err), 0);
    assert_int_equal(fixture.result.survivor_count, 2);
    assert_string_equal(fixture.result.survivors[0].key, "b&c");
    assert_string_equal(fixture.result.survivors[0].code, "AccessDenied");
    assert_string_equal(fixture.result.survivors[1].key, "d");
    assert_null(fixture.result.survivors[1].message);
    assert_holds(fixture_head(&fixture, 0), "POST /bucket?delete HTTP/1.1");
    assert_holds(fixture.server.shared->request[0].body,
                 "<Quiet>true</Quiet><Object><Key>a</Key><ETag>&quot;e&quot;</ETag></Object>"
                 "<Object><Key>b&amp;c</Key></Object><Object><Key>d</Key><VersionId>v</VersionId>");
    const struct gs3_s3_victim bad = {.key = "a\x01"};
    request.victims = &bad;
    request.victim_count = 1;
    gs3_s3_result_release(&fixture.result);
    assert_int_equal(gs3_s3_perform(fixture.s3, &request, &fixture.result, &fixture.err), -1);
    assert_holds(fixture.err.message, "XML cannot carry");
    assert_int_equal(fixture_requests(&fixture), 1);
    fixture_release(&fixture);
}

static void upload_is_created_sent_and_completed(void **state)
{
    (void)state;
    gs3_auto_free char *created =
        answer_of("200 OK", "",
                  "<InitiateMultipartUploadResult><UploadId>u/1</UploadId>"
                  "</InitiateMultipartUploadResult>");
    gs3_auto_free char *sent = answer_of("200 OK", ETAG, "");
    gs3_auto_free char *completed = answer_of(
        "200 OK", "",
        "\n  <CompleteMultipartUploadResult><ETag>x-2</ETag></CompleteMultipartUploadResult>");
    const struct server_reply replies[] = {{.match = "?uploads", .bytes = created},
                                           {.match = "partNumber=2", .bytes = sent},
                                           {.match = "POST ", .bytes = completed}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 3);
    struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_pairs_add(&metadata, "ticket", "T-1");
    const struct gs3_s3_write_options write = {.storage_class = "STANDARD_IA", .sse = "aws:kms"};
    assert_int_equal(fixture_perform(&fixture, (struct gs3_s3_request){.op = GS3_S3_CREATE_UPLOAD,
                                                                       .metadata = &metadata,
                                                                       .write = &write}),
                     0);
    assert_string_equal(fixture.result.upload_id, "u/1");
    assert_holds(fixture_head(&fixture, 0), "x-amz-meta-ticket: T-1");
    assert_holds(fixture_head(&fixture, 0), "x-amz-storage-class: STANDARD_IA");
    assert_holds(fixture_head(&fixture, 0), "x-amz-server-side-encryption: aws:kms");
    assert_int_equal(fixture_perform(&fixture,
                                     (struct gs3_s3_request){
                                         .op = GS3_S3_UPLOAD_PART,
                                         .upload_id = "u/1",
                                         .part_number = 2,
                                         .body = {.bytes = "abc", .length_bytes = 3},
                                     }),
                     0);
    assert_string_equal(fixture.result.etag, "\"e1\"");
    assert_holds(fixture_head(&fixture, 1), "?partNumber=2&uploadId=u%2F1 HTTP/1.1");
    char etag[] = "\"e1\"";
    const struct gs3_s3_part part = {.number = 2, .etag = etag};
    assert_int_equal(fixture_perform(&fixture, (struct gs3_s3_request){.op = GS3_S3_COMPLETE_UPLOAD,
                                                                       .upload_id = "u/1",
                                                                       .parts = &part,
                                                                       .part_count = 1}),
                     0);
    assert_string_equal(fixture.result.etag, "\"x-2\"");
    gs3_pairs_release(&metadata);
    fixture_release(&fixture);
}

static void completion_that_is_an_error_is_one(void **state)
{
    (void)state;
    gs3_auto_free char *answer = answer_of("200 OK", "", "   " XML_ERROR("InvalidPart", ""));
    struct fixture fixture;
    char etag[] = "\"e1\"";
    const struct gs3_s3_part part = {.number = 1, .etag = etag};
    assert_int_equal(fixture_perform_once(&fixture, answer,
                                          (struct gs3_s3_request){.op = GS3_S3_COMPLETE_UPLOAD,
                                                                  .upload_id = "u",
                                                                  .parts = &part,
                                                                  .part_count = 1}),
                     -1);
    assert_string_equal(fixture.err.code, "InvalidPart");
    fixture_release(&fixture);
}

static void range_that_is_another_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *status, *headers;
        int outcome;
    } cases[] = {
        {"206 Partial Content", ETAG "Content-Range: bytes 2-4/9\r\n", 0},
        {"206 Partial Content", ETAG "Content-Range: bytes 1-3/9\r\n", -1},
        {"206 Partial Content", ETAG "Content-Range: bytes 2-5/9\r\n", -1},
        {"206 Partial Content", ETAG "Content-Range: bytes 2-4/*\r\n", -1},
        {"206 Partial Content", ETAG, -1},
        {"200 OK", ETAG, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        gs3_auto_free char *answer = answer_of(cases[i].status, cases[i].headers, "abc");
        struct gs3_s3_request request = {.op = GS3_S3_GET_OBJECT,
                                         .range = {.first = 2, .length_bytes = 3}};
        if (fixture_perform_once(&fixture, answer, request) != cases[i].outcome)
            fail_msg("case %zu: %s", i, fixture.err.message);
        assert_holds(fixture_head(&fixture, 0), "bytes=2-4");
        if (cases[i].outcome == 0)
            assert_int_equal(fixture.result.range_total_bytes, 9);
        fixture_release(&fixture);
    }
}

static void parts_are_listed(void **state)
{
    (void)state;
    gs3_auto_free char *answer = answer_of(
        "200 OK", "",
        "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>2"
        "</NextPartNumberMarker><Part><PartNumber>1</PartNumber><ETag>a</ETag><Size>5</Size></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag><Size>6</Size></Part></"
        "ListPartsResult>");
    struct fixture fixture;
    assert_int_equal(fixture_perform_once(&fixture, answer,
                                          (struct gs3_s3_request){.op = GS3_S3_LIST_PARTS,
                                                                  .upload_id = "u"}),
                     0);
    assert_int_equal(fixture.result.parts_count, 2);
    assert_string_equal(fixture.result.parts[0].etag, "\"a\"");
    assert_int_equal(fixture.result.parts[1].size_bytes, 6);
    assert_string_equal(fixture.result.next_token, "2");
    fixture_release(&fixture);
}

static void customer_key_goes_nowhere_without_tls(void **state)
{
    (void)state;
    struct fixture fixture;
    static const unsigned char bytes[32] = "0123456789abcdef0123456789abcde";
    const struct gs3_s3_customer_key key = {.bytes = bytes};
    gs3_auto_free char *answer = answer_of("200 OK", ETAG, "");
    assert_int_equal(fixture_perform_once(&fixture, answer,
                                          (struct gs3_s3_request){.op = GS3_S3_HEAD_OBJECT,
                                                                  .customer_key = &key}),
                     0);
    assert_holds(fixture_head(&fixture, 0),
                 "x-amz-server-side-encryption-customer-algorithm: AES256");
    fixture_release(&fixture);
    fixture_start(&fixture, NULL, 0);
    free(fixture.config.endpoint_s3);
    fixture.config.endpoint_s3 = gs3_xstrdup("http://s3.example");
    assert_int_equal(fixture_perform(&fixture, (struct gs3_s3_request){.op = GS3_S3_HEAD_OBJECT,
                                                                       .customer_key = &key}),
                     -1);
    assert_holds(fixture.err.message, "over https only");
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_asks_page_after_page),
        cmocka_unit_test(delete_objects_names_what_survived),
        cmocka_unit_test(upload_is_created_sent_and_completed),
        cmocka_unit_test(completion_that_is_an_error_is_one),
        cmocka_unit_test(range_that_is_another_is_refused),
        cmocka_unit_test(parts_are_listed),
        cmocka_unit_test(customer_key_goes_nowhere_without_tls),
    };
    return cmocka_run_group_tests_name("s3/many", tests, NULL, NULL);
}
