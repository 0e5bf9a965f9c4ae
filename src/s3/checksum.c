#include "s3/checksum.h"

#include <string.h>

enum gs3_sum_kind gs3_s3_checksum_sum(enum gs3_s3_checksum checksum)
{
    switch (checksum) {
    case GS3_S3_CHECKSUM_NONE: break;
    case GS3_S3_CHECKSUM_CRC64NVME: return GS3_SUM_CRC64NVME;
    case GS3_S3_CHECKSUM_CRC32: return GS3_SUM_CRC32;
    case GS3_S3_CHECKSUM_CRC32C: return GS3_SUM_CRC32C;
    case GS3_S3_CHECKSUM_SHA1: return GS3_SUM_SHA1;
    case GS3_S3_CHECKSUM_SHA256: return GS3_SUM_SHA256;
    }
    return GS3_SUM_NONE;
}

const char *gs3_s3_checksum_suffix(enum gs3_s3_checksum checksum)
{
    switch (checksum) {
    case GS3_S3_CHECKSUM_NONE: break;
    case GS3_S3_CHECKSUM_CRC64NVME: return "crc64nvme";
    case GS3_S3_CHECKSUM_CRC32: return "crc32";
    case GS3_S3_CHECKSUM_CRC32C: return "crc32c";
    case GS3_S3_CHECKSUM_SHA1: return "sha1";
    case GS3_S3_CHECKSUM_SHA256: return "sha256";
    }
    return "";
}

bool gs3_s3_checksum_is_composite(const char *value)
{
    return strchr(value, '-') != NULL; /* which base64 does not use */
}
