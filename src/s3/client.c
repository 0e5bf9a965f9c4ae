#include "s3/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "s3/internal.h"
#include "s3/list_scan.h"
#include "text/time.h"

struct client {
    struct gs3_s3_transport transport; /* first: the transport is a client */
    struct gs3_s3_client_opts opts;
    const struct gs3_aws_config *config; /* the caller's, or the view */
    struct gs3_aws_config view;          /* of the caller's: nothing in it is its own */
    char *region;                        /* of the view */
    unsigned refreshes;
    struct gs3_sigv4_key key;
    char *key_owner;          /* the access key id that `key` was derived for */
    struct gs3_pairs regions; /* bucket → the region that a redirect named */
    int64_t clock_offset_s;   /* S3's clock minus ours */
};

struct gs3_s3_call {
    struct client *client;
    struct gs3_s3_wire wire;
    const struct gs3_http_sink *sink;
    struct gs3_http_call *http; /* NULL: the request could not be built, see err */
    struct gs3_err err;
    unsigned attempts; /* of the HTTP calls that have ended */
    unsigned maximum_attempts;
    int64_t signed_s;   /* S3's time, as it was thought to be, of the latest signature */
    unsigned refreshes; /* of the client, before the latest signature */
    bool has_redirected;
    bool has_set_clock;
    bool has_refreshed;
    bool survives_interrupt;
    bool is_uncertain; /* an earlier attempt may have taken effect */
    uint64_t expected_bytes;
    struct gs3_s3_document document; /* of the answer to HTTP attempt `read_attempt` */
    unsigned read_attempt;
    struct gs3_list_scan *scan; /* of a listing; sink_of_list is its sink then */
    struct gs3_http_sink list_sink;
};

/* A clock that is off by less than S3 accepts (15 minutes) is no reason for a refusal. */
enum { COMPLETE_STALL_MS = 10 * 60 * 1000, CLOCK_OFF_S = 14 * 60, PAGE_ATTEMPTS = 8 };

static struct client *client_of(struct gs3_s3_transport *transport)
{
    return (struct client *)transport;
}

static int64_t now_s(const struct client *client)
{
    const struct gs3_clock *clock = client->opts.clock;
    return gs3_clock_wall_ms(clock ? clock : &gs3_clock_system) / 1000 + client->clock_offset_s;
}

/* Credentials that are about to expire, or that another client of the same lease has replaced. */
static void renew(struct client *client)
{
    const struct gs3_s3_client_opts *opts = &client->opts;
    if (opts->renew && opts->renew(opts->refresh_context))
        client->refreshes++;
    if (gs3_str_equal(client->key_owner, opts->credentials->access_key_id))
        return;
    gs3_secret_wipe(&client->key, sizeof client->key);
    free(client->key_owner);
    client->key_owner = gs3_xstrdup_or_null(opts->credentials->access_key_id);
}

static int prepare(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)err;
    struct gs3_s3_call *call = context;
    const struct gs3_s3_wire *wire = &call->wire;
    gs3_pairs_copy(headers, &wire->headers);
    if (call->client->config->no_sign_request)
        return 0;
    renew(call->client);
    call->signed_s = now_s(call->client);
    call->refreshes = call->client->refreshes;
    const struct gs3_sigv4_request request = {
        .method = wire->method,
        .path = wire->path,
        .query = wire->query,
        .host = wire->host,
        .region = wire->endpoint.region,
        .service = "s3",
        .payload_sha256 = wire->payload_sha256,
        .adds_content_sha256 = true,
        .now = call->signed_s,
    };
    gs3_sigv4_sign(&request, call->client->opts.credentials, &call->client->key, headers);
    return 0;
}

/* An answer to HEAD has no body that could say RequestTimeTooSkewed: a 403 whose date is far from
 * the signature's says it. The signature's, not the client's of now: another call may have set the
 * clock meanwhile. */
static bool is_silently_skewed(const struct gs3_s3_call *call, long status, int64_t server_s)
{
    int64_t off_s = server_s - call->signed_s;
    return call->wire.op == GS3_S3_HEAD_OBJECT && status == 403 &&
           (off_s >= CLOCK_OFF_S || off_s <= -CLOCK_OFF_S);
}

