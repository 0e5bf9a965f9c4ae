#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/internal.h"

enum { CONNECT_TIMEOUT_MS = 10 * 1000, STALL_TIMEOUT_MS = 60 * 1000 };

static bool is_token_char(char c)
{
    return gs3_ascii_is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* A header that could end its line early would let data write the request. */
static int check_header(const char *name, const char *value, struct gs3_err *err)
{
    size_t length = 0;
    while (is_token_char(name[length]))
        length++;
    if (length == 0 || name[length])
        return gs3_fail(err, GS3_EINVALID, "a header name that HTTP does not allow");
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < ' ' && *c != '\t')
            return gs3_fail(err, GS3_EINVALID, "header %s: a control character in its value", name);
    return 0;
}

/* At once, for what a growing buffer leaves behind is not wiped. */
static int reserve_lines(struct gs3_http_call *call, const struct gs3_pairs *headers)
{
    size_t bytes = 2 * sizeof "Content-Type:";
    for (size_t i = 0; i < headers->count; i++)
        bytes += strlen(headers->items[i].name) + strlen(headers->items[i].value) + sizeof ": ";
    if (gs3_buf_reserve(&call->easy->lines.text, bytes) == 0)
        return 0;
    return gs3_fail(&call->err, GS3_EINVALID, "a request to %s has more than %d bytes of headers",
                    call->origin, GS3_HTTP_LINES_BYTES);
}

static int append_line(struct gs3_http_call *call, const char *name, const char *value)
{
    struct gs3_buf *text = &call->easy->lines.text;
    if (check_header(name, value, &call->err))
        return -1;
    /* The length is the body's; a second opinion would be a request that can be split. */
    if (gs3_str_equal_nocase(name, "content-length") ||
        gs3_str_equal_nocase(name, "transfer-encoding"))
        return 0;
    /* "Name;" is curl's way to say a header without a value. */
    gs3_buf_puts(text, name);
    gs3_buf_puts(text, *value ? ": " : ";");
    gs3_buf_append(text, value, strlen(value) + 1);
    call->easy->lines.count++;
    return 0;
}

/* "Name:", which keeps curl from saying the header by itself. */
static void append_none(struct gs3_http_lines *lines, const char *line)
{
    gs3_buf_append(&lines->text, line, strlen(line) + 1);
    lines->count++;
}

static struct curl_slist *list_lines(struct gs3_http_lines *lines)
{
    if (lines->count > lines->capacity) {
        lines->capacity = 2 * lines->count;
        lines->list = gs3_xreallocarray(lines->list, lines->capacity, sizeof *lines->list);
    }
    char *line = lines->text.data;
    for (size_t i = 0; i < lines->count; i++) {
        bool is_last = i + 1 == lines->count;
        lines->list[i] =
            (struct curl_slist){.data = line, .next = is_last ? NULL : &lines->list[i + 1]};
        line += strlen(line) + 1;
    }
    return lines->list;
}

static int set_headers(struct gs3_http_call *call)
{
    struct gs3_http_lines *lines = &call->easy->lines;
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    if (call->request.prepare &&
        call->request.prepare(call->request.context, &headers, &call->err)) {
        if (call->err.class == GS3_OK)
            gs3_fail(&call->err, GS3_EGENERAL, "a request to %s cannot be made", call->origin);
        return -1;
    }
    int outcome = reserve_lines(call, &headers);
    for (size_t i = 0; i < headers.count && outcome == 0; i++)
        outcome = append_line(call, headers.items[i].name, headers.items[i].value);
    for (size_t i = 0; i < headers.count; i++)
        gs3_secret_wipe(headers.items[i].value, strlen(headers.items[i].value));
    /* What curl would say of a form by itself. */
    if (call->easy->setup.class == GS3_HTTP_SMALL && !gs3_pairs_has(&headers, "content-type"))
        append_none(lines, "Content-Type:");
    /* Without a value: never "100-continue", which costs a round trip. */
    append_none(lines, "Expect:");
    curl_easy_setopt(call->easy->curl, CURLOPT_HTTPHEADER, list_lines(lines));
    return outcome;
}

static void set_timeouts(const struct gs3_http_call *call)
{
    CURL *curl = call->easy->curl;
    const struct gs3_http_request *request = &call->request;
    uint32_t connect_ms = request->connect_timeout_ms;
    uint32_t stall_ms = request->stall_timeout_ms;
    uint32_t total_ms = request->total_timeout_ms;
    if (request->survives_interrupt && (total_ms == 0 || total_ms > GS3_HTTP_UNDO_MS))
        total_ms = GS3_HTTP_UNDO_MS;
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(connect_ms ? connect_ms : CONNECT_TIMEOUT_MS));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)total_ms);
    stall_ms = stall_ms ? stall_ms : STALL_TIMEOUT_MS;
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     stall_ms == UINT32_MAX ? 0L : (long)stall_ms / 1000 + (stall_ms % 1000 > 0));
}

int gs3_http_attempt_begin(struct gs3_http_call *call)
{
    if (gs3_http_attempt_reset(call))
        return -1;
    call->easy = gs3_http_easy_take(call);
    if (!call->easy)
        return gs3_fail(&call->err, GS3_EGENERAL, "cannot initialise libcurl");
    CURL *curl = call->easy->curl;
    curl_easy_setopt(curl, CURLOPT_PRIVATE, call);
    curl_easy_setopt(curl, CURLOPT_URL, call->request.url);
    set_timeouts(call);
    gs3_http_body_set(call);
    if (call->is_warm) {
        gs3_http_warm_set(call);
        return 0;
    }
    call->response.attempts++;
    if (set_headers(call))
        return -1;
    /* After the headers, as a large one: what makes the body may need to know the signature. */
    if (call->easy->setup.class == GS3_HTTP_SMALL && gs3_http_body_gather(call))
        return -1;
    gs3_http_log_request(call);
    return 0;
}

void gs3_http_attempt_end(struct gs3_http_call *call)
{
    if (call->easy) {
        curl_easy_getinfo(call->easy->curl, CURLINFO_RESPONSE_CODE, &call->response.status);
        gs3_http_easy_give(call->http, call->easy);
    }
    call->easy = NULL;
    gs3_http_bandwidth_forget(call);
    free(call->gathered);
    call->gathered = NULL;
}
