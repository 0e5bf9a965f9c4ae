#include "crypto/digest.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { EXIT_GENERAL = 255 };

struct gs3_sha256 {
    EVP_MD_CTX *context;
};

/* A digest fails only when the library lacks the algorithm or memory: nothing that a caller
 * could answer, and a digest that is not one must not leave this file. */
static void require(int ok)
{
    static const char line[] = "gs3: OpenSSL cannot compute a digest that gs3 needs\n";
    if (ok)
        return;
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        _exit(EXIT_GENERAL);
    _exit(EXIT_GENERAL);
}

struct gs3_sha256 *gs3_sha256_new(void)
{
    struct gs3_sha256 *digest = gs3_xmalloc(sizeof *digest);
    digest->context = EVP_MD_CTX_new();
    require(digest->context && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL));
    return digest;
}

void gs3_sha256_update(struct gs3_sha256 *digest, const void *data, size_t length_bytes)
{
    require(EVP_DigestUpdate(digest->context, data, length_bytes));
}

void gs3_sha256_finish(struct gs3_sha256 *digest, unsigned char out[GS3_SHA256_BYTES])
{
    require(EVP_DigestFinal_ex(digest->context, out, NULL));
}

void gs3_sha256_free(struct gs3_sha256 *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

struct gs3_digest {
    EVP_MD_CTX *context;
    const EVP_MD *algorithm;
};

static const EVP_MD *algorithm_of(enum gs3_digest_kind kind)
{
    switch (kind) {
    case GS3_DIGEST_MD5: return EVP_md5();
    case GS3_DIGEST_SHA1: return EVP_sha1();
    case GS3_DIGEST_SHA256: break;
    }
    return EVP_sha256();
}

struct gs3_digest *gs3_digest_new(enum gs3_digest_kind kind)
{
    struct gs3_digest *digest = gs3_xmalloc(sizeof *digest);
    digest->algorithm = algorithm_of(kind);
    digest->context = EVP_MD_CTX_new();
    require(digest->context && EVP_DigestInit_ex(digest->context, digest->algorithm, NULL));
    return digest;
}

void gs3_digest_update(struct gs3_digest *digest, const void *data, size_t length_bytes)
{
    require(EVP_DigestUpdate(digest->context, data, length_bytes));
}

void gs3_digest_finish(struct gs3_digest *digest, unsigned char *out)
{
    require(EVP_DigestFinal_ex(digest->context, out, NULL) &&
            EVP_DigestInit_ex(digest->context, digest->algorithm, NULL));
}

void gs3_digest_free(struct gs3_digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

void gs3_sha256(const void *data, size_t length_bytes, unsigned char out[GS3_SHA256_BYTES])
{
    require(EVP_Digest(data, length_bytes, out, NULL, EVP_sha256(), NULL));
}

void gs3_sha256_hex(const void *data, size_t length_bytes, char out[GS3_SHA256_HEX_BYTES])
{
    unsigned char digest[GS3_SHA256_BYTES];
    gs3_sha256(data, length_bytes, digest);
    gs3_hex_encode(digest, sizeof digest, out);
}

void gs3_hmac_sha256(const void *key, size_t key_bytes, const void *data, size_t length_bytes,
                     unsigned char out[GS3_SHA256_BYTES])
{
    /* OpenSSL reads a NULL key as "the key of the last call". */
    const void *some_key = key ? key : "";
    require(key_bytes <= INT_MAX &&
            HMAC(EVP_sha256(), some_key, (int)key_bytes, data, length_bytes, out, NULL));
}

void gs3_md5(const void *data, size_t length_bytes, unsigned char out[GS3_MD5_BYTES])
{
    require(EVP_Digest(data, length_bytes, out, NULL, EVP_md5(), NULL));
}

void gs3_hex_encode(const unsigned char *data, size_t length_bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length_bytes; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * length_bytes] = '\0';
}

char *gs3_base64_encode(const void *data, size_t length_bytes)
{
    enum { STEP_BYTES = 3 << 20 }; /* EVP_EncodeBlock counts in int; whole groups of three */
    const unsigned char *bytes = data;
    size_t groups = length_bytes / 3 + (length_bytes % 3 != 0);
    char *out = gs3_xreallocarray(NULL, groups + 1, 4);
    unsigned char *to = (unsigned char *)out;
    *to = '\0';
    while (length_bytes > 0) {
        size_t step = length_bytes < STEP_BYTES ? length_bytes : STEP_BYTES;
        to += EVP_EncodeBlock(to, bytes, (int)step);
        bytes += step;
        length_bytes -= step;
    }
    return out;
}

int gs3_base64_decode(const char *text, unsigned char *out, size_t length_bytes)
{
    enum { LONGEST_BYTES = 64 };
    unsigned char in[LONGEST_BYTES / 3 * 4 + 5];
    unsigned char bytes[LONGEST_BYTES + 3];
    size_t length = (length_bytes + 2) / 3 * 4;
    if (length_bytes > LONGEST_BYTES || strnlen(text, length + 1) != length)
        return -1;
    memcpy(in, text, length);
    if (EVP_DecodeBlock(bytes, in, (int)length) < 0)
        return -1;
    /* OpenSSL forgives white space, and bits that no byte has. */
    gs3_auto_free char *again = gs3_base64_encode(bytes, length_bytes);
    if (strcmp(again, text) != 0)
        return -1;
    memcpy(out, bytes, length_bytes);
    return 0;
}
