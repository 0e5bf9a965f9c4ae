#include "desk.h"

#define F(name, value) "\"" name "\":{\"display_value\":\"" value "\",\"value\":\"" value "\"}"
#define L(name, display, value)                                                                    \
    "\"" name "\":{\"display_value\":\"" display "\",\"value\":\"" value "\"}"

#define PEOPLE(field)                                                                              \
    L(field, "Alice Ops", "a1")                                                                    \
    "," F(field ".user_name", "alice") "," F(field ".email", "alice@example.com")

/* As ServiceNow answers with display_value=all for an account in another time zone. */
static const char change[] =
    "{\"result\":[{"
    "\"number\":{\"display_value\":\"CHG0030001\",\"value\":\"CHG0030001\"},"
    "\"sys_class_name\":{\"display_value\":\"Change Request\",\"value\":\"change_request\"},"
    "\"state\":{\"display_value\":\"Scheduled\",\"value\":\"-2\"},"
    "\"approval\":{\"display_value\":\"Approved\",\"value\":\"approved\"},"
    "\"risk\":{\"display_value\":\"Moderate\",\"value\":\"3\"},"
    "\"type\":{\"display_value\":\"Normal\",\"value\":\"normal\"},"
    "\"start_date\":{\"display_value\":\"2026-11-20 19:00:00\",\"value\":\"2026-11-21 03:00:00\"},"
    "\"end_date\":{\"display_value\":\"2026-11-20 23:00:00\",\"value\":\"2026-11-21 07:00:00\"},"
    "\"on_hold\":{\"display_value\":\"false\",\"value\":\"false\"},"
    "\"unauthorized\":{\"display_value\":\"false\",\"value\":\"false\"},"
    "\"active\":{\"display_value\":\"true\",\"value\":\"true\"},"
    "\"short_description\":{\"display_value\":\"Move it\",\"value\":\"Move it\"},"
    "\"assigned_to\":{\"display_value\":\"Alice Ops\",\"value\":\"a1\"},"
    "\"assigned_to.user_name\":{\"display_value\":\"alice\",\"value\":\"alice\"},"
    "\"assigned_to.email\":{\"display_value\":\"alice@example.com\","
    "\"value\":\"alice@example.com\"},"
    "\"requested_by\":{\"display_value\":\"Alice Ops\",\"value\":\"a1\"},"
    "\"requested_by.user_name\":{\"display_value\":\"alice\",\"value\":\"alice\"},"
    "\"requested_by.email\":{\"display_value\":\"alice@example.com\","
    "\"value\":\"alice@example.com\"}"
    "}]}";

static const char task[] =
    "{\"result\":[{"
    "\"number\":{\"display_value\":\"INC0010001\",\"value\":\"INC0010001\"},"
    "\"sys_class_name\":{\"display_value\":\"Incident\",\"value\":\"incident\"},"
    "\"state\":{\"display_value\":\"In Progress\",\"value\":\"2\"},"
    "\"approval\":{\"display_value\":\"not requested\",\"value\":\"not requested\"},"
    "\"active\":{\"display_value\":\"true\",\"value\":\"true\"},"
    "\"short_description\":{\"display_value\":\"Broken\",\"value\":\"Broken\"},"
    "\"assigned_to\":{\"display_value\":\"Alice Ops\",\"value\":\"a1\"},"
    "\"assigned_to.user_name\":{\"display_value\":\"alice\",\"value\":\"alice\"},"
    "\"assigned_to.email\":{\"display_value\":\"alice@example.com\","
    "\"value\":\"alice@example.com\"},"
    "\"opened_by\":{\"display_value\":\"Alice Ops\",\"value\":\"a1\"},"
    "\"opened_by.user_name\":{\"display_value\":\"alice\",\"value\":\"alice\"},"
    "\"opened_by.email\":{\"display_value\":\"alice@example.com\",\"value\":\"alice@example.com\"}"
    "}]}";

/* One reading of one text, without a server. */
static int read_json(struct desk *desk, const char *table, const char *id, const char *text)
{
    struct gs3_ticket_session session = {.context = &desk->context,
                                         .system = &desk->system,
                                         .origin = (char[]){"https://cab"}};
    gs3_ticket_release(&desk->ticket);
    desk->ticket.verdict = GS3_TICKET_NOT_FOUND;
    gs3_err_clear(&desk->err);
    cJSON *json = gs3_json_parse(text, strlen(text), &desk->err);
    if (!json)
        fail_msg("%s", desk->err.message);
    desk->outcome = gs3_servicenow_read(&session, table, id, json, &desk->ticket, &desk->err);
    cJSON_Delete(json);
    return desk->outcome;
}

