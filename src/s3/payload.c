#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "s3/internal.h"
#include "s3/stream.h"

enum { CHUNK_BYTES = 256 * 1024, SMALL_BYTES = 16 * 1024 };

static const char trailer_payload[] = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/* What has to be known of a body before it is sent. */
struct sums {
    struct gs3_sha256 *sha256; /* NULL: not asked for */
    struct gs3_sum checksum, md5;
};

static void update(struct sums *sums, const void *bytes, size_t length_bytes)
{
    if (sums->sha256)
        gs3_sha256_update(sums->sha256, bytes, length_bytes);
    gs3_sum_update(&sums->checksum, bytes, length_bytes);
    gs3_sum_update(&sums->md5, bytes, length_bytes);
}

/* Reads the body once for all of them. It is read a second time when it is sent: a change in
 * between gives another digest, which S3 refuses. */
static int read_body(const struct gs3_http_body *body, struct sums *sums, struct gs3_err *err)
{
    uint64_t done = 0;
    if (body->bytes) {
        update(sums, body->bytes, (size_t)body->length_bytes);
        return 0;
    }
    gs3_auto_free unsigned char *chunk = gs3_xmalloc(CHUNK_BYTES);
    while (done < body->length_bytes) {
        size_t got = 0;
        if (gs3_s3_body_read(body, done, chunk, CHUNK_BYTES, &got, err))
            return -1;
        update(sums, chunk, got);
        done += got;
    }
    /* net rewinds a source before the first attempt. */
    return 0;
}

static void keep_sums(const struct gs3_s3_request *request, struct sums *sums,
                      struct gs3_s3_wire *wire)
{
    unsigned char bytes[GS3_SUM_BYTES];
    size_t count = gs3_sum_finish(&sums->checksum, bytes);
    if (count > 0) {
        gs3_auto_free char *name =
            gs3_xasprintf("x-amz-checksum-%s", gs3_s3_checksum_suffix(request->checksum));
        wire->checksum = gs3_base64_encode(bytes, count);
        gs3_pairs_set(&wire->headers, name, wire->checksum);
    }
    if (gs3_sum_finish(&sums->md5, bytes) > 0) {
        wire->md5 = gs3_xmalloc(2 * GS3_MD5_BYTES + 1);
        gs3_hex_encode(bytes, GS3_MD5_BYTES, wire->md5);
    }
    if (sums->sha256) {
        gs3_sha256_finish(sums->sha256, bytes);
        gs3_hex_encode(bytes, GS3_SHA256_BYTES, wire->payload_sha256);
    }
}

/* One pass, before anything is sent: the checksum goes into a header. */
static int sum_ahead(const struct gs3_s3_request *request, bool signs, struct gs3_s3_wire *wire,
                     struct gs3_err *err)
{
    struct sums sums = {.sha256 = signs ? gs3_sha256_new() : NULL};
    gs3_sum_init(&sums.checksum, gs3_s3_checksum_sum(request->checksum));
    gs3_sum_init(&sums.md5, request->wants_md5 ? GS3_SUM_MD5 : GS3_SUM_NONE);
    int failed = read_body(&wire->body, &sums, err);
    if (!failed)
        keep_sums(request, &sums, wire);
    gs3_sha256_free(sums.sha256);
    gs3_sum_release(&sums.checksum);
    gs3_sum_release(&sums.md5);
    return failed;
}

/* S3 takes the encodings as a list, keeps the user's part of it and forgets this one. */
static void add_chunked(struct gs3_pairs *headers)
{
    const char *theirs = gs3_pairs_get(headers, "content-encoding");
    gs3_auto_free char *both = gs3_str_is_empty(theirs) ? gs3_xstrdup("aws-chunked")
                                                        : gs3_xasprintf("%s,aws-chunked", theirs);
    gs3_pairs_set(headers, "content-encoding", both);
}

/* Checks are computed as the bytes pass. */
static void sum_on_the_way(const struct gs3_s3_request *request, struct gs3_s3_wire *wire)
{
    const struct gs3_s3_stream_opts opts = {
        .input = wire->body,
        .checksum = request->checksum,
        .wants_md5 = request->wants_md5,
    };
    wire->stream = gs3_s3_stream_new(&opts);
    if (request->checksum != GS3_S3_CHECKSUM_NONE) {
        gs3_auto_free char *name =
            gs3_xasprintf("x-amz-checksum-%s", gs3_s3_checksum_suffix(request->checksum));
        gs3_auto_free char *length =
            gs3_xasprintf("%llu", (unsigned long long)wire->body.length_bytes);
        add_chunked(&wire->headers);
        gs3_pairs_set(&wire->headers, "x-amz-decoded-content-length", length);
        gs3_pairs_set(&wire->headers, "x-amz-trailer", name);
        memcpy(wire->payload_sha256, trailer_payload, sizeof trailer_payload);
    }
    wire->body = gs3_s3_stream_body(wire->stream);
}

