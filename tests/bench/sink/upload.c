/*
 * Multipart uploads: their lengths and the ETag of the whole; the parts' bytes are not kept.
 */
#include "sink.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define UPLOAD_ID_MAX 40

static bool read_id(const struct sink_request *request, uint64_t *id)
{
    char text[UPLOAD_ID_MAX];
    return sink_query_get(request, "uploadId", text, sizeof text) && text[0] == 'U' &&
           sink_number_read(text + 1, id, NULL);
}

static void free_upload(struct sink_upload *upload)
{
    free(upload->headers);
    free(upload->digests);
    free(upload->parts);
    free(upload);
}

/* With the lock held: where the upload hangs; *result is NULL when there is none. */
static struct sink_upload **find_upload(struct sink_uploads *uploads, uint64_t id)
{
    struct sink_upload **at = &uploads->first;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

void sink_uploads_clear(struct sink_uploads *uploads)
{
    pthread_mutex_lock(&uploads->lock);
    while (uploads->first) {
        struct sink_upload *upload = uploads->first;
        uploads->first = upload->next;
        free_upload(upload);
    }
    pthread_mutex_unlock(&uploads->lock);
}

/* Answers <ROOT> with the bucket, the key, one element, and whatever else there is. */
static void answer_named(struct sink_exchange *x, const char *root, const char *element,
                         const char *value, const char *more)
{
    struct sink_buf out = {.max = SINK_ANSWER_MAX_BYTES};
    sink_buf_printf(&out, SINK_XML "<%s" SINK_NAMESPACE "><Bucket>%.*s</Bucket><Key>", root,
                    (int)x->request->bucket_len, x->request->path);
    sink_buf_xml(&out, x->request->key);
    sink_buf_printf(&out, "</Key><%s>%s</%s>%s</%s>", element, value, element, more, root);
    sink_answer(x, "200 OK", "", out.data);
    sink_buf_release(&out);
}

void sink_create_upload(struct sink_exchange *x)
{
    struct sink_uploads *uploads = &x->sink->uploads;
    struct sink_upload *upload = sink_alloc(sizeof *upload);
    char id[UPLOAD_ID_MAX];
    upload->headers = x->request->kept.len > 0 ? sink_strdup(x->request->kept.data) : NULL;
    upload->checksum_kind = x->request->checksum_kind;
    pthread_mutex_lock(&uploads->lock);
    upload->id = ++uploads->last_id;
    upload->next = uploads->first;
    uploads->first = upload;
    snprintf(id, sizeof id, "U%llu", (unsigned long long)upload->id);
    pthread_mutex_unlock(&uploads->lock);
    answer_named(x, "InitiateMultipartUploadResult", "UploadId", id, "");
}

static void note_part(struct sink_upload *upload, uint64_t part, const struct sink_part *noted,
                      const unsigned char digest[16])
{
    if (part > upload->digest_cap) {
        upload->digests = sink_realloc(upload->digests, 2 * part * sizeof *upload->digests);
        memset(upload->digests + upload->digest_cap, 0,
               (2 * part - upload->digest_cap) * sizeof *upload->digests);
        upload->parts = sink_realloc(upload->parts, 2 * part * sizeof *upload->parts);
        memset(upload->parts + upload->digest_cap, 0,
               (2 * part - upload->digest_cap) * sizeof *upload->parts);
        upload->digest_cap = 2 * part;
    }
    memcpy(upload->digests[part - 1], digest, 16);
    upload->parts[part - 1] = *noted; /* a part may be sent again */
    if (part > upload->part_count)
        upload->part_count = part;
}

/* The length of a copied part. False: the answer is written. */
static bool measure_copied_part(struct sink_exchange *x, uint64_t *size_bytes)
{
    const struct sink_request *request = x->request;
    struct sink_object source;
    if (!sink_index_find(&x->sink->index, request->copy_source, &source)) {
        sink_answer_missing(x, "NoSuchKey");
        return false;
    }
    *size_bytes = source.size_bytes;
    bool may = sink_check_match(x, request->copy_if_match, source.etag);
    sink_object_release(&source);
    if (!may)
        return false;
    if (request->has_range) {
        if (request->range_last >= *size_bytes || request->range_first > request->range_last) {
            sink_answer_error(x, "400 Bad Request", "InvalidArgument",
                              "The range is not within the source.");
            return false;
        }
        *size_bytes = request->range_last - request->range_first + 1;
    }
    return true;
}

static void answer_part(struct sink_exchange *x, const char *etag)
{
    char text[300];
    char line[SINK_CHECKSUM_LINE];
    if (x->request->op == SINK_UPLOAD_PART) {
        sink_checksum_line(&x->checksum, line);
        snprintf(text, sizeof text, "ETag: \"%s\"\r\n%s", etag, line);
        sink_answer_empty(x, "200 OK", text);
        return;
    }
    snprintf(text, sizeof text,
             SINK_XML "<CopyPartResult><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                      "<ETag>&quot;%s&quot;</ETag></CopyPartResult>",
             etag);
    sink_answer(x, "200 OK", "", text);
}

void sink_put_part(struct sink_exchange *x)
{
    struct sink_uploads *uploads = &x->sink->uploads;
    uint64_t part = x->request->part;
    uint64_t size_bytes = x->body_bytes;
    uint64_t id = 0;
    unsigned char digest[16];
    char etag[SINK_ETAG_CHARS];
    if (part < 1 || part > SINK_PARTS_MAX) {
        sink_answer_error(x, "400 Bad Request", "InvalidArgument",
                          "Part number must be an integer between 1 and 10000, inclusive");
        return;
    }
    bool is_copy = x->request->op == SINK_COPY_PART;
    if (is_copy ? !measure_copied_part(x, &size_bytes) : !sink_checksum_check(x, &x->checksum))
        return;
    const struct sink_part noted = {.checksum = x->checksum, .size_bytes = size_bytes};
    memset(digest, (int)(part & 255), sizeof digest);
    if (!is_copy && x->sink->options.has_md5)
        memcpy(digest, x->md5, sizeof digest);
    bool is_known = read_id(x->request, &id);
    pthread_mutex_lock(&uploads->lock);
    struct sink_upload *upload = is_known ? *find_upload(uploads, id) : NULL;
    if (upload)
        note_part(upload, part, &noted, digest);
    pthread_mutex_unlock(&uploads->lock);
    if (!upload) {
        sink_answer_missing(x, "NoSuchUpload");
        return;
    }
    sink_stats_part(&x->sink->stats, size_bytes);
    sink_hex(etag, digest, sizeof digest);
    /* Not an MD5: a client must not compare it with one. */
    if (!x->sink->options.has_md5)
        snprintf(etag + 32, sizeof etag - 32, "-1");
    answer_part(x, etag);
}

/* That of the whole from its parts'; none where a part was copied, or has one of another kind. */
static struct sink_checksum join_checksums(const struct sink_upload *upload)
{
    struct sink_checksum whole = {.is_there = true, .kind = upload->checksum_kind};
    for (uint64_t i = 0; i < upload->part_count; i++) {
        const struct sink_part *part = &upload->parts[i];
        if (!part->checksum.is_there || part->checksum.kind != whole.kind)
            return (struct sink_checksum){.is_there = false};
        whole.value =
            gs3_crc_combine(whole.kind, whole.value, part->checksum.value, part->size_bytes);
    }
    return whole;
}

static void answer_complete(struct sink_exchange *x, const struct sink_object *object)
{
    char text[GS3_CRC_TEXT_BYTES];
    char more[160] = "";
    char quoted[SINK_ETAG_CHARS + 16];
    if (object->checksum.is_there) {
        const char *element = sink_checksum_element(object->checksum.kind);
        gs3_crc_format(object->checksum.kind, object->checksum.value, text);
        snprintf(more, sizeof more, "<%s>%s</%s><ChecksumType>FULL_OBJECT</ChecksumType>", element,
                 text, element);
    }
    snprintf(quoted, sizeof quoted, "&quot;%s&quot;", object->etag);
    answer_named(x, "CompleteMultipartUploadResult", "ETag", quoted, more);
}

/* S3's rule: the MD5 of the parts' MD5s, and how many they are. */
static void complete(struct sink_exchange *x, struct sink_upload *upload)
{
    struct sink_object object = {.headers = upload->headers};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    object.checksum = join_checksums(upload);
    if (!sink_checksum_check(x, &object.checksum))
        return;
    upload->headers = NULL;
    for (uint64_t i = 0; i < upload->part_count; i++)
        object.size_bytes += upload->parts[i].size_bytes;
    if (EVP_Digest(upload->digests, upload->part_count * 16, digest, &len, EVP_md5(), NULL) != 1)
        memset(digest, 0, 16);
    sink_hex(object.etag, digest, 16);
    snprintf(object.etag + 32, sizeof object.etag - 32, "-%u", (unsigned)upload->part_count);
    answer_complete(x, &object);
    sink_index_put(&x->sink->index, x->request->path, &object);
}

void sink_end_upload(struct sink_exchange *x)
{
    struct sink_uploads *uploads = &x->sink->uploads;
    uint64_t id = 0;
    bool is_known = read_id(x->request, &id);
    if (x->request->op == SINK_COMPLETE_UPLOAD && !sink_check_write(x))
        return;
    pthread_mutex_lock(&uploads->lock);
    struct sink_upload **at = find_upload(uploads, id);
    struct sink_upload *upload = is_known ? *at : NULL;
    if (upload)
        *at = upload->next;
    pthread_mutex_unlock(&uploads->lock);
    if (!upload) {
        sink_answer_missing(x, "NoSuchUpload");
        return;
    }
    if (x->request->op == SINK_ABORT_UPLOAD)
        sink_answer_empty(x, "204 No Content", "");
    else if (upload->part_count == 0)
        sink_answer_error(x, "400 Bad Request", "MalformedXML", "There is no part.");
    else
        complete(x, upload);
    free_upload(upload);
}
