#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "s3/internal.h"
#include "s3/stream.h"
#include "text/uri.h"
#include "text/utf8.h"

enum { URL_BYTES = 8192, DOCUMENT_BYTES = 64 * 1024, VERSION_BYTES = 1024 };

static bool is_write(enum gs3_s3_op op)
{
    return op == GS3_S3_PUT_OBJECT || op == GS3_S3_COPY_OBJECT || op == GS3_S3_DELETE_OBJECT ||
           op == GS3_S3_COMPLETE_UPLOAD;
}

static bool is_of_bucket(enum gs3_s3_op op)
{
    return op == GS3_S3_LIST_OBJECTS || op == GS3_S3_DELETE_OBJECTS;
}

static const char *method_of(enum gs3_s3_op op)
{
    switch (op) {
    case GS3_S3_PUT_OBJECT:
    case GS3_S3_COPY_OBJECT:
    case GS3_S3_UPLOAD_PART:
    case GS3_S3_UPLOAD_PART_COPY:
    case GS3_S3_PUT_OBJECT_TAGGING: return "PUT";
    case GS3_S3_HEAD_OBJECT: return "HEAD";
    case GS3_S3_DELETE_OBJECT:
    case GS3_S3_ABORT_UPLOAD: return "DELETE";
    case GS3_S3_CREATE_UPLOAD:
    case GS3_S3_COMPLETE_UPLOAD:
    case GS3_S3_DELETE_OBJECTS: return "POST";
    case GS3_S3_GET_OBJECT:
    case GS3_S3_LIST_OBJECTS:
    case GS3_S3_LIST_PARTS:
    case GS3_S3_GET_OBJECT_TAGGING: break;
    }
    return "GET";
}

static int check_object(const struct gs3_s3_object *object, struct gs3_err *err)
{
    size_t length = object->key ? strlen(object->key) : 0;
    if (length == 0)
        return gs3_fail(err, GS3_EUSAGE, "an object needs a key: s3://%s/KEY", object->bucket);
    if (length > GS3_S3_KEY_BYTES)
        return gs3_fail(err, GS3_EUSAGE, "a key of %zu bytes: S3 takes at most %d", length,
                        GS3_S3_KEY_BYTES);
    if (!gs3_utf8_is_valid(object->key, length))
        return gs3_fail(err, GS3_EUSAGE, "a key that is not UTF-8: S3 does not take it");
    const char *version = object->version_id;
    for (const char *c = version; c && *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("&#?%", *c) || c - version >= VERSION_BYTES)
            return gs3_fail(err, GS3_EINVALID, "a version id holds what no version id has");
    return 0;
}

static char *build_path(const struct gs3_s3_endpoint *endpoint, const struct gs3_s3_object *object)
{
    gs3_auto_buf struct gs3_buf path = GS3_BUF_INIT(URL_BYTES);
    gs3_buf_putc(&path, '/');
    if (endpoint->is_path_style)
        gs3_buf_printf(&path, object->key ? "%s/" : "%s", object->bucket);
    if (object->key)
        gs3_uri_encode(&path, object->key, true);
    return gs3_buf_take(&path);
}

/* "&name=value", without the "&" where it is the first; value NULL: "name" alone. */
static void add_query(struct gs3_buf *query, const char *name, const char *value)
{
    if (query->length_bytes > 0)
        gs3_buf_putc(query, '&');
    gs3_buf_puts(query, name);
    if (!value)
        return;
    gs3_buf_putc(query, '=');
    gs3_uri_encode(query, value, false);
}

static void add_query_number(struct gs3_buf *query, const char *name, unsigned number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    add_query(query, name, text);
}

static void add_list_query(struct gs3_buf *query, const struct gs3_s3_request *request)
{
    add_query(query, "list-type", "2");
    add_query(query, "encoding-type", "url");
    if (request->prefix && *request->prefix)
        add_query(query, "prefix", request->prefix);
    if (request->continuation_token)
        add_query(query, "continuation-token", request->continuation_token);
    else if (request->start_after)
        add_query(query, "start-after", request->start_after);
    if (request->page_size > 0)
        add_query_number(query, "max-keys", request->page_size);
}

/* A new object has no version to name; a batch names them one by one. */
static bool takes_version(enum gs3_s3_op op)
{
    return op == GS3_S3_GET_OBJECT || op == GS3_S3_HEAD_OBJECT || op == GS3_S3_DELETE_OBJECT ||
           op == GS3_S3_GET_OBJECT_TAGGING || op == GS3_S3_PUT_OBJECT_TAGGING;
}

