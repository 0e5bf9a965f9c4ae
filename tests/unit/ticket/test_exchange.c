#include "desk.h"

#include <signal.h>
#include <sys/time.h>

#define EMPTY "{\"result\":[]}"

/* One look-up against one answer that never changes. */
static void look_up(struct desk *desk, const char *bytes)
{
    const struct server_reply replies[] = {{.bytes = bytes}};
    desk_start(desk, GS3_SYSTEM_SERVICENOW, replies, 1, NULL);
    desk_lookup(desk, "CHG0030001");
}

static void statuses_that_decide_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *status, *text;
        int requests;
    } cases[] = {
        {"201 Created", "answered 201", 1},
        {"204 No Content", "answered 204", 1},
        {"206 Partial", "answered 206", 1},
        {"304 Not Modified", "redirects (304)", 1},
        {"401 No", "rejected the credentials (401): check SN_USERNAME and SN_PASSWORD", 1},
        {"403 No", "rejected the credentials (403)", 1},
        {"408 Late", "answered 408", 1},
        {"400 Bad", "answered 400", 1},
        {"405 Method", "answered 405", 1},
        {"410 Gone", "answered 410", 1},
        {"418 Teapot", "answered 418", 1},
        {"500 Oops", "answered 500", 2},
        {"502 Bad Gateway", "answered 502", 2},
        {"504 Late", "answered 504", 2},
        {"505 Version", "answered 505", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *answer =
            gs3_xasprintf("HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n",
                          cases[i].status);
        struct desk desk;
        look_up(&desk, answer);
        assert_refused(&desk, GS3_EUNDECIDED, cases[i].text);
        assert_non_null(strstr(desk.err.message, "ticket system cab: http://127.0.0.1:"));
        assert_int_equal(desk.err.http_status, strtol(cases[i].status, NULL, 10));
        assert_int_equal(desk.server.shared->requests, cases[i].requests);
        desk_release(&desk);
    }
}

static void content_types_other_than_json_decide_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool is_json;
    } cases[] = {
        {"Content-Type: application/json\r\n", true},
        {"Content-Type: application/json;charset=UTF-8\r\n", true},
        {"content-type: Application/JSON ; charset=utf-8\r\n", true},
        {"Content-Type: text/html;charset=UTF-8\r\n", false},
        {"Content-Type: application/jsonx\r\n", false},
        {"Content-Type: application/json-seq\r\n", false},
        {"Content-Type: text/html; application/json\r\n", false},
        {"Content-Type: \r\n", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *answer =
            gs3_xasprintf("HTTP/1.1 200 OK\r\n%sContent-Length: 13\r\n\r\n" EMPTY, cases[i].header);
        struct desk desk;
        look_up(&desk, answer);
        if (cases[i].is_json)
            assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
        else
            assert_refused(&desk, GS3_EUNDECIDED, "instead of JSON");
        desk_release(&desk);
    }
}

static void malformed_json_decides_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "{",
                                        EMPTY "x",
                                        EMPTY EMPTY,
                                        "{\"result\":[],\"result\":[]}",
                                        "{result:[]}",
                                        "{\"result\":[],}",
                                        "{\"result\":[\xff]}",
                                        "nul"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        gs3_auto_free char *answer = desk_json("200 OK", "", texts[i]);
        struct desk desk;
        look_up(&desk, answer);
        assert_refused(&desk, GS3_EUNDECIDED, "malformed JSON");
        desk_release(&desk);
    }
}

static void redirects_are_named_and_not_followed(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"Location: https://evil.example/login?next=/api\r\n", "redirects (302) to evil.example,"},
        {"Location: //evil.example\r\n", "to evil.example,"},
        {"Location: /login.do\r\n", "within the site"},
        {"", "within the site"},
        {"Location: https://evil.example\x1b[2J/\r\n", "evil.example\\x1B"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *answer =
            gs3_xasprintf("HTTP/1.1 302 Found\r\n%sContent-Length: 0\r\n\r\n", cases[i][0]);
        struct desk desk;
        look_up(&desk, answer);
        if (!strcasestr(desk.err.message, cases[i][1]))
            fail_msg("%s", desk.err.message);
        assert_refused(&desk, GS3_EUNDECIDED, "redirects (302)");
        assert_null(strchr(desk.err.message, '\x1b'));
        assert_int_equal(desk.server.shared->requests, 1);
        desk_release(&desk);
    }
}

