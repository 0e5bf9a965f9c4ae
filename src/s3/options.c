#include <stdio.h>
#include <string.h>

#include "aws/access_point.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "s3/internal.h"
#include "text/uri.h"

enum { CUSTOMER_KEY_BYTES = 32, RANGE_TEXT_BYTES = 64 };

const char *gs3_s3_checksum_name(enum gs3_s3_checksum checksum)
{
    switch (checksum) {
    case GS3_S3_CHECKSUM_NONE: return "NONE";
    case GS3_S3_CHECKSUM_CRC64NVME: return "CRC64NVME";
    case GS3_S3_CHECKSUM_CRC32: return "CRC32";
    case GS3_S3_CHECKSUM_CRC32C: return "CRC32C";
    case GS3_S3_CHECKSUM_SHA1: return "SHA1";
    case GS3_S3_CHECKSUM_SHA256: return "SHA256";
    }
    return "";
}

int gs3_s3_copy_bucket(struct gs3_buf *text, const char *bucket, struct gs3_err *err)
{
    if (!gs3_access_point_is_arn(bucket)) {
        if (gs3_bucket_check(bucket, err))
            return -1;
        gs3_buf_printf(text, "%s/", bucket);
        return 0;
    }
    struct gs3_access_point point;
    if (gs3_access_point_parse(bucket, &point, err))
        return -1;
    gs3_auto_free char *arn = gs3_access_point_format(&point);
    gs3_uri_encode(text, arn, true);
    gs3_buf_puts(text, "/object/");
    return 0;
}

static int add_printable(struct gs3_pairs *headers, const char *name, const char *value,
                         struct gs3_err *err)
{
    for (const char *c = value; c && *c; c++)
        if (*c < ' ' || *c > '~')
            return gs3_fail(err, GS3_EUSAGE, "%s takes printable ASCII only", name);
    if (value)
        gs3_pairs_set(headers, name, value);
    return 0;
}

