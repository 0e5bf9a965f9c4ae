#include "depot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "policy/load.h"

struct connection {
    struct gs3_s3_transport transport; /* first */
    struct depot *depot;
    struct gs3_http *http;
};

struct gs3_s3_call {
    struct gs3_s3_request request;
};

void depot_init(struct depot *depot)
{
    *depot = (struct depot){.yields = 1};
    pthread_mutex_init(&depot->lock, NULL);
}

static void free_object(struct depot_object *object)
{
    free(object->bucket);
    free(object->key);
    free(object->etag);
    gs3_pairs_release(&object->metadata);
    free(object);
}

static void free_upload(struct depot_upload *upload)
{
    for (size_t i = 0; i < upload->part_count; i++)
        gs3_s3_part_release(&upload->parts[i]);
    free(upload->parts);
    free(upload->id);
    free(upload->bucket);
    free(upload->key);
    gs3_pairs_release(&upload->metadata);
    free(upload);
}

void depot_release(struct depot *depot)
{
    for (size_t i = 0; i < depot->object_count; i++)
        free_object(depot->objects[i]);
    for (size_t i = 0; i < depot->upload_count; i++)
        free_upload(depot->uploads[i]);
    free(depot->objects);
    free(depot->uploads);
    pthread_mutex_destroy(&depot->lock);
}

static struct depot_object **find(struct depot *depot, const char *bucket, const char *key)
{
    for (size_t i = 0; i < depot->object_count; i++)
        if (strcmp(depot->objects[i]->key, key) == 0 &&
            strcmp(depot->objects[i]->bucket, bucket) == 0)
            return &depot->objects[i];
    return NULL;
}

struct depot_object *depot_find(struct depot *depot, const char *bucket, const char *key)
{
    struct depot_object **object = find(depot, bucket, key);
    return object ? *object : NULL;
}

static void take_away(struct depot *depot, const char *bucket, const char *key)
{
    struct depot_object **object = find(depot, bucket, key);
    if (!object)
        return;
    free_object(*object);
    *object = depot->objects[--depot->object_count];
}

/* As an ETag that is an MD5: the completion's is made of the parts'. */
static char *new_etag(struct depot *depot)
{
    return gs3_xasprintf("\"%032x\"", ++depot->version);
}

static struct depot_object *place(struct depot *depot, const char *bucket, const char *key,
                                  uint64_t size_bytes)
{
    struct depot_object *object = gs3_xcalloc(1, sizeof *object);
    object->bucket = gs3_xstrdup(bucket);
    object->key = gs3_xstrdup(key);
    object->etag = new_etag(depot);
    object->version = depot->version;
    object->size_bytes = size_bytes;
    object->last_modified_s = DEPOT_WRITTEN_S;
    take_away(depot, bucket, key);
    depot->objects = gs3_xreallocarray(depot->objects, depot->object_count + 1, sizeof object);
    depot->objects[depot->object_count++] = object;
    return object;
}

void depot_put(struct depot *depot, const char *bucket, const char *key, uint64_t size_bytes)
{
    pthread_mutex_lock(&depot->lock);
    place(depot, bucket, key, size_bytes);
    pthread_mutex_unlock(&depot->lock);
}

static struct depot_upload *begin(struct depot *depot, const char *bucket, const char *key)
{
    struct depot_upload *upload = gs3_xcalloc(1, sizeof *upload);
    upload->id = gs3_xasprintf("upload-%u", ++depot->version);
    upload->bucket = gs3_xstrdup(bucket);
    upload->key = gs3_xstrdup(key);
    upload->is_open = true;
    depot->uploads = gs3_xreallocarray(depot->uploads, depot->upload_count + 1, sizeof upload);
    depot->uploads[depot->upload_count++] = upload;
    return upload;
}

const char *depot_begin(struct depot *depot, const char *bucket, const char *key)
{
    return begin(depot, bucket, key)->id;
}

size_t depot_open_uploads(struct depot *depot)
{
    size_t count = 0;
    for (size_t i = 0; i < depot->upload_count; i++)
        count += depot->uploads[i]->is_open;
    return count;
}

unsigned depot_calls(struct depot *depot, enum gs3_s3_op op)
{
    pthread_mutex_lock(&depot->lock);
    unsigned count = depot->counts[op];
    pthread_mutex_unlock(&depot->lock);
    return count;
}

static int say_no(struct gs3_err *err, long status, const char *code)
{
    gs3_fail(err, status >= 500 ? GS3_ETRANSIENT : GS3_ESERVICE, "An error occurred (%s): no",
             code);
    err->http_status = status;
    snprintf(err->code, sizeof err->code, "%s", code);
    return -1;
}

