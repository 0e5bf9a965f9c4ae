#include <string.h>

#include "base/str.h"
#include "ticket/internal.h"

enum { WINDOW_FIELDS = 16, FIELD_ID_BYTES = 64, APPROVAL_PAGES = 10, APPROVAL_LIMIT = 50 };

static void release_strings(struct gs3_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct gs3_strings){.items = NULL};
}

void gs3_jira_window_release(struct gs3_jira_window *window)
{
    release_strings(&window->start_ids);
    release_strings(&window->end_ids);
}

static bool is_field_id(const char *id)
{
    size_t length = 0;
    while (gs3_ascii_is_alnum(id[length]) || id[length] == '_' || id[length] == '-')
        length++;
    return length > 0 && length <= FIELD_ID_BYTES && id[length] == '\0';
}

/* Names are not unique in Jira: every field of the name is asked for, and they must agree. */
static int add_id(const struct gs3_ticket_session *session, struct gs3_strings *ids, const char *id,
                  struct gs3_err *err)
{
    if (!id || !is_field_id(id))
        return gs3_ticket_unusable(session, err, "answered with an unusable field id");
    if (ids->count >= WINDOW_FIELDS)
        return gs3_ticket_unusable(session, err, "has more than %d fields of one name",
                                   WINDOW_FIELDS);
    ids->items = gs3_xreallocarray(ids->items, ids->count + 1, sizeof *ids->items);
    ids->items[ids->count++] = gs3_xstrdup(id);
    return 0;
}

int gs3_jira_window_read(const struct gs3_ticket_session *session, const cJSON *json,
                         struct gs3_jira_window *window, struct gs3_err *err)
{
    if (!cJSON_IsArray(json))
        return gs3_ticket_unusable(session, err, "answered without a list of fields");
    const cJSON *field = NULL;
    cJSON_ArrayForEach(field, json)
    {
        const char *name = gs3_json_string(field, "name");
        const char *id = gs3_json_string(field, "id");
        if (name && strcmp(name, "Planned start") == 0 &&
            add_id(session, &window->start_ids, id, err))
            return -1;
        if (name && strcmp(name, "Planned end") == 0 && add_id(session, &window->end_ids, id, err))
            return -1;
    }
    return 0;
}

void gs3_jira_window_begin(struct gs3_ticket_session *session, struct gs3_ticket_pending *pending)
{
    gs3_auto_free char *path = gs3_xasprintf("/rest/api/%u/field", session->system->api);
    gs3_jira_begin(session, path, pending);
}

static void add_fields(struct gs3_buf *path, const struct gs3_strings *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        gs3_buf_printf(path, "%s%%2C", ids->items[i]);
}

/* The ids are short and few (WINDOW_FIELDS of FIELD_ID_BYTES, twice): the path fits. */
static int ask_times(struct gs3_ticket_session *session, const char *id,
                     const struct gs3_jira_window *window, struct gs3_ticket *ticket,
                     struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf path = GS3_BUF_INIT(GS3_TICKET_URL_BYTES);
    gs3_buf_printf(&path, "/rest/api/%u/issue/%s?fields=", session->system->api, id);
    add_fields(&path, &window->start_ids);
    add_fields(&path, &window->end_ids);
    gs3_buf_puts(&path, "status");
    gs3_auto_answer struct gs3_ticket_answer answer = {.json = NULL};
    if (gs3_jira_get(session, gs3_buf_string(&path), &answer, err))
        return -1;
    if (answer.response.status != 200)
        return gs3_ticket_status(session, answer.response.status, "the planned times", err);
    return gs3_jira_times_read(session, id, answer.json, window, ticket, err);
}

int gs3_jira_window_find(struct gs3_ticket_session *session, const char *id,
                         struct gs3_ticket_pending *pending, struct gs3_ticket *ticket,
                         struct gs3_err *err)
{
    gs3_auto_answer struct gs3_ticket_answer answer = {.json = NULL};
    if (gs3_jira_end(pending, &answer, err))
        return -1;
    if (answer.response.status != 200)
        return gs3_ticket_status(session, answer.response.status, "the list of fields", err);
    struct gs3_jira_window window = {.start_ids = {.items = NULL}};
    int outcome = gs3_jira_window_read(session, answer.json, &window, err);
    if (outcome == 0 && window.start_ids.count + window.end_ids.count > 0)
        outcome = ask_times(session, id, &window, ticket, err);
    gs3_jira_window_release(&window);
    return outcome;
}

/* The order from favourable to not; a word that is not here is the worst of all. */
static int decision_rank(const char *decision)
{
    static const char *const order[] = {"approved", "pending", "declined"};
    int count = (int)(sizeof order / sizeof order[0]);
    for (int i = 0; i < count; i++)
        if (strcmp(order[i], decision) == 0)
            return i;
    return count;
}

int gs3_jira_approval_read(const struct gs3_ticket_session *session, const cJSON *json,
                           char **approval, size_t *count, bool *is_last, struct gs3_err *err)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(json, "values");
    const cJSON *last = cJSON_GetObjectItemCaseSensitive(json, "isLastPage");
    if (!cJSON_IsArray(values) || !cJSON_IsBool(last))
        return gs3_ticket_unusable(session, err, "answered without a list of approvals");
    const cJSON *value = NULL;
    cJSON_ArrayForEach(value, values)
    {
        const char *decision = gs3_json_string(value, "finalDecision");
        if (!decision || !*decision)
            return gs3_ticket_unusable(session, err, "answered with an approval without decision");
        if (!*approval || decision_rank(decision) > decision_rank(*approval)) {
            free(*approval);
            *approval = gs3_xstrdup(decision);
        }
        (*count)++;
    }
    *is_last = cJSON_IsTrue(last);
    /* A page that is neither the last nor has anything would be asked for for ever. */
    if (!*is_last && cJSON_GetArraySize(values) == 0)
        return gs3_ticket_unusable(session, err, "answered with an empty page of approvals");
    return 0;
}

int gs3_jira_approval_find(struct gs3_ticket_session *session, const char *id,
                           struct gs3_ticket *ticket, struct gs3_err *err)
{
    gs3_auto_free char *approval = NULL;
    size_t count = 0;
    bool is_last = false;
    for (int page = 0; !is_last; page++) {
        if (page == APPROVAL_PAGES)
            return gs3_ticket_unusable(session, err, "has more than %d approvals of %s",
                                       APPROVAL_PAGES * APPROVAL_LIMIT, id);
        gs3_auto_answer struct gs3_ticket_answer answer = {.json = NULL};
        gs3_auto_free char *path =
            gs3_xasprintf("/rest/servicedeskapi/request/%s/approval?start=%zu&limit=%d", id, count,
                          APPROVAL_LIMIT);
        if (gs3_jira_get(session, path, &answer, err))
            return -1;
        /* No request of a service desk, or a site without one: then there is no approval, and a
         * rule that asks for one fails. */
        if (answer.response.status == 404)
            return 0;
        if (answer.response.status != 200)
            return gs3_ticket_status(session, answer.response.status, "approvals", err);
        if (gs3_jira_approval_read(session, answer.json, &approval, &count, &is_last, err))
            return -1;
    }
    /* An empty list leaves NULL: nobody was asked, so nobody approved. */
    ticket->approval = approval;
    approval = NULL;
    return 0;
}
