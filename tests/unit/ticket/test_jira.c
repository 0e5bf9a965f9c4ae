#include "desk.h"

static const char issue[] =
    "{\"id\":\"1\",\"key\":\"OPS-42\",\"fields\":{\"summary\":\"Move "
    "it\",\"status\":{\"name\":\"In "
    "Progress\",\"statusCategory\":{\"key\":\"indeterminate\"}},\"issuetype\":{\"name\":\"Change\"}"
    ","
    "\"project\":{\"key\":\"OPS\"},\"assignee\":{\"accountId\":\"5b10\",\"displayName\":\"Alice "
    "Ops\",\"emailAddress\":\"alice@example.com\"},\"reporter\":{\"name\":\"bob\",\"displayName\":"
    "\"Bob\"},\"customfield_1\":\"2026-11-21T04:00:00.000+0100\",\"customfield_2\":null,"
    "\"customfield_3\":\"2026-11-21T07:00:00Z\"}}";
static const char fields[] =
    "[{\"id\":\"status\",\"name\":\"Status\"},{\"id\":\"customfield_1\",\"name\":\"Planned "
    "start\"},"
    "{\"id\":\"customfield_2\",\"name\":\"Planned start\"},{\"id\":\"customfield_3\",\"name\":"
    "\"Planned end\"},{\"id\":\"customfield_4\",\"name\":\"planned start\"}]";
static const char unknown[] = "{\"errorMessages\":[\"Issue does not exist or you do not have "
                              "permission to see it.\"],\"errors\":{}}";

static char start_ids[][16] = {"customfield_1", "customfield_2"};
static char end_ids[][16] = {"customfield_3"};
static char *start_list[] = {start_ids[0], start_ids[1]};
static char *end_list[] = {end_ids[0]};
static const struct gs3_jira_window window = {.start_ids = {start_list, 2},
                                              .end_ids = {end_list, 1}};

static int read_issue(struct desk *desk, const char *id, const char *from, const char *to)
{
    gs3_auto_free char *text = desk_edit(issue, from, to);
    struct gs3_ticket_session session = {.context = &desk->context,
                                         .system = &desk->system,
                                         .origin = (char[]){"https://jira"}};
    gs3_ticket_release(&desk->ticket);
    desk->ticket.verdict = GS3_TICKET_NOT_FOUND;
    gs3_err_clear(&desk->err);
    cJSON *json = gs3_json_parse(text, strlen(text), &desk->err);
    if (!json)
        fail_msg("%s", desk->err.message);
    desk->outcome = gs3_jira_times_read(&session, id, json, &window, &desk->ticket, &desk->err);
    if (desk->outcome == 0)
        desk->outcome = gs3_jira_read(&session, id, json, &desk->ticket, &desk->err);
    cJSON_Delete(json);
    return desk->outcome;
}

static void issue_facts_are_read(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_JIRA, "https://jira.example");
    assert_int_equal(read_issue(&desk, "OPS-42", "Move", "Move"), 0);
    const struct gs3_ticket *ticket = &desk.ticket;
    assert_int_equal(ticket->verdict, GS3_TICKET_FOUND);
    assert_string_equal(ticket->id, "OPS-42");
    assert_string_equal(ticket->tracking_system, "jira");
    assert_string_equal(ticket->status, "In Progress");
    assert_string_equal(ticket->raw_state, "In Progress");
    assert_string_equal(ticket->status_category, "indeterminate");
    assert_string_equal(ticket->issue_type, "Change");
    assert_string_equal(ticket->project, "OPS");
    assert_string_equal(ticket->summary, "Move it");
    assert_string_equal(ticket->assignee.account_id, "5b10");
    assert_string_equal(ticket->assignee.email, "alice@example.com");
    assert_string_equal(ticket->assignee.display_name, "Alice Ops");
    assert_null(ticket->assignee.user_name);
    assert_string_equal(ticket->requester.user_name, "bob");
    assert_null(ticket->state);
    assert_null(ticket->approval);
    assert_null(ticket->table);
    assert_int_equal(ticket->active, GS3_YES);
    assert_int_equal(ticket->on_hold, GS3_NO);
    assert_int_equal(ticket->unauthorized, GS3_NO);
    assert_true(ticket->has_window_start && ticket->has_window_end);
    assert_int_equal(ticket->window_start, 1795230000);
    assert_int_equal(ticket->window_end, 1795244400);
    desk_release(&desk);
}

