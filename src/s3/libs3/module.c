#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include "base/mem.h"
#include "s3/libs3/internal.h"

struct gs3_v2 {
    struct gs3_v2_hook hook;
};

struct gs3_v2_line {
    const struct gs3_v2_hook *hook;
    S3RequestContext *context;
};

/* Whether libs3 uses the module's encoding: with its own the first would be "a+b". */
static bool encodes_as_s3(void)
{
    static const char wanted[] = "/a%20b/%C3%A9?";
    char query[S3_MAX_AUTHENTICATED_QUERY_STRING_SIZE];
    const S3BucketContext bucket = {.bucketName = "bucket",
                                    .protocol = S3ProtocolHTTP,
                                    .uriStyle = S3UriStylePath,
                                    .accessKeyId = "A",
                                    .secretAccessKey = "B"};
    return S3_generate_authenticated_query_string(query, &bucket, "a b/\xc3\xa9", 1, NULL) ==
               S3StatusOK &&
           strstr(query, wanted) != NULL;
}

static struct gs3_v2 *open_libs3(const struct gs3_v2_settings *settings, char *why, size_t room)
{
    struct gs3_v2 *v2 = gs3_xcalloc(1, sizeof *v2);
    const char *reason = NULL;
    S3Status status = S3StatusOK;
    if (gs3_v2_hook_init(&v2->hook, settings))
        reason = "its libcurl is not found";
    else if (strlen(settings->host) > S3_MAX_HOSTNAME_SIZE)
        reason = "the host's name is too long for it";
    else if ((status = S3_initialize("gs3", S3_INIT_ALL, settings->host)) != S3StatusOK)
        reason = S3_get_status_name(status);
    else if (!encodes_as_s3())
        reason = "it is not the libs3 2.0 that gs3 knows";
    if (!reason)
        return v2;
    snprintf(why, room, "%s", reason);
    free(v2);
    return NULL;
}

static void close_libs3(struct gs3_v2 *v2)
{
    S3_deinitialize();
    free(v2);
}

static void open_context(struct gs3_v2_line *line)
{
    if (S3_create_request_context(&line->context) != S3StatusOK)
        gs3_out_of_memory();
}

static struct gs3_v2_line *new_line(const struct gs3_v2 *v2)
{
    struct gs3_v2_line *line = gs3_xcalloc(1, sizeof *line);
    line->hook = &v2->hook;
    open_context(line);
    return line;
}

static void free_line(struct gs3_v2_line *line)
{
    S3_destroy_request_context(line->context);
    free(line);
}

static S3Status take_properties(const S3ResponseProperties *properties, void *context)
{
    (void)properties;
    (void)context;
    return S3StatusOK;
}

/* Codes of the service come after those of what libs3 saw itself; they are read from the answer. */
static void complete(S3Status status, const S3ErrorDetails *details, void *context)
{
    (void)details;
    struct gs3_v2_send *send = context;
    send->is_done = true;
    send->has_failed = status != S3StatusOK && status < S3StatusErrorAccessDenied;
    send->what = S3_get_status_name(status);
}

static int give_no_body(int room, char *buffer, void *context)
{
    (void)room;
    (void)buffer;
    (void)context;
    return -1;
}

static S3Status take_no_body(int length, const char *buffer, void *context)
{
    (void)length;
    (void)buffer;
    (void)context;
    return S3StatusInternalError;
}

static S3Status take_no_list(int is_truncated, const char *next_marker, int contents_count,
                             const S3ListBucketContent *contents, int prefix_count,
                             const char **prefixes, void *context)
{
    (void)is_truncated;
    (void)next_marker;
    (void)contents;
    (void)prefixes;
    (void)context;
    /* Of an empty answer, which is what libs3 saw. */
    return contents_count == 0 && prefix_count == 0 ? S3StatusOK : S3StatusInternalError;
}

static const S3ResponseHandler handler = {.propertiesCallback = take_properties,
                                          .completeCallback = complete};

static S3CannedAcl acl_of(enum gs3_v2_acl acl)
{
    switch (acl) {
    case GS3_V2_ACL_PUBLIC_READ: return S3CannedAclPublicRead;
    case GS3_V2_ACL_PUBLIC_READ_WRITE: return S3CannedAclPublicReadWrite;
    case GS3_V2_ACL_AUTHENTICATED_READ: return S3CannedAclAuthenticatedRead;
    case GS3_V2_ACL_PRIVATE: break;
    }
    return S3CannedAclPrivate;
}

