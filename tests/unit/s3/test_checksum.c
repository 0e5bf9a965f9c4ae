/* Checksums of what is sent: in a header, or behind the bytes, computed as these pass; and what an
 * answer says of them. */
#include "s3/fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/digest.h"
#include "s3/stream.h"

#define OK     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" ETAG "\r\n"
#define BUSY   "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"
#define DIGITS "123456789"
/* By the catalogue of parametrised CRC algorithms, and "openssl md5". */
#define DIGITS_CRC64NVME "rosUhgp5mIg="
#define DIGITS_CRC32C    "4waSgw=="
#define DIGITS_MD5       "25f9e794323b453885f5181f1b624d0b"

enum { FILE_BYTES = 40000, ROOM_BYTES = 4 << 20 };

static const struct server_reply ok[] = {{.bytes = OK}};

static unsigned char *bytes_of(size_t length_bytes)
{
    unsigned char *bytes = gs3_xmalloc(length_bytes);
    for (size_t i = 0; i < length_bytes; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    return bytes;
}

static int file_of(const void *bytes, size_t length_bytes)
{
    int fd = memfd_create("body", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length_bytes, 0), length_bytes);
    return fd;
}

static char *text_of(enum gs3_s3_checksum checksum, const void *bytes, size_t length_bytes)
{
    unsigned char out[GS3_SUM_BYTES];
    struct gs3_sum sum;
    gs3_sum_init(&sum, gs3_s3_checksum_sum(checksum));
    gs3_sum_update(&sum, bytes, length_bytes);
    size_t count = gs3_sum_finish(&sum, out);
    gs3_sum_release(&sum);
    return gs3_base64_encode(out, count);
}

/* What a framed body is, by S3's documentation. */
static char *frame(enum gs3_s3_checksum checksum, const unsigned char *bytes, size_t length_bytes,
                   size_t *framed_bytes)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(ROOM_BYTES);
    for (size_t at = 0, chunk; at < length_bytes; at += chunk) {
        chunk = length_bytes - at < 1 << 20 ? length_bytes - at : 1 << 20;
        gs3_buf_printf(&out, "%zx\r\n", chunk);
        gs3_buf_append(&out, bytes + at, chunk);
        gs3_buf_puts(&out, "\r\n");
    }
    gs3_auto_free char *text = text_of(checksum, bytes, length_bytes);
    gs3_buf_printf(&out, "0\r\nx-amz-checksum-%s:%s\r\n\r\n", gs3_s3_checksum_suffix(checksum),
                   text);
    *framed_bytes = out.length_bytes;
    return gs3_buf_take(&out);
}

static size_t read_all(const struct gs3_http_body *body, char *to, size_t room_bytes)
{
    size_t length = 0, got = 1;
    struct gs3_err err = GS3_ERR_INIT;
    while (length < body->length_bytes) {
        size_t left = (size_t)body->length_bytes - length;
        size_t room = left < room_bytes ? left : room_bytes;
        if (body->source->read(body->source->context, to + length, room, &got, &err))
            fail_msg("%s", err.message);
        assert_in_range(got, 1, room);
        length += got;
    }
    assert_int_equal(body->source->read(body->source->context, to, 1, &got, &err), 0);
    assert_int_equal(got, 0);
    return length;
}