/* Takes S3's clock over, once a call: a signature lives for 15 minutes. */
static bool set_clock(struct gs3_s3_call *call, const struct gs3_http_response *response,
                      const struct gs3_s3_fault *fault)
{
    const char *date = gs3_pairs_get(&response->headers, "date");
    int64_t server_s;
    if (call->has_set_clock || !date || gs3_time_parse_http(date, &server_s) ||
        call->client->config->no_sign_request)
        return false;
    if (strcmp(fault->code, "RequestTimeTooSkewed") != 0 &&
        !is_silently_skewed(call, response->status, server_s))
        return false;
    call->has_set_clock = true;
    call->client->clock_offset_s += server_s - now_s(call->client);
    gs3_log_debug(call->client->opts.log, "s3: this clock is %lld s off S3's",
                  (long long)call->client->clock_offset_s);
    return true;
}

static int scan_bytes(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    return gs3_list_scan_write(context, bytes, length_bytes, err);
}

static int scan_again(void *context, struct gs3_err *err)
{
    (void)err;
    gs3_list_scan_reset(context);
    return 0;
}

static void prepare_list(struct gs3_s3_call *call, const struct gs3_s3_request *request)
{
    call->scan = gs3_xcalloc(1, sizeof *call->scan);
    gs3_list_scan_init(call->scan, request->entry, request->entry_context);
    call->list_sink =
        (struct gs3_http_sink){.write = scan_bytes, .reset = scan_again, .context = call->scan};
    call->sink = &call->list_sink;
}

/* Credentials that expire while a long run is under way: fresh ones, once a call. */
static bool refresh(struct gs3_s3_call *call)
{
    const struct gs3_s3_client_opts *opts = &call->client->opts;
    if (call->has_refreshed || !opts->refresh)
        return false;
    call->has_refreshed = true;
    /* Another call has done it since this one was signed. */
    if (call->refreshes != call->client->refreshes)
        return true;
    struct gs3_err reason = GS3_ERR_INIT;
    if (opts->refresh(opts->refresh_context, &reason)) {
        gs3_log_debug(opts->log, "s3: %s", reason.message);
        return false;
    }
    call->client->refreshes++;
    gs3_secret_wipe(&call->client->key, sizeof call->client->key);
    return true;
}

static bool is_cut_short(const struct gs3_s3_call *call, const struct gs3_http_response *response)
{
    const char *length = gs3_pairs_get(&response->headers, "content-length");
    uint64_t bytes;
    return call->wire.op == GS3_S3_GET_OBJECT && length &&
           gs3_str_to_u64(length, INT64_MAX, &bytes) == 0 && bytes != response->received_bytes;
}

/* The last attempt that there may be is not judged. */
static void read_document(struct gs3_s3_call *call, const struct gs3_http_response *response)
{
    if (call->read_attempt != response->attempts)
        gs3_s3_document_read(response, &call->document);
    call->read_attempt = response->attempts;
}

static enum gs3_http_verdict judge(void *context, const struct gs3_http_response *response,
                                   const struct gs3_err *failure)
{
    struct gs3_s3_call *call = context;
    struct gs3_s3_fault fault;
    if (failure) {
        call->is_uncertain = true;
        /* A second batch could hit what somebody wrote after the first: the caller settles it. */
        if (call->wire.op == GS3_S3_DELETE_OBJECTS)
            return GS3_HTTP_DONE;
        return failure->class == GS3_ETRANSIENT ? GS3_HTTP_RETRY : GS3_HTTP_DONE;
    }
    read_document(call, response);
    if (!gs3_s3_fault_read(call->wire.op, response, &call->document, &fault))
        return is_cut_short(call, response) ? GS3_HTTP_RETRY : GS3_HTTP_DONE;
    if (set_clock(call, response, &fault))
        return GS3_HTTP_RETRY;
    if (gs3_s3_fault_is_expired(&fault) && refresh(call))
        return GS3_HTTP_RETRY;
    if (!gs3_s3_fault_is_transient(&fault, response->status))
        return GS3_HTTP_DONE;
    bool is_uncertain = gs3_s3_fault_is_uncertain(&fault, response->status);
    call->is_uncertain = call->is_uncertain || is_uncertain;
    return is_uncertain && call->wire.op == GS3_S3_DELETE_OBJECTS ? GS3_HTTP_DONE : GS3_HTTP_RETRY;
}

