/*
 * What changes the store: put, copy, delete, with their conditions.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html, API_CopyObject.html
 */
#include "store.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

void sim_object_free(struct sim_object *object)
{
    if (!object)
        return;
    free(object->name);
    free(object->etag);
    free(object->version);
    sim_buf_release(&object->data);
    sim_pairs_release(&object->headers);
    sim_pairs_release(&object->tags);
    free(object);
}

static void copy_pairs(struct sim_pairs *to, const struct sim_pairs *from)
{
    for (size_t i = 0; i < from->count; i++)
        sim_pairs_add(to, from->items[i].name, from->items[i].value);
}

/* The headers besides user metadata that a write sets and a read gives back. */
static void take_properties(const struct sim_request *req, struct sim_object *object, bool content)
{
    static const char *const content_names[] = {"Content-Type",        "Cache-Control",
                                                "Content-Disposition", "Content-Encoding",
                                                "Content-Language",    "Expires"};
    static const char *const other_names[] = {"x-amz-server-side-encryption",
                                              "x-amz-server-side-encryption-aws-kms-key-id",
                                              "x-amz-website-redirect-location",
                                              "x-amz-checksum-sha256",
                                              "x-amz-checksum-crc32c",
                                              "x-amz-checksum-crc64nvme",
                                              "x-amz-checksum-crc32"};
    for (size_t i = 0; content && i < sizeof(content_names) / sizeof(content_names[0]); i++) {
        const char *value = sim_pairs_get(&req->headers, content_names[i]);
        if (value)
            sim_pairs_set(&object->headers, content_names[i], value);
    }
    for (size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++) {
        const char *value = sim_pairs_get(&req->headers, other_names[i]);
        if (value)
            sim_pairs_set(&object->headers, other_names[i], value);
    }
    const char *class = sim_pairs_get(&req->headers, "x-amz-storage-class");
    sim_pairs_remove(&object->headers, "x-amz-storage-class");
    if (class && strcmp(class, "STANDARD") != 0)
        sim_pairs_set(&object->headers, "x-amz-storage-class", class);
    if (!sim_pairs_get(&object->headers, "Content-Type"))
        sim_pairs_set(&object->headers, "Content-Type", "binary/octet-stream");
}

/* Under KMS an ETag is no MD5, so that nobody who compares it with one passes. */
static char *make_etag(const struct sim_object *object)
{
    char hex[33];
    const char *sse = sim_pairs_get(&object->headers, "x-amz-server-side-encryption");
    sim_md5_hex(object->data.data, object->data.len, hex);
    if (sse && sim_starts_with(sse, "aws:kms")) {
        char *seed = sim_printf("kms %s %s", object->name, hex);
        sim_md5_hex(seed, strlen(seed), hex);
        free(seed);
    }
    return sim_printf("\"%s\"", hex);
}

static void remove_all(struct sim_store *store, const char *name)
{
    for (struct sim_object **at = &store->first; *at;) {
        struct sim_object *object = *at;
        if (strcmp(object->name, name) == 0) {
            *at = object->next;
            sim_object_free(object);
        } else {
            at = &object->next;
        }
    }
}

/* Takes object over. Without versioning it replaces what had its name. */
static void insert(struct sim *sim, struct sim_object *object)
{
    if (!sim->store)
        sim->store = sim_alloc(sizeof(*sim->store));
    if (!sim->s3_versioned)
        remove_all(sim->store, object->name);
    object->modified = time(NULL);
    object->version =
        sim->s3_versioned
            ? sim_printf("simversion.%llu", (unsigned long long)++sim->store->version_count)
            : NULL;
    object->next = sim->store->first;
    sim->store->first = object;
}

static bool etag_fits(const char *wanted, const struct sim_object *object)
{
    if (strcmp(wanted, "*") == 0)
        return object != NULL;
    if (!object)
        return false;
    size_t len = strlen(object->etag);
    return strcmp(wanted, object->etag) == 0 ||
           (strlen(wanted) == len - 2 && strncmp(wanted, object->etag + 1, len - 2) == 0);
}

