#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/internal.h"

/* The first error of a callback is the one to report; curl's own code only says "aborted". */
static void set_fatal(struct gs3_http_call *call)
{
    call->is_fatal = true;
    if (call->err.class == GS3_OK)
        gs3_fail(&call->err, GS3_EGENERAL, "a request to %s was given up", call->origin);
}

static ssize_t read_file(int fd, char *buffer, size_t room_bytes, uint64_t position)
{
    ssize_t got;
    do {
        got = pread(fd, buffer, room_bytes, (off_t)position);
    } while (got < 0 && errno == EINTR);
    return got;
}

static size_t read_source(struct gs3_http_call *call, char *buffer, size_t room_bytes)
{
    const struct gs3_http_source *source = call->request.body.source;
    size_t got = 0;
    if (source->read(source->context, buffer, room_bytes, &got, &call->err) == 0 && got > 0) {
        call->sent_bytes += got;
        return got;
    }
    if (call->err.class == GS3_OK)
        gs3_fail(&call->err, GS3_EIO, "the body of a request to %s ended early", call->origin);
    set_fatal(call);
    return CURL_READFUNC_ABORT;
}

static size_t read_body(char *buffer, size_t size, size_t count, void *context)
{
    struct gs3_http_call *call = context;
    const struct gs3_http_body *body = &call->request.body;
    uint64_t left_bytes = body->length_bytes - call->sent_bytes;
    size_t room_bytes = size * count;
    if (room_bytes > left_bytes)
        room_bytes = (size_t)left_bytes;
    if (room_bytes == 0)
        return 0;
    room_bytes = gs3_http_bandwidth_send(call, room_bytes);
    if (room_bytes == 0)
        return CURL_READFUNC_PAUSE;
    if (body->bytes) {
        memcpy(buffer, (const char *)body->bytes + call->sent_bytes, room_bytes);
        call->sent_bytes += room_bytes;
        return room_bytes;
    }
    if (body->source)
        return read_source(call, buffer, room_bytes);
    ssize_t got = read_file(body->fd, buffer, room_bytes, body->offset + call->sent_bytes);
    if (got <= 0) {
        if (got < 0)
            gs3_fail_errno(&call->err, GS3_EIO, errno, "cannot read the file being sent");
        else
            gs3_fail(&call->err, GS3_EIO,
                     "the file changed while it was read: it is now shorter than at the start");
        set_fatal(call);
        return CURL_READFUNC_ABORT;
    }
    call->sent_bytes += (uint64_t)got;
    return (size_t)got;
}

/* curl asks for this when it repeats a request on a fresh connection because the reused one had
 * been closed by the server. */
static int seek_body(void *context, curl_off_t offset, int origin)
{
    struct gs3_http_call *call = context;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > call->request.body.length_bytes)
        return CURL_SEEKFUNC_FAIL;
    const struct gs3_http_source *source =
        call->request.body.bytes ? NULL : call->request.body.source;
    if (source && (offset != 0 || source->rewind(source->context, &call->err))) {
        set_fatal(call);
        return CURL_SEEKFUNC_FAIL;
    }
    call->sent_bytes = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* Before each sending of the request, curl's own repeats included. */
static int count_send(void *context, char *remote, char *local, int remote_port, int local_port)
{
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    struct gs3_http_call *call = context;
    call->response.sends++;
    return CURL_PREREQFUNC_OK;
}

