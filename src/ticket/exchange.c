#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "text/time.h"
#include "text/utf8.h"
#include "ticket/internal.h"

enum {
    THROTTLE_ATTEMPTS = 64, /* of 429 and 503; the waits are bounded by the budget */
    FAILURE_ATTEMPTS = 2,   /* of everything else that may pass, but time-outs */
    ERROR_TEXT_BYTES = 400
};

static int prepare(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)err;
    const struct gs3_ticket_pending *pending = context;
    const struct gs3_ticket_session *session = pending->session;
    gs3_pairs_add(headers, "Accept", "application/json");
    if (pending->form)
        gs3_pairs_add(headers, "Content-Type", "application/x-www-form-urlencoded");
    /* Atlassian hides the approvals of older servers behind it; others ignore it. */
    if (session->system->type == GS3_SYSTEM_JIRA)
        gs3_pairs_add(headers, "X-ExperimentalApi", "opt-in");
    if (session->header_name)
        gs3_pairs_add(headers, session->header_name, session->header_value.text);
    return 0;
}

static enum gs3_http_verdict judge(void *context, const struct gs3_http_response *response,
                                   const struct gs3_err *failure)
{
    struct gs3_ticket_pending *pending = context;
    if (response && (response->status == 429 || response->status == 503))
        return ++pending->throttled < THROTTLE_ATTEMPTS ? GS3_HTTP_RETRY : GS3_HTTP_DONE;
    bool may_pass = failure ? failure->class == GS3_ETRANSIENT && failure->sys_errno != ETIMEDOUT
                            : response && response->status >= 500 && response->status <= 504;
    if (!may_pass)
        return GS3_HTTP_DONE;
    return ++pending->failed < FAILURE_ATTEMPTS ? GS3_HTTP_RETRY : GS3_HTTP_DONE;
}

int gs3_ticket_unusable(const struct gs3_ticket_session *session, struct gs3_err *err,
                        const char *format, ...)
{
    char text[GS3_ERR_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gs3_auto_buf struct gs3_buf printable = GS3_BUF_INIT(GS3_ERR_MESSAGE_BYTES);
    gs3_utf8_append_printable(&printable, text);
    return gs3_fail(err, GS3_EUNDECIDED, "ticket system %s: %s %s", session->system->name,
                    session->origin, gs3_buf_string(&printable));
}

int gs3_ticket_rejected(const struct gs3_ticket_session *session, const char *how,
                        struct gs3_err *err)
{
    return gs3_ticket_unusable(session, err, "rejected the credentials (%s): check %s", how,
                               session->source[0] ? session->source : "the credentials");
}

int gs3_ticket_status(const struct gs3_ticket_session *session, long status, const char *message,
                      struct gs3_err *err)
{
    if (message && *message)
        gs3_ticket_unusable(session, err, "answered %ld (%.*s): check url in the policy", status,
                            ERROR_TEXT_BYTES, message);
    else
        gs3_ticket_unusable(session, err, "answered %ld: check url in the policy", status);
    if (err)
        err->http_status = status;
    return -1;
}

void gs3_ticket_date(const struct gs3_http_response *response, struct gs3_ticket *ticket)
{
    const char *date = gs3_pairs_get(&response->headers, "date");
    ticket->has_server_time = date && gs3_time_parse_http(date, &ticket->server_time) == 0;
}

void gs3_ticket_answer_release(struct gs3_ticket_answer *answer)
{
    gs3_http_response_release(&answer->response);
    cJSON_Delete(answer->json);
    answer->json = NULL;
}

/* "application/json", with or without parameters. */
static bool is_json(const struct gs3_http_response *response)
{
    static const char type[] = "application/json";
    const char *given = gs3_pairs_get(&response->headers, "content-type");
    if (!given)
        return false;
    gs3_auto_free char *lower = gs3_str_lower(gs3_xstrdup(given));
    if (!gs3_str_has_prefix(lower, type))
        return false;
    char after = lower[strlen(type)];
    return after == '\0' || after == ';' || gs3_ascii_is_space(after);
}

static int fail_redirect(const struct gs3_ticket_session *session,
                         const struct gs3_http_response *response, struct gs3_err *err)
{
    const char *location = gs3_pairs_get(&response->headers, "location");
    const char *host = location ? strstr(location, "//") : NULL;
    if (!host)
        return gs3_ticket_unusable(session, err,
                                   "redirects (%ld) within the site, and gs3 never follows: check "
                                   "url in the policy and the credentials",
                                   response->status);
    host += 2;
    return gs3_ticket_unusable(session, err,
                               "redirects (%ld) to %.*s, and gs3 never forwards credentials: check "
                               "url in the policy",
                               response->status, (int)strcspn(host, "/?#"), host);
}

static int read_json(const struct gs3_ticket_session *session, struct gs3_ticket_answer *answer,
                     struct gs3_err *err)
{
    const struct gs3_http_response *response = &answer->response;
    const char *type = gs3_pairs_get(&response->headers, "content-type");
    if (!is_json(response))
        return gs3_ticket_unusable(session, err,
                                   "answered %ld with %s instead of JSON: is the instance awake, "
                                   "and is url in the policy right?",
                                   response->status, type ? type : "no content type");
    struct gs3_err cause = GS3_ERR_INIT;
    answer->json =
        gs3_json_parse(gs3_buf_string(&response->body), response->body.length_bytes, &cause);
    if (!answer->json)
        return gs3_ticket_unusable(session, err, "answered %ld with malformed JSON (%s)",
                                   response->status, cause.message);
    return 0;
}

static int fail_throttled(const struct gs3_ticket_session *session,
                          const struct gs3_http_response *response, struct gs3_err *err)
{
    const char *after = gs3_pairs_get(&response->headers, "retry-after");
    return gs3_ticket_unusable(session, err, "%s (%ld) after %u attempts%s%.40s: try again later",
                               response->status == 429 ? "is throttling" : "is unavailable",
                               response->status, response->attempts, after ? ", Retry-After " : "",
                               after ? after : "");
}

static int sort_answer(const struct gs3_ticket_session *session, struct gs3_ticket_answer *answer,
                       struct gs3_err *err)
{
    long status = answer->response.status;
    char how[32];
    snprintf(how, sizeof how, "%ld", status);
    if (status == 200)
        return read_json(session, answer, err);
    if (status >= 300 && status < 400)
        return fail_redirect(session, &answer->response, err);
    if (status == 401 || status == 403)
        return gs3_ticket_rejected(session, how, err);
    if (status == 429 || status == 503)
        return fail_throttled(session, &answer->response, err);
    if (status < 400 || status >= 500 || status == 408)
        return gs3_ticket_unusable(session, err, "answered %ld: try again later", status);
    if (is_json(&answer->response) && read_json(session, answer, err))
        return -1;
    return 0;
}

static int fail_transport(const struct gs3_ticket_session *session, const struct gs3_err *cause,
                          struct gs3_err *err)
{
    enum gs3_err_class class = cause->class;
    if (class != GS3_EINTERRUPT && class != GS3_ECONFIG)
        class = GS3_EUNDECIDED;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_ERR_MESSAGE_BYTES);
    gs3_utf8_append_printable(&text, cause->message);
    return gs3_fail(err, class, "ticket system %s: %s", session->system->name,
                    gs3_buf_string(&text));
}