/* A small file is read once, whatever is done with it. */
static int load_small(struct gs3_s3_wire *wire, struct gs3_err *err)
{
    struct gs3_http_body *body = &wire->body;
    if (body->bytes || body->source || body->length_bytes == 0 || body->length_bytes > SMALL_BYTES)
        return 0;
    wire->loaded = gs3_xmalloc((size_t)body->length_bytes);
    for (uint64_t done = 0; done < body->length_bytes;) {
        size_t got = 0;
        if (gs3_s3_body_read(body, done, wire->loaded + done, SMALL_BYTES, &got, err))
            return -1;
        done += got;
    }
    *body = (struct gs3_http_body){.bytes = wire->loaded, .length_bytes = body->length_bytes};
    return 0;
}

static bool is_hex_digest(const char *text)
{
    return strlen(text) == GS3_SHA256_HEX_BYTES - 1 &&
           strspn(text, "0123456789abcdef") == GS3_SHA256_HEX_BYTES - 1;
}

/* TLS protects an object's body on its way; nothing else does over plain http, where the
 * signature has to. */
static bool must_sign(const struct gs3_s3_wire *wire, const struct gs3_aws_config *config)
{
    if (wire->body.length_bytes == 0)
        return true;
    return config->payload_signing == GS3_PAYLOAD_SIGNING_ON ||
           (config->payload_signing != GS3_PAYLOAD_SIGNING_OFF &&
            strcmp(wire->endpoint.origin.scheme, "http") == 0);
}

int gs3_s3_payload_hash(const struct gs3_s3_request *request, const struct gs3_aws_config *config,
                        struct gs3_s3_wire *wire, struct gs3_err *err)
{
    if (request->op != GS3_S3_PUT_OBJECT && request->op != GS3_S3_UPLOAD_PART) {
        if (wire->body.bytes)
            gs3_sha256_hex(wire->body.bytes, (size_t)wire->body.length_bytes, wire->payload_sha256);
        else
            memcpy(wire->payload_sha256, gs3_sigv4_empty_sha256, sizeof wire->payload_sha256);
        return 0;
    }
    bool has_sums = request->checksum != GS3_S3_CHECKSUM_NONE || request->wants_md5;
    bool is_known = request->body_sha256 && wire->body.length_bytes > 0 &&
                    config->payload_signing != GS3_PAYLOAD_SIGNING_OFF;
    bool signs = must_sign(wire, config) && !is_known;
    if (is_known && !is_hex_digest(request->body_sha256))
        return gs3_fail(err, GS3_EGENERAL, "the body's digest is not 64 hexadecimal digits");
    const char *payload = is_known ? request->body_sha256 : gs3_sigv4_unsigned_payload;
    memcpy(wire->payload_sha256, payload, strlen(payload) + 1);
    if (!has_sums && !signs)
        return 0;
    if (load_small(wire, err))
        return -1;
    bool is_in_memory = wire->body.bytes || wire->body.length_bytes == 0;
    if (is_in_memory || signs || is_known)
        return sum_ahead(request, signs, wire, err);
    sum_on_the_way(request, wire);
    return 0;
}

/* The answer may name what the store computed of what came. */
static int compare(const struct gs3_s3_wire *wire, const struct gs3_s3_result *result,
                   struct gs3_err *err)
{
    const char *theirs =
        gs3_pairs_get(&result->checksums, gs3_s3_checksum_suffix(wire->checksum_kind));
    if (!theirs || gs3_s3_checksum_is_composite(theirs) || gs3_str_equal(theirs, result->checksum))
        return 0;
    return gs3_fail(err, GS3_EFAIL,
                    "%s: the bytes were changed on their way: the store's %s of them is %.100s, "
                    "and what was sent has %s",
                    gs3_s3_op_name(wire->op), gs3_s3_checksum_name(wire->checksum_kind), theirs,
                    result->checksum);
}

int gs3_s3_payload_take(const struct gs3_s3_wire *wire, struct gs3_s3_result *result,
                        struct gs3_err *err)
{
    bool wants_checksum = wire->checksum_kind != GS3_S3_CHECKSUM_NONE;
    result->checksum =
        gs3_xstrdup_or_null(wire->stream ? gs3_s3_stream_checksum(wire->stream) : wire->checksum);
    result->md5 = gs3_xstrdup_or_null(wire->stream ? gs3_s3_stream_md5(wire->stream) : wire->md5);
    if ((wants_checksum && !result->checksum) || (wire->wants_md5 && !result->md5))
        return gs3_fail(err, GS3_EFAIL, "%s: the store answered before it had all of the body",
                        gs3_s3_op_name(wire->op));
    return wants_checksum ? compare(wire, result, err) : 0;
}