static int read_change(struct desk *desk, const char *from, const char *to)
{
    gs3_auto_free char *text = desk_edit(change, from, to);
    return read_json(desk, "change_request", "CHG0030001", text);
}

static void change_facts_are_read(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    assert_int_equal(read_json(&desk, "change_request", "CHG0030001", change), 0);
    const struct gs3_ticket *ticket = &desk.ticket;
    assert_int_equal(ticket->verdict, GS3_TICKET_FOUND);
    assert_string_equal(ticket->id, "CHG0030001");
    assert_string_equal(ticket->table, "change_request");
    assert_string_equal(ticket->tracking_system, "change-request");
    assert_string_equal(ticket->state, "scheduled");
    assert_string_equal(ticket->raw_state, "Scheduled (-2)");
    assert_string_equal(ticket->approval, "approved");
    assert_string_equal(ticket->risk, "moderate");
    assert_string_equal(ticket->type, "normal");
    assert_string_equal(ticket->summary, "Move it");
    assert_int_equal(ticket->active, GS3_YES);
    assert_int_equal(ticket->on_hold, GS3_NO);
    assert_int_equal(ticket->unauthorized, GS3_NO);
    assert_true(ticket->has_window_start && ticket->has_window_end);
    assert_int_equal(ticket->window_start, 1795230000);
    assert_int_equal(ticket->window_end, 1795244400);
    assert_string_equal(ticket->assignee.user_name, "alice");
    assert_string_equal(ticket->assignee.email, "alice@example.com");
    assert_string_equal(ticket->requester.user_name, "alice");
    desk_release(&desk);
}

static void change_every_state_has_its_word(void **state)
{
    (void)state;
    static const char *const words[][2] = {{"-5", "new"},       {"-4", "assess"},
                                           {"-3", "authorize"}, {"-2", "scheduled"},
                                           {"-1", "implement"}, {"0", "review"},
                                           {"3", "closed"},     {"4", "canceled"},
                                           {"42", NULL},        {"", NULL},
                                           {"Implement", NULL}, {"-1 ", NULL},
                                           {"1", NULL},         {"-01", NULL}};
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    for (size_t i = 0; i < COUNT(words); i++) {
        gs3_auto_free char *to = gs3_xasprintf("\"value\":\"%s\"", words[i][0]);
        assert_int_equal(read_change(&desk, "\"value\":\"-2\"", to), 0);
        if (words[i][1])
            assert_string_equal(desk.ticket.state, words[i][1]);
        else
            assert_null(desk.ticket.state);
    }
    desk_release(&desk);
}

static void task_every_state_has_its_word(void **state)
{
    (void)state;
    static const char *const words[][4] = {
        {"incident", "1", "open", "n"},    {"incident", "2", "in-progress", "n"},
        {"incident", "3", "on-hold", "y"}, {"incident", "6", "resolved", "n"},
        {"incident", "7", "closed", "n"},  {"incident", "8", "canceled", "n"},
        {"incident", "4", NULL, "n"},      {"sc_task", "-5", "open", "n"},
        {"sc_task", "1", "open", "n"},     {"sc_task", "2", "in-progress", "n"},
        {"sc_task", "3", "closed", "n"},   {"sc_task", "4", "closed", "n"},
        {"sc_task", "7", "closed", "n"},   {"sc_task", "6", NULL, "n"}};
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    for (size_t i = 0; i < COUNT(words); i++) {
        gs3_auto_free char *class = gs3_xasprintf("\"value\":\"%s\"", words[i][0]);
        gs3_auto_free char *code = gs3_xasprintf("\"value\":\"%s\"", words[i][1]);
        gs3_auto_free char *one = desk_edit(task, "\"value\":\"incident\"", class);
        gs3_auto_free char *two = desk_edit(one, "\"value\":\"2\"", code);
        assert_int_equal(read_json(&desk, words[i][0], "INC0010001", two), 0);
        assert_true(gs3_str_equal(desk.ticket.state, words[i][2]));
        assert_int_equal(desk.ticket.on_hold, words[i][3][0] == 'y' ? GS3_YES : GS3_NO);
        assert_int_equal(desk.ticket.unauthorized, GS3_NO);
        assert_string_equal(desk.ticket.tracking_system, "servicenow");
        assert_string_equal(desk.ticket.table, words[i][0]);
        assert_false(desk.ticket.has_window_start || desk.ticket.has_window_end);
        assert_null(desk.ticket.risk);
    }
    desk_release(&desk);
}

