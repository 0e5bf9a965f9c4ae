#include "aws/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/time.h"
#include "text/utf8.h"
#include "text/xml.h"

enum {
    ANSWER_BYTES = 64 * 1024,
    JSON_BYTES = GS3_JSON_BYTES,
    RETRY_BUDGET_MS = 2 * 1000, /* of a question with a limit of its own */
    TIMEOUT_MS = 10 * 1000,
    SHOWN_BYTES = 600,
    CLOCK_OFF_S = 240 /* less is no reason for a refusal */
};

struct gs3_aws_ask {
    struct gs3_aws_question question; /* strings but `form` are its own, below */
    char *path, *url, *host, *account;
    char region[64];
    const struct gs3_credentials *credentials;
    struct gs3_sigv4_key key;
    char payload_sha256[GS3_SHA256_HEX_BYTES];
    int64_t clock_offset_s; /* the service's clock minus ours */
    bool has_set_clock;
    struct gs3_http_call *http; /* NULL once waited for */
};

static int prepare(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)err;
    struct gs3_aws_ask *ask = context;
    bool is_s3 = strcmp(ask->question.service, "s3") == 0;
    const struct gs3_sigv4_request request = {
        .method = ask->question.method,
        .path = ask->path,
        .host = ask->host,
        .region = ask->region,
        .service = ask->question.service,
        .payload_sha256 = ask->payload_sha256,
        .adds_content_sha256 = is_s3,
        .now = gs3_clock_wall_ms(&gs3_clock_system) / 1000 + ask->clock_offset_s,
    };
    if (ask->question.target) {
        gs3_pairs_set(headers, "content-type", "application/x-amz-json-1.1");
        gs3_pairs_set(headers, "x-amz-target", ask->question.target);
    } else if (ask->question.form)
        gs3_pairs_set(headers, "content-type", "application/x-www-form-urlencoded; charset=utf-8");
    if (ask->account)
        gs3_pairs_set(headers, "x-amz-account-id", ask->account);
    if (ask->credentials)
        gs3_sigv4_sign(&request, ask->credentials, &ask->key, headers);
    return 0;
}

static char *clean(const char *text)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(SHOWN_BYTES);
    gs3_utf8_append_printable(&out, text);
    return gs3_buf_take(&out);
}

/* JSON 1.1 has the code in the document ("…#AccessDeniedException"), REST in a header
 * ("AccessDeniedException:http://…"). */
static char *read_json_code(const struct gs3_http_response *response, char **message)
{
    gs3_auto_json cJSON *json =
        gs3_json_parse(response->body.data, response->body.length_bytes, NULL);
    const char *code = gs3_json_string(json, "__type");
    const char *text = gs3_json_string(json, "message");
    code = code ? code : gs3_pairs_get(&response->headers, "x-amzn-errortype");
    text = text ? text : gs3_json_string(json, "Message");
    if (message)
        *message = clean(text ? text : "");
    if (!json || !code)
        return NULL;
    const char *hash = strrchr(code, '#');
    code = hash ? hash + 1 : code;
    if (!*code)
        return NULL;
    gs3_auto_free char *name = gs3_xstrndup(code, strcspn(code, ":"));
    return clean(name);
}

/* AWS's code of a failure, or NULL. Caller frees. */
static char *read_code(const struct gs3_aws_ask *ask, const struct gs3_http_response *response,
                       char **message)
{
    if (response->body.length_bytes > 0 && ask->question.is_json)
        return read_json_code(response, message);
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    gs3_auto_free char *root = NULL;
    if (response->body.length_bytes == 0 ||
        gs3_xml_parse(response->body.data, response->body.length_bytes, &root, &leaves, NULL))
        return NULL;
    /* S3 Control writes both forms. */
    const char *code = gs3_pairs_get(&leaves, "ErrorResponse/Error/Code");
    const char *text = gs3_pairs_get(&leaves, "ErrorResponse/Error/Message");
    code = code ? code : gs3_pairs_get(&leaves, "Error/Code");
    text = text ? text : gs3_pairs_get(&leaves, "Error/Message");
    if (message)
        *message = clean(text ? text : "");
    return gs3_str_is_empty(code) ? NULL : clean(code);
}

