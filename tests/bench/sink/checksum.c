/*
 * Checksums of what comes: read from headers and trailers, compared, told again.
 */
#include "sink.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *element;
} kinds[] = {
    [GS3_CRC64NVME] = {"crc64nvme", "ChecksumCRC64NVME"},
    [GS3_CRC32] = {"crc32", "ChecksumCRC32"},
    [GS3_CRC32C] = {"crc32c", "ChecksumCRC32C"},
};

#define KIND_COUNT (sizeof kinds / sizeof *kinds)

/* The text behind "NAME:", or NULL. */
static const char *value_of(const char *line, const char *name)
{
    size_t len = strlen(name);
    if (strncasecmp(line, name, len) != 0 || line[len] != ':')
        return NULL;
    line += len + 1;
    return line + strspn(line, " \t");
}

static void read_kind(struct sink_request *request, const char *name)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcasecmp(name, kinds[i].name) == 0)
            request->checksum_kind = (enum gs3_crc_kind)i;
}

static void read_value(struct sink_request *request, const char *line)
{
    char name[32];
    for (size_t i = 0; i < KIND_COUNT; i++) {
        snprintf(name, sizeof name, "x-amz-checksum-%s", kinds[i].name);
        const char *value = value_of(line, name);
        if (!value)
            continue;
        request->checksum_kind = (enum gs3_crc_kind)i;
        snprintf(request->checksum_text, sizeof request->checksum_text, "%.*s",
                 (int)strcspn(value, "\r\n"), value);
    }
}

void sink_checksum_read(struct sink_request *request, const char *line)
{
    const char *value;
    if ((value = value_of(line, "x-amz-trailer")) && strncasecmp(value, "x-amz-checksum-", 15) == 0)
        read_kind(request, value + 15);
    else if ((value = value_of(line, "x-amz-checksum-algorithm")))
        read_kind(request, value);
    else if ((value = value_of(line, "x-amz-checksum-mode")))
        request->wants_checksum = strcasecmp(value, "ENABLED") == 0;
    else
        read_value(request, line);
}

bool sink_checksum_check(struct sink_exchange *x, const struct sink_checksum *computed)
{
    const struct sink_request *request = x->request;
    uint64_t sent;
    if (!computed->is_there || !request->checksum_text[0])
        return true;
    if (computed->kind == request->checksum_kind &&
        gs3_crc_parse(computed->kind, request->checksum_text, &sent) == 0 &&
        sent == computed->value)
        return true;
    sink_answer_error(x, "400 Bad Request", "BadDigest",
                      "The checksum that was sent is not that of the bytes that came.");
    return false;
}

void sink_checksum_line(const struct sink_checksum *checksum, char line[SINK_CHECKSUM_LINE])
{
    char text[GS3_CRC_TEXT_BYTES];
    line[0] = '\0';
    if (!checksum->is_there)
        return;
    gs3_crc_format(checksum->kind, checksum->value, text);
    snprintf(line, SINK_CHECKSUM_LINE, "x-amz-checksum-%s: %s\r\n", kinds[checksum->kind].name,
             text);
}

const char *sink_checksum_element(enum gs3_crc_kind kind)
{
    return kinds[kind].element;
}

/* A line of the frames is whole: a chunk's size, the end of a chunk, or one of the trailer. */
static void take_line(struct sink_conn *conn)
{
    struct sink_frames *frames = &conn->frames;
    frames->line[frames->line_len] = '\0';
    bool is_blank = frames->line_len == 0;
    frames->line_len = 0;
    if (frames->state == SINK_CHUNK_TRAILER) {
        sink_checksum_read(&conn->request, frames->line);
        return;
    }
    if (is_blank)
        return;
    frames->left_bytes = strtoull(frames->line, NULL, 16);
    frames->state = frames->left_bytes > 0 ? SINK_CHUNK_DATA : SINK_CHUNK_TRAILER;
}

void sink_frames_take(struct sink_conn *conn, const char *data, size_t len)
{
    struct sink_frames *frames = &conn->frames;
    while (len > 0) {
        if (frames->state == SINK_CHUNK_DATA) {
            size_t use = len < frames->left_bytes ? len : (size_t)frames->left_bytes;
            sink_body_take(conn, data, use);
            data += use;
            len -= use;
            frames->left_bytes -= use;
            if (frames->left_bytes == 0)
                frames->state = SINK_CHUNK_SIZE;
            continue;
        }
        if (*data == '\n')
            take_line(conn);
        else if (*data != '\r' && frames->line_len < sizeof frames->line - 1)
            frames->line[frames->line_len++] = *data;
        data++;
        len--;
    }
}

/* By doubling. */
struct sink_checksum sink_checksum_zeros(enum gs3_crc_kind kind, uint64_t size_bytes)
{
    struct sink_checksum sum = {.is_there = true, .kind = kind};
    uint64_t block = gs3_crc_update(kind, 0, "", 1);
    for (uint64_t block_bytes = 1; block_bytes <= size_bytes; block_bytes *= 2) {
        if (size_bytes & block_bytes)
            sum.value = gs3_crc_combine(kind, sum.value, block, block_bytes);
        block = gs3_crc_combine(kind, block, block, block_bytes);
    }
    return sum;
}
