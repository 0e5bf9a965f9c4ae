#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "s3/internal.h"
#include "text/time.h"

static const char metadata_prefix[] = "x-amz-meta-";
static const char checksum_prefix[] = "x-amz-checksum-";

static bool has_prefix_nocase(const char *text, const char *prefix)
{
    for (; *prefix; text++, prefix++)
        if (gs3_ascii_lower(*text) != *prefix)
            return false;
    return true;
}

static char *take_header(const struct gs3_http_response *response, const char *name)
{
    return gs3_xstrdup_or_null(gs3_pairs_get(&response->headers, name));
}

/* Adds under the rest of the header's name, in lower case. HTTP joins repeated headers with a
 * comma. */
static void add_named(struct gs3_pairs *list, const struct gs3_pair *header, size_t prefix_bytes)
{
    const char *name = header->name + prefix_bytes;
    const char *other = gs3_pairs_get(list, name);
    if (!other) {
        gs3_pairs_add(list, name, header->value);
        gs3_str_lower(list->items[list->count - 1].name);
        return;
    }
    gs3_auto_free char *joined = gs3_xasprintf("%s,%s", other, header->value);
    gs3_pairs_set(list, name, joined);
}

static void read_named(const struct gs3_http_response *response, struct gs3_s3_result *result)
{
    for (size_t i = 0; i < response->headers.count; i++) {
        const struct gs3_pair *header = &response->headers.items[i];
        if (has_prefix_nocase(header->name, metadata_prefix))
            add_named(&result->metadata, header, sizeof metadata_prefix - 1);
        else if (has_prefix_nocase(header->name, checksum_prefix))
            add_named(&result->checksums, header, sizeof checksum_prefix - 1);
    }
}

/* A count that cannot be read is not zero: nobody may take it for "nothing is missing". */
static unsigned read_count(const struct gs3_http_response *response, const char *name)
{
    const char *text = gs3_pairs_get(&response->headers, name);
    uint64_t count = 0;
    if (!text)
        return 0;
    return gs3_str_to_u64(text, UINT32_MAX, &count) == 0 ? (unsigned)count : 1;
}

static void read_common(const struct gs3_http_response *response, struct gs3_s3_result *result)
{
    read_named(response, result);
    result->etag = take_header(response, "etag");
    result->version_id = take_header(response, "x-amz-version-id");
    result->sse = take_header(response, "x-amz-server-side-encryption");
    result->is_delete_marker =
        gs3_str_equal_nocase(gs3_pairs_get(&response->headers, "x-amz-delete-marker"), "true");
}

/* What describes the object: HEAD and GET. */
static int read_object(const struct gs3_http_response *response, struct gs3_s3_result *result,
                       struct gs3_err *err)
{
    result->storage_class = take_header(response, "x-amz-storage-class");
    result->restore = take_header(response, "x-amz-restore");
    result->last_modified = take_header(response, "last-modified");
    if (!result->last_modified ||
        gs3_time_parse_http(result->last_modified, &result->last_modified_s))
        result->last_modified_s = -1;
    const char *date = gs3_pairs_get(&response->headers, "date");
    if (!date || gs3_time_parse_http(date, &result->date_s))
        result->date_s = 0;
    result->missing_meta = read_count(response, "x-amz-missing-meta");
    result->tag_count = read_count(response, "x-amz-tagging-count");
    result->part_count = read_count(response, "x-amz-mp-parts-count");
    result->properties = (struct gs3_s3_properties){
        .content_type = take_header(response, "content-type"),
        .cache_control = take_header(response, "cache-control"),
        .content_disposition = take_header(response, "content-disposition"),
        .content_encoding = take_header(response, "content-encoding"),
        .content_language = take_header(response, "content-language"),
        .expires = take_header(response, "expires"),
    };
    const char *length = gs3_pairs_get(&response->headers, "content-length");
    result->has_length = length && gs3_str_to_u64(length, INT64_MAX, &result->length_bytes) == 0;
    if (!result->has_length)
        return gs3_fail(err, GS3_ESERVICE, "the answer does not say how long the object is");
    return 0;
}

