#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "s3/internal.h"

enum { UPLOAD_ID_BYTES = 1024 };

char *gs3_s3_etag_quoted(const char *etag)
{
    if (gs3_str_is_empty(etag))
        return NULL;
    return etag[0] == '"' ? gs3_xstrdup(etag) : gs3_xasprintf("\"%s\"", etag);
}

static void set_etag(struct gs3_s3_result *result, const char *etag)
{
    free(result->etag);
    result->etag = gs3_s3_etag_quoted(etag);
}

static int read_create(const struct gs3_pairs *leaves, struct gs3_s3_result *result,
                       struct gs3_err *err)
{
    const char *id = gs3_pairs_get(leaves, "InitiateMultipartUploadResult/UploadId");
    if (gs3_str_is_empty(id) || strlen(id) > UPLOAD_ID_BYTES)
        return gs3_fail(err, GS3_ESERVICE, "the answer has no upload id");
    result->upload_id = gs3_xstrdup(id);
    return 0;
}

void gs3_s3_checksums_read(const struct gs3_pairs *leaves, const char *prefix,
                           struct gs3_s3_result *result)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < leaves->count; i++) {
        const struct gs3_pair *leaf = &leaves->items[i];
        if (!gs3_str_has_prefix(leaf->name, prefix))
            continue;
        gs3_auto_free char *name = gs3_str_lower(gs3_xstrdup(leaf->name + length));
        gs3_pairs_set(&result->checksums, name, leaf->value);
    }
}

static int read_complete(const struct gs3_pairs *leaves, struct gs3_s3_result *result,
                         struct gs3_err *err)
{
    const char *etag = gs3_pairs_get(leaves, "CompleteMultipartUploadResult/ETag");
    if (!etag)
        return gs3_fail(err, GS3_ESERVICE, "the answer has no ETag");
    /* Ceph (16) leaves the element empty when it completes, and fills it when it is asked again. */
    set_etag(result, etag);
    gs3_s3_checksums_read(leaves, "CompleteMultipartUploadResult/Checksum", result);
    return 0;
}

static int read_part_copy(const struct gs3_pairs *leaves, struct gs3_s3_result *result,
                          struct gs3_err *err)
{
    set_etag(result, gs3_pairs_get(leaves, "CopyPartResult/ETag"));
    gs3_s3_checksums_read(leaves, "CopyPartResult/Checksum", result);
    return result->etag ? 0 : gs3_fail(err, GS3_ESERVICE, "the answer has no ETag");
}

static struct gs3_s3_part *add_part(struct gs3_s3_result *result)
{
    result->parts =
        gs3_xreallocarray(result->parts, result->parts_count + 1, sizeof *result->parts);
    struct gs3_s3_part *part = &result->parts[result->parts_count++];
    *part = (struct gs3_s3_part){.number = 0};
    return part;
}

static int read_part_field(struct gs3_s3_part *part, const char *name, const char *value)
{
    uint64_t number;
    if (strcmp(name, "PartNumber") == 0) {
        if (gs3_str_to_u64(value, GS3_S3_PARTS, &number))
            return -1;
        part->number = (unsigned)number;
    } else if (strcmp(name, "Size") == 0) {
        return gs3_str_to_u64(value, INT64_MAX, &part->size_bytes);
    } else if (strcmp(name, "ETag") == 0) {
        free(part->etag);
        part->etag = gs3_s3_etag_quoted(value);
    } else if (gs3_str_has_prefix(name, "Checksum")) {
        free(part->checksum);
        part->checksum = gs3_xstrdup(value);
    }
    return 0;
}

/* A field that the part has already begins the next one: the leaves come one after the other. */
static bool begins_part(const struct gs3_s3_result *result, const char *name)
{
    const struct gs3_s3_part *last =
        result->parts_count > 0 ? &result->parts[result->parts_count - 1] : NULL;
    return !last || (strcmp(name, "PartNumber") == 0 && last->number > 0);
}

static int read_parts(const struct gs3_pairs *leaves, struct gs3_s3_result *result,
                      struct gs3_err *err)
{
    static const char prefix[] = "ListPartsResult/Part/";
    for (size_t i = 0; i < leaves->count; i++) {
        const struct gs3_pair *leaf = &leaves->items[i];
        if (!gs3_str_has_prefix(leaf->name, prefix))
            continue;
        const char *name = leaf->name + sizeof prefix - 1;
        if (begins_part(result, name))
            add_part(result);
        if (read_part_field(&result->parts[result->parts_count - 1], name, leaf->value))
            return gs3_fail(err, GS3_ESERVICE, "a part's %s cannot be read", name);
    }
    for (size_t i = 0; i < result->parts_count; i++)
        if (result->parts[i].number == 0 || !result->parts[i].etag)
            return gs3_fail(err, GS3_ESERVICE, "a part without number or ETag");
    if (gs3_str_equal(gs3_pairs_get(leaves, "ListPartsResult/IsTruncated"), "true"))
        result->next_token =
            gs3_xstrdup_or_null(gs3_pairs_get(leaves, "ListPartsResult/NextPartNumberMarker"));
    return 0;
}

