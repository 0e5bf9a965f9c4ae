/* What goes with a request beside its object: options of a write, customers' keys, ranges,
 * checksums, and the lines of the operations of an upload. */
#include "s3/fixture.h"

#include "base/mem.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" ETAG "\r\n"

static const unsigned char key_bytes[32] = "0123456789abcdef0123456789abcde";
static const struct gs3_s3_customer_key key = {.bytes = key_bytes};
/* By "base64", and "openssl md5 -binary | base64". */
#define KEY_TEXT "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQA="
#define KEY_MD5  "ulMXXghoNnR7BxKA9Q+5dw=="

static const struct server_reply ok[] = {{.bytes = OK}};

/* The head of what is sent for `request`, whatever comes back; lives until the release. */
static const char *head_of(struct fixture *fixture, struct gs3_s3_request request)
{
    fixture_start(fixture, ok, 1);
    fixture_perform(fixture, request);
    return fixture_head(fixture, 0);
}

static void options_that_no_header_carries_are_refused(void **state)
{
    (void)state;
    static const struct gs3_s3_write_options cases[] = {
        {.acl = "private\r\nx-amz-meta-a: b"}, {.grant_read = "id=\xc3\xa9"},
        {.storage_class = "STANDARD\n"},       {.sse_kms_key_id = "a\tb"},
        {.website_redirect = "/a\x7f"},
    };
    struct fixture fixture;
    fixture_start(&fixture, ok, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT);
        put.write = &cases[i];
        assert_int_equal(fixture_perform(&fixture, put), -1);
        assert_int_equal(fixture.err.class, GS3_EUSAGE);
        assert_holds(fixture.err.message, "printable ASCII only");
    }
    assert_int_equal(fixture_requests(&fixture), 0);
    fixture_release(&fixture);
}

static void options_of_a_write_go_with_each_operation_that_writes(void **state)
{
    (void)state;
    static const struct gs3_s3_write_options write = {
        .acl = "bucket-owner-full-control",
        .grant_read = "id=\"a\"",
        .grant_read_acp = "id=\"b\"",
        .grant_write_acp = "id=\"c\"",
        .grant_full_control = "id=\"d\"",
        .storage_class = "GLACIER_IR",
        .sse = "aws:kms",
        .sse_kms_key_id = "arn:aws:kms:eu-west-1:1:key/k",
        .website_redirect = "https://example.org/a?b",
    };
    static const enum gs3_s3_op ops[] = {GS3_S3_PUT_OBJECT, GS3_S3_COPY_OBJECT,
                                         GS3_S3_CREATE_UPLOAD};
    static const char *const lines[] = {
        "\r\nx-amz-acl: bucket-owner-full-control\r\n",
        "\r\nx-amz-grant-read: id=\"a\"\r\n",
        "\r\nx-amz-grant-read-acp: id=\"b\"\r\n",
        "\r\nx-amz-grant-write-acp: id=\"c\"\r\n",
        "\r\nx-amz-grant-full-control: id=\"d\"\r\n",
        "\r\nx-amz-storage-class: GLACIER_IR\r\n",
        "\r\nx-amz-server-side-encryption: aws:kms\r\n",
        "\r\nx-amz-server-side-encryption-aws-kms-key-id: arn:aws:kms:eu-west-1:1:key/k\r\n",
        "\r\nx-amz-website-redirect-location: https://example.org/a?b\r\n",
        ";x-amz-acl;",
        ";x-amz-server-side-encryption;",
    };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct fixture fixture;
        struct gs3_s3_request request = request_of(ops[i]);
        request.write = &write;
        const char *head = head_of(&fixture, request);
        for (size_t j = 0; j < sizeof lines / sizeof *lines; j++)
            assert_holds(head, lines[j]);
        fixture_release(&fixture);
    }
    struct fixture fixture;
    struct gs3_s3_request part = request_of(GS3_S3_UPLOAD_PART);
    part.write = &write;
    assert_null(strstr(head_of(&fixture, part), "x-amz-acl"));
    fixture_release(&fixture);
}