static void issue_categories_say_whether_it_is_active(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        enum gs3_tri active;
    } cases[] = {{"\"new\"", GS3_YES},
                 {"\"indeterminate\"", GS3_YES},
                 {"\"done\"", GS3_NO},
                 {"\"undefined\"", GS3_UNKNOWN},
                 {"\"mystery\"", GS3_UNKNOWN},
                 {"null", GS3_UNKNOWN},
                 {"7", GS3_UNKNOWN}};
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_JIRA, "https://jira.example");
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(read_issue(&desk, "OPS-42", "\"indeterminate\"", cases[i].key), 0);
        assert_int_equal(desk.ticket.active, cases[i].active);
    }
    assert_int_equal(read_issue(&desk, "OPS-42", "\"assignee\":{\"accountId\":\"5b10\"",
                                "\"assignee\":null,\"x\":{\"accountId\":\"5b10\""),
                     0);
    assert_null(desk.ticket.assignee.account_id);
    desk_release(&desk);
}

static void issue_that_is_not_the_one_asked_for_decides_nothing(void **state)
{
    (void)state;
    static const char *const edits[][2] = {
        {"\"OPS-42\"", "\"NEW-7\""},
        {"\"OPS-42\"", "\"ops-42\""},
        {"\"OPS-42\"", "null"},
        {"\"key\":\"OPS-42\"", "\"Key\":\"OPS-42\""},
        {"\"fields\":{", "\"fields\":[],\"x\":{"},
        {"\"fields\"", "\"Fields\""},
        {"\"status\":{\"name\"", "\"status\":{\"x\""},
        {"\"status\":", "\"x\":"},
        {"\"issuetype\":", "\"x\":"},
        {"\"project\":{\"key\":\"OPS\"", "\"project\":{\"key\":\"OP\""},
        {"\"project\":{\"key\":\"OPS\"", "\"project\":{\"key\":\"OPS-42\""},
        {"\"project\":", "\"x\":"},
        {"\"assignee\":{", "\"assignee\":[],\"x\":{"},
        {"\"customfield_1\":\"2026-11-21T04:00:00.000+0100\"", "\"customfield_1\":\"soon\""},
        {"\"customfield_1\":\"2026-11-21T04:00:00.000+0100\"", "\"customfield_1\":7"},
        {"\"customfield_1\":\"2026-11-21T04:00:00.000+0100\"", "\"customfield_1\":\"2026-11-21\""},
        {"\"customfield_2\":null", "\"customfield_2\":\"2026-11-21T04:00:01Z\""},
    };
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_JIRA, "https://jira.example");
    for (size_t i = 0; i < COUNT(edits); i++) {
        if (read_issue(&desk, "OPS-42", edits[i][0], edits[i][1]) == 0)
            fail_msg("accepted: %s for %s", edits[i][1], edits[i][0]);
        assert_int_equal(desk.err.class, GS3_EUNDECIDED);
        assert_int_equal(desk.ticket.verdict, GS3_TICKET_NOT_FOUND);
    }
    desk_release(&desk);
}

static int read_approval(struct desk *desk, const char *text, char **approval, bool *is_last)
{
    struct gs3_ticket_session session = {.context = &desk->context,
                                         .system = &desk->system,
                                         .origin = (char[]){"https://jira"}};
    size_t count = 0;
    gs3_err_clear(&desk->err);
    cJSON *json = gs3_json_parse(text, strlen(text), &desk->err);
    int outcome = gs3_jira_approval_read(&session, json, approval, &count, is_last, &desk->err);
    cJSON_Delete(json);
    return outcome;
}