static void change_risk_keeps_the_systems_word(void **state)
{
    (void)state;
    static const char *const risks[][3] = {{"1", "Very High", "very-high"},
                                           {"2", "High", "high"},
                                           {"3", "Moderate", "moderate"},
                                           {"4", "Low", "low"},
                                           {"1", "1", "very-high"},
                                           {"2", "Hoch", "high"},
                                           {"high", "Hoch", "high"},
                                           {"very_high", "x", "very-high"},
                                           {"9", "9", NULL},
                                           {"", "", NULL},
                                           {"", "High", NULL},
                                           {"5", "Low", "low"},
                                           {"1", "High", "high"}};
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    for (size_t i = 0; i < COUNT(risks); i++) {
        gs3_auto_free char *to =
            gs3_xasprintf("{\"display_value\":\"%s\",\"value\":\"%s\"}", risks[i][1], risks[i][0]);
        assert_int_equal(read_change(&desk, "{\"display_value\":\"Moderate\",\"value\":\"3\"}", to),
                         0);
        if (!gs3_str_equal(desk.ticket.risk, risks[i][2]))
            fail_msg("risk %s (%s): %s", risks[i][0], risks[i][1], desk.ticket.risk);
    }
    desk_release(&desk);
}

static void change_missing_or_odd_fields_decide_nothing(void **state)
{
    (void)state;
    static const char *const edits[][2] = {
        {"\"number\"", "\"Number\""},
        {"\"sys_class_name\"", "\"x\""},
        {"\"state\"", "\"x\""},
        {"\"approval\"", "\"x\""},
        {"\"risk\"", "\"x\""},
        {"\"type\"", "\"x\""},
        {"\"start_date\"", "\"x\""},
        {"\"end_date\"", "\"x\""},
        {"\"on_hold\"", "\"x\""},
        {"\"unauthorized\"", "\"x\""},
        {"\"active\"", "\"x\""},
        {"\"short_description\"", "\"x\""},
        {"\"assigned_to\"", "\"x\""},
        {"\"assigned_to.user_name\"", "\"x\""},
        {"\"assigned_to.email\"", "\"x\""},
        {"\"requested_by.user_name\"", "\"x\""},
        /* another record, another class, another case of the number */
        {"CHG0030001\",\"value\":\"CHG0030001", "CHG0030001\",\"value\":\"CHG0030002"},
        {"\"value\":\"CHG0030001\"", "\"value\":\"chg0030001\""},
        {"\"value\":\"CHG0030001\"", "\"value\":\"CHG0030001 \""},
        {"\"value\":\"change_request\"", "\"value\":\"incident\""},
        /* shapes that mean that display_value=all was not honoured, or nonsense */
        {"{\"display_value\":\"Scheduled\",\"value\":\"-2\"}", "\"-2\""},
        {"{\"display_value\":\"Scheduled\",\"value\":\"-2\"}", "{\"display_value\":\"Scheduled\"}"},
        {"{\"display_value\":\"Scheduled\",\"value\":\"-2\"}", "{\"value\":\"-2\"}"},
        {"{\"display_value\":\"Scheduled\",\"value\":\"-2\"}", "null"},
        {"{\"display_value\":\"Scheduled\",\"value\":\"-2\"}", "[]"},
        {"\"value\":\"-2\"", "\"value\":[-2]"},
        {"\"value\":\"-2\"", "\"value\":-1.5"},
        {"\"value\":\"-2\"", "\"value\":1e300"},
        {"\"on_hold\":{\"display_value\":\"false\",\"value\":\"false\"}",
         "\"on_hold\":{\"display_value\":\"\",\"value\":\"maybe\"}"},
        {"\"value\":\"2026-11-21 03:00:00\"", "\"value\":\"next Tuesday\""},
        {"\"value\":\"2026-11-21 03:00:00\"", "\"value\":\"2026-11-31 03:00:00\""},
        {"\"value\":\"2026-11-21 07:00:00\"", "\"value\":\"2026-11-21T07:00:00Z\""},
        {"\"result\":[{", "\"result\":[{},{"},
        {"\"result\":[{", "\"result\":[7,{"},
        {"\"result\":[", "\"error\":{\"message\":\"Transaction cancelled\"},\"result\":["},
        {"\"result\"", "\"Result\""},
    };
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    for (size_t i = 0; i < COUNT(edits); i++) {
        if (read_change(&desk, edits[i][0], edits[i][1]) == 0)
            fail_msg("accepted: %s for %s", edits[i][1], edits[i][0]);
        assert_int_equal(desk.err.class, GS3_EUNDECIDED);
        assert_int_not_equal(desk.ticket.verdict, GS3_TICKET_FOUND);
    }
    static const char *const texts[] = {
        "{}", "[]", "7", "null", "{\"result\":{}}", "{\"result\":null}", "{\"result\":[[]]}"};
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(read_json(&desk, "change_request", "CHG0030001", texts[i]), -1);
    assert_int_equal(read_json(&desk, "change_request", "CHG0030001", "{\"result\":[]}"), 0);
    assert_int_equal(desk.ticket.verdict, GS3_TICKET_NOT_FOUND);
    desk_release(&desk);
}

