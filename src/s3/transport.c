#include "s3/transport.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

const char *gs3_s3_op_name(enum gs3_s3_op op)
{
    switch (op) {
    case GS3_S3_PUT_OBJECT: return "PutObject";
    case GS3_S3_GET_OBJECT: return "GetObject";
    case GS3_S3_HEAD_OBJECT: return "HeadObject";
    case GS3_S3_COPY_OBJECT: return "CopyObject";
    case GS3_S3_DELETE_OBJECT: return "DeleteObject";
    case GS3_S3_GET_OBJECT_TAGGING: return "GetObjectTagging";
    case GS3_S3_PUT_OBJECT_TAGGING: return "PutObjectTagging";
    case GS3_S3_LIST_OBJECTS: return "ListObjectsV2";
    case GS3_S3_DELETE_OBJECTS: return "DeleteObjects";
    case GS3_S3_CREATE_UPLOAD: return "CreateMultipartUpload";
    case GS3_S3_UPLOAD_PART: return "UploadPart";
    case GS3_S3_UPLOAD_PART_COPY: return "UploadPartCopy";
    case GS3_S3_COMPLETE_UPLOAD: return "CompleteMultipartUpload";
    case GS3_S3_ABORT_UPLOAD: return "AbortMultipartUpload";
    case GS3_S3_LIST_PARTS: return "ListParts";
    }
    return "";
}

void gs3_s3_properties_release(struct gs3_s3_properties *properties)
{
    free(properties->content_type);
    free(properties->cache_control);
    free(properties->content_disposition);
    free(properties->content_encoding);
    free(properties->content_language);
    free(properties->expires);
    *properties = (struct gs3_s3_properties){.content_type = NULL};
}

void gs3_s3_properties_copy(struct gs3_s3_properties *to, const struct gs3_s3_properties *from)
{
    struct gs3_s3_properties copy = {
        .content_type = gs3_xstrdup_or_null(from->content_type),
        .cache_control = gs3_xstrdup_or_null(from->cache_control),
        .content_disposition = gs3_xstrdup_or_null(from->content_disposition),
        .content_encoding = gs3_xstrdup_or_null(from->content_encoding),
        .content_language = gs3_xstrdup_or_null(from->content_language),
        .expires = gs3_xstrdup_or_null(from->expires),
    };
    gs3_s3_properties_release(to);
    *to = copy;
}

void gs3_s3_part_release(struct gs3_s3_part *part)
{
    free(part->etag);
    free(part->checksum);
    *part = (struct gs3_s3_part){.number = 0};
}

static void release_lists(struct gs3_s3_result *result)
{
    for (size_t i = 0; i < result->parts_count; i++)
        gs3_s3_part_release(&result->parts[i]);
    free(result->parts);
    for (size_t i = 0; i < result->survivor_count; i++) {
        free(result->survivors[i].key);
        free(result->survivors[i].code);
        free(result->survivors[i].message);
    }
    free(result->survivors);
}

void gs3_s3_result_release(struct gs3_s3_result *result)
{
    release_lists(result);
    free(result->upload_id);
    free(result->checksum);
    free(result->md5);
    free(result->next_token);
    free(result->etag);
    free(result->version_id);
    free(result->last_modified);
    free(result->storage_class);
    free(result->restore);
    free(result->sse);
    gs3_s3_properties_release(&result->properties);
    gs3_pairs_release(&result->metadata);
    gs3_pairs_release(&result->checksums);
    gs3_pairs_release(&result->tags);
    *result = (struct gs3_s3_result){.etag = NULL};
}

int gs3_s3_perform(struct gs3_s3_transport *transport, const struct gs3_s3_request *request,
                   struct gs3_s3_result *result, struct gs3_err *err)
{
    return transport->ops->wait(transport, transport->ops->start(transport, request), result, err);
}

void gs3_s3_transport_free(struct gs3_s3_transport *transport)
{
    if (transport)
        transport->ops->free(transport);
}

bool gs3_s3_err_is_precondition(const struct gs3_err *err)
{
    return strcmp(err->code, "PreconditionFailed") == 0 || strcmp(err->code, "412") == 0;
}

bool gs3_s3_err_is_not_found(const struct gs3_err *err)
{
    return err->http_status == 404;
}
