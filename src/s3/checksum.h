/* What the checksums of S3 are called, and what computes them. Depends on crypto (sum). */
#ifndef GS3_S3_CHECKSUM_H
#define GS3_S3_CHECKSUM_H

#include "crypto/sum.h"
#include "s3/transport.h"

/* What computes it; GS3_SUM_NONE for NONE. */
enum gs3_sum_kind gs3_s3_checksum_sum(enum gs3_s3_checksum checksum);
/* "crc64nvme": as headers name it, and gs3_s3_result.checksums; "" for NONE. */
const char *gs3_s3_checksum_suffix(enum gs3_s3_checksum checksum);
/* Whether the value is one of parts ("…-3"), not of an object's bytes. */
bool gs3_s3_checksum_is_composite(const char *value);

#endif
