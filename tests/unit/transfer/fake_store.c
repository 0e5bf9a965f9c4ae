#include "fake_store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "s3/checksum.h"

struct gs3_s3_call {
    struct gs3_s3_request request;
    char *bucket, *key, *source_bucket, *source_key, *if_match, *copy_if_match;
    struct gs3_pairs metadata, tags;
    struct gs3_s3_properties properties;
};

static void release_object(struct fake_object *object)
{
    free(object->bucket);
    free(object->key);
    free(object->content);
    free(object->etag);
    gs3_pairs_release(&object->metadata);
    gs3_pairs_release(&object->tags);
    gs3_pairs_release(&object->checksums);
    gs3_s3_properties_release(&object->properties);
    free(object);
}

struct fake_object *fake_store_find(struct fake_store *store, const char *bucket, const char *key)
{
    for (size_t i = 0; i < store->object_count; i++)
        if (gs3_str_equal(store->objects[i]->bucket, bucket) &&
            gs3_str_equal(store->objects[i]->key, key))
            return store->objects[i];
    return NULL;
}

static void remove_object(struct fake_store *store, const char *bucket, const char *key)
{
    for (size_t i = 0; i < store->object_count; i++) {
        if (!gs3_str_equal(store->objects[i]->bucket, bucket) ||
            !gs3_str_equal(store->objects[i]->key, key))
            continue;
        release_object(store->objects[i]);
        store->objects[i] = store->objects[--store->object_count];
        return;
    }
}

struct fake_object *fake_store_put(struct fake_store *store, const char *bucket, const char *key,
                                   const char *content, const struct gs3_pairs *metadata)
{
    char *copy = gs3_xstrdup(content); /* may be that of the object that goes */
    remove_object(store, bucket, key);
    struct fake_object *object = gs3_xcalloc(1, sizeof *object);
    object->bucket = gs3_xstrdup(bucket);
    object->key = gs3_xstrdup(key);
    object->content = copy;
    object->etag = gs3_xasprintf("\"etag-%u\"", ++store->version);
    if (metadata)
        gs3_pairs_copy(&object->metadata, metadata);
    store->objects[store->object_count++] = object;
    return object;
}

unsigned fake_store_count_calls(const struct fake_store *store, enum gs3_s3_op op)
{
    unsigned count = 0;
    for (unsigned i = 0; i < store->calls; i++)
        count += store->log[i] == op;
    return count;
}

static struct gs3_s3_call *start(struct gs3_s3_transport *transport,
                                 const struct gs3_s3_request *request)
{
    (void)transport;
    struct gs3_s3_call *call = gs3_xcalloc(1, sizeof *call);
    call->request = *request;
    call->bucket = gs3_xstrdup(request->object.bucket);
    call->key = gs3_xstrdup(request->object.key);
    call->source_bucket = gs3_xstrdup_or_null(request->copy_source.bucket);
    call->source_key = gs3_xstrdup_or_null(request->copy_source.key);
    call->if_match = gs3_xstrdup_or_null(request->if_match);
    call->copy_if_match = gs3_xstrdup_or_null(request->copy_source_if_match);
    if (request->metadata)
        gs3_pairs_copy(&call->metadata, request->metadata);
    if (request->tags)
        gs3_pairs_copy(&call->tags, request->tags);
    if (request->properties)
        gs3_s3_properties_copy(&call->properties, request->properties);
    return call;
}

static void free_call(struct gs3_s3_call *call)
{
    free(call->bucket);
    free(call->key);
    free(call->source_bucket);
    free(call->source_key);
    free(call->if_match);
    free(call->copy_if_match);
    gs3_pairs_release(&call->metadata);
    gs3_pairs_release(&call->tags);
    gs3_s3_properties_release(&call->properties);
    free(call);
}

static int fail(struct gs3_err *err, long status, const char *code)
{
    gs3_fail(err, GS3_ESERVICE, "An error occurred (%s) when calling the operation: no", code);
    err->http_status = status;
    snprintf(err->code, sizeof err->code, "%s", code);
    return -1;
}

