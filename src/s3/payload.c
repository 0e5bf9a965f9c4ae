#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "s3/internal.h"

enum { CHUNK_BYTES = 256 * 1024 };

/* Digests a range of an open file. The file is read a second time when it is sent: a change in
 * between gives another digest, which S3 refuses. */
static int hash_range(const struct gs3_http_body *body, struct gs3_sha256 *digest,
                      struct gs3_err *err)
{
    gs3_auto_free unsigned char *chunk = gs3_xmalloc(CHUNK_BYTES);
    uint64_t done = 0;
    while (done < body->length_bytes) {
        uint64_t left = body->length_bytes - done;
        size_t want = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        ssize_t got = pread(body->fd, chunk, want, (off_t)(body->offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return gs3_fail_errno(err, GS3_EIO, errno, "cannot read the file to sign it");
        if (got == 0)
            return gs3_fail(err, GS3_EIO,
                            "the file changed while it was read: it is now shorter than at the "
                            "start");
        gs3_sha256_update(digest, chunk, (size_t)got);
        done += (uint64_t)got;
    }
    return 0;
}

static int hash_body(const struct gs3_http_body *body, char out[GS3_SHA256_HEX_BYTES],
                     struct gs3_err *err)
{
    if (body->bytes || body->length_bytes == 0) {
        gs3_sha256_hex(body->bytes ? body->bytes : "", (size_t)body->length_bytes, out);
        return 0;
    }
    struct gs3_sha256 *digest = gs3_sha256_new();
    unsigned char bytes[GS3_SHA256_BYTES];
    int status = hash_range(body, digest, err);
    gs3_sha256_finish(digest, bytes);
    gs3_sha256_free(digest);
    gs3_hex_encode(bytes, sizeof bytes, out);
    return status;
}

static bool is_hex_digest(const char *text)
{
    return strlen(text) == GS3_SHA256_HEX_BYTES - 1 &&
           strspn(text, "0123456789abcdef") == GS3_SHA256_HEX_BYTES - 1;
}

/* TLS protects an object's body on its way; nothing else does over plain http, where the
 * signature has to. */
int gs3_s3_payload_hash(const struct gs3_s3_request *request, const struct gs3_aws_config *config,
                        struct gs3_s3_wire *wire, struct gs3_err *err)
{
    bool is_object = (request->op == GS3_S3_PUT_OBJECT || request->op == GS3_S3_UPLOAD_PART) &&
                     wire->body.length_bytes > 0;
    if (is_object && config->payload_signing == GS3_PAYLOAD_SIGNING_OFF) {
        memcpy(wire->payload_sha256, gs3_sigv4_unsigned_payload,
               strlen(gs3_sigv4_unsigned_payload) + 1);
        return 0;
    }
    if (is_object && request->body_sha256) {
        if (!is_hex_digest(request->body_sha256))
            return gs3_fail(err, GS3_EGENERAL, "the body's digest is not 64 hexadecimal digits");
        memcpy(wire->payload_sha256, request->body_sha256, GS3_SHA256_HEX_BYTES);
        return 0;
    }
    bool is_plain = strcmp(wire->endpoint.origin.scheme, "http") == 0;
    if (!is_object || is_plain || config->payload_signing == GS3_PAYLOAD_SIGNING_ON)
        return hash_body(&wire->body, wire->payload_sha256, err);
    memcpy(wire->payload_sha256, gs3_sigv4_unsigned_payload,
           strlen(gs3_sigv4_unsigned_payload) + 1);
    return 0;
}
