#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "s3/internal.h"
#include "s3/v2.h"

/* libs3 keeps each header in 128 bytes, its name included. */
enum { HEADER_VALUE_BYTES = 128 - (int)sizeof "Content-Encoding: " };

static int refuse(const char *what, struct gs3_err *err)
{
    return gs3_fail(err, GS3_EUSAGE, "%s cannot be had with signature_version = s3", what);
}

/* In S3's own words: the engine knows them, and goes on without. */
static int fail_as_store(const struct gs3_s3_request *request, struct gs3_err *err)
{
    gs3_fail(err, GS3_ESERVICE, "%s%s cannot be had with signature_version = s3",
             request->if_match ? "a conditional " : "", gs3_s3_op_name(request->op));
    if (err) {
        snprintf(err->code, sizeof err->code, "NotImplemented");
        err->http_status = 501;
    }
    return -1;
}

static int check_operation(const struct gs3_s3_request *request, struct gs3_err *err)
{
    switch (request->op) {
    case GS3_S3_PUT_OBJECT:
    case GS3_S3_GET_OBJECT:
    case GS3_S3_HEAD_OBJECT:
    case GS3_S3_COPY_OBJECT:
    case GS3_S3_DELETE_OBJECT:
    case GS3_S3_LIST_OBJECTS: return 0;
    case GS3_S3_CREATE_UPLOAD:
    case GS3_S3_UPLOAD_PART:
    case GS3_S3_UPLOAD_PART_COPY:
    case GS3_S3_COMPLETE_UPLOAD:
    case GS3_S3_ABORT_UPLOAD:
    case GS3_S3_LIST_PARTS:
        return gs3_fail(err, GS3_EFAIL,
                        "an object over 5 GiB needs a multipart upload, which cannot be had with "
                        "signature_version = s3");
    case GS3_S3_GET_OBJECT_TAGGING:
    case GS3_S3_PUT_OBJECT_TAGGING:
        return gs3_fail(err, GS3_EFAIL, "object tags cannot be had with signature_version = s3");
    case GS3_S3_DELETE_OBJECTS: break;
    }
    return fail_as_store(request, err);
}

static int check_acl(const char *acl, struct gs3_err *err)
{
    static const char *const known[] = {"private", "public-read", "public-read-write",
                                        "authenticated-read"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!acl || strcmp(acl, known[i]) == 0)
            return 0;
    return gs3_fail(err, GS3_EUSAGE,
                    "--acl %.60s cannot be had with signature_version = s3: private, public-read, "
                    "public-read-write and authenticated-read can",
                    acl);
}

static int check_write(const struct gs3_s3_write_options *write, struct gs3_err *err)
{
    if (!write)
        return 0;
    if (write->grant_read || write->grant_read_acp || write->grant_write_acp ||
        write->grant_full_control)
        return refuse("--grants", err);
    if (write->storage_class && strcmp(write->storage_class, "STANDARD") != 0)
        return refuse("--storage-class", err);
    if (write->sse || write->sse_kms_key_id)
        return refuse("--sse", err);
    if (write->website_redirect)
        return refuse("--website-redirect", err);
    return check_acl(write->acl, err);
}

/* Those of the user were refused before: these came with a copy's source. */
static int check_absent(const char *name, const char *value, struct gs3_err *err)
{
    return value ? gs3_fail(err, GS3_EFAIL,
                            "%s cannot be sent with signature_version = s3: leave it out with "
                            "--copy-props none or --metadata-directive REPLACE",
                            name)
                 : 0;
}

static int check_short(const char *name, const char *value, struct gs3_err *err)
{
    if (!value)
        return 0;
    /* It would be left out, or signed in another form than it is sent in. */
    if (!*value || *value == ' ' || *value == '\t' || strpbrk(value, "\r\n"))
        return gs3_fail(err, GS3_EFAIL,
                        "%s is empty or begins with a space, which cannot be sent with "
                        "signature_version = s3",
                        name);
    return strlen(value) < HEADER_VALUE_BYTES
               ? 0
               : gs3_fail(err, GS3_EFAIL,
                          "%s has more than %d bytes, which cannot be sent with "
                          "signature_version = s3",
                          name, HEADER_VALUE_BYTES - 1);
}

