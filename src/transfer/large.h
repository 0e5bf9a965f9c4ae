/* One multipart upload under way: what uploads and copies share. Nothing outside the room includes
 * it. */
#ifndef GS3_TRANSFER_LARGE_H
#define GS3_TRANSFER_LARGE_H

#include "transfer/multipart.h"

struct gs3_large {
    const struct gs3_work *work;
    const struct gs3_s3_request *write;
    uint64_t object_bytes, part_bytes;
    size_t count;
    struct gs3_s3_part *parts; /* number and ETag of each that is there; ETag NULL: to be sent */
    char *upload_id;
    bool has_stray; /* there may be another upload, whose id nobody knows */
    struct gs3_pairs
        *metadata; /* what write->metadata points to: an upload that goes on keeps its own */
    char match[GS3_SHA256_HEX_BYTES];
    struct gs3_state state; /* --resume and what is left behind; fd -1: none is kept */
};

/* Plans the parts. GS3_EFAIL for what is too large for S3. */
int gs3_large_init(struct gs3_large *large, const struct gs3_work *work,
                   const struct gs3_s3_request *write, struct gs3_pairs *metadata,
                   uint64_t part_bytes, struct gs3_err *err);
void gs3_large_release(struct gs3_large *large);

/* Where piece `index` begins and how long it is. */
struct gs3_s3_range gs3_large_range(const struct gs3_large *large, size_t index);

/* The whole way: CreateMultipartUpload, `send` of all parts that are missing, `check` (NULL: none)
 * before CompleteMultipartUpload; on failure the upload is aborted. */
int gs3_large_run(struct gs3_large *large,
                  int (*send)(struct gs3_large *large, struct gs3_err *err),
                  int (*check)(const struct gs3_work *work, struct gs3_err *err),
                  struct gs3_s3_result *result, struct gs3_err *err);

/* For `send`: each piece that is missing, by the pool's workers. */
int gs3_large_send(struct gs3_large *large,
                   int (*send)(void *context, size_t piece, const struct gs3_lane *lane,
                               struct gs3_err *err),
                   struct gs3_err *err);

/* UploadPart of piece `index`, whose bytes stand in the local source. */
struct gs3_s3_request gs3_large_part(const struct gs3_large *large, size_t index,
                                     struct gs3_s3_range range);
/* Its answer: held against the MD5 where that was asked for, and kept. */
int gs3_large_part_sent(struct gs3_large *large, size_t index, struct gs3_s3_result *result,
                        struct gs3_err *err);

/* large_stream.c: for `send`, of standard input that has no known end: part after part as they
 * come, some at once, each forgotten when it was sent. Sets the object's length and the parts'
 * number. */
int gs3_large_stream(struct gs3_large *large, struct gs3_err *err);

/* Keeps the ETag that a part's write returned, and its checksum. */
int gs3_large_keep(struct gs3_large *large, size_t piece, struct gs3_s3_result *result,
                   struct gs3_err *err);

/* large_checksum.c: the checksum of the whole, joined from the parts' (base64, caller frees). NULL
 * where it cannot be: no algorithm that joins, or parts of an earlier run without one. */
char *gs3_large_checksum(const struct gs3_large *large);

int gs3_large_abort(const struct gs3_large *large, const char *upload_id, struct gs3_err *err);

/* resume.c: looks for the record of an earlier run: goes on where --resume asks for it and
 * everything is the same, else aborts what was left. */
int gs3_large_begin(struct gs3_large *large, struct gs3_err *err);
/* Records the upload that was created. Trouble with that stops nothing. */
void gs3_large_record(struct gs3_large *large);

#endif
