#include <string.h>

#include "base/mem.h"
#include "net/internal.h"

enum { DEFAULT_BUDGET_MS = 60 * 1000 };

static int64_t now_ms(const struct gs3_http *http)
{
    return gs3_clock_monotonic_ms(http->clock);
}

static void queue(struct gs3_http_call *call)
{
    struct gs3_http *http = call->http;
    call->next_queued = NULL;
    call->previous_queued = http->queued_last;
    if (http->queued_last)
        http->queued_last->next_queued = call;
    else
        http->queued = call;
    http->queued_last = call;
    call->state = GS3_HTTP_QUEUED;
}

static void unqueue(struct gs3_http_call *call)
{
    struct gs3_http *http = call->http;
    if (call->previous_queued)
        call->previous_queued->next_queued = call->next_queued;
    else
        http->queued = call->next_queued;
    if (call->next_queued)
        call->next_queued->previous_queued = call->previous_queued;
    else
        http->queued_last = call->previous_queued;
}

static void end_call(struct gs3_http_call *call, int outcome)
{
    call->state = GS3_HTTP_ENDED;
    call->outcome = outcome;
    if (call->waiter)
        gs3_http_task_ready(call->http, call->waiter);
    call->waiter = NULL;
}

struct gs3_http_call *gs3_http_enqueue(struct gs3_http *http,
                                       const struct gs3_http_request *request)
{
    struct gs3_http_call *call = gs3_xcalloc(1, sizeof *call);
    call->http = http;
    call->request = *request;
    call->due_ms = now_ms(http);
    call->hold_ms = call->due_ms + GS3_HTTP_WARM_HOLD_MS;
    call->next = http->calls;
    if (call->next)
        call->next->previous = call;
    http->calls = call;
    if (gs3_http_origin(request->url, call->origin, &call->err))
        end_call(call, -1);
    else
        queue(call);
    return call;
}

static void stop_attempt(struct gs3_http_call *call)
{
    if (call->state == GS3_HTTP_RUNNING)
        curl_multi_remove_handle(call->http->multi, call->easy->curl);
    else if (call->state == GS3_HTTP_QUEUED)
        unqueue(call);
    gs3_http_attempt_end(call);
}

void gs3_http_drop(struct gs3_http *http, struct gs3_http_call *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        http->calls = call->next;
    if (call->next)
        call->next->previous = call->previous;
    stop_attempt(call);
    http->warm_count -= call->is_warm;
    gs3_http_response_release(&call->response);
    free(call);
}

/* The first look at a signal starts the time that undoing has. */
static void end_interrupted(struct gs3_http *http)
{
    int64_t now = now_ms(http);
    if (http->undo_until_ms == 0)
        http->undo_until_ms = now + GS3_HTTP_UNDO_MS;
    bool is_late = now >= http->undo_until_ms;
    for (struct gs3_http_call *call = http->calls; call; call = call->next) {
        if (call->state == GS3_HTTP_ENDED || (call->request.survives_interrupt && !is_late))
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
    CURLMcode code = curl_multi_add_handle(call->http->multi, call->easy->curl);
    if (code != CURLM_OK) {
        gs3_fail(&call->err, GS3_EGENERAL, "libcurl: %s", curl_multi_strerror(code));
        gs3_http_attempt_end(call);
        end_call(call, -1);
        return;
    }
    call->state = GS3_HTTP_RUNNING;
    call->http->counts.requests += !call->is_warm;
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
    int64_t now = http->queued ? now_ms(http) : 0;
    for (struct gs3_http_call *call = http->queued, *next; call; call = next) {
        next = call->next_queued;
        if (start_ms(call) > now)
            continue;
        unqueue(call);
        begin_attempt(call);
    }
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
    call->http->counts.retries++;
    queue(call);
    return true;
}

static void count(struct gs3_http_call *call)
{
    struct gs3_http_counts *counts = &call->http->counts;
    long connects = 0;
    curl_easy_getinfo(call->easy->curl, CURLINFO_NUM_CONNECTS, &connects);
    counts->connections += connects > 0 ? (uint64_t)connects : 0;
    counts->sent_bytes += call->sent_bytes;
    counts->received_bytes += call->response.received_bytes;
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
    count(call);
    stop_attempt(call);
    call->state = GS3_HTTP_ENDED; /* for now: neither running nor queued */
    if (call->is_warm) {
        end_call(call, code == CURLE_OK ? 0 : -1);
        return;
    }
    if (code == CURLE_OK)
        gs3_http_log_response(call);
    else
        gs3_http_log_failure(call);
    long status = call->response.status;
    call->http->counts.throttled += code == CURLE_OK && (status == 503 || status == 429);
    if (!schedule_retry(call))
        end_call(call, call->err.class == GS3_OK ? 0 : -1);
}

/* A pause that ends hands on what curl has kept meanwhile, and a callback of ours may not like
 * it: curl then leaves it to us to end the request. */
static bool resume_paused(struct gs3_http *http)
{
    bool has_ended = false, has_resumed = false;
    for (struct gs3_http_call *call = NULL; (call = gs3_http_bandwidth_due(http, call));) {
        CURLcode code = curl_easy_pause(call->easy->curl, CURLPAUSE_CONT);
        has_resumed = true;
        if (code == CURLE_OK)
            continue;
        finish_attempt(call, code);
        has_ended = true;
    }
    /* What was kept may have been the last of an answer: that ends now, not after a wait. */
    if (has_resumed)
        gs3_http_sockets_run(http);
    return has_ended;
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
    if (http->warm_count == 0)
        return;
    for (struct gs3_http_call *call = http->calls, *next; call; call = next) {
        next = call->next;
        if (call->is_warm && call->state == GS3_HTTP_ENDED)
            gs3_http_drop(http, call);
    }
}

static int until_due_ms(const struct gs3_http *http, int wait_ms)
{
    int64_t now = http->queued ? now_ms(http) : 0;
    for (const struct gs3_http_call *call = http->queued; call; call = call->next_queued)
        if (start_ms(call) - now < wait_ms)
            wait_ms = (int)(start_ms(call) - now);
    return wait_ms > 0 ? wait_ms : 0;
}

void gs3_http_turn(struct gs3_http *http, int wait_ms)
{
    gs3_http_tasks_run(http);
    /* After the tasks, which may have started calls, and before these are begun: once the signal is
     * seen, nothing new is sent. */
    if (gs3_http_is_interrupted(http))
        end_interrupted(http);
    begin_due(http);
    bool has_ended = resume_paused(http);
    bool has_work = has_ended || http->ready.first || read_messages(http);
    drop_warm(http);
    if (wait_ms > GS3_HTTP_POLL_MS)
        wait_ms = GS3_HTTP_POLL_MS;
    gs3_http_sockets_wait(http, has_work ? 0 : until_due_ms(http, wait_ms));
    read_messages(http);
    drop_warm(http);
}
