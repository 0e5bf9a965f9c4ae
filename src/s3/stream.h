/* A body whose checks are computed as its bytes pass to the network, read once for each attempt.
 *
 * Framed, it is S3's aws-chunked form, with the checksum behind the bytes; plain, the bytes alone.
 * Source: AWS, "Signature calculations for the Authorization header: including trailing headers".
 * Nothing outside the room includes it. */
#ifndef GS3_S3_STREAM_H
#define GS3_S3_STREAM_H

#include "s3/checksum.h"

struct gs3_s3_stream;

struct gs3_s3_stream_opts {
    struct gs3_http_body input;    /* what it points to must outlive the stream */
    enum gs3_s3_checksum checksum; /* any but NONE: framed, with that trailer */
    bool wants_md5;
};

struct gs3_s3_stream *gs3_s3_stream_new(const struct gs3_s3_stream_opts *opts);
void gs3_s3_stream_free(struct gs3_s3_stream *stream); /* NULL is fine */

/* What net sends: a source and its exact length. */
struct gs3_http_body gs3_s3_stream_body(const struct gs3_s3_stream *stream);

/* Of the last pass. NULL when it did not reach the end, or was not asked for. */
const char *gs3_s3_stream_checksum(const struct gs3_s3_stream *stream); /* base64 */
const char *gs3_s3_stream_md5(const struct gs3_s3_stream *stream);      /* hex */

/* Reads up to `room_bytes` of a body of any kind from `position` on (a source: from where it is).
 * *got is at least 1. GS3_EIO when it ends early. */
int gs3_s3_body_read(const struct gs3_http_body *body, uint64_t position, void *buffer,
                     size_t room_bytes, size_t *got, struct gs3_err *err);

#endif
