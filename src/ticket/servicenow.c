#include <string.h>

#include "base/str.h"
#include "text/uri.h"
#include "ticket/internal.h"

enum { ID_BYTES = 40 };

/* Letters, then digits: `^`, `=`, dots and "javascript:" are live in a query's value, and none of
 * them is in a number. */
static int check_id(const struct gs3_system *system, const char *id, struct gs3_err *err)
{
    size_t letters = 0;
    while (gs3_ascii_is_alpha(id[letters]))
        letters++;
    size_t length = letters;
    while (gs3_ascii_is_digit(id[length]))
        length++;
    if (letters == 0 || length == letters || id[length] || length > ID_BYTES)
        return gs3_fail(err, GS3_EREFUSED,
                        "ticket system %s: the ticket id is no ServiceNow number (letters, then "
                        "digits, such as CHG0030001)",
                        system->name);
    return 0;
}

static const char *table_of_prefix(const char *id)
{
    static const struct {
        const char *prefix, *table;
    } known[] = {{"CHG", "change_request"}, {"INC", "incident"}, {"SCTASK", "sc_task"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t length = strlen(known[i].prefix);
        if (strncmp(id, known[i].prefix, length) == 0 && gs3_ascii_is_digit(id[length]))
            return known[i].table;
    }
    return NULL;
}

static const char *error_message(const cJSON *json)
{
    return gs3_json_string(cJSON_GetObjectItemCaseSensitive(json, "error"), "message");
}

/* 404 is "No Record found" (an ACL that hides the record says so as well), or a wrong path. */
static int read_not_found(const struct gs3_ticket_session *session,
                          const struct gs3_ticket_answer *answer, struct gs3_ticket *ticket,
                          struct gs3_err *err)
{
    const char *message = answer->json ? error_message(answer->json) : NULL;
    if (!message || !gs3_str_equal_nocase(message, "No Record found"))
        return gs3_ticket_status(session, 404, message, err);
    ticket->verdict = GS3_TICKET_NOT_FOUND;
    return 0;
}

static int ask_table(struct gs3_ticket_session *session, const char *table, const char *id,
                     struct gs3_ticket *ticket, struct gs3_err *err)
{
    const char *fields = gs3_servicenow_fields(table);
    if (!fields)
        return gs3_fail(err, GS3_EPOLICY,
                        "ticket system %s: table %s is not one of change_request, incident, "
                        "sc_task",
                        session->system->name, table);
    gs3_auto_buf struct gs3_buf path = GS3_BUF_INIT(GS3_TICKET_URL_BYTES);
    if (gs3_buf_printf(&path, "%s/api/now/table/%s?sysparm_query=number%%3D",
                       session->system->path ? session->system->path : "", table) ||
        gs3_uri_encode(&path, id, false) || gs3_buf_puts(&path, "&sysparm_fields=") ||
        gs3_uri_encode(&path, fields, false) ||
        gs3_buf_puts(&path, "&sysparm_display_value=all&sysparm_exclude_reference_link=true"
                            "&sysparm_limit=2"))
        return gs3_fail(err, GS3_EPOLICY, "ticket system %s: url is too long",
                        session->system->name);
    gs3_auto_answer struct gs3_ticket_answer answer = {.json = NULL};
    if (gs3_ticket_ask(session, gs3_buf_string(&path), NULL, &answer, err))
        return -1;
    gs3_ticket_date(&answer.response, ticket);
    if (answer.response.status == 404)
        return read_not_found(session, &answer, ticket, err);
    if (answer.response.status != 200)
        return gs3_ticket_status(session, answer.response.status,
                                 answer.json ? error_message(answer.json) : NULL, err);
    return gs3_servicenow_read(session, table, id, answer.json, ticket, err);
}

static int ask_tables(struct gs3_ticket_session *session, const char *id, struct gs3_ticket *ticket,
                      struct gs3_err *err)
{
    const struct gs3_strings *tables = &session->system->tables;
    const char *own = table_of_prefix(id);
    for (size_t i = 0; own && i < tables->count; i++)
        if (strcmp(tables->items[i], own) == 0)
            return ask_table(session, own, id, ticket, err);
    for (size_t i = 0; i < tables->count; i++) {
        if (ask_table(session, tables->items[i], id, ticket, err))
            return -1;
        if (ticket->verdict == GS3_TICKET_FOUND)
            return 0;
    }
    return 0;
}

const struct gs3_ticket_ops gs3_ticket_servicenow = {.name = "servicenow",
                                                     .check = check_id,
                                                     .ask = ask_tables};
