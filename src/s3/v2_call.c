#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "s3/v2_internal.h"
#include "text/uri.h"

enum { HEADERS_MAXIMUM = 512, PATH_BYTES = 4096, PAGE_SIZE = 1000 };

/* The first failure of a callback is the one to report. */
static int give_up(struct gs3_s3_call *call, const char *reason)
{
    if (call->failure.class == GS3_OK)
        gs3_fail(&call->failure, GS3_EINVALID, "%s", reason);
    return -1;
}

static long read_file(struct gs3_s3_call *call, char *buffer, size_t room)
{
    ssize_t got;
    do {
        got = pread(call->body.fd, buffer, room, (off_t)(call->body.offset + call->sent_bytes));
    } while (got < 0 && errno == EINTR);
    if (got > 0)
        return got;
    if (got < 0)
        gs3_fail_errno(&call->failure, GS3_EIO, errno, "cannot read the file being sent");
    else
        gs3_fail(&call->failure, GS3_EIO,
                 "the file changed while it was read: it is now shorter than at the start");
    return -1;
}

static long read_source(struct gs3_s3_call *call, char *buffer, size_t room)
{
    const struct gs3_http_source *source = call->body.source;
    size_t got = 0;
    if (source->read(source->context, buffer, room, &got, &call->failure) == 0 && got > 0)
        return (long)got;
    return give_up(call, "the body ended early");
}

static long read_body(void *context, char *buffer, size_t room)
{
    struct gs3_s3_call *call = context;
    uint64_t left_bytes = call->body.length_bytes - call->sent_bytes;
    long got;
    if (room > left_bytes)
        room = (size_t)left_bytes;
    if (room == 0)
        return 0;
    if (call->body.bytes) {
        memcpy(buffer, (const char *)call->body.bytes + call->sent_bytes, room);
        got = (long)room;
    } else {
        got = call->body.source ? read_source(call, buffer, room) : read_file(call, buffer, room);
    }
    if (got <= 0)
        return -1;
    call->sent_bytes += (uint64_t)got;
    gs3_sum_update(&call->md5, buffer, (size_t)got);
    return got;
}

int gs3_v2_body_begin(struct gs3_s3_call *call)
{
    const struct gs3_http_source *source = call->body.bytes ? NULL : call->body.source;
    if (source && call->sent_bytes > 0 && source->rewind(source->context, &call->failure))
        return give_up(call, "the body cannot be sent again");
    call->sent_bytes = 0;
    gs3_sum_reset(&call->md5);
    return 0;
}

/* libcurl asks when a connection that it kept turns out to be closed. */
static int rewind_body(void *context, uint64_t offset)
{
    return offset == 0 ? gs3_v2_body_begin(context) : -1;
}

void gs3_v2_body_end(struct gs3_s3_call *call, struct gs3_s3_result *result)
{
    unsigned char md5[GS3_SUM_BYTES];
    if (!call->wants_md5)
        return;
    size_t length = gs3_sum_finish(&call->md5, md5);
    result->md5 = gs3_xcalloc(2 * length + 1, 1);
    gs3_hex_encode(md5, length, result->md5);
}

static int take_status(struct gs3_s3_call *call, const char *line, size_t length_bytes)
{
    const char *space = memchr(line, ' ', length_bytes);
    struct gs3_http_response *response = &call->response;
    if (!space || (size_t)(line + length_bytes - space) < 4 || !gs3_ascii_is_digit(space[1]) ||
        !gs3_ascii_is_digit(space[2]) || !gs3_ascii_is_digit(space[3]))
        return give_up(call, "the answer has no status");
    /* One after an interim answer (100) begins anew. */
    gs3_pairs_release(&response->headers);
    response->headers = (struct gs3_pairs)GS3_PAIRS_INIT;
    response->status = (space[1] - '0') * 100 + (space[2] - '0') * 10 + (space[3] - '0');
    return 0;
}

static int take_header(struct gs3_s3_call *call, const char *line, size_t length_bytes)
{
    if (call->response.headers.count == HEADERS_MAXIMUM)
        return give_up(call, "the answer has too many headers");
    if (gs3_http_header_add(&call->response.headers, line, length_bytes))
        return give_up(call, "the answer has a malformed header");
    return 0;
}

static int take_head(void *context, const char *line, size_t length_bytes)
{
    static const char http[] = "HTTP/";
    struct gs3_s3_call *call = context;
    while (length_bytes > 0 && (line[length_bytes - 1] == '\n' || line[length_bytes - 1] == '\r'))
        length_bytes--;
    if (length_bytes == 0)
        return 0;
    if (length_bytes >= sizeof http - 1 && memcmp(line, http, sizeof http - 1) == 0)
        return take_status(call, line, length_bytes);
    return take_header(call, line, length_bytes);
}

static int take_body(void *context, const char *bytes, size_t length_bytes)
{
    struct gs3_s3_call *call = context;
    const struct gs3_http_sink *sink = call->sink;
    struct gs3_http_response *response = &call->response;
    response->received_bytes += length_bytes;
    if (!sink || response->status < 200 || response->status >= 300)
        return gs3_buf_append(&response->body, bytes, length_bytes)
                   ? give_up(call, "the answer is too large")
                   : 0;
    bool is_first = !call->has_sunk;
    call->has_sunk = true;
    if ((is_first && sink->begin &&
         sink->begin(sink->context, &response->headers, &call->failure)) ||
        sink->write(sink->context, bytes, length_bytes, &call->failure))
        return give_up(call, "the answer was not taken");
    return 0;
}

