#include "s3/v2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "s3/v2_internal.h"

/* libs3's sockets are not among those that net waits for: with tasks beside it a wait is short. */
enum { ATTEMPTS = 3, BACKOFF_MS = 200, TURN_MS = 100, TURN_IN_TASK_MS = 5 };

static struct gs3_v2_client *client_of(struct gs3_s3_transport *transport)
{
    return (struct gs3_v2_client *)transport;
}

static bool is_interrupted(const struct gs3_s3_call *call)
{
    return !call->survives_interrupt && gs3_http_is_interrupted(call->client->opts.http);
}

static bool is_given_up(void *context)
{
    const struct gs3_s3_call *call = context;
    return call->is_cancelled || is_interrupted(call);
}

/* One step of everything that is under way on this thread. */
static void step(struct gs3_v2_client *client)
{
    struct gs3_http *http = client->opts.http;
    bool is_in_task = gs3_http_is_in_task(http);
    client->opts.module->turn(client->line, is_in_task ? TURN_IN_TASK_MS : TURN_MS);
    if (!is_in_task)
        return;
    gs3_http_wake(http); /* the next turn of net does not wait: there may be something here */
    gs3_http_yield(http);
}

static void pause_ms(struct gs3_s3_call *call, int64_t wait_ms)
{
    int64_t until_ms = gs3_clock_monotonic_ms(&gs3_clock_system) + wait_ms;
    while (gs3_clock_monotonic_ms(&gs3_clock_system) < until_ms && !is_given_up(call)) {
        if (gs3_http_is_in_task(call->client->opts.http))
            gs3_http_yield(call->client->opts.http);
        else
            gs3_http_turn(call->client->opts.http, (int)wait_ms);
    }
}

static void launch(struct gs3_s3_call *call)
{
    const struct gs3_s3_v2_opts *opts = &call->client->opts;
    gs3_http_response_release(&call->response);
    call->response = (struct gs3_http_response){.body = GS3_BUF_INIT(GS3_S3_ANSWER_BYTES)};
    call->has_sunk = false;
    call->attempts++;
    call->send.access_key = opts->credentials->access_key_id;
    call->send.secret_key = opts->credentials->secret_access_key.text;
    if (gs3_v2_body_begin(call))
        return;
    opts->module->start(call->client->line, &call->send);
    call->is_sent = !call->send.has_failed || call->send.is_done;
}

static struct gs3_s3_call *start(struct gs3_s3_transport *transport,
                                 const struct gs3_s3_request *request)
{
    struct gs3_s3_call *call = gs3_xcalloc(1, sizeof *call);
    call->client = client_of(transport);
    if (gs3_s3_v2_check(request, &call->err))
        return call;
    gs3_v2_call_build(call, request);
    call->send.is_given_up = is_given_up;
    call->send.context = call;
    /* What a copy finds is looked at first. */
    if (call->op != GS3_S3_COPY_OBJECT)
        launch(call);
    return call;
}

static int fail_transport(const struct gs3_s3_call *call, struct gs3_err *err)
{
    if (is_interrupted(call))
        return gs3_fail(err, GS3_EINTERRUPT, "interrupted");
    const char *what = call->send.what ? call->send.what : "nothing was sent";
    /* By libs3's own limits; or, not done, because gs3 does not see what it would send. */
    if (!call->send.is_hooked && call->send.is_done)
        return gs3_fail(err, GS3_EFAIL,
                        "this cannot be sent with signature_version = s3: libs3 says %s", what);
    if (!call->send.is_hooked)
        return gs3_fail(err, GS3_ECONFIG, "this libs3 is not the 2.0 that gs3 knows");
    return gs3_fail(err, GS3_ETRANSIENT, "the store cannot be reached: %s",
                    call->send.error[0] ? call->send.error : what);
}

static bool is_cut_short(const struct gs3_s3_call *call)
{
    const char *length = gs3_pairs_get(&call->response.headers, "content-length");
    uint64_t bytes;
    return call->op != GS3_S3_HEAD_OBJECT && length &&
           gs3_str_to_u64(length, INT64_MAX, &bytes) == 0 && bytes != call->response.received_bytes;
}

static int take_list(struct gs3_s3_call *call, struct gs3_s3_result *result, struct gs3_err *err)
{
    struct gs3_list_scan *scan = call->scan;
    /* Version 1 of the listing goes on after the last key. */
    if (scan->is_truncated && scan->next_token.length_bytes == 0)
        gs3_buf_puts(&scan->next_token, gs3_buf_string(&scan->last));
    if (gs3_list_scan_finish(scan, err))
        return gs3_wrap(err, "%s", gs3_s3_op_name(call->op));
    result->entry_count = scan->count;
    if (scan->is_truncated)
        result->next_token = gs3_buf_take(&scan->next_token);
    return 0;
}

static int take_success(struct gs3_s3_call *call, struct gs3_s3_result *result, struct gs3_err *err)
{
    const struct gs3_s3_wire wire = {.op = call->op, .range = call->range};
    if (gs3_s3_result_read(call->op, &call->response, &call->document, result, err) ||
        gs3_s3_range_check(&wire, &call->response, result, err))
        return -1;
    /* Nothing can be asked of a version: what is there is looked at, and its ETag compared. */
    free(result->version_id);
    result->version_id = NULL;
    gs3_v2_body_end(call, result);
    return call->scan ? take_list(call, result, err) : 0;
}

