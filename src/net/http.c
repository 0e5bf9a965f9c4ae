#include "net/http.h"

#include <string.h>

#include "base/str.h"
#include "net/internal.h"

static int create_handles(struct gs3_http *http, struct gs3_err *err)
{
    http->multi = curl_multi_init();
    http->share = curl_share_init();
    if (!http->multi || !http->share)
        return gs3_fail(err, GS3_EGENERAL, "cannot initialise libcurl");
    curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->maximum_connections);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    return gs3_http_sockets_init(http, err);
}

struct gs3_http *gs3_http_new(const struct gs3_http_opts *opts, struct gs3_err *err)
{
    /* Counted by libcurl, under a lock of its own (7.84 and later): each new pairs with the cleanup
     * in free, on whatever thread. */
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, gs3_xmalloc, free, gs3_xrealloc,
                                         gs3_xstrdup, gs3_xcalloc);
    if (code != CURLE_OK) {
        gs3_fail(err, GS3_EGENERAL, "cannot initialise libcurl: %s", curl_easy_strerror(code));
        return NULL;
    }
    struct gs3_http *http = gs3_xcalloc(1, sizeof *http);
    http->user_agent = gs3_xstrdup(opts->user_agent);
    http->proxy_https = gs3_xstrdup_or_null(opts->proxy_https);
    http->proxy_http = gs3_xstrdup_or_null(opts->proxy_http);
    http->no_proxy = gs3_xstrdup_or_null(opts->no_proxy);
    http->clock = opts->clock ? opts->clock : &gs3_clock_system;
    http->log = opts->log;
    http->interrupted = opts->interrupted;
    http->bandwidth = opts->bandwidth;
    http->maximum_connections =
        opts->maximum_connections ? opts->maximum_connections : GS3_HTTP_CONNECTIONS;
    http->epoll_fd = http->wake_fd = -1;
    gs3_http_tasks_init(http);
    if (create_handles(http, err)) {
        gs3_http_free(http);
        return NULL;
    }
    return http;
}

void gs3_http_free(struct gs3_http *http)
{
    if (!http)
        return;
    while (http->calls)
        gs3_http_drop(http, http->calls);
    gs3_http_easies_release(http);
    curl_multi_cleanup(http->multi);
    curl_share_cleanup(http->share);
    gs3_http_sockets_release(http);
    gs3_http_tasks_release(http);
    free(http->user_agent);
    free(http->proxy_https);
    free(http->proxy_http);
    free(http->no_proxy);
    free(http);
    curl_global_cleanup();
}

bool gs3_http_is_interrupted(const struct gs3_http *http)
{
    return http->interrupted && *http->interrupted;
}

void gs3_http_response_release(struct gs3_http_response *response)
{
    gs3_pairs_release(&response->headers);
    gs3_buf_release(&response->body);
}

struct gs3_http_call *gs3_http_start(struct gs3_http *http, const struct gs3_http_request *request)
{
    return gs3_http_enqueue(http, request);
}

int gs3_http_wait(struct gs3_http *http, struct gs3_http_call *call,
                  struct gs3_http_response *response, struct gs3_err *err)
{
    while (call->state != GS3_HTTP_ENDED) {
        if (http->current)
            gs3_http_task_wait(http, call);
        else
            gs3_http_turn(http, GS3_HTTP_POLL_MS);
    }
    int outcome = call->outcome;
    *response = call->response;
    call->response = (struct gs3_http_response){0};
    if (outcome && err)
        *err = call->err;
    gs3_http_drop(http, call);
    return outcome;
}

void gs3_http_cancel(struct gs3_http *http, struct gs3_http_call *call)
{
    gs3_http_drop(http, call);
}

int gs3_http_perform(struct gs3_http *http, const struct gs3_http_request *request,
                     struct gs3_http_response *response, struct gs3_err *err)
{
    return gs3_http_wait(http, gs3_http_start(http, request), response, err);
}

const struct gs3_http_counts *gs3_http_counts(const struct gs3_http *http)
{
    return &http->counts;
}