static int head(struct depot *depot, const struct gs3_s3_request *request,
                struct gs3_s3_result *result, struct gs3_err *err)
{
    struct depot_object **found = find(depot, request->object.bucket, request->object.key);
    if (!found)
        return say_no(err, 404, "404");
    if (request->if_match && strcmp(request->if_match, (*found)->etag) != 0)
        return say_no(err, 412, "PreconditionFailed");
    result->etag = gs3_xstrdup((*found)->etag);
    result->length_bytes = result->range_total_bytes = (*found)->size_bytes;
    result->has_length = true;
    if (depot->has_versions)
        result->version_id = gs3_xasprintf("v%u", (*found)->version);
    result->last_modified = gs3_xasprintf("%lld", (long long)(*found)->last_modified_s);
    result->last_modified_s = (*found)->last_modified_s;
    result->date_s = depot->date_s;
    gs3_pairs_copy(&result->metadata, &(*found)->metadata);
    return 0;
}

static int get(struct depot *depot, const struct gs3_s3_request *request,
               struct gs3_s3_result *result, struct gs3_err *err)
{
    if (head(depot, request, result, err))
        return -1;
    uint64_t left =
        request->range.length_bytes ? request->range.length_bytes : result->length_bytes;
    static const char zeros[65536];
    while (left > 0) {
        size_t now = left < sizeof zeros ? (size_t)left : sizeof zeros;
        if (request->sink->write(request->sink->context, zeros, now, err))
            return -1;
        left -= now;
    }
    return 0;
}

static int write_object(struct depot *depot, const struct gs3_s3_request *request,
                        uint64_t size_bytes, const struct gs3_pairs *metadata, char *etag,
                        struct gs3_s3_result *result, struct gs3_err *err)
{
    if (request->if_none_match && find(depot, request->object.bucket, request->object.key)) {
        free(etag);
        return say_no(err, 412, "PreconditionFailed");
    }
    struct depot_object *object =
        place(depot, request->object.bucket, request->object.key, size_bytes);
    if (metadata)
        gs3_pairs_copy(&object->metadata, metadata);
    if (etag) {
        free(object->etag);
        object->etag = etag;
    }
    result->etag = gs3_xstrdup(object->etag);
    return 0;
}

static int check_copy_source(struct depot *depot, const struct gs3_s3_request *request,
                             uint64_t *size_bytes, struct gs3_err *err)
{
    struct depot_object **source =
        find(depot, request->copy_source.bucket, request->copy_source.key);
    if (!source)
        return say_no(err, 404, "NoSuchKey");
    if (request->copy_source_if_match &&
        strcmp(request->copy_source_if_match, (*source)->etag) != 0)
        return say_no(err, 412, "PreconditionFailed");
    *size_bytes = (*source)->size_bytes;
    return 0;
}

static int copy(struct depot *depot, const struct gs3_s3_request *request,
                struct gs3_s3_result *result, struct gs3_err *err)
{
    uint64_t size_bytes = 0;
    return check_copy_source(depot, request, &size_bytes, err) ||
                   write_object(depot, request, size_bytes, request->metadata, NULL, result, err)
               ? -1
               : 0;
}

static struct depot_upload *find_upload(struct depot *depot, const struct gs3_s3_request *request,
                                        struct gs3_err *err)
{
    for (size_t i = 0; i < depot->upload_count; i++)
        if (depot->uploads[i]->is_open && strcmp(depot->uploads[i]->id, request->upload_id) == 0 &&
            strcmp(depot->uploads[i]->key, request->object.key) == 0)
            return depot->uploads[i];
    say_no(err, 404, "NoSuchUpload");
    return NULL;
}

static int add_part(struct depot *depot, const struct gs3_s3_request *request, uint64_t size_bytes,
                    struct gs3_s3_result *result, struct gs3_err *err)
{
    struct depot_upload *upload = find_upload(depot, request, err);
    if (!upload)
        return -1;
    while (upload->part_count < request->part_number) {
        upload->parts =
            gs3_xreallocarray(upload->parts, upload->part_count + 1, sizeof *upload->parts);
        upload->parts[upload->part_count] =
            (struct gs3_s3_part){.number = (unsigned)upload->part_count + 1};
        upload->part_count++;
    }
    struct gs3_s3_part *part = &upload->parts[request->part_number - 1];
    free(part->etag);
    part->etag = new_etag(depot);
    part->size_bytes = size_bytes;
    result->etag = gs3_xstrdup(part->etag);
    return 0;
}