/* If-Match and If-None-Match of a write, against what is there (NULL: nothing). */
bool sim_store_conditions(const struct sim_request *req, const struct sim_object *object,
                          struct sim_answer *answer)
{
    const char *match = sim_pairs_get(&req->headers, "if-match");
    const char *none = sim_pairs_get(&req->headers, "if-none-match");
    if (match && !object) {
        sim_answer_s3_error(answer, 404, "NoSuchKey", "The specified key does not exist.");
        return false;
    }
    if ((match && !etag_fits(match, object)) || (none && etag_fits(none, object))) {
        sim_answer_s3_error(answer, 412, "PreconditionFailed",
                            "At least one of the pre-conditions you specified did not hold");
        return false;
    }
    return true;
}

static bool digest_fits(const EVP_MD *md, const struct sim_buf *body, const char *sent)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned char text[EVP_MAX_MD_SIZE * 2];
    unsigned int len = 0;
    if (EVP_Digest(body->data, body->len, sum, &len, md, NULL) != 1)
        abort();
    EVP_EncodeBlock(text, sum, (int)len);
    return strcmp((const char *)text, sent) == 0;
}

static bool digests_fit(const struct sim_request *req, struct sim_answer *answer)
{
    const char *md5 = sim_pairs_get(&req->headers, "content-md5");
    const char *sha256 = sim_pairs_get(&req->headers, "x-amz-checksum-sha256");
    const char *payload = sim_pairs_get(&req->headers, "x-amz-content-sha256");
    if ((md5 && !digest_fits(EVP_md5(), &req->body, md5)) ||
        (sha256 && !digest_fits(EVP_sha256(), &req->body, sha256))) {
        sim_answer_s3_error(answer, 400, "BadDigest",
                            "The digest you specified did not match what was received");
        return false;
    }
    if (req->body.len != req->body_bytes) {
        sim_answer_s3_error(answer, 400, "EntityTooLarge", "more than the simulator keeps");
        return false;
    }
    if (payload && sim_starts_with(payload, "STREAMING-")) {
        sim_answer_s3_error(answer, 501, "NotImplemented", "aws-chunked bodies are not simulated");
        return false;
    }
    return true;
}

static void answer_written(const struct sim_object *object, struct sim_answer *answer)
{
    static const char *const names[] = {"x-amz-server-side-encryption",
                                        "x-amz-server-side-encryption-aws-kms-key-id",
                                        "x-amz-checksum-sha256",
                                        "x-amz-checksum-crc32c",
                                        "x-amz-checksum-crc64nvme",
                                        "x-amz-checksum-crc32"};
    if (object->version)
        sim_answer_header(answer, "x-amz-version-id", object->version);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = sim_pairs_get(&object->headers, names[i]);
        if (value)
            sim_answer_header(answer, names[i], value);
    }
}

void sim_store_put(struct sim *sim, const struct sim_request *req, const char *name,
                   struct sim_answer *answer)
{
    if (!digests_fit(req, answer) ||
        !sim_store_conditions(req, sim_store_find(sim, name, NULL), answer))
        return;
    struct sim_object *object = sim_alloc(sizeof(*object));
    object->name = sim_strdup(name);
    take_properties(req, object, true);
    if (!sim_meta_take(req, object, answer) ||
        !sim_tags_take(&object->tags, sim_pairs_get(&req->headers, "x-amz-tagging"), answer)) {
        sim_object_free(object);
        return;
    }
    sim_buf_add(&object->data, req->body.data, req->body.len);
    object->etag = make_etag(object);
    insert(sim, object);
    answer->status = 200;
    sim_answer_header(answer, "ETag", object->etag);
    answer_written(object, answer);
}

/* "/bucket/key?versionId=V", encoded; the slash in front may be missing. */
static const struct sim_object *copy_source(const struct sim *sim, const char *header, char **name)
{
    static const char label[] = "?versionId=";
    const char *mark = strstr(header, label);
    size_t len = mark ? (size_t)(mark - header) : strlen(header);
    char *decoded = sim_percent_decode(header, len, false);
    *name = sim_strdup(decoded[0] == '/' ? decoded + 1 : decoded);
    free(decoded);
    return sim_store_find(sim, *name, mark ? mark + sizeof(label) - 1 : NULL);
}

static bool is_directive(const struct sim_request *req, const char *header, const char *wanted)
{
    const char *value = sim_pairs_get(&req->headers, header);
    return value && strcmp(value, wanted) == 0;
}

