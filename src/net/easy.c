#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/internal.h"

enum {
    LARGE_BODY_BYTES = 64 * 1024,
    LARGE_BUFFER_BYTES = 256 * 1024,
    SMALL_BUFFER_BYTES = 2 * GS3_HTTP_SMALL_BYTES /* headers and body at once, over TLS too */
};

static enum gs3_http_class class_of(const struct gs3_http_request *request)
{
    const char *method = request->method;
    if (strcmp(method, "HEAD") == 0)
        return GS3_HTTP_HEAD;
    if (request->body.length_bytes > 0 || strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0)
        return request->body.length_bytes > GS3_HTTP_SMALL_BYTES ? GS3_HTTP_SEND : GS3_HTTP_SMALL;
    return strcmp(method, "GET") == 0 ? GS3_HTTP_GET : GS3_HTTP_OTHER;
}

static struct gs3_http_setup setup_of(const struct gs3_http_call *call)
{
    const struct gs3_http_request *request = &call->request;
    struct gs3_http_setup setup = {.class = GS3_HTTP_OTHER};
    if (request->tls.ca_bundle)
        snprintf(setup.ca_bundle, sizeof setup.ca_bundle, "%s", request->tls.ca_bundle);
    snprintf(setup.method, sizeof setup.method, "%s", request->method);
    setup.is_https = gs3_str_has_prefix(call->origin, "https:");
    setup.no_verify = request->tls.no_verify;
    setup.allow_http2 = request->allow_http2;
    setup.is_direct = request->is_direct;
    setup.is_large = request->body.length_bytes > LARGE_BODY_BYTES ||
                     request->expected_body_bytes > LARGE_BODY_BYTES;
    setup.class = class_of(request);
    if (!gs3_http_bandwidth_limits(call))
        return setup;
    /* A limited body passes in small stretches, and none leaves before its turn. */
    setup.is_large = false;
    if (setup.class == GS3_HTTP_SMALL && request->body.length_bytes > 0)
        setup.class = GS3_HTTP_SEND;
    return setup;
}

static void set_method(CURL *curl, const struct gs3_http_setup *setup)
{
    switch (setup->class) {
    case GS3_HTTP_HEAD: curl_easy_setopt(curl, CURLOPT_NOBODY, 1L); break;
    case GS3_HTTP_SEND:
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        if (strcmp(setup->method, "PUT") != 0)
            curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, setup->method);
        break;
    case GS3_HTTP_SMALL:
        /* libcurl sends the fields of a POST in one packet with its headers, and a PUT's body in
         * another after them: half the system calls for a small object. */
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, setup->method);
        curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)SMALL_BUFFER_BYTES);
        break;
    case GS3_HTTP_GET: curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L); break;
    case GS3_HTTP_OTHER:
    case GS3_HTTP_CLASS_COUNT:
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, setup->method);
        break;
    }
    if (!setup->is_large)
        return;
    if (setup->class == GS3_HTTP_SEND)
        curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)LARGE_BUFFER_BYTES);
    else
        curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)LARGE_BUFFER_BYTES);
}

static void set_tls(CURL *curl, const struct gs3_http_tls *tls)
{
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (tls->ca_bundle) {
        /* The bundle stands alone: without this, curl's built-in directory is trusted as well. */
        curl_easy_setopt(curl, CURLOPT_CAINFO, tls->ca_bundle);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, tls->no_verify ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, tls->no_verify ? 0L : 2L);
}

static void set_proxy(const struct gs3_http *http, CURL *curl, const struct gs3_http_setup *setup)
{
    const char *proxy = setup->is_https ? http->proxy_https : http->proxy_http;
    if (setup->is_direct)
        proxy = NULL;
    /* "" and not NULL: NULL would let curl look at the environment by itself. */
    curl_easy_setopt(curl, CURLOPT_PROXY, proxy ? proxy : "");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, http->no_proxy ? http->no_proxy : "");
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

