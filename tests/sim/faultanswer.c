/*
 * Carrying out the faults: those that are a whole answer by themselves, and those that spoil the
 * answer that a persona gave, in its bytes or in its delivery.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define HTML_PAGE                                                                                  \
    "<!DOCTYPE html><html><head><title>Instance Hibernating</title></head>"                        \
    "<body><h1>Your instance is hibernating</h1></body></html>"

static uint64_t number_arg(const char *text, uint64_t fallback)
{
    int64_t value = 0;
    return sim_number_parse(text, &value) && value >= 0 ? (uint64_t)value : fallback;
}

/* The body that this vendor sends with an error status. */
static void error_body(const struct sim_request *req, struct sim_answer *answer, unsigned status,
                       const char *message)
{
    cJSON *body = cJSON_CreateObject();
    switch (req->persona) {
    case SIM_SERVICENOW: {
        cJSON *error = cJSON_AddObjectToObject(body, "error");
        cJSON_AddStringToObject(error, "message", message);
        cJSON_AddNullToObject(error, "detail");
        cJSON_AddStringToObject(body, "status", "failure");
        break;
    }
    case SIM_JIRA: {
        cJSON *list = cJSON_AddArrayToObject(body, "errorMessages");
        cJSON_AddItemToArray(list, cJSON_CreateString(message));
        cJSON_AddObjectToObject(body, "errors");
        break;
    }
    case SIM_STS:
        cJSON_Delete(body);
        sim_answer_sts_error(answer, status, status == 429 ? "Throttling" : "ServiceUnavailable",
                             message);
        return;
    case SIM_IMDS:
        cJSON_Delete(body);
        sim_answer_text(answer, status, "text/html", message);
        return;
    case SIM_CONTAINER:
    case SIM_SSO: cJSON_AddStringToObject(body, "message", message); break;
    case SIM_CLOUDTRAIL:
    case SIM_GUARDDUTY:
        cJSON_Delete(body);
        sim_answer_watch_error(req, answer, status,
                               status == 429 ? "ThrottlingException"
                                             : "InternalServerErrorException",
                               message);
        return;
    case SIM_S3:
        cJSON_Delete(body);
        sim_answer_s3_error(answer, status,
                            status == 503   ? "SlowDown"
                            : status == 500 ? "InternalError"
                                            : "SimulatedError",
                            message);
        return;
    }
    sim_answer_json(answer, status, body);
}

static void http_date_after(struct sim_answer *answer, const char *name, uint64_t seconds)
{
    char text[64];
    struct tm parts;
    time_t when = (time_t)((uint64_t)time(NULL) + seconds);
    gmtime_r(&when, &parts);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    sim_answer_header(answer, name, text);
}

static void retry_after(struct sim_answer *answer, const char *arg)
{
    if (sim_starts_with(arg, "date="))
        http_date_after(answer, "Retry-After", number_arg(arg + 5, 1));
    else if (strcmp(arg, "none") != 0)
        sim_answer_header(answer, "Retry-After", arg);
}

/* ServiceNow writes the time of the reset in UNIX seconds, Jira in ISO 8601. */
static void too_many(const struct sim_request *req, struct sim_answer *answer, const char *arg)
{
    error_body(req, answer, 429, "Rate limit exceeded");
    retry_after(answer, arg);
    uint64_t seconds = number_arg(sim_starts_with(arg, "date=") ? arg + 5 : arg, 60);
    time_t reset = (time_t)((uint64_t)time(NULL) + seconds);
    sim_answer_header(answer, "X-RateLimit-Limit", "100");
    if (req->persona == SIM_JIRA) {
        char text[32];
        struct tm parts;
        gmtime_r(&reset, &parts);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%MZ", &parts);
        sim_answer_header(answer, "X-RateLimit-Reset", text);
        sim_answer_header(answer, "X-RateLimit-Remaining", "0");
        sim_answer_header(answer, "RateLimit-Reason", "jira-quota-based");
    } else {
        char *text = sim_printf("%lld", (long long)reset);
        sim_answer_header(answer, "X-RateLimit-Reset", text);
        sim_answer_header(answer, "X-RateLimit-Rule", "GET requests per hour");
        free(text);
    }
}

static void redirect(struct sim_answer *answer, const char *arg)
{
    unsigned status = 302;
    if (strlen(arg) > 4 && arg[0] == '3' && arg[3] == ' ') {
        status = (unsigned)number_arg((char[]){arg[0], arg[1], arg[2], '\0'}, 302);
        arg += 4;
    }
    sim_answer_text(answer, status, "text/html", "<html><body>Moved</body></html>");
    sim_answer_header(answer, "Location", arg);
}