static struct gs3_http_tls tls_of(const struct client *client)
{
    const struct gs3_aws_config *config = client->config;
    return (struct gs3_http_tls){.ca_bundle = config->ca_bundle,
                                 .no_verify = config->no_verify_tls};
}

/* S3 may take its time to join an upload, however impatient the user is. */
static uint32_t stall_ms_of(const struct gs3_s3_call *call)
{
    uint32_t stall_ms = call->client->config->read_timeout_ms;
    bool is_complete = call->wire.op == GS3_S3_COMPLETE_UPLOAD;
    return is_complete && stall_ms < COMPLETE_STALL_MS ? COMPLETE_STALL_MS : stall_ms;
}

static void send_call(struct gs3_s3_call *call)
{
    const struct gs3_http_request request = {
        .method = call->wire.method,
        .url = call->wire.url,
        .prepare = prepare,
        .judge = judge,
        .context = call,
        .body = call->wire.body,
        .sink = call->sink,
        .tls = tls_of(call->client),
        .maximum_body_bytes = GS3_S3_ANSWER_BYTES,
        .expected_body_bytes = call->expected_bytes,
        .maximum_attempts = call->maximum_attempts,
        .connect_timeout_ms = call->client->config->connect_timeout_ms,
        .stall_timeout_ms = stall_ms_of(call),
        .is_limited = true,
        .survives_interrupt = call->survives_interrupt,
    };
    call->read_attempt = 0;
    call->http = gs3_http_start(call->client->opts.http, &request);
}

static int resolve(struct client *client, const char *bucket, struct gs3_s3_endpoint *endpoint,
                   struct gs3_err *err)
{
    if (gs3_s3_endpoint_resolve(client->config, bucket, endpoint, err))
        return -1;
    const char *region = gs3_pairs_get(&client->regions, bucket);
    return region ? gs3_s3_endpoint_redirect(endpoint, bucket, region, err) : 0;
}

static struct gs3_s3_call *start(struct gs3_s3_transport *transport,
                                 const struct gs3_s3_request *request)
{
    struct client *client = client_of(transport);
    struct gs3_s3_call *call = gs3_xcalloc(1, sizeof *call);
    struct gs3_s3_endpoint endpoint;
    call->client = client;
    call->sink = request->op == GS3_S3_GET_OBJECT ? request->sink : NULL;
    call->wire.op = request->op;
    call->survives_interrupt = request->survives_interrupt;
    call->maximum_attempts = client->config->maximum_attempts;
    if (request->continuation_token && call->maximum_attempts < PAGE_ATTEMPTS)
        call->maximum_attempts = PAGE_ATTEMPTS; /* all the rest of the listing hangs on it */
    call->expected_bytes =
        request->range.length_bytes ? request->range.length_bytes : request->expected_bytes;
    if (request->op == GS3_S3_LIST_OBJECTS)
        prepare_list(call, request);
    if (resolve(client, request->object.bucket, &endpoint, &call->err) ||
        gs3_s3_wire_build(request, &endpoint, client->config, &call->wire, &call->err))
        return call;
    if (client->opts.request_payer)
        gs3_pairs_set(&call->wire.headers, "x-amz-request-payer", "requester");
    send_call(call);
    return call;
}

/* The region of a bucket where the answer does not name it (HEAD has no body): S3 tells it in the
 * answer to HEAD of the bucket, whatever its status. */
static void ask_region(struct gs3_s3_call *call, struct gs3_s3_fault *fault)
{
    gs3_auto_free char *origin = gs3_origin_format(&call->wire.endpoint.origin);
    gs3_auto_free char *path =
        gs3_xasprintf("/%s", call->wire.endpoint.is_path_style ? call->wire.bucket : "");
    gs3_auto_free char *url = gs3_xasprintf("%s%s", origin, path);
    char query[] = "";
    struct gs3_s3_call ask = {.client = call->client, .wire = {.op = GS3_S3_HEAD_OBJECT}};
    ask.wire.endpoint = call->wire.endpoint;
    ask.wire.method = "HEAD";
    ask.wire.path = path;
    ask.wire.query = query;
    ask.wire.url = url;
    ask.wire.host = call->wire.host;
    snprintf(ask.wire.payload_sha256, sizeof ask.wire.payload_sha256, "%s", gs3_sigv4_empty_sha256);
    send_call(&ask);
    struct gs3_http_response response = {.status = 0};
    struct gs3_s3_fault answer;
    if (gs3_http_wait(call->client->opts.http, ask.http, &response, NULL) == 0) {
        read_document(&ask, &response);
        gs3_s3_fault_read(GS3_S3_HEAD_OBJECT, &response, &ask.document, &answer);
        memcpy(fault->region, answer.region, sizeof fault->region);
    }
    gs3_s3_document_release(&ask.document);
    gs3_http_response_release(&response);
}