static void write_object(struct gs3_v2_line *line, struct gs3_v2_send *send, S3BucketContext bucket)
{
    static const S3PutObjectHandler put = {.responseHandler = {.propertiesCallback =
                                                                   take_properties,
                                                               .completeCallback = complete},
                                           .putObjectDataCallback = give_no_body};
    size_t count = send->metadata ? send->metadata->count : 0;
    S3NameValue *metadata = gs3_xcalloc(count + 1, sizeof *metadata);
    for (size_t i = 0; i < count; i++)
        metadata[i] = (S3NameValue){.name = send->metadata->items[i].name,
                                    .value = send->metadata->items[i].value};
    const S3PutProperties properties = {.contentType = send->content_type,
                                        .cacheControl = send->cache_control,
                                        .contentEncoding = send->content_encoding,
                                        .expires = -1,
                                        .cannedAcl = acl_of(send->acl),
                                        .metaDataCount = (int)count,
                                        .metaData = metadata};
    if (send->verb == GS3_V2_PUT) {
        S3_put_object(&bucket, send->key, send->body_bytes, &properties, line->context, &put, send);
    } else {
        bucket.bucketName = send->source_bucket;
        S3_copy_object(&bucket, send->source_key, send->bucket, send->key, &properties, NULL, 0,
                       NULL, line->context, &handler, send);
    }
    free(metadata);
}

static void read_store(struct gs3_v2_line *line, struct gs3_v2_send *send,
                       const S3BucketContext *bucket)
{
    static const S3GetObjectHandler get = {.responseHandler = {.propertiesCallback =
                                                                   take_properties,
                                                               .completeCallback = complete},
                                           .getObjectDataCallback = take_no_body};
    static const S3ListBucketHandler list = {.responseHandler = {.propertiesCallback =
                                                                     take_properties,
                                                                 .completeCallback = complete},
                                             .listBucketCallback = take_no_list};
    const S3GetConditions conditions = {.ifModifiedSince = -1,
                                        .ifNotModifiedSince = -1,
                                        .ifMatchETag = send->if_match};
    if (send->verb == GS3_V2_GET)
        S3_get_object(bucket, send->key, &conditions, send->range_first, send->range_length,
                      line->context, &get, send);
    else
        S3_list_bucket(bucket, send->prefix, send->marker, NULL, send->page_size, line->context,
                       &list, send);
}

static void start(struct gs3_v2_line *line, struct gs3_v2_send *send)
{
    const struct gs3_v2_settings *settings = line->hook->settings;
    const S3BucketContext bucket = {
        .bucketName = send->bucket,
        .protocol = settings->is_https ? S3ProtocolHTTPS : S3ProtocolHTTP,
        .uriStyle = settings->is_path_style ? S3UriStylePath : S3UriStyleVirtualHost,
        .accessKeyId = send->access_key,
        .secretAccessKey = send->secret_key,
    };
    send->is_done = send->has_failed = send->is_hooked = false;
    send->error[0] = '\0';
    gs3_v2_hook_begin(line->hook, send);
    switch (send->verb) {
    case GS3_V2_PUT:
    case GS3_V2_COPY: write_object(line, send, bucket); break;
    case GS3_V2_GET:
    case GS3_V2_LIST: read_store(line, send, &bucket); break;
    case GS3_V2_HEAD: S3_head_object(&bucket, send->key, line->context, &handler, send); break;
    case GS3_V2_DELETE: S3_delete_object(&bucket, send->key, line->context, &handler, send); break;
    }
    gs3_v2_hook_end();
    if (send->is_hooked || send->is_done)
        return;
    /* Not one byte goes out on a handle that gs3 has not seen: the context is thrown away. */
    S3_destroy_request_context(line->context);
    open_context(line);
    send->has_failed = true;
}

/* Without a descriptor (a name is being looked up) there is nothing to select on but the time. */
static void await(struct gs3_v2_line *line, int wait_ms)
{
    fd_set readable, writable, exceptional;
    int highest = -1;
    int64_t timeout_ms = S3_get_request_context_timeout(line->context);
    if (timeout_ms >= 0 && timeout_ms < wait_ms)
        wait_ms = (int)timeout_ms;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_ZERO(&exceptional);
    S3_get_request_context_fdsets(line->context, &readable, &writable, &exceptional, &highest);
    struct timeval wait = {.tv_usec = (suseconds_t)(wait_ms % 1000) * 1000,
                           .tv_sec = wait_ms / 1000};
    select(highest + 1, &readable, &writable, &exceptional, &wait);
}

static void turn(struct gs3_v2_line *line, int wait_ms)
{
    int left = 0;
    S3_runonce_request_context(line->context, &left);
    if (left == 0 || wait_ms <= 0)
        return;
    await(line, wait_ms);
    S3_runonce_request_context(line->context, &left);
}

extern const struct gs3_s3_module gs3_s3_module;
GS3_MODULE_EXPORT const struct gs3_s3_module gs3_s3_module = {
    .abi = GS3_S3_MODULE_ABI,
    .send_bytes = sizeof(struct gs3_v2_send),
    .settings_bytes = sizeof(struct gs3_v2_settings),
    .release = PACKAGE_VERSION,
    .open = open_libs3,
    .close = close_libs3,
    .line_new = new_line,
    .line_free = free_line,
    .start = start,
    .turn = turn,
};
