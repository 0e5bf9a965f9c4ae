/* Any bytes as the answer of a ticketing system, or as a netrc file. The first byte chooses the
 * reader. Whatever comes, it is a ticket that is the one asked for, "not found", or one printable
 * line. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "ticket/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_error(const struct gs3_err *err, enum gs3_err_class class)
{
    must(err->class == class && err->message[0]);
    for (const char *c = err->message; *c; c++)
        must((unsigned char)*c >= ' ' && *c != 0x7F);
}

static void check_ticket(int outcome, const char *id, const struct gs3_ticket *ticket,
                         const struct gs3_err *err)
{
    if (outcome) {
        check_error(err, GS3_EUNDECIDED);
        must(ticket->verdict == GS3_TICKET_NOT_FOUND);
    } else if (ticket->verdict == GS3_TICKET_FOUND) {
        must(gs3_str_equal(ticket->id, id) && ticket->tracking_system && ticket->raw_state);
        must(ticket->tracking_system[0] == 'j' || ticket->table);
    }
}

static void read_ticket(const struct gs3_ticket_session *session, char reader, const cJSON *json)
{
    static char start[] = "customfield_10101", end[] = "customfield_10102";
    static char *starts[] = {start}, *ends[] = {end};
    static const struct gs3_jira_window window = {{starts, 1}, {ends, 1}};
    struct gs3_ticket ticket = {.verdict = GS3_TICKET_NOT_FOUND};
    struct gs3_err err = GS3_ERR_INIT;
    const char *id = reader == 'j' ? "CHM-1" : reader == 'i' ? "INC0010001" : "CHG0030001";
    const char *table = reader == 'i' ? "incident" : reader == 's' ? "sc_task" : "change_request";
    int outcome = reader == 'j' ? gs3_jira_times_read(session, id, json, &window, &ticket, &err)
                                : gs3_servicenow_read(session, table, id, json, &ticket, &err);
    if (outcome == 0 && reader == 'j')
        outcome = gs3_jira_read(session, id, json, &ticket, &err);
    check_ticket(outcome, id, &ticket, &err);
    gs3_ticket_release(&ticket);
}

static void read_fields(const struct gs3_ticket_session *session, const cJSON *json)
{
    struct gs3_jira_window window = {.start_ids = {.items = NULL}};
    struct gs3_err err = GS3_ERR_INIT;
    if (gs3_jira_window_read(session, json, &window, &err))
        check_error(&err, GS3_EUNDECIDED);
    gs3_jira_window_release(&window);
}

static void read_approvals(const struct gs3_ticket_session *session, const cJSON *json)
{
    gs3_auto_free char *approval = NULL;
    size_t count = 0;
    bool is_last = false;
    struct gs3_err err = GS3_ERR_INIT;
    if (gs3_jira_approval_read(session, json, &approval, &count, &is_last, &err))
        check_error(&err, GS3_EUNDECIDED);
    else
        must((approval != NULL) == (count > 0) && (is_last || count > 0));
}

static void read_netrc(const char *text, size_t length)
{
    struct gs3_ticket_auth auth = {.kind = GS3_AUTH_NONE};
    struct gs3_err err = GS3_ERR_INIT;
    if (gs3_ticket_netrc_parse("netrc", text, length, "cab.example", &auth, &err)) {
        check_error(&err, GS3_ECONFIG);
        must(auth.kind == GS3_AUTH_NONE);
    }
    gs3_ticket_auth_release(&auth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    if (length == 0)
        return 0;
    char reader = (char)data[0];
    const char *text = (const char *)data + 1;
    if (reader == 'n') {
        read_netrc(text, length - 1);
        return 0;
    }
    static char name[] = "cab", origin[] = "https://cab.example";
    const struct gs3_system system = {.name = name};
    const struct gs3_ticket_session session = {.system = &system, .origin = origin};
    gs3_auto_json cJSON *json = gs3_json_parse(text, length - 1, NULL);
    if (!json)
        return 0;
    if (reader == 'f')
        read_fields(&session, json);
    else if (reader == 'a')
        read_approvals(&session, json);
    else
        read_ticket(&session, reader, json);
    return 0;
}