static char *build_query(const struct gs3_s3_request *request)
{
    gs3_auto_buf struct gs3_buf query = GS3_BUF_INIT(URL_BYTES);
    enum gs3_s3_op op = request->op;
    if (op == GS3_S3_GET_OBJECT_TAGGING || op == GS3_S3_PUT_OBJECT_TAGGING)
        add_query(&query, "tagging", NULL);
    if (op == GS3_S3_CREATE_UPLOAD)
        add_query(&query, "uploads", NULL);
    if (op == GS3_S3_DELETE_OBJECTS)
        add_query(&query, "delete", NULL);
    if (op == GS3_S3_LIST_OBJECTS)
        add_list_query(&query, request);
    if (op == GS3_S3_UPLOAD_PART || op == GS3_S3_UPLOAD_PART_COPY)
        add_query_number(&query, "partNumber", request->part_number);
    if (op == GS3_S3_LIST_PARTS && request->part_number > 0)
        add_query_number(&query, "part-number-marker", request->part_number);
    if ((op == GS3_S3_GET_OBJECT || op == GS3_S3_HEAD_OBJECT) && request->get_part_number > 0)
        add_query_number(&query, "partNumber", request->get_part_number);
    if (request->upload_id)
        add_query(&query, "uploadId", request->upload_id);
    if (takes_version(op) && request->object.version_id)
        add_query(&query, "versionId", request->object.version_id);
    return gs3_buf_take(&query);
}

static void add_if_set(struct gs3_pairs *headers, const char *name, const char *value)
{
    if (value)
        gs3_pairs_set(headers, name, value);
}

static void add_properties(struct gs3_pairs *headers, const struct gs3_s3_properties *properties)
{
    add_if_set(headers, "content-type", properties->content_type);
    add_if_set(headers, "cache-control", properties->cache_control);
    add_if_set(headers, "content-disposition", properties->content_disposition);
    add_if_set(headers, "content-encoding", properties->content_encoding);
    add_if_set(headers, "content-language", properties->content_language);
    add_if_set(headers, "expires", properties->expires);
}

/* RFC 9110's token, of which a header's name is made. */
static bool is_token(const char *text)
{
    size_t length = 0;
    while (gs3_ascii_is_alnum(text[length]) ||
           (text[length] && strchr("!#$%&'*+-.^_`|~", text[length])))
        length++;
    return length > 0 && !text[length];
}

static bool has_control(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return true;
    return false;
}

static int add_metadata(struct gs3_pairs *headers, const struct gs3_pairs *metadata,
                        struct gs3_err *err)
{
    static const char prefix[] = "x-amz-meta-";
    gs3_auto_buf struct gs3_buf name = GS3_BUF_INIT(DOCUMENT_BYTES);
    for (size_t i = 0; i < metadata->count; i++) {
        const struct gs3_pair *pair = &metadata->items[i];
        if (!is_token(pair->name))
            return gs3_fail(err, GS3_EINVALID,
                            "a metadata key holds what no header's name can hold");
        gs3_buf_clear(&name);
        if (gs3_buf_puts(&name, prefix) || gs3_buf_puts(&name, pair->name))
            return gs3_fail(err, GS3_EINVALID, "a metadata key of more than %d bytes",
                            DOCUMENT_BYTES);
        if (gs3_pairs_has(headers, gs3_buf_string(&name)))
            return gs3_fail(err, GS3_EINVALID, "metadata key \"%.100s\" is there twice",
                            pair->name);
        if (has_control(pair->value))
            return gs3_fail(err, GS3_EINVALID,
                            "metadata \"%.100s\": a control character in its value", pair->name);
        gs3_pairs_add(headers, gs3_buf_string(&name), pair->value);
    }
    return 0;
}

/* As a query string: what x-amz-tagging carries. */
static void add_tags(struct gs3_pairs *headers, const struct gs3_pairs *tags)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(DOCUMENT_BYTES);
    for (size_t i = 0; tags && i < tags->count; i++) {
        if (i > 0)
            gs3_buf_putc(&text, '&');
        gs3_uri_encode(&text, tags->items[i].name, false);
        gs3_buf_putc(&text, '=');
        gs3_uri_encode(&text, tags->items[i].value, false);
    }
    gs3_pairs_set(headers, "x-amz-tagging", gs3_buf_string(&text));
}

static int add_copy(struct gs3_pairs *headers, const struct gs3_s3_request *request,
                    struct gs3_err *err)
{
    const struct gs3_s3_object *source = &request->copy_source;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(URL_BYTES);
    if (gs3_s3_copy_bucket(&text, source->bucket, err) || check_object(source, err))
        return gs3_wrap(err, "copy source");
    gs3_uri_encode(&text, source->key, true);
    if (source->version_id)
        gs3_buf_printf(&text, "?versionId=%s", source->version_id);
    gs3_pairs_set(headers, "x-amz-copy-source", gs3_buf_string(&text));
    add_if_set(headers, "x-amz-copy-source-if-match", request->copy_source_if_match);
    if (request->op == GS3_S3_UPLOAD_PART_COPY)
        return 0;
    /* The governance metadata is new with every copy, so S3 never copies the source's. */
    gs3_pairs_set(headers, "x-amz-metadata-directive", "REPLACE");
    if (request->replace_tags) {
        gs3_pairs_set(headers, "x-amz-tagging-directive", "REPLACE");
        add_tags(headers, request->tags);
    }
    return 0;
}