static char *checksum_of(enum gs3_s3_checksum checksum, const char *content)
{
    unsigned char bytes[GS3_SUM_BYTES];
    struct gs3_sum sum;
    gs3_sum_init(&sum, gs3_s3_checksum_sum(checksum));
    gs3_sum_update(&sum, content, strlen(content));
    size_t count = gs3_sum_finish(&sum, bytes);
    gs3_sum_release(&sum);
    return gs3_base64_encode(bytes, count);
}

static char *md5_of(const char *content)
{
    unsigned char bytes[GS3_MD5_BYTES];
    char *hex = gs3_xmalloc(2 * sizeof bytes + 1);
    gs3_md5(content, strlen(content), bytes);
    gs3_hex_encode(bytes, sizeof bytes, hex);
    return hex;
}

/* What the transport computes as the body passes. */
static void sum_body(const struct gs3_s3_request *request, const char *content,
                     struct gs3_s3_result *result)
{
    if (request->checksum != GS3_S3_CHECKSUM_NONE)
        result->checksum = checksum_of(request->checksum, content);
    if (request->wants_md5)
        result->md5 = md5_of(content);
}

static void keep_checksum(const struct fake_store *store, struct fake_object *object,
                          enum gs3_s3_checksum checksum, const char *value)
{
    if (!store->keeps_checksums || checksum == GS3_S3_CHECKSUM_NONE || !value)
        return;
    gs3_pairs_set(&object->checksums, gs3_s3_checksum_suffix(checksum), value);
    gs3_pairs_set(&object->checksums, "type", "FULL_OBJECT");
}

static char *read_body(const struct gs3_http_body *body)
{
    char *content = gs3_xcalloc(body->length_bytes + 1, 1);
    if (pread(body->fd, content, body->length_bytes, (off_t)body->offset) ==
        (ssize_t)body->length_bytes)
        return content;
    free(content);
    return NULL;
}

static void set_md5_etag(const struct fake_store *store, struct fake_object *object)
{
    if (!store->has_md5_etags)
        return;
    gs3_auto_free char *md5 = md5_of(object->content);
    free(object->etag);
    object->etag = gs3_xasprintf("\"%s\"", md5);
}

static int put(struct fake_store *store, struct gs3_s3_call *call, struct gs3_s3_result *result,
               struct gs3_err *err)
{
    if (call->request.if_none_match && !store->ignores_if_none_match &&
        fake_store_find(store, call->bucket, call->key))
        return fail(err, 412, "PreconditionFailed");
    gs3_auto_free char *content = read_body(&call->request.body);
    if (!content)
        return fail(err, 400, "IncompleteBody");
    struct fake_object *object =
        fake_store_put(store, call->bucket, call->key, content, &call->metadata);
    gs3_s3_properties_copy(&object->properties, &call->properties);
    gs3_pairs_copy(&object->tags, &call->tags);
    sum_body(&call->request, content, result);
    keep_checksum(store, object, call->request.checksum, result->checksum);
    set_md5_etag(store, object);
    result->etag = gs3_xstrdup(object->etag);
    return 0;
}

static void drop_upload(struct fake_store *store)
{
    for (size_t i = 0; i < sizeof store->parts / sizeof *store->parts; i++) {
        gs3_s3_part_release(&store->parts[i]);
        free(store->part_contents[i]);
        store->part_contents[i] = NULL;
    }
    gs3_pairs_release(&store->upload_metadata);
}

static int create_upload(struct fake_store *store, struct gs3_s3_call *call,
                         struct gs3_s3_result *result)
{
    drop_upload(store);
    gs3_pairs_copy(&store->upload_metadata, &call->metadata);
    store->created_with = call->request.checksum;
    result->upload_id = gs3_xstrdup("upload-1");
    return 0;
}

static int put_part(struct fake_store *store, const struct gs3_s3_request *request,
                    struct gs3_s3_result *result, struct gs3_err *err)
{
    size_t index = request->part_number - 1;
    struct gs3_s3_part *part = &store->parts[index];
    char *content = read_body(&request->body);
    if (!content)
        return fail(err, 400, "IncompleteBody");
    free(store->part_contents[index]);
    gs3_s3_part_release(part);
    store->part_contents[index] = content;
    sum_body(request, content, result);
    gs3_auto_free char *md5 = md5_of(content);
    *part = (struct gs3_s3_part){
        .number = request->part_number,
        .size_bytes = strlen(content),
        .etag = gs3_xasprintf("\"%s\"", store->has_md5_etags ? md5 : "part"),
        .checksum = gs3_xstrdup_or_null(result->checksum),
    };
    result->etag = gs3_xstrdup(part->etag);
    return 0;
}