static void approval_is_the_least_favourable_decision(void **state)
{
    (void)state;
#define D(word) "{\"finalDecision\":\"" word "\"}"
    static const char *const cases[][2] = {
        {"", NULL},
        {D("approved"), "approved"},
        {D("approved") "," D("approved"), "approved"},
        {D("approved") "," D("pending"), "pending"},
        {D("declined") "," D("approved"), "declined"},
        {D("pending") "," D("declined"), "declined"},
        {D("approved") "," D("auto_approved"), "auto_approved"},
        {D("Approved"), "Approved"},
    };
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_JIRA, "https://jira.example");
    bool is_last = false;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *text =
            gs3_xasprintf("{\"isLastPage\":true,\"values\":[%s]}", cases[i][0]);
        gs3_auto_free char *approval = NULL;
        assert_int_equal(read_approval(&desk, text, &approval, &is_last), 0);
        assert_true(is_last);
        assert_true(gs3_str_equal(approval, cases[i][1]));
    }
    static const char *const bad[] = {"{}",
                                      "[]",
                                      "{\"values\":[]}",
                                      "{\"isLastPage\":true}",
                                      "{\"isLastPage\":\"true\",\"values\":[]}",
                                      "{\"isLastPage\":true,\"values\":{}}",
                                      "{\"isLastPage\":false,\"values\":[]}",
                                      "{\"isLastPage\":true,\"values\":[{}]}",
                                      "{\"isLastPage\":true,\"values\":[7]}",
                                      "{\"isLastPage\":true,\"values\":[" D("") "]}"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        gs3_auto_free char *approval = NULL;
        assert_int_equal(read_approval(&desk, bad[i], &approval, &is_last), -1);
        assert_int_equal(desk.err.class, GS3_EUNDECIDED);
    }
    desk_release(&desk);
}

static void lookup_asks_for_the_issue_alone_unless_more_is_wanted(void **state)
{
    (void)state;
    gs3_auto_free char *answer = desk_json("200 OK", "X-Seraph-LoginReason: OK\r\n", issue);
    const struct server_reply replies[] = {{.bytes = answer}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_JIRA, replies, 1, NULL);
    desk_lookup(&desk, "OPS-42");
    assert_looked_up(&desk, GS3_TICKET_FOUND);
    assert_int_equal(desk.server.shared->requests, 1);
    assert_false(desk.ticket.has_window_start);
    assert_true(desk.ticket.has_server_time);
    const char *head = desk.server.shared->request[0].head;
    assert_non_null(strstr(head, "GET /rest/api/3/issue/OPS-42?fields=summary%2Cstatus"));
    assert_non_null(strstr(head, "Authorization: Basic Z3MzQGV4YW1wbGUuY29tOmh1c2g="));
    desk.system.api = 2;
    free(desk.system.path);
    desk.system.path = gs3_xstrdup("/ex/jira/abc");
    desk_lookup(&desk, "OPS-42");
    assert_looked_up(&desk, GS3_TICKET_FOUND);
    assert_non_null(
        strstr(desk.server.shared->request[1].head, "GET /ex/jira/abc/rest/api/2/issue/OPS-42?"));
    desk_release(&desk);
}

static void lookup_resolves_the_window_and_pages_through_approvals(void **state)
{
    (void)state;
    gs3_auto_free char *answer = desk_json("200 OK", "", issue);
    gs3_auto_free char *list = desk_json("200 OK", "", fields);
    gs3_auto_free char *first =
        desk_json("200 OK", "",
                  "{\"isLastPage\":false,\"values\":[" D("approved") "," D("approved") "]}");
    gs3_auto_free char *second =
        desk_json("200 OK", "", "{\"isLastPage\":true,\"values\":[" D("declined") "]}");
    const struct server_reply replies[] = {{.match = "/rest/api/3/field ", .bytes = list},
                                           {.match = "/approval?start=0&", .bytes = first},
                                           {.match = "/approval?start=2&", .bytes = second},
                                           {.match = "/issue/", .bytes = answer}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_JIRA, replies, COUNT(replies), NULL);
    desk.context.want_window = desk.context.want_approval = true;
    desk_lookup(&desk, "OPS-42");
    assert_looked_up(&desk, GS3_TICKET_FOUND);
    assert_true(desk.ticket.has_window_start && desk.ticket.has_window_end);
    assert_int_equal(desk.ticket.window_start, 1795230000);
    assert_string_equal(desk.ticket.approval, "declined");
    const char *head = desk.server.shared->request[2].head;
    assert_non_null(
        strstr(head, "?fields=customfield_1%2Ccustomfield_2%2Ccustomfield_3%2Cstatus "));
    assert_null(strstr(head, "customfield_4"));
    assert_int_equal(desk.server.shared->requests, 5);
    desk_release(&desk);
}