static void deep(struct sim_answer *answer, uint64_t levels)
{
    sim_answer_text(answer, 200, "application/json", "{\"result\":");
    for (uint64_t i = 0; i < levels && i < SIM_BODY_KEEP_BYTES; i++)
        sim_buf_adds(&answer->body, "[");
    for (uint64_t i = 0; i < levels && i < SIM_BODY_KEEP_BYTES; i++)
        sim_buf_adds(&answer->body, "]");
    sim_buf_adds(&answer->body, "}");
}

static bool answer_by_status(const struct sim_request *req, struct sim_answer *answer)
{
    const char *arg = NULL;
    if ((arg = sim_fault_arg(req, "429")) != NULL) {
        too_many(req, answer, arg);
    } else if (sim_fault_arg(req, "500")) {
        error_body(req, answer, 500, "Internal server error");
    } else if (sim_fault_arg(req, "502")) {
        sim_answer_text(answer, 502, "text/html", "<html><body>502 Bad Gateway</body></html>");
    } else if ((arg = sim_fault_arg(req, "503")) != NULL) {
        error_body(req, answer, 503, "Service unavailable");
        retry_after(answer, arg);
    } else if (sim_fault_arg(req, "504")) {
        sim_answer_text(answer, 504, "text/html", "<html><body>504 Gateway Time-out</body></html>");
    } else if ((arg = sim_fault_arg(req, "status")) != NULL ||
               (arg = sim_fault_arg(req, "early")) != NULL) {
        error_body(req, answer, (unsigned)number_arg(arg, 500), "Simulated status");
    } else {
        return false;
    }
    return true;
}

static void transform_delivery(const struct sim_request *req, struct sim_answer *answer)
{
    const char *arg = NULL;
    if ((arg = sim_fault_arg(req, "slow")) != NULL)
        answer->delay_ms += number_arg(arg, 1000);
    if ((arg = sim_fault_arg(req, "drip")) != NULL) {
        char *ms = sim_strndup(arg, strcspn(arg, ":"));
        const char *bytes = strchr(arg, ':');
        answer->drip_ms = number_arg(ms, 50);
        answer->drip_bytes = bytes ? (size_t)number_arg(bytes + 1, 1) : 1;
        free(ms);
    }
    if ((arg = sim_fault_arg(req, "cutoff")) != NULL) {
        answer->has_cutoff = true;
        answer->cutoff_bytes = number_arg(arg, answer->body.len / 2);
    }
    if ((arg = sim_fault_arg(req, "reset")) != NULL) {
        answer->reset = true;
        answer->has_cutoff = answer->has_cutoff || arg[0] != '\0';
        if (arg[0] != '\0')
            answer->cutoff_bytes = number_arg(arg, 0);
    }
    if (sim_fault_arg(req, "chunked"))
        answer->chunked = true;
    if (sim_fault_arg(req, "no-date"))
        answer->no_date = true;
    int64_t skew = 0;
    if ((arg = sim_fault_arg(req, "date-skew")) != NULL && sim_number_parse(arg, &skew))
        answer->date_skew_s = skew;
}

static bool answer_by_body(const struct sim_request *req, struct sim_answer *answer)
{
    const char *arg = NULL;
    if ((arg = sim_fault_arg(req, "redirect")) != NULL) {
        redirect(answer, arg);
    } else if (sim_fault_arg(req, "html")) {
        sim_answer_text(answer, 200, "text/html;charset=UTF-8", HTML_PAGE);
    } else if (sim_fault_arg(req, "empty")) {
        sim_answer_text(answer, 200, "application/json;charset=UTF-8", "");
    } else if ((arg = sim_fault_arg(req, "deep")) != NULL) {
        deep(answer, number_arg(arg, 100000));
    } else if (sim_fault_arg(req, "endless")) {
        sim_answer_text(answer, 200, "application/json;charset=UTF-8", "{\"result\":[");
        answer->endless = true;
    } else if (sim_fault_arg(req, "hang-up")) {
        answer->hang_up = true;
    } else if ((arg = sim_fault_arg(req, "raw")) != NULL) {
        sim_buf_adds(&answer->body, arg);
        answer->raw = true;
    } else {
        return false;
    }
    return true;
}