static char **survivor_field(struct gs3_s3_survivor *survivor, const char *name)
{
    if (strcmp(name, "Key") == 0)
        return &survivor->key;
    if (strcmp(name, "Code") == 0)
        return &survivor->code;
    return strcmp(name, "Message") == 0 ? &survivor->message : NULL;
}

static struct gs3_s3_survivor *add_survivor(struct gs3_s3_result *result)
{
    result->survivors =
        gs3_xreallocarray(result->survivors, result->survivor_count + 1, sizeof *result->survivors);
    struct gs3_s3_survivor *survivor = &result->survivors[result->survivor_count++];
    *survivor = (struct gs3_s3_survivor){.key = NULL};
    return survivor;
}

static int read_survivors(const struct gs3_pairs *leaves, struct gs3_s3_result *result,
                          struct gs3_err *err)
{
    static const char prefix[] = "DeleteResult/Error/";
    struct gs3_s3_survivor *last = NULL;
    for (size_t i = 0; i < leaves->count; i++) {
        const struct gs3_pair *leaf = &leaves->items[i];
        if (!gs3_str_has_prefix(leaf->name, prefix))
            continue;
        const char *name = leaf->name + sizeof prefix - 1;
        char **field = last ? survivor_field(last, name) : NULL;
        if (!last || (field && *field)) {
            last = add_survivor(result);
            field = survivor_field(last, name);
        }
        if (field)
            *field = gs3_xstrdup(leaf->value);
    }
    for (size_t i = 0; i < result->survivor_count; i++)
        if (!result->survivors[i].key)
            return gs3_fail(err, GS3_ESERVICE,
                            "an object was not deleted, and the answer does not name it");
    return 0;
}

int gs3_s3_upload_read(enum gs3_s3_op op, const struct gs3_pairs *leaves,
                       struct gs3_s3_result *result, struct gs3_err *err)
{
    if (op == GS3_S3_CREATE_UPLOAD)
        return read_create(leaves, result, err);
    if (op == GS3_S3_COMPLETE_UPLOAD)
        return read_complete(leaves, result, err);
    if (op == GS3_S3_UPLOAD_PART_COPY)
        return read_part_copy(leaves, result, err);
    if (op == GS3_S3_LIST_PARTS)
        return read_parts(leaves, result, err);
    return read_survivors(leaves, result, err);
}

/* The number up to `end`, behind which *text stands then. */
static int take_number(const char **text, char end, uint64_t *number)
{
    char digits[24];
    size_t length = strspn(*text, "0123456789");
    if (length == 0 || length >= sizeof digits || (*text)[length] != end)
        return -1;
    memcpy(digits, *text, length);
    digits[length] = '\0';
    *text += length + (end != '\0');
    return gs3_str_to_u64(digits, INT64_MAX, number);
}

/* "bytes 0-9/100" */
static int read_content_range(const char *text, struct gs3_s3_range *range, uint64_t *total)
{
    static const char unit[] = "bytes ";
    uint64_t first, last;
    if (!text || !gs3_str_has_prefix(text, unit))
        return -1;
    text += sizeof unit - 1;
    if (take_number(&text, '-', &first) || take_number(&text, '/', &last) ||
        take_number(&text, '\0', total) || last < first || last >= *total)
        return -1;
    *range = (struct gs3_s3_range){.first = first, .length_bytes = last - first + 1};
    return 0;
}

int gs3_s3_range_check(const struct gs3_s3_wire *wire, const struct gs3_http_response *response,
                       struct gs3_s3_result *result, struct gs3_err *err)
{
    struct gs3_s3_range range;
    const char *text = gs3_pairs_get(&response->headers, "content-range");
    if (wire->op != GS3_S3_GET_OBJECT)
        return 0;
    if (wire->range.length_bytes == 0 && !wire->is_of_part)
        return response->status == 200
                   ? 0
                   : gs3_fail(err, GS3_ESERVICE,
                              "GetObject: status %ld is no answer to this request",
                              response->status);
    if (wire->is_of_part && response->status == 200)
        return 0; /* an object of one piece is its own first part */
    if (response->status != 206 || read_content_range(text, &range, &result->range_total_bytes))
        return gs3_fail(err, GS3_ESERVICE,
                        "GetObject: a range was asked for, and the answer is not one");
    result->has_range = true;
    bool is_wanted =
        wire->range.length_bytes == 0 ||
        (range.first == wire->range.first && range.length_bytes == wire->range.length_bytes);
    if (!is_wanted || range.length_bytes != result->length_bytes)
        return gs3_fail(err, GS3_ESERVICE, "GetObject: the answer is another range: %s", text);
    return 0;
}
