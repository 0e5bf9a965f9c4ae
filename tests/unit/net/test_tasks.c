#include "net/client.h"

#include <pthread.h>
#include <unistd.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct visit {
    struct gs3_http *http;
    const char *url;
    char *trace; /* shared by all */
    char name;
    int outcome;
    struct gs3_err err;
    bool survives;
    uint32_t total_timeout_ms;
};

static void note(struct visit *visit, char c)
{
    size_t length = strlen(visit->trace);
    visit->trace[length] = c;
    visit->trace[length + 1] = '\0';
}

static void visit_url(void *context)
{
    struct visit *visit = context;
    struct gs3_http_request request = {.method = "GET",
                                       .url = visit->url,
                                       .maximum_body_bytes = 100,
                                       .maximum_attempts = 1,
                                       .survives_interrupt = visit->survives};
    struct gs3_http_response response = {.status = 0};
    assert_true(gs3_http_is_in_task(visit->http));
    note(visit, visit->name);
    visit->outcome = gs3_http_perform(visit->http, &request, &response, &visit->err);
    gs3_http_response_release(&response);
    note(visit, (char)(visit->name - 'a' + 'A'));
}

static void drive(struct gs3_http *http)
{
    assert_false(gs3_http_is_in_task(http));
    for (int turns = 0; gs3_http_task_count(http) > 0; turns++) {
        assert_true(turns < 5000);
        gs3_http_turn(http, 50);
    }
}

static void tasks_that_wait_run_beside_each_other(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.match = "/slow", .bytes = OK, .delay_ms = 300},
                                                  {.bytes = OK}};
    struct server server;
    server_start(&server, replies, COUNT(replies), NULL);
    struct gs3_http *http = client_new(NULL);
    gs3_auto_free char *slow = gs3_xasprintf("%s/slow", server.url);
    gs3_auto_free char *quick = gs3_xasprintf("%s/quick", server.url);
    char trace[32] = "";
    struct visit visits[] = {
        {.http = http, .url = slow, .trace = trace, .name = 'a'},
        {.http = http, .url = quick, .trace = trace, .name = 'b'},
        {.http = http, .url = quick, .trace = trace, .name = 'c'},
    };
    for (size_t i = 0; i < COUNT(visits); i++)
        gs3_http_spawn(http, visit_url, &visits[i]);
    assert_int_equal(gs3_http_task_count(http), 3);
    drive(http);
    for (size_t i = 0; i < COUNT(visits); i++)
        assert_int_equal(visits[i].outcome, 0);
    assert_memory_equal(trace, "abc", 3);
    assert_int_equal(trace[5], 'A'); /* the slow one ends last */
    assert_int_equal(gs3_http_counts(http)->requests, 3);
    assert_int_equal(gs3_http_counts(http)->connections, 3);
    assert_int_equal(gs3_http_counts(http)->received_bytes, 6);
    gs3_http_free(http);
    server_stop(&server);
}

static void tasks_run_on_stacks_that_are_used_again(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    struct server server;
    server_start(&server, replies, 1, NULL);
    struct gs3_http *http = client_new(NULL);
    for (int round = 0; round < 20; round++) {
        char trace[32] = "";
        struct visit visits[] = {
            {.http = http, .url = server.url, .trace = trace, .name = 'a'},
            {.http = http, .url = server.url, .trace = trace, .name = 'b'},
        };
        gs3_auto_free char *url = gs3_xasprintf("%s/", server.url);
        visits[0].url = visits[1].url = url;
        gs3_http_spawn(http, visit_url, &visits[0]);
        gs3_http_spawn(http, visit_url, &visits[1]);
        drive(http);
        assert_int_equal(visits[0].outcome + visits[1].outcome, 0);
    }
    assert_int_equal(gs3_http_counts(http)->requests, 40);
    assert_in_range(gs3_http_counts(http)->connections, 1, 2);
    gs3_http_free(http);
    server_stop(&server);
}

struct parked {
    struct gs3_http *http;
    struct gs3_http_task *self;
    int stage;
};