static int copy_part(struct depot *depot, const struct gs3_s3_request *request,
                     struct gs3_s3_result *result, struct gs3_err *err)
{
    uint64_t size_bytes = 0;
    return check_copy_source(depot, request, &size_bytes, err) ||
                   add_part(depot, request, request->range.length_bytes, result, err)
               ? -1
               : 0;
}

static int list_parts(struct depot *depot, const struct gs3_s3_request *request,
                      struct gs3_s3_result *result, struct gs3_err *err)
{
    struct depot_upload *upload = find_upload(depot, request, err);
    if (!upload)
        return -1;
    result->parts = gs3_xcalloc(upload->part_count, sizeof *result->parts);
    for (size_t i = request->part_number; i < upload->part_count; i++) {
        if (depot->page_parts && result->parts_count == depot->page_parts) {
            result->next_token = gs3_xasprintf("%zu", i);
            break;
        }
        if (!upload->parts[i].etag)
            continue;
        struct gs3_s3_part *part = &result->parts[result->parts_count++];
        *part = upload->parts[i];
        part->etag = gs3_xstrdup(upload->parts[i].etag);
    }
    return 0;
}

/* The parts must be those that are there, all but the last of 5 MiB. */
static int complete(struct depot *depot, const struct gs3_s3_request *request,
                    struct gs3_s3_result *result, struct gs3_err *err)
{
    struct depot_upload *upload = find_upload(depot, request, err);
    uint64_t size_bytes = 0;
    if (!upload)
        return -1;
    gs3_auto_free unsigned char *digests = gs3_xcalloc(request->part_count, GS3_MD5_BYTES);
    for (size_t i = 0; i < request->part_count; i++) {
        const struct gs3_s3_part *given = &request->parts[i];
        if (given->number != i + 1 || i >= upload->part_count || !given->etag ||
            !gs3_str_equal(given->etag, upload->parts[i].etag))
            return say_no(err, 400, "InvalidPart");
        if (i + 1 < request->part_count && upload->parts[i].size_bytes < (5U << 20))
            return say_no(err, 400, "EntityTooSmall");
        for (size_t j = 0; j < GS3_MD5_BYTES; j++)
            digests[i * GS3_MD5_BYTES + j] =
                (unsigned char)(gs3_ascii_hex_value(given->etag[1 + 2 * j]) << 4 |
                                gs3_ascii_hex_value(given->etag[2 + 2 * j]));
        size_bytes += upload->parts[i].size_bytes;
    }
    unsigned char digest[GS3_MD5_BYTES];
    char hex[2 * GS3_MD5_BYTES + 1];
    gs3_md5(digests, request->part_count * GS3_MD5_BYTES, digest);
    gs3_hex_encode(digest, sizeof digest, hex);
    char *etag = gs3_xasprintf("\"%s-%zu\"", hex, request->part_count);
    if (write_object(depot, request, size_bytes, &upload->metadata, etag, result, err))
        return -1;
    upload->is_open = false;
    return 0;
}

static int create(struct depot *depot, const struct gs3_s3_request *request,
                  struct gs3_s3_result *result)
{
    struct depot_upload *upload = begin(depot, request->object.bucket, request->object.key);
    if (request->metadata)
        gs3_pairs_copy(&upload->metadata, request->metadata);
    result->upload_id = gs3_xstrdup(upload->id);
    return 0;
}

static int delete_one(struct depot *depot, const struct gs3_s3_request *request,
                      struct gs3_err *err)
{
    struct depot_object **found = find(depot, request->object.bucket, request->object.key);
    if (!found && request->if_match)
        return say_no(err, 404, "NoSuchKey"); /* as AWS */
    if (found && request->if_match && strcmp(request->if_match, (*found)->etag) != 0)
        return say_no(err, 412, "PreconditionFailed");
    take_away(depot, request->object.bucket, request->object.key);
    return 0;
}

static void survive(struct gs3_s3_result *result, const char *key, const char *code)
{
    struct gs3_s3_survivor *survivor = &result->survivors[result->survivor_count++];
    survivor->key = gs3_xstrdup(key);
    survivor->code = gs3_xstrdup(code);
    survivor->message = gs3_xstrdup("no");
}