static void throttling_is_waited_for_within_the_budget(void **state)
{
    (void)state;
    gs3_auto_free char *answer = desk_json("200 OK", "", EMPTY);
    const struct server_reply replies[] = {
        {.match = "CHG0030001",
         .times = 1,
         .bytes = "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"},
        {.match = "CHG0030001", .bytes = answer},
        {.match = "CHG0030002",
         .bytes = "HTTP/1.1 429 Slow\r\nRetry-After: 61\r\nContent-Length: 0\r\n\r\n"},
        {.bytes = "HTTP/1.1 503 Down\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, COUNT(replies), NULL);
    desk_lookup(&desk, "CHG0030001");
    assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
    assert_in_range(desk.elapsed_ms, 1000, 9000);
    desk_lookup(&desk, "CHG0030002");
    assert_refused(&desk, GS3_EUNDECIDED, "is throttling (429) after 1 attempts, Retry-After 61");
    assert_in_range(desk.elapsed_ms, 0, 4000);
    desk_lookup(&desk, "CHG0030003");
    assert_refused(&desk, GS3_EUNDECIDED, "is unavailable (503)");
    desk_release(&desk);
}

/* Three requests that each wait for 50 s would be within a budget of their own. */
static void throttling_is_waited_for_until_the_deadline(void **state)
{
    (void)state;
    gs3_auto_free char *answer = desk_json("200 OK", "", EMPTY);
    const struct server_reply replies[] = {
        {.times = 1, .bytes = "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"},
        {.times = 1, .bytes = answer},
        {.bytes = "HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, COUNT(replies), NULL);
    desk.context.deadline_ms = test_now_ms() + 3000;
    desk_lookup(&desk, "CHG0030001");
    assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
    desk_lookup(&desk, "CHG0030002");
    assert_refused(&desk, GS3_EUNDECIDED, "is throttling (429) after 1 attempts, Retry-After 3");
    assert_in_range(desk.elapsed_ms, 0, 900);
    desk_release(&desk);
}

static void transport_failures_name_system_and_host(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.match = "CHG1", .end = SERVER_CLOSE},
        {.match = "CHG2", .end = SERVER_RESET},
        {.match = "CHG3",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
         .end = SERVER_CLOSE},
        {.match = "CHG4", .bytes = "hello\r\n\r\n", .end = SERVER_CLOSE},
        {.match = "CHG5", .bytes = "HTTP/1.1 200 OK\r\nContent-Ty", .end = SERVER_CLOSE}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, COUNT(replies), NULL);
    for (int i = 1; i <= 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "CHG%d", i);
        desk_lookup(&desk, id);
        assert_refused(&desk, GS3_EUNDECIDED, desk.server.url);
        assert_non_null(strstr(desk.err.message, "ticket system cab: "));
    }
    server_stop(&desk.server);
    desk.server.pid = -1;
    desk_lookup(&desk, "CHG6");
    assert_refused(&desk, GS3_EUNDECIDED, "onnection refused");
    desk_release(&desk);
}

static void body_over_a_mebibyte_decides_nothing(void **state)
{
    (void)state;
    enum { SIZE = (1 << 20) + 1 };
    char *body = gs3_xmalloc(SIZE + 1);
    memset(body, ' ', SIZE);
    memcpy(body, EMPTY, strlen(EMPTY));
    body[SIZE] = '\0';
    gs3_auto_free char *answer = desk_json("200 OK", "", body);
    free(body);
    struct desk desk;
    look_up(&desk, answer);
    assert_refused(&desk, GS3_EUNDECIDED, "larger than 1048576 bytes");
    desk_release(&desk);
}

static void untrusted_certificate_decides_nothing_until_the_policy_names_its_ca(void **state)
{
    (void)state;
    char directory[] = "/tmp/gs3-ticket-XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_true(server_make_certificate(directory, "IP:127.0.0.1"));
    gs3_auto_free char *certificate = gs3_xasprintf("%s/cert.pem", directory);
    gs3_auto_free char *key = gs3_xasprintf("%s/key.pem", directory);
    gs3_auto_free char *answer = desk_json("200 OK", "", EMPTY);
    const struct server_reply replies[] = {{.bytes = answer}};
    const struct server_opts opts = {.certificate = certificate, .key = key};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, 1, &opts);
    desk_lookup(&desk, "CHG0030001");
    assert_refused(&desk, GS3_EUNDECIDED, "ticket system cab: the certificate of 127.0.0.1");
    assert_int_equal(desk.server.shared->requests, 0);
    desk.system.ca_bundle = certificate;
    desk_lookup(&desk, "CHG0030001");
    assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
    desk_release(&desk);
    gs3_auto_free char *clean = gs3_xasprintf("rm -rf %s", directory);
    assert_int_equal(system(clean), 0);
}

static void plain_http_is_refused_off_loopback(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, GS3_SYSTEM_SERVICENOW, "http://cab.example");
    desk_set(&desk, "SN_USERNAME", "gs3");
    desk_set(&desk, "SN_PASSWORD", "hush");
    desk_lookup(&desk, "CHG0030001");
    assert_refused(&desk, GS3_EPOLICY, "must be https");
    desk_release(&desk);
}

static void date_header_becomes_the_server_time(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool has_time;
    } cases[] = {{"Date: Sat, 21 Nov 2026 03:22:20 GMT\r\n", true},
                 {"Date: 2026-11-21T03:22:20Z\r\n", false},
                 {"Date: soon\r\n", false},
                 {"", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *answer =
            gs3_xasprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%s"
                          "Content-Length: 13\r\n\r\n" EMPTY,
                          cases[i].header);
        struct desk desk;
        look_up(&desk, answer);
        assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
        assert_int_equal(desk.ticket.has_server_time, cases[i].has_time);
        desk_release(&desk);
    }
}

