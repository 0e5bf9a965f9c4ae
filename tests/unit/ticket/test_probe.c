#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ticket/desk.h"

#define JSON(status, body)                                                                         \
    "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\n"               \
    "Date: Sat, 21 Nov 2026 03:22:20 GMT\r\n\r\n" body

/* Asks one server that has one answer for everything. */
static void probe(struct desk *desk, enum gs3_system_type type, const char *answer,
                  struct gs3_ticket_probe *found)
{
    const struct server_reply reply = {.bytes = answer, .end = SERVER_CLOSE};
    desk_start(desk, type, &reply, 1, NULL);
    desk->context.timeout_ms = 5000;
    desk->outcome = gs3_ticket_probe(&desk->context, &desk->system, found, &desk->err);
}

static void probe_end(struct desk *desk, struct gs3_ticket_probe *found)
{
    gs3_ticket_probe_release(found);
    desk_release(desk);
}

static void probe_without_credentials_asks_nobody(void **state)
{
    (void)state;
    struct desk desk;
    struct gs3_ticket_probe found;
    desk_init(&desk, GS3_SYSTEM_SERVICENOW, "http://127.0.0.1:9");
    assert_int_equal(gs3_ticket_probe(&desk.context, &desk.system, &found, &desk.err), -1);
    assert_int_equal(desk.err.class, GS3_ECONFIG);
    assert_null(found.source);
    probe_end(&desk, &found);
}

static void probe_that_is_not_answered_is_undecided(void **state)
{
    (void)state;
    static const struct {
        enum gs3_system_type type;
        const char *answer;
    } cases[] = {
        {GS3_SYSTEM_SERVICENOW, JSON("401 No", "{}")},
        {GS3_SYSTEM_SERVICENOW, JSON("403 No", "{}")},
        {GS3_SYSTEM_SERVICENOW, JSON("404 No", "{\"error\":{\"message\":\"Requested URI\"}}")},
        {GS3_SYSTEM_SERVICENOW, JSON("200 OK", "{}")},
        {GS3_SYSTEM_SERVICENOW, JSON("200 OK", "{\"result\":{}}")},
        {GS3_SYSTEM_SERVICENOW, JSON("200 OK", "{\"result\":[")},
        {GS3_SYSTEM_JIRA, JSON("401 No", "{}")},
        {GS3_SYSTEM_JIRA, JSON("404 No", "{}")},
        {GS3_SYSTEM_JIRA, JSON("200 OK", "{\"displayName\":\"nobody\"}")},
        {GS3_SYSTEM_JIRA, JSON("200 OK", "[]")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct desk desk;
        struct gs3_ticket_probe found;
        probe(&desk, cases[i].type, cases[i].answer, &found);
        if (desk.outcome != -1 || desk.err.class != GS3_EUNDECIDED)
            fail_msg("%zu: %d, class %d: %s", i, desk.outcome, (int)desk.err.class,
                     desk.err.message);
        assert_non_null(found.source);
        assert_null(strstr(desk.err.message, "hush"));
        assert_true(found.has_server_time); /* also of an answer that refuses */
        probe_end(&desk, &found);
    }
}

static void probe_of_servicenow_names_the_tables_without_a_row(void **state)
{
    (void)state;
    struct desk desk;
    struct gs3_ticket_probe found;
    probe(&desk, GS3_SYSTEM_SERVICENOW, JSON("200 OK", "{\"result\":[{\"number\":\"X1\"}]}"),
          &found);
    assert_int_equal(desk.outcome, 0);
    assert_null(found.hidden);
    assert_string_equal(found.source, "SN_USERNAME and SN_PASSWORD");
    assert_int_equal(atomic_load(&desk.server.shared->requests), 3);
    probe_end(&desk, &found);
    probe(&desk, GS3_SYSTEM_SERVICENOW, JSON("200 OK", "{\"result\":[]}"), &found);
    assert_int_equal(desk.outcome, 0);
    assert_string_equal(found.hidden, "change_request, incident, sc_task");
    probe_end(&desk, &found);
}

static void probe_of_jira_names_the_account(void **state)
{
    (void)state;
    struct desk desk;
    struct gs3_ticket_probe found;
    probe(&desk, GS3_SYSTEM_JIRA,
          JSON("200 OK", "{\"accountId\":\"1\",\"displayName\":\"Al\\u001bice\"}"), &found);
    assert_int_equal(desk.outcome, 0);
    assert_string_equal(found.account, "Al\\x1bice");
    probe_end(&desk, &found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probe_without_credentials_asks_nobody),
        cmocka_unit_test(probe_that_is_not_answered_is_undecided),
        cmocka_unit_test(probe_of_servicenow_names_the_tables_without_a_row),
        cmocka_unit_test(probe_of_jira_names_the_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
