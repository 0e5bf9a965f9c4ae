/* Large objects in parts: uploads, copies and downloads.
 *
 * Each does with many requests what its neighbour does with one, and gives the same answer: an
 * upload or copy fills `result` as PutObject or CopyObject would (ETag, version), a download fills
 * the target. Parts are retried one by one, never the object. On failure, and when a signal came,
 * the upload is aborted (by a request that survives the interruption) unless a state record keeps
 * it for --resume. Depends on work, pool, state, local, s3. */
#ifndef GS3_TRANSFER_MULTIPART_H
#define GS3_TRANSFER_MULTIPART_H

#include "transfer/work.h"

enum { GS3_PARTS_MAXIMUM = 10000 };
#define GS3_PART_BYTES_MINIMUM   (UINT64_C(5) << 20)
#define GS3_PART_BYTES_DEFAULT   (UINT64_C(8) << 20)
#define GS3_PART_BYTES_MAXIMUM   (UINT64_C(5) << 30)
#define GS3_OBJECT_BYTES_MAXIMUM (UINT64_C(10000) * GS3_PART_BYTES_MAXIMUM) /* 48.8 TiB */

/* The size of all parts but the last: `wanted` (0: the default), within S3's bounds, doubled until
 * 10,000 parts hold the object. */
uint64_t gs3_part_bytes(uint64_t object_bytes, uint64_t wanted);
/* For a copy in the store, which moves no byte: as large as one wave of requests needs. */
uint64_t gs3_copy_part_bytes(uint64_t object_bytes, uint64_t wanted);

/* `write`: what PutObject or CopyObject would carry, but for op and body. `metadata` is the list
 * that write->metadata points to: an upload that goes on (--resume) puts its own in its place. */
int gs3_large_upload(const struct gs3_work *work, const struct gs3_s3_request *write,
                     struct gs3_pairs *metadata, struct gs3_s3_result *result, struct gs3_err *err);
int gs3_large_copy(const struct gs3_work *work, const struct gs3_s3_request *write,
                   struct gs3_pairs *metadata, struct gs3_s3_result *result, struct gs3_err *err);
/* Into `target`, which was opened for the object's length; `check` (begun here) gets its pieces. */
struct gs3_check;
int gs3_large_download(const struct gs3_work *work, struct gs3_local_target *target,
                       struct gs3_check *check, struct gs3_err *err);

#endif
