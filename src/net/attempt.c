#include <string.h>

#include "base/str.h"
#include "net/internal.h"

enum {
    CONNECT_TIMEOUT_MS = 10 * 1000,
    STALL_TIMEOUT_MS = 60 * 1000,
    LARGE_BODY_BYTES = 64 * 1024,
    LARGE_BUFFER_BYTES = 512 * 1024 /* curl's own maximum for receiving */
};

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

static int append_line(struct gs3_http_call *call, const char *name, const char *value)
{
    if (check_header(name, value, &call->err))
        return -1;
    /* The length is the body's; a second opinion would be a request that can be split. */
    if (gs3_str_equal_nocase(name, "content-length") ||
        gs3_str_equal_nocase(name, "transfer-encoding"))
        return 0;
    /* "Name;" is curl's way to say a header without a value. */
    gs3_auto_free char *line =
        *value ? gs3_xasprintf("%s: %s", name, value) : gs3_xasprintf("%s;", name);
    call->lines = curl_slist_append(call->lines, line);
    gs3_secret_wipe(line, strlen(line));
    return 0;
}

static int set_headers(struct gs3_http_call *call)
{
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    if (call->request.prepare &&
        call->request.prepare(call->request.context, &headers, &call->err)) {
        if (call->err.class == GS3_OK)
            gs3_fail(&call->err, GS3_EGENERAL, "a request to %s cannot be made", call->origin);
        return -1;
    }
    int outcome = 0;
    for (size_t i = 0; i < headers.count && outcome == 0; i++)
        outcome = append_line(call, headers.items[i].name, headers.items[i].value);
    for (size_t i = 0; i < headers.count; i++)
        gs3_secret_wipe(headers.items[i].value, strlen(headers.items[i].value));
    /* Without a value: never "100-continue", which costs a round trip. */
    call->lines = curl_slist_append(call->lines, "Expect:");
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->lines);
    return outcome;
}

static void set_method(struct gs3_http_call *call)
{
    CURL *easy = call->easy;
    const char *method = call->request.method;
    uint64_t length_bytes = call->request.body.length_bytes;
    bool is_sending = length_bytes > 0 || strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0;
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (is_sending) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length_bytes);
        if (strcmp(method, "PUT") != 0)
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        if (strcmp(method, "GET") != 0)
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    }
    if (length_bytes > LARGE_BODY_BYTES)
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)LARGE_BUFFER_BYTES);
    if (call->request.sink)
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)LARGE_BUFFER_BYTES);
}

static void set_tls(CURL *easy, const struct gs3_http_tls *tls)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (tls->ca_bundle) {
        /* The bundle stands alone: without this, curl's built-in directory is trusted as well. */
        curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca_bundle);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->no_verify ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->no_verify ? 0L : 2L);
}

static void set_proxy(const struct gs3_http *http, CURL *easy,
                      const struct gs3_http_request *request)
{
    bool is_https = gs3_str_has_prefix(request->url, "https:");
    const char *proxy = is_https ? http->proxy_https : http->proxy_http;
    if (request->is_direct)
        proxy = NULL;
    /* "" and not NULL: NULL would let curl look at the environment by itself. */
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy ? proxy : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, http->no_proxy ? http->no_proxy : "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void set_timeouts(CURL *easy, const struct gs3_http_request *request)
{
    uint32_t connect_ms = request->connect_timeout_ms;
    uint32_t stall_ms = request->stall_timeout_ms;
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(connect_ms ? connect_ms : CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->total_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                     (long)(((stall_ms ? stall_ms : STALL_TIMEOUT_MS) + 999) / 1000));
}

static void set_common(struct gs3_http_call *call)
{
    const struct gs3_http *http = call->http;
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error_text);
    curl_easy_setopt(easy, CURLOPT_SHARE, http->share);
    curl_easy_setopt(easy, CURLOPT_URL, call->request.url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* An interrupted or late call does not wait for a name server to answer. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, http->user_agent);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     call->request.allow_http2 ? (long)CURL_HTTP_VERSION_2TLS
                                               : (long)CURL_HTTP_VERSION_1_1);
    set_proxy(http, easy, &call->request);
    set_tls(easy, &call->request.tls);
    set_timeouts(easy, &call->request);
}

static CURL *take_easy(struct gs3_http *http)
{
    if (http->idle_count > 0)
        return http->idle[--http->idle_count];
    return curl_easy_init();
}

int gs3_http_attempt_begin(struct gs3_http_call *call)
{
    gs3_http_attempt_reset(call);
    call->easy = take_easy(call->http);
    if (!call->easy)
        return gs3_fail(&call->err, GS3_EGENERAL, "cannot initialise libcurl");
    set_common(call);
    gs3_http_body_set(call);
    if (call->is_warm) {
        gs3_http_warm_set(call);
        return 0;
    }
    call->response.attempts++;
    set_method(call);
    if (set_headers(call))
        return -1;
    gs3_http_log_request(call);
    return 0;
}

static void wipe_lines(struct curl_slist *lines)
{
    for (struct curl_slist *line = lines; line; line = line->next)
        gs3_secret_wipe(line->data, strlen(line->data));
    curl_slist_free_all(lines);
}

void gs3_http_attempt_end(struct gs3_http_call *call)
{
    struct gs3_http *http = call->http;
    if (call->easy) {
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->response.status);
        curl_easy_reset(call->easy);
        if (http->idle_count < GS3_HTTP_IDLE_EASIES)
            http->idle[http->idle_count++] = call->easy;
        else
            curl_easy_cleanup(call->easy);
    }
    call->easy = NULL;
    wipe_lines(call->lines);
    call->lines = NULL;
}
