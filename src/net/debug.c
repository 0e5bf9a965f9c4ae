#include <string.h>

#include "base/str.h"
#include "net/internal.h"
#include "text/utf8.h"

enum { LOG_LINE_BYTES = 1800 };

bool gs3_http_is_secret_header(const char *name)
{
    static const char *const names[] = {"authorization",
                                        "proxy-authorization",
                                        "x-amz-security-token",
                                        "x-sn-apikey",
                                        "cookie",
                                        "set-cookie",
                                        "x-amz-sso_bearer_token",
                                        "x-aws-ec2-metadata-token"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (gs3_str_equal_nocase(name, names[i]))
            return true;
    gs3_auto_free char *lower = gs3_str_lower(gs3_xstrdup(name));
    return strstr(lower, "server-side-encryption-customer-key") != NULL ||
           strstr(lower, "server-side-encryption-context") != NULL;
}

static bool is_secret_parameter(const char *name, size_t length_bytes)
{
    static const char *const names[] = {
        "x-amz-signature", "x-amz-security-token", "x-amz-credential", "signature",
        "token",           "access_token",         "password",         "client_secret"};
    gs3_auto_free char *text = gs3_xstrndup(name, length_bytes);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (gs3_str_equal_nocase(text, names[i]))
            return true;
    return false;
}

void gs3_http_append_url(struct gs3_buf *out, const char *url)
{
    size_t length = strcspn(url, "?");
    gs3_buf_append(out, url, length);
    const char *rest = url + length;
    while (*rest) { /* at '?' or '&' */
        gs3_buf_putc(out, *rest++);
        size_t part_bytes = strcspn(rest, "&");
        size_t name_bytes = strcspn(rest, "=&");
        if (name_bytes < part_bytes && is_secret_parameter(rest, name_bytes)) {
            gs3_buf_append(out, rest, name_bytes);
            gs3_buf_puts(out, "=[redacted]");
        } else {
            gs3_buf_append(out, rest, part_bytes);
        }
        rest += part_bytes;
    }
}

static bool is_logging(const struct gs3_http_call *call)
{
    return call->http->log && call->http->log->write;
}

/* A redirect's target may carry a signature, a token or a user part. */
static void append_value(struct gs3_buf *line, const char *name, const char *value)
{
    gs3_auto_buf struct gs3_buf url = GS3_BUF_INIT(LOG_LINE_BYTES);
    bool is_location = gs3_str_equal_nocase(name, "location");
    if (gs3_http_is_secret_header(name) || (is_location && strchr(value, '@')))
        value = "[redacted]";
    if (is_location)
        gs3_http_append_url(&url, value);
    gs3_utf8_append_printable(line, is_location ? gs3_buf_string(&url) : value);
}

static void log_header(const struct gs3_http_call *call, char direction, const char *name,
                       const char *value)
{
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LOG_LINE_BYTES);
    if (gs3_utf8_append_printable(&line, name) == 0 && gs3_buf_puts(&line, ": ") == 0)
        append_value(&line, name, value);
    gs3_log_debug(call->http->log, "http: %c %s", direction, gs3_buf_string(&line));
}

void gs3_http_log_request(const struct gs3_http_call *call)
{
    if (!is_logging(call))
        return;
    gs3_auto_buf struct gs3_buf url = GS3_BUF_INIT(LOG_LINE_BYTES);
    gs3_http_append_url(&url, call->request.url);
    gs3_log_debug(call->http->log, "http: > %s %s (attempt %u, body of %llu bytes)",
                  call->request.method, gs3_buf_string(&url), call->response.attempts,
                  (unsigned long long)call->request.body.length_bytes);
    const struct gs3_http_lines *lines = &call->easy->lines;
    for (size_t i = 0; i < lines->count; i++) {
        const char *line = lines->list[i].data;
        size_t name_bytes = strcspn(line, ":;");
        gs3_auto_free char *name = gs3_xstrndup(line, name_bytes);
        const char *value = line + name_bytes + (line[name_bytes] ? 1 : 0);
        log_header(call, '>', name, *value == ' ' ? value + 1 : value);
    }
}

void gs3_http_log_response(const struct gs3_http_call *call)
{
    if (!is_logging(call))
        return;
    gs3_log_debug(call->http->log, "http: < %ld from %s, %llu bytes", call->response.status,
                  call->origin, (unsigned long long)call->response.received_bytes);
    const struct gs3_pairs *headers = &call->response.headers;
    for (size_t i = 0; i < headers->count; i++)
        log_header(call, '<', headers->items[i].name, headers->items[i].value);
}

void gs3_http_log_failure(const struct gs3_http_call *call)
{
    if (!is_logging(call))
        return;
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LOG_LINE_BYTES);
    gs3_utf8_append_printable(&line, call->err.message);
    gs3_log_debug(call->http->log, "http: failed: %s", gs3_buf_string(&line));
}