/* Sends the call again to the region that the answer names: once a call, and a bucket has one
 * region. No Location is followed. 1: sent again; 0: no redirect; -1: to where it may not go. */
static int redirect(struct gs3_s3_call *call, struct gs3_s3_fault *fault, long status,
                    struct gs3_err *err)
{
    struct gs3_pairs *regions = &call->client->regions;
    const char *known = gs3_pairs_get(regions, call->wire.bucket);
    if (call->has_redirected || !gs3_s3_fault_is_redirect(fault, call->wire.op, status))
        return 0;
    if (!fault->region[0])
        ask_region(call, fault);
    if (!fault->region[0] || strcmp(fault->region, call->wire.endpoint.region) == 0 ||
        (known && strcmp(known, fault->region) != 0))
        return 0;
    if (gs3_s3_endpoint_redirect(&call->wire.endpoint, call->wire.bucket, fault->region, err))
        return -1;
    gs3_log_debug(call->client->opts.log, "s3: bucket %s is in %s", call->wire.bucket,
                  fault->region);
    gs3_pairs_set(regions, call->wire.bucket, fault->region);
    call->has_redirected = true;
    gs3_s3_wire_address(&call->wire);
    send_call(call);
    return 1;
}

/* A condition that failed on a repeat says nothing when the first attempt may have made it so. */
static int fail_uncertain(const struct gs3_s3_call *call, struct gs3_err *err)
{
    /* Without the status: nobody may take this for "not there" or "there already". */
    return gs3_fail(err, GS3_EFAIL,
                    "%s: an attempt ended without an answer, and when it was repeated its "
                    "condition no longer held: it may have been this very request or another's: "
                    "look at the object before trying again",
                    gs3_s3_op_name(call->wire.op));
}

static int fail_answer(const struct gs3_s3_call *call, const struct gs3_s3_fault *fault,
                       long status, struct gs3_err *err)
{
    bool is_condition = status == 412 || (status == 404 && call->wire.op == GS3_S3_DELETE_OBJECT);
    if (is_condition && call->wire.is_conditional && call->is_uncertain)
        return fail_uncertain(call, err);
    gs3_s3_fault_set(fault, call->wire.op, status, call->attempts, err);
    if (gs3_s3_fault_is_redirect(fault, call->wire.op, status) && status != 400)
        gs3_wrap(err, "bucket %s is in another region than %s: use --region", call->wire.bucket,
                 call->wire.endpoint.region);
    /* Ceph 16 takes the word for the payload as its digest. */
    if (call->wire.stream && call->wire.checksum_kind != GS3_S3_CHECKSUM_NONE &&
        strcmp(fault->code, "XAmzContentSHA256Mismatch") == 0)
        gs3_wrap(err, "this store takes no checksum behind the bytes: leave --checksum-algorithm "
                      "out, or set payload_signing_enabled = true");
    return -1;
}

static int take_success(struct gs3_s3_call *call, const struct gs3_http_response *response,
                        struct gs3_s3_result *result, struct gs3_err *err)
{
    if (gs3_s3_result_read(call->wire.op, response, &call->document, result, err) ||
        gs3_s3_range_check(&call->wire, response, result, err) ||
        gs3_s3_payload_take(&call->wire, result, err))
        return -1;
    if (!call->scan)
        return 0;
    if (gs3_list_scan_finish(call->scan, err))
        return gs3_wrap(err, "%s", gs3_s3_op_name(call->wire.op));
    result->entry_count = call->scan->count;
    if (call->scan->is_truncated)
        result->next_token = gs3_buf_take(&call->scan->next_token);
    return 0;
}

