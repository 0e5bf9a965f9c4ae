/* Signature Version 4: a pure function of request, credentials and time.
 *
 * Source: AWS, "Signature Version 4 signing process"; S3's variant (path encoded once, no
 * normalisation) by `double_encode` false. Depends on base, text/uri, crypto. */
#ifndef GS3_AWS_SIGV4_H
#define GS3_AWS_SIGV4_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/buf.h"
#include "base/pairs.h"
#include "crypto/digest.h"

extern const char gs3_sigv4_empty_sha256[]; /* hex of the empty string's digest */
extern const char gs3_sigv4_unsigned_payload[];

/* Key derivation, cached for a day: zero-initialise, and keep one for each credential and service.
 */
struct gs3_sigv4_key {
    char date[9];
    char region[64];
    char service[16];
    unsigned char bytes[GS3_SHA256_BYTES];
};

struct gs3_sigv4_request {
    const char *method;
    const char *path;  /* as sent: percent-encoded, begins with / */
    const char *query; /* as sent, without ?; "" or NULL for none; need not be sorted */
    const char *host;  /* as sent in Host: without a default port */
    const char *region;
    const char *service;
    const char *payload_sha256; /* hex or UNSIGNED-PAYLOAD; */
    bool adds_content_sha256;   /* S3: send x-amz-content-sha256 */
    bool double_encode;         /* every service but S3 */
    bool normalize;             /* every service but S3: dot segments and double slashes */
    int64_t now;                /* seconds UTC */
};

/* Adds x-amz-date, x-amz-content-sha256, x-amz-security-token and authorization to `headers`, which
 * hold everything else that will be sent and signed (replacing earlier ones of these names: safe to
 * call again for a retry). */
void gs3_sigv4_sign(const struct gs3_sigv4_request *request,
                    const struct gs3_credentials *credentials, struct gs3_sigv4_key *key,
                    struct gs3_pairs *headers);

/* The two intermediate texts, for the vectors. Callers free. */
char *gs3_sigv4_canonical_request(const struct gs3_sigv4_request *request,
                                  const struct gs3_pairs *headers, char **signed_headers);
char *gs3_sigv4_string_to_sign(const struct gs3_sigv4_request *request, const char *canonical);

#endif