static int check_properties(const struct gs3_s3_properties *properties, struct gs3_err *err)
{
    if (!properties)
        return 0;
    return check_absent("Content-Disposition", properties->content_disposition, err) ||
                   check_absent("Content-Language", properties->content_language, err) ||
                   check_absent("Expires", properties->expires, err) ||
                   check_short("Content-Type", properties->content_type, err) ||
                   check_short("Cache-Control", properties->cache_control, err) ||
                   check_short("Content-Encoding", properties->content_encoding, err)
               ? -1
               : 0;
}

/* libs3 trims values at their end, and reads past a header that has none. Both would change what is
 * signed. */
static int check_metadata(const struct gs3_pairs *metadata, struct gs3_err *err)
{
    size_t bytes = 0;
    for (size_t i = 0; metadata && i < metadata->count; i++) {
        const char *name = metadata->items[i].name, *value = metadata->items[i].value;
        size_t length = strlen(value);
        bytes += strlen(name) + length;
        if (length == 0 || value[0] == ' ' || value[length - 1] == ' ' || strpbrk(value, "\r\n\t"))
            return gs3_fail(err, GS3_EFAIL,
                            "the metadata %.100s is empty or has white space around it or a tab in "
                            "it, which cannot be sent with signature_version = s3",
                            name);
        if (!*name || strpbrk(name, ": \t\r\n"))
            return gs3_fail(err, GS3_EFAIL, "the metadata's name \"%.100s\" is none", name);
    }
    return bytes <= 2048 ? 0
                         : gs3_fail(err, GS3_EFAIL,
                                    "the metadata has more than 2048 bytes, which cannot be sent "
                                    "with signature_version = s3");
}

static int check_object(const struct gs3_s3_object *object, struct gs3_err *err)
{
    size_t length = object->key ? strlen(object->key) : 0;
    if (object->version_id)
        return refuse("a version id", err);
    if (object->key && (length == 0 || length > GS3_S3_KEY_BYTES))
        return gs3_fail(err, GS3_EUSAGE, "a key has 1 to 1024 bytes, this one has %zu", length);
    return 0;
}

static int check_conditions(const struct gs3_s3_request *request, struct gs3_err *err)
{
    bool is_get = request->op == GS3_S3_GET_OBJECT;
    if (request->if_none_match)
        return refuse("--no-overwrite", err);
    if (request->if_match && !is_get)
        return fail_as_store(request, err);
    return request->get_part_number ? refuse("a part of an object", err) : 0;
}

static int check_extras(const struct gs3_s3_request *request, struct gs3_err *err)
{
    bool is_write = request->op == GS3_S3_PUT_OBJECT || request->op == GS3_S3_COPY_OBJECT;
    if (request->tags && is_write)
        return refuse("--tags", err);
    if (request->customer_key || request->copy_source_key)
        return refuse("--sse-c", err);
    if (is_write && (request->checksum != GS3_S3_CHECKSUM_NONE || request->checksum_value))
        return refuse("--checksum-algorithm", err);
    if (request->headers && request->headers->count > 0)
        return refuse("a further header", err);
    return 0;
}

int gs3_s3_v2_check(const struct gs3_s3_request *request, struct gs3_err *err)
{
    if (check_operation(request, err) || check_object(&request->object, err) ||
        check_conditions(request, err) || check_extras(request, err) ||
        check_write(request->write, err) || check_properties(request->properties, err) ||
        check_metadata(request->metadata, err))
        return -1;
    if (request->prefix && strlen(request->prefix) > GS3_S3_KEY_BYTES - 1)
        return gs3_fail(err, GS3_EUSAGE,
                        "a prefix has at most 1023 bytes with "
                        "signature_version = s3");
    if (request->op == GS3_S3_PUT_OBJECT && request->body.length_bytes > GS3_S3_PUT_BYTES)
        return gs3_fail(err, GS3_EFAIL,
                        "an object over 5 GiB needs a multipart upload, which cannot be had with "
                        "signature_version = s3");
    if (request->op == GS3_S3_COPY_OBJECT && request->copy_source.version_id)
        return refuse("a copy of a version", err);
    return 0;
}
