/* Large objects in parts: uploads, copies and downloads.
 *
 * Each does with many requests what transfer.c does with one, and gives the same answer: an upload
 * or copy fills `write` as PutObject or CopyObject would (ETag, version, checksum of the whole), a
 * download fills the target. Parts are retried one by one, never the object. On failure, and when a
 * signal came, the upload is aborted (by a request that survives the interruption) unless a state
 * record keeps it for --resume. Depends on pool, state, local, s3. */
#ifndef GS3_TRANSFER_MULTIPART_H
#define GS3_TRANSFER_MULTIPART_H

#include "policy/permit.h"
#include "transfer/transfer.h"

enum { GS3_PARTS_MAXIMUM = 10000 };
#define GS3_PART_BYTES_MINIMUM   (UINT64_C(5) << 20)
#define GS3_PART_BYTES_DEFAULT   (UINT64_C(8) << 20)
#define GS3_PART_BYTES_MAXIMUM   (UINT64_C(5) << 30)
#define GS3_OBJECT_BYTES_MAXIMUM (UINT64_C(53687091200000)) /* 48.8 TiB: 10,000 parts of 5 GiB */

/* The size of all parts but the last: `wanted` (0: the default) doubled until 10,000 parts hold the
 * object. For a copy in the store the parts are as large as one wave of `wave` requests needs. */
uint64_t gs3_part_bytes(uint64_t object_bytes, uint64_t wanted);
uint64_t gs3_copy_part_bytes(uint64_t object_bytes, uint64_t wanted, unsigned wave);

/* What a write carries: the request's properties, metadata, tags, write options and keys are set by
 * the caller; `op` and the body are not. */
struct gs3_large {
    const struct gs3_transfer *transfer;
    const struct gs3_lane *lane;
    const struct gs3_permit *permit;
    struct gs3_plan *plan;
    const struct gs3_s3_request *write; /* as for PutObject or CopyObject */
};

int gs3_large_upload(const struct gs3_large *large, struct gs3_s3_result *write,
                     struct gs3_err *err);
int gs3_large_copy(const struct gs3_large *large, struct gs3_s3_result *write, struct gs3_err *err);
/* Into `target`, which was opened for the object's length. */
int gs3_large_download(const struct gs3_large *large, struct gs3_local_target *target,
                       struct gs3_err *err);

#endif
