/* What a check of the set-up asks of a ticketing system: nothing that names a ticket. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "text/time.h"
#include "text/uri.h"
#include "text/utf8.h"
#include "ticket/internal.h"

enum { NAME_BYTES = 200, LIST_BYTES = 1000 };

void gs3_ticket_probe_release(struct gs3_ticket_probe *probe)
{
    free(probe->source);
    free(probe->account);
    free(probe->hidden);
    *probe = (struct gs3_ticket_probe){.source = NULL};
}

/* Of any answer: also one that refuses says what time it is. */
static void note_date(struct gs3_ticket_probe *probe, const struct gs3_http_response *response)
{
    const char *date = gs3_pairs_get(&response->headers, "date");
    int64_t server_s;
    if (!date || gs3_time_parse_http(date, &server_s))
        return;
    probe->has_server_time = true;
    probe->offset_s = server_s - gs3_clock_wall_ms(&gs3_clock_system) / 1000;
}

/* `*is_hidden`: the table answers, and shows no row. */
static int probe_table(struct gs3_ticket_session *session, const char *table,
                       struct gs3_ticket_probe *probe, bool *is_hidden, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf path = GS3_BUF_INIT(GS3_TICKET_URL_BYTES);
    gs3_auto_answer struct gs3_ticket_answer answer = {.json = NULL};
    if (gs3_buf_printf(&path, "%s/api/now/table/",
                       session->system->path ? session->system->path : "") ||
        gs3_uri_encode(&path, table, false) ||
        gs3_buf_puts(&path, "?sysparm_fields=number&sysparm_limit=1"))
        return gs3_fail(err, GS3_EPOLICY, "ticket system %s: url is too long",
                        session->system->name);
    int outcome = gs3_ticket_ask(session, gs3_buf_string(&path), NULL, &answer, err);
    note_date(probe, &answer.response);
    if (outcome)
        return -1;
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer.json, "error");
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(answer.json, "result");
    bool is_empty = answer.response.status == 404 &&
                    gs3_str_equal_nocase(gs3_json_string(error, "message"), "No Record found");
    if (!is_empty && answer.response.status != 200)
        return gs3_ticket_status(session, answer.response.status, gs3_json_string(error, "message"),
                                 err);
    if (!is_empty && !cJSON_IsArray(rows))
        return gs3_ticket_unusable(session, err,
                                   "answered without a list of rows: check url in the policy");
    *is_hidden = is_empty || cJSON_GetArraySize(rows) == 0;
    return 0;
}

static int probe_servicenow(struct gs3_ticket_session *session, struct gs3_ticket_probe *probe,
                            struct gs3_err *err)
{
    const struct gs3_strings *tables = &session->system->tables;
    gs3_auto_buf struct gs3_buf hidden = GS3_BUF_INIT(LIST_BYTES);
    for (size_t i = 0; i < tables->count; i++) {
        bool is_hidden = false;
        if (probe_table(session, tables->items[i], probe, &is_hidden, err))
            return -1;
        if (is_hidden)
            gs3_buf_printf(&hidden, "%s%s", hidden.length_bytes ? ", " : "", tables->items[i]);
    }
    if (hidden.length_bytes > 0)
        probe->hidden = gs3_buf_take(&hidden);
    return 0;
}

static int probe_jira(struct gs3_ticket_session *session, struct gs3_ticket_probe *probe,
                      struct gs3_err *err)
{
    gs3_auto_answer struct gs3_ticket_answer answer = {.json = NULL};
    gs3_auto_free char *path = gs3_xasprintf("/rest/api/%u/myself", session->system->api);
    int outcome = gs3_jira_get(session, path, &answer, err);
    note_date(probe, &answer.response);
    if (outcome)
        return -1;
    const char *name = gs3_json_string(answer.json, "displayName");
    const char *id = gs3_json_string(answer.json, "accountId");
    id = id ? id : gs3_json_string(answer.json, "name");
    if (answer.response.status != 200 || gs3_str_is_empty(id))
        return gs3_ticket_status(session, answer.response.status,
                                 "it does not say who asks: no user of its own", err);
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(NAME_BYTES);
    gs3_utf8_append_printable(&shown, gs3_str_is_empty(name) ? id : name);
    probe->account = gs3_buf_take(&shown);
    return 0;
}

int gs3_ticket_probe(const struct gs3_ticket_context *context, const struct gs3_system *system,
                     struct gs3_ticket_probe *probe, struct gs3_err *err)
{
    struct gs3_ticket_session session;
    *probe = (struct gs3_ticket_probe){.source = NULL};
    int outcome = gs3_ticket_session_open(&session, context, system, err);
    if (session.source[0])
        probe->source = gs3_xstrdup(session.source);
    if (outcome == 0)
        outcome = system->type == GS3_SYSTEM_JIRA ? probe_jira(&session, probe, err)
                                                  : probe_servicenow(&session, probe, err);
    gs3_ticket_session_close(&session);
    return outcome;
}
