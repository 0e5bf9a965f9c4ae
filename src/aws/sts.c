#include "aws/sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/time.h"
#include "text/utf8.h"
#include "text/xml.h"

enum { ANSWER_BYTES = 64 * 1024, TIMEOUT_MS = 10 * 1000, NAME_BYTES = 512, SHOWN_BYTES = 300 };

static const char form[] = "Action=GetCallerIdentity&Version=2011-06-15";

struct gs3_sts_call {
    const struct gs3_credentials *credentials;
    struct gs3_sigv4_key key;
    char *url, *host;
    char region[64];
    char payload_sha256[GS3_SHA256_HEX_BYTES];
    int64_t clock_offset_s; /* STS's clock minus ours */
    bool has_set_clock;
    struct gs3_http_call *http; /* NULL once waited for */
};

void gs3_caller_release(struct gs3_caller *caller)
{
    free(caller->account);
    free(caller->arn);
    free(caller->user_id);
    free(caller->name);
    free(caller->role_name);
    *caller = (struct gs3_caller){.account = NULL};
}

static int prepare(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)err;
    struct gs3_sts_call *call = context;
    const struct gs3_sigv4_request request = {
        .method = "POST",
        .path = "/",
        .host = call->host,
        .region = call->region,
        .service = "sts",
        .payload_sha256 = call->payload_sha256,
        .now = gs3_clock_wall_ms(&gs3_clock_system) / 1000 + call->clock_offset_s,
    };
    gs3_pairs_set(headers, "content-type", "application/x-www-form-urlencoded; charset=utf-8");
    gs3_sigv4_sign(&request, call->credentials, &call->key, headers);
    return 0;
}

static char *clean(const char *text)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(SHOWN_BYTES);
    gs3_utf8_append_printable(&out, text);
    return gs3_buf_take(&out);
}

/* AWS's code of a failure, or NULL. Caller frees. */
static char *read_code(const struct gs3_http_response *response, char **message)
{
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    gs3_auto_free char *root = NULL;
    if (response->body.length_bytes == 0 ||
        gs3_xml_parse(response->body.data, response->body.length_bytes, &root, &leaves, NULL))
        return NULL;
    const char *code = gs3_pairs_get(&leaves, "ErrorResponse/Error/Code");
    const char *text = gs3_pairs_get(&leaves, "ErrorResponse/Error/Message");
    if (message)
        *message = clean(text ? text : "");
    return gs3_str_is_empty(code) ? NULL : clean(code);
}

static bool is_transient(long status, const char *code)
{
    bool is_throttled = gs3_str_has_prefix(code, "Throttl") ||
                        strcmp(code, "RequestLimitExceeded") == 0 ||
                        strcmp(code, "IDPCommunicationError") == 0;
    return is_throttled || status == 429 || status >= 500;
}

/* A clock that is off is found by the Date header; once. */
static bool set_clock(struct gs3_sts_call *call, const struct gs3_http_response *response)
{
    const char *date = gs3_pairs_get(&response->headers, "date");
    int64_t server_s;
    if (call->has_set_clock || !date || gs3_time_parse_http(date, &server_s))
        return false;
    int64_t ours_s = gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    int64_t offset_s = server_s - ours_s;
    if (offset_s > -240 && offset_s < 240)
        return false;
    call->has_set_clock = true;
    call->clock_offset_s = offset_s;
    return true;
}

static enum gs3_http_verdict judge(void *context, const struct gs3_http_response *response,
                                   const struct gs3_err *failure)
{
    struct gs3_sts_call *call = context;
    if (failure)
        return failure->class == GS3_ETRANSIENT ? GS3_HTTP_RETRY : GS3_HTTP_DONE;
    gs3_auto_free char *code = read_code(response, NULL);
    if (is_transient(response->status, code ? code : ""))
        return GS3_HTTP_RETRY;
    bool is_clock = gs3_str_equal(code, "RequestExpired") ||
                    gs3_str_equal(code, "SignatureDoesNotMatch") ||
                    gs3_str_equal(code, "RequestTimeTooSkewed");
    return is_clock && set_clock(call, response) ? GS3_HTTP_RETRY : GS3_HTTP_DONE;
}

static void free_call(struct gs3_sts_call *call)
{
    gs3_secret_wipe(&call->key, sizeof call->key);
    free(call->url);
    free(call->host);
    free(call);
}