static bool is_transient(long status, const char *code)
{
    bool is_throttled = gs3_str_has_prefix(code, "Throttl") ||
                        strcmp(code, "RequestLimitExceeded") == 0 ||
                        strcmp(code, "SlowDown") == 0 || strcmp(code, "IDPCommunicationError") == 0;
    return is_throttled || status == 429 || status >= 500;
}

static bool read_offset(const struct gs3_http_response *response, int64_t *offset_s)
{
    const char *date = gs3_pairs_get(&response->headers, "date");
    int64_t server_s;
    if (!date || gs3_time_parse_http(date, &server_s))
        return false;
    *offset_s = server_s - gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    return true;
}

/* A clock that is off is found by the Date header; once. */
static bool set_clock(struct gs3_aws_ask *ask, const struct gs3_http_response *response)
{
    int64_t offset_s;
    if (ask->has_set_clock || !read_offset(response, &offset_s))
        return false;
    if (offset_s > -CLOCK_OFF_S && offset_s < CLOCK_OFF_S)
        return false;
    ask->has_set_clock = true;
    ask->clock_offset_s = offset_s;
    return true;
}

static enum gs3_http_verdict judge(void *context, const struct gs3_http_response *response,
                                   const struct gs3_err *failure)
{
    struct gs3_aws_ask *ask = context;
    if (failure)
        return failure->class == GS3_ETRANSIENT ? GS3_HTTP_RETRY : GS3_HTTP_DONE;
    gs3_auto_free char *code = read_code(ask, response, NULL);
    if (is_transient(response->status, code ? code : ""))
        return GS3_HTTP_RETRY;
    bool is_clock = gs3_str_equal(code, "RequestExpired") ||
                    gs3_str_equal(code, "SignatureDoesNotMatch") ||
                    gs3_str_equal(code, "InvalidSignatureException") ||
                    gs3_str_equal(code, "RequestTimeTooSkewed");
    return is_clock && set_clock(ask, response) ? GS3_HTTP_RETRY : GS3_HTTP_DONE;
}

static void free_ask(struct gs3_aws_ask *ask)
{
    gs3_secret_wipe(&ask->key, sizeof ask->key);
    free(ask->path);
    free(ask->url);
    free(ask->host);
    free(ask->account);
    free(ask);
}

struct gs3_aws_ask *gs3_aws_ask_start(struct gs3_http *http, const char *endpoint,
                                      const struct gs3_credentials *credentials,
                                      const struct gs3_aws_question *question)
{
    struct gs3_aws_ask *ask = gs3_xcalloc(1, sizeof *ask);
    const char *form = question->form ? question->form : "";
    size_t form_bytes = strlen(form);
    ask->question = *question;
    ask->credentials = credentials;
    ask->path = gs3_xstrdup(question->path);
    ask->host = gs3_xstrdup(strstr(endpoint, "//") + 2);
    ask->url = gs3_xasprintf("%s%s", endpoint, question->path);
    ask->account = gs3_xstrdup_or_null(question->account);
    snprintf(ask->region, sizeof ask->region, "%s", question->region);
    gs3_sha256_hex(form, form_bytes, ask->payload_sha256);
    const struct gs3_http_request request = {
        .method = question->method,
        .url = ask->url,
        .prepare = prepare,
        .judge = judge,
        .context = ask,
        .body = {.bytes = question->form, .length_bytes = form_bytes},
        .maximum_body_bytes = question->is_json ? JSON_BYTES : ANSWER_BYTES,
        .maximum_attempts = question->attempts,
        .total_timeout_ms = question->timeout_ms ? question->timeout_ms : TIMEOUT_MS,
        .retry_budget_ms = question->timeout_ms ? RETRY_BUDGET_MS : 0,
        .is_direct = gs3_str_has_prefix(endpoint, "http:"),
    };
    ask->http = gs3_http_start(http, &request);
    return ask;
}