static int delete_many(struct depot *depot, const struct gs3_s3_request *request,
                       enum depot_fault fault, struct gs3_s3_result *result)
{
    result->survivors = gs3_xcalloc(request->victim_count, sizeof *result->survivors);
    if (request->victim_count > depot->largest_batch)
        depot->largest_batch = request->victim_count;
    for (size_t i = 0; i < request->victim_count; i++) {
        const struct gs3_s3_victim *victim = &request->victims[i];
        struct depot_object **found = find(depot, request->object.bucket, victim->key);
        if (i == 0 && fault == DEPOT_STAY)
            survive(result, victim->key, "InternalError");
        else if (i == 0 && fault == DEPOT_PROTECT)
            survive(result, victim->key, "AccessDenied");
        else if (found && victim->etag && strcmp(victim->etag, (*found)->etag) != 0)
            survive(result, victim->key, "PreconditionFailed");
        else
            take_away(depot, request->object.bucket, victim->key);
    }
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct depot_object *const *left = a, *const *right = b;
    return strcmp((*left)->key, (*right)->key);
}

static int list(struct depot *depot, const struct gs3_s3_request *request,
                struct gs3_s3_result *result, struct gs3_err *err)
{
    const char *after = request->start_after ? request->start_after : "";
    unsigned room = request->page_size ? request->page_size : 1000;
    snprintf(depot->prefix, sizeof depot->prefix, "%s", request->prefix);
    qsort(depot->objects, depot->object_count, sizeof *depot->objects, by_key);
    for (size_t i = 0; i < depot->object_count; i++) {
        size_t at = depot->lists_backwards ? depot->object_count - 1 - i : i;
        const struct depot_object *object = depot->objects[at];
        if (strcmp(object->bucket, request->object.bucket) != 0 ||
            !gs3_str_has_prefix(object->key, request->prefix) || strcmp(object->key, after) <= 0)
            continue;
        if (result->entry_count == room) {
            result->next_token = gs3_xstrdup("more");
            break;
        }
        const struct gs3_s3_entry entry = {.key = object->key,
                                           .size_bytes = object->size_bytes,
                                           .etag = object->etag,
                                           .last_modified_s = object->last_modified_s,
                                           .storage_class = ""};
        result->entry_count++;
        if (request->entry(request->entry_context, &entry, err))
            return -1;
    }
    return 0;
}

static int serve(struct depot *depot, const struct gs3_s3_request *request, enum depot_fault fault,
                 struct gs3_s3_result *result, struct gs3_err *err)
{
    switch (request->op) {
    case GS3_S3_PUT_OBJECT:
        return write_object(depot, request, request->body.length_bytes, request->metadata, NULL,
                            result, err);
    case GS3_S3_COPY_OBJECT: return copy(depot, request, result, err);
    case GS3_S3_HEAD_OBJECT: return head(depot, request, result, err);
    case GS3_S3_GET_OBJECT: return get(depot, request, result, err);
    case GS3_S3_DELETE_OBJECT: return delete_one(depot, request, err);
    case GS3_S3_DELETE_OBJECTS: return delete_many(depot, request, fault, result);
    case GS3_S3_CREATE_UPLOAD: return create(depot, request, result);
    case GS3_S3_UPLOAD_PART:
        return add_part(depot, request, request->body.length_bytes, result, err);
    case GS3_S3_UPLOAD_PART_COPY: return copy_part(depot, request, result, err);
    case GS3_S3_COMPLETE_UPLOAD: return complete(depot, request, result, err);
    case GS3_S3_LIST_PARTS: return list_parts(depot, request, result, err);
    case GS3_S3_ABORT_UPLOAD: {
        struct depot_upload *upload = find_upload(depot, request, err);
        if (upload)
            upload->is_open = false;
        return upload ? 0 : -1;
    }
    case GS3_S3_GET_OBJECT_TAGGING:
    case GS3_S3_PUT_OBJECT_TAGGING: break;
    case GS3_S3_LIST_OBJECTS: return list(depot, request, result, err);
    }
    return gs3_fail(err, GS3_ESERVICE, "%s: not of this store", gs3_s3_op_name(request->op));
}