/* What the caller adds may not say again, in other words, what this room says. */
static int add_extra(struct gs3_pairs *headers, const struct gs3_pairs *extra, struct gs3_err *err)
{
    for (size_t i = 0; i < extra->count; i++) {
        gs3_auto_free char *name = gs3_str_lower(gs3_xstrdup(extra->items[i].name));
        static const char *const own[] = {"x-amz-date", "x-amz-content-sha256",
                                          "x-amz-security-token"};
        bool is_own = !gs3_str_has_prefix(name, "x-amz-") ||
                      gs3_str_has_prefix(name, "x-amz-meta-") || gs3_pairs_has(headers, name);
        for (size_t j = 0; j < sizeof own / sizeof *own; j++)
            is_own = is_own || strcmp(name, own[j]) == 0;
        if (is_own)
            return gs3_fail(err, GS3_EGENERAL, "header %.100s cannot be set here", name);
        gs3_pairs_add(headers, name, extra->items[i].value);
    }
    return 0;
}

static int build_headers(const struct gs3_s3_request *request, struct gs3_s3_wire *wire,
                         struct gs3_err *err)
{
    struct gs3_pairs *headers = &wire->headers;
    bool has_content = request->op == GS3_S3_PUT_OBJECT || request->op == GS3_S3_COPY_OBJECT ||
                       request->op == GS3_S3_CREATE_UPLOAD;
    if (has_content && request->properties)
        add_properties(headers, request->properties);
    if (has_content && request->metadata && add_metadata(headers, request->metadata, err))
        return -1;
    bool has_tags = request->op == GS3_S3_PUT_OBJECT || request->op == GS3_S3_CREATE_UPLOAD;
    if (has_tags && request->tags && request->tags->count > 0)
        add_tags(headers, request->tags);
    bool is_copy = request->op == GS3_S3_COPY_OBJECT || request->op == GS3_S3_UPLOAD_PART_COPY;
    if (is_copy && add_copy(headers, request, err))
        return -1;
    if (gs3_s3_document_build(request, wire, err) ||
        gs3_s3_add_options(request, &wire->endpoint, headers, err))
        return -1;
    add_if_set(headers, "if-match", request->if_match);
    if (request->if_none_match)
        gs3_pairs_set(headers, "if-none-match", "*");
    wire->is_conditional = is_write(request->op) && (request->if_match || request->if_none_match);
    return request->headers ? add_extra(headers, request->headers, err) : 0;
}

static int set_body(const struct gs3_s3_request *request, struct gs3_s3_wire *wire,
                    struct gs3_err *err)
{
    if (request->op != GS3_S3_PUT_OBJECT && request->op != GS3_S3_UPLOAD_PART)
        return 0;
    if (request->body.length_bytes > GS3_S3_PUT_BYTES)
        return gs3_fail(err, GS3_EFAIL,
                        "%llu bytes are more than one request may carry (5 GiB): use a multipart "
                        "upload",
                        (unsigned long long)request->body.length_bytes);
    wire->body = request->body;
    wire->checksum_kind = request->checksum;
    wire->wants_md5 = request->wants_md5;
    return 0;
}

int gs3_s3_wire_build(const struct gs3_s3_request *request, const struct gs3_s3_endpoint *endpoint,
                      const struct gs3_aws_config *config, struct gs3_s3_wire *wire,
                      struct gs3_err *err)
{
    *wire = (struct gs3_s3_wire){.op = request->op, .endpoint = *endpoint};
    wire->method = method_of(request->op);
    wire->bucket = gs3_xstrdup(request->object.bucket);
    wire->range = request->range;
    wire->is_of_part = request->get_part_number > 0;
    if (!is_of_bucket(request->op) && check_object(&request->object, err))
        return -1;
    wire->path = build_path(endpoint, &request->object);
    wire->query = build_query(request);
    gs3_s3_wire_address(wire);
    if (build_headers(request, wire, err) || set_body(request, wire, err))
        return -1;
    return gs3_s3_payload_hash(request, config, wire, err);
}

void gs3_s3_wire_address(struct gs3_s3_wire *wire)
{
    free(wire->url);
    free(wire->host);
    gs3_auto_free char *origin = gs3_origin_format(&wire->endpoint.origin);
    gs3_auto_buf struct gs3_buf url = GS3_BUF_INIT(3 * URL_BYTES);
    wire->host = gs3_xstrdup(strstr(origin, "//") + 2);
    gs3_buf_reserve(&url, strlen(origin) + strlen(wire->path) + strlen(wire->query) + 1);
    gs3_buf_puts(&url, origin);
    gs3_buf_puts(&url, wire->path);
    if (*wire->query)
        gs3_buf_putc(&url, '?');
    gs3_buf_puts(&url, wire->query);
    wire->url = gs3_buf_take(&url);
}

void gs3_s3_wire_release(struct gs3_s3_wire *wire)
{
    free(wire->bucket);
    free(wire->path);
    free(wire->query);
    free(wire->url);
    free(wire->host);
    gs3_pairs_release(&wire->headers);
    gs3_buf_release(&wire->document);
    gs3_s3_stream_free(wire->stream);
    free(wire->loaded);
    free(wire->checksum);
    free(wire->md5);
}