static int fail_answer(const struct gs3_aws_ask *ask, const struct gs3_http_response *response,
                       struct gs3_err *err)
{
    gs3_auto_free char *message = NULL;
    gs3_auto_free char *code = read_code(ask, response, &message);
    bool is_refusal = code && response->status >= 400 && !is_transient(response->status, code);
    if (!is_refusal)
        gs3_fail(err, GS3_EUNDECIDED, "%s: status %ld%s%s%s%s: try again later",
                 ask->question.unknown, response->status, code ? " " : "", code ? code : "",
                 gs3_str_is_empty(message) ? "" : ": ", message ? message : "");
    else
        gs3_fail(err, GS3_ESERVICE, "An error occurred (%s) when calling the %s operation: %s",
                 code, ask->question.operation, message);
    if (err) {
        err->http_status = response->status;
        snprintf(err->code, sizeof err->code, "%.63s", code ? code : "");
    }
    return -1;
}

static int read_json(const struct gs3_aws_ask *ask, const struct gs3_http_response *response,
                     cJSON **json, struct gs3_err *err)
{
    *json = gs3_json_parse(response->body.data, response->body.length_bytes, NULL);
    if (cJSON_IsObject(*json))
        return 0;
    cJSON_Delete(*json);
    *json = NULL;
    return gs3_fail(err, GS3_EUNDECIDED,
                    "%s's answer cannot be used: it is not a JSON object, or is cut off",
                    ask->question.title);
}

/* Into `leaves`, or `json`, whichever is not NULL. */
static int read_answer(const struct gs3_aws_ask *ask, const struct gs3_http_response *response,
                       struct gs3_pairs *leaves, cJSON **json, struct gs3_err *err)
{
    gs3_auto_free char *root = NULL;
    if (response->status != 200)
        return fail_answer(ask, response, err);
    if (json)
        return read_json(ask, response, json, err);
    if (gs3_xml_parse(gs3_buf_string(&response->body), response->body.length_bytes, &root, leaves,
                      NULL))
        return gs3_fail(err, GS3_EUNDECIDED,
                        "%s's answer cannot be used: it is not XML, or is cut off",
                        ask->question.title);
    return 0;
}

void gs3_aws_ask_cancel(struct gs3_http *http, struct gs3_aws_ask *ask)
{
    gs3_http_cancel(http, ask->http);
    free_ask(ask);
}

static int wait_for(struct gs3_http *http, struct gs3_aws_ask *ask, struct gs3_pairs *leaves,
                    cJSON **json, struct gs3_err *err)
{
    struct gs3_http_response response = {.status = 0};
    int status = gs3_http_wait(http, ask->http, &response, err);
    if (status) {
        bool is_final = err && (err->class == GS3_EINTERRUPT || err->class == GS3_ECONFIG);
        if (err && !is_final)
            err->class = GS3_EUNDECIDED;
        gs3_wrap(err, "%s", ask->question.title);
    } else {
        struct gs3_aws_clock *clock = ask->question.clock;
        if (clock)
            clock->is_known = read_offset(&response, &clock->offset_s);
        status = read_answer(ask, &response, leaves, json, err);
    }
    gs3_secret_wipe(response.body.data, response.body.length_bytes); /* may be credentials */
    gs3_http_response_release(&response);
    free_ask(ask);
    return status;
}

int gs3_aws_ask_wait(struct gs3_http *http, struct gs3_aws_ask *ask, struct gs3_pairs *leaves,
                     struct gs3_err *err)
{
    return wait_for(http, ask, leaves, NULL, err);
}

cJSON *gs3_aws_ask_wait_json(struct gs3_http *http, struct gs3_aws_ask *ask, struct gs3_err *err)
{
    cJSON *json = NULL;
    return wait_for(http, ask, NULL, &json, err) ? NULL : json;
}

bool gs3_aws_err_is_denied(const struct gs3_err *err)
{
    return err->class == GS3_ESERVICE && (strcmp(err->code, "AccessDeniedException") == 0 ||
                                          strcmp(err->code, "AccessDenied") == 0);
}
