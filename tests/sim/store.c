/*
 * S3 without a script: with --s3-store an object store in memory, without it the 404 that says that
 * no step fits. Reading, tagging and the way to the right operation are here; what writes is in
 * storewrite.c.
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

void sim_store_free(struct sim_store *store)
{
    if (!store)
        return;
    while (store->first) {
        struct sim_object *object = store->first;
        store->first = object->next;
        sim_object_free(object);
    }
    free(store);
}

/* The newest of that name, unless a delete hides it; or exactly that version. */
const struct sim_object *sim_store_find(const struct sim *sim, const char *name,
                                        const char *version)
{
    for (const struct sim_object *object = sim->store ? sim->store->first : NULL; object;
         object = object->next) {
        if (strcmp(object->name, name) != 0)
            continue;
        if (!version)
            return object->delete_marker ? NULL : object;
        if (object->version && strcmp(object->version, version) == 0)
            return object->delete_marker ? NULL : object;
    }
    return NULL;
}

/* bucket/key from the path, or from a host BUCKET.s3.… and the path; the caller's to free. */
char *sim_store_name(const struct sim_request *req)
{
    const char *host = sim_pairs_get(&req->headers, "host");
    const char *mark = host ? strstr(host, ".s3.") : NULL;
    if (mark)
        return sim_printf("%.*s%s", (int)(mark - host), host, req->path_decoded);
    return sim_strdup(req->path_decoded[0] == '/' ? req->path_decoded + 1 : req->path_decoded);
}

static void http_date(struct sim_answer *answer, const char *name, time_t when)
{
    char text[64];
    struct tm parts;
    gmtime_r(&when, &parts);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    sim_answer_header(answer, name, text);
}

static void object_headers(const struct sim_object *object, struct sim_answer *answer)
{
    for (size_t i = 0; i < object->headers.count; i++) {
        char *value = sim_meta_sent(object->headers.items[i].value);
        sim_answer_header(answer, object->headers.items[i].name, value);
        free(value);
    }
    sim_answer_header(answer, "ETag", object->etag);
    sim_answer_header(answer, "Accept-Ranges", "bytes");
    http_date(answer, "Last-Modified", object->modified);
    if (object->version)
        sim_answer_header(answer, "x-amz-version-id", object->version);
    if (object->missing_meta_count > 0) {
        char *count = sim_printf("%zu", object->missing_meta_count);
        sim_answer_header(answer, "x-amz-missing-meta", count);
        free(count);
    }
    if (object->tags.count > 0) {
        char *count = sim_printf("%zu", object->tags.count);
        sim_answer_header(answer, "x-amz-tagging-count", count);
        free(count);
    }
}

/* bytes=A-B, bytes=A- and bytes=-N; false for what is outside the object. */
static bool range_parse(const char *text, uint64_t size, uint64_t *start, uint64_t *end)
{
    if (!sim_starts_with(text, "bytes=") || size == 0)
        return false;
    char *stop = NULL;
    text += 6;
    if (*text == '-') {
        uint64_t last = strtoull(text + 1, &stop, 10);
        *start = last >= size ? 0 : size - last;
        *end = size - 1;
        return *stop == '\0' && last > 0;
    }
    *start = strtoull(text, &stop, 10);
    if (*stop != '-' || *start >= size)
        return false;
    *end = stop[1] == '\0' ? size - 1 : strtoull(stop + 1, &stop, 10);
    *end = *end >= size ? size - 1 : *end;
    return *end >= *start;
}

static void send_range(const struct sim_object *object, const char *range,
                       struct sim_answer *answer)
{
    uint64_t start = 0;
    uint64_t end = 0;
    if (!range_parse(range, object->data.len, &start, &end)) {
        sim_answer_s3_error(answer, 416, "InvalidRange", "The requested range is not satisfiable");
        return;
    }
    object_headers(object, answer);
    answer->status = 206;
    sim_buf_add(&answer->body, object->data.data + start, (size_t)(end - start + 1));
    char *text = sim_printf("bytes %llu-%llu/%zu", (unsigned long long)start,
                            (unsigned long long)end, object->data.len);
    sim_answer_header(answer, "Content-Range", text);
    free(text);
}

static void read_object(const struct sim *sim, const struct sim_request *req, const char *name,
                        struct sim_answer *answer)
{
    bool head = strcmp(req->method, "HEAD") == 0;
    const struct sim_object *object =
        sim_store_find(sim, name, sim_pairs_get(&req->args, "versionId"));
    const char *range = sim_pairs_get(&req->headers, "range");
    if (!object) {
        sim_answer_s3_error(answer, 404, "NoSuchKey", "The specified key does not exist.");
    } else if (!sim_store_conditions(req, object, answer)) {
        if (sim_pairs_get(&req->headers, "if-none-match"))
            answer->status = 304;
    } else if (range) {
        send_range(object, range, answer);
    } else {
        answer->status = 200;
        object_headers(object, answer);
        sim_buf_add(&answer->body, object->data.data, object->data.len);
    }
    if (head && answer->status >= 300)
        sim_buf_release(&answer->body);
}