static void park_twice(void *context)
{
    struct parked *parked = context;
    parked->self = gs3_http_self(parked->http);
    parked->stage = 1;
    gs3_http_park(parked->http);
    parked->stage = 2;
    /* Unparked before it parks: not lost. */
    gs3_http_unpark(parked->self);
    gs3_http_park(parked->http);
    parked->stage = 3;
}

static void *unpark_later(void *context)
{
    struct parked *parked = context;
    usleep(50 * 1000);
    gs3_http_unpark(parked->self);
    return NULL;
}

static void task_that_is_parked_goes_on_when_another_thread_says_so(void **state)
{
    (void)state;
    struct parked parked = {.http = client_new(NULL)};
    gs3_http_spawn(parked.http, park_twice, &parked);
    gs3_http_turn(parked.http, 0);
    assert_int_equal(parked.stage, 1);
    gs3_http_turn(parked.http, 0);
    assert_int_equal(parked.stage, 1);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, unpark_later, &parked), 0);
    drive(parked.http);
    pthread_join(thread, NULL);
    assert_int_equal(parked.stage, 3);
    gs3_http_free(parked.http);
}

static void yield_thrice(void *context)
{
    struct parked *parked = context;
    for (parked->stage = 0; parked->stage < 3; parked->stage++)
        gs3_http_yield(parked->http);
}

static void task_that_yields_runs_once_a_turn(void **state)
{
    (void)state;
    struct parked parked = {.http = client_new(NULL)};
    gs3_http_spawn(parked.http, yield_thrice, &parked);
    for (int turn = 0; turn < 3; turn++) {
        gs3_http_turn(parked.http, 0);
        assert_int_equal(parked.stage, turn);
    }
    gs3_http_turn(parked.http, 0);
    assert_int_equal(gs3_http_task_count(parked.http), 0);
    gs3_http_free(parked.http);
}

static void signal_ends_every_call_but_one_that_undoes(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK, .delay_ms = 300}};
    struct server server;
    server_start(&server, replies, 1, NULL);
    volatile int interrupted = 0;
    const struct gs3_http_opts opts = {.interrupted = &interrupted};
    struct gs3_http *http = client_new(&opts);
    gs3_auto_free char *url = gs3_xasprintf("%s/", server.url);
    char trace[32] = "";
    struct visit visits[] = {
        {.http = http, .url = url, .trace = trace, .name = 'a'},
        {.http = http, .url = url, .trace = trace, .name = 'b', .survives = true},
    };
    gs3_http_spawn(http, visit_url, &visits[0]);
    gs3_http_spawn(http, visit_url, &visits[1]);
    gs3_http_turn(http, 10);
    interrupted = 1;
    drive(http);
    assert_int_equal(visits[0].outcome, -1);
    assert_int_equal(visits[0].err.class, GS3_EINTERRUPT);
    assert_int_equal(visits[1].outcome, 0);
    assert_string_equal(trace, "abAB");
    gs3_http_free(http);
    server_stop(&server);
}

static void task_that_begins_a_call_after_a_signal_sends_nothing(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    struct server server;
    server_start(&server, replies, 1, NULL);
    volatile int interrupted = 1;
    const struct gs3_http_opts opts = {.interrupted = &interrupted};
    struct gs3_http *http = client_new(&opts);
    gs3_auto_free char *url = gs3_xasprintf("%s/", server.url);
    char trace[32] = "";
    struct visit visit = {.http = http, .url = url, .trace = trace, .name = 'a'};
    gs3_http_spawn(http, visit_url, &visit);
    drive(http);
    assert_int_equal(visit.outcome, -1);
    assert_int_equal(visit.err.class, GS3_EINTERRUPT);
    assert_int_equal(gs3_http_counts(http)->requests, 0);
    gs3_http_free(http);
    server_stop(&server);
}

static void unpark_once_more(void *context)
{
    gs3_http_unpark(gs3_http_self(context));
}

