/* What the files that move one object share. Nothing outside the room includes it.
 *
 * transfer.c decides what is to be done, upload.c, copy.c and download.c do it with one request,
 * large_*.c with many. */
#ifndef GS3_TRANSFER_WORK_H
#define GS3_TRANSFER_WORK_H

#include "transfer/transfer.h"

/* One object's transfer: what all share, and what is its own. */
struct gs3_work {
    const struct gs3_transfer *shared;
    const struct gs3_lane *lane;
    const struct gs3_permit *permit;
    struct gs3_plan *plan;
    struct gs3_report *report;
    const struct gs3_pairs *tags; /* what the destination gets (tags.h); NULL: none are written */
};

int gs3_upload(const struct gs3_work *work, struct gs3_err *err);
int gs3_copy(const struct gs3_work *work, struct gs3_err *err);
int gs3_download(const struct gs3_work *work, struct gs3_err *err);

/* Sets the report; returns 0. */
int gs3_work_skip(const struct gs3_work *work, const char *note);
/* A store may ignore If-None-Match, as Ceph does on a copy, and then overwrites what must stay: so
 * it is looked at first. 1: it exists, and the report says so; 0: go on. */
int gs3_work_skip_existing(const struct gs3_work *work, struct gs3_err *err);
int gs3_work_look_for_destination(const struct gs3_work *work, bool *exists, struct gs3_err *err);
/* Whether a write failed because the destination exists, and only because of that. */
bool gs3_work_is_taken(const struct gs3_work *work, const struct gs3_s3_result *write,
                       const struct gs3_err *err);
/* The user's properties where there are some, else the source's, else what the name tells. */
void gs3_work_properties(const struct gs3_work *work, struct gs3_s3_properties *out);
/* What a write carries, but for operation and body. */
struct gs3_s3_request gs3_work_write(const struct gs3_work *work,
                                     const struct gs3_s3_properties *properties,
                                     const struct gs3_pairs *metadata);
/* The checksum that a write carries: what the user asked for; of an upload to AWS its own default,
 * which gs3 computes as the bytes pass. A copy's is the store's to keep. */
enum gs3_s3_checksum gs3_work_checksum(const struct gs3_work *work);
/* A complete move's source in S3: left to the caller (defers_deletes), or looked at once more and
 * deleted. One that is gone already is done: of a run that was killed the store may still
 * be at work on the deletes. */
int gs3_work_delete_source(const struct gs3_work *work, struct gs3_err *err);
void gs3_work_moved(const struct gs3_work *work, uint64_t bytes);

#endif
