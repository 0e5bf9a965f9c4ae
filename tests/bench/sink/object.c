/*
 * Operations on objects: put, copy, get, head, delete.
 */
#include "sink.h"

#include <stdlib.h>
#include <string.h>

bool sink_check_match(struct sink_exchange *x, const char *wanted, const char *etag)
{
    char quoted[SINK_ETAG_CHARS + 2];
    snprintf(quoted, sizeof quoted, "\"%s\"", etag);
    if (!wanted || strcmp(wanted, "*") == 0 || strcmp(wanted, quoted) == 0 ||
        strcmp(wanted, etag) == 0)
        return true;
    sink_count(&x->sink->stats, SINK_ANSWERED_412, 1);
    sink_answer_error(x, "412 Precondition Failed", "PreconditionFailed",
                      "A condition does not hold.");
    return false;
}

bool sink_check_write(struct sink_exchange *x)
{
    const struct sink_request *request = x->request;
    struct sink_object there;
    if (!request->if_none_match && !request->if_match)
        return true;
    bool is_there = sink_index_find(&x->sink->index, request->path, &there);
    bool may = !request->if_match;
    if (is_there && request->if_none_match)
        may = sink_check_match(x, "", "there");
    else if (is_there)
        may = sink_check_match(x, request->if_match, there.etag);
    else if (request->if_match)
        sink_answer_missing(x, "NoSuchKey");
    sink_object_release(&there);
    return may;
}

static char *take_kept(const struct sink_request *request)
{
    return request->kept.len > 0 ? sink_strdup(request->kept.data) : NULL;
}

/* True: the body is kept, or need not be. */
static bool keep_body(struct sink_exchange *x, struct sink_object *object)
{
    if (!x->sink->options.keeps_bodies)
        return true;
    bool is_framed = x->request->is_streaming && !x->sink->options.has_checksums;
    if (is_framed || x->body->is_full) {
        sink_answer_error(x, "501 Not Implemented", "NotImplemented",
                          "gs3-sink keeps no body in signed chunks, and none over 1 GiB.");
        return false;
    }
    object->blob = sink_blob_new(x->body->data, x->body->len);
    x->body->data = NULL;
    x->body->len = x->body->cap = 0;
    return true;
}

void sink_put_object(struct sink_exchange *x)
{
    struct sink_object object = {.size_bytes = x->body_bytes};
    if (x->body_bytes > SINK_ONE_MAX_BYTES) {
        sink_answer_error(x, "400 Bad Request", "EntityTooLarge",
                          "Your proposed upload exceeds the maximum allowed size");
        return;
    }
    if (!sink_check_write(x) || !sink_checksum_check(x, &x->checksum) || !keep_body(x, &object))
        return;
    object.checksum = x->checksum;
    if (x->sink->options.has_md5)
        sink_hex(object.etag, x->md5, sizeof x->md5);
    else
        sink_etag_make(x->sink, x->request->path, object.size_bytes, object.etag);
    object.headers = take_kept(x->request);
    char line[SINK_CHECKSUM_LINE];
    char extra[SINK_ETAG_CHARS + 16 + SINK_CHECKSUM_LINE];
    sink_checksum_line(&object.checksum, line);
    snprintf(extra, sizeof extra, "ETag: \"%s\"\r\n%s", object.etag, line);
    sink_index_put(&x->sink->index, x->request->path, &object);
    sink_answer_empty(x, "200 OK", extra);
}