static void change_empty_fields_are_no_facts(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    assert_int_equal(read_change(&desk, "\"value\":\"approved\"", "\"value\":\"\""), 0);
    assert_null(desk.ticket.approval);
    assert_int_equal(read_change(&desk, "\"value\":\"2026-11-21 03:00:00\"", "\"value\":\"\""), 0);
    assert_false(desk.ticket.has_window_start);
    assert_true(desk.ticket.has_window_end);
    assert_int_equal(read_change(&desk, F("on_hold", "false"), F("on_hold", "")), 0);
    assert_int_equal(desk.ticket.on_hold, GS3_UNKNOWN);
    assert_int_equal(read_change(&desk, F("on_hold", "false"), F("on_hold", "true")), 0);
    assert_int_equal(desk.ticket.on_hold, GS3_YES);
    assert_int_equal(read_change(&desk, F("unauthorized", "false"), F("unauthorized", "1")), 0);
    assert_int_equal(desk.ticket.unauthorized, GS3_YES);
    /* Nobody assigned: the dot-walk is empty or missing altogether. */
    assert_int_equal(read_change(&desk, PEOPLE("assigned_to"), "\"assigned_to\":\"\""), 0);
    assert_null(desk.ticket.assignee.user_name);
    assert_int_equal(read_change(&desk, PEOPLE("assigned_to"),
                                 F("assigned_to",
                                   "") ",\"assigned_to.user_name\":\"\",\"assigned_to.email\":"
                                       "{\"display_value\":\"\",\"value\":\"\"}"),
                     0);
    assert_null(desk.ticket.assignee.user_name);
    desk_release(&desk);
}

static void typed_values_read_as_untyped_ones(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    assert_int_equal(read_change(&desk, "\"value\":\"-2\"", "\"value\":-1.0"), 0);
    assert_string_equal(desk.ticket.state, "implement");
    assert_int_equal(read_change(&desk,
                                 "\"on_hold\":{\"display_value\":\"false\",\"value\":\"false\"}",
                                 "\"on_hold\":{\"display_value\":\"true\",\"value\":true}"),
                     0);
    assert_int_equal(desk.ticket.on_hold, GS3_YES);
    desk_release(&desk);
}

static void lookup_asks_as_the_table_api_wants(void **state)
{
    (void)state;
    gs3_auto_free char *answer = desk_json("200 OK", "", change);
    const struct server_reply replies[] = {{.bytes = answer}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, 1, NULL);
    desk_lookup(&desk, "CHG0030001");
    assert_looked_up(&desk, GS3_TICKET_FOUND);
    assert_string_equal(desk.ticket.system, "cab");
    assert_string_equal(desk.ticket.requested_id, "CHG0030001");
    assert_true(desk.ticket.has_server_time);
    assert_int_equal(desk.ticket.server_time, 1795231340);
    const char *head = desk.server.shared->request[0].head;
    assert_non_null(strstr(head, "GET /api/now/table/change_request?sysparm_query=number%3D"
                                 "CHG0030001&sysparm_fields=number%2C"));
    static const char *const parts[] = {"sysparm_display_value=all",
                                        "sysparm_exclude_reference_link=true",
                                        "sysparm_limit=2",
                                        "assigned_to.user_name",
                                        "requested_by.email",
                                        "unauthorized",
                                        "\r\nAccept: application/json\r\n",
                                        "\r\nAuthorization: Basic Z3MzOmh1c2g=\r\n"};
    for (size_t i = 0; i < COUNT(parts); i++)
        assert_non_null(strstr(head, parts[i]));
    assert_int_equal(desk.server.shared->requests, 1);
    desk_release(&desk);
}