/* The list of fields is asked for beside the issue: one round trip where the site has no window. */
static void lookup_asks_for_fields_and_issue_at_once(void **state)
{
    (void)state;
    gs3_auto_free char *answer = desk_json("200 OK", "", issue);
    gs3_auto_free char *list = desk_json("200 OK", "", "[{\"id\":\"a\",\"name\":\"b\"}]");
    gs3_auto_free char *missing = desk_json("404 Not Found", "", unknown);
    gs3_auto_free char *myself = desk_json("200 OK", "", "{\"name\":\"gs3\"}");
    const struct server_reply replies[] = {{.match = "/field ", .delay_ms = 2000, .bytes = list},
                                           {.match = "/OPS-42?", .delay_ms = 2000, .bytes = answer},
                                           {.match = "/myself ", .bytes = myself},
                                           {.bytes = missing}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_JIRA, replies, COUNT(replies), NULL);
    desk.context.want_window = true;
    desk_lookup(&desk, "OPS-42");
    assert_looked_up(&desk, GS3_TICKET_FOUND);
    assert_false(desk.ticket.has_window_start || desk.ticket.has_window_end);
    assert_int_equal(desk.server.shared->requests, 2);
    assert_in_range(desk.elapsed_ms, 2000, 3900);
    desk_lookup(&desk, "OPS-43"); /* not found: the list of fields is given up */
    assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
    desk_release(&desk);
}

static void lookup_of_an_issue_outside_a_service_desk_has_no_approval(void **state)
{
    (void)state;
    gs3_auto_free char *answer = desk_json("200 OK", "", issue);
    static const struct server_reply none = {.match = "/approval",
                                             .bytes =
                                                 "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"};
    const struct server_reply replies[] = {none, {.bytes = answer}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_JIRA, replies, COUNT(replies), NULL);
    desk.context.want_approval = true;
    desk_lookup(&desk, "OPS-42");
    assert_looked_up(&desk, GS3_TICKET_FOUND);
    assert_null(desk.ticket.approval);
    desk_release(&desk);
}

static void lookup_endless_approvals_are_given_up(void **state)
{
    (void)state;
    gs3_auto_free char *answer = desk_json("200 OK", "", issue);
    gs3_auto_free char *page =
        desk_json("200 OK", "", "{\"isLastPage\":false,\"values\":[" D("approved") "]}");
    const struct server_reply replies[] = {{.match = "/approval", .bytes = page},
                                           {.bytes = answer}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_JIRA, replies, COUNT(replies), NULL);
    desk.context.want_approval = true;
    desk_lookup(&desk, "OPS-42");
    assert_refused(&desk, GS3_EUNDECIDED, "approvals of OPS-42");
    desk_release(&desk);
}