static void customer_key_goes_with_each_operation_that_takes_it(void **state)
{
    (void)state;
    static const struct {
        enum gs3_s3_op op;
        bool takes_key, takes_source_key;
    } cases[] = {
        {GS3_S3_PUT_OBJECT, true, false},      {GS3_S3_GET_OBJECT, true, false},
        {GS3_S3_HEAD_OBJECT, true, false},     {GS3_S3_COPY_OBJECT, true, true},
        {GS3_S3_CREATE_UPLOAD, true, false},   {GS3_S3_UPLOAD_PART, true, false},
        {GS3_S3_UPLOAD_PART_COPY, true, true}, {GS3_S3_LIST_PARTS, true, false},
        {GS3_S3_COMPLETE_UPLOAD, true, false}, {GS3_S3_ABORT_UPLOAD, false, false},
        {GS3_S3_DELETE_OBJECT, false, false},  {GS3_S3_GET_OBJECT_TAGGING, false, false},
    };
    char etag[] = "\"e1\"";
    const struct gs3_s3_part part = {.number = 1, .etag = etag};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        struct gs3_s3_request request = request_of(cases[i].op);
        request.customer_key = request.copy_source_key = &key;
        request.upload_id = "u";
        request.part_number = 1;
        request.parts = &part;
        request.part_count = 1;
        const char *head = head_of(&fixture, request);
        bool has_key =
            strstr(head, "\r\nx-amz-server-side-encryption-customer-key: " KEY_TEXT) &&
            strstr(head, "\r\nx-amz-server-side-encryption-customer-key-md5: " KEY_MD5) &&
            strstr(head, "\r\nx-amz-server-side-encryption-customer-algorithm: AES256");
        bool has_source_key =
            strstr(head,
                   "\r\nx-amz-copy-source-server-side-encryption-customer-key: " KEY_TEXT "\r\n");
        if (has_key != cases[i].takes_key || has_source_key != cases[i].takes_source_key)
            fail_msg("%s: %s", gs3_s3_op_name(cases[i].op), head);
        assert_null(strstr(fixture.err.message, KEY_TEXT));
        fixture_release(&fixture);
    }
}

static void range_of_a_copied_part_is_named(void **state)
{
    (void)state;
    struct fixture fixture;
    struct gs3_s3_request copy = request_of(GS3_S3_UPLOAD_PART_COPY);
    copy.upload_id = "u/+";
    copy.part_number = 10000;
    copy.copy_source_if_match = "\"e0\"";
    copy.range = (struct gs3_s3_range){.first = UINT64_C(5) << 40, .length_bytes = 8};
    const char *head = head_of(&fixture, copy);
    assert_holds(head, "PUT /bucket/key?partNumber=10000&uploadId=u%2F%2B HTTP/1.1\r\n");
    assert_holds(head, "\r\nx-amz-copy-source-range: bytes=5497558138880-5497558138887\r\n");
    assert_holds(head, "\r\nx-amz-copy-source-if-match: \"e0\"\r\n");
    assert_null(strstr(head, "x-amz-metadata-directive"));
    fixture_release(&fixture);
}

static void part_copy_that_is_an_error_is_one(void **state)
{
    (void)state;
    static const struct {
        const char *body, *code;
    } cases[] = {
        {XML_ERROR("InvalidRequest", ""), "InvalidRequest"},
        {"<CopyPartResult><ETag>\"e\"</ETag>", "UnusableAnswer"},
        {"", "UnusableAnswer"},
        {"<CopyPartResult/>", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        gs3_auto_free char *answer = answer_of("200 OK", "", cases[i].body);
        struct gs3_s3_request copy = request_of(GS3_S3_UPLOAD_PART_COPY);
        copy.upload_id = "u";
        copy.part_number = 1;
        assert_int_equal(fixture_perform_once(&fixture, answer, copy), -1);
        assert_string_equal(fixture.err.code, cases[i].code);
        assert_null(fixture.result.etag);
        fixture_release(&fixture);
    }
}

static void completion_names_size_parts_and_checksums(void **state)
{
    (void)state;
    struct fixture fixture;
    char first[] = "\"e1\"", second[] = "\"e2\"", sum[] = "AAAAAAAAAAA=";
    const struct gs3_s3_part parts[] = {{.number = 1, .etag = first, .checksum = sum},
                                        {.number = 2, .etag = second}};
    struct gs3_s3_request complete = request_of(GS3_S3_COMPLETE_UPLOAD);
    complete.upload_id = "u";
    complete.parts = parts;
    complete.part_count = 2;
    complete.object_bytes = UINT64_C(48) << 40;
    complete.checksum = GS3_S3_CHECKSUM_CRC64NVME;
    complete.checksum_value = "BBBBBBBBBBB=";
    complete.if_none_match = true;
    const char *head = head_of(&fixture, complete);
    assert_holds(head, "POST /bucket/key?uploadId=u HTTP/1.1\r\n");
    assert_holds(head, "\r\nx-amz-mp-object-size: 52776558133248\r\n");
    assert_holds(head, "\r\nx-amz-checksum-crc64nvme: BBBBBBBBBBB=\r\n");
    assert_holds(head, "\r\nif-none-match: *\r\n");
    assert_holds(fixture.server.shared->request[0].body,
                 "<Part><ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME><ETag>&quot;e1&quot;"
                 "</ETag><PartNumber>1</PartNumber></Part><Part><ETag>&quot;e2&quot;</ETag>"
                 "<PartNumber>2</PartNumber></Part></CompleteMultipartUpload>");
    fixture_release(&fixture);
}

static void completion_with_an_empty_etag_is_done_and_without_one_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int outcome;
    } cases[] = {
        {"<CompleteMultipartUploadResult><Key>k</Key><ETag></ETag></CompleteMultipartUploadResult>",
         0},
        {"<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>", -1},
        {"<CompleteMultipartUploadResult/>", -1},
        {"<CompleteMultipartUploadResult><ETag></ETag>", -1},
    };
    char etag[] = "\"e1\"";
    const struct gs3_s3_part part = {.number = 1, .etag = etag};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        gs3_auto_free char *answer = answer_of("200 OK", "", cases[i].body);
        struct gs3_s3_request complete = request_of(GS3_S3_COMPLETE_UPLOAD);
        complete.upload_id = "u";
        complete.parts = &part;
        complete.part_count = 1;
        assert_int_equal(fixture_perform_once(&fixture, answer, complete), cases[i].outcome);
        assert_null(fixture.result.etag);
        fixture_release(&fixture);
    }
}