static void lookup_chooses_the_table_by_prefix_else_asks_each(void **state)
{
    (void)state;
    gs3_auto_free char *incident = desk_json("200 OK", "", task);
    gs3_auto_free char *nothing = desk_json("200 OK", "", "{\"result\":[]}");
    gs3_auto_free char *odd_json =
        desk_edit(task, "\"value\":\"INC0010001\"", "\"value\":\"ABC0010001\"");
    gs3_auto_free char *odd = desk_json("200 OK", "", odd_json);
    const struct server_reply replies[] = {{.match = "/incident?sysparm_query=number%3DINC",
                                            .bytes = incident},
                                           {.match = "/incident?sysparm_query=number%3DABC",
                                            .bytes = odd},
                                           {.bytes = nothing}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, COUNT(replies), NULL);
    desk_lookup(&desk, "INC0010001");
    assert_looked_up(&desk, GS3_TICKET_FOUND);
    assert_int_equal(desk.server.shared->requests, 1);
    desk_lookup(&desk, "ABC0010001");
    assert_looked_up(&desk, GS3_TICKET_FOUND);
    assert_int_equal(desk.server.shared->requests, 3);
    assert_non_null(strstr(desk.server.shared->request[1].head, "/change_request?"));
    desk_lookup(&desk, "SCTASK0010001");
    assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
    assert_int_equal(desk.server.shared->requests, 4);
    assert_non_null(strstr(desk.server.shared->request[3].head, "/sc_task?"));
    desk.system.tables.count = 1; /* change_request alone: INC is asked for there */
    desk_lookup(&desk, "INC0010001");
    assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
    assert_non_null(strstr(desk.server.shared->request[4].head, "/change_request?"));
    desk_release(&desk);
}

static void lookup_tells_no_record_from_a_wrong_path(void **state)
{
    (void)state;
    gs3_auto_free char *hidden = desk_json(
        "404 Not Found", "",
        "{\"error\":{\"message\":\"No Record found\",\"detail\":\"Record doesn't exist or ACL "
        "restricts the record retrieval\"},\"status\":\"failure\"}");
    gs3_auto_free char *other = desk_json("404 Not Found", "",
                                          "{\"error\":{\"message\":\"Requested URI does not "
                                          "represent any resource\",\"detail\":null}}");
    gs3_auto_free char *bad =
        desk_json("400 Bad Request", "", "{\"error\":{\"message\":\"Invalid table \\u001b[31m\"}}");
    const struct server_reply replies[] = {
        {.match = "CHG0000001", .bytes = hidden},
        {.match = "CHG0000002", .bytes = other},
        {.match = "CHG0000003", .bytes = bad},
        {.bytes = "HTTP/1.1 404 No\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>"}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, COUNT(replies), NULL);
    desk_lookup(&desk, "CHG0000001");
    assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
    desk_lookup(&desk, "CHG0000002");
    assert_refused(&desk, GS3_EUNDECIDED, "Requested URI");
    desk_lookup(&desk, "CHG0000003");
    assert_refused(&desk, GS3_EUNDECIDED, "Invalid table");
    assert_null(strchr(desk.err.message, '\x1b'));
    desk_lookup(&desk, "CHG0000004");
    assert_refused(&desk, GS3_EUNDECIDED, "404");
    desk_release(&desk);
}

static void lookup_refuses_ids_that_are_no_numbers(void **state)
{
    (void)state;
    static const char *const ids[] = {"",
                                      "CHG",
                                      "0030001",
                                      "CHG0030001^ORnumberLIKECHG",
                                      "CHG0030001^NQ",
                                      "CHG0030001 ",
                                      " CHG0030001",
                                      "javascript:gs.now()",
                                      "CHG0030001\n",
                                      "CHG0030001%5E",
                                      "CHG-1",
                                      "ORDERBY",
                                      "CHG\xc3\xa9"
                                      "1",
                                      "CHG00000000000000000000000000000000000000001"};
    static const struct server_reply replies[] = {{.end = SERVER_CLOSE}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, 1, NULL);
    for (size_t i = 0; i < COUNT(ids); i++) {
        desk_lookup(&desk, ids[i]);
        assert_refused(&desk, GS3_EREFUSED, "no ServiceNow number");
    }
    assert_int_equal(desk.server.shared->connections, 0);
    desk_release(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(change_facts_are_read),
        cmocka_unit_test(change_every_state_has_its_word),
        cmocka_unit_test(task_every_state_has_its_word),
        cmocka_unit_test(change_risk_keeps_the_systems_word),
        cmocka_unit_test(change_missing_or_odd_fields_decide_nothing),
        cmocka_unit_test(change_empty_fields_are_no_facts),
        cmocka_unit_test(typed_values_read_as_untyped_ones),
        cmocka_unit_test(lookup_asks_as_the_table_api_wants),
        cmocka_unit_test(lookup_chooses_the_table_by_prefix_else_asks_each),
        cmocka_unit_test(lookup_tells_no_record_from_a_wrong_path),
        cmocka_unit_test(lookup_refuses_ids_that_are_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