static int add_write_options(struct gs3_pairs *headers, const struct gs3_s3_write_options *write,
                             struct gs3_err *err)
{
    const struct {
        const char *name, *value;
    } options[] = {
        {"x-amz-acl", write->acl},
        {"x-amz-grant-read", write->grant_read},
        {"x-amz-grant-read-acp", write->grant_read_acp},
        {"x-amz-grant-write-acp", write->grant_write_acp},
        {"x-amz-grant-full-control", write->grant_full_control},
        {"x-amz-storage-class", write->storage_class},
        {"x-amz-server-side-encryption", write->sse},
        {"x-amz-server-side-encryption-aws-kms-key-id", write->sse_kms_key_id},
        {"x-amz-website-redirect-location", write->website_redirect},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (add_printable(headers, options[i].name, options[i].value, err))
            return -1;
    return 0;
}

/* The key travels with the request: never without TLS, but to this very machine. */
static int add_customer_key(struct gs3_pairs *headers, const char *prefix,
                            const struct gs3_s3_customer_key *key,
                            const struct gs3_s3_endpoint *endpoint, struct gs3_err *err)
{
    const struct gs3_origin *origin = &endpoint->origin;
    if (strcmp(origin->scheme, "https") != 0 && !origin->is_loopback)
        return gs3_fail(err, GS3_EUSAGE,
                        "a customer's key (SSE-C) is sent over https only, and this endpoint is "
                        "http");
    unsigned char digest[GS3_MD5_BYTES];
    gs3_md5(key->bytes, CUSTOMER_KEY_BYTES, digest);
    gs3_auto_free char *text = gs3_base64_encode(key->bytes, CUSTOMER_KEY_BYTES);
    gs3_auto_free char *md5 = gs3_base64_encode(digest, sizeof digest);
    gs3_auto_free char *algorithm_name =
        gs3_xasprintf("%sserver-side-encryption-customer-algorithm", prefix);
    gs3_auto_free char *key_name = gs3_xasprintf("%sserver-side-encryption-customer-key", prefix);
    gs3_auto_free char *md5_name =
        gs3_xasprintf("%sserver-side-encryption-customer-key-md5", prefix);
    gs3_pairs_set(headers, algorithm_name, "AES256");
    gs3_pairs_set(headers, key_name, text);
    gs3_pairs_set(headers, md5_name, md5);
    gs3_secret_wipe(text, strlen(text));
    return 0;
}

static void add_range(struct gs3_pairs *headers, const char *name, const struct gs3_s3_range *range)
{
    char text[RANGE_TEXT_BYTES];
    if (range->length_bytes == 0)
        return;
    snprintf(text, sizeof text, "bytes=%llu-%llu", (unsigned long long)range->first,
             (unsigned long long)(range->first + range->length_bytes - 1));
    gs3_pairs_set(headers, name, text);
}

static void add_checksum(struct gs3_pairs *headers, const struct gs3_s3_request *request)
{
    const char *name = gs3_s3_checksum_name(request->checksum);
    if (request->checksum == GS3_S3_CHECKSUM_NONE)
        return;
    switch (request->op) {
    case GS3_S3_GET_OBJECT:
    case GS3_S3_HEAD_OBJECT: gs3_pairs_set(headers, "x-amz-checksum-mode", "ENABLED"); break;
    case GS3_S3_COPY_OBJECT:
    case GS3_S3_CREATE_UPLOAD:
        gs3_pairs_set(headers, "x-amz-checksum-algorithm", name);
        /* Of the whole object where the algorithm can be joined from its parts. */
        if (request->op == GS3_S3_CREATE_UPLOAD && gs3_str_has_prefix(name, "CRC"))
            gs3_pairs_set(headers, "x-amz-checksum-type", "FULL_OBJECT");
        break;
    case GS3_S3_COMPLETE_UPLOAD: {
        gs3_auto_free char *header = gs3_xasprintf("x-amz-checksum-%s", name);
        if (request->checksum_value) {
            gs3_pairs_set(headers, gs3_str_lower(header), request->checksum_value);
            gs3_pairs_set(headers, "x-amz-checksum-type", "FULL_OBJECT");
        }
        break;
    }
    case GS3_S3_PUT_OBJECT: /* payload.c */
    case GS3_S3_UPLOAD_PART:
    case GS3_S3_UPLOAD_PART_COPY:
    case GS3_S3_DELETE_OBJECT:
    case GS3_S3_GET_OBJECT_TAGGING:
    case GS3_S3_PUT_OBJECT_TAGGING:
    case GS3_S3_LIST_OBJECTS:
    case GS3_S3_DELETE_OBJECTS:
    case GS3_S3_ABORT_UPLOAD:
    case GS3_S3_LIST_PARTS: break;
    }
}

static bool writes_object(enum gs3_s3_op op)
{
    return op == GS3_S3_PUT_OBJECT || op == GS3_S3_COPY_OBJECT || op == GS3_S3_CREATE_UPLOAD;
}

/* S3 wants the key to complete an upload, and to list its parts, where these have checksums. */
static bool takes_customer_key(enum gs3_s3_op op)
{
    return writes_object(op) || op == GS3_S3_GET_OBJECT || op == GS3_S3_HEAD_OBJECT ||
           op == GS3_S3_UPLOAD_PART || op == GS3_S3_UPLOAD_PART_COPY ||
           op == GS3_S3_COMPLETE_UPLOAD || op == GS3_S3_LIST_PARTS;
}

int gs3_s3_add_options(const struct gs3_s3_request *request, const struct gs3_s3_endpoint *endpoint,
                       struct gs3_pairs *headers, struct gs3_err *err)
{
    enum gs3_s3_op op = request->op;
    bool is_copy = op == GS3_S3_COPY_OBJECT || op == GS3_S3_UPLOAD_PART_COPY;
    char size[24];
    if (writes_object(op) && request->write && add_write_options(headers, request->write, err))
        return -1;
    if (takes_customer_key(op) && request->customer_key &&
        add_customer_key(headers, "x-amz-", request->customer_key, endpoint, err))
        return -1;
    if (is_copy && request->copy_source_key &&
        add_customer_key(headers, "x-amz-copy-source-", request->copy_source_key, endpoint, err))
        return -1;
    if (op == GS3_S3_GET_OBJECT)
        add_range(headers, "range", &request->range);
    if (op == GS3_S3_UPLOAD_PART_COPY)
        add_range(headers, "x-amz-copy-source-range", &request->range);
    if (op == GS3_S3_COMPLETE_UPLOAD && request->object_bytes > 0) {
        snprintf(size, sizeof size, "%llu", (unsigned long long)request->object_bytes);
        gs3_pairs_set(headers, "x-amz-mp-object-size", size);
    }
    add_checksum(headers, request);
    return 0;
}
