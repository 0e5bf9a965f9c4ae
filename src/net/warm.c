#include <string.h>

#include "base/str.h"
#include "net/internal.h"

/* A plain connection attempt cannot be handed on: curl never reuses a connection that was made
 * with CURLOPT_CONNECT_ONLY. So a warm call starts as an ordinary request and turns itself into
 * "connect only" at the last moment, in the callback that runs when TCP and TLS are up and before
 * the first byte of the request: curl then ends it without sending anything, and the connection
 * goes to the pool, TLS included, where the next request finds it. */
static int stop_before_sending(void *context, char *remote_address, char *local_address,
                               int remote_port, int local_port)
{
    (void)remote_address;
    (void)local_address;
    (void)remote_port;
    (void)local_port;
    CURL *easy = context;
    if (curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L) != CURLE_OK)
        return CURL_PREREQFUNC_ABORT;
    return CURL_PREREQFUNC_OK;
}

void gs3_http_warm_set(struct gs3_http_call *call)
{
    CURL *curl = call->easy->curl;
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, stop_before_sending);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, curl);
    call->easy->is_set_up = false; /* for ordinary requests */
}

/* An easy handle that leaves the multi handle as "connect only" takes its connection down. */
void gs3_http_warm_unset(struct gs3_http_call *call)
{
    curl_easy_setopt(call->easy->curl, CURLOPT_CONNECT_ONLY, 0L);
}

const struct gs3_http_call *gs3_http_warm_pending(const struct gs3_http *http, const char *origin)
{
    if (http->warm_count == 0)
        return NULL;
    for (const struct gs3_http_call *call = http->calls; call; call = call->next)
        if (call->is_warm && call->state != GS3_HTTP_ENDED && strcmp(call->origin, origin) == 0)
            return call;
    return NULL;
}

void gs3_http_warm(struct gs3_http *http, const char *url, const struct gs3_http_tls *tls)
{
    char origin[GS3_HTTP_ORIGIN_BYTES];
    struct gs3_err ignored = GS3_ERR_INIT;
    if (gs3_http_origin(url, origin, &ignored) || gs3_http_warm_pending(http, origin))
        return;
    if (gs3_str_has_prefix(url, "https:") ? http->proxy_https : http->proxy_http)
        return;
    struct gs3_http_request request = {.method = "HEAD", .url = url, .maximum_attempts = 1};
    if (tls)
        request.tls = *tls;
    struct gs3_http_call *call = gs3_http_enqueue(http, &request);
    call->is_warm = true;
    http->warm_count++;
    /* The URL need not live longer than this function; the call keeps the origin of its own. */
    call->request.url = call->origin;
}