static int list_parts(const struct fake_store *store, struct gs3_s3_result *result)
{
    result->parts = gs3_xcalloc(sizeof store->parts / sizeof *store->parts, sizeof *result->parts);
    for (size_t i = 0; i < sizeof store->parts / sizeof *store->parts; i++) {
        const struct gs3_s3_part *part = &store->parts[i];
        if (!part->etag)
            continue;
        struct gs3_s3_part *told = &result->parts[result->parts_count++];
        *told = *part;
        told->etag = gs3_xstrdup(part->etag);
        told->checksum = store->forgets_part_checksums ? NULL : gs3_xstrdup_or_null(part->checksum);
    }
    return 0;
}

static char *etag_of_parts(const struct fake_store *store, size_t count)
{
    unsigned char digests[8 * GS3_MD5_BYTES], digest[GS3_MD5_BYTES];
    char hex[2 * GS3_MD5_BYTES + 1];
    for (size_t i = 0; i < count; i++)
        gs3_md5(store->part_contents[i], strlen(store->part_contents[i]),
                digests + i * GS3_MD5_BYTES);
    gs3_md5(digests, count * GS3_MD5_BYTES, digest);
    gs3_hex_encode(digest, sizeof digest, hex);
    return gs3_xasprintf("\"%s-%zu\"", hex, count);
}

static int complete(struct fake_store *store, struct gs3_s3_call *call,
                    struct gs3_s3_result *result)
{
    const struct gs3_s3_request *request = &call->request;
    size_t length = 0;
    for (size_t i = 0; i < request->part_count; i++)
        length += strlen(store->part_contents[i]);
    gs3_auto_free char *content = gs3_xcalloc(length + 1, 1);
    store->completed_part_checksums = 0;
    for (size_t i = 0, at = 0; i < request->part_count; i++) {
        store->completed_part_checksums += request->parts[i].checksum != NULL;
        memcpy(content + at, store->part_contents[i], strlen(store->part_contents[i]));
        at += strlen(store->part_contents[i]);
    }
    free(store->completed_with);
    store->completed_with = gs3_xstrdup_or_null(request->checksum_value);
    struct fake_object *object =
        fake_store_put(store, call->bucket, call->key, content, &store->upload_metadata);
    free(object->etag);
    object->etag = etag_of_parts(store, request->part_count);
    gs3_auto_free char *whole = checksum_of(request->checksum, content);
    if (request->checksum_value)
        keep_checksum(store, object, request->checksum, whole);
    gs3_pairs_copy(&result->checksums, &object->checksums);
    result->etag = gs3_xstrdup(object->etag);
    drop_upload(store);
    return 0;
}

static int copy(struct fake_store *store, struct gs3_s3_call *call, struct gs3_s3_result *result,
                struct gs3_err *err)
{
    store->copied_with = call->request.checksum;
    struct fake_object *source = fake_store_find(store, call->source_bucket, call->source_key);
    if (!source)
        return fail(err, 404, "NoSuchKey");
    if (call->copy_if_match && !gs3_str_equal(call->copy_if_match, source->etag))
        return fail(err, 412, "PreconditionFailed");
    if (call->request.if_none_match && !store->ignores_if_none_match &&
        fake_store_find(store, call->bucket, call->key))
        return fail(err, 412, "PreconditionFailed");
    gs3_auto_free char *content = gs3_xstrdup(source->content);
    gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
    gs3_pairs_copy(&tags, call->request.replace_tags ? &call->tags : &source->tags);
    struct fake_object *object =
        fake_store_put(store, call->bucket, call->key, content, &call->metadata);
    gs3_s3_properties_copy(&object->properties, &call->properties);
    if (!store->drops_tags_on_copy)
        gs3_pairs_copy(&object->tags, &tags);
    result->etag = gs3_xstrdup(object->etag);
    return 0;
}