static int read_body_length(const struct gs3_http_response *response,
                            const struct gs3_s3_result *result, struct gs3_err *err)
{
    if (response->received_bytes == result->length_bytes)
        return 0;
    return gs3_fail(err, GS3_ETRANSIENT, "%llu bytes came of an object of %llu",
                    (unsigned long long)response->received_bytes,
                    (unsigned long long)result->length_bytes);
}

static void read_copy(const struct gs3_pairs *leaves, struct gs3_s3_result *result)
{
    free(result->etag);
    /* AWS writes the ETag with its quotes here too, Ceph without: one form for who compares. */
    result->etag = gs3_s3_etag_quoted(gs3_pairs_get(leaves, "CopyObjectResult/ETag"));
    gs3_s3_checksums_read(leaves, "CopyObjectResult/Checksum", result);
    result->last_modified =
        gs3_xstrdup_or_null(gs3_pairs_get(leaves, "CopyObjectResult/LastModified"));
    if (!result->last_modified ||
        gs3_time_parse_iso(result->last_modified, &result->last_modified_s))
        result->last_modified_s = -1;
}

static void read_tags(const struct gs3_pairs *leaves, struct gs3_s3_result *result)
{
    const char *key = NULL;
    for (size_t i = 0; i < leaves->count; i++) {
        const struct gs3_pair *leaf = &leaves->items[i];
        if (strcmp(leaf->name, "Tagging/TagSet/Tag/Key") == 0) {
            key = leaf->value;
        } else if (key && strcmp(leaf->name, "Tagging/TagSet/Tag/Value") == 0) {
            gs3_pairs_add(&result->tags, key, leaf->value);
            key = NULL;
        }
    }
    result->tag_count = (unsigned)result->tags.count;
}

static int read_by_op(enum gs3_s3_op op, const struct gs3_http_response *response,
                      const struct gs3_pairs *leaves, struct gs3_s3_result *result,
                      struct gs3_err *err)
{
    switch (op) {
    case GS3_S3_HEAD_OBJECT: return read_object(response, result, err);
    case GS3_S3_GET_OBJECT:
        return read_object(response, result, err) ? -1 : read_body_length(response, result, err);
    case GS3_S3_COPY_OBJECT: read_copy(leaves, result); break;
    case GS3_S3_GET_OBJECT_TAGGING: read_tags(leaves, result); break;
    case GS3_S3_PUT_OBJECT:
    case GS3_S3_DELETE_OBJECT:
    case GS3_S3_LIST_OBJECTS:
    case GS3_S3_PUT_OBJECT_TAGGING:
    case GS3_S3_UPLOAD_PART:
    case GS3_S3_ABORT_UPLOAD: break;
    case GS3_S3_LIST_PARTS:
    case GS3_S3_DELETE_OBJECTS:
    case GS3_S3_CREATE_UPLOAD:
    case GS3_S3_UPLOAD_PART_COPY:
    case GS3_S3_COMPLETE_UPLOAD: return gs3_s3_upload_read(op, leaves, result, err);
    }
    return 0;
}

int gs3_s3_result_read(enum gs3_s3_op op, const struct gs3_http_response *response,
                       const struct gs3_s3_document *document, struct gs3_s3_result *result,
                       struct gs3_err *err)
{
    result->http_status = response->status;
    result->last_modified_s = -1;
    read_common(response, result);
    /* A login page or a proxy's greeting is a 200 as well: only S3 sends an ETag. */
    bool must_have_etag = op == GS3_S3_PUT_OBJECT || op == GS3_S3_GET_OBJECT ||
                          op == GS3_S3_HEAD_OBJECT || op == GS3_S3_UPLOAD_PART;
    int status = 0;
    if (must_have_etag && gs3_str_is_empty(result->etag))
        status = gs3_fail(err, GS3_ESERVICE, "the answer has no ETag: is this an S3 endpoint?");
    else
        status = read_by_op(op, response, &document->leaves, result, err);
    if (status && err)
        err->http_status = response->status;
    return status ? gs3_wrap(err, "%s", gs3_s3_op_name(op)) : 0;
}
