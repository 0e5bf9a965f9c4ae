/*
 * Which S3 operation a request is.
 */
#include "sink.h"

#include <string.h>

static bool has_any(const struct sink_request *request, const char *const *names)
{
    for (; *names; names++)
        if (sink_query_has(request, *names))
            return true;
    return false;
}

static enum sink_op route_put(const struct sink_request *request)
{
    if (!*request->key)
        return SINK_CREATE_BUCKET;
    if (sink_query_has(request, "acl"))
        return SINK_OTHER;
    if (sink_query_has(request, "uploadId"))
        return request->copy_source ? SINK_COPY_PART : SINK_UPLOAD_PART;
    return request->copy_source ? SINK_COPY_OBJECT : SINK_PUT_OBJECT;
}

static enum sink_op route_get(const struct sink_request *request)
{
    static const char *const settings[] = {"versioning", "acl",         "uploads",
                                           "policy",     "cors",        "lifecycle",
                                           "encryption", "object-lock", NULL};
    if (*request->key)
        return sink_query_has(request, "uploadId") ? SINK_LIST_PARTS
               : sink_query_has(request, "acl")    ? SINK_OTHER
                                                   : SINK_GET_OBJECT;
    if (sink_query_has(request, "location"))
        return SINK_BUCKET_LOCATION;
    if (has_any(request, settings))
        return SINK_OTHER;
    return sink_query_has(request, "list-type") ? SINK_LIST_V2 : SINK_LIST_V1;
}

static enum sink_op route_post(const struct sink_request *request)
{
    if (sink_query_has(request, "delete"))
        return SINK_DELETE_OBJECTS;
    if (sink_query_has(request, "uploads"))
        return SINK_CREATE_UPLOAD;
    return sink_query_has(request, "uploadId") ? SINK_COMPLETE_UPLOAD : SINK_OTHER;
}

static enum sink_op route_delete(const struct sink_request *request)
{
    if (!*request->key)
        return SINK_DELETE_BUCKET;
    return sink_query_has(request, "uploadId") ? SINK_ABORT_UPLOAD : SINK_DELETE_OBJECT;
}

static enum sink_op route(const struct sink_request *request)
{
    const char *method = request->method;
    if (request->path[0] == '_') /* no bucket begins so: the sink's own */
        return SINK_OTHER;
    if (request->bucket_len == 0)
        return SINK_LIST_BUCKETS;
    if (sink_query_has(request, "tagging"))
        return SINK_TAGGING;
    if (strcmp(method, "PUT") == 0)
        return route_put(request);
    if (strcmp(method, "GET") == 0)
        return route_get(request);
    if (strcmp(method, "HEAD") == 0)
        return *request->key ? SINK_HEAD_OBJECT : SINK_HEAD_BUCKET;
    if (strcmp(method, "DELETE") == 0)
        return route_delete(request);
    return strcmp(method, "POST") == 0 ? route_post(request) : SINK_OTHER;
}

void sink_request_route(struct sink_request *request)
{
    char part[24];
    request->op = route(request);
    if (sink_query_get(request, "partNumber", part, sizeof part))
        sink_number_read(part, &request->part, NULL);
}