static int head(struct fake_store *store, struct gs3_s3_call *call, struct gs3_s3_result *result,
                struct gs3_err *err)
{
    struct fake_object *object = fake_store_find(store, call->bucket, call->key);
    if (!object)
        return fail(err, 404, "404");
    result->etag = gs3_xstrdup(object->etag);
    result->length_bytes = strlen(object->content);
    result->has_length = true;
    result->last_modified = gs3_xstrdup("Sat, 21 Nov 2026 03:22:20 GMT");
    result->last_modified_s = 1795231340;
    result->tag_count = (unsigned)object->tags.count;
    gs3_pairs_copy(&result->metadata, &object->metadata);
    gs3_s3_properties_copy(&result->properties, &object->properties);
    if (call->request.checksum != GS3_S3_CHECKSUM_NONE)
        gs3_pairs_copy(&result->checksums, &object->checksums);
    if (call->request.get_part_number > 0 && store->part_bytes > 0) {
        result->part_count =
            (unsigned)((result->length_bytes + store->part_bytes - 1) / store->part_bytes);
        result->length_bytes = call->request.get_part_number == 2 && store->second_part_bytes > 0
                                   ? store->second_part_bytes
                                   : store->part_bytes;
    }
    return 0;
}

/* The headers that an answer would have. */
static void tell_headers(const struct gs3_s3_result *result, const struct gs3_http_sink *sink)
{
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    for (size_t i = 0; i < result->checksums.count; i++) {
        gs3_auto_free char *name =
            gs3_xasprintf("x-amz-checksum-%s", result->checksums.items[i].name);
        gs3_pairs_add(&headers, name, result->checksums.items[i].value);
    }
    if (sink->begin)
        sink->begin(sink->context, &headers, NULL);
}

static int get(struct fake_store *store, struct gs3_s3_call *call, struct gs3_s3_result *result,
               struct gs3_err *err)
{
    struct fake_object *object = fake_store_find(store, call->bucket, call->key);
    if (object && call->if_match && !gs3_str_equal(call->if_match, object->etag))
        return fail(err, 412, "PreconditionFailed");
    if (head(store, call, result, err))
        return -1;
    const struct gs3_http_sink *sink = call->request.sink;
    const struct gs3_s3_range *range = &call->request.range;
    size_t length = range->length_bytes > 0 ? range->length_bytes : strlen(object->content);
    result->range_total_bytes = result->length_bytes;
    result->has_range = range->length_bytes > 0;
    tell_headers(result, sink);
    return sink->write(sink->context, object->content + range->first, length, err);
}

static int delete (struct fake_store *store, struct gs3_s3_call *call, struct gs3_err *err)
{
    struct fake_object *object = fake_store_find(store, call->bucket, call->key);
    if (call->if_match && store->has_no_conditional_delete)
        return fail(err, 501, "NotImplemented");
    if (object && call->if_match && !gs3_str_equal(call->if_match, object->etag))
        return fail(err, 412, "PreconditionFailed");
    remove_object(store, call->bucket, call->key);
    return 0;
}

static int tagging(struct fake_store *store, struct gs3_s3_call *call, struct gs3_s3_result *result,
                   struct gs3_err *err)
{
    struct fake_object *object = fake_store_find(store, call->bucket, call->key);
    if (!object)
        return fail(err, 404, "NoSuchKey");
    if (call->request.op == GS3_S3_GET_OBJECT_TAGGING) {
        gs3_pairs_copy(&result->tags, &object->tags);
        return 0;
    }
    gs3_pairs_release(&object->tags);
    gs3_pairs_copy(&object->tags, &call->tags);
    return 0;
}

static int serve(struct fake_store *store, struct gs3_s3_call *call, struct gs3_s3_result *result,
                 struct gs3_err *err)
{
    switch (call->request.op) {
    case GS3_S3_PUT_OBJECT: return put(store, call, result, err);
    case GS3_S3_COPY_OBJECT: return copy(store, call, result, err);
    case GS3_S3_HEAD_OBJECT: return head(store, call, result, err);
    case GS3_S3_GET_OBJECT: return get(store, call, result, err);
    case GS3_S3_DELETE_OBJECT: return delete (store, call, err);
    case GS3_S3_GET_OBJECT_TAGGING:
    case GS3_S3_PUT_OBJECT_TAGGING: return tagging(store, call, result, err);
    case GS3_S3_CREATE_UPLOAD: return create_upload(store, call, result);
    case GS3_S3_UPLOAD_PART: return put_part(store, &call->request, result, err);
    case GS3_S3_COMPLETE_UPLOAD: return complete(store, call, result);
    case GS3_S3_LIST_PARTS: return list_parts(store, result);
    case GS3_S3_ABORT_UPLOAD: drop_upload(store); return 0;
    case GS3_S3_LIST_OBJECTS:
    case GS3_S3_DELETE_OBJECTS:
    case GS3_S3_UPLOAD_PART_COPY: break;
    }
    return gs3_fail(err, GS3_ESERVICE, "%s: not of this store", gs3_s3_op_name(call->request.op));
}

