/*
 * The body of a request: skipped, or looked at where it is kept or digested; plain or chunked.
 */
#include "sink.h"

#include <openssl/evp.h>
#include <string.h>

#define LOOK_BYTES   ((size_t)1 << 20)
#define SKIP_BYTES   ((size_t)4 << 20)
#define CAPPED_BYTES ((size_t)64 << 10)
#define CREDIT_NS    50000000U /* what a connection that was idle may send at once */
#define TOO_SOON_NS  2000000U  /* below this, waiting costs more than it evens out */

void sink_body_begin(struct sink_conn *conn)
{
    const struct sink_options *options = &conn->loop->sink->options;
    struct sink_request *request = &conn->request;
    bool is_data = request->op == SINK_PUT_OBJECT || request->op == SINK_UPLOAD_PART;
    bool is_list = request->op == SINK_DELETE_OBJECTS;
    conn->body_bytes = 0;
    conn->left_bytes = request->is_chunked ? 0 : request->length_bytes;
    conn->chunk = SINK_CHUNK_SIZE;
    conn->state = request->is_chunked ? SINK_CHUNKS : SINK_BODY;
    conn->is_summed = options->has_checksums && is_data;
    conn->crc = 0;
    /* Without checksums they are skipped whole: that is cheaper than to take them out. */
    conn->is_framed = conn->is_summed && request->is_streaming;
    conn->frames = (struct sink_frames){.state = SINK_CHUNK_SIZE};
    conn->is_wanted = is_list || (options->keeps_bodies && request->op == SINK_PUT_OBJECT);
    conn->body.max = is_list ? SINK_LIST_MAX_BYTES : SINK_KEEP_MAX_BYTES;
    conn->is_digested = options->has_md5 && is_data;
    if (conn->is_digested) {
        if (!conn->digest)
            conn->digest = EVP_MD_CTX_new();
        if (!conn->digest || EVP_DigestInit_ex(conn->digest, EVP_md5(), NULL) != 1)
            conn->is_digested = false;
    }
    if (request->is_chunked || request->is_streaming)
        sink_count(&conn->loop->sink->stats, SINK_CHUNKED, 1);
}

bool sink_conn_is_capped(struct sink_conn *conn, size_t bytes)
{
    uint64_t rate = conn->loop->sink->options.rate_mbps; /* MB/s: bytes in a microsecond */
    if (rate == 0)
        return false;
    uint64_t now = sink_now_ns();
    if (conn->allowed_ns + CREDIT_NS < now)
        conn->allowed_ns = now - (conn->allowed_ns > 0 ? CREDIT_NS : 0);
    conn->allowed_ns += (uint64_t)bytes * 1000U / rate;
    if (conn->allowed_ns < now + TOO_SOON_NS)
        return false;
    sink_loop_later(conn->loop, conn, conn->allowed_ns);
    return true;
}

void sink_body_take(struct sink_conn *conn, const char *data, size_t len)
{
    if (conn->is_wanted)
        sink_buf_add(&conn->body, data, len);
    if (conn->is_digested)
        EVP_DigestUpdate(conn->digest, data, len);
    if (conn->is_summed)
        conn->crc = gs3_crc_update(conn->request.checksum_kind, conn->crc, data, len);
}

static void eat(struct sink_conn *conn, const char *data, size_t len)
{
    conn->body_bytes += len;
    conn->left_bytes -= len;
    if (conn->is_framed)
        sink_frames_take(conn, data, len);
    else
        sink_body_take(conn, data, len);
}

/* Bytes that came with the head are used before the socket is read. */
static bool eat_input(struct sink_conn *conn)
{
    size_t have = conn->input_len - conn->input_pos;
    size_t use = have < conn->left_bytes ? have : (size_t)conn->left_bytes;
    if (use == 0)
        return false;
    eat(conn, conn->input + conn->input_pos, use);
    conn->input_pos += use;
    return true;
}

static ssize_t read_data(struct sink_conn *conn, size_t *slice)
{
    bool is_looked_at = conn->is_wanted || conn->is_digested || conn->is_summed || conn->tls;
    size_t limit = conn->loop->sink->options.rate_mbps > 0 ? CAPPED_BYTES
                   : is_looked_at                          ? LOOK_BYTES
                                                           : SKIP_BYTES;
    size_t len = conn->left_bytes < limit ? (size_t)conn->left_bytes : limit;
    if (eat_input(conn))
        return 1;
    conn->input_len = conn->input_pos = 0;
    char *scratch = conn->loop->scratch;
    ssize_t got = is_looked_at ? sink_read(conn, scratch, len) : sink_skip(conn, scratch, len);
    if (got <= 0)
        return got == 0 ? SINK_BROKEN : got;
    if (is_looked_at) {
        eat(conn, scratch, (size_t)got);
    } else {
        conn->body_bytes += (size_t)got;
        conn->left_bytes -= (size_t)got;
    }
    *slice += (size_t)got;
    return sink_conn_is_capped(conn, (size_t)got) ? SINK_AGAIN : 1;
}

static bool read_chunk_size(struct sink_conn *conn, const char *line)
{
    uint64_t size = 0;
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > 15)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = line[i];
        size = size * 16 + (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    conn->left_bytes = size;
    conn->chunk = size > 0 ? SINK_CHUNK_DATA : SINK_CHUNK_TRAILER;
    return true;
}

/* A chunk's size, the blank line after a chunk, or a line of the trailer. */
static ssize_t read_chunk_line(struct sink_conn *conn, bool *is_done)
{
    char *line = conn->input + conn->input_pos;
    size_t have = conn->input_len - conn->input_pos;
    char *end = memchr(line, '\n', have);
    if (!end) {
        memmove(conn->input, line, have);
        conn->input_len = have;
        conn->input_pos = 0;
        if (have == SINK_HEAD_MAX_BYTES)
            return SINK_BROKEN;
        ssize_t got = sink_read(conn, conn->input + have, SINK_HEAD_MAX_BYTES - have);
        if (got > 0)
            conn->input_len += (size_t)got;
        return got == 0 ? SINK_BROKEN : got;
    }
    *end = '\0';
    conn->input_pos += (size_t)(end - line) + 1;
    bool is_blank = line[0] == '\0' || strcmp(line, "\r") == 0;
    if (conn->chunk == SINK_CHUNK_TRAILER) {
        *is_done = is_blank;
        return 1;
    }
    return is_blank || read_chunk_size(conn, line) ? 1 : SINK_BROKEN;
}

bool sink_body_step(struct sink_conn *conn, size_t *slice, ssize_t *outcome)
{
    bool is_done = false;
    *outcome = 1;
    if (conn->left_bytes > 0)
        *outcome = read_data(conn, slice);
    else if (conn->state == SINK_CHUNKS)
        *outcome = read_chunk_line(conn, &is_done);
    else
        is_done = true;
    return is_done;
}