/* 1: worth another try. */
static int take_answer(struct gs3_s3_call *call, struct gs3_s3_result *result, struct gs3_err *err)
{
    struct gs3_s3_fault fault;
    bool may_repeat = call->op != GS3_S3_DELETE_OBJECT && call->attempts < ATTEMPTS;
    if (call->failure.class != GS3_OK) {
        if (err)
            *err = call->failure;
        return gs3_wrap(err, "%s", gs3_s3_op_name(call->op));
    }
    if (call->send.has_failed ||
        (call->response.status >= 200 && call->response.status < 300 && is_cut_short(call))) {
        if (call->send.is_hooked && !is_given_up(call) && may_repeat)
            return 1;
        if (!call->send.has_failed)
            gs3_fail(err, GS3_ETRANSIENT, "the answer was cut short");
        else
            fail_transport(call, err);
        return gs3_wrap(err, "%s", gs3_s3_op_name(call->op));
    }
    gs3_s3_document_read(&call->response, &call->document);
    if (!gs3_s3_fault_read(call->op, &call->response, &call->document, &fault))
        return take_success(call, result, err);
    gs3_log_debug(call->client->opts.log, "s3: %s: %ld %s", gs3_s3_op_name(call->op),
                  call->response.status, fault.code);
    if (may_repeat && gs3_s3_fault_is_transient(&fault, call->response.status))
        return 1;
    return gs3_s3_fault_set(&fault, call->op, call->response.status, call->attempts, err);
}

static int drive(struct gs3_s3_call *call, struct gs3_s3_result *result, struct gs3_err *err)
{
    for (;;) {
        while (call->is_sent && !call->send.is_done)
            step(call->client);
        int status = take_answer(call, result, err);
        if (status <= 0)
            return status;
        pause_ms(call, BACKOFF_MS << call->attempts);
        if (gs3_v2_answer_reset(call, err))
            return gs3_wrap(err, "%s", gs3_s3_op_name(call->op));
        launch(call);
    }
}

/* The source as it is now. No condition can be sent with a copy, nor anything of its tags. */
static int look_at_source(struct gs3_s3_call *call, struct gs3_err *err)
{
    const struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = {.bucket = call->source_bucket, .key = call->source_key},
    };
    struct gs3_s3_result found = {0};
    int failed = gs3_s3_perform(&call->client->transport, &request, &found, err);
    if (!failed && call->source_etag && !gs3_str_equal(found.etag, call->source_etag)) {
        failed = gs3_fail(err, GS3_EFAIL, "the source changed while it was copied");
    } else if (!failed && found.tag_count > 0) {
        failed = gs3_fail(err, GS3_EFAIL,
                          "the source has %u tags, which cannot be copied with signature_version = "
                          "s3",
                          found.tag_count);
    }
    gs3_s3_result_release(&found);
    return failed ? -1 : 0;
}

static int copy(struct gs3_s3_call *call, struct gs3_s3_result *result, struct gs3_err *err)
{
    if (look_at_source(call, err))
        return -1;
    launch(call);
    return drive(call, result, err) || look_at_source(call, err) ? -1 : 0;
}

static int wait_call(struct gs3_s3_transport *transport, struct gs3_s3_call *call,
                     struct gs3_s3_result *result, struct gs3_err *err)
{
    (void)transport;
    *result = (struct gs3_s3_result){.last_modified_s = -1};
    int status = -1;
    if (call->err.class != GS3_OK) {
        if (err)
            *err = call->err;
    } else {
        status =
            call->op == GS3_S3_COPY_OBJECT ? copy(call, result, err) : drive(call, result, err);
    }
    if (status)
        gs3_s3_result_release(result);
    result->attempts = call->attempts;
    gs3_v2_call_free(call);
    return status;
}

/* libs3 has no way to take a request back but from within. */
static void cancel_call(struct gs3_s3_transport *transport, struct gs3_s3_call *call)
{
    struct gs3_v2_client *client = client_of(transport);
    call->is_cancelled = true;
    while (call->is_sent && !call->send.is_done)
        client->opts.module->turn(client->line, TURN_IN_TASK_MS);
    gs3_v2_call_free(call);
}

static void free_client(struct gs3_s3_transport *transport)
{
    struct gs3_v2_client *client = client_of(transport);
    client->opts.module->line_free(client->line);
    free(client);
}

static const struct gs3_s3_transport_ops operations = {
    .name = "s3", .start = start, .wait = wait_call, .cancel = cancel_call, .free = free_client};

struct gs3_s3_transport *gs3_s3_v2_new(const struct gs3_s3_v2_opts *opts)
{
    struct gs3_v2_client *client = gs3_xcalloc(1, sizeof *client);
    client->transport.ops = &operations;
    client->opts = *opts;
    client->line = opts->module->line_new(opts->v2);
    return &client->transport;
}