/* What happens to the store before the call. */
static void disturb(struct fake_store *store, enum fake_fault fault)
{
    struct fake_object *source =
        store->source_key ? fake_store_find(store, "bucket", store->source_key) : NULL;
    if (fault == FAKE_SOURCE_REPLACED && source)
        fake_store_put(store, "bucket", store->source_key, "someone else's", NULL);
    if (fault == FAKE_SOURCE_GONE && source)
        remove_object(store, "bucket", store->source_key);
    if (fault == FAKE_DESTINATION_GONE && store->destination_key)
        remove_object(store, "bucket", store->destination_key);
}

/* What happens to the answer. */
static void distort(enum fake_fault fault, struct gs3_s3_result *result)
{
    if (fault == FAKE_WRONG_ETAG || fault == FAKE_NO_ETAG) {
        free(result->etag);
        result->etag = fault == FAKE_NO_ETAG ? NULL : gs3_xstrdup("\"another\"");
    }
    if (fault == FAKE_WRONG_MD5) {
        free(result->etag);
        result->etag = gs3_xstrdup("\"00112233445566778899aabbccddeeff\"");
    }
    if (fault == FAKE_WRONG_CHECKSUM)
        gs3_pairs_set(&result->checksums, "crc64nvme", "AAAAAAAAAAA=");
    if (fault == FAKE_WRONG_LENGTH)
        result->length_bytes++;
    if (fault == FAKE_DROP_METADATA && result->metadata.count > 0) {
        gs3_auto_free char *name = gs3_xstrdup(result->metadata.items[0].name);
        gs3_pairs_remove(&result->metadata, name);
    }
    if (fault == FAKE_CHANGE_METADATA && result->metadata.count > 0)
        gs3_pairs_set(&result->metadata, result->metadata.items[0].name, "something else");
    if (fault == FAKE_ADD_METADATA)
        gs3_pairs_set(&result->metadata, "change-request-id", "CHG0000666");
    if (fault == FAKE_MISSING_META)
        result->missing_meta = 1;
}

static int wait(struct gs3_s3_transport *transport, struct gs3_s3_call *call,
                struct gs3_s3_result *result, struct gs3_err *err)
{
    struct fake_store *store = (struct fake_store *)transport;
    *result = (struct gs3_s3_result){.attempts = 1, .last_modified_s = -1};
    store->log[store->calls++] = call->request.op;
    enum fake_fault fault = store->calls == store->fault_at ? store->fault : FAKE_NO_FAULT;
    int failed;
    disturb(store, fault);
    if (fault == FAKE_FAIL_BEFORE)
        failed = fail(err, 503, "SlowDown");
    else if (fault == FAKE_INTERRUPT)
        failed = gs3_fail(err, GS3_EINTERRUPT, "interrupted");
    else
        failed = serve(store, call, result, err);
    if (!failed && fault == FAKE_FAIL_AFTER)
        failed = gs3_fail(err, GS3_ETRANSIENT, "the connection broke");
    if (!failed)
        distort(fault, result);
    free_call(call);
    return failed ? -1 : 0;
}

static void cancel(struct gs3_s3_transport *transport, struct gs3_s3_call *call)
{
    (void)transport;
    free_call(call);
}

static const struct gs3_s3_transport_ops fake_ops = {.name = "fake",
                                                     .start = start,
                                                     .wait = wait,
                                                     .cancel = cancel};

void fake_store_init(struct fake_store *store)
{
    *store = (struct fake_store){.transport = {.ops = &fake_ops}};
}

void fake_store_release(struct fake_store *store)
{
    while (store->object_count > 0)
        release_object(store->objects[--store->object_count]);
    drop_upload(store);
    free(store->completed_with);
}
