#include "s3/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/digest.h"

/* Chunks so large that what frames them costs nothing, and no larger than other stores take. */
enum { CHUNK_BYTES = 1 << 20, FRAME_BYTES = 160, HEX_BYTES = 2 * GS3_MD5_BYTES + 1 };

struct gs3_s3_stream {
    struct gs3_http_source source;
    struct gs3_http_body input;
    enum gs3_s3_checksum checksum;
    struct gs3_sum sum, md5;
    uint64_t position; /* in the input */
    uint64_t chunk_left_bytes;
    char frame[FRAME_BYTES]; /* what goes out before more of the input does */
    size_t frame_bytes, frame_sent_bytes;
    bool is_at_end; /* the last frame is made */
    char *checksum_text;
    char md5_text[HEX_BYTES]; /* "" until the end */
};

int gs3_s3_body_read(const struct gs3_http_body *body, uint64_t position, void *buffer,
                     size_t room_bytes, size_t *got, struct gs3_err *err)
{
    uint64_t left_bytes = body->length_bytes - position;
    size_t want = left_bytes < room_bytes ? (size_t)left_bytes : room_bytes;
    if (body->bytes) {
        memcpy(buffer, (const char *)body->bytes + position, want);
        *got = want;
        return 0;
    }
    if (body->source) {
        if (body->source->read(body->source->context, buffer, want, got, err))
            return -1;
        return *got > 0 ? 0 : gs3_fail(err, GS3_EIO, "the body ended early");
    }
    ssize_t count;
    do {
        count = pread(body->fd, buffer, want, (off_t)(body->offset + position));
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return gs3_fail_errno(err, GS3_EIO, errno, "cannot read the file to send it");
    if (count == 0)
        return gs3_fail(err, GS3_EIO,
                        "the file changed while it was read: it is now shorter than at the start");
    *got = (size_t)count;
    return 0;
}

static uint64_t chunk_after(const struct gs3_s3_stream *stream, uint64_t position)
{
    uint64_t left_bytes = stream->input.length_bytes - position;
    bool is_framed = stream->checksum != GS3_S3_CHECKSUM_NONE;
    return is_framed && left_bytes > CHUNK_BYTES ? CHUNK_BYTES : left_bytes;
}

static void keep_sums(struct gs3_s3_stream *stream)
{
    unsigned char bytes[GS3_SUM_BYTES];
    size_t count = gs3_sum_finish(&stream->sum, bytes);
    if (stream->checksum != GS3_S3_CHECKSUM_NONE)
        stream->checksum_text = gs3_base64_encode(bytes, count);
    if (gs3_sum_finish(&stream->md5, bytes) > 0)
        gs3_hex_encode(bytes, GS3_MD5_BYTES, stream->md5_text);
}

/* What stands between the chunk that has ended and the next: the trailer when none follows. */
static void begin_chunk(struct gs3_s3_stream *stream)
{
    const char *line_end = stream->position > 0 ? "\r\n" : "";
    bool is_framed = stream->checksum != GS3_S3_CHECKSUM_NONE;
    int length = 0;
    stream->chunk_left_bytes = chunk_after(stream, stream->position);
    stream->is_at_end = stream->chunk_left_bytes == 0;
    if (stream->is_at_end)
        keep_sums(stream);
    if (is_framed && stream->is_at_end)
        length =
            snprintf(stream->frame, FRAME_BYTES, "%s0\r\nx-amz-checksum-%s:%s\r\n\r\n", line_end,
                     gs3_s3_checksum_suffix(stream->checksum), stream->checksum_text);
    else if (is_framed)
        length = snprintf(stream->frame, FRAME_BYTES, "%s%llx\r\n", line_end,
                          (unsigned long long)stream->chunk_left_bytes);
    stream->frame_bytes = (size_t)length;
    stream->frame_sent_bytes = 0;
}

static size_t take_frame(struct gs3_s3_stream *stream, char *buffer, size_t room_bytes)
{
    size_t left_bytes = stream->frame_bytes - stream->frame_sent_bytes;
    size_t count = left_bytes < room_bytes ? left_bytes : room_bytes;
    memcpy(buffer, stream->frame + stream->frame_sent_bytes, count);
    stream->frame_sent_bytes += count;
    return count;
}

static int take_input(struct gs3_s3_stream *stream, char *buffer, size_t room_bytes, size_t *got,
                      struct gs3_err *err)
{
    size_t room =
        stream->chunk_left_bytes < room_bytes ? (size_t)stream->chunk_left_bytes : room_bytes;
    if (gs3_s3_body_read(&stream->input, stream->position, buffer, room, got, err))
        return -1;
    gs3_sum_update(&stream->sum, buffer, *got);
    gs3_sum_update(&stream->md5, buffer, *got);
    stream->position += *got;
    stream->chunk_left_bytes -= *got;
    if (stream->chunk_left_bytes == 0)
        begin_chunk(stream);
    return 0;
}

/* The bytes go into net's buffer at once: no copy is made of them here. */
static int read_stream(void *context, void *buffer, size_t room, size_t *got, struct gs3_err *err)
{
    struct gs3_s3_stream *stream = context;
    char *to = buffer;
    *got = 0;
    while (*got < room) {
        size_t count = 0;
        if (stream->frame_sent_bytes < stream->frame_bytes)
            count = take_frame(stream, to + *got, room - *got);
        else if (stream->is_at_end)
            break;
        else if (take_input(stream, to + *got, room - *got, &count, err))
            return -1;
        *got += count;
    }
    return 0;
}

static void restart(struct gs3_s3_stream *stream)
{
    gs3_sum_reset(&stream->sum);
    gs3_sum_reset(&stream->md5);
    free(stream->checksum_text);
    stream->checksum_text = NULL;
    stream->md5_text[0] = '\0';
    stream->position = 0;
    begin_chunk(stream);
}

static int rewind_stream(void *context, struct gs3_err *err)
{
    struct gs3_s3_stream *stream = context;
    const struct gs3_http_source *source = stream->input.bytes ? NULL : stream->input.source;
    if (source && source->rewind(source->context, err))
        return -1;
    restart(stream);
    return 0;
}

struct gs3_s3_stream *gs3_s3_stream_new(const struct gs3_s3_stream_opts *opts)
{
    struct gs3_s3_stream *stream = gs3_xcalloc(1, sizeof *stream);
    stream->source =
        (struct gs3_http_source){.read = read_stream, .rewind = rewind_stream, .context = stream};
    stream->input = opts->input;
    stream->checksum = opts->checksum;
    gs3_sum_init(&stream->sum, gs3_s3_checksum_sum(opts->checksum));
    gs3_sum_init(&stream->md5, opts->wants_md5 ? GS3_SUM_MD5 : GS3_SUM_NONE);
    restart(stream);
    return stream;
}

void gs3_s3_stream_free(struct gs3_s3_stream *stream)
{
    if (!stream)
        return;
    gs3_sum_release(&stream->sum);
    gs3_sum_release(&stream->md5);
    free(stream->checksum_text);
    free(stream);
}

static uint64_t framed_bytes(const struct gs3_s3_stream *stream)
{
    size_t sum_bytes = gs3_sum_bytes(stream->sum.kind);
    char line[FRAME_BYTES];
    uint64_t length = 0;
    for (uint64_t position = 0; position < stream->input.length_bytes;) {
        uint64_t chunk = chunk_after(stream, position);
        length += (uint64_t)snprintf(line, sizeof line, "%llx\r\n\r\n", (unsigned long long)chunk);
        length += chunk;
        position += chunk;
    }
    length += (uint64_t)snprintf(line, sizeof line, "0\r\nx-amz-checksum-%s:\r\n\r\n",
                                 gs3_s3_checksum_suffix(stream->checksum));
    return length + (sum_bytes + 2) / 3 * 4;
}

struct gs3_http_body gs3_s3_stream_body(const struct gs3_s3_stream *stream)
{
    bool is_framed = stream->checksum != GS3_S3_CHECKSUM_NONE;
    return (struct gs3_http_body){.source = &stream->source,
                                  .length_bytes = is_framed ? framed_bytes(stream)
                                                            : stream->input.length_bytes};
}

const char *gs3_s3_stream_checksum(const struct gs3_s3_stream *stream)
{
    return stream->checksum_text;
}

const char *gs3_s3_stream_md5(const struct gs3_s3_stream *stream)
{
    return stream->md5_text[0] ? stream->md5_text : NULL;
}