static void completion_without_parts_is_not_sent(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture, ok, 1);
    struct gs3_s3_request complete = request_of(GS3_S3_COMPLETE_UPLOAD);
    complete.upload_id = "u";
    assert_int_equal(fixture_perform(&fixture, complete), -1);
    struct gs3_s3_request many = request_of(GS3_S3_DELETE_OBJECTS);
    static const struct gs3_s3_victim victims[1001];
    many.victims = victims;
    many.victim_count = 1001;
    assert_int_equal(fixture_perform(&fixture, many), -1);
    assert_holds(fixture.err.message, "1 to 1000 keys, not 1001");
    assert_int_equal(fixture_requests(&fixture), 0);
    fixture_release(&fixture);
}

static void checksum_is_asked_for_as_each_operation_wants_it(void **state)
{
    (void)state;
    static const struct {
        enum gs3_s3_op op;
        enum gs3_s3_checksum checksum;
        const char *line, *absent;
    } cases[] = {
        {GS3_S3_GET_OBJECT, GS3_S3_CHECKSUM_CRC32, "\r\nx-amz-checksum-mode: ENABLED\r\n", "type"},
        {GS3_S3_HEAD_OBJECT, GS3_S3_CHECKSUM_SHA256, "\r\nx-amz-checksum-mode: ENABLED\r\n",
         "type"},
        {GS3_S3_GET_OBJECT, GS3_S3_CHECKSUM_NONE, "GET ", "mode"},
        {GS3_S3_COPY_OBJECT, GS3_S3_CHECKSUM_CRC32C, "\r\nx-amz-checksum-algorithm: CRC32C\r\n",
         "type"},
        {GS3_S3_CREATE_UPLOAD, GS3_S3_CHECKSUM_CRC32, "\r\nx-amz-checksum-type: FULL_OBJECT\r\n",
         "mode"},
        {GS3_S3_CREATE_UPLOAD, GS3_S3_CHECKSUM_SHA1, "\r\nx-amz-checksum-algorithm: SHA1\r\n",
         "type"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        struct gs3_s3_request request = request_of(cases[i].op);
        request.checksum = cases[i].checksum;
        const char *head = head_of(&fixture, request);
        gs3_auto_free char *absent = gs3_xasprintf("x-amz-checksum-%s", cases[i].absent);
        assert_holds(head, cases[i].line);
        assert_null(strstr(head, absent));
        fixture_release(&fixture);
    }
}

static void upload_is_aborted_and_asked_about_by_its_id(void **state)
{
    (void)state;
    struct fixture fixture;
    struct gs3_s3_request request = request_of(GS3_S3_ABORT_UPLOAD);
    request.upload_id = "u+";
    assert_holds(head_of(&fixture, request), "DELETE /bucket/key?uploadId=u%2B HTTP/1.1\r\n");
    fixture_release(&fixture);
    request.op = GS3_S3_LIST_PARTS;
    request.part_number = 1000;
    assert_holds(head_of(&fixture, request),
                 "GET /bucket/key?part-number-marker=1000&uploadId=u%2B HTTP/1.1\r\n");
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_no_header_carries_are_refused),
        cmocka_unit_test(options_of_a_write_go_with_each_operation_that_writes),
        cmocka_unit_test(customer_key_goes_with_each_operation_that_takes_it),
        cmocka_unit_test(range_of_a_copied_part_is_named),
        cmocka_unit_test(part_copy_that_is_an_error_is_one),
        cmocka_unit_test(completion_names_size_parts_and_checksums),
        cmocka_unit_test(completion_with_an_empty_etag_is_done_and_without_one_is_not),
        cmocka_unit_test(completion_without_parts_is_not_sent),
        cmocka_unit_test(checksum_is_asked_for_as_each_operation_wants_it),
        cmocka_unit_test(upload_is_aborted_and_asked_about_by_its_id),
    };
    return cmocka_run_group_tests_name("s3/options", tests, NULL, NULL);
}