static long status_of(const struct gs3_http_call *call)
{
    long status = 0;
    curl_easy_getinfo(call->easy->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static int sink_bytes(struct gs3_http_call *call, const char *data, size_t length_bytes)
{
    const struct gs3_http_sink *sink = call->request.sink;
    bool is_first = !call->has_sunk;
    call->has_sunk = true;
    if (is_first && sink->begin && sink->begin(sink->context, &call->response.headers, &call->err))
        return -1;
    return sink->write(sink->context, data, length_bytes, &call->err);
}

static size_t write_body(char *data, size_t size, size_t count, void *context)
{
    struct gs3_http_call *call = context;
    size_t length_bytes = size * count;
    if (!gs3_http_bandwidth_receive(call, length_bytes))
        return CURL_WRITEFUNC_PAUSE;
    long status = status_of(call);
    call->response.received_bytes += length_bytes;
    if (call->request.sink && status >= 200 && status < 300) {
        if (sink_bytes(call, data, length_bytes) == 0)
            return length_bytes;
        set_fatal(call);
        return 0;
    }
    if (gs3_buf_append(&call->response.body, data, length_bytes) == 0)
        return length_bytes;
    gs3_fail(&call->err, GS3_EINVALID, "the answer of %s (status %ld) is larger than %zu bytes",
             call->origin, status, call->request.maximum_body_bytes);
    call->err.http_status = status;
    set_fatal(call);
    return 0;
}

int gs3_http_header_add(struct gs3_pairs *headers, const char *line, size_t length_bytes)
{
    const char *colon = memchr(line, ':', length_bytes);
    /* A line that begins with white space would continue the one before (obsolete folding). */
    if (!colon || colon == line || gs3_ascii_is_space(line[0]) || memchr(line, '\0', length_bytes))
        return -1;
    const char *value = colon + 1;
    const char *end = line + length_bytes;
    while (value < end && gs3_ascii_is_space(*value))
        value++;
    while (end > value && gs3_ascii_is_space(end[-1]))
        end--;
    gs3_pairs_add_bytes(headers, line, (size_t)(colon - line), value, (size_t)(end - value));
    return 0;
}

static int take_header_line(struct gs3_http_call *call, const char *line, size_t length_bytes)
{
    call->header_bytes += length_bytes;
    if (call->header_bytes > GS3_HTTP_HEADER_BYTES ||
        call->response.headers.count >= GS3_HTTP_HEADER_COUNT)
        return gs3_fail(&call->err, GS3_EINVALID, "the answer of %s has too many headers",
                        call->origin);
    while (length_bytes > 0 && (line[length_bytes - 1] == '\n' || line[length_bytes - 1] == '\r'))
        length_bytes--;
    if (length_bytes == 0) {
        call->is_header_done = status_of(call) >= 200;
        return 0;
    }
    /* A status line begins a block; one of an interim answer (100, 103) is forgotten. */
    if (length_bytes >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        gs3_pairs_release(&call->response.headers);
        return 0;
    }
    if (gs3_http_header_add(&call->response.headers, line, length_bytes))
        return gs3_fail(&call->err, GS3_EINVALID, "the answer of %s has a malformed header",
                        call->origin);
    return 0;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct gs3_http_call *call = context;
    size_t length_bytes = size * count;
    /* Trailers after the body must not add to, or stand in for, what the answer began with. */
    if (call->is_header_done)
        return length_bytes;
    if (take_header_line(call, data, length_bytes) == 0)
        return length_bytes;
    set_fatal(call);
    return 0;
}

int gs3_http_attempt_reset(struct gs3_http_call *call)
{
    unsigned attempts = call->response.attempts;
    unsigned sends = call->response.sends;
    gs3_http_response_release(&call->response);
    call->response = (struct gs3_http_response){
        .attempts = attempts,
        .sends = sends,
        .body = GS3_BUF_INIT(call->request.maximum_body_bytes),
    };
    gs3_err_clear(&call->err);
    call->is_fatal = false;
    call->sent_bytes = 0;
    call->is_header_done = false;
    call->header_bytes = 0;
    const struct gs3_http_body *body = &call->request.body;
    if (body->bytes || !body->source)
        return 0;
    if (body->source->rewind(body->source->context, &call->err) == 0)
        return 0;
    if (call->err.class == GS3_OK)
        gs3_fail(&call->err, GS3_EGENERAL, "the body of a request to %s cannot be made",
                 call->origin);
    return -1;
}

void gs3_http_body_callbacks(CURL *curl)
{
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, count_send);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, seek_body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
}

void gs3_http_body_set(struct gs3_http_call *call)
{
    CURL *curl = call->easy->curl;
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(curl, CURLOPT_READDATA, call);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, call);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, call);
    if (call->easy->setup.class == GS3_HTTP_SEND)
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                         (curl_off_t)call->request.body.length_bytes);
}

int gs3_http_body_gather(struct gs3_http_call *call)
{
    const struct gs3_http_body *body = &call->request.body;
    size_t length_bytes = (size_t)body->length_bytes;
    const char *bytes = body->bytes ? body->bytes : "";
    if (length_bytes > 0 && !body->bytes) {
        bytes = call->gathered = gs3_xmalloc(length_bytes);
        while (call->sent_bytes < length_bytes) {
            size_t room = length_bytes - (size_t)call->sent_bytes;
            if (read_body(call->gathered + call->sent_bytes, 1, room, call) == CURL_READFUNC_ABORT)
                return -1;
        }
    }
    call->sent_bytes = length_bytes;
    curl_easy_setopt(call->easy->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length_bytes);
    curl_easy_setopt(call->easy->curl, CURLOPT_POSTFIELDS, bytes);
    return 0;
}
