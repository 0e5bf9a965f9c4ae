#include <string.h>

#include "base/str.h"
#include "ticket/internal.h"

enum { KEY_BYTES = 64 };

/* ^[A-Z][A-Z0-9_]+-[1-9][0-9]*$ */
static int check_id(const struct gs3_system *system, const char *id, struct gs3_err *err)
{
    size_t length = 0;
    while ((id[length] >= 'A' && id[length] <= 'Z') ||
           (length > 0 && (gs3_ascii_is_digit(id[length]) || id[length] == '_')))
        length++;
    bool is_key =
        length >= 2 && id[length] == '-' && id[length + 1] >= '1' && id[length + 1] <= '9';
    if (is_key) {
        length++;
        while (gs3_ascii_is_digit(id[length]))
            length++;
    }
    if (!is_key || id[length] || length > KEY_BYTES)
        return gs3_fail(err, GS3_EREFUSED,
                        "ticket system %s: the ticket id is no Jira issue key (such as OPS-42)",
                        system->name);
    return 0;
}

/* Jira says in a header what it made of the credentials, even on a 200 that it gave to an
 * anonymous caller. Only "OK", or no word at all, is good. */
static int check_login(const struct gs3_ticket_session *session,
                       const struct gs3_http_response *response, struct gs3_err *err)
{
    for (size_t i = 0; i < response->headers.count; i++) {
        const struct gs3_pair *header = &response->headers.items[i];
        if (!gs3_str_equal_nocase(header->name, "X-Seraph-LoginReason") ||
            strcmp(header->value, "OK") == 0)
            continue;
        gs3_auto_free char *how =
            gs3_xasprintf("%.100s%s", header->value,
                          strstr(header->value, "DENIED") ? ", log in with a browser once" : "");
        return gs3_ticket_rejected(session, how, err);
    }
    return 0;
}

void gs3_jira_begin(struct gs3_ticket_session *session, const char *path,
                    struct gs3_ticket_pending *pending)
{
    gs3_auto_free char *full =
        gs3_xasprintf("%s%s", session->system->path ? session->system->path : "", path);
    gs3_ticket_ask_begin(session, full, NULL, pending);
}

int gs3_jira_end(struct gs3_ticket_pending *pending, struct gs3_ticket_answer *answer,
                 struct gs3_err *err)
{
    const struct gs3_ticket_session *session = pending->session;
    int outcome = gs3_ticket_ask_end(pending, answer, err);
    /* First what the header says: it is the better reason, and it also spoils a 200. */
    bool has_answer = outcome == 0 || (err && err->class == GS3_EUNDECIDED && err->http_status);
    if (!has_answer || check_login(session, &answer->response, err) == 0)
        return outcome;
    if (err)
        err->http_status = answer->response.status;
    return -1;
}

int gs3_jira_get(struct gs3_ticket_session *session, const char *path,
                 struct gs3_ticket_answer *answer, struct gs3_err *err)
{
    struct gs3_ticket_pending pending;
    gs3_jira_begin(session, path, &pending);
    return gs3_jira_end(&pending, answer, err);
}

static const char *error_message(const cJSON *json)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "errorMessages");
    const cJSON *first = cJSON_GetArrayItem(list, 0);
    return cJSON_IsString(first) ? first->valuestring : NULL;
}

/* With a wrong token Jira answers as to an anonymous caller: 404 for an issue that exists. Who we
 * are for Jira tells the two apart. */
static int tell_not_found(struct gs3_ticket_session *session, struct gs3_ticket *ticket,
                          struct gs3_err *err)
{
    gs3_auto_answer struct gs3_ticket_answer answer = {.json = NULL};
    gs3_auto_free char *path = gs3_xasprintf("/rest/api/%u/myself", session->system->api);
    if (gs3_jira_get(session, path, &answer, err))
        return -1;
    const char *name = gs3_json_string(answer.json, "accountId");
    if (!name)
        name = gs3_json_string(answer.json, "name");
    if (answer.response.status != 200 || !name || !*name)
        return gs3_ticket_status(session, answer.response.status,
                                 "it does not say who asks: no user of its own", err);
    ticket->verdict = GS3_TICKET_NOT_FOUND;
    return 0;
}

static int ask_issue(struct gs3_ticket_session *session, const char *id, struct gs3_ticket *ticket,
                     struct gs3_err *err)
{
    gs3_auto_free char *path =
        gs3_xasprintf("/rest/api/%u/issue/%s?fields=summary%%2Cstatus%%2Cissuetype%%2Cproject"
                      "%%2Cassignee%%2Creporter",
                      session->system->api, id);
    gs3_auto_answer struct gs3_ticket_answer answer = {.json = NULL};
    if (gs3_jira_get(session, path, &answer, err))
        return -1;
    gs3_ticket_date(&answer.response, ticket);
    if (answer.response.status == 404) {
        /* Jira's own "no such issue" is JSON; a wrong address answers with something else. */
        if (!answer.json || !error_message(answer.json))
            return gs3_ticket_status(session, 404, NULL, err);
        return tell_not_found(session, ticket, err);
    }
    if (answer.response.status != 200)
        return gs3_ticket_status(session, answer.response.status, error_message(answer.json), err);
    return gs3_jira_read(session, id, answer.json, ticket, err);
}

static int ask_all(struct gs3_ticket_session *session, const char *id, struct gs3_ticket *ticket,
                   struct gs3_err *err)
{
    const struct gs3_ticket_context *context = session->context;
    struct gs3_ticket_pending fields = {.call = NULL};
    if (context->want_window)
        gs3_jira_window_begin(session, &fields);
    int outcome = ask_issue(session, id, ticket, err);
    bool is_found = outcome == 0 && ticket->verdict == GS3_TICKET_FOUND;
    if (is_found && context->want_window)
        outcome = gs3_jira_window_find(session, id, &fields, ticket, err);
    gs3_ticket_ask_cancel(&fields);
    if (outcome == 0 && is_found && context->want_approval)
        outcome = gs3_jira_approval_find(session, id, ticket, err);
    return outcome;
}

const struct gs3_ticket_ops gs3_ticket_jira = {.name = "jira", .check = check_id, .ask = ask_all};