static void stream_with_a_trailer_is_exact_however_it_is_read(void **state)
{
    (void)state;
    static const size_t lengths[] = {1,       15,
                                     4096,    (1 << 20) - 1,
                                     1 << 20, (1 << 20) + 1,
                                     2 << 20, (5 << 19) + 3};
    static const size_t rooms[] = {3, 1021, 16384, 262144, ROOM_BYTES};
    gs3_auto_free char *got = gs3_xmalloc(ROOM_BYTES);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        gs3_auto_free unsigned char *bytes = bytes_of(lengths[i]);
        gs3_auto_close int fd = file_of(bytes, lengths[i]);
        enum gs3_s3_checksum checksum = i % 2 ? GS3_S3_CHECKSUM_CRC64NVME : GS3_S3_CHECKSUM_SHA256;
        size_t expected_bytes;
        gs3_auto_free char *expected = frame(checksum, bytes, lengths[i], &expected_bytes);
        const struct gs3_s3_stream_opts opts = {.input = {.fd = fd, .length_bytes = lengths[i]},
                                                .checksum = checksum};
        struct gs3_s3_stream *stream = gs3_s3_stream_new(&opts);
        struct gs3_http_body body = gs3_s3_stream_body(stream);
        assert_int_equal(body.length_bytes, expected_bytes);
        for (size_t j = 0; j < sizeof rooms / sizeof *rooms; j++) {
            assert_null(gs3_s3_stream_checksum(stream));
            assert_int_equal(read_all(&body, got, rooms[j]), expected_bytes);
            assert_memory_equal(got, expected, expected_bytes);
            assert_non_null(gs3_s3_stream_checksum(stream));
            assert_int_equal(body.source->rewind(body.source->context, NULL), 0);
        }
        gs3_s3_stream_free(stream);
    }
}

static void stream_of_known_bytes_is_the_documented_form(void **state)
{
    (void)state;
    static const char expected[] = "9\r\n" DIGITS "\r\n0\r\n"
                                   "x-amz-checksum-crc32c:" DIGITS_CRC32C "\r\n\r\n";
    char got[sizeof expected];
    const struct gs3_s3_stream_opts opts = {.input = {.bytes = DIGITS, .length_bytes = 9},
                                            .checksum = GS3_S3_CHECKSUM_CRC32C};
    struct gs3_s3_stream *stream = gs3_s3_stream_new(&opts);
    struct gs3_http_body body = gs3_s3_stream_body(stream);
    assert_int_equal(body.length_bytes, sizeof expected - 1);
    assert_int_equal(read_all(&body, got, 4), sizeof expected - 1);
    assert_memory_equal(got, expected, sizeof expected - 1);
    assert_string_equal(gs3_s3_stream_checksum(stream), DIGITS_CRC32C);
    gs3_s3_stream_free(stream);
}

static void stream_of_a_file_that_shrank_is_an_error(void **state)
{
    (void)state;
    char got[64];
    size_t count;
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_close int fd = file_of(DIGITS, 9);
    const struct gs3_s3_stream_opts opts = {.input = {.fd = fd, .length_bytes = 10},
                                            .wants_md5 = true};
    struct gs3_s3_stream *stream = gs3_s3_stream_new(&opts);
    struct gs3_http_body body = gs3_s3_stream_body(stream);
    assert_int_equal(body.length_bytes, 10);
    assert_int_equal(body.source->read(body.source->context, got, sizeof got, &count, &err), -1);
    assert_int_equal(err.class, GS3_EIO);
    assert_null(gs3_s3_stream_md5(stream));
    gs3_s3_stream_free(stream);
}

static struct gs3_s3_request put_of(int fd, uint64_t length_bytes, enum gs3_s3_checksum checksum)
{
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT);
    put.body = (struct gs3_http_body){.fd = fd, .length_bytes = length_bytes};
    put.checksum = checksum;
    return put;
}

static uint64_t sum_of(const void *bytes, size_t length_bytes)
{
    return server_sum(0, 0, bytes, length_bytes);
}

