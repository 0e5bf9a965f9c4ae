/*
 * Reads the head of a request, in place.
 */
#include "sink.h"

#include <string.h>
#include <strings.h>

/* The value when the line "Name: value" has that name, else NULL. */
static char *header_value(char *line, const char *name)
{
    size_t len = strlen(name);
    if (strncasecmp(line, name, len) != 0 || line[len] != ':')
        return NULL;
    char *value = line + len + 1;
    return value + strspn(value, " \t");
}

static bool is_kept(const char *line)
{
    static const char *const names[] = {"cache-control:",       "content-disposition:",
                                        "content-encoding:",    "content-language:",
                                        "content-type:",        "expires:",
                                        "x-amz-storage-class:", "x-amz-meta-"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncasecmp(line, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static bool read_range(struct sink_request *request, const char *value)
{
    if (strncmp(value, "bytes=", 6) != 0)
        return true; /* another unit: ignored, as HTTP wants it */
    const char *at = value + 6;
    request->range_first = request->range_last = UINT64_MAX;
    request->has_range = true;
    if (*at != '-' && !sink_number_read(at, &request->range_first, &at))
        return false;
    if (*at++ != '-')
        return false;
    if (*at == '\0')
        return request->range_first != UINT64_MAX;
    return sink_number_read(at, &request->range_last, &at) && *at == '\0';
}

static void read_copy_source(struct sink_request *request, char *value)
{
    value[strcspn(value, "?")] = '\0'; /* ?versionId= */
    sink_percent_decode(value, false);
    request->copy_source = value + (value[0] == '/' ? 1 : 0);
}

static void read_payload_hash(struct sink_request *request, struct sink_stats *stats,
                              const char *value)
{
    request->is_streaming = strncmp(value, "STREAMING", 9) == 0;
    sink_count(stats,
               request->is_streaming                ? SINK_PAYLOAD_STREAMING
               : strncmp(value, "UNSIGNED", 8) == 0 ? SINK_PAYLOAD_UNSIGNED
                                                    : SINK_PAYLOAD_SHA256,
               1);
}

static bool read_amz_header(struct sink_request *request, struct sink_stats *stats, char *line)
{
    char *value;
    if ((value = header_value(line, "x-amz-content-sha256")))
        read_payload_hash(request, stats, value);
    else if ((value = header_value(line, "x-amz-decoded-content-length")))
        return request->has_decoded = sink_number_read(value, &request->decoded_bytes, NULL);
    else if ((value = header_value(line, "x-amz-copy-source")))
        read_copy_source(request, value);
    else if ((value = header_value(line, "x-amz-copy-source-range")))
        return read_range(request, value);
    else if ((value = header_value(line, "x-amz-copy-source-if-match")))
        request->copy_if_match = value;
    else if ((value = header_value(line, "x-amz-metadata-directive")))
        request->is_replace = strcasecmp(value, "REPLACE") == 0;
    else if (strncasecmp(line, "x-amz-checksum-", 15) == 0)
        sink_count(stats, SINK_CHECKSUM_HEADER, 1);
    sink_checksum_read(request, line);
    return true;
}

static bool read_header(struct sink_request *request, struct sink_stats *stats, char *line)
{
    char *value;
    if (strncasecmp(line, "x-amz-", 6) == 0)
        return read_amz_header(request, stats, line);
    if ((value = header_value(line, "content-length")))
        return sink_number_read(value, &request->length_bytes, NULL);
    if ((value = header_value(line, "connection")))
        request->keeps_alive = strncasecmp(value, "close", 5) != 0;
    else if ((value = header_value(line, "transfer-encoding")))
        request->is_chunked = strcasestr(value, "chunked") != NULL;
    else if (header_value(line, "expect"))
        request->expects = true;
    else if (header_value(line, "content-md5"))
        sink_count(stats, SINK_CONTENT_MD5, 1);
    else if ((value = header_value(line, "if-match")))
        request->if_match = value;
    else if ((value = header_value(line, "if-none-match")))
        request->if_none_match = value;
    else if ((value = header_value(line, "range")))
        return read_range(request, value);
    return true;
}

static void keep_header(struct sink_request *request, const char *line)
{
    /* Of an upload in chunks S3 keeps the bytes, not the encoding they came in. */
    if (!is_kept(line) || strcasestr(line, "aws-chunked"))
        return;
    sink_buf_text(&request->kept, line);
    sink_buf_text(&request->kept, "\r\n");
}

static bool read_headers(struct sink_request *request, struct sink_stats *stats, char *line)
{
    while (line && *line) {
        char *end = strstr(line, "\r\n");
        if (end)
            *end = '\0';
        keep_header(request, line);
        if (!read_header(request, stats, line))
            return false;
        line = end ? end + 2 : NULL;
    }
    return !request->kept.is_full;
}

/* "METHOD target HTTP/1.1": the target is a path or, to a proxy, a whole URL. */
static bool read_line(struct sink_request *request, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target ? strrchr(target + 1, ' ') : NULL;
    if (!version || strncmp(version + 1, "HTTP/1.", 7) != 0)
        return false;
    *target++ = *version = '\0';
    if (strncmp(target, "http://", 7) == 0 || strncmp(target, "https://", 8) == 0) {
        target = strchr(target + 8, '/');
        if (!target)
            return false;
    }
    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    target += strspn(target, "/");
    sink_percent_decode(target, false);
    request->method = line;
    request->query = query ? query : "";
    request->path = target;
    request->bucket_len = strcspn(target, "/");
    request->key = target + request->bucket_len + (target[request->bucket_len] == '/' ? 1 : 0);
    return true;
}

bool sink_request_read(struct sink_request *request, struct sink_stats *stats)
{
    char *line = request->head.data;
    char *headers = line ? strstr(line, "\r\n") : NULL;
    if (!headers)
        return false;
    *headers = '\0';
    request->keeps_alive = true;
    return read_line(request, line) && read_headers(request, stats, headers + 2);
}

void sink_request_reset(struct sink_request *request)
{
    struct sink_buf head = request->head;
    struct sink_buf kept = request->kept;
    sink_buf_reset(&head);
    sink_buf_reset(&kept);
    head.max = kept.max = SINK_HEAD_MAX_BYTES + 1;
    *request = (struct sink_request){.head = head, .kept = kept, .query = "", .op = SINK_OTHER};
}

/* The parameter's value, still encoded, and its length; NULL when it is absent. */
static const char *find_parameter(const struct sink_request *request, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    const char *at = request->query;
    while (*at) {
        size_t whole = strcspn(at, "&");
        if (strncmp(at, name, name_len) == 0 && (whole == name_len || at[name_len] == '=')) {
            *len = whole == name_len ? 0 : whole - name_len - 1;
            return at + (whole - *len);
        }
        at += whole + (at[whole] == '&' ? 1 : 0);
    }
    return NULL;
}

bool sink_query_get(const struct sink_request *request, const char *name, char *out, size_t size)
{
    size_t len;
    const char *value = find_parameter(request, name, &len);
    out[0] = '\0';
    if (!value || len >= size)
        return false;
    memcpy(out, value, len);
    out[len] = '\0';
    sink_percent_decode(out, true);
    return true;
}

bool sink_query_has(const struct sink_request *request, const char *name)
{
    size_t len;
    return find_parameter(request, name, &len) != NULL;
}