struct gs3_sts_call *gs3_sts_caller_start(struct gs3_http *http,
                                          const struct gs3_aws_config *config,
                                          const struct gs3_credentials *credentials,
                                          struct gs3_err *err)
{
    gs3_auto_free char *endpoint = gs3_sts_endpoint_resolve(config, NULL, err);
    if (!endpoint)
        return NULL;
    struct gs3_sts_call *call = gs3_xcalloc(1, sizeof *call);
    call->credentials = credentials;
    call->host = gs3_xstrdup(strstr(endpoint, "//") + 2);
    call->url = gs3_xasprintf("%s/", endpoint);
    snprintf(call->region, sizeof call->region, "%s", gs3_region_signing(config->region));
    gs3_sha256_hex(form, sizeof form - 1, call->payload_sha256);
    /* Who the caller is decides who may do what: the certificate is always checked, whatever
     * the options for S3 say. */
    const struct gs3_http_request request = {
        .method = "POST",
        .url = call->url,
        .prepare = prepare,
        .judge = judge,
        .context = call,
        .body = {.bytes = form, .length_bytes = sizeof form - 1},
        .maximum_body_bytes = ANSWER_BYTES,
        .total_timeout_ms = TIMEOUT_MS,
        /* Plain http is accepted for this machine alone. */
        .is_direct = gs3_str_has_prefix(endpoint, "http:"),
    };
    call->http = gs3_http_start(http, &request);
    return call;
}

static int fail_answer(const struct gs3_http_response *response, struct gs3_err *err)
{
    gs3_auto_free char *message = NULL;
    gs3_auto_free char *code = read_code(response, &message);
    bool is_refusal = code && response->status >= 400 && !is_transient(response->status, code);
    if (!is_refusal)
        gs3_fail(err, GS3_EUNDECIDED,
                 "STS did not say who the caller is: status %ld%s%s%s%s: try again later",
                 response->status, code ? " " : "", code ? code : "",
                 gs3_str_is_empty(message) ? "" : ": ", message ? message : "");
    else
        gs3_fail(err, GS3_ESERVICE,
                 "An error occurred (%s) when calling the GetCallerIdentity operation: %s", code,
                 message);
    if (err) {
        err->http_status = response->status;
        snprintf(err->code, sizeof err->code, "%.63s", code ? code : "");
    }
    return -1;
}

static int fail_unusable(struct gs3_err *err, const char *what)
{
    return gs3_fail(err, GS3_EUNDECIDED, "STS's answer cannot be used: %s", what);
}

static int read_answer(const struct gs3_http_response *response, struct gs3_caller *caller,
                       struct gs3_err *err)
{
    static const char base[] = "GetCallerIdentityResponse/GetCallerIdentityResult/";
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    gs3_auto_free char *root = NULL;
    if (response->status != 200)
        return fail_answer(response, err);
    if (gs3_xml_parse(gs3_buf_string(&response->body), response->body.length_bytes, &root, &leaves,
                      NULL))
        return fail_unusable(err, "it is not XML, or is cut off");
    const char *values[3];
    static const char *const names[3] = {"Account", "Arn", "UserId"};
    for (size_t i = 0; i < 3; i++) {
        gs3_auto_free char *path = gs3_xasprintf("%s%s", base, names[i]);
        values[i] = gs3_pairs_get(&leaves, path);
        if (gs3_str_is_empty(values[i]))
            return fail_unusable(err, "Account, Arn or UserId is missing");
    }
    if (gs3_caller_parse_arn(values[1], caller, err)) {
        if (err)
            err->class = GS3_EUNDECIDED;
        return gs3_wrap(err, "STS's answer cannot be used");
    }
    if (strcmp(caller->account, values[0]) != 0)
        return fail_unusable(err, "the account is not that of the ARN");
    caller->user_id = clean(values[2]);
    return 0;
}

void gs3_sts_caller_cancel(struct gs3_http *http, struct gs3_sts_call *call)
{
    gs3_http_cancel(http, call->http);
    free_call(call);
}

int gs3_sts_caller_wait(struct gs3_http *http, struct gs3_sts_call *call, struct gs3_caller *caller,
                        struct gs3_err *err)
{
    struct gs3_http_response response = {.status = 0};
    *caller = (struct gs3_caller){.account = NULL};
    int status = gs3_http_wait(http, call->http, &response, err);
    if (status) {
        bool is_final = err && (err->class == GS3_EINTERRUPT || err->class == GS3_ECONFIG);
        if (err && !is_final)
            err->class = GS3_EUNDECIDED;
        gs3_wrap(err, "STS");
    } else {
        status = read_answer(&response, caller, err);
    }
    gs3_http_response_release(&response);
    free_call(call);
    if (status)
        gs3_caller_release(caller);
    return status;
}
