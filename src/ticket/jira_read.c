#include <string.h>

#include "base/str.h"
#include "text/time.h"
#include "ticket/internal.h"

static char *copy_string(const cJSON *object, const char *name)
{
    const char *text = gs3_json_string(object, name);
    return text && *text ? gs3_xstrdup(text) : NULL;
}

/* Null, or an object of which each part may be hidden (Cloud hides e-mail addresses). */
static int read_person(const struct gs3_ticket_session *session, const cJSON *fields,
                       const char *name, struct gs3_person *person, struct gs3_err *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(fields, name);
    if (!item || cJSON_IsNull(item))
        return 0;
    if (!cJSON_IsObject(item))
        return gs3_ticket_unusable(session, err, "answered with an unusable %s", name);
    person->user_name = copy_string(item, "name");
    person->email = copy_string(item, "emailAddress");
    person->account_id = copy_string(item, "accountId");
    person->display_name = copy_string(item, "displayName");
    return 0;
}

static int read_part(const struct gs3_ticket_session *session, const cJSON *fields,
                     const char *name, const char *part, char **fact, struct gs3_err *err)
{
    *fact = copy_string(cJSON_GetObjectItemCaseSensitive(fields, name), part);
    if (*fact)
        return 0;
    return gs3_ticket_unusable(session, err, "answered without the field %s.%s", name, part);
}

/* "done" covers rejected and cancelled as well; "undefined" is no answer about work. */
static void set_category(const cJSON *fields, struct gs3_ticket *ticket)
{
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(fields, "status");
    const cJSON *category = cJSON_GetObjectItemCaseSensitive(status, "statusCategory");
    ticket->status_category = copy_string(category, "key");
    if (gs3_str_equal(ticket->status_category, "new") ||
        gs3_str_equal(ticket->status_category, "indeterminate"))
        ticket->active = GS3_YES;
    else if (gs3_str_equal(ticket->status_category, "done"))
        ticket->active = GS3_NO;
}

/* One end of the window from the fields of that name that the site has: those that are set must
 * agree. */
static int read_time(const struct gs3_ticket_session *session, const cJSON *fields,
                     const struct gs3_strings *ids, const char *what, bool *has, int64_t *seconds,
                     struct gs3_err *err)
{
    for (size_t i = 0; i < ids->count; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(fields, ids->items[i]);
        if (!item || cJSON_IsNull(item))
            continue;
        int64_t moment = 0;
        if (!cJSON_IsString(item) || gs3_time_parse_iso(item->valuestring, &moment))
            return gs3_ticket_unusable(session, err, "answered with an unusable %s", what);
        if (*has && *seconds != moment)
            return gs3_ticket_unusable(session, err, "answered with two fields %s that differ",
                                       what);
        *has = true;
        *seconds = moment;
    }
    return 0;
}

static int read_fields(const struct gs3_ticket_session *session, const cJSON *fields,
                       struct gs3_ticket *ticket, struct gs3_err *err)
{
    if (read_part(session, fields, "status", "name", &ticket->status, err) ||
        read_part(session, fields, "issuetype", "name", &ticket->issue_type, err) ||
        read_part(session, fields, "project", "key", &ticket->project, err) ||
        read_person(session, fields, "assignee", &ticket->assignee, err) ||
        read_person(session, fields, "reporter", &ticket->requester, err))
        return -1;
    set_category(fields, ticket);
    ticket->summary = copy_string(fields, "summary");
    ticket->raw_state = gs3_xstrdup(ticket->status);
    return 0;
}

/* Jira finds keys in any case and follows an issue that moved to another project, both without a
 * redirect: the key that it answers with has to be the one asked for. */
static int check_key(const struct gs3_ticket_session *session, const char *id, const cJSON *json,
                     struct gs3_err *err)
{
    const char *key = gs3_json_string(json, "key");
    if (!key)
        return gs3_ticket_unusable(session, err, "answered %s without a key", id);
    if (strcmp(key, id) != 0)
        return gs3_ticket_unusable(session, err,
                                   "answered %s when asked for %s: if the issue was moved, give "
                                   "its new key",
                                   key, id);
    return 0;
}

/* The fields of the issue that was asked for, or NULL. */
static const cJSON *fields_of(const struct gs3_ticket_session *session, const char *id,
                              const cJSON *json, struct gs3_err *err)
{
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(json, "fields");
    if (check_key(session, id, json, err))
        return NULL;
    if (cJSON_IsObject(fields))
        return fields;
    gs3_ticket_unusable(session, err, "answered %s without fields", id);
    return NULL;
}

int gs3_jira_times_read(const struct gs3_ticket_session *session, const char *id, const cJSON *json,
                        const struct gs3_jira_window *window, struct gs3_ticket *ticket,
                        struct gs3_err *err)
{
    const cJSON *fields = fields_of(session, id, json, err);
    if (!fields ||
        read_time(session, fields, &window->start_ids, "planned start", &ticket->has_window_start,
                  &ticket->window_start, err) ||
        read_time(session, fields, &window->end_ids, "planned end", &ticket->has_window_end,
                  &ticket->window_end, err))
        return -1;
    return 0;
}

int gs3_jira_read(const struct gs3_ticket_session *session, const char *id, const cJSON *json,
                  struct gs3_ticket *ticket, struct gs3_err *err)
{
    const cJSON *fields = fields_of(session, id, json, err);
    if (!fields || read_fields(session, fields, ticket, err))
        return -1;
    size_t project_bytes = strlen(ticket->project);
    if (strncmp(id, ticket->project, project_bytes) != 0 || id[project_bytes] != '-')
        return gs3_ticket_unusable(session, err, "answered %s as of another project, %s", id,
                                   ticket->project);
    ticket->id = gs3_xstrdup(id);
    ticket->tracking_system = gs3_xstrdup("jira");
    /* Jira has neither notion. */
    ticket->on_hold = GS3_NO;
    ticket->unauthorized = GS3_NO;
    ticket->verdict = GS3_TICKET_FOUND;
    return 0;
}
