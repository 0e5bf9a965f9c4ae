/* Any answer of an S3 server through the client's reader: the first byte picks the operation, the
 * second the status, then header lines up to an empty one, then the body. What is taken for
 * a success has what a success must have; every message is one printable line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "s3/internal.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void must(int condition)
{
    if (!condition)
        abort();
}

static const long statuses[] = {200, 204, 206, 301, 307, 400, 403, 404, 409, 412, 500, 503, 100};

/* Splits "name: value" lines as net hands them on. Returns where the body begins. */
static char *read_headers(char *text, struct gs3_pairs *headers)
{
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        char *value = strchr(line, ':');
        if (!value || headers->count >= 256)
            continue;
        *value++ = '\0';
        value += strspn(value, " ");
        gs3_pairs_add(headers, line, value);
    }
    return rest;
}

static void check_line(const char *text)
{
    uint32_t c;
    for (size_t size; *text; text += size) {
        size = gs3_utf8_decode(text, strlen(text), &c);
        must(size > 0 && !gs3_utf8_is_unsafe(c));
    }
}

static void check_failure(enum gs3_s3_op op, long status, const struct gs3_s3_fault *fault)
{
    struct gs3_err err = GS3_ERR_INIT;
    must(gs3_s3_fault_set(fault, op, status, 3, &err) == -1);
    must(err.class == GS3_ESERVICE || err.class == GS3_ETRANSIENT);
    must(err.code[0] && err.http_status == (fault->is_not_s3 ? 0 : status));
    must(!fault->region[0] || gs3_region_is_valid(fault->region));
    check_line(err.message);
    check_line(err.code);
    gs3_s3_fault_is_uncertain(fault, status);
}

/* What the engine goes by without looking again. */
static void check_batch(enum gs3_s3_op op, const struct gs3_s3_result *result)
{
    if (op == GS3_S3_CREATE_UPLOAD)
        must(!gs3_str_is_empty(result->upload_id));
    if (op == GS3_S3_UPLOAD_PART || op == GS3_S3_UPLOAD_PART_COPY)
        must(!gs3_str_is_empty(result->etag));
    for (size_t i = 0; i < result->parts_count; i++)
        must(result->parts[i].number >= 1 && result->parts[i].number <= GS3_S3_PARTS &&
             result->parts[i].etag);
    for (size_t i = 0; i < result->survivor_count; i++)
        must(result->survivors[i].key != NULL);
}

static void check_range(enum gs3_s3_op op, const struct gs3_http_response *response, bool is_ranged,
                        struct gs3_s3_result *result)
{
    struct gs3_s3_wire wire = {.op = op};
    if (is_ranged)
        wire.range = (struct gs3_s3_range){.first = 2, .length_bytes = 3};
    if (op == GS3_S3_GET_OBJECT && gs3_s3_range_check(&wire, response, result, NULL) == 0)
        must(is_ranged ? response->status == 206 && result->length_bytes == 3 &&
                             result->range_total_bytes >= 5
                       : response->status == 200);
}

static void check_success(enum gs3_s3_op op, const struct gs3_http_response *response,
                          const struct gs3_s3_document *document)
{
    struct gs3_s3_result result = {.http_status = 0};
    struct gs3_err err = GS3_ERR_INIT;
    int status = gs3_s3_result_read(op, response, document, &result, &err);
    must(response->status == 200 || response->status == 204 ||
         (response->status == 206 && op == GS3_S3_GET_OBJECT));
    must((status == 0) == (err.class == GS3_OK));
    if (status)
        check_line(err.message);
    bool has_object = op == GS3_S3_HEAD_OBJECT || op == GS3_S3_GET_OBJECT;
    if (status == 0 && (has_object || op == GS3_S3_PUT_OBJECT))
        must(!gs3_str_is_empty(result.etag));
    if (status == 0 && has_object)
        must(result.has_length);
    if (status == 0 && op == GS3_S3_GET_OBJECT)
        must(result.length_bytes == response->received_bytes);
    if (status == 0) {
        check_range(op, response, false, &result);
        check_range(op, response, true, &result);
    }
    if (status == 0)
        check_batch(op, &result);
    if (op == GS3_S3_COPY_OBJECT)
        must(document->root && strcmp(document->root, "CopyObjectResult") == 0);
    gs3_s3_result_release(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    if (length < 2)
        return 0;
    enum gs3_s3_op op = (enum gs3_s3_op)(data[0] % (GS3_S3_LIST_PARTS + 1));
    struct gs3_http_response response = {
        .status = statuses[data[1] % (sizeof statuses / sizeof *statuses)],
        .body = GS3_BUF_INIT(GS3_S3_ANSWER_BYTES),
    };
    gs3_auto_free char *text = gs3_xstrndup((const char *)data + 2, length - 2);
    const char *body = read_headers(text, &response.headers);
    if (body && gs3_buf_puts(&response.body, body) == 0)
        response.received_bytes = response.body.length_bytes;
    struct gs3_s3_fault fault;
    struct gs3_s3_document document = {.root = NULL};
    gs3_s3_document_read(&response, &document);
    if (gs3_s3_fault_read(op, &response, &document, &fault))
        check_failure(op, response.status, &fault);
    else
        check_success(op, &response, &document);
    gs3_s3_document_release(&document);
    gs3_http_response_release(&response);
    return 0;
}