/* True when a fault is the whole answer; delivery faults are then already applied to it. */
bool sim_fault_answers(const struct sim_request *req, struct sim_answer *answer)
{
    if (!answer_by_status(req, answer) && !answer_by_body(req, answer))
        return false;
    transform_delivery(req, answer);
    return true;
}

static void replace_body(struct sim_answer *answer, struct sim_buf *with)
{
    sim_buf_release(&answer->body);
    answer->body = *with;
}

static void malformed(struct sim_answer *answer, const char *how)
{
    struct sim_buf out = {0};
    const struct sim_buf *body = &answer->body;
    if (body->len < 2)
        return;
    sim_buf_add(&out, body->data, body->len - 1);
    if (strcmp(how, "comma") == 0)
        sim_buf_adds(&out, ",}");
    else if (strcmp(how, "bare") == 0)
        sim_buf_adds(&out, ",bare:1}");
    else if (strcmp(how, "control") == 0)
        sim_buf_adds(&out, ",\"x\":\"\n\"}");
    else if (strcmp(how, "utf8") == 0)
        sim_buf_adds(&out, ",\"x\":\"\xc0\xaf\"}");
    replace_body(answer, &out);
}

/* Without a field: {"result": becomes {"result":null,"result":. */
static void duplicate_keys(struct sim_answer *answer, const char *arg)
{
    struct sim_buf out = {0};
    char *field = sim_strndup(arg, strcspn(arg, "="));
    const char *value = strchr(arg, '=');
    const char *text = answer->body.data ? answer->body.data : "";
    char *name = NULL;
    if (field[0] != '\0') {
        name = sim_printf("\"%s\":", field);
    } else {
        const char *open = strchr(text, '"');
        const char *close = open ? strchr(open + 1, '"') : NULL;
        name = close ? sim_printf("%.*s:", (int)(close - open + 1), open) : NULL;
    }
    size_t found_count = 0;
    for (const char *found = NULL; name && (found = strstr(text, name)) != NULL;) {
        sim_buf_add(&out, text, (size_t)(found - text));
        if (field[0] != '\0' || found_count == 0)
            sim_buf_printf(&out, "%s%s,", name, value ? value + 1 : "null");
        sim_buf_adds(&out, name);
        text = found + strlen(name);
        found_count++;
    }
    sim_buf_adds(&out, text);
    replace_body(answer, &out);
    free(name);
    free(field);
}

static void huge(struct sim_answer *answer, uint64_t bytes)
{
    struct sim_buf out = {0};
    const struct sim_buf *body = &answer->body;
    if (body->len < 2 || body->data[0] != '{' || bytes > SIM_BODY_KEEP_BYTES)
        return;
    sim_buf_adds(&out, "{\"_pad\":\"");
    for (uint64_t i = 0; i < bytes; i++)
        sim_buf_adds(&out, "x");
    sim_buf_adds(&out, body->data[1] == '}' ? "\"" : "\",");
    sim_buf_add(&out, body->data + 1, body->len - 1);
    replace_body(answer, &out);
}

/* What is asked of an answer that a persona or the script gave. */
void sim_fault_transform(const struct sim_request *req, struct sim_answer *answer)
{
    const char *arg = NULL;
    if ((arg = sim_fault_arg(req, "duplicate-keys")) != NULL)
        duplicate_keys(answer, arg);
    if ((arg = sim_fault_arg(req, "huge")) != NULL)
        huge(answer, number_arg(arg, 2097152));
    if ((arg = sim_fault_arg(req, "malformed")) != NULL)
        malformed(answer, arg);
    if ((arg = sim_fault_arg(req, "garbage")) != NULL)
        sim_buf_adds(&answer->body, arg);
    if ((arg = sim_fault_arg(req, "content-type")) != NULL) {
        sim_pairs_remove(&answer->headers, "Content-Type");
        if (strcmp(arg, "none") != 0)
            sim_answer_header(answer, "Content-Type", arg);
    }
    if ((arg = sim_fault_arg(req, "login-reason")) != NULL && req->persona == SIM_JIRA)
        sim_answer_header(answer, "X-Seraph-LoginReason", arg);
    if ((arg = sim_fault_arg(req, "header")) != NULL && strchr(arg, ':') != NULL) {
        char *name = sim_strndup(arg, strcspn(arg, ":"));
        const char *value = strchr(arg, ':') + 1;
        sim_answer_header(answer, name, value + strspn(value, " "));
        free(name);
    }
    transform_delivery(req, answer);
}
