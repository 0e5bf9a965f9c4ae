#include "net/client.h"
#include "net/internal.h"

#include <errno.h>

#define OK            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BUSY(headers) "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n" headers "\r\nbusy"

/* Sat, 21 Nov 2026 03:22:20 GMT */
static const int64_t NOW_MS = 1795231340000;

static int64_t wait_for(unsigned attempts, long status, const char *name, const char *value,
                        uint64_t budget_ms, double random)
{
    struct gs3_http_response response = {.status = status, .attempts = attempts};
    if (name)
        gs3_pairs_add(&response.headers, name, value);
    int64_t wait_ms = gs3_http_retry_wait_ms(&response, true, budget_ms, NOW_MS, random);
    gs3_http_response_release(&response);
    return wait_ms;
}

static void backoff_doubles_up_to_twenty_seconds(void **state)
{
    (void)state;
    static const int64_t expected[] = {1000, 2000, 4000, 8000, 16000, 20000, 20000};
    for (unsigned i = 0; i < COUNT(expected); i++) {
        assert_int_equal(wait_for(i + 1, 503, NULL, NULL, 60000, 1.0), expected[i]);
        assert_int_equal(wait_for(i + 1, 503, NULL, NULL, 60000, 0.5), expected[i] / 2);
        assert_int_equal(wait_for(i + 1, 503, NULL, NULL, 60000, 0.0), 0);
    }
    assert_int_equal(wait_for(1000000, 503, NULL, NULL, 60000, 1.0), 20000);
}

static void retry_after_is_honoured_in_every_form(void **state)
{
    (void)state;
    assert_int_equal(wait_for(1, 503, "Retry-After", "7", 60000, 1.0), 7000);
    assert_int_equal(wait_for(1, 503, "Retry-After", "Sat, 21 Nov 2026 03:22:29 GMT", 60000, 1.0),
                     9000);
    /* What is no time, and the past, are as if nothing was said. */
    assert_int_equal(wait_for(1, 503, "Retry-After", "0", 60000, 1.0), 1000);
    assert_int_equal(wait_for(1, 503, "Retry-After", "-5", 60000, 1.0), 1000);
    assert_int_equal(wait_for(1, 503, "Retry-After", "soon", 60000, 1.0), 1000);
    assert_int_equal(wait_for(1, 503, "Retry-After", "99999999999999999999", 60000, 1.0), 1000);
    assert_int_equal(wait_for(1, 503, "Retry-After", "Sat, 21 Nov 2026 03:00:00 GMT", 60000, 1.0),
                     1000);
}

static void retry_after_date_is_measured_by_the_servers_clock(void **state)
{
    (void)state;
    struct gs3_http_response response = {.status = 429, .attempts = 1};
    gs3_pairs_add(&response.headers, "Date", "Sat, 21 Nov 2026 09:00:00 GMT");
    gs3_pairs_add(&response.headers, "Retry-After", "Sat, 21 Nov 2026 09:00:03 GMT");
    assert_int_equal(gs3_http_retry_wait_ms(&response, true, 60000, NOW_MS, 1.0), 3000);
    gs3_http_response_release(&response);
}

static void rate_limit_reset_is_read_as_both_vendors_write_it(void **state)
{
    (void)state;
    assert_int_equal(wait_for(1, 429, "X-RateLimit-Reset", "1795231345", 60000, 1.0), 5000);
    assert_int_equal(wait_for(1, 429, "X-RateLimit-Reset", "2026-11-21T03:22:26Z", 60000, 1.0),
                     6000);
    assert_int_equal(wait_for(1, 429, "X-RateLimit-Reset", "never", 60000, 1.0), 1000);
    assert_int_equal(wait_for(1, 503, "X-RateLimit-Reset", "1795231345", 60000, 1.0), 1000);
}

static void wait_beyond_the_budget_is_not_begun(void **state)
{
    (void)state;
    assert_int_equal(wait_for(1, 503, "Retry-After", "61", 60000, 1.0), -1);
    assert_int_equal(wait_for(1, 503, "Retry-After", "60", 60000, 1.0), 60000);
    assert_int_equal(wait_for(6, 503, NULL, NULL, 19999, 1.0), -1);
    assert_int_equal(wait_for(1, 429, "X-RateLimit-Reset", "9223372036854775", 60000, 1.0), -1);
}

static void random_stays_between_zero_and_one(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        double value = gs3_http_random();
        assert_true(value >= 0.0 && value <= 1.0);
    }
}

static void default_rule_retries_what_may_pass(void **state)
{
    (void)state;
    static const long statuses[] = {429, 500, 502, 503, 504, 200, 302, 400, 403, 404, 501};
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct gs3_http_call call = {.response = {.status = statuses[i], .attempts = 1}};
        assert_int_equal(gs3_http_retry_wanted(&call), i < 5);
        call.response.attempts = 3;
        assert_false(gs3_http_retry_wanted(&call));
    }
    struct gs3_http_call failed = {.response = {.attempts = 1}, .err = {.class = GS3_ETRANSIENT}};
    assert_true(gs3_http_retry_wanted(&failed));
    failed.is_fatal = true;
    assert_false(gs3_http_retry_wanted(&failed));
    failed = (struct gs3_http_call){.response = {.attempts = 1}, .err = {.class = GS3_ESERVICE}};
    assert_false(gs3_http_retry_wanted(&failed));
}