static bool copy_allowed(const struct sim_request *req, const struct sim_object *source,
                         const char *source_name, const char *name, struct sim_answer *answer)
{
    const char *match = sim_pairs_get(&req->headers, "x-amz-copy-source-if-match");
    const char *none = sim_pairs_get(&req->headers, "x-amz-copy-source-if-none-match");
    bool replace = is_directive(req, "x-amz-metadata-directive", "REPLACE");
    if (!source) {
        sim_answer_s3_error(answer, 404, "NoSuchKey", "The specified key does not exist.");
        return false;
    }
    if ((match && !etag_fits(match, source)) || (none && etag_fits(none, source))) {
        sim_answer_s3_error(answer, 412, "PreconditionFailed",
                            "At least one of the pre-conditions you specified did not hold");
        return false;
    }
    if (strcmp(source_name, name) == 0 && !replace &&
        !sim_pairs_get(&req->headers, "x-amz-storage-class")) {
        sim_answer_s3_error(
            answer, 400, "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself "
            "without changing the object's metadata");
        return false;
    }
    return true;
}

/* NULL, with answer set, when the new metadata or tags are refused. */
static struct sim_object *make_copy(const struct sim_request *req, const struct sim_object *source,
                                    const char *name, struct sim_answer *answer)
{
    bool replace = is_directive(req, "x-amz-metadata-directive", "REPLACE");
    bool replace_tags = is_directive(req, "x-amz-tagging-directive", "REPLACE");
    struct sim_object *object = sim_alloc(sizeof(*object));
    object->name = sim_strdup(name);
    if (!replace) {
        copy_pairs(&object->headers, &source->headers);
        sim_pairs_remove(&object->headers, "x-amz-website-redirect-location");
        sim_pairs_remove(&object->headers, "x-amz-server-side-encryption");
        object->missing_meta_count = source->missing_meta_count;
    }
    take_properties(req, object, replace);
    bool good = !replace || sim_meta_take(req, object, answer);
    if (good && replace_tags)
        good = sim_tags_take(&object->tags, sim_pairs_get(&req->headers, "x-amz-tagging"), answer);
    else if (good)
        copy_pairs(&object->tags, &source->tags);
    if (!good) {
        sim_object_free(object);
        return NULL;
    }
    sim_buf_add(&object->data, source->data.data, source->data.len);
    object->etag = make_etag(object);
    return object;
}

void sim_store_copy(struct sim *sim, const struct sim_request *req, const char *name,
                    struct sim_answer *answer)
{
    char *source_name = NULL;
    const char *header = sim_pairs_get(&req->headers, "x-amz-copy-source");
    const struct sim_object *source = copy_source(sim, header ? header : "", &source_name);
    if (copy_allowed(req, source, source_name, name, answer) &&
        sim_store_conditions(req, sim_store_find(sim, name, NULL), answer)) {
        struct sim_object *object = make_copy(req, source, name, answer);
        if (object) {
            char when[32];
            struct tm parts;
            insert(sim, object);
            gmtime_r(&object->modified, &parts);
            strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
            struct sim_buf xml = {0};
            sim_buf_adds(&xml,
                         "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CopyObjectResult xmlns=\""
                         "http://s3.amazonaws.com/doc/2006-03-01/\"><LastModified>");
            sim_buf_printf(&xml, "%s</LastModified><ETag>", when);
            sim_xml_escape(&xml, object->etag);
            sim_buf_adds(&xml, "</ETag></CopyObjectResult>");
            sim_answer_text(answer, 200, "application/xml", xml.data);
            sim_buf_release(&xml);
            answer_written(object, answer);
        }
    }
    free(source_name);
}

/* 204 whether or not it was there; with versions a marker hides it and nothing is lost. */
void sim_store_delete(struct sim *sim, const struct sim_request *req, const char *name,
                      struct sim_answer *answer)
{
    const struct sim_object *object = sim_store_find(sim, name, NULL);
    if (sim_pairs_get(&req->headers, "if-match") && !sim_store_conditions(req, object, answer))
        return;
    answer->status = 204;
    if (sim->s3_versioned && object) {
        struct sim_object *marker = sim_alloc(sizeof(*marker));
        marker->name = sim_strdup(name);
        marker->etag = sim_strdup("\"\"");
        marker->delete_marker = true;
        insert(sim, marker);
        sim_answer_header(answer, "x-amz-delete-marker", "true");
        sim_answer_header(answer, "x-amz-version-id", marker->version);
    } else if (object) {
        remove_all(sim->store, name);
    }
}