/* Reads one ended HTTP call. 1: sent again to another region. */
static int take_answer(struct gs3_s3_call *call, const struct gs3_http_response *response,
                       struct gs3_s3_result *result, struct gs3_err *err)
{
    struct gs3_s3_fault fault;
    call->is_uncertain = call->is_uncertain || response->sends > response->attempts;
    read_document(call, response);
    if (!gs3_s3_fault_read(call->wire.op, response, &call->document, &fault))
        return take_success(call, response, result, err);
    gs3_log_debug(call->client->opts.log, "s3: %s: %ld %s", gs3_s3_op_name(call->wire.op),
                  response->status, fault.code);
    int sent = redirect(call, &fault, response->status, err);
    /* An answer to HEAD has no body: 400 may be expired credentials, and nothing says it. */
    if (sent == 0 && call->wire.op == GS3_S3_HEAD_OBJECT && response->status == 400 &&
        refresh(call)) {
        send_call(call);
        return 1;
    }
    return sent ? sent : fail_answer(call, &fault, response->status, err);
}

static int wait_http(struct gs3_s3_call *call, struct gs3_s3_result *result, struct gs3_err *err)
{
    int status;
    do {
        struct gs3_http_response response = {.status = 0};
        status = gs3_http_wait(call->client->opts.http, call->http, &response, err);
        call->http = NULL;
        call->attempts += response.attempts;
        if (status)
            gs3_wrap(err, "%s", gs3_s3_op_name(call->wire.op));
        else
            status = take_answer(call, &response, result, err);
        gs3_http_response_release(&response);
    } while (status > 0);
    return status;
}

static void free_call(struct gs3_s3_call *call)
{
    gs3_list_scan_release(call->scan);
    free(call->scan);
    gs3_s3_wire_release(&call->wire);
    gs3_s3_document_release(&call->document);
    free(call);
}

static int wait_call(struct gs3_s3_transport *transport, struct gs3_s3_call *call,
                     struct gs3_s3_result *result, struct gs3_err *err)
{
    (void)transport;
    *result = (struct gs3_s3_result){.last_modified_s = -1};
    int status = -1;
    if (call->http)
        status = wait_http(call, result, err);
    else if (err)
        *err = call->err;
    if (status)
        gs3_s3_result_release(result);
    result->attempts = call->attempts;
    result->is_uncertain = call->is_uncertain;
    free_call(call);
    return status;
}

static void cancel_call(struct gs3_s3_transport *transport, struct gs3_s3_call *call)
{
    if (call->http)
        gs3_http_cancel(client_of(transport)->opts.http, call->http);
    free_call(call);
}

static void free_client(struct gs3_s3_transport *transport)
{
    struct client *client = client_of(transport);
    gs3_pairs_release(&client->regions);
    gs3_secret_wipe(&client->key, sizeof client->key);
    free(client->key_owner);
    free(client->region);
    free(client);
}

static const struct gs3_s3_transport_ops operations = {
    .name = "s3v4", .start = start, .wait = wait_call, .cancel = cancel_call, .free = free_client};

struct gs3_s3_transport *gs3_s3_client_new(const struct gs3_s3_client_opts *opts)
{
    struct client *client = gs3_xcalloc(1, sizeof *client);
    client->transport.ops = &operations;
    client->opts = *opts;
    client->config = opts->config;
    if (!opts->region && !opts->config->no_sign_request)
        return &client->transport;
    client->view = *opts->config;
    client->config = &client->view;
    if (opts->region) {
        client->region = gs3_xstrdup(opts->region);
        client->view = gs3_aws_config_at_region(opts->config, client->region);
    }
    /* What nobody signs need not be digested, over http either. */
    if (client->view.no_sign_request)
        client->view.payload_signing = GS3_PAYLOAD_SIGNING_OFF;
    return &client->transport;
}

void gs3_s3_client_warm(struct gs3_s3_transport *transport, const char *bucket)
{
    struct client *client = client_of(transport);
    struct gs3_s3_endpoint endpoint;
    if (transport->ops != &operations || resolve(client, bucket, &endpoint, NULL))
        return;
    gs3_auto_free char *origin = gs3_origin_format(&endpoint.origin);
    const struct gs3_http_tls tls = tls_of(client);
    gs3_http_warm(client->opts.http, origin, &tls);
}