static void put_of_a_file_that_is_not_signed_carries_a_trailer_and_rewinds(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = BUSY, .times = 2}, {.bytes = OK}};
    gs3_auto_free unsigned char *bytes = bytes_of(FILE_BYTES);
    gs3_auto_close int fd = file_of(bytes, FILE_BYTES);
    gs3_auto_free char *text = text_of(GS3_S3_CHECKSUM_CRC64NVME, bytes, FILE_BYTES);
    size_t framed_bytes;
    gs3_auto_free char *framed = frame(GS3_S3_CHECKSUM_CRC64NVME, bytes, FILE_BYTES, &framed_bytes);
    struct fixture fixture;
    fixture_start(&fixture, replies, 2);
    fixture.config.payload_signing = GS3_PAYLOAD_SIGNING_OFF;
    assert_int_equal(fixture_perform(&fixture, put_of(fd, FILE_BYTES, GS3_S3_CHECKSUM_CRC64NVME)),
                     0);
    assert_int_equal(fixture_requests(&fixture), 3);
    for (int i = 0; i < 3; i++) {
        const struct server_request *request = &fixture.server.shared->request[i];
        assert_holds(request->head,
                     "\r\nx-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n");
        assert_holds(request->head, "\r\nx-amz-trailer: x-amz-checksum-crc64nvme\r\n");
        assert_holds(request->head, "\r\nx-amz-decoded-content-length: 40000\r\n");
        assert_holds(request->head, "\r\ncontent-encoding: aws-chunked\r\n");
        assert_holds(request->head, ";x-amz-decoded-content-length;");
        assert_holds(request->head, ";x-amz-trailer,");
        assert_holds(request->head, "SignedHeaders=content-encoding;host;");
        assert_int_equal(request->body_bytes, framed_bytes);
        assert_int_equal(request->body_sum, sum_of(framed, framed_bytes));
    }
    assert_string_equal(fixture.result.checksum, text);
    fixture_release(&fixture);
}

static void part_in_a_trailer_keeps_the_users_encoding_out(void **state)
{
    (void)state;
    gs3_auto_free unsigned char *bytes = bytes_of(FILE_BYTES);
    gs3_auto_close int fd = file_of(bytes, FILE_BYTES);
    char gzip[] = "gzip";
    const struct gs3_s3_properties properties = {.content_encoding = gzip};
    struct fixture fixture;
    fixture_start(&fixture, ok, 1);
    fixture.config.payload_signing = GS3_PAYLOAD_SIGNING_OFF;
    struct gs3_s3_request put = put_of(fd, FILE_BYTES, GS3_S3_CHECKSUM_CRC32);
    put.properties = &properties;
    assert_int_equal(fixture_perform(&fixture, put), 0);
    assert_holds(fixture_head(&fixture, 0), "\r\ncontent-encoding: gzip,aws-chunked\r\n");
    put.op = GS3_S3_UPLOAD_PART;
    put.upload_id = "u";
    put.part_number = 1;
    assert_int_equal(fixture_perform(&fixture, put), 0);
    assert_holds(fixture_head(&fixture, 1), "\r\ncontent-encoding: aws-chunked\r\n");
    assert_holds(fixture_head(&fixture, 1), "\r\nx-amz-trailer: x-amz-checksum-crc32\r\n");
    fixture_release(&fixture);
}

static void put_that_is_signed_carries_the_checksum_in_a_header(void **state)
{
    (void)state;
    gs3_auto_free unsigned char *bytes = bytes_of(FILE_BYTES);
    gs3_auto_close int fd = file_of(bytes, FILE_BYTES);
    gs3_auto_free char *text = text_of(GS3_S3_CHECKSUM_SHA256, bytes, FILE_BYTES);
    gs3_auto_free char *line = gs3_xasprintf("\r\nx-amz-checksum-sha256: %s\r\n", text);
    char digest[GS3_SHA256_HEX_BYTES];
    gs3_sha256_hex(bytes, FILE_BYTES, digest);
    gs3_auto_free char *signature = gs3_xasprintf("\r\nx-amz-content-sha256: %s\r\n", digest);
    struct fixture fixture;
    fixture_start(&fixture, ok, 1);
    assert_int_equal(fixture_perform(&fixture, put_of(fd, FILE_BYTES, GS3_S3_CHECKSUM_SHA256)), 0);
    assert_holds(fixture_head(&fixture, 0), line);
    assert_holds(fixture_head(&fixture, 0), signature);
    assert_null(strstr(fixture_head(&fixture, 0), "aws-chunked"));
    assert_int_equal(fixture.server.shared->request[0].body_sum, sum_of(bytes, FILE_BYTES));
    assert_string_equal(fixture.result.checksum, text);
    fixture_release(&fixture);
}

