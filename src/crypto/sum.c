#include "crypto/sum.h"

#include "crypto/crc.h"
#include "crypto/digest.h"

bool gs3_sum_is_crc(enum gs3_sum_kind kind)
{
    return kind == GS3_SUM_CRC64NVME || kind == GS3_SUM_CRC32 || kind == GS3_SUM_CRC32C;
}

static enum gs3_crc_kind crc_of(enum gs3_sum_kind kind)
{
    return kind == GS3_SUM_CRC64NVME ? GS3_CRC64NVME
           : kind == GS3_SUM_CRC32   ? GS3_CRC32
                                     : GS3_CRC32C;
}

size_t gs3_sum_bytes(enum gs3_sum_kind kind)
{
    switch (kind) {
    case GS3_SUM_NONE: return 0;
    case GS3_SUM_CRC64NVME:
    case GS3_SUM_CRC32:
    case GS3_SUM_CRC32C: return gs3_crc_bytes(crc_of(kind));
    case GS3_SUM_MD5: return GS3_MD5_BYTES;
    case GS3_SUM_SHA1: return GS3_SHA1_BYTES;
    case GS3_SUM_SHA256: break;
    }
    return GS3_SHA256_BYTES;
}

void gs3_sum_init(struct gs3_sum *sum, enum gs3_sum_kind kind)
{
    *sum = (struct gs3_sum){.kind = kind};
    if (kind == GS3_SUM_MD5)
        sum->digest = gs3_digest_new(GS3_DIGEST_MD5);
    else if (kind == GS3_SUM_SHA1)
        sum->digest = gs3_digest_new(GS3_DIGEST_SHA1);
    else if (kind == GS3_SUM_SHA256)
        sum->digest = gs3_digest_new(GS3_DIGEST_SHA256);
}

void gs3_sum_update(struct gs3_sum *sum, const void *bytes, size_t length_bytes)
{
    if (sum->digest)
        gs3_digest_update(sum->digest, bytes, length_bytes);
    else if (sum->kind != GS3_SUM_NONE)
        sum->crc = gs3_crc_update(crc_of(sum->kind), sum->crc, bytes, length_bytes);
}

void gs3_sum_reset(struct gs3_sum *sum)
{
    unsigned char ignored[GS3_SUM_BYTES];
    gs3_sum_finish(sum, ignored);
}

static void write_crc(enum gs3_sum_kind kind, uint64_t crc, unsigned char *out)
{
    unsigned char bytes[sizeof crc];
    size_t count = gs3_crc_bytes(crc_of(kind));
    gs3_crc_write(crc_of(kind), crc, bytes);
    for (size_t i = 0; i < count; i++)
        out[i] = bytes[i];
}

size_t gs3_sum_finish(struct gs3_sum *sum, unsigned char out[GS3_SUM_BYTES])
{
    if (sum->digest)
        gs3_digest_finish(sum->digest, out);
    else if (sum->kind != GS3_SUM_NONE)
        write_crc(sum->kind, sum->crc, out);
    sum->crc = 0;
    return gs3_sum_bytes(sum->kind);
}

void gs3_sum_release(struct gs3_sum *sum)
{
    gs3_digest_free(sum->digest);
    *sum = (struct gs3_sum){.kind = GS3_SUM_NONE};
}

static uint64_t read_crc(const unsigned char *bytes, size_t count)
{
    uint64_t crc = 0;
    for (size_t i = 0; i < count; i++)
        crc = crc << 8 | bytes[i];
    return crc;
}

void gs3_sum_combine(enum gs3_sum_kind kind, unsigned char a[GS3_SUM_BYTES],
                     const unsigned char b[GS3_SUM_BYTES], uint64_t b_bytes)
{
    size_t count = gs3_sum_bytes(kind);
    uint64_t whole = gs3_crc_combine(crc_of(kind), read_crc(a, count), read_crc(b, count), b_bytes);
    write_crc(kind, whole, a);
}