static void call_waits_as_long_as_retry_after_says(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.times = 1, .bytes = BUSY("Retry-After: 1\r\n")},
                                                  {.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/");
    assert_fetched(&fetch, 200, "ok");
    assert_int_equal(fetch.response.attempts, 2);
    assert_in_range(fetch.elapsed_ms, 1000, 9000);
    fetch_release(&fetch);
}

static void last_answer_is_returned_when_the_budget_ends(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = BUSY("Retry-After: 2\r\n")}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, (struct gs3_http_request){.retry_budget_ms = 1500}, "/");
    assert_fetched(&fetch, 503, "busy");
    assert_int_equal(fetch.response.attempts, 1);
    assert_in_range(fetch.elapsed_ms, 0, 4000);
    fetch_release(&fetch);
}

static enum gs3_http_verdict count_and_stop(void *context, const struct gs3_http_response *response,
                                            const struct gs3_err *failure)
{
    int *asked = context;
    assert_true((response == NULL) != (failure == NULL));
    (*asked)++;
    return *asked < 2 ? GS3_HTTP_RETRY : GS3_HTTP_DONE;
}

static void judge_decides(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.match = "/good", .bytes = OK},
                                                  {.end = SERVER_CLOSE}};
    int asked = 0;
    struct gs3_http_request request = {.judge = count_and_stop,
                                       .context = &asked,
                                       .maximum_attempts = 9};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, request, "/good");
    assert_fetched(&fetch, 200, "ok");
    assert_int_equal(fetch.response.attempts, 2);
    asked = 0;
    fetch_perform(&fetch, request, "/bad");
    assert_failed(&fetch, GS3_ETRANSIENT, "cut");
    assert_int_equal(fetch.response.attempts, 2);
    assert_int_equal(asked, 2);
    fetch_release(&fetch);
}

static void waiting_call_lets_others_progress(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.match = "/busy",
                                                   .times = 1,
                                                   .bytes = BUSY("Retry-After: 1\r\n")},
                                                  {.match = "/slow", .delay_ms = 700, .bytes = OK},
                                                  {.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    gs3_auto_free char *busy_url = gs3_xasprintf("%s/busy", fetch.server.url);
    gs3_auto_free char *slow_url = gs3_xasprintf("%s/slow", fetch.server.url);
    const struct gs3_http_request busy = {.method = "GET",
                                          .url = busy_url,
                                          .maximum_body_bytes = 100};
    const struct gs3_http_request slow = {.method = "GET",
                                          .url = slow_url,
                                          .maximum_body_bytes = 100};
    int64_t start = test_now_ms();
    struct gs3_http_call *calls[] = {gs3_http_start(fetch.http, &busy),
                                     gs3_http_start(fetch.http, &slow),
                                     gs3_http_start(fetch.http, &slow)};
    for (size_t i = 0; i < COUNT(calls); i++) {
        struct gs3_http_response response;
        assert_int_equal(gs3_http_wait(fetch.http, calls[i], &response, NULL), 0);
        assert_int_equal(response.status, 200);
        gs3_http_response_release(&response);
    }
    assert_in_range(test_now_ms() - start, 1000, 9000);
    fetch_release(&fetch);
}

static void cancelled_call_leaves_the_others_alone(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.match = "/slow", .delay_ms = 5000, .bytes = OK},
                                                  {.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    gs3_auto_free char *url = gs3_xasprintf("%s/slow", fetch.server.url);
    const struct gs3_http_request slow = {.method = "GET", .url = url};
    struct gs3_http_call *running = gs3_http_start(fetch.http, &slow);
    struct gs3_http_call *queued = gs3_http_start(fetch.http, &slow);
    gs3_http_cancel(fetch.http, queued);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/fast");
    assert_fetched(&fetch, 200, "ok");
    gs3_http_cancel(fetch.http, running);
    (void)gs3_http_start(fetch.http, &slow); /* ended by gs3_http_free */
    fetch_release(&fetch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_doubles_up_to_twenty_seconds),
        cmocka_unit_test(retry_after_is_honoured_in_every_form),
        cmocka_unit_test(retry_after_date_is_measured_by_the_servers_clock),
        cmocka_unit_test(rate_limit_reset_is_read_as_both_vendors_write_it),
        cmocka_unit_test(wait_beyond_the_budget_is_not_begun),
        cmocka_unit_test(random_stays_between_zero_and_one),
        cmocka_unit_test(default_rule_retries_what_may_pass),
        cmocka_unit_test(call_waits_as_long_as_retry_after_says),
        cmocka_unit_test(last_answer_is_returned_when_the_budget_ends),
        cmocka_unit_test(judge_decides),
        cmocka_unit_test(waiting_call_lets_others_progress),
        cmocka_unit_test(cancelled_call_leaves_the_others_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