static void put_of_little_carries_the_checksum_in_a_header(void **state)
{
    (void)state;
    gs3_auto_close int fd = file_of(DIGITS, 9);
    static const struct {
        const char *bytes;
        uint64_t length_bytes;
        const char *text;
    } cases[] = {{DIGITS, 9, DIGITS_CRC64NVME},
                 {NULL, 9, DIGITS_CRC64NVME},
                 {NULL, 0, "AAAAAAAAAAA="}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        fixture_start(&fixture, ok, 1);
        if (i % 2)
            fixture.config.payload_signing = GS3_PAYLOAD_SIGNING_OFF;
        struct gs3_s3_request put =
            put_of(fd, cases[i / 2].length_bytes, GS3_S3_CHECKSUM_CRC64NVME);
        put.body.bytes = cases[i / 2].bytes;
        assert_int_equal(fixture_perform(&fixture, put), 0);
        gs3_auto_free char *line =
            gs3_xasprintf("\r\nx-amz-checksum-crc64nvme: %s\r\n", cases[i / 2].text);
        assert_holds(fixture_head(&fixture, 0), line);
        assert_null(strstr(fixture_head(&fixture, 0), "aws-chunked"));
        assert_int_equal(fixture.server.shared->request[0].body_bytes, cases[i / 2].length_bytes);
        assert_string_equal(fixture.result.checksum, cases[i / 2].text);
        fixture_release(&fixture);
    }
}

static void put_with_an_md5_computes_it_and_sends_the_bytes_alone(void **state)
{
    (void)state;
    gs3_auto_free unsigned char *bytes = bytes_of(FILE_BYTES);
    gs3_auto_close int fd = file_of(bytes, FILE_BYTES);
    unsigned char digest[GS3_MD5_BYTES];
    char hex[2 * GS3_MD5_BYTES + 1];
    gs3_md5(bytes, FILE_BYTES, digest);
    gs3_hex_encode(digest, sizeof digest, hex);
    for (int i = 0; i < 2; i++) {
        struct fixture fixture;
        fixture_start(&fixture, ok, 1);
        if (i == 0)
            fixture.config.payload_signing = GS3_PAYLOAD_SIGNING_OFF;
        struct gs3_s3_request put = put_of(fd, FILE_BYTES, GS3_S3_CHECKSUM_NONE);
        put.wants_md5 = true;
        assert_int_equal(fixture_perform(&fixture, put), 0);
        assert_string_equal(fixture.result.md5, hex);
        assert_null(fixture.result.checksum);
        assert_null(strstr(fixture_head(&fixture, 0), "aws-chunked"));
        assert_int_equal(fixture.server.shared->request[0].body_sum, sum_of(bytes, FILE_BYTES));
        put = put_of(-1, 9, GS3_S3_CHECKSUM_CRC32C);
        put.body.bytes = DIGITS;
        put.wants_md5 = true;
        assert_int_equal(fixture_perform(&fixture, put), 0);
        assert_string_equal(fixture.result.md5, DIGITS_MD5);
        assert_string_equal(fixture.result.checksum, DIGITS_CRC32C);
        fixture_release(&fixture);
    }
}