static void task_on_a_used_stack_parks_whatever_the_last_one_left(void **state)
{
    (void)state;
    struct parked parked = {.http = client_new(NULL)};
    gs3_http_spawn(parked.http, unpark_once_more, parked.http);
    gs3_http_turn(parked.http, 0);
    assert_int_equal(gs3_http_task_count(parked.http), 0);
    gs3_http_spawn(parked.http, park_twice, &parked);
    for (int turn = 0; turn < 3; turn++)
        gs3_http_turn(parked.http, 0);
    assert_int_equal(parked.stage, 1);
    gs3_http_unpark(parked.self);
    drive(parked.http);
    assert_int_equal(parked.stage, 3);
    gs3_http_free(parked.http);
}

static void undoing_has_five_seconds_and_no_more(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK, .delay_ms = 20000}};
    struct server server;
    server_start(&server, replies, 1, NULL);
    volatile int interrupted = 1;
    const struct gs3_http_opts opts = {.interrupted = &interrupted};
    struct gs3_http *http = client_new(&opts);
    gs3_auto_free char *url = gs3_xasprintf("%s/", server.url);
    char trace[32] = "";
    struct visit visit = {.http = http, .url = url, .trace = trace, .name = 'a', .survives = true};
    int64_t start = test_now_ms();
    gs3_http_spawn(http, visit_url, &visit);
    drive(http);
    assert_int_equal(visit.outcome, -1);
    assert_in_range(test_now_ms() - start, 4000, 10000);
    gs3_http_free(http);
    server_stop(&server);
}

struct letters {
    unsigned rewinds, given;
};

static int give_letter(void *context, void *buffer, size_t room, size_t *got, struct gs3_err *err)
{
    struct letters *letters = context;
    (void)err;
    assert_true(room > 0);
    *(char *)buffer = (char)('a' + letters->given++);
    *got = 1;
    return 0;
}

static int rewind_letters(void *context, struct gs3_err *err)
{
    struct letters *letters = context;
    (void)err;
    letters->rewinds++;
    letters->given = 0;
    return 0;
}

static void body_of_a_source_is_made_anew_for_a_retry(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.bytes = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n", .times = 1},
        {.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    struct letters letters = {.rewinds = 0};
    const struct gs3_http_source source = {.read = give_letter,
                                           .rewind = rewind_letters,
                                           .context = &letters};
    fetch_perform(&fetch,
                  (struct gs3_http_request){.method = "PUT",
                                            .body = {.source = &source, .length_bytes = 5}},
                  "/");
    assert_fetched(&fetch, 200, "ok");
    assert_int_equal(letters.rewinds, 2);
    assert_string_equal(fetch.server.shared->request[1].body, "abcde");
    assert_int_equal(gs3_http_counts(fetch.http)->retries, 1);
    assert_int_equal(gs3_http_counts(fetch.http)->throttled, 1);
    fetch_release(&fetch);
}

static int give_nothing(void *context, void *buffer, size_t room, size_t *got, struct gs3_err *err)
{
    (void)context;
    (void)buffer;
    (void)room;
    (void)err;
    *got = 0;
    return 0;
}

static void body_of_a_source_that_ends_early_fails(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    struct letters letters = {.rewinds = 0};
    const struct gs3_http_source source = {.read = give_nothing,
                                           .rewind = rewind_letters,
                                           .context = &letters};
    fetch_perform(&fetch,
                  (struct gs3_http_request){.method = "PUT",
                                            .body = {.source = &source, .length_bytes = 5}},
                  "/");
    assert_failed(&fetch, GS3_EIO, "ended early");
    fetch_release(&fetch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_that_wait_run_beside_each_other),
        cmocka_unit_test(tasks_run_on_stacks_that_are_used_again),
        cmocka_unit_test(task_that_is_parked_goes_on_when_another_thread_says_so),
        cmocka_unit_test(task_that_yields_runs_once_a_turn),
        cmocka_unit_test(signal_ends_every_call_but_one_that_undoes),
        cmocka_unit_test(task_that_begins_a_call_after_a_signal_sends_nothing),
        cmocka_unit_test(task_on_a_used_stack_parks_whatever_the_last_one_left),
        cmocka_unit_test(undoing_has_five_seconds_and_no_more),
        cmocka_unit_test(body_of_a_source_is_made_anew_for_a_retry),
        cmocka_unit_test(body_of_a_source_that_ends_early_fails),
    };
    return cmocka_run_group_tests_name("net/tasks", tests, NULL, NULL);
}