int gs3_v2_answer_reset(struct gs3_s3_call *call, struct gs3_err *err)
{
    const struct gs3_http_sink *sink = call->sink;
    return call->has_sunk && sink && sink->reset ? sink->reset(sink->context, err) : 0;
}

static int scan_bytes(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    return gs3_list_scan_write(context, bytes, length_bytes, err);
}

static int scan_again(void *context, struct gs3_err *err)
{
    (void)err;
    gs3_list_scan_reset(context);
    return 0;
}

static void build_list(struct gs3_s3_call *call, const struct gs3_s3_request *request)
{
    const char *after =
        request->continuation_token ? request->continuation_token : request->start_after;
    call->scan = gs3_xcalloc(1, sizeof *call->scan);
    gs3_list_scan_init(call->scan, request->entry, request->entry_context);
    call->list_sink =
        (struct gs3_http_sink){.write = scan_bytes, .reset = scan_again, .context = call->scan};
    call->sink = &call->list_sink;
    call->prefix = gs3_str_is_empty(request->prefix) ? NULL : gs3_xstrdup(request->prefix);
    call->marker = gs3_xstrdup_or_null(after);
    call->send.page_size = request->page_size > 0 && request->page_size < PAGE_SIZE
                               ? (int)request->page_size
                               : PAGE_SIZE;
}

static enum gs3_v2_acl acl_of(const struct gs3_s3_write_options *write)
{
    const char *acl = write && write->acl ? write->acl : "private";
    if (strcmp(acl, "public-read") == 0)
        return GS3_V2_ACL_PUBLIC_READ;
    if (strcmp(acl, "public-read-write") == 0)
        return GS3_V2_ACL_PUBLIC_READ_WRITE;
    return strcmp(acl, "authenticated-read") == 0 ? GS3_V2_ACL_AUTHENTICATED_READ
                                                  : GS3_V2_ACL_PRIVATE;
}

static void build_write(struct gs3_s3_call *call, const struct gs3_s3_request *request)
{
    if (request->properties)
        gs3_s3_properties_copy(&call->properties, request->properties);
    if (request->metadata)
        gs3_pairs_copy(&call->metadata, request->metadata);
    call->body = request->body;
    call->wants_md5 = request->wants_md5;
    call->send.acl = acl_of(request->write);
    if (request->op != GS3_S3_COPY_OBJECT)
        return;
    struct gs3_buf path = GS3_BUF_INIT(PATH_BYTES);
    gs3_uri_encode(&path, request->copy_source.key, true);
    call->source_bucket = gs3_xstrdup(request->copy_source.bucket);
    call->source_key = gs3_xstrdup(request->copy_source.key);
    call->source_path = gs3_buf_take(&path);
    call->source_etag = gs3_xstrdup_or_null(request->copy_source_if_match);
    call->body = (struct gs3_http_body){.length_bytes = 0};
}

static enum gs3_v2_verb verb_of(enum gs3_s3_op op)
{
    switch ((int)op) {
    case GS3_S3_PUT_OBJECT: return GS3_V2_PUT;
    case GS3_S3_COPY_OBJECT: return GS3_V2_COPY;
    case GS3_S3_GET_OBJECT: return GS3_V2_GET;
    case GS3_S3_DELETE_OBJECT: return GS3_V2_DELETE;
    case GS3_S3_LIST_OBJECTS: return GS3_V2_LIST;
    default: return GS3_V2_HEAD;
    }
}

void gs3_v2_call_build(struct gs3_s3_call *call, const struct gs3_s3_request *request)
{
    call->op = request->op;
    call->bucket = gs3_xstrdup(request->object.bucket);
    call->key = gs3_xstrdup_or_null(request->object.key);
    call->survives_interrupt = request->survives_interrupt;
    gs3_sum_init(&call->md5, request->wants_md5 ? GS3_SUM_MD5 : GS3_SUM_NONE);
    if (request->op == GS3_S3_GET_OBJECT) {
        call->sink = request->sink;
        call->range = request->range;
        call->if_match = gs3_xstrdup_or_null(request->if_match);
    } else if (request->op == GS3_S3_LIST_OBJECTS) {
        build_list(call, request);
    } else if (request->op == GS3_S3_PUT_OBJECT || request->op == GS3_S3_COPY_OBJECT) {
        build_write(call, request);
    }
    struct gs3_v2_send *send = &call->send;
    send->verb = verb_of(request->op);
    send->bucket = call->bucket;
    send->key = call->key;
    send->source_bucket = call->source_bucket;
    send->source_key = call->source_path;
    send->content_type = call->properties.content_type;
    send->cache_control = call->properties.cache_control;
    send->content_encoding = call->properties.content_encoding;
    send->metadata = &call->metadata;
    send->if_match = call->if_match;
    send->range_first = call->range.first;
    send->range_length = call->range.length_bytes;
    send->prefix = call->prefix;
    send->marker = call->marker;
    send->body_bytes = call->body.length_bytes;
    send->read = read_body;
    send->rewind = rewind_body;
    send->head = take_head;
    send->write = take_body;
}

void gs3_v2_call_free(struct gs3_s3_call *call)
{
    gs3_list_scan_release(call->scan);
    free(call->scan);
    free(call->bucket);
    free(call->key);
    free(call->source_bucket);
    free(call->source_key);
    free(call->source_path);
    free(call->source_etag);
    free(call->if_match);
    free(call->prefix);
    free(call->marker);
    gs3_s3_properties_release(&call->properties);
    gs3_pairs_release(&call->metadata);
    gs3_http_response_release(&call->response);
    gs3_s3_document_release(&call->document);
    gs3_sum_release(&call->md5);
    free(call);
}