static uint32_t budget_ms(const struct gs3_ticket_context *context)
{
    int64_t left_ms = context->deadline_ms - gs3_clock_monotonic_ms(&gs3_clock_system);
    if (!context->deadline_ms || left_ms > GS3_TICKET_BUDGET_MS)
        return GS3_TICKET_BUDGET_MS;
    return left_ms > 0 ? (uint32_t)left_ms : 1; /* 0 would mean net's own */
}

void gs3_ticket_ask_begin(struct gs3_ticket_session *session, const char *path, const char *form,
                          struct gs3_ticket_pending *pending)
{
    *pending = (struct gs3_ticket_pending){.session = session, .form = form};
    pending->url = gs3_xasprintf("%s%s", session->origin, path);
    uint32_t own_ms = session->context->timeout_ms;
    uint32_t timeout_ms = own_ms ? own_ms : GS3_TICKET_TIMEOUT_MS;
    const struct gs3_http_request request = {
        .method = form ? "POST" : "GET",
        .url = pending->url,
        .prepare = prepare,
        .judge = judge,
        .context = pending,
        .body = {.bytes = form, .length_bytes = form ? strlen(form) : 0},
        /* Verification cannot be turned off here: --no-verify-ssl is for S3 alone. */
        .tls = {.ca_bundle = session->system->ca_bundle},
        .maximum_body_bytes = GS3_JSON_BYTES,
        .maximum_attempts = THROTTLE_ATTEMPTS,
        .connect_timeout_ms = timeout_ms,
        .total_timeout_ms = timeout_ms,
        .retry_budget_ms = budget_ms(session->context),
        /* Plain http is for this machine alone: a proxy would carry the credentials off it. */
        .is_direct = session->system->origin.is_loopback,
    };
    pending->call = gs3_http_start(session->context->http, &request);
}

int gs3_ticket_ask_end(struct gs3_ticket_pending *pending, struct gs3_ticket_answer *answer,
                       struct gs3_err *err)
{
    const struct gs3_ticket_session *session = pending->session;
    struct gs3_err cause = GS3_ERR_INIT;
    int outcome = gs3_http_wait(session->context->http, pending->call, &answer->response, &cause);
    pending->call = NULL;
    gs3_ticket_ask_cancel(pending);
    if (outcome)
        return fail_transport(session, &cause, err);
    outcome = sort_answer(session, answer, err);
    if (outcome && err)
        err->http_status = answer->response.status;
    return outcome;
}

void gs3_ticket_ask_cancel(struct gs3_ticket_pending *pending)
{
    if (pending->call)
        gs3_http_cancel(pending->session->context->http, pending->call);
    pending->call = NULL;
    free(pending->url);
    pending->url = NULL;
}

int gs3_ticket_ask(struct gs3_ticket_session *session, const char *path, const char *form,
                   struct gs3_ticket_answer *answer, struct gs3_err *err)
{
    struct gs3_ticket_pending pending;
    gs3_ticket_ask_begin(session, path, form, &pending);
    return gs3_ticket_ask_end(&pending, answer, err);
}
