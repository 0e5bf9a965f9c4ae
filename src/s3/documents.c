#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "s3/internal.h"
#include "text/xml.h"

#define NAMESPACE "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static int append_element(struct gs3_buf *out, const char *name, const char *text)
{
    return gs3_buf_printf(out, "<%s>", name) || gs3_xml_append_escaped(out, text) ||
           gs3_buf_printf(out, "</%s>", name);
}

static int write_tags(struct gs3_buf *out, const struct gs3_pairs *tags, struct gs3_err *err)
{
    int status = gs3_buf_puts(out, "<Tagging " NAMESPACE "><TagSet>");
    for (size_t i = 0; tags && i < tags->count; i++) {
        status |= gs3_buf_puts(out, "<Tag>");
        status |= append_element(out, "Key", tags->items[i].name);
        status |= append_element(out, "Value", tags->items[i].value);
        status |= gs3_buf_puts(out, "</Tag>");
    }
    status |= gs3_buf_puts(out, "</TagSet></Tagging>");
    return status ? gs3_fail(err, GS3_EINVALID, "the tags are too long or hold a control character")
                  : 0;
}

static int write_victims(struct gs3_buf *out, const struct gs3_s3_request *request,
                         struct gs3_err *err)
{
    if (request->victim_count == 0 || request->victim_count > GS3_S3_BATCH_KEYS)
        return gs3_fail(err, GS3_EGENERAL, "a batch of deletes has 1 to %d keys, not %zu",
                        GS3_S3_BATCH_KEYS, request->victim_count);
    int status = gs3_buf_puts(out, "<Delete " NAMESPACE "><Quiet>true</Quiet>");
    for (size_t i = 0; i < request->victim_count; i++) {
        const struct gs3_s3_victim *victim = &request->victims[i];
        status |= gs3_buf_puts(out, "<Object>");
        if (append_element(out, "Key", victim->key))
            return gs3_fail(err, GS3_EINVALID, "a key that XML cannot carry: delete it by itself");
        if (victim->version_id)
            status |= append_element(out, "VersionId", victim->version_id);
        if (victim->etag)
            status |= append_element(out, "ETag", victim->etag);
        status |= gs3_buf_puts(out, "</Object>");
    }
    status |= gs3_buf_puts(out, "</Delete>");
    return status ? gs3_fail(err, GS3_EINVALID, "the keys to delete are too long") : 0;
}

static int write_parts(struct gs3_buf *out, const struct gs3_s3_request *request,
                       struct gs3_err *err)
{
    const char *checksum =
        request->checksum == GS3_S3_CHECKSUM_NONE ? NULL : gs3_s3_checksum_name(request->checksum);
    if (request->part_count == 0 || request->part_count > GS3_S3_PARTS)
        return gs3_fail(err, GS3_EGENERAL, "an upload has 1 to %d parts, not %zu", GS3_S3_PARTS,
                        request->part_count);
    int status = gs3_buf_puts(out, "<CompleteMultipartUpload " NAMESPACE ">");
    for (size_t i = 0; i < request->part_count; i++) {
        const struct gs3_s3_part *part = &request->parts[i];
        status |= gs3_buf_puts(out, "<Part>");
        if (checksum && part->checksum)
            status |= gs3_buf_printf(out, "<Checksum%s>%s</Checksum%s>", checksum, part->checksum,
                                     checksum);
        status |= append_element(out, "ETag", part->etag);
        status |= gs3_buf_printf(out, "<PartNumber>%u</PartNumber></Part>", part->number);
    }
    status |= gs3_buf_puts(out, "</CompleteMultipartUpload>");
    return status ? gs3_fail(err, GS3_EINVALID, "the list of parts is too long") : 0;
}

static int write_document(const struct gs3_s3_request *request, struct gs3_buf *out,
                          struct gs3_err *err)
{
    out->maximum_bytes = GS3_S3_DOCUMENT_BYTES;
    if (request->op == GS3_S3_PUT_OBJECT_TAGGING)
        return write_tags(out, request->tags, err);
    if (request->op == GS3_S3_DELETE_OBJECTS)
        return write_victims(out, request, err);
    return write_parts(out, request, err);
}

int gs3_s3_document_build(const struct gs3_s3_request *request, struct gs3_s3_wire *wire,
                          struct gs3_err *err)
{
    struct gs3_buf *out = &wire->document;
    bool is_complete = request->op == GS3_S3_COMPLETE_UPLOAD;
    if (!is_complete && request->op != GS3_S3_PUT_OBJECT_TAGGING &&
        request->op != GS3_S3_DELETE_OBJECTS)
        return 0;
    if (write_document(request, out, err))
        return -1;
    wire->body = (struct gs3_http_body){.bytes = out->data, .length_bytes = out->length_bytes};
    gs3_pairs_set(&wire->headers, "content-type", "application/xml");
    if (is_complete)
        return 0;
    unsigned char digest[GS3_MD5_BYTES];
    gs3_md5(out->data, out->length_bytes, digest);
    gs3_auto_free char *md5 = gs3_base64_encode(digest, sizeof digest);
    gs3_pairs_set(&wire->headers, "content-md5", md5);
    return 0;
}