static void oauth_token_is_fetched_and_used(void **state)
{
    (void)state;
    gs3_auto_free char *token =
        desk_json("200 OK", "",
                  "{\"access_token\":\"tok\",\"token_type\":\"Bearer\",\"expires_in\":1799}");
    gs3_auto_free char *answer = desk_json("200 OK", "", EMPTY);
    const struct server_reply replies[] = {{.match = "/oauth_token.do", .bytes = token},
                                           {.bytes = answer}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, COUNT(replies), NULL);
    desk_set(&desk, "SN_USERNAME", NULL);
    desk_set(&desk, "SN_PASSWORD", NULL);
    desk_set(&desk, "SN_CLIENT_ID", "id&1");
    desk_set(&desk, "SN_CLIENT_SECRET", "hush=/+");
    desk_lookup(&desk, "CHG0030001");
    assert_looked_up(&desk, GS3_TICKET_NOT_FOUND);
    const struct server_request *requests = desk.server.shared->request;
    assert_non_null(strstr(requests[0].head, "POST /oauth_token.do HTTP/1.1"));
    assert_non_null(
        strstr(requests[0].head, "Content-Type: application/x-www-form-urlencoded\r\n"));
    assert_null(strstr(requests[0].head, "Authorization"));
    assert_string_equal(requests[0].body, "grant_type=client_credentials&client_id=id%261"
                                          "&client_secret=hush%3D%2F%2B");
    assert_non_null(strstr(requests[1].head, "\r\nAuthorization: Bearer tok\r\n"));
    desk_release(&desk);
}

static void oauth_failures_decide_nothing(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"401 No", "{\"error\":\"access_denied\"}",
         "rejected the credentials (401): check "
         "SN_CLIENT_ID and SN_CLIENT_SECRET"},
        {"400 Bad", "{\"error\":\"invalid_client\"}", "rejected the credentials (400"},
        {"404 No", "{}", "answered 404"},
        {"200 OK", "{}", "without a bearer token"},
        {"200 OK", "{\"access_token\":\"hush\",\"token_type\":\"mac\"}", "without a bearer token"},
        {"200 OK", "{\"access_token\":\"hush\"}", "without a bearer token"},
        {"200 OK", "{\"access_token\":\"\",\"token_type\":\"Bearer\"}", "access token is empty"},
        {"200 OK", "{\"access_token\":\"a\\r\\nhush\",\"token_type\":\"bearer\"}", "line break"},
        {"200 OK", "<html>", "malformed JSON"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *answer = desk_json(cases[i][0], "", cases[i][1]);
        const struct server_reply replies[] = {{.bytes = answer}};
        struct desk desk;
        desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, COUNT(replies), NULL);
        desk_set(&desk, "SN_USERNAME", NULL);
        desk_set(&desk, "SN_PASSWORD", NULL);
        desk_set(&desk, "SN_CLIENT_ID", "id");
        desk_set(&desk, "SN_CLIENT_SECRET", "hush");
        desk_lookup(&desk, "CHG0030001");
        assert_refused(&desk, GS3_EUNDECIDED, cases[i][2]);
        assert_int_equal(desk.server.shared->requests, 1);
        desk_release(&desk);
    }
}

static volatile int flag;

static void raise_flag(int signal_number)
{
    (void)signal_number;
    flag = 1;
}

static void interruption_passes_through(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.delay_ms = 9000}};
    struct desk desk;
    desk_start(&desk, GS3_SYSTEM_SERVICENOW, replies, 1, NULL);
    gs3_http_free(desk.http);
    flag = 0;
    desk.http = client_new(&(struct gs3_http_opts){.interrupted = &flag});
    desk.context.http = desk.http;
    signal(SIGALRM, raise_flag);
    const struct itimerval soon = {.it_value = {.tv_usec = 100000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    desk_lookup(&desk, "CHG0030001");
    assert_refused(&desk, GS3_EINTERRUPT, "interrupted");
    assert_in_range(desk.elapsed_ms, 50, 6000);
    desk_release(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_that_decide_nothing),
        cmocka_unit_test(content_types_other_than_json_decide_nothing),
        cmocka_unit_test(malformed_json_decides_nothing),
        cmocka_unit_test(redirects_are_named_and_not_followed),
        cmocka_unit_test(throttling_is_waited_for_within_the_budget),
        cmocka_unit_test(throttling_is_waited_for_until_the_deadline),
        cmocka_unit_test(transport_failures_name_system_and_host),
        cmocka_unit_test(body_over_a_mebibyte_decides_nothing),
        cmocka_unit_test(untrusted_certificate_decides_nothing_until_the_policy_names_its_ca),
        cmocka_unit_test(plain_http_is_refused_off_loopback),
        cmocka_unit_test(date_header_becomes_the_server_time),
        cmocka_unit_test(oauth_token_is_fetched_and_used),
        cmocka_unit_test(oauth_failures_decide_nothing),
        cmocka_unit_test(interruption_passes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