static void answer_copy(struct sink_exchange *x, const char *etag)
{
    char body[400];
    char when[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S.000Z", gmtime_r(&now, &parts));
    snprintf(body, sizeof body,
             SINK_XML "<CopyObjectResult" SINK_NAMESPACE "><LastModified>%s</LastModified>"
                      "<ETag>&quot;%s&quot;</ETag></CopyObjectResult>",
             when, etag);
    sink_answer(x, "200 OK", "", body);
}

void sink_copy_object(struct sink_exchange *x)
{
    struct sink_object object;
    if (!sink_index_find(&x->sink->index, x->request->copy_source, &object)) {
        sink_answer_missing(x, "NoSuchKey");
        return;
    }
    if (object.size_bytes > SINK_ONE_MAX_BYTES) {
        sink_answer_error(x, "400 Bad Request", "InvalidRequest",
                          "The specified copy source is larger than the maximum allowable size "
                          "for a copy source: 5368709120");
    } else if (sink_check_match(x, x->request->copy_if_match, object.etag) && sink_check_write(x)) {
        if (x->request->is_replace) {
            free(object.headers);
            object.headers = take_kept(x->request);
        }
        /* Without parts, a copy's ETag is that of its bytes: the MD5 again, where there is one. */
        if (!x->sink->options.has_md5)
            sink_etag_make(x->sink, x->request->path, object.size_bytes, object.etag);
        answer_copy(x, object.etag);
        sink_index_put(&x->sink->index, x->request->path, &object);
        return;
    }
    sink_object_release(&object);
}

/* The first byte and the number of bytes that the request's range selects. False: none. */
static bool select_range(const struct sink_request *request, uint64_t size, uint64_t *first,
                         uint64_t *length)
{
    uint64_t last = request->range_last;
    *first = 0;
    *length = size;
    if (!request->has_range)
        return true;
    if (request->range_first == UINT64_MAX) { /* the last N */
        *length = last < size ? last : size;
        *first = size - *length;
        return *length > 0;
    }
    if (request->range_first >= size || last < request->range_first)
        return false;
    *first = request->range_first;
    *length = (last < size ? last + 1 : size) - *first;
    return true;
}

/* S3 tells that of the whole only with the whole. What no upload brought is zeros. */
static void tell_checksum(struct sink_exchange *x, const struct sink_object *object)
{
    char line[SINK_CHECKSUM_LINE];
    struct sink_checksum checksum = object->checksum;
    if (!x->sink->options.has_checksums || !x->request->wants_checksum || x->request->has_range)
        return;
    if (sink_synthetic_find(x->request->path, &(struct sink_object){0}))
        checksum = sink_checksum_zeros(GS3_CRC64NVME, object->size_bytes);
    sink_checksum_line(&checksum, line);
    if (line[0])
        sink_buf_printf(x->answer, "%sx-amz-checksum-type: FULL_OBJECT\r\n", line);
}

static void send_object(struct sink_exchange *x, struct sink_object *object)
{
    const struct sink_request *request = x->request;
    uint64_t first;
    uint64_t length;
    char modified[40];
    if (!select_range(request, object->size_bytes, &first, &length)) {
        sink_answer_error(x, "416 Requested Range Not Satisfiable", "InvalidRange",
                          "The requested range is not satisfiable");
        return;
    }
    sink_dates_http(object->modified, modified);
    sink_answer_head(x, request->has_range ? "206 Partial Content" : "200 OK",
                     object->headers ? object->headers : "");
    if (!object->headers || !strcasestr(object->headers, "content-type:"))
        sink_buf_text(x->answer, "Content-Type: binary/octet-stream\r\n");
    sink_buf_printf(x->answer, "ETag: \"%s\"\r\nLast-Modified: %s\r\nAccept-Ranges: bytes\r\n",
                    object->etag, modified);
    tell_checksum(x, object);
    if (request->has_range)
        sink_buf_printf(x->answer, "Content-Range: bytes %llu-%llu/%llu\r\n",
                        (unsigned long long)first, (unsigned long long)(first + length - 1),
                        (unsigned long long)object->size_bytes);
    sink_answer_length(x, length);
    if (request->op != SINK_GET_OBJECT)
        return;
    sink_count(&x->sink->stats, SINK_BYTES_OUT, length);
    *x->payload = (struct sink_payload){.blob = sink_blob_take(object->blob),
                                        .offset = first,
                                        .left_bytes = length};
}

/* If-None-Match on a read. */
static bool is_unchanged(const struct sink_request *request, const char *etag)
{
    const char *old = request->if_none_match;
    size_t len = strlen(etag);
    return old && (strcmp(old, "*") == 0 || strcmp(old, etag) == 0 ||
                   (old[0] == '"' && strncmp(old + 1, etag, len) == 0 &&
                    strcmp(old + 1 + len, "\"") == 0));
}

static void answer_unchanged(struct sink_exchange *x, const char *etag)
{
    sink_answer_head(x, "304 Not Modified", "");
    sink_buf_printf(x->answer, "ETag: \"%s\"\r\n\r\n", etag);
}

void sink_get_object(struct sink_exchange *x)
{
    struct sink_object object;
    if (!sink_index_find(&x->sink->index, x->request->path, &object)) {
        sink_answer_missing(x, "NoSuchKey");
        return;
    }
    if (is_unchanged(x->request, object.etag))
        answer_unchanged(x, object.etag);
    else if (sink_check_match(x, x->request->if_match, object.etag))
        send_object(x, &object);
    sink_object_release(&object);
}

void sink_delete_object(struct sink_exchange *x)
{
    struct sink_object object;
    bool is_there = sink_index_find(&x->sink->index, x->request->path, &object);
    bool may = !is_there || sink_check_match(x, x->request->if_match, object.etag);
    sink_object_release(&object);
    if (!may)
        return;
    sink_index_delete(&x->sink->index, x->request->path);
    sink_answer_empty(x, "204 No Content", "");
}

/* Whether the object is absent, or has that ETag, in quotes or not. */
static bool has_etag(struct sink *sink, const char *path, const char *etag)
{
    struct sink_object object;
    char quoted[SINK_ETAG_CHARS + 2];
    if (!sink_index_find(&sink->index, path, &object))
        return true;
    snprintf(quoted, sizeof quoted, "\"%s\"", object.etag);
    bool is_same =
        strcmp(etag, "*") == 0 || strcmp(etag, object.etag) == 0 || strcmp(etag, quoted) == 0;
    sink_object_release(&object);
    return is_same;
}

/* Deletes the key of one <Key> element, which is still encoded, where its ETag is that. */
static void delete_key(struct sink_exchange *x, char *key, const char *etag, struct sink_buf *out,
                       bool is_quiet)
{
    char path[SINK_PATH_MAX_BYTES];
    struct sink_buf escaped = {.max = SINK_ANSWER_MAX_BYTES};
    sink_buf_text(&escaped, key);
    sink_xml_decode(key);
    int len =
        snprintf(path, sizeof path, "%.*s/%s", (int)x->request->bucket_len, x->request->path, key);
    bool is_whole = len > 0 && (size_t)len < sizeof path;
    if (is_whole && etag && !has_etag(x->sink, path, etag)) {
        sink_buf_printf(out,
                        "<Error><Key>%s</Key><Code>PreconditionFailed</Code>"
                        "<Message>A condition does not hold.</Message></Error>",
                        escaped.data);
    } else {
        if (is_whole)
            sink_index_delete(&x->sink->index, path);
        if (!is_quiet)
            sink_buf_printf(out, "<Deleted><Key>%s</Key></Deleted>", escaped.data);
        sink_count(&x->sink->stats, SINK_KEYS_DELETED, 1);
    }
    sink_buf_release(&escaped);
}

/* The text of the <ETag> within this <Object>, decoded; NULL: none. Ends it, moves *at past it. */
static char *take_etag(char **at)
{
    char *end = strstr(*at, "</Object>");
    char *etag = strstr(*at, "<ETag>");
    char *close = etag ? strstr(etag, "</ETag>") : NULL;
    if (!close || (end && end < close))
        return NULL;
    *close = '\0';
    *at = close + 1;
    sink_xml_decode(etag + 6);
    return etag + 6;
}

void sink_delete_objects(struct sink_exchange *x)
{
    struct sink_buf out = {.max = SINK_ANSWER_MAX_BYTES};
    char *at = x->body->data;
    if (!at || x->body->is_full) {
        sink_answer_error(x, "400 Bad Request", "MalformedXML", "The list is empty or too long.");
        return;
    }
    bool is_quiet = strstr(at, "<Quiet>true</Quiet>") != NULL;
    sink_buf_text(&out, SINK_XML "<DeleteResult" SINK_NAMESPACE ">");
    while ((at = strstr(at, "<Key>"))) {
        char *end = strstr(at += 5, "</Key>");
        if (!end)
            break;
        *end = '\0';
        char *key = at;
        at = end + 1;
        delete_key(x, key, take_etag(&at), &out, is_quiet);
    }
    sink_buf_text(&out, "</DeleteResult>");
    sink_answer(x, "200 OK", "", out.data);
    sink_buf_release(&out);
}