/* What no attempt changes. */
static void set_up(const struct gs3_http_call *call, struct gs3_http_easy *easy)
{
    struct gs3_http *http = call->http;
    CURL *curl = easy->curl;
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, easy->error_text);
    curl_easy_setopt(curl, CURLOPT_SHARE, http->share);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    /* An interrupted or late call does not wait for a name server to answer. */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, http->user_agent);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                     easy->setup.allow_http2 ? (long)CURL_HTTP_VERSION_2TLS
                                             : (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    gs3_http_sockets_watch(http, curl);
    gs3_http_body_callbacks(curl);
    set_proxy(http, curl, &easy->setup);
    set_tls(curl, &call->request.tls);
    set_method(curl, &easy->setup);
}

/* A path that was cut may be any. */
static bool is_same_setup(const struct gs3_http_setup *a, const struct gs3_http_setup *b)
{
    return strlen(a->ca_bundle) < sizeof a->ca_bundle - 1 &&
           strcmp(a->ca_bundle, b->ca_bundle) == 0 && a->is_https == b->is_https &&
           a->no_verify == b->no_verify && a->allow_http2 == b->allow_http2 &&
           a->is_direct == b->is_direct && a->is_large == b->is_large && a->class == b->class &&
           strcmp(a->method, b->method) == 0;
}

static struct gs3_http_easy *new_easy(void)
{
    struct gs3_http_easy *easy = gs3_xcalloc(1, sizeof *easy);
    easy->lines.text = (struct gs3_buf)GS3_BUF_INIT(GS3_HTTP_LINES_BYTES);
    easy->curl = curl_easy_init();
    if (easy->curl)
        return easy;
    free(easy);
    return NULL;
}

struct gs3_http_easy *gs3_http_easy_take(struct gs3_http_call *call)
{
    struct gs3_http *http = call->http;
    struct gs3_http_setup setup = setup_of(call);
    struct gs3_http_easy *easy = http->idle[setup.class];
    if (easy) {
        http->idle[setup.class] = easy->next;
        http->idle_count--;
    } else {
        easy = new_easy();
    }
    if (!easy)
        return NULL;
    easy->error_text[0] = '\0';
    if (easy->is_set_up && is_same_setup(&easy->setup, &setup))
        return easy;
    curl_easy_reset(easy->curl);
    easy->setup = setup;
    easy->is_set_up = true;
    set_up(call, easy);
    return easy;
}

/* They carry signatures and tokens. */
static void clear_lines(struct gs3_http_lines *lines)
{
    if (lines->text.data)
        gs3_secret_wipe(lines->text.data, lines->text.length_bytes);
    gs3_buf_clear(&lines->text);
    lines->count = 0;
}

static void free_easy(struct gs3_http_easy *easy)
{
    curl_easy_cleanup(easy->curl);
    clear_lines(&easy->lines);
    gs3_buf_release(&easy->lines.text);
    free(easy->lines.list);
    free(easy);
}

void gs3_http_easy_give(struct gs3_http *http, struct gs3_http_easy *easy)
{
    if (http->idle_count >= http->maximum_connections) {
        free_easy(easy);
        return;
    }
    /* The list of headers is about to go, and the body may be freed. */
    curl_easy_setopt(easy->curl, CURLOPT_HTTPHEADER, NULL);
    clear_lines(&easy->lines);
    if (easy->setup.class == GS3_HTTP_SMALL)
        curl_easy_setopt(easy->curl, CURLOPT_POSTFIELDS, NULL);
    easy->next = http->idle[easy->setup.class];
    http->idle[easy->setup.class] = easy;
    http->idle_count++;
}

void gs3_http_easies_release(struct gs3_http *http)
{
    for (size_t i = 0; i < GS3_HTTP_CLASS_COUNT; i++) {
        for (struct gs3_http_easy *easy = http->idle[i], *next; easy; easy = next) {
            next = easy->next;
            free_easy(easy);
        }
    }
}