static void tagging(struct sim *sim, const struct sim_request *req, const char *name,
                    struct sim_answer *answer)
{
    const char *version = sim_pairs_get(&req->args, "versionId");
    const struct sim_object *found = sim_store_find(sim, name, version);
    struct sim_object *object = sim->store ? sim->store->first : NULL;
    while (object && object != found)
        object = object->next;
    if (!found || !object) {
        sim_answer_s3_error(answer, 404, "NoSuchKey", "The specified key does not exist.");
    } else if (strcmp(req->method, "GET") == 0) {
        sim_tags_answer(&object->tags, answer);
    } else if (strcmp(req->method, "DELETE") == 0) {
        sim_pairs_release(&object->tags);
        answer->status = 204;
    } else {
        struct sim_pairs tags = {0};
        if (sim_tags_parse(&tags, req->body.data, answer)) {
            sim_pairs_release(&object->tags);
            object->tags = tags;
            answer->status = 200;
        } else {
            sim_pairs_release(&tags);
        }
    }
}

static bool is_query_known(const struct sim_request *req)
{
    for (size_t i = 0; i < req->args.count; i++) {
        const char *name = req->args.items[i].name;
        if (strcmp(name, "versionId") != 0 && strcmp(name, "tagging") != 0 &&
            strcmp(name, "x-id") != 0)
            return false;
    }
    return true;
}

/* One object's operations; buckets exist when they are named. */
static void serve(struct sim *sim, const struct sim_request *req, struct sim_answer *answer)
{
    char *name = sim_store_name(req);
    const char *slash = strchr(name, '/');
    bool is_put = strcmp(req->method, "PUT") == 0;
    bool is_read = strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0;
    if (!slash || slash[1] == '\0') {
        if (is_put || strcmp(req->method, "HEAD") == 0)
            answer->status = 200;
        else
            sim_answer_s3_error(answer, 501, "NotImplemented",
                                "operations on buckets are not simulated");
    } else if (!is_query_known(req)) {
        sim_answer_s3_error(answer, 501, "NotImplemented", req->query);
    } else if (sim_pairs_get(&req->args, "tagging")) {
        tagging(sim, req, name, answer);
    } else if (is_put && sim_pairs_get(&req->headers, "x-amz-copy-source")) {
        sim_store_copy(sim, req, name, answer);
    } else if (is_put) {
        sim_store_put(sim, req, name, answer);
    } else if (is_read) {
        read_object(sim, req, name, answer);
    } else if (strcmp(req->method, "DELETE") == 0) {
        sim_store_delete(sim, req, name, answer);
    } else {
        sim_answer_s3_error(answer, 405, "MethodNotAllowed", req->method);
    }
    free(name);
}

void sim_store_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer)
{
    if (sim->s3_verify) {
        struct sim_signature signature = {0};
        cJSON *keys = sim_fixture_load(sim, "sts.json", SIM_TIME_ISO, answer);
        if (!keys)
            return;
        sim_sts_sessions_add(sim, keys);
        bool good = sim_sigv4_check(req, keys, "s3", &signature);
        const char *region = sim_json_string(keys, "_region");
        if (!good)
            sim_answer_s3_error(answer, signature.status, signature.code, signature.message);
        if (region)
            sim_answer_header(answer, "x-amz-bucket-region", region);
        cJSON_Delete(keys);
        cJSON_Delete(signature.identity);
        if (!good)
            return;
    }
    if (sim->s3_store)
        serve(sim, req, answer);
    else
        sim_answer_s3_error(answer, 404, "NoSuchStep", req->path);
}

/* GET /_sim/objects: every object and marker, newest first. */
cJSON *sim_store_list(const struct sim *sim)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct sim_object *object = sim->store ? sim->store->first : NULL; object;
         object = object->next) {
        char hex[SIM_SHA256_HEX];
        cJSON *item = cJSON_CreateObject();
        sim_sha256_hex(object->data.data, object->data.len, hex);
        cJSON_AddStringToObject(item, "name", object->name);
        cJSON_AddNumberToObject(item, "bytes", (double)object->data.len);
        cJSON_AddStringToObject(item, "sha256", hex);
        cJSON_AddStringToObject(item, "etag", object->etag);
        if (object->version)
            cJSON_AddStringToObject(item, "version", object->version);
        cJSON_AddBoolToObject(item, "delete_marker", object->delete_marker);
        cJSON *headers = cJSON_AddObjectToObject(item, "headers");
        for (size_t i = 0; i < object->headers.count; i++)
            cJSON_AddStringToObject(headers, object->headers.items[i].name,
                                    object->headers.items[i].value);
        cJSON *tags = cJSON_AddObjectToObject(item, "tags");
        for (size_t i = 0; i < object->tags.count; i++)
            cJSON_AddStringToObject(tags, object->tags.items[i].name, object->tags.items[i].value);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}