static void answer_with_another_checksum_is_a_failure(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int outcome;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" ETAG
         "x-amz-checksum-crc64nvme: " DIGITS_CRC64NVME "\r\n\r\n",
         0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" ETAG
         "x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n\r\n",
         -1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" ETAG
         "x-amz-checksum-crc32: AAAAAA==\r\n\r\n", /* of another kind */
         0},
    };
    gs3_auto_close int fd = file_of(DIGITS, 9);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        const struct server_reply reply = {.bytes = cases[i].answer};
        fixture_start(&fixture, &reply, 1);
        assert_int_equal(fixture_perform(&fixture, put_of(fd, 9, GS3_S3_CHECKSUM_CRC64NVME)),
                         cases[i].outcome);
        if (cases[i].outcome) {
            assert_int_equal(fixture.err.class, GS3_EFAIL);
            assert_holds(fixture.err.message, "the bytes were changed on their way");
            assert_int_equal(fixture_requests(&fixture), 1);
        }
        fixture_release(&fixture);
    }
}

static void store_that_takes_no_trailer_is_named(void **state)
{
    (void)state;
    gs3_auto_free unsigned char *bytes = bytes_of(FILE_BYTES);
    gs3_auto_close int fd = file_of(bytes, FILE_BYTES);
    gs3_auto_free char *answer =
        answer_of("400 Bad Request", "", XML_ERROR("XAmzContentSHA256Mismatch", ""));
    const struct server_reply reply = {.bytes = answer};
    for (int is_off = 0; is_off < 2; is_off++) {
        struct fixture fixture;
        fixture_start(&fixture, &reply, 1);
        if (is_off)
            fixture.config.payload_signing = GS3_PAYLOAD_SIGNING_OFF;
        assert_int_equal(fixture_perform(&fixture,
                                         put_of(fd, FILE_BYTES, GS3_S3_CHECKSUM_CRC64NVME)),
                         -1);
        assert_int_equal(strstr(fixture.err.message, "takes no checksum") != NULL, is_off);
        fixture_release(&fixture);
    }
}

static void copies_tell_the_checksum_that_the_store_made(void **state)
{
    (void)state;
    static const struct {
        enum gs3_s3_op op;
        const char *body;
    } cases[] = {
        {GS3_S3_COPY_OBJECT,
         "<CopyObjectResult><ETag>e1</ETag><ChecksumCRC32C>" DIGITS_CRC32C
         "</ChecksumCRC32C><ChecksumType>FULL_OBJECT</ChecksumType></CopyObjectResult>"},
        {GS3_S3_UPLOAD_PART_COPY, "<CopyPartResult><ETag>e1</ETag><ChecksumCRC32C>" DIGITS_CRC32C
                                  "</ChecksumCRC32C></CopyPartResult>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        gs3_auto_free char *answer = answer_of("200 OK", "", cases[i].body);
        struct gs3_s3_request request = request_of(cases[i].op);
        request.upload_id = "u";
        request.part_number = 1;
        request.checksum = GS3_S3_CHECKSUM_CRC32C;
        assert_int_equal(fixture_perform_once(&fixture, answer, request), 0);
        assert_string_equal(gs3_pairs_get(&fixture.result.checksums, "crc32c"), DIGITS_CRC32C);
        fixture_release(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_with_a_trailer_is_exact_however_it_is_read),
        cmocka_unit_test(stream_of_known_bytes_is_the_documented_form),
        cmocka_unit_test(stream_of_a_file_that_shrank_is_an_error),
        cmocka_unit_test(put_of_a_file_that_is_not_signed_carries_a_trailer_and_rewinds),
        cmocka_unit_test(part_in_a_trailer_keeps_the_users_encoding_out),
        cmocka_unit_test(put_that_is_signed_carries_the_checksum_in_a_header),
        cmocka_unit_test(put_of_little_carries_the_checksum_in_a_header),
        cmocka_unit_test(put_with_an_md5_computes_it_and_sends_the_bytes_alone),
        cmocka_unit_test(answer_with_another_checksum_is_a_failure),
        cmocka_unit_test(store_that_takes_no_trailer_is_named),
        cmocka_unit_test(copies_tell_the_checksum_that_the_store_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
