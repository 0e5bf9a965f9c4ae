/* Digests, HMAC, hex and base64 on OpenSSL's EVP interface. */
#ifndef GS3_CRYPTO_DIGEST_H
#define GS3_CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { GS3_SHA256_BYTES = 32, GS3_SHA256_HEX_BYTES = 65, GS3_MD5_BYTES = 16, GS3_SHA1_BYTES = 20 };

/* SHA-256 as the bytes pass. */
struct gs3_sha256;
struct gs3_sha256 *gs3_sha256_new(void);
void gs3_sha256_update(struct gs3_sha256 *digest, const void *data, size_t length_bytes);
void gs3_sha256_finish(struct gs3_sha256 *digest, unsigned char out[GS3_SHA256_BYTES]);
void gs3_sha256_free(struct gs3_sha256 *digest);

/* Any of them as the bytes pass. Of finish, `out` has room for the digest, and the next one begins:
 * new and free serve many. */
enum gs3_digest_kind { GS3_DIGEST_MD5, GS3_DIGEST_SHA1, GS3_DIGEST_SHA256 };
struct gs3_digest;
struct gs3_digest *gs3_digest_new(enum gs3_digest_kind kind);
void gs3_digest_update(struct gs3_digest *digest, const void *data, size_t length_bytes);
void gs3_digest_finish(struct gs3_digest *digest, unsigned char *out);
void gs3_digest_free(struct gs3_digest *digest); /* NULL is fine */

void gs3_sha256(const void *data, size_t length_bytes, unsigned char out[GS3_SHA256_BYTES]);
void gs3_sha256_hex(const void *data, size_t length_bytes, char out[GS3_SHA256_HEX_BYTES]);
void gs3_hmac_sha256(const void *key, size_t key_bytes, const void *data, size_t length_bytes,
                     unsigned char out[GS3_SHA256_BYTES]);
void gs3_md5(const void *data, size_t length_bytes, unsigned char out[GS3_MD5_BYTES]);

/* `out` has room for 2 × length + 1; lower case. */
void gs3_hex_encode(const unsigned char *data, size_t length_bytes, char *out);
/* Caller frees. */
char *gs3_base64_encode(const void *data, size_t length_bytes);
/* -1 unless `text` is the base64 of exactly `length_bytes` bytes. */
int gs3_base64_decode(const char *text, unsigned char *out, size_t length_bytes);

#endif
