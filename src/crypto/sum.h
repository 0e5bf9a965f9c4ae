/* A check of bytes as they pass, whatever its kind: what an S3 store keeps beside an object, or the
 * MD5 that many an ETag is. Depends on crc, digest. Pure. */
#ifndef GS3_CRYPTO_SUM_H
#define GS3_CRYPTO_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gs3_sum_kind {
    GS3_SUM_NONE,
    GS3_SUM_CRC64NVME,
    GS3_SUM_CRC32,
    GS3_SUM_CRC32C,
    GS3_SUM_MD5,
    GS3_SUM_SHA1,
    GS3_SUM_SHA256,
};
enum { GS3_SUM_BYTES = 32 }; /* of the longest */

struct gs3_digest;

struct gs3_sum {
    enum gs3_sum_kind kind;
    uint64_t crc;
    struct gs3_digest *digest; /* of the kinds that are no CRC */
};

/* NONE takes bytes and makes nothing. Release in any case. */
void gs3_sum_init(struct gs3_sum *sum, enum gs3_sum_kind kind);
void gs3_sum_update(struct gs3_sum *sum, const void *bytes, size_t length_bytes);
/* Back to the first byte. */
void gs3_sum_reset(struct gs3_sum *sum);
/* The check of what passed, the highest byte first; returns how many bytes it has. The sum is as
 * new then. */
size_t gs3_sum_finish(struct gs3_sum *sum, unsigned char out[GS3_SUM_BYTES]);
void gs3_sum_release(struct gs3_sum *sum);

size_t gs3_sum_bytes(enum gs3_sum_kind kind);
bool gs3_sum_is_crc(enum gs3_sum_kind kind);
/* Of A followed by B, in A's place; CRCs only. */
void gs3_sum_combine(enum gs3_sum_kind kind, unsigned char a[GS3_SUM_BYTES],
                     const unsigned char b[GS3_SUM_BYTES], uint64_t b_bytes);

#endif
