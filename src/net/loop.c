#include <string.h>

#include "net/internal.h"

enum { DEFAULT_BUDGET_MS = 60 * 1000 };

static int64_t now_ms(const struct gs3_http *http)
{
    return gs3_clock_monotonic_ms(http->clock);
}

struct gs3_http_call *gs3_http_enqueue(struct gs3_http *http,
                                       const struct gs3_http_request *request)
{
    struct gs3_http_call *call = gs3_xcalloc(1, sizeof *call);
    call->http = http;
    call->request = *request;
    call->state = GS3_HTTP_QUEUED;
    call->due_ms = now_ms(http);
    call->hold_ms = call->due_ms + GS3_HTTP_WARM_HOLD_MS;
    struct gs3_http_call **tail = &http->calls;
    while (*tail)
        tail = &(*tail)->next;
    *tail = call;
    if (gs3_http_origin(request->url, call->origin, &call->err)) {
        call->state = GS3_HTTP_ENDED;
        call->outcome = -1;
    }
    return call;
}

static void stop_attempt(struct gs3_http_call *call)
{
    if (call->state == GS3_HTTP_RUNNING)
        curl_multi_remove_handle(call->http->multi, call->easy);
    gs3_http_attempt_end(call);
}

static void end_call(struct gs3_http_call *call, int outcome)
{
    call->state = GS3_HTTP_ENDED;
    call->outcome = outcome;
}

void gs3_http_drop(struct gs3_http *http, struct gs3_http_call *call)
{
    struct gs3_http_call **link = &http->calls;
    while (*link && *link != call)
        link = &(*link)->next;
    if (*link)
        *link = call->next;
    stop_attempt(call);
    gs3_http_response_release(&call->response);
    free(call);
}

static void end_interrupted(struct gs3_http *http)
{
    for (struct gs3_http_call *call = http->calls; call; call = call->next) {
        if (call->state == GS3_HTTP_ENDED)
            continue;
        stop_attempt(call);
        gs3_err_clear(&call->err);
        gs3_fail(&call->err, GS3_EINTERRUPT, "interrupted");
        end_call(call, -1);
    }
}

/* Before a retry the sink forgets what the failed attempt gave it. */
static int reset_sink(struct gs3_http_call *call)
{
    const struct gs3_http_sink *sink = call->request.sink;
    if (call->response.attempts == 0 || !sink || !sink->reset)
        return 0;
    call->has_sunk = false;
    gs3_err_clear(&call->err);
    if (sink->reset(sink->context, &call->err) == 0)
        return 0;
    if (call->err.class == GS3_OK)
        gs3_fail(&call->err, GS3_EGENERAL, "cannot take back a failed attempt at %s", call->origin);
    return -1;
}

static void begin_attempt(struct gs3_http_call *call)
{
    if (reset_sink(call) || gs3_http_attempt_begin(call)) {
        gs3_http_attempt_end(call);
        end_call(call, -1);
        return;
    }
    CURLMcode code = curl_multi_add_handle(call->http->multi, call->easy);
    if (code != CURLM_OK) {
        gs3_fail(&call->err, GS3_EGENERAL, "libcurl: %s", curl_multi_strerror(code));
        gs3_http_attempt_end(call);
        end_call(call, -1);
        return;
    }
    call->state = GS3_HTTP_RUNNING;
}

/* The moment a queued call may start: later than due while a connection to its origin is made. */
static int64_t start_ms(const struct gs3_http_call *call)
{
    if (call->is_warm || call->due_ms >= call->hold_ms)
        return call->due_ms;
    return gs3_http_warm_pending(call->http, call->origin) ? call->hold_ms : call->due_ms;
}

static void begin_due(struct gs3_http *http)
{
    for (struct gs3_http_call *call = http->calls; call; call = call->next)
        if (call->state == GS3_HTTP_QUEUED && start_ms(call) <= now_ms(http))
            begin_attempt(call);
}

static bool schedule_retry(struct gs3_http_call *call)
{
    if (!gs3_http_retry_wanted(call))
        return false;
    uint64_t budget_ms =
        call->request.retry_budget_ms ? call->request.retry_budget_ms : DEFAULT_BUDGET_MS;
    uint64_t left_ms = budget_ms > call->waited_ms ? budget_ms - call->waited_ms : 0;
    int64_t wait_ms =
        gs3_http_retry_wait_ms(&call->response, call->err.class == GS3_OK, left_ms,
                               gs3_clock_wall_ms(call->http->clock), gs3_http_random());
    if (wait_ms < 0)
        return false;
    gs3_log_debug(call->http->log, "http: again in %lld ms", (long long)wait_ms);
    call->waited_ms += (uint64_t)wait_ms;
    call->due_ms = now_ms(call->http) + wait_ms;
    call->state = GS3_HTTP_QUEUED;
    return true;
}

static void finish_attempt(struct gs3_http_call *call, CURLcode code)
{
    /* curl takes a connection that closes among the headers for an answer without a body. */
    if (code == CURLE_OK && !call->is_warm && !call->is_header_done)
        code = CURLE_PARTIAL_FILE;
    if (code != CURLE_OK)
        gs3_http_failure_set(call, code);
    if (call->is_warm)
        gs3_http_warm_unset(call);
    stop_attempt(call);
    if (call->is_warm) {
        end_call(call, code == CURLE_OK ? 0 : -1);
        return;
    }
    if (code == CURLE_OK)
        gs3_http_log_response(call);
    else
        gs3_http_log_failure(call);
    if (!schedule_retry(call))
        end_call(call, call->err.class == GS3_OK ? 0 : -1);
}

static bool read_messages(struct gs3_http *http)
{
    bool has_ended = false;
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        void *call = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        finish_attempt(call, message->data.result);
        has_ended = true;
    }
    return has_ended;
}

/* Warm calls have no caller who would wait for them and free them. */
static void drop_warm(struct gs3_http *http)
{
    for (struct gs3_http_call *call = http->calls, *next; call; call = next) {
        next = call->next;
        if (call->is_warm && call->state == GS3_HTTP_ENDED)
            gs3_http_drop(http, call);
    }
}

static int poll_ms(const struct gs3_http *http)
{
    int64_t wait_ms = GS3_HTTP_POLL_MS;
    int64_t now = now_ms(http);
    for (const struct gs3_http_call *call = http->calls; call; call = call->next) {
        if (call->state == GS3_HTTP_QUEUED && start_ms(call) - now < wait_ms)
            wait_ms = start_ms(call) - now;
    }
    return wait_ms > 0 ? (int)wait_ms : 0;
}

void gs3_http_round(struct gs3_http *http)
{
    if (gs3_http_is_interrupted(http)) {
        end_interrupted(http);
        drop_warm(http);
        return;
    }
    begin_due(http);
    int running = 0;
    curl_multi_perform(http->multi, &running);
    bool has_ended = read_messages(http);
    drop_warm(http);
    if (!has_ended)
        curl_multi_poll(http->multi, NULL, 0, poll_ms(http), NULL);
}