static void lookup_tells_not_found_from_bad_credentials(void **state)
{
    (void)state;
    gs3_auto_free char *missing = desk_json("404 Not Found", "", unknown);
    gs3_auto_free char *myself = desk_json("200 OK", "", "{\"accountId\":\"5b10\"}");
    gs3_auto_free char *nobody = desk_json("200 OK", "", "{\"accountId\":\"\"}");
    const struct server_reply replies[] = {
        {.match = "/myself", .times = 1, .bytes = myself},
        {.match = "/myself", .times = 1, .bytes = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"},
        {.match = "/myself", .times = 1, .bytes = nobody},
        {.match = "OPS-4 ", .bytes = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"},
        {.match = "OPS-4?", .bytes = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"},
        {.bytes = missing}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_JIRA, replies, COUNT(replies), NULL);
    desk_lookup(&desk, "OPS-1");
    assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
    desk_lookup(&desk, "OPS-2");
    assert_refused(&desk, GS3_EUNDECIDED, "rejected the credentials (401): check JIRA_USERNAME");
    desk_lookup(&desk, "OPS-3");
    assert_refused(&desk, GS3_EUNDECIDED, "who asks");
    desk_lookup(&desk, "OPS-4");
    assert_refused(&desk, GS3_EUNDECIDED, "404");
    desk_release(&desk);
}

static void login_reason_spoils_every_status(void **state)
{
    (void)state;
    static const char *const reasons[] = {"AUTHENTICATED_FAILED",
                                          "AUTHENTICATION_DENIED",
                                          "AUTHORISATION_FAILED",
                                          "OUT",
                                          "OK, AUTHENTICATED_FAILED",
                                          "ok",
                                          ""};
    static const char *const statuses[] = {"200 OK", "404 Not Found", "401 No", "400 Bad"};
    for (size_t i = 0; i < COUNT(reasons) * COUNT(statuses); i++) {
        gs3_auto_free char *header =
            gs3_xasprintf("X-Seraph-LoginReason: OK\r\nx-seraph-loginreason: %s\r\n",
                          reasons[i % COUNT(reasons)]);
        gs3_auto_free char *answer = desk_json(statuses[i / COUNT(reasons)], header, issue);
        const struct server_reply replies[] = {{.bytes = answer}};
        struct desk desk;
        desk_start(&desk, GS3_SYSTEM_JIRA, replies, 1, NULL);
        desk_lookup(&desk, "OPS-42");
        assert_refused(&desk, GS3_EUNDECIDED, "rejected the credentials");
        assert_int_equal(desk.server.shared->requests, 1);
        desk_release(&desk);
    }
}

static void lookup_refuses_ids_that_are_no_keys(void **state)
{
    (void)state;
    static const char *const ids[] = {"",        "OPS",     "OPS-",         "OPS-0",   "OPS-01",
                                      "ops-1",   "O-1",     "1OPS-1",       "OPS-1/x", "OPS-1?x",
                                      "OPS-1 ",  " OPS-1",  "OPS--1",       "OPS-1-2", "../OPS-1",
                                      "OPS-1\n", "OPS%2D1", "\xce\x9fPS-1", "_OPS-1",  "OPS-1#"};
    static const struct server_reply replies[] = {{.end = SERVER_CLOSE}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_JIRA, replies, 1, NULL);
    for (size_t i = 0; i < COUNT(ids); i++) {
        desk_lookup(&desk, ids[i]);
        assert_refused(&desk, GS3_EREFUSED, "no Jira issue key");
    }
    assert_int_equal(desk.server.shared->connections, 0);
    desk_release(&desk);
}

static void unusable_field_lists_decide_nothing(void **state)
{
    (void)state;
    static const char *const lists[] = {"{}", "null", "[{\"name\":\"Planned start\"}]",
                                        "[{\"name\":\"Planned end\",\"id\":\"a&b\"}]",
                                        "[{\"name\":\"Planned end\",\"id\":\"\"}]"};
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_JIRA, "https://jira.example");
    struct gs3_ticket_session session = {.context = &desk.context,
                                         .system = &desk.system,
                                         .origin = (char[]){"https://jira"}};
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct gs3_jira_window found = {.start_ids = {.items = NULL}};
        cJSON *json = gs3_json_parse(lists[i], strlen(lists[i]), &desk.err);
        assert_int_equal(gs3_jira_window_read(&session, json, &found, &desk.err), -1);
        assert_int_equal(desk.err.class, GS3_EUNDECIDED);
        gs3_jira_window_release(&found);
        cJSON_Delete(json);
    }
    desk_release(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issue_facts_are_read),
        cmocka_unit_test(issue_categories_say_whether_it_is_active),
        cmocka_unit_test(issue_that_is_not_the_one_asked_for_decides_nothing),
        cmocka_unit_test(approval_is_the_least_favourable_decision),
        cmocka_unit_test(lookup_asks_for_the_issue_alone_unless_more_is_wanted),
        cmocka_unit_test(lookup_resolves_the_window_and_pages_through_approvals),
        cmocka_unit_test(lookup_asks_for_fields_and_issue_at_once),
        cmocka_unit_test(lookup_of_an_issue_outside_a_service_desk_has_no_approval),
        cmocka_unit_test(lookup_endless_approvals_are_given_up),
        cmocka_unit_test(lookup_tells_not_found_from_bad_credentials),
        cmocka_unit_test(login_reason_spoils_every_status),
        cmocka_unit_test(lookup_refuses_ids_that_are_no_keys),
        cmocka_unit_test(unusable_field_lists_decide_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