static int answer(struct depot *depot, const struct gs3_s3_request *request,
                  struct gs3_s3_result *result, struct gs3_err *err)
{
    unsigned number = ++depot->counts[request->op];
    enum depot_fault fault =
        depot->judge ? depot->judge(depot->context, request, number) : DEPOT_WELL;
    if (fault == DEPOT_FAIL)
        return say_no(err, 500, "InternalError");
    if (fault == DEPOT_REFUSE)
        return say_no(err, 403, "AccessDenied");
    if (fault == DEPOT_BREAK)
        return gs3_fail(err, GS3_ETRANSIENT, "the connection broke");
    if (fault == DEPOT_INTERRUPT)
        return gs3_fail(err, GS3_EINTERRUPT, "interrupted");
    int failed = serve(depot, request, fault, result, err);
    if (!failed && fault == DEPOT_REPEAT) {
        gs3_s3_result_release(result);
        *result = (struct gs3_s3_result){.attempts = 2, .is_uncertain = true};
        return serve(depot, request, fault, result, err);
    }
    if (!failed && fault == DEPOT_LOSE)
        return gs3_fail(err, GS3_ETRANSIENT, "the connection broke");
    if (fault == DEPOT_NO_ETAG) {
        free(result->etag);
        result->etag = NULL;
    }
    return failed;
}

static struct gs3_s3_call *start(struct gs3_s3_transport *transport,
                                 const struct gs3_s3_request *request)
{
    (void)transport;
    struct gs3_s3_call *call = gs3_xcalloc(1, sizeof *call);
    call->request = *request; /* what it points to lives until the wait: of these callers it does */
    return call;
}

static bool is_held(struct depot *depot, const struct gs3_s3_request *request)
{
    return atomic_load(&depot->is_held) &&
           (!depot->held_key || gs3_str_equal(depot->held_key, request->object.key));
}

static int wait(struct gs3_s3_transport *transport, struct gs3_s3_call *call,
                struct gs3_s3_result *result, struct gs3_err *err)
{
    struct connection *connection = (struct connection *)transport;
    struct depot *depot = connection->depot;
    *result = (struct gs3_s3_result){.attempts = 1, .last_modified_s = -1};
    pthread_mutex_lock(&depot->lock);
    depot->under_way++;
    if (depot->under_way > depot->most_under_way)
        depot->most_under_way = depot->under_way;
    unsigned yields = depot->yields;
    pthread_mutex_unlock(&depot->lock);
    for (unsigned i = 0; connection->http && (i < yields || is_held(depot, &call->request)); i++) {
        gs3_http_wake(connection->http);
        gs3_http_yield(connection->http);
    }
    pthread_mutex_lock(&depot->lock);
    depot->under_way--;
    int failed = answer(depot, &call->request, result, err);
    pthread_mutex_unlock(&depot->lock);
    free(call);
    return failed ? -1 : 0;
}

static void cancel(struct gs3_s3_transport *transport, struct gs3_s3_call *call)
{
    (void)transport;
    free(call);
}

static void free_connection(struct gs3_s3_transport *transport)
{
    free(transport);
}

static const struct gs3_s3_transport_ops depot_ops = {
    .name = "depot", .start = start, .wait = wait, .cancel = cancel, .free = free_connection};

struct gs3_s3_transport *depot_connect(struct depot *depot, struct gs3_http *http)
{
    struct connection *connection = gs3_xcalloc(1, sizeof *connection);
    *connection =
        (struct connection){.transport = {.ops = &depot_ops}, .depot = depot, .http = http};
    return &connection->transport;
}

int depot_open_lane(void *context, struct gs3_lane *lane, struct gs3_err *err)
{
    const struct depot *depot = context;
    const struct gs3_http_opts opts = {.user_agent = "gs3/test", .interrupted = depot->interrupted};
    lane->http = gs3_http_new(&opts, err);
    if (!lane->http)
        return -1;
    lane->destination = lane->source = depot_connect(context, lane->http);
    return 0;
}

void depot_close_lane(void *context, struct gs3_lane *lane)
{
    (void)context;
    gs3_s3_transport_free(lane->destination);
    gs3_http_free(lane->http);
}

struct gs3_policy *depot_policy(void)
{
    static const char text[] = "apiVersion: gs3/v1\n"
                               "serial: 1\n"
                               "environments:\n"
                               "  test:\n"
                               "    match: [{bucket: bucket}, {bucket: other}]\n"
                               "    governance_level: standard\n"
                               "    ticket_for: []\n";
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy = gs3_policy_parse("p", text, sizeof text - 1, false, &err);
    if (!policy)
        fail_msg("%s", err.message);
    return policy;
}

struct gs3_permit *depot_permit(const struct gs3_policy *policy, const char *ticket)
{
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_pairs_add(&metadata, "change-request-id", ticket);
    gs3_pairs_add(&metadata, "gs3-decision", "0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee");
    const struct gs3_grant grant = {
        .policy = policy,
        .environment = &policy->environments[0],
        .actions = GS3_ACTION_READ | GS3_ACTION_WRITE | GS3_ACTION_DELETE,
    };
    return gs3_permit_new(&grant, 1, &metadata);
}
